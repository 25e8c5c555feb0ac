/* SPDX-License-Identifier: MIT */
/* connect: makes a client of a URL and the options for proxies, and begins to connect it. */
#ifndef FERRY_CONNECT_H
#define FERRY_CONNECT_H

#include "options.h"

#include <ferry.h>

/* The hosts that are reached without a proxy, for ferry_client_options; NULL: none. */
const char *cli_no_proxy(const cli_options *options);

/* Starts to connect. `storage` keeps the strings of `url`, and is freed by the caller. Where it
 * fails `detail` is a sentence about it. */
ferry_error cli_connect(ferry_client *client, const cli_options *options, char **storage,
                        ferry_url *url, const char **detail);

#endif
