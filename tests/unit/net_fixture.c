/* SPDX-License-Identifier: MIT */
/* net_fixture: makes the network of a test do what the test says. */
#include "net_fixture.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* ---- Sockets ---- */

typedef union any_address {
    struct sockaddr any;
    struct sockaddr_in ipv4;
    struct sockaddr_in6 ipv6;
} any_address;

static bool parse_address(const char *literal, uint16_t port, any_address *address,
                          socklen_t *length) {
    memset(address, 0, sizeof *address);
    if (inet_pton(AF_INET, literal, &address->ipv4.sin_addr) == 1) {
        address->ipv4.sin_family = AF_INET;
        address->ipv4.sin_port = htons(port);
        *length = sizeof address->ipv4;
        return true;
    }
    address->ipv6.sin6_family = AF_INET6;
    address->ipv6.sin6_port = htons(port);
    *length = sizeof address->ipv6;
    return inet_pton(AF_INET6, literal, &address->ipv6.sin6_addr) == 1;
}

const char *net_loopback(bool is_ipv6) {
    return is_ipv6 ? "::1" : "127.0.0.1";
}

int net_refuse(bool is_ipv6, uint16_t *port) {
    any_address address;
    socklen_t length = 0;
    parse_address(net_loopback(is_ipv6), 0, &address, &length);
    int descriptor = socket(address.any.sa_family, SOCK_STREAM, 0);
    if (descriptor < 0) {
        return -1;
    }
    if (bind(descriptor, &address.any, length) != 0 ||
        getsockname(descriptor, &address.any, &length) != 0) {
        close(descriptor);
        return -1;
    }
    *port = ntohs(is_ipv6 ? address.ipv6.sin6_port : address.ipv4.sin_port);
    return descriptor;
}

static int listen_with(bool is_ipv6, int backlog, uint16_t *port) {
    int descriptor = net_refuse(is_ipv6, port);
    if (descriptor >= 0 && listen(descriptor, backlog) != 0) {
        close(descriptor);
        return -1;
    }
    return descriptor;
}

int net_listen(bool is_ipv6, uint16_t *port) {
    return listen_with(is_ipv6, 16, port);
}

bool net_hole_open(net_hole *hole, bool is_ipv6) {
    hole->count = 0;
    hole->listener = listen_with(is_ipv6, 0, &hole->port);
    any_address address;
    socklen_t length = 0;
    parse_address(net_loopback(is_ipv6), hole->port, &address, &length);
    while (hole->listener >= 0 && hole->count < NET_HOLE_CLIENTS) {
        int client = socket(address.any.sa_family, SOCK_STREAM, 0);
        if (client < 0) {
            break;
        }
        hole->clients[hole->count++] = client;
        fcntl(client, F_SETFL, O_NONBLOCK);
        if (connect(client, &address.any, length) != 0 && errno != EINPROGRESS) {
            break;
        }
        /* Loopback answers at once as long as there is room. */
        struct pollfd entry = {.fd = client, .events = POLLOUT};
        if (poll(&entry, 1, 100) == 0) {
            return true;
        }
    }
    net_hole_close(hole);
    return false;
}

void net_hole_close(net_hole *hole) {
    for (size_t i = 0; i < hole->count; i++) {
        close(hole->clients[i]);
    }
    hole->count = 0;
    if (hole->listener >= 0) {
        close(hole->listener);
        hole->listener = -1;
    }
}

static size_t count_entries(const char *folder) {
    DIR *list = opendir(folder);
    if (list == NULL) {
        return 0;
    }
    size_t count = 0;
    while (readdir(list) != NULL) {
        count++;
    }
    closedir(list);
    return count;
}

size_t net_count_descriptors(void) {
    return count_entries("/dev/fd");
}

static void *do_nothing(void *argument) {
    return argument;
}

/* A sanitizer may start a thread of its own together with the first of the program's. */
static size_t count_idle_threads(void) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, do_nothing, NULL) == 0) {
        pthread_join(thread, NULL);
    }
    return count_entries("/proc/self/task");
}

bool net_wait_for_threads(void) {
    static size_t idle;
    if (idle == 0) {
        idle = count_idle_threads();
    }
    for (int i = 0; i < 10000; i++) {
        size_t count = count_entries("/proc/self/task");
        if (count <= idle) {
            idle = count; /* the thread of the first call may have lingered */
            return true;
        }
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    return false;
}

/* ---- getaddrinfo() ---- */

enum { MOST_ANSWERS = 100, HOST_SIZE = 64 };

typedef struct answer {
    char host[HOST_SIZE];
    char literal[INET6_ADDRSTRLEN];
    uint16_t port;
} answer;

/* An entry of the list and the address that it points to, freed together. */
typedef struct answer_entry {
    struct addrinfo info;
    any_address address;
} answer_entry;

static struct {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool held;
    unsigned calls;
    unsigned running;
    unsigned most_running;
    int error;
    int system_error;
    resolver_call last;
    answer answers[MOST_ANSWERS];
    size_t count;
} resolver = {.mutex = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

void resolver_reset(void) {
    pthread_mutex_lock(&resolver.mutex);
    resolver.held = false;
    resolver.calls = 0;
    resolver.running = 0;
    resolver.most_running = 0;
    resolver.error = 0;
    resolver.count = 0;
    pthread_mutex_unlock(&resolver.mutex);
}

void resolver_reset_in_child(void) {
    /* Those that waited, or held the mutex, are not here. */
    resolver.mutex = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
    resolver.changed = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
    resolver_reset();
}

void resolver_add(const char *host, const char *literal, uint16_t port) {
    pthread_mutex_lock(&resolver.mutex);
    if (resolver.count == MOST_ANSWERS) {
        abort();
    }
    answer *added = &resolver.answers[resolver.count++];
    snprintf(added->host, sizeof added->host, "%s", host);
    snprintf(added->literal, sizeof added->literal, "%s", literal);
    added->port = port;
    pthread_mutex_unlock(&resolver.mutex);
}

void resolver_fail(int error, int system_error) {
    pthread_mutex_lock(&resolver.mutex);
    resolver.error = error;
    resolver.system_error = system_error;
    pthread_mutex_unlock(&resolver.mutex);
}

static void set_held(bool held) {
    pthread_mutex_lock(&resolver.mutex);
    resolver.held = held;
    pthread_cond_broadcast(&resolver.changed);
    pthread_mutex_unlock(&resolver.mutex);
}

void resolver_hold(void) {
    set_held(true);
}

void resolver_release(void) {
    set_held(false);
}

void resolver_wait_for_calls(unsigned count) {
    pthread_mutex_lock(&resolver.mutex);
    while (resolver.calls < count) {
        pthread_cond_wait(&resolver.changed, &resolver.mutex);
    }
    pthread_mutex_unlock(&resolver.mutex);
}

unsigned resolver_count_calls(void) {
    pthread_mutex_lock(&resolver.mutex);
    unsigned calls = resolver.calls;
    pthread_mutex_unlock(&resolver.mutex);
    return calls;
}

unsigned resolver_count_together(void) {
    pthread_mutex_lock(&resolver.mutex);
    unsigned most = resolver.most_running;
    pthread_mutex_unlock(&resolver.mutex);
    return most;
}

resolver_call resolver_last_call(void) {
    pthread_mutex_lock(&resolver.mutex);
    resolver_call last = resolver.last;
    pthread_mutex_unlock(&resolver.mutex);
    return last;
}

/* A signal that is not blocked in this thread, though it could be. */
static int find_open_signal(void) {
    static const int signals[] = {SIGINT, SIGTERM, SIGALRM, SIGCHLD, SIGPIPE, SIGUSR1, SIGHUP};
    sigset_t blocked;
    pthread_sigmask(SIG_SETMASK, NULL, &blocked);
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
        if (sigismember(&blocked, signals[i]) == 0) {
            return signals[i];
        }
    }
    return 0;
}

/* TSan's own storage comes out of a thread's stack, and leaves less than was asked for. */
#if defined(__SANITIZE_THREAD__)
enum { DEPTH = 64 * 1024 };
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
enum { DEPTH = 64 * 1024 };
#else
enum { DEPTH = 256 * 1024 };
#endif
#else
enum { DEPTH = 256 * 1024 };
#endif

/* As deep as the modules of a C library may go: a thread with too small a stack dies here. */
static void use_stack(void) {
    volatile char deep[DEPTH];
    for (size_t i = 0; i < sizeof deep; i += 1024) {
        deep[i] = 1;
    }
}

static struct addrinfo *make_entry(const answer *from, uint16_t port) {
    answer_entry *entry = calloc(1, sizeof *entry);
    if (entry == NULL) {
        abort();
    }
    socklen_t length = 0;
    parse_address(from->literal, from->port != 0 ? from->port : port, &entry->address, &length);
    entry->info.ai_addr = &entry->address.any;
    entry->info.ai_addrlen = length;
    entry->info.ai_family = entry->address.any.sa_family;
    return &entry->info;
}

int getaddrinfo(const char *restrict host, const char *restrict service,
                const struct addrinfo *restrict hints, struct addrinfo **restrict list) {
    int open_signal = find_open_signal();
    use_stack();
    pthread_mutex_lock(&resolver.mutex);
    resolver.last = (resolver_call){
        .flags = hints->ai_flags,
        .family = hints->ai_family,
        .socktype = hints->ai_socktype,
        .open_signal = open_signal,
    };
    resolver.calls++;
    resolver.running++;
    if (resolver.running > resolver.most_running) {
        resolver.most_running = resolver.running;
    }
    pthread_cond_broadcast(&resolver.changed);
    while (resolver.held) {
        pthread_cond_wait(&resolver.changed, &resolver.mutex);
    }
    resolver.running--;
    int error = resolver.error;
    int system_error = resolver.system_error;
    struct addrinfo *first = NULL;
    struct addrinfo **end = &first;
    for (size_t i = 0; error == 0 && i < resolver.count; i++) {
        if (strcmp(resolver.answers[i].host, host) == 0) {
            *end = make_entry(&resolver.answers[i], (uint16_t)strtoul(service, NULL, 10));
            end = &(*end)->ai_next;
        }
    }
    pthread_mutex_unlock(&resolver.mutex);
    if (error == 0 && first == NULL) {
        error = EAI_NONAME;
    }
    if (error == 0) {
        *list = first;
    }
    errno = system_error;
    return error;
}

void freeaddrinfo(struct addrinfo *list) {
    while (list != NULL) {
        struct addrinfo *next = list->ai_next;
        free(list); /* the beginning of an answer_entry */
        list = next;
    }
}
