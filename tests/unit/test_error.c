/* SPDX-License-Identifier: MIT */
/* test_error: the names, sentences and numbers that programs print and store. */
#include "ferry.h"

#include "check.h"

#include <string.h>

static void errors_have_the_names_of_their_enumerators(void) {
    CHECK_STR(ferry_error_name(FERRY_OK), "FERRY_OK");
    CHECK_STR(ferry_error_name(FERRY_ERROR_OK), "FERRY_OK");
    CHECK_STR(ferry_error_name(FERRY_ERROR_TIMEOUT), "FERRY_ERROR_TIMEOUT");
    CHECK_STR(ferry_error_name(FERRY_ERROR_NETWORK_OR_CORS), "FERRY_ERROR_NETWORK_OR_CORS");
}

static void every_error_has_a_name_and_a_sentence_of_its_own(void) {
    for (int i = 0; i <= FERRY_ERROR_NETWORK_OR_CORS; i++) {
        const char *message = ferry_error_message((ferry_error)i);
        CHECK(strlen(message) > 0 && message[strlen(message) - 1] != '.');
        for (int j = 0; j < i; j++) {
            CHECK(strcmp(message, ferry_error_message((ferry_error)j)) != 0);
            CHECK(strcmp(ferry_error_name((ferry_error)i), ferry_error_name((ferry_error)j)) != 0);
        }
    }
}

static void numbers_that_are_no_error_have_texts_too(void) {
#define COUNT(name, number, message) +1
    ferry_error past_the_last = (ferry_error)(0 FERRY_ERROR_MAP(COUNT));
#undef COUNT
    CHECK_STR(ferry_error_name(past_the_last), "?");
    CHECK_STR(ferry_error_message(past_the_last), "an error that this version of ferry does not "
                                                  "know");
}

static void statuses_have_the_names_of_their_enumerators(void) {
    static const char *const names[] = {"DISCONNECTED",
                                        "RESOLVING",
                                        "CANT_RESOLVE",
                                        "CONNECTING",
                                        "CANT_CONNECT",
                                        "CONNECTED",
                                        "REQUESTING",
                                        "BODY",
                                        "CONNECTION_ERROR",
                                        "TLS_HANDSHAKE_ERROR",
                                        "?"};
    for (int i = 0; i <= FERRY_STATUS_TLS_HANDSHAKE_ERROR + 1; i++) {
        CHECK_STR(ferry_status_name((ferry_status)i), names[i]);
    }
}

static void the_version_is_that_of_the_header(void) {
    CHECK_STR(ferry_version(), FERRY_VERSION_STRING);
}

static void tls_options_hold_what_they_are_given(void) {
    ferry_tls_options client = ferry_tls_options_client("pem", "name");
    CHECK_STR(client.ca_pem, "pem");
    CHECK_STR(client.verify_name, "name");
    CHECK(!client.unsafe);
    ferry_tls_options client_unsafe = ferry_tls_options_client_unsafe("pem");
    CHECK_STR(client_unsafe.ca_pem, "pem");
    CHECK(client_unsafe.verify_name == NULL);
    CHECK(client_unsafe.unsafe);
}

int main(int argc, char **argv) {
    static const check_test tests[] = {
        CHECK_TEST(errors_have_the_names_of_their_enumerators),
        CHECK_TEST(every_error_has_a_name_and_a_sentence_of_its_own),
        CHECK_TEST(numbers_that_are_no_error_have_texts_too),
        CHECK_TEST(statuses_have_the_names_of_their_enumerators),
        CHECK_TEST(the_version_is_that_of_the_header),
        CHECK_TEST(tls_options_hold_what_they_are_given),
    };
    return CHECK_RUN(tests, argc, argv);
}
