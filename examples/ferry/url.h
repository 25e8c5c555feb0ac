/* SPDX-License-Identifier: MIT */
/* url: what a typed URL is made into, and the name of a file that it gives. */
#ifndef FERRY_CLI_URL_H
#define FERRY_CLI_URL_H

#include "options.h"

/* Writes the URL of a request: with a scheme, with the query that the options add, and for an
 * upload to a folder with the file's name. On failure *problem is a sentence that stays valid until
 * the next call. */
cli_exit cli_url_make(cli_text *url, const cli_group *group, const char *typed, const char *upload,
                      const char **problem);

/* The decoded "user:password" of a URL; NULL: it has none. On the heap. */
char *cli_url_userinfo(const char *url);

/* The name of the file that -O writes: the last part of the typed URL's path, as it was typed.
 * NULL: there is none, or one that leads out of the folder once it is decoded; *problem says so. */
char *cli_url_name(const char *typed, const char **problem);

#endif
