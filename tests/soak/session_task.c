/* SPDX-License-Identifier: MIT */
/* session_task: draws a request, starts it, and does to it what its program would. */
#include "session_task_state.h"

#include "payload.h"
#include "require.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { STALLED_MS = 300, STALLED_TOTAL_MS = 1000, MOST_TURNS = 300 };

static uint64_t numbers; /* one thread has all sessions */

/* ---- Its end ---- */

void task_free(soak_task *task, bool has_transfer) {
    if (has_transfer) {
        ferry_transfer_free(task->transfer);
    }
    if (task->sink == TASK_SINK_FILE) {
        unlink(task->path);
    }
    *task->link = task->next;
    if (task->next != NULL) {
        task->next->link = task->link;
    }
    task->group->count--;
    free(task->upload);
    free(task->dst);
    free(task);
}

/* ---- Functions ---- */

/* True: the task is gone. */
static bool task_do(soak_task *task, task_place place) {
    if (task->place != place || task->deed_in == 0 || --task->deed_in > 0) {
        return false;
    }
    if (task->deed == TASK_DEED_FREE) {
        task->group->cancelled++;
        task_free(task, true);
        return true;
    }
    if (task->deed == TASK_DEED_CANCEL) {
        task->group->cancelled++;
        task->was_cancelled = task->was_cancelled || !ferry_transfer_is_done(task->transfer);
        ferry_transfer_cancel(task->transfer);
    }
    return false;
}

static ferry_error task_answer_call(soak_task *task, task_place place) {
    if (task->deed == TASK_DEED_REFUSE && task->place == place && task->deed_in > 0 &&
        --task->deed_in == 0) {
        task->was_refused = true;
        return FERRY_ERROR_UNAVAILABLE;
    }
    task_do(task, place);
    return FERRY_OK;
}

void task_take(soak_task *task, const void *bytes, size_t length) {
    const soak_script *script = &task->errand.script;
    size_t right = payload_count_right(script_body_seed(script), task->received, bytes, length);
    if (right < length) {
        task_add_finding(task, "the body is wrong at byte %zu", task->received + right);
    } else if (task->received + length > script->body_length || !script_has_body(script)) {
        task_add_finding(task, "the body goes on to byte %zu", task->received + length);
    }
    task->received += length;
}

static ferry_error task_on_head(void *ctx, ferry_transfer *transfer) {
    soak_task *task = ctx;
    if (ferry_transfer_get_response_code(transfer) == 0) {
        task_add_finding(task, "on_head is called without a code");
    }
    task->received = 0;
    return task_answer_call(task, TASK_PLACE_HEAD);
}

static ferry_error task_on_data(void *ctx, ferry_transfer *transfer, const void *data,
                                size_t length) {
    soak_task *task = ctx;
    (void)transfer;
    task_take(task, data, length);
    return task_answer_call(task, TASK_PLACE_DATA);
}

static void task_on_progress(void *ctx, ferry_transfer *transfer) {
    (void)transfer;
    task_do(ctx, TASK_PLACE_PROGRESS);
}

static void task_on_done(void *ctx, ferry_transfer *transfer) {
    soak_task *task = ctx;
    task->done_calls++;
    if (task->done_calls > 1) {
        task_add_finding(task, "on_done is called %u times", task->done_calls);
    }
    if (task->deed == TASK_DEED_DETACH) {
        task_judge(task);
        task_free(task, false);
        return;
    }
    if (task->deed == TASK_DEED_FREE && task->place == TASK_PLACE_DONE) {
        task_judge(task);
    }
    (void)transfer;
    task_do(task, TASK_PLACE_DONE);
}

/* ---- The request's body ---- */

static ferry_error task_read_upload(void *ctx, void *dst, size_t capacity, size_t *length) {
    soak_task *task = ctx;
    size_t left = task->errand.script.upload_length - task->uploaded;
    if (task->body_fails && (left <= 1 || chance_is(&task->chance, 50))) {
        return FERRY_ERROR_FAILED;
    }
    left -= task->body_fails ? 1 : 0; /* so that it is called again */
    size_t most = left < capacity ? left : capacity;
    *length = most == 0 ? 0 : 1 + chance_size(&task->chance, most - 1);
    if (*length > 0) {
        memcpy(dst, task->upload + task->uploaded, *length);
    }
    task->uploaded += *length;
    return FERRY_OK;
}

static ferry_error task_rewind_upload(void *ctx) {
    ((soak_task *)ctx)->uploaded = 0;
    return FERRY_OK;
}

/* ---- Drawing ---- */

static void task_draw_deed(soak_task *task) {
    soak_chance *chance = &task->chance;
    if (!chance_is(chance, 25)) {
        return;
    }
    task->deed = (task_deed)chance_between(chance, TASK_DEED_FREE, TASK_DEED_REFUSE);
    task->place = (task_place)chance_below(chance, TASK_PLACE_COUNT);
    if (task->deed == TASK_DEED_REFUSE) {
        task->place = chance_is(chance, 50) ? TASK_PLACE_HEAD : TASK_PLACE_DATA;
    }
    task->deed_in = 1 + chance_size(chance, task->place == TASK_PLACE_TURN ? MOST_TURNS : 4);
    if (task->place == TASK_PLACE_DONE || task->place == TASK_PLACE_HEAD) {
        task->deed_in = 1;
    }
    if (task->deed == TASK_DEED_DETACH && task->sink == TASK_SINK_OWNER) {
        task->sink = TASK_SINK_DATA;
    }
}

static void task_draw(soak_task *task) {
    task_group *group = task->group;
    soak_chance *chance = &task->chance;
    bool is_tls = chance_is(chance, group->tls_share);
    task->errand = errand_make(script_seed(chance_next(chance), is_tls, false));
    const soak_script *script = &task->errand.script;
    task->number = ++numbers;
    server_begin_attempts(task->number);
    task->sink = (task_sink)chance_below(chance, TASK_SINK_COUNT);
    task->any_status = chance_is(chance, 30);
    task->laziness = 1 + (int)chance_size(chance, 20);
    task_draw_deed(task);
    if (chance_is(chance, 20)) {
        task->send_again =
            (ferry_send_again)chance_between(chance, FERRY_SEND_AGAIN_YES, FERRY_SEND_AGAIN_NO);
    }
    task->can_rewind = chance_is(chance, 70);
    if (task->errand.refusals > 0) {
        task->can_rewind = true;
        task->send_again = FERRY_SEND_AGAIN_BY_METHOD;
    }
    task->body_fails = script->upload >= SCRIPT_UPLOAD_STREAMED && script->upload_length > 0 &&
                       chance_is(chance, 3);
    task->has_wrong_integrity = group->has_tls && chance_is(chance, 3);
    task->upload = require_memory(malloc(script->upload_length + 1));
    payload_write(script_upload_seed(script), 0, task->upload, script->upload_length);
    if (task->sink == TASK_SINK_DST) {
        size_t length = script->body_length;
        task->dst_capacity = chance_is(chance, 10) ? chance_size(chance, length) : length;
        task->dst_capacity += task->dst_capacity == 0 ? 1 : 0;
        task->dst = require_memory(malloc(task->dst_capacity));
    }
}

static void task_draw_place(soak_task *task, char *url) {
    const soak_script *script = &task->errand.script;
    task_group *group = task->group;
    soak_chance *chance = &task->chance;
    char name[LINK_NAME_SIZE];
    server_door door = script->is_tls ? group->doors[chance_below(chance, 2)] : SERVER_DOOR_HTTP;
    uint64_t link = group->steady[chance_below(chance, TASK_NAMES)];
    if (script->is_tls && task->errand.hops == 0 && chance_is(chance, 10)) {
        link = group->faulty[chance_below(chance, TASK_NAMES)];
    }
    task->wire = link_make(link);
    task->is_slammed = !script->is_tls && !group->is_proxied && chance_is(chance, 1);
    door = task->is_slammed ? SERVER_DOOR_SLAM : door;
    link_write_name(link, name);
    errand_write_url(&task->errand, name, server_port(door), task->number, url);
}

static void task_make_file(soak_task *task) {
    snprintf(task->path, sizeof task->path, "%s/%llu", task->group->folder,
             (unsigned long long)task->number);
    task->has_old_file = chance_is(&task->chance, 30);
    FILE *file = task->has_old_file ? fopen(task->path, "wb") : NULL;
    if (file != NULL) {
        fwrite(TASK_OLD_TEXT, 1, sizeof TASK_OLD_TEXT - 1, file);
        fclose(file);
    }
}

static ferry_timeouts task_timeouts(const soak_task *task) {
    ferry_timeouts timeouts = task->errand.script.timeouts;
    if (link_stalls(&task->wire)) {
        timeouts.connect_ms = STALLED_MS; /* it takes the room of others so long */
        timeouts.response_ms = STALLED_MS;
        timeouts.idle_ms = STALLED_MS;
        timeouts.total_ms = STALLED_TOTAL_MS;
    }
    return timeouts;
}

static void request_set_body(ferry_session_request *request, soak_task *task) {
    const soak_script *script = &task->errand.script;
    if (script->upload == SCRIPT_UPLOAD_WHOLE) {
        request->body = task->upload;
        request->body_length = script->upload_length;
        request->copy_body = chance_is(&task->chance, 30);
    } else if (script->upload != SCRIPT_UPLOAD_NONE) {
        request->body_read = task_read_upload;
        request->body_rewind = task->can_rewind ? task_rewind_upload : NULL;
        request->body_ctx = task;
        request->body_read_length =
            script->upload == SCRIPT_UPLOAD_CHUNKED ? -1 : (int64_t)script->upload_length;
    }
}

void task_start(task_group *group) {
    static const char *const expecting[] = {"Soak: yes", "Expect: 100-continue", NULL};
    static const char *const plain[] = {"Soak: yes", NULL};
    static const char wrong[] = "sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    char url[ERRAND_URL_SIZE];
    soak_task *task = require_memory(calloc(1, sizeof *task));
    task->group = group;
    task->chance = chance_of(chance_next(&group->chance));
    task_draw(task);
    task_draw_place(task, url);
    ferry_timeouts timeouts = task_timeouts(task);
    ferry_session_request request = {
        .url = url,
        .method = task->errand.script.method,
        .headers = task->errand.script.expect == SCRIPT_CONTINUE_NOT_ASKED ? plain : expecting,
        .dst = task->dst,
        .dst_capacity = task->dst_capacity,
        .owner_reads = task->sink == TASK_SINK_OWNER,
        .functions = {.on_head = task_on_head,
                      .on_data = task->sink == TASK_SINK_DATA ? task_on_data : NULL,
                      .on_progress = task_on_progress,
                      .on_done = task_on_done},
        .ctx = task,
        .any_status = task->any_status,
        .allow_downgrade = true,
        .priority = (int)chance_below(&task->chance, 4),
        .max_retries = task->errand.retries,
        .send_again = task->send_again,
        .integrity = task->has_wrong_integrity ? wrong : NULL,
        .timeouts = &timeouts,
    };
    request_set_body(&request, task);
    task->next = group->tasks;
    task->link = &group->tasks;
    if (task->next != NULL) {
        task->next->link = &task->next;
    }
    group->tasks = task;
    group->count++;
    if (task->sink == TASK_SINK_FILE) {
        task_make_file(task);
        task->transfer = ferry_session_start_download(group->session, &request, task->path);
    } else {
        task->transfer = ferry_session_start(group->session, &request);
    }
    if (task->deed == TASK_DEED_DETACH) {
        ferry_transfer_detach(task->transfer);
    }
}

/* ---- Between polls ---- */

static void task_read(soak_task *task) {
    char bytes[65536];
    size_t length = 1;
    size_t least = task->errand.script.body_length / 60; /* not for minutes */
    while (length > 0 && chance_below(&task->chance, (size_t)task->laziness) == 0) {
        size_t capacity = 1 + chance_size(&task->chance, sizeof bytes - 1);
        capacity = capacity > least ? capacity : least;
        capacity = capacity < sizeof bytes ? capacity : sizeof bytes;
        ferry_transfer_read(task->transfer, bytes, capacity, &length);
        if (length > 0) {
            task_take(task, bytes, length);
        }
    }
}

void task_turn(soak_task *task) {
    if (task->sink == TASK_SINK_OWNER) {
        task_read(task);
    }
    if (chance_is(&task->chance, 1)) {
        ferry_transfer_set_priority(task->transfer, (int)chance_below(&task->chance, 10));
    }
    task_do(task, TASK_PLACE_TURN);
}

soak_task *task_next(const soak_task *task) {
    return task->next;
}

void task_harvest(ferry_transfer *transfer) {
    soak_task *task = ferry_transfer_get_ctx(transfer);
    bool is_told = task->was_cancelled || task->may_abort; /* by the next poll */
    if (task->done_calls != 1 && !is_told) {
        task_add_finding(task, "on_done was called %u times", task->done_calls);
    }
    task_judge(task);
    task_free(task, true);
}

void task_report(soak_task *task) {
    for (; task != NULL; task = task->next) {
        task_add_finding(task, "it is %s, %lld bytes of the body have come",
                         ferry_transfer_is_done(task->transfer) ? "done" : "not done",
                         (long long)ferry_transfer_get_body_bytes(task->transfer));
    }
}

void task_outlive(soak_task *task) {
    bool is_detached = task->deed == TASK_DEED_DETACH;
    task->may_abort = true;
    if (!is_detached) {
        task_judge(task);
    }
    task_free(task, !is_detached);
}
