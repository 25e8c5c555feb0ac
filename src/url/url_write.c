/* SPDX-License-Identifier: MIT */
/* url_write: percent-encodes, lower-cases and shortens, so that a URL means the same here as in a
 * browser; what a client has no use for is refused by name. */
#include "url_write.h"

#include "base/number.h"
#include "base/percent.h"
#include "host.h"
#include "ip.h"

#include <assert.h>
#include <string.h>

/* What percent-encoding touches besides controls, space, DEL and bytes over 0x7f (URL standard,
 * percent-encoded bytes). */
static const char encoded_in_path[] = "\"#<>?^`{}";
static const char encoded_in_query[] = "\"#<>'";
static const char encoded_in_fragment[] = "\"<>`";
static const char encoded_in_userinfo[] = "\"#<>?^`{}/:;=@[\\]|";

void ferry_url_put(ferry_url_writer *writer, char c) {
    assert(writer->length < writer->capacity);
    writer->data[writer->length++] = c;
}

void ferry_url_put_text(ferry_url_writer *writer, ferry_span text) {
    assert(writer->capacity - writer->length >= text.length);
    if (text.length > 0) {
        memcpy(writer->data + writer->length, text.data, text.length);
    }
    writer->length += text.length;
}

static void url_put_encoded(ferry_url_writer *writer, char c, const char *set) {
    unsigned char byte = (unsigned char)c;
    if (byte > 0x20 && byte < 0x7f && strchr(set, c) == NULL) {
        ferry_url_put(writer, c);
        return;
    }
    assert(writer->capacity - writer->length >= FERRY_PERCENT_SIZE);
    ferry_percent_write(c, writer->data + writer->length);
    writer->length += FERRY_PERCENT_SIZE;
}

static void url_put_address(ferry_url_writer *writer, const ferry_ip *ip) {
    char text[FERRY_IP_TEXT_SIZE];
    ferry_url_put_text(writer, (ferry_span){text, ferry_ip_write(ip, text)});
}

static const char *url_write_bracketed_host(ferry_span text, ferry_url_writer *writer) {
    ferry_ip ip;
    if (ferry_ip_cut_zone(&text).data != NULL) {
        return "an IPv6 address in a URL cannot have a zone";
    }
    if (!ferry_ip_read_v6(text, &ip)) {
        return "what stands in brackets in the URL is not an IPv6 address";
    }
    url_put_address(writer, &ip);
    return NULL;
}

/* Decodes one byte of a host name, percent-encoded or not, and moves on. */
static char url_next_host_byte(ferry_span *text) {
    int decoded = ferry_percent_read(*text);
    char c = decoded < 0 ? text->data[0] : (char)decoded;
    *text = ferry_span_skip(*text, decoded < 0 ? 1 : FERRY_PERCENT_SIZE);
    return c;
}

/* URL standard, host parser, for hosts of ASCII letters. */
static const char *url_write_host_name(ferry_span text, ferry_url_writer *writer) {
    size_t start = writer->length;
    while (text.length > 0) {
        char c = url_next_host_byte(&text);
        unsigned char byte = (unsigned char)c;
        if (byte >= 0x80) {
            return "the host name in the URL has letters beyond ASCII: write it in its punycode "
                   "form (xn--...)";
        }
        /* URL standard, forbidden domain code points. */
        if (byte <= 0x20 || byte == 0x7f || strchr("#/:<>?@[\\]^|%", c) != NULL) {
            return "the host name in the URL has a character that no host name can have";
        }
        ferry_url_put(writer, ferry_ascii_lower(c));
    }
    ferry_span name = {writer->data + start, writer->length - start};
    ferry_ip ip;
    if (!ferry_ip_is_meant_as_v4(name)) {
        return NULL;
    }
    if (!ferry_ip_read_url_v4(name, &ip)) {
        return "the host in the URL ends in a number but is not an IPv4 address";
    }
    writer->length = start;
    url_put_address(writer, &ip);
    return NULL;
}

/* How many dots the segment is, "%2e" being one too; 0 where it is anything else, or over two. */
static int url_count_dots(ferry_span segment) {
    int dots = 0;
    while (segment.length > 0 && dots < 3) {
        if (!ferry_span_take_prefix(&segment, FERRY_SPAN(".")) &&
            !ferry_span_take_prefix(&segment, FERRY_SPAN("%2e"))) {
            return 0;
        }
        dots++;
    }
    return dots < 3 ? dots : 0;
}

static void url_write_encoded(ferry_span text, const char *set, ferry_url_writer *writer) {
    for (size_t i = 0; i < text.length; i++) {
        url_put_encoded(writer, text.data[i], set);
    }
}

static void url_drop_segment(ferry_url_writer *writer) {
    while (writer->data[--writer->length] != '/') {
    }
}

/* URL standard, path state: dot segments go, but not beyond `start`; backslashes are slashes. */
static void url_write_segments(ferry_span path, size_t start, ferry_url_writer *writer) {
    for (bool is_last = false; !is_last;) {
        size_t length = ferry_span_find_any(path, "/\\");
        ferry_span segment = {path.data, length};
        is_last = length == path.length;
        path = ferry_span_skip(path, is_last ? length : length + 1);
        int dots = url_count_dots(segment);
        if (dots == 2 && writer->length > start) {
            url_drop_segment(writer);
        }
        if (dots > 0 && !is_last) {
            continue;
        }
        ferry_url_put(writer, '/');
        if (dots == 0) {
            url_write_encoded(segment, encoded_in_path, writer);
        }
    }
}

const char *ferry_url_write_host(const ferry_url_parts *parts, ferry_url_writer *writer) {
    return parts->is_bracketed ? url_write_bracketed_host(parts->host, writer)
                               : url_write_host_name(parts->host, writer);
}

const char *ferry_url_read_port(const ferry_url_parts *parts, int *port) {
    uint16_t number = parts->secure ? 443 : 80;
    for (size_t i = 0; i < parts->port.length; i++) {
        if (!ferry_is_digit(parts->port.data[i])) {
            return "the port in the URL is not a number";
        }
    }
    if (parts->port.length > 0 && !ferry_port_read(parts->port, &number)) {
        return "the port in the URL is not between 1 and 65535";
    }
    *port = number;
    return NULL;
}

/* The first colon parts the user from the password. */
void ferry_url_write_userinfo(ferry_span userinfo, ferry_url_writer *writer) {
    bool has_colon = false;
    for (size_t i = 0; i < userinfo.length; i++) {
        char c = userinfo.data[i];
        if (c == ':' && !has_colon) {
            has_colon = true;
            ferry_url_put(writer, c);
        } else {
            url_put_encoded(writer, c, encoded_in_userinfo);
        }
    }
}

void ferry_url_write_path(ferry_span base, ferry_span path, ferry_url_writer *writer) {
    size_t start = writer->length;
    if (base.data != NULL) {
        url_write_segments(base, start, writer);
        url_drop_segment(writer);
    }
    url_write_segments(path, start, writer);
}

void ferry_url_write_query(ferry_span query, ferry_url_writer *writer) {
    if (query.data != NULL) {
        ferry_url_put(writer, '?');
        url_write_encoded(query, encoded_in_query, writer);
    }
}

void ferry_url_write_fragment(ferry_span fragment, ferry_url_writer *writer) {
    url_write_encoded(fragment, encoded_in_fragment, writer);
}
