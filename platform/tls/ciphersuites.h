/* SPDX-License-Identifier: MIT */
/* ciphersuites: which cipher suites are offered, and in which order. */
#ifndef FERRY_TLS_CIPHERSUITES_H
#define FERRY_TLS_CIPHERSUITES_H

#include "ferry.h"

enum { FERRY_TLS_SUITES = 9 };

/* Every cipher suite that is offered, in order, and 0 behind the last. */
const int *ferry_tls_suites(ferry_tls_cipher first);

#endif
