/* SPDX-License-Identifier: MIT */
/* upload: gives a session what comes from a pipe or a terminal, as it comes. What the session does
 * not take now is given again after the next poll. */
#include "transfer_parts.h"

#include <string.h>

/* The server has answered with something else than a 2xx: its response is what counts now. After a
 * redirect nobody wants the body either. */
static void transfer_stop_upload(cli_transfer *transfer) {
    transfer->is_uploading = false;
    if (ferry_transfer_get_redirect_count(transfer->handle) == 0) {
        cli_transfer_note(transfer, "the server answered before it had the whole upload");
    }
}

/* The transfer has failed and says why, or the input is not as long as -H has announced. */
static void transfer_refuse_input(cli_transfer *transfer, ferry_error error) {
    transfer->is_uploading = false;
    if (error == FERRY_ERROR_INVALID_PARAMETER && !ferry_transfer_is_done(transfer->handle)) {
        cli_transfer_fail(transfer, CLI_EXIT_READ,
                          "the input has another length than Content-Length says", FERRY_OK);
        ferry_transfer_cancel(transfer->handle);
    }
}

/* False: there is nothing now. */
static bool transfer_read_input(cli_transfer *transfer) {
    cli_input *input = &transfer->request.input;
    size_t length = 0;
    if (!cli_input_is_ready(input)) {
        return false;
    }
    int problem = cli_input_read(input, transfer->piece, CLI_PIECE_SIZE, &length);
    if (problem != 0) {
        transfer->is_uploading = false;
        cli_transfer_fail_file(transfer, CLI_EXIT_READ, "read", input->name, strerror(problem));
        ferry_transfer_cancel(transfer->handle);
        return false;
    }
    transfer->piece_at = 0;
    transfer->piece_end = length;
    transfer->is_ended = length == 0;
    return true;
}

/* False: the session takes no more now. */
static bool transfer_write_piece(cli_transfer *transfer) {
    size_t length = transfer->piece_end - transfer->piece_at;
    size_t written = 0;
    ferry_error error = ferry_transfer_write(transfer->handle, transfer->piece + transfer->piece_at,
                                             length, &written);
    transfer->piece_at += written;
    if (error == FERRY_ERROR_UPLOAD_STOPPED) {
        transfer_stop_upload(transfer);
    } else if (error != FERRY_OK) {
        transfer_refuse_input(transfer, error);
    }
    return transfer->is_uploading && written == length;
}

static void transfer_end_upload(cli_transfer *transfer) {
    bool is_taken = false;
    ferry_error error = ferry_transfer_finish_body(transfer->handle, &is_taken);
    if (error == FERRY_ERROR_UPLOAD_STOPPED) {
        transfer_stop_upload(transfer);
    } else if (error != FERRY_OK) {
        transfer_refuse_input(transfer, error);
    } else if (is_taken) {
        transfer->is_uploading = false;
    }
    if (is_taken && transfer->has_head) {
        cli_progress_finish(&transfer->progress, ferry_transfer_get_bytes_sent(transfer->handle),
                            -1, cli_now_ms());
    }
}

/* Where the length was announced, the end of the body needs no saying. */
static bool transfer_has_sent_all(const cli_transfer *transfer) {
    int64_t length = transfer->request.request.body_read_length;
    return transfer->is_ended ||
           (length >= 0 && ferry_transfer_get_bytes_sent(transfer->handle) >= length);
}

/* One piece at a time, so that others have their turn. */
void cli_upload_step(cli_transfer *transfer) {
    if (ferry_transfer_is_done(transfer->handle)) {
        if (ferry_transfer_is_ok(transfer->handle) && !transfer_has_sent_all(transfer)) {
            transfer_stop_upload(transfer);
        }
        transfer->is_uploading = false;
        return;
    }
    if (!transfer->is_ended && transfer->piece_at == transfer->piece_end &&
        !transfer_read_input(transfer)) {
        return;
    }
    if (transfer->is_ended) {
        transfer_end_upload(transfer);
    } else {
        transfer_write_piece(transfer);
    }
}
