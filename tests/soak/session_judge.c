/* SPDX-License-Identifier: MIT */
/* session_judge: whether a transfer has ended as its errand permits, and with the right bytes. */
#include "session_task_state.h"

#include "findings.h"
#include "payload.h"
#include "require.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void task_add_finding(soak_task *task, const char *format, ...) {
    static const char *const sinks[] = {"memory", "dst", "on_data", "the owner", "a file"};
    char text[512];
    char script[400];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    script_describe(&task->errand.script, script, sizeof script);
    if (!task->is_wrong) {
        findings_add(task->group->seed,
                     "%s (to %s%s; %u hops, %u refusals%s; retries %d, again %d, deed %d at %d, "
                     "link %s; %s; detail: %s)",
                     text, sinks[task->sink], task->any_status ? ", any status" : "",
                     task->errand.hops, task->errand.refusals,
                     task->errand.cuts_kept ? ", kept ones are cut" : "", task->errand.retries,
                     task->send_again, task->deed, task->place, link_describe(&task->wire), script,
                     ferry_transfer_get_error_detail(task->transfer));
    }
    task->is_wrong = true;
}

enum { LONG_MS = 100000 }; /* no timer that is meant to end something */

/* ---- How it may end ---- */

/* A part that a download has not asked for is not the file. */
static bool task_is_part(const soak_task *task) {
    const soak_script *script = &task->errand.script;
    return task->sink == TASK_SINK_FILE && script->code == FERRY_RESPONSE_PARTIAL_CONTENT &&
           script->method == FERRY_METHOD_GET && script->upload == SCRIPT_UPLOAD_NONE;
}

/* A download that is told that nothing has changed leaves what there is. */
static bool task_is_unchanged(const soak_task *task) {
    return task->sink == TASK_SINK_FILE && task->any_status &&
           task->errand.script.code == FERRY_RESPONSE_NOT_MODIFIED;
}

static bool task_is_success(const soak_task *task) {
    int code = task->errand.script.code;
    return !task_is_part(task) && ((code >= 200 && code <= 299) || task->any_status);
}

static size_t task_body_length(const soak_task *task) {
    const soak_script *script = &task->errand.script;
    return script_has_body(script) ? script->body_length : 0;
}

/* A kept connection that ended may fail it: it must not be sent twice. */
static bool task_is_sent_once(const soak_task *task) {
    const soak_script *script = &task->errand.script;
    bool is_repeatable = script->upload < SCRIPT_UPLOAD_STREAMED || task->can_rewind;
    bool is_idempotent =
        script->method != FERRY_METHOD_POST && script->method != FERRY_METHOD_PATCH;
    return !is_repeatable || task->send_again == FERRY_SEND_AGAIN_NO ||
           (!is_idempotent && task->send_again != FERRY_SEND_AGAIN_YES);
}

/* An answer that is right ends otherwise where the program has asked for that. */
static unsigned task_permit_answer(const soak_task *task) {
    if (!task_is_success(task)) {
        return SCRIPT_PERMIT(FERRY_ERROR_STATUS);
    }
    if (task->sink == TASK_SINK_DST && task_body_length(task) > task->dst_capacity) {
        return SCRIPT_PERMIT(FERRY_ERROR_TOO_LARGE);
    }
    bool is_other = task->has_wrong_integrity && !task_is_unchanged(task);
    return SCRIPT_PERMIT(is_other ? FERRY_ERROR_INTEGRITY : FERRY_OK);
}

static unsigned task_permits(const soak_task *task) {
    const soak_script *script = &task->errand.script;
    bool is_streamed = script->upload >= SCRIPT_UPLOAD_STREAMED;
    unsigned permits = script_permits(script);
    if ((permits & SCRIPT_PERMIT(FERRY_OK)) != 0) {
        permits = (permits & ~SCRIPT_PERMIT(FERRY_OK)) | task_permit_answer(task);
    } else if (task_is_success(task) && task->sink == TASK_SINK_DST &&
               task_body_length(task) > task->dst_capacity) {
        permits |= SCRIPT_PERMIT(FERRY_ERROR_TOO_LARGE); /* before the fault */
    }
    if (is_streamed && task->errand.hops > 0 && !task->can_rewind) {
        permits = SCRIPT_PERMIT(FERRY_ERROR_REDIRECT);
    }
    if (task->is_slammed) {
        permits = SCRIPT_PERMIT(FERRY_ERROR_CONNECTION_ERROR);
    }
    if (task->body_fails) {
        /* Where an answer comes early the body is not asked for all of it. */
        permits = script->early == SCRIPT_EARLY_NONE && !task->is_slammed
                      ? SCRIPT_PERMIT(FERRY_ERROR_FAILED)
                      : permits | SCRIPT_PERMIT(FERRY_ERROR_FAILED);
    }
    if (script->timeouts.total_ms < LONG_MS) {
        permits |= SCRIPT_PERMIT(FERRY_ERROR_TIMEOUT); /* it counts from the start */
    }
    permits |= task_is_sent_once(task) ? SCRIPT_PERMIT(FERRY_ERROR_CONNECTION_ERROR) : 0;
    permits |= task->was_cancelled || task->may_abort ? SCRIPT_PERMIT(FERRY_ERROR_ABORTED) : 0;
    return task->wire.fault == LINK_FAULT_NONE
               ? permits
               : permits | link_permits(&task->wire) | SCRIPT_PERMIT(FERRY_ERROR_STATUS);
}

/* ---- A complete answer ---- */

static void judge_head(soak_task *task) {
    const soak_script *script = &task->errand.script;
    char seed[32];
    snprintf(seed, sizeof seed, "%llx", (unsigned long long)script->seed);
    const char *got = ferry_transfer_get_response_header(task->transfer, "soak-seed", 0);
    int code = ferry_transfer_get_response_code(task->transfer);
    int redirects = ferry_transfer_get_redirect_count(task->transfer);
    if (got == NULL || strcmp(got, seed) != 0) {
        task_add_finding(task, "the answer is that of %s, not of %s", got != NULL ? got : "nobody",
                         seed);
    } else if (code != script->code) {
        task_add_finding(task, "the code is %d", code);
    } else if (redirects != (int)task->errand.hops) {
        task_add_finding(task, "%d redirects were followed", redirects);
    }
}

static void judge_bytes(soak_task *task, const char *where, const void *bytes, size_t length) {
    uint64_t seed = script_body_seed(&task->errand.script);
    size_t expected = task_body_length(task);
    size_t right = payload_count_right(seed, 0, bytes, length < expected ? length : expected);
    if (right < length || length != expected) {
        task_add_finding(task, "the body in %s has %zu bytes, %zu of them right, of %zu", where,
                         length, right, expected);
    }
}

static char *file_read(const char *path, size_t *length) {
    FILE *file = fopen(path, "rb");
    *length = 0;
    if (file == NULL) {
        return NULL;
    }
    fseek(file, 0, SEEK_END);
    size_t size = (size_t)ftell(file);
    rewind(file);
    char *text = require_memory(malloc(size + 1));
    *length = fread(text, 1, size, file);
    fclose(file);
    return text;
}

static void judge_file(soak_task *task) {
    size_t length;
    char *text = file_read(task->path, &length);
    if (text == NULL) {
        task_add_finding(task, "there is no file");
    } else {
        judge_bytes(task, "the file", text, length);
    }
    free(text);
}

static void judge_body(soak_task *task, ferry_error error) {
    size_t length;
    const void *body = ferry_transfer_get_body(task->transfer, &length);
    int64_t counted = ferry_transfer_get_body_bytes(task->transfer);
    if (counted != (int64_t)task_body_length(task)) {
        task_add_finding(task, "%lld bytes of a body were counted", (long long)counted);
    } else if (error == FERRY_ERROR_STATUS || task->sink == TASK_SINK_MEMORY) {
        judge_bytes(task, "memory", body, length);
    } else if (task->sink == TASK_SINK_FILE) {
        if (!task_is_unchanged(task)) {
            judge_file(task);
        }
    } else if (task->sink == TASK_SINK_DST) {
        judge_bytes(task, "dst", task->dst, task_body_length(task));
    } else if (task->received != task_body_length(task)) {
        task_add_finding(task, "%zu bytes of the body came", task->received);
    }
}

/* What there was stays where the transfer has failed. One that ends while its file takes its place
 * may leave that there, complete. */
static void judge_no_file(soak_task *task, ferry_error error) {
    size_t length;
    size_t expected = task_body_length(task);
    char *text = file_read(task->path, &length);
    bool may_be_new = error == FERRY_ERROR_ABORTED || error == FERRY_ERROR_TIMEOUT;
    if (may_be_new && text != NULL && length == expected &&
        payload_count_right(script_body_seed(&task->errand.script), 0, text, length) == length) {
        free(text);
        return;
    }
    bool is_old = text != NULL && length == sizeof TASK_OLD_TEXT - 1 &&
                  memcmp(text, TASK_OLD_TEXT, sizeof TASK_OLD_TEXT - 1) == 0;
    if (task->has_old_file ? !is_old : text != NULL) {
        task_add_finding(task, "the transfer failed, and there is %s",
                         text != NULL ? "another file" : "no old file any more");
    }
    free(text);
}

/* ---- The whole ---- */

static void judge_error(soak_task *task, ferry_error error) {
    bool was_refused = task->was_refused && error == FERRY_ERROR_UNAVAILABLE;
    if (!was_refused && (task->was_refused || (task_permits(task) & SCRIPT_PERMIT(error)) == 0)) {
        task_add_finding(task, "it ended with %s", ferry_error_name(error));
    } else if (error != FERRY_OK && ferry_transfer_get_error_detail(task->transfer)[0] == '\0') {
        task_add_finding(task, "%s has no detail", ferry_error_name(error));
    }
}

void task_judge(soak_task *task) {
    task_group *group = task->group;
    ferry_error error = ferry_transfer_get_error(task->transfer);
    bool is_answer = error == FERRY_OK || error == FERRY_ERROR_STATUS;
    if (!ferry_transfer_is_done(task->transfer)) {
        task_add_finding(task, "it is not done when it says so");
        return;
    }
    judge_error(task, error);
    if (is_answer && !(error == FERRY_ERROR_STATUS && task->wire.fault != LINK_FAULT_NONE)) {
        judge_head(task);
        judge_body(task, error);
    }
    if (task->sink == TASK_SINK_FILE && (error != FERRY_OK || task_is_unchanged(task))) {
        judge_no_file(task, error);
    }
    group->finished++;
    group->errors[error % TASK_MOST_ERRORS]++;
    group->redirects += (size_t)ferry_transfer_get_redirect_count(task->transfer);
    group->retries += (size_t)ferry_transfer_get_retry_count(task->transfer);
    group->bytes += (size_t)ferry_transfer_get_body_bytes(task->transfer);
}
