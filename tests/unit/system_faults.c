/* SPDX-License-Identifier: MIT */
/* system_faults: what the linker calls in the place of the system's functions (--wrap). */
#include "system_faults.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static atomic_int thread_error;
static atomic_int interrupts; /* servers of the tests are on other threads */
static atomic_int interrupted;
static bool is_privileged;
static atomic_int file_room = -1;
static atomic_int sync_error;
static atomic_int lock_error;
static void (*poll_watch)(void);
static _Atomic(void (*)(size_t length)) file_watch;

void system_faults_reset(void) {
    atomic_store(&thread_error, 0);
    interrupts = 0;
    interrupted = 0;
    is_privileged = false;
    poll_watch = NULL;
    atomic_store(&file_watch, NULL);
    atomic_store(&file_room, -1);
    atomic_store(&sync_error, 0);
    atomic_store(&lock_error, 0);
}

void system_faults_set_thread_error(int error) {
    atomic_store(&thread_error, error);
}

void system_faults_interrupt(int count) {
    interrupts = count;
    interrupted = 0;
}

int system_faults_count_interrupts(void) {
    return interrupted;
}

void system_faults_watch_polls(void (*watch)(void)) {
    poll_watch = watch;
}

void system_faults_set_privileged(bool privileged) {
    is_privileged = privileged;
}

void system_faults_limit_files(int bytes) {
    atomic_store(&file_room, bytes);
}

void system_faults_watch_files(void (*watch)(size_t length)) {
    atomic_store(&file_watch, watch);
}

void system_faults_set_sync_error(int error) {
    atomic_store(&sync_error, error);
}

void system_faults_set_lock_error(int error) {
    atomic_store(&lock_error, error);
}

bool system_run_in_child(bool (*run)(void *argument), void *argument) {
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        bool holds = run(argument);
        fflush(stdout);
        /* Not by _exit(): valgrind would take what is the parent's for what the child has lost. */
        execl("/bin/sh", "sh", "-c", holds ? "exit 0" : "exit 1", (char *)NULL);
        _exit(1);
    }
    int status = 0;
    return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

#if defined(FERRY_TESTS_WRAP)

#include <sys/auxv.h>
#include <sys/stat.h>

bool system_faults_work(void) {
    return true;
}

int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
                          void *argument);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
                          void *argument);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
                          void *argument) {
    int error = atomic_load(&thread_error);
    return error != 0 ? error : __real_pthread_create(thread, attributes, run, argument);
}

static bool interrupt(void) {
    if (interrupts == 0) {
        return false;
    }
    interrupts--;
    interrupted++;
    errno = EINTR;
    return true;
}

ssize_t __real_recv(int descriptor, void *dst, size_t capacity, int flags);
ssize_t __wrap_recv(int descriptor, void *dst, size_t capacity, int flags);
ssize_t __wrap_recv(int descriptor, void *dst, size_t capacity, int flags) {
    return interrupt() ? -1 : __real_recv(descriptor, dst, capacity, flags);
}

ssize_t __real_send(int descriptor, const void *bytes, size_t length, int flags);
ssize_t __wrap_send(int descriptor, const void *bytes, size_t length, int flags);
ssize_t __wrap_send(int descriptor, const void *bytes, size_t length, int flags) {
    return interrupt() ? -1 : __real_send(descriptor, bytes, length, flags);
}

ssize_t __real_sendmsg(int descriptor, const struct msghdr *message, int flags);
ssize_t __wrap_sendmsg(int descriptor, const struct msghdr *message, int flags);
ssize_t __wrap_sendmsg(int descriptor, const struct msghdr *message, int flags) {
    return interrupt() ? -1 : __real_sendmsg(descriptor, message, flags);
}

int __real_poll(struct pollfd *entries, nfds_t count, int timeout_ms);
int __wrap_poll(struct pollfd *entries, nfds_t count, int timeout_ms);
int __wrap_poll(struct pollfd *entries, nfds_t count, int timeout_ms) {
    if (poll_watch != NULL && timeout_ms != 0) {
        poll_watch();
    }
    return __real_poll(entries, count, timeout_ms);
}

static bool is_file(int descriptor) {
    struct stat found;
    return fstat(descriptor, &found) == 0 && S_ISREG(found.st_mode);
}

ssize_t __real_write(int descriptor, const void *bytes, size_t length);
ssize_t __wrap_write(int descriptor, const void *bytes, size_t length);
ssize_t __wrap_write(int descriptor, const void *bytes, size_t length) {
    int room = atomic_load(&file_room);
    void (*watch)(size_t) = atomic_load(&file_watch);
    if ((room < 0 && watch == NULL) || !is_file(descriptor)) {
        return __real_write(descriptor, bytes, length);
    }
    if (watch != NULL) {
        watch(length);
    }
    if (room < 0) {
        return __real_write(descriptor, bytes, length);
    }
    if (room == 0) {
        errno = ENOSPC;
        return -1;
    }
    ssize_t written =
        __real_write(descriptor, bytes, length < (size_t)room ? length : (size_t)room);
    atomic_fetch_sub(&file_room, written > 0 ? (int)written : 0);
    return written;
}

ssize_t __real_pread(int descriptor, void *dst, size_t capacity, off_t from);
ssize_t __wrap_pread(int descriptor, void *dst, size_t capacity, off_t from);
ssize_t __wrap_pread(int descriptor, void *dst, size_t capacity, off_t from) {
    void (*watch)(size_t) = atomic_load(&file_watch);
    if (watch != NULL) {
        watch(capacity);
    }
    return __real_pread(descriptor, dst, capacity, from);
}

/* -1 where there is an error to be given. */
static int give_error(atomic_int *error) {
    int number = atomic_load(error);
    errno = number != 0 ? number : errno;
    return number != 0 ? -1 : 0;
}

int __real_fsync(int descriptor);
int __wrap_fsync(int descriptor);
int __wrap_fsync(int descriptor) {
    return give_error(&sync_error) != 0 ? -1 : __real_fsync(descriptor);
}

int __real_flock(int descriptor, int operation);
int __wrap_flock(int descriptor, int operation);
int __wrap_flock(int descriptor, int operation) {
    return give_error(&lock_error) != 0 ? -1 : __real_flock(descriptor, operation);
}

unsigned long __real_getauxval(unsigned long type);
unsigned long __wrap_getauxval(unsigned long type);
unsigned long __wrap_getauxval(unsigned long type) {
    return type == AT_SECURE && is_privileged ? 1 : __real_getauxval(type);
}

#else

bool system_faults_work(void) {
    return false;
}

#endif
