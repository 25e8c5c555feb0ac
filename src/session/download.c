/* SPDX-License-Identifier: MIT */
/* download: transfers whose bodies go to files. It stands apart so that a program without them does
 * not carry it, nor on the web a file system. */
#include "base/span.h"
#include "disk.h"
#include "exchange.h"
#include "response_body.h"
#include "transfer.h"
#include "transfer_start.h"

enum { READ_SIZE = 128 * 1024 };

/* ---- The disk ---- */

static void download_look(ferry_transfer *transfer);

/* Something of the disk has got on: whoever waits for it looks. */
static void disk_advance(ferry_poller_item *item) {
    ferry_session *session = FERRY_LIST_ITEM(item, ferry_session, disk_item);
    ferry_list_node turn;
    ferry_list_init(&turn);
    ferry_disk_reset(session->disk);
    ferry_list_append_all(&turn, &session->storing);
    for (ferry_list_node *node; (node = ferry_list_take(&turn)) != NULL;) {
        download_look(FERRY_LIST_ITEM(node, ferry_transfer, storing));
    }
}

static void download_free_disk(ferry_session *session) {
    ferry_poller_remove(session->poller, &session->disk_item);
    ferry_list_remove(&session->disk_item.node);
    ferry_disk_free(session->disk);
    session->disk = NULL;
}

static const ferry_download_ops download_ops;

static ferry_error session_open_disk(ferry_session *session, ferry_context *context) {
    if (session->disk != NULL) {
        return FERRY_OK;
    }
    ferry_error error = ferry_disk_new(context, &session->disk);
    if (error != FERRY_OK) {
        return error;
    }
    session->disk_ops = &download_ops;
    session->disk_item.advance = disk_advance;
    ferry_wait wait = {ferry_disk_get_descriptor(session->disk), FERRY_EVENT_READ};
    bool is_none = wait.descriptor == FERRY_NO_DESCRIPTOR;
    error = ferry_poller_set(session->poller, &session->disk_item, &wait, is_none ? 0 : 1, true);
    if (error != FERRY_OK) {
        download_free_disk(session);
        return ferry_fail_memory(context);
    }
    return FERRY_OK;
}

/* ---- A transfer's file ---- */

static ferry_error download_begin(ferry_transfer *transfer) {
    ferry_session *session = transfer->session;
    ferry_error error = session_open_disk(session, &transfer->context);
    if (error == FERRY_OK) {
        transfer->file = ferry_disk_create(session->disk, transfer->path);
        if (transfer->file == NULL) {
            error = ferry_fail_memory(&transfer->context);
        }
    }
    return error;
}

static void download_abandon(ferry_transfer *transfer) {
    ferry_list_remove(&transfer->storing);
    if (transfer->file != NULL) {
        ferry_disk_close(transfer->file);
        transfer->file = NULL;
    }
}

static void download_wait(ferry_transfer *transfer) {
    if (!ferry_list_has(&transfer->storing)) {
        ferry_list_append(&transfer->session->storing, &transfer->storing);
    }
}

/* False: the disk has failed, and so has the transfer. */
static bool download_is_sound(ferry_transfer *transfer) {
    const char *reason;
    if (ferry_disk_get_state(transfer->file, &reason) != FERRY_DISK_FAILED) {
        return true;
    }
    ferry_transfer_stop(transfer, FERRY_ERROR_FILE, reason);
    return false;
}

static ferry_read_result download_read(ferry_transfer *transfer, size_t most) {
    void *room = NULL;
    size_t length = 0;
    if (!download_is_sound(transfer)) {
        return FERRY_READ_OVER;
    }
    size_t capacity = ferry_disk_get_room(transfer->file, &room);
    if (capacity == 0) {
        download_wait(transfer);
        return download_is_sound(transfer) ? FERRY_READ_PAUSED : FERRY_READ_OVER;
    }
    capacity = ferry_size_least(capacity, most);
    ferry_error error = ferry_client_read_response_body(
        transfer->connection->client, room, capacity < READ_SIZE ? capacity : READ_SIZE, &length);
    ferry_disk_add(transfer->file, length);
    if (!ferry_response_count(transfer, room, length)) {
        return FERRY_READ_OVER;
    }
    return ferry_response_judge(transfer, error, length);
}

static void download_store(ferry_transfer *transfer) {
    transfer->state = FERRY_TRANSFER_STORING;
    ferry_disk_commit(transfer->file);
    download_wait(transfer);
    download_look(transfer);
}

/* It has its turn like others: many may have waited for room. */
static void download_go_on(const ferry_transfer *transfer) {
    ferry_list_node *node = &transfer->connection->item.node;
    if (!ferry_list_has(node)) {
        ferry_list_append(&transfer->session->ready, node);
    }
}

/* The disk has got on, with this file or with another one. */
static void download_look(ferry_transfer *transfer) {
    const char *reason;
    ferry_disk_state state = ferry_disk_get_state(transfer->file, &reason);
    if (state == FERRY_DISK_FAILED) {
        ferry_transfer_stop(transfer, FERRY_ERROR_FILE, reason);
    } else if (transfer->state != FERRY_TRANSFER_STORING) {
        download_go_on(transfer); /* there may be room again */
    } else if (state == FERRY_DISK_DONE) {
        ferry_transfer_finish(transfer, FERRY_OK);
    } else {
        download_wait(transfer);
    }
}

static const ferry_download_ops download_ops = {
    .begin = download_begin,
    .read = download_read,
    .complete = download_store,
    .abandon = download_abandon,
    .free_disk = download_free_disk,
};

ferry_transfer *ferry_session_start_download(ferry_session *session,
                                             const ferry_session_request *request,
                                             const char *path) {
    return ferry_transfer_start(session, request, &download_ops, path);
}

ferry_transfer *ferry_session_download(ferry_session *session, const char *url, const char *path) {
    const ferry_session_request request = {.url = url};
    return ferry_session_start_download(session, &request, path);
}
