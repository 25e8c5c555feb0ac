/* SPDX-License-Identifier: MIT */
/* chance: SplitMix64 (Steele, Lea and Flood, 2014), which needs no state beyond a counter. */
#include "chance.h"

static uint64_t scramble(uint64_t z) {
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

uint64_t chance_mix(uint64_t a, uint64_t b) {
    return scramble(scramble(a + 0x9e3779b97f4a7c15u) + b);
}

soak_chance chance_of(uint64_t seed) {
    return (soak_chance){scramble(seed)};
}

uint64_t chance_next(soak_chance *chance) {
    chance->state += 0x9e3779b97f4a7c15u;
    return scramble(chance->state);
}

size_t chance_below(soak_chance *chance, size_t count) {
    return (size_t)(chance_next(chance) % count);
}

size_t chance_between(soak_chance *chance, size_t least, size_t most) {
    return least + chance_below(chance, most - least + 1);
}

bool chance_is(soak_chance *chance, unsigned percent) {
    return chance_below(chance, 100) < percent;
}

size_t chance_size(soak_chance *chance, size_t most) {
    unsigned bits = 0;
    while (bits < 63 && (most >> bits) > 0) {
        bits++;
    }
    size_t limit = (size_t)1 << chance_between(chance, 0, bits);
    size_t size = chance_below(chance, limit);
    return size < most ? size : most;
}
