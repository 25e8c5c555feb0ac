/* SPDX-License-Identifier: MIT */
/* ip: URLs and the rules of no_proxy hold the same addresses, so they are read in one place. */
#include "ip.h"

#include "base/number.h"

bool ferry_ip_read_v4(ferry_span text, uint16_t pieces[2]) {
    for (int i = 0; i < 4; i++) {
        const char *dot = memchr(text.data, '.', text.length);
        size_t length = dot != NULL ? (size_t)(dot - text.data) : text.length;
        ferry_span part = {text.data, length};
        int64_t number;
        if ((dot == NULL) != (i == 3) || length > 3 || !ferry_decimal_read(part, &number) ||
            number > 255 || (length > 1 && part.data[0] == '0')) {
            return false;
        }
        pieces[i / 2] = (uint16_t)(i % 2 == 0 ? number << 8 : pieces[i / 2] | number);
        text = ferry_span_skip(text, dot != NULL ? length + 1 : length);
    }
    return true;
}

/* Moves what stands behind "::" to the end and fills the gap with zeros. */
static bool ip_spread(uint16_t pieces[8], size_t count, size_t gap) {
    if (count == 8) {
        return false; /* "::" stands for one zero at least */
    }
    size_t behind = count - gap;
    memmove(pieces + 8 - behind, pieces + gap, behind * sizeof *pieces);
    memset(pieces + gap, 0, (8 - count) * sizeof *pieces);
    return true;
}

bool ferry_ip_read_v6(ferry_span text, uint16_t pieces[8]) {
    size_t count = 0;
    size_t gap = SIZE_MAX;
    if (text.length > 0 && text.data[0] == ':') {
        if (text.length < 2 || text.data[1] != ':') {
            return false;
        }
        gap = 0;
        text = ferry_span_skip(text, 2);
    }
    while (text.length > 0) {
        unsigned value = 0;
        size_t digits = 0;
        while (digits < 4 && digits < text.length && ferry_hex_value(text.data[digits]) >= 0) {
            value = value << 4 | (unsigned)ferry_hex_value(text.data[digits++]);
        }
        if (digits == 0 || count == 8) {
            return false;
        }
        if (digits < text.length && text.data[digits] == '.') {
            if (count > 6 || !ferry_ip_read_v4(text, pieces + count)) {
                return false;
            }
            count += 2;
            break;
        }
        pieces[count++] = (uint16_t)value;
        text = ferry_span_skip(text, digits);
        if (text.length == 0) {
            break;
        }
        if (text.data[0] != ':' || text.length == 1) {
            return false;
        }
        text = ferry_span_skip(text, 1);
        if (text.data[0] == ':') {
            if (gap != SIZE_MAX) {
                return false;
            }
            gap = count;
            text = ferry_span_skip(text, 1);
        }
    }
    return gap != SIZE_MAX ? ip_spread(pieces, count, gap) : count == 8;
}
