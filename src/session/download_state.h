/* SPDX-License-Identifier: MIT */
/* download_state: what a transfer to a file knows of the file, and what it asks for therefore. */
#ifndef FERRY_SESSION_DOWNLOAD_STATE_H
#define FERRY_SESSION_DOWNLOAD_STATE_H

#include "disk.h"
#include "download_note.h"
#include "session_state.h"

typedef enum ferry_download_step {
    FERRY_DOWNLOAD_NEW,
    FERRY_DOWNLOAD_LOOKS,       /* the disk looks at what is there */
    FERRY_DOWNLOAD_HASHES_OLD,  /* the file that may be current */
    FERRY_DOWNLOAD_HASHES_PART, /* the part that may be continued */
    FERRY_DOWNLOAD_READY,       /* for a request */
} ferry_download_step;

struct ferry_download {
    ferry_download_step step;
    bool is_repeatable;  /* a GET whose lines leave room for those below */
    bool is_inspected;   /* the file was looked for: it is begun anew, not made anew */
    char *url;           /* of the request, without a fragment; NULL: no note is kept */
    char *etag;          /* of the bytes that are there; NULL: none */
    char *modified;      /* the same: Last-Modified */
    bool is_strong_date; /* `modified` serves for If-Range */
    bool is_coded;       /* the bytes have lost a coding: no server counts them as we do */
    int64_t offset;      /* bytes that are there, which a request may continue */
    int64_t total;       /* of the whole; -1: not known */
    bool asks_range;     /* the request that is under way */
    char *old_etag;      /* of the file at the path, for If-None-Match */
    char *old_modified;  /* the same, for If-Modified-Since */
    char *lines;         /* of the request that is under way, one behind the other */
    bool is_ending;      /* it ends once its file is settled: so */
    ferry_error end;
};

/* ---- download_state.c ---- */

/* INVALID_PARAMETER, with a detail: the request cannot be one with `resume` or `if_changed`. */
FERRY_MUST_USE ferry_error ferry_download_check(ferry_transfer *transfer);

/* Takes what the disk has found: the part that can be continued, and what the old file is. */
FERRY_MUST_USE ferry_error ferry_download_take_findings(ferry_transfer *transfer);

/* The bytes that are there are of no use. */
void ferry_download_forget_part(ferry_transfer *transfer);
void ferry_download_forget_old(ferry_transfer *transfer);

/* What If-Range says of the bytes that are there; NULL: they cannot be continued. */
const char *ferry_download_get_validator(const ferry_download *download);

/* Takes the validators of the response, whose body is to be kept. */
FERRY_MUST_USE ferry_error ferry_download_take_response(ferry_transfer *transfer);

/* True for a 206 that continues the bytes that are there. */
bool ferry_download_fits(const ferry_transfer *transfer);

/* True for a 416 that says that all bytes are there. */
bool ferry_download_is_whole(const ferry_transfer *transfer);

/* Lists the lines of the next request, FERRY_DOWNLOAD_MAX_LINES at most. OUT_OF_MEMORY. */
FERRY_MUST_USE ferry_error ferry_download_list_lines(ferry_transfer *transfer, const char **lines,
                                                     size_t *count);

/* The note of the part, or of the whole; NULL: none can be kept. To be freed. */
char *ferry_download_write_note(const ferry_transfer *transfer, bool is_part);

void ferry_download_deinit(ferry_transfer *transfer);

#endif
