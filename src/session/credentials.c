/* SPDX-License-Identifier: MIT */
/* credentials: checks what the program gives before it becomes a header line. */
#include "credentials.h"

#include "base/base64.h"
#include "base/percent.h"

#include <string.h>

static const char basic[] = "Authorization: Basic ";
static const char bearer[] = "Authorization: Bearer ";

/* RFC 7617 section 2: no control characters, and no colon in the name. */
static ferry_error check_basic(ferry_context *context, ferry_span user, ferry_span password) {
    const ferry_span parts[] = {user, password};
    for (size_t i = 0; i < 2; i++) {
        for (size_t at = 0; at < parts[i].length; at++) {
            unsigned char c = (unsigned char)parts[i].data[at];
            if (c < 0x20 || c == 0x7f) {
                return ferry_fail(context, FERRY_ERROR_INVALID_PARAMETER,
                                  "the user name or the password has a control character");
            }
        }
    }
    if (user.length > 0 && memchr(user.data, ':', user.length) != NULL) {
        return ferry_fail(context, FERRY_ERROR_INVALID_PARAMETER,
                          "the user name has a colon, which Basic authentication cannot carry "
                          "(RFC 7617)");
    }
    return FERRY_OK;
}

static ferry_error make_basic(ferry_context *context, ferry_span user, ferry_span password,
                              char **line) {
    ferry_error error = check_basic(context, user, password);
    if (error != FERRY_OK) {
        return error;
    }
    size_t length = user.length + 1 + password.length;
    char *pair = ferry_alloc(context, length);
    char *made = ferry_alloc(context, sizeof basic + ferry_base64_length(length));
    if (pair == NULL || made == NULL) {
        ferry_free(context, pair);
        ferry_free(context, made);
        return ferry_fail_memory(context);
    }
    memcpy(pair, user.data, user.length);
    pair[user.length] = ':';
    memcpy(pair + user.length + 1, password.data, password.length);
    memcpy(made, basic, sizeof basic - 1);
    *ferry_base64_write((ferry_span){pair, length}, made + sizeof basic - 1) = '\0';
    ferry_wipe(pair, length);
    ferry_free(context, pair);
    *line = made;
    return FERRY_OK;
}

ferry_error ferry_credentials_basic(ferry_context *context, const char *user, const char *password,
                                    char **line) {
    return make_basic(context, ferry_span_of(user), ferry_span_of(password != NULL ? password : ""),
                      line);
}

/* A '%' that no two digits follow stands for itself, as the URL standard has it. */
static ferry_span userinfo_decode(ferry_span text, char *dst) {
    size_t length = 0;
    for (size_t i = 0; i < text.length; i++) {
        int decoded = ferry_percent_read(ferry_span_skip(text, i));
        dst[length++] = decoded >= 0 ? (char)decoded : text.data[i];
        i += decoded >= 0 ? FERRY_PERCENT_SIZE - 1 : 0;
    }
    return (ferry_span){dst, length};
}

ferry_error ferry_credentials_of_url(ferry_context *context, const char *userinfo, char **line) {
    size_t size = strlen(userinfo) + 1;
    char *decoded = ferry_alloc(context, size);
    if (decoded == NULL) {
        return ferry_fail_memory(context);
    }
    size_t name = strcspn(userinfo, ":");
    ferry_span user = userinfo_decode((ferry_span){userinfo, name}, decoded);
    ferry_span rest = ferry_span_of(userinfo + name + (userinfo[name] == ':'));
    ferry_span password = userinfo_decode(rest, decoded + user.length);
    ferry_error error = make_basic(context, user, password, line);
    ferry_wipe(decoded, size);
    ferry_free(context, decoded);
    return error;
}

ferry_error ferry_credentials_bearer(ferry_context *context, const char *token, char **line) {
    for (const char *at = token; *at != '\0'; at++) {
        if ((unsigned char)*at <= 0x20 || (unsigned char)*at >= 0x7f) {
            return ferry_fail(context, FERRY_ERROR_INVALID_PARAMETER,
                              "the bearer token has a space, a control character or a byte beyond "
                              "ASCII");
        }
    }
    size_t size = strlen(token) + 1;
    char *made = ferry_alloc(context, sizeof bearer + size);
    if (made == NULL) {
        return ferry_fail_memory(context);
    }
    memcpy(made, bearer, sizeof bearer - 1);
    memcpy(made + sizeof bearer - 1, token, size);
    *line = made;
    return FERRY_OK;
}

void ferry_credentials_free(const ferry_context *context, char *line) {
    if (line != NULL) {
        ferry_wipe(line, strlen(line));
        ferry_free(context, line);
    }
}
