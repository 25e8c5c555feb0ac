/* SPDX-License-Identifier: MIT */
/* session_disk: what a session's transfers share for their files, and which of them wait for it. */
#include "session_disk.h"

#include "disk.h"

/* Something of the disk has got on: whoever waits for it looks. */
static void disk_advance(ferry_poller_item *item) {
    ferry_session *session = FERRY_LIST_ITEM(item, ferry_session, disk_item);
    ferry_list_node turn;
    ferry_list_init(&turn);
    ferry_disk_reset(session->disk);
    ferry_list_append_all(&turn, &session->storing);
    for (ferry_list_node *node; (node = ferry_list_take(&turn)) != NULL;) {
        if (!session->is_freed) {
            session->on_disk(FERRY_LIST_ITEM(node, ferry_transfer, storing));
        }
    }
}

void ferry_session_close_disk(ferry_session *session) {
    if (session->disk != NULL) {
        ferry_poller_remove(session->poller, &session->disk_item);
        ferry_list_remove(&session->disk_item.node);
        ferry_disk_free(session->disk);
        session->disk = NULL;
    }
}

ferry_error ferry_session_open_disk(ferry_session *session, ferry_context *context) {
    if (session->disk != NULL) {
        return FERRY_OK;
    }
    ferry_error error = ferry_disk_new(context, &session->disk);
    if (error != FERRY_OK) {
        return error;
    }
    session->disk_item.advance = disk_advance;
    ferry_wait wait = {ferry_disk_get_descriptor(session->disk), FERRY_EVENT_READ};
    bool is_none = wait.descriptor == FERRY_NO_DESCRIPTOR;
    error = ferry_poller_set(session->poller, &session->disk_item, &wait, is_none ? 0 : 1, true);
    if (error != FERRY_OK) {
        ferry_session_close_disk(session);
        return ferry_fail_memory(context);
    }
    return FERRY_OK;
}

void ferry_transfer_await_disk(ferry_transfer *transfer) {
    if (!ferry_list_has(&transfer->storing)) {
        ferry_list_append(&transfer->session->storing, &transfer->storing);
    }
}
