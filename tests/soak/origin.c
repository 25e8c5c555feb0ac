/* SPDX-License-Identifier: MIT */
/* origin: what the server does with a connection, in the order in which it happens. */
#include "origin.h"

#include "answer.h"
#include "errand.h"
#include "intake.h"
#include "require.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool door_is_tls(server_door door) {
    return door >= SERVER_DOOR_HTTPS_1_2 && door <= SERVER_DOOR_HTTPS_TICKETS;
}

/* Puts TLS over the channel. False: it could not be. */
static bool origin_start_tls(soak_channel **channel, server_door door) {
    channel_tls_options options = {
        .is_1_2 = door == SERVER_DOOR_HTTPS_1_2,
        .tickets = door == SERVER_DOOR_HTTPS_TICKETS  ? 6
                   : door == SERVER_DOOR_HTTPS_TICKET ? 1
                                                      : 0,
    };
    struct soak_channel *above = channel_new_tls(*channel, &options);
    if (above == NULL) {
        return false;
    }
    *channel = above;
    return true;
}

/* ---- The proxy ---- */

static server_door door_of_port(const char *host) {
    const char *colon = strrchr(host, ':');
    int port = colon != NULL ? atoi(colon + 1) : 0;
    for (int i = 0; i < SERVER_DOOR_COUNT; i++) {
        if (server_port((server_door)i) == port) {
            return (server_door)i;
        }
    }
    return SERVER_DOOR_HTTP;
}

static bool tunnel_refuse(soak_channel *channel, const soak_link *link) {
    char text[512];
    bool closes = link->fault == LINK_FAULT_REFUSED_AND_CLOSED;
    int length = snprintf(text, sizeof text, "HTTP/1.1 %d No\r\nContent-Length: 7\r\n%s\r\nrefused",
                          link->refusal, closes ? "Connection: close\r\n" : "");
    if (link->fault == LINK_FAULT_CUT_REPLY || link->fault == LINK_FAULT_STALL_REPLY) {
        length = (int)(link->after % 20);
    }
    if (link->fault == LINK_FAULT_GARBAGE_REPLY) {
        length = snprintf(text, sizeof text, "SSH-2.0-OpenSSH_9.2\r\n\r\n");
    }
    channel_write(channel, text, (size_t)length);
    if (link->fault != LINK_FAULT_REFUSED && link->fault != LINK_FAULT_STALL_REPLY) {
        channel_end(channel, SCRIPT_END_ORDERLY);
    }
    channel_drain(channel);
    return false;
}

/* Answers CONNECT. False: there is no tunnel, and the connection is done with. */
static bool origin_open_tunnel(soak_channel **channel, const intake_head *head) {
    soak_link link = link_make(link_read_name(head->host, strcspn(head->host, ":")));
    char text[512];
    int length = 0;
    for (int i = 0; i < link.interims; i++) {
        length += snprintf(text + length, sizeof text - (size_t)length,
                           "HTTP/1.1 102 Processing\r\nX-Soak: interim\r\n\r\n");
    }
    if (!channel_write(*channel, text, (size_t)length)) {
        return false;
    }
    if (link_is_refused(&link)) {
        return tunnel_refuse(*channel, &link);
    }
    length = snprintf(text, sizeof text, "HTTP/1.1 200 Tunnel\r\n%s\r\n",
                      link.has_length ? "Content-Length: 100\r\n" : "");
    return channel_write(*channel, text, (size_t)length) &&
           origin_start_tls(channel, door_of_port(head->host));
}

/* ---- Requests ---- */

/* A plain connection says with its first request what befalls it. */
static void origin_learn_link(soak_channel *channel, const intake_head *head) {
    uint64_t seed = link_read_name(head->host, strcspn(head->host, ":"));
    if (channel->below == NULL && seed != 0) {
        soak_link link = link_make(seed);
        channel_set_link(channel, &link);
    }
}

/* "/<seed>/<number>" */
static bool target_read(const char *target, uint64_t *seed, uint64_t *number) {
    unsigned long long seed_read;
    unsigned long long number_read;
    if (sscanf(target, "/%llx/%llu", &seed_read, &number_read) != 2) {
        return false;
    }
    *seed = seed_read;
    *number = number_read;
    return true;
}

/* Gives whether the connection goes on. */
static bool origin_answer(soak_intake *intake, const intake_head *head, bool is_first) {
    uint64_t seed;
    uint64_t number;
    if (errand_is_target(head->target)) {
        return errand_serve(intake, head, is_first);
    }
    if (!target_read(head->target, &seed, &number)) {
        return false;
    }
    soak_script script = script_make(seed);
    return answer_give(intake, head, &script, number);
}

static void origin_serve_requests(soak_intake *intake) {
    intake_head head;
    bool is_first = true;
    bool goes_on = true;
    while (goes_on && intake_read_head(intake, &head)) {
        if (head.is_connect) {
            goes_on = origin_open_tunnel(&intake->channel, &head);
            continue;
        }
        if (is_first) {
            origin_learn_link(intake->channel, &head);
        }
        goes_on = origin_answer(intake, &head, is_first);
        is_first = false;
    }
}

void origin_serve(int descriptor, server_door door) {
    soak_channel *channel = channel_new_socket(descriptor);
    bool goes_on = true;
    if (door_is_tls(door) || door == SERVER_DOOR_PROXY_TLS) {
        goes_on = origin_start_tls(&channel, door);
    } else if (door == SERVER_DOOR_SLAM) {
        goes_on = false;
    } else if (door == SERVER_DOOR_SPEAK) {
        static const char words[] = "HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n";
        channel_write(channel, words, sizeof words - 1);
    }
    if (goes_on) {
        soak_intake *intake = require_memory(calloc(1, sizeof *intake));
        intake->channel = channel;
        origin_serve_requests(intake);
        channel = intake->channel;
        free(intake);
    }
    channel_free(channel);
}
