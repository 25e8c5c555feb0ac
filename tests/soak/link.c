/* SPDX-License-Identifier: MIT */
/* link: draws the faults of a connection from its seed. */
#include "link.h"

#include "chance.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FLAG_TLS = 1, FLAG_TUNNEL = 2, FLAG_STEADY = 4, FLAGS = 7 };

uint64_t link_seed(uint64_t seed, bool is_tls, bool is_tunnel, bool is_steady) {
    uint64_t flags =
        (is_tls ? FLAG_TLS : 0) | (is_tunnel ? FLAG_TUNNEL : 0) | (is_steady ? FLAG_STEADY : 0);
    return (seed & ~(uint64_t)FLAGS) | flags;
}

soak_link link_make(uint64_t seed) {
    soak_chance chance = chance_of(seed);
    bool is_tunnel = (seed & FLAG_TUNNEL) != 0;
    soak_link link = {
        .after = chance_size(&chance, 60000),
        .interims = chance_is(&chance, 20) ? (int)chance_between(&chance, 1, 3) : 0,
        .has_length = chance_is(&chance, 20),
    };
    static const int refusals[] = {400, 403, 407, 500, 502, 504};
    link.refusal = refusals[chance_below(&chance, 6)];
    bool is_faulty = chance_is(&chance, 12) && (seed & FLAG_STEADY) == 0;
    if (is_faulty && is_tunnel && chance_is(&chance, 60)) {
        link.fault =
            (link_fault)chance_between(&chance, LINK_FAULT_REFUSED, LINK_FAULT_GARBAGE_REPLY);
    } else if (is_faulty && (seed & FLAG_TLS) != 0) {
        link.fault = (link_fault)chance_between(&chance, LINK_FAULT_CUT, LINK_FAULT_GARBLE);
    } else if (is_faulty) {
        link.fault = (link_fault)chance_between(&chance, LINK_FAULT_RESET, LINK_FAULT_STALL);
    }
    return link;
}

void link_write_name(uint64_t seed, char *dst) {
    snprintf(dst, LINK_NAME_SIZE, "c%llx.soak.test", (unsigned long long)seed);
}

uint64_t link_read_name(const char *name, size_t length) {
    char text[LINK_NAME_SIZE];
    char *end;
    if (length >= sizeof text || length < 2 || name[0] != 'c') {
        return 0;
    }
    memcpy(text, name, length);
    text[length] = '\0';
    uint64_t seed = strtoull(text + 1, &end, 16);
    return strncmp(end, ".soak.test", 10) == 0 ? seed : 0;
}

bool link_stalls(const soak_link *link) {
    return link->fault == LINK_FAULT_STALL || link->fault == LINK_FAULT_GARBLE ||
           link->fault == LINK_FAULT_STALL_REPLY;
}

unsigned link_permits(const soak_link *link) {
    unsigned ends =
        SCRIPT_PERMIT(FERRY_ERROR_CONNECTION_ERROR) | SCRIPT_PERMIT(FERRY_ERROR_CANT_CONNECT) |
        SCRIPT_PERMIT(FERRY_ERROR_TLS_HANDSHAKE) | SCRIPT_PERMIT(FERRY_ERROR_BODY_TRUNCATED);
    switch (link->fault) {
    case LINK_FAULT_NONE:
        return 0;
    case LINK_FAULT_CUT:
    case LINK_FAULT_RESET:
        return ends;
    case LINK_FAULT_STALL:
        return SCRIPT_PERMIT(FERRY_ERROR_TIMEOUT);
    case LINK_FAULT_GARBLE:
        return ends | SCRIPT_PERMIT(FERRY_ERROR_TIMEOUT) |
               SCRIPT_PERMIT(FERRY_ERROR_TLS_CERTIFICATE);
    case LINK_FAULT_REFUSED:
    case LINK_FAULT_REFUSED_AND_CLOSED:
        return SCRIPT_PERMIT(FERRY_ERROR_CANT_CONNECT);
    case LINK_FAULT_CUT_REPLY:
        return SCRIPT_PERMIT(FERRY_ERROR_CANT_CONNECT) |
               SCRIPT_PERMIT(FERRY_ERROR_CONNECTION_ERROR);
    case LINK_FAULT_STALL_REPLY:
        return SCRIPT_PERMIT(FERRY_ERROR_TIMEOUT);
    case LINK_FAULT_GARBAGE_REPLY:
        return SCRIPT_PERMIT(FERRY_ERROR_CANT_CONNECT) | SCRIPT_PERMIT(FERRY_ERROR_PROTOCOL);
    }
    return 0;
}

bool link_is_refused(const soak_link *link) {
    return link->fault >= LINK_FAULT_REFUSED;
}

const char *link_describe(const soak_link *link) {
    static const char *const names[] = {"none",
                                        "cut",
                                        "reset",
                                        "stall",
                                        "garble",
                                        "refused",
                                        "refused and closed",
                                        "cut reply",
                                        "stalled reply",
                                        "garbage reply"};
    return names[link->fault];
}
