/* SPDX-License-Identifier: MIT */
/* with_jar: loads a jar, gets URLs one after another with its cookies, and saves it, for the tests
 * beside curl. usage: with_jar JAR URL... */
#include <ferry.h>
#include <stdio.h>

static int fail(const char *what, ferry_error error, const char *detail) {
    fprintf(stderr, "%s: %s: %s\n", what, ferry_error_name(error), detail);
    return 1;
}

static int get(ferry_session *session, const char *url) {
    ferry_transfer *transfer = ferry_session_get(session, url);
    ferry_error error = ferry_transfer_wait(transfer, -1);
    int failed =
        error != FERRY_OK ? fail(url, error, ferry_transfer_get_error_detail(transfer)) : 0;
    ferry_transfer_free(transfer);
    return failed;
}

int main(int argc, char **argv) {
    if (argc < 2) {
        return 2;
    }
    ferry_cookie_jar *jar = ferry_cookie_jar_new(NULL);
    ferry_session_options options = {.cookies = jar};
    ferry_session *session = ferry_session_new(&options);
    ferry_error error = ferry_cookie_jar_load(jar, argv[1]);
    int failed = 0;
    for (int i = 2; i < argc && error == FERRY_OK && !failed; i++) {
        failed = get(session, argv[i]);
    }
    if (error == FERRY_OK && !failed) {
        error = ferry_cookie_jar_save(jar, argv[1]);
    }
    if (error != FERRY_OK) {
        failed = fail(argv[1], error, ferry_cookie_jar_get_error_detail(jar));
    }
    ferry_session_free(session);
    ferry_cookie_jar_free(jar);
    return failed;
}
