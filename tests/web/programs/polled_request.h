/* SPDX-License-Identifier: MIT */
/* polled_request: a request as the program's arguments describe it. */
#ifndef FERRY_TESTS_POLLED_REQUEST_H
#define FERRY_TESTS_POLLED_REQUEST_H

#include <ferry.h>

enum { POLLED_MOST_HEADERS = 32 };

/* How a request is cancelled, and when. */
typedef enum polled_cancel {
    POLLED_CANCEL_NOT,
    POLLED_CANCEL_CLOSE,
    POLLED_CANCEL_FREE
} polled_cancel;
typedef enum polled_moment { POLLED_AT_SENT, POLLED_AT_BODY, POLLED_AT_TOLD } polled_moment;

/* A request is made again and again, silently, until it ends so. */
typedef enum polled_repeat {
    POLLED_REPEAT_NOT,
    POLLED_REPEAT_UNTIL_ERROR,
    POLLED_REPEAT_UNTIL_ANSWER
} polled_repeat;

typedef struct polled_request {
    ferry_request request;
    ferry_fetch_options fetch;
    ferry_timeouts timeouts;
    const char *headers[POLLED_MOST_HEADERS + 1];
    const char *origin; /* "http://host:port" */
    const char *ask;    /* a target: it is asked for on a client of its own, whose answer tells the
                           program to go on; NULL: none */
    bool holds;         /* the body is not read before that */
    bool sums;          /* a checksum of the body is printed, and where the request is over */
    int pause_ms;       /* between two polls; 0: one a frame */
    polled_cancel cancel;
    polled_moment moment;
    polled_repeat repeat;
} polled_request;

/* Reads the request that begins at `arguments`, up to "," or `end`; returns what follows. `number`
 * takes the place of "%". The program ends with a message where it cannot be read. */
char **polled_request_parse(polled_request *request, char **arguments, char **end, int number);

/* Frees what the request owns. */
void polled_request_deinit(polled_request *request);

/* The byte at this place of every body that is made of a number. */
unsigned char polled_pattern(long long offset);

#endif
