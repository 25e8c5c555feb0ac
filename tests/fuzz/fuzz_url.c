/* SPDX-License-Identifier: MIT */
/* fuzz_url: any text as a URL: what is taken apart is clean, and means the same when put together
 * again. */
#include "ferry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition) {
    if (!condition) {
        abort();
    }
}

static bool is_clean(const char *text, const char *forbidden) {
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;
        if (c <= 0x20 || c >= 0x7f || strchr(forbidden, *text) != NULL) {
            return false;
        }
    }
    return true;
}

/* Storage of exactly the size that is promised to do. */
static char *parse(const char *text, ferry_url *url, ferry_error *error) {
    size_t size = 3 * strlen(text) + 16;
    char *storage = malloc(size);
    const char *reason = NULL;
    require(storage != NULL);
    *error = ferry_url_parse(text, storage, size, url, &reason);
    require((*error == FERRY_OK) == (reason == NULL));
    return storage;
}

static bool is_same_text(const char *a, const char *b) {
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static void check_again(const ferry_url *url) {
    const char *userinfo = url->userinfo != NULL ? url->userinfo : "";
    bool is_ipv6 = strchr(url->host, ':') != NULL;
    size_t size = strlen(url->host) + strlen(url->target) + strlen(userinfo) + 64;
    char *text = malloc(size);
    require(text != NULL);
    snprintf(text, size, "%s://%s%s%s%s%s:%d%s", url->secure ? "https" : "http", userinfo,
             url->userinfo != NULL ? "@" : "", is_ipv6 ? "[" : "", url->host, is_ipv6 ? "]" : "",
             url->port, url->target);
    ferry_url again;
    ferry_error error;
    char *storage = parse(text, &again, &error);
    require(error == FERRY_OK);
    require(again.secure == url->secure && again.port == url->port);
    require(strcmp(again.host, url->host) == 0);
    require(strcmp(again.target, url->target) == 0);
    require(is_same_text(again.userinfo, url->userinfo));
    free(storage);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char *text = malloc(size + 1);
    require(text != NULL);
    if (size > 0) {
        memcpy(text, data, size);
    }
    text[size] = '\0';
    ferry_url url;
    ferry_error error;
    char *storage = parse(text, &url, &error);
    if (error == FERRY_OK) {
        require(url.port >= 1 && url.port <= 65535);
        require(url.host[0] != '\0' &&
                is_clean(url.host, "#/<>?@[\\]^|%ABCDEFGHIJKLMNOPQRSTUVWXYZ"));
        require(url.target[0] == '/' && is_clean(url.target, "#\"<>"));
        require(url.userinfo == NULL || is_clean(url.userinfo, "#/?@[\\]"));
        require(url.fragment == NULL || is_clean(url.fragment, "\"<>`"));
        check_again(&url);
    } else {
        require(error == FERRY_ERROR_INVALID_PARAMETER);
    }
    free(storage);
    free(text);
    return 0;
}
