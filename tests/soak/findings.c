/* SPDX-License-Identifier: MIT */
/* findings: printed as they are made, one line each. */
#include "findings.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static atomic_size_t found;
static size_t enough = 20;
static const char *again = "./dev soak";

void findings_set_command(const char *command) {
    again = command;
}

void findings_set_enough(size_t count) {
    enough = count;
}

void findings_add(uint64_t seed, const char *format, ...) {
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    pthread_mutex_lock(&lock);
    size_t number = ++found;
    if (number <= enough && seed != 0) {
        printf("finding: %s\n  again: %s --seed %llu\n", text, again, (unsigned long long)seed);
    } else if (number <= enough) {
        printf("finding: %s\n", text);
    }
    fflush(stdout);
    pthread_mutex_unlock(&lock);
}

size_t findings_count(void) {
    return found;
}

bool findings_are_enough(void) {
    return found >= enough;
}
