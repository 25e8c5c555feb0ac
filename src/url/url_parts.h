/* SPDX-License-Identifier: MIT */
/* url_parts: where the parts of an http or https URL stand in its text (URL standard, basic URL
 * parser). */
#ifndef FERRY_URL_URL_PARTS_H
#define FERRY_URL_URL_PARTS_H

#include "base/span.h"
#include "ferry_url.h"

/* The pieces of the text, as they stand. `data` is NULL where there is no such piece. */
typedef struct ferry_url_parts {
    bool secure;
    bool is_bracketed;
    ferry_span userinfo; /* no "@" behind it; none where it is empty or ":" */
    ferry_span host;     /* no brackets */
    ferry_span port;     /* digits, or nothing */
    ferry_span path;     /* without its first slash */
    ferry_span query;    /* no "?" before it */
    ferry_span fragment; /* no "#" before it */
} ferry_url_parts;

/* INVALID_PARAMETER, and the sentence where it is wanted. */
ferry_error ferry_url_refuse(const char *sentence, const char **reason);

/* Cuts off the spaces and controls around a URL. Returns a sentence where one stands within that
 * browsers would drop; NULL: there is none. */
const char *ferry_url_trim(ferry_span *text);

/* Finds path, query and fragment in what is behind an authority, or in a reference without one. */
void ferry_url_split_rest(ferry_span rest, ferry_url_parts *parts);

/* Finds the authority behind a scheme, and all that follows it. Returns a sentence, or NULL. */
const char *ferry_url_split_authority(ferry_span text, ferry_url_parts *parts);

/* Finds the parts of an absolute URL. Returns a sentence, or NULL. */
const char *ferry_url_split(ferry_span text, ferry_url_parts *parts);

#endif
