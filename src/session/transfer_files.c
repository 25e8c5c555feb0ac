/* SPDX-License-Identifier: MIT */
/* transfer_files: what a transfer does when the disk has got on. */
#include "transfer_files.h"

#include "body_file.h"
#include "pool.h"
#include "session_disk.h"
#include "transfer.h"

void ferry_transfer_prepare_files(ferry_transfer *transfer) {
    bool is_ready = true;
    ferry_error error = FERRY_OK;
    if (transfer->download != NULL) {
        error = transfer->download->prepare(transfer, &is_ready);
    }
    if (error == FERRY_OK && transfer->plan.request.body_file != NULL) {
        error = ferry_body_file_prepare(transfer, &is_ready);
    }
    if (error != FERRY_OK) {
        ferry_transfer_finish(transfer, error);
    } else if (is_ready) {
        ferry_pool_submit(transfer);
    } else {
        transfer->state = FERRY_TRANSFER_PREPARING;
        ferry_transfer_await_disk(transfer);
    }
}

/* It has its turn like others: many may have waited for the disk. */
static void transfer_go_on(const ferry_transfer *transfer) {
    ferry_list_node *node = &transfer->connection->item.node;
    if (!ferry_list_has(node)) {
        ferry_list_append(&transfer->session->ready, node);
    }
}

void ferry_transfer_look(ferry_transfer *transfer) {
    switch (transfer->state) {
    case FERRY_TRANSFER_PREPARING:
        ferry_transfer_prepare_files(transfer);
        break;
    case FERRY_TRANSFER_RUNNING:
        transfer_go_on(transfer); /* there may be room, or bytes, again */
        break;
    case FERRY_TRANSFER_STORING:
        transfer->download->look(transfer);
        break;
    case FERRY_TRANSFER_WAITING:
    case FERRY_TRANSFER_DELAYED:
    case FERRY_TRANSFER_DONE:
        break; /* it looks when it comes to need its file */
    }
}
