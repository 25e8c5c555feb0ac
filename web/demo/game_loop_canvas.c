/* SPDX-License-Identifier: MIT */
/* game_loop_canvas: the game's display in a browser: a canvas, drawn once an animation frame. The
 * page has the keys and buttons, and says what a screen reader can read. */
#include "../../examples/game_loop.h"

#include <emscripten.h>

/* In game_loop_canvas.js: how large the canvas and a character on it are, and its drawing. */
extern void game_canvas_measure(double *width, double *height, double *column, double *line);
extern void game_canvas_draw(const double *commands, size_t count, const char *text);

/* What the page calls. */
typedef enum game_canvas_state {
    GAME_CANVAS_LOADING = 0,
    GAME_CANVAS_COMPLETE = 1,
    GAME_CANVAS_FAILED = 2, /* some files have not come, or there is no game */
} game_canvas_state;

typedef enum game_canvas_figure {
    GAME_CANVAS_FILES = 0,
    GAME_CANVAS_ARRIVED,
    GAME_CANVAS_BYTES,
    GAME_CANVAS_RATE, /* bytes per second */
    GAME_CANVAS_FRAMES,
    GAME_CANVAS_LATE,
    GAME_CANVAS_LONGEST_MS,
    GAME_CANVAS_LONGEST_POLL_MS,
    GAME_CANVAS_MAX_BYTES, /* in a frame */
    GAME_CANVAS_GAPS,
    GAME_CANVAS_LONGEST_INTERVAL_MS,
    GAME_CANVAS_FRAME_LIMIT, /* bytes */
} game_canvas_figure;

EMSCRIPTEN_KEEPALIVE void game_canvas_key(int key);
EMSCRIPTEN_KEEPALIVE void game_canvas_resume(void);
EMSCRIPTEN_KEEPALIVE void game_canvas_set_still(int is_still);
EMSCRIPTEN_KEEPALIVE game_canvas_state game_canvas_get_state(void);
EMSCRIPTEN_KEEPALIVE int game_canvas_is_still(void);
EMSCRIPTEN_KEEPALIVE int game_canvas_is_paused(void);
EMSCRIPTEN_KEEPALIVE double game_canvas_get_figure(game_canvas_figure figure);
EMSCRIPTEN_KEEPALIVE const char *game_canvas_report(void);
EMSCRIPTEN_KEEPALIVE const char *game_canvas_failure(void);

static game_state the_game;

/* ---- The display, as the game knows it ---------------------------------------------------- */

double game_display_now_ms(void) {
    return emscripten_get_now();
}

void game_display_show(const game_picture *picture) {
    game_canvas_draw(picture->commands, picture->count, picture->text);
}

static void canvas_frame(void) {
    game_picture *picture = &the_game.picture;
    game_canvas_measure(&picture->width, &picture->height, &picture->column, &picture->line);
    game_frame(&the_game);
}

/* ---- What the page calls ------------------------------------------------------------------ */

void game_canvas_key(int key) {
    game_key(&the_game, key);
}

void game_canvas_resume(void) {
    game_resume(&the_game);
}

void game_canvas_set_still(int is_still) {
    the_game.picture.is_still = is_still != 0;
}

game_canvas_state game_canvas_get_state(void) {
    if (game_is_loading(&the_game)) {
        return GAME_CANVAS_LOADING;
    }
    bool is_complete = the_game.asset_count > 0 && game_has_everything(&the_game);
    return is_complete ? GAME_CANVAS_COMPLETE : GAME_CANVAS_FAILED;
}

int game_canvas_is_still(void) {
    return the_game.picture.is_still;
}

int game_canvas_is_paused(void) {
    return the_game.is_paused;
}

static size_t assets_arrived(void) {
    size_t arrived = 0;
    for (size_t i = 0; i < the_game.asset_count; i++) {
        arrived += the_game.assets[i].state == GAME_ASSET_ARRIVED;
    }
    return arrived;
}

double game_canvas_get_figure(game_canvas_figure figure) {
    const game_frames *frames = &the_game.frames;
    switch (figure) {
    case GAME_CANVAS_FILES:
        return (double)the_game.asset_count;
    case GAME_CANVAS_ARRIVED:
        return (double)assets_arrived();
    case GAME_CANVAS_BYTES:
        return (double)the_game.bytes;
    case GAME_CANVAS_RATE:
        return game_rate(&the_game);
    case GAME_CANVAS_FRAMES:
        return (double)frames->count;
    case GAME_CANVAS_LATE:
        return (double)frames->late;
    case GAME_CANVAS_LONGEST_MS:
        return frames->longest_ms;
    case GAME_CANVAS_LONGEST_POLL_MS:
        return frames->longest_poll_ms;
    case GAME_CANVAS_MAX_BYTES:
        return (double)frames->most_bytes;
    case GAME_CANVAS_GAPS:
        return (double)frames->gaps;
    case GAME_CANVAS_LONGEST_INTERVAL_MS:
        return frames->longest_interval_ms;
    case GAME_CANVAS_FRAME_LIMIT:
        return (double)game_frame_limit(&the_game);
    }
    return 0;
}

const char *game_canvas_report(void) {
    static char text[GAME_REPORT_SIZE];
    game_report(&the_game, text);
    return text;
}

const char *game_canvas_failure(void) {
    return the_game.failure;
}

int main(int argc, char **argv) {
    if (!game_begin(&the_game, (size_t)argc - 1, argv + 1)) {
        return 2;
    }
    /* As often as the display shows a picture; main() returns, and the page stays. */
    emscripten_set_main_loop(canvas_frame, 0, false);
    return 0;
}
