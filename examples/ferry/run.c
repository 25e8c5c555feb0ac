/* SPDX-License-Identifier: MIT */
/* run: polls the sessions, looks at each transfer, and sleeps until there is more to do. A game
 * would do the same once a frame, without the sleep. */
#include "run.h"

#include "bars.h"
#include "sessions.h"
#include "transfer.h"
#include "write_out.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    PROGRESS_INTERVAL_MS = 100,
    MAX_WAITS = 1024,
};

typedef struct cli_run_state {
    const cli_options *options;
    cli_sessions sessions;
    cli_transfer **active;
    size_t active_count;
    size_t group; /* of the next URL */
    size_t index; /* of the next URL in its group */
    size_t number;
    bool has_bars;
    bool is_stopped; /* --fail-early, and one has failed */
    cli_sum sum;
    cli_exit exit_code;
} cli_run_state;

/* The library calls this while it works. */
static void run_on_log(void *ctx, ferry_log_kind kind, const char *message) {
    cli_run_state *run = ctx;
    for (size_t i = 0; i < run->active_count; i++) {
        cli_progress_clear(&run->active[i]->progress);
    }
    cli_bars_clear();
    cli_print_event(kind, message);
}

/* ---- Beginning ---- */

static bool run_has_next(const cli_run_state *run) {
    return !run->is_stopped && run->group < run->options->group_count;
}

static void run_start(cli_run_state *run, cli_transfer *transfer) {
    const char *problem = "";
    ferry_session *session = cli_sessions_get(&run->sessions, transfer->group, &problem);
    if (session == NULL) {
        cli_transfer_fail(transfer, CLI_EXIT_MEMORY, problem, FERRY_OK);
        transfer->state = CLI_STATE_DONE;
        return;
    }
    cli_transfer_start(transfer, session);
    transfer->progress.is_silent = run->has_bars;
}

static void run_begin_next(cli_run_state *run) {
    const cli_group *group = run->options->groups[run->group];
    cli_transfer *transfer = cli_zeroed(sizeof *transfer);
    cli_transfer_init(transfer, run->options, group, run->number++, run->index++);
    if (run->index == group->urls.count) {
        run->group++;
        run->index = 0;
    }
    run->active = cli_resize(run->active, (run->active_count + 1) * sizeof(cli_transfer *));
    run->active[run->active_count++] = transfer;
    run_start(run, transfer);
}

static void run_fill(cli_run_state *run) {
    size_t most = run->options->is_parallel ? (size_t)run->options->max_parallel : 1;
    while (run->active_count < most && run_has_next(run)) {
        run_begin_next(run);
    }
}

/* ---- The end of a transfer ---- */

static void run_end(cli_run_state *run, size_t place) {
    cli_transfer *transfer = run->active[place];
    bool has_failed = transfer->exit_code != CLI_EXIT_OK;
    cli_bars_finish(transfer);
    cli_write_out(transfer);
    /* As with curl: the last one's, and of those side by side that of one that has failed. */
    if (has_failed || !run->options->is_parallel) {
        run->exit_code = transfer->exit_code;
    }
    run->is_stopped = run->is_stopped || (has_failed && run->options->fails_early);
    run->sum.done++;
    run->sum.bytes += transfer->progress.bytes;
    run->active[place] = run->active[--run->active_count];
    cli_transfer_free(transfer);
    free(transfer);
}

static void run_drop_all(cli_run_state *run) {
    while (run->active_count > 0) {
        cli_transfer *transfer = run->active[--run->active_count];
        cli_transfer_drop(transfer);
        free(transfer);
    }
}

/* ---- The loop ---- */

/* True where some transfer has come to its end, so that there is more to do at once. */
static bool run_step(cli_run_state *run) {
    bool has_ended = false;
    for (size_t i = 0; i < run->sessions.count; i++) {
        ferry_session_poll(run->sessions.items[i].session, 0);
    }
    for (size_t i = run->active_count; i-- > 0;) {
        cli_transfer *transfer = run->active[i];
        if (transfer->state == CLI_STATE_WAITING && cli_now_ms() >= transfer->wake_ms) {
            run_start(run, transfer);
        } else if (transfer->state == CLI_STATE_RUNNING) {
            cli_transfer_step(transfer);
        }
        if (transfer->state == CLI_STATE_DONE) {
            run_end(run, i);
            has_ended = true;
        }
    }
    return has_ended;
}

static void timeout_shorten(int *timeout_ms, int64_t other_ms) {
    if (other_ms >= 0 && (*timeout_ms < 0 || other_ms < *timeout_ms)) {
        *timeout_ms = (int)other_ms;
    }
}

static int run_timeout_ms(const cli_run_state *run) {
    int timeout_ms = -1;
    for (size_t i = 0; i < run->sessions.count; i++) {
        timeout_shorten(&timeout_ms,
                        ferry_session_get_wait_timeout_ms(run->sessions.items[i].session));
    }
    for (size_t i = 0; i < run->active_count; i++) {
        const cli_transfer *transfer = run->active[i];
        if (transfer->state == CLI_STATE_WAITING) {
            int64_t left_ms = transfer->wake_ms - cli_now_ms();
            timeout_shorten(&timeout_ms, left_ms > 0 ? left_ms : 0);
        }
        if (transfer->progress.is_enabled) {
            timeout_shorten(&timeout_ms, PROGRESS_INTERVAL_MS);
        }
    }
    return timeout_ms;
}

static void wait_add(struct pollfd *waits, size_t *count, int fd, short events) {
    if (*count < MAX_WAITS) {
        waits[(*count)++] = (struct pollfd){.fd = fd, .events = events};
    }
}

/* Sleeps until a session, or the input of an upload, has something to do. */
static void run_wait(const cli_run_state *run) {
    struct pollfd waits[MAX_WAITS];
    ferry_wait own[MAX_WAITS];
    size_t count = 0;
    for (size_t i = 0; i < run->sessions.count; i++) {
        size_t needed = ferry_session_get_waits(run->sessions.items[i].session, own, MAX_WAITS);
        for (size_t k = 0; k < needed && k < MAX_WAITS; k++) {
            bool reads = (own[k].events & FERRY_EVENT_READ) != 0;
            bool writes = (own[k].events & FERRY_EVENT_WRITE) != 0;
            wait_add(waits, &count, (int)own[k].descriptor,
                     (short)((reads ? POLLIN : 0) | (writes ? POLLOUT : 0)));
        }
    }
    for (size_t i = 0; i < run->active_count; i++) {
        int fd = cli_transfer_get_input(run->active[i]);
        if (fd >= 0) {
            wait_add(waits, &count, fd, POLLIN);
        }
    }
    poll(waits, (nfds_t)count, run_timeout_ms(run));
}

static void run_all(cli_run_state *run) {
    for (;;) {
        run_fill(run);
        if (run->active_count == 0) {
            return;
        }
        bool has_ended = run_step(run);
        if (run->is_stopped) {
            run_drop_all(run);
        }
        if (run->has_bars) {
            cli_bars_draw(run->active, run->active_count, &run->sum);
        }
        if (!has_ended) {
            run_wait(run);
        }
    }
}

cli_exit cli_run(const cli_options *options) {
    cli_run_state run = {.options = options};
    for (size_t i = 0; i < options->group_count; i++) {
        run.sum.count += options->groups[i]->urls.count;
    }
    run.has_bars = options->is_parallel && isatty(STDERR_FILENO) == 1;
    cli_sessions_init(&run.sessions, options, run_on_log, &run);
    run_all(&run);
    cli_bars_clear();
    cli_sessions_save_cookies(&run.sessions);
    run_drop_all(&run);
    free(run.active);
    cli_sessions_free(&run.sessions);
    return run.exit_code;
}
