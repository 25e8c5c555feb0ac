/* SPDX-License-Identifier: MIT */
/* head: reads the head of a response, status line and fields, as its bytes come (RFC 9112
 * sections 4 and 5). */
#ifndef FERRY_H1_HEAD_H
#define FERRY_H1_HEAD_H

#include "field.h"
#include "framing_fields.h"

typedef struct ferry_h1_head {
    bool has_status_line;
    int code;                       /* 100 to 999 */
    int minor_version;              /* HTTP/1.x: 0 to 9 */
    size_t bytes;                   /* of complete lines so far */
    size_t scanned;                 /* of the incomplete line, known to have no line end */
    bool is_secret;                 /* the line that was logged last: a folded one may follow */
    ferry_h1_framing_fields fields; /* of a complete head */
} ferry_h1_head;

/* Ready for a new head. */
void ferry_h1_head_init(ferry_h1_head *head);

/* `data` are all bytes since the beginning of the head: offer them again with more behind, until
 * *complete becomes true at the empty line; the head is then head->bytes long, and its fields are
 * in `headers`. PROTOCOL, TOO_LARGE, OUT_OF_MEMORY, with a detail. */
ferry_error ferry_h1_head_parse(ferry_h1_head *head, ferry_context *context, ferry_headers *headers,
                                const char *data, size_t length, bool *complete);

/* True where nothing of a head has come yet. */
bool ferry_h1_head_is_empty(const ferry_h1_head *head);

#endif
