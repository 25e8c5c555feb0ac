/* SPDX-License-Identifier: MIT */
/* session_task_state: what the files of a session's tasks share. */
#ifndef FERRY_SOAK_SESSION_TASK_STATE_H
#define FERRY_SOAK_SESSION_TASK_STATE_H

#include "session_task.h"

/* In a file that a download is to replace. */
#define TASK_OLD_TEXT "what was there before"

struct soak_task {
    soak_task *next;
    soak_task **link; /* what points to it */
    task_group *group;
    ferry_transfer *transfer;
    soak_chance chance;

    soak_errand errand;
    soak_link wire; /* what befalls its connection */
    bool is_slammed;
    uint64_t number;
    task_sink sink;
    task_deed deed;
    task_place place;
    size_t deed_in; /* so many turns or calls */
    bool any_status;
    ferry_send_again send_again;
    bool can_rewind;
    bool body_fails;
    bool has_wrong_integrity;
    int laziness; /* an owner reads in one turn of so many */

    char *upload;
    size_t uploaded;
    char *dst;
    size_t dst_capacity;
    char path[TASK_PATH_SIZE];
    bool has_old_file;

    size_t received; /* by on_data or the owner */
    bool is_wrong;   /* a finding was made: one is enough */
    bool was_cancelled;
    bool was_refused; /* by a function of its own */
    bool may_abort;   /* all were cancelled */
    unsigned done_calls;
};

/* A finding, with all that there is to know. */
__attribute__((format(printf, 2, 3))) void task_add_finding(soak_task *task, const char *format,
                                                            ...);

/* These bytes of the body have come to the program. */
void task_take(soak_task *task, const void *bytes, size_t length);

/* Once, when the transfer is done. */
void task_judge(soak_task *task);

/* Frees the transfer, unless the session does that, and the task. */
void task_free(soak_task *task, bool has_transfer);

#endif
