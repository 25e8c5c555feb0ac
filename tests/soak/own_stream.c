/* SPDX-License-Identifier: MIT */
/* own_stream: the least that a stream must do, with pieces of random length. */
#include "own_stream.h"

#include "chance.h"
#include "require.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PAUSE_PERCENT = 10 }; /* of writes */

typedef struct own_stream {
    ferry_stream base;
    soak_chance chance;
    size_t most; /* bytes at a time */
    int descriptor;
    bool is_reset; /* an end that is read is none then */
} own_stream;

static ferry_stream_result own_classify(own_stream *own, ssize_t result, size_t *length) {
    if (result > 0) {
        *length = (size_t)result;
        return FERRY_STREAM_OK;
    }
    if (result == 0) {
        return own->is_reset ? FERRY_STREAM_FAILED : FERRY_STREAM_END;
    }
    own->is_reset = own->is_reset || errno == ECONNRESET;
    return errno == EAGAIN ? FERRY_STREAM_AGAIN : FERRY_STREAM_FAILED;
}

static ferry_stream_result own_read(ferry_stream *stream, void *dst, size_t capacity,
                                    size_t *length) {
    own_stream *own = (own_stream *)stream;
    size_t most = chance_between(&own->chance, 1, own->most);
    ssize_t result = recv(own->descriptor, dst, capacity < most ? capacity : most, 0);
    return own_classify(own, result, length);
}

static ferry_stream_result own_write(ferry_stream *stream, const ferry_slice *slices, size_t count,
                                     size_t *length) {
    own_stream *own = (own_stream *)stream;
    size_t most = chance_between(&own->chance, 1, own->most);
    (void)count;
    if (chance_is(&own->chance, PAUSE_PERCENT)) {
        return FERRY_STREAM_AGAIN;
    }
    size_t wanted = slices[0].length < most ? slices[0].length : most;
    return own_classify(own, send(own->descriptor, slices[0].data, wanted, MSG_NOSIGNAL), length);
}

static bool own_wants(ferry_stream *stream, unsigned events, ferry_wait *wait) {
    *wait = (ferry_wait){((own_stream *)stream)->descriptor, events};
    return true;
}

static ferry_stream_result own_shutdown(ferry_stream *stream) {
    shutdown(((own_stream *)stream)->descriptor, SHUT_WR);
    return FERRY_STREAM_OK;
}

static void own_destroy(ferry_stream *stream) {
    close(((own_stream *)stream)->descriptor);
    free(stream);
}

ferry_stream *own_stream_new(int port, size_t most, uint64_t seed) {
    static const ferry_stream_ops ops = {
        .read = own_read,
        .write = own_write,
        .wants = own_wants,
        .shutdown = own_shutdown,
        .destroy = own_destroy,
    };
    own_stream *own = require_memory(calloc(1, sizeof *own));
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    own->base.ops = &ops;
    own->chance = chance_of(seed);
    own->most = most;
    own->descriptor = socket(AF_INET, SOCK_STREAM, 0);
    require(connect(own->descriptor, (struct sockaddr *)&address, sizeof address) == 0 &&
                fcntl(own->descriptor, F_SETFL, O_NONBLOCK) == 0,
            "connect");
    return &own->base;
}
