/* SPDX-License-Identifier: MIT */
/* transfer_redirect: follows a redirect, or says why not. */
#include "transfer_redirect.h"

#include "pool.h"
#include "redirect.h"
#include "response.h"
#include "transfer.h"

#include <string.h>

static ferry_error check_redirect(ferry_transfer *transfer, const ferry_place *place) {
    const ferry_session_request *request = &transfer->plan.request;
    ferry_error error = ferry_transfer_check_scheme(transfer, place);
    if (error != FERRY_OK) {
        return FERRY_ERROR_REDIRECT; /* the program did nothing wrong */
    }
    if (transfer->place.parts.secure && !place->parts.secure && !request->allow_downgrade) {
        error = ferry_fail(&transfer->context, FERRY_ERROR_REDIRECT,
                           "the redirect leads from https:// to http:// (allow_downgrade)");
    }
    if (error == FERRY_OK && !transfer->becomes_get && transfer->was_sent &&
        !ferry_request_plan_is_repeatable(&transfer->plan)) {
        error = ferry_fail(&transfer->context, FERRY_ERROR_REDIRECT,
                           "the redirect asks for the request's body again, and there is no "
                           "body_rewind");
    }
    return error;
}

/* Where the method is a POST, which alone they are about. */
static bool request_keeps_post(const ferry_session_request *request, int code) {
    bool is_post = request->method_name != NULL ? strcmp(request->method_name, "POST") == 0
                                                : request->method == FERRY_METHOD_POST;
    return is_post && ((code == FERRY_RESPONSE_MOVED_PERMANENTLY && request->post_after_301) ||
                       (code == FERRY_RESPONSE_FOUND && request->post_after_302) ||
                       (code == FERRY_RESPONSE_SEE_OTHER && request->post_after_303));
}

static ferry_error transfer_redirect(ferry_transfer *transfer) {
    const ferry_session_request *request = &transfer->plan.request;
    const char *location = ferry_transfer_get_response_header(transfer, "Location", 0);
    if (transfer->redirects >= request->max_redirects) {
        return ferry_fail(&transfer->context, FERRY_ERROR_REDIRECT,
                          "the server redirects without end: after %d redirects it does so again, "
                          "from %.300s",
                          transfer->redirects, transfer->place.url);
    }
    if (!transfer->becomes_get && !request_keeps_post(request, transfer->code)) {
        transfer->becomes_get =
            ferry_redirect_becomes_get(transfer->code, request->method, request->method_name);
    }
    ferry_place place;
    ferry_error error = ferry_place_find(&place, &transfer->context, transfer->place.url, location);
    if (error != FERRY_OK) {
        /* The program did nothing wrong. */
        return error == FERRY_ERROR_INVALID_PARAMETER ? FERRY_ERROR_REDIRECT : error;
    }
    error = check_redirect(transfer, &place);
    if (error == FERRY_OK && strchr(location, '#') == NULL) {
        /* Fetch standard, HTTP-redirect fetch: it is inherited. */
        error = ferry_place_take_fragment(&place, &transfer->context, transfer->place.url);
    }
    if (error != FERRY_OK) {
        ferry_place_deinit(&place, &transfer->context);
        return error;
    }
    transfer->redirects++;
    transfer->is_first_origin =
        transfer->is_first_origin && ferry_place_has_origin_of(&transfer->place, &place);
    ferry_place_deinit(&transfer->place, &transfer->context);
    transfer->place = place;
    return FERRY_OK;
}

ferry_error ferry_transfer_return(ferry_transfer *transfer) {
    ferry_place place;
    if (transfer->redirects == 0) {
        return FERRY_OK;
    }
    ferry_error error = ferry_place_find(&place, &transfer->context, transfer->session->base_url,
                                         transfer->plan.request.url);
    if (error == FERRY_OK) {
        ferry_place_deinit(&transfer->place, &transfer->context);
        transfer->place = place;
        transfer->redirects = 0;
        transfer->is_first_origin = true;
        transfer->becomes_get = false;
    }
    return error;
}

void ferry_transfer_follow(ferry_transfer *transfer) {
    ferry_error error = transfer_redirect(transfer);
    if (error != FERRY_OK) {
        ferry_transfer_finish(transfer, error);
        return;
    }
    ferry_transfer_drop_response(transfer);
    transfer->stale_tries = 0;
    ferry_pool_submit(transfer);
}
