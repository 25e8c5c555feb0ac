/* SPDX-License-Identifier: MIT */
/* test_cases: runs the responses in tests/cases through the client: whole, byte by byte, and split
 * in two at every place, each time with and without pauses. All must give the same. */
#include "ferry.h"
#include "script_stream.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_LINES = 300, MOST_BYTES = 1 << 20, MOST_TEXT = 8192 };

typedef struct wire_case {
    char name[200];
    const char *file;
    int line;
    char method[32];
    char *with[8];
    size_t with_count;
    char *bytes;
    size_t length;
    ferry_stream_result end;
    size_t max_head_bytes;
    size_t max_header_count;
    size_t max_interim_responses;
    /* expectations; -2 and NULL: not stated */
    int code;
    long long body_length;
    char *headers[MOST_LINES];
    size_t header_count;
    char *trailers[MOST_LINES];
    size_t trailer_count;
    char *body;
    size_t body_bytes;
    bool has_body;
    bool chunked;
    char status[40];
    char error[40];
    char *detail;
} wire_case;

typedef struct outcome {
    char text[MOST_TEXT];
    char *body;
    size_t body_bytes;
} outcome;

static int passed;
static int failed;

/* ---- Reading the cases ---- */

static void die(const wire_case *c, const char *what) {
    fprintf(stderr, "%s:%d: %s\n", c->file, c->line, what);
    exit(2);
}

/* "…" with \r \n \t \0 \\ \" \xHH */
static char *unquote(const wire_case *c, const char *text, size_t *length) {
    char *out = malloc(strlen(text) + 1);
    size_t n = 0;
    if (out == NULL || *text++ != '"') {
        die(c, "a quoted string is missing");
    }
    for (; *text != '"'; text++) {
        if (*text == '\0') {
            die(c, "a quote is not closed");
        }
        if (*text != '\\') {
            out[n++] = *text;
            continue;
        }
        static const char names[] = "rnt0\\\"";
        static const char values[] = "\r\n\t\0\\\"";
        const char *at = strchr(names, *++text);
        if (*text == 'x' && isxdigit((unsigned char)text[1]) && isxdigit((unsigned char)text[2])) {
            char hex[] = {text[1], text[2], '\0'};
            out[n++] = (char)strtol(hex, NULL, 16);
            text += 2;
        } else if (at != NULL && *at != '\0') {
            out[n++] = values[at - names];
        } else {
            die(c, "an unknown escape");
        }
    }
    out[n] = '\0';
    *length = n;
    return out;
}

static void add_bytes(wire_case *c, const char *text, size_t times) {
    size_t length;
    char *bytes = unquote(c, text, &length);
    char *grown = realloc(c->bytes, c->length + length * times + 1);
    if (grown == NULL || c->length + length * times > MOST_BYTES) {
        die(c, "too many bytes");
    }
    c->bytes = grown;
    for (size_t i = 0; i < times; i++) {
        memcpy(c->bytes + c->length, bytes, length);
        c->length += length;
    }
    free(bytes);
}

static bool take_word(const char **text, const char *word) {
    size_t length = strlen(word);
    if (strncmp(*text, word, length) != 0 || ((*text)[length] != ' ' && (*text)[length] != '\0')) {
        return false;
    }
    *text += length;
    while (**text == ' ') {
        (*text)++;
    }
    return true;
}

static void read_expectation(wire_case *c, const char *text) {
    size_t length;
    if (take_word(&text, "code")) {
        c->code = atoi(text);
    } else if (take_word(&text, "length")) {
        c->body_length = atoll(text);
    } else if (take_word(&text, "header")) {
        c->headers[c->header_count++] = unquote(c, text, &length);
    } else if (take_word(&text, "trailer")) {
        c->trailers[c->trailer_count++] = unquote(c, text, &length);
    } else if (take_word(&text, "body")) {
        c->body = unquote(c, text, &c->body_bytes);
        c->has_body = true;
    } else if (take_word(&text, "chunked")) {
        c->chunked = true;
    } else if (take_word(&text, "status")) {
        snprintf(c->status, sizeof c->status, "%.30s", text);
    } else if (take_word(&text, "error")) {
        const char *space = strchr(text, ' ');
        size_t name = space != NULL ? (size_t)(space - text) : strlen(text);
        snprintf(c->error, sizeof c->error, "FERRY_ERROR_%.*s", (int)name, text);
        c->detail = space != NULL ? unquote(c, space + 1, &length) : NULL;
    } else {
        die(c, "an unknown expectation");
    }
}

static void read_line(wire_case *c, const char *text) {
    size_t length;
    if (take_word(&text, "request")) {
        snprintf(c->method, sizeof c->method, "%.30s", text);
    } else if (take_word(&text, "with")) {
        if (c->with_count == sizeof c->with / sizeof *c->with - 1) {
            die(c, "too many request headers");
        }
        c->with[c->with_count++] = unquote(c, text, &length);
    } else if (take_word(&text, "receive")) {
        add_bytes(c, text, 1);
    } else if (take_word(&text, "repeat")) {
        char *rest;
        size_t times = strtoul(text, &rest, 10);
        add_bytes(c, rest + 1, times);
    } else if (take_word(&text, "then")) {
        c->end = strcmp(text, "close") == 0      ? FERRY_STREAM_END
                 : strcmp(text, "truncate") == 0 ? FERRY_STREAM_TRUNCATED
                 : strcmp(text, "reset") == 0    ? FERRY_STREAM_FAILED
                 : strcmp(text, "silence") == 0  ? FERRY_STREAM_AGAIN
                                                 : FERRY_STREAM_OK;
        if (c->end == FERRY_STREAM_OK) {
            die(c, "then close, truncate, reset or silence");
        }
    } else if (take_word(&text, "max_head_bytes")) {
        c->max_head_bytes = strtoul(text, NULL, 10);
    } else if (take_word(&text, "max_header_count")) {
        c->max_header_count = strtoul(text, NULL, 10);
    } else if (take_word(&text, "max_interim_responses")) {
        c->max_interim_responses = strtoul(text, NULL, 10);
    } else if (take_word(&text, "expect")) {
        read_expectation(c, text);
    } else {
        die(c, "an unknown line");
    }
}

static void free_case(wire_case *c) {
    for (size_t i = 0; i < c->with_count; i++) {
        free(c->with[i]);
    }
    for (size_t i = 0; i < c->header_count; i++) {
        free(c->headers[i]);
    }
    for (size_t i = 0; i < c->trailer_count; i++) {
        free(c->trailers[i]);
    }
    free(c->bytes);
    free(c->body);
    free(c->detail);
}

/* ---- Running one ---- */

static void note(outcome *o, const char *what, const char *text) {
    size_t at = strlen(o->text);
    snprintf(o->text + at, sizeof o->text - at, "%s %s\n", what, text);
}

static void note_number(outcome *o, const char *what, long long number) {
    char text[32];
    snprintf(text, sizeof text, "%lld", number);
    note(o, what, text);
}

static void note_lines(outcome *o, const char *what, const char *const *lines) {
    for (; *lines != NULL; lines++) {
        note(o, what, *lines);
    }
}

static ferry_error read_all(ferry_client *client, outcome *o) {
    char block[4096];
    size_t length = 0;
    ferry_error error;
    do {
        error = ferry_client_read_response_body(client, block, sizeof block, &length);
        if (error == FERRY_OK && length > 0) {
            o->body = realloc(o->body, o->body_bytes + length);
            memcpy(o->body + o->body_bytes, block, length);
            o->body_bytes += length;
        }
    } while (error == FERRY_OK && length > 0);
    return error;
}

/* Until the exchange ends, or nothing has moved for some polls. */
static ferry_error drive(ferry_client *client, script_stream *script, outcome *o) {
    int idle = 0;
    ferry_error error = FERRY_OK;
    while (error == FERRY_OK && idle < 4) {
        size_t at = script->at;
        size_t body = o->body_bytes;
        error = ferry_client_poll(client);
        ferry_status status = ferry_client_get_status(client);
        if (error == FERRY_OK && status == FERRY_STATUS_BODY) {
            error = read_all(client, o);
            status = ferry_client_get_status(client);
        }
        if (error == FERRY_OK && status != FERRY_STATUS_REQUESTING && status != FERRY_STATUS_BODY) {
            return FERRY_OK;
        }
        idle = script->at == at && o->body_bytes == body ? idle + 1 : 0;
    }
    return error;
}

static void run_once(const wire_case *c, size_t piece, size_t split, bool pause, outcome *o) {
    ferry_client_options options = {
        .max_head_bytes = c->max_head_bytes,
        .max_header_count = c->max_header_count,
        .max_interim_responses = c->max_interim_responses,
        .keep_content_coding = true,
    };
    ferry_client *client = ferry_client_new(&options);
    script_stream script;
    script_stream_init(&script, c->bytes, c->length, c->end);
    script.piece = piece;
    script.split = split;
    script.pause = pause;
    o->text[0] = '\0';
    o->body = NULL;
    o->body_bytes = 0;
    bool is_connect = strcmp(c->method, "CONNECT") == 0;
    ferry_request request = {
        .method_name = c->method,
        .url = is_connect ? "example.org:80" : "/",
        .headers = (const char *const *)c->with,
    };
    ferry_error error = ferry_client_set_connection(client, &script.stream);
    if (error == FERRY_OK) {
        error = ferry_client_send(client, &request);
    }
    if (error == FERRY_OK) {
        error = drive(client, &script, o);
    }
    if (ferry_client_has_response(client)) {
        note_number(o, "code", ferry_client_get_response_code(client));
        note_number(o, "length", ferry_client_get_response_body_length(client));
        note_lines(o, "header", ferry_client_get_response_headers(client, NULL));
        note_lines(o, "trailer", ferry_client_get_response_trailers(client, NULL));
        if (ferry_client_is_response_chunked(client)) {
            note(o, "chunked", "");
        }
    }
    note(o, "status", ferry_status_name(ferry_client_get_status(client)));
    if (error != FERRY_OK) {
        note(o, "error", ferry_error_name(error));
        note(o, "detail", ferry_client_get_error_detail(client));
    }
    ferry_client_free(client);
    if (!script.is_destroyed) {
        note(o, "leak", "the stream was not destroyed");
    }
}

/* ---- Comparing ---- */

static bool has_line(const outcome *o, const char *what, const char *text) {
    char line[MOST_TEXT];
    snprintf(line, sizeof line, "%s %s\n", what, text);
    const char *at = strstr(o->text, line);
    return at != NULL && (at == o->text || at[-1] == '\n');
}

static size_t count_lines(const outcome *o, const char *what) {
    size_t count = 0;
    size_t length = strlen(what);
    for (const char *at = o->text; at != NULL && *at != '\0';) {
        count += strncmp(at, what, length) == 0 && at[length] == ' ';
        at = strchr(at, '\n');
        at = at != NULL ? at + 1 : NULL;
    }
    return count;
}

static const char *compare(const wire_case *c, const outcome *o) {
    char number[32];
    snprintf(number, sizeof number, "%d", c->code);
    if (c->code != -2 && !has_line(o, "code", number)) {
        return "the code differs";
    }
    snprintf(number, sizeof number, "%lld", c->body_length);
    if (c->body_length != -2 && !has_line(o, "length", number)) {
        return "the length differs";
    }
    for (size_t i = 0; i < c->header_count; i++) {
        if (!has_line(o, "header", c->headers[i])) {
            return "a header is missing";
        }
    }
    if (c->header_count > 0 && count_lines(o, "header") != c->header_count) {
        return "there are more headers";
    }
    for (size_t i = 0; i < c->trailer_count; i++) {
        if (!has_line(o, "trailer", c->trailers[i])) {
            return "a trailer is missing";
        }
    }
    if (count_lines(o, "trailer") != c->trailer_count) {
        return "there are more trailers";
    }
    if (c->has_body && (o->body_bytes != c->body_bytes ||
                        (c->body_bytes > 0 && memcmp(o->body, c->body, c->body_bytes) != 0))) {
        return "the body differs";
    }
    if (c->chunked && !has_line(o, "chunked", "")) {
        return "it is not chunked";
    }
    if (c->status[0] != '\0' && !has_line(o, "status", c->status)) {
        return "the status differs";
    }
    if ((c->error[0] != '\0') != (count_lines(o, "error") > 0) ||
        (c->error[0] != '\0' && !has_line(o, "error", c->error))) {
        return "the error differs";
    }
    if (c->detail != NULL && strstr(o->text, c->detail) == NULL) {
        return "the detail differs";
    }
    return count_lines(o, "leak") > 0 ? "the stream was not destroyed" : NULL;
}

static bool try(const wire_case *c, size_t piece, size_t split, bool pause) {
    outcome o;
    run_once(c, piece, split, pause, &o);
    const char *difference = compare(c, &o);
    if (difference != NULL) {
        printf("%s:%d: %s: %s (pieces of %zu, split at %zu%s); got:\n%sbody %zu bytes \"%.*s\"\n",
               c->file, c->line, c->name, difference, piece, split, pause ? ", pauses" : "", o.text,
               o.body_bytes, o.body_bytes > 200 ? 200 : (int)o.body_bytes,
               o.body != NULL ? o.body : "");
    }
    free(o.body);
    return difference == NULL;
}

static void run_case(const wire_case *c) {
    bool holds = true;
    if (c->name[0] == '\0') {
        return;
    }
    if (c->error[0] == '\0' && c->code == -2 && c->status[0] == '\0' && !c->has_body &&
        c->header_count == 0) {
        die(c, "the case expects nothing");
    }
    for (int pause = 0; pause <= 1 && holds; pause++) {
        holds = try(c, 0, 0, pause) && try(c, 1, 0, pause) && try(c, 3, 0, pause);
        /* Where it is cut matters near the places that mean something; a long case is sampled. */
        size_t stride = c->length > 4000 ? c->length / 997 + 1 : 1;
        for (size_t split = 1; split < c->length && holds; split += stride) {
            holds = try(c, 0, split, pause);
        }
    }
    passed += holds;
    failed += !holds;
}

static void run_file(const char *path) {
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        perror(path);
        exit(2);
    }
    static char line[16384];
    static const wire_case fresh = {.end = FERRY_STREAM_AGAIN, .code = -2, .body_length = -2};
    wire_case *c = malloc(sizeof *c);
    *c = fresh;
    int number = 0;
    while (fgets(line, sizeof line, file) != NULL) {
        number++;
        line[strcspn(line, "\n")] = '\0';
        const char *text = line + strspn(line, " ");
        if (*text == '#' || *text == '\0') {
            continue;
        }
        if (take_word(&text, "case")) {
            run_case(c);
            free_case(c);
            *c = fresh;
            c->file = path;
            c->line = number;
            snprintf(c->name, sizeof c->name, "%.190s", text);
            strcpy(c->method, "GET");
            continue;
        }
        c->file = path;
        c->line = number;
        read_line(c, text);
    }
    run_case(c);
    free_case(c);
    free(c);
    fclose(file);
}

int main(int argc, char **argv) {
    for (int i = 1; i < argc; i++) {
        run_file(argv[i]);
    }
    printf("%d passed, %d failed\n", passed, failed);
    return failed > 0 || passed == 0;
}
