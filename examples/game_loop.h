/* SPDX-License-Identifier: MIT */
/* game_loop: what the game asks of its display, and what the display asks of the game. So the game
 * itself is one source for the terminal and the browser. */
#ifndef GAME_LOOP_H
#define GAME_LOOP_H

#include <ferry.h>

enum {
    GAME_ASSETS_MAX = 25, /* one large file, 24 small ones */
    GAME_HISTORY = 120,   /* frames remembered: two seconds */
    GAME_WARM_UP = 30,    /* frames before the download begins: fonts are loaded, code compiled */
    GAME_COMMANDS_MAX = 12288,
    GAME_TEXT_MAX = 2048,
    GAME_REPORT_SIZE = 512,
    GAME_HOLD_BYTES = 1 << 20,
    GAME_KEY_QUIT = 'q',
    GAME_KEY_PAUSE = ' ',
    GAME_KEY_MORE = '+',
    GAME_KEY_FEWER = '-',
    GAME_KEY_AGAIN = 'r',
    GAME_KEY_MOTION = 'm',
};

/* A frame has this long; one that begins later than GAME_GAP_MS after the one before left a gap. */
#define GAME_FRAME_MS (1000.0 / 60)
#define GAME_GAP_MS (1.5 * GAME_FRAME_MS)

/* ---- What is drawn ------------------------------------------------------------------------ */

/* Each command is its kind, a colour (0xRRGGBB), and then:
 * GAME_RECTANGLE  x, y, width, height
 * GAME_POLYGON    the number of points, then x, y of each; filled
 * GAME_TEXT       x and y of its top left corner, where in `text` it begins, its length */
enum { GAME_RECTANGLE = 1, GAME_POLYGON = 2, GAME_TEXT = 3 };

typedef struct game_picture {
    double width; /* in the display's own unit: pixels, or halves of a character cell */
    double height;
    double column;    /* how wide a character is */
    double line;      /* how high a line of text is */
    bool is_still;    /* no motion but what the download makes */
    const char *keys; /* shown in the last line: what the keys do; NULL: shown elsewhere */
    double commands[GAME_COMMANDS_MAX];
    size_t count;
    char text[GAME_TEXT_MAX]; /* printable ASCII */
    size_t text_length;
} game_picture;

/* ---- The game ----------------------------------------------------------------------------- */

typedef enum game_asset_state {
    GAME_ASSET_PLANNED = 0,
    GAME_ASSET_COMING,
    GAME_ASSET_ARRIVED,
    GAME_ASSET_FAILED,
} game_asset_state;

typedef struct game_asset {
    char *text;    /* the URL */
    char *storage; /* of its parts */
    ferry_url url;
    ferry_transfer *transfer; /* NULL unless it is coming */
    game_asset_state state;
    int64_t bytes;
    int64_t length; /* -1: not known */
} game_asset;

typedef struct game_frame_record {
    double began_ms;
    double work_ms;
    int64_t bytes;
} game_frame_record;

/* Measured while something comes, and left as it is then. */
typedef struct game_frames {
    size_t count;
    size_t late; /* their own work took longer than a frame has */
    size_t gaps; /* they began late, whoever was to blame */
    double longest_ms;
    double longest_poll_ms;
    double longest_interval_ms;
    int64_t most_bytes;
    double loading_ms; /* how long assets have been coming */

    bool has_previous;                       /* false after a pause in which no frame was due */
    size_t recorded;                         /* all frames, measured or not */
    game_frame_record history[GAME_HISTORY]; /* frame n is at n % GAME_HISTORY */
} game_frames;

typedef struct game_state {
    game_asset assets[GAME_ASSETS_MAX]; /* the first is the large file */
    size_t asset_count;
    ferry_session *session;
    size_t level;      /* which of the limits for the bytes of a frame */
    bool is_paused;    /* nothing is read */
    bool is_quitting;  /* the player has asked for the end */
    double time_s;     /* of the scene */
    int64_t bytes;     /* of all assets */
    char failure[160]; /* the last thing that went wrong; "": nothing */
    game_frames frames;
    game_picture picture; /* whoever calls game_frame() fills in the display's members before */
    unsigned char hold[GAME_HOLD_BYTES]; /* where the bytes go, round and round */
} game_state;

/* Starts with the URLs in `arguments`: the large file's, then those of small ones. One that is an
 * origin alone ("http://127.0.0.1:8080") stands for /large and /asset/1 to /asset/12 there. False:
 * there is no game; game->failure says why. The game is large: keep it in static memory, zeroed. */
bool game_begin(game_state *game, size_t count, char *const *arguments);

/* One frame: polls, reads, moves, draws, and measures all of it. */
void game_frame(game_state *game);

void game_key(game_state *game, int key);

/* The next frame's beginning is no gap: the game was suspended, or its page hidden. */
void game_resume(game_state *game);

/* Is there anything still to come? */
bool game_is_loading(const game_state *game);
bool game_has_everything(const game_state *game);

/* Bytes per second over the frames remembered; over all of them once everything has come. */
double game_rate(const game_state *game);

/* The most bytes that a frame takes. */
int64_t game_frame_limit(const game_state *game);

/* The measurements in words, for a log or a screen reader. */
void game_report(const game_state *game, char text[GAME_REPORT_SIZE]);

/* Frees what the game holds; requests under way are cancelled. */
void game_end(game_state *game);

/* Draws the state of the game into its picture. In game_loop_scene.c. */
void game_draw(game_state *game);

/* ---- The display: game_loop_terminal.c or game_loop_canvas.c ------------------------------ */

/* A clock that never goes back. */
double game_display_now_ms(void);

void game_display_show(const game_picture *picture);

#endif
