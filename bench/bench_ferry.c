/* SPDX-License-Identifier: MIT */
/* bench_ferry: the measurements with ferry; those that concern it alone (waiting, polling, frames)
 * are here only. */
#include "counted.h"

#include <errno.h>
#include <ferry.h>
#include <poll.h>

enum { FRAME_NS = 1000000000 / 60 };

static void *hook_alloc(void *ctx, size_t size) {
    (void)ctx;
    return counted_malloc(size);
}

static void *hook_realloc(void *ctx, void *block, size_t size) {
    (void)ctx;
    return counted_realloc(block, size);
}

static void hook_free(void *ctx, void *block) {
    (void)ctx;
    counted_free(block);
}

static void expect_ok(const ferry_client *client, ferry_error error) {
    if (error != FERRY_OK) {
        bench_fail("ferry: %s: %s", ferry_error_name(error), ferry_client_get_error_detail(client));
    }
}

static void expect_connected(const ferry_client *client) {
    if (ferry_client_get_status(client) != FERRY_STATUS_CONNECTED) {
        bench_fail("ferry: the connection has ended: %s",
                   ferry_status_name(ferry_client_get_status(client)));
    }
}

static void report_begin(const bench *run) {
    bench_report_begin(run);
    bench_report_text("version", ferry_version());
}

/* One authority, and one cache of sessions for all clients. */
static const ferry_tls_options *tls_options(const bench *run) {
    static ferry_tls_options options;
    static char pem[65536];
    if (run->ca == NULL) {
        return NULL;
    }
    if (options.cache == NULL) {
        FILE *file = fopen(run->ca, "rb");
        if (file == NULL || fread(pem, 1, sizeof pem - 1, file) == 0) {
            bench_fail("%s: %s", run->ca, strerror(errno));
        }
        fclose(file);
        options.ca_pem = pem;
        options.cache = ferry_tls_cache_new();
    }
    return &options;
}

static void client_connect(const bench *run, ferry_client *client) {
    expect_ok(client,
              ferry_client_connect_to_host(client, "127.0.0.1", run->port, tls_options(run)));
    while (ferry_client_get_status(client) == FERRY_STATUS_RESOLVING ||
           ferry_client_get_status(client) == FERRY_STATUS_CONNECTING) {
        expect_ok(client, ferry_client_poll(client));
    }
    expect_connected(client);
}

/* A client in blocking mode, connected. */
static ferry_client *client_new(const bench *run) {
    ferry_client_options options = {
        .allocator = {.alloc = hook_alloc, .realloc = hook_realloc, .free = hook_free},
        .user_agent = BENCH_USER_AGENT,
        .keep_content_coding = true, /* the others send no Accept-Encoding either */
    };
    ferry_client *client = ferry_client_new(&options);
    if (client == NULL) {
        bench_fail("ferry: no memory");
    }
    expect_ok(client, ferry_client_set_blocking_mode(client, true));
    client_connect(run, client);
    return client;
}

static void client_get(const bench *run, ferry_client *client) {
    expect_ok(client, ferry_client_request(client, FERRY_METHOD_GET, run->path, NULL, NULL));
}

/* Reads what there is of the body; in blocking mode, all of it. */
static int64_t body_read(ferry_client *client, char *buffer, size_t capacity) {
    int64_t bytes = 0;
    while (ferry_client_get_status(client) == FERRY_STATUS_BODY) {
        size_t length = 0;
        expect_ok(client, ferry_client_read_response_body(client, buffer, capacity, &length));
        if (length == 0) {
            break;
        }
        bytes += (int64_t)length;
    }
    return bytes;
}

/* A whole exchange in blocking mode. */
static int64_t exchange(const bench *run, ferry_client *client, char *buffer, size_t capacity) {
    client_get(run, client);
    int64_t bytes = body_read(client, buffer, capacity);
    expect_connected(client);
    return bytes;
}

static void small_get(bench *run, ferry_client *client, char *buffer) {
    int64_t bytes = exchange(run, client, buffer, BENCH_SMALL_BUFFER);
    bench_check_small(ferry_client_get_response_code(client), bytes);
    run->bytes += bytes;
}

static void run_small(bench *run) {
    char *buffer = bench_alloc(BENCH_SMALL_BUFFER);
    ferry_client *client = client_new(run);
    for (int i = 0; i < BENCH_WARM_UP; i++) {
        small_get(run, client, buffer);
    }
    bench_start(run);
    int64_t calls = counted.calls;
    for (long i = 0; i < run->n; i++) {
        small_get(run, client, buffer);
    }
    bench_stop(run);
    report_begin(run);
    bench_report_number("allocations", (double)(counted.calls - calls));
    bench_report_end();
    ferry_client_free(client);
    free(buffer);
}

/* `n` connections, each for one request. */
static void run_connect(bench *run) {
    char *buffer = bench_alloc(BENCH_SMALL_BUFFER);
    ferry_client *client = client_new(run);
    small_get(run, client, buffer);
    bench_start(run);
    for (long i = 0; i < run->n; i++) {
        client_connect(run, client);
        small_get(run, client, buffer);
        bench_check_resumed(run, ferry_client_get_response_header(client, "X-Resumed", 0));
        ferry_client_close(client);
    }
    bench_stop(run);
    report_begin(run);
    bench_report_end();
    ferry_client_free(client);
    free(buffer);
}

/* What the server chose. */
static void run_cipher(bench *run) {
    char *buffer = bench_alloc(BENCH_SMALL_BUFFER);
    ferry_client *client = client_new(run);
    small_get(run, client, buffer);
    report_begin(run);
    bench_report_text("cipher", ferry_client_get_response_header(client, "X-Cipher", 0));
    bench_report_text("protocol", ferry_client_get_response_header(client, "X-Protocol", 0));
    bench_report_end();
    ferry_client_free(client);
    free(buffer);
}

static void run_big(bench *run) {
    char *buffer = bench_alloc(BENCH_BIG_BUFFER);
    ferry_client *client = client_new(run);
    bench_start(run);
    for (long i = 0; i < run->n; i++) {
        int64_t bytes = exchange(run, client, buffer, BENCH_BIG_BUFFER);
        if (bytes != ferry_client_get_response_body_length(client)) {
            bench_fail("the body has the wrong length");
        }
        run->bytes += bytes;
    }
    bench_stop(run);
    report_begin(run);
    bench_report_end();
    ferry_client_free(client);
    free(buffer);
}

/* One of many clients, and what it waits for since it was last called. */
typedef struct member {
    ferry_client *client;
    int timeout_ms;
    int64_t bytes;
    bool under_way;
} member;

static void member_ask(member *one, struct pollfd *wait) {
    ferry_wait asked = {.descriptor = FERRY_NO_DESCRIPTOR};
    if (ferry_client_get_waits(one->client, &asked, 1) > 1) {
        bench_fail("a connected client waits for more than one descriptor");
    }
    wait->fd = one->under_way ? (int)asked.descriptor : -1;
    wait->events = (short)(((asked.events & FERRY_EVENT_READ) != 0 ? POLLIN : 0) |
                           ((asked.events & FERRY_EVENT_WRITE) != 0 ? POLLOUT : 0));
    one->timeout_ms = one->under_way ? ferry_client_get_wait_timeout_ms(one->client) : -1;
}

static void member_start(const bench *run, member *one) {
    one->bytes = 0;
    one->under_way = true;
    client_get(run, one->client);
}

/* Goes on as far as it goes; true when the exchange has ended. */
static bool member_step(member *one, char *buffer) {
    expect_ok(one->client, ferry_client_poll(one->client));
    one->bytes += body_read(one->client, buffer, BENCH_SMALL_BUFFER);
    ferry_status status = ferry_client_get_status(one->client);
    if (status == FERRY_STATUS_REQUESTING || status == FERRY_STATUS_BODY) {
        return false;
    }
    expect_connected(one->client);
    one->under_way = false;
    return true;
}

static int shortest_timeout(const member *members) {
    int shortest = -1;
    for (int i = 0; i < BENCH_CLIENTS; i++) {
        int own = members[i].timeout_ms;
        if (own >= 0 && (shortest < 0 || own < shortest)) {
            shortest = own;
        }
    }
    return shortest;
}

/* `total` requests, spread over the clients as they come free. */
static void many_get(bench *run, member *members, char *buffer, long total) {
    struct pollfd waits[BENCH_CLIENTS];
    long started = 0;
    long ended = 0;
    for (int i = 0; i < BENCH_CLIENTS; i++) {
        if (started < total) {
            member_start(run, &members[i]);
            started++;
        }
        member_ask(&members[i], &waits[i]);
    }
    while (ended < total) {
        int timeout_ms = shortest_timeout(members);
        if (poll(waits, BENCH_CLIENTS, timeout_ms) < 0) {
            bench_fail("poll: %s", strerror(errno));
        }
        for (int i = 0; i < BENCH_CLIENTS; i++) {
            member *one = &members[i];
            if (!one->under_way || (waits[i].revents == 0 && one->timeout_ms != timeout_ms) ||
                (waits[i].revents == 0 && timeout_ms < 0)) {
                continue;
            }
            if (member_step(one, buffer)) {
                bench_check_small(ferry_client_get_response_code(one->client), one->bytes);
                run->bytes += one->bytes;
                ended++;
                if (started < total) {
                    member_start(run, one);
                    started++;
                }
            }
            member_ask(one, &waits[i]);
        }
    }
}

static void run_many(bench *run) {
    member members[BENCH_CLIENTS];
    char *buffer = bench_alloc(BENCH_SMALL_BUFFER);
    for (int i = 0; i < BENCH_CLIENTS; i++) {
        members[i] = (member){.client = client_new(run)};
        expect_ok(members[i].client, ferry_client_set_blocking_mode(members[i].client, false));
    }
    many_get(run, members, buffer, BENCH_CLIENTS);
    bench_start(run);
    int64_t calls = counted.calls;
    many_get(run, members, buffer, run->n);
    bench_stop(run);
    report_begin(run);
    bench_report_number("allocations", (double)(counted.calls - calls));
    bench_report_end();
    for (int i = 0; i < BENCH_CLIENTS; i++) {
        ferry_client_free(members[i].client);
    }
    free(buffer);
}

/* What `n` clients hold, each connected and after one request. */
static void run_idle(bench *run) {
    char *buffer = bench_alloc(BENCH_SMALL_BUFFER);
    ferry_client **clients = bench_alloc((size_t)run->n * sizeof *clients);
    ferry_client *first = client_new(run);
    small_get(run, first, buffer); /* what is allocated once for the process */
    bench_start(run);
    counted_memory before = counted_now();
    for (long i = 0; i < run->n; i++) {
        clients[i] = client_new(run);
        small_get(run, clients[i], buffer);
    }
    counted_memory after = counted_now();
    bench_stop(run);
    report_begin(run);
    counted_report(before, after, run->n);
    bench_report_end();
    for (long i = 0; i < run->n; i++) {
        ferry_client_free(clients[i]);
    }
    ferry_client_free(first);
    free(clients);
    free(buffer);
}

/* The CPU time of blocking requests that wait for a server which takes its time. */
static void run_idle_cpu(bench *run) {
    char *buffer = bench_alloc(BENCH_SMALL_BUFFER);
    ferry_client *client = client_new(run);
    double cpu_max = 0;
    double wait_min = -1;
    bench_start(run);
    for (long i = 0; i < run->n; i++) {
        double wall = bench_now();
        double cpu = bench_cpu_now();
        client_get(run, client);
        cpu = bench_cpu_now() - cpu;
        wall = bench_now() - wall;
        cpu_max = cpu > cpu_max ? cpu : cpu_max;
        wait_min = wait_min < 0 || wall < wait_min ? wall : wait_min;
        run->bytes += body_read(client, buffer, BENCH_SMALL_BUFFER);
    }
    bench_stop(run);
    report_begin(run);
    bench_report_number("cpu_max_per_wait", cpu_max);
    bench_report_number("seconds_min_per_wait", wait_min);
    bench_report_end();
    ferry_client_free(client);
    free(buffer);
}

/* `n` polls of a client that has nothing to do. */
static void run_poll_idle(bench *run) {
    char *buffer = bench_alloc(BENCH_SMALL_BUFFER);
    ferry_client *client = client_new(run);
    small_get(run, client, buffer);
    expect_ok(client, ferry_client_set_blocking_mode(client, false));
    bench_start(run);
    for (long i = 0; i < run->n; i++) {
        expect_ok(client, ferry_client_poll(client));
    }
    bench_stop(run);
    expect_connected(client);
    report_begin(run);
    bench_report_end();
    ferry_client_free(client);
    free(buffer);
}

/* What frames cost a program that draws 60 times a second while a body comes in. */
typedef struct frames {
    long count;
    long capacity;
    double *polls; /* seconds of each poll() */
    double longest;
    int64_t most_bytes;
} frames;

static void frames_add(frames *all, double poll_time, double frame_time, int64_t bytes) {
    if (all->count == all->capacity) {
        all->capacity = all->capacity * 2 + 1024;
        all->polls = realloc(all->polls, (size_t)all->capacity * sizeof *all->polls);
        if (all->polls == NULL) {
            bench_fail("out of memory");
        }
    }
    all->polls[all->count++] = poll_time;
    all->longest = frame_time > all->longest ? frame_time : all->longest;
    all->most_bytes = bytes > all->most_bytes ? bytes : all->most_bytes;
}

static int double_compare(const void *a, const void *b) {
    double difference = *(const double *)a - *(const double *)b;
    return (difference > 0) - (difference < 0);
}

static void sleep_until(double time) {
    double left = time - bench_now();
    if (left > 0) {
        struct timespec pause = {.tv_nsec = (long)(left * 1e9)};
        nanosleep(&pause, NULL);
    }
}

/* One body, frame by frame: poll once, read until there is nothing, sleep until the next frame. */
static int64_t frames_receive(const bench *run, frames *all, ferry_client *client, char *buffer) {
    int64_t received = 0;
    client_get(run, client);
    for (;;) {
        double start = bench_now();
        expect_ok(client, ferry_client_poll(client));
        double polled = bench_now();
        int64_t bytes = body_read(client, buffer, BENCH_BIG_BUFFER);
        frames_add(all, polled - start, bench_now() - start, bytes);
        received += bytes;
        ferry_status status = ferry_client_get_status(client);
        if (status != FERRY_STATUS_REQUESTING && status != FERRY_STATUS_BODY) {
            expect_connected(client);
            return received;
        }
        sleep_until(start + FRAME_NS / 1e9);
    }
}

static void run_frame(bench *run) {
    char *buffer = bench_alloc(BENCH_BIG_BUFFER);
    frames all = {0};
    ferry_client *client = client_new(run);
    expect_ok(client, ferry_client_set_blocking_mode(client, false));
    bench_start(run);
    for (long i = 0; i < run->n; i++) {
        int64_t bytes = frames_receive(run, &all, client, buffer);
        if (bytes != ferry_client_get_response_body_length(client)) {
            bench_fail("the body has the wrong length");
        }
        run->bytes += bytes;
    }
    bench_stop(run);
    qsort(all.polls, (size_t)all.count, sizeof *all.polls, double_compare);
    report_begin(run);
    bench_report_number("frames", (double)all.count);
    bench_report_number("frame_bytes_max", (double)all.most_bytes);
    bench_report_number("frame_us_max", all.longest * 1e6);
    bench_report_number("poll_us_p99", all.polls[all.count * 99 / 100] * 1e6);
    bench_report_number("poll_us_max", all.polls[all.count - 1] * 1e6);
    bench_report_end();
    ferry_client_free(client);
    free(all.polls);
    free(buffer);
}

int main(int argc, char **argv) {
    bench run = bench_parse(argc, argv);
    if (bench_is(&run, "get1k") || bench_is(&run, "chunked1k")) {
        run_small(&run);
    } else if (bench_is(&run, "big")) {
        run_big(&run);
    } else if (bench_is(&run, "full") || bench_is(&run, "resumed")) {
        run_connect(&run);
    } else if (bench_is(&run, "cipher")) {
        run_cipher(&run);
    } else if (bench_is(&run, "many64")) {
        run_many(&run);
    } else if (bench_is(&run, "idle")) {
        run_idle(&run);
    } else if (bench_is(&run, "idle_cpu")) {
        run_idle_cpu(&run);
    } else if (bench_is(&run, "poll_idle")) {
        run_poll_idle(&run);
    } else if (bench_is(&run, "frame")) {
        run_frame(&run);
    } else {
        bench_fail_mode(&run);
    }
    return 0;
}
