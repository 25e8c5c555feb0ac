/* SPDX-License-Identifier: MIT */
/* scenario_refusing: requests that may not be sent; nothing is, and the client is as it was. */
#include "scenario.h"

#include <string.h>

typedef struct bad_request {
    const char *what;
    ferry_request request;
} bad_request;

#define HEADERS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define GET_WITH(...)                                                                              \
    { .url = "/", .headers = HEADERS(__VA_ARGS__) }
#define POST_WITH(...)                                                                             \
    {                                                                                              \
        .method = FERRY_METHOD_POST, .url = "/", .body = "abc", .body_length = 3,                  \
        .headers = HEADERS(__VA_ARGS__)                                                            \
    }

static void refuse_all(scenario *s, const bad_request *requests, size_t count) {
    scenario_new_client(s);
    scenario_connect(s);
    scenario_get(s, "/before");
    for (size_t i = 0; i < count; i++) {
        scenario_result(s, requests[i].what, ferry_client_send(s->client, &requests[i].request));
    }
    scenario_say(s, "the response before: %d, %s", ferry_client_get_response_code(s->client),
                 ferry_client_get_response_url(s->client));
    scenario_get(s, "/after");
}

/* refused_headers */
static void run_refused_headers(scenario *s) {
    const bad_request requests[] = {
        {"CR LF and another header", GET_WITH("X-A: 1\r\nX-Injected: 2")},
        {"LF alone", GET_WITH("X-A: 1\nX-Injected: 2")},
        {"CR alone", GET_WITH("X-A: 1\r2")},
        {"CR LF at the end", GET_WITH("X-A: 1\r\n")},
        {"LF at the end", GET_WITH("X-A: 1\n")},
        {"a folded line", GET_WITH("X-A: 1\r\n 2")},
        {"CR LF in the name", GET_WITH("X-A\r\nX-Injected: 2")},
        {"a control character", GET_WITH("X-A: 1\x01")},
        {"DEL", GET_WITH("X-A: 1\x7f")},
        {"no colon", GET_WITH("X-A")},
        {"an empty line", GET_WITH("")},
        {"an empty name", GET_WITH(": 1")},
        {"a space before the colon", GET_WITH("X-A : 1")},
        {"a space at the beginning", GET_WITH(" X-A: 1")},
        {"a name that is no token", GET_WITH("X(A): 1")},
        {"a name outside ASCII", GET_WITH("X-\xc3\xa4: 1")},
        {"the second of two lines", GET_WITH("X-A: 1", "X-B: 1\r\nX-Injected: 2")},
        {"a Transfer-Encoding", POST_WITH("Transfer-Encoding: chunked")},
        {"a Content-Length that is not the body's", POST_WITH("Content-Length: 4")},
        {"a Content-Length that is no number", POST_WITH("content-length: 3x")},
        {"two that agree and one that does not",
         POST_WITH("Content-Length: 3", "Content-Length: 4")},
    };
    refuse_all(s, requests, sizeof requests / sizeof *requests);
}

/* refused_targets */
static void run_refused_targets(scenario *s) {
    const bad_request requests[] = {
        {"NULL", {.url = NULL}},
        {"empty", {.url = ""}},
        {"CR LF and a header", {.url = "/ HTTP/1.1\r\nX-Injected: 2\r\n\r\n"}},
        {"LF", {.url = "/\nX-Injected: 2"}},
        {"CR", {.url = "/\r"}},
        {"a space", {.url = "/a b"}},
        {"a space at the end", {.url = "/a "}},
        {"a tab", {.url = "/a\tb"}},
        {"a control character", {.url = "/\x01"}},
        {"DEL", {.url = "/\x7f"}},
        {"no slash", {.url = "a"}},
        {"a query alone", {.url = "?a"}},
        {"an asterisk with GET", {.url = "*"}},
        {"a path with CONNECT", {.method = FERRY_METHOD_CONNECT, .url = "/"}},
        {"a host without a port with CONNECT",
         {.method = FERRY_METHOD_CONNECT, .url = "example.org"}},
        {"host:port with GET", {.url = "example.org:80"}},
        {"a scheme that is not HTTP's", {.url = "ftp://example.org/"}},
    };
    refuse_all(s, requests, sizeof requests / sizeof *requests);
}

/* refused_methods: methods, and bodies that do not fit together. */
static void run_refused_methods(scenario *s) {
    const bad_request requests[] = {
        {"method 9", {.method = FERRY_METHOD_MAX, .url = "/"}},
        {"method -1", {.method = (ferry_method)-1, .url = "/"}},
        {"an empty name", {.method_name = "", .url = "/"}},
        {"a name with a space", {.method_name = "GET /", .url = "/"}},
        {"a name with CR LF", {.method_name = "GET\r\nX-Injected:", .url = "/"}},
        {"a streamed body and another",
         {.method = FERRY_METHOD_POST,
          .url = "/",
          .streamed = true,
          .body = "a",
          .body_length = 1}},
    };
    refuse_all(s, requests, sizeof requests / sizeof *requests);
}

const scenario_entry scenario_refusing[] = {
    {"refused_headers", run_refused_headers},
    {"refused_targets", run_refused_targets},
    {"refused_methods", run_refused_methods},
    {NULL, NULL},
};
