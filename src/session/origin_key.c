/* SPDX-License-Identifier: MIT */
/* origin_key: bytes that are equal where connections may be shared, and that hold all that making
 * one takes. */
#include "origin_key.h"

#include "base/format.h"
#include "message/tls_pack.h"

#include <string.h>

/* What options have that is no text. Padding is zeroed, so that keys can be compared. */
typedef struct key_numbers {
    uint64_t ca_der_length;
    uint64_t pin_count;
    uintptr_t cache;
    int32_t min_version;
    int32_t first_cipher;
    uint32_t is_unsafe;
    uint32_t texts; /* a bit for each that is not NULL */
} key_numbers;

enum { KEY_TEXTS = 6 };

static void list_texts(ferry_tls_options *tls, const char **slots[KEY_TEXTS]) {
    slots[0] = &tls->ca_pem;
    slots[1] = &tls->verify_name;
    slots[2] = &tls->certificate_pem;
    slots[3] = &tls->key_pem;
    slots[4] = &tls->key_password;
    slots[5] = &tls->crl_pem;
}

/* A list of no pins is none. */
static bool is_zeroed(const key_numbers *numbers) {
    static const key_numbers zero;
    return memcmp(numbers, &zero, sizeof zero) == 0;
}

static ferry_error key_put_text(ferry_buffer *key, ferry_context *context, const char *text) {
    return text != NULL ? ferry_buffer_append(key, context, text, strlen(text) + 1) : FERRY_OK;
}

ferry_error ferry_origin_key_write_tls(ferry_buffer *key, ferry_context *context,
                                       const ferry_tls_options *options) {
    if (options == NULL) {
        return FERRY_OK;
    }
    ferry_tls_options tls = *options;
    const char **slots[KEY_TEXTS];
    list_texts(&tls, slots);
    key_numbers numbers;
    memset(&numbers, 0, sizeof numbers);
    numbers.ca_der_length = tls.ca_der.length;
    numbers.pin_count = ferry_tls_count_pins(&tls);
    numbers.cache = (uintptr_t)tls.cache;
    numbers.min_version = (int32_t)tls.min_version;
    numbers.first_cipher = (int32_t)tls.first_cipher;
    numbers.is_unsafe = tls.unsafe;
    for (unsigned i = 0; i < KEY_TEXTS; i++) {
        numbers.texts |= *slots[i] != NULL ? 1u << i : 0;
    }
    if (is_zeroed(&numbers)) {
        return FERRY_OK;
    }
    ferry_error error = ferry_buffer_append(key, context, &numbers, sizeof numbers);
    for (unsigned i = 0; i < KEY_TEXTS && error == FERRY_OK; i++) {
        error = key_put_text(key, context, *slots[i]);
    }
    for (size_t i = 0; i < numbers.pin_count && error == FERRY_OK; i++) {
        error = key_put_text(key, context, tls.pins[i]);
    }
    if (error == FERRY_OK && tls.ca_der.length > 0) {
        error = ferry_buffer_append(key, context, tls.ca_der.data, tls.ca_der.length);
    }
    return error;
}

ferry_error ferry_origin_key_write(ferry_buffer *key, ferry_context *context, const ferry_url *url,
                                   const ferry_tls_options *tls) {
    char port[16];
    ferry_format(port, sizeof port, ":%d", url->port);
    bool is_ipv6 = strchr(url->host, ':') != NULL;
    const char *const parts[] = {
        url->secure ? "https://" : "http://",
        is_ipv6 ? "[" : "",
        url->host,
        is_ipv6 ? "]" : "",
    };
    ferry_error error = FERRY_OK;
    for (size_t i = 0; i < sizeof parts / sizeof *parts && error == FERRY_OK; i++) {
        error = ferry_buffer_append(key, context, parts[i], strlen(parts[i]));
    }
    /* The host ends here, for who reads the key as a text. */
    if (error == FERRY_OK) {
        error = ferry_buffer_append(key, context, "", 1);
    }
    if (error == FERRY_OK) {
        error = ferry_buffer_append(key, context, port, strlen(port) + 1);
    }
    if (error == FERRY_OK && url->secure) {
        error = ferry_origin_key_write_tls(key, context, tls);
    }
    return error;
}

size_t ferry_origin_key_count_pins(const char *bytes, size_t length) {
    key_numbers numbers;
    if (length < sizeof numbers) {
        return 0;
    }
    memcpy(&numbers, bytes, sizeof numbers);
    return (size_t)numbers.pin_count;
}

static const char *key_take_text(const char **at) {
    const char *text = *at;
    *at += strlen(text) + 1;
    return text;
}

bool ferry_origin_key_read_tls(const char *bytes, size_t length, const char **pins,
                               ferry_tls_options *tls) {
    *tls = (ferry_tls_options){0};
    key_numbers numbers;
    if (length < sizeof numbers) {
        return false;
    }
    memcpy(&numbers, bytes, sizeof numbers);
    const char *at = bytes + sizeof numbers;
    const char **slots[KEY_TEXTS];
    list_texts(tls, slots);
    for (unsigned i = 0; i < KEY_TEXTS; i++) {
        if ((numbers.texts >> i & 1) != 0) {
            *slots[i] = key_take_text(&at);
        }
    }
    for (size_t i = 0; i < numbers.pin_count; i++) {
        pins[i] = key_take_text(&at);
    }
    pins[numbers.pin_count] = NULL;
    tls->pins = numbers.pin_count > 0 ? pins : NULL;
    tls->ca_der =
        (ferry_slice){numbers.ca_der_length > 0 ? at : NULL, (size_t)numbers.ca_der_length};
    tls->cache = (ferry_tls_cache *)numbers.cache;
    tls->min_version = (ferry_tls_version)numbers.min_version;
    tls->first_cipher = (ferry_tls_cipher)numbers.first_cipher;
    tls->unsafe = numbers.is_unsafe != 0;
    return true;
}

/* FNV-1a. */
uint64_t ferry_origin_key_hash(const char *key, size_t length) {
    uint64_t hash = 14695981039346656037u;
    for (size_t i = 0; i < length; i++) {
        hash = (hash ^ (unsigned char)key[i]) * 1099511628211u;
    }
    return hash;
}
