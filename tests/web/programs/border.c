/* SPDX-License-Identifier: MIT */
/* border: makes the requests that a harness in JavaScript plans, one after another, and shows it
 * all that comes of each: tests/web/lib/border.mjs, whose fetch() is a stand-in. */
#include <ferry.h>

#include <emscripten.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { GUARD_BYTES = 64, GUARD = 0xa5, MOST_HEADERS = 300 };

/* What the harness is asked, and what it is shown; lib/border.mjs has the same in the same order.
 */
typedef enum plan_text { TEXT_METHOD, TEXT_TARGET, TEXT_HEADERS, TEXT_BODY } plan_text;
typedef enum plan_number {
    NUMBER_PIECES, /* the body is written in so many; 0: it is given as a whole */
    NUMBER_READ,   /* bytes that one read may take */
    NUMBER_MAX_HEAD,
    NUMBER_MAX_HEADERS,
    NUMBER_WINDOW,
    NUMBER_CANCEL, /* the step at which it is cancelled; 0: it is not */
} plan_number;
typedef enum shown {
    SHOWN_CODE,
    SHOWN_URL,
    SHOWN_HEADER,
    SHOWN_BODY,
    SHOWN_ERROR,
    SHOWN_DETAIL,
    SHOWN_END,
} shown;

/* clang-format off */
EM_JS(double, plan_number_of, (unsigned which), { return Module["border"].number(which); })
EM_JS(double, plan_text_length, (unsigned which), { return Module["border"].text(which).length; })
EM_JS(void, plan_text_store, (unsigned which, char *dst), { HEAPU8.set(Module["border"].text(which), dst); })
EM_JS(void, show_bytes, (unsigned what, const void *data, size_t length), {
    Module["border"].show(what, HEAPU8.slice(data, data + length));
})
/* clang-format on */

static struct {
    ferry_client *client;
    ferry_request request;
    const char *headers[MOST_HEADERS + 1];
    char *texts[TEXT_BODY + 1];
    size_t lengths[TEXT_BODY + 1];
    unsigned char *buffer;
    size_t capacity;
    size_t sent;
    int step;
    bool is_started;
    bool is_written; /* the streamed body is, to its end */
    bool is_shown;   /* the head is */
} border;

static void show_text(shown what, const char *text) {
    show_bytes(what, text, strlen(text));
}

static void fail_program(const char *why) {
    fprintf(stderr, "border: %s\n", why);
    abort();
}

static void *allocate(size_t size) {
    void *block = malloc(size > 0 ? size : 1);
    if (block == NULL) {
        fail_program("no memory");
    }
    return block;
}

/* ---- The plan ---- */

static size_t get_number(plan_number which) {
    return (size_t)plan_number_of(which);
}

static void get_text(plan_text which) {
    size_t length = (size_t)plan_text_length(which);
    char *text = allocate(length + 1);
    plan_text_store(which, text);
    text[length] = '\0';
    border.texts[which] = text;
    border.lengths[which] = length;
}

static void get_plan(void) {
    for (plan_text which = TEXT_METHOD; which <= TEXT_BODY; which++) {
        get_text(which);
    }
    size_t count = 0;
    char *end = border.texts[TEXT_HEADERS] + border.lengths[TEXT_HEADERS];
    for (char *at = border.texts[TEXT_HEADERS]; at < end && count < MOST_HEADERS;
         at += strlen(at) + 1) {
        border.headers[count++] = at;
    }
    border.headers[count] = NULL;
    bool streamed = get_number(NUMBER_PIECES) > 0;
    border.request = (ferry_request){
        .method_name = border.texts[TEXT_METHOD],
        .url = border.texts[TEXT_TARGET],
        .headers = border.headers,
        .body = streamed ? NULL : border.texts[TEXT_BODY],
        .body_length = streamed ? 0 : border.lengths[TEXT_BODY],
        .streamed = streamed,
        .streamed_length = -1,
    };
    border.capacity = get_number(NUMBER_READ);
    border.buffer = allocate(border.capacity + GUARD_BYTES);
    memset(border.buffer, GUARD, border.capacity + GUARD_BYTES);
    border.sent = 0;
    border.step = 0;
    border.is_started = false;
    border.is_written = !streamed;
    border.is_shown = false;
    border.client = ferry_client_new(&(ferry_client_options){
        .max_head_bytes = get_number(NUMBER_MAX_HEAD),
        .max_header_count = get_number(NUMBER_MAX_HEADERS),
        .fetch = {.window_bytes = get_number(NUMBER_WINDOW)},
    });
    if (border.client == NULL) {
        fail_program("no client");
    }
}

static void drop_plan(void) {
    for (int which = 0; which <= TEXT_BODY; which++) {
        free(border.texts[which]);
    }
    free(border.buffer);
    ferry_client_free(border.client);
    border.client = NULL;
}

/* ---- What comes of it ---- */

static void show_head(void) {
    char code[16];
    snprintf(code, sizeof code, "%d", ferry_client_get_response_code(border.client));
    show_text(SHOWN_CODE, code);
    show_text(SHOWN_URL, ferry_client_get_response_url(border.client));
    for (const char *const *line = ferry_client_get_response_headers(border.client, NULL);
         *line != NULL; line++) {
        show_text(SHOWN_HEADER, *line);
    }
    border.is_shown = true;
}

static ferry_error read_body(void) {
    size_t length;
    ferry_error error;
    do {
        error =
            ferry_client_read_response_body(border.client, border.buffer, border.capacity, &length);
        for (size_t i = 0; i < GUARD_BYTES; i++) {
            if (border.buffer[border.capacity + i] != GUARD) {
                fail_program("a read has written beyond its destination");
            }
        }
        if (error == FERRY_OK && length > 0) {
            show_bytes(SHOWN_BODY, border.buffer, length);
        }
    } while (error == FERRY_OK && length > 0);
    return error;
}

static ferry_error write_body(void) {
    size_t left = border.lengths[TEXT_BODY] - border.sent;
    size_t piece = border.lengths[TEXT_BODY] / get_number(NUMBER_PIECES) + 1;
    size_t written = 0;
    if (left == 0) {
        border.is_written = true;
        return ferry_client_finish_request_body(border.client);
    }
    ferry_error error =
        ferry_client_write_request_body(border.client, border.texts[TEXT_BODY] + border.sent,
                                        left < piece ? left : piece, &written);
    border.sent += written;
    return error;
}

static ferry_error start_request(void) {
    border.is_started = true;
    return ferry_client_send(border.client, &border.request);
}

static ferry_error go_on(bool *is_over) {
    ferry_error error = ferry_client_poll(border.client);
    ferry_status status = ferry_client_get_status(border.client);
    if (error == FERRY_OK && status == FERRY_STATUS_CONNECTED && !border.is_started) {
        return start_request();
    }
    if (error == FERRY_OK && border.is_started && !border.is_written) {
        return write_body();
    }
    if (error == FERRY_OK && border.is_started && ferry_client_has_response(border.client)) {
        if (!border.is_shown) {
            show_head();
        }
        error = read_body();
        *is_over = ferry_client_get_status(border.client) != FERRY_STATUS_BODY;
    }
    return error;
}

/* One frame: 0 while there is more to come. A plan is got where none is under way. */
EMSCRIPTEN_KEEPALIVE int border_step(void);
EMSCRIPTEN_KEEPALIVE int border_step(void) {
    bool is_over = false;
    ferry_error error = FERRY_OK;
    if (border.client == NULL) {
        get_plan();
        error = ferry_client_connect_to_host(border.client, "border.example", -1, NULL);
    } else {
        error = go_on(&is_over);
    }
    bool is_cancelled = ++border.step == (int)get_number(NUMBER_CANCEL);
    if (error == FERRY_OK && !is_over && !is_cancelled) {
        return 0;
    }
    show_text(SHOWN_ERROR, is_cancelled ? "cancelled" : ferry_error_name(error));
    show_text(SHOWN_DETAIL, ferry_client_get_error_detail(border.client));
    drop_plan();
    show_text(SHOWN_END, "");
    return 1;
}

int main(void) {
    emscripten_exit_with_live_runtime(); /* the harness calls it from now on */
}
