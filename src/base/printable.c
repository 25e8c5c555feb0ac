/* SPDX-License-Identifier: MIT */
/* printable: makes a text fit for a terminal, wherever it came from. */
#include "ferry.h"

enum { INVALID = -1, REPLACEMENT = '?' };

/* The code point of a sequence of UTF-8 (RFC 3629 section 4), and how many bytes it has; INVALID
 * and 1 where it is none: too long a form, a surrogate, past the last one, cut off. */
static int32_t text_decode(const unsigned char *at, size_t *length) {
    static const int32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t count = at[0] < 0x80 ? 1 : at[0] < 0xc0 ? 0 : at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : 4;
    int32_t code = count <= 1 ? at[0] : at[0] & (0x7f >> count);
    *length = 1;
    if (count == 0 || at[0] > 0xf4) {
        return INVALID;
    }
    for (size_t i = 1; i < count; i++) {
        if ((at[i] & 0xc0) != 0x80) { /* the NUL at the end too */
            return INVALID;
        }
        code = code << 6 | (at[i] & 0x3f);
    }
    if (code < least[count] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) {
        return INVALID;
    }
    *length = count;
    return code;
}

/* C0, DEL and C1 move the cursor and more; line and paragraph separators and the marks of direction
 * (Unicode's Bidi_Control) make a text look like another one. */
static bool text_is_shown(int32_t code) {
    if (code < 0xa0) {
        return code >= 0x20 && code < 0x7f;
    }
    return code != 0x61c && code != 0x200e && code != 0x200f && (code < 0x2028 || code > 0x202e) &&
           (code < 0x2066 || code > 0x2069);
}

void ferry_text_make_printable(char *text) {
    char *out = text;
    while (*text != '\0') {
        size_t length;
        int32_t code = text_decode((const unsigned char *)text, &length);
        if (!text_is_shown(code)) {
            *out++ = REPLACEMENT;
            text += length;
            continue;
        }
        while (length-- > 0) {
            *out++ = *text++;
        }
    }
    *out = '\0';
}
