/* SPDX-License-Identifier: MIT */
/* size_limits: how large each thing that grows may become, and why. Every ferry_buffer is made with
 * one of these, or with an option of the program's; a call that would exceed one fails and says so.
 */
#ifndef FERRY_BASE_SIZE_LIMITS_H
#define FERRY_BASE_SIZE_LIMITS_H

enum {
    /* What an idle client keeps of a buffer, so that the next exchange allocates nothing. Larger
     * ones are freed when what needed them is over. */
    FERRY_KEPT_BYTES = 16 * 1024,

    /* A host with its scheme and port: names end at 253 bytes (RFC 1035 section 2.3.4). Room is
     * made for another one beside it. */
    FERRY_LIMIT_HOST_TEXT = 1024,

    /* Proxy-Authorization: proxy_url.c takes 4 KiB of user name and password, and base64 makes it a
     * third more. */
    FERRY_LIMIT_CREDENTIALS = 8 * 1024,

    /* The target of a request. No server takes as much, and three times as much, for each byte may
     * become "%XX", is far from what a size_t of 32 bits can hold. */
    FERRY_LIMIT_TARGET = 1024 * 1024,
    FERRY_LIMIT_URL = 3 * FERRY_LIMIT_TARGET + FERRY_LIMIT_HOST_TEXT,

    /* A request head: the longest target, and a megabyte of header lines. */
    FERRY_LIMIT_REQUEST_HEAD = 4 * 1024 * 1024,

    /* The most that max_head_bytes can allow for a response head. */
    FERRY_LIMIT_RESPONSE_HEAD = 16 * 1024 * 1024,

    /* What crosses to JavaScript and back as one text: a request head, or a response head that
     * fetch() has spelled, with its URL. */
    FERRY_LIMIT_FETCH_TEXT = 64 * 1024 * 1024,

    /* A body that the client may have to copy, since its memory is the program's only during the
     * call. */
    FERRY_LIMIT_COPIED_BODY = 1024 * 1024 * 1024,

    /* A request on its way: its head, its body, and the framing of a chunk. */
    FERRY_LIMIT_REQUEST = FERRY_LIMIT_REQUEST_HEAD + FERRY_LIMIT_COPIED_BODY + 64,

    /* What one read may bring beside an incomplete response head, which max_head_bytes bounds. */
    FERRY_LIMIT_READ_AHEAD = 4096,

    /* The most that max_event_bytes can allow for a server-sent event. */
    FERRY_LIMIT_EVENT = 1024 * 1024 * 1024,

    /* What tells origins apart: a host, and all that TLS options hold, bundles of authorities
     * included. */
    FERRY_LIMIT_ORIGIN_KEY = 64 * 1024 * 1024,

    /* What stands before the bytes of a form's part: three times the longest of names that servers
     * take, and a type. */
    FERRY_LIMIT_FORM_HEAD = 64 * 1024,

    /* The line Cookie of a request. Servers take some 8 KiB of a line: Apache 8,190 bytes. */
    FERRY_LIMIT_COOKIE_LINE = 8190,

    /* A file with cookies: 3,000 of them, each of 4 KiB with a path of 1 KiB, and what somebody has
     * written beside them. */
    FERRY_LIMIT_COOKIE_FILE = 32 * 1024 * 1024,

    /* Bytes of a body that wait for their decoder. */
    FERRY_LIMIT_CODED = 16 * 1024,
};

#endif
