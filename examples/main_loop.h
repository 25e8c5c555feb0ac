/* SPDX-License-Identifier: MIT */
/* main_loop: runs a program of transfers to its end, natively and in a browser. */
#ifndef MAIN_LOOP_H
#define MAIN_LOOP_H

#include <stddef.h>

/* What a game does once a frame: polls for `timeout_ms` at most, and returns how many transfers are
 * not done. A browser draws between two frames, and lets no program sleep: the time is 0 there. */
typedef size_t main_loop_frame(int timeout_ms);

/* Calls `frame` until nothing is left to be done, and gives what `finish` returns. In a browser the
 * program ends with that, and this call does not return. */
int main_loop_run(main_loop_frame *frame, int timeout_ms, int (*finish)(void));

#endif
