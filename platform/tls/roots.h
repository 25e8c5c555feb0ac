/* SPDX-License-Identifier: MIT */
/* roots: the trusted authorities, which are read once and shared. */
#ifndef FERRY_TLS_ROOTS_H
#define FERRY_TLS_ROOTS_H

#include "base/context.h"

#include <mbedtls/x509_crt.h>

typedef struct ferry_tls_roots ferry_tls_roots;

/* The system's authorities. Those that are in memory already are used again where the environment
 * is as it was. Otherwise a thread reads them, and they are there when ferry_tls_roots_poll() says
 * so; where no thread can be had, this call reads them. OUT_OF_MEMORY; where this call reads them,
 * the errors of ferry_tls_roots_poll() too. */
ferry_error ferry_tls_roots_of_system(ferry_context *context, ferry_tls_roots **roots);

/* The authorities that the options bring. INVALID_PARAMETER, OUT_OF_MEMORY. */
ferry_error ferry_tls_roots_of_options(ferry_context *context, const ferry_tls_options *options,
                                       ferry_tls_roots **roots);

/* Each of the two calls above has its release. */
void ferry_tls_roots_release(ferry_tls_roots *roots);

/* The list itself: its address is the same from the beginning on. Look at its contents only when
 * the authorities are ready. */
mbedtls_x509_crt *ferry_tls_roots_chain(ferry_tls_roots *roots);

/* Whether the authorities are ready. UNAVAILABLE: there are none, and the detail says where they
 * were looked for. FAILED: they could not be read. OUT_OF_MEMORY. After an error the answer stays
 * the same: to try again, ask for the system's authorities again. */
ferry_error ferry_tls_roots_poll(ferry_tls_roots *roots, ferry_context *context, bool *ready);

/* The descriptor that becomes ready for reading when the authorities are ready. It lasts from
 * begin_wait to end_wait. */
ferry_descriptor ferry_tls_roots_begin_wait(ferry_tls_roots *roots);
void ferry_tls_roots_end_wait(ferry_tls_roots *roots);

#endif
