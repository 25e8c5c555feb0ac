/* SPDX-License-Identifier: MIT */
/* request_plan: what a transfer keeps of its request, from which each hop and each retry is built
 * anew. */
#ifndef FERRY_SESSION_REQUEST_PLAN_H
#define FERRY_SESSION_REQUEST_PLAN_H

#include "base/context.h"
#include "ferry_session.h"

typedef struct ferry_request_plan {
    char *block; /* what the pointers below point into, but for what is borrowed */
    size_t size;

    ferry_session_request request; /* numbers are the ones that hold: the defaults are filled in */
    ferry_tls_options tls;
    ferry_fetch_options fetch;
    ferry_timeouts timeouts;
    size_t header_count;
    char *authorization; /* the line for the first origin; NULL: none */
    const char **lines;  /* room for the lines of a hop */
} ferry_request_plan;

enum {
    FERRY_PLAN_MORE_LINES = 9, /* that a hop may have beside the caller's, NULL included */
    FERRY_DEFAULT_REDIRECTS = 20,
    FERRY_DEFAULT_RETRIES = 2,
    FERRY_DEFAULT_RETRY_AFTER_MS = 60000,
};

/* Copies the request. INVALID_PARAMETER, with a detail: something in it is wrong. OUT_OF_MEMORY.
 * The plan is then empty. */
FERRY_MUST_USE ferry_error ferry_request_plan_make(ferry_request_plan *plan, ferry_context *context,
                                                   const ferry_session_request *request);

/* Sets the line of Basic for a URL's own "user:password", percent-encoded. Does nothing where the
 * request has credentials. INVALID_PARAMETER, OUT_OF_MEMORY. */
FERRY_MUST_USE ferry_error ferry_request_plan_take_userinfo(ferry_request_plan *plan,
                                                            ferry_context *context,
                                                            const char *userinfo);

/* Fills in the lines of a hop: the credentials, the cookies (NULL: none), the caller's headers, and
 * `more` (5 at most). `is_first_origin`: all of them; otherwise those that may go to another
 * origin. `drops_body`: none that describes a body. */
const char *const *ferry_request_plan_list_lines(ferry_request_plan *plan, bool is_first_origin,
                                                 bool drops_body, const char *cookies,
                                                 const char *const *more, size_t more_count);

/* True where the caller's headers have a Cookie line. */
bool ferry_request_plan_has_cookies(const ferry_request_plan *plan);

/* True where the body, if there is one, can be sent again. */
bool ferry_request_plan_is_repeatable(const ferry_request_plan *plan);

/* Wipes and frees what it holds. */
void ferry_request_plan_deinit(ferry_request_plan *plan, const ferry_context *context);

#endif
