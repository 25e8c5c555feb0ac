/* SPDX-License-Identifier: MIT */
/* errand: draws it, and plays the server's part before the script's. */
#include "errand.h"

#include "answer.h"
#include "chance.h"
#include "server.h"

#include <stdio.h>
#include <string.h>

enum { SMALL_BYTES = 2000, DEFAULT_RETRIES = 2, FILLER_BYTES = 4096 };

/* ---- Drawing ---- */

/* What nobody asked for, or an empty line, where a session may have sent its next request already,
 * would be taken for the answer to that: HTTP/1.1 has no means against it. Where it comes with the
 * answer itself, the session must see it. */
static void script_spare(soak_script *script) {
    bool comes_at_once = script->pace == SCRIPT_PACE_WHOLE && script->early == SCRIPT_EARLY_NONE &&
                         script->body_length < SMALL_BYTES && !script->is_tls;
    if (script->after == SCRIPT_AFTER_BLANK) {
        script->after = SCRIPT_AFTER_KEEP;
    }
    if (script->after == SCRIPT_AFTER_TIMEOUT_ANSWER ||
        script->after == SCRIPT_AFTER_LATE_SURPLUS ||
        (script->after == SCRIPT_AFTER_SURPLUS && !comes_at_once)) {
        script->after = SCRIPT_AFTER_SILENT_CLOSE;
    }
}

static bool method_is_idempotent(ferry_method method) {
    return method != FERRY_METHOD_POST && method != FERRY_METHOD_PATCH;
}

soak_errand errand_make(uint64_t seed) {
    soak_chance chance = chance_of(chance_mix(seed, 11));
    soak_errand errand = {.script = script_make(seed)};
    script_spare(&errand.script);
    errand.hops = chance_is(&chance, 15) ? (unsigned)chance_between(&chance, 1, 4) : 0;
    errand.cuts_kept = chance_is(&chance, 10);
    errand.retries = chance_is(&chance, 80) ? -1 : DEFAULT_RETRIES;
    if (chance_is(&chance, 5) && method_is_idempotent(errand.script.method)) {
        errand.refusals = (unsigned)chance_between(&chance, 1, DEFAULT_RETRIES);
        errand.retries = DEFAULT_RETRIES;
    }
    return errand;
}

static void errand_write_target(const soak_errand *errand, unsigned hops, const char *host,
                                int port, uint64_t number, bool is_tls, char *dst) {
    snprintf(dst, ERRAND_URL_SIZE, "%s://%s:%d/s%llx/%llu/%u", is_tls ? "https" : "http", host,
             port, (unsigned long long)errand->script.seed, (unsigned long long)number, hops);
}

void errand_write_url(const soak_errand *errand, const char *name, int port, uint64_t number,
                      char *dst) {
    errand_write_target(errand, errand->hops, name, port, number, errand->script.is_tls, dst);
}

bool errand_is_target(const char *target) {
    return target[0] == '/' && target[1] == 's';
}

/* ---- The server's side ---- */

typedef struct errand_visit {
    soak_intake *intake;
    const intake_head *head;
    soak_errand errand;
    uint64_t number;
    unsigned hops; /* that are left */
    soak_chance chance;
} errand_visit;

static bool visit_read(errand_visit *visit, const char *target) {
    unsigned long long seed;
    unsigned long long number;
    if (sscanf(target, "/s%llx/%llu/%u", &seed, &number, &visit->hops) != 3) {
        return false;
    }
    visit->errand = errand_make(seed);
    visit->number = number;
    visit->chance = chance_of(chance_mix(seed, 20 + visit->hops));
    return true;
}

static bool visit_read_upload(errand_visit *visit) {
    static const char proceed[] = "HTTP/1.1 100 Continue\r\n\r\n";
    intake_body body = intake_begin_body(visit->head, &visit->errand.script);
    if (visit->head->expects_continue &&
        !channel_write(visit->intake->channel, proceed, sizeof proceed - 1)) {
        return false;
    }
    return intake_read_body(visit->intake, &body, SIZE_MAX);
}

/* An answer with a body that nobody wants. Gives whether the connection goes on. */
static bool visit_answer(errand_visit *visit, int code, const char *field) {
    static char filler[FILLER_BYTES];
    char text[512];
    soak_channel *channel = visit->intake->channel;
    size_t left = chance_size(&visit->chance, chance_is(&visit->chance, 85) ? 300 : 200000);
    bool closes = chance_is(&visit->chance, 15);
    int length =
        snprintf(text, sizeof text, "HTTP/1.1 %d Else\r\n%s\r\nContent-Length: %zu\r\n%s\r\n", code,
                 field, left, closes ? "Connection: close\r\n" : "");
    bool goes_on = channel_write(channel, text, (size_t)length);
    left = visit->errand.script.method == FERRY_METHOD_HEAD ? 0 : left;
    for (; left > 0 && goes_on; left -= left < FILLER_BYTES ? left : FILLER_BYTES) {
        goes_on = channel_write(channel, filler, left < FILLER_BYTES ? left : FILLER_BYTES);
    }
    if (goes_on && closes) {
        channel_end(channel, SCRIPT_END_ORDERLY);
        channel_drain(channel);
    }
    return goes_on && !closes;
}

/* The method and the body must come along. */
static int visit_draw_code(errand_visit *visit) {
    static const int codes[] = {307, 308, 301, 302, 303};
    ferry_method method = visit->errand.script.method;
    bool may_be_any = method == FERRY_METHOD_GET || method == FERRY_METHOD_HEAD;
    return codes[chance_below(&visit->chance, may_be_any ? 5 : 2)];
}

static bool visit_redirect(errand_visit *visit) {
    char field[ERRAND_URL_SIZE + 16];
    char url[ERRAND_URL_SIZE];
    bool ends_in_tls = visit->errand.script.is_tls;
    bool is_tls = ends_in_tls && (visit->hops == 1 || chance_is(&visit->chance, 50));
    server_door door = is_tls ? (server_door)chance_between(&visit->chance, SERVER_DOOR_HTTPS_1_2,
                                                            SERVER_DOOR_HTTPS_TICKETS)
                              : SERVER_DOOR_HTTP;
    const char *host = !is_tls && chance_is(&visit->chance, 50) ? "127.0.0.1" : ERRAND_HOST;
    int code = visit_draw_code(visit);
    if (!visit_read_upload(visit)) {
        return false;
    }
    errand_write_target(&visit->errand, visit->hops - 1, host, server_port(door), visit->number,
                        is_tls, url);
    snprintf(field, sizeof field, "Location: %s", url);
    return visit_answer(visit, code, field);
}

static bool visit_cut(errand_visit *visit) {
    channel_end(visit->intake->channel,
                chance_is(&visit->chance, 50) ? SCRIPT_END_ORDERLY : SCRIPT_END_RESET);
    return false;
}

bool errand_serve(soak_intake *intake, const intake_head *head, bool is_first) {
    errand_visit visit = {.intake = intake, .head = head};
    if (!visit_read(&visit, head->target)) {
        return false;
    }
    if (visit.errand.cuts_kept && !is_first) {
        return visit_cut(&visit);
    }
    if (visit.hops > 0) {
        return visit_redirect(&visit);
    }
    if (visit.errand.refusals > 0 && server_count_attempt(visit.number) <= visit.errand.refusals) {
        return visit_read_upload(&visit) &&
               visit_answer(&visit, FERRY_RESPONSE_SERVICE_UNAVAILABLE, "Retry-After: 0");
    }
    return answer_give(intake, head, &visit.errand.script, visit.number);
}
