/* SPDX-License-Identifier: MIT */
/* scenario_remembering: memory. An allocator that counts, and that fails once, at the n-th time it
 * is asked, for every n. */
#include "scenario_stream.h"

#include <stdlib.h>
#include <string.h>

typedef struct counting {
    long long asked;
    long long fail_at; /* 0: never */
    bool has_failed;
    long long live;
} counting;

static bool fails(counting *c) {
    bool now = ++c->asked == c->fail_at;
    c->has_failed = c->has_failed || now;
    return now;
}

static void *counting_alloc(void *ctx, size_t size) {
    counting *c = ctx;
    void *block = fails(c) ? NULL : malloc(size);
    c->live += block != NULL;
    return block;
}

static void *counting_realloc(void *ctx, void *block, size_t size) {
    counting *c = ctx;
    if (fails(c)) {
        return NULL;
    }
    void *moved = realloc(block, size);
    c->live += block == NULL && moved != NULL;
    return moved;
}

static void counting_free(void *ctx, void *block) {
    counting *c = ctx;
    c->live -= block != NULL;
    free(block);
}

typedef ferry_error (*exchange_function)(scenario *s);

static ferry_error get(scenario *s) {
    ferry_error error = scenario_connect(s);
    return error == FERRY_OK ? scenario_get(s, "/get") : error;
}

static ferry_error get_chunked(scenario *s) {
    ferry_error error = scenario_connect(s);
    return error == FERRY_OK ? scenario_get(s, "/chunked") : error;
}

static ferry_error get_gzip(scenario *s) {
    ferry_error error = scenario_connect(s);
    return error == FERRY_OK ? scenario_get(s, "/gzip") : error;
}

static ferry_error get_deflate(scenario *s) {
    ferry_error error = scenario_connect(s);
    return error == FERRY_OK ? scenario_get(s, "/deflate") : error;
}

static ferry_error get_br(scenario *s) {
    ferry_error error = scenario_connect(s);
    return error == FERRY_OK ? scenario_get(s, "/br") : error;
}

static ferry_error get_zstd(scenario *s) {
    ferry_error error = scenario_connect(s);
    return error == FERRY_OK ? scenario_get(s, "/zstd") : error;
}

static ferry_error post(scenario *s) {
    static const char *const headers[] = {"X-A: 1", NULL};
    size_t length;
    ferry_error error = scenario_connect(s);
    if (error != FERRY_OK) {
        return error;
    }
    char *body = scenario_body("@100000", &length);
    error = scenario_result(
        s, "request",
        ferry_client_request_raw(s->client, FERRY_METHOD_POST, "/post", headers, body, length));
    free(body);
    return error == FERRY_OK ? scenario_finish(s) : error;
}

/* Writes 3 pieces; polls where nothing is taken. */
static ferry_error upload(scenario *s, const char *const *headers, int64_t announced) {
    static const char piece[1000] = "streamed";
    ferry_request request = {.method = FERRY_METHOD_PUT,
                             .url = "/put",
                             .headers = headers,
                             .streamed = true,
                             .streamed_length = announced};
    ferry_error error = scenario_connect(s);
    if (error == FERRY_OK) {
        error = scenario_result(s, "request", ferry_client_send(s->client, &request));
    }
    for (size_t done = 0; error == FERRY_OK && done < 3 * sizeof piece;) {
        size_t at = done % sizeof piece;
        size_t taken = 0;
        error = ferry_client_write_request_body(s->client, piece + at, sizeof piece - at, &taken);
        done += taken;
        if (error == FERRY_OK && taken == 0) {
            error = scenario_poll(s);
        }
    }
    if (error == FERRY_OK) {
        error = ferry_client_finish_request_body(s->client);
    }
    return error == FERRY_OK ? scenario_finish(s) : error;
}

static ferry_error upload_known(scenario *s) {
    return upload(s, NULL, 3000);
}

static ferry_error upload_chunked(scenario *s) {
    return upload(s, NULL, -1);
}

static ferry_error upload_expecting(scenario *s) {
    static const char *const headers[] = {"Expect: 100-continue", NULL};
    return upload(s, headers, -1);
}

static ferry_error give_body(void *ctx, void *dst, size_t capacity, size_t *length) {
    size_t *left = ctx;
    *length = *left < capacity ? *left : capacity;
    memset(dst, 'x', *length);
    *left -= *length;
    return FERRY_OK;
}

static ferry_error upload_read(scenario *s) {
    size_t left = 3000;
    ferry_request request = {.method = FERRY_METHOD_PUT,
                             .url = "/put",
                             .body_read = give_body,
                             .body_ctx = &left,
                             .streamed_length = 3000};
    ferry_error error = scenario_connect(s);
    if (error == FERRY_OK) {
        error = scenario_result(s, "request", ferry_client_send(s->client, &request));
    }
    return error == FERRY_OK ? scenario_finish(s) : error;
}

static ferry_error stream(scenario *s) {
    static int destroyed;
    scenario_stream *memory = scenario_stream_new(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-T: 1\r\n\r\n",
        &destroyed);
    ferry_error error = ferry_client_set_connection(s->client, &memory->base);
    if (error != FERRY_OK) {
        memory->base.ops->destroy(&memory->base); /* it is still the program's */
        return error;
    }
    return scenario_get(s, "/stream");
}

static exchange_function exchange_of(const char *kind) {
    static const struct {
        const char *name;
        exchange_function run;
    } kinds[] = {
        {"get", get},
        {"post", post},
        {"chunked", get_chunked},
        {"gzip", get_gzip},
        {"deflate", get_deflate},
        {"br", get_br},
        {"zstd", get_zstd},
        {"upload", upload_known},
        {"upload_chunked", upload_chunked},
        {"upload_expecting", upload_expecting},
        {"upload_read", upload_read},
        {"stream", stream},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (strcmp(kinds[i].name, kind) == 0) {
            return kinds[i].run;
        }
    }
    scenario_give_up("there is no such kind of request");
}

typedef struct outcomes {
    long long succeeded;
    long long out_of_memory;
    long long silent; /* no sentence says so */
    long long otherwise;
    long long unusable;
    long long leaked;
} outcomes;

/* One client: a request in which the n-th allocation fails, close, and a request in which none
 * does. False once no allocation was the n-th. */
static bool try_one(scenario *s, exchange_function run, long long n, outcomes *sums) {
    counting c = {.fail_at = n};
    s->options.allocator = (ferry_allocator){counting_alloc, counting_realloc, counting_free, &c};
    s->client = ferry_client_new(&s->options);
    s->status = FERRY_STATUS_DISCONNECTED;
    ferry_error error = s->client != NULL ? run(s) : FERRY_ERROR_OUT_OF_MEMORY;
    bool has_failed = c.has_failed;
    c.fail_at = 0;
    sums->succeeded += error == FERRY_OK;
    sums->out_of_memory += error == FERRY_ERROR_OUT_OF_MEMORY;
    if (error == FERRY_ERROR_OUT_OF_MEMORY && s->client != NULL) {
        const char *detail = ferry_client_get_error_detail(s->client);
        sums->silent += strstr(detail, "memory") == NULL;
    }
    if (error != FERRY_OK && error != FERRY_ERROR_OUT_OF_MEMORY) {
        sums->otherwise++;
        s->quiet = false;
        scenario_say(s, "allocation %lld: %s: %s", n, ferry_error_name(error),
                     ferry_client_get_error_detail(s->client));
        s->quiet = true;
    }
    if (s->client != NULL) {
        ferry_client_close(s->client);
        scenario_note_status(s);
        sums->unusable += run(s) != FERRY_OK;
    }
    ferry_client_free(s->client);
    s->client = NULL;
    sums->leaked += c.live;
    return has_failed;
}

/* allocations KIND */
static void run_allocations(scenario *s) {
    exchange_function run = exchange_of(scenario_argument(s, 0));
    outcomes sums = {.succeeded = 0};
    long long n = 1;
    s->quiet = true;
    while (try_one(s, run, n, &sums)) {
        n++;
    }
    s->quiet = false;
    scenario_say(s, "failed in the end: %s", sums.out_of_memory > 2 ? "often" : "hardly");
    scenario_say(s, "succeeded in the end: %s", sums.succeeded > 0 ? "yes" : "no");
    scenario_say(s, "without a sentence: %lld", sums.silent);
    scenario_say(s, "other errors: %lld", sums.otherwise);
    scenario_say(s, "unusable after close: %lld", sums.unusable);
    scenario_say(s, "leaked: %lld", sums.leaked);
}

/* steady COUNT: allocations of a client that makes requests on one connection. */
static void run_steady(scenario *s) {
    counting c = {.fail_at = 0};
    long long count = scenario_number(scenario_argument(s, 0));
    s->options.allocator = (ferry_allocator){counting_alloc, counting_realloc, counting_free, &c};
    scenario_new_client(s);
    scenario_connect(s);
    s->quiet = true;
    scenario_get(s, "/get");
    scenario_get(s, "/get");
    long long before = c.asked;
    for (long long i = 0; i < count; i++) {
        scenario_get(s, "/get");
    }
    s->quiet = false;
    scenario_say_response(s);
    scenario_say(s, "allocations: %lld", c.asked - before);
    ferry_client_free(s->client);
    s->client = NULL;
    scenario_say(s, "leaked: %lld", c.live);
}

/* partial_allocators: some of the functions are not enough, and none of them is called then. */
static void run_partial_allocators(scenario *s) {
    counting c = {.fail_at = 0};
    for (int i = 0; i < 8; i++) {
        s->options.allocator = (ferry_allocator){
            (i & 1) != 0 ? counting_alloc : NULL,
            (i & 2) != 0 ? counting_realloc : NULL,
            (i & 4) != 0 ? counting_free : NULL,
            &c,
        };
        long long asked = c.asked;
        s->client = ferry_client_new(&s->options);
        scenario_say(s, "alloc %d, realloc %d, free %d: %s", i & 1, i >> 1 & 1, i >> 2,
                     s->client == NULL ? "NULL" : (c.asked > asked ? "asked" : "not asked"));
        scenario_result(s, "connect_to_host",
                        ferry_client_connect_to_host(s->client, s->host, s->port, NULL));
        s->status = FERRY_STATUS_DISCONNECTED;
        ferry_client_free(s->client);
        s->client = NULL;
    }
    scenario_say(s, "leaked: %lld", c.live);
}

const scenario_entry scenario_remembering[] = {
    {"allocations", run_allocations},
    {"steady", run_steady},
    {"partial_allocators", run_partial_allocators},
    {NULL, NULL},
};
