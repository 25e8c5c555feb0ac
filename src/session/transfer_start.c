/* SPDX-License-Identifier: MIT */
/* transfer_start: makes a transfer of a request, and checks what can be checked before anything is
 * sent. */
#include "transfer_start.h"

#include "integrity.h"
#include "throttle.h"
#include "transfer.h"
#include "transfer_files.h"

#include <string.h>

/* What there is where there is no memory for another one, and the reserve is in use. */
static ferry_transfer transfer_without_memory = {
    .state = FERRY_TRANSFER_DONE,
    .error = FERRY_ERROR_OUT_OF_MEMORY,
    .context = {.detail = "out of memory"},
    .is_static = true,
    .body_total = -1,
    .timings = {-1, -1, -1, -1, -1, -1},
};

static ferry_error transfer_take_path(ferry_transfer *transfer, const char *path) {
    const ferry_session_request *request = &transfer->plan.request;
    if (path == NULL || *path == '\0') {
        return ferry_fail(&transfer->context, FERRY_ERROR_INVALID_PARAMETER,
                          "the download has no path");
    }
    if (request->dst != NULL || request->functions.on_data != NULL || request->owner_reads) {
        return ferry_fail(&transfer->context, FERRY_ERROR_INVALID_PARAMETER,
                          "the response has two places to go: a download has none of dst, on_data "
                          "and owner_reads");
    }
    transfer->path = ferry_text_copy(&transfer->context.allocator, path);
    return transfer->path != NULL ? FERRY_OK : ferry_fail_memory(&transfer->context);
}

static ferry_error transfer_take_integrity(ferry_transfer *transfer) {
    ferry_error error = ferry_integrity_read(&transfer->context, transfer->plan.request.integrity,
                                             &transfer->hash_kind);
    return error == FERRY_OK
               ? ferry_hash_new(&transfer->context, transfer->hash_kind, &transfer->hash)
               : error;
}

static ferry_error transfer_prepare(ferry_transfer *transfer, const ferry_session_request *request,
                                    const char *path) {
    ferry_session *session = transfer->session;
    if (session->bad_option != FERRY_OK) {
        return ferry_fail(&transfer->context, session->bad_option, "%s", session->context.detail);
    }
    ferry_error error = ferry_request_plan_make(&transfer->plan, &transfer->context, request);
    if (error != FERRY_OK) {
        return error;
    }
    if (transfer->download != NULL) {
        error = transfer_take_path(transfer, path);
        if (error != FERRY_OK) {
            return error;
        }
    }
    if (transfer->download == NULL && (request->resume || request->if_changed)) {
        return ferry_fail(&transfer->context, FERRY_ERROR_INVALID_PARAMETER,
                          "resume and if_changed are for downloads to files "
                          "(ferry_session_start_download)");
    }
    if (transfer->plan.request.integrity != NULL) {
        error = transfer_take_integrity(transfer);
        if (error != FERRY_OK) {
            return error;
        }
    }
    error = ferry_heap_reserve(&session->transfer_timers, &transfer->context, session->unfinished);
    ferry_place *place = &transfer->place;
    if (error == FERRY_OK) {
        error = ferry_place_find(place, &transfer->context, session->base_url, request->url);
    }
    if (error != FERRY_OK) {
        return error;
    }
    const char *userinfo = place->parts.userinfo;
    if (userinfo != NULL && ferry_session_dials) {
        error = ferry_request_plan_take_userinfo(&transfer->plan, &transfer->context, userinfo);
    } else if (userinfo != NULL) {
        error = ferry_fail(&transfer->context, FERRY_ERROR_INVALID_PARAMETER,
                           "the URL has a user name or a password, which fetch() refuses: give "
                           "user and password");
    }
    if (error == FERRY_OK && transfer->plan.request.cookies != NULL && !ferry_session_dials) {
        error = ferry_fail(&transfer->context, FERRY_ERROR_UNAVAILABLE,
                           "cookies are the browser's: a request cannot bring any");
    }
    return error == FERRY_OK ? ferry_transfer_check_scheme(transfer, place) : error;
}

static void transfer_begin(ferry_transfer *transfer) {
    ferry_session *session = transfer->session;
    int total_ms = transfer->plan.timeouts.total_ms;
    if (total_ms == 0) {
        total_ms = session->total_ms;
        transfer->plan.timeouts.total_ms = total_ms;
    }
    if (total_ms > 0) {
        transfer->deadline_us = transfer->started_us + (int64_t)total_ms * 1000;
        ferry_transfer_set_timer(transfer);
    }
    ferry_throttle_begin(transfer);
    ferry_transfer_prepare_files(transfer);
}

/* A transfer that is not done; NULL: there is no memory. *is_reserve: it can only say that. */
static ferry_transfer *transfer_new(ferry_session *session, bool *is_reserve) {
    ferry_transfer *transfer = ferry_alloc(&session->context, sizeof *transfer);
    *is_reserve = transfer == NULL;
    if (transfer == NULL) {
        transfer = session->reserve;
        session->reserve = NULL;
    }
    if (transfer == NULL) {
        return NULL;
    }
    ferry_session_note_time(session);
    /* The detail is a text: its first byte is all of it. */
    memset(transfer, 0, offsetof(ferry_transfer, context.detail) + 1);
    transfer->session = session;
    transfer->started_us = session->now_us;
    transfer->deadline_us = INT64_MAX;
    transfer->is_first_origin = true;
    transfer->body_total = -1;
    transfer->timings = (ferry_transfer_timings){-1, -1, -1, -1, -1, -1};
    transfer->context.allocator = session->context.allocator;
    transfer->queue.order = ++session->last_order;
    transfer->timer.order = session->last_order;
    ferry_list_append(&session->transfers, &transfer->all);
    session->unfinished++;
    return transfer;
}

ferry_transfer *ferry_transfer_start(ferry_session *session, const ferry_session_request *request,
                                     const ferry_download_ops *download, const char *path) {
    static const ferry_session_request none;
    if (request == NULL) {
        request = &none; /* which has no URL */
    }
    bool is_reserve;
    ferry_transfer *transfer = transfer_new(session, &is_reserve);
    if (transfer == NULL) {
        return &transfer_without_memory;
    }
    transfer->download = download;
    ferry_error error = is_reserve ? ferry_fail_memory(&transfer->context)
                                   : transfer_prepare(transfer, request, path);
    if (error == FERRY_OK) {
        transfer_begin(transfer);
    } else {
        /* There may be no plan, and it is told all the same. */
        transfer->plan.request.functions = request->functions;
        transfer->plan.request.ctx = request->ctx;
        ferry_transfer_finish(transfer, error);
    }
    return transfer;
}

/* One that has failed since there is no memory for what it would send. */
static ferry_transfer *transfer_start_without_memory(ferry_session *session) {
    bool is_reserve;
    ferry_transfer *transfer = transfer_new(session, &is_reserve);
    if (transfer == NULL) {
        return &transfer_without_memory;
    }
    ferry_transfer_finish(transfer, ferry_fail_memory(&transfer->context));
    return transfer;
}

ferry_transfer *ferry_session_start(ferry_session *session, const ferry_session_request *request) {
    return ferry_transfer_start(session, request, NULL, NULL);
}

ferry_transfer *ferry_session_get(ferry_session *session, const char *url) {
    const ferry_session_request request = {.url = url};
    return ferry_session_start(session, &request);
}

static ferry_transfer *start_post(ferry_session *session, const char *url, const void *body,
                                  size_t length, const char *content_type) {
    const char *const headers[] = {content_type, NULL};
    const ferry_session_request request = {
        .url = url,
        .method = FERRY_METHOD_POST,
        .headers = headers,
        .body = body,
        .body_length = length,
        .copy_body = true,
    };
    return ferry_session_start(session, &request);
}

ferry_transfer *ferry_session_post_form(ferry_session *session, const char *url,
                                        const ferry_field *fields, size_t count) {
    size_t length = ferry_query_string_from_dict(fields, count, NULL, 0);
    char *text = length < SIZE_MAX ? ferry_alloc(&session->context, length + 1) : NULL;
    if (text == NULL) {
        return transfer_start_without_memory(session);
    }
    ferry_query_string_from_dict(fields, count, text, length + 1);
    ferry_transfer *transfer =
        start_post(session, url, text, length, "Content-Type: application/x-www-form-urlencoded");
    ferry_free(&session->context, text);
    return transfer;
}

ferry_transfer *ferry_session_post_json(ferry_session *session, const char *url, const char *json) {
    size_t length = json != NULL ? strlen(json) : SIZE_MAX; /* no text is bad input */
    return start_post(session, url, json, length, "Content-Type: application/json");
}
