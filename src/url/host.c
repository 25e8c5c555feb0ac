/* SPDX-License-Identifier: MIT */
/* host: compares names of hosts in one place, for look-ups, rules and URLs. */
#include "host.h"

#include "base/number.h"

ferry_span ferry_host_without_dot(ferry_span host) {
    if (host.length > 0 && host.data[host.length - 1] == '.') {
        host.length--;
    }
    return host;
}

bool ferry_host_equals(ferry_span a, ferry_span b) {
    return ferry_span_equals(ferry_host_without_dot(a), ferry_host_without_dot(b));
}

bool ferry_host_is_below(ferry_span host, ferry_span domain) {
    if (host.length < domain.length + 2) {
        return false;
    }
    size_t dot = host.length - domain.length - 1;
    return host.data[dot] == '.' && ferry_span_equals(ferry_span_skip(host, dot + 1), domain);
}

bool ferry_host_is_within(ferry_span host, ferry_span domain) {
    return ferry_span_equals(host, domain) || ferry_host_is_below(host, domain);
}

bool ferry_port_read(ferry_span text, uint16_t *port) {
    int64_t number;
    if (!ferry_decimal_read(text, &number) || number < 1 || number > UINT16_MAX) {
        return false;
    }
    *port = (uint16_t)number;
    return true;
}
