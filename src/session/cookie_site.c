/* SPDX-License-Identifier: MIT */
/* cookie_site: hosts are brought to one form before anything is compared, or looked up. */
#include "cookie_site.h"

#include "public_suffix.h"
#include "url/host.h"
#include "url/ip.h"

bool ferry_cookie_host_write(ferry_span host, char dst[FERRY_COOKIE_HOST_SIZE]) {
    host = ferry_host_without_dot(host);
    if (host.length == 0 || host.length >= FERRY_COOKIE_HOST_SIZE) {
        return false;
    }
    char before = '.';
    for (size_t i = 0; i < host.length; i++) {
        if (host.data[i] == '.' && before == '.') {
            return false;
        }
        before = host.data[i];
        dst[i] = ferry_ascii_lower(before);
    }
    dst[host.length] = '\0';
    return before != '.';
}

bool ferry_cookie_host_is_address(ferry_span host) {
    ferry_ip ip;
    ferry_ip_cut_zone(&host);
    return ferry_ip_read(host, &ip);
}

bool ferry_cookie_domain_matches(ferry_span host, ferry_span domain) {
    return ferry_span_equals(host, domain) ||
           (ferry_host_is_below(host, domain) && !ferry_cookie_host_is_address(host));
}

bool ferry_cookie_domain_choose(ferry_span host, ferry_cookie_parts *parts,
                                char room[FERRY_COOKIE_HOST_SIZE]) {
    ferry_span named = parts->domain;
    bool has_domain = named.length > 0;
    parts->domain = host;
    parts->host_only = true;
    if (!has_domain) {
        return true;
    }
    if (!ferry_cookie_host_write(named, room)) {
        return false;
    }
    ferry_span domain = ferry_span_of(room);
    if (!ferry_cookie_domain_matches(host, domain)) {
        return false;
    }
    if (ferry_cookie_host_is_address(host) || !ferry_public_suffix_has_list()) {
        return true;
    }
    if (ferry_public_suffix_matches(room)) {
        return domain.length == host.length;
    }
    parts->domain = domain;
    parts->host_only = false;
    return true;
}
