/* SPDX-License-Identifier: MIT */
/* answer: reads the upload, sends the answer at its pace, and does what comes behind it. */
#include "answer.h"

#include "chance.h"
#include "server.h"
#include "wire_image.h"

#include <string.h>
#include <time.h>

enum { MOST_PAUSES = 12, ENDLESS_PAUSE_MS = 15, ENDLESS_BYTES = 4000 };

static void pause_ms(long ms) {
    struct timespec time = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&time, NULL);
}

/* ---- Sending ---- */

static size_t piece_length(const soak_script *script, soak_chance *chance, size_t left) {
    size_t length = left;
    switch (script->pace) {
    case SCRIPT_PACE_WHOLE:
        break;
    case SCRIPT_PACE_PIECES:
        length = chance_between(chance, 1, left / 8 + 1500);
        break;
    case SCRIPT_PACE_TRICKLE:
        length = chance_between(chance, 1, left / 3 + 1);
        break;
    case SCRIPT_PACE_BYTES:
        length = 1;
        break;
    }
    return length < left ? length : left;
}

static bool answer_send(soak_channel *channel, const soak_script *script, soak_chance *chance,
                        const char *bytes, size_t length) {
    int pauses = 0;
    for (size_t sent = 0; sent < length;) {
        size_t part = piece_length(script, chance, length - sent);
        if (script->pace == SCRIPT_PACE_PIECES && chance_is(chance, 10)) {
            channel_write_nothing(channel);
        }
        if (!channel_write(channel, bytes + sent, part)) {
            return false;
        }
        sent += part;
        if (script->pace == SCRIPT_PACE_TRICKLE && pauses++ < MOST_PAUSES) {
            pause_ms((long)chance_below(chance, 8));
        }
    }
    return true;
}

/* ---- Faults ---- */

static size_t place_in(size_t begin, size_t end, unsigned place) {
    return begin + (end - begin) * place / 1000;
}

/* The rest comes, but for ever. */
static void answer_trickle(soak_channel *channel, const wire_image *image, size_t from) {
    bool is_head = image->length - from < ENDLESS_BYTES;
    size_t at = is_head ? 0 : from;
    for (;; at++) {
        const char *byte = !is_head && at < image->length ? image->bytes + at : "x";
        if (!channel_write(channel, byte, 1) || server_is_stopping()) {
            return;
        }
        pause_ms(ENDLESS_PAUSE_MS);
    }
}

static void answer_fail(soak_channel *channel, const soak_script *script, soak_chance *chance,
                        const wire_image *image) {
    size_t head_place = place_in(0, image->head_end, script->fault_place);
    size_t body_place = place_in(image->head_end, image->body_end, script->fault_place);
    size_t until = image->length;
    switch (script->fault) {
    case SCRIPT_FAULT_NO_ANSWER:
        until = 0;
        break;
    case SCRIPT_FAULT_CUT_HEAD:
    case SCRIPT_FAULT_STALL_HEAD:
        until = head_place;
        break;
    case SCRIPT_FAULT_CUT_BODY:
    case SCRIPT_FAULT_STALL_BODY:
        until = body_place;
        break;
    case SCRIPT_FAULT_ENDLESS:
        until = image->length - body_place < ENDLESS_BYTES ? 0 : body_place;
        break;
    default:
        break;
    }
    if (until == 0 && script->fault == SCRIPT_FAULT_ENDLESS) {
        static const char head[] = "HTTP/1.1 200 OK\r\nX-Endless: ";
        channel_write(channel, head, sizeof head - 1);
        answer_trickle(channel, image, image->length);
        return;
    }
    if (!answer_send(channel, script, chance, image->bytes, until)) {
        return;
    }
    if (script->fault == SCRIPT_FAULT_ENDLESS) {
        answer_trickle(channel, image, until);
    } else if (script->fault == SCRIPT_FAULT_STALL_HEAD ||
               script->fault == SCRIPT_FAULT_STALL_BODY) {
        channel_drain(channel);
    } else {
        channel_end(channel, script->end);
        channel_drain(channel);
    }
}

/* ---- Behind the answer ---- */

static bool answer_end(soak_channel *channel, const soak_script *script) {
    channel_end(channel, script->end);
    channel_drain(channel);
    return false;
}

/* Gives whether the connection goes on. */
static bool answer_follow(soak_channel *channel, const soak_script *script, uint64_t number) {
    wire_image image = {0};
    bool goes_on = false;
    switch (script->after) {
    case SCRIPT_AFTER_KEEP:
        goes_on = true;
        break;
    case SCRIPT_AFTER_BLANK:
        goes_on = channel_write(channel, "\r\n", 2);
        break;
    case SCRIPT_AFTER_CLOSE:
        server_note_done(number, script->seed);
        return answer_end(channel, script);
    case SCRIPT_AFTER_SILENT_CLOSE:
        channel_end(channel, script->end);
        break;
    case SCRIPT_AFTER_TIMEOUT_ANSWER:
        wire_image_print(&image, "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n"
                                 "Content-Length: 0\r\n\r\n");
        channel_write(channel, image.bytes, image.length);
        channel_end(channel, script->end);
        break;
    case SCRIPT_AFTER_LATE_SURPLUS:
        wire_image_append_surplus(&image);
        channel_write(channel, image.bytes, image.length);
        break;
    case SCRIPT_AFTER_SURPLUS:
        break;
    }
    wire_image_free(&image);
    server_note_done(number, script->seed);
    if (!goes_on) {
        channel_drain(channel);
    }
    return goes_on;
}

/* ---- The whole ---- */

/* Reads what is read before the answer. False: the client has gone. */
static bool answer_read_upload(soak_intake *intake, const intake_head *head,
                               const soak_script *script, intake_body *body) {
    if (head->expects_continue && script->expect == SCRIPT_CONTINUE_SAID &&
        (script->early == SCRIPT_EARLY_NONE || script->early == SCRIPT_EARLY_SUCCESS)) {
        static const char proceed[] = "HTTP/1.1 100 Continue\r\n\r\n";
        if (!channel_write(intake->channel, proceed, sizeof proceed - 1)) {
            return false;
        }
    }
    if (script->reads_late) {
        pause_ms(30);
    }
    bool is_held = head->expects_continue && script->early >= SCRIPT_EARLY_REFUSAL;
    size_t until = script->early == SCRIPT_EARLY_NONE ? SIZE_MAX
                   : is_held                          ? 0
                                                      : script->early_after;
    return intake_read_body(intake, body, until);
}

static bool answer_is_early_refusal(const soak_script *script) {
    return script->early >= SCRIPT_EARLY_REFUSAL;
}

bool answer_give(soak_intake *intake, const intake_head *head, const soak_script *script,
                 uint64_t number) {
    soak_chance chance = chance_of(chance_mix(script->seed, 4));
    intake_body body = intake_begin_body(head, script);
    if (!answer_read_upload(intake, head, script, &body)) {
        return false;
    }
    soak_channel *channel = intake->channel;
    wire_image image = wire_image_make(script);
    bool goes_on = script->fault == SCRIPT_FAULT_NONE;
    if (goes_on) {
        size_t length = script_cuts_refusal(script)
                            ? place_in(image.head_end, image.body_end, script->fault_place)
                            : image.length;
        goes_on = answer_send(channel, script, &chance, image.bytes, length);
    } else {
        answer_fail(channel, script, &chance, &image);
    }
    wire_image_free(&image);
    if (!goes_on) {
        return false;
    }
    if (script->early == SCRIPT_EARLY_REFUSAL_RESET) {
        channel_end(channel, SCRIPT_END_RESET);
        return false;
    }
    if (script->early == SCRIPT_EARLY_REFUSAL_CLOSE) {
        return answer_end(channel, script);
    }
    if (!intake_read_body(intake, &body, SIZE_MAX)) {
        return false;
    }
    if (script->minor_version == 0) {
        server_note_done(number, script->seed);
        return answer_end(channel, script);
    }
    if (answer_is_early_refusal(script)) {
        return true;
    }
    return answer_follow(channel, script, number);
}
