/* SPDX-License-Identifier: MIT */
/* conversation_exchange: a request, its upload, and the answer, whose bytes are checked as they
 * come. */
#include "conversation_state.h"

#include "payload.h"
#include "require.h"
#include "tally.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { REST_MS = 20, STALLED_MS = 150, STALLED_TOTAL_MS = 600, TARGET_SIZE = 128 };

static _Atomic uint64_t numbers;

void conversation_begin_request(soak_conversation *conversation) {
    const soak_plan *plan = &conversation->plan;
    bool is_tls = plan->is_tls || plan->route == PLAN_ROUTE_TLS_PROXIED_HTTP;
    uint64_t seed = chance_mix(plan->seed, 100 + conversation->requests++);
    conversation->script = script_make(script_seed(seed, is_tls, plan->is_small));
    conversation->number = ++numbers;
    const soak_script *script = &conversation->script;
    free(conversation->upload);
    conversation->upload = require_memory(malloc(script->upload_length + 1));
    payload_write(script_upload_seed(script), 0, conversation->upload, script->upload_length);
}

static void exchange_set_timeouts(soak_conversation *conversation) {
    ferry_timeouts timeouts = conversation->script.timeouts;
    if (link_stalls(&conversation->link)) {
        timeouts.response_ms = STALLED_MS;
        timeouts.idle_ms = STALLED_MS;
        timeouts.total_ms = STALLED_TOTAL_MS;
    }
    ferry_client_set_timeouts(conversation->client, &timeouts);
}

void conversation_send(soak_conversation *conversation) {
    const soak_script *script = &conversation->script;
    static const char *const expecting[] = {"Soak: yes", "Expect: 100-continue", NULL};
    static const char *const plain[] = {"Soak: yes", NULL};
    char target[TARGET_SIZE];
    snprintf(target, sizeof target, "/%llx/%llu", (unsigned long long)script->seed,
             (unsigned long long)conversation->number);
    bool is_streamed = script->upload >= SCRIPT_UPLOAD_STREAMED;
    bool is_whole = script->upload == SCRIPT_UPLOAD_WHOLE;
    ferry_request request = {
        .method = script->method,
        .url = target,
        .headers = script->expect == SCRIPT_CONTINUE_NOT_ASKED ? plain : expecting,
        .body = is_whole ? conversation->upload : NULL,
        .body_length = is_whole ? script->upload_length : 0,
        .streamed = is_streamed,
        .streamed_length =
            script->upload == SCRIPT_UPLOAD_CHUNKED ? -1 : (int64_t)script->upload_length,
    };
    exchange_set_timeouts(conversation);
    conversation->uploaded = 0;
    conversation->is_upload_done = !is_streamed;
    conversation->has_to_write = is_streamed;
    conversation->has_rested = false;
    conversation->was_stopped = false;
    conversation->received = 0;
    conversation->request_since_ms = conversation_now_ms();
    ferry_error error = ferry_client_send(conversation->client, &request);
    if (conversation_is_connect_again(error)) {
        conversation_judge_again(conversation);
    } else if (conversation->is_spoilt && error == FERRY_OK) {
        conversation_add_finding(conversation, "a request went out on a connection that had "
                                               "ended, or held what nobody asked for");
    } else if (error != FERRY_OK) {
        conversation_judge(conversation, error);
    } else {
        conversation->phase = CONVERSATION_EXCHANGE;
    }
}

/* ---- The upload ---- */

static void exchange_note_stopped(soak_conversation *conversation) {
    conversation->was_stopped = true;
    conversation->is_upload_done = true;
    if (conversation->script.early == SCRIPT_EARLY_NONE &&
        conversation->link.fault == LINK_FAULT_NONE &&
        script_permits(&conversation->script) == SCRIPT_PERMIT(FERRY_OK)) {
        conversation_add_finding(conversation, "the upload stopped after %zu of %zu bytes",
                                 conversation->uploaded, conversation->script.upload_length);
    }
}

static void exchange_finish_upload(soak_conversation *conversation) {
    ferry_error error = ferry_client_finish_request_body(conversation->client);
    if (error == FERRY_ERROR_UPLOAD_STOPPED) {
        exchange_note_stopped(conversation);
    } else if (error == FERRY_ERROR_OUT_OF_MEMORY && conversation_starved(conversation, error) &&
               ferry_client_get_error(conversation->client) == FERRY_OK) {
        return; /* it may be asked again */
    } else if (error != FERRY_OK) {
        conversation_judge(conversation, error);
    } else {
        conversation->is_upload_done = true;
        conversation_note_progress(conversation);
    }
}

/* Gives whether the connection took anything. */
static bool exchange_upload(soak_conversation *conversation) {
    size_t left = conversation->script.upload_length - conversation->uploaded;
    size_t length = conversation->plan.write_bytes < left ? conversation->plan.write_bytes : left;
    size_t written = 0;
    if (left == 0) {
        exchange_finish_upload(conversation);
        return true;
    }
    ferry_error error = ferry_client_write_request_body(
        conversation->client, conversation->upload + conversation->uploaded, length, &written);
    if (error == FERRY_ERROR_UPLOAD_STOPPED) {
        exchange_note_stopped(conversation);
        return true;
    }
    if (error == FERRY_ERROR_OUT_OF_MEMORY && conversation_starved(conversation, error) &&
        ferry_client_get_error(conversation->client) == FERRY_OK) {
        return false;
    }
    if (error != FERRY_OK) {
        conversation_judge(conversation, error);
        return true;
    }
    conversation->uploaded += written;
    if (written > 0) {
        conversation_note_progress(conversation);
    }
    return written > 0;
}

/* ---- The answer ---- */

static void exchange_take(soak_conversation *conversation, const void *bytes, size_t length) {
    const soak_script *script = &conversation->script;
    size_t right =
        payload_count_right(script_body_seed(script), conversation->received, bytes, length);
    size_t end = conversation->received + length;
    if (right < length) {
        conversation_add_finding(conversation, "the body is wrong at byte %zu",
                                 conversation->received + right);
    } else if (end > script->body_length || !script_has_body(script)) {
        conversation_add_finding(conversation, "the body goes on to byte %zu", end);
    }
    conversation->received = end;
    conversation_note_progress(conversation);
}

static ferry_error exchange_read(soak_conversation *conversation) {
    char bytes[65536];
    const void *view = bytes;
    size_t length = 0;
    ferry_error error;
    if (conversation->plan.reads_views) {
        error = ferry_client_read_response_body_chunk(conversation->client, &view, &length);
    } else {
        error = ferry_client_read_response_body(conversation->client, bytes,
                                                conversation->plan.read_bytes, &length);
    }
    if (error == FERRY_OK && length > 0) {
        exchange_take(conversation, view, length);
    }
    return error;
}

/* Reads, or polls where there is nothing to read yet. */
static ferry_error exchange_get_on(soak_conversation *conversation) {
    size_t before = conversation->received;
    ferry_error error = FERRY_OK;
    bool is_body = ferry_client_get_status(conversation->client) == FERRY_STATUS_BODY;
    if (is_body) {
        error = exchange_read(conversation);
    }
    bool has_read = conversation->received > before;
    if (error == FERRY_OK && !has_read && (!is_body || !conversation->plan.is_blocking)) {
        error = ferry_client_poll(conversation->client);
    }
    return error;
}

/* A refusal for want of memory alone leaves the exchange as it was; and an answer that has ended in
 * blocking mode waits for the rest of the upload. */
static bool exchange_may_retry(const soak_conversation *conversation, ferry_error error) {
    if (error == FERRY_ERROR_BUSY && !conversation->is_upload_done) {
        return true;
    }
    return conversation_starved(conversation, error) &&
           ferry_client_get_error(conversation->client) == FERRY_OK;
}

static void exchange_settle(soak_conversation *conversation, ferry_error error) {
    ferry_status status = ferry_client_get_status(conversation->client);
    bool has_ended = status == FERRY_STATUS_CONNECTED || status == FERRY_STATUS_DISCONNECTED;
    if (conversation->phase != CONVERSATION_EXCHANGE) {
        return;
    }
    if (error != FERRY_OK && !exchange_may_retry(conversation, error)) {
        conversation_judge(conversation, error);
    } else if (has_ended && error == FERRY_OK) {
        conversation_judge(conversation, FERRY_OK);
    }
}

/* The exchange may end with the last byte of the upload. */
static void exchange_write(soak_conversation *conversation) {
    conversation->has_to_write = false;
    if (!conversation->is_upload_done) {
        bool has_written = exchange_upload(conversation);
        conversation->has_to_write = has_written && !conversation->is_upload_done;
        exchange_settle(conversation, FERRY_OK);
    }
}

/* Once the server has what it answers to, its reset is let come, so that writing meets it. */
static bool exchange_rests(soak_conversation *conversation) {
    const soak_script *script = &conversation->script;
    if (conversation->has_rested || conversation->is_upload_done ||
        script->early != SCRIPT_EARLY_REFUSAL_RESET ||
        conversation->uploaded <= script->early_after) {
        return false;
    }
    conversation->has_rested = true;
    conversation->wake_ms = conversation_now_ms() + REST_MS;
    return true;
}

void conversation_exchange(soak_conversation *conversation) {
    bool is_blocking = conversation->plan.is_blocking;
    if (exchange_rests(conversation)) {
        return;
    }
    if (is_blocking || conversation->has_rested) {
        exchange_write(conversation);
    }
    if (conversation->phase != CONVERSATION_EXCHANGE ||
        (is_blocking && conversation->has_to_write)) {
        return; /* reading would wait */
    }
    exchange_settle(conversation, exchange_get_on(conversation));
    /* What a poll has done may have made room. */
    if (!is_blocking && conversation->phase == CONVERSATION_EXCHANGE) {
        exchange_write(conversation);
    }
}
