/* SPDX-License-Identifier: MIT */
/* ferry_form: forms with files, written as the body of a request. */
#include "ferry.h" /* which includes this file where it has its place */

#ifndef FERRY_FORM_H
#define FERRY_FORM_H

#ifdef __cplusplus
extern "C" {
#endif

/* Writes a form with its files as the body of a request (multipart/form-data: RFC 7578), piece by
 * piece, so that nothing of a file needs to be in memory:
 *
 *     ferry_form *form = ferry_form_new(NULL);
 *     ferry_form_part title = {.name = "title", .data = "Mole", .data_length = 4};
 *     ferry_form_part picture = {
 *         .name = "picture", .file_name = "mole.png", .content_type = "image/png",
 *         .read = read_file, .rewind = rewind_file, .ctx = file, .read_length = size,
 *     };
 *     ferry_error error = ferry_form_add(form, &title);
 *     if (error == FERRY_OK) error = ferry_form_add(form, &picture);
 *     ...
 *     const char *headers[] = {ferry_form_get_header(form), NULL};
 *     ferry_request request = {
 *         .method = FERRY_METHOD_POST, .url = "/upload", .headers = headers,
 *         .body_read = ferry_form_read, .body_ctx = form,
 *         .streamed_length = ferry_form_get_length(form),
 *     };
 */
typedef struct ferry_form ferry_form;

/* Starts the body that a ferry_body_read gives from its beginning again, for a request that is sent
 * once more. If it returns an error, the body cannot be given again. */
typedef ferry_error (*ferry_body_rewind)(void *ctx);

/* A part of a form. Zero what is not used. */
typedef struct ferry_form_part {
    const char *name; /* of the field; copied */

    /* A file's name, without its folder; copied. NULL: the part is no file. */
    const char *file_name;

    /* Such as "text/plain"; copied. NULL: "application/octet-stream" for a file, none for others.
     */
    const char *content_type;

    /* The bytes. They must stay until the form is freed, unless they are copied. */
    const void *data;
    size_t data_length;
    bool copy_data;

    /* A function gives the bytes; `data` must be NULL. It is called within ferry_form_read(), until
     * it has given read_length bytes; if that is negative, until it says that they have ended. */
    ferry_body_read read;
    ferry_body_rewind rewind; /* NULL: once it was read, it cannot be read again */
    void *ctx;                /* the first argument of both */
    int64_t read_length;
} ferry_form_part;

/* An empty form, with a boundary of 128 random bits, which no data contains. The allocator may be
 * NULL. If only some of its functions are given, or the system gives no random bytes, what adds and
 * reads fails. NULL: no memory. */
ferry_form *ferry_form_new(const ferry_allocator *allocator);

/* NULL is legal. */
void ferry_form_free(ferry_form *form);

/* Adds a part behind the others. Names are written as browsers write them (HTML standard section
 * 4.10.21.8): '"', CR and LF as "%22", "%0D" and "%0A", each line break in `name` as "%0D%0A"; all
 * else as it is, for which UTF-8 is what servers expect. Nothing is changed in the data.
 *
 * FERRY_ERROR_INVALID_PARAMETER: there is no name; the content type is empty or has a control
 *                                character; there are both data and `read`, or a length without
 *                                data; the allocator is half of one.
 * FERRY_ERROR_TOO_LARGE:         the names and the type have more than 64 KiB as they are written,
 *                                data to be copied more than 1 GiB, the form more than INT64_MAX.
 * FERRY_ERROR_BUSY:              reading has begun; rewind the form first.
 * FERRY_ERROR_FAILED:            the system gives no random bytes.
 * FERRY_ERROR_OUT_OF_MEMORY */
ferry_error ferry_form_add(ferry_form *form, const ferry_form_part *part);

/* The value of Content-Type, "multipart/form-data; boundary=...", and the whole header line,
 * "Content-Type: multipart/form-data; boundary=...". Valid until the form is freed. */
const char *ferry_form_get_content_type(const ferry_form *form);
const char *ferry_form_get_header(const ferry_form *form);

/* The length of the body, as ferry_request.streamed_length wants it; -1: not known, for a part has
 * no known length. */
int64_t ferry_form_get_length(const ferry_form *form);

/* A ferry_body_read whose first argument is the form. Where a part is read, what its `read` gave is
 * given at once; otherwise `dst` is filled. After an error all further calls fail with it, until
 * ferry_form_rewind().
 *
 * An error of `read`
 * FERRY_ERROR_INVALID_PARAMETER: `read` ended before read_length, or gave more than there was room
 *                                for; the allocator is half of one.
 * FERRY_ERROR_FAILED:            the system gives no random bytes. */
ferry_error ferry_form_read(void *form, void *dst, size_t capacity, size_t *length);

/* A ferry_body_rewind: the next read begins at the beginning.
 *
 * An error of `rewind`
 * FERRY_ERROR_UNAVAILABLE: a part that was read has no `rewind`. */
ferry_error ferry_form_rewind(void *form);

/* What was wrong in the last call that failed, as a sentence; "" before that. */
const char *ferry_form_get_error_detail(const ferry_form *form);

#ifdef __cplusplus
}
#endif

#endif
