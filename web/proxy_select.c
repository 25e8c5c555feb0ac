/* SPDX-License-Identifier: MIT */
/* proxy_select: the browser's own business, so that all there is to do is to say so. */
#include "client/proxy_select.h"

struct ferry_routing {
    const char *refusal;
};

/* Stand for options that ask for what is not there. */
static ferry_routing asks_for_resolve = {
    "a browser looks names up itself: `resolve` cannot be chosen there",
};
static ferry_routing asks_for_proxy_headers = {
    "proxies are the browser's: there are no proxy_headers for them",
};

ferry_error ferry_routing_new(ferry_context *context, const ferry_client_options *options,
                              ferry_routing **routing) {
    (void)context;
    *routing = options->resolve != NULL         ? &asks_for_resolve
               : options->proxy_headers != NULL ? &asks_for_proxy_headers
                                                : NULL;
    return FERRY_OK;
}

void ferry_routing_free(ferry_context *context, ferry_routing *routing) {
    (void)context;
    (void)routing;
}

ferry_error ferry_routing_set_proxy(ferry_context *context, ferry_routing **routing, bool secure,
                                    const char *host, uint16_t port) {
    (void)routing;
    (void)secure;
    (void)port;
    if (host == NULL) {
        return FERRY_OK;
    }
    return ferry_fail(context, FERRY_ERROR_UNAVAILABLE,
                      "proxies are the browser's: they cannot be chosen there");
}

ferry_error ferry_routing_choose(ferry_context *context, ferry_routing *routing, ferry_span host,
                                 ferry_origin *origin) {
    (void)host;
    (void)origin;
    if (routing == NULL) {
        return FERRY_OK;
    }
    return ferry_fail(context, FERRY_ERROR_UNAVAILABLE, "%s", routing->refusal);
}
