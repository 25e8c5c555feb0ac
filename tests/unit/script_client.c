/* SPDX-License-Identifier: MIT */
/* script_client: a client over a stream that plays a script. */
#include "script_client.h"

#include "check.h"

#include <string.h>

ferry_client_options script_client_options(void) {
    return (ferry_client_options){.user_agent = "test", .keep_content_coding = true};
}

ferry_client *script_client_new(script_stream *script, const char *response,
                                const ferry_client_options *options) {
    ferry_client *client = ferry_client_new(options);
    script_stream_init(script, response, strlen(response), FERRY_STREAM_AGAIN);
    CHECK_INT(ferry_client_set_connection(client, &script->stream), FERRY_OK);
    return client;
}

void script_client_check_sent(const script_stream *script, const char *expected) {
    CHECK_MEM(script->sent, script->sent_length, expected, strlen(expected));
}

ferry_error script_client_finish(ferry_client *client, char *body, size_t room, size_t *length) {
    ferry_error error = FERRY_OK;
    *length = 0;
    for (int i = 0; i < 1000 && error == FERRY_OK; i++) {
        error = ferry_client_poll(client);
        ferry_status status = ferry_client_get_status(client);
        size_t got = 0;
        if (error == FERRY_OK && status == FERRY_STATUS_BODY) {
            error = ferry_client_read_response_body(client, body + *length, room - *length, &got);
            *length += got;
            status = ferry_client_get_status(client);
        }
        if (error == FERRY_OK && status != FERRY_STATUS_REQUESTING && status != FERRY_STATUS_BODY) {
            break;
        }
    }
    return error;
}
