/* SPDX-License-Identifier: MIT */
/* url_parts: cuts a URL into pieces; what they may hold, who writes them decides. */
#include "url_parts.h"

/* URL standard, authority state: what is before the last "@" is the user's. */
static ferry_span url_take_userinfo(ferry_span *authority) {
    ferry_span userinfo = {NULL, 0};
    for (size_t i = authority->length; i > 0; i--) {
        if (authority->data[i - 1] != '@') {
            continue;
        }
        if (i > 1 && !(i == 2 && authority->data[0] == ':')) {
            userinfo = (ferry_span){authority->data, i - 1};
        }
        *authority = ferry_span_skip(*authority, i);
        break;
    }
    return userinfo;
}

static const char *url_split_host(ferry_span authority, ferry_url_parts *parts) {
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

ferry_error ferry_url_refuse(const char *sentence, const char **reason) {
    if (reason != NULL) {
        *reason = sentence;
    }
    return FERRY_ERROR_INVALID_PARAMETER;
}

const char *ferry_url_trim(ferry_span *text) {
    while (text->length > 0 && (unsigned char)text->data[0] <= 0x20) {
        *text = ferry_span_skip(*text, 1);
    }
    while (text->length > 0 && (unsigned char)text->data[text->length - 1] <= 0x20) {
        text->length--;
    }
    return ferry_span_find_any(*text, "\t\r\n") < text->length
               ? "the URL has a tab or a line break in it"
               : NULL;
}

void ferry_url_split_rest(ferry_span rest, ferry_url_parts *parts) {
    static const ferry_span none = {NULL, 0};
    size_t length = ferry_span_find_any(rest, "#");
    parts->fragment = length < rest.length ? ferry_span_skip(rest, length + 1) : none;
    rest.length = length;
    length = ferry_span_find_any(rest, "?");
    parts->query = length < rest.length ? ferry_span_skip(rest, length + 1) : none;
    rest.length = length;
    bool has_slash = rest.length > 0 && (rest.data[0] == '/' || rest.data[0] == '\\');
    parts->path = ferry_span_skip(rest, has_slash ? 1 : 0);
}

const char *ferry_url_split_authority(ferry_span text, ferry_url_parts *parts) {
    while (text.length > 0 && (text.data[0] == '/' || text.data[0] == '\\')) {
        text = ferry_span_skip(text, 1);
    }
    size_t length = ferry_span_find_any(text, "/\\?#");
    ferry_span authority = {text.data, length};
    parts->userinfo = url_take_userinfo(&authority);
    ferry_url_split_rest(ferry_span_skip(text, length), parts);
    return url_split_host(authority, parts);
}

const char *ferry_url_split(ferry_span text, ferry_url_parts *parts) {
    *parts = (ferry_url_parts){false};
    const char *sentence = ferry_url_trim(&text);
    if (sentence != NULL) {
        return sentence;
    }
    if (text.length == 0) {
        return "the URL is empty";
    }
    parts->secure = ferry_span_take_prefix(&text, FERRY_SPAN("https:"));
    if (!parts->secure && !ferry_span_take_prefix(&text, FERRY_SPAN("http:"))) {
        return "the URL does not begin with http:// or https://";
    }
    return ferry_url_split_authority(text, parts);
}
