/* SPDX-License-Identifier: MIT */
/* tally: counters that all threads share. */
#include "tally.h"

#include <stdatomic.h>
#include <stdio.h>

enum { MOST_ERRORS = 64, PHASES = 5 };

static struct {
    atomic_size_t exchanges[MOST_ERRORS];
    atomic_size_t connections[MOST_ERRORS];
    atomic_size_t requests;
    atomic_size_t faults;
    atomic_size_t conversations;
    atomic_size_t cancels;
    atomic_size_t again;
    atomic_size_t bytes;
    _Atomic int64_t longest_us[PHASES];
    _Atomic uint64_t longest_seed[PHASES];
} tally;

void tally_exchange(const soak_script *script, ferry_error outcome, size_t bytes) {
    tally.requests++;
    tally.faults += script->fault != SCRIPT_FAULT_NONE ? 1 : 0;
    tally.exchanges[outcome % MOST_ERRORS]++;
    tally.bytes += bytes;
}

void tally_connection(ferry_error outcome) {
    tally.connections[outcome % MOST_ERRORS]++;
}

void tally_conversation(void) {
    tally.conversations++;
}

void tally_cancel(void) {
    tally.cancels++;
}

void tally_again(void) {
    tally.again++;
}

void tally_call(unsigned phase, uint64_t seed, int64_t processor_us) {
    if (phase < PHASES && processor_us > tally.longest_us[phase]) {
        tally.longest_us[phase] = processor_us;
        tally.longest_seed[phase] = seed;
    }
}

size_t tally_requests(void) {
    return tally.requests;
}

static void tally_print_errors(const char *what, const atomic_size_t *counts) {
    printf("%s:", what);
    for (int i = 0; i < MOST_ERRORS; i++) {
        if (counts[i] > 0) {
            printf(" %s %zu,", ferry_error_name((ferry_error)i) + sizeof "FERRY", counts[i]);
        }
    }
    printf("\n");
}

void tally_print(double seconds) {
    printf("%zu requests in %zu conversations, %.0f s: %.0f a second, %.1f MB/s; "
           "%zu with a fault, %zu cancelled, %zu told to connect again\n",
           tally.requests, tally.conversations, seconds, (double)tally.requests / seconds,
           (double)tally.bytes / seconds / 1e6, tally.faults, tally.cancels, tally.again);
    tally_print_errors("exchanges", tally.exchanges);
    tally_print_errors("connections", tally.connections);
    printf("longest step of a polled client, in ms of processor time: connect %.1f, "
           "connecting %.1f, send %.1f, exchange %.1f (seed %llu)\n",
           (double)tally.longest_us[0] / 1000, (double)tally.longest_us[1] / 1000,
           (double)tally.longest_us[3] / 1000, (double)tally.longest_us[4] / 1000,
           (unsigned long long)tally.longest_seed[4]);
}
