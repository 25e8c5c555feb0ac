/* SPDX-License-Identifier: MIT */
/* scenario_transcript: prints what happens in words that are the same in every run. */
#include "scenario.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_SIZE = 2048 };

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/* The scenario's own port, where `at` begins with it. */
static size_t match_port(const scenario *s, const char *line, const char *at) {
    char port[16];
    int length = snprintf(port, sizeof port, "%d", s->port);
    bool is_whole = at > line && at[-1] == ':' && strncmp(at, port, (size_t)length) == 0 &&
                    !is_digit(at[length]);
    return is_whole ? (size_t)length : 0;
}

void scenario_say(scenario *s, const char *format, ...) {
    char line[LINE_SIZE];
    va_list arguments;
    if (s->quiet) {
        return;
    }
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    for (const char *at = line; *at != '\0';) {
        size_t port_length = match_port(s, line, at);
        if (port_length > 0) {
            fputs("PORT", stdout);
            at += port_length;
        } else if ((unsigned char)*at < 0x20 || (unsigned char)*at >= 0x7f) {
            printf("\\x%02x", (unsigned)(unsigned char)*at++);
        } else {
            putchar(*at++);
        }
    }
    putchar('\n');
}

static const char *short_name(ferry_error error) {
    const char *name = ferry_error_name(error);
    static const char *const prefixes[] = {"FERRY_ERROR_", "FERRY_"};
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
        if (strncmp(name, prefixes[i], strlen(prefixes[i])) == 0) {
            return name + strlen(prefixes[i]);
        }
    }
    return name;
}

ferry_error scenario_result(scenario *s, const char *what, ferry_error error) {
    if (error == FERRY_OK) {
        scenario_say(s, "%s: OK", what);
    } else {
        scenario_say(s, "%s: %s: %s", what, short_name(error),
                     ferry_client_get_error_detail(s->client));
    }
    scenario_note_status(s);
    return error;
}

void scenario_note_status(scenario *s) {
    ferry_status status = ferry_client_get_status(s->client);
    if (status != s->status) {
        s->status = status;
        scenario_say(s, "status %s", ferry_status_name(status));
    }
}

static void say_lines(scenario *s, const char *what, const char *const *lines, size_t count) {
    size_t i = 0;
    for (; lines[i] != NULL; i++) {
        scenario_say(s, "%s: %s", what, lines[i]);
    }
    if (i != count) {
        scenario_say(s, "%s: %zu lines, but their number is said to be %zu", what, i, count);
    }
}

void scenario_say_response(scenario *s) {
    size_t count;
    const char *const *lines = ferry_client_get_response_headers(s->client, &count);
    if (!ferry_client_has_response(s->client)) {
        scenario_say(s, "no response, code %d", ferry_client_get_response_code(s->client));
        return;
    }
    scenario_say(s, "response %d, length %lld, hint %lld%s, %s",
                 ferry_client_get_response_code(s->client),
                 (long long)ferry_client_get_response_body_length(s->client),
                 (long long)ferry_client_get_response_body_length_hint(s->client),
                 ferry_client_is_response_chunked(s->client) ? ", chunked" : "",
                 ferry_client_get_response_url(s->client));
    say_lines(s, "header", lines, count);
}

void scenario_say_end(scenario *s) {
    size_t count;
    const char *const *lines = ferry_client_get_response_trailers(s->client, &count);
    say_lines(s, "trailer", lines, count);
    scenario_say(s, "received %lld, sent %lld",
                 (long long)ferry_client_get_bytes_received(s->client),
                 (long long)ferry_client_get_bytes_sent(s->client));
}

scenario_digest scenario_digest_new(void) {
    return (scenario_digest){.hash = UINT64_C(0xcbf29ce484222325)};
}

void scenario_digest_add(scenario_digest *digest, const void *data, size_t length) {
    const unsigned char *bytes = data;
    for (size_t i = 0; i < length; i++) {
        digest->hash = (digest->hash ^ bytes[i]) * UINT64_C(0x100000001b3);
        if (digest->length < SCENARIO_FIRST) {
            digest->first[digest->length] = bytes[i];
        }
        digest->length++;
    }
}

void scenario_say_digest(scenario *s, const char *what, const scenario_digest *digest) {
    char text[SCENARIO_FIRST + 1] = "";
    for (int i = 0; i < SCENARIO_FIRST && i < digest->length; i++) {
        text[i] = (char)(digest->first[i] >= 0x20 && digest->first[i] < 0x7f ? digest->first[i]
                                                                             : (unsigned char)'?');
    }
    if (digest->length > SCENARIO_FIRST) {
        scenario_say(s, "%s %lld bytes, hash %08lx%08lx", what, digest->length,
                     (unsigned long)(digest->hash >> 32),
                     (unsigned long)(digest->hash & 0xffffffff));
    } else {
        scenario_say(s, "%s %lld bytes \"%s\"", what, digest->length, text);
    }
}

_Noreturn void scenario_give_up(const char *why) {
    fflush(stdout);
    fprintf(stderr, "scenario: %s\n", why);
    exit(3);
}
