/* SPDX-License-Identifier: MIT */
/* upload: sends a file as a form does (multipart/form-data, RFC 7578), without reading it into
 * memory, and prints what the server answers.
 *
 *     upload URL FIELD FILE
 */
#include "main_loop.h"
#include "standard_files.h"

#include <ferry.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct {
    ferry_session *session;
    ferry_form *form;
    FILE *file;
    ferry_transfer *transfer;
} upload;

static ferry_error read_file(void *ctx, void *dst, size_t capacity, size_t *length) {
    *length = fread(dst, 1, capacity, ctx);
    return ferror((FILE *)ctx) ? FERRY_ERROR_FILE : FERRY_OK;
}

/* For a redirect that asks for the body again. */
static ferry_error rewind_file(void *ctx) {
    return fseek(ctx, 0, SEEK_SET) == 0 ? FERRY_OK : FERRY_ERROR_FILE;
}

static bool open_form(const char *field, const char *path) {
    upload.file = fopen(path, "rb");
    if (upload.file == NULL || fseek(upload.file, 0, SEEK_END) != 0) {
        fprintf(stderr, "upload: %s cannot be read\n", path);
        return false;
    }
    long length = ftell(upload.file);
    const char *slash = strrchr(path, '/');
    const ferry_form_part part = {
        .name = field,
        .file_name = slash != NULL ? slash + 1 : path,
        .content_type = "application/octet-stream",
        .read = read_file,
        .rewind = rewind_file,
        .ctx = upload.file,
        .read_length = length,
    };
    upload.form = ferry_form_new(NULL);
    if (length < 0 || rewind_file(upload.file) != FERRY_OK || upload.form == NULL) {
        fprintf(stderr, "upload: %s cannot be read\n", path);
        return false;
    }
    if (ferry_form_add(upload.form, &part) != FERRY_OK) {
        fprintf(stderr, "upload: %s\n", ferry_form_get_error_detail(upload.form));
        return false;
    }
    return true;
}

static void begin(const char *url) {
    const char *const headers[] = {ferry_form_get_header(upload.form), NULL};
    const ferry_session_request request = {
        .url = url,
        .method = FERRY_METHOD_POST,
        .headers = headers,
        .body_read = ferry_form_read,
        .body_rewind = ferry_form_rewind,
        .body_ctx = upload.form,
        .body_read_length = ferry_form_get_length(upload.form),
    };
    upload.transfer = ferry_session_start(upload.session, &request);
}

static int finish(void) {
    bool is_ok = upload.transfer != NULL && ferry_transfer_is_ok(upload.transfer);
    if (upload.transfer != NULL) {
        size_t length;
        const void *body = ferry_transfer_get_body(upload.transfer, &length);
        is_ok = fwrite(body, 1, length, stdout) == length && is_ok;
        if (!is_ok) {
            fprintf(stderr, "upload: %s\n", ferry_transfer_get_error_detail(upload.transfer));
        }
    }
    ferry_transfer_free(upload.transfer);
    ferry_session_free(upload.session);
    ferry_form_free(upload.form);
    if (upload.file != NULL) {
        fclose(upload.file);
    }
    return fflush(stdout) == 0 && is_ok ? EXIT_SUCCESS : EXIT_FAILURE;
}

static size_t frame(int timeout_ms) {
    return ferry_session_poll(upload.session, timeout_ms);
}

int main(int argc, char **argv) {
    standard_files_open();
    if (argc != 4) {
        fprintf(stderr, "usage: upload URL FIELD FILE\n");
        return 2;
    }
    upload.session = ferry_session_new(NULL);
    if (upload.session == NULL) {
        fprintf(stderr, "upload: out of memory\n");
        return EXIT_FAILURE;
    }
    if (!open_form(argv[2], argv[3])) {
        return finish();
    }
    begin(argv[1]);
    return main_loop_run(frame, -1, finish);
}
