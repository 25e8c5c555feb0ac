/* SPDX-License-Identifier: MIT */
/* test_resuming: what says whether bytes belong together: Content-Range, validators, notes. */
#include "base/http_date.h"
#include "check.h"
#include "counted_memory.h"
#include "session/content_range.h"
#include "session/disk.h"
#include "session/download_note.h"
#include "session/validators.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Content-Range ---- */

static void content_ranges_are_read(void) {
    static const struct {
        const char *text;
        ferry_content_range range;
    } cases[] = {
        {"bytes 0-0/1", {0, 0, 1}},
        {"bytes 7-19/20", {7, 19, 20}},
        {"BYTES 7-19/20", {7, 19, 20}},
        {" bytes 7-19/20 ", {7, 19, 20}},
        {"bytes 7-19/*", {7, 19, -1}},
        {"bytes */20", {-1, -1, 20}},
        {"bytes 0-9223372036854775806/9223372036854775807", {0, INT64_MAX - 1, INT64_MAX}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ferry_content_range range;
        CHECK(ferry_content_range_read(ferry_span_of(cases[i].text), &range));
        CHECK_INT(range.first, cases[i].range.first);
        CHECK_INT(range.last, cases[i].range.last);
        CHECK_INT(range.total, cases[i].range.total);
    }
}

static void content_ranges_that_make_no_sense_are_none(void) {
    static const char *const cases[] = {
        "",
        "bytes",
        "bytes ",
        "bytes */*",
        "bytes 7-19",
        "bytes 7-19/",
        "bytes 7-/20",
        "bytes -19/20",
        "bytes 7/20",
        "bytes 19-7/20",
        "bytes 7-20/20",
        "bytes 7-19/20x",
        "bytes 7-19/20, bytes 1-2/20",
        "bytes=7-19/20",
        "items 7-19/20",
        "bytes 7 - 19 / 20",
        "bytes +7-19/20",
        "bytes 7-19/9223372036854775808",
        "bytes 0-9223372036854775808/*",
        "bytes *-19/20",
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ferry_content_range range;
        if (!CHECK(!ferry_content_range_read(ferry_span_of(cases[i]), &range))) {
            printf("    with %s\n", cases[i]);
        }
    }
}

/* ---- Validators ---- */

static void entity_tags_are_strong_in_quotes_alone(void) {
    static const char *const strong[] = {"\"\"", "\"a\"", "\"a b\"", "\"W/\""};
    static const char *const weak[] = {"",    "\"",  "a",        "W/\"a\"",     "w/\"a\"",
                                       "\"a", "a\"", "\"a\"b\"", "\"a\", \"b\""};
    for (size_t i = 0; i < sizeof strong / sizeof *strong; i++) {
        CHECK(ferry_etag_is_strong(ferry_span_of(strong[i])));
    }
    for (size_t i = 0; i < sizeof weak / sizeof *weak; i++) {
        CHECK(!ferry_etag_is_strong(ferry_span_of(weak[i])));
    }
}

static void date_is_strong_a_minute_later(void) {
    static const char modified[] = "Sun, 06 Nov 1994 08:49:37 GMT";
    static const struct {
        const char *date;
        bool is_strong;
    } cases[] = {
        {"Sun, 06 Nov 1994 08:50:37 GMT", true},
        {"Sun, 06 Nov 1994 08:50:36 GMT", false},
        {"Sun, 06 Nov 1994 08:49:37 GMT", false},
        {"Sun, 06 Nov 1994 08:40:37 GMT", false},
        {"Mon, 07 Nov 1994 08:49:37 GMT", true},
        {"", false},
        {"yesterday", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        CHECK_INT(ferry_modified_is_strong(FERRY_SPAN(modified), ferry_span_of(cases[i].date)),
                  cases[i].is_strong);
    }
    CHECK(!ferry_modified_is_strong(FERRY_SPAN(""), ferry_span_of(cases[0].date)));
}

/* Each day of some centuries, and each second of a day. */
static void dates_are_written_as_they_are_read(void) {
    static const int64_t day = 24 * 60 * 60;
    char text[FERRY_HTTP_DATE_SIZE];
    int64_t seconds;
    for (int64_t i = 0; i < 366 * 400; i++) {
        int64_t wanted = i * day + i % day;
        CHECK(ferry_http_date_write(wanted, text));
        CHECK_INT(strlen(text), FERRY_HTTP_DATE_SIZE - 1);
        CHECK(ferry_http_date_read(ferry_span_of(text), 0, &seconds) && seconds == wanted);
    }
    CHECK(ferry_http_date_write(784111777, text));
    CHECK_STR(text, "Sun, 06 Nov 1994 08:49:37 GMT");
    CHECK(ferry_http_date_write(0, text));
    CHECK_STR(text, "Thu, 01 Jan 1970 00:00:00 GMT");
    CHECK(ferry_http_date_write(951782400, text));
    CHECK_STR(text, "Tue, 29 Feb 2000 00:00:00 GMT");
    CHECK(ferry_http_date_write(INT64_C(253402300799), text));
    CHECK_STR(text, "Fri, 31 Dec 9999 23:59:59 GMT");
    CHECK(!ferry_http_date_write(INT64_C(253402300800), text));
    CHECK(!ferry_http_date_write(-1, text));
}

/* ---- Notes ---- */

static const ferry_download_note level = {
    .url = {"http://h/level", 14},
    .etag = {"\"v1\"", 4},
    .modified = {"Sun, 06 Nov 1994 08:49:37 GMT", 29},
    .length = 20,
};

static char *note_text(const ferry_download_note *note) {
    const ferry_context context = {.allocator = ferry_default_allocator};
    return ferry_download_note_write(&context, note);
}

static bool spans_are_equal(ferry_span a, ferry_span b) {
    return a.length == b.length && (a.length == 0 || memcmp(a.data, b.data, a.length) == 0);
}

static void notes_are_read_as_they_were_written(void) {
    ferry_download_note notes[] = {level, level, level, level};
    notes[1].etag = (ferry_span){"", 0};
    notes[2].modified = (ferry_span){"", 0};
    notes[3].length = -1;
    for (size_t i = 0; i < sizeof notes / sizeof *notes; i++) {
        ferry_download_note read;
        char *text = note_text(&notes[i]);
        CHECK(text != NULL && ferry_download_note_read(text, &read));
        CHECK(spans_are_equal(read.url, notes[i].url));
        CHECK(spans_are_equal(read.etag, notes[i].etag));
        CHECK(spans_are_equal(read.modified, notes[i].modified));
        CHECK_INT(read.length, notes[i].length);
        free(text);
    }
}

static void note_that_was_cut_is_none(void) {
    char *text = note_text(&level);
    for (size_t length = strlen(text); length-- > 0;) {
        ferry_download_note read;
        text[length] = '\0';
        CHECK(!ferry_download_note_read(text, &read));
    }
    free(text);
}

/* What stands in it goes into header lines. */
static void note_with_control_characters_is_none(void) {
    char *text = note_text(&level);
    for (size_t i = 0; text[i] != '\0'; i++) {
        ferry_download_note read;
        char before = text[i];
        text[i] = '\r';
        CHECK(!ferry_download_note_read(text, &read));
        text[i] = '\x7f';
        CHECK(!ferry_download_note_read(text, &read));
        text[i] = before;
    }
    free(text);
}

static void note_of_another_kind_is_none(void) {
    static const char *const cases[] = {
        "",
        "ferry 2\nurl u\netag \nmodified \nlength 1\nend\n",
        "ferry 1\nurl \netag \nmodified \nlength 1\nend\n",
        "ferry 1\netag \nurl u\nmodified \nlength 1\nend\n",
        "ferry 1\nurl u\netag \nmodified \nlength -2\nend\n",
        "ferry 1\nurl u\netag \nmodified \nlength x\nend\n",
        "ferry 1\nurl u\netag \nmodified \nlength 1\nend\nmore",
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ferry_download_note read;
        CHECK(!ferry_download_note_read(cases[i], &read));
    }
}

static void note_that_would_be_too_long_is_not_written(void) {
    char *url = calloc(1, FERRY_NOTE_MAX);
    memset(url, 'u', FERRY_NOTE_MAX - 1);
    ferry_download_note note = level;
    note.url = (ferry_span){url, FERRY_NOTE_MAX - 1};
    CHECK(note_text(&note) == NULL);
    note.url.length = FERRY_NOTE_MAX / 2;
    char *text = note_text(&note);
    CHECK(text != NULL && strlen(text) + FERRY_NOTE_BINDING_SIZE < FERRY_NOTE_MAX);
    free(text);
    free(url);
}

static void note_without_memory_is_none(void) {
    counted_memory memory = {.fail_at = 1};
    const ferry_context context = {.allocator = counted_memory_allocator(&memory)};
    CHECK(ferry_download_note_write(&context, &level) == NULL);
}

static void note_is_bound_to_its_file(void) {
    char text[FERRY_NOTE_BINDING_SIZE + 4];
    bool is_bound;
    ferry_download_note_bind(text, 784111777, 20);
    strcat(text, "note");
    CHECK_STR(ferry_download_note_unbind(text, 784111777, 20, &is_bound), "note");
    CHECK(is_bound);
    CHECK_STR(ferry_download_note_unbind(text, 784111778, 20, &is_bound), "");
    CHECK(!is_bound);
    CHECK_STR(ferry_download_note_unbind(text, 784111777, 2, &is_bound), "");
    CHECK(!is_bound);
    CHECK_STR(ferry_download_note_unbind("784111777 20", 784111777, 20, &is_bound), "");
    CHECK(!is_bound);
}

int main(int argc, char **argv) {
    static const check_test tests[] = {
        CHECK_TEST(content_ranges_are_read),
        CHECK_TEST(content_ranges_that_make_no_sense_are_none),
        CHECK_TEST(entity_tags_are_strong_in_quotes_alone),
        CHECK_TEST(date_is_strong_a_minute_later),
        CHECK_TEST(dates_are_written_as_they_are_read),
        CHECK_TEST(notes_are_read_as_they_were_written),
        CHECK_TEST(note_that_was_cut_is_none),
        CHECK_TEST(note_with_control_characters_is_none),
        CHECK_TEST(note_of_another_kind_is_none),
        CHECK_TEST(note_that_would_be_too_long_is_not_written),
        CHECK_TEST(note_without_memory_is_none),
        CHECK_TEST(note_is_bound_to_its_file),
    };
    return CHECK_RUN(tests, argc, argv);
}
