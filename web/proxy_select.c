/* SPDX-License-Identifier: MIT */
/* proxy_select: refuses proxies, which a browser chooses by its own settings. */
#include "client/proxy_select.h"

struct ferry_proxy_select {
    const char *refusal;
};

/* Stand for options that ask for what is not there. */
static ferry_proxy_select asks_for_resolve = {
    "a browser looks names up itself: `resolve` cannot be chosen there",
};
static ferry_proxy_select asks_for_connect_to = {
    "a browser connects to the host of the URL: `connect_to` cannot be chosen there",
};
static ferry_proxy_select asks_for_proxy_headers = {
    "proxies are the browser's: there are no proxy_headers for them",
};

ferry_error ferry_proxy_select_new(ferry_context *context, const ferry_client_options *options,
                                   ferry_proxy_select **select) {
    (void)context;
    *select = options->resolve != NULL         ? &asks_for_resolve
              : options->connect_to != NULL    ? &asks_for_connect_to
              : options->proxy_headers != NULL ? &asks_for_proxy_headers
                                               : NULL;
    return FERRY_OK;
}

void ferry_proxy_select_free(ferry_context *context, ferry_proxy_select *select) {
    (void)context;
    (void)select;
}

ferry_error ferry_proxy_select_set_proxy(ferry_context *context, ferry_proxy_select **select,
                                         bool secure, const char *host, uint16_t port) {
    (void)select;
    (void)secure;
    (void)port;
    if (host == NULL) {
        return FERRY_OK;
    }
    return ferry_fail(context, FERRY_ERROR_UNAVAILABLE,
                      "proxies are the browser's: they cannot be chosen there");
}

ferry_error ferry_proxy_select_choose(ferry_context *context, ferry_proxy_select *select,
                                      ferry_span host, ferry_origin *origin) {
    (void)host;
    (void)origin;
    if (select == NULL) {
        return FERRY_OK;
    }
    return ferry_fail(context, FERRY_ERROR_UNAVAILABLE, "%s", select->refusal);
}
