/* SPDX-License-Identifier: MIT */
/* scenario_requesting: requests as arguments give them, one after another on one connection. */
#include "scenario.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_HEADERS = 512 };

static const char *const methods[FERRY_METHOD_MAX] = {
    "GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PATCH",
};

/* The method's number; FERRY_METHOD_MAX where it has none. */
static ferry_method method_of(const char *name) {
    int i = 0;
    while (i < FERRY_METHOD_MAX && strcmp(methods[i], name) != 0) {
        i++;
    }
    return (ferry_method)i;
}

/* METHOD TARGET BODY HEADER...: one exchange. Headers "#N" stand for N short ones. */
static void exchange(scenario *s, int argc, char **argv) {
    static char numbered[MOST_HEADERS][32];
    const char *headers[MOST_HEADERS + 1] = {NULL};
    int count = 0;
    for (int i = 3; i < argc; i++) {
        long long repeat = argv[i][0] == '#' ? scenario_number(argv[i] + 1) : 1;
        for (long long n = 0; n < repeat && count < MOST_HEADERS; n++) {
            snprintf(numbered[count], sizeof numbered[count], "X-%d: %d", count, count);
            headers[count] = argv[i][0] == '#' ? numbered[count] : argv[i];
            count++;
        }
    }
    size_t length;
    char *body = scenario_body(argv[2], &length);
    ferry_method method = method_of(argv[0]);
    ferry_error error;
    if (method == FERRY_METHOD_MAX) {
        ferry_request request = {
            .method_name = argv[0],
            .url = argv[1],
            .headers = headers,
            .body = body,
            .body_length = length,
        };
        error = ferry_client_send(s->client, &request);
    } else {
        error = ferry_client_request_raw(s->client, method, argv[1], count > 0 ? headers : NULL,
                                         body, length);
    }
    if (body != NULL) {
        memset(body, '!', length); /* it was the library's during the call only */
    }
    free(body);
    if (scenario_result(s, "request", error) == FERRY_OK) {
        scenario_finish(s);
    }
}

/* exchange METHOD TARGET BODY HEADER... [, METHOD TARGET BODY HEADER...]...: connects again where
 * the connection has ended. */
static void run_exchange(scenario *s) {
    scenario_new_client(s);
    for (int from = 0; from < s->argc;) {
        int to = from;
        while (to < s->argc && strcmp(s->argv[to], ",") != 0) {
            to++;
        }
        if (to - from < 3) {
            scenario_give_up("exchange METHOD TARGET BODY HEADER... [, ...]");
        }
        if (ferry_client_get_status(s->client) != FERRY_STATUS_CONNECTED &&
            scenario_connect(s) != FERRY_OK) {
            return;
        }
        exchange(s, to - from, s->argv + from);
        from = to + 1;
    }
}

/* text_body: the body as a string, through ferry_client_request(). */
static void run_text_body(scenario *s) {
    char body[] = "a=1&b=2";
    scenario_new_client(s);
    scenario_connect(s);
    scenario_result(s, "request",
                    ferry_client_request(s->client, FERRY_METHOD_POST, "/", NULL, body));
    memset(body, '!', sizeof body - 1);
    scenario_finish(s);
}

/* busy: requests in the statuses in which there can be none. */
static void run_busy(scenario *s) {
    static const char *const target = "/refused";
    scenario_new_client(s);
    scenario_result(s, "request before connecting",
                    ferry_client_request(s->client, FERRY_METHOD_GET, target, NULL, NULL));
    scenario_result(s, "connect_to_host",
                    ferry_client_connect_to_host(s->client, s->host, s->port, NULL));
    for (ferry_status status = FERRY_STATUS_RESOLVING; status != FERRY_STATUS_CONNECTED;
         status = ferry_client_get_status(s->client)) {
        scenario_result(s, "request",
                        ferry_client_request(s->client, FERRY_METHOD_GET, target, NULL, NULL));
        scenario_leave(s, status);
    }
    scenario_result(s, "request",
                    ferry_client_request(s->client, FERRY_METHOD_GET, "/body", NULL, NULL));
    scenario_result(s, "second request",
                    ferry_client_request(s->client, FERRY_METHOD_GET, target, NULL, NULL));
    scenario_leave(s, FERRY_STATUS_REQUESTING);
    scenario_result(s, "third request",
                    ferry_client_request(s->client, FERRY_METHOD_GET, target, NULL, NULL));
    scenario_read_all(s);
    scenario_get(s, "/last");
}

/* query: query_string_from_dict. */
static void run_query(scenario *s) {
    static const ferry_field fields[] = {
        {"user", "a b"},
        {"list", "1"},
        {"list", "2"},
        {"flag", NULL},
        {"empty", ""},
        {"sign", "-._~!*'"},
        {"k\xc3\xa4", "\xf0\x9f\x9a\xa2&="},
        {"plus+", "100%\r\n"},
    };
    size_t count = sizeof fields / sizeof *fields;
    char text[256] = "";
    char small[8];
    size_t length = ferry_query_string_from_dict(fields, count, text, sizeof text);
    scenario_say(s, "%zu %s", length, text);
    length = ferry_query_string_from_dict(fields, count, small, sizeof small);
    scenario_say(s, "%d %s", length == strlen(text), small);
    length = ferry_query_string_from_dict(fields, count, NULL, 0);
    scenario_say(s, "%d", length == strlen(text));
    scenario_say(s, "%zu \"%s\"", ferry_query_string_from_dict(NULL, 0, text, sizeof text), text);
}

/* sent_by_polls SIZE: posts a body that is larger than the budget, and counts what each poll sends.
 * The server reads all. */
static void run_sent_by_polls(scenario *s) {
    char size[24];
    snprintf(size, sizeof size, "@%s", scenario_argument(s, 0));
    size_t length;
    long long most = 0;
    scenario_new_client(s);
    scenario_connect(s);
    char *body = scenario_body(size, &length);
    scenario_result(
        s, "request",
        ferry_client_request_raw(s->client, FERRY_METHOD_POST, "/", NULL, body, length));
    free(body);
    while (ferry_client_get_status(s->client) == FERRY_STATUS_REQUESTING) {
        long long before = ferry_client_get_bytes_sent(s->client);
        if (scenario_poll(s) != FERRY_OK) {
            return;
        }
        long long sent = ferry_client_get_bytes_sent(s->client) - before;
        most = sent > most ? sent : most;
        if (sent == 0 && ferry_client_get_status(s->client) == FERRY_STATUS_REQUESTING) {
            scenario_wait(s);
        }
    }
    scenario_say(s, "a poll sent something: %s", most > 0 ? "yes" : "no");
    scenario_say(s, "a poll sent more than the budget: %s",
                 most > (long long)s->options.poll_budget_bytes ? "yes" : "no");
    scenario_finish(s);
}

const scenario_entry scenario_requesting[] = {
    {"exchange", run_exchange}, {"text_body", run_text_body},         {"busy", run_busy},
    {"query", run_query},       {"sent_by_polls", run_sent_by_polls}, {NULL, NULL},
};
