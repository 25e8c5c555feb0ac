/* SPDX-License-Identifier: MIT */
/* scenario_lasting: connections that are kept, what ends them while they are idle, and blocking
 * mode. */
#include "scenario.h"

#include <stdio.h>
#include <time.h>

/* keep_alive COUNT: so many requests on one connection; only the first and last are printed. */
static void run_keep_alive(scenario *s) {
    long long count = scenario_number(scenario_argument(s, 0));
    scenario_new_client(s);
    scenario_connect(s);
    for (long long i = 0; i < count; i++) {
        s->quiet = i > 0 && i < count - 1;
        if (scenario_get(s, "/") != FERRY_OK ||
            ferry_client_get_status(s->client) != FERRY_STATUS_CONNECTED) {
            s->quiet = false;
            scenario_say(s, "request %lld ends in %s", i,
                         ferry_status_name(ferry_client_get_status(s->client)));
            return;
        }
    }
}

/* idle WHAT: gets "/", tells the server "/WHAT", waits for what that does to the idle
 * connection; then the response is still there, and a request is refused. */
static void run_idle(scenario *s) {
    char target[64];
    snprintf(target, sizeof target, "/%s", scenario_argument(s, 0));
    scenario_new_client(s);
    scenario_connect(s);
    scenario_get(s, "/");
    scenario_tell(s, target);
    scenario_leave(s, FERRY_STATUS_CONNECTED);
    scenario_poll(s);
    scenario_say_response(s);
    scenario_result(s, "request",
                    ferry_client_request(s->client, FERRY_METHOD_GET, "/refused", NULL, NULL));
    scenario_connect(s);
    scenario_get(s, "/again");
}

/* stale: tells the server "/end", waits until something has come, which nobody looks at, then sends
 * a request. */
static void run_stale(scenario *s) {
    scenario_new_client(s);
    scenario_connect(s);
    scenario_get(s, "/");
    scenario_tell(s, "/end");
    scenario_result(s, "wait", ferry_client_wait(s->client, -1));
    scenario_get(s, "/stale");
    if (ferry_client_get_status(s->client) != FERRY_STATUS_CONNECTED) {
        scenario_connect(s);
    }
    scenario_get(s, "/again");
}

/* sequence COUNT: requests to a server that ends each connection behind its answer, without saying
 * so; a new connection where the client is told to make one. */
static void run_sequence(scenario *s) {
    long long count = scenario_number(scenario_argument(s, 0));
    long long answered = 0;
    long long again = 0;
    scenario_new_client(s);
    s->quiet = true;
    scenario_connect(s);
    for (long long i = 0; i < count; i++) {
        ferry_error error =
            ferry_client_request(s->client, FERRY_METHOD_POST, "/", NULL, "not twice");
        if (error == FERRY_ERROR_CONNECT_AGAIN) {
            again++;
            scenario_connect(s);
            error = ferry_client_request(s->client, FERRY_METHOD_POST, "/", NULL, "not twice");
        }
        if (error != FERRY_OK) {
            break;
        }
        scenario_finish(s);
        answered += ferry_client_get_response_code(s->client) == 200;
        ferry_client_wait(s->client, -1);
    }
    s->quiet = false;
    scenario_say(s, "%lld answered, %lld times told to connect again", answered, again);
}

enum { BLOCKING_PIECES = 3 };

/* blocking_steps: what each single call in blocking mode does. The server gives the body in pieces,
 * each when it is told to. */
static void run_blocking_steps(scenario *s) {
    const void *data;
    size_t length;
    int pieces = 0;
    scenario_new_client(s);
    scenario_result(
        s, "connect_to_host",
        ferry_client_connect_to_host(s->client, s->host, s->port, scenario_tls_options(s)));
    scenario_result(s, "poll", ferry_client_poll(s->client));
    scenario_result(s, "request",
                    ferry_client_request(s->client, FERRY_METHOD_GET, "/", NULL, NULL));
    ferry_error error;
    while ((error = ferry_client_read_response_body_chunk(s->client, &data, &length)) == FERRY_OK &&
           length > 0) {
        scenario_say(s, "read \"%.*s\"", (int)length, (const char *)data);
        if (++pieces < BLOCKING_PIECES) {
            scenario_tell(s, "/more");
        }
    }
    scenario_note_status(s); /* a browser may tell of the end later than of the last byte */
    scenario_result(s, "read", error);
    scenario_say(s, "length %zu", length);
    scenario_result(s, "poll", ferry_client_poll(s->client));
}

/* blocking_cpu: processor time while one call waits for an answer that does not come. */
static void run_blocking_cpu(scenario *s) {
    scenario_new_client(s);
    scenario_connect(s);
    clock_t before = clock();
    ferry_error error = ferry_client_request(s->client, FERRY_METHOD_GET, "/wait", NULL, NULL);
    double used = (double)(clock() - before) / CLOCKS_PER_SEC;
    scenario_result(s, "request", error);
    scenario_say(s, "processor time under 1 ms: %s", used < 0.001 ? "yes" : "no");
}

/* timeout_in_body: the time-outs begin once the head and the first 5 bytes of the body are there;
 * nothing follows them. */
static void run_timeout_in_body(scenario *s) {
    const ferry_timeouts later = s->options.timeouts;
    const void *data;
    size_t length;
    s->options.timeouts = (ferry_timeouts){.connect_ms = 0};
    scenario_new_client(s);
    scenario_connect(s);
    scenario_result(s, "request",
                    ferry_client_request(s->client, FERRY_METHOD_GET, "/", NULL, NULL));
    scenario_leave(s, FERRY_STATUS_REQUESTING);
    scenario_digest digest = scenario_digest_new();
    while (digest.length < 5 && scenario_read(s, &data, &length) == FERRY_OK) {
        scenario_digest_add(&digest, data, length);
        if (length == 0) {
            scenario_poll(s);
            scenario_wait(s);
        }
    }
    scenario_say_digest(s, "first", &digest);
    ferry_client_set_timeouts(s->client, &later);
    scenario_read_all(s);
}

/* timeout_of_request: the time-outs of the options are those of the first request alone. */
static void run_timeout_of_request(scenario *s) {
    const ferry_timeouts own = s->options.timeouts;
    const ferry_request request = {.url = "/stalls", .timeouts = &own};
    s->options.timeouts = (ferry_timeouts){.connect_ms = 0};
    scenario_new_client(s);
    scenario_connect(s);
    scenario_result(s, "request", ferry_client_send(s->client, &request));
    scenario_finish(s);
    scenario_connect(s);
    scenario_get(s, "/");
}

/* timeout_then_again: a request that times out, then one without time-outs. */
static void run_timeout_then_again(scenario *s) {
    scenario_new_client(s);
    scenario_connect(s);
    scenario_get(s, "/");
    ferry_client_set_timeouts(s->client, NULL);
    scenario_connect(s);
    scenario_get(s, "/again");
}

/* Is busy with something else for longer than the time-outs of a few milliseconds. */
static void be_busy(void) {
    clock_t end = clock() + CLOCKS_PER_SEC / 25;
    while (clock() < end) {
        continue;
    }
}

/* busy_program: idle_ms counts only while the client waits for the peer, not while the program
 * does something else, in the middle of an upload and of a body that has long been sent. */
static void run_busy_program(scenario *s) {
    const ferry_timeouts short_ones = {.idle_ms = 10};
    ferry_request request = {
        .method = FERRY_METHOD_POST, .url = "/", .streamed = true, .streamed_length = 2};
    size_t written;
    scenario_new_client(s);
    scenario_connect(s);
    scenario_result(s, "request", ferry_client_send(s->client, &request));
    ferry_client_set_timeouts(s->client, &short_ones);
    scenario_result(s, "write", ferry_client_write_request_body(s->client, "a", 1, &written));
    be_busy();
    scenario_poll(s);
    be_busy();
    scenario_result(s, "write", ferry_client_write_request_body(s->client, "b", 1, &written));
    ferry_client_set_timeouts(s->client, NULL);
    scenario_result(s, "finish", ferry_client_finish_request_body(s->client));
    scenario_leave(s, FERRY_STATUS_REQUESTING);
    scenario_tell(s, "/sent");
    ferry_client_set_timeouts(s->client, &short_ones);
    be_busy();
    scenario_poll(s);
    be_busy();
    scenario_read_all(s);
}

const scenario_entry scenario_lasting[] = {
    {"keep_alive", run_keep_alive},
    {"idle", run_idle},
    {"stale", run_stale},
    {"sequence", run_sequence},
    {"blocking_steps", run_blocking_steps},
    {"blocking_cpu", run_blocking_cpu},
    {"busy_program", run_busy_program},
    {"timeout_in_body", run_timeout_in_body},
    {"timeout_then_again", run_timeout_then_again},
    {"timeout_of_request", run_timeout_of_request},
    {NULL, NULL},
};
