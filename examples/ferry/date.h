/* SPDX-License-Identifier: MIT */
/* date: dates as people write them, and those of HTTP. */
#ifndef FERRY_CLI_DATE_H
#define FERRY_CLI_DATE_H

#include <stdbool.h>
#include <stdint.h>

/* Reads "Tue, 13 Jun 2000 12:10:00 GMT" and its elders (RFC 9110 section 5.6.7), and
 * "2000-06-13 12:10:00", "13 Jun 2000", "20000613" and the like, in UTC unless a zone is named.
 * False: it is no date. */
bool cli_date_read(const char *text, int64_t *time_s);

/* When the file was changed last. False: there is none. */
bool cli_file_time(const char *file, int64_t *time_s);

/* "Tue, 13 Jun 2000 12:10:00 GMT" */
enum { CLI_DATE_SIZE = 32 };
void cli_date_write(int64_t time_s, char text[CLI_DATE_SIZE]);

#endif
