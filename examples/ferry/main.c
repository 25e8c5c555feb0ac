/* SPDX-License-Identifier: MIT */
/* main: a command-line HTTP client, and a tour of the library: one exchange from the URL to the
 * last byte, without blocking mode, as a program with other things to do would have it.
 *
 * Read it from the end: main() makes a client, transfer_run() is the loop that polls it, and
 * transfer_step() does what each status asks for. */
#include "../standard_files.h"
#include "connect.h"
#include "files.h"
#include "messages.h"
#include "options.h"
#include "progress.h"

#include <ferry.h>

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    PIECE_SIZE = 65536, /* of an upload */
    PROGRESS_INTERVAL_MS = 100,
    MAX_WAITS = 64,
};

typedef struct cli_transfer {
    const cli_options *options;
    ferry_client *client;
    int64_t begin_ms;
    cli_exit exit_code;
    bool is_over;

    cli_progress progress;
    bool has_response; /* the response has been looked at */
    bool has_body;

    bool is_uploading; /* -T: the input has not ended */
    cli_input input;
    int64_t input_left; /* of a known length; negative: not known */
    char *piece;        /* read from the input, [piece_at, piece_end) not yet sent */
    size_t piece_at;
    size_t piece_end;
    cli_output output;
} cli_transfer;

/* ---- Saying what went wrong ---------------------------------------------------------------- */

/* Ends the transfer. The detail is the library's sentence about this very failure ("there is no
 * host named …"); the message says what the error means in general, for when there is none. */
static void transfer_fail(cli_transfer *transfer, ferry_error error, const char *detail) {
    cli_progress_clear(&transfer->progress);
    if (!transfer->options->silent) {
        const char *sentence = detail[0] != '\0' ? detail : ferry_error_message(error);
        cli_say("%s (%s)", sentence, ferry_error_name(error));
    }
    transfer->exit_code = cli_exit_of(error);
    transfer->is_over = true;
}

static void transfer_fail_file(cli_transfer *transfer, const char *doing, const char *name,
                               const char *reason) {
    cli_progress_clear(&transfer->progress);
    if (!transfer->options->silent) {
        cli_say("cannot %s %s: %s", doing, name, reason);
    }
    transfer->exit_code = CLI_EXIT_FILE;
    transfer->is_over = true;
}

static void transfer_note(cli_transfer *transfer, const char *note) {
    cli_progress_clear(&transfer->progress);
    if (!transfer->options->silent) {
        cli_say("%s", note);
    }
}

/* ---- The log: what -v shows ---------------------------------------------------------------- */

/* The library calls this while it works. */
static void on_log(void *ctx, ferry_log_kind kind, const char *message) {
    cli_transfer *transfer = ctx;
    cli_progress_clear(&transfer->progress);
    cli_print_event(kind, message);
}

/* ---- Connecting ---------------------------------------------------------------------------- */

static ferry_error transfer_connect(cli_transfer *transfer, char **storage, ferry_url *url) {
    const char *detail = "";
    ferry_error error = cli_connect(transfer->client, transfer->options, storage, url, &detail);
    const char *weakness = cli_tls_weakness(&transfer->options->tls);
    if (error != FERRY_OK) {
        transfer_fail(transfer, error, detail);
        return error;
    }
    if (url->secure && weakness != NULL) {
        transfer_note(transfer, weakness);
    }
    if (transfer->options->proxy_tls.options.unsafe) {
        transfer_note(transfer, "warning: a proxy over TLS is not verified (--proxy-insecure)");
    }
    return error;
}

/* ---- Requesting ---------------------------------------------------------------------------- */

static void transfer_show_sent(cli_transfer *transfer) {
    cli_progress_finish(&transfer->progress, ferry_client_get_bytes_sent(transfer->client),
                        transfer->input.length, cli_now_ms());
}

/* The server has answered with something else than a 2xx: its response is what counts now. After a
 * 2xx the upload goes on, and ends the exchange. */
static ferry_error transfer_note_stopped(cli_transfer *transfer, ferry_error error) {
    if (error != FERRY_ERROR_UPLOAD_STOPPED) {
        return error;
    }
    transfer->is_uploading = false;
    transfer_note(transfer, "the server answered before it had the whole upload");
    return FERRY_OK;
}

static ferry_error transfer_end_upload(cli_transfer *transfer) {
    transfer->is_uploading = false;
    if (transfer->has_response) {
        transfer_show_sent(transfer);
    }
    return transfer_note_stopped(transfer, ferry_client_finish_request_body(transfer->client));
}

/* Host, Content-Length, User-Agent and the like are the library's to add. A header or target that
 * HTTP does not allow is refused here, before a byte is sent. */
static ferry_error transfer_request(cli_transfer *transfer, const char *target) {
    const cli_options *options = transfer->options;
    ferry_request request = {
        .method_name = options->method, /* a name does for all; most programs set .method */
        .url = target,
        .headers = options->headers.items,
        .body = options->data,
        .body_length = options->data_length,
        .streamed = transfer->is_uploading,
        .streamed_length = transfer->input.length,
    };
    if (transfer->is_uploading) {
        cli_progress_begin(&transfer->progress, "sent", cli_now_ms());
    }
    ferry_error error = ferry_client_send(transfer->client, &request);
    bool is_empty = transfer->is_uploading && transfer->input_left == 0;
    return error == FERRY_OK && is_empty ? transfer_end_upload(transfer) : error;
}

/* Reads the next piece of the input, where it can be had without waiting. False: it failed. */
static bool transfer_read_input(cli_transfer *transfer) {
    size_t capacity = PIECE_SIZE;
    size_t length = 0;
    if (transfer->input_left >= 0 && (uint64_t)transfer->input_left < capacity) {
        capacity = (size_t)transfer->input_left; /* what was announced, even if the file grows */
    }
    int problem = cli_input_read(&transfer->input, transfer->piece, capacity, &length);
    if (problem != 0) {
        transfer_fail_file(transfer, "read", transfer->input.name, strerror(problem));
        return false;
    }
    if (length == 0 && transfer->input_left > 0) {
        transfer_fail_file(transfer, "read", transfer->input.name,
                           "it became shorter while it was sent");
        return false;
    }
    transfer->piece_at = 0;
    transfer->piece_end = length;
    if (transfer->input_left >= 0) {
        transfer->input_left -= (int64_t)length;
    }
    return true;
}

/* Gives the library as much of a streamed body as it takes; what it does not take now is given
 * again after the next poll. So the file is never in memory as a whole. The end is told with the
 * last byte where that is known: the server may answer before the next turn. */
static ferry_error transfer_upload(cli_transfer *transfer) {
    if (transfer->piece_at == transfer->piece_end) {
        if (!cli_input_is_ready(&transfer->input) || !transfer_read_input(transfer)) {
            return FERRY_OK;
        }
        if (transfer->piece_end == 0) {
            return transfer_end_upload(transfer);
        }
    }
    size_t written = 0;
    ferry_error error =
        ferry_client_write_request_body(transfer->client, transfer->piece + transfer->piece_at,
                                        transfer->piece_end - transfer->piece_at, &written);
    transfer->piece_at += written;
    if (error == FERRY_OK && transfer->piece_at == transfer->piece_end &&
        transfer->input_left == 0) {
        return transfer_end_upload(transfer);
    }
    return transfer_note_stopped(transfer, error);
}

/* ---- The response -------------------------------------------------------------------------- */

static void transfer_write(cli_transfer *transfer, const void *data, size_t length) {
    int problem = transfer->is_over ? 0 : cli_output_write(&transfer->output, data, length);
    if (problem != 0) {
        transfer_fail_file(transfer, "write", transfer->output.name, strerror(problem));
    }
}

/* What a server has sent goes to a file as it came, and to a terminal without what that would obey.
 */
static void transfer_write_line(cli_transfer *transfer, const char *line) {
    char *shown = strdup(line);
    if (shown == NULL) {
        transfer_fail(transfer, FERRY_ERROR_OUT_OF_MEMORY, "");
        return;
    }
    if (cli_output_is_terminal(&transfer->output)) {
        ferry_text_make_printable(shown);
    }
    transfer_write(transfer, shown, strlen(shown));
    transfer_write(transfer, "\n", 1);
    free(shown);
}

/* "HTTP/1.1 404 Not Found" */
static void transfer_write_status_line(cli_transfer *transfer) {
    const char *reason = ferry_client_get_response_reason(transfer->client);
    int version = ferry_client_get_response_http_version(transfer->client);
    size_t size = sizeof "HTTP/1.1 404 " + strlen(reason);
    char *line = malloc(size);
    if (line == NULL) {
        transfer_fail(transfer, FERRY_ERROR_OUT_OF_MEMORY, "");
        return;
    }
    snprintf(line, size, "HTTP/%d.%d %d %s", version / 10, version % 10,
             ferry_client_get_response_code(transfer->client), reason);
    transfer_write_line(transfer, line);
    free(line);
}

/* Header lines are ready to print: "Name: value", in the order in which they came. */
static void transfer_write_head(cli_transfer *transfer) {
    const char *const *lines = ferry_client_get_response_headers(transfer->client, NULL);
    transfer_write_status_line(transfer);
    for (; *lines != NULL; lines++) {
        transfer_write_line(transfer, *lines);
    }
    transfer_write_line(transfer, "");
}

/* Called once, when the response head is there. */
static void transfer_begin_response(cli_transfer *transfer) {
    const cli_options *options = transfer->options;
    transfer->has_response = true;
    if (transfer->is_uploading && ferry_client_is_upload_stopped(transfer->client)) {
        transfer_note_stopped(transfer, FERRY_ERROR_UPLOAD_STOPPED);
    }
    if (options->upload != NULL && !transfer->is_uploading) {
        transfer_show_sent(transfer);
    }
    int problem = cli_output_begin(&transfer->output);
    if (problem != 0) {
        transfer_fail_file(transfer, "write", transfer->output.name, strerror(problem));
    } else if (options->include || options->head) {
        transfer_write_head(transfer);
    }
    int code = ferry_client_get_response_code(transfer->client);
    if (options->fail && code >= 400 && !transfer->is_over) {
        char sentence[64];
        snprintf(sentence, sizeof sentence, "the server answered with status %d (--fail)", code);
        transfer_note(transfer, sentence);
        transfer->exit_code = CLI_EXIT_STATUS;
        transfer->is_over = true;
    }
}

/* Writes what has come of the body. A chunk is a view of the library's memory, which the next call
 * may change: it is written at once. Length 0 means that there is no more for now, or at all, which
 * the status tells. */
static ferry_error transfer_read_body(cli_transfer *transfer) {
    if (!transfer->has_body && !transfer->is_uploading) {
        transfer->has_body = true;
        cli_progress_begin(&transfer->progress, "received", cli_now_ms());
    }
    while (!transfer->is_over) {
        const void *chunk = NULL;
        size_t length = 0;
        ferry_error error =
            ferry_client_read_response_body_chunk(transfer->client, &chunk, &length);
        if (error != FERRY_OK || length == 0) {
            return error;
        }
        transfer_write(transfer, chunk, length);
    }
    return FERRY_OK;
}

static void transfer_end_response(cli_transfer *transfer) {
    if (transfer->has_body) {
        cli_progress_finish(&transfer->progress, ferry_client_get_bytes_received(transfer->client),
                            ferry_client_get_response_body_length_hint(transfer->client),
                            cli_now_ms());
    }
    transfer->is_over = true;
}

/* ---- The loop ------------------------------------------------------------------------------ */

/* Does what the status asks for. */
static ferry_error transfer_step(cli_transfer *transfer, const char *target) {
    ferry_client *client = transfer->client;
    if (ferry_client_has_response(client) && !transfer->has_response) {
        transfer_begin_response(transfer);
    }
    if (transfer->is_over) {
        return FERRY_OK;
    }
    switch (ferry_client_get_status(client)) {
    case FERRY_STATUS_RESOLVING:
    case FERRY_STATUS_CONNECTING:
        return FERRY_OK; /* on its way */

    case FERRY_STATUS_CONNECTED:
        /* Twice on the way: before the request, and after the response. A connection that is still
         * CONNECTED then could carry another request. */
        if (!transfer->has_response) {
            return transfer_request(transfer, target);
        }
        transfer_end_response(transfer);
        return FERRY_OK;

    case FERRY_STATUS_REQUESTING:
        return transfer->is_uploading ? transfer_upload(transfer) : FERRY_OK;

    case FERRY_STATUS_BODY: {
        ferry_error error = transfer->is_uploading ? transfer_upload(transfer) : FERRY_OK;
        return error == FERRY_OK ? transfer_read_body(transfer) : error;
    }

    case FERRY_STATUS_DISCONNECTED:
        /* The server closed the connection in good order: all of the response was read. */
        if (!transfer->has_response) {
            return FERRY_ERROR_CONNECTION_ERROR;
        }
        transfer_end_response(transfer);
        return FERRY_OK;

    case FERRY_STATUS_CANT_RESOLVE:
    case FERRY_STATUS_CANT_CONNECT:
    case FERRY_STATUS_CONNECTION_ERROR:
    case FERRY_STATUS_TLS_HANDSHAKE_ERROR:
        break; /* ferry_client_poll() gives these as an error */
    }
    return ferry_client_get_error(client);
}

/* The library has time-outs for each phase. --max-time is about all of them together, so the
 * program keeps this one itself. INT64_MAX: there is none. */
static int64_t transfer_deadline_ms(const cli_transfer *transfer) {
    int limit_ms = transfer->options->max_time_ms;
    return limit_ms > 0 ? transfer->begin_ms + limit_ms : INT64_MAX;
}

/* Waits for the client or for the input, as a program with descriptors of its own does: the client
 * says what it waits for, and when it must be polled even if nothing happens. */
static void transfer_wait_with_input(cli_transfer *transfer, int timeout_ms) {
    ferry_wait waits[MAX_WAITS];
    struct pollfd descriptors[MAX_WAITS + 1];
    size_t count = ferry_client_get_waits(transfer->client, waits, MAX_WAITS);
    int own_ms = ferry_client_get_wait_timeout_ms(transfer->client);
    if (own_ms >= 0 && (timeout_ms < 0 || own_ms < timeout_ms)) {
        timeout_ms = own_ms;
    }
    count = count < MAX_WAITS ? count : MAX_WAITS;
    for (size_t i = 0; i < count; i++) {
        descriptors[i] = (struct pollfd){.fd = (int)waits[i].descriptor};
        if ((waits[i].events & FERRY_EVENT_READ) != 0) {
            descriptors[i].events |= POLLIN;
        }
        if ((waits[i].events & FERRY_EVENT_WRITE) != 0) {
            descriptors[i].events |= POLLOUT;
        }
    }
    descriptors[count] = (struct pollfd){.fd = transfer->input.fd, .events = POLLIN};
    poll(descriptors, (nfds_t)(count + 1), timeout_ms);
}

/* Sleeps until there is something to do; with a progress bar at most until it is drawn again. */
static void transfer_wait(cli_transfer *transfer) {
    int64_t deadline_ms = transfer_deadline_ms(transfer);
    int timeout_ms = -1;
    if (deadline_ms != INT64_MAX) {
        int64_t left_ms = deadline_ms - cli_now_ms();
        timeout_ms = left_ms > 0 ? (int)left_ms : 0;
    }
    if (transfer->progress.is_enabled && (timeout_ms < 0 || timeout_ms > PROGRESS_INTERVAL_MS)) {
        timeout_ms = PROGRESS_INTERVAL_MS;
    }
    ferry_status status = ferry_client_get_status(transfer->client);
    bool needs_input = transfer->is_uploading && transfer->piece_at == transfer->piece_end &&
                       (status == FERRY_STATUS_REQUESTING || status == FERRY_STATUS_BODY);
    if (needs_input && !cli_input_is_ready(&transfer->input)) {
        transfer_wait_with_input(transfer, timeout_ms);
    } else {
        /* Whatever it answers, a time-out of its own included, the next poll knows more. */
        (void)ferry_client_wait(transfer->client, timeout_ms);
    }
}

static void transfer_show_progress(cli_transfer *transfer) {
    ferry_client *client = transfer->client;
    ferry_status status = ferry_client_get_status(client);
    if (transfer->has_body) {
        cli_progress_update(&transfer->progress, ferry_client_get_bytes_received(client),
                            ferry_client_get_response_body_length_hint(client), cli_now_ms());
    } else if (transfer->options->upload != NULL &&
               (status == FERRY_STATUS_REQUESTING ||
                (status == FERRY_STATUS_BODY && transfer->is_uploading))) {
        cli_progress_update(&transfer->progress, ferry_client_get_bytes_sent(client),
                            transfer->input.length, cli_now_ms());
    }
}

static void transfer_check_time(cli_transfer *transfer) {
    if (cli_now_ms() >= transfer_deadline_ms(transfer)) {
        char sentence[80];
        snprintf(sentence, sizeof sentence, "timeout: it took more than %g s (--max-time)",
                 (double)transfer->options->max_time_ms / 1000);
        transfer_fail(transfer, FERRY_ERROR_TIMEOUT, sentence);
    }
}

/* Poll, look at the status, act, sleep: one turn for each thing that happens. A game would do the
 * same once a frame, without the sleep. */
static void transfer_run(cli_transfer *transfer, const char *target) {
    while (!transfer->is_over) {
        ferry_error error = ferry_client_poll(transfer->client);
        ferry_status status = ferry_client_get_status(transfer->client);
        if (error == FERRY_OK) {
            error = transfer_step(transfer, target);
        }
        if (error != FERRY_OK) {
            transfer_fail(transfer, error, ferry_client_get_error_detail(transfer->client));
        }
        if (!transfer->is_over) {
            transfer_show_progress(transfer);
            transfer_check_time(transfer);
        }
        /* A call that changed the status leaves something to do: with the last byte of the body the
         * connection is idle, and to wait for it would be to wait for its end. */
        if (!transfer->is_over && ferry_client_get_status(transfer->client) == status) {
            transfer_wait(transfer);
        }
    }
}

/* ---- Beginning and end --------------------------------------------------------------------- */

/* A file that cannot be read or written is found out before anything is sent. */
static bool transfer_open_files(cli_transfer *transfer) {
    const cli_options *options = transfer->options;
    int problem = 0;
    if (options->upload != NULL) {
        problem = cli_input_open(&transfer->input, options->upload);
        transfer->piece = malloc(PIECE_SIZE);
        if (problem != 0 || transfer->piece == NULL) {
            transfer_fail_file(transfer, "read", cli_input_name(options->upload),
                               strerror(problem != 0 ? problem : ENOMEM));
            return false;
        }
        transfer->is_uploading = true;
        transfer->input_left = transfer->input.length;
    }
    problem = cli_output_open(&transfer->output, options->output);
    if (problem != 0) {
        transfer_fail_file(transfer, "write", options->output, strerror(problem));
    }
    return problem == 0;
}

static void transfer_close_files(cli_transfer *transfer) {
    int problem = cli_output_close(&transfer->output);
    if (problem != 0 && transfer->exit_code == CLI_EXIT_OK) {
        transfer_fail_file(transfer, "write", transfer->output.name, strerror(problem));
    }
    const cli_output *output = &transfer->output;
    bool has_failed = transfer->exit_code != CLI_EXIT_OK && transfer->exit_code != CLI_EXIT_STATUS;
    if (has_failed && output->is_file && output->is_begun && !transfer->options->silent) {
        cli_say("%s is kept, with the %lld bytes that came", output->name,
                (long long)output->written);
    }
    cli_input_close(&transfer->input);
    free(transfer->piece);
}

static void transfer_perform(cli_transfer *transfer) {
    char *storage = NULL;
    ferry_url url;
    if (transfer_open_files(transfer)) {
        cli_progress_choose(&transfer->progress, transfer->options->silent,
                            transfer->options->progress, cli_output_is_terminal(&transfer->output));
        transfer->begin_ms = cli_now_ms();
        if (transfer_connect(transfer, &storage, &url) == FERRY_OK) {
            transfer_run(transfer, url.target);
        }
    }
    free(storage);
    transfer_close_files(transfer);
}

int main(int argc, char **argv) {
    cli_options options;
    cli_transfer transfer = {.options = &options, .input.fd = -1, .output.fd = -1};
    standard_files_open();
    signal(SIGPIPE, SIG_IGN); /* writing to a reader that has gone is an error like any other */
    if (!cli_options_parse(&options, argc, argv, &transfer.exit_code)) {
        cli_options_free(&options);
        return transfer.exit_code;
    }

    /* What is left at 0 is the default. */
    ferry_client_options client_options = {
        .log = options.verbose ? on_log : NULL,
        .log_ctx = &transfer,
        .timeouts.connect_ms = options.connect_timeout_ms,
        .keep_content_coding = options.raw,
        .proxy_from_environment = options.proxy == NULL,
        .no_proxy = cli_no_proxy(&options),
        .proxy_tls = &options.proxy_tls.options,
        .resolve = options.resolve.items,
        .proxy_headers = options.proxy_headers.items,
    };
    transfer.client = ferry_client_new(&client_options);
    if (transfer.client == NULL) {
        transfer_fail(&transfer, FERRY_ERROR_OUT_OF_MEMORY, "");
    } else {
        transfer_perform(&transfer);
    }
    /* Freeing a client cancels whatever is still under way. */
    ferry_client_free(transfer.client);
    cli_options_free(&options);
    return transfer.exit_code;
}
