/* SPDX-License-Identifier: MIT */
/* tour: a few requests, one after another, as a game makes them: polled once a frame. The same
 * source runs natively, under Node and in a browser; ./dev demo shows the three side by side.
 *
 *     tour HOST PORT
 */
#include "standard_files.h"

#include <ferry.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef __EMSCRIPTEN__
#include <emscripten.h>
#endif

enum { FIRST_BYTES = 22 };

typedef struct tour_stop {
    const char *url;
    const char *body;
    ferry_method method;
    int response_ms;
} tour_stop;

static const tour_stop stops[] = {
    {"/hello", NULL, FERRY_METHOD_GET, 0},
    {"/poem", NULL, FERRY_METHOD_GET, 0},
    {"/form", "from=Dover&to=Calais", FERRY_METHOD_POST, 0},
    {"/nowhere", NULL, FERRY_METHOD_GET, 0},
    {"/never", NULL, FERRY_METHOD_GET, 300},
};
enum { STOP_COUNT = sizeof stops / sizeof *stops };

static struct {
    ferry_client *client;
    ferry_status status; /* the last one printed */
    size_t stop;         /* the one that is next, or under way */
    bool is_under_way;
    bool has_head;
    long long bytes;
    char first[FIRST_BYTES + 1];
} tour;

static void note_status(void) {
    ferry_status status = ferry_client_get_status(tour.client);
    if (status != tour.status) {
        printf("  %s\n", ferry_status_name(status));
        tour.status = status;
    }
}

static void say_head(void) {
    const char *type = ferry_client_get_response_header(tour.client, "content-type", 0);
    char shown[80];
    snprintf(shown, sizeof shown, "%s", type != NULL ? type : "no type");
    ferry_text_make_printable(shown); /* a terminal obeys what servers send */
    printf("  %d, %s\n", ferry_client_get_response_code(tour.client), shown);
    printf("  length %lld, hint %lld\n",
           (long long)ferry_client_get_response_body_length(tour.client),
           (long long)ferry_client_get_response_body_length_hint(tour.client));
    tour.has_head = true;
}

static void say_body(void) {
    tour.first[strcspn(tour.first, "\n")] = '\0';
    ferry_text_make_printable(tour.first);
    printf("  %lld bytes: %s...\n", tour.bytes, tour.first);
}

static ferry_error start(void) {
    static const char *const headers[] = {"Content-Type: application/x-www-form-urlencoded", NULL};
    const tour_stop *stop = &stops[tour.stop];
    ferry_timeouts timeouts = {.response_ms = stop->response_ms};
    ferry_client_set_timeouts(tour.client, &timeouts);
    tour.is_under_way = true;
    tour.has_head = false;
    tour.bytes = 0;
    memset(tour.first, 0, sizeof tour.first);
    printf("%s %s\n", stop->method == FERRY_METHOD_POST ? "POST" : "GET", stop->url);
    return ferry_client_request(tour.client, stop->method, stop->url,
                                stop->body != NULL ? headers : NULL, stop->body);
}

/* Reads what has come; the end of the body ends the stop. */
static ferry_error read_body(void) {
    const void *chunk;
    size_t length;
    ferry_error error;
    do {
        error = ferry_client_read_response_body_chunk(tour.client, &chunk, &length);
        if (error == FERRY_OK && tour.bytes < FIRST_BYTES) {
            size_t room = FIRST_BYTES - (size_t)tour.bytes;
            memcpy(tour.first + tour.bytes, chunk, length < room ? length : room);
        }
        tour.bytes += error == FERRY_OK ? (long long)length : 0;
    } while (error == FERRY_OK && length > 0);
    if (error == FERRY_OK && ferry_client_get_status(tour.client) != FERRY_STATUS_BODY) {
        say_body();
        tour.is_under_way = false;
        tour.stop++;
    }
    return error;
}

/* One frame. False once the tour has ended. */
static bool go_on(void) {
    ferry_error error = ferry_client_poll(tour.client);
    note_status();
    if (error == FERRY_OK && !tour.is_under_way && tour.status == FERRY_STATUS_CONNECTED) {
        if (tour.stop == STOP_COUNT) {
            return false;
        }
        error = start();
    } else if (error == FERRY_OK && tour.is_under_way && ferry_client_has_response(tour.client)) {
        if (!tour.has_head) {
            say_head();
        }
        error = read_body();
    }
    note_status();
    if (error != FERRY_OK) {
        printf("  %s\n", ferry_error_name(error));
    }
    return error == FERRY_OK;
}

static void end(void) {
    ferry_client_free(tour.client);
    printf("the end\n");
}

#ifdef __EMSCRIPTEN__
static void frame(void) {
    if (!go_on()) {
        end();
        emscripten_cancel_main_loop();
        emscripten_force_exit(EXIT_SUCCESS);
    }
}

static void run(void) {
    emscripten_set_main_loop(frame, 60, true);
}
#else
static void run(void) {
    ferry_error error = FERRY_OK;
    while ((error == FERRY_OK || error == FERRY_ERROR_TIMEOUT) && go_on()) {
        error = ferry_client_wait(tour.client, 1000 / 60); /* the rest of a game's frame */
    }
    if (error != FERRY_OK && error != FERRY_ERROR_TIMEOUT) {
        printf("  %s\n", ferry_error_name(error));
    }
    end();
}
#endif

int main(int argc, char **argv) {
    standard_files_open();
    if (argc != 3) {
        fprintf(stderr, "usage: tour HOST PORT\n");
        return EXIT_FAILURE;
    }
    tour.client = ferry_client_new(NULL);
    if (tour.client == NULL ||
        ferry_client_connect_to_host(tour.client, argv[1], atoi(argv[2]), NULL) != FERRY_OK) {
        fprintf(stderr, "%s\n", tour.client ? ferry_client_get_error_detail(tour.client) : "");
        return EXIT_FAILURE;
    }
    printf("connecting\n");
    note_status();
    run();
    return EXIT_SUCCESS;
}
