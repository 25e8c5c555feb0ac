/* SPDX-License-Identifier: MIT */
/* lookup: runs getaddrinfo() on threads of their own, so that no call waits for a name server. */
#include "background.h"
#include "platform.h"
#include "url/host.h"

#include <errno.h>
#include <limits.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* getaddrinfo() runs whatever modules the system's administrator has named, over buffers on the
 * stack; the default of some C libraries (128 KiB) is too small for that. */
enum { STACK_SIZE = 512 * 1024 };

/* A program that starts look-ups and drops them faster than the name server answers must not fill
 * the machine with threads. Those beyond the limit wait for their turn. */
enum { MAX_THREADS = 64 };

typedef enum lookup_state {
    LOOKUP_UNOPENED, /* without a pipe, until other look-ups give descriptors back */
    LOOKUP_QUEUED,   /* for a thread */
    LOOKUP_RUNNING,  /* `error`, `system_error` and `list` are the thread's */
    LOOKUP_ENDED,
    LOOKUP_DROPPED, /* by the client while it ran: the thread frees it */
} lookup_state;

struct ferry_lookup {
    lookup_state state;     /* guarded by the lock, as is its place in the queue */
    int process;            /* that began it: a child after fork() has none of the threads */
    int pipe[2];            /* the thread writes a byte when it has ended; -1: there is none */
    ferry_lookup *previous; /* in the queue */
    ferry_lookup *next;
    int error;        /* of getaddrinfo() */
    int system_error; /* errno after it */
    ferry_address_list list;
    char port[6];
    char host[];
};

/* Guarded by the lock. */
static struct {
    int process;
    int threads;
    int opened;          /* look-ups that have a pipe */
    ferry_lookup *first; /* of the queue */
    ferry_lookup *last;
} pool;

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
static void lookup_collect(ferry_address_list *list, const struct addrinfo *info) {
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

static bool lookup_is_of_localhost(const char *host) {
    ferry_span name = ferry_host_without_dot(ferry_span_of(host));
    return ferry_host_is_within(name, FERRY_SPAN("localhost"));
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

static void lookup_resolve(ferry_lookup *lookup) {
    /* No AI_ADDRCONFIG: it takes ::1 from a machine whose only other address is an IPv4 one, and
     * with it a "localhost" that serves IPv6 alone. Addresses of a family without a route come
     * last in the system's order (RFC 6724), and connecting to them fails at once. */
    struct addrinfo hints = {
        .ai_flags = AI_NUMERICSERV,
        .ai_family = AF_UNSPEC,
        .ai_socktype = SOCK_STREAM,
    };
    struct addrinfo *info = NULL;
    errno = 0;
    lookup->error = getaddrinfo(lookup->host, lookup->port, &hints, &info);
    lookup->system_error = errno;
    if (lookup->error == 0) {
        lookup_collect(&lookup->list, info);
        freeaddrinfo(info);
    } else if (lookup_is_of_localhost(lookup->host)) {
        collect_loopback(lookup);
        lookup->error = 0;
    }
}

/* ---- The queue, under the lock ---- */

/* A child after fork() has the parent's variables, and not its threads. */
static void pool_check(void) {
    int process = ferry_platform_process();
    if (pool.process != process) {
        pool.process = process;
        pool.threads = 0;
        pool.opened = 0;
        pool.first = NULL;
        pool.last = NULL;
    }
}

static void pool_append(ferry_lookup *lookup) {
    lookup->state = LOOKUP_QUEUED;
    lookup->previous = pool.last;
    lookup->next = NULL;
    *(pool.last != NULL ? &pool.last->next : &pool.first) = lookup;
    pool.last = lookup;
}

static void pool_remove(const ferry_lookup *lookup) {
    *(lookup->previous != NULL ? &lookup->previous->next : &pool.first) = lookup->next;
    *(lookup->next != NULL ? &lookup->next->previous : &pool.last) = lookup->previous;
}

/* Its first is a thread's from now on; NULL: it is empty. */
static ferry_lookup *pool_take(void) {
    ferry_lookup *lookup = pool.first;
    if (lookup != NULL) {
        pool_remove(lookup);
        lookup->state = LOOKUP_RUNNING;
    }
    return lookup;
}

/* ---- Threads ---- */

/* Ends one look-up; returns the next for the same thread, or NULL: it is counted no longer, so
 * that whoever sees the end can start another. */
static ferry_lookup *pool_hand_over(ferry_lookup *lookup) {
    ferry_platform_lock();
    bool is_dropped = lookup->state == LOOKUP_DROPPED;
    if (!is_dropped) {
        lookup->state = LOOKUP_ENDED;
        ferry_pipe_tell(lookup->pipe);
    }
    ferry_lookup *next = pool_take();
    pool.threads -= next == NULL ? 1 : 0;
    ferry_platform_unlock();
    if (is_dropped) {
        free(lookup);
    }
    return next;
}

static void *thread_run(void *argument) {
    for (ferry_lookup *lookup = argument; lookup != NULL; lookup = pool_hand_over(lookup)) {
        lookup_resolve(lookup);
    }
    return NULL;
}

/* Starts a thread for the first in the queue. Without one it waits for those that run; 0, or an
 * errno where none does. */
static int pool_serve(void) {
    ferry_lookup *lookup = pool.first;
    if (lookup == NULL || pool.threads == MAX_THREADS) {
        return 0;
    }
    lookup->state = LOOKUP_RUNNING;
    int error = ferry_thread_start(thread_run, lookup, STACK_SIZE);
    if (error != 0) {
        lookup->state = LOOKUP_QUEUED;
        return pool.threads > 0 ? 0 : error;
    }
    pool_remove(lookup);
    pool.threads++;
    return 0;
}

/* Returns 0 or an errno. */
static int lookup_open(ferry_lookup *lookup) {
    int error = ferry_pipe_open(lookup->pipe);
    if (error != 0) {
        return pool.opened > 0 ? 0 : error; /* other look-ups will give theirs back */
    }
    pool_append(lookup);
    error = pool_serve();
    if (error != 0) {
        pool_remove(lookup);
        lookup->state = LOOKUP_UNOPENED;
        ferry_pipe_close(lookup->pipe);
        return error;
    }
    pool.opened++;
    return 0;
}

static bool is_short_of_files(int error) {
    return error == EMFILE || error == ENFILE;
}

static ferry_error fail_start(ferry_context *context, const char *host, int error) {
    if (error == ENOMEM) {
        return ferry_fail_memory(context);
    }
    const char *reason = is_short_of_files(error) ? "too many open files"
                         : error == EAGAIN        ? "the system has no thread for it"
                                                  : strerror(error);
    return ferry_fail(context, FERRY_ERROR_FAILED, "cannot resolve \"%s\": %s", host, reason);
}

/* The C library's own sentences are translated, and differ between systems. What it lacked itself
 * it tells as a host that does not exist (glibc); errno knows better. */
static const char *describe(int error, int system_error) {
    if (error != 0 && is_short_of_files(system_error)) {
        return "too many open files";
    }
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
    size_t host_size = strlen(host) + 1;
    ferry_lookup *made = malloc(sizeof *made + host_size);
    if (made == NULL) {
        return ferry_fail_memory(context);
    }
    made->state = LOOKUP_UNOPENED;
    made->process = ferry_platform_process();
    made->pipe[0] = -1;
    made->pipe[1] = -1;
    made->list.count = 0;
    snprintf(made->port, sizeof made->port, "%u", (unsigned)port);
    memcpy(made->host, host, host_size);
    ferry_platform_lock();
    pool_check();
    int error = lookup_open(made);
    ferry_platform_unlock();
    if (error != 0) {
        free(made);
        return fail_start(context, host, error);
    }
    *lookup = made;
    return FERRY_OK;
}

ferry_descriptor ferry_lookup_get_descriptor(const ferry_lookup *lookup) {
    return lookup->pipe[0];
}

static ferry_error lookup_give(const ferry_lookup *lookup, ferry_context *context,
                               ferry_address_list *list) {
    int error = lookup->error;
    if (error == EAI_MEMORY || (error != 0 && lookup->system_error == ENOMEM)) {
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

ferry_error ferry_lookup_poll(ferry_lookup *lookup, ferry_context *context, bool *ended,
                              ferry_address_list *list) {
    *ended = false;
    if (lookup->process != ferry_platform_process()) {
        return ferry_fail(context, FERRY_ERROR_FAILED,
                          "cannot resolve \"%s\": the look-up was begun before fork()",
                          lookup->host);
    }
    int error = 0;
    ferry_platform_lock();
    if (lookup->state == LOOKUP_UNOPENED) {
        error = lookup_open(lookup);
    }
    *ended = lookup->state == LOOKUP_ENDED;
    ferry_platform_unlock();
    if (error != 0) {
        return fail_start(context, lookup->host, error);
    }
    return *ended ? lookup_give(lookup, context, list) : FERRY_OK;
}

void ferry_lookup_free(ferry_lookup *lookup) {
    if (lookup == NULL) {
        return;
    }
    ferry_platform_lock();
    pool_check();
    bool is_own = lookup->process == pool.process;
    bool is_running = is_own && lookup->state == LOOKUP_RUNNING;
    if (is_own && lookup->state == LOOKUP_QUEUED) {
        pool_remove(lookup);
    }
    if (is_own && lookup->state != LOOKUP_UNOPENED) {
        pool.opened--;
    }
    ferry_pipe_close(lookup->pipe);
    lookup->state = LOOKUP_DROPPED;
    ferry_platform_unlock();
    if (!is_running) {
        free(lookup);
    }
}
