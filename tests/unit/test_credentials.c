/* SPDX-License-Identifier: MIT */
/* test_credentials: Authorization lines, and what cannot be one. */
#include "check.h"
#include "counted_memory.h"
#include "session/credentials.h"

#include <stdio.h>
#include <string.h>

static counted_memory memory;
static ferry_context context;

static void begin(void) {
    memory = (counted_memory){0};
    context = (ferry_context){.allocator = counted_memory_allocator(&memory)};
}

static void check_line(ferry_error error, char *const *made, const char *expected) {
    char *line = *made; /* once the call that makes it has returned */
    CHECK_INT(error, FERRY_OK);
    CHECK_STR(line, expected);
    ferry_credentials_free(&context, line);
    CHECK_INT(memory.live, 0);
}

static void check_basic(const char *user, const char *password, const char *expected) {
    begin();
    char *line = NULL;
    check_line(ferry_credentials_basic(&context, user, password, &line), &line, expected);
}

static void check_url(const char *userinfo, const char *expected) {
    begin();
    char *line = NULL;
    check_line(ferry_credentials_of_url(&context, userinfo, &line), &line, expected);
}

/* The example of RFC 7617 section 2, and each length of the last group. */
static void basic_is_base64_of_user_and_password(void) {
    check_basic("Aladdin", "open sesame", "Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
    check_basic("test", "123\xc2\xa3", "Authorization: Basic dGVzdDoxMjPCow==");
    check_basic("a", "", "Authorization: Basic YTo=");
    check_basic("a", "b", "Authorization: Basic YTpi");
    check_basic("a", "bc", "Authorization: Basic YTpiYw==");
}

static void password_that_is_absent_is_empty(void) {
    check_basic("a", NULL, "Authorization: Basic YTo=");
    check_basic("", NULL, "Authorization: Basic Og==");
}

static void password_may_have_colons(void) {
    check_basic("a", "b:c", "Authorization: Basic YTpiOmM=");
    check_url("a:b:c", "Authorization: Basic YTpiOmM=");
}

static void url_credentials_are_decoded(void) {
    check_url("Aladdin:open%20sesame", "Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
    check_url("a", "Authorization: Basic YTo=");
    check_url("a:", "Authorization: Basic YTo=");
    check_url(":b", "Authorization: Basic OmI=");
    check_url("a:b%3ac%3A", "Authorization: Basic YTpiOmM6");
    check_url("a:%", "Authorization: Basic YTol");
    check_url("a:%4", "Authorization: Basic YTolNA==");
    check_url("a:%zz", "Authorization: Basic YToleno=");
}

static void check_refused(ferry_error error, char *const *made) {
    const char *line = *made;
    CHECK_INT(error, FERRY_ERROR_INVALID_PARAMETER);
    CHECK(line == NULL);
    CHECK(context.detail[0] != '\0');
    CHECK(strstr(context.detail, "hush") == NULL); /* the detail goes to logs */
    CHECK_INT(memory.live, 0);
}

static void control_characters_are_refused(void) {
    for (int c = 1; c < 0x80; c++) {
        if (c >= 0x20 && c != 0x7f) {
            continue;
        }
        const char text[] = {'h', 'u', 's', 'h', (char)c, '\0'};
        char encoded[20];
        snprintf(encoded, sizeof encoded, "hush%%%02x", c);
        char *line = NULL;
        begin();
        check_refused(ferry_credentials_basic(&context, text, "x", &line), &line);
        begin();
        check_refused(ferry_credentials_basic(&context, "x", text, &line), &line);
        begin();
        check_refused(ferry_credentials_of_url(&context, encoded, &line), &line);
        begin();
        check_refused(ferry_credentials_bearer(&context, text, &line), &line);
    }
}

/* "%00" would end the password for some servers and not for others. */
static void nul_in_a_url_is_refused(void) {
    begin();
    char *line = NULL;
    check_refused(ferry_credentials_of_url(&context, "hush:a%00b", &line), &line);
}

static void user_with_a_colon_is_refused(void) {
    char *line = NULL;
    begin();
    check_refused(ferry_credentials_basic(&context, "hush:", "x", &line), &line);
    begin();
    check_refused(ferry_credentials_of_url(&context, "hush%3a:x", &line), &line);
}

static void bearer_is_the_token(void) {
    begin();
    char *line = NULL;
    check_line(ferry_credentials_bearer(&context, "mF_9.B5f-4.1JqM", &line), &line,
               "Authorization: Bearer mF_9.B5f-4.1JqM");
}

static void bearer_with_spaces_or_beyond_ascii_is_refused(void) {
    static const char *const tokens[] = {"hush hush", " hush", "hush\xc3\xa4", "hush\x7f"};
    for (size_t i = 0; i < sizeof tokens / sizeof *tokens; i++) {
        begin();
        char *line = NULL;
        check_refused(ferry_credentials_bearer(&context, tokens[i], &line), &line);
    }
}

static ferry_error make_any(int kind, char **line) {
    switch (kind) {
    case 0:
        return ferry_credentials_basic(&context, "a", "b", line);
    case 1:
        return ferry_credentials_of_url(&context, "a:b", line);
    default:
        return ferry_credentials_bearer(&context, "a", line);
    }
}

static void every_allocation_may_fail(void) {
    for (int kind = 0; kind < 3; kind++) {
        ferry_error error = FERRY_ERROR_OUT_OF_MEMORY;
        size_t n = 0;
        while (error != FERRY_OK && n < 10) {
            begin();
            memory.fail_at = ++n;
            char *line = NULL;
            error = make_any(kind, &line);
            CHECK(error == FERRY_OK || error == FERRY_ERROR_OUT_OF_MEMORY);
            CHECK_INT(line != NULL, error == FERRY_OK);
            ferry_credentials_free(&context, line);
            CHECK_INT(memory.live, 0);
        }
        CHECK(n > 1 && n < 10);
    }
}

int main(int argc, char **argv) {
    static const check_test tests[] = {
        CHECK_TEST(basic_is_base64_of_user_and_password),
        CHECK_TEST(password_that_is_absent_is_empty),
        CHECK_TEST(password_may_have_colons),
        CHECK_TEST(url_credentials_are_decoded),
        CHECK_TEST(control_characters_are_refused),
        CHECK_TEST(nul_in_a_url_is_refused),
        CHECK_TEST(user_with_a_colon_is_refused),
        CHECK_TEST(bearer_is_the_token),
        CHECK_TEST(bearer_with_spaces_or_beyond_ascii_is_refused),
        CHECK_TEST(every_allocation_may_fail),
    };
    return CHECK_RUN(tests, argc, argv);
}
