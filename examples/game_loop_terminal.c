/* SPDX-License-Identifier: MIT */
/* game_loop_terminal: the game's display natively: a terminal, whose cells are two pixels each; and
 * where the output is no terminal, a line of figures every second. */
#include "game_loop.h"
#include "standard_files.h"

#include <langinfo.h>
#include <locale.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

enum {
    COLUMNS_MAX = 240,
    ROWS_MAX = 80,
    POINTS_MAX = 128,
    OUTPUT_SIZE = COLUMNS_MAX * ROWS_MAX * 48 + 64, /* more than a cell with both colours takes */
    EXIT_USAGE = 2,
    KEY_ESCAPE = 27,
};

static const char usage[] =
    "usage: game_loop ORIGIN | LARGE_URL [SMALL_URL...]\n"
    "\n"
    "Streams a large file and small ones while it draws 60 frames a second, and measures the\n"
    "frames. ORIGIN (http://127.0.0.1:8080) stands for /large and /asset/1 to /asset/12 there.\n"
    "Where the output is no terminal it ends when all has come. The exit code is 0 if all came.\n";

static const char keys[] = "space pause  + - bytes a frame  r again  m motion  q quit";

/* What a cell shows: two pixels, or a character on the upper pixel's colour. */
typedef struct cell {
    unsigned upper;
    unsigned lower;
    char character; /* 0: pixels */
} cell;

typedef struct terminal {
    struct termios saved;
    bool is_output; /* stdout is a terminal */
    bool is_input;  /* stdin is one too */
    bool is_open;   /* it is as the game wants it, and must be restored */
    bool has_blocks;
    bool has_true_colour;
    int columns;
    int rows;
    cell cells[ROWS_MAX][COLUMNS_MAX];
    cell shown[ROWS_MAX][COLUMNS_MAX];
    bool is_shown; /* `shown` is what the terminal has */
    char output[OUTPUT_SIZE];
    size_t length;
} terminal;

static terminal screen;
static game_state the_game;
static volatile sig_atomic_t caught;

/* ---- Drawing into the cells --------------------------------------------------------------- */

static int clamp(double value, int end) {
    return value <= 0 ? 0 : value >= end ? end : (int)value;
}

static void screen_fill(unsigned colour, int y, int left, int right) {
    for (int x = left; x < right; x++) {
        cell *target = &screen.cells[y / 2][x];
        if (y % 2 == 0) {
            target->upper = colour;
        } else {
            target->lower = colour;
        }
        target->character = 0;
    }
}

/* A shape covers the pixels whose middle is in it, and a rectangle one at least. */
static void screen_rectangle(unsigned colour, const double *command) {
    int left = clamp(floor(command[0] + 0.5), screen.columns);
    int top = clamp(floor(command[1] + 0.5), 2 * screen.rows);
    int right = clamp(fmax(floor(command[0] + command[2] + 0.5), left + 1), screen.columns);
    int bottom = clamp(fmax(floor(command[1] + command[3] + 0.5), top + 1), 2 * screen.rows);
    for (int y = top; y < bottom; y++) {
        screen_fill(colour, y, left, right);
    }
}

static int compare_numbers(const void *a, const void *b) {
    double difference = *(const double *)a - *(const double *)b;
    return (difference > 0) - (difference < 0);
}

/* Where the line through the middle of a row of pixels crosses the polygon's sides, in order. */
static size_t polygon_crossings(const double *xy, size_t count, double y, double *crossings) {
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        const double *a = xy + 2 * i;
        const double *b = xy + 2 * ((i + 1) % count);
        if ((a[1] <= y) != (b[1] <= y)) {
            crossings[found++] = a[0] + (b[0] - a[0]) * (y - a[1]) / (b[1] - a[1]);
        }
    }
    qsort(crossings, found, sizeof *crossings, compare_numbers);
    return found;
}

static void screen_polygon(unsigned colour, const double *xy, size_t count) {
    double crossings[POINTS_MAX];
    if (count == 0 || count > POINTS_MAX) {
        return;
    }
    double top = xy[1];
    double bottom = xy[1];
    for (size_t i = 1; i < count; i++) {
        top = fmin(top, xy[2 * i + 1]);
        bottom = fmax(bottom, xy[2 * i + 1]);
    }
    int end = clamp(ceil(bottom), 2 * screen.rows);
    for (int y = clamp(floor(top), 2 * screen.rows); y < end; y++) {
        size_t found = polygon_crossings(xy, count, y + 0.5, crossings);
        for (size_t i = 0; i + 1 < found; i += 2) {
            screen_fill(colour, y, clamp(floor(crossings[i] + 0.5), screen.columns),
                        clamp(floor(crossings[i + 1] + 0.5), screen.columns));
        }
    }
}

static void screen_text(unsigned colour, const double *command, const char *text) {
    int row = clamp(floor(command[1] / 2 + 0.5), screen.rows - 1);
    int left = clamp(floor(command[0] + 0.5), screen.columns);
    const char *from = text + (size_t)command[2];
    int length = clamp(command[3], screen.columns - left);
    for (int i = 0; i < length; i++) {
        cell *target = &screen.cells[row][left + i];
        target->character = from[i];
        target->lower = colour; /* of the character */
    }
}

static void screen_draw(const game_picture *picture) {
    for (const double *at = picture->commands; at < picture->commands + picture->count;) {
        unsigned colour = (unsigned)at[1];
        switch ((int)at[0]) {
        case GAME_RECTANGLE:
            screen_rectangle(colour, at + 2);
            at += 6;
            break;
        case GAME_POLYGON:
            screen_polygon(colour, at + 3, (size_t)at[2]);
            at += 3 + 2 * (size_t)at[2];
            break;
        default:
            screen_text(colour, at + 2, picture->text);
            at += 6;
            break;
        }
    }
}

/* ---- Sending what has changed ------------------------------------------------------------- */

static void screen_append(const char *text) {
    size_t length = strlen(text);
    if (OUTPUT_SIZE - screen.length >= length) {
        memcpy(screen.output + screen.length, text, length);
        screen.length += length;
    }
}

static void screen_send(void) {
    for (size_t sent = 0; sent < screen.length;) {
        ssize_t written = write(STDOUT_FILENO, screen.output + sent, screen.length - sent);
        if (written < 0 && caught == 0) {
            break;
        }
        sent += written > 0 ? (size_t)written : 0;
    }
    screen.length = 0;
}

/* The nearest of the 216 colours that nearly every terminal has. */
static unsigned colour_index(unsigned colour) {
    unsigned steps[3];
    for (int i = 0; i < 3; i++) {
        unsigned value = colour >> (16 - 8 * i) & 255;
        steps[i] = value < 48 ? 0 : value < 115 ? 1 : (value - 35) / 40;
    }
    return 16 + 36 * steps[0] + 6 * steps[1] + steps[2];
}

static void screen_colour(unsigned colour, bool is_background) {
    char text[32];
    int layer = is_background ? 48 : 38;
    if (screen.has_true_colour) {
        snprintf(text, sizeof text, "\x1b[%d;2;%u;%u;%um", layer, colour >> 16 & 255,
                 colour >> 8 & 255, colour & 255);
    } else {
        snprintf(text, sizeof text, "\x1b[%d;5;%um", layer, colour_index(colour));
    }
    screen_append(text);
}

static bool cell_equals(const cell *a, const cell *b) {
    return a->upper == b->upper && a->lower == b->lower && a->character == b->character;
}

static void screen_send_changes(void) {
    int background = -1;
    int foreground = -1;
    for (int row = 0; row < screen.rows; row++) {
        int cursor = -1; /* the column where the terminal would write next */
        for (int column = 0; column < screen.columns; column++) {
            const cell *wanted = &screen.cells[row][column];
            cell *shown = &screen.shown[row][column];
            if (screen.is_shown && cell_equals(wanted, shown)) {
                continue;
            }
            if (cursor != column) {
                char text[32];
                snprintf(text, sizeof text, "\x1b[%d;%dH", row + 1, column + 1);
                screen_append(text);
            }
            if (background != (int)wanted->upper) {
                screen_colour(wanted->upper, true);
                background = (int)wanted->upper;
            }
            bool is_plain = wanted->character == 0 && wanted->lower == wanted->upper;
            if (!is_plain && foreground != (int)wanted->lower) {
                screen_colour(wanted->lower, false);
                foreground = (int)wanted->lower;
            }
            char character[2] = {wanted->character, '\0'};
            bool is_block = wanted->character == 0 && !is_plain && screen.has_blocks;
            screen_append(is_block                 ? "\xe2\x96\x84" /* U+2584, the lower half */
                          : wanted->character != 0 ? character
                                                   : " ");
            *shown = *wanted;
            cursor = column + 1;
        }
    }
    screen.is_shown = true;
    screen_send();
}

/* ---- The terminal ------------------------------------------------------------------------- */

static void terminal_measure(void) {
    struct winsize size = {0};
    int columns = 80;
    int rows = 24;
    if (screen.is_output && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
        columns = size.ws_col < COLUMNS_MAX ? size.ws_col : COLUMNS_MAX;
        rows = size.ws_row < ROWS_MAX ? size.ws_row : ROWS_MAX;
    }
    screen.is_shown = screen.is_shown && columns == screen.columns && rows == screen.rows;
    screen.columns = columns;
    screen.rows = rows > 0 ? rows : 1;
    the_game.picture.width = screen.columns;
    the_game.picture.height = 2 * screen.rows;
    the_game.picture.column = 1;
    the_game.picture.line = 2;
}

static void terminal_open(void) {
    if (!screen.is_output) {
        return;
    }
    screen.is_input = tcgetattr(STDIN_FILENO, &screen.saved) == 0;
    if (screen.is_input) {
        struct termios raw = screen.saved;
        raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
        raw.c_cc[VMIN] = 0;
        raw.c_cc[VTIME] = 0;
        tcsetattr(STDIN_FILENO, TCSANOW, &raw);
    }
    /* The other page of the terminal, without a cursor: what was there comes back in the end. */
    screen_append("\x1b[?1049h\x1b[?25l\x1b[2J");
    screen_send();
    screen.is_shown = false;
    screen.is_open = true;
}

static void terminal_close(void) {
    if (!screen.is_open) {
        return;
    }
    screen_append("\x1b[0m\x1b[?25h\x1b[?1049l");
    screen_send();
    if (screen.is_input) {
        tcsetattr(STDIN_FILENO, TCSANOW, &screen.saved);
    }
    screen.is_open = false;
}

static void terminal_keys(void) {
    unsigned char typed[32];
    ssize_t count = screen.is_input ? read(STDIN_FILENO, typed, sizeof typed) : 0;
    if (count > 0 && typed[0] == KEY_ESCAPE) {
        /* Esc comes alone; what comes with more is a key that has no meaning here, but arrows. */
        bool is_arrow = count == 3 && (typed[2] == 'A' || typed[2] == 'B');
        int arrow = typed[2] == 'A' ? GAME_KEY_MORE : GAME_KEY_FEWER;
        game_key(&the_game, count == 1 ? GAME_KEY_QUIT : is_arrow ? arrow : 0);
        return;
    }
    for (ssize_t i = 0; i < count; i++) {
        bool is_enter = typed[i] == '\n' || typed[i] == '\r';
        game_key(&the_game, is_enter ? GAME_KEY_PAUSE : typed[i] == '=' ? GAME_KEY_MORE : typed[i]);
    }
}

static void signal_catch(int number) {
    caught = number;
}

static void signals_set_up(void) {
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGTSTP};
    struct sigaction action = {.sa_handler = signal_catch};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        sigaction(numbers[i], &action, NULL);
    }
}

/* Ctrl-Z: the shell gets its terminal as it was, and the game goes on where it stopped. */
static void terminal_suspend(void) {
    caught = 0;
    terminal_close();
    raise(SIGSTOP);
    terminal_open();
    game_resume(&the_game);
}

/* ---- The display, as the game knows it ---------------------------------------------------- */

double game_display_now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

void game_display_show(const game_picture *picture) {
    screen_draw(picture); /* without a terminal too: so a frame costs what it costs with one */
    if (screen.is_open) {
        screen_send_changes();
    }
}

/* Sleeps until `due_ms`. A signal ends it early. */
static void sleep_until(double due_ms) {
    double left_ms = due_ms - game_display_now_ms();
    if (left_ms > 0) {
        struct timespec left = {.tv_nsec = (long)(left_ms * 1e6)};
        nanosleep(&left, NULL);
    }
}

static void report(void) {
    char text[GAME_REPORT_SIZE];
    game_report(&the_game, text);
    printf("%s\n", text);
    if (the_game.failure[0] != '\0') {
        printf("%s\n", the_game.failure);
    }
    fflush(stdout);
}

static void run(void) {
    double due_ms = game_display_now_ms();
    double reported_ms = due_ms;
    while (!the_game.is_quitting && (screen.is_output || game_is_loading(&the_game))) {
        terminal_measure();
        terminal_keys();
        game_frame(&the_game);
        if (!screen.is_output && due_ms - reported_ms >= 1000) {
            report();
            reported_ms = due_ms;
        }
        due_ms += GAME_FRAME_MS;
        if (due_ms < game_display_now_ms()) {
            due_ms = game_display_now_ms(); /* what is lost is lost: no frames to catch up */
        }
        sleep_until(due_ms);
        if (caught == SIGTSTP) {
            terminal_suspend();
            due_ms = game_display_now_ms();
        }
        the_game.is_quitting = the_game.is_quitting || caught != 0;
    }
}

int main(int argc, char **argv) {
    standard_files_open();
    if (argc < 2 || strcmp(argv[1], "--help") == 0) {
        fputs(usage, argc < 2 ? stderr : stdout);
        return argc < 2 ? EXIT_USAGE : EXIT_SUCCESS;
    }
    if (!game_begin(&the_game, (size_t)argc - 1, argv + 1)) {
        fprintf(stderr, "game_loop: %s\n", the_game.failure);
        return EXIT_USAGE;
    }
    setlocale(LC_CTYPE, "");
    const char *colour = getenv("COLORTERM");
    screen.has_blocks = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
    screen.has_true_colour = colour != NULL && strcmp(colour, "truecolor") == 0;
    screen.is_output = isatty(STDOUT_FILENO) == 1;
    the_game.picture.keys = keys;
    signals_set_up();
    terminal_open();
    run();
    terminal_close();
    report();
    bool is_complete = game_has_everything(&the_game);
    game_end(&the_game);
    return is_complete ? EXIT_SUCCESS : EXIT_FAILURE;
}
