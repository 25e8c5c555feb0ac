/* SPDX-License-Identifier: MIT */
/* answer: does with one request what its script says. */
#ifndef FERRY_SOAK_ANSWER_H
#define FERRY_SOAK_ANSWER_H

#include "intake.h"

/* False: the connection is done with. Notes that the request is done where it comes to that. */
bool answer_give(soak_intake *intake, const intake_head *head, const soak_script *script,
                 uint64_t number);

#endif
