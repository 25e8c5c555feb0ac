/* SPDX-License-Identifier: MIT */
/* download_many: puts what is at many URLs into files. On a terminal each file has a bar while it
 * comes, and so have all of them together; elsewhere there are lines. The same source runs
 * natively, in Node and in a browser, where files are in memory.
 *
 *     download_many FOLDER URL...
 */
#include "bars.h"
#include "main_loop.h"
#include "standard_files.h"

#include <ferry.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    REDRAW_MS = 100,
    MOST_BARS = 12, /* a screen has few lines */
};

typedef struct file {
    char name[200];
    ferry_transfer *transfer; /* NULL: it is done */
} file;

static struct {
    ferry_session *session;
    file *files;
    size_t count;
    size_t done;
    int64_t bytes; /* of those that are done */
    int failures;
    int last_percent;
    bool has_bars;
} many;

/* The last part of a URL's path, without query and fragment: "level1.pak". */
static void name_of(const char *url, char *name, size_t size) {
    size_t end = strcspn(url, "?#");
    size_t begin = end;
    while (begin > 0 && url[begin - 1] != '/') {
        begin--;
    }
    snprintf(name, size, "%.*s", (int)(end - begin), url + begin);
    /* A name that leads elsewhere is none. */
    if (name[0] == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
        strpbrk(name, "\\%:") != NULL) {
        snprintf(name, size, "download");
    }
}

/* A line for each percent, where bars cannot be drawn. */
static void show_share(void) {
    char bar[BARS_WIDTH + 3];
    int percent = (int)(100 * many.done / many.count);
    if (percent != many.last_percent) {
        bars_write(bar, percent / 100.0);
        printf("%s %zu of %zu\n", bar, many.done, many.count);
        many.last_percent = percent;
    }
}

/* A bar for each file that is on its way, and one for all of them. */
static void show_bars(void) {
    char all[40];
    int shown = 0;
    bars_clear();
    for (size_t i = 0; i < many.count && shown < MOST_BARS; i++) {
        const ferry_transfer *transfer = many.files[i].transfer;
        if (transfer != NULL && ferry_transfer_get_response_code(transfer) != 0) {
            bars_add(many.files[i].name, ferry_transfer_get_body_bytes(transfer),
                     ferry_transfer_get_body_total(transfer));
            shown++;
        }
    }
    snprintf(all, sizeof all, "%zu of %zu files", many.done, many.count);
    bars_add(all, (int64_t)many.done, (int64_t)many.count);
    fflush(stdout);
}

static void show_one(const file *done) {
    const ferry_transfer *transfer = done->transfer;
    char url[200];
    snprintf(url, sizeof url, "%s", ferry_transfer_get_url(transfer));
    ferry_text_make_printable(url);
    bars_clear();
    if (ferry_transfer_is_ok(transfer)) {
        printf("%s: %lld bytes\n", url, (long long)ferry_transfer_get_body_bytes(transfer));
    } else {
        printf("%s: %s\n", url, ferry_transfer_get_error_detail(transfer));
        many.failures++;
    }
}

static size_t frame(int timeout_ms) {
    size_t left = ferry_session_poll(many.session, timeout_ms);
    bool is_news = false;
    for (ferry_transfer *done; (done = ferry_session_next_done(many.session)) != NULL;) {
        file *its = ferry_transfer_get_ctx(done);
        show_one(its);
        its->transfer = NULL;
        ferry_transfer_free(done);
        many.done++;
        is_news = true;
        if (!many.has_bars) {
            show_share();
        }
    }
    if (many.has_bars && (bars_are_due() || is_news)) {
        show_bars();
    }
    return left;
}

static int finish(void) {
    ferry_session_free(many.session);
    free(many.files);
    bool is_written = fflush(stdout) == 0;
    return is_written && many.failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

static bool start(file *its, const char *folder, const char *url) {
    char path[1000];
    name_of(url, its->name, sizeof its->name);
    int length = snprintf(path, sizeof path, "%s/%s", folder, its->name);
    if (length < 0 || (size_t)length >= sizeof path) {
        fprintf(stderr, "download_many: the folder's name is too long\n");
        return false;
    }
    const ferry_session_request request = {.url = url, .ctx = its};
    its->transfer = ferry_session_start_download(many.session, &request, path);
    ferry_text_make_printable(its->name);
    if (ferry_transfer_get_error(its->transfer) == FERRY_ERROR_OUT_OF_MEMORY) {
        fprintf(stderr, "download_many: out of memory\n");
        return false;
    }
    return true;
}

int main(int argc, char **argv) {
    standard_files_open();
    if (argc < 3) {
        fprintf(stderr, "usage: download_many FOLDER URL...\n");
        return 2;
    }
    many.count = (size_t)argc - 2;
    many.files = calloc(many.count, sizeof *many.files);
    many.session = many.files != NULL ? ferry_session_new(NULL) : NULL;
    if (many.session == NULL) {
        fprintf(stderr, "download_many: out of memory\n");
        return EXIT_FAILURE;
    }
    many.last_percent = -1;
    many.has_bars = bars_are_shown();
    for (size_t i = 0; i < many.count; i++) {
        if (!start(&many.files[i], argv[1], argv[i + 2])) {
            ferry_session_free(many.session);
            return EXIT_FAILURE;
        }
    }
    return main_loop_run(frame, many.has_bars ? REDRAW_MS : -1, finish);
}
