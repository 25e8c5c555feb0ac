/* SPDX-License-Identifier: MIT */
/* bio: mbedTLS reads and writes here: the transport, and the buffers between the two. */
#include "bio.h"

#include "codes.h"
#include "platform.h"
#include "wire/stream.h"

#include <mbedtls/ssl.h>
#include <stdlib.h>
#include <string.h>

enum {
    /* For several records at once, while more comes than a head and a small body. */
    LARGE_BYTES = 65536,
    /* The rest of one record, and some alerts behind it. */
    MAX_KEPT_BYTES = MBEDTLS_SSL_OUT_CONTENT_LEN + 1024,
    /* The transport has failed. mbedTLS returns this code as it is. */
    TRANSPORT_FAILED = MBEDTLS_ERR_SSL_INTERNAL_ERROR,
};

/* ---- Reading ---- */

static char *bio_buffer(ferry_tls_bio *self) {
    return self->large != NULL ? self->large : self->small;
}

static void bio_record_first(ferry_tls_bio *self, const char *bytes, size_t length) {
    while (self->first_count < sizeof self->first_bytes && length > 0) {
        self->first_bytes[self->first_count++] = (unsigned char)*bytes++;
        length--;
    }
}

/* Where a read has filled the small buffer, the next one uses a large buffer. Without memory for
 * it, the small one is used again. */
static void bio_choose_buffer(ferry_tls_bio *self, size_t length) {
    if (self->large == NULL && length == sizeof self->small) {
        self->large = malloc(LARGE_BYTES);
        ferry_tls_shortage_clear();
    }
}

static int bio_fail(ferry_tls_bio *self, bool in_writing) {
    self->failed = true;
    self->refused = in_writing;
    return TRANSPORT_FAILED;
}

static int bio_receive_none(ferry_tls_bio *self, ferry_stream_result result) {
    if (result == FERRY_STREAM_AGAIN) {
        self->is_starved = true;
        free(self->large); /* mbedTLS has read all of it */
        self->large = NULL;
        return MBEDTLS_ERR_SSL_WANT_READ;
    }
    if (result == FERRY_STREAM_FAILED) {
        return bio_fail(self, false);
    }
    self->ended = true;
    return 0;
}

/* In a child after fork() a record would use the keys and numbers that its parent uses too. */
static bool bio_is_own(ferry_tls_bio *self) {
    if (self->process != ferry_platform_process()) {
        self->reason = FERRY_FOREIGN_REASON;
        return false;
    }
    return true;
}

static ferry_stream_result bio_read(ferry_tls_bio *self, size_t room, size_t *length) {
    if (!bio_is_own(self)) {
        return FERRY_STREAM_FAILED;
    }
    return ferry_stream_read(self->context, self->transport, bio_buffer(self), room, length,
                             &self->reason);
}

int ferry_tls_bio_receive(void *ctx, unsigned char *dst, size_t capacity) {
    ferry_tls_bio *self = ctx;
    if (self->begin == self->end) {
        size_t room = self->large != NULL ? LARGE_BYTES : sizeof self->small;
        size_t length = 0;
        self->begin = 0;
        self->end = 0;
        ferry_stream_result result = bio_read(self, room, &length);
        if (result != FERRY_STREAM_OK) {
            return bio_receive_none(self, result);
        }
        self->end = length;
        bio_record_first(self, bio_buffer(self), length);
    }
    size_t length = self->end - self->begin;
    length = length < capacity ? length : capacity;
    memcpy(dst, bio_buffer(self) + self->begin, length);
    self->begin += length;
    if (self->begin == self->end) {
        bio_choose_buffer(self, self->end);
    }
    return (int)length;
}

/* ---- Writing ---- */

static ferry_stream_result bio_write(ferry_tls_bio *self, const void *data, size_t length,
                                     size_t *written) {
    ferry_slice slice = {data, length};
    *written = 0;
    if (!bio_is_own(self)) {
        return FERRY_STREAM_FAILED;
    }
    return ferry_stream_write(self->context, self->transport, &slice, 1, written, &self->reason);
}

int ferry_tls_bio_send_kept(ferry_tls_bio *self) {
    while (self->kept_begin < self->kept_end) {
        size_t written = 0;
        ferry_stream_result result = bio_write(self, self->kept + self->kept_begin,
                                               self->kept_end - self->kept_begin, &written);
        if (result == FERRY_STREAM_AGAIN) {
            return MBEDTLS_ERR_SSL_WANT_WRITE;
        }
        if (result != FERRY_STREAM_OK) {
            return bio_fail(self, true);
        }
        self->kept_begin += written;
    }
    free(self->kept);
    self->kept = NULL;
    self->kept_begin = 0;
    self->kept_end = 0;
    return 0;
}

/* Keeps all of it or nothing. Where it keeps nothing, mbedTLS waits for room. */
static int bio_keep(ferry_tls_bio *self, const unsigned char *data, size_t length) {
    if (self->kept == NULL) {
        self->kept = malloc(MAX_KEPT_BYTES);
    }
    if (self->kept == NULL || length > MAX_KEPT_BYTES - self->kept_end) {
        return MBEDTLS_ERR_SSL_WANT_WRITE;
    }
    memcpy(self->kept + self->kept_end, data, length);
    self->kept_end += length;
    return (int)length;
}

int ferry_tls_bio_transmit(void *ctx, const unsigned char *data, size_t length) {
    ferry_tls_bio *self = ctx;
    size_t written = 0;
    if (self->is_deaf) {
        return (int)length;
    }
    if (self->withholds) {
        return bio_keep(self, data, length);
    }
    int result = ferry_tls_bio_send_kept(self);
    if (result == 0) {
        switch (bio_write(self, data, length, &written)) {
        case FERRY_STREAM_OK:
            return (int)written;
        case FERRY_STREAM_AGAIN:
            result = MBEDTLS_ERR_SSL_WANT_WRITE;
            break;
        case FERRY_STREAM_END:
        case FERRY_STREAM_TRUNCATED:
        case FERRY_STREAM_FAILED:
            result = bio_fail(self, true);
            break;
        }
    }
    return result == MBEDTLS_ERR_SSL_WANT_WRITE && self->keeps ? bio_keep(self, data, length)
                                                               : result;
}

ferry_stream_result ferry_tls_bio_flush(ferry_tls_bio *self) {
    ferry_stream_result result = ferry_stream_flush(self->transport, &self->reason);
    if (result == FERRY_STREAM_FAILED) {
        bio_fail(self, true);
    }
    return result;
}

/* ---- The rest ---- */

void ferry_tls_bio_drop_kept(ferry_tls_bio *self) {
    self->kept_begin = 0;
    self->kept_end = 0;
}

void ferry_tls_bio_give_up_writing(ferry_tls_bio *self) {
    self->is_deaf = true;
    self->failed = false; /* reading has not failed */
    self->refused = false;
    ferry_tls_bio_drop_kept(self);
}

void ferry_tls_bio_deinit(ferry_tls_bio *self) {
    free(self->large);
    free(self->kept);
}
