/* SPDX-License-Identifier: MIT */
/* scenario_client: makes the client of a scenario and brings it from one status to the next. */
#include "scenario.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Polls that bring nothing, where nothing can be waited for, before a scenario gives up. */
enum { MOST_IDLE_POLLS = 10000000 };

static void print_log(void *ctx, ferry_log_kind kind, const char *message) {
    static const char *const names[] = {"warning", "status", "info", "sent", "received"};
    scenario *s = ctx;
    if (kind != FERRY_LOG_INFO || s->log > 1) {
        scenario_say(s, "log %s: %s", names[kind], message);
    }
}

/* "host:port" */
static void set_proxy(scenario *s, const char *what, const char *proxy,
                      ferry_error (*set)(ferry_client *client, const char *host, int port)) {
    char host[512];
    const char *colon = proxy != NULL ? strrchr(proxy, ':') : NULL;
    if (colon == NULL || (size_t)(colon - proxy) >= sizeof host) {
        return;
    }
    memcpy(host, proxy, (size_t)(colon - proxy));
    host[colon - proxy] = '\0';
    scenario_result(s, what, set(s->client, host, (int)scenario_number(colon + 1)));
}

void scenario_new_client(scenario *s) {
    ferry_client_free(s->client);
    if (s->log > 0) {
        s->options.log = print_log;
        s->options.log_ctx = s;
    }
    s->client = ferry_client_new(&s->options);
    s->status = FERRY_STATUS_DISCONNECTED;
    if (s->client == NULL) {
        scenario_give_up("there is no client");
    }
    if (s->read_chunk_size > 0) {
        scenario_result(s, "set_read_chunk_size",
                        ferry_client_set_read_chunk_size(s->client, s->read_chunk_size));
    }
    set_proxy(s, "set_http_proxy", s->http_proxy, ferry_client_set_http_proxy);
    set_proxy(s, "set_https_proxy", s->https_proxy, ferry_client_set_https_proxy);
    if (s->blocking) {
        scenario_result(s, "set_blocking_mode", ferry_client_set_blocking_mode(s->client, true));
    }
}

ferry_error scenario_poll(scenario *s) {
    ferry_error error = ferry_client_poll(s->client);
    if (error != FERRY_OK) {
        return scenario_result(s, "poll", error);
    }
    scenario_note_status(s);
    return FERRY_OK;
}

void scenario_wait(scenario *s) {
    static int refused;
    if (s->blocking) {
        return;
    }
    ferry_error error = ferry_client_wait(s->client, -1);
    if (error == FERRY_OK) {
        refused = 0;
    } else if (error != FERRY_ERROR_UNAVAILABLE || ++refused > MOST_IDLE_POLLS) {
        scenario_result(s, "wait", error);
        scenario_give_up("nothing happens any more");
    }
}

ferry_error scenario_leave(scenario *s, ferry_status status) {
    while (ferry_client_get_status(s->client) == status) {
        ferry_error error = scenario_poll(s);
        if (error != FERRY_OK) {
            return error;
        }
        if (ferry_client_get_status(s->client) == status) {
            scenario_wait(s);
        }
    }
    return FERRY_OK;
}

ferry_error scenario_settle(scenario *s) {
    ferry_error error = FERRY_OK;
    ferry_status status = ferry_client_get_status(s->client);
    while (error == FERRY_OK &&
           (status == FERRY_STATUS_RESOLVING || status == FERRY_STATUS_CONNECTING ||
            status == FERRY_STATUS_REQUESTING)) {
        error = scenario_leave(s, status);
        status = ferry_client_get_status(s->client);
    }
    return error;
}

ferry_error scenario_connect(scenario *s) {
    char host[300];
    snprintf(host, sizeof host, "%s%s", s->prefix, s->host);
    ferry_error error =
        ferry_client_connect_to_host(s->client, host, s->port, scenario_tls_options(s));
    error = scenario_result(s, "connect_to_host", error);
    return error != FERRY_OK ? error : scenario_settle(s);
}

ferry_error scenario_read(scenario *s, const void **data, size_t *length) {
    static char memory[1 << 20];
    *length = 0;
    if (s->into == 0) {
        return ferry_client_read_response_body_chunk(s->client, data, length);
    }
    *data = memory;
    size_t capacity = s->into < sizeof memory ? s->into : sizeof memory;
    return ferry_client_read_response_body(s->client, memory, capacity, length);
}

ferry_error scenario_read_all(scenario *s) {
    scenario_digest digest = scenario_digest_new();
    ferry_error error = FERRY_OK;
    for (;;) {
        const void *data;
        size_t length;
        error = scenario_read(s, &data, &length);
        if (error != FERRY_OK) {
            break;
        }
        scenario_digest_add(&digest, data, length);
        if (length > 0) {
            continue;
        }
        if (ferry_client_get_status(s->client) != FERRY_STATUS_BODY) {
            break;
        }
        ferry_client_poll(s->client); /* a failure is the next read's to tell */
        if (ferry_client_get_status(s->client) == FERRY_STATUS_BODY) {
            scenario_wait(s);
        }
    }
    scenario_say_digest(s, "body", &digest);
    if (error != FERRY_OK) {
        scenario_result(s, "read", error);
    }
    scenario_note_status(s);
    scenario_say_end(s);
    return error;
}

ferry_error scenario_finish(scenario *s) {
    ferry_error error = scenario_settle(s);
    if (error == FERRY_OK) {
        scenario_say_response(s);
    }
    return error == FERRY_OK && ferry_client_has_response(s->client) ? scenario_read_all(s) : error;
}

ferry_error scenario_get(scenario *s, const char *target) {
    ferry_error error = scenario_result(
        s, "request", ferry_client_request(s->client, FERRY_METHOD_GET, target, NULL, NULL));
    return error == FERRY_OK ? scenario_finish(s) : error;
}

void scenario_tell(const scenario *s, const char *target) {
    scenario other = {.host = s->host,
                      .port = s->port,
                      .prefix = "",
                      .with_tls = s->with_tls,
                      .tls = s->tls,
                      .quiet = true};
    scenario_new_client(&other);
    if (scenario_connect(&other) != FERRY_OK || scenario_get(&other, target) != FERRY_OK) {
        scenario_give_up("the server could not be told");
    }
    ferry_client_free(other.client);
}

const char *scenario_argument(const scenario *s, int index) {
    if (index >= s->argc) {
        scenario_give_up("an argument is missing");
    }
    return s->argv[index];
}

long long scenario_number(const char *text) {
    char *end;
    long long number = strtoll(text, &end, 10);
    if (end == text || *end != '\0') {
        scenario_give_up("an argument is no number");
    }
    return number;
}

void scenario_fill(unsigned char *data, size_t length, size_t offset) {
    for (size_t i = 0; i < length; i++) {
        data[i] = (unsigned char)((offset + i) % 251);
    }
}

char *scenario_body(const char *argument, size_t *length) {
    *length = 0;
    if (strcmp(argument, "-") == 0) {
        return NULL;
    }
    bool is_pattern = argument[0] == '@';
    *length = is_pattern ? (size_t)scenario_number(argument + 1) : strlen(argument);
    char *body = malloc(*length + 1);
    if (body == NULL) {
        scenario_give_up("there is no memory");
    }
    if (is_pattern) {
        scenario_fill((unsigned char *)body, *length, 0);
        body[*length] = '\0';
    } else {
        memcpy(body, argument, *length + 1);
    }
    return body;
}

ferry_status scenario_status_of(const char *name) {
    for (int i = 0; i <= FERRY_STATUS_TLS_HANDSHAKE_ERROR; i++) {
        if (strcmp(ferry_status_name((ferry_status)i), name) == 0) {
            return (ferry_status)i;
        }
    }
    scenario_give_up("there is no status of that name");
}
