/* SPDX-License-Identifier: MIT */
/* transfer: its life from start to free: redirects, retries, timers, and the functions that it
 * calls. */
#include "session_state.h"

#include "client/runtime.h"
#include "redirect.h"
#include "retry.h"

#include <string.h>

/* What there is where there is no memory for another one. */
static ferry_transfer transfer_without_memory = {
    .state = FERRY_TRANSFER_DONE,
    .error = FERRY_ERROR_OUT_OF_MEMORY,
    .context = {.detail = "out of memory"},
    .is_static = true,
    .body_total = -1,
    .timings = {-1, -1, -1, -1, -1, -1},
};

/* ---- The end ---- */

void ferry_transfer_announce(ferry_transfer *transfer) {
    if (!ferry_list_has(&transfer->news)) {
        ferry_list_append(&transfer->session->news, &transfer->news);
    }
}

void ferry_transfer_finish(ferry_transfer *transfer, ferry_error error) {
    ferry_session *session = transfer->session;
    if (transfer->download != NULL) {
        transfer->download->abandon(transfer);
    }
    transfer->state = FERRY_TRANSFER_DONE;
    transfer->error = error;
    if (error == FERRY_OK) {
        transfer->context.detail[0] = '\0';
    }
    transfer->timings.end_us = session->now_us - transfer->started_us;
    transfer->needs_done_call = true;
    ferry_heap_remove(&session->transfer_timers, &transfer->timer);
    session->unfinished--;
    if (!transfer->is_detached) {
        ferry_list_append(&session->finished, &transfer->finished);
    }
    ferry_transfer_announce(transfer);
}

static void transfer_destroy(ferry_transfer *transfer) {
    ferry_session *session = transfer->session;
    const ferry_context *context = &transfer->context;
    if (session != NULL) {
        ferry_list_remove(&transfer->all);
        ferry_list_remove(&transfer->finished);
        ferry_list_remove(&transfer->news);
        ferry_heap_remove(&session->transfer_timers, &transfer->timer);
    }
    ferry_transfer_free_body(transfer);
    ferry_request_plan_deinit(&transfer->plan, context);
    ferry_free(context, transfer->url);
    ferry_free(context, transfer->parts_storage);
    ferry_free(context, transfer->path);
    ferry_free(context, transfer->head);
    ferry_context copy = *context;
    ferry_free(&copy, transfer);
}

void ferry_transfer_release(ferry_transfer *transfer) {
    if (--transfer->holds == 0 && transfer->is_freed) {
        transfer_destroy(transfer);
    }
}

/* Not done, and without a connection and a place in a queue from now on. */
static void transfer_abort(ferry_transfer *transfer) {
    ferry_pool_withdraw(transfer);
    ferry_transfer_finish(transfer, ferry_fail(&transfer->context, FERRY_ERROR_ABORTED, "%s",
                                               "the transfer was cancelled"));
}

void ferry_transfer_cancel(ferry_transfer *transfer) {
    if (transfer->state != FERRY_TRANSFER_DONE) {
        transfer_abort(transfer);
    }
}

void ferry_transfer_free(ferry_transfer *transfer) {
    if (transfer == NULL || transfer->is_static || transfer->is_freed) {
        return;
    }
    ferry_transfer_cancel(transfer);
    transfer->is_freed = true;
    transfer->needs_done_call = false;
    ferry_list_remove(&transfer->finished);
    ferry_list_remove(&transfer->news);
    if (transfer->holds == 0) {
        transfer_destroy(transfer);
    }
}

void ferry_transfer_detach(ferry_transfer *transfer) {
    if (transfer->is_static || transfer->is_freed) {
        return;
    }
    transfer->is_detached = true;
    ferry_list_remove(&transfer->finished);
    if (transfer->state == FERRY_TRANSFER_DONE && !transfer->needs_done_call) {
        ferry_transfer_free(transfer);
    }
}

void ferry_transfer_call_functions(ferry_transfer *transfer) {
    const ferry_transfer_functions *functions = &transfer->plan.request.functions;
    void *ctx = transfer->plan.request.ctx;
    ferry_transfer_hold(transfer);
    if (transfer->has_progress) {
        transfer->has_progress = false;
        functions->on_progress(ctx, transfer);
    }
    if (transfer->needs_done_call) {
        transfer->needs_done_call = false;
        if (functions->on_done != NULL) {
            functions->on_done(ctx, transfer);
        }
        if (transfer->is_detached) {
            ferry_transfer_free(transfer);
        }
    }
    ferry_transfer_release(transfer);
}

/* ---- Again ---- */

void ferry_transfer_set_timer(ferry_transfer *transfer) {
    int64_t end_us = transfer->deadline_us;
    if (transfer->state == FERRY_TRANSFER_DELAYED && transfer->delay_end_us < end_us) {
        end_us = transfer->delay_end_us;
    }
    ferry_heap *timers = &transfer->session->transfer_timers;
    if (end_us == INT64_MAX) {
        ferry_heap_remove(timers, &transfer->timer);
    } else {
        ferry_heap_put(timers, &transfer->timer, end_us); /* `start` has made room */
    }
}

void ferry_transfer_delay(ferry_transfer *transfer, int64_t delay_ms) {
    if (transfer->download != NULL) {
        transfer->download->abandon(transfer);
    }
    ferry_transfer_drop_response(transfer);
    transfer->state = FERRY_TRANSFER_DELAYED;
    transfer->stale_tries = 0;
    transfer->delay_end_us = transfer->session->now_us + delay_ms * 1000;
    ferry_transfer_set_timer(transfer);
}

void ferry_transfer_fail_attempt(ferry_transfer *transfer, ferry_error error, bool may_send_again) {
    const ferry_session_request *request = &transfer->plan.request;
    if (!may_send_again || transfer->retries >= request->max_retries ||
        !ferry_retry_is_error(error)) {
        ferry_transfer_finish(transfer, error);
        return;
    }
    uint32_t chance = (uint32_t)transfer->session->now_us;
    ferry_transfer_delay(transfer, ferry_retry_delay_ms(transfer->retries, chance));
    transfer->retries++;
}

void ferry_transfer_timer(ferry_transfer *transfer) {
    ferry_session *session = transfer->session;
    if (session->now_us >= transfer->deadline_us) {
        ferry_pool_withdraw(transfer);
        ferry_transfer_finish(transfer,
                              ferry_fail(&transfer->context, FERRY_ERROR_TIMEOUT,
                                         "the transfer has not ended within %d ms (total_ms)",
                                         transfer->plan.timeouts.total_ms));
        return;
    }
    if (transfer->state == FERRY_TRANSFER_DELAYED && session->now_us >= transfer->delay_end_us) {
        ferry_pool_submit(transfer);
    }
    if (transfer->state != FERRY_TRANSFER_DONE) {
        ferry_transfer_set_timer(transfer);
    }
}

/* ---- Where it goes ---- */

/* Takes "user:password@" out of a URL in its normal form. */
static void drop_userinfo(char *url) {
    char *authority = strstr(url, "://") + 3;
    size_t length = strcspn(authority, "/?#");
    char *at = memchr(authority, '@', length);
    if (at != NULL) {
        memmove(authority, at + 1, strlen(at + 1) + 1);
    }
}

/* Makes `reference` absolute, and takes it apart. INVALID_PARAMETER, OUT_OF_MEMORY; nothing of the
 * transfer has changed then. */
static ferry_error transfer_go_to(ferry_transfer *transfer, const char *base, const char *reference,
                                  ferry_url *parts, char **url, char **storage) {
    ferry_context *context = &transfer->context;
    size_t size = 3 * ((base != NULL ? strlen(base) : 0) + strlen(reference)) + 32;
    const char *reason = NULL;
    *storage = NULL;
    *url = ferry_alloc(context, size);
    if (*url == NULL) {
        return ferry_fail_memory(context);
    }
    ferry_error error = ferry_url_resolve(base, reference, *url, size, &reason);
    if (error == FERRY_OK) {
        size_t storage_size = 3 * strlen(*url) + 16;
        *storage = ferry_alloc(context, storage_size);
        if (*storage == NULL) {
            error = ferry_fail_memory(context);
        } else {
            error = ferry_url_parse(*url, *storage, storage_size, parts, &reason);
        }
    }
    if (error == FERRY_ERROR_INVALID_PARAMETER) {
        error = ferry_fail(context, error, "the URL cannot be used: %s", reason);
    }
    if (error != FERRY_OK) {
        ferry_free(context, *storage);
        ferry_free(context, *url);
    }
    return error;
}

static void transfer_arrive(ferry_transfer *transfer, const ferry_url *parts, char *url,
                            char *storage) {
    ferry_free(&transfer->context, transfer->url);
    ferry_free(&transfer->context, transfer->parts_storage);
    drop_userinfo(url);
    transfer->url = url;
    transfer->parts_storage = storage;
    transfer->parts = *parts;
}

static ferry_error check_scheme(ferry_transfer *transfer, const ferry_url *parts) {
    if (transfer->session->https_only && !parts->secure) {
        return ferry_fail(&transfer->context, FERRY_ERROR_INVALID_PARAMETER,
                          "the URL is http://, and the session takes https:// alone (https_only)");
    }
    return FERRY_OK;
}

static bool is_same_origin(const ferry_url *a, const ferry_url *b) {
    return a->secure == b->secure && a->port == b->port && strcmp(a->host, b->host) == 0;
}

/* A reference without a fragment inherits that of the URL that it stands in (Fetch standard). */
static ferry_error inherit_fragment(ferry_transfer *transfer, const char *location, char **url) {
    const char *fragment = strchr(transfer->url, '#');
    if (fragment == NULL || strchr(location, '#') != NULL) {
        return FERRY_OK;
    }
    size_t length = strlen(*url);
    size_t more = strlen(fragment) + 1;
    char *longer = ferry_resize(&transfer->context, *url, length, length + more);
    if (longer == NULL) {
        return ferry_fail_memory(&transfer->context);
    }
    memcpy(longer + length, fragment, more);
    *url = longer;
    return FERRY_OK;
}

static ferry_error check_redirect(ferry_transfer *transfer, const ferry_url *parts) {
    const ferry_session_request *request = &transfer->plan.request;
    ferry_error error = check_scheme(transfer, parts);
    if (error == FERRY_OK && transfer->parts.secure && !parts->secure &&
        !request->allow_downgrade) {
        error = ferry_fail(&transfer->context, FERRY_ERROR_REDIRECT,
                           "the redirect leads from https:// to http:// (allow_downgrade)");
    }
    bool needs_body = !transfer->becomes_get && request->body_read != NULL;
    if (error == FERRY_OK && needs_body && !ferry_request_plan_is_repeatable(&transfer->plan)) {
        error = ferry_fail(&transfer->context, FERRY_ERROR_REDIRECT,
                           "the redirect asks for the request's body again, and there is no "
                           "body_rewind");
    }
    return error;
}

static ferry_error transfer_redirect(ferry_transfer *transfer) {
    const ferry_session_request *request = &transfer->plan.request;
    const char *location = ferry_transfer_get_response_header(transfer, "Location", 0);
    if (transfer->redirects >= request->max_redirects) {
        return ferry_fail(&transfer->context, FERRY_ERROR_REDIRECT,
                          "the server redirects without end: after %d redirects it does so again, "
                          "from %.300s",
                          transfer->redirects, transfer->url);
    }
    if (!transfer->becomes_get) {
        transfer->becomes_get =
            ferry_redirect_becomes_get(transfer->code, request->method, request->method_name);
    }
    ferry_url parts;
    char *url;
    char *storage;
    ferry_error error = transfer_go_to(transfer, transfer->url, location, &parts, &url, &storage);
    if (error == FERRY_ERROR_INVALID_PARAMETER) {
        error = FERRY_ERROR_REDIRECT; /* the program did nothing wrong */
    }
    if (error != FERRY_OK) {
        return error;
    }
    error = check_redirect(transfer, &parts);
    if (error == FERRY_OK) {
        error = inherit_fragment(transfer, location, &url);
    }
    if (error != FERRY_OK) {
        ferry_free(&transfer->context, url);
        ferry_free(&transfer->context, storage);
        return error;
    }
    transfer->redirects++;
    transfer->is_first_origin =
        transfer->is_first_origin && is_same_origin(&transfer->parts, &parts);
    transfer_arrive(transfer, &parts, url, storage);
    return FERRY_OK;
}

void ferry_transfer_follow(ferry_transfer *transfer) {
    ferry_error error = transfer_redirect(transfer);
    if (error != FERRY_OK) {
        ferry_transfer_finish(transfer, error);
        return;
    }
    ferry_transfer_drop_response(transfer);
    transfer->stale_tries = 0;
    ferry_pool_submit(transfer);
}

/* ---- The start ---- */

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
    error = ferry_heap_reserve(&session->transfer_timers, &transfer->context, session->unfinished);
    ferry_url parts;
    char *url;
    char *storage;
    if (error == FERRY_OK) {
        error = transfer_go_to(transfer, session->base_url, request->url, &parts, &url, &storage);
    }
    if (error != FERRY_OK) {
        return error;
    }
    if (parts.userinfo != NULL && ferry_session_dials) {
        error =
            ferry_request_plan_take_userinfo(&transfer->plan, &transfer->context, parts.userinfo);
    } else if (parts.userinfo != NULL) {
        error = ferry_fail(&transfer->context, FERRY_ERROR_INVALID_PARAMETER,
                           "the URL has a user name or a password, which fetch() refuses: give "
                           "user and password");
    }
    transfer_arrive(transfer, &parts, url, storage);
    if (error == FERRY_OK) {
        error = check_scheme(transfer, &transfer->parts);
    }
    return error;
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
    ferry_pool_submit(transfer);
}

ferry_transfer *ferry_transfer_start(ferry_session *session, const ferry_session_request *request,
                                     const ferry_download_ops *download, const char *path) {
    ferry_transfer *transfer = ferry_alloc(&session->context, sizeof *transfer);
    if (transfer == NULL) {
        return &transfer_without_memory;
    }
    if (!session->is_polling) {
        session->now_us = ferry_runtime_now_us();
    }
    *transfer = (ferry_transfer){
        .session = session,
        .download = download,
        .started_us = session->now_us,
        .deadline_us = INT64_MAX,
        .is_first_origin = true,
        .body_total = -1,
        .timings = {-1, -1, -1, -1, -1, -1},
    };
    transfer->context.allocator = session->context.allocator;
    transfer->queue.order = ++session->last_order;
    transfer->timer.order = session->last_order;
    ferry_list_append(&session->transfers, &transfer->all);
    session->unfinished++;
    ferry_error error = transfer_prepare(transfer, request, path);
    if (error == FERRY_OK) {
        transfer_begin(transfer);
    } else {
        ferry_transfer_finish(transfer, error);
    }
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
        return &transfer_without_memory;
    }
    ferry_query_string_from_dict(fields, count, text, length + 1);
    ferry_transfer *transfer =
        start_post(session, url, text, length, "Content-Type: application/x-www-form-urlencoded");
    ferry_free(&session->context, text);
    return transfer;
}

ferry_transfer *ferry_session_post_json(ferry_session *session, const char *url, const char *json) {
    return start_post(session, url, json, strlen(json), "Content-Type: application/json");
}

/* ---- What there is to know ---- */

bool ferry_transfer_is_done(const ferry_transfer *transfer) {
    return transfer->state == FERRY_TRANSFER_DONE;
}

bool ferry_transfer_is_ok(const ferry_transfer *transfer) {
    return transfer->state == FERRY_TRANSFER_DONE && transfer->error == FERRY_OK;
}

ferry_error ferry_transfer_get_error(const ferry_transfer *transfer) {
    return transfer->error;
}

const char *ferry_transfer_get_error_detail(const ferry_transfer *transfer) {
    return transfer->error != FERRY_OK ? transfer->context.detail : "";
}

const char *ferry_transfer_get_url(const ferry_transfer *transfer) {
    return transfer->url != NULL ? transfer->url : "";
}

int ferry_transfer_get_redirect_count(const ferry_transfer *transfer) {
    return transfer->redirects;
}

int ferry_transfer_get_retry_count(const ferry_transfer *transfer) {
    return transfer->retries;
}

void *ferry_transfer_get_ctx(const ferry_transfer *transfer) {
    return transfer->plan.request.ctx;
}

void ferry_transfer_get_timings(const ferry_transfer *transfer, ferry_transfer_timings *timings) {
    *timings = transfer->timings;
}

void ferry_transfer_set_priority(ferry_transfer *transfer, int priority) {
    transfer->plan.request.priority = priority;
    if (ferry_heap_has(&transfer->queue)) {
        ferry_heap_put(&transfer->origin->waiting, &transfer->queue, -(int64_t)priority);
    }
}
