/* SPDX-License-Identifier: MIT */
/* polled_request: reads arguments: options, a method, a target and headers. */
#include "polled_request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static _Noreturn void give_up(const char *what, const char *text) {
    fprintf(stderr, "polled: %s: %s\n", what, text);
    exit(2);
}

unsigned char polled_pattern(long long offset) {
    return (unsigned char)(offset % 251);
}

/* ---- Values ---- */

/* The place of a word in a list of words with commas between. */
static int index_of(const char *words, const char *word) {
    size_t length = strlen(word);
    int index = 0;
    for (const char *at = words; at != NULL; index++) {
        const char *comma = strchr(at, ',');
        size_t here = comma != NULL ? (size_t)(comma - at) : strlen(at);
        if (here == length && memcmp(at, word, length) == 0) {
            return index;
        }
        at = comma != NULL ? comma + 1 : NULL;
    }
    return atoi(word); /* a number as it is, so that one out of range can be tried */
}

/* "@N" stands for N bytes of the pattern, any other text for itself. */
static void set_body(polled_request *request, const char *text) {
    size_t length = text[0] == '@' ? (size_t)atoll(text + 1) : strlen(text);
    unsigned char *body = malloc(length + 1);
    if (body == NULL) {
        give_up("no memory for", text);
    }
    for (size_t i = 0; i < length; i++) {
        body[i] = text[0] == '@' ? polled_pattern((long long)i) : (unsigned char)text[i];
    }
    request->request.body = body;
    request->request.body_length = length;
}

/* The target with `number` for each "%". */
static char *expand(const char *target, int number) {
    size_t capacity = strlen(target) + 64;
    char *text = malloc(capacity);
    if (text == NULL) {
        give_up("no memory for", target);
    }
    const char *percent = strchr(target, '%');
    if (percent == NULL || number < 0) {
        strcpy(text, target);
    } else {
        snprintf(text, capacity, "%.*s%d%s", (int)(percent - target), target, number, percent + 1);
    }
    return text;
}

/* ---- Options ---- */

static bool set_word(polled_request *request, const char *name, const char *value) {
    ferry_fetch_options *fetch = &request->fetch;
    if (strcmp(name, "mode") == 0) {
        fetch->mode = (ferry_fetch_mode)index_of("cors,no-cors,same-origin", value);
    } else if (strcmp(name, "credentials") == 0) {
        fetch->credentials = (ferry_fetch_credentials)index_of("same-origin,include,omit", value);
    } else if (strcmp(name, "cache") == 0) {
        fetch->cache = (ferry_fetch_cache)index_of(
            "default,no-store,reload,no-cache,force-cache,only-if-cached", value);
    } else if (strcmp(name, "redirect") == 0) {
        fetch->redirect = (ferry_fetch_redirect)index_of("follow,error,manual", value);
    } else if (strcmp(name, "referrer") == 0) {
        fetch->referrer_policy = (ferry_fetch_referrer_policy)index_of(
            "default,no-referrer,no-referrer-when-downgrade,same-origin,origin,strict-origin,"
            "origin-when-cross-origin,strict-origin-when-cross-origin,unsafe-url",
            value);
    } else if (strcmp(name, "priority") == 0) {
        fetch->priority = (ferry_fetch_priority)index_of("auto,high,low", value);
    } else if (strcmp(name, "cancel") == 0) {
        request->cancel = (polled_cancel)index_of("no,close,free", value);
    } else if (strcmp(name, "repeat") == 0) {
        request->repeat = (polled_repeat)index_of("no,until-error,until-answer", value);
    } else if (strcmp(name, "at") == 0) {
        request->moment = (polled_moment)index_of("sent,body,told", value);
    } else {
        return false;
    }
    return true;
}

static bool set_number(polled_request *request, const char *name, const char *value) {
    ferry_timeouts *timeouts = &request->timeouts;
    const struct {
        const char *name;
        int *to;
    } numbers[] = {
        {"connect_ms", &timeouts->connect_ms}, {"response_ms", &timeouts->response_ms},
        {"idle_ms", &timeouts->idle_ms},       {"total_ms", &timeouts->total_ms},
        {"pause_ms", &request->pause_ms},
    };
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        if (strcmp(name, numbers[i].name) == 0) {
            *numbers[i].to = atoi(value);
            return true;
        }
    }
    return false;
}

static bool set_other(polled_request *request, const char *name, const char *value) {
    if (strcmp(name, "origin") == 0) {
        request->origin = value;
    } else if (strcmp(name, "body") == 0) {
        set_body(request, value);
    } else if (strcmp(name, "stream") == 0) {
        request->request.streamed = true;
        request->request.streamed_length = atoll(value);
    } else if (strcmp(name, "keepalive") == 0) {
        request->fetch.keepalive = true;
    } else if (strcmp(name, "integrity") == 0) {
        request->fetch.integrity = value;
    } else if (strcmp(name, "window") == 0) {
        request->fetch.window_bytes = (size_t)atoll(value);
    } else if (strcmp(name, "sum") == 0) {
        request->sums = true;
    } else if (strcmp(name, "ask") == 0) {
        request->ask = value;
    } else if (strcmp(name, "hold") == 0) {
        request->holds = true;
        request->ask = value;
    } else {
        return false;
    }
    return true;
}

/* "name=value". */
static void set_option(polled_request *request, const char *argument) {
    char name[32];
    const char *equals = strchr(argument, '=');
    if (equals == NULL || (size_t)(equals - argument) >= sizeof name) {
        give_up("no option", argument);
    }
    snprintf(name, sizeof name, "%.*s", (int)(equals - argument), argument);
    const char *value = equals + 1;
    if (!set_word(request, name, value) && !set_number(request, name, value) &&
        !set_other(request, name, value)) {
        give_up("no option", argument);
    }
}

/* ---- The whole ---- */

char **polled_request_parse(polled_request *request, char **arguments, char **end, int number) {
    const char *origin = request->origin; /* the one before stays */
    *request = (polled_request){.origin = origin};
    char **at = arguments;
    for (; at < end && strchr(*at, '=') != NULL; at++) {
        set_option(request, *at);
    }
    if (end - at < 2 || request->origin == NULL) {
        give_up("a request needs", "an origin, a method and a target");
    }
    request->request.method_name = *at++;
    request->request.url = expand(*at++, number);
    size_t count = 0;
    while (at < end && strcmp(*at, ",") != 0 && count < POLLED_MOST_HEADERS) {
        request->headers[count++] = *at++;
    }
    request->request.headers = request->headers;
    request->request.fetch = &request->fetch;
    return at < end ? at + 1 : at;
}

void polled_request_deinit(polled_request *request) {
    free((void *)request->request.url);
    free((void *)request->request.body);
    request->request.url = NULL;
    request->request.body = NULL;
}
