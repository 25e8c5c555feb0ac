/* SPDX-License-Identifier: MIT */
/* require: what must not fail in the tool itself: it ends with a word. */
#ifndef FERRY_SOAK_REQUIRE_H
#define FERRY_SOAK_REQUIRE_H

#include <stdbool.h>

void require(bool holds, const char *what);

/* The pointer, which is not NULL. */
void *require_memory(void *pointer);

#endif
