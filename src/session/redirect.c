/* SPDX-License-Identifier: MIT */
/* redirect: the tables of codes and methods. */
#include "redirect.h"

#include <string.h>

bool ferry_redirect_is_code(int code) {
    return code == FERRY_RESPONSE_MOVED_PERMANENTLY || code == FERRY_RESPONSE_FOUND ||
           code == FERRY_RESPONSE_SEE_OTHER || code == FERRY_RESPONSE_TEMPORARY_REDIRECT ||
           code == FERRY_RESPONSE_PERMANENT_REDIRECT;
}

static bool is_method(ferry_method method, const char *method_name, ferry_method wanted,
                      const char *wanted_name) {
    return method_name != NULL ? strcmp(method_name, wanted_name) == 0 : method == wanted;
}

bool ferry_redirect_becomes_get(int code, ferry_method method, const char *method_name) {
    if (code == FERRY_RESPONSE_SEE_OTHER) {
        return !is_method(method, method_name, FERRY_METHOD_GET, "GET") &&
               !is_method(method, method_name, FERRY_METHOD_HEAD, "HEAD");
    }
    return (code == FERRY_RESPONSE_MOVED_PERMANENTLY || code == FERRY_RESPONSE_FOUND) &&
           is_method(method, method_name, FERRY_METHOD_POST, "POST");
}
