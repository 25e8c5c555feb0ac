/* SPDX-License-Identifier: MIT */
/* url_resolve: says which parts of a reference's meaning are its own, and which are its base's (URL
 * standard, basic URL parser, from its scheme state on). */
#include "url_resolve.h"

#include "base/number.h"
#include "url_write.h"

/* What is written: the parts, and before their path the folder of the base's. */
typedef struct url_resolution {
    ferry_url_parts parts;
    ferry_span base_path; /* `data` is NULL: the path is absolute */
} url_resolution;

static bool url_is_slash(char c) {
    return c == '/' || c == '\\';
}

/* How long "scheme:" is; 0: the text begins with no scheme. */
static size_t url_scheme_length(ferry_span text) {
    for (size_t i = 0; i < text.length; i++) {
        char lower = ferry_ascii_lower(text.data[i]);
        bool is_letter = lower >= 'a' && lower <= 'z';
        if (lower == ':' && i > 0) {
            return i + 1;
        }
        if (!is_letter &&
            (i == 0 || !(ferry_is_digit(lower) || lower == '+' || lower == '-' || lower == '.'))) {
            return 0;
        }
    }
    return 0;
}

/* Relative state and relative slash state, where no authority follows. */
static void url_resolve_rest(ferry_span text, const ferry_url_parts *base,
                             url_resolution *resolution) {
    ferry_url_parts own = {false};
    bool is_absolute = text.length > 0 && url_is_slash(text.data[0]);
    ferry_url_split_rest(text, &own);
    resolution->parts = *base;
    resolution->parts.fragment = own.fragment;
    if (is_absolute || own.path.length > 0) {
        resolution->base_path = is_absolute ? (ferry_span){NULL, 0} : base->path;
        resolution->parts.path = own.path;
        resolution->parts.query = own.query;
    } else if (own.query.data != NULL) {
        resolution->parts.query = own.query;
    }
}

/* Returns a sentence, or NULL. */
static const char *url_resolve_reference(ferry_span text, const ferry_url_parts *base,
                                         url_resolution *resolution) {
    *resolution = (url_resolution){.parts = {false}};
    const char *sentence = ferry_url_trim(&text);
    if (sentence != NULL) {
        return sentence;
    }
    ferry_span scheme = {text.data, url_scheme_length(text)};
    bool secure = ferry_span_equals(scheme, FERRY_SPAN("https:"));
    if (scheme.length > 0 && !secure && !ferry_span_equals(scheme, FERRY_SPAN("http:"))) {
        return "the URL has a scheme other than http and https";
    }
    if (scheme.length == 0 && base == NULL) {
        return text.length == 0 ? "the URL is empty"
                                : "the URL does not begin with http:// or https://";
    }
    text = ferry_span_skip(text, scheme.length);
    bool has_authority =
        text.length >= 2 && url_is_slash(text.data[0]) && url_is_slash(text.data[1]);
    if (base != NULL && !has_authority && (scheme.length == 0 || secure == base->secure)) {
        url_resolve_rest(text, base, resolution);
        return NULL;
    }
    resolution->parts.secure = scheme.length > 0 ? secure : base->secure;
    return ferry_url_split_authority(text, &resolution->parts);
}

/* URL standard, URL serializer. Returns a sentence, or NULL. */
static const char *url_serialize(const url_resolution *resolution, ferry_url_writer *writer,
                                 ferry_url_layout *layout) {
    const ferry_url_parts *parts = &resolution->parts;
    layout->secure = parts->secure;
    ferry_url_put_text(writer, parts->secure ? FERRY_SPAN("https://") : FERRY_SPAN("http://"));
    layout->userinfo = writer->length;
    if (parts->userinfo.data != NULL) {
        ferry_url_write_userinfo(parts->userinfo, writer);
        /* A colon at the end has nothing behind it: another one would be encoded. */
        writer->length -= writer->data[writer->length - 1] == ':';
        ferry_url_put(writer, '@');
    }
    layout->authority = writer->length;
    if (parts->is_bracketed) {
        ferry_url_put(writer, '[');
    }
    layout->host = writer->length;
    const char *sentence = ferry_url_write_host(parts, writer);
    if (sentence != NULL) {
        return sentence;
    }
    layout->host_end = writer->length;
    if (parts->is_bracketed) {
        ferry_url_put(writer, ']');
    }
    sentence = ferry_url_read_port(parts, &layout->port);
    if (sentence != NULL) {
        return sentence;
    }
    if (layout->port != (parts->secure ? 443 : 80)) {
        char digits[FERRY_DECIMAL_SIZE];
        ferry_url_put(writer, ':');
        ferry_url_put_text(
            writer, (ferry_span){digits, ferry_decimal_write((uint64_t)layout->port, digits)});
    }
    layout->target = writer->length;
    ferry_url_write_path(resolution->base_path, parts->path, writer);
    ferry_url_write_query(parts->query, writer);
    layout->target_end = writer->length;
    if (parts->fragment.data != NULL) {
        ferry_url_put(writer, '#');
        ferry_url_write_fragment(parts->fragment, writer);
    }
    return NULL;
}

/* The base must be right even where the reference takes nothing of it. `dst` is scratch. */
static bool url_split_base(const char *text, char *dst, size_t capacity, ferry_url_parts *base) {
    ferry_url_writer scratch = {dst, 0, capacity};
    int port;
    return ferry_url_split(ferry_span_of(text), base) == NULL &&
           ferry_url_write_host(base, &scratch) == NULL && ferry_url_read_port(base, &port) == NULL;
}

ferry_error ferry_url_resolve(const char *base, const char *reference, char *dst, size_t capacity,
                              const char **reason) {
    ferry_url_layout layout;
    return ferry_url_resolve_layout(base, reference, dst, capacity, &layout, reason);
}

ferry_error ferry_url_resolve_layout(const char *base, const char *reference, char *dst,
                                     size_t capacity, ferry_url_layout *layout,
                                     const char **reason) {
    if (reference == NULL) {
        return ferry_url_refuse("there is no URL", reason);
    }
    size_t room = capacity < 32 ? 0 : (capacity - 32) / 3;
    size_t base_length = base != NULL ? strlen(base) : 0;
    size_t length = strlen(reference);
    if (dst == NULL || capacity < 32 || room < length || room - length < base_length) {
        return ferry_url_refuse("the room for the resolved URL is too small", reason);
    }
    ferry_url_parts base_parts;
    if (base != NULL && !url_split_base(base, dst, capacity, &base_parts)) {
        return ferry_url_refuse("the base is not an absolute http:// or https:// URL", reason);
    }
    url_resolution resolution;
    ferry_url_writer writer = {dst, 0, capacity};
    const char *sentence = url_resolve_reference((ferry_span){reference, length},
                                                 base != NULL ? &base_parts : NULL, &resolution);
    if (sentence == NULL) {
        sentence = url_serialize(&resolution, &writer, layout);
    }
    if (sentence != NULL) {
        return ferry_url_refuse(sentence, reason);
    }
    ferry_url_put(&writer, '\0');
    return FERRY_OK;
}
