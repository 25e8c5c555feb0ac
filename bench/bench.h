/* SPDX-License-Identifier: MIT */
/* bench: what the benchmark programs share, so that they measure the same thing the same way:
 * command line, paths, clocks, and the one line of JSON that each prints. */
#ifndef BENCH_H
#define BENCH_H

#define _DEFAULT_SOURCE 1
#define _POSIX_C_SOURCE 200809L

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#if defined(__GLIBC__) && (__GLIBC__ > 2 || (__GLIBC__ == 2 && __GLIBC_MINOR__ >= 33))
#define BENCH_HAVE_MALLINFO2 1
#include <malloc.h>
#endif

/* The same request from every program: these headers and Host. */
#define BENCH_USER_AGENT "bench/1"

enum {
    BENCH_SMALL_BODY = 1024,
    BENCH_SMALL_BUFFER = 16 * 1024,
    BENCH_BIG_BUFFER = 256 * 1024,
    BENCH_CLIENTS = 64,
    BENCH_FILE_SIZE = 10 * 1024 * 1024,
    /* Requests before the clock starts: a constant, so that the difference between two runs with
     * different N is N requests in steady state. */
    BENCH_WARM_UP = 20,
};

typedef struct bench {
    const char *mode;
    const char *path; /* what the mode asks the server for */
    const char *ca;   /* over TLS: the file with the authority; NULL: without TLS */
    int port;
    long n;
    int64_t bytes; /* body bytes received while the clock ran */
    double wall;
    double cpu;
    double cpu_user;
    double cpu_sys;
} bench;

static inline _Noreturn void bench_fail(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    exit(1);
}

static inline bool bench_is(const bench *run, const char *mode) {
    return strcmp(run->mode, mode) == 0;
}

/* What the mode asks the server for. */
static inline const char *bench_path_of(const bench *run) {
    if (bench_is(run, "big") || bench_is(run, "frame")) {
        return "/big";
    }
    if (bench_is(run, "files")) {
        return "/file";
    }
    if (bench_is(run, "chunked1k")) {
        return "/chunked";
    }
    if (bench_is(run, "full") || bench_is(run, "resumed") || bench_is(run, "cipher")) {
        return "/connect";
    }
    return bench_is(run, "idle_cpu") ? "/slow" : "/1k";
}

static inline bench bench_parse(int argc, char **argv) {
    if (argc != 4) {
        fprintf(stderr, "usage: %s MODE PORT N\n", argv[0]);
        exit(2);
    }
    bench run = {.mode = argv[1],
                 .ca = getenv("BENCH_CA"),
                 .port = (int)strtol(argv[2], NULL, 10),
                 .n = strtol(argv[3], NULL, 10)};
    if (run.port < 1 || run.port > 65535 || run.n < 1) {
        fprintf(stderr, "%s: PORT is 1 to 65535, N is at least 1\n", argv[0]);
        exit(2);
    }
    run.path = bench_path_of(&run);
    return run;
}

static inline _Noreturn void bench_fail_mode(const bench *run) {
    fprintf(stderr, "this program has no mode %s\n", run->mode);
    exit(2);
}

static inline void *bench_alloc(size_t size) {
    void *block = malloc(size);
    if (block == NULL) {
        bench_fail("out of memory");
    }
    return block;
}

static inline double bench_clock(clockid_t clock) {
    struct timespec time = {0};
    clock_gettime(clock, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static inline double bench_now(void) {
    return bench_clock(CLOCK_MONOTONIC);
}

/* CPU time of all threads, to the nanosecond; getrusage() splits it by ticks on some kernels. */
static inline double bench_cpu_now(void) {
    return bench_clock(CLOCK_PROCESS_CPUTIME_ID);
}

static inline double bench_seconds(struct timeval time) {
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

static inline void bench_start(bench *run) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    run->bytes = 0;
    run->cpu_user = bench_seconds(usage.ru_utime);
    run->cpu_sys = bench_seconds(usage.ru_stime);
    run->cpu = bench_cpu_now();
    run->wall = bench_now();
}

static inline void bench_stop(bench *run) {
    struct rusage usage;
    run->wall = bench_now() - run->wall;
    run->cpu = bench_cpu_now() - run->cpu;
    getrusage(RUSAGE_SELF, &usage);
    run->cpu_user = bench_seconds(usage.ru_utime) - run->cpu_user;
    run->cpu_sys = bench_seconds(usage.ru_stime) - run->cpu_sys;
}

static inline void bench_check_small(int code, int64_t bytes) {
    if (code != 200 || bytes != BENCH_SMALL_BODY) {
        bench_fail("expected 200 and %d bytes, got %d and %lld", BENCH_SMALL_BODY, code,
                   (long long)bytes);
    }
}

/* What the server says of the connection: "r" where the TLS session was resumed, else ".". */
static inline void bench_check_resumed(const bench *run, const char *found) {
    const char *wanted = bench_is(run, "resumed") ? "r" : ".";
    if (found == NULL || strcmp(found, wanted) != 0) {
        bench_fail("expected a session that is %s, got %s", wanted, found != NULL ? found : "none");
    }
}

/* Bytes that malloc has handed out; 0 where the C library does not tell. */
static inline double bench_heap(void) {
#ifdef BENCH_HAVE_MALLINFO2
    struct mallinfo2 info = mallinfo2();
    return (double)info.uordblks + (double)info.hblkhd;
#else
    return 0;
#endif
}

static inline void bench_report_number(const char *name, double value) {
    printf(",\"%s\":%.9g", name, value);
}

static inline void bench_report_text(const char *name, const char *value) {
    printf(",\"%s\":\"%s\"", name, value);
}

static inline void bench_report_begin(const bench *run) {
    printf("{\"mode\":\"%s\",\"n\":%ld,\"bytes\":%lld", run->mode, run->n, (long long)run->bytes);
    bench_report_number("seconds", run->wall);
    bench_report_number("cpu", run->cpu);
    bench_report_number("cpu_user", run->cpu_user);
    bench_report_number("cpu_sys", run->cpu_sys);
#ifdef __OPTIMIZE__
    printf(",\"optimized\":true");
#else
    printf(",\"optimized\":false");
#endif
}

static inline void bench_report_end(void) {
    puts("}");
}

#endif
