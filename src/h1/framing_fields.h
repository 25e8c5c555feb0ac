/* SPDX-License-Identifier: MIT */
/* framing_fields: what the fields of a head say about its message's end and about the connection
 * (RFC 9112 sections 6 and 9). It is gathered while the head is parsed, where name and value of
 * each line are at hand. */
#ifndef FERRY_H1_FRAMING_FIELDS_H
#define FERRY_H1_FRAMING_FIELDS_H

#include "base/span.h"

typedef struct ferry_h1_framing_fields {
    bool has_transfer_encoding;
    bool is_chunked;
    bool has_other_coding; /* another transfer coding, or chunked twice */
    bool has_content_length;
    bool bad_content_length;
    bool close;
    bool keep_alive;
    bool has_content_coding;
    uint64_t content_length;
} ferry_h1_framing_fields;

void ferry_h1_read_connection(ferry_h1_framing_fields *fields, ferry_span value);
void ferry_h1_read_content_length(ferry_h1_framing_fields *fields, ferry_span value);
void ferry_h1_read_transfer_encoding(ferry_h1_framing_fields *fields, ferry_span value);

/* Adds what one field says. The name is a token, the value is trimmed. */
static inline void ferry_h1_framing_fields_read(ferry_h1_framing_fields *fields, ferry_span name,
                                                ferry_span value) {
    switch (name.length) { /* most names are none of these: do not compare them at all */
    case sizeof "Connection" - 1:
        if (!FERRY_TOKEN_IS(name, "connection")) {
            break;
        }
        if (value.length == 10 && memcmp(value.data, "keep-alive", 10) == 0) { /* nearly always */
            fields->keep_alive = true;
        } else {
            ferry_h1_read_connection(fields, value);
        }
        break;
    case sizeof "Content-Length" - 1:
        if (FERRY_TOKEN_IS(name, "content-length")) {
            ferry_h1_read_content_length(fields, value);
        }
        break;
    case sizeof "Content-Encoding" - 1:
        if (FERRY_TOKEN_IS(name, "content-encoding")) {
            fields->has_content_coding = true;
        }
        break;
    case sizeof "Transfer-Encoding" - 1:
        if (FERRY_TOKEN_IS(name, "transfer-encoding")) {
            ferry_h1_read_transfer_encoding(fields, value);
        }
        break;
    }
}

#endif
