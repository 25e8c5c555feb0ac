/* SPDX-License-Identifier: MIT */
/* net_fixture: sockets on the loopback interface that listen, refuse or never answer, and a
 * getaddrinfo() that answers what a test says and when it says so. A program that is linked with
 * it asks no name server. */
#ifndef FERRY_TESTS_NET_FIXTURE_H
#define FERRY_TESTS_NET_FIXTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- Sockets ---- */

/* "127.0.0.1" or "::1". */
const char *net_loopback(bool is_ipv6);

/* A socket that listens on a port of its own; -1 where the address family is absent. */
int net_listen(bool is_ipv6, uint16_t *port);

/* One that holds a port on which nobody listens, so that connections are refused. */
int net_refuse(bool is_ipv6, uint16_t *port);

/* A listening socket whose queue is full: connecting to it neither succeeds nor fails. */
enum { NET_HOLE_CLIENTS = 300 };
typedef struct net_hole {
    int listener;
    int clients[NET_HOLE_CLIENTS];
    size_t count;
    uint16_t port;
} net_hole;
bool net_hole_open(net_hole *hole, bool is_ipv6);
void net_hole_close(net_hole *hole);

/* How many descriptors this process has open. */
size_t net_count_descriptors(void);

/* Waits until there are no more threads than when this was first called, where the system lists
 * them. False: that took more than ten seconds. */
bool net_wait_for_threads(void);

/* ---- getaddrinfo() ---- */

/* Forgets the answers, and lets calls through. Not while calls are under way. */
void resolver_reset(void);

/* The same in a child after fork(), where the calls of the parent are not under way. */
void resolver_reset_in_child(void);

/* Adds an address to the answer for `host`; port 0 is the port that was asked for. */
void resolver_add(const char *host, const char *literal, uint16_t port);

/* Every call fails from now on. */
void resolver_fail(int error, int system_error);

/* Calls wait until they are released. */
void resolver_hold(void);
void resolver_release(void);

/* Waits until there were `count` calls since the reset. */
void resolver_wait_for_calls(unsigned count);
unsigned resolver_count_calls(void);

/* How many calls there were at the same time, at most. */
unsigned resolver_count_together(void);

/* What the last call was given, and the signal that it could have been interrupted by, or 0. */
typedef struct resolver_call {
    int flags;
    int family;
    int socktype;
    int open_signal;
} resolver_call;
resolver_call resolver_last_call(void);

#endif
