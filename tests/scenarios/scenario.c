/* SPDX-License-Identifier: MIT */
/* scenario: runs one named scenario through the public API and prints a transcript of it.
 *
 *     scenario NAME HOST PORT [OPTION=VALUE...] [ARGUMENT...]
 *
 * It is ISO C and <ferry.h> alone, so that the same program runs on every platform; nothing that
 * varies from run to run is printed. */
#include "scenario.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const scenario_entry *const tables[] = {
    scenario_connecting, scenario_requesting, scenario_refusing,  scenario_responding,
    scenario_uploading,  scenario_lasting,    scenario_streaming, scenario_remembering,
    scenario_tls,        scenario_session,
};

static scenario_function find(const char *name) {
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        for (const scenario_entry *entry = tables[i]; entry->name != NULL; entry++) {
            if (strcmp(entry->name, name) == 0) {
                return entry->run;
            }
        }
    }
    return NULL;
}

static void list(void) {
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        for (const scenario_entry *entry = tables[i]; entry->name != NULL; entry++) {
            fprintf(stderr, "  %s\n", entry->name);
        }
    }
}

static bool set_size(const char *name, long long value, scenario *s) {
    ferry_client_options *options = &s->options;
    const struct {
        const char *name;
        size_t *to;
    } sizes[] = {
        {"max_head_bytes", &options->max_head_bytes},
        {"max_header_count", &options->max_header_count},
        {"max_interim_responses", &options->max_interim_responses},
        {"poll_budget_bytes", &options->poll_budget_bytes},
        {"read_chunk_size", &s->read_chunk_size},
        {"into", &s->into},
    };
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        if (strcmp(name, sizes[i].name) == 0) {
            *sizes[i].to = (size_t)value;
            return true;
        }
    }
    return false;
}

static bool set_number(const char *name, long long value, scenario *s) {
    ferry_timeouts *timeouts = &s->options.timeouts;
    const struct {
        const char *name;
        int *to;
    } numbers[] = {
        {"connect_ms", &timeouts->connect_ms},   {"response_ms", &timeouts->response_ms},
        {"idle_ms", &timeouts->idle_ms},         {"total_ms", &timeouts->total_ms},
        {"continue_ms", &timeouts->continue_ms}, {"log", &s->log},
    };
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        if (strcmp(name, numbers[i].name) == 0) {
            *numbers[i].to = (int)value;
            return true;
        }
    }
    return false;
}

static bool add_line(const char *lines[SCENARIO_MOST_LINES], const char *line) {
    size_t count = 0;
    while (lines[count] != NULL) {
        count++;
    }
    if (count + 1 == SCENARIO_MOST_LINES) {
        return false;
    }
    lines[count] = line;
    return true;
}

static bool set_text(const char *name, const char *value, scenario *s) {
    const struct {
        const char *name;
        const char **to;
    } texts[] = {
        {"user_agent", &s->options.user_agent}, {"prefix", &s->prefix},
        {"http_proxy", &s->http_proxy},         {"https_proxy", &s->https_proxy},
        {"no_proxy", &s->options.no_proxy},
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (strcmp(name, texts[i].name) == 0) {
            *texts[i].to = value;
            return true;
        }
    }
    if (strcmp(name, "resolve") == 0) {
        s->options.resolve = s->resolve;
        return add_line(s->resolve, value);
    }
    if (strcmp(name, "proxy_header") == 0) {
        s->options.proxy_headers = s->proxy_headers;
        return add_line(s->proxy_headers, value);
    }
    return false;
}

/* "name=value" of a known name. */
static bool take_option(const char *argument, scenario *s) {
    char name[32];
    const char *equals = strchr(argument, '=');
    if (equals == NULL || (size_t)(equals - argument) >= sizeof name) {
        return false;
    }
    memcpy(name, argument, (size_t)(equals - argument));
    name[equals - argument] = '\0';
    const char *value = equals + 1;
    if (set_text(name, value, s)) {
        return true;
    }
    long long number = strtoll(value, NULL, 10);
    if (strcmp(name, "max_decoded_bytes") == 0) {
        s->options.max_decoded_bytes = number;
        return true;
    }
    const struct {
        const char *name;
        bool *to;
    } switches[] = {
        {"blocking", &s->blocking},
        {"keep_content_coding", &s->options.keep_content_coding},
        {"proxy_env", &s->options.proxy_from_environment},
    };
    for (size_t i = 0; i < sizeof switches / sizeof *switches; i++) {
        if (strcmp(name, switches[i].name) == 0) {
            *switches[i].to = number != 0;
            return true;
        }
    }
    return set_size(name, number, s) || set_number(name, number, s) ||
           scenario_set_tls(s, name, value);
}

int main(int argc, char **argv) {
    scenario_function run = argc >= 4 ? find(argv[1]) : NULL;
    if (run == NULL) {
        fprintf(stderr, "usage: scenario NAME HOST PORT [OPTION=VALUE...] [ARGUMENT...]\n");
        list();
        return 2;
    }
    scenario s = {.host = argv[2], .port = atoi(argv[3]), .prefix = ""};
    int next = 4;
    while (next < argc && take_option(argv[next], &s)) {
        next++;
    }
    s.argc = argc - next;
    s.argv = argv + next;
    run(&s);
    ferry_client_free(s.client);
    scenario_forget_tls(&s);
    return fflush(stdout) == 0 ? 0 : 1;
}
