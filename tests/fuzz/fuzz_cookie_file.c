/* SPDX-License-Identifier: MIT */
/* fuzz_cookie_file: any bytes as a file of cookies: where they are taken, what is written of them
 * is read as the same, and where they are refused, nothing is stored. */
#include "session/cookie_file.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const int64_t now_s = 1795726800;

static void require(bool condition) {
    if (!condition) {
        abort();
    }
}

/* Reads the bytes into a new jar; NULL: they are refused. */
static ferry_cookie_jar *read_file(const void *data, size_t size) {
    ferry_cookie_jar *jar = ferry_cookie_jar_new(NULL);
    char *text = malloc(size > 0 ? size : 1); /* of exactly its size */
    require(jar != NULL && text != NULL);
    if (size > 0) {
        memcpy(text, data, size);
    }
    ferry_error error = ferry_cookie_file_read(jar, (ferry_span){text, size}, "file", now_s);
    free(text);
    if (error != FERRY_OK) {
        require(error == FERRY_ERROR_INVALID_DATA && jar->count == 0);
        ferry_cookie_jar_free(jar);
        return NULL;
    }
    return jar;
}

static ferry_buffer write_file(ferry_cookie_jar *jar) {
    ferry_buffer content;
    ferry_buffer_init(&content, FERRY_LIMIT_COOKIE_FILE, "the file");
    require(ferry_cookie_file_write(jar, &content, now_s) == FERRY_OK);
    return content;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    ferry_cookie_jar *jar = read_file(data, size);
    if (jar == NULL) {
        return 0;
    }
    ferry_buffer first = write_file(jar);
    ferry_cookie_jar *again = read_file(first.data, first.end);
    require(again != NULL);
    ferry_buffer second = write_file(again);
    require(second.end == first.end && memcmp(second.data, first.data, first.end) == 0);
    ferry_buffer_deinit(&first, &jar->context);
    ferry_buffer_deinit(&second, &again->context);
    ferry_cookie_jar_free(jar);
    ferry_cookie_jar_free(again);
    return 0;
}
