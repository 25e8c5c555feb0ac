/* SPDX-License-Identifier: MIT */
/* tls_options_copy: copies everything into one block: one allocation can fail, and one block is
 * wiped. */
#include "tls_options_copy.h"

#include <assert.h>
#include <string.h>

struct ferry_tls_options_copy {
    ferry_tls_options options;
    size_t size; /* of the block */
    size_t end;  /* of what is in it */
    /* The list of pins, then texts. */
    const char *pins[];
};

static size_t text_size(const char *text) {
    return text != NULL ? strlen(text) + 1 : 0;
}

static size_t count_pins(const ferry_tls_options *options) {
    size_t count = 0;
    while (options->pins != NULL && options->pins[count] != NULL) {
        count++;
    }
    return count;
}

static size_t copy_size(const ferry_tls_options *options, size_t pin_count) {
    size_t size = sizeof(ferry_tls_options_copy) + (pin_count + 1) * sizeof *options->pins;
    const char *const texts[] = {
        options->ca_pem,  options->verify_name,  options->certificate_pem,
        options->key_pem, options->key_password, options->crl_pem,
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        size += text_size(texts[i]);
    }
    for (size_t i = 0; i < pin_count; i++) {
        size += text_size(options->pins[i]);
    }
    return size + options->ca_der.length;
}

static void *copy_put(ferry_tls_options_copy *copy, const void *data, size_t length) {
    char *at = (char *)copy + copy->end;
    assert(length <= copy->size - copy->end);
    if (length > 0) {
        memcpy(at, data, length);
    }
    copy->end += length;
    return at;
}

static const char *copy_put_text(ferry_tls_options_copy *copy, const char *text) {
    return text != NULL ? copy_put(copy, text, text_size(text)) : NULL;
}

ferry_tls_options_copy *ferry_tls_options_copy_new(const ferry_context *context,
                                                   const ferry_tls_options *options) {
    size_t pin_count = count_pins(options);
    size_t size = copy_size(options, pin_count);
    ferry_tls_options_copy *copy = ferry_alloc(context, size);
    if (copy == NULL) {
        return NULL;
    }
    *copy = (ferry_tls_options_copy){.options = *options, .size = size};
    copy->end = sizeof *copy + (pin_count + 1) * sizeof *copy->pins;
    for (size_t i = 0; i < pin_count; i++) {
        copy->pins[i] = copy_put_text(copy, options->pins[i]);
    }
    copy->pins[pin_count] = NULL;
    ferry_tls_options *to = &copy->options;
    to->pins = options->pins != NULL ? copy->pins : NULL;
    to->ca_pem = copy_put_text(copy, options->ca_pem);
    to->verify_name = copy_put_text(copy, options->verify_name);
    to->certificate_pem = copy_put_text(copy, options->certificate_pem);
    to->key_pem = copy_put_text(copy, options->key_pem);
    to->key_password = copy_put_text(copy, options->key_password);
    to->crl_pem = copy_put_text(copy, options->crl_pem);
    to->ca_der.data = copy_put(copy, options->ca_der.data, options->ca_der.length);
    return copy;
}

void ferry_tls_options_copy_free(const ferry_context *context, ferry_tls_options_copy *copy) {
    if (copy == NULL) {
        return;
    }
    volatile char *at = (volatile char *)copy;
    for (size_t left = copy->size; left > 0; left--) {
        *at++ = 0;
    }
    ferry_free(context, copy);
}

const ferry_tls_options *ferry_tls_options_copy_get(const ferry_tls_options_copy *copy) {
    return copy != NULL ? &copy->options : NULL;
}
