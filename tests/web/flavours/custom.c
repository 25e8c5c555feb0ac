/* SPDX-License-Identifier: MIT */
/* custom: a program with a connection of its own, the only kind that carries the HTTP/1.1 codec. */
#include <ferry.h>

#include <stdio.h>
#include <string.h>

static const char response[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
static size_t at;
static bool is_asked;

static ferry_stream_result read_response(ferry_stream *stream, void *dst, size_t capacity,
                                         size_t *length) {
    (void)stream;
    size_t left = is_asked ? sizeof response - 1 - at : 0; /* what nobody asked for is no answer */
    *length = left < capacity ? left : capacity;
    memcpy(dst, response + at, *length);
    at += *length;
    return left == 0 ? FERRY_STREAM_AGAIN : FERRY_STREAM_OK;
}

static ferry_stream_result ignore_request(ferry_stream *stream, const ferry_slice *slices,
                                          size_t count, size_t *length) {
    (void)stream;
    (void)count;
    *length = slices->length;
    is_asked = true;
    return FERRY_STREAM_OK;
}

static void destroy(ferry_stream *stream) {
    (void)stream;
}

int main(void) {
    static const ferry_stream_ops ops = {
        .read = read_response, .write = ignore_request, .destroy = destroy};
    ferry_stream stream = {&ops};
    ferry_client *client = ferry_client_new(NULL);
    char body[8] = "";
    size_t length = 0;
    ferry_client_set_connection(client, &stream);
    ferry_client_request(client, FERRY_METHOD_GET, "/", NULL, NULL);
    while (ferry_client_poll(client) == FERRY_OK &&
           ferry_client_get_status(client) == FERRY_STATUS_REQUESTING) {
    }
    ferry_client_read_response_body(client, body, sizeof body - 1, &length);
    printf("%d %s\n", ferry_client_get_response_code(client), body);
    ferry_client_free(client);
    return 0;
}
