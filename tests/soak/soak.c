/* SPDX-License-Identifier: MIT */
/* soak: many clients against a server that does everything that a server may do and much that it
 * may not, for as long as it is told to. */
#include "baseline.h"
#include "channel.h"
#include "conversation_state.h"
#include "findings.h"
#include "loop.h"
#include "require.h"
#include "session_round.h"
#include "tally.h"
#include "workers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEFAULT_SECONDS = 60, DRAIN_MS = 20000, CHECK_MS = 1000 };

typedef struct soak_settings {
    long seconds;
    size_t clients;
    size_t threads;
    size_t most_requests;
    uint64_t first_seed;
    uint64_t one_seed; /* 0: many */
    bool starves;
    bool has_sessions;
} soak_settings;

static const char usage[] = "usage: soak [session] [OPTION...] [SECONDS]\n"
                            "\n"
                            "  --seed N       one conversation, with its log\n"
                            "  --from N       the first seed of many (default: the time)\n"
                            "  --clients N    that are polled in one loop (100)\n"
                            "  --threads N    with a client each, in blocking mode or waiting (6)\n"
                            "  --requests N   end after so many (no limit)\n"
                            "  --findings N   end after so many (20)\n"
                            "  --starve       allocations fail now and then\n"
                            "\n"
                            "session: many transfers of one session at once, in place of clients;\n"
                            "  --seed, --from, --requests and --findings are for it\n";

/* ---- Seeds ---- */

static struct {
    _Atomic uint64_t polling;
    _Atomic uint64_t blocking;
    atomic_bool is_over;
} seeds;

static uint64_t next_seed(_Atomic uint64_t *counter, bool needs_thread) {
    uint64_t seed;
    do {
        seed = (*counter)++;
    } while (plan_needs_thread(seed) != needs_thread);
    return seeds.is_over ? 0 : seed;
}

static uint64_t next_blocking_seed(void) {
    return next_seed(&seeds.blocking, true);
}

/* ---- Options ---- */

static void usage_fail(void) {
    fputs(usage, stderr);
    exit(2);
}

static uint64_t number_read(const char *text) {
    char *end;
    uint64_t number = text != NULL ? strtoull(text, &end, 10) : 0;
    if (text == NULL || end == text || *end != '\0') {
        usage_fail();
    }
    return number;
}

static soak_settings settings_read(char **arguments) {
    soak_settings settings = {.seconds = DEFAULT_SECONDS, .clients = 100, .threads = 6};
    settings.first_seed = (uint64_t)conversation_now_ms() * 1000 + 1;
    if (*arguments != NULL && strcmp(*arguments, "session") == 0) {
        settings.has_sessions = true;
        arguments++;
    }
    for (; *arguments != NULL; arguments++) {
        const char *option = *arguments;
        bool is_option = option[0] == '-';
        bool takes_number = is_option && strcmp(option, "--starve") != 0;
        uint64_t number = takes_number ? number_read(*++arguments) : 0;
        if (!is_option) {
            settings.seconds = (long)number_read(option);
        } else if (strcmp(option, "--seed") == 0) {
            settings.one_seed = number;
        } else if (strcmp(option, "--from") == 0) {
            settings.first_seed = number;
        } else if (strcmp(option, "--clients") == 0) {
            settings.clients = (size_t)number;
        } else if (strcmp(option, "--threads") == 0) {
            settings.threads = (size_t)number;
        } else if (strcmp(option, "--requests") == 0) {
            settings.most_requests = (size_t)number;
        } else if (strcmp(option, "--findings") == 0) {
            findings_set_enough((size_t)number);
        } else if (strcmp(option, "--starve") == 0) {
            settings.starves = true;
        } else {
            usage_fail();
        }
    }
    return settings;
}

/* ---- Running ---- */

static bool soak_is_over(const soak_settings *settings, int64_t begin_ms) {
    return findings_are_enough() ||
           conversation_now_ms() - begin_ms >= (int64_t)settings->seconds * 1000 ||
           (settings->most_requests > 0 && tally_requests() >= settings->most_requests);
}

static void run_many(const soak_settings *settings, const conversation_setup *setup) {
    int64_t begin_ms = conversation_now_ms();
    int64_t checked_ms = begin_ms;
    soak_loop *loop = loop_new(settings->clients, setup);
    size_t active = 0;
    seeds.polling = settings->first_seed;
    seeds.blocking = settings->first_seed;
    printf("seeds from %llu on\n", (unsigned long long)settings->first_seed);
    fflush(stdout);
    workers_start(settings->threads, setup, next_blocking_seed);
    while (!soak_is_over(settings, begin_ms)) {
        for (; active < settings->clients; active++) {
            loop_add(loop, next_seed(&seeds.polling, false));
        }
        active = loop_turn(loop);
        if (conversation_now_ms() - checked_ms >= CHECK_MS) {
            checked_ms = conversation_now_ms();
            workers_check();
        }
    }
    seeds.is_over = true;
    loop_free(loop);
    workers_join();
}

static void run_one(uint64_t seed, const conversation_setup *setup) {
    if (plan_needs_thread(seed)) {
        workers_run_one(seed, setup);
        return;
    }
    soak_loop *loop = loop_new(1, setup);
    loop_add(loop, seed);
    while (loop_turn(loop) > 0) {
    }
    loop_free(loop);
}

/* ---- Sessions ---- */

static struct {
    const soak_settings *settings;
    int64_t begin_ms;
} sessions;

static bool sessions_are_over(void) {
    const soak_settings *settings = sessions.settings;
    return findings_are_enough() ||
           conversation_now_ms() - sessions.begin_ms >= (int64_t)settings->seconds * 1000 ||
           (settings->most_requests > 0 && session_round_requests() >= settings->most_requests);
}

static void run_sessions(const soak_settings *settings, const conversation_setup *setup) {
    uint64_t seed = settings->one_seed != 0 ? settings->one_seed : settings->first_seed;
    sessions.settings = settings;
    sessions.begin_ms = conversation_now_ms();
    printf("seeds from %llu on\n", (unsigned long long)seed);
    fflush(stdout);
    do {
        session_round_run(seed++, setup, sessions_are_over);
    } while (settings->one_seed == 0 && !sessions_are_over());
}

/* ---- The whole ---- */

static const char *command_of(const soak_settings *settings) {
    if (settings->has_sessions) {
        return "./dev soak session";
    }
    return settings->starves ? "./dev soak --starve" : "./dev soak";
}

int main(int argc, char **argv) {
    (void)argc;
    soak_settings settings = settings_read(argv + 1);
    conversation_setup setup = {.starves = settings.starves, .is_verbose = settings.one_seed != 0};
    setup.ca_pem = channel_tls_start();
    setup.cache = setup.ca_pem != NULL ? ferry_tls_cache_new() : NULL;
    setup.proxy_tls = (ferry_tls_options){.ca_pem = setup.ca_pem, .cache = setup.cache};
    findings_set_command(command_of(&settings));
    soak_baseline before = baseline_take();
    server_start();
    int64_t begin_ms = conversation_now_ms();
    if (settings.has_sessions) {
        run_sessions(&settings, &setup);
    } else if (settings.one_seed != 0) {
        run_one(settings.one_seed, &setup);
    } else {
        run_many(&settings, &setup);
    }
    double seconds = (double)(conversation_now_ms() - begin_ms) / 1000;
    size_t left = server_stop(DRAIN_MS);
    if (left > 0) {
        findings_add(0, "%zu connections are still open, without any client", left);
    }
    ferry_tls_cache_free(setup.cache);
    seconds = seconds > 0 ? seconds : 1;
    if (settings.has_sessions) {
        session_round_print(seconds);
    } else {
        tally_print(seconds);
    }
    baseline_compare(&before);
    channel_tls_stop();
    printf("%zu findings\n", findings_count());
    return findings_count() > 0 ? 1 : 0;
}
