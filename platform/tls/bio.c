/* SPDX-License-Identifier: MIT */
/* bio: what mbedTLS reads from and writes to: the stream beneath, and buffers between. */
#include "bio.h"

#include "codes.h"
#include "platform.h"
#include "wire/stream.h"

#include <mbedtls/ssl.h>
#include <stdlib.h>
#include <string.h>

enum {
    /* While more comes than a head and a small body: several records at once. */
    LARGE_BYTES = 65536,
    /* The rest of one record, and some alerts behind it. */
    MOST_KEPT = MBEDTLS_SSL_OUT_CONTENT_LEN + 1024,
    /* Codes of our own, for what the stream beneath said; mbedTLS hands them through. */
    BENEATH_FAILED = MBEDTLS_ERR_SSL_INTERNAL_ERROR,
};

/* ---- Reading ---- */

static char *transport_buffer(ferry_tls_transport *self) {
    return self->large != NULL ? self->large : self->small;
}

static void transport_note_first(ferry_tls_transport *self, const char *bytes, size_t length) {
    while (self->first_count < sizeof self->first_bytes && length > 0) {
        self->first_bytes[self->first_count++] = (unsigned char)*bytes++;
        length--;
    }
}

/* After a full read there is more than fits: the next one is a large one. Without memory it goes on
 * in small steps. */
static void transport_choose_buffer(ferry_tls_transport *self, size_t length) {
    if (self->large == NULL && length == sizeof self->small) {
        self->large = malloc(LARGE_BYTES);
        ferry_tls_forget_memory();
    }
}

static int transport_fail(ferry_tls_transport *self, bool in_writing) {
    self->failed = true;
    self->refused = in_writing;
    return BENEATH_FAILED;
}

static int transport_has_none(ferry_tls_transport *self, ferry_stream_result result) {
    if (result == FERRY_STREAM_AGAIN) {
        self->is_starved = true;
        free(self->large); /* it is empty: all is asked for before more is read */
        self->large = NULL;
        return MBEDTLS_ERR_SSL_WANT_READ;
    }
    if (result == FERRY_STREAM_FAILED) {
        return transport_fail(self, false);
    }
    self->ended = true;
    return 0;
}

/* In a child after fork() a record would use its parent's keys and numbers once more. */
static bool transport_is_own(ferry_tls_transport *self) {
    if (self->process != ferry_platform_process()) {
        self->reason = FERRY_FOREIGN_REASON;
        return false;
    }
    return true;
}

static ferry_stream_result transport_read(ferry_tls_transport *self, size_t room, size_t *length) {
    if (!transport_is_own(self)) {
        return FERRY_STREAM_FAILED;
    }
    return ferry_stream_read(self->context, self->stream, transport_buffer(self), room, length,
                             &self->reason);
}

int ferry_tls_transport_receive(void *ctx, unsigned char *dst, size_t capacity) {
    ferry_tls_transport *self = ctx;
    if (self->begin == self->end) {
        size_t room = self->large != NULL ? LARGE_BYTES : sizeof self->small;
        size_t length = 0;
        self->begin = 0;
        self->end = 0;
        ferry_stream_result result = transport_read(self, room, &length);
        if (result != FERRY_STREAM_OK) {
            return transport_has_none(self, result);
        }
        self->end = length;
        transport_note_first(self, transport_buffer(self), length);
    }
    size_t length = self->end - self->begin;
    length = length < capacity ? length : capacity;
    memcpy(dst, transport_buffer(self) + self->begin, length);
    self->begin += length;
    if (self->begin == self->end) {
        transport_choose_buffer(self, self->end);
    }
    return (int)length;
}

/* ---- Writing ---- */

static ferry_stream_result transport_write(ferry_tls_transport *self, const void *data,
                                           size_t length, size_t *written) {
    ferry_slice slice = {data, length};
    *written = 0;
    if (!transport_is_own(self)) {
        return FERRY_STREAM_FAILED;
    }
    return ferry_stream_write(self->context, self->stream, &slice, 1, written, &self->reason);
}

int ferry_tls_transport_send_kept(ferry_tls_transport *self) {
    while (self->kept_begin < self->kept_end) {
        size_t written = 0;
        ferry_stream_result result = transport_write(self, self->kept + self->kept_begin,
                                                     self->kept_end - self->kept_begin, &written);
        if (result == FERRY_STREAM_AGAIN) {
            return MBEDTLS_ERR_SSL_WANT_WRITE;
        }
        if (result != FERRY_STREAM_OK) {
            return transport_fail(self, true);
        }
        self->kept_begin += written;
    }
    free(self->kept);
    self->kept = NULL;
    self->kept_begin = 0;
    self->kept_end = 0;
    return 0;
}

/* All of it, or nothing: mbedTLS then waits for room. */
static int transport_keep(ferry_tls_transport *self, const unsigned char *data, size_t length) {
    if (self->kept == NULL) {
        self->kept = malloc(MOST_KEPT);
    }
    if (self->kept == NULL || length > MOST_KEPT - self->kept_end) {
        return MBEDTLS_ERR_SSL_WANT_WRITE;
    }
    memcpy(self->kept + self->kept_end, data, length);
    self->kept_end += length;
    return (int)length;
}

int ferry_tls_transport_transmit(void *ctx, const unsigned char *data, size_t length) {
    ferry_tls_transport *self = ctx;
    size_t written = 0;
    if (self->is_deaf) {
        return (int)length;
    }
    if (self->withholds) {
        return transport_keep(self, data, length);
    }
    int result = ferry_tls_transport_send_kept(self);
    if (result == 0) {
        switch (transport_write(self, data, length, &written)) {
        case FERRY_STREAM_OK:
            return (int)written;
        case FERRY_STREAM_AGAIN:
            result = MBEDTLS_ERR_SSL_WANT_WRITE;
            break;
        case FERRY_STREAM_END:
        case FERRY_STREAM_TRUNCATED:
        case FERRY_STREAM_FAILED:
            result = transport_fail(self, true);
            break;
        }
    }
    return result == MBEDTLS_ERR_SSL_WANT_WRITE && self->keeps ? transport_keep(self, data, length)
                                                               : result;
}

ferry_stream_result ferry_tls_transport_flush(ferry_tls_transport *self) {
    ferry_stream_result result = ferry_stream_flush(self->stream, &self->reason);
    if (result == FERRY_STREAM_FAILED) {
        transport_fail(self, true);
    }
    return result;
}

/* ---- The rest ---- */

void ferry_tls_transport_drop_kept(ferry_tls_transport *self) {
    self->kept_begin = 0;
    self->kept_end = 0;
}

void ferry_tls_transport_give_up_writing(ferry_tls_transport *self) {
    self->is_deaf = true;
    self->failed = false; /* reading has not */
    self->refused = false;
    ferry_tls_transport_drop_kept(self);
}

void ferry_tls_transport_deinit(ferry_tls_transport *self) {
    free(self->large);
    free(self->kept);
}
