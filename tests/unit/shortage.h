/* SPDX-License-Identifier: MIT */
/* shortage: a client in every status that there is, and every call that a program can make on it,
 * for tests/unit/test_shortage.c, which lets memory fail in each of them. */
#ifndef FERRY_TESTS_SHORTAGE_H
#define FERRY_TESTS_SHORTAGE_H

#include "counted_memory.h"
#include "script_stream.h"

enum {
    SHORTAGE_SCRIPTS = 4,
    SHORTAGE_PEERS = 4,
    SHORTAGE_STREAMED_BYTES = 3000,
};

/* What the whole program shares: a server, and a port at which nobody listens. */
typedef struct shortage_net {
    uint16_t port;
    uint16_t refused_port;
    ferry_descriptor ready; /* can always be read and written */
} shortage_net;

/* One client, and what it is connected to. */
typedef struct shortage_rig {
    const shortage_net *net;
    counted_memory memory;
    bool is_blocking;
    ferry_client *client;
    script_stream scripts[SHORTAGE_SCRIPTS];
    size_t script_count;
    struct tls_peer *peers[SHORTAGE_PEERS];
    size_t peer_count;
    bool is_streaming; /* a streamed body is to be written, and finished */
    size_t unwritten;
    size_t ungiven; /* of a body that a function gives */
    bool reads_chunks;
} shortage_rig;

/* Brings a new client into a status, by calls that must not fail. */
typedef struct shortage_status {
    const char *name;
    ferry_status status;
    void (*arrange)(shortage_rig *rig);
    bool only_polls; /* it cannot be waited on, so not for blocking mode */
} shortage_status;

/* Makes one call. Where that fails, what it would have stored must be as it was. */
typedef struct shortage_call {
    const char *name;
    ferry_error (*make)(shortage_rig *rig);
    bool keeps; /* without memory the status is as it was */
} shortage_call;

extern const shortage_status shortage_statuses[];
extern const size_t shortage_status_count;
extern const shortage_call shortage_calls[];
extern const size_t shortage_call_count;

/* A client as the rig's options say; NULL where there is no memory. */
ferry_client *shortage_client_new(shortage_rig *rig);

/* A stream that answers with these bytes: those from `gate_at` on once what was sent ends with
 * `gate`. It lives as long as the rig. */
ferry_stream *shortage_script(shortage_rig *rig, const char *bytes, size_t length, const char *gate,
                              size_t gate_at);
ferry_stream *shortage_tls_stream(shortage_rig *rig);

/* How to trust tls_peer. */
ferry_tls_options shortage_trusting(void);

/* What is left of the streamed body, which ends with "end". */
const char *shortage_unwritten(const shortage_rig *rig);

/* A wake ends a call, and nothing else: ABORTED is no error. */
ferry_error shortage_unless_woken(ferry_error error);

/* Does what a program does until nothing is under way: polls, writes, reads. The first error. */
ferry_error shortage_drive(shortage_rig *rig);

/* Frees the client and all else. */
void shortage_end(shortage_rig *rig);

#endif
