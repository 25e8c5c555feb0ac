/* SPDX-License-Identifier: MIT */
/* test_printable: what may be shown on a terminal, and every text that a program or a server gives:
 * none gets unchecked to a connection, into the log or into a detail. */
#include "check.h"
#include "ferry.h"
#include "script_stream.h"

#include <stdio.h>
#include <string.h>

static void check_text(const char *text, const char *expected) {
    char copy[64];
    snprintf(copy, sizeof copy, "%s", text);
    ferry_text_make_printable(copy);
    CHECK_STR(copy, expected);
}

static void control_characters_are_replaced(void) {
    check_text("", "");
    check_text("a b~", "a b~");
    check_text("a\x01"
               "b\t\r\n\x1b[2J\x7f",
               "a?b????[2J?");
}

static void c1_is_replaced_as_bytes_and_as_utf8(void) {
    check_text("\x9b"
               "31m",
               "?31m");
    check_text("\xc2\x9b"
               "31m",
               "?31m");
    check_text("\xc2\x80\xc2\x9f\xc2\xa0", "??\xc2\xa0");
    for (int c = 0x80; c <= 0xff; c++) {
        char text[] = {'a', (char)c, 'b', '\0'};
        check_text(text, "a?b");
    }
}

static void text_in_utf8_is_kept(void) {
    check_text("gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x8e\xae \xef\xbf\xbd",
               "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x8e\xae \xef\xbf\xbd");
    check_text("\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf",
               "\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf");
}

static void separators_and_marks_of_direction_are_replaced(void) {
    check_text("a\xe2\x80\xa8\xe2\x80\xa9"
               "b",
               "a??b");
    check_text("\xd8\x9c\xe2\x80\x8e\xe2\x80\x8f\xe2\x80\xaa\xe2\x80\xae\xe2\x81\xa6\xe2\x81\xa9",
               "???????");
    check_text("\xe2\x80\xa7\xe2\x80\xaf\xe2\x81\xa5\xe2\x81\xaa\xe2\x80\x8d",
               "\xe2\x80\xa7\xe2\x80\xaf\xe2\x81\xa5\xe2\x81\xaa\xe2\x80\x8d");
}

static void what_is_no_utf8_is_replaced(void) {
    check_text("\xc0\x9b", "??");           /* too long a form of ESC */
    check_text("\xe0\x82\x9b", "???");      /* of U+009B */
    check_text("\xf0\x80\x82\x9b", "????"); /* of the same */
    check_text("\xed\xa0\x80", "???");      /* a surrogate */
    check_text("\xf4\x90\x80\x80", "????"); /* past U+10FFFF */
    check_text("\xf8\x88\x80\x80\x80", "?????");
    check_text("\xe2\x82", "??"); /* cut off */
    check_text("\xf0\x9f\x8e", "???");
    check_text("\xe2\x82z\xc3\xbc", "??z\xc3\xbc");
    check_text("\xc3", "?");
}

/* ---- Texts that a program gives ---- */

/* What each is tried with. None is fit for a wire or for a terminal as it stands; the last two hold
 * a password. */
static const char *const poisons[] = {
    "a\rb",   "a\nb",       "a\r\nX: y",     "a\x1b[2J",         "a\x7f",
    "a\x9bm", "a\xc2\x9bm", "a\xe2\x80\xae", "user:secret@host", "http://user:secret@host/",
};
enum { POISON_COUNT = sizeof poisons / sizeof *poisons };

static char shown[8192]; /* details and log lines */

static void show(const char *text) {
    size_t used = strlen(shown);
    snprintf(shown + used, sizeof shown - used, "%s", text);
}

static void show_log(void *ctx, ferry_log_kind kind, const char *message) {
    (void)ctx;
    (void)kind;
    show(message);
}

/* All that was shown can be printed as it is, and holds no password. */
static void check_shown(const char *poison) {
    char copy[sizeof shown];
    memcpy(copy, shown, sizeof copy);
    ferry_text_make_printable(copy);
    if (!CHECK_STR(shown, copy) || !CHECK(strstr(shown, "secret") == NULL)) {
        printf("    of \"%s\": %s\n", poison, copy);
    }
    shown[0] = '\0';
}

/* An answer is there for every request that goes out. */
static ferry_client *connected(const ferry_client_options *options, script_stream *script) {
    static const char answer[] = "HTTP/1.1 204 No\r\n\r\n";
    ferry_client *client = ferry_client_new(options);
    script_stream_init(script, answer, sizeof answer - 1, FERRY_STREAM_AGAIN);
    show(ferry_client_set_connection(client, &script->stream) == FERRY_OK
             ? ""
             : ferry_client_get_error_detail(client));
    return client;
}

/* One request at most was sent, which has no more lines than it should: each begins with one of
 * `names`. */
static void check_wire(const script_stream *script, const char *poison) {
    static const char *const names[] = {"GET ", "Host: ", "X: ", "Accept", "User-Agent: "};
    const char *end = script->sent + script->sent_length;
    for (const char *line = script->sent; line < end;) {
        const char *stop = line;
        while (stop < end && *stop != '\r' && *stop != '\n') {
            stop++;
        }
        bool is_known = stop == line && stop + 2 == end; /* the empty line is the last */
        for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
            is_known = is_known || strncmp(line, names[i], strlen(names[i])) == 0;
        }
        if (!CHECK(is_known && end - stop >= 2 && memcmp(stop, "\r\n", 2) == 0)) {
            printf("    of \"%s\"\n", poison);
            return;
        }
        line = stop + 2;
    }
}

static void user_agent_that_is_none_is_refused_by_every_way_to_connect(void) {
    for (size_t i = 0; i < POISON_COUNT; i++) {
        ferry_client_options options = {.user_agent = poisons[i], .log = show_log};
        script_stream script;
        ferry_client *client = connected(&options, &script);
        bool is_valid = ferry_client_get_status(client) == FERRY_STATUS_CONNECTED;
        CHECK(is_valid == (i > 4)); /* RFC 9110 section 5.5: obs-text may be in a value */
        if (is_valid) {
            CHECK_INT(ferry_client_request(client, FERRY_METHOD_GET, "/", NULL, NULL), FERRY_OK);
            ferry_client_close(client);
            shown[0] = '\0'; /* where it is the program's own words, a log repeats them */
        } else {
            CHECK_CONTAINS(shown, "user_agent");
            CHECK_INT(ferry_client_connect_to_host(client, "127.0.0.1", -1, NULL),
                      FERRY_ERROR_INVALID_PARAMETER);
            show(ferry_client_get_error_detail(client));
            CHECK(!script.is_destroyed);
        }
        check_shown(poisons[i]);
        check_wire(&script, poisons[i]);
        ferry_client_free(client);
    }
}

/* On the web there are no such lines at all. */
#if defined(__EMSCRIPTEN__)
#define REFUSAL FERRY_ERROR_UNAVAILABLE
#else
#define REFUSAL FERRY_ERROR_INVALID_PARAMETER
#endif

static void lines_of_connect_to_are_not_repeated_as_they_are(void) {
    for (size_t i = 0; i < POISON_COUNT; i++) {
        char whole[100];
        snprintf(whole, sizeof whole, "127.0.0.1:1:%s:1", poisons[i]);
        const char *const texts[] = {poisons[i], whole};
        for (int k = 0; k < 2; k++) {
            const char *const lines[] = {texts[k], NULL};
            ferry_client *client =
                ferry_client_new(&(ferry_client_options){.log = show_log, .connect_to = lines});
            CHECK_INT(ferry_client_connect_to_host(client, "127.0.0.1", 1, NULL), REFUSAL);
            show(ferry_client_get_error_detail(client));
            check_shown(poisons[i]);
            ferry_client_free(client);
        }
    }
}

static void hosts_and_proxies_are_not_repeated_as_they_are(void) {
    for (size_t i = 0; i < POISON_COUNT; i++) {
        char text[100];
        const char *const resolve[] = {poisons[i], NULL};
        ferry_client *client = ferry_client_new(
            &(ferry_client_options){.log = show_log, .no_proxy = poisons[i], .resolve = resolve});
        ferry_tls_options tls = {.verify_name = poisons[i], .pins = resolve};
        CHECK(ferry_client_connect_to_host(client, poisons[i], -1, NULL) != FERRY_OK);
        show(ferry_client_get_error_detail(client));
        CHECK(ferry_client_connect_to_host(client, "127.0.0.1", 1, NULL) != FERRY_OK);
        show(ferry_client_get_error_detail(client));
        ferry_client_connect_to_host(client, "127.0.0.1", 1, &tls);
        show(ferry_client_get_error_detail(client));
        snprintf(text, sizeof text, "ftp://%s", poisons[i]);
        CHECK(ferry_client_connect_to_host(client, text, -1, NULL) != FERRY_OK);
        show(ferry_client_get_error_detail(client));
        CHECK(ferry_client_connect_to_host(client, "user:secret", -1, NULL) != FERRY_OK);
        show(ferry_client_get_error_detail(client));
        /* The last two are proxies with credentials, and so may be taken. */
        CHECK(ferry_client_set_http_proxy(client, poisons[i], 80) != FERRY_OK ||
              i >= POISON_COUNT - 2);
        show(ferry_client_get_error_detail(client));
        CHECK(ferry_client_set_https_proxy(client, text, 80) != FERRY_OK);
        show(ferry_client_get_error_detail(client));
        CHECK(ferry_client_set_http_proxy(client, "user:secret", 80) != FERRY_OK);
        show(ferry_client_get_error_detail(client));
        CHECK(ferry_client_start_tls(client, poisons[i], &tls) != FERRY_OK);
        show(ferry_client_get_error_detail(client));
        check_shown(poisons[i]);
        ferry_client_free(client);
    }
}

static void requests_hold_no_more_lines_than_they_should(void) {
    for (size_t i = 0; i < POISON_COUNT; i++) {
        char named[100];
        char valued[100];
        snprintf(named, sizeof named, "%s: 1", poisons[i]);
        snprintf(valued, sizeof valued, "X: %s", poisons[i]);
        const char *const names[] = {named, NULL};
        const char *const values[] = {valued, NULL};
        const char *const bare[] = {poisons[i], NULL};
        const ferry_request requests[] = {
            {.url = poisons[i]},
            {.url = poisons[i], .method = FERRY_METHOD_CONNECT},
            {.url = "/", .method_name = poisons[i]},
            {.url = "/", .headers = names},
            {.url = "/", .headers = bare},
            {.url = "/", .headers = values},
        };
        /* The passwords belong into URLs; of a header no one can say what is a secret. */
        size_t count = i < POISON_COUNT - 2 ? sizeof requests / sizeof *requests : 3;
        for (size_t r = 0; r < count; r++) {
            bool may_pass = r == 5 && i > 4;
            script_stream script;
            ferry_client_options options = {.log = may_pass ? NULL : show_log};
            ferry_client *client = connected(&options, &script);
            ferry_error error = ferry_client_send(client, &requests[r]);
            if (!CHECK(error == (may_pass ? FERRY_OK : FERRY_ERROR_INVALID_PARAMETER))) {
                printf("    request %zu\n", r);
            }
            show(ferry_client_get_error_detail(client));
            check_wire(&script, poisons[i]);
            check_shown(poisons[i]);
            ferry_client_free(client);
        }
    }
}

static void secrets_in_header_lines_are_neither_logged_nor_quoted(void) {
    static const char *const headers[] = {"Authorization: Basic secret",
                                          "proxy-authorization:secret", "COOKIE: a=secret", NULL};
    static const char *const broken[] = {
        "Authorization: secret\r\n",
        "Authorization secret",
        "Cookie : secret",
    };
    ferry_client_options options = {.log = show_log};
    script_stream script;
    ferry_client *client = connected(&options, &script);
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        const char *const line[] = {broken[i], NULL};
        CHECK_INT(ferry_client_request(client, FERRY_METHOD_GET, "/", line, NULL),
                  FERRY_ERROR_INVALID_PARAMETER);
        show(ferry_client_get_error_detail(client));
    }
    CHECK_INT(ferry_client_request(client, FERRY_METHOD_GET, "/", headers, NULL), FERRY_OK);
    CHECK_CONTAINS(shown, "Authorization: ***");
    CHECK_CONTAINS(shown, "COOKIE: ***");
    check_shown("headers");
    script.sent[script.sent_length] = '\0';
    CHECK_CONTAINS(script.sent, "\r\nCOOKIE: a=secret\r\n");
    ferry_client_free(client);
}

/* ---- Texts from the network ---- */

static void answers_are_shown_without_what_a_terminal_would_obey(void) {
    static const char *const answers[] = {
        "HTTP/1.1 200 \x9bm\xc2\x9bm\xe2\x80\xae\r\nX-\r\n\r\n",
        "HTTP/1.1 200 \x1b[2J\r\n\r\n",
        "\x9b\xc2\x9b\r\n\r\n",
        "HTTP/1.1 200 OK\r\nA: \x9bm\xc2\x9bm\xe2\x80\xae\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nA\x9b\x1b: 1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nA: 1\rB\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: \x9b\xc2\x9b\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: \x9b\xc2\x9b\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Encoding: \x9b\xc2\x9b\r\nContent-Length: 1\r\n\r\na",
        ("HTTP/1.1 200 OK\r\nSet-Cookie: a=secret\r\nSet-cookie:\r\n secret\r\n\tsecret\r\n"
         "Content-Length: 0\r\n\r\n"),
        "HTTP/1.1 200 OK\r\nSet-Cookie : secret\r\n\r\n",
        "HTTP/1.1 200 OK\r\nSet-Cookie secret\r\n\r\n",
        "HTTP/1.1 200 OK\r\nSet-Cookie: secret\rsecret\r\n\r\n",
        "HTTP/1.1 200 OK\r\nSet-Cookie: \r\n secret\rsecret\r\n\r\n",
    };
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        script_stream script;
        ferry_client_options options = {.log = show_log};
        ferry_client *client = connected(&options, &script);
        script.bytes = answers[i];
        script.length = strlen(answers[i]);
        CHECK_INT(ferry_client_request(client, FERRY_METHOD_GET, "/", NULL, NULL), FERRY_OK);
        ferry_client_poll(client);
        show(ferry_client_get_error_detail(client));
        check_shown(answers[i]);
        ferry_client_free(client);
    }
}

int main(int argc, char **argv) {
    static const check_test tests[] = {
        CHECK_TEST(control_characters_are_replaced),
        CHECK_TEST(c1_is_replaced_as_bytes_and_as_utf8),
        CHECK_TEST(text_in_utf8_is_kept),
        CHECK_TEST(separators_and_marks_of_direction_are_replaced),
        CHECK_TEST(what_is_no_utf8_is_replaced),
        CHECK_TEST(user_agent_that_is_none_is_refused_by_every_way_to_connect),
        CHECK_TEST(hosts_and_proxies_are_not_repeated_as_they_are),
        CHECK_TEST(lines_of_connect_to_are_not_repeated_as_they_are),
        CHECK_TEST(requests_hold_no_more_lines_than_they_should),
        CHECK_TEST(secrets_in_header_lines_are_neither_logged_nor_quoted),
        CHECK_TEST(answers_are_shown_without_what_a_terminal_would_obey),
    };
    return CHECK_RUN(tests, argc, argv);
}
