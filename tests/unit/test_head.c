/* SPDX-License-Identifier: MIT */
/* test_head: heads of responses, whole and in pieces, and what none can begin with. */
#include "h1/head.h"

#include "check.h"

#include <stdio.h>
#include <string.h>

typedef struct head_rig {
    ferry_context context;
    ferry_h1_head head;
    ferry_headers headers;
} head_rig;

static void rig_begin(head_rig *rig) {
    *rig = (head_rig){.context = {.allocator = ferry_default_allocator,
                                  .max_head_bytes = 200,
                                  .max_header_count = 4,
                                  .max_interim_responses = 3}};
    ferry_h1_head_init(&rig->head);
    ferry_headers_init(&rig->headers, &rig->context);
}

static void rig_end(head_rig *rig) {
    ferry_headers_deinit(&rig->headers, &rig->context);
}

static ferry_error rig_parse(head_rig *rig, const char *text, size_t length, bool *complete) {
    return ferry_h1_head_parse(&rig->head, &rig->context, &rig->headers, text, length, complete);
}

static void check_lines(head_rig *rig, const char *const *expected) {
    const char *const *lines = ferry_headers_lines(&rig->headers);
    for (; *expected != NULL; expected++, lines++) {
        if (!CHECK_STR(*lines, *expected) || *lines == NULL) {
            return;
        }
    }
    CHECK(*lines == NULL);
}

static void a_head_is_the_same_in_whatever_pieces_it_comes(void) {
    static const char text[] =
        "HTTP/1.1 200 OK\r\nServer: x\r\nA:\tone \r\n two\r\nEmpty:\r\n\r\nbody";
    static const char *const lines[] = {"Server: x", "A: one two", "Empty: ", NULL};
    const size_t length = sizeof text - 1 - 4;
    for (size_t first = 1; first <= sizeof text - 1; first++) {
        for (size_t step = 1; step < 4; step++) {
            head_rig rig;
            bool complete = false;
            rig_begin(&rig);
            for (size_t given = first; !complete; given += step) {
                given = given < sizeof text - 1 ? given : sizeof text - 1;
                if (!CHECK_INT(rig_parse(&rig, text, given, &complete), FERRY_OK) ||
                    !CHECK_INT(complete, given >= length)) {
                    break;
                }
            }
            CHECK_INT(rig.head.bytes, length);
            CHECK_INT(rig.head.code, 200);
            CHECK_INT(rig.head.minor_version, 1);
            check_lines(&rig, lines);
            rig_end(&rig);
        }
    }
}

static void bare_lfs_end_lines_too(void) {
    static const char text[] = "HTTP/1.0 404\nA: 1\n\n";
    static const char *const lines[] = {"A: 1", NULL};
    head_rig rig;
    bool complete;
    rig_begin(&rig);
    CHECK_INT(rig_parse(&rig, text, sizeof text - 1, &complete), FERRY_OK);
    CHECK(complete);
    CHECK_INT(rig.head.code, 404);
    CHECK_INT(rig.head.minor_version, 0);
    check_lines(&rig, lines);
    rig_end(&rig);
}

static void status_lines_have_their_form(void) {
    static const char *const good[] = {"HTTP/1.1 200 OK", "HTTP/1.1 200 ", "HTTP/1.1 200",
                                       "HTTP/1.9 999 \xc3\xa9\t!", "HTTP/1.0 100 Continue"};
    static const char *const bad[] = {
        "HTTP/2 200 OK",   "HTTP/1.1 2000 OK", "HTTP/1.1 20 OK",     "HTTP/1.1  200 OK",
        "HTTP/1.1 099 OK", "HTTP/1.x 200 OK",  "http/1.1 200 OK",    "HTTP/1.1 200OK",
        "HTTP/1.1 2x0 OK", "HTTP/1.12 200",    "HTTP/1.1 200 a\x7f", "HTTP/1.1 200 a\x01"};
    for (size_t i = 0; i < sizeof good / sizeof *good + sizeof bad / sizeof *bad; i++) {
        bool is_good = i < sizeof good / sizeof *good;
        const char *line = is_good ? good[i] : bad[i - sizeof good / sizeof *good];
        char text[100];
        int length = snprintf(text, sizeof text, "%s\r\n\r\n", line);
        head_rig rig;
        bool complete;
        rig_begin(&rig);
        if (!CHECK_INT(rig_parse(&rig, text, (size_t)length, &complete),
                       is_good ? FERRY_OK : FERRY_ERROR_PROTOCOL) ||
            !CHECK_INT(complete, is_good)) {
            printf("        of \"%s\"\n", line);
        }
        rig_end(&rig);
    }
}

static void what_cannot_become_a_head_is_refused_at_its_first_byte(void) {
    static const char *const texts[] = {"S",         "SSH-2.0", "HTTP/2",       "\x15\x03\x01",
                                        " HTTP/1.1", "hT",      "\r\nHTTP/1.1", "\nHTTP/1.1"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        head_rig rig;
        bool complete;
        rig_begin(&rig);
        if (CHECK_INT(rig_parse(&rig, texts[i], strlen(texts[i]), &complete),
                      FERRY_ERROR_PROTOCOL)) {
            CHECK_CONTAINS(rig.context.detail, "does not begin with an HTTP/1.x status line");
        }
        rig_end(&rig);
    }
}

static void bad_lines_are_refused(void) {
    static const char *const lines[] = {"no colon",    ": value", "na me: x", "name : x",
                                        "na\x7fme: x", "\tx: y",  "a: b\rc",  "\xc3\xa9: x"};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        char text[100];
        int length = snprintf(text, sizeof text, "HTTP/1.1 200 OK\r\n%s\r\n\r\n", lines[i]);
        head_rig rig;
        bool complete;
        rig_begin(&rig);
        if (!CHECK_INT(rig_parse(&rig, text, (size_t)length, &complete), FERRY_ERROR_PROTOCOL)) {
            printf("        of \"%s\"\n", lines[i]);
        }
        CHECK(rig.context.detail[0] != '\0');
        rig_end(&rig);
    }
}

static void a_nul_is_refused_as_soon_as_it_comes(void) {
    static const char text[] = "HTTP/1.1 200 OK\r\nA: x\0";
    head_rig rig;
    bool complete;
    rig_begin(&rig);
    CHECK_INT(rig_parse(&rig, text, sizeof text - 2, &complete), FERRY_OK);
    CHECK_INT(rig_parse(&rig, text, sizeof text - 1, &complete), FERRY_ERROR_PROTOCOL);
    rig_end(&rig);
}

static void a_head_may_have_max_head_bytes_and_no_more(void) {
    for (int excess = 0; excess < 2; excess++) {
        char text[400];
        head_rig rig;
        bool complete;
        rig_begin(&rig);
        int length = snprintf(text, sizeof text, "HTTP/1.1 200 OK\r\nA: %0*d\r\n\r\n",
                              200 - 17 - 3 - 4 + excess, 0);
        CHECK_INT(length, 200 + excess);
        CHECK_INT(rig_parse(&rig, text, (size_t)length, &complete),
                  excess == 0 ? FERRY_OK : FERRY_ERROR_TOO_LARGE);
        CHECK_INT(complete, excess == 0);
        if (excess > 0) {
            CHECK_CONTAINS(rig.context.detail, "exceeds 200 bytes (max_head_bytes)");
        }
        rig_end(&rig);
    }
}

static void a_head_may_have_max_header_count_fields_and_no_more(void) {
    for (int excess = 0; excess < 2; excess++) {
        static const char text[] = "HTTP/1.1 200 OK\r\nA: 1\r\nB: 2\r\nC: 3\r\nD: 4\r\n";
        char whole[100];
        head_rig rig;
        bool complete;
        rig_begin(&rig);
        int length = snprintf(whole, sizeof whole, "%s%s\r\n", text, excess > 0 ? "E: 5\r\n" : "");
        CHECK_INT(rig_parse(&rig, whole, (size_t)length, &complete),
                  excess == 0 ? FERRY_OK : FERRY_ERROR_TOO_LARGE);
        if (excess > 0) {
            CHECK_CONTAINS(rig.context.detail, "more than 4 header fields (max_header_count)");
        }
        rig_end(&rig);
    }
}

static void a_head_is_empty_until_its_first_byte(void) {
    head_rig rig;
    bool complete;
    rig_begin(&rig);
    CHECK(ferry_h1_head_is_empty(&rig.head));
    CHECK_INT(rig_parse(&rig, "H", 1, &complete), FERRY_OK);
    CHECK(!ferry_h1_head_is_empty(&rig.head));
    ferry_h1_head_init(&rig.head);
    CHECK(ferry_h1_head_is_empty(&rig.head));
    rig_end(&rig);
}

int main(int argc, char **argv) {
    static const check_test tests[] = {
        CHECK_TEST(a_head_is_the_same_in_whatever_pieces_it_comes),
        CHECK_TEST(bare_lfs_end_lines_too),
        CHECK_TEST(status_lines_have_their_form),
        CHECK_TEST(what_cannot_become_a_head_is_refused_at_its_first_byte),
        CHECK_TEST(bad_lines_are_refused),
        CHECK_TEST(a_nul_is_refused_as_soon_as_it_comes),
        CHECK_TEST(a_head_may_have_max_head_bytes_and_no_more),
        CHECK_TEST(a_head_may_have_max_header_count_fields_and_no_more),
        CHECK_TEST(a_head_is_empty_until_its_first_byte),
    };
    return CHECK_RUN(tests, argc, argv);
}
