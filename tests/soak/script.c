/* SPDX-License-Identifier: MIT */
/* script: draws a request and its answer from the seed. */
#include "script.h"

#include "chance.h"
#include "encoder.h"

#include <stdio.h>

enum {
    FLAG_TLS = 1,
    FLAG_SMALL = 2,
    SHORT_MS = 120, /* of time-outs that must pass */
    LONG_MS = 120000,
};

uint64_t script_seed(uint64_t seed, bool is_tls, bool is_small) {
    uint64_t flags = (is_tls ? FLAG_TLS : 0) | (is_small ? FLAG_SMALL : 0);
    return (seed & ~(uint64_t)(FLAG_TLS | FLAG_SMALL)) | flags;
}

uint64_t script_body_seed(const soak_script *script) {
    uint64_t seed = chance_mix(script->seed, 1);
    return script->coding == SCRIPT_CODING_IDENTITY ? seed & ~(uint64_t)1 : seed | 1;
}

uint64_t script_upload_seed(const soak_script *script) {
    return chance_mix(script->seed, 2);
}

bool script_has_body(const soak_script *script) {
    return script->method != FERRY_METHOD_HEAD && script->code != FERRY_RESPONSE_NO_CONTENT &&
           script->code != FERRY_RESPONSE_NOT_MODIFIED;
}

/* ---- Drawing ---- */

static size_t draw_length(soak_chance *chance, const soak_script *script) {
    if (script->is_small) {
        return chance_size(chance, 2000);
    }
    return chance_is(chance, 3) ? chance_size(chance, 4000000) : chance_size(chance, 100000);
}

static void draw_upload(soak_chance *chance, soak_script *script) {
    static const ferry_method with_body[] = {FERRY_METHOD_POST, FERRY_METHOD_PUT,
                                             FERRY_METHOD_PATCH, FERRY_METHOD_DELETE};
    script->method = with_body[chance_below(chance, 4)];
    script->upload =
        (script_upload)chance_between(chance, SCRIPT_UPLOAD_WHOLE, SCRIPT_UPLOAD_CHUNKED);
    script->upload_length = draw_length(chance, script);
    script->reads_late = chance_is(chance, 15);
    if (script->upload_length > 0 && chance_is(chance, 20)) {
        script->expect = chance_is(chance, 70) ? SCRIPT_CONTINUE_SAID : SCRIPT_CONTINUE_NOT_SAID;
    }
    if (script->upload_length > 0 && chance_is(chance, 30)) {
        script->early =
            (script_early)chance_between(chance, SCRIPT_EARLY_SUCCESS, SCRIPT_EARLY_REFUSAL_RESET);
        if (script->early == SCRIPT_EARLY_REFUSAL_RESET && !script->is_small &&
            chance_is(chance, 30)) {
            script->upload_length = chance_between(chance, 500000, 4000000); /* fills buffers */
        }
        script->early_after = chance_size(chance, script->upload_length - 1);
        if (script->early == SCRIPT_EARLY_SUCCESS && script->expect == SCRIPT_CONTINUE_NOT_SAID) {
            script->expect = SCRIPT_CONTINUE_SAID; /* a 2xx in its place would stop the upload */
        }
    }
}

static void draw_request(soak_chance *chance, soak_script *script) {
    size_t kind = chance_below(chance, 100);
    if (kind < 55) {
        script->method = FERRY_METHOD_GET;
    } else if (kind < 60) {
        script->method = FERRY_METHOD_HEAD;
    } else if (kind < 62) {
        script->method = FERRY_METHOD_OPTIONS;
    } else {
        draw_upload(chance, script);
    }
}

static script_coding draw_coding(soak_chance *chance) {
    script_coding coding =
        (script_coding)chance_between(chance, SCRIPT_CODING_GZIP, SCRIPT_CODING_ZSTD);
    return chance_is(chance, 35) && encoder_has(coding) ? coding : SCRIPT_CODING_IDENTITY;
}

static int draw_code(soak_chance *chance, const soak_script *script) {
    static const int codes[] = {201, 202, 203, 204, 206, 304, 400, 404, 409, 500, 503};
    static const int successes[] = {200, 201, 202};
    static const int refusals[] = {400, 401, 403, 413, 417, 503};
    switch (script->early) {
    case SCRIPT_EARLY_NONE:
        return chance_is(chance, 70) ? 200 : codes[chance_below(chance, 11)];
    case SCRIPT_EARLY_SUCCESS:
        return successes[chance_below(chance, 3)];
    case SCRIPT_EARLY_REFUSAL:
    case SCRIPT_EARLY_REFUSAL_CLOSE:
    case SCRIPT_EARLY_REFUSAL_RESET:
        break;
    }
    return refusals[chance_below(chance, 6)];
}

static void draw_pace(soak_chance *chance, soak_script *script) {
    size_t kind = chance_below(chance, 100);
    if (kind < 55) {
        script->pace = SCRIPT_PACE_WHOLE;
    } else if (kind < 80) {
        script->pace = SCRIPT_PACE_PIECES;
    } else if (kind < 95) {
        script->pace = SCRIPT_PACE_TRICKLE;
    } else {
        script->pace = script->body_length < 300 ? SCRIPT_PACE_BYTES : SCRIPT_PACE_PIECES;
    }
}

static void draw_answer(soak_chance *chance, soak_script *script) {
    script->code = draw_code(chance, script);
    script->minor_version = chance_is(chance, 5) ? 0 : 1;
    script->interims = chance_is(chance, 10) ? (int)chance_between(chance, 1, 4) : 0;
    size_t framing = chance_below(chance, 100);
    script->framing = framing < 50   ? SCRIPT_FRAMING_LENGTH
                      : framing < 90 ? SCRIPT_FRAMING_CHUNKED
                                     : SCRIPT_FRAMING_UNTIL_CLOSE;
    if (script->minor_version == 0) { /* HTTP/1.0 has no chunks, and no interim responses */
        script->interims = 0;
        script->framing = SCRIPT_FRAMING_LENGTH;
    }
    if (script->early == SCRIPT_EARLY_REFUSAL_RESET && chance_is(chance, 50)) {
        script->framing = SCRIPT_FRAMING_UNTIL_CLOSE; /* a reset is no end of it */
    }
    script->coding = draw_coding(chance);
    script->body_length = draw_length(chance, script);
    script->has_trailer = chance_is(chance, 15);
    script->has_extensions = chance_is(chance, 15);
    draw_pace(chance, script);
    size_t after = chance_below(chance, 100);
    script->after = after < 55   ? SCRIPT_AFTER_KEEP
                    : after < 60 ? SCRIPT_AFTER_BLANK
                    : after < 68 ? SCRIPT_AFTER_CLOSE
                    : after < 78 ? SCRIPT_AFTER_SILENT_CLOSE
                    : after < 84 ? SCRIPT_AFTER_TIMEOUT_ANSWER
                    : after < 92 ? SCRIPT_AFTER_LATE_SURPLUS
                                 : SCRIPT_AFTER_SURPLUS;
    script->end = chance_is(chance, 70) ? SCRIPT_END_ORDERLY : SCRIPT_END_WITHOUT_NOTIFY;
    if (!script_has_body(script) && script->framing == SCRIPT_FRAMING_UNTIL_CLOSE) {
        script->framing = SCRIPT_FRAMING_LENGTH;
    }
    if (script->framing == SCRIPT_FRAMING_UNTIL_CLOSE) {
        script->after = SCRIPT_AFTER_CLOSE;
        script->end = SCRIPT_END_ORDERLY; /* without it the body would count as cut */
        if (script->early == SCRIPT_EARLY_SUCCESS) {
            /* Coded bytes that give nothing yet would let a blocking read wait for the end, and the
             * server for the rest of the upload. */
            script->coding = SCRIPT_CODING_IDENTITY;
        }
        if (script->early == SCRIPT_EARLY_REFUSAL) {
            script->early = SCRIPT_EARLY_REFUSAL_CLOSE;
        }
    }
}

/* ---- Faults ---- */

static bool fault_fits(const soak_script *script, script_fault fault) {
    bool has_body = script_has_body(script) && script->body_length > 0;
    switch (fault) {
    case SCRIPT_FAULT_CUT_BODY:
    case SCRIPT_FAULT_STALL_BODY:
        return has_body;
    case SCRIPT_FAULT_ENDLESS:
        return has_body && script->framing != SCRIPT_FRAMING_LENGTH;
    case SCRIPT_FAULT_GARBAGE_CHUNK:
        return has_body && script->framing == SCRIPT_FRAMING_CHUNKED;
    case SCRIPT_FAULT_WRONG_CHECKSUM:
        return has_body && script->coding != SCRIPT_CODING_IDENTITY &&
               script->coding != SCRIPT_CODING_BROTLI;
    case SCRIPT_FAULT_SHORT_CODING:
        return has_body && script->coding != SCRIPT_CODING_IDENTITY;
    case SCRIPT_FAULT_NONE:
    case SCRIPT_FAULT_NO_ANSWER:
    case SCRIPT_FAULT_CUT_HEAD:
    case SCRIPT_FAULT_STALL_HEAD:
    case SCRIPT_FAULT_GARBAGE_HEAD:
    case SCRIPT_FAULT_HUGE_HEAD:
    case SCRIPT_FAULT_COUNT:
        break;
    }
    return true;
}

/* A fault that lets the client wait needs a timer that ends it; all others are far away. */
static void draw_timeouts(soak_chance *chance, soak_script *script) {
    ferry_timeouts *timeouts = &script->timeouts;
    int short_ms = SHORT_MS + (int)chance_below(chance, 200);
    *timeouts = (ferry_timeouts){LONG_MS, LONG_MS, LONG_MS, 5 * LONG_MS, 30};
    switch (script->fault) {
    case SCRIPT_FAULT_STALL_HEAD: {
        int *timers[] = {&timeouts->response_ms, &timeouts->idle_ms, &timeouts->total_ms};
        *timers[chance_below(chance, 3)] = short_ms;
        break;
    }
    case SCRIPT_FAULT_STALL_BODY: {
        int *timers[] = {&timeouts->idle_ms, &timeouts->total_ms};
        *timers[chance_below(chance, 2)] = short_ms;
        break;
    }
    case SCRIPT_FAULT_ENDLESS:
        timeouts->total_ms = short_ms;
        break;
    default:
        break;
    }
}

static void draw_fault(soak_chance *chance, soak_script *script) {
    script_fault fault =
        (script_fault)chance_between(chance, SCRIPT_FAULT_NONE + 1, SCRIPT_FAULT_COUNT - 1);
    bool is_meant = script->early == SCRIPT_EARLY_NONE && chance_is(chance, 25);
    script->fault_place = (unsigned)chance_below(chance, 1000);
    if (is_meant && fault_fits(script, fault)) {
        bool is_cut = fault == SCRIPT_FAULT_NO_ANSWER || fault == SCRIPT_FAULT_CUT_HEAD ||
                      fault == SCRIPT_FAULT_CUT_BODY;
        size_t end = chance_between(chance, SCRIPT_END_ORDERLY, SCRIPT_END_RESET);
        script->fault = fault;
        script->end = is_cut ? (script_end)end : SCRIPT_END_ORDERLY;
        if (fault == SCRIPT_FAULT_HUGE_HEAD) {
            script->pace = SCRIPT_PACE_WHOLE; /* bytewise it would take its time */
        }
    }
    if (script->fault == SCRIPT_FAULT_CUT_BODY && script->end == SCRIPT_END_ORDERLY &&
        script->framing == SCRIPT_FRAMING_UNTIL_CLOSE) {
        /* An orderly end is the body's own. */
        script->end = script->is_tls ? SCRIPT_END_WITHOUT_NOTIFY : SCRIPT_END_RESET;
    }
    if (script->fault == SCRIPT_FAULT_CUT_BODY && script->end == SCRIPT_END_WITHOUT_NOTIFY &&
        !script->is_tls) {
        script->end = SCRIPT_END_RESET;
    }
}

soak_script script_make(uint64_t seed) {
    soak_chance chance = chance_of(seed);
    soak_script script = {
        .seed = seed,
        .is_tls = (seed & FLAG_TLS) != 0,
        .is_small = (seed & FLAG_SMALL) != 0,
    };
    draw_request(&chance, &script);
    draw_answer(&chance, &script);
    draw_fault(&chance, &script);
    draw_timeouts(&chance, &script);
    return script;
}

/* ---- What follows from it ---- */

bool script_cuts_refusal(const soak_script *script) {
    return script->early == SCRIPT_EARLY_REFUSAL_RESET && script_has_body(script) &&
           script->body_length > 0 && script->fault_place >= 500;
}

bool script_listens(const soak_script *script) {
    return script->early <= SCRIPT_EARLY_SUCCESS && script->after != SCRIPT_AFTER_CLOSE &&
           script->after != SCRIPT_AFTER_SURPLUS && script->minor_version == 1;
}

bool script_keeps(const soak_script *script) {
    return script->fault == SCRIPT_FAULT_NONE && script->minor_version == 1 &&
           script->early <= SCRIPT_EARLY_SUCCESS && script->after <= SCRIPT_AFTER_BLANK;
}

bool script_spoils_idle(const soak_script *script) {
    return script->fault == SCRIPT_FAULT_NONE && script->minor_version == 1 &&
           script->early <= SCRIPT_EARLY_SUCCESS && script->after > SCRIPT_AFTER_CLOSE;
}

bool script_acts_idle(const soak_script *script) {
    return script_spoils_idle(script) ||
           (script_keeps(script) && script->after == SCRIPT_AFTER_BLANK);
}

static unsigned cut_permits(const soak_script *script) {
    if (script->end == SCRIPT_END_RESET) {
        return SCRIPT_PERMIT(FERRY_ERROR_BODY_TRUNCATED) |
               SCRIPT_PERMIT(FERRY_ERROR_CONNECTION_ERROR);
    }
    return SCRIPT_PERMIT(FERRY_ERROR_BODY_TRUNCATED);
}

unsigned script_permits(const soak_script *script) {
    if (script->early == SCRIPT_EARLY_REFUSAL_RESET) {
        /* A reset may overtake the answer. */
        return (script_cuts_refusal(script) ? 0 : SCRIPT_PERMIT(FERRY_OK)) |
               SCRIPT_PERMIT(FERRY_ERROR_CONNECTION_ERROR) |
               SCRIPT_PERMIT(FERRY_ERROR_BODY_TRUNCATED);
    }
    switch (script->fault) {
    case SCRIPT_FAULT_NONE:
    case SCRIPT_FAULT_COUNT:
        break;
    case SCRIPT_FAULT_NO_ANSWER:
    case SCRIPT_FAULT_CUT_HEAD:
        return SCRIPT_PERMIT(FERRY_ERROR_CONNECTION_ERROR);
    case SCRIPT_FAULT_CUT_BODY:
        return cut_permits(script);
    case SCRIPT_FAULT_STALL_HEAD:
    case SCRIPT_FAULT_STALL_BODY:
    case SCRIPT_FAULT_ENDLESS:
        return SCRIPT_PERMIT(FERRY_ERROR_TIMEOUT);
    case SCRIPT_FAULT_GARBAGE_HEAD:
    case SCRIPT_FAULT_GARBAGE_CHUNK:
        return SCRIPT_PERMIT(FERRY_ERROR_PROTOCOL);
    case SCRIPT_FAULT_HUGE_HEAD:
        return SCRIPT_PERMIT(FERRY_ERROR_TOO_LARGE);
    case SCRIPT_FAULT_WRONG_CHECKSUM:
        return SCRIPT_PERMIT(FERRY_ERROR_INVALID_DATA);
    case SCRIPT_FAULT_SHORT_CODING:
        return SCRIPT_PERMIT(FERRY_ERROR_INVALID_DATA) | SCRIPT_PERMIT(FERRY_ERROR_BODY_TRUNCATED);
    }
    return SCRIPT_PERMIT(FERRY_OK);
}

void script_describe(const soak_script *script, char *dst, size_t size) {
    static const char *const uploads[] = {"no", "whole", "streamed", "chunked"};
    static const char *const earlies[] = {"", ", early success", ", early refusal",
                                          ", early refusal and end", ", early refusal and reset"};
    static const char *const expects[] = {"", ", 100 asked and said", ", 100 asked and not said"};
    static const char *const framings[] = {"length", "chunked", "until close"};
    static const char *const codings[] = {"identity", "gzip", "deflate", "br", "zstd"};
    static const char *const paces[] = {"whole", "in pieces", "trickling", "bytewise"};
    static const char *const faults[] = {
        "none",    "no answer",    "cut head",  "cut body",      "stall in head",  "stall in body",
        "endless", "garbage head", "huge head", "garbage chunk", "wrong checksum", "short coding"};
    static const char *const afters[] = {"keep", "blank line",   "close",  "silent close",
                                         "408",  "late surplus", "surplus"};
    static const char *const ends[] = {"orderly", "without notify", "reset"};
    snprintf(dst, size,
             "%s, method %d, %s upload of %zu%s%s%s; HTTP/1.%d %d, %d interim, %s, %s, %zu bytes%s,"
             " %s; fault: %s at %u, after: %s, end: %s",
             script->is_tls ? "https" : "http", script->method, uploads[script->upload],
             script->upload_length, expects[script->expect], earlies[script->early],
             script->reads_late ? ", read late" : "", script->minor_version, script->code,
             script->interims, framings[script->framing], codings[script->coding],
             script->body_length, script->has_trailer ? " and a trailer" : "", paces[script->pace],
             faults[script->fault], script->fault_place, afters[script->after], ends[script->end]);
}
