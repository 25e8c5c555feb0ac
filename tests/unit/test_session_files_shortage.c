/* SPDX-License-Identifier: MIT */
/* test_session_files_shortage: a transfer of each kind that has a file, with no memory for the n-th
 * allocation, for every n: it fails with a sentence, or does without, and nothing stays. */
#include "check.h"
#include "counted_memory.h"
#include "ferry.h"
#include "session_peer.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MOST_ALLOCATIONS = 2000, MOST_WAIT_MS = 10000 };

static uint16_t port;

typedef struct rig {
    counted_memory memory;
    ferry_session *session;
    unsigned done_calls;
} rig;

static void on_done(void *ctx, ferry_transfer *transfer) {
    rig *r = ctx;
    CHECK(ferry_transfer_is_done(transfer));
    r->done_calls++;
}

typedef struct kind {
    const char *name;
    const char *target;
    ferry_session_request request;
    bool to_file;
    bool is_left;    /* a part of the file is there */
    bool is_current; /* the file is there */
    size_t length;   /* of the body */
    ferry_error end; /* where there is memory */
} kind;

static char folder[] = "/tmp/ferry-shortage-XXXXXX";
static char path[64];      /* of the file of a download */
static char body_path[64]; /* of one that is a body */

static const kind kinds[] = {
    {"memory", "/hello", .length = 5},
    {"file", "/tagged", .to_file = true, .length = SESSION_PEER_BIG},
    {"file, resume", "/tagged", .request = {.resume = true}, .to_file = true,
     .length = SESSION_PEER_BIG},
    {"file, resumed", "/tagged", .request = {.resume = true}, .to_file = true, .is_left = true,
     .length = SESSION_PEER_BIG},
    {"file, if changed", "/tagged", .request = {.if_changed = true}, .to_file = true,
     .length = SESSION_PEER_BIG},
    {"file, unchanged", "/tagged", .request = {.if_changed = true}, .to_file = true,
     .is_current = true},
    {"body of a file", "/again", .request = {.method = FERRY_METHOD_PUT, .body_file = body_path},
     .length = 5},
};

static void wait_for_end(rig *r, const ferry_transfer *transfer) {
    while (!ferry_transfer_is_done(transfer)) {
        ferry_session_poll(r->session, MOST_WAIT_MS);
    }
    ferry_session_poll(r->session, 0);
}

static void check_end(const rig *r, const kind *of, ferry_transfer *transfer) {
    ferry_error error = ferry_transfer_get_error(transfer);
    bool has_failed = r->memory.fail_at != 0 && r->memory.calls >= r->memory.fail_at;
    if (error == FERRY_ERROR_OUT_OF_MEMORY) {
        CHECK(has_failed);
        CHECK_CONTAINS(ferry_transfer_get_error_detail(transfer), "out of memory");
        return;
    }
    CHECK_INT(error, of->end); /* what failed could be done without */
    CHECK_INT(*ferry_transfer_get_error_detail(transfer) != '\0', error != FERRY_OK);
    size_t length;
    ferry_transfer_get_body(transfer, &length);
    if (of->to_file) {
        length = (size_t)ferry_transfer_get_body_bytes(transfer);
        CHECK_INT(ferry_transfer_is_unchanged(transfer), of->is_current);
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
    request.max_retries = -1;
    return of->to_file ? ferry_session_start_download(r->session, &request, path)
                       : ferry_session_start(r->session, &request);
}

static void put(const char *more, const char *text) {
    char name[100];
    snprintf(name, sizeof name, "%s%s", path, more);
    FILE *stream = fopen(name, "wb");
    if (CHECK(stream != NULL)) {
        CHECK(fputs(text, stream) >= 0 && fclose(stream) == 0 && chmod(name, 0600) == 0);
    }
}

/* What earlier transfers have left. The path is a new one: the thread of the last session may still
 * have the part of the last one. */
static void prepare(const kind *of) {
    static unsigned runs;
    snprintf(path, sizeof path, "%s/file-%u", folder, runs++);
    char note[300];
    struct stat found;
    snprintf(note, sizeof note,
             "ferry 1\nurl http://127.0.0.1:%d%s\netag \"v1\"\nmodified \nlength -1\nend\n", port,
             of->target);
    if (of->is_left) {
        put(".ferry-part", "xxxxx");
        put(".ferry-note", note);
    }
    if (of->is_current) {
        char bound[400];
        put("", "old");
        CHECK(stat(path, &found) == 0);
        snprintf(bound, sizeof bound, "%lld 3\n%s", (long long)found.st_mtime, note);
        put(".ferry-info", bound);
    }
}

/* Returns false once there were fewer allocations than that. */
static bool run(const kind *of, size_t fail_at, bool fails_on) {
    rig r = {.memory = {.fails_on = fails_on}};
    const ferry_session_options options = {
        .client = {.allocator = counted_memory_allocator(&r.memory), .user_agent = "test"},
        .base_url = "http://example.org/",
    };
    if (of->to_file) {
        prepare(of);
    }
    r.memory.fail_at = fail_at;
    r.session = ferry_session_new(&options);
    if (r.session == NULL) {
        CHECK_INT(r.memory.live, 0);
        return true;
    }
    ferry_transfer *transfer = start(&r, of);
    bool is_there = ferry_transfer_get_ctx(transfer) == &r; /* or is what stands for none */
    wait_for_end(&r, transfer);
    check_end(&r, of, transfer);
    CHECK_INT(r.done_calls, is_there);
    bool has_failed = r.memory.calls >= r.memory.fail_at;
    r.memory.fail_at = 0;
    ferry_transfer_free(transfer);
    /* The session is as good as before, unless it never was. */
    transfer = start(&r, &kinds[0]);
    wait_for_end(&r, transfer);
    bool was_made = ferry_transfer_is_ok(transfer);
    CHECK(was_made || ferry_transfer_get_error(transfer) == FERRY_ERROR_OUT_OF_MEMORY);
    ferry_transfer_free(transfer);
    ferry_session_free(r.session);
    CHECK_INT(r.memory.live, 0);
    remove(path);
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

static void remove_names(void) {
    DIR *opened = opendir(folder);
    for (struct dirent *entry; (entry = readdir(opened)) != NULL;) {
        char name[400];
        snprintf(name, sizeof name, "%s/%s", folder, entry->d_name);
        if (entry->d_name[0] != '.') {
            remove(name);
        }
    }
    closedir(opened);
}

int main(int argc, char **argv) {
    static const check_test tests[] = {
        CHECK_TEST(every_allocation_may_fail_in_every_kind),
    };
    session_peer *peer = session_peer_new(&port);
    if (!CHECK(peer != NULL)) {
        return 1;
    }
    if (!CHECK(mkdtemp(folder) != NULL)) {
        return 1;
    }
    snprintf(body_path, sizeof body_path, "%s/body", folder);
    FILE *body = fopen(body_path, "wb");
    CHECK(body != NULL && fputs("content", body) >= 0 && fclose(body) == 0);
    int result = CHECK_RUN(tests, argc, argv);
    session_peer_free(peer);
    /* What the last sessions' threads remove may take its time. */
    while (rmdir(folder) != 0 && errno == ENOTEMPTY) {
        remove_names();
    }
    return result;
}
