/* SPDX-License-Identifier: MIT */
/* bench_session: requests by URL, many at once, as a program makes them that has a session. */
#include "bench.h"

#include "ferry.h"

enum { FILES = 100 };

typedef struct load {
    bench *run;
    ferry_session *session;
    char url[64];
    int64_t received;
} session_load;

/* The number at the end of a mode's name: "multi64". */
static int number_of(const bench *run) {
    return (int)strtol(run->mode + strcspn(run->mode, "0123456789"), NULL, 10);
}

static void load_begin(session_load *load, bench *run, int connections) {
    ferry_tls_options tls = {0};
    const ferry_session_options options = {
        .client.user_agent = BENCH_USER_AGENT,
        .max_connections = connections,
        .max_connections_per_origin = connections,
        .tls = run->ca != NULL ? &tls : NULL,
    };
    char *ca = NULL;
    if (run->ca != NULL) {
        FILE *file = fopen(run->ca, "rb");
        ca = bench_alloc(1 << 20);
        size_t length = file != NULL ? fread(ca, 1, (1 << 20) - 1, file) : 0;
        ca[length] = '\0';
        tls.ca_pem = ca;
        if (file != NULL) {
            fclose(file);
        }
    }
    load->run = run;
    load->session = ferry_session_new(&options);
    free(ca);
    if (load->session == NULL) {
        bench_fail("ferry: no memory");
    }
    snprintf(load->url, sizeof load->url, "%s://127.0.0.1:%d%s", run->ca != NULL ? "https" : "http",
             run->port, run->path);
}

static void load_start(session_load *load) {
    ferry_session_get(load->session, load->url);
}

/* Ends the transfers that are done; returns how many. */
static long load_collect(session_load *load) {
    long ended = 0;
    for (ferry_transfer *done; (done = ferry_session_next_done(load->session)) != NULL; ended++) {
        size_t length;
        if (!ferry_transfer_is_ok(done)) {
            bench_fail("ferry: %s", ferry_transfer_get_error_detail(done));
        }
        ferry_transfer_get_body(done, &length);
        bench_check_small(ferry_transfer_get_response_code(done), (int64_t)length);
        load->run->bytes += (int64_t)length;
        ferry_transfer_free(done);
    }
    return ended;
}

/* `total` requests, of which `at_once` are under way. */
static void load_get(session_load *load, long total, long at_once) {
    long started = 0;
    long ended = 0;
    while (ended < total) {
        for (; started < total && started - ended < at_once; started++) {
            load_start(load);
        }
        ferry_session_poll(load->session, -1);
        ended += load_collect(load);
    }
}

static void load_end(session_load *load) {
    ferry_session_counters counters;
    ferry_session_get_counters(load->session, &counters);
    bench_report_begin(load->run);
    bench_report_number("connections_made", (double)counters.connections_made);
    bench_report_end();
    ferry_session_free(load->session);
}

/* `n` requests over so many connections, one on each at a time, or all queued from the start. */
static void run_small(bench *run, bool are_queued) {
    session_load load = {0};
    int connections = number_of(run);
    load_begin(&load, run, connections);
    load_get(&load, connections, connections);
    bench_start(run);
    load_get(&load, run->n, are_queued ? run->n : connections);
    bench_stop(run);
    load_end(&load);
}

static ferry_error discard(void *ctx, ferry_transfer *transfer, const void *data, size_t length) {
    (void)transfer;
    (void)data;
    *(int64_t *)ctx += (int64_t)length;
    return FERRY_OK;
}

/* A hundred files at once over six connections, `n` times. */
static void run_files(bench *run) {
    session_load load = {0};
    load_begin(&load, run, 6);
    const ferry_session_request request = {
        .url = load.url,
        .functions.on_data = discard,
        .ctx = &load.received,
    };
    bench_start(run);
    for (long i = 0; i < run->n; i++) {
        for (int k = 0; k < FILES; k++) {
            ferry_transfer_detach(ferry_session_start(load.session, &request));
        }
        while (ferry_session_poll(load.session, -1) > 0) {
        }
    }
    bench_stop(run);
    run->bytes = load.received;
    if (run->bytes != run->n * FILES * BENCH_FILE_SIZE) {
        bench_fail("the bodies have the wrong length");
    }
    load_end(&load);
}

static int compare_doubles(const void *a, const void *b) {
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

/* What `n` polls cost with so many idle connections. */
static void run_idle(bench *run) {
    session_load load = {0};
    int connections = number_of(run);
    load_begin(&load, run, connections);
    load_get(&load, connections, connections);
    double *times = bench_alloc((size_t)run->n * sizeof *times);
    bench_start(run);
    for (long i = 0; i < run->n; i++) {
        double begin = bench_now();
        ferry_session_poll(load.session, 0);
        times[i] = bench_now() - begin;
    }
    bench_stop(run);
    qsort(times, (size_t)run->n, sizeof *times, compare_doubles);
    bench_report_begin(run);
    bench_report_number("p50_us", times[run->n / 2] * 1e6);
    bench_report_number("p99_us", times[run->n * 99 / 100] * 1e6);
    bench_report_number("max_us", times[run->n - 1] * 1e6);
    bench_report_end();
    free(times);
    ferry_session_free(load.session);
}

int main(int argc, char **argv) {
    bench run = bench_parse(argc, argv);
    if (strncmp(run.mode, "multi", 5) == 0) {
        run_small(&run, false);
    } else if (strncmp(run.mode, "queued", 6) == 0) {
        run_small(&run, true);
    } else if (strncmp(run.mode, "idlepoll", 8) == 0) {
        run_idle(&run);
    } else if (bench_is(&run, "files")) {
        run_files(&run);
    } else {
        bench_fail_mode(&run);
    }
    return 0;
}
