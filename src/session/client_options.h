/* SPDX-License-Identifier: MIT */
/* client_options: a copy of a client's options, for clients that are made later. */
#ifndef FERRY_SESSION_CLIENT_OPTIONS_H
#define FERRY_SESSION_CLIENT_OPTIONS_H

#include "base/context.h"

typedef struct ferry_client_options_copy ferry_client_options_copy;

/* NULL: there is no memory. */
ferry_client_options_copy *ferry_client_options_copy_new(const ferry_context *context,
                                                         const ferry_client_options *options);

/* Wipes what it holds. NULL is legal. */
void ferry_client_options_copy_free(const ferry_context *context, ferry_client_options_copy *copy);

ferry_client_options *ferry_client_options_copy_get(ferry_client_options_copy *copy);

#endif
