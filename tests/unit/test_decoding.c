/* SPDX-License-Identifier: MIT */
/* test_decoding: content codings undone, however the bytes arrive and wherever they go wrong. What
 * is decoded is made by the encoders of the same libraries. */
#include "message/decoding.h"

#include "check.h"
#include "counted_memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if FERRY_HAVE_ZLIB
#define ZLIB_CONST
#include <zlib.h>
#endif
#if FERRY_HAVE_BROTLI
#include <brotli/encode.h>
#endif
#if FERRY_HAVE_ZSTD
#include <zstd.h>
#endif

enum { MOST_BYTES = 1 << 18 };

/* ---- A context that counts ---- */

static counted_memory memory;
static char last_warning[1024];

static void keep_warning(void *ctx, ferry_log_kind kind, const char *message) {
    (void)ctx;
    if (kind == FERRY_LOG_WARNING) {
        snprintf(last_warning, sizeof last_warning, "%s", message);
    }
}

static ferry_context context;

static void begin(int64_t limit) {
    memory = (counted_memory){.fails_on = true};
    last_warning[0] = '\0';
    context = (ferry_context){
        .allocator = counted_memory_allocator(&memory),
        .log = keep_warning,
        .max_decoded_bytes = limit,
    };
}

/* ---- Encoding ---- */

typedef struct bytes {
    size_t length;
    unsigned char data[MOST_BYTES];
} bytes;

#if FERRY_HAVE_ZLIB
static bool encode_zlib(bytes *dst, const void *src, size_t length, int window_bits, int level) {
    z_stream stream = {0};
    if (deflateInit2(&stream, level, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
        return false;
    }
    stream.next_in = src;
    stream.avail_in = (uInt)length;
    stream.next_out = dst->data;
    stream.avail_out = MOST_BYTES;
    int result = deflate(&stream, Z_FINISH);
    dst->length = MOST_BYTES - stream.avail_out;
    deflateEnd(&stream);
    return result == Z_STREAM_END;
}

static bool encode_gzip(bytes *dst, const void *src, size_t length) {
    return encode_zlib(dst, src, length, 15 + 16, 9);
}

static bool encode_deflate(bytes *dst, const void *src, size_t length) {
    return encode_zlib(dst, src, length, 15, 9);
}

static bool encode_raw_deflate(bytes *dst, const void *src, size_t length) {
    return encode_zlib(dst, src, length, -15, 9);
}

static bool encode_stored_deflate(bytes *dst, const void *src, size_t length) {
    return encode_zlib(dst, src, length, -15, 0);
}
#endif

#if FERRY_HAVE_BROTLI
static bool encode_brotli(bytes *dst, const void *src, size_t length) {
    dst->length = MOST_BYTES;
    return BrotliEncoderCompress(5, 18, BROTLI_MODE_GENERIC, length, src, &dst->length,
                                 dst->data) == BROTLI_TRUE;
}
#endif

#if FERRY_HAVE_ZSTD
static bool encode_zstd(bytes *dst, const void *src, size_t length) {
    size_t result = ZSTD_compress(dst->data, MOST_BYTES, src, length, 3);
    dst->length = ZSTD_isError(result) ? 0 : result;
    return !ZSTD_isError(result);
}
#endif

/* Every form of coded data that is undone, as far as its library is built in. */
typedef struct coded_form {
    const char *coding;
    const char *name; /* as the details name it */
    bool (*encode)(bytes *dst, const void *src, size_t length);
    bool has_check; /* any damage shows */
} coded_form;

static const coded_form forms[] = {
#if FERRY_HAVE_ZLIB
    {"gzip", "gzip", encode_gzip, true},
    {"X-GZip", "gzip", encode_gzip, true},
    {"deflate", "deflate", encode_deflate, true},
    {"deflate", "deflate", encode_raw_deflate, false},
    {"deflate", "deflate", encode_stored_deflate, false},
#endif
#if FERRY_HAVE_BROTLI
    {"br", "br", encode_brotli, false},
#endif
#if FERRY_HAVE_ZSTD
    {"zstd", "zstd", encode_zstd, false},
#endif
    {NULL, NULL, NULL, false},
};

static const char short_text[] = "the ferry carries the ferry carries the bytes";

static unsigned char long_text[100000];

static void make_long_text(void) {
    unsigned random = 1;
    for (size_t i = 0; i < sizeof long_text; i++) {
        random = random * 1103515245u + 12345u;
        long_text[i] = (unsigned char)("abcdefgh ferry\n\0\xff"[random >> 16 & 15]);
    }
}

/* ---- Decoding ---- */

static bytes coded;
static bytes more;
static bytes decoded;

/* Takes all that comes out with `room` bytes a call, `step` bytes of input a call. Holds the
 * decoder to its contract. */
static ferry_error run(ferry_decoding *decoding, const unsigned char *src, size_t length,
                       size_t step, size_t room) {
    size_t position = 0;
    for (;;) {
        size_t given = length - position < step ? length - position : step;
        size_t space = MOST_BYTES - decoded.length < room ? MOST_BYTES - decoded.length : room;
        size_t consumed = SIZE_MAX;
        size_t produced = SIZE_MAX;
        bool goes_on = false;
        ferry_error error =
            ferry_decoding_decode(decoding, given > 0 ? src + position : NULL, given, &consumed,
                                  decoded.data + decoded.length, space, &produced, &goes_on);
        if (!CHECK(consumed <= given && produced <= space)) {
            return FERRY_ERROR_FAILED;
        }
        position += consumed;
        decoded.length += produced;
        if (error != FERRY_OK) {
            return error;
        }
        if (goes_on) {
            continue;
        }
        if (!CHECK(space > 0 && (consumed == given || produced == space))) {
            return FERRY_ERROR_FAILED;
        }
        if (position == length && produced < space) {
            return ferry_decoding_finish(decoding);
        }
    }
}

static ferry_error decode(const char *codings, const void *src, size_t length, size_t step,
                          size_t room) {
    ferry_decoding *decoding = NULL;
    decoded.length = 0;
    context.detail[0] = '\0';
    ferry_error error = ferry_decoding_new(&context, ferry_span_of(codings), &decoding);
    if (error == FERRY_OK && CHECK(decoding != NULL)) {
        error = run(decoding, src, length, step, room);
        ferry_decoding_free(decoding);
    }
    CHECK_INT(memory.live, 0);
    CHECK((error == FERRY_OK) == (context.detail[0] == '\0'));
    return error;
}

static void check_decodes(const char *codings, const void *text, size_t length, size_t step,
                          size_t room) {
    CHECK_INT(decode(codings, coded.data, coded.length, step, room), FERRY_OK);
    CHECK_MEM(decoded.data, decoded.length, text, length);
}

/* ---- Tests ---- */

static void bodies_come_out_as_they_went_in(void) {
    begin(INT64_MAX);
    for (const coded_form *form = forms; form->coding != NULL; form++) {
        CHECK(form->encode(&coded, long_text, sizeof long_text));
        check_decodes(form->coding, long_text, sizeof long_text, SIZE_MAX, MOST_BYTES);
        check_decodes(form->coding, long_text, sizeof long_text, 1, 65536);
        check_decodes(form->coding, long_text, sizeof long_text, 1000, 777);
    }
}

static void empty_bodies_are_complete(void) {
    begin(INT64_MAX);
    for (const coded_form *form = forms; form->coding != NULL; form++) {
        CHECK(form->encode(&coded, "", 0));
        check_decodes(form->coding, "", 0, SIZE_MAX, 10);
        check_decodes(form->coding, "", 0, 1, 1);
        coded.length = 0; /* nothing came at all */
        check_decodes(form->coding, "", 0, SIZE_MAX, 10);
    }
}

static void room_for_one_byte_is_enough(void) {
    begin(INT64_MAX);
    for (const coded_form *form = forms; form->coding != NULL; form++) {
        CHECK(form->encode(&coded, short_text, sizeof short_text));
        check_decodes(form->coding, short_text, sizeof short_text, 1, 1);
        check_decodes(form->coding, short_text, sizeof short_text, SIZE_MAX, 1);
    }
}

static void room_that_the_body_just_fills_is_enough(void) {
    begin(INT64_MAX);
    for (const coded_form *form = forms; form->coding != NULL; form++) {
        CHECK(form->encode(&coded, short_text, sizeof short_text));
        check_decodes(form->coding, short_text, sizeof short_text, SIZE_MAX, sizeof short_text);
    }
}

static void every_split_gives_the_same(void) {
    begin(INT64_MAX);
    for (const coded_form *form = forms; form->coding != NULL; form++) {
        CHECK(form->encode(&coded, short_text, sizeof short_text));
        for (size_t step = 1; step <= coded.length; step++) {
            for (size_t room = 1; room <= sizeof short_text; room += 7) {
                check_decodes(form->coding, short_text, sizeof short_text, step, room);
            }
        }
    }
}

/* Once all bytes of the input are taken, only the decoder knows of the rest of the match. */
static void a_match_at_the_end_comes_out_in_small_room(void) {
    static const char text[300];
    begin(INT64_MAX);
    for (const coded_form *form = forms; form->coding != NULL; form++) {
        for (size_t length = 1; length <= sizeof text; length++) {
            CHECK(form->encode(&coded, text, length));
            check_decodes(form->coding, text, length, SIZE_MAX, 1 + length % 7);
        }
    }
}

static void no_room_at_all_is_no_failure(void) {
    begin(INT64_MAX);
    for (const coded_form *form = forms; form->coding != NULL; form++) {
        ferry_decoding *decoding = NULL;
        size_t consumed = 0;
        size_t produced = SIZE_MAX;
        bool goes_on = false;
        CHECK(form->encode(&coded, short_text, sizeof short_text));
        CHECK_INT(ferry_decoding_new(&context, ferry_span_of(form->coding), &decoding), FERRY_OK);
        for (int i = 0; i < 40; i++) { /* some libraries count calls that move nothing */
            CHECK_INT(
                ferry_decoding_decode(decoding, NULL, 0, &consumed, NULL, 0, &produced, &goes_on),
                FERRY_OK);
            CHECK_INT(produced, 0);
        }
        size_t position = 0;
        for (int i = 0; i < 40; i++) {
            CHECK_INT(ferry_decoding_decode(decoding, coded.data + position,
                                            coded.length - position, &consumed, NULL, 0, &produced,
                                            &goes_on),
                      FERRY_OK);
            position += consumed;
        }
        decoded.length = 0;
        CHECK_INT(run(decoding, coded.data + position, coded.length - position, 3, 5), FERRY_OK);
        CHECK_MEM(decoded.data, decoded.length, short_text, sizeof short_text);
        ferry_decoding_free(decoding);
    }
}

static void bodies_cut_anywhere_are_incomplete(void) {
    begin(INT64_MAX);
    for (const coded_form *form = forms; form->coding != NULL; form++) {
        CHECK(form->encode(&coded, short_text, sizeof short_text));
        char sentence[100];
        snprintf(sentence, sizeof sentence, "the body ends in the middle of its %s data",
                 form->name);
        for (size_t length = 1; length < coded.length; length++) {
            CHECK_INT(decode(form->coding, coded.data, length, 4, MOST_BYTES),
                      FERRY_ERROR_INVALID_DATA);
            CHECK_STR(context.detail, sentence);
            CHECK_MEM(decoded.data, decoded.length, short_text, decoded.length);
        }
    }
}

static void damage_is_refused_where_it_shows(void) {
    begin(MOST_BYTES);
    for (const coded_form *form = forms; form->coding != NULL; form++) {
        size_t failed = 0;
        CHECK(form->encode(&coded, short_text, sizeof short_text));
        for (size_t i = 0; i < coded.length * 8; i++) {
            coded.data[i / 8] ^= (unsigned char)(1u << i % 8);
            ferry_error error = decode(form->coding, coded.data, coded.length, SIZE_MAX, 16);
            coded.data[i / 8] ^= (unsigned char)(1u << i % 8);
            /* Some bits mean nothing; where there is a check value, all that count are covered. */
            if (error == FERRY_OK && form->has_check) {
                CHECK_MEM(decoded.data, decoded.length, short_text, sizeof short_text);
            } else if (error != FERRY_OK) {
                CHECK(error == FERRY_ERROR_INVALID_DATA || error == FERRY_ERROR_TOO_LARGE);
                failed++;
            }
        }
        CHECK(failed > 30); /* its header and its structure at least */
    }
}

static void damage_and_truncation_have_different_details(void) {
    begin(INT64_MAX);
    for (const coded_form *form = forms; form->coding != NULL; form++) {
        CHECK_INT(decode(form->coding, "\xff\xff\xff\xff\xff\xff\xff\xff", 8, 1, 16),
                  FERRY_ERROR_INVALID_DATA);
        CHECK_CONTAINS(context.detail, "the body is not valid ");
        CHECK_CONTAINS(context.detail, form->name);
    }
}

static void a_failure_stays(void) {
    begin(INT64_MAX);
    for (const coded_form *form = forms; form->coding != NULL; form++) {
        ferry_decoding *decoding = NULL;
        CHECK_INT(ferry_decoding_new(&context, ferry_span_of(form->coding), &decoding), FERRY_OK);
        decoded.length = 0;
        CHECK_INT(run(decoding, (const unsigned char *)"\xff\xff\xff\xff\xff\xff", 6, 6, 9),
                  FERRY_ERROR_INVALID_DATA);
        context.detail[0] = '\0';
        CHECK_INT(run(decoding, (const unsigned char *)"x", 1, 1, 9), FERRY_ERROR_INVALID_DATA);
        CHECK_CONTAINS(context.detail, form->name);
        CHECK_INT(ferry_decoding_finish(decoding), FERRY_ERROR_INVALID_DATA);
        ferry_decoding_free(decoding);
    }
}

static void bytes_after_the_end_are_ignored(void) {
    begin(INT64_MAX);
    for (const coded_form *form = forms; form->coding != NULL; form++) {
        CHECK(form->encode(&coded, short_text, sizeof short_text));
        memcpy(coded.data + coded.length, "\0garbage", 8);
        coded.length += 8;
        check_decodes(form->coding, short_text, sizeof short_text, SIZE_MAX, MOST_BYTES);
        check_decodes(form->coding, short_text, sizeof short_text, 1, 1);
    }
}

/* The coded text twice over in `coded`; where the second one begins. */
static size_t encode_twice(bool (*encode)(bytes *dst, const void *src, size_t length)) {
    CHECK(encode(&coded, short_text, sizeof short_text));
    size_t length = coded.length;
    memcpy(coded.data + length, coded.data, length);
    coded.length *= 2;
    return length;
}

static void check_members(const char *coding,
                          bool (*encode)(bytes *dst, const void *src, size_t length)) {
    char twice[2 * sizeof short_text];
    memcpy(twice, short_text, sizeof short_text);
    memcpy(twice + sizeof short_text, short_text, sizeof short_text);
    size_t second = encode_twice(encode);
    for (size_t step = 1; step <= coded.length; step++) {
        check_decodes(coding, twice, sizeof twice, step, MOST_BYTES);
        check_decodes(coding, twice, sizeof twice, step, 3);
    }
    for (size_t length = 1; length < coded.length; length++) {
        CHECK_INT(decode(coding, coded.data, length, 5, MOST_BYTES),
                  length == second ? FERRY_OK : FERRY_ERROR_INVALID_DATA);
    }
    coded.data[second + 1] ^= 1; /* no magic number, so no member */
    check_decodes(coding, short_text, sizeof short_text, 5, MOST_BYTES);
    check_decodes(coding, short_text, sizeof short_text, 1, 1);
}

static void gzip_members_and_zstd_frames_are_decoded_one_after_another(void) {
    begin(INT64_MAX);
    for (const coded_form *form = forms; form->coding != NULL; form++) {
        if (strcmp(form->name, "gzip") == 0 || strcmp(form->name, "zstd") == 0) {
            check_members(form->coding, form->encode);
        }
    }
}

static void the_limit_is_exact(void) {
    int64_t size = sizeof short_text;
    for (const coded_form *form = forms; form->coding != NULL; form++) {
        CHECK(form->encode(&coded, short_text, sizeof short_text));
        for (size_t room = 1; room <= sizeof short_text + 1; room++) {
            begin(size);
            check_decodes(form->coding, short_text, sizeof short_text, SIZE_MAX, room);
            begin(size - 1);
            CHECK_INT(decode(form->coding, coded.data, coded.length, SIZE_MAX, room),
                      FERRY_ERROR_TOO_LARGE);
            CHECK_MEM(decoded.data, decoded.length, short_text, sizeof short_text - 1);
            CHECK_STR(context.detail,
                      "the decoded body is larger than 45 bytes (max_decoded_bytes)");
        }
    }
}

static void a_bomb_stops_at_the_limit(void) {
    static unsigned char zeros[16 << 20];
    for (const coded_form *form = forms; form->coding != NULL; form++) {
        begin(100000);
        if (!form->encode(&coded, zeros, sizeof zeros)) {
            continue; /* the form that stores does not fit, and is no bomb */
        }
        CHECK_INT(decode(form->coding, coded.data, coded.length, SIZE_MAX, 4096),
                  FERRY_ERROR_TOO_LARGE);
        CHECK_INT(decoded.length, 100000);
    }
}

static void an_unknown_coding_gives_nothing_and_a_warning(void) {
    static const char *const lists[] = {"compress", "gzip, compress", "compress, br",
                                        "gzip, br, zstd, deflate, gzip, compress", "gzip;q=1"};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        begin(INT64_MAX);
        ferry_decoding *decoding = (ferry_decoding *)&context;
        CHECK_INT(ferry_decoding_new(&context, ferry_span_of(lists[i]), &decoding), FERRY_OK);
        CHECK(decoding == NULL);
        CHECK_CONTAINS(last_warning, "is not built in");
        CHECK_INT(memory.calls, 0);
    }
}

static void identity_and_nothing_give_nothing_and_no_warning(void) {
    static const char *const lists[] = {"", " , ", "identity", "Identity, identity"};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        begin(INT64_MAX);
        ferry_decoding *decoding = (ferry_decoding *)&context;
        CHECK_INT(ferry_decoding_new(&context, ferry_span_of(lists[i]), &decoding), FERRY_OK);
        CHECK(decoding == NULL);
        CHECK_STR(last_warning, "");
    }
    ferry_decoding_free(NULL);
}

static void the_accept_value_names_the_codings_in_order(void) {
    char list[64] = "";
    for (size_t i = 0; ferry_codings[i] != NULL; i++) {
        strcat(list, i > 0 ? ", " : "");
        strcat(list, ferry_codings[i]->name);
    }
    CHECK_STR(ferry_codings_accept.data, list);
    CHECK_INT(ferry_codings_accept.length, strlen(list));
}

/* ---- Chains ---- */

/* Applies `outer` to what is in `coded`. */
static void encode_again(bool (*outer)(bytes *dst, const void *src, size_t length)) {
    CHECK(outer(&more, coded.data, coded.length));
    coded = more;
}

/* Goes to the next pair of forms, the inner one applied first; false past the last. */
static bool next_pair(const coded_form **inner, const coded_form **outer, char list[64]) {
    if (*inner == NULL) {
        *inner = forms;
        *outer = forms;
    } else {
        (*outer)++;
    }
    if ((*outer)->coding == NULL && (*inner)->coding != NULL) {
        (*inner)++;
        *outer = forms;
    }
    if ((*inner)->coding == NULL) {
        return false;
    }
    snprintf(list, 64, " %s,identity ,%s", (*inner)->coding, (*outer)->coding);
    return true;
}

static void the_coding_named_last_is_undone_first(void) {
    char list[64];
    const coded_form *inner = NULL;
    const coded_form *outer = NULL;
    begin(INT64_MAX);
    while (next_pair(&inner, &outer, list)) {
        CHECK(inner->encode(&coded, long_text, sizeof long_text));
        encode_again(outer->encode);
        check_decodes(list, long_text, sizeof long_text, SIZE_MAX, MOST_BYTES);
        check_decodes(list, long_text, sizeof long_text, 1000, 999);
        CHECK(inner->encode(&coded, short_text, sizeof short_text));
        encode_again(outer->encode);
        check_decodes(list, short_text, sizeof short_text, 1, 1);
        if (inner->encode != outer->encode && strcmp(inner->name, outer->name) != 0) {
            char reversed[64];
            snprintf(reversed, sizeof reversed, "%s, %s", outer->coding, inner->coding);
            CHECK(decode(reversed, coded.data, coded.length, SIZE_MAX, MOST_BYTES) != FERRY_OK);
        }
    }
}

static void a_chain_cut_anywhere_is_incomplete(void) {
    char list[64];
    const coded_form *inner = NULL;
    const coded_form *outer = NULL;
    begin(INT64_MAX);
    while (next_pair(&inner, &outer, list)) {
        CHECK(inner->encode(&coded, short_text, sizeof short_text));
        encode_again(outer->encode);
        for (size_t length = 1; length < coded.length; length++) {
            CHECK_INT(decode(list, coded.data, length, SIZE_MAX, 8), FERRY_ERROR_INVALID_DATA);
        }
        CHECK(inner->encode(&coded, short_text, sizeof short_text));
        coded.length--;
        encode_again(outer->encode);
        CHECK_INT(decode(list, coded.data, coded.length, SIZE_MAX, 8), FERRY_ERROR_INVALID_DATA);
        CHECK_CONTAINS(context.detail, inner->name);
    }
}

static void what_came_before_damage_in_a_chain_is_given_first(void) {
    begin(INT64_MAX);
#if FERRY_HAVE_ZLIB
    CHECK(encode_stored_deflate(&coded, short_text, sizeof short_text));
    encode_again(encode_gzip);
    coded.data[coded.length - 8] ^= 1; /* the outer check value */
    CHECK_INT(decode("deflate, gzip", coded.data, coded.length, SIZE_MAX, 1),
              FERRY_ERROR_INVALID_DATA);
    CHECK_MEM(decoded.data, decoded.length, short_text, sizeof short_text);
    CHECK_STR(context.detail, "the body is not valid gzip data: incorrect data check");
#endif
}

static void the_limit_holds_within_a_chain(void) {
#if FERRY_HAVE_ZLIB
    /* The outer coding unpacks to a small body and a lot behind its end. */
    begin(2000);
    CHECK(encode_gzip(&coded, short_text, sizeof short_text));
    memset(coded.data + coded.length, 0, 100000);
    coded.length += 100000;
    encode_again(encode_gzip);
    CHECK_INT(decode("gzip, gzip", coded.data, coded.length, SIZE_MAX, MOST_BYTES),
              FERRY_ERROR_TOO_LARGE);
    CHECK_MEM(decoded.data, decoded.length, short_text, sizeof short_text);
#endif
}

static void four_codings_are_undone_and_five_refused(void) {
    begin(INT64_MAX);
    for (const coded_form *form = forms; form->coding != NULL; form++) {
        char list[64];
        const char *name = form->coding;
        CHECK(form->encode(&coded, short_text, sizeof short_text));
        encode_again(form->encode);
        encode_again(form->encode);
        encode_again(form->encode);
        snprintf(list, sizeof list, "%s,%s,%s,%s", name, name, name, name);
        check_decodes(list, short_text, sizeof short_text, SIZE_MAX, MOST_BYTES);
        check_decodes(list, short_text, sizeof short_text, 1, 1);
        snprintf(list, sizeof list, "%s,%s,%s,%s,%s", name, name, name, name, name);
        CHECK_INT(decode(list, coded.data, coded.length, SIZE_MAX, MOST_BYTES),
                  FERRY_ERROR_INVALID_DATA);
        CHECK_CONTAINS(context.detail, "5 content codings");
    }
}

static void every_failed_allocation_is_out_of_memory(void) {
    char list[64];
    const coded_form *inner = NULL;
    const coded_form *outer = NULL;
    while (next_pair(&inner, &outer, list)) {
        CHECK(inner->encode(&coded, long_text, sizeof long_text));
        encode_again(outer->encode);
        ferry_error error = FERRY_ERROR_OUT_OF_MEMORY;
        size_t fail_at = 0;
        while (error != FERRY_OK && fail_at < 1000) {
            begin(INT64_MAX);
            memory.fail_at = ++fail_at;
            error = decode(list, coded.data, coded.length, 5000, 4096);
            CHECK(error == FERRY_OK || error == FERRY_ERROR_OUT_OF_MEMORY);
        }
        CHECK_INT(error, FERRY_OK);
        CHECK(fail_at > 5); /* the libraries' memory is among it */
        CHECK_MEM(decoded.data, decoded.length, long_text, sizeof long_text);
    }
}

/* ---- One coding's own ---- */

static void raw_deflate_that_looks_like_zlib_is_decoded(void) {
#if FERRY_HAVE_ZLIB
    /* A stored block (RFC 1951 section 3.2.4) whose unused bits and length make a valid zlib
     * header: 78 9c. Its 156 bytes are more than what is kept for a second try. */
    begin(INT64_MAX);
    coded.length = 0;
    static const unsigned char head[] = {0x78, 0x9c, 0x00, 0x63, 0xff};
    memcpy(coded.data, head, sizeof head);
    memcpy(coded.data + sizeof head, long_text, 0x9c);
    memcpy(coded.data + sizeof head + 0x9c, "\x03\x00", 2); /* an empty last block */
    coded.length = sizeof head + 0x9c + 2;
    check_decodes("deflate", long_text, 0x9c, SIZE_MAX, MOST_BYTES);
    check_decodes("deflate", long_text, 0x9c, 1, 1);
#endif
}

static void damaged_zlib_data_are_named_by_their_own_fault(void) {
#if FERRY_HAVE_ZLIB
    begin(INT64_MAX);
    CHECK_INT(decode("deflate", "\x78\x9c\xff\xff\xff\xff\xff\xff", 8, 1, 8),
              FERRY_ERROR_INVALID_DATA);
    CHECK_STR(context.detail, "the body is not valid deflate data: invalid block type");
#endif
}

static void zstd_windows_over_8_mib_are_refused_however_they_arrive(void) {
#if FERRY_HAVE_ZSTD
    /* Frames with one raw block of one byte (RFC 8878 section 3.1.1): window descriptors of 8 MiB
     * and of 9 MiB; and a single segment whose size is 8 MiB and one byte. */
    static const unsigned char allowed[] = {0x28,    0xb5, 0x2f, 0xfd, 0x00,
                                            13 << 3, 0x09, 0x00, 0x00, 'x'};
    static const unsigned char refused[] = {0x28,        0xb5, 0x2f, 0xfd, 0x00,
                                            13 << 3 | 1, 0x09, 0x00, 0x00, 'x'};
    static const unsigned char segment[] = {0x28, 0xb5, 0x2f, 0xfd, 0xa0, 0x01, 0x00,
                                            0x80, 0x00, 0x09, 0x00, 0x00, 'x'};
    static const size_t steps[] = {1, 4, 5, SIZE_MAX};
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        begin(INT64_MAX);
        CHECK_INT(decode("zstd", allowed, sizeof allowed, steps[i], MOST_BYTES), FERRY_OK);
        CHECK_MEM(decoded.data, decoded.length, "x", 1);
        CHECK_INT(decode("zstd", refused, sizeof refused, steps[i], MOST_BYTES),
                  FERRY_ERROR_INVALID_DATA);
        CHECK_CONTAINS(context.detail, "8 MiB");
        CHECK_INT(decode("zstd", segment, sizeof segment, steps[i], MOST_BYTES),
                  FERRY_ERROR_INVALID_DATA);
        CHECK_CONTAINS(context.detail, "8 MiB");
    }
#endif
}

static void zstd_frames_to_be_skipped_are_skipped(void) {
#if FERRY_HAVE_ZSTD
    static const unsigned char skipped[] = {0x5a, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 'a', 'b', 'c'};
    begin(INT64_MAX);
    CHECK(encode_zstd(&more, short_text, sizeof short_text));
    coded.length = 2 * sizeof skipped + more.length;
    memcpy(coded.data, skipped, sizeof skipped);
    memcpy(coded.data + sizeof skipped, more.data, more.length);
    memcpy(coded.data + sizeof skipped + more.length, skipped, sizeof skipped);
    check_decodes("zstd", short_text, sizeof short_text, SIZE_MAX, MOST_BYTES);
    check_decodes("zstd", short_text, sizeof short_text, 1, 1);
#endif
}

int main(int argc, char **argv) {
    static const check_test tests[] = {
        CHECK_TEST(bodies_come_out_as_they_went_in),
        CHECK_TEST(empty_bodies_are_complete),
        CHECK_TEST(room_for_one_byte_is_enough),
        CHECK_TEST(room_that_the_body_just_fills_is_enough),
        CHECK_TEST(every_split_gives_the_same),
        CHECK_TEST(a_match_at_the_end_comes_out_in_small_room),
        CHECK_TEST(no_room_at_all_is_no_failure),
        CHECK_TEST(bodies_cut_anywhere_are_incomplete),
        CHECK_TEST(damage_is_refused_where_it_shows),
        CHECK_TEST(damage_and_truncation_have_different_details),
        CHECK_TEST(a_failure_stays),
        CHECK_TEST(bytes_after_the_end_are_ignored),
        CHECK_TEST(gzip_members_and_zstd_frames_are_decoded_one_after_another),
        CHECK_TEST(the_limit_is_exact),
        CHECK_TEST(a_bomb_stops_at_the_limit),
        CHECK_TEST(an_unknown_coding_gives_nothing_and_a_warning),
        CHECK_TEST(identity_and_nothing_give_nothing_and_no_warning),
        CHECK_TEST(the_accept_value_names_the_codings_in_order),
        CHECK_TEST(the_coding_named_last_is_undone_first),
        CHECK_TEST(a_chain_cut_anywhere_is_incomplete),
        CHECK_TEST(what_came_before_damage_in_a_chain_is_given_first),
        CHECK_TEST(the_limit_holds_within_a_chain),
        CHECK_TEST(four_codings_are_undone_and_five_refused),
        CHECK_TEST(every_failed_allocation_is_out_of_memory),
        CHECK_TEST(raw_deflate_that_looks_like_zlib_is_decoded),
        CHECK_TEST(damaged_zlib_data_are_named_by_their_own_fault),
        CHECK_TEST(zstd_windows_over_8_mib_are_refused_however_they_arrive),
        CHECK_TEST(zstd_frames_to_be_skipped_are_skipped),
    };
    make_long_text();
    return CHECK_RUN(tests, argc, argv);
}
