/* SPDX-License-Identifier: MIT */
/* test_tls_starting: where TLS can be started, and what is left if it cannot. */
#include "check.h"
#include "counted_memory.h"
#include "tls_client.h"
#include "tls_peer.h"

#include <errno.h>

/* An old shortage of memory, which errno still tells of, is no concern of theirs. */
static void check_options(ferry_tls_options tls, const char *words) {
    ferry_client *client = tls_client_new();
    tls_peer *peer = tls_peer_new(&(tls_peer_behaviour){0});
    CHECK_INT(ferry_client_set_connection(client, tls_peer_stream(peer)), FERRY_OK);
    errno = ENOMEM;
    CHECK_INT(ferry_client_start_tls(client, "peer.example", &tls), FERRY_ERROR_INVALID_PARAMETER);
    CHECK_CONTAINS(ferry_client_get_error_detail(client), words);
    CHECK_INT(ferry_client_get_status(client), FERRY_STATUS_CONNECTED);
    CHECK(!tls_peer_is_closed(peer));
    ferry_client_free(client);
    tls_peer_free(peer);
}

static void options_that_cannot_be_read_leave_the_connection(void) {
    static const char *const bad_pins[] = {"sha256//short", NULL};
    check_options((ferry_tls_options){.ca_pem = "nothing"}, "authorities");
    check_options((ferry_tls_options){.ca_der = {"\x30\x05xx", 4}}, "authorities");
    check_options((ferry_tls_options){.certificate_pem = tls_peer_certificate()}, "key");
    check_options((ferry_tls_options){.key_pem = "x"}, "certificate");
    check_options((ferry_tls_options){.certificate_pem = "x", .key_pem = "x"}, "certificate");
    check_options((ferry_tls_options){.certificate_pem = tls_peer_certificate(), .key_pem = "x"},
                  "key");
    check_options((ferry_tls_options){.crl_pem = "x"}, "revocation list");
    check_options((ferry_tls_options){.crl_pem = "x", .unsafe = true}, "not verified");
    check_options((ferry_tls_options){.pins = bad_pins}, "pin");
    check_options((ferry_tls_options){.verify_name = ""}, "verify_name");
    check_options((ferry_tls_options){.min_version = (ferry_tls_version)11}, "version");
    check_options((ferry_tls_options){.first_cipher = (ferry_tls_cipher)9}, "cipher");
}

static void a_wrong_password_is_told_whatever_it_makes_of_the_key(void) {
    /* "right" opens it; "wrong 70" leaves padding that is in order, around nonsense. */
    static const char key[] = "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
                              "MIHrMFYGCSqGSIb3DQEFDTBJMCgGCSqGSIb3DQEFDDAbBAjYOMMXYYi7nQIBATAM\n"
                              "BggqhkiG9w0CCQUAMB0GCWCGSAFlAwQBKgQQDwIJeOifKDpzkHcezrA3bgSBkE/5\n"
                              "eTuVzbM68wWSMX9/anV0yrI7fYBbZ3SqMorHs53NQOtNZkxKiSWzRNFnebzztg1X\n"
                              "MkKk0sr5NWax+bkx5EI9pdCXqsiQTcL0zBWHehlnaCYlNiDIB8Jd3EJgBYwGuaSJ\n"
                              "VEg/r1Kn7KJKVZXfVay/DmVR1SejkJp2EdL3kPrdZuJLmx8aEJw9pmYDmckSmw==\n"
                              "-----END ENCRYPTED PRIVATE KEY-----\n";
    ferry_tls_options tls = {.certificate_pem = tls_peer_certificate(), .key_pem = key};
    static const char *const wrong[] = {"wrong 1", "wrong 70"};
    for (size_t i = 0; i < 2; i++) {
        tls.key_password = wrong[i];
        check_options(tls, "the password does not open the client's key");
    }
    tls.key_password = "right";
    check_options(tls, "does not belong to its certificate");
    tls.key_password = NULL;
    check_options(tls, "no password is given");
}

static void starting_where_it_cannot_be_is_refused(void) {
    ferry_tls_options tls = tls_client_trusting();
    ferry_client *client = tls_client_new();
    CHECK_INT(ferry_client_start_tls(client, "peer.example", &tls), FERRY_ERROR_UNCONFIGURED);
    tls_peer *peer = tls_peer_new(&(tls_peer_behaviour){0});
    CHECK_INT(tls_client_connect(client, peer, "peer.example", &tls), FERRY_OK);
    CHECK_INT(ferry_client_request(client, FERRY_METHOD_GET, "/", NULL, NULL), FERRY_OK);
    CHECK_INT(ferry_client_start_tls(client, "peer.example", &tls), FERRY_ERROR_BUSY);
    CHECK_INT(ferry_client_get_status(client), FERRY_STATUS_REQUESTING);
    ferry_client_close(client);
    CHECK_INT(ferry_client_start_tls(client, "http://peer.example", &tls),
              FERRY_ERROR_INVALID_PARAMETER);
    CHECK_INT(ferry_client_start_tls(client, "http://peer.example", NULL),
              FERRY_ERROR_INVALID_PARAMETER);
    ferry_client_free(client);
    tls_peer_free(peer);
}

static void connection_of_tls_may_be_set_again(void) {
    ferry_tls_options tls = tls_client_trusting();
    ferry_client *client = tls_client_new();
    tls_peer *peer = tls_peer_new(&(tls_peer_behaviour){0});
    char text[64];
    CHECK_INT(tls_client_connect(client, peer, "peer.example", &tls), FERRY_OK);
    for (int i = 0; i < 3; i++) {
        ferry_stream *stream = ferry_client_get_connection(client);
        CHECK_INT(ferry_client_set_connection(client, stream), FERRY_OK);
        CHECK(ferry_client_get_connection(client) == stream);
        CHECK_INT(tls_client_get(client, text), FERRY_OK);
        CHECK_STR(text, "hello");
        CHECK_STR(ferry_client_get_response_url(client), "https://peer.example/");
    }
    CHECK_INT(ferry_client_request(client, FERRY_METHOD_GET, "/", NULL, NULL), FERRY_OK);
    CHECK_INT(ferry_client_set_connection(client, ferry_client_get_connection(client)),
              FERRY_ERROR_BUSY);
    CHECK(!tls_peer_is_closed(peer));
    ferry_client_free(client);
    CHECK(tls_peer_is_closed(peer));
    tls_peer_free(peer);
}

static void tunnel_over_tls_takes_requests(void) {
    static const char *const headers[] = {"Connection: Upgrade", "Upgrade: raw", NULL};
    ferry_tls_options tls = tls_client_trusting();
    ferry_client *client = tls_client_new();
    tls_peer *peer = tls_peer_new(&(tls_peer_behaviour){.switches = true});
    CHECK_INT(tls_client_connect(client, peer, "peer.example", &tls), FERRY_OK);
    CHECK_INT(ferry_client_request(client, FERRY_METHOD_GET, "/", headers, NULL), FERRY_OK);
    for (int i = 0;
         i < TLS_CLIENT_MAX_POLLS && ferry_client_get_status(client) != FERRY_STATUS_BODY; i++) {
        CHECK_INT(ferry_client_poll(client), FERRY_OK);
    }
    CHECK_INT(ferry_client_set_connection(client, ferry_client_get_connection(client)), FERRY_OK);
    CHECK_INT(ferry_client_get_status(client), FERRY_STATUS_CONNECTED);
    size_t before = tls_peer_received(peer);
    CHECK_INT(ferry_client_request(client, FERRY_METHOD_GET, "/", NULL, NULL), FERRY_OK);
    CHECK(tls_peer_received(peer) > before);
    ferry_client_free(client);
    CHECK(tls_peer_is_closed(peer));
    tls_peer_free(peer);
}

/* The program has a pointer to its stream yet, which TLS is spoken over. */
static void stream_beneath_tls_is_no_connection(void) {
    ferry_tls_options tls = tls_client_trusting();
    ferry_client *client = tls_client_new();
    tls_peer *peer = tls_peer_new(&(tls_peer_behaviour){.pause = true});
    ferry_stream *beneath = tls_peer_stream(peer);
    char text[64];
    CHECK_INT(ferry_client_set_connection(client, beneath), FERRY_OK);
    CHECK_INT(ferry_client_start_tls(client, "peer.example", &tls), FERRY_OK);
    int refused = 0;
    for (int i = 0; i < TLS_CLIENT_MAX_POLLS; i++) {
        refused += ferry_client_set_connection(client, beneath) == FERRY_ERROR_INVALID_PARAMETER;
        CHECK_CONTAINS(ferry_client_get_error_detail(client), "TLS");
        CHECK_INT(refused, i + 1);
        if (ferry_client_get_status(client) == FERRY_STATUS_CONNECTED ||
            !CHECK_INT(ferry_client_poll(client), FERRY_OK)) {
            break;
        }
    }
    CHECK(refused > 3); /* before, in and after the handshake */
    CHECK_INT(tls_client_get(client, text), FERRY_OK);
    CHECK_STR(text, "hello");
    ferry_client_free(client);
    CHECK(tls_peer_is_closed(peer));
    tls_peer_free(peer);
}

static void every_allocation_may_fail(void) {
    ferry_tls_options tls = tls_client_trusting();
    for (size_t n = 1; n <= 60; n++) {
        counted_memory memory = {.fail_at = n, .fails_on = true};
        ferry_client_options options = {.allocator = counted_memory_allocator(&memory)};
        ferry_client *client = ferry_client_new(&options);
        tls_peer *peer = tls_peer_new(&(tls_peer_behaviour){0});
        bool is_given = false;
        if (client != NULL) {
            char text[64];
            ferry_error error = ferry_client_set_connection(client, tls_peer_stream(peer));
            is_given = error == FERRY_OK;
            if (is_given) {
                error = tls_client_start(client, "peer.example", &tls);
            }
            if (error == FERRY_OK) {
                error = tls_client_get(client, text);
            }
            CHECK(error == FERRY_OK || error == FERRY_ERROR_OUT_OF_MEMORY);
        }
        ferry_client_free(client);
        CHECK(tls_peer_is_closed(peer) == is_given);
        CHECK_INT(memory.live, 0);
        tls_peer_free(peer);
    }
}

int main(int argc, char **argv) {
    static const check_test tests[] = {
        CHECK_TEST(options_that_cannot_be_read_leave_the_connection),
        CHECK_TEST(a_wrong_password_is_told_whatever_it_makes_of_the_key),
        CHECK_TEST(starting_where_it_cannot_be_is_refused),
        CHECK_TEST(connection_of_tls_may_be_set_again),
        CHECK_TEST(tunnel_over_tls_takes_requests),
        CHECK_TEST(stream_beneath_tls_is_no_connection),
        CHECK_TEST(every_allocation_may_fail),
    };
    return CHECK_RUN(tests, argc, argv);
}
