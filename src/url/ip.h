/* SPDX-License-Identifier: MIT */
/* ip: addresses as text, read without the help of the system (RFC 4291 section 2.2). */
#ifndef FERRY_URL_IP_H
#define FERRY_URL_IP_H

#include "base/span.h"

/* Four decimal numbers, no more zeros than needed, as two pieces of 16 bits. */
bool ferry_ip_read_v4(ferry_span text, uint16_t pieces[2]);

/* In the forms that the URL standard's IPv6 parser takes; no brackets, no zone. */
bool ferry_ip_read_v6(ferry_span text, uint16_t pieces[8]);

#endif
