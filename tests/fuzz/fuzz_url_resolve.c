/* SPDX-License-Identifier: MIT */
/* fuzz_url_resolve: any base with any reference: what is resolved is a URL that stays as it is. */
#include "ferry.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition) {
    if (!condition) {
        abort();
    }
}

/* In memory of exactly the size that is promised to do; NULL where the reference is refused. */
static char *resolve(const char *base, const char *reference) {
    size_t size = 3 * ((base != NULL ? strlen(base) : 0) + strlen(reference)) + 32;
    char *url = malloc(size);
    const char *reason = NULL;
    require(url != NULL);
    ferry_error error = ferry_url_resolve(base, reference, url, size, &reason);
    require(error == FERRY_OK || error == FERRY_ERROR_INVALID_PARAMETER);
    require((error == FERRY_OK) == (reason == NULL));
    if (error != FERRY_OK) {
        free(url);
        return NULL;
    }
    return url;
}

/* What two parsers make of one URL is the same. */
static void check_parsed(const char *url, const char *text) {
    size_t size = 3 * strlen(text) + 16;
    char *storage = malloc(size);
    ferry_url parts;
    require(storage != NULL);
    require(ferry_url_parse(text, storage, size, &parts, NULL) == FERRY_OK);
    require(strstr(url, parts.host) != NULL && strstr(url, parts.target) != NULL);
    const char *fragment = strchr(url, '#');
    require((fragment == NULL) == (parts.fragment == NULL));
    require(fragment == NULL || strcmp(fragment + 1, parts.fragment) == 0);
    free(storage);
}

static void check_stays(const char *base, const char *url) {
    for (const char *at = url; *at != '\0'; at++) {
        require(*at > 0x20 && *at < 0x7f && *at != '<' && *at != '>');
    }
    char *again = resolve(NULL, url);
    require(again != NULL && strcmp(again, url) == 0);
    check_parsed(url, again);
    free(again);
    if (base != NULL) {
        again = resolve(base, url);
        require(again != NULL && strcmp(again, url) == 0);
        free(again);
    }
}

/* Base and reference are parted by the first NUL; without one there is no base. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char *text = malloc(size + 1);
    require(text != NULL);
    if (size > 0) {
        memcpy(text, data, size);
    }
    text[size] = '\0';
    size_t length = strlen(text);
    const char *base = length < size ? text : NULL;
    char *url = resolve(base, base != NULL ? text + length + 1 : text);
    if (url != NULL) {
        check_stays(base, url);
    }
    free(url);
    free(text);
    return 0;
}
