/* SPDX-License-Identifier: MIT */
/* fuzz_client: the input is a list of calls and then what the server sends; the client must survive
 * any order of calls, and each call must keep what ferry.h says of it. */
#include "ferry.h"

#include "script_stream.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CALLS = 24 };

static void require(bool holds) {
    if (!holds) {
        abort();
    }
}

static void request(ferry_client *client, uint8_t choice) {
    static const char *const upgrade[] = {"Upgrade: x", "Connection: upgrade", NULL};
    static const char *const expect[] = {"Expect: 100-continue", NULL};
    static const ferry_method methods[] = {FERRY_METHOD_GET, FERRY_METHOD_HEAD, FERRY_METHOD_POST,
                                           FERRY_METHOD_PUT};
    ferry_status before = ferry_client_get_status(client);
    ferry_request r = {.method = methods[choice & 3], .url = "/"};
    bool has_body = (choice & 2) != 0;
    if (has_body && (choice & 4) != 0) {
        r.streamed = true;
        r.streamed_length = (choice & 8) != 0 ? -1 : 5;
    } else if (has_body) {
        r.body = "hello";
        r.body_length = 5;
    }
    if ((choice & 16) != 0) {
        r.headers = has_body ? expect : upgrade;
    }
    if ((choice & 32) != 0) {
        r = (ferry_request){.method = FERRY_METHOD_CONNECT, .url = "a:1"};
    }
    ferry_error error = ferry_client_send(client, &r);
    /* Where it was CONNECTED, it is found only now that the stream has ended or said too much. */
    require((error == FERRY_OK || error == FERRY_ERROR_CONNECT_AGAIN) ==
            (before == FERRY_STATUS_CONNECTED));
    require(error != FERRY_OK || ferry_client_get_status(client) == FERRY_STATUS_REQUESTING);
}

static void read_body(ferry_client *client, uint8_t choice) {
    static char block[512];
    const void *chunk = NULL;
    size_t capacity = (choice & 15) == 0 ? sizeof block : choice & 15u;
    size_t length = 0;
    ferry_error error = (choice & 16) != 0
                            ? ferry_client_read_response_body_chunk(client, &chunk, &length)
                            : ferry_client_read_response_body(client, block, capacity, &length);
    require(error == FERRY_OK || length == 0);
    require(length <= 65536);
    require(error == FERRY_OK || *ferry_client_get_error_detail(client) != '\0');
}

/* The client's own connection is kept, or refused and as it was. */
static void set_again(ferry_client *client, const script_stream *script) {
    ferry_status before = ferry_client_get_status(client);
    ferry_stream *stream = ferry_client_get_connection(client);
    ferry_error error = ferry_client_set_connection(client, stream);
    require(error == FERRY_OK || (error == FERRY_ERROR_BUSY && stream != NULL));
    require(script->is_destroyed == (stream == NULL));
    require(ferry_client_get_connection(client) == stream);
    require(ferry_client_get_status(client) == (error != FERRY_OK ? before
                                                : stream != NULL  ? FERRY_STATUS_CONNECTED
                                                                  : FERRY_STATUS_DISCONNECTED));
}

static void call(ferry_client *client, script_stream *script, uint8_t what, uint8_t choice) {
    size_t written = 0;
    ferry_wait waits[4];
    ferry_field fields[4];
    switch (what % 10) {
    case 0:
    case 1:
        request(client, choice);
        break;
    case 2:
    case 3:
        ferry_client_poll(client);
        break;
    case 4:
    case 5:
        read_body(client, choice);
        break;
    case 6:
        ferry_client_write_request_body(client, "hello", choice % 6, &written);
        require(written <= choice % 6u);
        break;
    case 7:
        ferry_client_finish_request_body(client);
        break;
    case 8:
        require(ferry_client_get_waits(client, waits, 4) <= 4);
        ferry_client_get_response_headers_as_dictionary(client, fields, 4);
        ferry_client_get_response_header(client, "x", choice);
        require(ferry_client_get_response_trailers(client, NULL) != NULL);
        require(ferry_client_get_response_url(client) != NULL);
        break;
    case 9:
        if (choice < 150) {
            script->write_limit = choice % 7;
        } else if (choice < 220) {
            set_again(client, script);
        } else {
            ferry_client_close(client);
            require(ferry_client_get_status(client) == FERRY_STATUS_DISCONNECTED);
        }
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 2 * CALLS + 4) {
        return 0;
    }
    static const ferry_stream_result ends[] = {FERRY_STREAM_AGAIN, FERRY_STREAM_END,
                                               FERRY_STREAM_FAILED, FERRY_STREAM_TRUNCATED};
    ferry_client_options options = {
        .max_head_bytes = 1024,
        .max_header_count = 8,
        .max_decoded_bytes = 4096,
        .poll_budget_bytes = data[0] == 0 ? 0 : data[0],
    };
    const char *bytes = (const char *)data + 4 + 2 * CALLS;
    script_stream script;
    script_stream_init(&script, bytes, size - 4 - 2 * CALLS, ends[data[1] & 3]);
    script.piece = data[2];
    script.pause = (data[1] & 4) != 0;
    script.write_room = data[3];
    script.write_end = (data[1] & 8) != 0 ? FERRY_STREAM_FAILED : FERRY_STREAM_AGAIN;
    ferry_client *client = ferry_client_new(&options);
    require(client != NULL);
    require(ferry_client_set_connection(client, &script.stream) == FERRY_OK);
    for (size_t i = 0; i < CALLS; i++) {
        call(client, &script, data[4 + 2 * i], data[5 + 2 * i]);
        /* A failed status and an error come together, and last. */
        ferry_status status = ferry_client_get_status(client);
        require((status == FERRY_STATUS_CONNECTION_ERROR) ==
                (ferry_client_get_error(client) != FERRY_OK));
    }
    ferry_client_free(client);
    require(script.is_destroyed);
    return 0;
}
