/* SPDX-License-Identifier: MIT */
/* framing: applies the rules of RFC 9112 section 6.3, in their order. */
#include "framing.h"

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
                                    const ferry_h1_head *head) {
    const ferry_h1_framing_fields *fields = &head->fields;
    *framing = (ferry_h1_framing){.has_content_coding = fields->has_content_coding};
    framing->keep_alive =
        !fields->close && !request->wants_close && (head->minor_version >= 1 || fields->keep_alive);
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
    if (fields->has_transfer_encoding) {
        if (!fields->is_chunked || fields->has_other_coding) {
            return ferry_fail(context, FERRY_ERROR_PROTOCOL,
                              "the body has a transfer coding other than chunked, which was not "
                              "asked for");
        }
        framing->kind = FERRY_H1_BODY_CHUNKED;
        /* Both a length and a coding, or a coding in HTTP/1.0: the sign of an attempt to smuggle.
         * The connection ends with this message (RFC 9112 sections 6.1 and 6.3). */
        if (fields->has_content_length || fields->bad_content_length || head->minor_version == 0) {
            framing->keep_alive = false;
        }
        return FERRY_OK;
    }
    if (fields->bad_content_length) {
        return ferry_fail(context, FERRY_ERROR_PROTOCOL,
                          "the Content-Length is not a number, or two of them differ");
    }
    if (fields->has_content_length) {
        framing->kind = fields->content_length > 0 ? FERRY_H1_BODY_LENGTH : FERRY_H1_BODY_NONE;
        framing->length = fields->content_length;
        return FERRY_OK;
    }
    framing->kind = FERRY_H1_BODY_UNTIL_CLOSE;
    framing->keep_alive = false;
    return FERRY_OK;
}
