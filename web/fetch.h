/* SPDX-License-Identifier: MIT */
/* fetch: the backend over the browser's fetch(). */
#ifndef FERRY_FETCH_H
#define FERRY_FETCH_H

#include "backend.h"

/* A closed link, to be opened. OUT_OF_MEMORY. */
ferry_error ferry_fetch_backend_new(ferry_context *context, ferry_exchange *exchange,
                                    ferry_backend **backend);

#endif
