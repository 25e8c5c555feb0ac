/* SPDX-License-Identifier: MIT */
/* scenario_uploading: bodies that are given piece by piece, answers that come before they are
 * complete, and tunnels. */
#include "scenario.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_HEADERS = 8, LARGEST_PIECE = 1 << 20 };

/* Writes all of `length` bytes. It polls before each piece: an answer may be there long before the
 * end, and what answers the last piece is for the caller to find. */
static ferry_error write_all(scenario *s, const unsigned char *data, size_t length,
                             size_t *written) {
    *written = 0;
    while (*written < length) {
        size_t taken = 0;
        ferry_error error = s->blocking ? FERRY_OK : ferry_client_poll(s->client);
        if (error != FERRY_OK) {
            return scenario_result(s, "poll", error);
        }
        scenario_note_status(s);
        error =
            ferry_client_write_request_body(s->client, data + *written, length - *written, &taken);
        if (error != FERRY_OK) {
            scenario_note_status(s); /* the call may have found the answer itself */
            return scenario_result(s, "write", error);
        }
        *written += taken;
        scenario_note_status(s);
        if (taken == 0 && !s->blocking &&
            ferry_client_get_status(s->client) == FERRY_STATUS_REQUESTING) {
            scenario_wait(s);
        }
    }
    return FERRY_OK;
}

/* COUNT pieces of SIZE bytes, all of one pattern. */
static ferry_error write_pieces(scenario *s, size_t size, long long count) {
    unsigned char *piece = malloc(size + 1);
    size_t offset = 0;
    size_t written = 0;
    ferry_error error = FERRY_OK;
    if (piece == NULL || size > LARGEST_PIECE) {
        scenario_give_up("the pieces are too large");
    }
    for (long long i = 0; i < count && error == FERRY_OK; i++, offset += size) {
        scenario_fill(piece, size, offset % 251);
        error = write_all(s, piece, size, &written);
    }
    free(piece);
    if (error == FERRY_OK) {
        scenario_say(s, "wrote %lld", (long long)offset);
    }
    return error;
}

/* upload LENGTH SIZE COUNT HEADER...: streams COUNT pieces of SIZE bytes with POST; LENGTH -1:
 * chunked. Then a GET, to see what became of the connection. */
static void run_upload(scenario *s) {
    const char *headers[MOST_HEADERS + 1] = {NULL};
    for (int i = 3; i < s->argc && i - 3 < MOST_HEADERS; i++) {
        headers[i - 3] = s->argv[i];
    }
    ferry_request request = {
        .method = FERRY_METHOD_POST,
        .url = "/upload",
        .headers = headers,
        .streamed = true,
        .streamed_length = scenario_number(scenario_argument(s, 0)),
    };
    size_t size = (size_t)scenario_number(scenario_argument(s, 1));
    scenario_new_client(s);
    scenario_connect(s);
    scenario_result(s, "request", ferry_client_send(s->client, &request));
    if (write_pieces(s, size, scenario_number(scenario_argument(s, 2))) == FERRY_OK) {
        scenario_result(s, "finish", ferry_client_finish_request_body(s->client));
    }
    scenario_finish(s);
    if (ferry_client_get_status(s->client) != FERRY_STATUS_CONNECTED) {
        scenario_connect(s);
    }
    scenario_get(s, "/after");
}

typedef struct given_body {
    size_t offset;
    size_t length;
    bool fails; /* at its end */
} given_body;

static ferry_error give_body(void *ctx, void *dst, size_t capacity, size_t *length) {
    given_body *body = ctx;
    size_t left = body->length - body->offset;
    *length = left < capacity ? left : capacity;
    scenario_fill(dst, *length, body->offset % 251);
    body->offset += *length;
    return *length == 0 && body->fails ? FERRY_ERROR_INVALID_DATA : FERRY_OK;
}

/* upload_read LENGTH TOTAL [fails]: a function gives TOTAL bytes, and then ends, or fails. */
static void run_upload_read(scenario *s) {
    given_body body = {
        .length = (size_t)scenario_number(scenario_argument(s, 1)),
        .fails = s->argc > 2,
    };
    ferry_request request = {
        .method = FERRY_METHOD_POST,
        .url = "/upload",
        .body_read = give_body,
        .body_ctx = &body,
        .streamed_length = scenario_number(scenario_argument(s, 0)),
    };
    scenario_new_client(s);
    scenario_connect(s);
    scenario_result(s, "request", ferry_client_send(s->client, &request));
    scenario_finish(s);
    scenario_say(s, "given %zu, sent %lld", body.offset,
                 (long long)ferry_client_get_bytes_sent(s->client));
    scenario_connect(s);
    scenario_get(s, "/after");
}

/* upload_borrowed TOTAL: the body stays where it is until all of it is sent. */
static void run_upload_borrowed(scenario *s) {
    size_t length = (size_t)scenario_number(scenario_argument(s, 0));
    unsigned char *body = malloc(length + 1);
    ferry_request request = {
        .method = FERRY_METHOD_POST,
        .url = "/upload",
        .body = body,
        .body_length = length,
        .borrow_body = true,
    };
    if (body == NULL) {
        scenario_give_up("there is no memory for the body");
    }
    scenario_fill(body, length, 0);
    scenario_new_client(s);
    scenario_connect(s);
    scenario_result(s, "request", ferry_client_send(s->client, &request));
    scenario_finish(s);
    scenario_say(s, "sent %lld", (long long)ferry_client_get_bytes_sent(s->client));
    free(body);
    scenario_get(s, "/after");
}

/* upload_wrongly: more, and less than announced, and pieces where none are wanted. */
static void run_upload_wrongly(scenario *s) {
    size_t written = 99;
    ferry_request request = {
        .method = FERRY_METHOD_PUT, .url = "/put", .streamed = true, .streamed_length = 10};
    scenario_new_client(s);
    scenario_connect(s);
    scenario_result(s, "write before the request",
                    ferry_client_write_request_body(s->client, "x", 1, &written));
    scenario_result(s, "finish before the request", ferry_client_finish_request_body(s->client));
    scenario_result(s, "request", ferry_client_send(s->client, &request));
    scenario_result(s, "write 6",
                    ferry_client_write_request_body(s->client, "012345", 6, &written));
    scenario_say(s, "written %zu", written);
    scenario_result(s, "finish after 6", ferry_client_finish_request_body(s->client));
    written = 99;
    scenario_result(s, "write 5 more",
                    ferry_client_write_request_body(s->client, "6789X", 5, &written));
    scenario_say(s, "written %zu", written);
    scenario_result(s, "write 4 more",
                    ferry_client_write_request_body(s->client, "6789", 4, &written));
    scenario_say(s, "written %zu", written);
    scenario_result(s, "write 1 more",
                    ferry_client_write_request_body(s->client, "X", 1, &written));
    scenario_result(s, "finish", ferry_client_finish_request_body(s->client));
    scenario_result(s, "finish twice", ferry_client_finish_request_body(s->client));
    scenario_finish(s);
    scenario_result(s, "write after the end",
                    ferry_client_write_request_body(s->client, "x", 1, &written));
    scenario_result(s, "request",
                    ferry_client_request(s->client, FERRY_METHOD_POST, "/whole", NULL, "abc"));
    scenario_result(s, "write where the body is whole",
                    ferry_client_write_request_body(s->client, "x", 1, &written));
    scenario_finish(s);
}

/* upload_unfinished: a body that ends too early; close gets the client out of it. */
static void run_upload_unfinished(scenario *s) {
    size_t written;
    ferry_request request = {
        .method = FERRY_METHOD_POST, .url = "/upload", .streamed = true, .streamed_length = 10};
    scenario_new_client(s);
    scenario_connect(s);
    scenario_result(s, "request", ferry_client_send(s->client, &request));
    scenario_result(s, "write", ferry_client_write_request_body(s->client, "012", 3, &written));
    scenario_result(s, "finish", ferry_client_finish_request_body(s->client));
    scenario_say(s, "sent %lld", (long long)ferry_client_get_bytes_sent(s->client));
    ferry_client_close(s->client);
    scenario_note_status(s);
    scenario_say(s, "sent %lld", (long long)ferry_client_get_bytes_sent(s->client));
    scenario_connect(s);
    scenario_get(s, "/after");
}

/* upload_finished: nothing follows the last chunk. */
static void run_upload_finished(scenario *s) {
    size_t written;
    ferry_request request = {
        .method = FERRY_METHOD_POST, .url = "/upload", .streamed = true, .streamed_length = -1};
    scenario_new_client(s);
    scenario_connect(s);
    scenario_result(s, "request", ferry_client_send(s->client, &request));
    scenario_result(s, "write", ferry_client_write_request_body(s->client, "012", 3, &written));
    scenario_result(s, "write nothing",
                    ferry_client_write_request_body(s->client, "", 0, &written));
    scenario_say(s, "written %zu", written);
    scenario_result(s, "finish", ferry_client_finish_request_body(s->client));
    scenario_result(s, "finish twice", ferry_client_finish_request_body(s->client));
    scenario_result(s, "write", ferry_client_write_request_body(s->client, "3", 1, &written));
    scenario_finish(s);
    scenario_get(s, "/after");
}

/* Reads exactly `wanted` bytes of the tunnel. */
static ferry_error read_exactly(scenario *s, long long wanted) {
    scenario_digest digest = scenario_digest_new();
    while (digest.length < wanted) {
        const void *data;
        size_t length;
        ferry_error error = scenario_read(s, &data, &length);
        if (error != FERRY_OK) {
            return scenario_result(s, "read", error);
        }
        scenario_digest_add(&digest, data, length);
        if (length > 0) {
            continue;
        }
        if (scenario_poll(s) != FERRY_OK || s->status != FERRY_STATUS_BODY) {
            break;
        }
        scenario_wait(s);
    }
    scenario_say_digest(s, "tunnel gives", &digest);
    return FERRY_OK;
}

/* tunnel METHOD TARGET HEADER...: what is written comes back in capitals, a line at a time; first
 * comes "welcome". "bye" ends the tunnel from here. */
static void run_tunnel(scenario *s) {
    static const char *const lines[] = {"first\n", "second\n"};
    const char *headers[MOST_HEADERS + 1] = {NULL};
    size_t written;
    for (int i = 2; i < s->argc && i - 2 < MOST_HEADERS; i++) {
        headers[i - 2] = s->argv[i];
    }
    bool is_connect = strcmp(scenario_argument(s, 0), "CONNECT") == 0;
    scenario_new_client(s);
    scenario_connect(s);
    scenario_result(s, "request",
                    ferry_client_request(s->client,
                                         is_connect ? FERRY_METHOD_CONNECT : FERRY_METHOD_GET,
                                         scenario_argument(s, 1), headers, NULL));
    if (scenario_settle(s) != FERRY_OK) {
        return;
    }
    scenario_say_response(s);
    if (ferry_client_get_status(s->client) != FERRY_STATUS_BODY) {
        return;
    }
    read_exactly(s, 8);
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        if (write_all(s, (const unsigned char *)lines[i], strlen(lines[i]), &written) == FERRY_OK) {
            scenario_say(s, "wrote %zu", written);
            read_exactly(s, (long long)written);
        }
    }
    scenario_result(s, "request",
                    ferry_client_request(s->client, FERRY_METHOD_GET, "/x", NULL, NULL));
    scenario_result(s, "finish", ferry_client_finish_request_body(s->client));
    scenario_read_all(s);
}

const scenario_entry scenario_uploading[] = {
    {"upload", run_upload},
    {"upload_read", run_upload_read},
    {"upload_borrowed", run_upload_borrowed},
    {"upload_wrongly", run_upload_wrongly},
    {"upload_unfinished", run_upload_unfinished},
    {"upload_finished", run_upload_finished},
    {"tunnel", run_tunnel},
    {NULL, NULL},
};
