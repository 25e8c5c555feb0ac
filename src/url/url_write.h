/* SPDX-License-Identifier: MIT */
/* url_write: writes the parts of a URL as the URL standard's parser makes them. */
#ifndef FERRY_URL_URL_WRITE_H
#define FERRY_URL_URL_WRITE_H

#include "url_parts.h"

/* Appends to the caller's storage, which the public call has found large enough. */
typedef struct ferry_url_writer {
    char *data;
    size_t length;
    size_t capacity;
} ferry_url_writer;

void ferry_url_put(ferry_url_writer *writer, char c);
void ferry_url_put_text(ferry_url_writer *writer, ferry_span text);

/* Writes the host, without brackets. Returns a sentence, or NULL. */
const char *ferry_url_write_host(const ferry_url_parts *parts, ferry_url_writer *writer);

/* Stores the port, the scheme's where there is none. Returns a sentence, or NULL. */
const char *ferry_url_read_port(const ferry_url_parts *parts, int *port);

/* "user:password". */
void ferry_url_write_userinfo(ferry_span userinfo, ferry_url_writer *writer);

/* Writes the path behind the folder of a base: what is in `base` up to its last slash. Its `data`
 * is NULL where the path is absolute. Begins with a slash. */
void ferry_url_write_path(ferry_span base, ferry_span path, ferry_url_writer *writer);

/* "?query"; nothing where there is none. */
void ferry_url_write_query(ferry_span query, ferry_url_writer *writer);

/* Without "#". */
void ferry_url_write_fragment(ferry_span fragment, ferry_url_writer *writer);

#endif
