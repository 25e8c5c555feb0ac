/* SPDX-License-Identifier: MIT */
/* framing: one pass over the fields collects what frames the message, then the rules of RFC 9112
 * section 6.3 apply in their order. */
#include "framing.h"

#include "base/number.h"

#include <string.h>

typedef struct framing_fields {
    bool has_transfer_encoding;
    bool is_chunked;
    bool has_other_coding;
    bool has_content_length;
    bool bad_content_length;
    uint64_t content_length;
    bool close;
    bool keep_alive;
    bool has_content_coding;
} framing_fields;

static bool take_content_length(framing_fields *fields, ferry_span number) {
    int64_t length;
    if (!ferry_decimal_read(number, &length) ||
        (fields->has_content_length && fields->content_length != (uint64_t)length)) {
        return false;
    }
    fields->has_content_length = true;
    fields->content_length = (uint64_t)length;
    return true;
}

static void read_content_length(framing_fields *fields, ferry_span value) {
    if (take_content_length(fields, value)) {
        return;
    }
    /* "5, 5" is what a recipient may see where two fields were combined (RFC 9110 section 8.6). */
    ferry_span element;
    bool holds = false;
    while (ferry_span_next_element(&value, &element)) {
        holds = take_content_length(fields, element);
        if (!holds) {
            break;
        }
    }
    fields->bad_content_length = fields->bad_content_length || !holds;
}

static void read_transfer_encoding(framing_fields *fields, ferry_span value) {
    ferry_span element;
    fields->has_transfer_encoding = true;
    while (ferry_span_next_element(&value, &element)) {
        if (!ferry_span_equals(element, FERRY_SPAN("chunked")) || fields->is_chunked) {
            fields->has_other_coding = true;
        }
        fields->is_chunked = true;
    }
}

static void read_connection(framing_fields *fields, ferry_span value) {
    ferry_span element;
    if (value.length == 10 && memcmp(value.data, "keep-alive", 10) == 0) { /* nearly always */
        fields->keep_alive = true;
        return;
    }
    while (ferry_span_next_element(&value, &element)) {
        if (ferry_span_equals(element, FERRY_SPAN("close"))) {
            fields->close = true;
        } else if (ferry_span_equals(element, FERRY_SPAN("keep-alive"))) {
            fields->keep_alive = true;
        }
    }
}

static void read_fields(framing_fields *fields, const ferry_headers *headers) {
    for (size_t i = 0; i < headers->count; i++) {
        ferry_span name = ferry_headers_name(headers, i);
        switch (name.length) { /* most names are none of these: do not compare them at all */
        case sizeof "Connection" - 1:
            if (FERRY_TOKEN_IS(name, "connection")) {
                read_connection(fields, ferry_headers_value(headers, i));
            }
            break;
        case sizeof "Content-Length" - 1:
            if (FERRY_TOKEN_IS(name, "content-length")) {
                read_content_length(fields, ferry_headers_value(headers, i));
            }
            break;
        case sizeof "Content-Encoding" - 1:
            if (FERRY_TOKEN_IS(name, "content-encoding")) {
                fields->has_content_coding = true;
            }
            break;
        case sizeof "Transfer-Encoding" - 1:
            if (FERRY_TOKEN_IS(name, "transfer-encoding")) {
                read_transfer_encoding(fields, ferry_headers_value(headers, i));
            }
            break;
        }
    }
}

static bool is_tunnel(const ferry_h1_request_facts *request, int code) {
    return code == FERRY_RESPONSE_SWITCHING_PROTOCOLS ||
           (request->is_connect && code >= 200 && code <= 299);
}

static bool is_bodiless(const ferry_h1_request_facts *request, int code) {
    return request->is_head || code == FERRY_RESPONSE_NO_CONTENT ||
           code == FERRY_RESPONSE_NOT_MODIFIED;
}

ferry_error ferry_h1_framing_decide(ferry_h1_framing *framing, ferry_context *context,
                                    const ferry_h1_request_facts *request,
                                    const ferry_h1_head *head, const ferry_headers *headers) {
    framing_fields fields = {.has_transfer_encoding = false};
    read_fields(&fields, headers);
    *framing = (ferry_h1_framing){.has_content_coding = fields.has_content_coding};
    framing->keep_alive =
        !fields.close && !request->wants_close && (head->minor_version >= 1 || fields.keep_alive);
    if (is_tunnel(request, head->code)) {
        if (head->code == FERRY_RESPONSE_SWITCHING_PROTOCOLS && !request->has_upgrade) {
            return ferry_fail(context, FERRY_ERROR_PROTOCOL,
                              "the server switched protocols (101) without having been asked to");
        }
        framing->kind = FERRY_H1_BODY_TUNNEL;
        framing->keep_alive = false;
        return FERRY_OK;
    }
    if (is_bodiless(request, head->code)) {
        return FERRY_OK;
    }
    if (fields.has_transfer_encoding) {
        if (!fields.is_chunked || fields.has_other_coding) {
            return ferry_fail(context, FERRY_ERROR_PROTOCOL,
                              "the body has a transfer coding other than chunked, which was not "
                              "asked for");
        }
        framing->kind = FERRY_H1_BODY_CHUNKED;
        /* Both a length and a coding, or a coding in HTTP/1.0: the sign of an attempt to smuggle.
         * The connection ends with this message (RFC 9112 sections 6.1 and 6.3). */
        if (fields.has_content_length || fields.bad_content_length || head->minor_version == 0) {
            framing->keep_alive = false;
        }
        return FERRY_OK;
    }
    if (fields.bad_content_length) {
        return ferry_fail(context, FERRY_ERROR_PROTOCOL,
                          "the Content-Length is not a number, or two of them differ");
    }
    if (fields.has_content_length) {
        framing->kind = fields.content_length > 0 ? FERRY_H1_BODY_LENGTH : FERRY_H1_BODY_NONE;
        framing->length = fields.content_length;
        return FERRY_OK;
    }
    framing->kind = FERRY_H1_BODY_UNTIL_CLOSE;
    framing->keep_alive = false;
    return FERRY_OK;
}
