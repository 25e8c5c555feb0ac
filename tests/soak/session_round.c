/* SPDX-License-Identifier: MIT */
/* session_round: the session's options, its polls, and what must be true of it in the end. */
#include "session_round.h"

#include "conversation_state.h"
#include "findings.h"
#include "memory.h"
#include "require.h"
#include "session_task.h"

#include <dirent.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    CONNECTIONS = 50,
    MOST_TASKS = 5000,
    WINDOW = 400,
    HANG_MS = 60000,
    POLL_MS = 20,
    MOST_LOOKS = 500,
    DOORS_OF_NAMES = SERVER_DOOR_HTTPS_TICKETS + 1,
    RESOLVE_LINES = (2 * TASK_NAMES + 1) * (DOORS_OF_NAMES + 1) + 1,
    RESOLVE_LINE_SIZE = LINK_NAME_SIZE + 32,
    PROXY_SIZE = 64,
};

typedef struct soak_round {
    task_group group;
    soak_memory memory;
    const conversation_setup *setup;
    bool is_proxy_tls;
    bool has_own_loop; /* sleeps on what the session names */
    bool is_freed_early;
    size_t most_tasks;
    size_t started;
    int64_t progress_ms;
    char folder[64];
    char lines[RESOLVE_LINES][RESOLVE_LINE_SIZE];
} soak_round;

static struct {
    size_t rounds;
    size_t finished;
    size_t errors[TASK_MOST_ERRORS];
    size_t cancelled;
    size_t redirects;
    size_t retries;
    size_t bytes;
    uint64_t made;
    uint64_t reused;
} sums;

/* ---- Making the session ---- */

static void round_list_names(soak_round *round, const char **resolve) {
    size_t count = 0;
    static const server_door doors[] = {
        SERVER_DOOR_HTTP,         SERVER_DOOR_HTTPS_1_2,     SERVER_DOOR_HTTPS_NO_TICKET,
        SERVER_DOOR_HTTPS_TICKET, SERVER_DOOR_HTTPS_TICKETS, SERVER_DOOR_SLAM};
    for (size_t i = 0; i < 2 * TASK_NAMES + 1; i++) {
        char name[LINK_NAME_SIZE] = ERRAND_HOST;
        if (i < 2 * TASK_NAMES) {
            link_write_name(i < TASK_NAMES ? round->group.steady[i]
                                           : round->group.faulty[i - TASK_NAMES],
                            name);
        }
        for (size_t k = 0; k < sizeof doors / sizeof doors[0]; k++) {
            snprintf(round->lines[count++], RESOLVE_LINE_SIZE, "%s:%d:127.0.0.1", name,
                     server_port(doors[k]));
        }
    }
    snprintf(round->lines[count++], RESOLVE_LINE_SIZE, "proxy.soak.test:%d:127.0.0.1",
             server_port(SERVER_DOOR_PROXY_TLS));
    for (size_t i = 0; i < count; i++) {
        resolve[i] = round->lines[i];
    }
    resolve[count] = NULL;
}

static void round_open_session(soak_round *round) {
    static const int budgets[] = {0, 0, -1, 200};
    static const size_t memories[] = {0, 0, 300000, 2000000};
    soak_chance *chance = &round->group.chance;
    const char *resolve[RESOLVE_LINES + 1];
    char proxy[PROXY_SIZE];
    round_list_names(round, resolve);
    snprintf(proxy, sizeof proxy, "%s:%d",
             round->is_proxy_tls ? "https://proxy.soak.test" : "http://127.0.0.1",
             server_port(round->is_proxy_tls ? SERVER_DOOR_PROXY_TLS : SERVER_DOOR_PROXY));
    ferry_tls_options tls = {.ca_pem = round->setup->ca_pem};
    ferry_session_options options = {
        .client = {.allocator = memory_allocator(&round->memory),
                   .proxy_tls = &round->setup->proxy_tls,
                   .resolve = resolve},
        .tls = round->group.has_tls ? &tls : NULL,
        .http_proxy = round->group.is_proxied ? proxy : NULL,
        .https_proxy = round->group.is_proxied ? proxy : NULL,
        .max_connections = CONNECTIONS,
        .max_connections_per_origin = (int)chance_between(chance, 2, CONNECTIONS),
        .max_memory_bytes = memories[chance_below(chance, 4)],
        .poll_budget_us = budgets[chance_below(chance, 4)],
        .max_idle_ms = chance_is(chance, 10) ? (int)chance_between(chance, 1, 50) : 0,
    };
    round->group.session = ferry_session_new(&options);
    require(round->group.session != NULL, "a session");
}

static soak_round *round_new(uint64_t seed, const conversation_setup *setup) {
    soak_round *made = require_memory(calloc(1, sizeof *made));
    soak_chance *chance = &made->group.chance;
    made->setup = setup;
    made->group.seed = seed;
    made->group.chance = chance_of(chance_mix(seed, 8));
    made->group.has_tls = setup->ca_pem != NULL;
    made->group.tls_share = made->group.has_tls ? (unsigned)chance_between(chance, 0, 30) : 0;
    for (size_t i = 0; i < 2; i++) {
        made->group.doors[i] =
            (server_door)chance_between(chance, SERVER_DOOR_HTTPS_1_2, SERVER_DOOR_HTTPS_TICKETS);
    }
    made->group.is_proxied = chance_is(chance, 20);
    made->is_proxy_tls = made->group.has_tls && chance_is(chance, 30);
    made->has_own_loop = chance_is(chance, 30);
    made->is_freed_early = chance_is(chance, 25);
    made->most_tasks = chance_between(chance, 100, MOST_TASKS);
    for (size_t i = 0; i < TASK_NAMES; i++) {
        made->group.steady[i] = link_seed(chance_next(chance), true, false, true);
        made->group.faulty[i] = link_seed(chance_next(chance), true, false, false);
    }
    snprintf(made->folder, sizeof made->folder, "/tmp/ferry-soak-XXXXXX");
    require(mkdtemp(made->folder) != NULL, "a folder");
    made->group.folder = made->folder;
    made->progress_ms = conversation_now_ms();
    round_open_session(made);
    return made;
}

/* ---- Its polls ---- */

static void round_sleep(soak_round *round) {
    ferry_wait waits[CONNECTIONS];
    struct pollfd polled[CONNECTIONS];
    size_t count = ferry_session_get_waits(round->group.session, waits, CONNECTIONS);
    int timeout_ms = ferry_session_get_wait_timeout_ms(round->group.session);
    count = count < CONNECTIONS ? count : CONNECTIONS;
    for (size_t i = 0; i < count; i++) {
        short events = (waits[i].events & FERRY_EVENT_READ) != 0 ? POLLIN : 0;
        events = (short)(events | ((waits[i].events & FERRY_EVENT_WRITE) != 0 ? POLLOUT : 0));
        polled[i] = (struct pollfd){(int)waits[i].descriptor, events, 0};
    }
    poll(polled, count, timeout_ms >= 0 && timeout_ms < POLL_MS ? timeout_ms : POLL_MS);
}

static void round_harvest(soak_round *round) {
    ferry_transfer *transfer;
    while ((transfer = ferry_session_next_done(round->group.session)) != NULL) {
        task_harvest(transfer);
    }
}

/* Gives how many transfers are not done. */
static size_t round_turn(soak_round *round) {
    task_group *group = &round->group;
    size_t before = group->finished + group->cancelled;
    if (round->has_own_loop) {
        round_sleep(round);
    }
    size_t left = ferry_session_poll(group->session, round->has_own_loop ? 0 : POLL_MS);
    round_harvest(round);
    for (soak_task *task = group->tasks; task != NULL;) {
        soak_task *next = task_next(task);
        task_turn(task);
        task = next;
    }
    if (group->finished + group->cancelled > before || left == 0) {
        round->progress_ms = conversation_now_ms();
    }
    return left;
}

/* True where nothing has ended for too long. */
static bool round_hangs(soak_round *round) {
    bool hangs = conversation_now_ms() - round->progress_ms > HANG_MS;
    if (hangs) {
        findings_add(round->group.seed, "%zu transfers do not end", round->group.count);
        task_report(round->group.tasks);
    }
    return hangs;
}

static void round_run(soak_round *round, bool (*is_over)(void)) {
    task_group *group = &round->group;
    size_t left = 1;
    while (left > 0 && !round_hangs(round)) {
        bool starts = !is_over() && round->started < round->most_tasks;
        while (starts && group->count < WINDOW && round->started < round->most_tasks) {
            task_start(group);
            round->started++;
        }
        if (!starts && round->is_freed_early) {
            return;
        }
        left = round_turn(round);
        left += starts ? 1 : 0;
        if (chance_below(&group->chance, 2000) == 0) {
            ferry_session_network_changed(group->session);
        }
    }
    round_turn(round); /* the functions of those that were cancelled last */
}

/* ---- Its end ---- */

static void round_check_counters(soak_round *round) {
    ferry_session_counters counters;
    ferry_session_get_counters(round->group.session, &counters);
    sums.made += counters.connections_made;
    sums.reused += counters.connections_reused;
    if (round->is_freed_early) {
        return;
    }
    if (round->group.count > 0) {
        findings_add(round->group.seed, "%zu transfers were lost", round->group.count);
        task_report(round->group.tasks);
    }
    if (counters.transfers_active != 0 || counters.transfers_queued != 0 ||
        counters.memory_bytes != 0) {
        findings_add(round->group.seed, "in the end %zu are active, %zu queued, %zu bytes kept",
                     counters.transfers_active, counters.transfers_queued, counters.memory_bytes);
    }
    if (counters.connections_idle > counters.connections_open ||
        counters.connections_open > CONNECTIONS) {
        findings_add(round->group.seed, "in the end %zu of %zu connections are idle",
                     counters.connections_idle, counters.connections_open);
    }
}

/* Gives how many files are not complete; `is_last`: they are findings, and all files go. */
static size_t round_list_files(const soak_round *round, bool is_last) {
    DIR *folder = opendir(round->folder);
    struct dirent *entry;
    size_t count = 0;
    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        char path[sizeof round->folder + sizeof entry->d_name + 1];
        if (entry->d_name[0] == '.') {
            continue;
        }
        bool is_part = strstr(entry->d_name, ".part-") != NULL;
        count += is_part ? 1 : 0;
        if (is_last && is_part) {
            findings_add(round->group.seed, "the file %s is left", entry->d_name);
        }
        if (is_last) {
            snprintf(path, sizeof path, "%s/%s", round->folder, entry->d_name);
            unlink(path);
        }
    }
    if (folder != NULL) {
        closedir(folder);
    }
    return count;
}

/* A session that is freed does not wait for its thread, which removes what is not complete. */
static void round_check_folder(const soak_round *round) {
    for (int i = 0; i < MOST_LOOKS && round_list_files(round, false) > 0; i++) {
        poll(NULL, 0, POLL_MS);
    }
    round_list_files(round, true);
    rmdir(round->folder);
}

static void round_sum(const task_group *group) {
    sums.rounds++;
    sums.finished += group->finished;
    sums.cancelled += group->cancelled;
    sums.redirects += group->redirects;
    sums.retries += group->retries;
    sums.bytes += group->bytes;
    for (size_t i = 0; i < TASK_MOST_ERRORS; i++) {
        sums.errors[i] += group->errors[i];
    }
}

void session_round_run(uint64_t seed, const conversation_setup *setup, bool (*is_over)(void)) {
    soak_round *round = round_new(seed, setup);
    task_group *group = &round->group;
    round_run(round, is_over);
    round_check_counters(round);
    ferry_session_free(group->session);
    while (group->tasks != NULL) {
        task_outlive(group->tasks);
    }
    if (round->memory.live != 0) {
        findings_add(seed, "%zu blocks of memory are left of a session", round->memory.live);
    }
    round_check_folder(round);
    round_sum(group);
    free(round);
}

size_t session_round_requests(void) {
    return sums.finished;
}

void session_round_print(double seconds) {
    printf(
        "%zu transfers in %zu sessions, %.0f s: %.0f a second, %.1f MB/s; %zu cancelled or freed, "
        "%zu redirects, %zu retries; %llu connections made, %llu reused\n",
        sums.finished, sums.rounds, seconds, (double)sums.finished / seconds,
        (double)sums.bytes / seconds / 1e6, sums.cancelled, sums.redirects, sums.retries,
        (unsigned long long)sums.made, (unsigned long long)sums.reused);
    printf("transfers:");
    for (int i = 0; i < TASK_MOST_ERRORS; i++) {
        if (sums.errors[i] > 0) {
            printf(" %s %zu,", ferry_error_name((ferry_error)i) + sizeof "FERRY", sums.errors[i]);
        }
    }
    printf("\n");
}
