/* SPDX-License-Identifier: MIT */
/* test_work: no call of a program that polls works without a bound, whatever comes: by counts of
 * bytes, and by a clock that passes as the decoders here say. */
#include "check.h"
#include "hostile.h"
#include "message/coding.h"
#include "runtime/fake_runtime.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if FERRY_HAVE_ZLIB || FERRY_HAVE_BROTLI || FERRY_HAVE_ZSTD
#include "coding/codings.h"
#endif

enum {
    WORK_US = 1000,      /* fake_runtime's: of a call, and of all reads between two polls */
    MOST_INPUT = 1024,   /* of a piece of work */
    MOST_OUTPUT = 65536, /* of one, too */
    IN_US = 1,           /* a byte that goes into a decoder, at its worst */
    OUT_BYTES_A_US = 300,
    MOST_SENT = 65536, /* of a body, by one write of the stream */
    BYTES_A_US = 200,  /* encrypted */
};

/* ---- Decoders whose work is counted ---- */

typedef struct work {
    size_t most_in; /* of one piece */
    size_t most_out;
    uint64_t in; /* of all since it was set to 0 */
    uint64_t out;
    uint64_t pieces;
} work;

static work done;

static void work_note(size_t in, size_t out) {
    done.most_in = in > done.most_in ? in : done.most_in;
    done.most_out = out > done.most_out ? out : done.most_out;
    done.in += in;
    done.out += out;
    done.pieces++;
    machine.now_us += (int64_t)(in * IN_US + out / OUT_BYTES_A_US);
}

typedef struct counting {
    ferry_decoder base;
    ferry_decoder *inner; /* NULL: one of those that are invented here */
    size_t growth;        /* what comes out for each byte */
    size_t left;
} counting;

/* Gives `growth` bytes for each byte, or none. */
static void counting_invent(counting *self, size_t src_length, size_t *consumed, char *dst,
                            size_t capacity, size_t *produced) {
    while (self->left > 0 || *consumed < src_length) {
        if (self->left == 0) {
            (*consumed)++;
            self->left = self->growth;
        }
        size_t room = capacity - *produced;
        size_t count = self->left < room ? self->left : room;
        memset(dst + *produced, 'x', count);
        *produced += count;
        self->left -= count;
        if (self->left > 0) {
            return;
        }
    }
}

static ferry_error counting_decode(ferry_decoder *decoder, const void *src, size_t src_length,
                                   size_t *consumed, void *dst, size_t capacity, size_t *produced) {
    counting *self = (counting *)decoder;
    ferry_error error = FERRY_OK;
    *consumed = 0;
    *produced = 0;
    if (self->inner != NULL) {
        error = self->inner->ops->decode(self->inner, src, src_length, consumed, dst, capacity,
                                         produced);
    } else {
        counting_invent(self, src_length, consumed, dst, capacity, produced);
    }
    work_note(*consumed, *produced);
    return error;
}

static bool counting_is_complete(const ferry_decoder *decoder) {
    const counting *self = (const counting *)decoder;
    return self->inner == NULL || self->inner->ops->is_complete(self->inner);
}

static void counting_destroy(ferry_decoder *decoder) {
    counting *self = (counting *)decoder;
    if (self->inner != NULL) {
        self->inner->ops->destroy(self->inner);
    }
    ferry_free(decoder->context, self);
}

static const ferry_decoder_ops counting_ops = {
    .decode = counting_decode,
    .is_complete = counting_is_complete,
    .destroy = counting_destroy,
};

static ferry_error counting_open(ferry_context *context, const ferry_coding *coding, size_t growth,
                                 ferry_decoder **decoder) {
    counting *made = ferry_alloc(context, sizeof *made);
    if (made == NULL) {
        return ferry_fail_memory(context);
    }
    *made = (counting){.base = {&counting_ops, context}, .growth = growth};
    ferry_error error = coding != NULL ? coding->open(context, &made->inner) : FERRY_OK;
    if (error != FERRY_OK) {
        ferry_free(context, made);
        return error;
    }
    *decoder = &made->base;
    return FERRY_OK;
}

static ferry_error sink_open(ferry_context *context, ferry_decoder **decoder) {
    return counting_open(context, NULL, 0, decoder);
}

static ferry_error same_open(ferry_context *context, ferry_decoder **decoder) {
    return counting_open(context, NULL, 1, decoder);
}

static ferry_error bomb_open(ferry_context *context, ferry_decoder **decoder) {
    return counting_open(context, NULL, 1000000, decoder);
}

static const ferry_coding sink = {"sink", sink_open};
static const ferry_coding same = {"same", same_open};
static const ferry_coding bomb = {"bomb", bomb_open};

#if FERRY_HAVE_ZLIB
static ferry_error gzip_open(ferry_context *context, ferry_decoder **decoder) {
    return counting_open(context, &ferry_coding_gzip, 0, decoder);
}

static ferry_error deflate_open(ferry_context *context, ferry_decoder **decoder) {
    return counting_open(context, &ferry_coding_deflate, 0, decoder);
}

static const ferry_coding gzip = {"gzip", gzip_open};
static const ferry_coding deflate = {"deflate", deflate_open};
#endif

#if FERRY_HAVE_BROTLI
static ferry_error brotli_open(ferry_context *context, ferry_decoder **decoder) {
    return counting_open(context, &ferry_coding_brotli, 0, decoder);
}

static const ferry_coding brotli = {"br", brotli_open};
#endif

#if FERRY_HAVE_ZSTD
static ferry_error zstd_open(ferry_context *context, ferry_decoder **decoder) {
    return counting_open(context, &ferry_coding_zstd, 0, decoder);
}

static const ferry_coding zstd = {"zstd", zstd_open};
#endif

/* In place of platform/coding/registry.c, or the empty list of the web. */
const ferry_coding *const ferry_codings[] = {
    &sink,   &same,    &bomb,
#if FERRY_HAVE_ZLIB
    &gzip,   &deflate,
#endif
#if FERRY_HAVE_BROTLI
    &brotli,
#endif
#if FERRY_HAVE_ZSTD
    &zstd,
#endif
    NULL,
};

const ferry_span ferry_codings_accept = {"sink, same, bomb", sizeof "sink, same, bomb" - 1};

/* ---- A stream that has it all at once ---- */

typedef struct source {
    ferry_stream stream;
    const char *at;
    size_t left;
    ferry_stream_result end;
    bool is_asked;
    size_t given; /* since it was set to 0 */
    bool has_descriptor;
} source;

static ferry_stream_result source_read(ferry_stream *stream, void *dst, size_t capacity,
                                       size_t *length) {
    source *self = (source *)stream;
    if (!self->is_asked) {
        return FERRY_STREAM_AGAIN;
    }
    if (self->left == 0) {
        return self->end;
    }
    *length = self->left < capacity ? self->left : capacity;
    memcpy(dst, self->at, *length);
    self->at += *length;
    self->left -= *length;
    self->given += *length;
    return FERRY_STREAM_OK;
}

static ferry_stream_result source_write(ferry_stream *stream, const ferry_slice *slices,
                                        size_t count, size_t *length) {
    ((source *)stream)->is_asked = true;
    *length = 0;
    for (size_t i = 0; i < count; i++) {
        *length += slices[i].length;
    }
    return FERRY_STREAM_OK;
}

static bool source_wants(ferry_stream *stream, unsigned events, ferry_wait *wait) {
    *wait = (ferry_wait){0, events};
    return ((source *)stream)->has_descriptor;
}

static void source_destroy(ferry_stream *stream) {
    (void)stream;
}

static const ferry_stream_ops source_ops = {
    .read = source_read,
    .write = source_write,
    .wants = source_wants,
    .destroy = source_destroy,
};

static int64_t never_ready(unsigned events) {
    (void)events;
    return -1;
}

/* A client that has sent its request to it. */
static ferry_client *asked(source *from, const char *response, size_t length,
                           const ferry_client_options *options) {
    machine = (fake_runtime){.now_us = 1000000, .until_ready = never_ready};
    done = (work){0};
    *from = (source){
        .stream = {.ops = &source_ops},
        .at = response,
        .left = length,
        .end = FERRY_STREAM_END,
        .has_descriptor = true,
    };
    ferry_client *client = ferry_client_new(options);
    CHECK_INT(ferry_client_set_connection(client, &from->stream), FERRY_OK);
    CHECK_INT(ferry_client_request(client, FERRY_METHOD_GET, "/", NULL, NULL), FERRY_OK);
    return client;
}

/* A response of `count` bytes in a coding. */
static size_t write_coded(char *dst, const char *codings, size_t count) {
    int length =
        snprintf(dst, 200, "HTTP/1.1 200 OK\r\nContent-Encoding: %s\r\nContent-Length: %zu\r\n\r\n",
                 codings, count);
    memset(dst + length, 'x', count);
    return (size_t)length + count;
}

static void poll_to_body(ferry_client *client) {
    for (int i = 0; i < 100 && ferry_client_get_status(client) == FERRY_STATUS_REQUESTING; i++) {
        CHECK_INT(ferry_client_poll(client), FERRY_OK);
    }
    CHECK_INT(ferry_client_get_status(client), FERRY_STATUS_BODY);
}

static char response[1 << 20];
static char dst[1 << 20];

/* ---- Tests ---- */

static void read_that_has_used_its_time_gives_nothing_and_goes_on(void) {
    source from;
    size_t got = 1;
    unsigned reads = 0;
    ferry_client *client = asked(&from, response, write_coded(response, "sink", 100000), NULL);
    poll_to_body(client);
    while (ferry_client_get_status(client) == FERRY_STATUS_BODY && reads < 1000) {
        int64_t since_us = machine.now_us;
        CHECK_INT(ferry_client_read_response_body(client, dst, sizeof dst, &got), FERRY_OK);
        CHECK_INT(got, 0);
        CHECK(machine.now_us - since_us <= WORK_US + MOST_INPUT * IN_US);
        reads++;
        if (ferry_client_get_status(client) != FERRY_STATUS_BODY) {
            break;
        }
        CHECK_INT(ferry_client_get_wait_timeout_ms(client), 0);
        CHECK_INT(ferry_client_wait(client, -1), FERRY_OK);
        since_us = machine.now_us;
        CHECK_INT(ferry_client_read_response_body(client, dst, sizeof dst, &got), FERRY_OK);
        CHECK_INT(machine.now_us, since_us); /* not before the next poll */
        CHECK_INT(ferry_client_poll(client), FERRY_OK);
        CHECK_INT(ferry_client_get_wait_timeout_ms(client), 0);
    }
    CHECK_INT(ferry_client_get_status(client), FERRY_STATUS_CONNECTED);
    CHECK(reads >= 100000 / (WORK_US + MOST_INPUT));
    ferry_client_free(client);
}

static void coded_bytes_in_front_of_broken_framing_are_given_first(void) {
    static const char bytes[] = "HTTP/1.1 200 OK\r\nContent-Encoding: same\r\n"
                                "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nfive\r\n";
    source from;
    size_t got = 0;
    ferry_client *client = asked(&from, bytes, sizeof bytes - 1, NULL);
    poll_to_body(client);
    CHECK_INT(ferry_client_read_response_body(client, dst, sizeof dst, &got), FERRY_OK);
    CHECK_MEM(dst, got, "xxxxx", 5); /* all that this coding gives */
    CHECK_INT(ferry_client_read_response_body(client, dst, sizeof dst, &got), FERRY_ERROR_PROTOCOL);
    ferry_client_free(client);
}

static void no_decoder_gets_more_than_a_piece_wherever_it_stands(void) {
    static const char *const chains[] = {
        "sink",
        "same",
        "bomb",
        "same, same",
        "bomb, same",
        "same, sink",
        "bomb, sink",
        "same, bomb",
        "same, same, same, same",
        "sink, bomb, bomb, bomb",
        NULL,
    };
    for (size_t i = 0; chains[i] != NULL; i++) {
        source from;
        ferry_client_options options = {.max_decoded_bytes = 3000000};
        ferry_client *client =
            asked(&from, response, write_coded(response, chains[i], 20000), &options);
        ferry_error error = FERRY_OK;
        from.end = FERRY_STREAM_AGAIN;
        poll_to_body(client);
        for (int j = 0; j < 100000 && error == FERRY_OK &&
                        ferry_client_get_status(client) == FERRY_STATUS_BODY;
             j++) {
            size_t got = 0;
            int64_t since_us = machine.now_us;
            error = ferry_client_read_response_body(client, dst, sizeof dst, &got);
            CHECK(machine.now_us - since_us <= WORK_US + MOST_INPUT * IN_US + 1000);
            error = error == FERRY_OK ? ferry_client_poll(client) : error;
        }
        CHECK(ferry_client_get_status(client) == FERRY_STATUS_CONNECTED ||
              error == FERRY_ERROR_TOO_LARGE);
        CHECK(done.most_in <= MOST_INPUT && done.most_in > 0);
        if (!CHECK(done.most_out <= MOST_OUTPUT + 1)) {
            printf("    %s\n", chains[i]);
        }
        ferry_client_free(client);
    }
}

static void blocking_read_goes_on_where_one_that_polls_stops(void) {
    source from;
    size_t got = 1;
    ferry_client *client = asked(&from, response, write_coded(response, "sink", 100000), NULL);
    poll_to_body(client);
    CHECK_INT(ferry_client_set_blocking_mode(client, true), FERRY_OK);
    CHECK_INT(ferry_client_read_response_body(client, dst, sizeof dst, &got), FERRY_OK);
    CHECK_INT(got, 0);
    CHECK_INT(ferry_client_get_status(client), FERRY_STATUS_CONNECTED);
    CHECK_INT(done.in, 100000);
    CHECK(!machine.slept_for_ever);
    ferry_client_free(client);
}

static void total_ms_ends_a_blocking_read_that_decodes_to_nothing(void) {
    source from;
    size_t got = 0;
    ferry_client_options options = {.timeouts = {.total_ms = 200}};
    ferry_client *client = asked(&from, response, write_coded(response, "sink", 1000000), &options);
    poll_to_body(client);
    CHECK_INT(ferry_client_set_blocking_mode(client, true), FERRY_OK);
    CHECK_INT(ferry_client_read_response_body(client, dst, sizeof dst, &got), FERRY_ERROR_TIMEOUT);
    CHECK(machine.now_us - 1000000 < 300000);
    ferry_client_free(client);
}

static void idle_ms_does_not_count_while_there_is_work(void) {
    source from;
    size_t got;
    ferry_client_options options = {.timeouts = {.idle_ms = 5}};
    ferry_client *client = asked(&from, response, write_coded(response, "sink", 100000), &options);
    ferry_error error = FERRY_OK;
    poll_to_body(client);
    while (error == FERRY_OK && ferry_client_get_status(client) == FERRY_STATUS_BODY) {
        error = ferry_client_read_response_body(client, dst, sizeof dst, &got);
        machine.now_us += 16000; /* the rest of the frame is the program's */
        error = error == FERRY_OK ? ferry_client_poll(client) : error;
    }
    CHECK_INT(error, FERRY_OK);
    ferry_client_free(client);
}

/* The longest that a call takes of a stream, for a response that is framing above all. */
static size_t most_taken(const char *bytes, size_t length) {
    source from;
    size_t most = 0;
    ferry_client *client = asked(&from, bytes, length, NULL);
    ferry_error error = FERRY_OK;
    for (int i = 0; i < 100000 && error == FERRY_OK; i++) {
        ferry_status status = ferry_client_get_status(client);
        size_t got = 0;
        if (status != FERRY_STATUS_REQUESTING && status != FERRY_STATUS_BODY) {
            break;
        }
        from.given = 0;
        error = ferry_client_poll(client);
        most = from.given > most ? from.given : most;
        from.given = 0;
        machine.now_us += WORK_US / 2; /* so that each read is one piece, or two */
        if (error == FERRY_OK && ferry_client_get_status(client) == FERRY_STATUS_BODY) {
            error = ferry_client_read_response_body(client, dst, sizeof dst, &got);
            most = from.given > most ? from.given : most;
        }
    }
    ferry_client_free(client);
    return most;
}

/* Uploads to a stream that takes all, each call of which costs what the slowest cipher does. */
typedef struct drain {
    ferry_stream stream;
    size_t most; /* of one write */
    uint64_t taken;
    const char *answer; /* NULL: none comes */
} drain;

static ferry_stream_result drain_read(ferry_stream *stream, void *to, size_t capacity,
                                      size_t *length) {
    drain *self = (drain *)stream;
    if (self->answer == NULL) {
        return FERRY_STREAM_AGAIN;
    }
    *length = strlen(self->answer);
    CHECK(*length <= capacity);
    memcpy(to, self->answer, *length);
    self->answer = NULL;
    return FERRY_STREAM_OK;
}

static ferry_stream_result drain_write(ferry_stream *stream, const ferry_slice *slices,
                                       size_t count, size_t *length) {
    drain *self = (drain *)stream;
    *length = 0;
    for (size_t i = 0; i < count; i++) {
        *length += slices[i].length;
    }
    self->most = *length > self->most ? *length : self->most;
    self->taken += *length;
    machine.now_us += (int64_t)(*length / BYTES_A_US);
    return FERRY_STREAM_OK;
}

static const ferry_stream_ops drain_ops = {
    .read = drain_read,
    .write = drain_write,
    .destroy = source_destroy,
};

static ferry_client *drained(drain *to) {
    machine = (fake_runtime){.now_us = 1000000, .until_ready = never_ready};
    *to = (drain){.stream = {.ops = &drain_ops}};
    ferry_client *client = ferry_client_new(NULL);
    CHECK_INT(ferry_client_set_connection(client, &to->stream), FERRY_OK);
    return client;
}

static void whole_body_is_sent_in_bounded_pieces(void) {
    enum { LENGTH = 4 << 20 };
    drain to;
    ferry_client *client = drained(&to);
    char *body = calloc(1, LENGTH);
    unsigned polls = 0;
    int64_t since_us = machine.now_us;
    CHECK_INT(ferry_client_request_raw(client, FERRY_METHOD_PUT, "/", NULL, body, LENGTH),
              FERRY_OK);
    CHECK(machine.now_us - since_us <= WORK_US);
    while (ferry_client_get_bytes_sent(client) < LENGTH && polls < 1000) {
        since_us = machine.now_us;
        CHECK_INT(ferry_client_get_wait_timeout_ms(client), -1);
        CHECK_INT(ferry_client_poll(client), FERRY_OK);
        CHECK(machine.now_us - since_us <= WORK_US + 2 * (MOST_SENT / BYTES_A_US));
        polls++;
    }
    CHECK_INT(ferry_client_get_bytes_sent(client), LENGTH);
    CHECK(to.most <= MOST_SENT + 1024); /* the head */
    CHECK(polls > LENGTH / BYTES_A_US / (2 * WORK_US));
    ferry_client_free(client);
    free(body);
}

/* There was room for more of the body, which is not to be sent any more. */
static void body_that_is_cut_leaves_no_work(void) {
    enum { LENGTH = 4 << 20 };
    static const char *const answers[] = {
        "HTTP/1.1 413 Too Large\r\nContent-Length: 5\r\n\r\n",
        "HTTP/1.1 what\r\n\r\n",
    };
    char *body = calloc(1, LENGTH);
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        drain to;
        ferry_client *client = drained(&to);
        CHECK_INT(ferry_client_request_raw(client, FERRY_METHOD_PUT, "/", NULL, body, LENGTH),
                  FERRY_OK);
        to.answer = answers[i];
        unsigned reads = machine.clock_reads;
        ferry_client_poll(client);
        CHECK(to.answer == NULL);
        CHECK(machine.clock_reads - reads < 20); /* it would look at it for ever */
        ferry_client_free(client);
    }
    free(body);
}

static void write_takes_what_its_time_allows(void) {
    enum { LENGTH = 1 << 20 };
    for (int64_t announced = -1; announced <= LENGTH; announced += LENGTH + 1) {
        drain to;
        ferry_client *client = drained(&to);
        ferry_request request = {
            .method = FERRY_METHOD_PUT, .url = "/", .streamed = true, .streamed_length = announced};
        size_t total = 0;
        unsigned writes = 0;
        CHECK_INT(ferry_client_send(client, &request), FERRY_OK);
        while (total < LENGTH && writes < 1000) {
            size_t taken = 0;
            int64_t since_us = machine.now_us;
            CHECK_INT(ferry_client_write_request_body(client, dst, LENGTH - total, &taken),
                      FERRY_OK);
            CHECK(taken >= MOST_SENT || taken == LENGTH - total);
            CHECK(machine.now_us - since_us <= WORK_US + 2 * (MOST_SENT / BYTES_A_US));
            total += taken;
            writes++;
        }
        CHECK_INT(total, LENGTH);
        CHECK(to.most <= MOST_SENT + 1024);
        CHECK(writes > 1);
        ferry_client_free(client);
    }
}

static void heads_are_read_in_bounded_pieces(void) {
    char *bytes = malloc(HOSTILE_SIZE);
    for (const hostile_response *hostile = hostile_responses; hostile->name != NULL; hostile++) {
        if (strstr(hostile->name, "heads") != NULL || strstr(hostile->name, "lines") != NULL) {
            size_t length = hostile->write(bytes);
            CHECK(most_taken(bytes, length) <= 32768);
        }
    }
    free(bytes);
}

/* What each call does, with the real decoders: the clock passes as their worst case has it. */
static void hostile_responses_take_no_call_longer_than_its_time(void) {
    char *bytes = malloc(HOSTILE_SIZE);
    for (const hostile_response *hostile = hostile_responses; hostile->name != NULL; hostile++) {
        source from;
        ferry_error error = FERRY_OK;
        ferry_client_options options = {.max_decoded_bytes = 20 << 20};
        size_t length = hostile->write(bytes);
        if (hostile->coding == NULL) {
            continue;
        }
        ferry_client *client = asked(&from, bytes, length, &options);
        poll_to_body(client);
        bool holds = true;
        while (error == FERRY_OK && ferry_client_get_status(client) == FERRY_STATUS_BODY && holds) {
            size_t got = 0;
            int64_t since_us = machine.now_us;
            done = (work){0};
            error = ferry_client_read_response_body(client, dst, sizeof dst, &got);
            holds = CHECK(machine.now_us - since_us <= WORK_US + MOST_INPUT * IN_US + 1000) &&
                    CHECK(done.most_in <= MOST_INPUT && done.most_out <= MOST_OUTPUT + 1);
            error = error == FERRY_OK ? ferry_client_poll(client) : error;
        }
        if (!holds) {
            printf("    %s\n", hostile->name);
        }
        ferry_client_free(client);
    }
    free(bytes);
}

int main(int argc, char **argv) {
    static const check_test tests[] = {
        CHECK_TEST(read_that_has_used_its_time_gives_nothing_and_goes_on),
        CHECK_TEST(coded_bytes_in_front_of_broken_framing_are_given_first),
        CHECK_TEST(no_decoder_gets_more_than_a_piece_wherever_it_stands),
        CHECK_TEST(blocking_read_goes_on_where_one_that_polls_stops),
        CHECK_TEST(total_ms_ends_a_blocking_read_that_decodes_to_nothing),
        CHECK_TEST(idle_ms_does_not_count_while_there_is_work),
        CHECK_TEST(heads_are_read_in_bounded_pieces),
        CHECK_TEST(whole_body_is_sent_in_bounded_pieces),
        CHECK_TEST(body_that_is_cut_leaves_no_work),
        CHECK_TEST(write_takes_what_its_time_allows),
        CHECK_TEST(hostile_responses_take_no_call_longer_than_its_time),
    };
    return CHECK_RUN(tests, argc, argv);
}
