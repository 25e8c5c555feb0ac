/* SPDX-License-Identifier: MIT */
/* scenario_responding: the getters in every status, the dictionary, properties, names, and how much
 * is read between two polls. */
#include "scenario.h"

#include <stdio.h>
#include <string.h>

static void say_getters(scenario *s, const char *when) {
    const ferry_client *client = s->client;
    size_t count;
    const char *const *lines = ferry_client_get_response_headers(client, &count);
    scenario_say(s, "-- %s", when);
    scenario_say(s, "has %d, code %d, chunked %d, length %lld, hint %lld, url \"%s\"",
                 ferry_client_has_response(client), ferry_client_get_response_code(client),
                 ferry_client_is_response_chunked(client),
                 (long long)ferry_client_get_response_body_length(client),
                 (long long)ferry_client_get_response_body_length_hint(client),
                 ferry_client_get_response_url(client));
    const char *first = ferry_client_get_response_header(client, "x-a", 0);
    scenario_say(s, "headers %zu, last %s, x-a %s, names %zu", count,
                 count > 0 ? lines[count - 1] : "none", first != NULL ? first : "none",
                 ferry_client_get_response_headers_as_dictionary(client, NULL, 0));
    ferry_client_get_response_trailers(client, &count);
    scenario_say(s, "trailers %zu, received %lld, sent %lld, error %s, detail \"%s\"", count,
                 (long long)ferry_client_get_bytes_received(client),
                 (long long)ferry_client_get_bytes_sent(client),
                 ferry_error_name(ferry_client_get_error(client)),
                 ferry_client_get_error_detail(client));
}

static void say_getters_twice(scenario *s, const char *when) {
    say_getters(s, when);
    say_getters(s, "again");
}

/* getters: before, while and after everything; the server ends the connection with the body. */
static void run_getters(scenario *s) {
    scenario_new_client(s);
    say_getters(s, "new");
    scenario_connect(s);
    say_getters(s, "connected");
    scenario_result(s, "request",
                    ferry_client_request(s->client, FERRY_METHOD_POST, "/a?b", NULL, "12345"));
    scenario_leave(s, FERRY_STATUS_REQUESTING);
    say_getters_twice(s, "head received");
    scenario_read_all(s);
    say_getters_twice(s, "ended");
    scenario_poll(s);
    say_getters(s, "polled");
    scenario_result(s, "request",
                    ferry_client_request(s->client, FERRY_METHOD_GET, "/refused", NULL, NULL));
    say_getters(s, "refused");
    scenario_connect(s);
    say_getters(s, "connected again");
    scenario_result(s, "request",
                    ferry_client_request(s->client, FERRY_METHOD_GET, "/c", NULL, NULL));
    say_getters(s, "requested");
    scenario_finish(s);
    ferry_client_close(s->client);
    scenario_note_status(s);
    say_getters(s, "closed");
}

/* Which of three times are known: 1 for each, 0 for what is not; "wrong" where they go backwards.
 */
static const char *say_times(const int64_t times[3], char text[16]) {
    int64_t latest = 0;
    for (size_t i = 0; i < 3; i++) {
        if (times[i] >= 0 && times[i] < latest) {
            return "wrong";
        }
        latest = times[i] >= 0 ? times[i] : latest;
        text[2 * i] = times[i] >= 0 ? '1' : '0';
        text[2 * i + 1] = i < 2 ? ' ' : '\0';
    }
    return text;
}

static void say_facts(scenario *s, const char *when) {
    const ferry_client *client = s->client;
    ferry_timings timings;
    char connection[16];
    char exchange[16];
    char expected[64];
    snprintf(expected, sizeof expected, "%s:%d", s->host, s->port);
    const char *peer = ferry_client_get_peer_address(client);
    ferry_client_get_timings(client, &timings);
    scenario_say(s, "-- %s", when);
    scenario_say(s, "reason \"%s\", may be sent again %d", ferry_client_get_response_reason(client),
                 ferry_client_may_send_again(client));
    scenario_say(s, "version %d, reused %d, peer %s",
                 ferry_client_get_response_http_version(client),
                 ferry_client_is_connection_reused(client),
                 peer[0] == '\0' ? "not known" : (strcmp(peer, expected) == 0 ? "known" : peer));
    const int64_t of_connection[] = {timings.resolved_us, timings.connected_us, timings.ready_us};
    const int64_t of_exchange[] = {timings.sent_us, timings.first_byte_us, timings.end_us};
    scenario_say(s, "times %s, %s", say_times(of_connection, connection),
                 say_times(of_exchange, exchange));
}

/* facts: what is told of the connection and the request, before and after everything. */
static void run_facts(scenario *s) {
    scenario_new_client(s);
    say_facts(s, "new");
    scenario_connect(s);
    say_facts(s, "connected");
    scenario_get(s, "/");
    say_facts(s, "answered");
    scenario_result(s, "request",
                    ferry_client_request(s->client, FERRY_METHOD_POST, "/none", NULL, "body"));
    scenario_finish(s);
    say_facts(s, "answered again");
    ferry_client_close(s->client);
    scenario_note_status(s);
    say_facts(s, "closed");
}

/* dictionary NAME...: all names with their values joined, then the values of each NAME. */
static void run_dictionary(scenario *s) {
    ferry_field fields[16];
    scenario_new_client(s);
    scenario_connect(s);
    scenario_get(s, "/");
    size_t count = ferry_client_get_response_headers_as_dictionary(s->client, fields, 16);
    for (size_t i = 0; i < count && i < 16; i++) {
        scenario_say(s, "%s = %s", fields[i].name, fields[i].value);
    }
    ferry_field one = {NULL, NULL};
    count = ferry_client_get_response_headers_as_dictionary(s->client, &one, 1);
    scenario_say(s, "%zu names, the first is %s", count, one.name);
    for (int i = 0; i < s->argc; i++) {
        size_t index = 0;
        const char *value;
        while ((value = ferry_client_get_response_header(s->client, s->argv[i], index)) != NULL) {
            scenario_say(s, "%s[%zu] = %s", s->argv[i], index++, value);
        }
        scenario_say(s, "%s has %zu", s->argv[i], index);
    }
}

/* properties: defaults, limits, and that they outlast close. */
static void run_properties(scenario *s) {
    static const size_t sizes[] = {255, 256, 16777216, 16777217, 0, 4096};
    scenario_new_client(s);
    scenario_say(s, "read_chunk_size %zu, blocking %d", ferry_client_get_read_chunk_size(s->client),
                 ferry_client_is_blocking_mode_enabled(s->client));
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        scenario_say(s, "size %zu", sizes[i]);
        scenario_result(s, "set_read_chunk_size",
                        ferry_client_set_read_chunk_size(s->client, sizes[i]));
        scenario_say(s, "read_chunk_size %zu", ferry_client_get_read_chunk_size(s->client));
    }
    scenario_result(s, "set_blocking_mode", ferry_client_set_blocking_mode(s->client, true));
    ferry_client_close(s->client);
    scenario_say(s, "read_chunk_size %zu, blocking %d", ferry_client_get_read_chunk_size(s->client),
                 ferry_client_is_blocking_mode_enabled(s->client));
    scenario_result(s, "set_blocking_mode", ferry_client_set_blocking_mode(s->client, false));
    scenario_say(s, "blocking %d", ferry_client_is_blocking_mode_enabled(s->client));
    scenario_say(s, "connection %s",
                 ferry_client_get_connection(s->client) == NULL ? "none" : "there");
    scenario_connect(s);
    scenario_say(s, "connection %s",
                 ferry_client_get_connection(s->client) == NULL ? "none" : "there");
}

/* names: what the enumerators are called; the version. */
static void run_names(scenario *s) {
    for (int i = -1; i <= FERRY_ERROR_NETWORK_OR_CORS + 1; i++) {
        const char *message = ferry_error_message((ferry_error)i);
        bool known = i >= 0 && i <= FERRY_ERROR_NETWORK_OR_CORS;
        scenario_say(s, "%d %s%s", i, ferry_error_name((ferry_error)i),
                     known && message[0] == '\0' ? " without a message" : "");
    }
    for (int i = -1; i <= FERRY_STATUS_TLS_HANDSHAKE_ERROR + 1; i++) {
        scenario_say(s, "%d %s", i, ferry_status_name((ferry_status)i));
    }
    scenario_say(s, "the version is the header's: %s",
                 strcmp(ferry_version(), FERRY_VERSION_STRING) == 0 ? "yes" : "no");
    ferry_client_options partly = {.allocator = {.free = NULL, .alloc = NULL, .ctx = s}};
    s->client = ferry_client_new(&partly);
    scenario_say(s, "an allocator without functions is the default: %s",
                 s->client != NULL ? "yes" : "no");
    ferry_client_free(NULL);
}

/* chunk_sizes [SIZE]: the most that one read gives, or whether that is more than SIZE; the server
 * has sent all. */
static void run_chunk_sizes(scenario *s) {
    const void *data;
    size_t length;
    size_t most = 0;
    scenario_new_client(s);
    scenario_connect(s);
    scenario_result(s, "request",
                    ferry_client_request(s->client, FERRY_METHOD_GET, "/", NULL, NULL));
    scenario_tell(s, "/sent");
    scenario_leave(s, FERRY_STATUS_REQUESTING);
    scenario_digest digest = scenario_digest_new();
    while (scenario_read(s, &data, &length) == FERRY_OK) {
        scenario_digest_add(&digest, data, length);
        most = length > most ? length : most;
        if (length > 0) {
            continue;
        }
        /* A slow machine needs more than the time that there is between two polls. */
        if (ferry_client_get_status(s->client) != FERRY_STATUS_BODY ||
            scenario_poll(s) != FERRY_OK) {
            break;
        }
    }
    if (s->argc == 0) {
        scenario_say(s, "the most at once %zu", most);
    } else {
        bool is_more = most > (size_t)scenario_number(s->argv[0]);
        scenario_say(s, "more than %s at once: %s", s->argv[0], is_more ? "yes" : "no");
    }
    scenario_say_digest(s, "body", &digest);
    scenario_note_status(s);
}

/* budget [SIZE]: the most that can be read between two polls, or whether that is more than SIZE.
 * The server has sent all before the first read. */
static void run_budget(scenario *s) {
    const void *data;
    size_t length;
    long long most = 0;
    scenario_new_client(s);
    scenario_connect(s);
    scenario_result(s, "request",
                    ferry_client_request(s->client, FERRY_METHOD_GET, "/", NULL, NULL));
    scenario_tell(s, "/sent");
    scenario_leave(s, FERRY_STATUS_REQUESTING);
    scenario_digest digest = scenario_digest_new();
    while (ferry_client_get_status(s->client) == FERRY_STATUS_BODY) {
        long long before = digest.length;
        ferry_error error;
        while ((error = scenario_read(s, &data, &length)) == FERRY_OK && length > 0) {
            scenario_digest_add(&digest, data, length);
        }
        if (error != FERRY_OK) {
            scenario_result(s, "read", error);
        }
        long long between = digest.length - before;
        most = between > most ? between : most;
        if (ferry_client_get_status(s->client) == FERRY_STATUS_BODY) {
            scenario_poll(s);
            scenario_wait(s);
        }
    }
    if (s->argc == 0) {
        scenario_say(s, "the most between two polls %lld", most);
    } else {
        bool is_more = most > scenario_number(s->argv[0]);
        scenario_say(s, "more than %s between two polls: %s", s->argv[0], is_more ? "yes" : "no");
    }
    scenario_say_digest(s, "body", &digest);
    scenario_note_status(s);
}

/* read_early: reading where there is no response, and after the end. */
static void run_read_early(scenario *s) {
    const void *data = NULL;
    char memory[16];
    size_t length = 99;
    scenario_new_client(s);
    scenario_result(s, "read", ferry_client_read_response_body_chunk(s->client, &data, &length));
    scenario_connect(s);
    scenario_result(s, "read", ferry_client_read_response_body(s->client, memory, 16, &length));
    scenario_say(s, "untouched %zu", length);
    scenario_result(s, "request",
                    ferry_client_request(s->client, FERRY_METHOD_GET, "/", NULL, NULL));
    scenario_result(s, "read", ferry_client_read_response_body(s->client, memory, 16, &length));
    scenario_finish(s);
    scenario_result(s, "read", ferry_client_read_response_body_chunk(s->client, &data, &length));
    scenario_say(s, "length %zu", length);
    scenario_result(s, "read", ferry_client_read_response_body(s->client, memory, 16, &length));
    scenario_say(s, "length %zu", length);
}

/* unread: the next request forgets what was not read, once the body has ended; before that it is
 * refused. */
static void run_unread(scenario *s) {
    scenario_new_client(s);
    scenario_connect(s);
    scenario_result(s, "request",
                    ferry_client_request(s->client, FERRY_METHOD_GET, "/first", NULL, NULL));
    scenario_settle(s);
    scenario_result(s, "request",
                    ferry_client_request(s->client, FERRY_METHOD_GET, "/refused", NULL, NULL));
    scenario_say_response(s);
    ferry_client_close(s->client);
    scenario_note_status(s);
    scenario_connect(s);
    scenario_get(s, "/second");
}

/* Reads until the first bytes have come, which are all that was sent, then tells the server. */
static void read_first(scenario *s) {
    const void *data;
    size_t length = 0;
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
    scenario_tell(s, "/first");
}

/* part: the first part of a body can be read before the rest of it is sent. */
static void run_part(scenario *s) {
    read_first(s);
    scenario_read_all(s);
}

/* reset_in_body: the response stays when the connection is reset in its body. */
static void run_reset_in_body(scenario *s) {
    read_first(s);
    scenario_read_all(s);
    scenario_say_response(s);
}

const scenario_entry scenario_responding[] = {
    {"getters", run_getters},
    {"facts", run_facts},
    {"dictionary", run_dictionary},
    {"properties", run_properties},
    {"names", run_names},
    {"chunk_sizes", run_chunk_sizes},
    {"budget", run_budget},
    {"read_early", run_read_early},
    {"unread", run_unread},
    {"part", run_part},
    {"reset_in_body", run_reset_in_body},
    {NULL, NULL},
};
