/* SPDX-License-Identifier: MIT */
/* fuzz_tls: a client and a server in memory whose bytes are changed and cut on their way: nothing
 * that was not sent is ever read, and the client always comes to an end. The input is the version,
 * how the bytes are cut, and then changes of five bytes each: direction, distance (two bytes), what
 * is done, with which byte. */
#include "tls_peer.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { HEADER = 3, CHANGE = 5, MOST_POLLS = 3000 };

typedef struct tampering {
    const uint8_t *changes;
    size_t count;
    size_t next[2];  /* of either direction */
    size_t place[2]; /* where the last change was */
    size_t passed[2];
    bool changed;
} tampering;

static void require(bool holds) {
    if (!holds) {
        abort();
    }
}

static size_t find_next(const tampering *all, size_t at, bool to_client) {
    while (at < all->count && ((all->changes[at * CHANGE] & 1) != 0) != to_client) {
        at++;
    }
    return at;
}

static void tamper(void *ctx, bool to_client, unsigned char *bytes, size_t *length) {
    tampering *all = ctx;
    size_t whole = *length;
    for (;;) {
        size_t at = find_next(all, all->next[to_client], to_client);
        if (at == all->count) {
            break;
        }
        const uint8_t *change = all->changes + at * CHANGE;
        size_t place = all->place[to_client] + change[1] + 256u * change[2];
        if (place >= all->passed[to_client] + whole) {
            break;
        }
        all->next[to_client] = at + 1;
        all->place[to_client] = place;
        size_t offset = place - all->passed[to_client];
        if (place < all->passed[to_client] || offset >= *length) {
            continue;
        }
        if (change[3] % 3 == 0) {
            bytes[offset] ^= change[4];
            all->changed |= change[4] != 0;
        } else if (change[3] % 3 == 1) {
            all->changed |= bytes[offset] != change[4];
            bytes[offset] = change[4];
        } else {
            *length = offset; /* what follows is lost */
            all->changed = true;
        }
    }
    all->passed[to_client] += whole;
}

static void run(ferry_client *client) {
    char text[64];
    size_t total = 0;
    bool requested = false;
    for (int i = 0; i < MOST_POLLS; i++) {
        ferry_status status = ferry_client_get_status(client);
        ferry_error error = ferry_client_poll(client);
        if (error != FERRY_OK || status == FERRY_STATUS_DISCONNECTED) {
            break;
        }
        if (status == FERRY_STATUS_CONNECTED) {
            if (requested) {
                break;
            }
            requested = true;
            ferry_client_request(client, FERRY_METHOD_GET, "/", NULL, NULL);
        }
        size_t length = 0;
        if (ferry_client_get_status(client) == FERRY_STATUS_BODY &&
            ferry_client_read_response_body(client, text + total, sizeof text - total, &length) ==
                FERRY_OK) {
            total += length;
        }
    }
    require(total <= 5 && memcmp(text, "hello", total) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < HEADER) {
        return 0;
    }
    tampering all = {.changes = data + HEADER, .count = (size - HEADER) / CHANGE};
    tls_peer_behaviour behaviour = {
        .version = data[0] % 3 == 0 ? 0 : (data[0] % 3 == 1 ? 12 : 13),
        .piece = data[1],
        .room = data[2],
        .pause = (data[0] & 0x80) != 0,
        .ends = (data[0] & 0x40) != 0,
        .asks_again = (data[0] & 0x20) != 0,
        .tamper = tamper,
        .tamper_ctx = &all,
    };
    ferry_tls_options tls = {.ca_pem = tls_peer_certificate()};
    ferry_client *client = ferry_client_new(NULL);
    tls_peer *peer = tls_peer_new(&behaviour);
    require(client != NULL && peer != NULL);
    require(ferry_client_set_connection(client, tls_peer_stream(peer)) == FERRY_OK);
    require(ferry_client_start_tls(client, "peer.example", &tls) == FERRY_OK);
    run(client);
    ferry_client_free(client);
    require(tls_peer_is_closed(peer));
    tls_peer_free(peer);
    return 0;
}
