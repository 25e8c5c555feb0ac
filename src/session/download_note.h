/* SPDX-License-Identifier: MIT */
/* download_note: what is kept beside a file that was downloaded, or a part of one, as text. */
#ifndef FERRY_SESSION_DOWNLOAD_NOTE_H
#define FERRY_SESSION_DOWNLOAD_NOTE_H

#include "base/context.h"
#include "base/span.h"

typedef struct ferry_download_note {
    ferry_span url;      /* of the request, without a fragment */
    ferry_span etag;     /* empty: none */
    ferry_span modified; /* Last-Modified; empty: none */
    int64_t length;      /* of the whole; -1: not known */
} ferry_download_note;

/* The text with its NUL; NULL: there is no memory for it, or it would be too long to be read. */
char *ferry_download_note_write(const ferry_context *context, const ferry_download_note *note);

/* False: the text is no whole note. What is read lies in the text. */
bool ferry_download_note_read(const char *text, ferry_download_note *note);

/* Binds a note to a file as it is now: a line that goes before the note. */
enum { FERRY_NOTE_BINDING_SIZE = 64 };
void ferry_download_note_bind(char binding[FERRY_NOTE_BINDING_SIZE], int64_t modified_s,
                              int64_t length);

/* The note behind its line. *is_bound: the file is as it was then. */
const char *ferry_download_note_unbind(const char *text, int64_t modified_s, int64_t length,
                                       bool *is_bound);

#endif
