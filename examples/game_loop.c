/* SPDX-License-Identifier: MIT */
/* game_loop: a 60 Hz loop that streams assets while it draws, and measures that no frame is late.
 *
 * Everything about the download is here: it is ISO C and ferry.h, and the same in a terminal and in
 * a browser. No frame waits for the network. A client is polled once a frame, what has come is
 * read, and what a frame takes is limited; when the game reads less than comes, the server waits.
 */
#include "game_loop.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { URL_SIZE = 512, SMALL_ASSETS = 12 };

/* What a frame may take of all bodies together; no poll allows less than the last by default. */
static const int64_t frame_limits[] = {64 << 10, 256 << 10, 1 << 20, 2 << 20};
enum { LEVELS = sizeof frame_limits / sizeof *frame_limits };

/* ---- Assets ------------------------------------------------------------------------------- */

static bool game_add(game_state *game, const char *text) {
    if (game->asset_count == GAME_ASSETS_MAX) {
        snprintf(game->failure, sizeof game->failure, "at most %d files", GAME_ASSETS_MAX);
        return false;
    }
    game_asset *asset = &game->assets[game->asset_count];
    size_t size = 3 * strlen(text) + 16;
    const char *reason = "out of memory";
    asset->storage = malloc(size);
    if (asset->storage == NULL ||
        ferry_url_parse(text, asset->storage, size, &asset->url, &reason) != FERRY_OK) {
        free(asset->storage);
        asset->storage = NULL;
        snprintf(game->failure, sizeof game->failure, "%.80s: %.70s", text, reason);
        return false;
    }
    asset->length = -1;
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

static bool url_has_same_host(const ferry_url *a, const ferry_url *b) {
    return a->secure == b->secure && a->port == b->port && strcmp(a->host, b->host) == 0;
}

/* ---- Lanes: a client each ----------------------------------------------------------------- */

static void lane_fail(game_state *game, game_lane *lane, const char *reason) {
    snprintf(game->failure, sizeof game->failure, "%.60s: %.90s", lane->asset->url.target, reason);
    lane->asset->state = GAME_ASSET_FAILED;
    lane->asset = NULL;
    lane->host = NULL;
    ferry_client_close(lane->client);
}

static void lane_connect(game_state *game, game_lane *lane) {
    const ferry_url *url = &lane->asset->url;
    char host[URL_SIZE];
    int length =
        snprintf(host, sizeof host, "%s%s", url->secure ? "https://" : "http://", url->host);
    lane->is_requested = false;
    lane->host = url;
    if (length >= (int)sizeof host) {
        lane_fail(game, lane, "the host's name is too long");
    } else if (ferry_client_connect_to_host(lane->client, host, url->port, NULL) != FERRY_OK) {
        lane_fail(game, lane, ferry_client_get_error_detail(lane->client));
    }
}

static void lane_request(game_state *game, game_lane *lane) {
    const char *target = lane->asset->url.target;
    if (ferry_client_request(lane->client, FERRY_METHOD_GET, target, NULL, NULL) != FERRY_OK) {
        lane_fail(game, lane, ferry_client_get_error_detail(lane->client));
    }
    lane->is_requested = true;
}

/* The next file for the lane: the large one for the last lane, small ones for the others. */
static void lane_take_asset(game_state *game, game_lane *lane) {
    bool is_large = lane == &game->lanes[GAME_LANES - 1];
    size_t end = is_large ? 1 : game->asset_count;
    for (size_t i = is_large ? 0 : 1; i < end && lane->asset == NULL; i++) {
        if (game->assets[i].state == GAME_ASSET_PLANNED) {
            lane->asset = &game->assets[i];
        }
    }
    if (lane->asset == NULL) {
        return;
    }
    lane->asset->state = GAME_ASSET_COMING;
    bool is_connected = lane->host != NULL && url_has_same_host(lane->host, &lane->asset->url) &&
                        ferry_client_get_status(lane->client) == FERRY_STATUS_CONNECTED;
    if (is_connected) {
        lane_request(game, lane);
    } else {
        lane_connect(game, lane);
    }
}

static void lane_finish(game_state *game, game_lane *lane) {
    int code = ferry_client_get_response_code(lane->client);
    if (code < 200 || code > 299) {
        char reason[32];
        snprintf(reason, sizeof reason, "the server answered %d", code);
        lane_fail(game, lane, reason);
        return;
    }
    lane->asset->state = GAME_ASSET_ARRIVED;
    lane->asset = NULL;
}

/* A game would decode the bytes, or upload them to the graphics card. This one reads them into a
 * ring of a fixed size, as a player of music or film does. Returns how many there were. */
static size_t lane_read_some(game_state *game, game_lane *lane, int64_t limit) {
    size_t at = (size_t)(game->bytes % GAME_HOLD_BYTES);
    size_t capacity = GAME_HOLD_BYTES - at;
    if ((int64_t)capacity > limit) {
        capacity = (size_t)limit;
    }
    size_t length = 0;
    if (ferry_client_read_response_body(lane->client, game->hold + at, capacity, &length) !=
        FERRY_OK) {
        lane_fail(game, lane, ferry_client_get_error_detail(lane->client));
        return 0;
    }
    lane->asset->bytes += (int64_t)length;
    game->bytes += (int64_t)length;
    return length;
}

/* Takes what has come, to the frame's limit. Returns how much that was. */
static int64_t lane_read(game_state *game, game_lane *lane, int64_t limit) {
    game_asset *asset = lane->asset;
    int64_t exact = ferry_client_get_response_body_length(lane->client);
    asset->is_length_exact = exact >= 0;
    asset->length = exact >= 0 ? exact : ferry_client_get_response_body_length_hint(lane->client);
    int64_t taken = 0;
    while (taken < limit) {
        size_t length = lane_read_some(game, lane, limit - taken);
        if (length == 0) {
            break;
        }
        taken += (int64_t)length;
    }
    /* After a read that found nothing the status says whether there will be more. */
    bool is_over = taken < limit && lane->asset != NULL &&
                   ferry_client_get_status(lane->client) != FERRY_STATUS_BODY;
    if (is_over) {
        lane_finish(game, lane);
    }
    return taken;
}

static ferry_error lane_poll(game_state *game, game_lane *lane) {
    double began_ms = game_display_now_ms();
    ferry_error error = ferry_client_poll(lane->client);
    double took_ms = game_display_now_ms() - began_ms;
    if (took_ms > game->frames.longest_poll_ms) {
        game->frames.longest_poll_ms = took_ms;
    }
    return error;
}

/* The lane's part of a frame. Returns how many bytes it took. */
static int64_t lane_step(game_state *game, game_lane *lane, int64_t limit) {
    if (lane->asset == NULL) {
        lane_take_asset(game, lane);
        return 0;
    }
    if (lane_poll(game, lane) != FERRY_OK && !ferry_client_has_response(lane->client)) {
        lane_fail(game, lane, ferry_client_get_error_detail(lane->client));
        return 0;
    }
    if (ferry_client_has_response(lane->client)) {
        return game->is_paused ? 0 : lane_read(game, lane, limit);
    }
    if (!lane->is_requested && ferry_client_get_status(lane->client) == FERRY_STATUS_CONNECTED) {
        lane_request(game, lane);
    }
    return 0;
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
    ferry_client_options options = {.fetch = {.cache = FERRY_FETCH_CACHE_NO_STORE}};
    for (size_t i = 0; is_ok && i < GAME_LANES; i++) {
        game->lanes[i].client = ferry_client_new(&options);
        if (game->lanes[i].client == NULL) {
            snprintf(game->failure, sizeof game->failure, "out of memory");
            is_ok = false;
        }
    }
    if (!is_ok) {
        game_end(game);
    }
    return is_ok;
}

static void game_again(game_state *game) {
    for (size_t i = 0; i < GAME_LANES; i++) {
        ferry_client_close(game->lanes[i].client);
        game->lanes[i].asset = NULL;
        game->lanes[i].host = NULL;
    }
    for (size_t i = 0; i < game->asset_count; i++) {
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

    /* Small files first: the large one, which is in the last lane, gets what they leave. */
    int64_t bytes = 0;
    for (size_t i = 0; is_warm && i < GAME_LANES; i++) {
        bytes += lane_step(game, &game->lanes[i], game_frame_limit(game) - bytes);
    }

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
    for (size_t i = 0; i < GAME_LANES; i++) {
        ferry_client_free(game->lanes[i].client);
        game->lanes[i].client = NULL;
    }
    for (size_t i = 0; i < game->asset_count; i++) {
        free(game->assets[i].storage);
        game->assets[i].storage = NULL;
    }
    game->asset_count = 0;
}
