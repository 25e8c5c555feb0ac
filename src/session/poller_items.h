/* SPDX-License-Identifier: MIT */
/* poller_items: what every poller does with an item's list of waits. */
#ifndef FERRY_SESSION_POLLER_ITEMS_H
#define FERRY_SESSION_POLLER_ITEMS_H

#include "session_runtime.h"

/* Keeps these waits in place of those that there are. OUT_OF_MEMORY: they stay. */
FERRY_MUST_USE ferry_error ferry_poller_item_set(ferry_poller_item *item, ferry_context *context,
                                                 const ferry_wait *waits, size_t count);

/* Keeps none, and frees what it has for them. */
void ferry_poller_item_clear(ferry_poller_item *item, const ferry_context *context);

#endif
