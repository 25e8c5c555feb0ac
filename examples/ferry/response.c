/* SPDX-License-Identifier: MIT */
/* response: what becomes of a response: where its head and its body go, and when it is a failure.
 */
#include "date.h"
#include "transfer_parts.h"

#include <stdio.h>
#include <string.h>

/* False: it could not be written. */
static bool transfer_write(cli_transfer *transfer, const void *data, size_t length) {
    int problem = cli_output_write(&transfer->output, data, length);
    if (problem != 0) {
        cli_transfer_fail_file(transfer, CLI_EXIT_WRITE, "write", transfer->output.name,
                               strerror(problem));
    }
    return problem == 0;
}

/* The head of each response, those of redirects too. */
static ferry_error transfer_take_head(cli_transfer *transfer) {
    const cli_group *group = transfer->group;
    cli_text head = {NULL, 0};
    transfer->head_lines = cli_head_write(transfer->handle, &head);
    transfer->head_bytes += (int64_t)head.length;
    transfer->connections += !ferry_transfer_is_connection_reused(transfer->handle);
    if (group->head_file != NULL) {
        cli_head_add_to_file(transfer, &head);
    }
    if ((group->include || group->head) && transfer->exit_code == CLI_EXIT_OK) {
        if (cli_output_is_terminal(&transfer->output)) {
            cli_head_make_printable(&head);
        }
        transfer_write(transfer, head.data, head.length);
    }
    cli_text_free(&head);
    return transfer->exit_code == CLI_EXIT_OK ? FERRY_OK : FERRY_ERROR_ABORTED;
}

/* What the next request's method is, where it changes. */
static bool transfer_becomes_get(const cli_transfer *transfer, int code) {
    const ferry_session_request *request = &transfer->request.request;
    const char *method = request->method_name;
    bool is_post = strcmp(method, "POST") == 0;
    if (code == 303) {
        return !(is_post && request->post_after_303) && strcmp(method, "GET") != 0 &&
               strcmp(method, "HEAD") != 0;
    }
    return is_post &&
           ((code == 301 && !request->post_after_301) || (code == 302 && !request->post_after_302));
}

static ferry_error transfer_on_redirect(void *ctx, ferry_transfer *handle) {
    cli_transfer *transfer = ctx;
    transfer->handle = handle;
    transfer->redirect_us = (cli_now_ms() - transfer->begin_ms) * 1000;
    if (transfer_becomes_get(transfer, ferry_transfer_get_response_code(handle))) {
        transfer->has_become_get = true;
    }
    return transfer_take_head(transfer);
}

static bool code_is_redirect(int code) {
    return code == 301 || code == 302 || code == 303 || code == 307 || code == 308;
}

/* -C: the body must begin where the file ends. */
static void transfer_check_resumed(cli_transfer *transfer, int code) {
    const char *range = ferry_transfer_get_response_header(transfer->handle, "Content-Range", 0);
    int64_t from = transfer->resume_from;
    long long first = -1;
    bool is_whole = range == NULL && ferry_transfer_get_body_total(transfer->handle) == from;
    if (code == 416 || is_whole) {
        transfer->drops_body = true; /* the file is complete */
    } else if (range == NULL || sscanf(range, "bytes %lld-", &first) != 1) {
        cli_transfer_fail(transfer, CLI_EXIT_RANGE,
                          "the server does not send parts of a file: it cannot be continued (-C)",
                          FERRY_OK);
    } else if (first != (long long)from) {
        cli_transfer_fail(transfer, CLI_EXIT_RANGE,
                          "the server sends another part of the file than -C asks for", FERRY_OK);
    }
}

/* -z: a server that does not know If-Modified-Since sends all. */
static void transfer_check_condition(cli_transfer *transfer, int code) {
    const cli_condition *condition = &transfer->group->condition;
    const char *date = ferry_transfer_get_response_header(transfer->handle, "Last-Modified", 0);
    int64_t time_s;
    if (code == 304) {
        transfer->is_unmet = true;
    } else if (condition->is_set && code == 200 && date != NULL && cli_date_read(date, &time_s)) {
        bool is_met =
            condition->is_until ? time_s <= condition->time_s : time_s > condition->time_s;
        transfer->is_unmet = !is_met;
        transfer->drops_body = transfer->drops_body || !is_met;
    }
}

/* "-C -": the server has nothing behind what the file holds. An offset that was given is wrong. */
static bool transfer_is_complete(const cli_transfer *transfer) {
    return transfer->resume_from > 0 && transfer->group->resume_from < 0;
}

static void transfer_check_status(cli_transfer *transfer, int code) {
    char sentence[80];
    bool is_complete = code == 416 && transfer_is_complete(transfer);
    if (transfer->group->fails && code >= 400 && !is_complete) {
        snprintf(sentence, sizeof sentence, "the server answered with status %d (--fail)", code);
        cli_transfer_fail(transfer, CLI_EXIT_STATUS, sentence, FERRY_OK);
    }
    bool has_location = ferry_transfer_get_response_header(transfer->handle, "Location", 0) != NULL;
    if (transfer->group->follows && transfer->group->max_redirects == 0 && code_is_redirect(code) &&
        has_location) {
        cli_transfer_fail(transfer, CLI_EXIT_REDIRECTS,
                          "the server redirects, and --max-redirs allows none", FERRY_OK);
    }
}

static ferry_error transfer_on_head(void *ctx, ferry_transfer *handle) {
    cli_transfer *transfer = ctx;
    transfer->handle = handle;
    int code = ferry_transfer_get_response_code(handle);
    bool is_resumed =
        transfer->group->resumes && !transfer->request.is_uploading && transfer->resume_from > 0;
    transfer->has_head = true;
    if (transfer->request.is_uploading && !transfer->is_uploading) {
        cli_progress_finish(&transfer->progress, ferry_transfer_get_bytes_sent(handle),
                            transfer->request.input_length, cli_now_ms());
    }
    ferry_error error = transfer_take_head(transfer);
    transfer_check_status(transfer, code);
    transfer_check_condition(transfer, code);
    if (is_resumed && transfer->exit_code == CLI_EXIT_OK) {
        transfer_check_resumed(transfer, code);
    }
    if (ferry_transfer_get_body_total(handle) != 0 && !transfer->group->head &&
        !transfer->is_uploading) {
        transfer->has_body = true;
        cli_progress_begin(&transfer->progress, "received", cli_now_ms());
    }
    return error == FERRY_OK && transfer->exit_code == CLI_EXIT_OK ? FERRY_OK : FERRY_ERROR_ABORTED;
}

static ferry_error transfer_on_data(void *ctx, ferry_transfer *handle, const void *data,
                                    size_t length) {
    cli_transfer *transfer = ctx;
    transfer->handle = handle;
    if (transfer->drops_body) {
        return FERRY_OK;
    }
    if (!transfer->has_body && !transfer->is_uploading) {
        transfer->has_body = true;
        cli_progress_begin(&transfer->progress, "received", cli_now_ms());
    }
    transfer->has_written = true;
    return transfer_write(transfer, data, length) ? FERRY_OK : FERRY_ERROR_ABORTED;
}

const ferry_transfer_functions cli_response_functions = {
    .on_redirect = transfer_on_redirect,
    .on_head = transfer_on_head,
    .on_data = transfer_on_data,
};
