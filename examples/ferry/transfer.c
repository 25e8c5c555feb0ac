/* SPDX-License-Identifier: MIT */
/* transfer: what each step of a transfer means to the command line. */
#include "transfer.h"

#include "date.h"
#include "transfer_parts.h"
#include "url.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- Saying what went wrong ---- */

static bool transfer_is_silent(const cli_transfer *transfer) {
    return transfer->options->silent && !transfer->options->shows_errors;
}

void cli_transfer_note(cli_transfer *transfer, const char *note) {
    cli_progress_clear(&transfer->progress);
    if (!transfer->options->silent) {
        cli_say("%s", note);
    }
}

/* The sentence is the library's about this very failure ("there is no host named …"), or the
 * program's; the error's own says what it means in general, for when there is none. */
void cli_transfer_fail(cli_transfer *transfer, cli_exit exit_code, const char *sentence,
                       ferry_error error) {
    if (transfer->exit_code != CLI_EXIT_OK) {
        return; /* what came first counts */
    }
    const char *text = sentence[0] != '\0' ? sentence : ferry_error_message(error);
    snprintf(transfer->problem, sizeof transfer->problem, "%s%s%s%s", text,
             error != FERRY_OK ? " (" : "", error != FERRY_OK ? ferry_error_name(error) : "",
             error != FERRY_OK ? ")" : "");
    transfer->exit_code = exit_code;
}

void cli_transfer_fail_file(cli_transfer *transfer, cli_exit exit_code, const char *doing,
                            const char *name, const char *reason) {
    char sentence[400];
    snprintf(sentence, sizeof sentence, "cannot %s %s: %s", doing, name, reason);
    cli_transfer_fail(transfer, exit_code, sentence, FERRY_OK);
}

/* ---- Beginning ---- */

void cli_transfer_init(cli_transfer *transfer, const cli_options *options, const cli_group *group,
                       size_t number, size_t index) {
    *transfer = (cli_transfer){
        .options = options,
        .group = group,
        .number = number,
        .index = index,
        .url = group->urls.items[index],
        .upload = index < group->uploads.count ? group->uploads.items[index] : NULL,
        .target.has_url_name = group->are_all_named,
        .request.input.fd = -1,
        .output.fd = -1,
    };
    if (index < group->target_count) {
        transfer->target = group->targets[index];
    }
}

/* False: the transfer has failed. */
static bool transfer_name_output(cli_transfer *transfer) {
    const char *folder = transfer->group->output_folder;
    const char *problem = NULL;
    char *name = NULL;
    if (transfer->target.has_url_name) {
        name = cli_url_name(transfer->url, &problem);
    } else if (transfer->target.file != NULL) {
        name = cli_copy(transfer->target.file);
    }
    if (problem != NULL) {
        cli_transfer_fail(transfer, CLI_EXIT_WRITE, problem, FERRY_OK);
        return false;
    }
    if (name != NULL && folder != NULL && folder[0] != '\0') {
        cli_text path = {NULL, 0};
        cli_text_add_format(&path, "%s/%s", folder, name);
        free(name);
        name = path.data;
    }
    transfer->file = name;
    return true;
}

/* --no-clobber: "file.1", "file.2" and so on. */
static int transfer_open_new(cli_transfer *transfer) {
    int problem = cli_output_open(&transfer->output, transfer->file, true);
    for (int i = 1; problem == EEXIST && i < 100; i++) {
        cli_text name = {NULL, 0};
        cli_text_add_format(&name, "%s.%d", transfer->file, i);
        problem = cli_output_open(&transfer->output, cli_keep(name.data), true);
    }
    if (problem == 0) {
        char *name = cli_copy(transfer->output.name);
        free(transfer->file);
        transfer->file = name;
        transfer->output.name = name;
    }
    return problem;
}

/* A file that cannot be written is found out before anything is sent. */
static void transfer_open_output(cli_transfer *transfer) {
    int problem = 0;
    if (!transfer_name_output(transfer)) {
        return;
    }
    if (transfer->file != NULL && transfer->group->creates_folders) {
        problem = cli_folders_make(transfer->file);
    }
    if (problem == 0 && transfer->file != NULL && transfer->group->keeps_files) {
        problem = transfer_open_new(transfer);
    } else if (problem == 0) {
        problem = cli_output_open(&transfer->output, transfer->file, false);
    }
    if (problem != 0) {
        cli_transfer_fail_file(transfer, CLI_EXIT_WRITE, "write", transfer->file,
                               strerror(problem));
    }
}

/* Where -C begins. What comes then goes behind what the file holds, as with curl. */
static int64_t transfer_find_resume(cli_transfer *transfer) {
    const cli_group *group = transfer->group;
    struct stat about;
    bool is_download = transfer->upload == NULL || transfer->upload[0] == '\0';
    if (!group->resumes) {
        return 0;
    }
    if (transfer->output.is_file && is_download && fstat(transfer->output.fd, &about) == 0) {
        transfer->output.from = (int64_t)about.st_size;
    }
    return group->resume_from >= 0 ? group->resume_from : transfer->output.from;
}

static void transfer_warn(cli_transfer *transfer) {
    const char *weakness = cli_tls_weakness(&transfer->group->tls);
    bool is_secure = strncmp(cli_text_get(&transfer->request.url), "https:", 6) == 0;
    if (is_secure && weakness != NULL) {
        cli_transfer_note(transfer, weakness);
    }
    if (transfer->group->proxy_tls.options.unsafe) {
        cli_transfer_note(transfer, "warning: a proxy over TLS is not verified (--proxy-insecure)");
    }
}

static bool transfer_make_request(cli_transfer *transfer) {
    cli_request *request = &transfer->request;
    int64_t resume_from = transfer_find_resume(transfer);
    transfer->resume_from = resume_from;
    cli_exit exit_code =
        cli_request_make(request, transfer->group, transfer->url, transfer->upload, resume_from);
    if (exit_code != CLI_EXIT_OK && request->read_error != 0) {
        cli_transfer_fail_file(transfer, exit_code, "read", request->input.name,
                               strerror(request->read_error));
    } else if (exit_code != CLI_EXIT_OK) {
        cli_transfer_fail(transfer, exit_code, request->problem,
                          exit_code == CLI_EXIT_READ || exit_code == CLI_EXIT_LOGIN
                              ? FERRY_OK
                              : FERRY_ERROR_INVALID_PARAMETER);
    }
    return exit_code == CLI_EXIT_OK;
}

static void transfer_forget_try(cli_transfer *transfer) {
    ferry_transfer_free(transfer->handle);
    transfer->handle = NULL;
    cli_request_free(&transfer->request);
    free(transfer->piece);
    transfer->piece = NULL;
    transfer->piece_at = transfer->piece_end = 0;
    transfer->exit_code = CLI_EXIT_OK;
    transfer->problem[0] = '\0';
    transfer->has_head = transfer->has_body = transfer->drops_body = transfer->is_unmet = false;
    transfer->is_uploading = transfer->is_ended = transfer->has_written = false;
    transfer->redirect_us = 0;
    transfer->head_bytes = 0;
    transfer->connections = 0;
    transfer->has_become_get = false;
}

void cli_transfer_start(cli_transfer *transfer, ferry_session *session) {
    transfer->begin_ms = cli_now_ms();
    if (transfer->tries++ == 0) {
        transfer->first_ms = transfer->begin_ms;
        transfer_open_output(transfer);
        if (transfer->group->head_file != NULL && transfer->index == 0) {
            cli_head_begin_file(transfer);
        }
        cli_progress_choose(&transfer->progress, transfer->options->silent,
                            transfer->options->progress, transfer->options->hides_progress,
                            cli_output_is_terminal(&transfer->output));
    } else {
        if (transfer->has_written) { /* heads alone stay, as with curl */
            cli_output_restart(&transfer->output);
        }
        transfer_forget_try(transfer);
    }
    if (transfer->exit_code != CLI_EXIT_OK || !transfer_make_request(transfer)) {
        cli_transfer_end(transfer);
        return;
    }
    transfer_warn(transfer);
    ferry_session_request *request = &transfer->request.request;
    request->functions = cli_response_functions;
    request->ctx = transfer;
    if (transfer->request.is_uploading) {
        cli_progress_begin(&transfer->progress, "sent", cli_now_ms());
        transfer->is_uploading = request->owner_writes;
        transfer->piece = request->owner_writes ? cli_resize(NULL, CLI_PIECE_SIZE) : NULL;
    }
    transfer->state = CLI_STATE_RUNNING;
    transfer->handle = ferry_session_start(session, request);
}

/* ---- The end ---- */

/* The redirect has a scheme that is neither http nor https. */
static bool transfer_leads_elsewhere(const cli_transfer *transfer) {
    const char *to = ferry_transfer_get_response_header(transfer->handle, "Location", 0);
    size_t scheme = to != NULL ? strcspn(to, ":/?#") : 0;
    return scheme > 0 && to[scheme] == ':' && strncasecmp(to, "http:", 5) != 0 &&
           strncasecmp(to, "https:", 6) != 0;
}

static void transfer_fail_by_library(cli_transfer *transfer, ferry_error error) {
    const cli_group *group = transfer->group;
    const cli_request *request = &transfer->request;
    const char *detail = ferry_transfer_get_error_detail(transfer->handle);
    const char *problem = request->form != NULL ? cli_form_get_problem(request->form) : NULL;
    int64_t passed_ms = cli_now_ms() - transfer->begin_ms;
    if (request->has_shrunk || request->read_error != 0) {
        cli_transfer_fail_file(transfer, CLI_EXIT_READ, "read", request->input.name,
                               request->has_shrunk ? "it became shorter while it was sent"
                                                   : strerror(request->read_error));
    } else if (problem != NULL) {
        cli_transfer_fail(transfer, CLI_EXIT_READ, problem, FERRY_OK);
    } else if (error == FERRY_ERROR_TIMEOUT && group->max_time_ms > 0 &&
               passed_ms >= group->max_time_ms) {
        char sentence[80];
        snprintf(sentence, sizeof sentence, "timeout: it took more than %g s (--max-time)",
                 (double)group->max_time_ms / 1000);
        cli_transfer_fail(transfer, CLI_EXIT_TIMEOUT, sentence, error);
    } else if (error == FERRY_ERROR_TOO_LARGE && group->max_size > 0 &&
               ferry_transfer_get_response_code(transfer->handle) > 0) {
        cli_transfer_fail(transfer, CLI_EXIT_SIZE, "the body is longer than --max-filesize allows",
                          error);
    } else if (error == FERRY_ERROR_REDIRECT && transfer_leads_elsewhere(transfer)) {
        cli_transfer_fail(transfer, CLI_EXIT_SCHEME, detail, error);
    } else if (error == FERRY_ERROR_PROTOCOL && transfer->has_head) {
        cli_transfer_fail(transfer, CLI_EXIT_RECEIVE, detail, error); /* the chunks are wrong */
    } else {
        cli_transfer_fail(transfer, cli_exit_of(error), detail, error);
    }
}

static bool transfer_is_cut(const cli_transfer *transfer) {
    int code = ferry_transfer_get_response_code(transfer->handle);
    return transfer->request.input_length > 0 && (code < 200 || code > 299) &&
           ferry_transfer_get_bytes_sent(transfer->handle) < transfer->request.input_length &&
           ferry_transfer_get_redirect_count(transfer->handle) == 0;
}

/* A successful transfer without a body leaves an empty file, unless -z has found nothing newer. */
static void transfer_finish_output(cli_transfer *transfer) {
    int problem = 0;
    if (transfer->exit_code == CLI_EXIT_OK && transfer->handle != NULL && !transfer->is_unmet &&
        !transfer->drops_body) {
        problem = cli_output_begin(&transfer->output);
    }
    int close_problem = cli_output_close(&transfer->output);
    problem = problem != 0 ? problem : close_problem;
    if (problem != 0) {
        cli_transfer_fail_file(transfer, CLI_EXIT_WRITE, "write", transfer->output.name,
                               strerror(problem));
    }
}

/* -R */
static void transfer_take_time(const cli_transfer *transfer) {
    const char *date = ferry_transfer_get_response_header(transfer->handle, "Last-Modified", 0);
    struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}};
    int64_t time_s;
    if (date != NULL && cli_date_read(date, &time_s)) {
        times[1] = (struct timespec){.tv_sec = (time_t)time_s};
        utimensat(AT_FDCWD, transfer->file, times, 0);
    }
}

/* --remove-on-error */
static void transfer_remove_part(const cli_transfer *transfer) {
    const cli_output *output = &transfer->output;
    if (transfer->group->removes_on_error && output->is_file && output->is_begun) {
        unlink(transfer->file);
    }
}

void cli_transfer_end(cli_transfer *transfer) {
    const cli_group *group = transfer->group;
    bool has_file = transfer->output.is_file;
    transfer->state = CLI_STATE_DONE;
    cli_progress_clear(&transfer->progress);
    transfer_finish_output(transfer);
    if (transfer->exit_code == CLI_EXIT_OK && has_file && group->takes_time) {
        transfer_take_time(transfer);
    }
    if (transfer->exit_code == CLI_EXIT_OK) {
        return;
    }
    if (!transfer_is_silent(transfer)) {
        cli_say("%s", transfer->problem);
    }
    transfer_remove_part(transfer);
    bool is_kept = has_file && transfer->output.is_begun && transfer->exit_code != CLI_EXIT_STATUS;
    if (is_kept && !group->removes_on_error && !transfer_is_silent(transfer)) {
        cli_say("%s is kept, with the %lld bytes that came", transfer->output.name,
                (long long)transfer->output.written);
    }
}

/* ---- The steps ---- */

static void transfer_show_progress(cli_transfer *transfer) {
    const ferry_transfer *handle = transfer->handle;
    int64_t now_ms = cli_now_ms();
    if (transfer->has_body) {
        cli_progress_update(&transfer->progress, ferry_transfer_get_body_bytes(handle),
                            ferry_transfer_get_body_total(handle), now_ms);
    } else if (transfer->request.is_uploading && !transfer->has_head) {
        cli_progress_update(&transfer->progress, ferry_transfer_get_bytes_sent(handle),
                            transfer->request.input_length, now_ms);
    }
}

static void transfer_finish(cli_transfer *transfer) {
    ferry_error error = ferry_transfer_get_error(transfer->handle);
    int code = ferry_transfer_get_response_code(transfer->handle);
    if (error == FERRY_OK && transfer->has_body) {
        cli_progress_finish(&transfer->progress, ferry_transfer_get_body_bytes(transfer->handle),
                            ferry_transfer_get_body_total(transfer->handle), cli_now_ms());
    }
    if (error == FERRY_OK && transfer->request.is_uploading && transfer_is_cut(transfer)) {
        cli_transfer_note(transfer, "the server answered before it had the whole upload");
    }
    if (error != FERRY_OK && transfer->exit_code == CLI_EXIT_OK) {
        transfer_fail_by_library(transfer, error);
    }
    if (error == FERRY_OK && transfer->group->fails_with_body && code >= 400) {
        char sentence[80];
        snprintf(sentence, sizeof sentence, "the server answered with status %d (--fail-with-body)",
                 code);
        cli_transfer_fail(transfer, CLI_EXIT_STATUS, sentence, FERRY_OK);
    }
    if (!cli_transfer_retry(transfer, error)) {
        cli_transfer_end(transfer);
    }
}

void cli_transfer_step(cli_transfer *transfer) {
    if (transfer->is_uploading) {
        cli_upload_step(transfer);
    }
    if (ferry_transfer_is_done(transfer->handle)) {
        transfer_finish(transfer);
    } else {
        transfer_show_progress(transfer);
    }
}

int cli_transfer_get_input(const cli_transfer *transfer) {
    bool is_hungry = transfer->state == CLI_STATE_RUNNING && transfer->is_uploading &&
                     !transfer->is_ended && transfer->piece_at == transfer->piece_end;
    return is_hungry ? transfer->request.input.fd : -1;
}

void cli_transfer_drop(cli_transfer *transfer) {
    transfer_remove_part(transfer);
    cli_transfer_free(transfer);
}

void cli_transfer_free(cli_transfer *transfer) {
    ferry_transfer_free(transfer->handle);
    cli_request_free(&transfer->request);
    cli_output_close(&transfer->output);
    free(transfer->piece);
    free(transfer->file);
}
