/* SPDX-License-Identifier: MIT */
/* test_request: the head of a request: what goes into it, in which order, and whose Host it has. */
#include "check.h"
#include "ferry.h"
#include "script_stream.h"

#include <stdio.h>
#include <string.h>

#define REST "User-Agent: test\r\nAccept: */*\r\n\r\n"

static ferry_client *connected(script_stream *script) {
    ferry_client *client = ferry_client_new(
        &(ferry_client_options){.user_agent = "test", .keep_content_coding = true});
    script_stream_init(script, "", 0, FERRY_STREAM_AGAIN);
    CHECK_INT(ferry_client_set_connection(client, &script->stream), FERRY_OK);
    return client;
}

static void check_head(const ferry_request *request, const char *expected) {
    script_stream script;
    ferry_client *client = connected(&script);
    if (!CHECK_INT(ferry_client_send(client, request), FERRY_OK)) {
        printf("    %s: %s\n", request->url, ferry_client_get_error_detail(client));
    }
    CHECK_MEM(script.sent, script.sent_length, expected, strlen(expected));
    ferry_client_free(client);
}

/* Refused, in a sentence that holds `words`, and does not hold "secret". */
static void check_refused(const ferry_request *request, const char *words) {
    script_stream script;
    ferry_client *client = connected(&script);
    if (!CHECK_INT(ferry_client_send(client, request), FERRY_ERROR_INVALID_PARAMETER)) {
        printf("    %s\n", request->url);
    }
    const char *detail = ferry_client_get_error_detail(client);
    CHECK_CONTAINS(detail, words);
    if (!CHECK(strstr(detail, "secret") == NULL)) {
        printf("    %s\n", detail);
    }
    CHECK_INT(script.sent_length, 0);
    ferry_client_free(client);
}

/* ---- Host ---- */

static void host_goes_first_whoever_gave_it(void) {
    const char *none[] = {"X: 1", NULL};
    const char *last[] = {"X: 1", "Y: 2", "hOST:  a ", NULL};
    check_head(&(ferry_request){.url = "/", .headers = none},
               "GET / HTTP/1.1\r\nHost: localhost\r\nX: 1\r\n" REST);
    check_head(&(ferry_request){.url = "/", .headers = last},
               "GET / HTTP/1.1\r\nhOST:  a\r\nX: 1\r\nY: 2\r\n" REST);
}

static void two_hosts_are_refused(void) {
    const char *headers[] = {"Host: a", "X: 1", "HOST: a", NULL};
    check_refused(&(ferry_request){.url = "/", .headers = headers}, "appears twice");
}

static void connect_has_its_target_as_host(void) {
    check_head(&(ferry_request){.method = FERRY_METHOD_CONNECT, .url = "example.org:443"},
               "CONNECT example.org:443 HTTP/1.1\r\nHost: example.org:443\r\n" REST);
    check_head(&(ferry_request){.method = FERRY_METHOD_CONNECT, .url = "[::1]:80"},
               "CONNECT [::1]:80 HTTP/1.1\r\nHost: [::1]:80\r\n" REST);
}

static void absolute_target_has_its_authority_as_host(void) {
    check_head(&(ferry_request){.url = "http://example.org/x"},
               "GET http://example.org/x HTTP/1.1\r\nHost: example.org\r\n" REST);
    check_head(&(ferry_request){.url = "HTTPS://Example.org:8443?a@b:c/"},
               "GET HTTPS://Example.org:8443?a@b:c/ HTTP/1.1\r\nHost: Example.org:8443\r\n" REST);
    check_head(&(ferry_request){.url = "http://[::1]:8080/"},
               "GET http://[::1]:8080/ HTTP/1.1\r\nHost: [::1]:8080\r\n" REST);
    check_head(&(ferry_request){.method = FERRY_METHOD_OPTIONS, .url = "http://example.org"},
               "OPTIONS http://example.org HTTP/1.1\r\nHost: example.org\r\n" REST);
}

static void host_of_the_caller_is_kept_with_any_target(void) {
    const char *headers[] = {"Host: other", NULL};
    check_head(&(ferry_request){.url = "http://example.org/", .headers = headers},
               "GET http://example.org/ HTTP/1.1\r\nHost: other\r\n" REST);
}

/* ---- Targets ---- */

static void user_information_is_refused_and_not_repeated(void) {
    static const char *const urls[] = {
        "http://user:secret@example.org/x",
        "http://secret@example.org/",
        "http://@example.org/",
        "http://u:secret@[::1]:80/",
    };
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        check_refused(&(ferry_request){.url = urls[i]}, "user name or a password");
    }
}

static void bad_targets_are_refused_without_their_passwords(void) {
    check_refused(&(ferry_request){.url = "https://user:se/secret@example.org"}, "no host");
    check_refused(&(ferry_request){.url = "http://user:secret"}, "no host");
    check_refused(&(ferry_request){.url = "http:///x"}, "no host");
    check_refused(&(ferry_request){.url = "http://[fe80::1%25eth0]/"}, "no host");
    check_refused(&(ferry_request){.url = "http://example.org:0/"}, "no host");
    check_refused(&(ferry_request){.url = "http://\xc3\xa5.example/"}, "no host");
    check_refused(&(ferry_request){.url = "ftp://user:secret@example.org/"}, "begin with '/'");
    check_refused(&(ferry_request){.url = "user:secret@example.org/"}, "begin with '/'");
    check_refused(&(ferry_request){.url = "http://user:secret@example.org/ "}, "space");
    check_refused(&(ferry_request){.url = "http://user:secret@example.org/#a"}, "fragment");
    static const char *const tunnels[] = {
        "user:secret@example.org:80",
        "user:secret",
        "http://example.org:80",
        "example.org",
        "example.org:",
        "::1:80",
        "[fe80::1%eth0]:80",
        "example.org:65536",
        "/:80",
    };
    for (size_t i = 0; i < sizeof tunnels / sizeof *tunnels; i++) {
        check_refused(&(ferry_request){.method = FERRY_METHOD_CONNECT, .url = tunnels[i]},
                      "host:port");
    }
}

/* Blanks behind the value, and what is beyond its 40th byte, are not repeated. */
static void wrong_length_is_repeated_as_far_as_it_is_its_value(void) {
    static const char *const nines[] = {
        "999999999999999999999999999999999999999",
        "9999999999999999999999999999999999999999",
        "99999999999999999999999999999999999999999",
    };
    for (size_t i = 0; i < 3; i++) {
        char line[100];
        char words[100];
        snprintf(line, sizeof line, "Content-Length: %s  ", nines[i]);
        snprintf(words, sizeof words, "Content-Length \"%.40s\" is not", nines[i]);
        const char *headers[] = {line, NULL};
        check_refused(&(ferry_request){.url = "/", .headers = headers}, words);
    }
}

int main(int argc, char **argv) {
    static const check_test tests[] = {
        CHECK_TEST(host_goes_first_whoever_gave_it),
        CHECK_TEST(two_hosts_are_refused),
        CHECK_TEST(connect_has_its_target_as_host),
        CHECK_TEST(absolute_target_has_its_authority_as_host),
        CHECK_TEST(host_of_the_caller_is_kept_with_any_target),
        CHECK_TEST(user_information_is_refused_and_not_repeated),
        CHECK_TEST(bad_targets_are_refused_without_their_passwords),
        CHECK_TEST(wrong_length_is_repeated_as_far_as_it_is_its_value),
    };
    return CHECK_RUN(tests, argc, argv);
}
