/* SPDX-License-Identifier: MIT */
/* conversation_state: what the files of a conversation share. */
#ifndef FERRY_SOAK_CONVERSATION_STATE_H
#define FERRY_SOAK_CONVERSATION_STATE_H

#include "chance.h"
#include "conversation.h"
#include "memory.h"

#include <stdatomic.h>

typedef enum conversation_phase {
    CONVERSATION_CONNECT,
    CONVERSATION_CONNECTING,
    CONVERSATION_AWAIT_WORDS, /* the server speaks first, or hangs up */
    CONVERSATION_SEND,
    CONVERSATION_EXCHANGE,
    CONVERSATION_AWAIT_DEED, /* the server does something to the idle connection */
    CONVERSATION_NEXT,
    CONVERSATION_OVER,
} conversation_phase;

struct soak_conversation {
    soak_plan plan;
    const conversation_setup *setup;
    soak_chance chance; /* what is decided on the way */
    soak_memory memory;
    ferry_client *client;
    conversation_phase phase;
    size_t steps;
    size_t barren_steps; /* since something got on */
    int64_t settled_ms;  /* what the server did has arrived by then; 0: it is not done */
    int64_t wake_ms;     /* the program does nothing before */
    _Atomic int64_t progress_ms;

    unsigned connections; /* that were begun */
    soak_link link;
    server_door door;
    int64_t connect_since_ms;

    unsigned requests; /* that were begun */
    soak_script script;
    uint64_t number;
    bool is_spoilt; /* the server has done something to the idle connection */
    bool was_kept;  /* the connection carried an exchange before */
    int64_t request_since_ms;
    char *upload;
    size_t uploaded;
    bool is_upload_done;
    bool has_to_write; /* it is the program that must go on, not the client */
    bool has_rested;   /* the reset is there before the next write */
    bool was_stopped;
    size_t received;
    bool is_wrong; /* there has been a finding, others would follow from it */
    ferry_status status_seen;
    int64_t bytes_seen; /* of bodies, both ways, as the client counts them */
};

int64_t conversation_now_ms(void);

/* Something got on. */
void conversation_note_progress(soak_conversation *conversation);

/* A finding, with what there is to know. */
__attribute__((format(printf, 2, 3))) void conversation_add_finding(soak_conversation *conversation,
                                                                    const char *format, ...);

/* True where the error may be had because memory ran out on purpose. */
bool conversation_starved(const soak_conversation *conversation, ferry_error error);

bool conversation_is_connect_again(ferry_error error);

/* ---- conversation_exchange.c ---- */

void conversation_begin_request(soak_conversation *conversation);
void conversation_send(soak_conversation *conversation);
void conversation_exchange(soak_conversation *conversation);

/* ---- conversation_judge.c ---- */

/* The exchange has ended so. */
void conversation_judge(soak_conversation *conversation, ferry_error outcome);
void conversation_judge_connecting(soak_conversation *conversation, ferry_error outcome);
/* A request was refused because the connection has gone. */
void conversation_judge_again(soak_conversation *conversation);

#endif
