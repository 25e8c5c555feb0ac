/* SPDX-License-Identifier: MIT */
/* route: the connector of a machine that has sockets: it dials, and then speaks TLS where the
 * origin asks for it. Or it speaks TLS over a stream that is connected already. */
#include "platform.h"
#include "tls.h"

#include <assert.h>
#include <string.h>

typedef enum route_phase {
    ROUTE_NONE = 0,
    ROUTE_GIVEN, /* the stream is there already */
    ROUTE_DIAL,
    ROUTE_ORIGIN_TLS,
} route_phase;

typedef struct ferry_route {
    ferry_connector base;
    ferry_context *context;
    ferry_connector *dialer;
    ferry_tls_cache *cache;   /* for origins whose options bring none; NULL until it is needed */
    ferry_tls_config *config; /* of the origin; NULL: no TLS */
    route_phase phase;
    ferry_stream *stream; /* what has been connected so far; NULL while it dials */
    char *host;           /* the origin's; NULL where there is no TLS */
    uint16_t port;
} ferry_route;

static void route_drop(ferry_route *route) {
    route->dialer->ops->cancel(route->dialer);
    if (route->stream != NULL) {
        route->stream->ops->destroy(route->stream);
        route->stream = NULL;
    }
    ferry_free(route->context, route->host);
    route->host = NULL;
    route->phase = ROUTE_NONE;
}

static void release_config(ferry_route *route) {
    if (route->config != NULL) {
        ferry_tls_config_release(route->config);
        route->config = NULL;
    }
}

static ferry_error route_prepare(ferry_connector *connector, const ferry_origin *origin) {
    ferry_route *self = (ferry_route *)connector;
    static const ferry_tls_options by_default;
    ferry_tls_config *config = NULL;
    if (origin->secure) {
        const ferry_tls_options *options = origin->tls != NULL ? origin->tls : &by_default;
        ferry_error error = ferry_tls_config_get(self->context, options, &self->cache, &config);
        if (error != FERRY_OK) {
            return error;
        }
    }
    release_config(self);
    self->config = config;
    return FERRY_OK;
}

static ferry_error route_start(ferry_connector *connector, const ferry_origin *origin,
                               int64_t now_ms) {
    ferry_route *self = (ferry_route *)connector;
    route_drop(self);
    self->stream = origin->stream;
    if (origin->secure) {
        size_t size = strlen(origin->host) + 1;
        self->host = ferry_alloc(self->context, size);
        if (self->host == NULL) {
            route_drop(self);
            return ferry_fail_memory(self->context);
        }
        memcpy(self->host, origin->host, size);
        self->port = origin->port;
    }
    if (origin->stream != NULL) {
        self->phase = ROUTE_GIVEN;
        return FERRY_OK;
    }
    ferry_error error = self->dialer->ops->start(self->dialer, origin, now_ms);
    if (error != FERRY_OK) {
        route_drop(self);
        return error;
    }
    self->phase = ROUTE_DIAL;
    return FERRY_OK;
}

static ferry_error route_fail(ferry_route *route, ferry_error error) {
    route_drop(route);
    return error;
}

static ferry_error begin_tls(ferry_route *route) {
    ferry_stream *over = NULL;
    ferry_error error = ferry_tls_new(route->context, route->config, route->host, route->port,
                                      route->stream, &over);
    if (error != FERRY_OK) {
        return route_fail(route, error);
    }
    route->stream = over;
    route->phase = ROUTE_ORIGIN_TLS;
    return FERRY_OK;
}

/* The link is OPEN only when all phases have passed. */
static ferry_error step_dial(ferry_route *route, int64_t now_ms, ferry_link *link) {
    ferry_error error = route->dialer->ops->step(route->dialer, now_ms, link, &route->stream);
    if (error != FERRY_OK) {
        return route_fail(route, error);
    }
    if (*link == FERRY_LINK_OPEN && route->config != NULL) {
        *link = FERRY_LINK_CONNECTING;
        return begin_tls(route);
    }
    return FERRY_OK;
}

static ferry_error step_tls(ferry_route *route, ferry_link *link) {
    bool done = false;
    ferry_error error = ferry_tls_handshake(route->stream, &done);
    if (error != FERRY_OK) {
        return route_fail(route, error);
    }
    if (done) {
        *link = FERRY_LINK_OPEN;
    }
    return FERRY_OK;
}

static ferry_error route_step(ferry_connector *connector, int64_t now_ms, ferry_link *link,
                              ferry_stream **stream) {
    ferry_route *self = (ferry_route *)connector;
    assert(self->phase != ROUTE_NONE);
    ferry_error error = FERRY_OK;
    if (self->phase == ROUTE_GIVEN) {
        *link = FERRY_LINK_CONNECTING;
        return begin_tls(self);
    }
    if (self->phase == ROUTE_DIAL) {
        error = step_dial(self, now_ms, link);
    }
    if (error == FERRY_OK && self->phase == ROUTE_ORIGIN_TLS) {
        error = step_tls(self, link);
    }
    if (error == FERRY_OK && *link == FERRY_LINK_OPEN) {
        *stream = self->stream;
        self->stream = NULL;
        route_drop(self);
    }
    return error;
}

static size_t route_get_waits(const ferry_connector *connector, ferry_wait *waits, size_t capacity,
                              int64_t *deadline_ms) {
    const ferry_route *self = (const ferry_route *)connector;
    if (self->phase == ROUTE_DIAL) {
        return self->dialer->ops->get_waits(self->dialer, waits, capacity, deadline_ms);
    }
    if (self->phase == ROUTE_NONE || self->phase == ROUTE_GIVEN) {
        *deadline_ms = self->phase == ROUTE_GIVEN ? 0 : *deadline_ms;
        return 0;
    }
    ferry_wait wait = {FERRY_NO_DESCRIPTOR, FERRY_EVENT_READ};
    self->stream->ops->wants(self->stream, FERRY_EVENT_READ, &wait);
    if (capacity > 0) {
        waits[0] = wait;
    }
    return 1;
}

static void route_cancel(ferry_connector *connector) {
    route_drop((ferry_route *)connector);
}

static void route_destroy(ferry_connector *connector) {
    ferry_route *self = (ferry_route *)connector;
    route_drop(self);
    release_config(self);
    ferry_tls_cache_free(self->cache);
    self->dialer->ops->destroy(self->dialer);
    ferry_free(self->context, self);
}

static const ferry_connector_ops route_ops = {
    .prepare = route_prepare,
    .start = route_start,
    .step = route_step,
    .get_waits = route_get_waits,
    .cancel = route_cancel,
    .destroy = route_destroy,
};

ferry_error ferry_route_new(ferry_context *context, ferry_connector **connector) {
    ferry_route *self = ferry_alloc(context, sizeof *self);
    if (self == NULL) {
        return ferry_fail_memory(context);
    }
    *self = (ferry_route){.base = {.ops = &route_ops}, .context = context};
    ferry_error error = ferry_dialer_new(context, &self->dialer);
    if (error != FERRY_OK) {
        ferry_free(context, self);
        return error;
    }
    *connector = &self->base;
    return FERRY_OK;
}
