/* SPDX-License-Identifier: MIT */
/* conversation_judge: whether what came is what the script and the link permit. */
#include "conversation_state.h"

#include "tally.h"

#include <stdio.h>
#include <string.h>

enum { EARLY_MS = 5 }; /* that a timer may be early, for clocks are read one after the other */

static void judge_detail(soak_conversation *conversation) {
    if (ferry_client_get_error_detail(conversation->client)[0] == '\0') {
        conversation_add_finding(conversation, "a failure has no detail");
    }
}

/* No time-out comes before its time. */
static void judge_time_out(soak_conversation *conversation) {
    const ferry_timeouts *timeouts = &conversation->script.timeouts;
    int limit = timeouts->response_ms;
    limit = timeouts->idle_ms < limit ? timeouts->idle_ms : limit;
    limit = timeouts->total_ms < limit ? timeouts->total_ms : limit;
    int64_t passed = conversation_now_ms() - conversation->request_since_ms;
    if (!link_stalls(&conversation->link) && passed + EARLY_MS < limit) {
        conversation_add_finding(conversation, "a time-out of %d ms came after %d ms", limit,
                                 (int)passed);
    }
}

/* ---- A complete answer ---- */

static void judge_head(soak_conversation *conversation) {
    const soak_script *script = &conversation->script;
    char seed[32];
    snprintf(seed, sizeof seed, "%llx", (unsigned long long)script->seed);
    const char *got = ferry_client_get_response_header(conversation->client, "soak-seed", 0);
    int code = ferry_client_get_response_code(conversation->client);
    bool is_chunked = script->framing == SCRIPT_FRAMING_CHUNKED && script_has_body(script);
    if (got == NULL || strcmp(got, seed) != 0) {
        conversation_add_finding(conversation, "the answer is that of %s, not of %s",
                                 got != NULL ? got : "nobody", seed);
    } else if (code != script->code) {
        conversation_add_finding(conversation, "the code is %d", code);
    } else if (script_has_body(script) &&
               ferry_client_is_response_chunked(conversation->client) != is_chunked) {
        conversation_add_finding(conversation, "is_response_chunked is wrong");
    }
}

static void judge_body(soak_conversation *conversation) {
    const soak_script *script = &conversation->script;
    size_t expected = script_has_body(script) ? script->body_length : 0;
    int64_t received = ferry_client_get_bytes_received(conversation->client);
    if (conversation->received != expected) {
        conversation_add_finding(conversation, "a body of %zu bytes passes for complete",
                                 conversation->received);
    } else if (script->coding == SCRIPT_CODING_IDENTITY && received != (int64_t)expected) {
        conversation_add_finding(conversation, "get_bytes_received says %lld of a body of %zu",
                                 (long long)received, expected);
    }
}

static void judge_trailer(soak_conversation *conversation) {
    const soak_script *script = &conversation->script;
    size_t count = 0;
    const char *const *lines = ferry_client_get_response_trailers(conversation->client, &count);
    bool has_trailer =
        script->has_trailer && script->framing == SCRIPT_FRAMING_CHUNKED && script_has_body(script);
    char expected[64];
    snprintf(expected, sizeof expected, "Soak-Trailer: %llx", (unsigned long long)script->seed);
    if (has_trailer ? count != 1 || strcmp(lines[0], expected) != 0 : count != 0) {
        conversation_add_finding(conversation, "there are %zu trailers", count);
    }
}

static void judge_upload(soak_conversation *conversation) {
    const soak_script *script = &conversation->script;
    int64_t sent = ferry_client_get_bytes_sent(conversation->client);
    bool is_stopped = ferry_client_is_upload_stopped(conversation->client);
    bool may_stop = script->early > SCRIPT_EARLY_SUCCESS ||
                    (script->early == SCRIPT_EARLY_SUCCESS && !script_listens(script)) ||
                    conversation->link.fault != LINK_FAULT_NONE;
    if (is_stopped && !may_stop) {
        conversation_add_finding(conversation, "the upload was stopped after %lld of %zu bytes",
                                 (long long)sent, script->upload_length);
    } else if (!is_stopped && sent != (int64_t)script->upload_length) {
        conversation_add_finding(conversation,
                                 "the exchange ended with %lld of %zu bytes sent, without a word",
                                 (long long)sent, script->upload_length);
    }
}

static void judge_connection(soak_conversation *conversation) {
    const soak_script *script = &conversation->script;
    bool is_kept = ferry_client_get_status(conversation->client) == FERRY_STATUS_CONNECTED;
    bool may_be_kept = script->minor_version == 1 && script->after != SCRIPT_AFTER_CLOSE &&
                       script->framing != SCRIPT_FRAMING_UNTIL_CLOSE &&
                       script->early != SCRIPT_EARLY_REFUSAL_CLOSE;
    if (is_kept && !may_be_kept) {
        conversation_add_finding(conversation, "a connection is kept that must not be");
    } else if (!is_kept && script_keeps(script) && conversation->link.fault == LINK_FAULT_NONE) {
        conversation_add_finding(conversation, "a connection is not kept that can be");
    } else if (is_kept && script->early == SCRIPT_EARLY_REFUSAL_RESET) {
        ferry_client_close(conversation->client); /* the reset may be on its way still */
    }
}

static void judge_complete(soak_conversation *conversation) {
    judge_head(conversation);
    judge_body(conversation);
    judge_trailer(conversation);
    judge_upload(conversation);
    judge_connection(conversation);
}

/* ---- Outcomes ---- */

static bool judge_is_permitted(const soak_conversation *conversation, ferry_error outcome,
                               unsigned permitted) {
    return conversation_starved(conversation, outcome) || (permitted & SCRIPT_PERMIT(outcome)) != 0;
}

/* Whether the server is still to do something that the client must see, or to say that it has the
 * whole upload. */
static bool judge_awaits_deed(const soak_conversation *conversation) {
    const soak_script *script = &conversation->script;
    return ferry_client_get_status(conversation->client) == FERRY_STATUS_CONNECTED &&
           (script_acts_idle(script) || script->early == SCRIPT_EARLY_SUCCESS);
}

void conversation_judge(soak_conversation *conversation, ferry_error outcome) {
    const soak_script *script = &conversation->script;
    unsigned of_link = link_permits(&conversation->link);
    unsigned permitted = script_permits(script) | of_link;
    tally_exchange(script, outcome, conversation->received + conversation->uploaded);
    conversation->phase = CONVERSATION_NEXT;
    conversation_note_progress(conversation);
    if (!judge_is_permitted(conversation, outcome, permitted)) {
        conversation_add_finding(conversation, "the exchange ended with %s after %zu bytes",
                                 ferry_error_name(outcome), conversation->received);
    } else if (outcome == FERRY_OK) {
        judge_complete(conversation);
        if (conversation->phase != CONVERSATION_OVER && judge_awaits_deed(conversation)) {
            conversation->phase = CONVERSATION_AWAIT_DEED;
        }
        if (conversation->phase == CONVERSATION_AWAIT_DEED && of_link != 0) {
            ferry_client_close(conversation->client); /* the server may never come to that */
            conversation->phase = CONVERSATION_NEXT;
        }
    } else {
        judge_detail(conversation);
        if (outcome == FERRY_ERROR_TIMEOUT) {
            judge_time_out(conversation);
        }
        if (conversation_starved(conversation, outcome) &&
            ferry_client_get_error(conversation->client) == FERRY_OK) {
            ferry_client_close(conversation->client);
        }
    }
    conversation->was_kept = true;
}

void conversation_judge_connecting(soak_conversation *conversation, ferry_error outcome) {
    unsigned permitted = link_permits(&conversation->link);
    tally_connection(outcome);
    conversation_note_progress(conversation);
    conversation->phase = CONVERSATION_CONNECT;
    if (!judge_is_permitted(conversation, outcome, permitted)) {
        conversation_add_finding(conversation, "connecting ended with %s",
                                 ferry_error_name(outcome));
        return;
    }
    judge_detail(conversation);
    int64_t passed = conversation_now_ms() - conversation->connect_since_ms;
    if (outcome == FERRY_ERROR_TIMEOUT && passed + EARLY_MS < 150) {
        conversation_add_finding(conversation, "a time-out of 150 ms came after %d ms",
                                 (int)passed);
    }
    bool is_refusal = conversation->link.fault == LINK_FAULT_REFUSED ||
                      conversation->link.fault == LINK_FAULT_REFUSED_AND_CLOSED;
    int code = ferry_client_get_response_code(conversation->client);
    if (is_refusal && outcome == FERRY_ERROR_CANT_CONNECT && code != conversation->link.refusal) {
        conversation_add_finding(conversation, "the proxy's code is %d, not %d", code,
                                 conversation->link.refusal);
    }
    if (conversation_starved(conversation, outcome) && chance_is(&conversation->chance, 50)) {
        ferry_client_close(conversation->client);
    }
}

void conversation_judge_again(soak_conversation *conversation) {
    bool is_expected = conversation->is_spoilt || conversation->link.fault != LINK_FAULT_NONE;
    tally_again();
    conversation->phase = CONVERSATION_CONNECT;
    conversation_note_progress(conversation);
    if (!is_expected) {
        conversation_add_finding(conversation, "a connection was there, and the request was told "
                                               "to connect again");
    }
}
