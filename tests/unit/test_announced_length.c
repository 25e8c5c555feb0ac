/* SPDX-License-Identifier: MIT */
/* test_announced_length: pieces of a body, and its end, held against the length that was announced.
 */
#include "message/announced_length.h"

#include "check.h"

static ferry_context context;

static void pieces_may_fill_the_length_and_not_exceed_it(void) {
    CHECK_INT(ferry_announced_check_piece(&context, 5, 0), FERRY_OK);
    CHECK_INT(ferry_announced_check_piece(&context, 5, 5), FERRY_OK);
    CHECK_INT(ferry_announced_check_piece(&context, 0, 0), FERRY_OK);
    CHECK_INT(ferry_announced_check_piece(&context, 5, 6), FERRY_ERROR_INVALID_PARAMETER);
    CHECK_STR(context.detail, "6 bytes are more than the 5 that are left of the announced length");
    CHECK_INT(ferry_announced_check_piece(&context, 0, 1), FERRY_ERROR_INVALID_PARAMETER);
    CHECK_INT(ferry_announced_check_piece(&context, 0, SIZE_MAX), FERRY_ERROR_INVALID_PARAMETER);
}

static void the_end_comes_with_the_last_byte(void) {
    CHECK_INT(ferry_announced_check_end(&context, 0), FERRY_OK);
    CHECK_INT(ferry_announced_check_end(&context, 1), FERRY_ERROR_INVALID_PARAMETER);
    CHECK_STR(context.detail, "the body is 1 bytes shorter than announced");
}

static void without_a_length_there_is_nothing_to_hold(void) {
    CHECK_INT(ferry_announced_check_piece(&context, -1, SIZE_MAX), FERRY_OK);
    CHECK_INT(ferry_announced_check_end(&context, -1), FERRY_OK);
}

int main(int argc, char **argv) {
    static const check_test tests[] = {
        CHECK_TEST(pieces_may_fill_the_length_and_not_exceed_it),
        CHECK_TEST(the_end_comes_with_the_last_byte),
        CHECK_TEST(without_a_length_there_is_nothing_to_hold),
    };
    return CHECK_RUN(tests, argc, argv);
}
