/* SPDX-License-Identifier: MIT */
/* tunnel: HTTP/1.1 of ferry's own in a browser, over a WebSocket that somebody joins to a TCP
 * server: a stream of the program's own as the connection.
 *
 *     tunnel URL TARGET [BODY]: GETs the target, or POSTs the body to it, twice on one connection.
 */
#include <emscripten.h>
#include <emscripten/websocket.h>
#include <ferry.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- The stream ---- */

typedef struct socket_stream {
    ferry_stream base;
    EMSCRIPTEN_WEBSOCKET_T socket;
    unsigned char *bytes; /* what has come and is not read yet */
    size_t length;
    size_t at;
    bool is_open;
    bool is_closed;
} socket_stream;

static ferry_stream_result socket_read(ferry_stream *stream, void *dst, size_t capacity,
                                       size_t *length) {
    socket_stream *socket = (socket_stream *)stream;
    size_t left = socket->length - socket->at;
    if (left == 0) {
        return socket->is_closed ? FERRY_STREAM_END : FERRY_STREAM_AGAIN;
    }
    *length = left < capacity ? left : capacity;
    memcpy(dst, socket->bytes + socket->at, *length);
    socket->at += *length;
    return FERRY_STREAM_OK;
}

static ferry_stream_result socket_write(ferry_stream *stream, const ferry_slice *slices,
                                        size_t count, size_t *length) {
    socket_stream *socket = (socket_stream *)stream;
    *length = 0;
    for (size_t i = 0; i < count; i++) {
        if (slices[i].length > 0 &&
            emscripten_websocket_send_binary(socket->socket, (void *)slices[i].data,
                                             (uint32_t)slices[i].length) < 0) {
            return FERRY_STREAM_FAILED;
        }
        *length += slices[i].length;
    }
    return FERRY_STREAM_OK;
}

static void socket_destroy(ferry_stream *stream) {
    socket_stream *socket = (socket_stream *)stream;
    emscripten_websocket_close(socket->socket, 1000, "done");
    emscripten_websocket_delete(socket->socket);
    free(socket->bytes);
    free(socket);
    printf("destroyed\n");
}

static const ferry_stream_ops socket_ops = {
    .read = socket_read, .write = socket_write, .destroy = socket_destroy};

static EM_BOOL on_open(int type, const EmscriptenWebSocketOpenEvent *event, void *ctx) {
    (void)type;
    (void)event;
    ((socket_stream *)ctx)->is_open = true;
    return EM_TRUE;
}

static EM_BOOL on_close(int type, const EmscriptenWebSocketCloseEvent *event, void *ctx) {
    (void)type;
    (void)event;
    ((socket_stream *)ctx)->is_closed = true;
    return EM_TRUE;
}

static EM_BOOL on_message(int type, const EmscriptenWebSocketMessageEvent *event, void *ctx) {
    socket_stream *socket = ctx;
    size_t left = socket->length - socket->at;
    unsigned char *bytes = malloc(left + event->numBytes + 1);
    (void)type;
    if (bytes == NULL) {
        abort();
    }
    if (left > 0) {
        memcpy(bytes, socket->bytes + socket->at, left);
    }
    memcpy(bytes + left, event->data, event->numBytes);
    free(socket->bytes);
    socket->bytes = bytes;
    socket->length = left + event->numBytes;
    socket->at = 0;
    return EM_TRUE;
}

static socket_stream *socket_new(const char *url) {
    EmscriptenWebSocketCreateAttributes attributes = {.url = url};
    socket_stream *socket = calloc(1, sizeof *socket);
    if (socket == NULL) {
        abort();
    }
    socket->base.ops = &socket_ops;
    socket->socket = emscripten_websocket_new(&attributes);
    emscripten_websocket_set_onopen_callback(socket->socket, socket, on_open);
    emscripten_websocket_set_onclose_callback(socket->socket, socket, on_close);
    emscripten_websocket_set_onmessage_callback(socket->socket, socket, on_message);
    return socket;
}

/* ---- The program ---- */

static struct {
    ferry_client *client;
    socket_stream *socket;
    const char *target;
    const char *body;
    ferry_status status;
    int requests; /* begun */
    bool has_head;
    size_t bytes;
    unsigned sum;
} program;

static void finish(ferry_error error) {
    if (error != FERRY_OK) {
        printf("%s: %s\n", ferry_error_name(error), ferry_client_get_error_detail(program.client));
    }
    ferry_client_free(program.client);
    emscripten_cancel_main_loop();
    emscripten_force_exit(error == FERRY_OK ? 0 : 1);
}

static ferry_error start(void) {
    program.requests++;
    program.has_head = false;
    program.bytes = 0;
    program.sum = 0;
    return ferry_client_request(program.client,
                                program.body != NULL ? FERRY_METHOD_POST : FERRY_METHOD_GET,
                                program.target, NULL, program.body);
}

static void say_head(void) {
    const char *const *line = ferry_client_get_response_headers(program.client, NULL);
    printf("%d, length %lld%s\n", ferry_client_get_response_code(program.client),
           (long long)ferry_client_get_response_body_length(program.client),
           ferry_client_is_response_chunked(program.client) ? ", chunked" : "");
    for (; *line != NULL; line++) {
        printf("%s\n", *line);
    }
    program.has_head = true;
}

static ferry_error read_body(void) {
    unsigned char buffer[4096];
    size_t length;
    ferry_error error;
    do {
        error = ferry_client_read_response_body(program.client, buffer, sizeof buffer, &length);
        for (size_t i = 0; error == FERRY_OK && i < length; i++) {
            program.sum += buffer[i];
        }
        program.bytes += error == FERRY_OK ? length : 0;
    } while (error == FERRY_OK && length > 0);
    return error;
}

static void frame(void) {
    if (!program.socket->is_open) {
        return;
    }
    if (ferry_client_get_connection(program.client) == NULL && program.requests == 0) {
        ferry_error error = ferry_client_set_connection(program.client, &program.socket->base);
        if (error != FERRY_OK) {
            finish(error);
            return;
        }
    }
    ferry_error error = ferry_client_poll(program.client);
    if (error == FERRY_OK && program.requests == 0) {
        error = start();
    } else if (error == FERRY_OK && ferry_client_has_response(program.client)) {
        if (!program.has_head) {
            say_head();
        }
        error = read_body();
        if (error == FERRY_OK && ferry_client_get_status(program.client) != FERRY_STATUS_BODY) {
            printf("%zu bytes, sum %u, %s\n", program.bytes, program.sum,
                   ferry_status_name(ferry_client_get_status(program.client)));
            if (program.requests == 2) {
                finish(FERRY_OK);
                return;
            }
            error = start();
        }
    }
    if (error != FERRY_OK) {
        finish(error);
    }
}

int main(int argc, char **argv) {
    if (argc < 3) {
        fprintf(stderr, "usage: tunnel URL TARGET [BODY]\n");
        return 2;
    }
    program.client = ferry_client_new(NULL);
    program.target = argv[2];
    program.body = argc > 3 ? argv[3] : NULL;
    program.socket = socket_new(argv[1]);
    emscripten_set_main_loop(frame, 60, true);
    return 0;
}
