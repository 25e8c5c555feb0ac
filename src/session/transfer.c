/* SPDX-License-Identifier: MIT */
/* transfer: its life from start to free: its end, its retries and timers, and the functions that it
 * calls. */
#include "transfer.h"

#include "credentials.h"
#include "disk.h"
#include "pool.h"
#include "response.h"
#include "retry.h"

#include <string.h>

/* ---- The end ---- */

void ferry_transfer_announce(ferry_transfer *transfer) {
    if (!ferry_list_has(&transfer->news)) {
        ferry_list_append(&transfer->session->news, &transfer->news);
    }
}

void ferry_transfer_finish(ferry_transfer *transfer, ferry_error error) {
    ferry_session *session = transfer->session;
    if (transfer->download != NULL && transfer->download->settle(transfer, error)) {
        return;
    }
    if (transfer->download != NULL) {
        transfer->download->abandon(transfer, error);
    }
    if (transfer->source != NULL) {
        ferry_disk_source_close(transfer->source);
        transfer->source = NULL;
    }
    ferry_list_remove(&transfer->storing);
    transfer->state = FERRY_TRANSFER_DONE;
    transfer->error = error;
    if (error == FERRY_OK) {
        transfer->context.detail[0] = '\0';
    }
    transfer->timings.end_us = session->now_us - transfer->started_us;
    transfer->needs_done_call = true;
    ferry_heap_remove(&session->transfer_timers, &transfer->timer);
    session->unfinished--;
    ferry_session_resume_paused(session); /* another one may be the oldest now */
    if (!transfer->is_detached) {
        ferry_list_append(&session->finished, &transfer->finished);
    }
    ferry_transfer_announce(transfer);
}

void ferry_transfer_stop(ferry_transfer *transfer, ferry_error error, const char *detail) {
    ferry_fail(&transfer->context, error, "%s", detail); /* which may be the client's */
    ferry_pool_withdraw(transfer);
    ferry_transfer_finish(transfer, error);
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
    ferry_free(context, transfer->feed);
    ferry_transfer_free_body(transfer);
    ferry_request_plan_deinit(&transfer->plan, context);
    ferry_place_deinit(&transfer->place, context);
    if (transfer->download != NULL) {
        transfer->download->deinit(transfer);
    }
    ferry_free(context, transfer->path);
    ferry_hash_free(context, transfer->hash);
    ferry_credentials_free(context, transfer->cookie_line);
    ferry_free(context, transfer->head);
    if (session != NULL && session->reserve == NULL) {
        session->reserve = transfer;
        return;
    }
    const ferry_allocator allocator = context->allocator; /* a part of what goes */
    allocator.free(allocator.ctx, transfer);
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
        ferry_session_note_time(transfer->session);
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

void ferry_transfer_call_functions(ferry_transfer *transfer, bool ends_poll) {
    const ferry_transfer_functions *functions = &transfer->plan.request.functions;
    const ferry_session *session = transfer->session;
    void *ctx = transfer->plan.request.ctx;
    ferry_transfer_hold(transfer);
    if (transfer->has_progress && (ends_poll || transfer->needs_done_call)) {
        transfer->has_progress = false;
        functions->on_progress(ctx, transfer);
    } else if (transfer->has_progress) {
        ferry_transfer_announce(transfer); /* more may come in this poll */
    }
    if (transfer->needs_done_call && !session->is_freed) {
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
    ferry_error error = transfer->download != NULL ? transfer->download->pause(transfer) : FERRY_OK;
    if (error != FERRY_OK) {
        ferry_transfer_finish(transfer, error);
        return;
    }
    ferry_transfer_drop_response(transfer);
    ferry_transfer_free_body(transfer); /* others have use for the memory */
    transfer->state = FERRY_TRANSFER_DELAYED;
    transfer->stale_tries = 0;
    ferry_session_resume_paused(transfer->session); /* another one may be the oldest now */
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
    uint32_t chance = ferry_retry_chance(transfer->session->now_us, transfer->queue.order);
    ferry_transfer_delay(transfer, ferry_retry_delay_ms(transfer->retries, chance));
    transfer->retries++;
}

/* What has come is looked at first: it may be here for long where the session is polled late, or
 * where others have had the time of its polls. */
static void transfer_end_in_time(ferry_transfer *transfer) {
    const ferry_session *session = transfer->session;
    if (transfer->state == FERRY_TRANSFER_RUNNING) {
        session->events->on_ready(transfer);
    }
    if (transfer->state == FERRY_TRANSFER_DONE || session->is_freed) {
        return;
    }
    ferry_pool_withdraw(transfer);
    ferry_transfer_finish(transfer, ferry_fail(&transfer->context, FERRY_ERROR_TIMEOUT,
                                               "the transfer has not ended within %d ms (total_ms)",
                                               transfer->plan.timeouts.total_ms));
}

void ferry_transfer_timer(ferry_transfer *transfer) {
    const ferry_session *session = transfer->session;
    if (session->now_us >= transfer->deadline_us) {
        ferry_transfer_hold(transfer);
        transfer_end_in_time(transfer);
        ferry_transfer_release(transfer);
        return;
    }
    if (transfer->state == FERRY_TRANSFER_DELAYED && session->now_us >= transfer->delay_end_us) {
        ferry_pool_submit(transfer);
    }
    if (transfer->state != FERRY_TRANSFER_DONE) {
        ferry_transfer_set_timer(transfer);
    }
}

ferry_error ferry_transfer_check_scheme(ferry_transfer *transfer, const ferry_place *place) {
    if (transfer->session->https_only && !place->parts.secure) {
        return ferry_fail(&transfer->context, FERRY_ERROR_INVALID_PARAMETER,
                          "the URL is http://, and the session takes https:// alone (https_only)");
    }
    return FERRY_OK;
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
    return transfer->place.url != NULL ? transfer->place.url : "";
}

int ferry_transfer_get_redirect_count(const ferry_transfer *transfer) {
    return transfer->redirects;
}

bool ferry_transfer_is_unchanged(const ferry_transfer *transfer) {
    return transfer->is_unchanged;
}

int64_t ferry_transfer_get_resumed_bytes(const ferry_transfer *transfer) {
    return transfer->resumed_bytes;
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
    if (transfer->is_static) {
        return; /* it is everyone's */
    }
    transfer->plan.request.priority = priority;
    ferry_pool_reorder(transfer);
}
