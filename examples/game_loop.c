/* SPDX-License-Identifier: MIT */
/* game_loop: a 60 Hz loop that streams assets while it draws, and measures that no frame is late.
 *
 * Everything about the download is here: it is ISO C and ferry.h, and the same in a terminal and in
 * a browser. No frame waits for the network. One session fetches all files and is polled once a
 * frame. What has come is read, and what a frame takes is limited; when the game reads less than
 * comes, the servers wait.
 */
#include "game_loop.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { URL_SIZE = 512, SMALL_ASSETS = 12 };

/* What a frame may take of all bodies together. */
static const int64_t frame_limits[] = {64 << 10, 256 << 10, 1 << 20, 2 << 20};
enum { LEVELS = sizeof frame_limits / sizeof *frame_limits };

/* ---- Assets ------------------------------------------------------------------------------- */

static void asset_free(game_asset *asset) {
    ferry_transfer_free(asset->transfer);
    free(asset->text);
    free(asset->storage);
    *asset = (game_asset){.length = -1};
}

static bool game_add(game_state *game, const char *text) {
    if (game->asset_count == GAME_ASSETS_MAX) {
        snprintf(game->failure, sizeof game->failure, "at most %d files", GAME_ASSETS_MAX);
        return false;
    }
    game_asset *asset = &game->assets[game->asset_count];
    size_t length = strlen(text) + 1;
    size_t size = 3 * length + 16;
    const char *reason = "out of memory";
    *asset = (game_asset){.text = malloc(length), .storage = malloc(size), .length = -1};
    if (asset->text == NULL || asset->storage == NULL ||
        ferry_url_parse(text, asset->storage, size, &asset->url, &reason) != FERRY_OK) {
        asset_free(asset);
        snprintf(game->failure, sizeof game->failure, "%.80s: %.70s", text, reason);
        return false;
    }
    memcpy(asset->text, text, length);
    game->asset_count++;
    return true;
}

/* The files that the demo server has at `origin`. */
static bool game_add_origin(game_state *game, const char *origin) {
    char text[URL_SIZE];
    size_t length = strlen(origin);
    length -= length > 0 && origin[length - 1] == '/';
    if (length + sizeof "/asset/123" > sizeof text) {
        snprintf(game->failure, sizeof game->failure, "the URL is too long");
        return false;
    }
    snprintf(text, sizeof text, "%.*s/large", (int)length, origin);
    bool is_ok = game_add(game, text);
    for (int i = 1; is_ok && i <= SMALL_ASSETS; i++) {
        snprintf(text, sizeof text, "%.*s/asset/%d", (int)length, origin, i);
        is_ok = game_add(game, text);
    }
    return is_ok;
}

static bool url_is_origin(const char *text) {
    const char *host = strstr(text, "://");
    const char *path = host != NULL ? strpbrk(host + 3, "/?#") : NULL;
    return host != NULL && (path == NULL || strcmp(path, "/") == 0);
}

/* ---- The download ------------------------------------------------------------------------- */

/* The game reads the bodies, as much in a frame as it likes. The session has the small files come
 * before the large one where there are too few connections for all. */
static void asset_start(game_state *game, game_asset *asset) {
    const ferry_session_request request = {
        .url = asset->text,
        .owner_reads = true,
        .priority = asset == &game->assets[0] ? 0 : 1,
    };
    asset->transfer = ferry_session_start(game->session, &request);
    asset->state = GAME_ASSET_COMING;
}

static void asset_finish(game_state *game, game_asset *asset) {
    bool is_ok = ferry_transfer_is_ok(asset->transfer);
    if (!is_ok) {
        snprintf(game->failure, sizeof game->failure, "%.60s: %.90s", asset->url.target,
                 ferry_transfer_get_error_detail(asset->transfer));
    }
    asset->state = is_ok ? GAME_ASSET_ARRIVED : GAME_ASSET_FAILED;
    ferry_transfer_free(asset->transfer);
    asset->transfer = NULL;
}

/* A game would decode the bytes, or upload them to the graphics card. This one reads them into a
 * ring of a fixed size, as a player of music or film does. Returns how many there were. */
static size_t asset_read_some(game_state *game, game_asset *asset, int64_t limit) {
    size_t at = (size_t)(game->bytes % GAME_HOLD_BYTES);
    size_t capacity = GAME_HOLD_BYTES - at;
    if ((int64_t)capacity > limit) {
        capacity = (size_t)limit;
    }
    size_t length = 0;
    if (ferry_transfer_read(asset->transfer, game->hold + at, capacity, &length) != FERRY_OK) {
        return 0;
    }
    asset->bytes += (int64_t)length;
    game->bytes += (int64_t)length;
    return length;
}

/* The file's part of a frame: what has come, to the frame's limit. Returns how much that was. An
 * error ends the transfer, which then says what it was. */
static int64_t asset_read(game_state *game, game_asset *asset, int64_t limit) {
    int64_t taken = 0;
    size_t length = 1;
    while (taken < limit && length > 0 && !game->is_paused) {
        length = asset_read_some(game, asset, limit - taken);
        taken += (int64_t)length;
    }
    asset->length = ferry_transfer_get_body_total(asset->transfer);
    if (ferry_transfer_is_done(asset->transfer)) {
        asset_finish(game, asset);
    }
    return taken;
}

static void game_poll(game_state *game) {
    double began_ms = game_display_now_ms();
    ferry_session_poll(game->session, 0);
    double took_ms = game_display_now_ms() - began_ms;
    if (took_ms > game->frames.longest_poll_ms) {
        game->frames.longest_poll_ms = took_ms;
    }
}

/* Small files first: the large one gets what they leave. Returns how much the frame has taken. */
static int64_t game_load(game_state *game) {
    int64_t bytes = 0;
    for (size_t n = 1; n <= game->asset_count; n++) {
        game_asset *asset = &game->assets[n % game->asset_count];
        if (asset->state == GAME_ASSET_PLANNED) {
            asset_start(game, asset);
        }
    }
    game_poll(game);
    for (size_t n = 1; n <= game->asset_count; n++) {
        game_asset *asset = &game->assets[n % game->asset_count];
        if (asset->state == GAME_ASSET_COMING) {
            bytes += asset_read(game, asset, game_frame_limit(game) - bytes);
        }
    }
    return bytes;
}

/* ---- Measuring ---------------------------------------------------------------------------- */

static double larger(double a, double b) {
    return a > b ? a : b;
}

static const game_frame_record *frames_newest(const game_frames *frames) {
    return &frames->history[(frames->recorded - 1) % GAME_HISTORY];
}

/* Returns how many milliseconds have passed since the frame before. */
static double frames_begin(game_frames *frames, double now_ms, bool is_measured) {
    double interval_ms = frames->has_previous ? now_ms - frames_newest(frames)->began_ms : 0;
    frames->has_previous = true;
    if (is_measured) {
        frames->loading_ms += interval_ms;
        frames->longest_interval_ms = larger(frames->longest_interval_ms, interval_ms);
        frames->gaps += interval_ms > GAME_GAP_MS;
    }
    return interval_ms;
}

static void frames_end(game_frames *frames, const game_frame_record *record, bool is_measured) {
    frames->history[frames->recorded++ % GAME_HISTORY] = *record;
    if (is_measured) {
        frames->count++;
        frames->late += record->work_ms > GAME_FRAME_MS;
        frames->longest_ms = larger(frames->longest_ms, record->work_ms);
        frames->most_bytes =
            record->bytes > frames->most_bytes ? record->bytes : frames->most_bytes;
    }
}

static double frames_rate(const game_frames *frames) {
    size_t count = frames->recorded < GAME_HISTORY ? frames->recorded : GAME_HISTORY;
    if (count < 2) {
        return 0;
    }
    const game_frame_record *oldest = &frames->history[(frames->recorded - count) % GAME_HISTORY];
    double bytes = 0;
    for (size_t i = 0; i < count; i++) {
        bytes += (double)frames->history[i].bytes;
    }
    /* The oldest frame's bytes came before it began. */
    bytes -= (double)oldest->bytes;
    double passed_ms = frames_newest(frames)->began_ms - oldest->began_ms;
    return passed_ms > 0 ? bytes * 1000 / passed_ms : 0;
}

double game_rate(const game_state *game) {
    const game_frames *frames = &game->frames;
    if (game_is_loading(game) || frames->loading_ms == 0) {
        return frames_rate(frames);
    }
    return (double)game->bytes * 1000 / frames->loading_ms;
}

void game_report(const game_state *game, char text[GAME_REPORT_SIZE]) {
    const game_frames *frames = &game->frames;
    const game_asset *large = &game->assets[0];
    size_t arrived = 0;
    size_t failed = 0;
    for (size_t i = 0; i < game->asset_count; i++) {
        arrived += game->assets[i].state == GAME_ASSET_ARRIVED;
        failed += game->assets[i].state == GAME_ASSET_FAILED;
    }
    char share[48] = "";
    if (large->state == GAME_ASSET_COMING && large->length > 0) {
        snprintf(share, sizeof share, ", %.0f %% of the large one",
                 100 * (double)large->bytes / (double)large->length);
    }
    snprintf(text, GAME_REPORT_SIZE,
             "%zu of %zu files arrived%s%s, %.1f MB at %.1f MB/s%s; %zu frames, %zu late, longest "
             "%.1f ms, longest poll %.2f ms, most in a frame %.2f MB; %zu gaps, longest %.1f ms",
             arrived, game->asset_count, failed > 0 ? ", some failed" : "", share,
             (double)game->bytes / 1e6, game_rate(game) / 1e6, game->is_paused ? ", paused" : "",
             frames->count, frames->late, frames->longest_ms, frames->longest_poll_ms,
             (double)frames->most_bytes / 1e6, frames->gaps, frames->longest_interval_ms);
}

/* ---- The game ----------------------------------------------------------------------------- */

bool game_begin(game_state *game, size_t count, char *const *arguments) {
    game->level = LEVELS - 1;
    bool is_ok = true;
    for (size_t i = 0; is_ok && i < count; i++) {
        is_ok = url_is_origin(arguments[i]) ? game_add_origin(game, arguments[i])
                                            : game_add(game, arguments[i]);
    }
    if (is_ok && game->asset_count == 0) {
        snprintf(game->failure, sizeof game->failure, "there is no URL");
        is_ok = false;
    }
    /* In a browser, a second run must come from the server too. Elsewhere this is ignored. */
    ferry_session_options options = {.client.fetch = {.cache = FERRY_FETCH_CACHE_NO_STORE}};
    if (is_ok) {
        game->session = ferry_session_new(&options);
        is_ok = game->session != NULL;
        if (!is_ok) {
            snprintf(game->failure, sizeof game->failure, "out of memory");
        }
    }
    if (!is_ok) {
        game_end(game);
    }
    return is_ok;
}

static void game_again(game_state *game) {
    for (size_t i = 0; i < game->asset_count; i++) {
        ferry_transfer_free(game->assets[i].transfer);
        game->assets[i].transfer = NULL;
        game->assets[i].state = GAME_ASSET_PLANNED;
        game->assets[i].bytes = 0;
        game->assets[i].length = -1;
    }
    memset(&game->frames, 0, sizeof game->frames);
    game->bytes = 0;
    game->failure[0] = '\0';
    game->is_paused = false;
}

void game_key(game_state *game, int key) {
    switch (key) {
    case GAME_KEY_QUIT:
        game->is_quitting = true;
        break;
    case GAME_KEY_PAUSE:
        game->is_paused = !game->is_paused;
        break;
    case GAME_KEY_MORE:
        game->level += game->level + 1 < LEVELS;
        break;
    case GAME_KEY_FEWER:
        game->level -= game->level > 0;
        break;
    case GAME_KEY_AGAIN:
        game_again(game);
        break;
    case GAME_KEY_MOTION:
        game->picture.is_still = !game->picture.is_still;
        break;
    default:
        break;
    }
}

void game_resume(game_state *game) {
    game->frames.has_previous = false;
}

void game_frame(game_state *game) {
    bool is_warm = game->frames.recorded >= GAME_WARM_UP;
    bool is_measured = is_warm && game_is_loading(game);
    double began_ms = game_display_now_ms();
    double passed_ms = frames_begin(&game->frames, began_ms, is_measured);

    int64_t bytes = is_warm ? game_load(game) : 0;

    /* After a long gap the scene goes on where it was, rather than jump. */
    game->time_s += (passed_ms < 100 ? passed_ms : 100) / 1000;
    game_draw(game);
    game_display_show(&game->picture);
    game_frame_record record = {
        .began_ms = began_ms, .work_ms = game_display_now_ms() - began_ms, .bytes = bytes};
    frames_end(&game->frames, &record, is_measured);
}

bool game_is_loading(const game_state *game) {
    for (size_t i = 0; i < game->asset_count; i++) {
        game_asset_state state = game->assets[i].state;
        if (state == GAME_ASSET_PLANNED || state == GAME_ASSET_COMING) {
            return true;
        }
    }
    return false;
}

bool game_has_everything(const game_state *game) {
    for (size_t i = 0; i < game->asset_count; i++) {
        if (game->assets[i].state != GAME_ASSET_ARRIVED) {
            return false;
        }
    }
    return true;
}

int64_t game_frame_limit(const game_state *game) {
    return frame_limits[game->level];
}

void game_end(game_state *game) {
    for (size_t i = 0; i < game->asset_count; i++) {
        asset_free(&game->assets[i]);
    }
    game->asset_count = 0;
    ferry_session_free(game->session);
    game->session = NULL;
}
