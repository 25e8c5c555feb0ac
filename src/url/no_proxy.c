/* SPDX-License-Identifier: MIT */
/* no_proxy: programs read such a list a little differently. This one does what they agree on, and
 * looks up no names. */
#include "no_proxy.h"

#include "base/number.h"
#include "host.h"
#include "ip.h"

typedef struct no_proxy_rule {
    ferry_span host;
    int64_t port;   /* -1: any */
    int64_t prefix; /* "/8"; -1: none is given */
    bool is_ipv6;   /* it stands in brackets */
} no_proxy_rule;

static bool rule_read_address(ferry_span text, ferry_ip *ip) {
    ferry_ip_cut_zone(&text);
    return ferry_ip_read(text, ip);
}

/* Cuts off what stands behind the last `mark` and reads it as a number; -1 where there is none. */
static bool rule_cut_number(ferry_span *text, char mark, int64_t most, int64_t *number) {
    *number = -1;
    for (size_t i = text->length; i > 0; i--) {
        if (text->data[i - 1] == mark) {
            ferry_span digits = {text->data + i, text->length - i};
            text->length = i - 1;
            return ferry_decimal_read(digits, number) && *number <= most;
        }
    }
    return true;
}

static size_t rule_count(ferry_span text, char c) {
    size_t found = 0;
    for (size_t i = 0; i < text.length; i++) {
        found += text.data[i] == c;
    }
    return found;
}

/* "host", "host:port", "address/8", "[address]:port" */
static bool rule_read(ferry_span text, no_proxy_rule *rule) {
    rule->port = -1;
    rule->prefix = -1;
    rule->is_ipv6 = text.length > 0 && text.data[0] == '[';
    if (rule->is_ipv6) {
        const char *end = memchr(text.data, ']', text.length);
        if (end == NULL) {
            return false;
        }
        ferry_span inner = {text.data + 1, (size_t)(end - text.data) - 1};
        ferry_span rest = {end + 1, text.length - inner.length - 2};
        if (!rule_cut_number(&rest, ':', UINT16_MAX, &rule->port) ||
            !rule_cut_number(&rest, '/', 128, &rule->prefix) || rest.length > 0) {
            return false;
        }
        text = inner;
    } else if (rule_count(text, ':') == 1 &&
               !rule_cut_number(&text, ':', UINT16_MAX, &rule->port)) {
        return false;
    }
    if (rule->prefix < 0 && !rule_cut_number(&text, '/', 128, &rule->prefix)) {
        return false;
    }
    rule->host = ferry_host_without_dot(text);
    bool is_bare = text.length == 2 && text.data[0] == '*'; /* "*." is no name, nor all of them */
    return rule->host.length > 0 && !is_bare;
}

/* ".example.org" and "*.example.org" are not for the name itself. */
static bool rule_matches_name(ferry_span name, ferry_span host) {
    if (ferry_span_starts_with(name, FERRY_SPAN("*."))) {
        name = ferry_span_skip(name, 1);
    }
    return ferry_span_take_prefix(&name, FERRY_SPAN(".")) ? ferry_host_is_below(host, name)
                                                          : ferry_host_is_within(host, name);
}

/* The `ip` of the host has the length 0 where the host is a name. */
static bool rule_matches(const no_proxy_rule *rule, ferry_span host, const ferry_ip *ip) {
    ferry_ip own;
    if (rule->host.length == 1 && rule->host.data[0] == '*') {
        return rule->prefix < 0;
    }
    if (!rule_read_address(rule->host, &own)) {
        return rule->prefix < 0 && !rule->is_ipv6 && ip->length == 0 &&
               rule_matches_name(rule->host, host);
    }
    return ferry_ip_is_within(ip, &own, rule->prefix < 0 ? 8 * (int64_t)own.length : rule->prefix);
}

static bool rule_is_separator(char c) {
    return c == ',' || c == ' ' || (c >= '\t' && c <= '\r');
}

bool ferry_no_proxy_matches(ferry_span rules, ferry_span host, uint16_t port) {
    ferry_ip ip;
    host = ferry_host_without_dot(host);
    if (!rule_read_address(host, &ip)) {
        ip.length = 0; /* a name */
    }
    for (size_t at = 0; at < rules.length;) {
        size_t start = at;
        while (at < rules.length && !rule_is_separator(rules.data[at])) {
            at++;
        }
        ferry_span text = {rules.data + start, at - start};
        no_proxy_rule rule;
        at++;
        if (rule_read(text, &rule) && (rule.port < 0 || rule.port == port) &&
            rule_matches(&rule, host, &ip)) {
            return true;
        }
    }
    return false;
}
