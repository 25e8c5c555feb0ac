/* SPDX-License-Identifier: MIT */
/* lookup: runs getaddrinfo() on a thread of its own, so that nobody waits for a name server. */
#if defined(__linux__)
#define _GNU_SOURCE /* pipe2 */
#endif
#include "platform.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

/* getaddrinfo() runs whatever modules the system's administrator has named, over buffers on the
 * stack; the default of some C libraries (128 KiB) is too small for that. */
enum { STACK_SIZE = 512 * 1024 };

/* A program that starts look-ups and drops them faster than the name server answers must not fill
 * the machine with threads. */
enum { MOST_THREADS = 64 };

static atomic_int running_threads;

/* Belongs to the client and to the thread; whoever lets go last frees it. The thread writes the
 * results and then sets `ended`; the client reads them only after that. */
struct ferry_lookup {
    atomic_int owners;
    atomic_bool ended;
    int pipe[2];      /* the thread writes a byte when it has ended */
    int error;        /* of getaddrinfo() */
    int system_error; /* errno, where that is EAI_SYSTEM */
    ferry_address_list list;
    char port[6];
    char host[];
};

static bool reserve_thread(void) {
    int running = atomic_load(&running_threads);
    while (running < MOST_THREADS) {
        if (atomic_compare_exchange_weak(&running_threads, &running, running + 1)) {
            return true;
        }
    }
    return false;
}

static void release_thread(void) {
    atomic_fetch_sub(&running_threads, 1);
}

/* Returns 0 or an errno. */
static int open_pipe(int ends[2]) {
#if defined(__linux__)
    return pipe2(ends, O_CLOEXEC | O_NONBLOCK) == 0 ? 0 : errno;
#else
    if (pipe(ends) != 0) {
        return errno;
    }
    for (int i = 0; i < 2; i++) {
        if (fcntl(ends[i], F_SETFD, FD_CLOEXEC) != 0 || fcntl(ends[i], F_SETFL, O_NONBLOCK) != 0) {
            int error = errno;
            close(ends[0]);
            close(ends[1]);
            return error;
        }
    }
    return 0;
#endif
}

static void lookup_release(ferry_lookup *lookup) {
    if (atomic_fetch_sub(&lookup->owners, 1) == 1) {
        close(lookup->pipe[0]);
        close(lookup->pipe[1]);
        free(lookup);
    }
}

static bool list_has(const ferry_address_list *list, const struct sockaddr *address,
                     size_t length) {
    for (size_t i = 0; i < list->count; i++) {
        const ferry_address *item = &list->items[i];
        if (item->length == length && memcmp(item->storage, address, length) == 0) {
            return true;
        }
    }
    return false;
}

/* Hosts files name an address more than once; trying it again would teach nothing. */
static void collect(ferry_address_list *list, const struct addrinfo *info) {
    for (; info != NULL && list->count < FERRY_MAX_ADDRESSES; info = info->ai_next) {
        size_t length = info->ai_addrlen;
        bool is_known = info->ai_family == AF_INET || info->ai_family == AF_INET6;
        if (!is_known || length > FERRY_ADDRESS_SIZE || list_has(list, info->ai_addr, length)) {
            continue;
        }
        ferry_address *address = &list->items[list->count++];
        memcpy(address->storage, info->ai_addr, length);
        address->length = (unsigned)length;
        address->is_ipv6 = info->ai_family == AF_INET6;
    }
}

static bool is_localhost(const char *host) {
    static const char name[] = "localhost";
    size_t size = strlen(host);
    if (size > 0 && host[size - 1] == '.') {
        size--;
    }
    if (size < sizeof name - 1 ||
        strncasecmp(host + size - (sizeof name - 1), name, sizeof name - 1) != 0) {
        return false;
    }
    return size == sizeof name - 1 || host[size - sizeof name] == '.';
}

/* RFC 6761 section 6.3: such names are the loopback's. Systems without a hosts file do not know. */
static void collect_loopback(ferry_lookup *lookup) {
    static const char *const literals[] = {"::1", "127.0.0.1"};
    uint16_t port = (uint16_t)strtoul(lookup->port, NULL, 10);
    for (size_t i = 0; i < sizeof literals / sizeof *literals; i++) {
        if (ferry_address_from_literal(literals[i], port,
                                       &lookup->list.items[lookup->list.count])) {
            lookup->list.count++;
        }
    }
}

static void *lookup_run(void *argument) {
    ferry_lookup *lookup = argument;
    /* No AI_ADDRCONFIG: it takes ::1 from a machine whose only other address is an IPv4 one, and
     * with it a "localhost" that serves IPv6 alone. Addresses of a family without a route come
     * last in the system's order (RFC 6724), and connecting to them fails at once. */
    struct addrinfo hints = {
        .ai_flags = AI_NUMERICSERV,
        .ai_family = AF_UNSPEC,
        .ai_socktype = SOCK_STREAM,
    };
    struct addrinfo *info = NULL;
    lookup->error = getaddrinfo(lookup->host, lookup->port, &hints, &info);
    lookup->system_error = errno;
    if (lookup->error == 0) {
        collect(&lookup->list, info);
        freeaddrinfo(info);
    } else if (is_localhost(lookup->host)) {
        collect_loopback(lookup);
        lookup->error = 0;
    }
    /* First, so that whoever sees the end can start the next one. */
    release_thread();
    atomic_store(&lookup->ended, true);
    /* It cannot fail: the pipe is empty, and its other end is open until both have let go. */
    ssize_t written = write(lookup->pipe[1], "", 1);
    (void)written;
    lookup_release(lookup);
    return NULL;
}

/* Returns 0 or an errno. */
static int start_thread(ferry_lookup *lookup) {
    pthread_attr_t attributes;
    int error = pthread_attr_init(&attributes);
    if (error != 0) {
        return error;
    }
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    /* Refused where the system wants more: its default is then enough. */
    pthread_attr_setstacksize(&attributes, STACK_SIZE);
    /* A thread inherits the mask: the program's signals are for the program's threads. */
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_t thread;
    error = pthread_create(&thread, &attributes, lookup_run, lookup);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return error;
}

static ferry_error fail_start(ferry_context *context, const char *host, int error) {
    if (error == ENOMEM) {
        return ferry_fail_memory(context);
    }
    return ferry_fail(context, FERRY_ERROR_FAILED, "cannot resolve \"%s\": no thread for it: %s",
                      host, strerror(error));
}

/* The C library's own sentences are translated, and differ between systems. */
static const char *describe(int error, int system_error) {
    switch (error) {
    case EAI_NONAME:
        return "no such host";
#if defined(EAI_NODATA) && EAI_NODATA != EAI_NONAME
    case EAI_NODATA:
#endif
#if defined(EAI_ADDRFAMILY) && (!defined(EAI_NODATA) || EAI_ADDRFAMILY != EAI_NODATA)
    case EAI_ADDRFAMILY:
#endif
    case 0:
        return "the name has no address";
    case EAI_AGAIN:
        return "the name server does not answer";
    case EAI_FAIL:
        return "the name server failed";
    case EAI_SYSTEM:
        return strerror(system_error);
    default:
        return gai_strerror(error);
    }
}

ferry_error ferry_lookup_start(ferry_context *context, const char *host, uint16_t port,
                               ferry_lookup **lookup) {
    if (!reserve_thread()) {
        return ferry_fail(context, FERRY_ERROR_FAILED,
                          "cannot resolve \"%s\": %d look-ups are running already", host,
                          MOST_THREADS);
    }
    size_t host_size = strlen(host) + 1;
    ferry_lookup *made = malloc(sizeof *made + host_size);
    if (made == NULL) {
        release_thread();
        return ferry_fail_memory(context);
    }
    atomic_init(&made->owners, 2);
    atomic_init(&made->ended, false);
    made->list.count = 0;
    snprintf(made->port, sizeof made->port, "%u", (unsigned)port);
    memcpy(made->host, host, host_size);
    int error = open_pipe(made->pipe);
    if (error != 0) {
        goto fail_pipe;
    }
    error = start_thread(made);
    if (error != 0) {
        goto fail_thread;
    }
    *lookup = made;
    return FERRY_OK;
fail_thread:
    close(made->pipe[0]);
    close(made->pipe[1]);
fail_pipe:
    free(made);
    release_thread();
    return fail_start(context, host, error);
}

ferry_descriptor ferry_lookup_get_descriptor(const ferry_lookup *lookup) {
    return lookup->pipe[0];
}

ferry_error ferry_lookup_poll(ferry_lookup *lookup, ferry_context *context, bool *ended,
                              ferry_address_list *list) {
    *ended = atomic_load(&lookup->ended);
    if (!*ended) {
        return FERRY_OK;
    }
    int error = lookup->error;
    bool no_memory = error == EAI_MEMORY || (error == EAI_SYSTEM && lookup->system_error == ENOMEM);
    if (no_memory) {
        return ferry_fail_memory(context);
    }
    if (error != 0 || lookup->list.count == 0) {
        return ferry_fail(context, FERRY_ERROR_CANT_RESOLVE, "cannot resolve \"%s\": %s",
                          lookup->host, describe(error, lookup->system_error));
    }
    list->count = lookup->list.count;
    memcpy(list->items, lookup->list.items, list->count * sizeof list->items[0]);
    return FERRY_OK;
}

void ferry_lookup_free(ferry_lookup *lookup) {
    if (lookup != NULL) {
        lookup_release(lookup);
    }
}
