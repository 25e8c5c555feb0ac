/* SPDX-License-Identifier: MIT */
/* ip: reads and writes addresses in one place, for URLs, rules and sockets. */
#include "ip.h"

#include "base/number.h"
#include "host.h"

enum { IPV4_BYTES = 4, IPV6_BYTES = 16 };

/* ---- As everybody writes them ---- */

/* Takes what is before the next dot; false where it was the last. */
static bool ip_next_part(ferry_span *text, ferry_span *part) {
    size_t length = ferry_span_find_any(*text, ".");
    bool has_dot = length < text->length;
    *part = (ferry_span){text->data, length};
    *text = ferry_span_skip(*text, has_dot ? length + 1 : length);
    return has_dot;
}

bool ferry_ip_read_v4(ferry_span text, ferry_ip *ip) {
    ip->length = IPV4_BYTES;
    for (size_t i = 0; i < IPV4_BYTES; i++) {
        ferry_span part;
        int64_t number;
        bool has_dot = ip_next_part(&text, &part);
        if (has_dot != (i + 1 < IPV4_BYTES) || part.length > 3 ||
            !ferry_decimal_read(part, &number) || number > 255 ||
            (part.length > 1 && part.data[0] == '0')) {
            return false;
        }
        ip->bytes[i] = (unsigned char)number;
    }
    return true;
}

/* One to four hexadecimal digits as two bytes. Returns how many digits there are. */
static size_t ip_read_piece(ferry_span text, unsigned char bytes[2]) {
    unsigned value = 0;
    size_t digits = 0;
    while (digits < 4 && digits < text.length && ferry_hex_value(text.data[digits]) >= 0) {
        value = value << 4 | (unsigned)ferry_hex_value(text.data[digits++]);
    }
    bytes[0] = (unsigned char)(value >> 8);
    bytes[1] = (unsigned char)(value & 0xff);
    return digits;
}

/* Moves what stands behind "::" to the end and fills the gap with zeros. */
static bool ip_spread(unsigned char bytes[IPV6_BYTES], size_t count, size_t gap) {
    if (count == IPV6_BYTES) {
        return false; /* "::" stands for one piece at least */
    }
    size_t behind = count - gap;
    memmove(bytes + IPV6_BYTES - behind, bytes + gap, behind);
    memset(bytes + gap, 0, IPV6_BYTES - count);
    return true;
}

bool ferry_ip_read_v6(ferry_span text, ferry_ip *ip) {
    size_t count = 0;
    size_t gap = ferry_span_take_prefix(&text, FERRY_SPAN("::")) ? 0 : SIZE_MAX;
    ip->length = IPV6_BYTES;
    while (text.length > 0) {
        unsigned char piece[2];
        ferry_ip last;
        size_t digits = ip_read_piece(text, piece);
        if (digits == 0 || count == IPV6_BYTES) {
            return false;
        }
        if (digits < text.length && text.data[digits] == '.') {
            if (count > IPV6_BYTES - IPV4_BYTES || !ferry_ip_read_v4(text, &last)) {
                return false;
            }
            memcpy(ip->bytes + count, last.bytes, IPV4_BYTES);
            count += IPV4_BYTES;
            break;
        }
        memcpy(ip->bytes + count, piece, sizeof piece);
        count += sizeof piece;
        text = ferry_span_skip(text, digits);
        if (text.length == 0) {
            break;
        }
        if (!ferry_span_take_prefix(&text, FERRY_SPAN(":")) || text.length == 0) {
            return false;
        }
        if (ferry_span_take_prefix(&text, FERRY_SPAN(":"))) {
            if (gap != SIZE_MAX) {
                return false;
            }
            gap = count;
        }
    }
    return gap != SIZE_MAX ? ip_spread(ip->bytes, count, gap) : count == IPV6_BYTES;
}

bool ferry_ip_read(ferry_span text, ferry_ip *ip) {
    return ferry_ip_read_v4(text, ip) || ferry_ip_read_v6(text, ip);
}

ferry_span ferry_ip_cut_zone(ferry_span *text) {
    size_t length = ferry_span_find_any(*text, "%");
    if (length == text->length) {
        return (ferry_span){NULL, 0};
    }
    ferry_span zone = ferry_span_skip(*text, length + 1);
    text->length = length;
    return zone;
}

/* ---- As URLs may write them ---- */

/* URL standard, IPv4 number parser. Numbers over 32 bits become UINT64_MAX. */
static bool ip_read_url_number(ferry_span text, uint64_t *number) {
    int base = 10;
    if (text.length == 0) {
        return false;
    }
    if (ferry_span_take_prefix(&text, FERRY_SPAN("0x"))) {
        base = 16;
    } else if (text.length > 1 && text.data[0] == '0') {
        base = 8;
    }
    uint64_t value = 0;
    for (size_t i = 0; i < text.length; i++) {
        int digit = ferry_hex_value(text.data[i]);
        if (digit < 0 || digit >= base) {
            return false;
        }
        value = value > UINT32_MAX ? value : value * (uint64_t)base + (uint64_t)digit;
    }
    *number = value > UINT32_MAX ? UINT64_MAX : value;
    return true;
}

bool ferry_ip_is_meant_as_v4(ferry_span host) {
    ferry_span last;
    uint64_t number;
    host = ferry_host_without_dot(host);
    while (ip_next_part(&host, &last)) {
    }
    size_t digits = 0;
    while (digits < last.length && ferry_is_digit(last.data[digits])) {
        digits++;
    }
    return last.length > 0 && (digits == last.length || ip_read_url_number(last, &number));
}

bool ferry_ip_read_url_v4(ferry_span host, ferry_ip *ip) {
    uint64_t sum = 0;
    ip->length = IPV4_BYTES;
    host = ferry_host_without_dot(host);
    for (int parts = 1; parts <= IPV4_BYTES; parts++) {
        ferry_span part;
        uint64_t number;
        bool has_dot = ip_next_part(&host, &part);
        int bits = has_dot ? 8 : 8 * (IPV4_BYTES + 1 - parts);
        if (!ip_read_url_number(part, &number) || number >> bits != 0) {
            return false;
        }
        sum = sum << bits | number;
        if (!has_dot) {
            for (int i = 0; i < IPV4_BYTES; i++) {
                ip->bytes[i] = (unsigned char)(sum >> (8 * (IPV4_BYTES - 1 - i)) & 0xff);
            }
            return true;
        }
    }
    return false;
}

/* ---- What is done with them ---- */

bool ferry_ip_is_within(const ferry_ip *ip, const ferry_ip *net, int64_t bits) {
    if (ip->length != net->length || bits > 8 * (int64_t)ip->length) {
        return false;
    }
    for (size_t i = 0; bits > 0; i++, bits -= 8) {
        unsigned mask = bits >= 8 ? 0xff : 0xffu << (8 - bits) & 0xff;
        if ((ip->bytes[i] & mask) != (net->bytes[i] & mask)) {
            return false;
        }
    }
    return true;
}

static size_t ip_write_v4(const unsigned char bytes[IPV4_BYTES], char *dst) {
    size_t length = 0;
    for (size_t i = 0; i < IPV4_BYTES; i++) {
        if (i > 0) {
            dst[length++] = '.';
        }
        length += ferry_decimal_write(bytes[i], dst + length);
    }
    return length;
}

/* The first of the longest runs of two pieces of zeros or more becomes "::". */
static size_t ip_write_v6(const unsigned char bytes[IPV6_BYTES], char *dst) {
    enum { PIECES = IPV6_BYTES / 2 };
    unsigned pieces[PIECES];
    size_t length = 0;
    size_t gap = PIECES;
    size_t gap_length = 1;
    for (size_t i = 0; i < PIECES; i++) {
        pieces[i] = (unsigned)bytes[2 * i] << 8 | bytes[2 * i + 1];
    }
    for (size_t i = 0; i < PIECES; i++) {
        size_t run = 0;
        while (i + run < PIECES && pieces[i + run] == 0) {
            run++;
        }
        if (run > gap_length) {
            gap = i;
            gap_length = run;
        }
    }
    for (size_t i = 0; i < PIECES; i++) {
        if (i == gap) {
            dst[length++] = ':';
            dst[length++] = ':';
            i += gap_length - 1;
            continue;
        }
        length += ferry_hex_write(pieces[i], dst + length);
        if (i + 1 < PIECES && i + 1 != gap) {
            dst[length++] = ':';
        }
    }
    return length;
}

size_t ferry_ip_write(const ferry_ip *ip, char dst[FERRY_IP_TEXT_SIZE]) {
    return ip->length == IPV4_BYTES ? ip_write_v4(ip->bytes, dst) : ip_write_v6(ip->bytes, dst);
}
