/* SPDX-License-Identifier: MIT */
/* chance: numbers that follow from a seed, so that what happened by chance can happen again. */
#ifndef FERRY_SOAK_CHANCE_H
#define FERRY_SOAK_CHANCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct soak_chance {
    uint64_t state;
} soak_chance;

/* Two numbers made into one that looks like neither. */
uint64_t chance_mix(uint64_t a, uint64_t b);

soak_chance chance_of(uint64_t seed);
uint64_t chance_next(soak_chance *chance);

/* 0 to `count` - 1. */
size_t chance_below(soak_chance *chance, size_t count);
/* `least` to `most`. */
size_t chance_between(soak_chance *chance, size_t least, size_t most);
/* True in so many of a hundred cases. */
bool chance_is(soak_chance *chance, unsigned percent);
/* 0 to `most`; each order of magnitude is as likely as the next. */
size_t chance_size(soak_chance *chance, size_t most);

#endif
