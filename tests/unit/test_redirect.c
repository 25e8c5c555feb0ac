/* SPDX-License-Identifier: MIT */
/* test_redirect: the Fetch standard's table of status and method. */
#include "check.h"
#include "session/redirect.h"

#include <stdio.h>

static void five_codes_are_redirects(void) {
    for (int code = 0; code < 1000; code++) {
        bool is_one = code == 301 || code == 302 || code == 303 || code == 307 || code == 308;
        CHECK_INT(ferry_redirect_is_code(code), is_one);
    }
}

typedef struct row {
    int code;
    const char *becomes_get; /* of METHODS: '1' where the next request is a GET */
} row;

static const struct {
    ferry_method method;
    const char *name;
} methods[] = {
    {FERRY_METHOD_GET, "GET"},         {FERRY_METHOD_HEAD, "HEAD"},
    {FERRY_METHOD_POST, "POST"},       {FERRY_METHOD_PUT, "PUT"},
    {FERRY_METHOD_DELETE, "DELETE"},   {FERRY_METHOD_PATCH, "PATCH"},
    {FERRY_METHOD_OPTIONS, "OPTIONS"}, {FERRY_METHOD_TRACE, "TRACE"},
};

static const row rows[] = {
    {301, "00100000"}, {302, "00100000"}, {303, "00111111"}, {307, "00000000"}, {308, "00000000"},
};

static void check_cell(const row *cells, size_t column) {
    bool expected = cells->becomes_get[column] == '1';
    int before = check_failures();
    CHECK_INT(ferry_redirect_becomes_get(cells->code, methods[column].method, NULL), expected);
    /* A name goes before the method. */
    CHECK_INT(ferry_redirect_becomes_get(cells->code, FERRY_METHOD_GET, methods[column].name),
              expected);
    CHECK_INT(ferry_redirect_becomes_get(cells->code, FERRY_METHOD_POST, methods[column].name),
              expected);
    if (check_failures() > before) {
        printf("    with %d after %s\n", cells->code, methods[column].name);
    }
}

static void method_after_each_code_is_the_standards(void) {
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        for (size_t column = 0; column < sizeof methods / sizeof *methods; column++) {
            check_cell(&rows[i], column);
        }
    }
}

/* Method names have case: "post" is another method than POST. */
static void unknown_methods_change_after_303_alone(void) {
    static const char *const names[] = {"post", "PROPFIND", "get", "HEADER"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        CHECK(!ferry_redirect_becomes_get(301, FERRY_METHOD_GET, names[i]));
        CHECK(!ferry_redirect_becomes_get(302, FERRY_METHOD_GET, names[i]));
        CHECK(ferry_redirect_becomes_get(303, FERRY_METHOD_GET, names[i]));
        CHECK(!ferry_redirect_becomes_get(307, FERRY_METHOD_GET, names[i]));
        CHECK(!ferry_redirect_becomes_get(308, FERRY_METHOD_GET, names[i]));
    }
}

int main(int argc, char **argv) {
    static const check_test tests[] = {
        CHECK_TEST(five_codes_are_redirects),
        CHECK_TEST(method_after_each_code_is_the_standards),
        CHECK_TEST(unknown_methods_change_after_303_alone),
    };
    return CHECK_RUN(tests, argc, argv);
}
