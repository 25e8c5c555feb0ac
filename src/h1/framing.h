/* SPDX-License-Identifier: MIT */
/* framing: decides where a response body ends (RFC 9112 section 6.3) and whether the connection
 * can carry another request (section 9.3). */
#ifndef FERRY_H1_FRAMING_H
#define FERRY_H1_FRAMING_H

#include "head.h"

typedef enum ferry_h1_body_kind {
    FERRY_H1_BODY_NONE = 0,
    FERRY_H1_BODY_LENGTH,      /* Content-Length */
    FERRY_H1_BODY_CHUNKED,     /* Transfer-Encoding: chunked */
    FERRY_H1_BODY_UNTIL_CLOSE, /* neither */
    FERRY_H1_BODY_TUNNEL,      /* the connection is no longer HTTP: 101, or 2xx to CONNECT */
} ferry_h1_body_kind;

typedef struct ferry_h1_framing {
    ferry_h1_body_kind kind;
    uint64_t length; /* with FERRY_H1_BODY_LENGTH */
    bool keep_alive;
    bool has_content_coding; /* there is a Content-Encoding field */
} ferry_h1_framing;

/* What of the request matters for its response. */
typedef struct ferry_h1_request_facts {
    bool is_head;
    bool is_connect;
    bool has_upgrade;
    bool wants_close; /* it says Connection: close */
} ferry_h1_request_facts;

/* For a final head. PROTOCOL with a detail: invalid or contradictory Content-Length, a transfer
 * coding other than chunked, 101 without a request to upgrade. */
ferry_error ferry_h1_framing_decide(ferry_h1_framing *framing, ferry_context *context,
                                    const ferry_h1_request_facts *request,
                                    const ferry_h1_head *head);

#endif
