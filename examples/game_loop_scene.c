/* SPDX-License-Identifier: MIT */
/* game_loop_scene: what the game shows, as a list of shapes and text: a ferry between two harbours,
 * which is loaded as the large file comes in, the small files on the quay, and the measurements. */
#include "game_loop.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

enum {
    DECK_COLUMNS = 12, /* the large file's containers: half of them on each side of the bridge */
    DECK_ROWS = 2,
    DECK_SLOTS = DECK_COLUMNS * DECK_ROWS,
    QUAY_COLUMNS = 4,
    WAVE_POINTS = 64,
    PANEL_LINES = 7,
    PANEL_TEXT = 64,
    TWO_COLUMNS_FROM = 100, /* characters */
    ROLLING_BYTES = 4 << 20 /* a container, where the file's length is not known */
};

enum {
    COLOUR_PANEL = 0x0b1420,
    COLOUR_TEXT = 0xe8eef4,
    COLOUR_DIM = 0x9fb2c4,
    COLOUR_BAD = 0xff8a78,
    COLOUR_GOOD = 0x7bd88f,
    COLOUR_TRACK = 0x24384c,
    COLOUR_BAR = 0x4fb3ff,
    COLOUR_SUN = 0xffd27a,
    COLOUR_HILLS = 0x2f4a63,
    COLOUR_QUAY = 0x4b4f58,
    COLOUR_QUAY_EDGE = 0x6d727c,
    COLOUR_CRANE = 0xe0a43a,
    COLOUR_HULL = 0xc7403a,
    COLOUR_HULL_STRIPE = 0xf3f3ee,
    COLOUR_BRIDGE = 0xf3f3ee,
    COLOUR_WINDOW = 0x27435e,
    COLOUR_FUNNEL = 0x1d3557,
    COLOUR_EMPTY = 0x3c5468,
};

static const unsigned container_colours[] = {0xe9c46a, 0x2a9d8f, 0xf4a261,
                                             0x5fa8d3, 0xd77a9b, 0x8ac26a};
enum { CONTAINER_COLOURS = sizeof container_colours / sizeof *container_colours };

static const double pi = 3.14159265358979323846;

/* Where the scene is in the picture, and how large things in it are. */
typedef struct scene_view {
    game_state *game;
    game_picture *picture;
    double top;
    double height;
    double width;
    double unit; /* 1/100 of what there is room for */
    double sea;  /* the height of the calm sea's surface */
    double time_s;
} scene_view;

/* ---- Shapes ------------------------------------------------------------------------------- */

/* Room for `count` numbers; what does not fit in the picture is left out. */
static double *picture_append(game_picture *picture, size_t count) {
    if (GAME_COMMANDS_MAX - picture->count < count) {
        return NULL;
    }
    double *command = picture->commands + picture->count;
    picture->count += count;
    return command;
}

static void draw_rectangle(game_picture *picture, unsigned colour, double x, double y, double width,
                           double height) {
    double *command = picture_append(picture, 6);
    if (command != NULL) {
        command[0] = GAME_RECTANGLE;
        command[1] = colour;
        command[2] = x;
        command[3] = y;
        command[4] = width;
        command[5] = height;
    }
}

/* Begins a polygon; the caller stores the points. */
static double *draw_polygon(game_picture *picture, unsigned colour, size_t points) {
    double *command = picture_append(picture, 3 + 2 * points);
    if (command == NULL) {
        return NULL;
    }
    command[0] = GAME_POLYGON;
    command[1] = colour;
    command[2] = (double)points;
    return command + 3;
}

/* Points given in units, right of and above a place in the scene. */
static void draw_outline(const scene_view *scene, unsigned colour, double x, double y,
                         const double *units, size_t points) {
    double *xy = draw_polygon(scene->picture, colour, points);
    for (size_t i = 0; xy != NULL && i < points; i++) {
        xy[2 * i] = x + units[2 * i] * scene->unit;
        xy[2 * i + 1] = y - units[2 * i + 1] * scene->unit;
    }
}

static void draw_text(game_picture *picture, unsigned colour, double x, double y,
                      const char *text) {
    size_t begin = picture->text_length;
    size_t length = 0;
    while (text[length] != '\0' && begin + length < GAME_TEXT_MAX) {
        char c = text[length];
        picture->text[begin + length] = (char)(c >= ' ' && c <= '~' ? c : '?');
        length++;
    }
    double *command = picture_append(picture, 6);
    if (command != NULL) {
        picture->text_length += length;
        command[0] = GAME_TEXT;
        command[1] = colour;
        command[2] = x;
        command[3] = y;
        command[4] = (double)begin;
        command[5] = (double)length;
    }
}

/* ---- The sea ------------------------------------------------------------------------------ */

static double wave_height(const scene_view *scene, double x, double phase) {
    double along = x / (scene->unit * 100);
    return scene->unit * (1.2 * sin(along * 21 + phase + scene->time_s * 1.3) +
                          0.7 * sin(along * 34 - phase - scene->time_s * 0.9));
}

static void draw_waves(const scene_view *scene, unsigned colour, double below, double phase) {
    double *xy = draw_polygon(scene->picture, colour, WAVE_POINTS + 2);
    if (xy == NULL) {
        return;
    }
    for (size_t i = 0; i < WAVE_POINTS; i++) {
        double x = scene->width * (double)i / (WAVE_POINTS - 1);
        xy[2 * i] = x;
        xy[2 * i + 1] = scene->sea + below * scene->unit - wave_height(scene, x, phase);
    }
    size_t last = (size_t)2 * WAVE_POINTS;
    xy[last] = scene->width;
    xy[last + 1] = scene->top + scene->height;
    xy[last + 2] = 0;
    xy[last + 3] = scene->top + scene->height;
}

static unsigned colour_between(unsigned a, unsigned b, double share) {
    unsigned mixed = 0;
    for (unsigned shift = 0; shift <= 16; shift += 8) {
        double from = a >> shift & 255;
        double to = b >> shift & 255;
        mixed |= (unsigned)(from + (to - from) * share + 0.5) << shift;
    }
    return mixed;
}

static void draw_sky(const scene_view *scene) {
    static const unsigned colours[] = {0x1b2f4b, 0x2b4664, 0x47617d, 0x7d7f8d, 0xb9928a, 0xe6a983};
    enum { LAST_COLOUR = sizeof colours / sizeof *colours - 1, BANDS = 40, SUN_POINTS = 32 };
    double height = (scene->sea - scene->top) / BANDS;
    for (size_t i = 0; i < BANDS; i++) {
        double at = (double)(LAST_COLOUR * i) / BANDS;
        size_t before = (size_t)at;
        unsigned colour = colour_between(colours[before], colours[before + 1], at - (double)before);
        /* No seam between two, and none above the sea. */
        double more = i + 1 < BANDS ? 1 : scene->height / 8;
        draw_rectangle(scene->picture, colour, 0, scene->top + height * (double)i, scene->width,
                       height + more);
    }
    double *xy = draw_polygon(scene->picture, COLOUR_SUN, SUN_POINTS);
    for (size_t i = 0; xy != NULL && i < SUN_POINTS; i++) {
        double angle = 2 * pi * (double)i / SUN_POINTS;
        xy[2 * i] = scene->width * 0.62 + cos(angle) * 7 * scene->unit;
        xy[2 * i + 1] = scene->sea - 5 * scene->unit + sin(angle) * 7 * scene->unit;
    }
    static const double heights[] = {9, 12, 8, 10, 5, 3, 2, 4, 3, 6, 9, 7, 11, 13, 9};
    enum { PEAKS = sizeof heights / sizeof *heights };
    xy = draw_polygon(scene->picture, COLOUR_HILLS, PEAKS + 2);
    for (size_t i = 0; xy != NULL && i < PEAKS; i++) {
        xy[2 * i] = scene->width * (double)i / (PEAKS - 1);
        xy[2 * i + 1] = scene->sea - heights[i] * scene->unit;
    }
    if (xy != NULL) {
        xy[(size_t)2 * PEAKS] = scene->width;
        xy[(size_t)2 * PEAKS + 1] = scene->sea + 3 * scene->unit;
        xy[(size_t)2 * PEAKS + 2] = 0;
        xy[(size_t)2 * PEAKS + 3] = scene->sea + 3 * scene->unit;
    }
}

/* ---- Harbours and containers -------------------------------------------------------------- */

/* A container of which `share` has come. */
static void draw_container(const scene_view *scene, unsigned colour, double x, double y,
                           double width, double height, double share) {
    double filled = height * (share < 1 ? share : 1);
    draw_rectangle(scene->picture, COLOUR_EMPTY, x, y, width, height);
    if (filled > 0) {
        draw_rectangle(scene->picture, colour, x, y + height - filled, width, filled);
    }
}

static void draw_quay(const scene_view *scene, double x, double width) {
    double top = scene->sea - 4 * scene->unit;
    draw_rectangle(scene->picture, COLOUR_QUAY, x, top, width, scene->top + scene->height - top);
    draw_rectangle(scene->picture, COLOUR_QUAY_EDGE, x, top, width, scene->unit);
}

static void draw_crane(const scene_view *scene, double x) {
    static const double mast[] = {0, 0, 1.5, 0, 1.5, 24, 0, 24};
    static const double arm[] = {-5, 22, 15, 24, 15, 25.5, -5, 25};
    double y = scene->sea - 4 * scene->unit;
    draw_outline(scene, COLOUR_CRANE, x, y, mast, 4);
    draw_outline(scene, COLOUR_CRANE, x, y, arm, 4);
    double rope = scene->unit * (6 + 3 * sin(scene->time_s * 0.8));
    draw_rectangle(scene->picture, COLOUR_CRANE, x + 13 * scene->unit, y - 24 * scene->unit,
                   0.4 * scene->unit, rope);
}

static void draw_small_assets(const scene_view *scene, double left) {
    const game_state *game = scene->game;
    double width = 3.6 * scene->unit;
    double height = 2.8 * scene->unit;
    for (size_t i = 1; i < game->asset_count; i++) {
        const game_asset *asset = &game->assets[i];
        size_t storey = (i - 1) / QUAY_COLUMNS + 1;
        double x = left + (double)((i - 1) % QUAY_COLUMNS) * (width + 0.6 * scene->unit);
        double y = scene->sea - 4 * scene->unit - (double)storey * (height + 0.5 * scene->unit);
        double share = asset->state == GAME_ASSET_ARRIVED ? 1 : 0;
        unsigned colour = container_colours[i % CONTAINER_COLOURS];
        if (asset->state == GAME_ASSET_COMING && asset->length > 0) {
            share = (double)asset->bytes / (double)asset->length;
        } else if (asset->state == GAME_ASSET_FAILED) {
            share = 0.4;
            colour = COLOUR_BAD;
        }
        draw_container(scene, colour, x, y, width, height, share);
    }
}

/* ---- The ferry ---------------------------------------------------------------------------- */

/* How many of the deck's containers the large file has filled. Where its length is not known, a
 * container stands for so many bytes, and the deck is unloaded when it is full. */
static double deck_filled(const game_asset *large) {
    if (large->state == GAME_ASSET_ARRIVED) {
        return DECK_SLOTS;
    }
    if (large->length > 0) {
        return DECK_SLOTS * (double)large->bytes / (double)large->length;
    }
    return fmod((double)large->bytes / ROLLING_BYTES, DECK_SLOTS);
}

/* There and back in half a minute. Without motion she lies where the download is. */
static double ferry_way(const scene_view *scene) {
    const game_asset *large = &scene->game->assets[0];
    if (!scene->picture->is_still) {
        return 0.5 - 0.5 * cos(2 * pi * scene->time_s / 30);
    }
    bool is_known = large->length > 0 || large->state == GAME_ASSET_ARRIVED;
    return is_known ? deck_filled(large) / DECK_SLOTS : 0.5;
}

static void draw_ferry(const scene_view *scene, double from, double to) {
    static const double hull[] = {-25, 5, 25, 5, 20, -3, -20, -3};
    static const double stripe[] = {-24.4, 4, 24.4, 4, 23.8, 3, -23.8, 3};
    static const double bridge[] = {-4, 5, 4, 5, 3.4, 13, -3.4, 13};
    static const double roof[] = {-4.6, 13, 4.6, 13, 4.6, 14, -4.6, 14};
    static const double funnel[] = {-1.2, 14, 1.2, 14, 1, 18, -1, 18};
    static const double window[] = {-2.8, 10, 2.8, 10, 2.6, 11.8, -2.6, 11.8};
    double reach = 26 * scene->unit;
    double x = from + reach + (to - from - 2 * reach) * ferry_way(scene);
    double y = scene->sea + scene->unit - 0.6 * wave_height(scene, x, 1);
    double slot = 3 * scene->unit;
    double filled = deck_filled(&scene->game->assets[0]);
    for (size_t i = 0; i < DECK_SLOTS; i++) {
        size_t column = i % DECK_COLUMNS;
        size_t storey = i / DECK_COLUMNS + 1;
        double gap = (column < DECK_COLUMNS / 2 ? -4.8 : 4.8) * scene->unit;
        double left = x + gap + ((double)column - DECK_COLUMNS / 2.0) * slot * 1.08;
        double top = y - 5 * scene->unit - (double)storey * slot;
        double share = filled - (double)i;
        draw_container(scene, container_colours[i % CONTAINER_COLOURS], left + 0.1 * slot,
                       top + 0.1 * slot, 0.9 * slot, 0.9 * slot, share > 0 ? share : 0);
    }
    draw_outline(scene, COLOUR_FUNNEL, x, y, funnel, 4);
    draw_outline(scene, COLOUR_BRIDGE, x, y, bridge, 4);
    draw_outline(scene, COLOUR_WINDOW, x, y, window, 4);
    draw_outline(scene, COLOUR_HULL_STRIPE, x, y, roof, 4);
    draw_outline(scene, COLOUR_HULL, x, y, hull, 4);
    draw_outline(scene, COLOUR_HULL_STRIPE, x, y, stripe, 4);
}

static void draw_scene(game_state *game, double top) {
    game_picture *picture = &game->picture;
    double height = picture->height - top;
    double by_width = picture->width / 100;
    double by_height = height / 52;
    scene_view scene = {.game = game,
                        .picture = picture,
                        .top = top,
                        .height = height,
                        .width = picture->width,
                        .unit = by_width < by_height ? by_width : by_height,
                        .sea = top + height * 0.68,
                        .time_s = picture->is_still ? 0 : game->time_s};
    double quay = 17 * scene.unit;
    draw_sky(&scene);
    draw_waves(&scene, 0x3c6e8f, 0, 0);
    draw_waves(&scene, 0x2d5f83, 2, 2);
    draw_ferry(&scene, quay, scene.width - quay - 3 * scene.unit);
    draw_waves(&scene, 0x1f4f74, 4.5, 4);
    draw_waves(&scene, 0x174063, 9, 1);
    draw_quay(&scene, 0, quay - 3 * scene.unit);
    draw_crane(&scene, 5 * scene.unit);
    draw_quay(&scene, scene.width - quay - 3 * scene.unit, quay + 3 * scene.unit);
    draw_small_assets(&scene, scene.width - quay - 0.5 * scene.unit);
}

/* ---- The measurements --------------------------------------------------------------------- */

/* A line of the panel; it has its colour because some are good news. */
typedef struct panel_line {
    char text[PANEL_TEXT];
    unsigned colour;
} panel_line;

static void line_set(panel_line *line, unsigned colour, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line->text, sizeof line->text, format, arguments);
    va_end(arguments);
    line->colour = colour;
}

static void line_describe_large(panel_line *line, const game_asset *large) {
    double bytes = (double)large->bytes / 1e6;
    double length = (double)large->length / 1e6;
    if (large->state == GAME_ASSET_FAILED) {
        line_set(line, COLOUR_BAD, "large file  failed at %.1f MB", bytes);
    } else if (large->state == GAME_ASSET_ARRIVED) {
        line_set(line, COLOUR_GOOD, "large file  %.1f MB, complete", bytes);
    } else if (large->length > 0) {
        line_set(line, COLOUR_TEXT, "large file  %.1f of %.1f MB  %3.0f %%", bytes, length,
                 100 * bytes / length);
    } else {
        line_set(line, COLOUR_TEXT, "large file  %.1f MB, length not known", bytes);
    }
}

static void line_describe_small(panel_line *line, const game_state *game) {
    size_t arrived = 0;
    size_t failed = 0;
    for (size_t i = 1; i < game->asset_count; i++) {
        arrived += game->assets[i].state == GAME_ASSET_ARRIVED;
        failed += game->assets[i].state == GAME_ASSET_FAILED;
    }
    if (failed > 0) {
        line_set(line, COLOUR_BAD, "small files %zu of %zu there, %zu failed", arrived,
                 game->asset_count - 1, failed);
    } else {
        line_set(line, COLOUR_TEXT, "small files %zu of %zu there", arrived, game->asset_count - 1);
    }
}

static void line_describe_state(panel_line *line, const game_state *game) {
    if (game->failure[0] != '\0') {
        line_set(line, COLOUR_BAD, "%.*s", PANEL_TEXT - 1, game->failure);
    } else if (game->is_paused) {
        line_set(line, COLOUR_SUN, "paused: nothing is read, the server waits");
    } else if (game_has_everything(game)) {
        line_set(line, COLOUR_GOOD, "everything is here");
    } else {
        line_set(line, COLOUR_DIM, "loading, at most %.2f MB a frame",
                 (double)game_frame_limit(game) / 1e6);
    }
}

static void panel_fill(panel_line lines[PANEL_LINES], const game_state *game) {
    const game_frames *frames = &game->frames;
    line_describe_large(&lines[0], &game->assets[0]);
    line_describe_small(&lines[1], game);
    line_set(&lines[2], COLOUR_TEXT, "%.1f MB/s", game_rate(game) / 1e6);
    line_describe_state(&lines[3], game);
    line_set(&lines[4], frames->late > 0 ? COLOUR_BAD : COLOUR_GOOD,
             "frames %zu, late %zu, gaps %zu", frames->count, frames->late, frames->gaps);
    line_set(&lines[5], COLOUR_TEXT, "longest frame %.2f ms, poll %.2f ms", frames->longest_ms,
             frames->longest_poll_ms);
    line_set(&lines[6], COLOUR_DIM, "most in a frame %.2f MB", (double)frames->most_bytes / 1e6);
}

/* How long the last frames took, newest at the right, and the line that none should cross. */
static void draw_history(game_picture *picture, const game_frames *frames, double x, double y,
                         double width, double height) {
    const double scale_ms = 2 * GAME_FRAME_MS; /* the line is in the middle, the words above it */
    double bar = width / GAME_HISTORY;
    double least = picture->line / 8;
    draw_rectangle(picture, COLOUR_TRACK, x, y, width, height);
    for (size_t i = 0; i < GAME_HISTORY && i < frames->recorded; i++) {
        double ms = frames->history[(frames->recorded - 1 - i) % GAME_HISTORY].work_ms;
        double tall = height * (ms < scale_ms ? ms : scale_ms) / scale_ms;
        tall = tall > least ? tall : least;
        draw_rectangle(picture, ms > GAME_FRAME_MS ? COLOUR_BAD : COLOUR_GOOD,
                       x + width - (double)(i + 1) * bar, y + height - tall, bar, tall);
    }
    draw_rectangle(picture, COLOUR_SUN, x, y + height * (1 - GAME_FRAME_MS / scale_ms), width,
                   picture->line / 16);
}

/* Returns how high the panel is. */
static double draw_panel(game_state *game) {
    game_picture *picture = &game->picture;
    const game_asset *large = &game->assets[0];
    panel_line lines[PANEL_LINES];
    panel_fill(lines, game);
    bool is_wide = picture->width / picture->column >= TWO_COLUMNS_FROM;
    size_t rows = is_wide ? 4 : PANEL_LINES;
    double margin = picture->column;
    double width = picture->width - 2 * margin;
    double y = picture->line / 4;
    double height = ((double)rows + 3.5) * picture->line;
    draw_rectangle(picture, COLOUR_PANEL, 0, 0, picture->width, height);
    for (size_t i = 0; i < PANEL_LINES; i++) {
        size_t column = i / rows;
        draw_text(picture, lines[i].colour, margin + (double)column * (picture->width / 2),
                  y + (double)(i % rows) * picture->line, lines[i].text);
    }

    y += (double)rows * picture->line + picture->line / 4;
    draw_rectangle(picture, COLOUR_TRACK, margin, y, width, picture->line / 2);
    bool is_known = large->length > 0 || large->state == GAME_ASSET_ARRIVED;
    if (is_known) {
        draw_rectangle(picture, COLOUR_BAR, margin, y, width * deck_filled(large) / DECK_SLOTS,
                       picture->line / 2);
    }
    y += picture->line * 0.75;
    draw_history(picture, &game->frames, margin, y, width, 2 * picture->line);
    draw_text(picture, COLOUR_DIM, 2 * margin, y, "work of each frame; the line is 16.7 ms");
    return height;
}

void game_draw(game_state *game) {
    game_picture *picture = &game->picture;
    picture->count = 0;
    picture->text_length = 0;
    draw_scene(game, draw_panel(game));
    if (picture->keys != NULL) {
        draw_rectangle(picture, COLOUR_PANEL, 0, picture->height - picture->line, picture->width,
                       picture->line);
        draw_text(picture, COLOUR_DIM, picture->column, picture->height - picture->line,
                  picture->keys);
    }
}
