/* SPDX-License-Identifier: MIT */
/* test_tls_certificates: which certificates are accepted, and what is said of others. */
#include "check.h"
#include "platform.h"
#include "tls/names.h"
#include "tls_client.h"
#include "tls_peer.h"

#include <stdlib.h>
#include <string.h>

static void check_refused(const char *host, const ferry_tls_options *tls, ferry_error expected,
                          const char *words) {
    ferry_client *client = tls_client_new();
    tls_peer *peer = tls_peer_new(&(tls_peer_behaviour){0});
    CHECK_INT(tls_client_connect(client, peer, host, tls), expected);
    CHECK_CONTAINS(ferry_client_get_error_detail(client), words);
    CHECK_INT(ferry_client_get_status(client), FERRY_STATUS_TLS_HANDSHAKE_ERROR);
    CHECK_INT(tls_peer_received(peer), 0);
    CHECK(tls_peer_is_closed(peer));
    ferry_client_free(client);
    tls_peer_free(peer);
}

static void what_is_wrong_with_a_certificate_is_said(void) {
    ferry_tls_options tls = tls_client_trusting();
    check_refused("other.example", &tls, FERRY_ERROR_TLS_CERTIFICATE,
                  "certificate of peer is for 127.0.0.1, peer.example, not for other.example");
    check_refused("127.0.0.2", &tls, FERRY_ERROR_TLS_CERTIFICATE, "not for 127.0.0.2");
    tls.verify_name = "another.example";
    check_refused("peer.example", &tls, FERRY_ERROR_TLS_CERTIFICATE, "not for another.example");
    static const char *const pins[] = {"sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
                                       NULL};
    tls = tls_client_trusting();
    tls.pins = pins;
    check_refused("peer.example", &tls, FERRY_ERROR_TLS_CERTIFICATE, "pinned");
    tls.ca_pem = NULL;
    tls.unsafe = true;
    check_refused("peer.example", &tls, FERRY_ERROR_TLS_CERTIFICATE, "pinned");
}

static void an_address_is_matched_and_no_name_is_sent(void) {
    ferry_tls_options tls = tls_client_trusting();
    ferry_client *client = tls_client_new();
    tls_peer *peer = tls_peer_new(&(tls_peer_behaviour){0});
    CHECK_INT(tls_client_connect(client, peer, "127.0.0.1", &tls), FERRY_OK);
    CHECK_STR(tls_peer_server_name(peer), "");
    ferry_client_free(client);
    tls_peer_free(peer);
}

static void unsafe_accepts_any_certificate(void) {
    ferry_tls_options tls = ferry_tls_options_client_unsafe(NULL);
    for (int version = 12; version <= 13; version++) {
        ferry_client *client = tls_client_new();
        tls_peer *peer = tls_peer_new(&(tls_peer_behaviour){.version = version});
        char text[64];
        CHECK_INT(tls_client_connect(client, peer, "whoever.example", &tls), FERRY_OK);
        CHECK_INT(tls_client_get(client, text), FERRY_OK);
        CHECK_STR(text, "hello");
        ferry_client_free(client);
        tls_peer_free(peer);
    }
}

static void what_the_authorities_depend_on_is_what_the_environment_says(void) {
    ferry_trust_places places;
    setenv("SSL_CERT_FILE", "/certificates/first.pem", 1);
    unsetenv("SSL_CERT_DIR");
    CHECK(ferry_trust_places_init(&places));
    CHECK_STR(places.file, "/certificates/first.pem");
    CHECK(places.folders == NULL);
    setenv("SSL_CERT_FILE", "/certificates/other.pem", 1); /* a copy has been made */
    setenv("SSL_CERT_DIR", "/certificates:/more", 1);
    CHECK_STR(places.file, "/certificates/first.pem");
    ferry_trust_places_deinit(&places);
    CHECK(ferry_trust_places_init(&places));
    CHECK_STR(places.file, "/certificates/other.pem");
    CHECK_STR(places.folders, "/certificates:/more");
    ferry_trust_places_deinit(&places);
    unsetenv("SSL_CERT_FILE");
    unsetenv("SSL_CERT_DIR");
}

static bool matches(const char *pattern, const char *name) {
    return ferry_tls_name_matches(pattern, strlen(pattern), name);
}

static void names_match_as_rfc_9525_says(void) {
    CHECK(matches("a.example", "a.example"));
    CHECK(matches("A.Example", "a.eXample"));
    CHECK(matches("a.example", "a.example."));
    CHECK(!matches("a.example", "b.example"));
    CHECK(!matches("a.example", "a.example.org"));
    CHECK(!matches("", ""));
    CHECK(!matches("", "a"));
    CHECK(matches("*.a.example", "b.a.example"));
    CHECK(matches("*.a.example", "B.A.example."));
    CHECK(!matches("*.a.example", "a.example"));
    CHECK(!matches("*.a.example", "c.b.a.example"));
    CHECK(!matches("*.a.example", ".a.example"));
    CHECK(!matches("a.*.example", "a.b.example"));
    CHECK(!matches("f*.a.example", "foo.a.example"));
    CHECK(!matches("*o.a.example", "foo.a.example"));
    CHECK(!matches("*.*.example", "a.b.example"));
    CHECK(!matches("*.example", "a.example"));
    CHECK(!matches("*", "a"));
    CHECK(!matches("*.", "a."));
    CHECK(!ferry_tls_name_matches("a.example\0.evil", 15, "a.example"));
}

int main(int argc, char **argv) {
    static const check_test tests[] = {
        CHECK_TEST(what_is_wrong_with_a_certificate_is_said),
        CHECK_TEST(an_address_is_matched_and_no_name_is_sent),
        CHECK_TEST(unsafe_accepts_any_certificate),
        CHECK_TEST(names_match_as_rfc_9525_says),
        CHECK_TEST(what_the_authorities_depend_on_is_what_the_environment_says),
    };
    return CHECK_RUN(tests, argc, argv);
}
