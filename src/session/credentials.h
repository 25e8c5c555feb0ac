/* SPDX-License-Identifier: MIT */
/* credentials: the Authorization line of a request (RFC 7617, RFC 6750). */
#ifndef FERRY_SESSION_CREDENTIALS_H
#define FERRY_SESSION_CREDENTIALS_H

#include "base/context.h"
#include "base/span.h"

/* A line "Authorization: Basic …", to be wiped and freed with ferry_credentials_free(). A NULL
 * password is an empty one. INVALID_PARAMETER, with a detail that repeats neither; OUT_OF_MEMORY.
 */
FERRY_MUST_USE ferry_error ferry_credentials_basic(ferry_context *context, const char *user,
                                                   const char *password, char **line);

/* The same of a URL's "user:password", percent-encoded. */
FERRY_MUST_USE ferry_error ferry_credentials_of_url(ferry_context *context, const char *userinfo,
                                                    char **line);

/* A line "Authorization: Bearer …". */
FERRY_MUST_USE ferry_error ferry_credentials_bearer(ferry_context *context, const char *token,
                                                    char **line);

void ferry_credentials_free(const ferry_context *context, char *line);

#endif
