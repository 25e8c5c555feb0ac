/* SPDX-License-Identifier: MIT */
/* intake: what a client sends, taken apart: request heads, and uploads, each byte of them checked.
 */
#ifndef FERRY_SOAK_INTAKE_H
#define FERRY_SOAK_INTAKE_H

#include "channel.h"

enum { INTAKE_SIZE = 16384 };

typedef struct soak_intake {
    soak_channel *channel;
    char bytes[INTAKE_SIZE];
    size_t begin;
    size_t end;
} soak_intake;

typedef struct intake_head {
    bool is_connect;
    char target[4096]; /* without scheme and authority */
    char host[256];    /* that Host names, or with CONNECT the target */
    bool is_chunked;
    bool expects_continue;
    long long length; /* of the body; 0 where none is announced */
} intake_head;

/* False: the connection has ended, and nothing came; or a finding has been made. */
bool intake_read_head(soak_intake *intake, intake_head *head);

/* Where an upload stands. */
typedef struct intake_body {
    const soak_script *script;
    bool is_chunked;
    size_t left;     /* of the chunk, or of the body */
    size_t received; /* bytes of the body */
    bool is_first;   /* no chunk has been read */
    bool is_complete;
} intake_body;

intake_body intake_begin_body(const intake_head *head, const soak_script *script);

/* Reads on until so many bytes of the body have come, or all. False: the connection ended, or it
 * is not the body that it must be, which is a finding. */
bool intake_read_body(soak_intake *intake, intake_body *body, size_t until);

#endif
