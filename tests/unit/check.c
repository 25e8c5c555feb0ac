/* SPDX-License-Identifier: MIT */
/* check: runs the tests of one program and reports what did not hold. */
#include "check.h"

#include <stdio.h>
#include <string.h>

static int failures;

static bool fail(const char *file, int line) {
    failures++;
    printf("    %s:%d: ", file, line);
    return false;
}

bool check_true(bool holds, const char *what, const char *file, int line) {
    if (!holds) {
        fail(file, line);
        printf("does not hold: %s\n", what);
    }
    return holds;
}

bool check_int(long long actual, long long expected, const char *what, const char *file, int line) {
    if (actual == expected) {
        return true;
    }
    fail(file, line);
    printf("%s is %lld, expected %lld\n", what, actual, expected);
    return false;
}

bool check_str(const char *actual, const char *expected, const char *what, const char *file,
               int line) {
    if (actual == expected || (actual && expected && strcmp(actual, expected) == 0)) {
        return true;
    }
    fail(file, line);
    printf("%s is \"%s\", expected \"%s\"\n", what, actual ? actual : "(null)",
           expected ? expected : "(null)");
    return false;
}

bool check_mem(const void *actual, size_t actual_length, const void *expected,
               size_t expected_length, const char *what, const char *file, int line) {
    if (actual_length == expected_length &&
        (actual_length == 0 || memcmp(actual, expected, actual_length) == 0)) {
        return true;
    }
    fail(file, line);
    printf("%s is %zu bytes \"%.*s\", expected %zu bytes \"%.*s\"\n", what, actual_length,
           actual_length > 200 ? 200 : (int)actual_length, (const char *)actual, expected_length,
           expected_length > 200 ? 200 : (int)expected_length, (const char *)expected);
    return false;
}

bool check_contains(const char *text, const char *part, const char *what, const char *file,
                    int line) {
    if (text && strstr(text, part)) {
        return true;
    }
    fail(file, line);
    printf("%s is \"%s\", which lacks \"%s\"\n", what, text ? text : "(null)", part);
    return false;
}

int check_failures(void) {
    return failures;
}

int check_run(const check_test *tests, size_t count, int argc, char **argv) {
    int passed = 0;
    int failed = 0;
    for (size_t i = 0; i < count; i++) {
        if (argc > 1 && !strstr(tests[i].name, argv[1])) {
            continue;
        }
        failures = 0;
        tests[i].run();
        if (failures == 0) {
            passed++;
        } else {
            failed++;
            printf("  failed: %s\n", tests[i].name);
        }
        fflush(stdout);
    }
    printf("%d passed, %d failed\n", passed, failed);
    return failed > 0 || passed == 0;
}
