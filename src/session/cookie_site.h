/* SPDX-License-Identifier: MIT */
/* cookie_site: for which hosts a cookie is (RFC 6265bis section 5.1.3, and 5.7, steps 7 to 10). */
#ifndef FERRY_SESSION_COOKIE_SITE_H
#define FERRY_SESSION_COOKIE_SITE_H

#include "cookie.h"

enum { FERRY_COOKIE_HOST_SIZE = 256 };

/* Writes a host as hosts are compared: in lower case, without the root's dot. False: it is too long
 * to be one, or a label of it is empty. */
bool ferry_cookie_host_write(ferry_span host, char dst[FERRY_COOKIE_HOST_SIZE]);

/* True for IPv4 and IPv6 addresses, with or without a zone. */
bool ferry_cookie_host_is_address(ferry_span host);

/* True where a host, written as above, is in the domain. */
bool ferry_cookie_domain_matches(ferry_span host, ferry_span domain);

/* Decides `domain` and `host_only` of a cookie from that host. Where it is an address, or where
 * nobody knows which domains strangers share, Domain changes nothing but that it must match. `room`
 * takes the domain. False: the host may not set it. */
bool ferry_cookie_domain_choose(ferry_span host, ferry_cookie_parts *parts,
                                char room[FERRY_COOKIE_HOST_SIZE]);

#endif
