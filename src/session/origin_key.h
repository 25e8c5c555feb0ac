/* SPDX-License-Identifier: MIT */
/* origin_key: what two requests must have in common to share connections: scheme, host, port, and
 * the whole content of the TLS options. */
#ifndef FERRY_SESSION_ORIGIN_KEY_H
#define FERRY_SESSION_ORIGIN_KEY_H

#include "base/buffer.h"

/* Writes the key of this URL's origin: "https://host", NUL, ":port", NUL, and the options, which
 * count for https alone. `tls` NULL, and zeroed options: the library's defaults. OUT_OF_MEMORY;
 * TOO_LARGE past the buffer's limit. */
FERRY_MUST_USE ferry_error ferry_origin_key_write(ferry_buffer *key, ferry_context *context,
                                                  const ferry_url *url,
                                                  const ferry_tls_options *tls);

/* The options alone; nothing is written for none, and for zeroed ones. Errors as above. */
FERRY_MUST_USE ferry_error ferry_origin_key_write_tls(ferry_buffer *key, ferry_context *context,
                                                      const ferry_tls_options *tls);

/* How many pins the options have that the bytes hold. */
size_t ferry_origin_key_count_pins(const char *bytes, size_t length);

/* Reads options back that were written: their texts point into the bytes, their pins are stored to
 * `pins`, which has room for all and a NULL. False: the bytes hold none. */
bool ferry_origin_key_read_tls(const char *bytes, size_t length, const char **pins,
                               ferry_tls_options *tls);

uint64_t ferry_origin_key_hash(const char *key, size_t length);

#endif
