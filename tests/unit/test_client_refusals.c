/* SPDX-License-Identifier: MIT */
/* test_client_refusals: calls, hosts, options and streams that are wrong are refused, and the
 * client says why. */
#include "check.h"
#include "counted_memory.h"
#include "ferry.h"
#include "script_stream.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

static void calls_without_a_connection_are_refused(void) {
    ferry_client *client = ferry_client_new(NULL);
    const void *chunk = NULL;
    size_t length = 7;
    CHECK_INT(ferry_client_poll(client), FERRY_ERROR_UNCONFIGURED);
    CHECK_INT(ferry_client_request(client, FERRY_METHOD_GET, "/", NULL, NULL),
              FERRY_ERROR_UNCONFIGURED);
    CHECK_INT(ferry_client_read_response_body_chunk(client, &chunk, &length),
              FERRY_ERROR_UNCONFIGURED);
    CHECK_INT(length, 7);
    CHECK_INT(ferry_client_write_request_body(client, "", 0, &length), FERRY_ERROR_UNCONFIGURED);
    CHECK_INT(ferry_client_set_read_chunk_size(client, 255), FERRY_ERROR_INVALID_PARAMETER);
    CHECK_INT(ferry_client_set_read_chunk_size(client, 16 * 1024 * 1024 + 1),
              FERRY_ERROR_INVALID_PARAMETER);
    CHECK_INT(ferry_client_get_read_chunk_size(client), 65536);
    CHECK(ferry_client_get_connection(client) == NULL);
    ferry_client_close(client);
    ferry_client_close(client);
    CHECK_INT(ferry_client_get_status(client), FERRY_STATUS_DISCONNECTED);
    ferry_client_free(client);
    ferry_client_free(NULL);
}

static void impossible_hosts_and_ports_are_refused(void) {
    char long_ipv6[400] = "1:1:";
    memset(long_ipv6 + 4, 'a', sizeof long_ipv6 - 5);
    const char *const hosts[] = {
        "",
        "http://",
        "ftp://a",
        "a b",
        "a/b",
        "a@b",
        "a:80",
        "[::1]:80",
        "[::1",
        "a\r\nX: y",
        ".a",
        "a..b",
        "a..",
        "http://a..",
        "..",
        ".",
        "::1::2::3::4::5::6",
        long_ipv6,
        "[a]",
        "http://a?b",
        "\xc3\xa5.example",
    };
    ferry_client *client = ferry_client_new(NULL);
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
        if (!CHECK_INT(ferry_client_connect_to_host(client, hosts[i], -1, NULL),
                       FERRY_ERROR_INVALID_PARAMETER)) {
            printf("    host \"%s\"\n", hosts[i]);
        }
        CHECK_INT(ferry_client_get_status(client), FERRY_STATUS_DISCONNECTED);
    }
    CHECK_INT(ferry_client_connect_to_host(client, NULL, -1, NULL), FERRY_ERROR_INVALID_PARAMETER);
    static const int ports[] = {0, -2, 65536};
    for (size_t i = 0; i < sizeof ports / sizeof *ports; i++) {
        CHECK_INT(ferry_client_connect_to_host(client, "a", ports[i], NULL),
                  FERRY_ERROR_INVALID_PARAMETER);
    }
    ferry_tls_options tls = ferry_tls_options_client(NULL, NULL);
    CHECK_INT(ferry_client_connect_to_host(client, "http://a", -1, &tls),
              FERRY_ERROR_INVALID_PARAMETER);
#if !defined(__EMSCRIPTEN__) && !defined(FERRY_HAVE_TLS) /* a browser speaks TLS itself */
    CHECK_INT(ferry_client_connect_to_host(client, "a", -1, &tls), FERRY_ERROR_UNAVAILABLE);
    CHECK_INT(ferry_client_connect_to_host(client, "HTTPS://a", -1, NULL), FERRY_ERROR_UNAVAILABLE);
    CHECK_CONTAINS(ferry_client_get_error_detail(client), "TLS");
#endif
#ifdef __EMSCRIPTEN__
    CHECK_INT(ferry_client_set_http_proxy(client, "proxy", 8080), FERRY_ERROR_UNAVAILABLE);
    CHECK_INT(ferry_client_set_https_proxy(client, "proxy", 8080), FERRY_ERROR_UNAVAILABLE);
#endif
    CHECK_INT(ferry_client_set_http_proxy(client, "proxy", 0), FERRY_ERROR_INVALID_PARAMETER);
    CHECK_INT(ferry_client_set_http_proxy(client, "", 8080), FERRY_OK);
    CHECK_INT(ferry_client_set_http_proxy(client, "proxy", -1), FERRY_OK);
    ferry_client_free(client);
}

static void stream_without_its_functions_is_refused(void) {
    static const ferry_stream_ops none = {.read = NULL};
    ferry_stream stream = {.ops = &none};
    ferry_client *client = ferry_client_new(NULL);
    CHECK_INT(ferry_client_set_connection(client, &stream), FERRY_ERROR_INVALID_PARAMETER);
    stream.ops = NULL;
    CHECK_INT(ferry_client_set_connection(client, &stream), FERRY_ERROR_INVALID_PARAMETER);
    CHECK_INT(ferry_client_set_connection(client, NULL), FERRY_OK);
    ferry_client_free(client);
}

/* Says that bytes were moved, and names another number than there were. */
typedef struct lying_stream {
    ferry_stream stream;
    size_t read_length;
    size_t write_length;
    unsigned reads;
    unsigned writes;
} lying_stream;

static ferry_stream_result lying_read(ferry_stream *stream, void *dst, size_t capacity,
                                      size_t *length) {
    lying_stream *self = (lying_stream *)stream;
    (void)dst;
    (void)capacity;
    self->reads++;
    *length = self->read_length;
    return self->writes == 0 ? FERRY_STREAM_AGAIN : FERRY_STREAM_OK;
}

static ferry_stream_result lying_write(ferry_stream *stream, const ferry_slice *slices,
                                       size_t count, size_t *length) {
    lying_stream *self = (lying_stream *)stream;
    (void)slices;
    (void)count;
    self->writes++;
    *length = self->write_length;
    return FERRY_STREAM_OK;
}

static void lying_destroy(ferry_stream *stream) {
    (void)stream;
}

/* The request goes out a byte a call where the stream says so. */
static void check_lie(size_t read_length, size_t write_length, const char *sentence) {
    static const ferry_stream_ops ops = {
        .read = lying_read, .write = lying_write, .destroy = lying_destroy};
    lying_stream lying = {{&ops}, read_length, write_length, 0, 0};
    ferry_client *client = ferry_client_new(NULL);
    CHECK_INT(ferry_client_set_connection(client, &lying.stream), FERRY_OK);
    CHECK_INT(ferry_client_request(client, FERRY_METHOD_PUT, "/", NULL, "hello"), FERRY_OK);
    CHECK_INT(ferry_client_poll(client), FERRY_ERROR_CONNECTION_ERROR);
    CHECK_CONTAINS(ferry_client_get_error_detail(client), sentence);
    CHECK(lying.reads < 8);
    CHECK(lying.writes < 500);
    ferry_client_free(client);
}

static void stream_that_moves_nothing_and_says_ok_has_failed(void) {
    check_lie(0, 1, "moved none");
    check_lie(SIZE_MAX, 1, "moved more bytes than it was asked for");
    check_lie(0, 0, "moved none");
    check_lie(0, SIZE_MAX, "moved more bytes than it was asked for");
}

/* There would be no telling what is wrong without a client. */
static void half_an_allocator_is_refused_by_what_connects(void) {
    for (int given = 1; given < 7; given++) {
        counted_memory memory = {0};
        ferry_client_options options = {.allocator = counted_memory_allocator(&memory)};
        options.allocator.alloc = (given & 1) != 0 ? options.allocator.alloc : NULL;
        options.allocator.realloc = (given & 2) != 0 ? options.allocator.realloc : NULL;
        options.allocator.free = (given & 4) != 0 ? options.allocator.free : NULL;
        script_stream script;
        script_stream_init(&script, "", 0, FERRY_STREAM_AGAIN);
        ferry_client *client = ferry_client_new(&options);
        if (!CHECK(client != NULL)) {
            return;
        }
        CHECK_INT(ferry_client_connect_to_host(client, "127.0.0.1", 9, NULL),
                  FERRY_ERROR_INVALID_PARAMETER);
        CHECK_CONTAINS(ferry_client_get_error_detail(client), "allocator");
        CHECK_INT(ferry_client_set_connection(client, &script.stream),
                  FERRY_ERROR_INVALID_PARAMETER);
        CHECK_CONTAINS(ferry_client_get_error_detail(client), "allocator");
        ferry_client_free(client);
        CHECK(!script.is_destroyed);
        CHECK_INT(memory.calls, 0);
        CHECK_INT(memory.live, 0);
    }
}

/* The buffers are made for no more; a limit that is lowered in silence would be found too late. */
static void head_limit_over_16_mib_is_refused_by_what_connects(void) {
    const size_t most = 16 * 1024 * 1024;
    const size_t limits[] = {most, most + 1, SIZE_MAX};
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        ferry_client *client =
            ferry_client_new(&(ferry_client_options){.max_head_bytes = limits[i]});
        ferry_error expected = limits[i] > most ? FERRY_ERROR_INVALID_PARAMETER : FERRY_OK;
        script_stream script;
        script_stream_init(&script, "", 0, FERRY_STREAM_AGAIN);
        CHECK_INT(ferry_client_connect_to_host(client, "127.0.0.1", 8080, NULL), expected);
        CHECK_CONTAINS(ferry_client_get_error_detail(client),
                       limits[i] > most ? "max_head_bytes is more than 16 MiB" : "");
        CHECK_INT(ferry_client_set_connection(client, &script.stream), expected);
        CHECK_CONTAINS(ferry_client_get_error_detail(client),
                       limits[i] > most ? "max_head_bytes is more than 16 MiB" : "");
        ferry_client_free(client);
        CHECK(script.is_destroyed == (expected == FERRY_OK));
    }
}

/* NULL would mean that there is no memory. What needs TLS says that there is none. */
static void tls_cache_is_made_whether_there_is_tls_or_not(void) {
    /* Without a chain to verify no thread reads the system's authorities. */
    ferry_tls_options tls = {.cache = ferry_tls_cache_new(), .unsafe = true};
    ferry_client *client = ferry_client_new(NULL);
    CHECK(tls.cache != NULL);
    ferry_error error = ferry_client_connect_to_host(client, "127.0.0.1", 8443, &tls);
    if (error != FERRY_OK) {
        CHECK_INT(error, FERRY_ERROR_UNAVAILABLE);
        const char *detail = ferry_client_get_error_detail(client);
        CHECK(strstr(detail, "this build has no TLS") != NULL ||
              strstr(detail, "a browser verifies certificates itself") != NULL);
    }
    ferry_client_free(client);
    ferry_tls_cache_free(tls.cache);
}

int main(int argc, char **argv) {
    static const check_test tests[] = {
        CHECK_TEST(calls_without_a_connection_are_refused),
        CHECK_TEST(impossible_hosts_and_ports_are_refused),
        CHECK_TEST(stream_without_its_functions_is_refused),
        CHECK_TEST(stream_that_moves_nothing_and_says_ok_has_failed),
        CHECK_TEST(half_an_allocator_is_refused_by_what_connects),
        CHECK_TEST(head_limit_over_16_mib_is_refused_by_what_connects),
        CHECK_TEST(tls_cache_is_made_whether_there_is_tls_or_not),
    };
    return CHECK_RUN(tests, argc, argv);
}
