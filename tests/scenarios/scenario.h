/* SPDX-License-Identifier: MIT */
/* scenario: what the scenarios share: one client, the options it is made with, and the transcript
 * that is printed of what happens to it. */
#ifndef FERRY_TESTS_SCENARIO_H
#define FERRY_TESTS_SCENARIO_H

#include <ferry.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SCENARIO_MOST_TEXTS = 64, SCENARIO_MOST_PINS = 8, SCENARIO_MOST_LINES = 8 };

typedef struct scenario {
    const char *host;
    int port;
    int argc; /* what follows the options */
    char **argv;

    ferry_client_options options;
    bool blocking;
    bool with_tls;
    ferry_tls_options tls;
    const char *pins[SCENARIO_MOST_PINS + 1];
    char *texts[SCENARIO_MOST_TEXTS]; /* what the TLS options point to */
    int text_count;
    size_t read_chunk_size; /* 0: the default */
    size_t into;            /* bodies are read into memory of this size; 0: as views */
    int log;                /* 1: all but INFO; 2: all */
    const char *prefix;     /* before the host: "http://" */
    const char *http_proxy; /* "host:port", as the two arguments of ferry_client_set_http_proxy() */
    const char *https_proxy;
    const char *resolve[SCENARIO_MOST_LINES]; /* ends with NULL */
    const char *proxy_headers[SCENARIO_MOST_LINES];

    ferry_client *client;
    ferry_status status; /* the last one printed */
    bool quiet;          /* nothing is printed */
} scenario;

typedef void (*scenario_function)(scenario *s);

typedef struct scenario_entry {
    const char *name;
    scenario_function run;
} scenario_entry;

/* The tables of the other files; each ends with a NULL name. */
extern const scenario_entry scenario_connecting[];
extern const scenario_entry scenario_requesting[];
extern const scenario_entry scenario_refusing[];
extern const scenario_entry scenario_responding[];
extern const scenario_entry scenario_uploading[];
extern const scenario_entry scenario_lasting[];
extern const scenario_entry scenario_streaming[];
extern const scenario_entry scenario_remembering[];
extern const scenario_entry scenario_tls[];
extern const scenario_entry scenario_session[];

/* ---- The transcript ---- */

/* One line; the port is printed as PORT, what is not printable as \xNN. */
#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
void scenario_say(scenario *s, const char *format, ...);

/* "what: OK", or "what: NAME: detail"; then the status if it has changed. Returns the error. */
ferry_error scenario_result(scenario *s, const char *what, ferry_error error);

/* "status NAME" if it is another than before. */
void scenario_note_status(scenario *s);

/* Code, lengths, URL and headers, as the client has them now. */
void scenario_say_response(scenario *s);

/* Trailers, and the bytes counted. */
void scenario_say_end(scenario *s);

/* A digest of bytes as they pass: number, FNV-1a hash, and the first of them. */
enum { SCENARIO_FIRST = 48 };
typedef struct scenario_digest {
    long long length;
    uint64_t hash;
    unsigned char first[SCENARIO_FIRST];
} scenario_digest;

scenario_digest scenario_digest_new(void);
void scenario_digest_add(scenario_digest *digest, const void *data, size_t length);
void scenario_say_digest(scenario *s, const char *what, const scenario_digest *digest);

/* Ends the program with a message: the scenario is used wrongly, or cannot go on. */
_Noreturn void scenario_give_up(const char *why);

/* ---- The client ---- */

/* Makes the client with the options and sets its properties. */
void scenario_new_client(scenario *s);

/* Polls once; prints an error, and the status if it has changed. */
ferry_error scenario_poll(scenario *s);

/* Waits until the client can go on, where the platform can. */
void scenario_wait(scenario *s);

/* Polls until the status is another than `status`. */
ferry_error scenario_leave(scenario *s, ferry_status status);

/* Polls through RESOLVING, CONNECTING and REQUESTING. */
ferry_error scenario_settle(scenario *s);

/* connect_to_host with the scenario's own host and port, then scenario_settle(). */
ferry_error scenario_connect(scenario *s);

/* One read, as a view or into memory; the bytes are valid until the next call. */
ferry_error scenario_read(scenario *s, const void **data, size_t *length);

/* Reads the body to its end and prints its digest, then the end. */
ferry_error scenario_read_all(scenario *s);

/* From REQUESTING to the end of the body, all printed. */
ferry_error scenario_finish(scenario *s);

/* A complete GET, all printed. */
ferry_error scenario_get(scenario *s, const char *target);

/* Tells the server something, on a connection of its own, and waits for its answer: what the
 * server does upon it has been done by then. */
void scenario_tell(const scenario *s, const char *target);

/* ---- TLS ---- */

/* Sets an option: tls, ca, ca_der, name, unsafe, cert, key, key_password, crl, pin (several parted
 * by commas), tls_min, cipher. Files are named, "-" is NULL. False: TLS has no such option. */
bool scenario_set_tls(scenario *s, const char *name, const char *value);

/* What connect_to_host is to be given; NULL without tls=1. */
const ferry_tls_options *scenario_tls_options(const scenario *s);

/* Frees what the options point to, and the cache. */
void scenario_forget_tls(scenario *s);

/* ---- Arguments ---- */

/* The argument at `index`; gives up where there is none. */
const char *scenario_argument(const scenario *s, int index);

long long scenario_number(const char *text);

/* "@N" stands for N bytes, of which the i-th is i modulo 251; "-" is NULL, any other is itself. The
 * memory is the caller's to free. */
char *scenario_body(const char *argument, size_t *length);
void scenario_fill(unsigned char *data, size_t length, size_t offset);

/* The status of that name; gives up where there is none. */
ferry_status scenario_status_of(const char *name);

#endif
