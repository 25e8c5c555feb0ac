/* SPDX-License-Identifier: MIT */
/* fetch: the backend that lets the browser speak HTTP, through fetch(). */
#ifndef FERRY_FETCH_H
#define FERRY_FETCH_H

#include "fetch_js.h"
#include "message/backend.h"

/* What this backend waits for is no descriptor but the address of its signal; the event says so. */
#define FERRY_EVENT_NEWS 0x80000000u

/* The signal that is waited for; NULL: it is something else. */
static inline ferry_fetch_signal *ferry_fetch_signal_of(const ferry_wait *wait) {
    return wait->events == FERRY_EVENT_NEWS ? (ferry_fetch_signal *)wait->descriptor : NULL;
}

/* As ferry_backend_ops.prepare (fetch_origin.c). */
ferry_error ferry_fetch_prepare(ferry_backend *backend, const ferry_origin *origin);

/* A closed link. OUT_OF_MEMORY. */
ferry_error ferry_fetch_backend_new(ferry_context *context, ferry_exchange *exchange,
                                    ferry_backend **backend);

#endif
