/* SPDX-License-Identifier: MIT */
/* address: numeric addresses, from text and to text, without asking anybody. */
#include "platform.h"

#include "base/number.h"

#include <arpa/inet.h>
#include <assert.h>
#include <limits.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

static_assert(sizeof(struct sockaddr_storage) <= FERRY_ADDRESS_SIZE, "an address does not fit");

static bool from_ipv4(const char *host, uint16_t port, ferry_address *address) {
    struct sockaddr_in ipv4;
    memset(&ipv4, 0, sizeof ipv4);
    ipv4.sin_family = AF_INET;
    ipv4.sin_port = htons(port);
    if (inet_pton(AF_INET, host, &ipv4.sin_addr) != 1) {
        return false;
    }
    memcpy(address->storage, &ipv4, sizeof ipv4);
    address->length = sizeof ipv4;
    address->is_ipv6 = false;
    return true;
}

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

static bool from_ipv6(const char *host, uint16_t port, ferry_address *address) {
    struct sockaddr_in6 ipv6;
    memset(&ipv6, 0, sizeof ipv6);
    ipv6.sin6_family = AF_INET6;
    ipv6.sin6_port = htons(port);
    char digits[INET6_ADDRSTRLEN];
    const char *zone = strchr(host, '%');
    size_t length = zone != NULL ? (size_t)(zone - host) : strlen(host);
    if (length >= sizeof digits) {
        return false;
    }
    memcpy(digits, host, length);
    digits[length] = '\0';
    if (inet_pton(AF_INET6, digits, &ipv6.sin6_addr) != 1) {
        return false;
    }
    if (zone != NULL) {
        ipv6.sin6_scope_id = zone_index(zone + 1);
        if (ipv6.sin6_scope_id == 0) {
            return false;
        }
    }
    memcpy(address->storage, &ipv6, sizeof ipv6);
    address->length = sizeof ipv6;
    address->is_ipv6 = true;
    return true;
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
    return from_ipv4(host, port, address) || from_ipv6(host, port, address);
}

void ferry_address_to_text(const ferry_address *address, char text[FERRY_ADDRESS_TEXT_SIZE]) {
    if (address->is_ipv6) {
        ipv6_to_text(address, text);
    } else {
        ipv4_to_text(address, text);
    }
}
