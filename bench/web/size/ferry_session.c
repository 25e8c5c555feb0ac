/* SPDX-License-Identifier: MIT */
/* ferry_session: one GET with a session, as the README's first lines have it, polled once a frame.
 */
#include <emscripten/html5.h>
#include <ferry.h>

int result;

static ferry_session *session;
static ferry_transfer *level;

static EM_BOOL on_frame(double time, void *data) {
    (void)time;
    (void)data;
    ferry_session_poll(session, 0);
    if (level && ferry_transfer_is_done(level)) {
        size_t length;
        const char *body = ferry_transfer_get_body(level, &length);
        if (ferry_transfer_is_ok(level)) {
            result = (int)length + body[0];
        } else {
            result = ferry_transfer_get_error_detail(level)[0];
        }
        ferry_transfer_free(level), level = NULL;
    }
    return EM_TRUE;
}

int main(void) {
    session = ferry_session_new(NULL);
    level = ferry_session_get(session, "http://127.0.0.1:8080/1k");
    emscripten_request_animation_frame_loop(on_frame, NULL);
    return 0;
}
