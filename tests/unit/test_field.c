/* SPDX-License-Identifier: MIT */
/* test_field: where lines end, how they are taken apart, and what is said and logged of them. */
#include "h1/field.h"

#include "check.h"

#include <stdio.h>
#include <string.h>

static ferry_context make_context(void) {
    return (ferry_context){
        .allocator = ferry_default_allocator, .max_head_bytes = 200, .max_header_count = 3};
}

/* Puts the text behind others of up to 16 bytes, since eight are looked at at once. */
static void expect_end(const char *text, size_t text_length, size_t at, size_t length) {
    char padded[64];
    for (size_t before = 0; before <= 16; before++) {
        memset(padded, 'x', before);
        memcpy(padded + before, text, text_length);
        ferry_h1_line_end end = ferry_h1_find_line_end(padded, padded + before + text_length);
        int failures = check_failures();
        CHECK_INT(end.at - padded, before + at);
        CHECK_INT(end.length, length);
        if (check_failures() > failures) {
            printf("        of \"%.*s\" behind %zu bytes\n", (int)text_length, text, before);
        }
    }
}

static void lines_end_at_crlf_or_a_bare_lf(void) {
    expect_end("a\r\nb", 4, 1, 2);
    expect_end("a\nb", 3, 1, 1);
    expect_end("\r\n", 2, 0, 2);
    expect_end("\n\r\n", 3, 0, 1);
    expect_end("a\tb\r\n", 5, 3, 2);
    expect_end("a\x80\x0e\xff\n", 5, 4, 1);
}

static void without_a_line_end_it_is_said_how_far_there_is_none(void) {
    expect_end("", 0, 0, FERRY_H1_NO_END);
    expect_end("abc", 3, 3, FERRY_H1_NO_END);
    expect_end("a\tb", 3, 3, FERRY_H1_NO_END);
    expect_end("abc\r", 4, 3, FERRY_H1_NO_END); /* whether it is bare is not known */
}

static void nul_and_a_bare_cr_are_bad_bytes(void) {
    expect_end("a\0\r\n", 4, 1, FERRY_H1_BAD_BYTE);
    expect_end("a\rb\r\n", 5, 1, FERRY_H1_BAD_BYTE);
    expect_end("a\r\r\n", 4, 1, FERRY_H1_BAD_BYTE);
}

static void a_line_is_a_token_a_colon_and_a_trimmed_value(void) {
    static const struct {
        const char *line; /* with its end, which is not part of it */
        const char *name; /* NULL: it is no field */
        const char *value;
    } rows[] = {
        {"A: 1\r\n", "A", "1"},          {"Name:value\r\n", "Name", "value"},
        {"ab:\t x y \t\n", "ab", "x y"}, {"abc:\r\n", "abc", ""},
        {"abcd: :\r\n", "abcd", ":"},    {"A : 1\r\n", NULL, NULL},
        {": 1\r\n", NULL, NULL},         {"abc\r\n", NULL, NULL},
        {" A: 1\r\n", NULL, NULL},       {"a(b: 1\r\n", NULL, NULL},
        {"\xc3\xa9: 1\n", NULL, NULL},   {"ab\x7f: 1\n", NULL, NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        ferry_span name;
        ferry_span value;
        ferry_span line = {rows[i].line, strcspn(rows[i].line, "\r\n")};
        bool is_field = ferry_h1_field_split(line, &name, &value);
        int failures = check_failures();
        CHECK_INT(is_field, rows[i].name != NULL);
        if (is_field && rows[i].name != NULL) {
            CHECK_MEM(name.data, name.length, rows[i].name, strlen(rows[i].name));
            CHECK_MEM(value.data, value.length, rows[i].value, strlen(rows[i].value));
        }
        if (check_failures() > failures) {
            printf("        of \"%s\"\n", rows[i].line);
        }
    }
}

static void a_line_is_plain_that_needs_no_other_spelling(void) {
    static const char *const plain[] = {"A: 1\r\n", "ab: x y\n", "abc: :\r\n", "a: \xc3\xa9\r\n"};
    static const char *const others[] = {
        "A:1\r\n", "A:\t1\r\n", "A:  1\r\n", "A: \t1\r\n", "A: 1 \r\n", "A: 1\t\r\n", "A: \r\n",
        "A:\r\n",  ": 1\r\n",   "A : 1\r\n", " A: 1\r\n",  "a(: 1\r\n", "A\r\n",
    };
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++) {
        ferry_span line = {plain[i], strcspn(plain[i], "\r\n")};
        size_t name_length = ferry_h1_field_name_length(line.data);
        CHECK_INT(name_length, strcspn(plain[i], ":"));
        CHECK(ferry_h1_field_is_plain(line, name_length));
    }
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        ferry_span line = {others[i], strcspn(others[i], "\r\n")};
        CHECK(!ferry_h1_field_is_plain(line, ferry_h1_field_name_length(line.data)));
    }
}

static void each_fault_of_a_line_has_its_words(void) {
    static const struct {
        const char *line;
        const char *words;
    } rows[] = {
        {"abc\r\n", "no colon in the line \"abc\""},
        {"a b: c\r\n", "an invalid field name in the line \"a b: c\""},
        {" x: y\r\n", "white space before the first field in the line \" x: y\""},
        {"Cookie secret\r\n", "no colon in the line \"Cookie\""},
        {"Authorization : secret\r\n", "an invalid field name in the line \"Authorization\""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        ferry_context context = make_context();
        ferry_span line = {rows[i].line, strcspn(rows[i].line, "\r\n")};
        CHECK_INT(ferry_h1_field_refuse(&context, line), FERRY_ERROR_PROTOCOL);
        CHECK_STR(context.detail, rows[i].words);
    }
    ferry_context context = make_context();
    CHECK_INT(ferry_h1_refuse_line(&context, FERRY_SPAN("Set-Cookie: secret")),
              FERRY_ERROR_PROTOCOL);
    CHECK_STR(context.detail, "a NUL or a bare CR in the line \"Set-Cookie\"");
    CHECK_INT(ferry_h1_refuse_line(&context, FERRY_SPAN(" secret")), FERRY_ERROR_PROTOCOL);
    CHECK_STR(context.detail, "a NUL or a bare CR in a folded line");
}

static void lines_are_added_one_by_one(void) {
    ferry_context context = make_context();
    ferry_headers headers;
    ferry_headers_init(&headers, &context);
    static const char *const lines[] = {"A: 1\r\n", "\t2 \r\n", "B:\r\n"};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        ferry_span line = {lines[i], strcspn(lines[i], "\r\n")};
        CHECK_INT(ferry_h1_field_add(&context, &headers, line), FERRY_OK);
    }
    CHECK_INT(ferry_h1_field_add(&context, &headers, (ferry_span){"x\r\n", 1}),
              FERRY_ERROR_PROTOCOL);
    CHECK_INT(ferry_h1_field_add(&context, &headers, (ferry_span){"C:3\r\n", 3}), FERRY_OK);
    CHECK_INT(ferry_h1_field_add(&context, &headers, (ferry_span){"D:4\r\n", 3}),
              FERRY_ERROR_TOO_LARGE);
    CHECK_CONTAINS(context.detail, "more than 3 header fields");
    CHECK_INT(ferry_headers_seal(&headers, &context), FERRY_OK);
    CHECK_STR(ferry_headers_lines(&headers)[0], "A: 1 2");
    CHECK_STR(ferry_headers_lines(&headers)[1], "B: ");
    CHECK_STR(ferry_headers_lines(&headers)[2], "C: 3");
    ferry_headers_deinit(&headers, &context);
}

static void a_fold_with_nothing_before_it_is_refused(void) {
    ferry_context context = make_context();
    ferry_headers headers;
    ferry_headers_init(&headers, &context);
    CHECK_INT(ferry_h1_field_add(&context, &headers, (ferry_span){" a: b\r\n", 5}),
              FERRY_ERROR_PROTOCOL);
    ferry_headers_deinit(&headers, &context);
}

static void line_note(void *ctx, ferry_log_kind kind, const char *line) {
    CHECK_INT(kind, FERRY_LOG_RESPONSE_HEAD);
    snprintf(ctx, 64, "%s", line);
}

static void secrets_are_logged_by_their_names(void) {
    static const struct {
        const char *line;
        const char *logged;
    } rows[] = {
        {"Age: 5", "Age: 5"},
        {" more", " more"},
        {"SET-COOKIE: secret", "SET-COOKIE: ***"},
        {" secret", " ***"},
        {"\tsecret", " ***"},
        {"Cookies: public", "Cookies: public"},
        {"authorization:secret", "authorization: ***"},
        {"Proxy-Authorization : secret", "Proxy-Authorization: ***"},
        {"Cookie", "Cookie: ***"},
        {"HTTP/1.1 200 OK", "HTTP/1.1 200 OK"},
    };
    char logged[64];
    bool is_secret = false;
    ferry_context context = make_context();
    context.log = line_note;
    context.log_ctx = logged;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        ferry_h1_field_log(&context, FERRY_LOG_RESPONSE_HEAD, ferry_span_of(rows[i].line),
                           &is_secret);
        CHECK_STR(logged, rows[i].logged);
    }
}

static void a_name_ends_with_its_line_whatever_stands_behind(void) {
    char logged[64];
    bool is_secret = false;
    ferry_context context = make_context();
    context.log = line_note;
    context.log_ctx = logged;
    ferry_h1_field_log(&context, FERRY_LOG_RESPONSE_HEAD, (ferry_span){"Cookies", 6}, &is_secret);
    CHECK_STR(logged, "Cookie: ***");
    CHECK(is_secret);
}

static void an_excerpt_is_printable_and_cut(void) {
    char excerpt[FERRY_H1_EXCERPT_SIZE];
    char text[100];
    CHECK_STR(ferry_h1_excerpt(FERRY_SPAN("a\0\x1b\x7f\x80z"), excerpt), "a????z");
    memset(text, 'x', sizeof text);
    ferry_h1_excerpt((ferry_span){text, FERRY_H1_EXCERPT_SIZE - 4}, excerpt);
    CHECK_INT(strlen(excerpt), FERRY_H1_EXCERPT_SIZE - 4);
    CHECK(strchr(excerpt, '.') == NULL);
    ferry_h1_excerpt((ferry_span){text, FERRY_H1_EXCERPT_SIZE - 3}, excerpt);
    CHECK_INT(strlen(excerpt), FERRY_H1_EXCERPT_SIZE - 1);
    CHECK_STR(excerpt + FERRY_H1_EXCERPT_SIZE - 4, "...");
}

int main(int argc, char **argv) {
    static const check_test tests[] = {
        CHECK_TEST(lines_end_at_crlf_or_a_bare_lf),
        CHECK_TEST(without_a_line_end_it_is_said_how_far_there_is_none),
        CHECK_TEST(nul_and_a_bare_cr_are_bad_bytes),
        CHECK_TEST(a_line_is_a_token_a_colon_and_a_trimmed_value),
        CHECK_TEST(a_line_is_plain_that_needs_no_other_spelling),
        CHECK_TEST(each_fault_of_a_line_has_its_words),
        CHECK_TEST(lines_are_added_one_by_one),
        CHECK_TEST(a_fold_with_nothing_before_it_is_refused),
        CHECK_TEST(secrets_are_logged_by_their_names),
        CHECK_TEST(a_name_ends_with_its_line_whatever_stands_behind),
        CHECK_TEST(an_excerpt_is_printable_and_cut),
    };
    return CHECK_RUN(tests, argc, argv);
}
