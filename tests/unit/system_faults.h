/* SPDX-License-Identifier: MIT */
/* system_faults: calls of the system that fail when a test says so, for what a machine that works
 * does not do at will. Where the linker cannot put them in between, the tests that need them are
 * left out. */
#ifndef FERRY_TESTS_SYSTEM_FAULTS_H
#define FERRY_TESTS_SYSTEM_FAULTS_H

#include <stdbool.h>
#include <stddef.h>

/* False: this build has no way to put faults in. */
bool system_faults_work(void);

/* As it was. */
void system_faults_reset(void);

/* Threads cannot be started from now on, with this error; 0: they can. */
void system_faults_set_thread_error(int error);

/* The next so many calls of recv(), send() and sendmsg() are interrupted by a signal. */
void system_faults_interrupt(int count);
int system_faults_count_interrupts(void);

/* Is called at the beginning of each poll(2) that may sleep; NULL: nothing is. */
void system_faults_watch_polls(void (*watch)(void));

/* The program runs with rights that whoever started it has not. */
void system_faults_set_privileged(bool privileged);

/* Files take so many bytes more, all together; negative: any number. */
void system_faults_limit_files(int bytes);

/* Is called at the beginning of each write() to a file and of each pread(), on their thread, with
 * how many bytes they are to take; NULL: nothing is. */
void system_faults_watch_files(void (*watch)(size_t length));

/* Calls of these fail with this error; 0: they do not. */
void system_faults_set_sync_error(int error);
void system_faults_set_lock_error(int error);

/* Runs it in a child that fork() makes; true where it returned true there. */
bool system_run_in_child(bool (*run)(void *argument), void *argument);

#endif
