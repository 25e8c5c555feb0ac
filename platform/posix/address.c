/* SPDX-License-Identifier: MIT */
/* address: reads and writes numeric addresses, without asking a name server. */
#include "platform.h"

#include "base/number.h"
#include "url/ip.h"

#include <arpa/inet.h>
#include <assert.h>
#include <limits.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

static_assert(sizeof(struct sockaddr_storage) <= FERRY_ADDRESS_SIZE, "an address does not fit");

/* An interface's name, or its number in decimal (RFC 4007 section 11.2). 0: neither. */
static uint32_t zone_index(const char *zone) {
    unsigned index = if_nametoindex(zone);
    if (index != 0) {
        return (uint32_t)index;
    }
    int64_t number;
    bool is_number = ferry_decimal_read(ferry_span_of(zone), &number) && number <= INT_MAX;
    return is_number ? (uint32_t)number : 0;
}

static void address_set_ipv4(ferry_address *address, const ferry_ip *ip, uint16_t port) {
    struct sockaddr_in ipv4;
    memset(&ipv4, 0, sizeof ipv4);
    ipv4.sin_family = AF_INET;
    ipv4.sin_port = htons(port);
    memcpy(&ipv4.sin_addr, ip->bytes, sizeof ipv4.sin_addr);
    memcpy(address->storage, &ipv4, sizeof ipv4);
    address->length = sizeof ipv4;
    address->is_ipv6 = false;
}

static void address_set_ipv6(ferry_address *address, const ferry_ip *ip, uint16_t port,
                             uint32_t zone) {
    struct sockaddr_in6 ipv6;
    memset(&ipv6, 0, sizeof ipv6);
    ipv6.sin6_family = AF_INET6;
    ipv6.sin6_port = htons(port);
    ipv6.sin6_scope_id = zone;
    memcpy(&ipv6.sin6_addr, ip->bytes, sizeof ipv6.sin6_addr);
    memcpy(address->storage, &ipv6, sizeof ipv6);
    address->length = sizeof ipv6;
    address->is_ipv6 = true;
}

static void ipv4_to_text(const ferry_address *address, char text[FERRY_ADDRESS_TEXT_SIZE]) {
    struct sockaddr_in ipv4;
    memcpy(&ipv4, address->storage, sizeof ipv4);
    char digits[INET_ADDRSTRLEN] = "";
    inet_ntop(AF_INET, &ipv4.sin_addr, digits, sizeof digits);
    snprintf(text, FERRY_ADDRESS_TEXT_SIZE, "%s:%u", digits, (unsigned)ntohs(ipv4.sin_port));
}

static void ipv6_to_text(const ferry_address *address, char text[FERRY_ADDRESS_TEXT_SIZE]) {
    struct sockaddr_in6 ipv6;
    memcpy(&ipv6, address->storage, sizeof ipv6);
    char digits[INET6_ADDRSTRLEN] = "";
    inet_ntop(AF_INET6, &ipv6.sin6_addr, digits, sizeof digits);
    char zone[1 + IF_NAMESIZE] = "";
    unsigned index = (unsigned)ipv6.sin6_scope_id;
    if (index != 0) {
        zone[0] = '%';
        if (if_indextoname(index, zone + 1) == NULL) {
            snprintf(zone, sizeof zone, "%%%u", index);
        }
    }
    snprintf(text, FERRY_ADDRESS_TEXT_SIZE, "[%s%s]:%u", digits, zone,
             (unsigned)ntohs(ipv6.sin6_port));
}

bool ferry_address_from_literal(const char *host, uint16_t port, ferry_address *address) {
    ferry_ip ip;
    ferry_span text = ferry_span_of(host);
    if (ferry_ip_read_v4(text, &ip)) {
        address_set_ipv4(address, &ip, port);
        return true;
    }
    ferry_span zone = ferry_ip_cut_zone(&text);
    if (!ferry_ip_read_v6(text, &ip)) {
        return false;
    }
    uint32_t index =
        zone.data != NULL ? zone_index(zone.data) : 0; /* the zone ends where the host does */
    if (zone.data != NULL && index == 0) {
        return false;
    }
    address_set_ipv6(address, &ip, port, index);
    return true;
}

void ferry_address_to_text(const ferry_address *address, char text[FERRY_ADDRESS_TEXT_SIZE]) {
    if (address->is_ipv6) {
        ipv6_to_text(address, text);
    } else {
        ipv4_to_text(address, text);
    }
}
