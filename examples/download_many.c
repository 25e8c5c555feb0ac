/* SPDX-License-Identifier: MIT */
/* download_many: puts what is at many URLs into files, with a line for each that is done and one
 * for all of them. The same source runs natively, in Node and in a browser, where files are in
 * memory.
 *
 *     download_many FOLDER URL...
 */
#include "standard_files.h"

#include <ferry.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef __EMSCRIPTEN__
#include <emscripten.h>
#endif

enum { BAR_WIDTH = 30 };

static struct {
    ferry_session *session;
    size_t count;
    size_t done;
    int failures;
    int last_percent;
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

static void show_all(void) {
    int percent = (int)(100 * many.done / many.count);
    if (percent == many.last_percent) {
        return;
    }
    char bar[BAR_WIDTH + 1];
    for (int i = 0; i < BAR_WIDTH; i++) {
        bar[i] = i < percent * BAR_WIDTH / 100 ? '#' : '.';
    }
    bar[BAR_WIDTH] = '\0';
    printf("[%s] %zu of %zu\n", bar, many.done, many.count);
    many.last_percent = percent;
}

static void show_one(ferry_transfer *transfer) {
    char url[200];
    snprintf(url, sizeof url, "%s", ferry_transfer_get_url(transfer));
    ferry_text_make_printable(url);
    if (ferry_transfer_is_ok(transfer)) {
        printf("%s: %lld bytes\n", url, (long long)ferry_transfer_get_body_bytes(transfer));
    } else {
        printf("%s: %s\n", url, ferry_transfer_get_error_detail(transfer));
        many.failures++;
    }
}

static size_t frame(int timeout_ms) {
    size_t left = ferry_session_poll(many.session, timeout_ms);
    for (ferry_transfer *done; (done = ferry_session_next_done(many.session)) != NULL;) {
        show_one(done);
        ferry_transfer_free(done);
        many.done++;
        show_all();
    }
    return left;
}

static int finish(void) {
    ferry_session_free(many.session);
    bool is_written = fflush(stdout) == 0;
    return is_written && many.failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#ifdef __EMSCRIPTEN__
static void browser_frame(void) {
    if (frame(0) == 0) {
        emscripten_cancel_main_loop();
        emscripten_force_exit(finish());
    }
}
#endif

static bool start(const char *folder, const char *url) {
    char name[200];
    char path[1000];
    name_of(url, name, sizeof name);
    int length = snprintf(path, sizeof path, "%s/%s", folder, name);
    if (length < 0 || (size_t)length >= sizeof path) {
        fprintf(stderr, "download_many: the folder's name is too long\n");
        return false;
    }
    ferry_transfer *transfer = ferry_session_download(many.session, url, path);
    if (ferry_transfer_get_error(transfer) == FERRY_ERROR_OUT_OF_MEMORY) {
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
    many.session = ferry_session_new(NULL);
    if (many.session == NULL) {
        fprintf(stderr, "download_many: out of memory\n");
        return EXIT_FAILURE;
    }
    many.count = (size_t)argc - 2;
    many.last_percent = -1;
    for (int i = 2; i < argc; i++) {
        if (!start(argv[1], argv[i])) {
            ferry_session_free(many.session);
            return EXIT_FAILURE;
        }
    }
#ifdef __EMSCRIPTEN__
    emscripten_set_main_loop(browser_frame, 60, true);
#else
    while (frame(-1) > 0) {
    }
    return finish();
#endif
}
