/* SPDX-License-Identifier: MIT */
/* ferry: one GET with ferry, polled once a frame. */
#include <emscripten/html5.h>
#include <ferry.h>

int result;

static ferry_client *client;
static char body[4096];

static EM_BOOL on_frame(double time, void *data) {
    ferry_error error;
    size_t length = 0;
    (void)time;
    (void)data;
    if (ferry_client_poll(client) != FERRY_OK) {
        return EM_FALSE;
    }
    switch (ferry_client_get_status(client)) {
    case FERRY_STATUS_CONNECTED:
        if (ferry_client_has_response(client)) {
            return EM_FALSE;
        }
        error = ferry_client_request(client, FERRY_METHOD_GET, "/1k", NULL, NULL);
        return error == FERRY_OK ? EM_TRUE : EM_FALSE;
    case FERRY_STATUS_BODY:
        do {
            error = ferry_client_read_response_body(client, body, sizeof body, &length);
            result += (int)length;
        } while (error == FERRY_OK && length > 0);
        return error == FERRY_OK ? EM_TRUE : EM_FALSE;
    default:
        return EM_TRUE;
    }
}

int main(void) {
    client = ferry_client_new(NULL);
    if (client == NULL ||
        ferry_client_connect_to_host(client, "127.0.0.1", 8080, NULL) != FERRY_OK) {
        return 1;
    }
    emscripten_request_animation_frame_loop(on_frame, NULL);
    return 0;
}
