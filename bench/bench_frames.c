/* SPDX-License-Identifier: MIT */
/* bench_frames: how long polls of a session take in a program that draws frames: by the clock, and
 * in CPU time of the thread, which what else the machine does is no part of. */
#define _GNU_SOURCE 1
#include "bench.h"

#include "ferry.h"

#include <unistd.h>

enum { FILES = 100, FRAME_US = 4000, MOST_POLLS = 1000000, LIMIT_US = 3000 };

typedef struct frames {
    bench *run;
    ferry_session *session;
    char url[64];
    double *wall; /* of each poll, in microseconds */
    double *cpu;
    long polls;
    long sleeps; /* in polls: waits for a lock or a disk */
} frames;

/* The number at the end of a mode's name: "frames1000". */
static int number_of(const bench *run) {
    return (int)strtol(run->mode + strcspn(run->mode, "0123456789"), NULL, 10);
}

static char *read_authority(const char *path) {
    FILE *file = fopen(path, "rb");
    char *text = bench_alloc(1 << 20);
    if (file == NULL) {
        bench_fail("%s cannot be read", path);
    }
    text[fread(text, 1, (1 << 20) - 1, file)] = '\0';
    fclose(file);
    return text;
}

/* How often the thread gave its CPU up by itself. */
static long count_sleeps(void) {
#ifdef RUSAGE_THREAD
    struct rusage usage;
    getrusage(RUSAGE_THREAD, &usage);
    return usage.ru_nvcsw;
#else
    return 0;
#endif
}

static void frames_begin(frames *all, bench *run) {
    const char *path = bench_is(run, "disk") || bench_is(run, "memory") ? "/file" : "/1k";
    char *ca = run->ca != NULL ? read_authority(run->ca) : NULL;
    ferry_tls_options tls = {.ca_pem = ca};
    const ferry_session_options options = {
        .client.user_agent = BENCH_USER_AGENT,
        .tls = ca != NULL ? &tls : NULL,
    };
    *all = (frames){.run = run, .session = ferry_session_new(&options)};
    free(ca);
    all->wall = bench_alloc(MOST_POLLS * sizeof *all->wall);
    all->cpu = bench_alloc(MOST_POLLS * sizeof *all->cpu);
    snprintf(all->url, sizeof all->url, "%s://127.0.0.1:%d%s", run->ca != NULL ? "https" : "http",
             run->port, path);
}

/* One frame: a poll, and then the time until the next one. Returns what is not done. */
static size_t frame(frames *all) {
    long sleeps = count_sleeps();
    double wall = bench_now();
    double cpu = bench_clock(CLOCK_THREAD_CPUTIME_ID);
    size_t left = ferry_session_poll(all->session, 0);
    cpu = bench_clock(CLOCK_THREAD_CPUTIME_ID) - cpu;
    wall = bench_now() - wall;
    all->sleeps += count_sleeps() - sleeps;
    if (all->polls < MOST_POLLS) {
        all->wall[all->polls] = wall * 1e6;
        all->cpu[all->polls] = cpu * 1e6;
        all->polls++;
    }
    if (wall * 1e6 < FRAME_US) {
        usleep((useconds_t)(FRAME_US - wall * 1e6));
    }
    return left;
}

static void check(ferry_transfer *done) {
    if (!ferry_transfer_is_ok(done)) {
        bench_fail("ferry: %s", ferry_transfer_get_error_detail(done));
    }
}

/* `n` frames, with so many transfers at each time. */
static void run_small(frames *all) {
    int wanted = number_of(all->run);
    for (int i = 0; i < wanted; i++) {
        ferry_session_get(all->session, all->url);
    }
    for (long i = 0; i < all->run->n; i++) {
        frame(all);
        for (ferry_transfer *done; (done = ferry_session_next_done(all->session)) != NULL;) {
            check(done);
            ferry_transfer_free(done);
            ferry_session_get(all->session, all->url);
        }
    }
}

static ferry_error discard(void *ctx, ferry_transfer *transfer, const void *data, size_t length) {
    (void)transfer;
    (void)data;
    ((bench *)ctx)->bytes += (int64_t)length;
    return FERRY_OK;
}

static void run_files(frames *all, bool to_disk) {
    char folder[] = "/tmp/bench-frames-XXXXXX";
    char path[64];
    if (mkdtemp(folder) == NULL) {
        bench_fail("there is no folder for files");
    }
    for (int i = 0; i < FILES; i++) {
        snprintf(path, sizeof path, "%s/%d", folder, i);
        const ferry_session_request request = {
            .url = all->url,
            .functions.on_data = to_disk ? NULL : discard,
            .ctx = all->run,
        };
        if (to_disk) {
            ferry_session_start_download(all->session, &request, path);
        } else {
            ferry_session_start(all->session, &request);
        }
    }
    while (frame(all) > 0) {
    }
    for (ferry_transfer *done; (done = ferry_session_next_done(all->session)) != NULL;) {
        check(done);
        ferry_transfer_free(done);
    }
    for (int i = 0; i < FILES && to_disk; i++) {
        snprintf(path, sizeof path, "%s/%d", folder, i);
        remove(path);
    }
    rmdir(folder);
}

static int compare_doubles(const void *a, const void *b) {
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

static void report(const char *name, double *times, long count) {
    char member[32];
    const struct {
        const char *name;
        long place;
    } places[] = {{"p50", count / 2}, {"p99", count * 99 / 100}, {"max", count - 1}};
    long over = 0;
    qsort(times, (size_t)count, sizeof *times, compare_doubles);
    for (long i = 0; i < count; i++) {
        over += times[i] > LIMIT_US;
    }
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        snprintf(member, sizeof member, "%s_%s_us", name, places[i].name);
        bench_report_number(member, times[places[i].place]);
    }
    snprintf(member, sizeof member, "%s_over", name);
    bench_report_number(member, (double)over);
}

int main(int argc, char **argv) {
    bench run = bench_parse(argc, argv);
    frames all;
    frames_begin(&all, &run);
    if (all.session == NULL) {
        bench_fail("ferry: no memory");
    }
    bench_start(&run);
    if (strncmp(run.mode, "frames", 6) == 0) {
        run_small(&all);
    } else if (bench_is(&run, "disk") || bench_is(&run, "memory")) {
        run_files(&all, bench_is(&run, "disk"));
    } else {
        bench_fail_mode(&run);
    }
    bench_stop(&run);
    bench_report_begin(&run);
    bench_report_number("polls", (double)all.polls);
    bench_report_number("sleeps", (double)all.sleeps);
    report("wall", all.wall, all.polls);
    report("cpu", all.cpu, all.polls);
    bench_report_end();
    ferry_session_free(all.session);
    free(all.wall);
    free(all.cpu);
    return 0;
}
