/* SPDX-License-Identifier: MIT */
/* integrity: reads the text of digests; what is computed is compared as base64. */
#include "integrity.h"

#include "base/base64.h"
#include "base/span.h"

#include <string.h>

typedef struct integrity_kind {
    const char *prefix;
    size_t digest_size;
} integrity_kind;

static const integrity_kind kinds[] = {
    [FERRY_HASH_SHA256] = {"sha256-", 32},
    [FERRY_HASH_SHA384] = {"sha384-", 48},
    [FERRY_HASH_SHA512] = {"sha512-", 64},
};
enum { KIND_COUNT = sizeof kinds / sizeof *kinds };

/* Takes the next text up to a space off. False at the end. */
static bool integrity_take(ferry_span *text, ferry_span *element) {
    static const char spaces[] = " \t\r\n\f";
    while (text->length > 0 && strchr(spaces, text->data[0]) != NULL) {
        *text = ferry_span_skip(*text, 1);
    }
    *element = (ferry_span){text->data, ferry_span_find_any(*text, spaces)};
    *text = ferry_span_skip(*text, element->length);
    return element->length > 0;
}

static bool is_base64(ferry_span text) {
    for (size_t i = 0; i < text.length; i++) {
        char c = text.data[i];
        char lower = ferry_ascii_lower(c);
        bool is_pad = c == '=' && i + 2 >= text.length;
        bool is_sign =
            (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '/';
        if (!is_sign && !is_pad) {
            return false;
        }
    }
    return true;
}

/* The kind of one digest; -1: it is none. */
static int integrity_kind_of(ferry_span element, ferry_span *base64) {
    for (int kind = 0; kind < KIND_COUNT; kind++) {
        *base64 = element;
        if (ferry_span_take_prefix(base64, ferry_span_of(kinds[kind].prefix))) {
            bool fits = base64->length == ferry_base64_length(kinds[kind].digest_size);
            return fits && is_base64(*base64) ? kind : -1;
        }
    }
    return -1;
}

ferry_error ferry_integrity_read(ferry_context *context, const char *text, ferry_hash_kind *kind) {
    ferry_span rest = ferry_span_of(text);
    ferry_span element;
    ferry_span base64;
    int strongest = -1;
    while (integrity_take(&rest, &element)) {
        int found = integrity_kind_of(element, &base64);
        if (found < 0) {
            return ferry_fail(context, FERRY_ERROR_INVALID_PARAMETER,
                              "integrity has something that is not \"sha256-\", \"sha384-\" or "
                              "\"sha512-\" with the base64 of such a digest");
        }
        strongest = found > strongest ? found : strongest;
    }
    if (strongest < 0) {
        return ferry_fail(context, FERRY_ERROR_INVALID_PARAMETER, "integrity is empty");
    }
    *kind = (ferry_hash_kind)strongest;
    return FERRY_OK;
}

bool ferry_integrity_matches(const char *text, ferry_hash_kind kind, const unsigned char *digest,
                             size_t size) {
    char wanted[(FERRY_HASH_MAX_SIZE + 2) / 3 * 4];
    char *end = ferry_base64_write((ferry_span){(const char *)digest, size}, wanted);
    size_t length = (size_t)(end - wanted);
    ferry_span rest = ferry_span_of(text);
    ferry_span element;
    ferry_span base64;
    while (integrity_take(&rest, &element)) {
        if (integrity_kind_of(element, &base64) == (int)kind && base64.length == length &&
            memcmp(base64.data, wanted, length) == 0) {
            return true;
        }
    }
    return false;
}
