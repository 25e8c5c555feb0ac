/* SPDX-License-Identifier: MIT */
/* poller_items: an item's waits, which are one as a rule, and some dozens while addresses are
 * tried.
 */
#include "poller_items.h"

#include <string.h>

ferry_error ferry_poller_item_set(ferry_poller_item *item, ferry_context *context,
                                  const ferry_wait *waits, size_t count) {
    if (item->waits == NULL) {
        item->waits = item->few;
        item->capacity = FERRY_POLLER_INLINE_WAITS;
    }
    if (count > item->capacity) {
        ferry_wait *block = ferry_alloc(context, count * sizeof *block);
        if (block == NULL) {
            return ferry_fail_memory(context);
        }
        if (item->waits != item->few) {
            ferry_free(context, item->waits);
        }
        item->waits = block;
        item->capacity = count;
    }
    if (count > 0) {
        memcpy(item->waits, waits, count * sizeof *waits);
    }
    item->count = count;
    return FERRY_OK;
}

void ferry_poller_item_clear(ferry_poller_item *item, const ferry_context *context) {
    if (item->waits != item->few) {
        ferry_free(context, item->waits);
    }
    item->waits = NULL;
    item->capacity = 0;
    item->count = 0;
}
