/* SPDX-License-Identifier: MIT */
/* check: the macros of the unit tests. A test program lists its tests and runs them:
 *
 *     static void chunk_size_over_63_bits_is_refused(void) { CHECK_INT(parse("8…"), FERRY_…); }
 *     int main(int argc, char **argv) {
 *         static const check_test tests[] = {CHECK_TEST(chunk_size_over_63_bits_is_refused)};
 *         return CHECK_RUN(tests, argc, argv);
 *     }
 *
 * A failed check is printed and counted; the test goes on. An argument runs only the tests whose
 * names contain it. */
#ifndef FERRY_TESTS_CHECK_H
#define FERRY_TESTS_CHECK_H

#include <stdbool.h>
#include <stddef.h>

typedef struct check_test {
    const char *name;
    void (*run)(void);
} check_test;

#define CHECK_TEST(function)                                                                       \
    { #function, function }
#define CHECK_RUN(tests, argc, argv) check_run((tests), sizeof(tests) / sizeof *(tests), argc, argv)

#define CHECK(condition) check_true((condition), #condition, __FILE__, __LINE__)
#define CHECK_INT(actual, expected)                                                                \
    check_int((long long)(actual), (long long)(expected), #actual, __FILE__, __LINE__)
#define CHECK_STR(actual, expected) check_str((actual), (expected), #actual, __FILE__, __LINE__)
#define CHECK_MEM(actual, actual_length, expected, expected_length)                                \
    check_mem((actual), (actual_length), (expected), (expected_length), #actual, __FILE__, __LINE__)
/* True where `text` contains `part`. */
#define CHECK_CONTAINS(text, part) check_contains((text), (part), #text, __FILE__, __LINE__)

/* Each returns whether the check held, for tests that cannot go on. */
bool check_true(bool holds, const char *what, const char *file, int line);
bool check_int(long long actual, long long expected, const char *what, const char *file, int line);
bool check_str(const char *actual, const char *expected, const char *what, const char *file,
               int line);
bool check_mem(const void *actual, size_t actual_length, const void *expected,
               size_t expected_length, const char *what, const char *file, int line);
bool check_contains(const char *text, const char *part, const char *what, const char *file,
                    int line);

/* How many checks of the test that runs have failed, for a line that says with what. */
int check_failures(void);

/* Runs the tests, prints "N passed, N failed", returns 0 if all passed. */
int check_run(const check_test *tests, size_t count, int argc, char **argv);

#endif
