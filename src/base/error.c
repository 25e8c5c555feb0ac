/* SPDX-License-Identifier: MIT */
/* error: names and sentences for the public enumerations, made from the header's own list so that
 * none can be missing. */
#include "ferry.h"

#include <stddef.h>

typedef struct error_text {
    ferry_error error;
    const char *name;
    const char *message;
} error_text;

#define ERROR_TEXT(name, number, message) {FERRY_ERROR_##name, "FERRY_ERROR_" #name, message},

static const error_text error_texts[] = {FERRY_ERROR_MAP(ERROR_TEXT)};

static const error_text *error_find(ferry_error error) {
    for (size_t i = 0; i < sizeof error_texts / sizeof *error_texts; i++) {
        if (error_texts[i].error == error) {
            return &error_texts[i];
        }
    }
    return NULL;
}

const char *ferry_error_name(ferry_error error) {
    if (error == FERRY_OK) {
        return "FERRY_OK";
    }
    const error_text *text = error_find(error);
    return text == NULL ? "?" : text->name;
}

const char *ferry_error_message(ferry_error error) {
    const error_text *text = error_find(error);
    return text == NULL ? "an error that this version of ferry does not know" : text->message;
}

const char *ferry_status_name(ferry_status status) {
    switch (status) {
    case FERRY_STATUS_DISCONNECTED:
        return "DISCONNECTED";
    case FERRY_STATUS_RESOLVING:
        return "RESOLVING";
    case FERRY_STATUS_CANT_RESOLVE:
        return "CANT_RESOLVE";
    case FERRY_STATUS_CONNECTING:
        return "CONNECTING";
    case FERRY_STATUS_CANT_CONNECT:
        return "CANT_CONNECT";
    case FERRY_STATUS_CONNECTED:
        return "CONNECTED";
    case FERRY_STATUS_REQUESTING:
        return "REQUESTING";
    case FERRY_STATUS_BODY:
        return "BODY";
    case FERRY_STATUS_CONNECTION_ERROR:
        return "CONNECTION_ERROR";
    case FERRY_STATUS_TLS_HANDSHAKE_ERROR:
        return "TLS_HANDSHAKE_ERROR";
    }
    return "?";
}

const char *ferry_version(void) {
    return FERRY_VERSION_STRING;
}
