/* SPDX-License-Identifier: MIT */
/* session_task: one transfer: what it asks for, what its program does to it, and the judgement. */
#ifndef FERRY_SOAK_SESSION_TASK_H
#define FERRY_SOAK_SESSION_TASK_H

#include "chance.h"
#include "errand.h"
#include "server.h"

#include "ferry_session.h"

enum { TASK_NAMES = 2, TASK_PATH_SIZE = 256, TASK_MOST_ERRORS = 32 };

/* Where a body goes. */
typedef enum task_sink {
    TASK_SINK_MEMORY,
    TASK_SINK_DST,
    TASK_SINK_DATA,
    TASK_SINK_OWNER,
    TASK_SINK_FILE,
    TASK_SINK_COUNT,
} task_sink;

/* What the program does, where it does not wait for the end. */
typedef enum task_deed {
    TASK_DEED_NONE,
    TASK_DEED_FREE,   /* when its time has come, or in a function */
    TASK_DEED_CANCEL, /* the same */
    TASK_DEED_DETACH,
    TASK_DEED_REFUSE, /* on_head or on_data gives an error */
} task_deed;

typedef enum task_place {
    TASK_PLACE_TURN, /* between polls */
    TASK_PLACE_HEAD,
    TASK_PLACE_DATA,
    TASK_PLACE_PROGRESS,
    TASK_PLACE_DONE,
    TASK_PLACE_COUNT,
} task_place;

/* What all tasks of a session share. */
typedef struct task_group {
    uint64_t seed; /* of the round */
    soak_chance chance;
    ferry_session *session;
    const char *folder;
    uint64_t steady[TASK_NAMES]; /* names without faults, which many connections share */
    uint64_t faulty[TASK_NAMES]; /* for TLS */
    bool has_tls;
    bool is_proxied;
    unsigned tls_share;      /* in percent: a handshake costs more than hundreds of requests */
    server_door doors[2];    /* for TLS */
    struct soak_task *tasks; /* all that are not freed */
    size_t count;

    size_t finished;
    size_t errors[TASK_MOST_ERRORS];
    size_t cancelled;
    size_t redirects;
    size_t retries;
    size_t bytes;
} task_group;

typedef struct soak_task soak_task;

/* Starts a transfer. */
void task_start(task_group *group);

/* What programs do between polls: reads, cancels, frees. The task may be gone then. */
void task_turn(soak_task *task);

/* The next one of the group; NULL: there is none. */
soak_task *task_next(const soak_task *task);

/* Its transfer is done, as ferry_session_next_done() says: judges and frees it. */
void task_harvest(ferry_transfer *transfer);

/* Says of each from here on what it waits for, as findings. */
void task_report(soak_task *task);

/* The session is gone. */
void task_outlive(soak_task *task);

#endif
