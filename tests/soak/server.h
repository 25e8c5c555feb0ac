/* SPDX-License-Identifier: MIT */
/* server: the origin and the proxies, a thread for each connection. */
#ifndef FERRY_SOAK_SERVER_H
#define FERRY_SOAK_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a port is. */
typedef enum server_door {
    SERVER_DOOR_HTTP,
    SERVER_DOOR_HTTPS_1_2,
    SERVER_DOOR_HTTPS_NO_TICKET,
    SERVER_DOOR_HTTPS_TICKET,
    SERVER_DOOR_HTTPS_TICKETS, /* many of them */
    SERVER_DOOR_PROXY,
    SERVER_DOOR_PROXY_TLS,
    SERVER_DOOR_SLAM,  /* closes each connection at once */
    SERVER_DOOR_SPEAK, /* speaks before it is asked */
    SERVER_DOOR_COUNT,
} server_door;

void server_start(void);
/* All connections must have been closed by the clients. Gives how many are still open after
 * `timeout_ms`. */
size_t server_stop(int timeout_ms);

int server_port(server_door door);
bool server_is_stopping(void);
size_t server_connections(void); /* that were ever made */

/* ---- What the server has done with a request, by the number that the client gave it ---- */

void server_note_done(uint64_t number, uint64_t seed);
bool server_is_done(uint64_t number, uint64_t seed);

/* How often this has been called for the request since it began. */
void server_begin_attempts(uint64_t number);
unsigned server_count_attempt(uint64_t number);

#endif
