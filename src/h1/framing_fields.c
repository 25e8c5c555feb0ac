/* SPDX-License-Identifier: MIT */
/* framing_fields: reads the values of Content-Length, Transfer-Encoding, Connection and their
 * like. */
#include "framing_fields.h"

#include "base/number.h"

#include <string.h>

static bool take_content_length(ferry_h1_framing_fields *fields, ferry_span number) {
    int64_t length;
    if (!ferry_decimal_read(number, &length) ||
        (fields->has_content_length && fields->content_length != (uint64_t)length)) {
        return false;
    }
    fields->has_content_length = true;
    fields->content_length = (uint64_t)length;
    return true;
}

/* "5, 5" is what a recipient may see where two fields were combined (RFC 9110 section 8.6). */
static bool take_content_lengths(ferry_h1_framing_fields *fields, ferry_span list) {
    ferry_span element;
    bool holds = false;
    while (ferry_span_next_element(&list, &element)) {
        holds = take_content_length(fields, element);
        if (!holds) {
            break;
        }
    }
    return holds;
}

void ferry_h1_read_content_length(ferry_h1_framing_fields *fields, ferry_span value) {
    if (!take_content_length(fields, value) && !take_content_lengths(fields, value)) {
        fields->bad_content_length = true;
    }
}

void ferry_h1_read_transfer_encoding(ferry_h1_framing_fields *fields, ferry_span value) {
    ferry_span element;
    fields->has_transfer_encoding = true;
    while (ferry_span_next_element(&value, &element)) {
        if (!ferry_span_equals(element, FERRY_SPAN("chunked")) || fields->is_chunked) {
            fields->has_other_coding = true;
        }
        fields->is_chunked = true;
    }
}

void ferry_h1_read_connection(ferry_h1_framing_fields *fields, ferry_span value) {
    ferry_span element;
    while (ferry_span_next_element(&value, &element)) {
        if (ferry_span_equals(element, FERRY_SPAN("close"))) {
            fields->close = true;
        } else if (ferry_span_equals(element, FERRY_SPAN("keep-alive"))) {
            fields->keep_alive = true;
        }
    }
}
