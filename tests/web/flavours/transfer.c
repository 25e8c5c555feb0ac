/* SPDX-License-Identifier: MIT */
/* transfer: downloads from /download, uploads to /upload, and says how many bytes that were. */
#include "transfer.h"

#include <stdio.h>
#include <stdlib.h>

enum { DOWNLOAD_BYTES = 3000000, UPLOAD_BYTES = 300000, GROWTH_BYTES = 262144 };

/* What stands at each place of both bodies; tests/web/flavours.test.mjs knows it too. */
static unsigned char byte_at(int64_t i) {
    return (unsigned char)(i * 7 + i / 251);
}

static void fail(transfer *t, const char *what) {
    printf("%s: %s: %s\n", t->name, what, ferry_client_get_error_detail(t->client));
    t->failed = true;
}

static void grow(transfer *t) {
    char *volatile block = malloc(GROWTH_BYTES); /* or else the compiler leaves it out */
    if (block == NULL) {
        fail(t, "no memory");
    }
}

void transfer_begin(transfer *t, const char *name, ferry_client *client, const char *port) {
    t->name = name;
    t->client = client;
    t->is_download = true;
    if (ferry_client_connect_to_host(client, "127.0.0.1", atoi(port), NULL) != FERRY_OK) {
        fail(t, "connect");
    }
}

static void request(transfer *t) {
    if (t->is_download) {
        if (ferry_client_request(t->client, FERRY_METHOD_GET, "/download", NULL, NULL)) {
            fail(t, "download");
        }
        return;
    }
    unsigned char *body = malloc(UPLOAD_BYTES);
    for (int i = 0; i < UPLOAD_BYTES; i++) {
        body[i] = byte_at(i);
    }
    if (ferry_client_request_raw(t->client, FERRY_METHOD_PUT, "/upload", NULL, body,
                                 UPLOAD_BYTES)) {
        fail(t, "upload");
    }
    free(body);
}

/* Reads what there is of a download; the answer to an upload has no body. */
static void read_body(transfer *t) {
    const void *chunk;
    size_t length = 1;
    while (length > 0 && !t->failed) {
        if (ferry_client_read_response_body_chunk(t->client, &chunk, &length)) {
            fail(t, "read");
            return;
        }
        if (t->grows) {
            grow(t);
        }
        for (size_t i = 0; i < length; i++, t->count++) {
            if (((const unsigned char *)chunk)[i] != byte_at(t->count)) {
                fail(t, "a byte is wrong");
                return;
            }
        }
    }
}

/* Returns whether there is another exchange to come. */
static bool end_exchange(transfer *t) {
    int code = ferry_client_get_response_code(t->client);
    if (t->is_download) {
        printf("%s: downloaded %lld of %d, code %d\n", t->name, (long long)t->count, DOWNLOAD_BYTES,
               code);
        t->is_download = false;
        return true;
    }
    printf("%s: uploaded %d, code %d\n", t->name, UPLOAD_BYTES, code);
    return false;
}

/* One step: what the status asks for. Returns whether something is left to do. */
static bool step(transfer *t) {
    bool has_response = ferry_client_has_response(t->client);
    switch (ferry_client_get_status(t->client)) {
    case FERRY_STATUS_CONNECTED:
        if (has_response && !end_exchange(t)) {
            return false;
        }
        request(t);
        break;
    case FERRY_STATUS_BODY:
        read_body(t);
        break;
    default:
        break;
    }
    return !t->failed;
}

bool transfer_go_on(transfer *t) {
    if (!t->failed && ferry_client_poll(t->client)) {
        fail(t, "poll");
    }
    if (!t->failed && step(t)) {
        return true;
    }
    ferry_client_free(t->client);
    return false;
}
