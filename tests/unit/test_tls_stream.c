/* SPDX-License-Identifier: MIT */
/* test_tls_stream: the TLS stream by itself, without a client: what a peer sends in the middle of
 * a record, of a body or of nothing, and what the stream says of it. */
#include "check.h"
#include "platform.h"
#include "system_faults.h"
#include "tls/codes.h"
#include "tls/describe.h"
#include "tls/tls.h"
#include "tls_peer.h"

#include <psa/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST_STEPS = 200000 };

/* The client's end, open. */
typedef struct opened {
    ferry_context context;
    ferry_tls_cache *cache;
    ferry_tls_config *config;
    tls_peer *peer;
    ferry_stream *stream;
} opened;

static void opened_make(opened *self, const tls_peer_behaviour *behaviour) {
    ferry_tls_options options = {.ca_pem = tls_peer_certificate()};
    *self = (opened){.context = {.allocator = ferry_default_allocator}};
    self->peer = tls_peer_new(behaviour);
    CHECK_INT(ferry_tls_config_get(&self->context, &options, &self->cache, &self->config),
              FERRY_OK);
    CHECK_INT(ferry_tls_new(&self->context, self->config, FERRY_TLS_WITH_SESSION, "peer.example",
                            443, tls_peer_stream(self->peer), &self->stream),
              FERRY_OK);
}

/* As far as it goes. */
static ferry_error opened_shake_hands(opened *self, bool *done) {
    ferry_error error = FERRY_OK;
    *done = false;
    for (int i = 0; i < MOST_STEPS && !*done && error == FERRY_OK; i++) {
        error = ferry_tls_handshake(self->stream, done);
    }
    return error;
}

static void opened_init(opened *self, const tls_peer_behaviour *behaviour) {
    bool done = false;
    opened_make(self, behaviour);
    CHECK_INT(opened_shake_hands(self, &done), FERRY_OK);
    CHECK(done);
}

static void opened_deinit(opened *self) {
    self->stream->ops->destroy(self->stream);
    CHECK(tls_peer_is_closed(self->peer));
    tls_peer_free(self->peer);
    ferry_tls_config_release(self->config);
    ferry_tls_cache_free(self->cache);
}

static ferry_stream_result read_some(opened *self, char bytes[64], size_t *length) {
    *length = 0;
    return self->stream->ops->read(self->stream, bytes, 64, length);
}

static void write_text(opened *self, const char *text) {
    ferry_slice slice = {text, strlen(text)};
    size_t written = 0;
    CHECK_INT(self->stream->ops->write(self->stream, &slice, 1, &written), FERRY_STREAM_OK);
    CHECK_INT(written, slice.length);
}

/* ---- Progress beneath ---- */

static void bytes_beneath_are_counted_while_a_record_is_not_whole(void) {
    for (int version = 12; version <= 13; version++) {
        opened open;
        char bytes[64];
        size_t length = 0;
        opened_init(&open, &(tls_peer_behaviour){.version = version, .piece = 1, .pause = true});
        uint64_t before = open.context.bytes_moved;
        write_text(&open, "GET / HTTP/1.1\r\n\r\n");
        ferry_stream_result result = read_some(&open, bytes, &length);
        CHECK_INT(result, FERRY_STREAM_AGAIN);
        CHECK(open.context.bytes_moved >= before + 18); /* the request is out by now */
        int grown = 0;
        for (int i = 0; i < MOST_STEPS && result == FERRY_STREAM_AGAIN; i++) {
            before = open.context.bytes_moved;
            result = read_some(&open, bytes, &length);
            grown += result == FERRY_STREAM_AGAIN && open.context.bytes_moved > before ? 1 : 0;
        }
        CHECK_INT(result, FERRY_STREAM_OK);
        CHECK(grown > 40);
        before = open.context.bytes_moved;
        CHECK_INT(read_some(&open, bytes, &length), FERRY_STREAM_AGAIN);
        CHECK_INT(open.context.bytes_moved, before);
        opened_deinit(&open);
    }
}

/* ---- After fork() ---- */

/* The peer is this process's own copy, and would see whatever is written. */
static bool child_leaves_it_alone(void *argument) {
    opened *open = argument;
    char bytes[64];
    size_t length = 0;
    size_t written = 0;
    ferry_slice slice = {"child", 5};
    bool holds = true;
    holds &=
        CHECK_INT(open->stream->ops->write(open->stream, &slice, 1, &written), FERRY_STREAM_FAILED);
    holds &= CHECK_STR(open->stream->ops->get_error_detail(open->stream), FERRY_FOREIGN_REASON);
    holds &= CHECK_INT(read_some(open, bytes, &length), FERRY_STREAM_FAILED);
    holds &= CHECK_INT(open->stream->ops->shutdown(open->stream), FERRY_STREAM_FAILED);
    open->stream->ops->destroy(open->stream);
    holds &= CHECK(tls_peer_is_closed(open->peer));
    holds &= CHECK(!tls_peer_was_told(open->peer));
    return holds && CHECK_INT(tls_peer_received(open->peer), 0);
}

static void a_childs_copy_of_a_connection_writes_no_record(void) {
    opened open;
    char bytes[64];
    size_t length = 0;
    opened_init(&open, &(tls_peer_behaviour){.version = 13});
    CHECK(system_run_in_child(child_leaves_it_alone, &open));
    write_text(&open, "GET / HTTP/1.1\r\n\r\n");
    CHECK_INT(read_some(&open, bytes, &length), FERRY_STREAM_OK);
    CHECK(length > 0);
    opened_deinit(&open);
}

typedef struct random_bytes {
    unsigned char bytes[32];
} random_bytes;

static bool random_bytes_make(random_bytes *made) {
    ferry_context context = {.allocator = ferry_default_allocator};
    return CHECK_INT(ferry_tls_check(&context), FERRY_OK) &&
           CHECK_INT(psa_generate_random(made->bytes, sizeof made->bytes), PSA_SUCCESS);
}

typedef struct random_pipe {
    int ends[2];
} random_pipe;

static bool child_sends_random_bytes(void *argument) {
    const random_pipe *pipe = argument;
    random_bytes made;
    return random_bytes_make(&made) &&
           CHECK_INT(write(pipe->ends[1], &made, sizeof made), sizeof made);
}

/* Two that choose the same keys can each be read by whoever has watched the other. */
static void a_child_does_not_choose_the_keys_of_its_parent(void) {
    random_bytes first;
    random_bytes made[3];
    random_pipe channel;
    if (!CHECK(random_bytes_make(&first)) || !CHECK_INT(pipe(channel.ends), 0)) {
        return;
    }
    for (int i = 0; i < 2; i++) {
        CHECK(system_run_in_child(child_sends_random_bytes, &channel));
        CHECK_INT(read(channel.ends[0], &made[i], sizeof made[i]), sizeof made[i]);
    }
    random_bytes_make(&made[2]);
    CHECK(memcmp(&made[0], &made[1], sizeof made[0]) != 0);
    CHECK(memcmp(&made[0], &made[2], sizeof made[0]) != 0);
    CHECK(memcmp(&made[1], &made[2], sizeof made[0]) != 0);
    close(channel.ends[0]);
    close(channel.ends[1]);
}

#if defined(FERRY_WRAPS_RESEED)

psa_status_t __real_psa_random_reseed(const uint8_t *more, size_t length);
psa_status_t __wrap_psa_random_reseed(const uint8_t *more, size_t length);

static int reseeds;
static int reseeds_that_fail;

psa_status_t __wrap_psa_random_reseed(const uint8_t *more, size_t length) {
    reseeds++;
    return reseeds <= reseeds_that_fail ? PSA_ERROR_INSUFFICIENT_ENTROPY
                                        : __real_psa_random_reseed(more, length);
}

static bool child_seeds_at_the_third_go(void *argument) {
    ferry_context context = {.allocator = ferry_default_allocator};
    bool holds = argument == NULL;
    reseeds = 0;
    reseeds_that_fail = 2;
    for (int i = 1; i <= 4; i++) {
        bool is_seeded = i > 2;
        holds &= CHECK_INT(ferry_tls_check(&context), is_seeded ? FERRY_OK : FERRY_ERROR_FAILED);
        holds &= is_seeded || CHECK_CONTAINS(context.detail, "gives no random bytes");
    }
    return holds && CHECK_INT(reseeds, 3); /* once it is seeded, that is all */
}

static void a_child_speaks_no_tls_until_its_random_bytes_are_its_own(void) {
    random_bytes first;
    CHECK(random_bytes_make(&first));
    CHECK(system_run_in_child(child_seeds_at_the_third_go, NULL));
}

#endif

/* ---- Codes ---- */

static void every_code_of_the_header_has_a_meaning(void) {
    char line[512];
    size_t count = 0;
    FILE *header = fopen(MBEDTLS_SSL_HEADER, "r");
    if (!CHECK(header != NULL)) {
        return;
    }
    while (fgets(line, sizeof line, header) != NULL) {
        char name[128];
        unsigned code = 0;
        if (sscanf(line, "#define %127s -0x%x", name, &code) == 2 &&
            strncmp(name, "MBEDTLS_ERR_SSL_", 16) == 0) {
            count++;
            if (!CHECK(ferry_tls_code_is_known(-(int)code))) {
                printf("    %s is not in tls_codes.c\n", name);
            }
        }
    }
    fclose(header);
    CHECK(count >= 46); /* as mbedTLS 3.6.0 has them */
    CHECK(!ferry_tls_code_is_known(0));
    CHECK_INT(ferry_tls_code_get_meaning(FERRY_TLS_WRITE, -1), FERRY_TLS_FAILS);
}

/* ---- Messages, at each moment ---- */

enum { ALERT = 21, HANDSHAKE = 22, DATA = 23 };

/* A ticket for an hour: lifetime, age_add, nonce, ticket, no extension (RFC 8446 section 4.6.1). */
#define TICKET_BODY                                                                                \
    "\0\0\x0e\x10"                                                                                 \
    "\1\2\3\4"                                                                                     \
    "\1n"                                                                                          \
    "\0\4tick"                                                                                     \
    "\0\0"
#define TICKET "\4\0\0\x12" TICKET_BODY

typedef enum outcome { GOES_ON, ENDS, FAILS } outcome;

typedef struct message {
    const char *name;
    int version; /* 0: both */
    unsigned char kind;
    const char *bytes;
    size_t length;
    int times;
    outcome outcome;
    const char *words; /* of the failure */
} message;

static const message messages[] = {
    {"a ticket", 13, HANDSHAKE, TICKET, sizeof TICKET - 1, 1, GOES_ON, NULL},
    {"tickets", 13, HANDSHAKE, TICKET, sizeof TICKET - 1, 9, GOES_ON, NULL},
    {"two tickets in a record", 13, HANDSHAKE, TICKET TICKET, 2 * (sizeof TICKET - 1), 1, GOES_ON,
     NULL},
    {"a ticket that is broken", 13, HANDSHAKE, "\4\0\0\2xx", 6, 1, FAILS, "TLS connection failed"},
    {"KeyUpdate", 13, HANDSHAKE, "\x18\0\0\1\0", 5, 1, FAILS, "KeyUpdate"},
    {"KeyUpdate with a request", 13, HANDSHAKE, "\x18\0\0\1\1", 5, 1, FAILS, "KeyUpdate"},
    {"CertificateRequest", 13, HANDSHAKE, "\x0d\0\0\3\0\0\0", 7, 1, FAILS, "not understood"},
    {"HelloRequest", 12, HANDSHAKE, "\0\0\0\0", 4, 1, GOES_ON, NULL},
    {"HelloRequests", 12, HANDSHAKE, "\0\0\0\0", 4, 9, GOES_ON, NULL},
    {"a Finished too many", 12, HANDSHAKE, "\x14\0\0\1x", 5, 1, FAILS, "not understood"},
    {"a warning", 0, ALERT, "\1\x5a", 2, 3, GOES_ON, NULL},
    {"no_renegotiation", 0, ALERT, "\1\x64", 2, 1, GOES_ON, NULL},
    {"a fatal alert", 0, ALERT, "\2\x50", 2, 1, FAILS, "the alert internal_error"},
    {"close_notify", 0, ALERT, "\1\0", 2, 1, ENDS, NULL},
    {"a record without data", 0, DATA, "", 0, 3, GOES_ON, NULL},
    {"four records without data", 0, DATA, "", 0, 4, FAILS, "four in a row held no data"},
    {"a record of no kind", 0, 99, "x", 1, 1, FAILS, "TLS connection failed"},
};

static void send_message(opened *open, const message *what) {
    for (int i = 0; i < what->times; i++) {
        tls_peer_send(open->peer, what->kind, what->bytes, what->length);
    }
}

/* Until something has come, or there is nothing to be had. */
static ferry_stream_result read_until(opened *open, char bytes[64], size_t *length) {
    ferry_stream_result result = FERRY_STREAM_AGAIN;
    for (int i = 0; i < 2000 && result == FERRY_STREAM_AGAIN; i++) {
        result = read_some(open, bytes, length);
    }
    return result;
}

/* What the client makes of the message, with some data behind it. */
static void check_outcome(opened *open, const message *what) {
    char bytes[64];
    size_t length = 0;
    ferry_stream_result result = read_until(open, bytes, &length);
    switch (what->outcome) {
    case GOES_ON:
        CHECK_INT(result, FERRY_STREAM_OK);
        CHECK_MEM(bytes, length, "behind", 6);
        break;
    case ENDS:
        CHECK_INT(result, FERRY_STREAM_END);
        CHECK_INT(read_some(open, bytes, &length), FERRY_STREAM_END); /* and stays so */
        break;
    case FAILS:
        CHECK_INT(result, FERRY_STREAM_FAILED);
        CHECK_CONTAINS(open->stream->ops->get_error_detail(open->stream), what->words);
        CHECK_INT(read_some(open, bytes, &length), FERRY_STREAM_FAILED);
        break;
    }
}

/* Writes it all while there is room for `room` bytes at once; the peer has received it then. */
static void check_writing(opened *open, size_t total, size_t room) {
    static const char data[4000];
    size_t left = total;
    size_t before = tls_peer_received(open->peer);
    ferry_stream_result result = FERRY_STREAM_AGAIN;
    for (int i = 0; i < MOST_STEPS && left > 0 && result != FERRY_STREAM_FAILED; i++) {
        size_t written = 0;
        ferry_slice slice = {data, left < sizeof data ? left : sizeof data};
        tls_peer_set_window(open->peer, room);
        result = open->stream->ops->write(open->stream, &slice, 1, &written);
        left -= written;
    }
    CHECK_INT(left, 0);
    tls_peer_set_window(open->peer, SIZE_MAX);
    size_t length = 0;
    char bytes[64];
    for (int i = 0; i < MOST_STEPS && tls_peer_received(open->peer) < before + total; i++) {
        read_some(open, bytes, &length); /* what is left goes out */
    }
    CHECK_INT(length, 0);
    CHECK(tls_peer_received(open->peer) >= before + total);
}

static void check_end(opened *open) {
    ferry_stream_result result = FERRY_STREAM_AGAIN;
    for (int i = 0; i < MOST_STEPS && result == FERRY_STREAM_AGAIN; i++) {
        result = open->stream->ops->shutdown(open->stream);
    }
    CHECK_INT(result, FERRY_STREAM_OK);
    CHECK(tls_peer_was_ended_in_order(open->peer));
}

static void check_going_on(opened *open, const message *what) {
    if (what->outcome == FAILS) {
        ferry_slice slice = {"x", 1};
        size_t written = 0;
        CHECK_INT(open->stream->ops->write(open->stream, &slice, 1, &written), FERRY_STREAM_FAILED);
    } else {
        check_writing(open, 50000, 700);
        check_end(open);
    }
}

static void send_behind(opened *open, const message *what) {
    if (what->outcome != ENDS) {
        tls_peer_send(open->peer, DATA, "behind", 6);
    }
}

static void while_idle(opened *open, const message *what) {
    send_message(open, what);
    send_behind(open, what);
    check_outcome(open, what);
    check_going_on(open, what);
}

static void in_the_middle_of_a_body(opened *open, const message *what) {
    char bytes[64];
    size_t length = 0;
    tls_peer_send(open->peer, DATA, "before", 6);
    send_message(open, what);
    send_behind(open, what);
    CHECK_INT(read_until(open, bytes, &length), FERRY_STREAM_OK);
    CHECK_MEM(bytes, length, "before", 6);
    check_outcome(open, what);
    check_going_on(open, what);
}

static void write_half_a_record(opened *open) {
    static const char data[16000];
    ferry_slice slice = {data, sizeof data};
    size_t written = 0;
    tls_peer_set_window(open->peer, 100);
    for (int i = 0; i < 10 && written == 0; i++) {
        open->stream->ops->write(open->stream, &slice, 1, &written);
    }
    CHECK_INT(written, sizeof data);
}

/* What is behind the message is read though the record is not out yet: it may say why. */
static void while_half_a_record_is_written(opened *open, const message *what) {
    write_half_a_record(open);
    send_message(open, what);
    send_behind(open, what);
    check_outcome(open, what);
    check_going_on(open, what);
}

/* Read in part only, so that it is writing that comes upon it. */
static void while_half_a_record_is_written_and_goes_on(opened *open, const message *what) {
    char bytes[64];
    size_t length = 0;
    write_half_a_record(open);
    send_message(open, what);
    ferry_stream_result result = read_some(open, bytes, &length);
    CHECK(result != FERRY_STREAM_OK);
    if (what->outcome != FAILS) {
        check_writing(open, 50000, 700);
    }
    if (what->outcome == GOES_ON) {
        tls_peer_send(open->peer, DATA, "behind", 6);
        check_outcome(open, what);
        check_end(open);
    }
}

/* Nothing is written any more, and mbedTLS may want to answer. */
static void after_writing_has_failed(opened *open, const message *what) {
    char bytes[64];
    size_t length = 0;
    write_half_a_record(open);
    tls_peer_refuse(open->peer);
    read_some(open, bytes, &length);
    send_message(open, what);
    send_behind(open, what);
    check_outcome(open, what);
}

/* Each way, or under valgrind, where all would take minutes, one of them in turn. */
static bool is_skipped(size_t index, int version, size_t way) {
    static const size_t ways = 4;
    return getenv("FERRY_UNDER_VALGRIND") != NULL && (index + (size_t)version) % ways != way;
}

static void each_message_at(void (*moment)(opened *open, const message *what)) {
    static const tls_peer_behaviour ways[] = {
        {.piece = 0}, {.piece = 1}, {.piece = 1, .pause = true}, {.piece = 7, .room = 1000}};
    for (size_t i = 0; i < sizeof messages / sizeof *messages; i++) {
        for (int version = 12; version <= 13; version++) {
            for (size_t w = 0; w < sizeof ways / sizeof *ways; w++) {
                bool is_of_version = messages[i].version == 0 || messages[i].version == version;
                if (!is_of_version || is_skipped(i, version, w)) {
                    continue;
                }
                opened open;
                int before = check_failures();
                tls_peer_behaviour way = ways[w];
                way.version = version;
                opened_init(&open, &way);
                moment(&open, &messages[i]);
                opened_deinit(&open);
                if (check_failures() > before) {
                    printf("    with %s, TLS 1.%d, way %zu\n", messages[i].name, version - 10, w);
                }
            }
        }
    }
}

/* Records without encryption, before the server's first. */
static void messages_in_the_handshake_are_heeded(void) {
    static const struct {
        const char *bytes;
        size_t length;
        const char *words; /* NULL: it goes on */
    } rows[] = {
        {"\x15\3\3\0\2\1\x5a", 7, NULL}, /* a warning */
        {"\x14\3\3\0\1\1", 6, NULL},     /* change_cipher_spec (RFC 8446 section 5) */
        {"\x15\3\3\0\2\1\x64", 7, "peer.example failed"}, /* no_renegotiation */
        {"\x15\3\3\0\2\2\x50", 7, "the alert internal_error"},
        {"\x15\3\3\0\2\1\0", 7, "ended the connection in the TLS handshake"},
        {"\x17\3\3\0\1x", 6, "peer.example failed"},  /* data */
        {"\x17\3\3\0\0", 5, "peer.example failed"},   /* data, empty */
        {"\x14\3\3\0\1\2", 6, "peer.example failed"}, /* change_cipher_spec, a wrong one */
        {"\x18\3\3\0\1\1", 6, "peer.example failed"}, /* heartbeat */
        {"\x13\3\3\0\1\1", 6, "does not speak TLS"},  /* less than any type of record */
        {"\x19\3\3\0\1\1", 6, "does not speak TLS"},  /* more */
        {"\x16\3\3\0\5\x18\0\0\1\0", 10, "peer.example failed"}, /* KeyUpdate */
        {"\x16\3\3\0\4\0\0\0\0", 9, "peer.example failed"},      /* HelloRequest */
    };
    static const tls_peer_behaviour ways[] = {
        {.version = 12}, {.version = 13}, {.version = 13, .piece = 1, .room = 1, .pause = true}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        for (size_t w = 0; w < sizeof ways / sizeof *ways; w++) {
            opened open;
            int before = check_failures();
            bool done = false;
            opened_make(&open, &ways[w]);
            tls_peer_send_raw(open.peer, rows[i].bytes, rows[i].length);
            ferry_error error = opened_shake_hands(&open, &done);
            CHECK(done == (rows[i].words == NULL));
            CHECK_INT(error, done ? FERRY_OK : FERRY_ERROR_TLS_HANDSHAKE);
            if (rows[i].words != NULL) {
                CHECK_CONTAINS(open.context.detail, rows[i].words);
            }
            opened_deinit(&open);
            if (check_failures() > before) {
                printf("    with row %zu, way %zu\n", i, w);
            }
        }
    }
}

static void messages_while_idle_are_heeded(void) {
    each_message_at(while_idle);
}

static void messages_in_the_middle_of_a_body_are_heeded(void) {
    each_message_at(in_the_middle_of_a_body);
}

static void messages_are_heeded_while_half_a_record_is_written(void) {
    each_message_at(while_half_a_record_is_written);
}

static void writing_goes_on_after_messages_that_came_in_the_middle_of_a_record(void) {
    each_message_at(while_half_a_record_is_written_and_goes_on);
}

static void messages_are_heeded_after_writing_has_failed(void) {
    each_message_at(after_writing_has_failed);
}

/* The registry of TLS alerts (RFC 8446 section 6, RFC 5246 section 7.2, RFC 7507, RFC 6066). */
static void alerts_are_named_as_they_are_registered(void) {
    static const char *const names[256] = {
        [0] = "close_notify",
        [10] = "unexpected_message",
        [20] = "bad_record_mac",
        [22] = "record_overflow",
        [40] = "handshake_failure",
        [42] = "bad_certificate",
        [43] = "unsupported_certificate",
        [44] = "certificate_revoked",
        [45] = "certificate_expired",
        [46] = "certificate_unknown",
        [47] = "illegal_parameter",
        [48] = "unknown_ca",
        [49] = "access_denied",
        [50] = "decode_error",
        [51] = "decrypt_error",
        [70] = "protocol_version",
        [71] = "insufficient_security",
        [80] = "internal_error",
        [86] = "inappropriate_fallback",
        [90] = "user_canceled",
        [100] = "no_renegotiation",
        [109] = "missing_extension",
        [110] = "unsupported_extension",
        [112] = "unrecognized_name",
        [113] = "bad_certificate_status_response",
        [115] = "unknown_psk_identity",
        [116] = "certificate_required",
        [120] = "no_application_protocol",
    };
    for (int alert = 0; alert < 256; alert++) {
        char expected[64];
        char text[64];
        snprintf(expected, sizeof expected, "alert %d", alert);
        ferry_tls_alert_write(alert, text, sizeof text);
        CHECK_STR(text, names[alert] != NULL ? names[alert] : expected);
    }
}

int main(int argc, char **argv) {
    static const check_test tests[] = {
        CHECK_TEST(a_childs_copy_of_a_connection_writes_no_record),
        CHECK_TEST(a_child_does_not_choose_the_keys_of_its_parent),
#if defined(FERRY_WRAPS_RESEED)
        CHECK_TEST(a_child_speaks_no_tls_until_its_random_bytes_are_its_own),
#endif
        CHECK_TEST(every_code_of_the_header_has_a_meaning),
        CHECK_TEST(messages_in_the_handshake_are_heeded),
        CHECK_TEST(alerts_are_named_as_they_are_registered),
        CHECK_TEST(messages_while_idle_are_heeded),
        CHECK_TEST(messages_in_the_middle_of_a_body_are_heeded),
        CHECK_TEST(messages_are_heeded_while_half_a_record_is_written),
        CHECK_TEST(writing_goes_on_after_messages_that_came_in_the_middle_of_a_record),
        CHECK_TEST(messages_are_heeded_after_writing_has_failed),
        CHECK_TEST(bytes_beneath_are_counted_while_a_record_is_not_whole),
    };
    return CHECK_RUN(tests, argc, argv);
}
