/* SPDX-License-Identifier: MIT */
/* script_client: a client over a stream that plays a script. */
#ifndef FERRY_SCRIPT_CLIENT_H
#define FERRY_SCRIPT_CLIENT_H

#include "ferry.h"
#include "script_stream.h"

/* A user agent that is short, and no content codings. */
ferry_client_options script_client_options(void);

/* A client whose connection gives the response, whatever is asked. */
ferry_client *script_client_new(script_stream *script, const char *response,
                                const ferry_client_options *options);

/* All that was sent over the connection is this. */
void script_client_check_sent(const script_stream *script, const char *expected);

/* Polls and reads until the exchange is over. */
ferry_error script_client_finish(ferry_client *client, char *body, size_t room, size_t *length);

#endif
