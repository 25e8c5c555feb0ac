/* SPDX-License-Identifier: MIT */
/* background: what work on a thread of its own needs: the thread, and a pipe that becomes readable
 * when the work has ended. */
#ifndef FERRY_BACKGROUND_H
#define FERRY_BACKGROUND_H

#include <stddef.h>

/* Neither end blocks, is a child program's, or has the number of a standard file. Returns 0, or an
 * errno: no end is open then. */
int ferry_pipe_open(int ends[2]);

/* Closes what is open of it; -1 stands in `ends` from then on. */
void ferry_pipe_close(int ends[2]);

/* Makes it ready for reading. To close the other end would not do: a child after fork() may have a
 * copy of that. */
void ferry_pipe_tell(const int ends[2]);

/* Nobody waits for the thread's end, and it gets none of the program's signals. Returns 0 or an
 * errno. */
int ferry_thread_start(void *(*run)(void *argument), void *argument, size_t stack_size);

#endif
