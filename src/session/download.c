/* SPDX-License-Identifier: MIT */
/* download: transfers whose bodies go to files. It stands apart so that a program without them does
 * not carry it, nor on the web a file system. */
#include "base/span.h"
#include "content_range.h"
#include "download_state.h"
#include "integrity.h"
#include "response_body.h"
#include "session_disk.h"
#include "transfer.h"
#include "transfer_redirect.h"
#include "transfer_start.h"

#include <string.h>

enum { READ_SIZE = 128 * 1024 };

/* ---- Before the request ---- */

/* Without a fragment. */
static ferry_error download_take_url(ferry_transfer *transfer) {
    char *url = ferry_text_copy(&transfer->context.allocator, transfer->place.url);
    if (url == NULL) {
        return ferry_fail_memory(&transfer->context);
    }
    url[strcspn(url, "#")] = '\0';
    transfer->saved->url = url;
    return FERRY_OK;
}

static ferry_error download_begin_looking(ferry_transfer *transfer) {
    const ferry_session_request *request = &transfer->plan.request;
    ferry_session *session = transfer->session;
    ferry_error error = download_take_url(transfer);
    if (error == FERRY_OK) {
        error = ferry_session_open_disk(session, &transfer->context);
    }
    if (error != FERRY_OK) {
        return error;
    }
    transfer->file = ferry_disk_inspect(session->disk, transfer->path, request->resume);
    if (transfer->file == NULL) {
        return ferry_fail_memory(&transfer->context);
    }
    transfer->saved->is_inspected = true;
    transfer->saved->step = FERRY_DOWNLOAD_LOOKS;
    return FERRY_OK;
}

static ferry_error download_make(ferry_transfer *transfer) {
    const ferry_session_request *request = &transfer->plan.request;
    ferry_download *download = ferry_alloc(&transfer->context, sizeof *download);
    if (download == NULL) {
        return ferry_fail_memory(&transfer->context);
    }
    *download = (ferry_download){.total = -1};
    transfer->saved = download;
    ferry_error error = ferry_download_check(transfer);
    if (error == FERRY_OK && (request->resume || request->if_changed)) {
        return download_begin_looking(transfer);
    }
    download->step = FERRY_DOWNLOAD_READY;
    return error;
}

/* What may be current must have the digest that is wanted. */
static void download_judge_old(ferry_transfer *transfer) {
    unsigned char digest[FERRY_HASH_MAX_SIZE];
    const ferry_hash *hash = ferry_disk_get_hash(transfer->file);
    bool fits = false;
    if (hash != NULL) {
        ferry_hash_copy(transfer->hash, hash);
        size_t size = ferry_hash_finish(transfer->hash, digest);
        fits = ferry_integrity_matches(transfer->plan.request.integrity, transfer->hash_kind,
                                       digest, size);
    }
    if (!fits) {
        ferry_download_forget_old(transfer);
    }
}

/* The body's hash goes on from it. */
static void download_judge_part(ferry_transfer *transfer) {
    const ferry_hash *hash = ferry_disk_get_hash(transfer->file);
    if (hash != NULL) {
        ferry_hash_copy(transfer->hash, hash);
    } else {
        ferry_download_forget_part(transfer);
    }
}

/* The disk has done what the step was about: the next one begins. */
static ferry_error download_step(ferry_transfer *transfer) {
    ferry_download *download = transfer->saved;
    const ferry_disk_findings *findings = ferry_disk_get_findings(transfer->file);
    ferry_error error = FERRY_OK;
    bool hashes_old = false;
    bool hashes_part = false;
    switch (download->step) {
    case FERRY_DOWNLOAD_LOOKS:
        error = ferry_download_take_findings(transfer);
        hashes_old = download->old_etag != NULL || download->old_modified != NULL;
        hashes_part = download->offset > 0;
        break;
    case FERRY_DOWNLOAD_HASHES_OLD:
        download_judge_old(transfer);
        hashes_part = download->offset > 0;
        break;
    case FERRY_DOWNLOAD_HASHES_PART:
        download_judge_part(transfer);
        break;
    case FERRY_DOWNLOAD_NEW:
    case FERRY_DOWNLOAD_READY:
        break;
    }
    download->step = FERRY_DOWNLOAD_READY;
    if (error == FERRY_OK && transfer->hash != NULL && hashes_old) {
        download->step = FERRY_DOWNLOAD_HASHES_OLD;
        ferry_disk_hash(transfer->file, true, findings->length, transfer->hash_kind);
    } else if (error == FERRY_OK && transfer->hash != NULL && hashes_part) {
        download->step = FERRY_DOWNLOAD_HASHES_PART;
        ferry_disk_hash(transfer->file, false, download->offset, transfer->hash_kind);
    }
    return error;
}

static ferry_error download_prepare(ferry_transfer *transfer, bool *is_ready) {
    const char *reason;
    ferry_error error = transfer->saved == NULL ? download_make(transfer) : FERRY_OK;
    while (error == FERRY_OK && transfer->saved->step != FERRY_DOWNLOAD_READY) {
        ferry_disk_state state = ferry_disk_get_state(transfer->file, &reason);
        if (state == FERRY_DISK_LOOKING) {
            *is_ready = false;
            return FERRY_OK;
        }
        error = state == FERRY_DISK_FAILED
                    ? ferry_fail(&transfer->context, FERRY_ERROR_FILE, "%s", reason)
                    : download_step(transfer);
    }
    return error;
}

/* ---- The response ---- */

static ferry_response_use download_judge(const ferry_transfer *transfer) {
    const ferry_download *download = transfer->saved;
    bool has_condition = download->old_etag != NULL || download->old_modified != NULL;
    switch (transfer->code) {
    case FERRY_RESPONSE_NOT_MODIFIED:
        return has_condition || transfer->plan.request.any_status ? FERRY_USE_UNCHANGED
                                                                  : FERRY_USE_STATUS;
    case FERRY_RESPONSE_PARTIAL_CONTENT:
        if (download->asks_range) {
            return ferry_download_fits(transfer) ? FERRY_USE_DELIVER : FERRY_USE_ANEW;
        }
        /* One that nobody asked for is not the file. */
        return download->is_repeatable ? FERRY_USE_STATUS : FERRY_USE_NONE;
    case FERRY_RESPONSE_REQUESTED_RANGE_NOT_SATISFIABLE:
        if (download->asks_range) {
            return ferry_download_is_whole(transfer) ? FERRY_USE_WHOLE : FERRY_USE_ANEW;
        }
        return FERRY_USE_NONE;
    default:
        return FERRY_USE_NONE;
    }
}

/* The bytes that are there go on. */
static void download_go_on(ferry_transfer *transfer) {
    const char *reason;
    ferry_download *download = transfer->saved;
    if (ferry_disk_get_state(transfer->file, &reason) == FERRY_DISK_FOUND) {
        transfer->resumed_bytes = download->offset;
        ferry_disk_continue(transfer->file);
    }
    transfer->body_bytes = download->offset;
}

static ferry_error download_begin_anew(ferry_transfer *transfer) {
    ferry_download *download = transfer->saved;
    ferry_session *session = transfer->session;
    unsigned char digest[FERRY_HASH_MAX_SIZE];
    if (transfer->hash != NULL) {
        ferry_hash_finish(transfer->hash, digest); /* and begin anew */
    }
    transfer->resumed_bytes = 0;
    ferry_error error = ferry_download_take_response(transfer);
    if (error == FERRY_OK && transfer->file != NULL && download->is_inspected) {
        char *note =
            transfer->plan.request.resume ? ferry_download_write_note(transfer, true) : NULL;
        ferry_disk_begin(transfer->file, note);
        ferry_free(&transfer->context, note);
        return FERRY_OK;
    }
    if (transfer->file != NULL) {
        ferry_disk_close(transfer->file, false);
        transfer->file = NULL;
    }
    if (error == FERRY_OK) {
        error = ferry_session_open_disk(session, &transfer->context);
    }
    if (error == FERRY_OK) {
        transfer->file = ferry_disk_create(session->disk, transfer->path);
        error = transfer->file != NULL ? FERRY_OK : ferry_fail_memory(&transfer->context);
    }
    return error;
}

static ferry_error download_begin(ferry_transfer *transfer) {
    ferry_download *download = transfer->saved;
    bool goes_on = download->asks_range && transfer->code == FERRY_RESPONSE_PARTIAL_CONTENT;
    if (goes_on || transfer->use == FERRY_USE_WHOLE) {
        ferry_content_range range;
        const char *value = ferry_transfer_get_response_header(transfer, "Content-Range", 0);
        if (ferry_content_range_read(ferry_span_of(value), &range)) {
            download->total = range.total;
        }
        download_go_on(transfer);
        transfer->body_total = download->total;
        return FERRY_OK;
    }
    return download_begin_anew(transfer);
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
        ferry_transfer_await_disk(transfer);
        return download_is_sound(transfer) ? FERRY_READ_PAUSED : FERRY_READ_OVER;
    }
    capacity = ferry_size_least(capacity, most);
    ferry_error error = ferry_client_read_response_body(
        transfer->connection->client, room, capacity < READ_SIZE ? capacity : READ_SIZE, &length);
    if (!ferry_response_count(transfer, room, length)) {
        return FERRY_READ_OVER;
    }
    ferry_disk_add(transfer->file, length); /* who writes it also frees it */
    if (transfer->code == FERRY_RESPONSE_PARTIAL_CONTENT && transfer->saved->asks_range &&
        transfer->body_bytes > transfer->saved->total) {
        ferry_transfer_stop(transfer, FERRY_ERROR_INVALID_DATA,
                            "the body is longer than its Content-Range says");
        return FERRY_READ_OVER;
    }
    return ferry_response_judge(transfer, error, length);
}

/* ---- The end ---- */

static void download_store(ferry_transfer *transfer) {
    ferry_download *download = transfer->saved;
    bool is_short = transfer->code == FERRY_RESPONSE_PARTIAL_CONTENT && download->asks_range &&
                    transfer->body_bytes < download->total;
    if (is_short) {
        ferry_error error = ferry_fail(&transfer->context, FERRY_ERROR_BODY_TRUNCATED,
                                       "the body is shorter than its Content-Range says");
        ferry_transfer_fail_attempt(transfer, error,
                                    transfer->plan.request.send_again != FERRY_SEND_AGAIN_NO);
        return;
    }
    char *note =
        transfer->plan.request.if_changed ? ferry_download_write_note(transfer, false) : NULL;
    transfer->state = FERRY_TRANSFER_STORING;
    ferry_disk_commit(transfer->file, note);
    ferry_free(&transfer->context, note);
    transfer->download->look(transfer);
}

static void download_look(ferry_transfer *transfer) {
    const char *reason;
    const ferry_download *download = transfer->saved;
    switch (ferry_disk_get_state(transfer->file, &reason)) {
    case FERRY_DISK_SETTLED:
        ferry_transfer_finish(transfer, download->end);
        break;
    case FERRY_DISK_DONE:
        ferry_transfer_finish(transfer, FERRY_OK);
        break;
    case FERRY_DISK_FAILED:
        if (download->is_ending) {
            ferry_transfer_await_disk(transfer);
        } else {
            ferry_transfer_stop(transfer, FERRY_ERROR_FILE, reason);
        }
        break;
    case FERRY_DISK_LOOKING:
    case FERRY_DISK_FOUND:
    case FERRY_DISK_OPEN:
        ferry_transfer_await_disk(transfer);
        break;
    }
}

/* What can be continued is, at the URL of the request: those of redirects may have ended. */
static ferry_error download_pause(ferry_transfer *transfer) {
    ferry_download *download = transfer->saved;
    if (transfer->use != FERRY_USE_DELIVER) {
        return FERRY_OK; /* nothing has come that was to be kept */
    }
    if (ferry_download_get_validator(download) != NULL) {
        download->offset = transfer->body_bytes;
    } else {
        ferry_download_forget_part(transfer);
    }
    if (download->offset > 0) {
        return ferry_transfer_return(transfer);
    }
    if (transfer->file != NULL && !download->is_inspected) {
        ferry_disk_close(transfer->file, false);
        transfer->file = NULL;
    }
    return FERRY_OK;
}

/* Whether a later transfer may have more luck with what is there. */
static bool error_may_pass(ferry_error error) {
    return error != FERRY_OK && error != FERRY_ERROR_INTEGRITY &&
           error != FERRY_ERROR_INVALID_DATA && error != FERRY_ERROR_TOO_LARGE;
}

/* Whoever cancels does not wait. The others end once nothing more is to be done for the file, so
 * that whoever ends the program then finds it as it is to be. */
static bool download_settle(ferry_transfer *transfer, ferry_error error) {
    ferry_download *download = transfer->saved;
    const char *reason;
    if (error == FERRY_ERROR_ABORTED || transfer->file == NULL || download->is_ending) {
        return false;
    }
    ferry_disk_state state = ferry_disk_get_state(transfer->file, &reason);
    bool is_busy = state != FERRY_DISK_FAILED && transfer->state == FERRY_TRANSFER_STORING;
    if (is_busy || state == FERRY_DISK_LOOKING) {
        return false;
    }
    download->is_ending = true;
    download->end = error;
    transfer->state = FERRY_TRANSFER_STORING;
    transfer->deadline_us = INT64_MAX;
    ferry_transfer_set_timer(transfer);
    ferry_disk_settle(transfer->file, transfer->plan.request.resume && error_may_pass(error));
    transfer->download->look(transfer);
    return true;
}

static void download_abandon(ferry_transfer *transfer, ferry_error error) {
    ferry_list_remove(&transfer->storing);
    if (transfer->file != NULL) {
        ferry_disk_close(transfer->file, transfer->plan.request.resume && error_may_pass(error));
        transfer->file = NULL;
    }
}

static const ferry_download_ops download_ops = {
    .prepare = download_prepare,
    .list_lines = ferry_download_list_lines,
    .judge = download_judge,
    .begin = download_begin,
    .read = download_read,
    .complete = download_store,
    .look = download_look,
    .settle = download_settle,
    .pause = download_pause,
    .begin_anew = ferry_download_forget_part,
    .abandon = download_abandon,
    .deinit = ferry_download_deinit,
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
