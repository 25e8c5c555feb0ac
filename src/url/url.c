/* SPDX-License-Identifier: MIT */
/* url: takes http and https URLs apart as the URL standard's parser does, so that a URL means here
 * what it means in a browser. What a client cannot use it refuses, and says why. */
#include "ferry.h"

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
static const char encoded_in_userinfo[] = "\"#<>?^`{}/:;=@[\\]|";

/* Appends to the caller's storage, which ferry_url_parse() has found large enough. */
typedef struct url_writer {
    char *data;
    size_t length;
    size_t capacity;
} url_writer;

/* The pieces of the text, as they stand. */
typedef struct url_parts {
    bool secure;
    bool has_userinfo;
    bool is_bracketed;
    ferry_span userinfo;
    ferry_span host;
    ferry_span port;
    ferry_span rest; /* path, query and fragment */
} url_parts;

static void url_put(url_writer *writer, char c) {
    assert(writer->length < writer->capacity);
    writer->data[writer->length++] = c;
}

static void url_put_encoded(url_writer *writer, char c, const char *set) {
    unsigned char byte = (unsigned char)c;
    if (byte > 0x20 && byte < 0x7f && strchr(set, c) == NULL) {
        url_put(writer, c);
        return;
    }
    assert(writer->capacity - writer->length >= FERRY_PERCENT_SIZE);
    ferry_percent_write(c, writer->data + writer->length);
    writer->length += FERRY_PERCENT_SIZE;
}

static void url_put_address(url_writer *writer, const ferry_ip *ip) {
    char text[FERRY_IP_TEXT_SIZE];
    size_t length = ferry_ip_write(ip, text);
    assert(writer->capacity - writer->length >= length);
    memcpy(writer->data + writer->length, text, length);
    writer->length += length;
}

static const char *url_write_bracketed_host(ferry_span text, url_writer *writer) {
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
static const char *url_write_host_name(ferry_span text, url_writer *writer) {
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
        url_put(writer, ferry_ascii_lower(c));
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

static const char *url_read_port(const url_parts *parts, int *port) {
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

/* URL standard, path state: dot segments go, backslashes are slashes. */
static void url_write_path(ferry_span path, url_writer *writer) {
    size_t start = writer->length;
    if (path.length > 0) {
        path = ferry_span_skip(path, 1); /* the first slash */
    }
    for (bool is_last = false; !is_last;) {
        size_t length = ferry_span_find_any(path, "/\\");
        ferry_span segment = {path.data, length};
        is_last = length == path.length;
        path = ferry_span_skip(path, is_last ? length : length + 1);
        int dots = url_count_dots(segment);
        if (dots == 2 && writer->length > start) {
            while (writer->data[--writer->length] != '/') {
            }
        }
        if (dots > 0 && !is_last) {
            continue;
        }
        url_put(writer, '/');
        for (size_t i = 0; dots == 0 && i < segment.length; i++) {
            url_put_encoded(writer, segment.data[i], encoded_in_path);
        }
    }
}

static void url_write_target(ferry_span rest, url_writer *writer) {
    rest.length = ferry_span_find_any(rest, "#");
    ferry_span path = {rest.data, ferry_span_find_any(rest, "?")};
    ferry_span query = ferry_span_skip(rest, path.length);
    url_write_path(path, writer);
    if (query.length > 0) {
        url_put(writer, '?');
    }
    for (size_t i = 1; i < query.length; i++) {
        url_put_encoded(writer, query.data[i], encoded_in_query);
    }
}

/* The first colon parts the user from the password. */
static void url_write_userinfo(ferry_span userinfo, url_writer *writer) {
    bool has_colon = false;
    for (size_t i = 0; i < userinfo.length; i++) {
        char c = userinfo.data[i];
        if (c == ':' && !has_colon) {
            has_colon = true;
            url_put(writer, c);
        } else {
            url_put_encoded(writer, c, encoded_in_userinfo);
        }
    }
}

/* URL standard, authority state: what is before the last "@" is the user's. */
static const char *url_split_authority(ferry_span authority, url_parts *parts) {
    for (size_t i = authority.length; i > 0; i--) {
        if (authority.data[i - 1] == '@') {
            parts->userinfo = (ferry_span){authority.data, i - 1};
            parts->has_userinfo = i > 1 && !ferry_span_equals(parts->userinfo, FERRY_SPAN(":"));
            authority = ferry_span_skip(authority, i);
            break;
        }
    }
    size_t host_length = ferry_span_find_any(authority, ":");
    if (authority.length > 0 && authority.data[0] == '[') {
        host_length = ferry_span_find_any(authority, "]");
        if (host_length == authority.length) {
            return "the IPv6 address in the URL lacks its closing bracket";
        }
        parts->is_bracketed = true;
        parts->host = (ferry_span){authority.data + 1, host_length - 1};
        host_length++;
    } else {
        parts->host = (ferry_span){authority.data, host_length};
    }
    if (host_length == 0) {
        return "the URL has no host";
    }
    parts->port = ferry_span_skip(authority, host_length);
    if (parts->port.length > 0) {
        if (parts->port.data[0] != ':') {
            return "the URL has something other than a port after its IPv6 address";
        }
        parts->port = ferry_span_skip(parts->port, 1);
    }
    return NULL;
}

static const char *url_split(ferry_span text, url_parts *parts) {
    while (text.length > 0 && (unsigned char)text.data[0] <= 0x20) {
        text = ferry_span_skip(text, 1);
    }
    while (text.length > 0 && (unsigned char)text.data[text.length - 1] <= 0x20) {
        text.length--;
    }
    if (text.length == 0) {
        return "the URL is empty";
    }
    if (ferry_span_find_any(text, "\t\r\n") < text.length) {
        return "the URL has a tab or a line break in it";
    }
    parts->secure = ferry_span_take_prefix(&text, FERRY_SPAN("https:"));
    if (!parts->secure && !ferry_span_take_prefix(&text, FERRY_SPAN("http:"))) {
        return "the URL does not begin with http:// or https://";
    }
    while (text.length > 0 && (text.data[0] == '/' || text.data[0] == '\\')) {
        text = ferry_span_skip(text, 1);
    }
    size_t length = ferry_span_find_any(text, "/\\?#");
    parts->rest = ferry_span_skip(text, length);
    return url_split_authority((ferry_span){text.data, length}, parts);
}

static ferry_error url_refuse(const char *sentence, const char **reason) {
    if (reason != NULL) {
        *reason = sentence;
    }
    return FERRY_ERROR_INVALID_PARAMETER;
}

ferry_error ferry_url_parse(const char *text, char *storage, size_t storage_size, ferry_url *url,
                            const char **reason) {
    if (text == NULL) {
        return url_refuse("there is no URL", reason);
    }
    ferry_span span = ferry_span_of(text);
    if (storage == NULL || storage_size < 16 || (storage_size - 16) / 3 < span.length) {
        return url_refuse("the storage for the URL's parts is too small", reason);
    }
    url_parts parts = {false};
    url_writer writer = {storage, 0, storage_size};
    ferry_url parsed = {.host = storage};
    const char *sentence = url_split(span, &parts);
    if (sentence == NULL) {
        sentence = parts.is_bracketed ? url_write_bracketed_host(parts.host, &writer)
                                      : url_write_host_name(parts.host, &writer);
    }
    if (sentence == NULL) {
        sentence = url_read_port(&parts, &parsed.port);
    }
    if (sentence != NULL) {
        return url_refuse(sentence, reason);
    }
    url_put(&writer, '\0');
    parsed.secure = parts.secure;
    parsed.target = storage + writer.length;
    url_write_target(parts.rest, &writer);
    url_put(&writer, '\0');
    if (parts.has_userinfo) {
        parsed.userinfo = storage + writer.length;
        url_write_userinfo(parts.userinfo, &writer);
        url_put(&writer, '\0');
    }
    *url = parsed;
    return FERRY_OK;
}
