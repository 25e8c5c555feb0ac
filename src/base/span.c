/* SPDX-License-Identifier: MIT */
/* span: the small comparisons and cuts that every header field goes through. They use tables and go
 * over the bytes once. */
#include "span.h"

/* RFC 9110 section 5.6.2: "!#$%&'*+-.^_`|~", digits and letters. */
const bool ferry_tchar_table[256] = {
    ['!'] = true, ['#'] = true, ['$'] = true, ['%'] = true, ['&'] = true, ['\''] = true,
    ['*'] = true, ['+'] = true, ['-'] = true, ['.'] = true, ['^'] = true, ['_'] = true,
    ['`'] = true, ['|'] = true, ['~'] = true, ['0'] = true, ['1'] = true, ['2'] = true,
    ['3'] = true, ['4'] = true, ['5'] = true, ['6'] = true, ['7'] = true, ['8'] = true,
    ['9'] = true, ['A'] = true, ['B'] = true, ['C'] = true, ['D'] = true, ['E'] = true,
    ['F'] = true, ['G'] = true, ['H'] = true, ['I'] = true, ['J'] = true, ['K'] = true,
    ['L'] = true, ['M'] = true, ['N'] = true, ['O'] = true, ['P'] = true, ['Q'] = true,
    ['R'] = true, ['S'] = true, ['T'] = true, ['U'] = true, ['V'] = true, ['W'] = true,
    ['X'] = true, ['Y'] = true, ['Z'] = true, ['a'] = true, ['b'] = true, ['c'] = true,
    ['d'] = true, ['e'] = true, ['f'] = true, ['g'] = true, ['h'] = true, ['i'] = true,
    ['j'] = true, ['k'] = true, ['l'] = true, ['m'] = true, ['n'] = true, ['o'] = true,
    ['p'] = true, ['q'] = true, ['r'] = true, ['s'] = true, ['t'] = true, ['u'] = true,
    ['v'] = true, ['w'] = true, ['x'] = true, ['y'] = true, ['z'] = true,
};

/* How many bytes there are before the first comma that separates. */
static size_t span_element_length(ferry_span list) {
    bool quoted = false;
    for (size_t i = 0; i < list.length; i++) {
        char c = list.data[i];
        if (c == '"') {
            quoted = !quoted;
        } else if (quoted && c == '\\') {
            i++; /* quoted-pair, RFC 9110 section 5.6.4 */
        } else if (!quoted && c == ',') {
            return i;
        }
    }
    return list.length;
}

static bool span_same_bytes(const char *a, const char *b, size_t length) {
    for (size_t i = 0; i < length; i++) {
        if (a[i] != b[i] && ferry_ascii_lower(a[i]) != ferry_ascii_lower(b[i])) {
            return false;
        }
    }
    return true;
}

bool ferry_span_starts_with(ferry_span text, ferry_span prefix) {
    size_t length = prefix.length;
    if (text.length < length) {
        return false;
    }
    /* What is compared is mostly spelled alike; the case matters only where it is not. */
    return memcmp(text.data, prefix.data, length) == 0 ||
           span_same_bytes(text.data, prefix.data, length);
}

size_t ferry_span_find_any(ferry_span text, const char *set) {
    if (set[0] != '\0' && set[1] == '\0') {
        const char *found = text.length > 0 ? memchr(text.data, set[0], text.length) : NULL;
        return found != NULL ? (size_t)(found - text.data) : text.length;
    }
    uint64_t bits[4] = {0}; /* one for each byte */
    for (const unsigned char *at = (const unsigned char *)set; *at != '\0'; at++) {
        bits[*at / 64] |= (uint64_t)1 << *at % 64;
    }
    for (size_t i = 0; i < text.length; i++) {
        unsigned char c = (unsigned char)text.data[i];
        if ((bits[c / 64] >> c % 64 & 1) != 0) {
            return i;
        }
    }
    return text.length;
}

bool ferry_span_take_prefix(ferry_span *text, ferry_span prefix) {
    bool is_there = ferry_span_starts_with(*text, prefix);
    if (is_there) {
        *text = ferry_span_skip(*text, prefix.length);
    }
    return is_there;
}

bool ferry_span_is_token(ferry_span text) {
    for (size_t i = 0; i < text.length; i++) {
        if (!ferry_is_tchar((unsigned char)text.data[i])) {
            return false;
        }
    }
    return text.length > 0;
}

bool ferry_span_next_element(ferry_span *list, ferry_span *element) {
    while (list->length > 0) {
        size_t length = span_element_length(*list);
        size_t taken = length < list->length ? length + 1 : length;
        ferry_span found = ferry_span_trim((ferry_span){list->data, length});
        list->data += taken;
        list->length -= taken;
        if (found.length > 0) {
            *element = found;
            return true;
        }
    }
    return false;
}

char ferry_ascii_lower(char c) {
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}
