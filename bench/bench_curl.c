/* SPDX-License-Identifier: MIT */
/* bench_curl: the same measurements with libcurl, the client that most C programs would use. */
#include "counted.h"

#include <curl/curl.h>

static void *counted_calloc(size_t count, size_t size) {
    void *made = counted_malloc(count * size);
    return made == NULL ? NULL : memset(made, 0, count * size);
}

static char *counted_strdup(const char *text) {
    size_t size = strlen(text) + 1;
    char *made = counted_malloc(size);
    return made == NULL ? NULL : memcpy(made, text, size);
}

static size_t discard(char *data, size_t size, size_t count, void *ctx) {
    (void)data;
    *(int64_t *)ctx += (int64_t)(size * count);
    return size * count;
}

static void expect_ok(CURLcode code) {
    if (code != CURLE_OK) {
        bench_fail("libcurl: %s", curl_easy_strerror(code));
    }
}

static void expect_multi_ok(CURLMcode code) {
    if (code != CURLM_OK) {
        bench_fail("libcurl: %s", curl_multi_strerror(code));
    }
}

static CURL *easy_new(const bench *run, int64_t *received) {
    char url[64];
    CURL *easy = curl_easy_init();
    if (easy == NULL) {
        bench_fail("libcurl: no memory");
    }
    snprintf(url, sizeof url, "%s://127.0.0.1:%d%s", run->ca != NULL ? "https" : "http", run->port,
             run->path);
    expect_ok(curl_easy_setopt(easy, CURLOPT_URL, url));
    if (run->ca != NULL) {
        expect_ok(curl_easy_setopt(easy, CURLOPT_CAINFO, run->ca));
        /* HTTP/1.1 alone: nginx would speak HTTP/2 as well. */
        expect_ok(curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1));
    }
    expect_ok(curl_easy_setopt(easy, CURLOPT_USERAGENT, BENCH_USER_AGENT));
    expect_ok(curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, discard));
    expect_ok(curl_easy_setopt(easy, CURLOPT_WRITEDATA, received));
    return easy;
}

static void easy_check_small(CURL *easy, int64_t received) {
    long code = 0;
    expect_ok(curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &code));
    bench_check_small((int)code, received);
}

static void report_begin(const bench *run) {
    bench_report_begin(run);
    bench_report_text("version", curl_version_info(CURLVERSION_NOW)->version);
}

static void small_get(bench *run, CURL *easy, int64_t *received) {
    *received = 0;
    expect_ok(curl_easy_perform(easy));
    easy_check_small(easy, *received);
    run->bytes += *received;
}

static void run_small(bench *run) {
    int64_t received = 0;
    CURL *easy = easy_new(run, &received);
    for (int i = 0; i < BENCH_WARM_UP; i++) {
        small_get(run, easy, &received);
    }
    bench_start(run);
    for (long i = 0; i < run->n; i++) {
        small_get(run, easy, &received);
    }
    bench_stop(run);
    report_begin(run);
    bench_report_end();
    curl_easy_cleanup(easy);
}

static const char *header_of(CURL *easy, const char *name) {
    struct curl_header *header = NULL;
    return curl_easy_header(easy, name, 0, CURLH_HEADER, -1, &header) == CURLHE_OK ? header->value
                                                                                   : NULL;
}

/* `n` connections, each for one request. */
static void run_connect(bench *run) {
    int64_t received = 0;
    CURL *easy = easy_new(run, &received);
    expect_ok(curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L));
    small_get(run, easy, &received);
    bench_start(run);
    for (long i = 0; i < run->n; i++) {
        small_get(run, easy, &received);
        bench_check_resumed(run, header_of(easy, "X-Resumed"));
    }
    bench_stop(run);
    report_begin(run);
    bench_report_end();
    curl_easy_cleanup(easy);
}

/* What the server chose. */
static void run_cipher(bench *run) {
    int64_t received = 0;
    CURL *easy = easy_new(run, &received);
    small_get(run, easy, &received);
    report_begin(run);
    bench_report_text("cipher", header_of(easy, "X-Cipher"));
    bench_report_text("protocol", header_of(easy, "X-Protocol"));
    bench_report_text("library", curl_version_info(CURLVERSION_NOW)->ssl_version);
    bench_report_end();
    curl_easy_cleanup(easy);
}

static void run_big(bench *run) {
    int64_t received = 0;
    CURL *easy = easy_new(run, &received);
    expect_ok(curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, (long)BENCH_BIG_BUFFER));
    bench_start(run);
    for (long i = 0; i < run->n; i++) {
        curl_off_t body_length = 0;
        received = 0;
        expect_ok(curl_easy_perform(easy));
        expect_ok(curl_easy_getinfo(easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &body_length));
        if (received != body_length) {
            bench_fail("the body has the wrong length");
        }
        run->bytes += received;
    }
    bench_stop(run);
    report_begin(run);
    bench_report_end();
    curl_easy_cleanup(easy);
}

/* `total` requests, spread over the handles as they come free. */
static void many_get(bench *run, CURLM *multi, CURL **easies, int64_t *received, long handles,
                     long total) {
    long started = 0;
    long ended = 0;
    for (long i = 0; i < handles && started < total; i++, started++) {
        received[i] = 0;
        expect_multi_ok(curl_multi_add_handle(multi, easies[i]));
    }
    while (ended < total) {
        int running = 0;
        int left = 0;
        bool has_ended = false;
        CURLMsg *event = NULL;
        expect_multi_ok(curl_multi_perform(multi, &running));
        while ((event = curl_multi_info_read(multi, &left)) != NULL) {
            CURL *easy = event->easy_handle;
            int64_t *count = NULL;
            expect_ok(event->data.result);
            expect_ok(curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&count));
            if (!bench_is(run, "files")) {
                easy_check_small(easy, *count);
            }
            run->bytes += *count;
            ended++;
            has_ended = true;
            expect_multi_ok(curl_multi_remove_handle(multi, easy));
            if (started < total) {
                *count = 0;
                expect_multi_ok(curl_multi_add_handle(multi, easy));
                started++;
                running++;
            }
        }
        /* What has ended may have left its connection to a request that waits. */
        if (ended < total && running > 0 && !has_ended) {
            expect_multi_ok(curl_multi_poll(multi, NULL, 0, 1000, NULL));
        }
    }
}

/* So many handles, and so many connections at most, each of which has carried a request before. */
static void run_multi(bench *run, long handles, long connections, long total) {
    CURL **easies = bench_alloc((size_t)handles * sizeof *easies);
    int64_t *received = bench_alloc((size_t)handles * sizeof *received);
    CURLM *multi = curl_multi_init();
    if (multi == NULL) {
        bench_fail("libcurl: no memory");
    }
    expect_multi_ok(curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, connections));
    expect_multi_ok(curl_multi_setopt(multi, CURLMOPT_MAX_HOST_CONNECTIONS, connections));
    for (long i = 0; i < handles; i++) {
        easies[i] = easy_new(run, &received[i]);
        expect_ok(curl_easy_setopt(easies[i], CURLOPT_PRIVATE, &received[i]));
    }
    many_get(run, multi, easies, received, handles < connections ? handles : connections,
             connections);
    bench_start(run);
    many_get(run, multi, easies, received, handles, total);
    bench_stop(run);
    report_begin(run);
    bench_report_end();
    for (long i = 0; i < handles; i++) {
        curl_easy_cleanup(easies[i]);
    }
    curl_multi_cleanup(multi);
    free(easies);
    free(received);
}

/* The number at the end of a mode's name: "multi64". */
static long number_of(const bench *run) {
    return strtol(run->mode + strcspn(run->mode, "0123456789"), NULL, 10);
}

/* What `n` handles hold, each with a connection of its own that has carried one request. */
static void run_idle(bench *run) {
    CURL **easies = bench_alloc((size_t)run->n * sizeof *easies);
    int64_t received = 0;
    CURL *first = easy_new(run, &received);
    small_get(run, first, &received); /* what is allocated once for the process */
    bench_start(run);
    counted_memory before = counted_now();
    for (long i = 0; i < run->n; i++) {
        easies[i] = easy_new(run, &received);
        small_get(run, easies[i], &received);
    }
    counted_memory after = counted_now();
    bench_stop(run);
    report_begin(run);
    counted_report(before, after, run->n);
    bench_report_end();
    for (long i = 0; i < run->n; i++) {
        curl_easy_cleanup(easies[i]);
    }
    curl_easy_cleanup(first);
    free(easies);
}

int main(int argc, char **argv) {
    bench run = bench_parse(argc, argv);
    if (bench_is(&run, "idle")) {
        expect_ok(curl_global_init_mem(CURL_GLOBAL_NOTHING, counted_malloc, counted_free,
                                       counted_realloc, counted_strdup, counted_calloc));
    } else {
        expect_ok(curl_global_init(CURL_GLOBAL_NOTHING));
    }
    if (bench_is(&run, "get1k") || bench_is(&run, "chunked1k")) {
        run_small(&run);
    } else if (bench_is(&run, "big")) {
        run_big(&run);
    } else if (bench_is(&run, "full") || bench_is(&run, "resumed")) {
        run_connect(&run);
    } else if (bench_is(&run, "cipher")) {
        run_cipher(&run);
    } else if (bench_is(&run, "many64")) {
        run_multi(&run, BENCH_CLIENTS, BENCH_CLIENTS, run.n);
    } else if (strncmp(run.mode, "multi", 5) == 0) {
        run_multi(&run, number_of(&run), number_of(&run), run.n);
    } else if (strncmp(run.mode, "queued", 6) == 0) {
        run_multi(&run, run.n, number_of(&run), run.n);
    } else if (bench_is(&run, "files")) {
        run_multi(&run, 100, 6, 100 * run.n);
    } else if (bench_is(&run, "idle")) {
        run_idle(&run);
    } else {
        bench_fail_mode(&run);
    }
    curl_global_cleanup();
    return 0;
}
