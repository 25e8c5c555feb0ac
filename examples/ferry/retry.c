/* SPDX-License-Identifier: MIT */
/* retry: what curl tries again with --retry, and when. */
#include "date.h"
#include "transfer_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    FIRST_DELAY_MS = 1000,
    LONGEST_DELAY_MS = 600000,
};

static bool code_is_transient(int code) {
    return code == 408 || code == 429 || code == 500 || code == 502 || code == 503 || code == 504;
}

static bool transfer_may_retry(const cli_transfer *transfer, ferry_error error, int code) {
    const cli_group *group = transfer->group;
    bool is_local = transfer->exit_code == CLI_EXIT_READ || transfer->exit_code == CLI_EXIT_WRITE;
    bool is_pipe = transfer->request.is_uploading && transfer->request.input.length < 0;
    if (transfer->tries > group->retries || is_local || is_pipe) {
        return false; /* what was read of a pipe is gone */
    }
    return code_is_transient(code) || error == FERRY_ERROR_TIMEOUT ||
           error == FERRY_ERROR_CANT_RESOLVE ||
           (error == FERRY_ERROR_CANT_CONNECT && group->retries_refused) ||
           (transfer->exit_code != CLI_EXIT_OK && group->retries_all);
}

/* What Retry-After says; -1: nothing. */
static int64_t transfer_retry_after_ms(const cli_transfer *transfer) {
    const char *after = ferry_transfer_get_response_header(transfer->handle, "Retry-After", 0);
    int64_t time_s;
    if (after == NULL) {
        return -1;
    }
    size_t digits = strspn(after, "0123456789");
    if (digits > 0 && after[digits] == '\0') {
        return digits < 10 ? (int64_t)atoll(after) * 1000 : INT64_MAX / 1000;
    }
    if (!cli_date_read(after, &time_s)) {
        return -1;
    }
    int64_t left_s = time_s - (int64_t)time(NULL);
    return left_s > 0 ? left_s * 1000 : 0;
}

static int64_t transfer_retry_delay_ms(const cli_transfer *transfer) {
    int64_t after_ms = transfer_retry_after_ms(transfer);
    if (after_ms >= 0) {
        return after_ms;
    }
    if (transfer->group->retry_delay_ms > 0) {
        return transfer->group->retry_delay_ms;
    }
    int64_t delay_ms = FIRST_DELAY_MS;
    for (int i = 1; i < transfer->tries && delay_ms < LONGEST_DELAY_MS; i++) {
        delay_ms *= 2;
    }
    return delay_ms < LONGEST_DELAY_MS ? delay_ms : LONGEST_DELAY_MS;
}

bool cli_transfer_retry(cli_transfer *transfer, ferry_error error) {
    const cli_group *group = transfer->group;
    int code = ferry_transfer_get_response_code(transfer->handle);
    if (group->retries <= 0 || !transfer_may_retry(transfer, error, code)) {
        return false;
    }
    int64_t delay_ms = transfer_retry_delay_ms(transfer);
    int64_t passed_ms = cli_now_ms() - transfer->first_ms;
    if (group->retry_max_ms > 0 && passed_ms + delay_ms > group->retry_max_ms) {
        return false;
    }
    char status[60];
    char note[700];
    snprintf(status, sizeof status, "the server answered with status %d", code);
    snprintf(note, sizeof note, "%s; trying again in %g s, %d more at most",
             transfer->exit_code != CLI_EXIT_OK ? transfer->problem : status,
             (double)delay_ms / 1000, group->retries - transfer->tries);
    cli_transfer_note(transfer, note);
    transfer->state = CLI_STATE_WAITING;
    transfer->wake_ms = cli_now_ms() + delay_ms;
    return true;
}
