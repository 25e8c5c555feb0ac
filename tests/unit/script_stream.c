/* SPDX-License-Identifier: MIT */
/* script_stream: reads from a script, writes to a record. */
#include "script_stream.h"

#include <string.h>

static size_t least(size_t a, size_t b) {
    return a < b ? a : b;
}

static bool gate_is_open(const script_stream *script) {
    const char *gate = script->gate != NULL ? script->gate : "";
    size_t length = strlen(gate);
    return script->sent_length >= length &&
           memcmp(script->sent + script->sent_length - length, gate, length) == 0;
}

static ferry_stream_result script_read(ferry_stream *stream, void *dst, size_t capacity,
                                       size_t *length) {
    script_stream *script = (script_stream *)stream;
    if (!script->speaks_first && script->writes == script->answered) {
        return FERRY_STREAM_AGAIN;
    }
    script->is_holding = false;
    script->reads++;
    if (script->pause && !script->paused) {
        script->paused = true;
        return FERRY_STREAM_AGAIN;
    }
    script->paused = false;
    if (script->at == script->length) {
        return script->end;
    }
    size_t count = least(capacity, script->length - script->at);
    if (!gate_is_open(script)) {
        count = least(count, script->gate_at - least(script->at, script->gate_at));
    }
    if (count == 0) {
        return FERRY_STREAM_AGAIN;
    }
    if (script->piece > 0) {
        count = least(count, script->piece);
    }
    if (script->split > script->at) {
        count = least(count, script->split - script->at);
    }
    memcpy(dst, script->bytes + script->at, count);
    script->at += count;
    *length = count;
    return FERRY_STREAM_OK;
}

static ferry_stream_result script_write(ferry_stream *stream, const ferry_slice *slices,
                                        size_t count, size_t *length) {
    script_stream *script = (script_stream *)stream;
    size_t total = 0;
    script->writes++;
    for (size_t i = 0; i < count && script->forgets; i++) {
        total += slices[i].length;
    }
    count = script->forgets ? 0 : count;
    for (size_t i = 0; i < count; i++) {
        size_t wanted = slices[i].length;
        if (script->write_limit > 0) {
            wanted = least(wanted, script->write_limit - total);
        }
        if (script->write_room > 0) {
            wanted = least(wanted, script->write_room - script->sent_length);
        }
        wanted = least(wanted, sizeof script->sent - script->sent_length);
        if (wanted > 0) {
            memcpy(script->sent + script->sent_length, slices[i].data, wanted);
        }
        script->sent_length += wanted;
        total += wanted;
        if (wanted < slices[i].length) {
            break;
        }
    }
    script->is_holding = script->holds;
    *length = total;
    return total > 0 ? FERRY_STREAM_OK : script->write_end;
}

static ferry_stream_result script_flush(ferry_stream *stream) {
    return ((script_stream *)stream)->is_holding ? FERRY_STREAM_AGAIN : FERRY_STREAM_OK;
}

static bool script_wants(ferry_stream *stream, unsigned events, ferry_wait *wait) {
    *wait = (ferry_wait){((script_stream *)stream)->descriptor, events};
    return wait->descriptor != FERRY_NO_DESCRIPTOR;
}

static ferry_stream_result script_shutdown(ferry_stream *stream) {
    script_stream *script = (script_stream *)stream;
    script->shutdowns++;
    return script->shutdowns < script->shutdowns_needed ? FERRY_STREAM_AGAIN : FERRY_STREAM_OK;
}

static void script_destroy(ferry_stream *stream) {
    ((script_stream *)stream)->is_destroyed = true;
}

static const char *script_detail(ferry_stream *stream) {
    (void)stream;
    return "the script says that the connection broke";
}

static const ferry_stream_ops script_ops = {
    .read = script_read,
    .write = script_write,
    .wants = script_wants,
    .shutdown = script_shutdown,
    .destroy = script_destroy,
    .get_error_detail = script_detail,
    .flush = script_flush,
};

void script_stream_init(script_stream *script, const char *bytes, size_t length,
                        ferry_stream_result end) {
    *script = (script_stream){
        .stream = {.ops = &script_ops},
        .bytes = bytes,
        .length = length,
        .end = end,
        .write_end = FERRY_STREAM_AGAIN,
        .descriptor = FERRY_NO_DESCRIPTOR,
    };
}

void script_stream_rewind(script_stream *script) {
    script->at = 0;
    script->sent_length = 0;
    script->answered = script->writes;
}
