/* SPDX-License-Identifier: MIT */
/* ip: addresses as text, read and written without the help of the system. */
#ifndef FERRY_URL_IP_H
#define FERRY_URL_IP_H

#include "base/span.h"

/* In the order of the network: 4 bytes are an IPv4 address, 16 an IPv6 one. */
typedef struct ferry_ip {
    unsigned char bytes[16];
    size_t length;
} ferry_ip;

/* Four decimal numbers, no more zeros than needed. */
bool ferry_ip_read_v4(ferry_span text, ferry_ip *ip);

/* In the forms of RFC 4291 section 2.2; no brackets, no zone. */
bool ferry_ip_read_v6(ferry_span text, ferry_ip *ip);

/* One of the two. */
bool ferry_ip_read(ferry_span text, ferry_ip *ip);

/* Cuts off "%zone" (RFC 4007 section 11). Returns the zone; its `data` is NULL where there is none.
 */
ferry_span ferry_ip_cut_zone(ferry_span *text);

/* True for a host that URLs take for an IPv4 address or for a mistake: its last part is a number
 * (URL standard, ends-in-a-number checker). */
bool ferry_ip_is_meant_as_v4(ferry_span host);

/* In the forms that URLs may have: one to four numbers, decimal, octal after "0", hexadecimal after
 * "0x", the last of which fills what is left (URL standard, IPv4 parser). */
bool ferry_ip_read_url_v4(ferry_span host, ferry_ip *ip);

/* True where both are of one kind, and begin with the same `bits` bits. */
bool ferry_ip_is_within(const ferry_ip *ip, const ferry_ip *net, int64_t bits);

/* The one form that is recommended (RFC 5952 section 4), without NUL. Returns its length. */
enum { FERRY_IP_TEXT_SIZE = sizeof "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" - 1 };
size_t ferry_ip_write(const ferry_ip *ip, char dst[FERRY_IP_TEXT_SIZE]);

#endif
