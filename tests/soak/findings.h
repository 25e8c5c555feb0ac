/* SPDX-License-Identifier: MIT */
/* findings: what was wrong, said once with the seed that shows it again. */
#ifndef FERRY_SOAK_FINDINGS_H
#define FERRY_SOAK_FINDINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How to run a seed again: "./dev soak ...", without the seed. */
void findings_set_command(const char *command);

/* Any thread. Seed 0: it is nobody's in particular. */
__attribute__((format(printf, 2, 3))) void findings_add(uint64_t seed, const char *format, ...);

size_t findings_count(void);

/* True once there are so many that going on tells nothing new: 20, or what is set. */
void findings_set_enough(size_t count);
bool findings_are_enough(void);

#endif
