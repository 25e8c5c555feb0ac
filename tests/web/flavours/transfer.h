/* SPDX-License-Identifier: MIT */
/* transfer: a download and then an upload, both checked, for programs of every flavour. */
#ifndef FERRY_TESTS_TRANSFER_H
#define FERRY_TESTS_TRANSFER_H

#include <ferry.h>

typedef struct transfer {
    ferry_client *client;
    const char *name; /* begins every line that is printed */
    int64_t count;    /* body bytes that have come */
    bool is_download;
    bool grows;  /* memory is allocated after every piece, and kept */
    bool failed; /* it has said why */
} transfer;

/* Begins with the origin 127.0.0.1:`port`. The name is borrowed. */
void transfer_begin(transfer *t, const char *name, ferry_client *client, const char *port);

/* Goes on: as far as is possible without a wait, or with waits in blocking mode. Returns whether
 * there is more to do; at the end it has printed what came, and the client is free. */
bool transfer_go_on(transfer *t);

#endif
