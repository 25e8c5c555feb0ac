/* SPDX-License-Identifier: MIT */
/* stream: reads from a TLS connection, writes to it and ends it. */
#include "stream_state.h"

#include "calls.h"
#include "codes.h"
#include "failures.h"
#include "handshake.h"
#include "platform.h"
#include "wire/stream.h"

#include <assert.h>
#include <string.h>

enum {
    /* Slices that are shorter than this are joined, and go in one record. */
    JOINED_BYTES = 4096,
    REASON_SIZE = 384,
};

/* ---- Why it failed ---- */

static void stream_set_reason(ferry_tls_stream *self, int code) {
    if (self->reason == NULL) {
        self->reason = ferry_alloc(self->context, REASON_SIZE);
    }
    if (self->reason != NULL) {
        ferry_tls_failure_write(self, code, self->reason, REASON_SIZE);
    }
}

static void stream_fail(ferry_tls_stream *self, int result) {
    self->is_broken = true;
    stream_set_reason(self, result);
}

/* Reading goes on: the server may have sent an answer, or an alert that says why. */
static void stream_fail_writing(ferry_tls_stream *self, int result) {
    self->write_failed = true;
    stream_set_reason(self, result);
    ferry_tls_bio_give_up_writing(&self->bio);
}

/* ---- What is to go out before anything else ---- */

/* While mbedTLS has a record that is not sent, mbedtls_ssl_write() sends that and does not look at
 * its data. Or it looks at a message that has come before, and says what that was. */
static ferry_stream_result stream_flush_record(ferry_tls_stream *self) {
    if (self->write_failed || self->is_broken) {
        return FERRY_STREAM_FAILED;
    }
    for (int turns = 0; turns < FERRY_TLS_MAX_TURNS && ferry_tls_stream_has_unsent(self); turns++) {
        self->bio.is_starved = false;
        int code = ferry_tls_bio_send_kept(&self->bio);
        if (code == 0 && ferry_tls_stream_has_unsent(self)) {
            code = mbedtls_ssl_write(&self->ssl, (const unsigned char *)"", 0);
        }
        ferry_tls_meaning meaning = ferry_tls_stream_handle(self, FERRY_TLS_WRITE, code);
        self->write_wants_bytes = meaning == FERRY_TLS_WANTS_READ;
        switch (meaning) {
        case FERRY_TLS_DONE:
        case FERRY_TLS_GOES_ON:
        case FERRY_TLS_HAS_SESSION:
            break;
        case FERRY_TLS_WANTS_READ:
        case FERRY_TLS_WANTS_WRITE:
            return FERRY_STREAM_AGAIN;
        case FERRY_TLS_GIVES_NOTHING:
        case FERRY_TLS_ENDS:
        case FERRY_TLS_ENDS_EARLY:
        case FERRY_TLS_FAILS:
            stream_fail_writing(self, code);
            return FERRY_STREAM_FAILED;
        }
    }
    return ferry_tls_stream_has_unsent(self) ? FERRY_STREAM_AGAIN : FERRY_STREAM_OK;
}

static void stream_enter_end(ferry_tls_stream *self, ferry_tls_end next) {
    switch (self->writing_end) {
    case FERRY_TLS_END_NONE:
        assert(next == FERRY_TLS_END_WANTED);
        break;
    case FERRY_TLS_END_WANTED:
        assert(next == FERRY_TLS_END_MADE);
        break;
    case FERRY_TLS_END_MADE:
        assert(next == FERRY_TLS_END_SENT);
        break;
    case FERRY_TLS_END_SENT:
        assert(self->writing_end != FERRY_TLS_END_SENT); /* nothing follows */
        break;
    }
    self->writing_end = next;
}

/* Where there is no room for it now, it goes out with a later flush. */
static ferry_stream_result stream_make_end(ferry_tls_stream *self) {
    int code = mbedtls_ssl_close_notify(&self->ssl);
    stream_enter_end(self, FERRY_TLS_END_MADE);
    if (ferry_tls_code_get_meaning(FERRY_TLS_CLOSE, code) == FERRY_TLS_FAILS) {
        stream_fail_writing(self, code);
    }
    return stream_flush_record(self);
}

static ferry_stream_result stream_flush(ferry_tls_stream *self) {
    ferry_stream_result result = stream_flush_record(self);
    if (result == FERRY_STREAM_OK && self->writing_end == FERRY_TLS_END_WANTED) {
        result = stream_make_end(self);
    }
    if (result == FERRY_STREAM_OK && self->writing_end == FERRY_TLS_END_MADE) {
        if (ferry_stream_shutdown(self->bio.transport) == FERRY_STREAM_AGAIN) {
            return FERRY_STREAM_AGAIN;
        }
        stream_enter_end(self, FERRY_TLS_END_SENT);
    }
    return result;
}

/* ---- Reading ---- */

static ferry_stream_result stream_end_reading(ferry_tls_stream *self, ferry_stream_result end) {
    self->reading_end = end;
    return end;
}

/* mbedTLS also writes while it reads. Where only that has failed, reading goes on. */
static bool stream_reads_on(ferry_tls_stream *self, int code) {
    if (!self->bio.refused) {
        stream_fail(self, code);
        return false;
    }
    stream_fail_writing(self, code);
    return true;
}

static ferry_stream_result stream_read_records(ferry_tls_stream *self, void *dst, size_t capacity,
                                               size_t *length) {
    for (int turns = 0; turns < FERRY_TLS_MAX_TURNS; turns++) {
        self->bio.is_starved = false;
        int code = mbedtls_ssl_read(&self->ssl, dst, capacity);
        switch (ferry_tls_stream_handle(self, FERRY_TLS_READ, code)) {
        case FERRY_TLS_DONE:
            *length = (size_t)code;
            return FERRY_STREAM_OK;
        case FERRY_TLS_GIVES_NOTHING:
        case FERRY_TLS_ENDS_EARLY:
            if (self->bio.ended) {
                return stream_end_reading(self, FERRY_STREAM_TRUNCATED);
            }
            break;
        case FERRY_TLS_ENDS:
            return stream_end_reading(self, FERRY_STREAM_END);
        case FERRY_TLS_WANTS_READ:
            return FERRY_STREAM_AGAIN;
        case FERRY_TLS_WANTS_WRITE:
            if (self->bio.keeps) {
                return FERRY_STREAM_AGAIN;
            }
            self->bio.keeps =
                true; /* what mbedTLS cannot write yet must not keep it from reading an answer */
            break;
        case FERRY_TLS_GOES_ON:
        case FERRY_TLS_HAS_SESSION:
            break;
        case FERRY_TLS_FAILS:
            if (!stream_reads_on(self, code)) {
                return FERRY_STREAM_FAILED;
            }
            break;
        }
    }
    self->has_more = true; /* many messages without data: the rest in another call */
    return FERRY_STREAM_AGAIN;
}

static ferry_stream_result tls_read(ferry_stream *stream, void *dst, size_t capacity,
                                    size_t *length) {
    ferry_tls_stream *self = (ferry_tls_stream *)stream;
    if (self->is_broken) {
        return FERRY_STREAM_FAILED;
    }
    stream_flush(self);
    self->has_more = false;
    self->write_wants_bytes = false;
    if (self->reading_end != FERRY_STREAM_OK) {
        return self->reading_end;
    }
    ferry_stream_result result = stream_read_records(self, dst, capacity, length);
    self->bio.keeps = false;
    return result;
}

/* Bytes that have been read already do not make a descriptor ready for reading. To be called again
 * at once, the stream then waits for room to write. */
static bool stream_has_unread(const ferry_tls_stream *self) {
    return self->has_more || self->bio.begin < self->bio.end ||
           mbedtls_ssl_get_bytes_avail(&self->ssl) > 0;
}

/* ---- Writing ---- */

/* Joins small slices, so that a head and its body are one record. */
static ferry_slice slices_join(const ferry_slice *slices, size_t count, char joined[JOINED_BYTES]) {
    size_t length = 0;
    if (count == 1 || slices[0].length >= JOINED_BYTES) {
        return slices[0];
    }
    for (size_t i = 0; i < count && length < JOINED_BYTES; i++) {
        size_t room = JOINED_BYTES - length;
        size_t part = slices[i].length < room ? slices[i].length : room;
        if (part > 0) {
            memcpy(joined + length, slices[i].data, part);
        }
        length += part;
    }
    return (ferry_slice){joined, length};
}

/* How many bytes of the data the record holds that mbedTLS has made. */
static size_t record_get_payload(ferry_tls_stream *self, size_t length) {
    int most = mbedtls_ssl_get_max_out_record_payload(&self->ssl);
    return most > 0 && (size_t)most < length ? (size_t)most : length;
}

static ferry_stream_result stream_write_record(ferry_tls_stream *self, const ferry_slice *data,
                                               size_t *length) {
    for (int turns = 0; turns < FERRY_TLS_MAX_TURNS; turns++) {
        self->bio.is_starved = false;
        int code = mbedtls_ssl_write(&self->ssl, data->data, data->length);
        ferry_tls_meaning meaning = ferry_tls_stream_handle(self, FERRY_TLS_WRITE, code);
        self->write_wants_bytes = meaning == FERRY_TLS_WANTS_READ;
        switch (meaning) {
        case FERRY_TLS_DONE:
            *length = (size_t)code;
            return FERRY_STREAM_OK;
        case FERRY_TLS_WANTS_WRITE:
            if (!ferry_tls_stream_has_unsent(self)) {
                return FERRY_STREAM_AGAIN;
            }
            *length = record_get_payload(self, data->length);
            return FERRY_STREAM_OK;
        case FERRY_TLS_WANTS_READ:
            return FERRY_STREAM_AGAIN;
        case FERRY_TLS_GOES_ON: /* a message came before: mbedTLS has not looked at the data yet */
        case FERRY_TLS_HAS_SESSION:
            break;
        case FERRY_TLS_GIVES_NOTHING:
        case FERRY_TLS_ENDS:
        case FERRY_TLS_ENDS_EARLY:
        case FERRY_TLS_FAILS:
            stream_fail_writing(self, code);
            return FERRY_STREAM_FAILED;
        }
    }
    return FERRY_STREAM_AGAIN;
}

/* A record that the transport does not take whole is kept by mbedTLS. What is in it counts as
 * written, and the next call of any kind sends it. */
static ferry_stream_result tls_write(ferry_stream *stream, const ferry_slice *slices, size_t count,
                                     size_t *length) {
    ferry_tls_stream *self = (ferry_tls_stream *)stream;
    char joined[JOINED_BYTES];
    if (self->writing_end != FERRY_TLS_END_NONE) {
        return FERRY_STREAM_FAILED;
    }
    ferry_stream_result flushed = stream_flush(self);
    if (flushed != FERRY_STREAM_OK) {
        return flushed;
    }
    ferry_slice data = slices_join(slices, count, joined);
    if (data.length > MBEDTLS_SSL_OUT_CONTENT_LEN) {
        data.length = MBEDTLS_SSL_OUT_CONTENT_LEN;
    }
    return stream_write_record(self, &data, length);
}

/* ---- The other calls of a stream ---- */

static bool tls_wants(ferry_stream *stream, unsigned events, ferry_wait *wait) {
    ferry_tls_stream *self = (ferry_tls_stream *)stream;
    if (!self->is_open) {
        events = self->wants_write ? FERRY_EVENT_WRITE : FERRY_EVENT_READ;
    }
    if (self->write_wants_bytes && (events & FERRY_EVENT_WRITE) != 0) {
        events = FERRY_EVENT_READ;
    }
    bool reads = (events & FERRY_EVENT_READ) != 0;
    if ((self->is_open && ferry_tls_stream_has_unsent(self)) ||
        (reads && stream_has_unread(self))) {
        events |= FERRY_EVENT_WRITE;
    }
    return self->bio.transport->ops->wants != NULL &&
           self->bio.transport->ops->wants(self->bio.transport, events, wait);
}

static ferry_stream_result tls_shutdown(ferry_stream *stream) {
    ferry_tls_stream *self = (ferry_tls_stream *)stream;
    if (self->is_open && self->writing_end == FERRY_TLS_END_NONE) {
        stream_enter_end(self, FERRY_TLS_END_WANTED);
    }
    return stream_flush(self);
}

static void stream_release(ferry_tls_stream *self) {
    mbedtls_ssl_free(&self->ssl);
    ferry_tls_config_release(self->config);
    ferry_tls_bio_deinit(&self->bio);
    ferry_tls_verification_free(self->context, self->verification);
    ferry_free(self->context, self->reason);
    ferry_free(self->context, self);
}

static void tls_destroy(ferry_stream *stream) {
    ferry_tls_stream *self = (ferry_tls_stream *)stream;
    if (self->is_open && !self->bio.ended) {
        if (self->writing_end == FERRY_TLS_END_NONE) {
            stream_enter_end(self, FERRY_TLS_END_WANTED);
        }
        stream_flush(self); /* as far as there is room */
    }
    self->bio.transport->ops->destroy(self->bio.transport);
    stream_release(self);
}

static const char *tls_get_error_detail(ferry_stream *stream) {
    const char *reason = ((const ferry_tls_stream *)stream)->reason;
    return reason != NULL ? reason : "the TLS connection failed";
}

static ferry_stream_result tls_flush(ferry_stream *stream) {
    ferry_tls_stream *self = (ferry_tls_stream *)stream;
    ferry_stream_result result = stream_flush(self);
    if (result == FERRY_STREAM_OK) {
        result = ferry_tls_bio_flush(&self->bio);
    }
    if (result == FERRY_STREAM_FAILED && self->bio.failed) {
        stream_fail_writing(self, 0);
    }
    return result;
}

static const ferry_stream_ops tls_ops = {
    .read = tls_read,
    .write = tls_write,
    .wants = tls_wants,
    .shutdown = tls_shutdown,
    .destroy = tls_destroy,
    .get_error_detail = tls_get_error_detail,
    .flush = tls_flush,
};

/* ---- Making one ---- */

ferry_stream *ferry_tls_get_transport(const ferry_stream *stream) {
    return stream->ops == &tls_ops ? ((const ferry_tls_stream *)stream)->bio.transport : NULL;
}

/* NULL: no memory. */
static ferry_tls_stream *stream_make(ferry_context *context, ferry_tls_config *config,
                                     const char *host) {
    size_t host_size = strlen(host) + 1;
    ferry_tls_stream *self = ferry_alloc(context, sizeof *self + host_size);
    ferry_tls_verification *verification = ferry_alloc(context, sizeof *verification);
    if (self == NULL || verification == NULL) {
        ferry_free(context, self);
        ferry_free(context, verification);
        return NULL;
    }
    memset(self, 0, sizeof *self);
    memcpy(self->host, host, host_size);
    const char *name = config->name != NULL ? config->name : self->host;
    *verification = (ferry_tls_verification){
        .config = config,
        .context = context,
        .name = config->unsafe_name ? NULL : name,
        .path_left = -1,
    };
    self->verification = verification;
    return self;
}

static ferry_error stream_fail_setup(ferry_context *context, const char *host, int code,
                                     bool lacks_memory) {
    char words[200];
    if (lacks_memory) {
        return ferry_fail_memory(context);
    }
    ferry_tls_error_write(code, words, sizeof words);
    return ferry_fail(context, FERRY_ERROR_FAILED, "TLS to %s could not be set up: %s", host,
                      words);
}

ferry_error ferry_tls_new(ferry_context *context, ferry_tls_config *config,
                          ferry_tls_attempt attempt, const char *host, uint16_t port,
                          ferry_stream *transport, ferry_stream **stream) {
    ferry_tls_stream *self = stream_make(context, config, host);
    if (self == NULL) {
        return ferry_fail_memory(context);
    }
    self->base.ops = &tls_ops;
    self->context = context;
    self->bio = (ferry_tls_bio){
        .context = context, .transport = transport, .process = ferry_platform_process()};
    self->config = ferry_tls_config_retain(config);
    self->attempt = attempt;
    self->port = port;
    self->wants_write = true; /* the client speaks first */
    mbedtls_ssl_init(&self->ssl);
    ferry_tls_shortage_clear();
    int code = ferry_tls_handshake_init(self);
    if (code != 0) {
        bool lacks_memory = ferry_tls_shortage_caused(code);
        stream_release(self);
        return stream_fail_setup(context, host, code, lacks_memory);
    }
    *stream = &self->base;
    return FERRY_OK;
}
