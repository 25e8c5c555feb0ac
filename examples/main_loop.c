/* SPDX-License-Identifier: MIT */
/* main_loop: a loop that sleeps natively, and the browser's own loop there. */
#include "main_loop.h"

#ifdef __EMSCRIPTEN__
#include <emscripten.h>

static main_loop_frame *browser_frame;
static int (*browser_finish)(void);

static void main_loop_turn(void) {
    if (browser_frame(0) == 0) {
        emscripten_cancel_main_loop();
        emscripten_force_exit(browser_finish());
    }
}

int main_loop_run(main_loop_frame *frame, int timeout_ms, int (*finish)(void)) {
    (void)timeout_ms;
    browser_frame = frame;
    browser_finish = finish;
    emscripten_set_main_loop(main_loop_turn, 60, 1);
    return 0;
}
#else
int main_loop_run(main_loop_frame *frame, int timeout_ms, int (*finish)(void)) {
    while (frame(timeout_ms) > 0) {
    }
    return finish();
}
#endif
