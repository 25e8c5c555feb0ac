/* SPDX-License-Identifier: MIT */
/* request_plan: everything that is copied stands in one block; credentials are a line of their own.
 */
#include "request_plan.h"

#include "base/span.h"
#include "credentials.h"
#include "message/tls_pack.h"

#include <string.h>

/* ---- What is wrong with a request ---- */

static bool headers_have_cookie(const char *const *lines) {
    for (; lines != NULL && *lines != NULL; lines++) {
        if (ferry_span_equals((ferry_span){*lines, strcspn(*lines, ":")}, FERRY_SPAN("Cookie"))) {
            return true;
        }
    }
    return false;
}

static const char *find_fault(const ferry_session_request *request) {
    int bodies = (request->body != NULL) + (request->body_read != NULL) +
                 (request->body_file != NULL) + request->owner_writes;
    int places =
        (request->dst != NULL) + (request->functions.on_data != NULL) + request->owner_reads;
    if (request->url == NULL) {
        return "the request has no URL";
    }
    if (bodies > 1) {
        return "the request has two bodies: give one of body, body_read, body_file and "
               "owner_writes";
    }
    if (request->owner_writes && request->body_rewind != NULL) {
        return "the request has a body_rewind without a body_read";
    }
    if (request->body == NULL && request->body_length > 0) {
        return "the request has a body_length but no body";
    }
    if (places > 1) {
        return "the response has two places to go: give one of dst, on_data and owner_reads";
    }
    if (request->dst == NULL && request->dst_capacity > 0) {
        return "the request has a dst_capacity but no dst";
    }
    if (request->max_body_bytes < 0 || request->expected_bytes < 0) {
        return "max_body_bytes and expected_bytes cannot be negative";
    }
    if (request->max_bytes_per_second < 0) {
        return "max_bytes_per_second cannot be negative";
    }
    if (request->max_retry_after_ms < 0) {
        return "max_retry_after_ms cannot be negative";
    }
    if (request->bearer != NULL && request->user != NULL) {
        return "the request has two kinds of credentials: give bearer or user";
    }
    if (request->user == NULL && request->password != NULL) {
        return "the request has a password but no user";
    }
    if ((int)request->send_again < FERRY_SEND_AGAIN_BY_METHOD ||
        (int)request->send_again > FERRY_SEND_AGAIN_NO) {
        return "send_again is no ferry_send_again";
    }
    return NULL;
}

/* ---- The copy ---- */

/* While sizes are counted the plan's pointers are NULL, which nobody reads. */
static void plan_pack(ferry_request_plan *plan, ferry_packer *packer,
                      const ferry_session_request *request) {
    ferry_session_request *to = &plan->request;
    *to = *request;
    to->headers = ferry_pack_lines(packer, request->headers);
    plan->header_count = 0;
    while (request->headers != NULL && request->headers[plan->header_count] != NULL) {
        plan->header_count++;
    }
    plan->lines =
        ferry_pack_room(packer, (plan->header_count + FERRY_PLAN_MORE_LINES) * sizeof *plan->lines);
    to->url = ferry_pack_text(packer, request->url);
    to->body_file = ferry_pack_text(packer, request->body_file);
    to->integrity = ferry_pack_text(packer, request->integrity);
    to->method_name = ferry_pack_text(packer, request->method_name);
    to->cookies = ferry_pack_text(packer, request->cookies);
    if (request->copy_body) {
        to->body = ferry_pack_bytes(packer, request->body, request->body_length);
    }
    if (request->fetch != NULL) {
        to->keepalive = request->keepalive || request->fetch->keepalive;
        plan->fetch = *request->fetch;
        plan->fetch.integrity = ferry_pack_text(packer, request->fetch->integrity);
        to->fetch = &plan->fetch;
    }
    if (request->timeouts != NULL) {
        plan->timeouts = *request->timeouts;
    }
    to->timeouts = &plan->timeouts;
    if (request->tls != NULL) {
        plan->tls = *request->tls;
        ferry_tls_options_pack(packer, &plan->tls);
        to->tls = &plan->tls;
    }
    /* They are kept as the line that they make. */
    to->bearer = NULL;
    to->user = NULL;
    to->password = NULL;
}

static void plan_set_defaults(ferry_session_request *request) {
    if (request->max_redirects == 0) {
        request->max_redirects = FERRY_DEFAULT_REDIRECTS;
    }
    if (request->max_retries == 0) {
        request->max_retries = FERRY_DEFAULT_RETRIES;
    }
    if (request->max_retry_after_ms == 0) {
        request->max_retry_after_ms = FERRY_DEFAULT_RETRY_AFTER_MS;
    }
}

static ferry_error plan_take_credentials(ferry_request_plan *plan, ferry_context *context,
                                         const ferry_session_request *request) {
    char *line = NULL;
    ferry_error error = FERRY_OK;
    if (request->bearer != NULL) {
        error = ferry_credentials_bearer(context, request->bearer, &line);
    } else if (request->user != NULL) {
        error = ferry_credentials_basic(context, request->user, request->password, &line);
    }
    plan->authorization = line;
    return error;
}

ferry_error ferry_request_plan_make(ferry_request_plan *plan, ferry_context *context,
                                    const ferry_session_request *request) {
    *plan = (ferry_request_plan){0};
    const char *fault = find_fault(request);
    if (fault == NULL && request->cookies != NULL && headers_have_cookie(request->headers)) {
        fault = "the request has two kinds of cookies: give cookies or a Cookie line";
    }
    if (fault != NULL) {
        return ferry_fail(context, FERRY_ERROR_INVALID_PARAMETER, "%s", fault);
    }
    ferry_packer counter = {0};
    plan_pack(plan, &counter, request);
    char *block = ferry_alloc(context, counter.size);
    if (block == NULL) {
        *plan = (ferry_request_plan){0};
        return ferry_fail_memory(context);
    }
    ferry_packer packer = {.block = block};
    plan_pack(plan, &packer, request);
    plan->block = block;
    plan->size = packer.size;
    plan_set_defaults(&plan->request);
    ferry_error error = plan_take_credentials(plan, context, request);
    if (error != FERRY_OK) {
        ferry_request_plan_deinit(plan, context);
    }
    return error;
}

ferry_error ferry_request_plan_take_userinfo(ferry_request_plan *plan, ferry_context *context,
                                             const char *userinfo) {
    if (plan->authorization != NULL) {
        return FERRY_OK;
    }
    char *line = NULL;
    ferry_error error = ferry_credentials_of_url(context, userinfo, &line);
    plan->authorization = line;
    return error;
}

/* ---- The lines of a hop ---- */

/* What may go to an origin that the program has not named: nothing here can be a secret. */
static bool may_go_elsewhere(ferry_span name) {
    static const char *const names[] = {
        "Accept",
        "Accept-Language",
        "Accept-Encoding",
        "Cache-Control",
        "Content-Type",
        "Content-Encoding",
        "Content-Language",
        "Pragma",
        "Range",
        "User-Agent",
        "If-Match",
        "If-None-Match",
        "If-Range",
        "If-Modified-Since",
        "If-Unmodified-Since",
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (ferry_span_equals(name, ferry_span_of(names[i]))) {
            return true;
        }
    }
    return false;
}

/* Fetch standard, "request-body-header name", and what else is about a body. */
static bool describes_body(ferry_span name) {
    return ferry_span_starts_with(name, FERRY_SPAN("Content-")) ||
           ferry_span_equals(name, FERRY_SPAN("Expect"));
}

const char *const *ferry_request_plan_list_lines(ferry_request_plan *plan, bool is_first_origin,
                                                 bool drops_body, const char *cookies,
                                                 const char *const *more, size_t more_count) {
    size_t count = 0;
    bool all_follow = is_first_origin || plan->request.headers_follow;
    bool has_own = false;
    for (size_t i = 0; i < plan->header_count; i++) {
        const char *line = plan->request.headers[i];
        ferry_span name = {line, strcspn(line, ":")};
        bool goes = all_follow || may_go_elsewhere(name);
        /* Host names the first origin, whatever follows. */
        goes = goes && (is_first_origin || !ferry_span_equals(name, FERRY_SPAN("Host")));
        if (goes && !(drops_body && describes_body(name))) {
            plan->lines[count++] = line;
            has_own = has_own || ferry_span_equals(name, FERRY_SPAN("Authorization"));
        }
    }
    if (plan->authorization != NULL && all_follow && !has_own) {
        plan->lines[count++] = plan->authorization;
    }
    if (cookies != NULL) {
        plan->lines[count++] = cookies;
    }
    for (size_t i = 0; i < more_count; i++) {
        plan->lines[count++] = more[i];
    }
    plan->lines[count] = NULL;
    return plan->lines;
}

bool ferry_request_plan_has_cookies(const ferry_request_plan *plan) {
    return headers_have_cookie(plan->request.headers);
}

bool ferry_request_plan_is_repeatable(const ferry_request_plan *plan) {
    const ferry_session_request *request = &plan->request;
    return (request->body_read == NULL && !request->owner_writes) || request->body_rewind != NULL;
}

void ferry_request_plan_deinit(ferry_request_plan *plan, const ferry_context *context) {
    ferry_credentials_free(context, plan->authorization);
    if (plan->block != NULL) {
        ferry_wipe(plan->block, plan->size);
        ferry_free(context, plan->block);
    }
    *plan = (ferry_request_plan){0};
}
