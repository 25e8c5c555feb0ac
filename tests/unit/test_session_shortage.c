/* SPDX-License-Identifier: MIT */
/* test_session_shortage: a transfer of each kind with no memory for the n-th allocation, for every
 * n: it fails with a sentence, or does without, and nothing stays. */
#include "check.h"
#include "counted_memory.h"
#include "ferry.h"
#include "session_peer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST_ALLOCATIONS = 2000, MOST_WAIT_MS = 10000 };

static uint16_t port;
static char folder[] = "/tmp/ferry-shortage-XXXXXX";

typedef struct rig {
    counted_memory memory;
    ferry_session *session;
    ferry_form *form;
    ferry_cookie_jar *jar;
    char path[64];
    char dst[16];
    size_t received;
    unsigned done_calls;
} rig;

static ferry_error on_data(void *ctx, ferry_transfer *transfer, const void *data, size_t length) {
    rig *r = ctx;
    (void)transfer, (void)data;
    r->received += length;
    return FERRY_OK;
}

static void on_done(void *ctx, ferry_transfer *transfer) {
    rig *r = ctx;
    CHECK(ferry_transfer_is_done(transfer));
    r->done_calls++;
}

typedef struct kind {
    const char *name;
    const char *target;
    ferry_session_request request;
    bool is_kept; /* over a connection that is there */
    bool to_dst;  /* request.dst is the rig's */
    bool owner_reads;
    bool is_form;     /* the request's body is one */
    bool is_download; /* to rig.path */
    bool has_jar;
    int retries;     /* 0: none */
    size_t length;   /* of the body */
    ferry_error end; /* where there is memory */
} kind;

static const char *const headers[] = {"X-A: b", "Content-Type: text/plain", NULL};

static const kind kinds[] = {
    {"memory", "/hello", .length = 5},
    {"memory, kept", "/hello", .is_kept = true, .length = 5},
    {"memory, long", "/big", .length = SESSION_PEER_BIG},
    {"memory, closed", "/close", .length = 5},
    {"dst", "/hello", .to_dst = true, .length = 5},
    {"on_data", "/big", .request = {.functions = {.on_data = on_data}}, .length = SESSION_PEER_BIG},
    {"owner reads", "/big", .owner_reads = true, .length = SESSION_PEER_BIG},
    {"redirect", "/redirect", .length = 5},
    {"redirect, kept", "/redirect", .is_kept = true, .length = 5},
    {"POST with a copy", "/again",
     .request = {.method = FERRY_METHOD_POST,
                 .headers = headers,
                 .body = "body",
                 .body_length = 4,
                 .copy_body = true,
                 .user = "u",
                 .password = "p"},
     .length = 5},
    {"status", "/missing", .length = 2, .end = FERRY_ERROR_STATUS},
    {"retry", "/busy", .retries = 1, .length = 2, .end = FERRY_ERROR_STATUS},
    {"form", "/again", .is_form = true, .length = 5},
    {"form, limited", "/again", .is_form = true, .request = {.max_bytes_per_second = 1000000},
     .length = 5},
    {"limited", "/big",
     .request = {.max_bytes_per_second = 10000000, .functions = {.on_data = on_data}},
     .length = SESSION_PEER_BIG},
    {"download", "/big", .is_download = true, .length = SESSION_PEER_BIG},
    {"cookies", "/cookie", .has_jar = true, .length = 5},
    {"cookies of its own", "/cookie", .has_jar = true, .request = {.cookies = "a=b"}, .length = 5},
    {"events", "/events", .request = {.functions = {.on_data = on_data}}, .length = 9},
};

static void wait_for_end(rig *r, ferry_transfer *transfer, bool owner_reads) {
    char bytes[5000];
    while (!ferry_transfer_is_done(transfer)) {
        size_t length = 0;
        ferry_session_poll(r->session, MOST_WAIT_MS);
        while (owner_reads &&
               ferry_transfer_read(transfer, bytes, sizeof bytes, &length) == FERRY_OK &&
               length > 0) {
            r->received += length;
        }
    }
    ferry_session_poll(r->session, 0);
}

/* The size of the file, whose bytes are all the same. */
static size_t check_file(const rig *r) {
    FILE *file = fopen(r->path, "rb");
    size_t length = 0;
    if (!CHECK(file != NULL)) {
        return 0;
    }
    for (int byte; (byte = fgetc(file)) != EOF; length++) {
        if (byte != 'x') {
            CHECK_INT(byte, 'x');
            break;
        }
    }
    fclose(file);
    return length;
}

static void check_end(rig *r, const kind *of, ferry_transfer *transfer) {
    ferry_error error = ferry_transfer_get_error(transfer);
    bool has_failed = r->memory.fail_at != 0 && r->memory.calls >= r->memory.fail_at;
    if (error == FERRY_ERROR_OUT_OF_MEMORY) {
        CHECK(has_failed);
        CHECK_CONTAINS(ferry_transfer_get_error_detail(transfer), "out of memory");
        return;
    }
    CHECK_INT(error, of->end); /* what failed could be done without */
    CHECK_INT(*ferry_transfer_get_error_detail(transfer) != '\0', error != FERRY_OK);
    size_t length = r->received;
    if (of->is_download) {
        length = check_file(r);
    } else if (r->received == 0 && !of->to_dst) {
        ferry_transfer_get_body(transfer, &length);
    } else if (of->to_dst) {
        length = (size_t)ferry_transfer_get_body_bytes(transfer);
        CHECK_MEM(r->dst, 5, "hello", 5);
    }
    CHECK_INT(length, of->length);
}

static ferry_transfer *start(rig *r, const kind *of) {
    char url[100];
    snprintf(url, sizeof url, "http://127.0.0.1:%d%s", port, of->target);
    ferry_session_request request = of->request;
    request.url = url;
    request.ctx = r;
    request.functions.on_done = on_done;
    request.max_retries = of->retries != 0 ? of->retries : -1;
    request.owner_reads = of->owner_reads;
    if (of->to_dst) {
        request.dst = r->dst;
        request.dst_capacity = sizeof r->dst;
    }
    const char *lines[] = {r->form != NULL ? ferry_form_get_header(r->form) : NULL, NULL};
    if (of->is_form) {
        CHECK_INT(ferry_form_rewind(r->form), FERRY_OK);
        request.method = FERRY_METHOD_POST;
        request.headers = lines;
        request.body_read = ferry_form_read;
        request.body_rewind = ferry_form_rewind;
        request.body_ctx = r->form;
        request.body_read_length = ferry_form_get_length(r->form);
    }
    return of->is_download ? ferry_session_start_download(r->session, &request, r->path)
                           : ferry_session_start(r->session, &request);
}

/* What lies outside of the session, whose memory is there. */
static void begin_outside(rig *r, const kind *of) {
    static const ferry_form_part part = {.name = "a", .data = "b", .data_length = 1};
    if (of->is_form) {
        r->form = ferry_form_new(NULL);
        CHECK_INT(ferry_form_add(r->form, &part), FERRY_OK);
    }
    if (of->has_jar) {
        r->jar = ferry_cookie_jar_new(NULL);
    }
    snprintf(r->path, sizeof r->path, "%s/file", folder);
}

/* A file that did not become one has gone. */
static void end_outside(rig *r, const kind *of) {
    ferry_form_free(r->form);
    ferry_cookie_jar_free(r->jar);
    if (of->is_download) {
        remove(r->path);
    }
}

/* Returns false once there were fewer allocations than that. */
static bool run(const kind *of, size_t fail_at, bool fails_on) {
    rig r = {.memory = {.fails_on = fails_on}};
    begin_outside(&r, of);
    const ferry_session_options options = {
        .client = {.allocator = counted_memory_allocator(&r.memory), .user_agent = "test"},
        .base_url = "http://example.org/",
        .cookies = r.jar,
    };
    if (!of->is_kept) {
        r.memory.fail_at = fail_at;
    }
    r.session = ferry_session_new(&options);
    if (r.session == NULL) {
        CHECK(!of->is_kept);
        CHECK_INT(r.memory.live, 0);
        end_outside(&r, of);
        return true;
    }
    if (of->is_kept) {
        ferry_transfer *first = start(&r, &kinds[0]);
        wait_for_end(&r, first, false);
        CHECK(ferry_transfer_is_ok(first));
        ferry_transfer_free(first);
        r.memory.fail_at = r.memory.calls + fail_at;
        r.done_calls = 0;
    }
    ferry_transfer *transfer = start(&r, of);
    bool is_there = ferry_transfer_get_ctx(transfer) == &r; /* or is what stands for none */
    wait_for_end(&r, transfer, of->owner_reads);
    check_end(&r, of, transfer);
    CHECK_INT(r.done_calls, is_there);
    bool has_failed = r.memory.calls >= r.memory.fail_at;
    r.memory.fail_at = 0;
    ferry_transfer_free(transfer);
    /* The session is as good as before, unless it never was. */
    transfer = start(&r, &kinds[0]);
    wait_for_end(&r, transfer, false);
    bool was_made = ferry_transfer_is_ok(transfer);
    CHECK(was_made || ferry_transfer_get_error(transfer) == FERRY_ERROR_OUT_OF_MEMORY);
    CHECK(was_made || !of->is_kept);
    ferry_transfer_free(transfer);
    ferry_session_free(r.session);
    CHECK_INT(r.memory.live, 0);
    end_outside(&r, of);
    return has_failed;
}

static void every_allocation_may_fail_in_every_kind(void) {
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        for (int fails_on = 0; fails_on < 2; fails_on++) {
            size_t n = 1;
            while (n < MOST_ALLOCATIONS) {
                int before = check_failures();
                bool goes_on = run(&kinds[i], n, fails_on);
                if (check_failures() > before) {
                    printf("    with %s: allocation %zu%s\n", kinds[i].name, n,
                           fails_on ? " and all after it" : "");
                }
                if (!goes_on) {
                    break;
                }
                n++;
            }
            CHECK(n > 3 && n < MOST_ALLOCATIONS);
        }
    }
}

static void short_calls_may_lack_memory(void) {
    static const ferry_field fields[] = {{"a", "b"}};
    for (size_t n = 1; n < 40; n++) {
        rig r = {.memory = {0}};
        const ferry_session_options options = {
            .client = {.allocator = counted_memory_allocator(&r.memory)},
        };
        char url[100];
        snprintf(url, sizeof url, "http://127.0.0.1:%d/hello", port);
        r.session = ferry_session_new(&options);
        r.memory.fail_at = r.memory.calls + n;
        ferry_transfer *transfers[] = {
            ferry_session_get(r.session, url),
            ferry_session_post_form(r.session, url, fields, 1),
            ferry_session_post_json(r.session, url, "{}"),
        };
        for (size_t i = 0; i < 3; i++) {
            wait_for_end(&r, transfers[i], false);
            ferry_error error = ferry_transfer_get_error(transfers[i]);
            CHECK(error == FERRY_OK || error == FERRY_ERROR_OUT_OF_MEMORY);
            ferry_transfer_free(transfers[i]);
        }
        ferry_session_free(r.session);
        CHECK_INT(r.memory.live, 0);
    }
}

/* Hanging ones hold what they have while others come and go. */
static void allocation_that_fails_amid_many_is_one_transfers_failure(void) {
    enum { MANY = 24 };
    size_t failures = 0;
    size_t n = 1;
    for (bool goes_on = true; goes_on && n < MOST_ALLOCATIONS; n++) {
        rig r = {.memory = {0}};
        const ferry_session_options options = {
            .client = {.allocator = counted_memory_allocator(&r.memory)},
        };
        ferry_transfer *all[MANY];
        r.session = ferry_session_new(&options);
        ferry_transfer *first = start(&r, &kinds[0]);
        wait_for_end(&r, first, false);
        ferry_transfer_free(first);
        r.done_calls = 0;
        r.memory.fail_at = r.memory.calls + n;
        unsigned there = 0;
        for (int i = 0; i < MANY; i++) {
            all[i] = start(&r, &kinds[i % 5 == 4 ? 3 : 0]);
            there += ferry_transfer_get_ctx(all[i]) == &r;
        }
        while (ferry_session_poll(r.session, MOST_WAIT_MS) > 0) {
        }
        size_t failed = 0;
        for (int i = 0; i < MANY; i++) {
            ferry_error error = ferry_transfer_get_error(all[i]);
            CHECK(ferry_transfer_is_done(all[i]));
            CHECK(error == FERRY_OK || error == FERRY_ERROR_OUT_OF_MEMORY);
            failed += error != FERRY_OK;
            ferry_transfer_free(all[i]);
        }
        if (!CHECK(failed <= 1)) {
            printf("    allocation %zu fails %zu transfers\n", n, failed);
        }
        CHECK_INT(r.done_calls, there);
        failures += failed;
        goes_on = r.memory.calls >= r.memory.fail_at;
        ferry_session_free(r.session);
        CHECK_INT(r.memory.live, 0);
    }
    CHECK(failures > MANY && n < MOST_ALLOCATIONS);
}

int main(int argc, char **argv) {
    static const check_test tests[] = {
        CHECK_TEST(every_allocation_may_fail_in_every_kind),
        CHECK_TEST(short_calls_may_lack_memory),
        CHECK_TEST(allocation_that_fails_amid_many_is_one_transfers_failure),
    };
    session_peer *peer = session_peer_new(&port);
    if (!CHECK(peer != NULL) || !CHECK(mkdtemp(folder) != NULL)) {
        return 1;
    }
    int result = CHECK_RUN(tests, argc, argv);
    session_peer_free(peer);
    CHECK_INT(rmdir(folder), 0); /* no file has stayed */
    return result != 0 || check_failures() > 0;
}
