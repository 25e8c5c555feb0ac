/* SPDX-License-Identifier: MIT */
/* connect_chain: the connector of a machine that has sockets: to the origin or to its proxy, with
 * TLS to either, or to the one through the other. Or it speaks TLS over a stream that is connected
 * already. */
#include "connect_chain.h"

#include "connect_tunnel.h"
#include "happy_eyeballs.h"
#include "platform.h"
#include "tls/tls.h"

#include <assert.h>
#include <string.h>

/* How soon what makes no descriptor ready is polled again. */
enum { RETRY_DELAY_MS = 10 };

typedef enum route_phase {
    ROUTE_NONE = 0,
    ROUTE_GIVEN, /* the stream is there already */
    ROUTE_DIAL,
    ROUTE_PROXY_TLS,
    ROUTE_TUNNEL,
    ROUTE_ORIGIN_TLS,
} route_phase;

/* One end of TLS. */
typedef struct route_peer {
    ferry_tls_config *config; /* NULL: no TLS */
    ferry_tls_attempt attempt;
    bool is_waiting; /* for the configuration, at this descriptor */
    ferry_descriptor descriptor;
    int process;      /* that began to wait; in a child nothing makes it ready */
    bool is_speaking; /* its stream is there */
    char *host;       /* NULL where there is no TLS, and between two routes */
    uint16_t port;
} route_peer;

/* What is dialled, kept for another attempt. */
typedef struct route_target {
    char *host;    /* NULL where no other attempt can be called for */
    char *address; /* instead of a look-up; NULL: none */
    uint16_t port;
} route_target;

typedef struct ferry_route {
    ferry_connector base;
    ferry_context *context;
    ferry_exchange *exchange;
    ferry_connector *dialer;
    ferry_tls_cache *cache; /* for origins whose options bring none; NULL until it is needed */
    route_peer proxy;
    route_peer origin;
    route_target target;
    ferry_tunnel *tunnel; /* NULL where none is needed */
    bool has_proxy;
    route_phase phase;
    ferry_stream *stream; /* what has been connected so far; NULL while it dials */
    int64_t retry_ms;     /* when to step where there is no descriptor to wait on */
} ferry_route;

/* ---- The phases ---- */

static void end_wait(route_peer *peer) {
    if (peer->is_waiting) {
        ferry_tls_config_end_wait(peer->config);
        peer->is_waiting = false;
    }
}

/* A time-out says where it was; without a proxy there is little to be told. */
static void enter(ferry_route *route, route_phase phase) {
    static const char *const names[] = {
        [ROUTE_NONE] = NULL,
        [ROUTE_GIVEN] = NULL,
        [ROUTE_DIAL] = ", while it connected to the proxy",
        [ROUTE_PROXY_TLS] = ", in the TLS handshake with the proxy",
        [ROUTE_TUNNEL] = ", while the proxy was asked for a tunnel",
        [ROUTE_ORIGIN_TLS] = ", in the TLS handshake behind the proxy",
    };
    route->phase = phase;
    route->context->phase = route->has_proxy ? names[phase] : NULL;
}

static void drop_text(ferry_route *route, char **text) {
    ferry_free(route->context, *text);
    *text = NULL;
}

static void drop_stream(ferry_route *route) {
    if (route->stream != NULL) {
        route->stream->ops->destroy(route->stream);
        route->stream = NULL;
    }
}

static void route_drop(ferry_route *route) {
    end_wait(&route->origin);
    end_wait(&route->proxy);
    route->dialer->ops->cancel(route->dialer);
    ferry_tunnel_free(route->tunnel);
    route->tunnel = NULL;
    drop_stream(route);
    drop_text(route, &route->origin.host);
    drop_text(route, &route->proxy.host);
    drop_text(route, &route->target.host);
    drop_text(route, &route->target.address);
    enter(route, ROUTE_NONE);
}

static ferry_error route_fail(ferry_route *route, ferry_error error) {
    route_drop(route);
    return error;
}

/* ---- Beginning ---- */

static void release_config(route_peer *peer) {
    end_wait(peer);
    if (peer->config != NULL) {
        ferry_tls_config_release(peer->config);
        peer->config = NULL;
    }
}

static ferry_error get_config(ferry_route *route, bool secure, const ferry_tls_options *options,
                              ferry_tls_config **config) {
    static const ferry_tls_options by_default;
    *config = NULL;
    if (!secure) {
        return FERRY_OK;
    }
    return ferry_tls_config_get(route->context, options != NULL ? options : &by_default,
                                &route->cache, config);
}

static ferry_error route_prepare(ferry_connector *connector, const ferry_origin *origin) {
    ferry_route *self = (ferry_route *)connector;
    const ferry_proxy *proxy = origin->proxy;
    route_peer for_proxy = {.config = NULL};
    route_peer for_origin = {.config = NULL};
    ferry_error error = get_config(self, origin->secure, origin->tls, &for_origin.config);
    if (error == FERRY_OK && proxy != NULL) {
        error = get_config(self, proxy->secure, proxy->tls, &for_proxy.config);
    }
    if (error != FERRY_OK) {
        release_config(&for_origin);
        return error;
    }
    release_config(&self->origin);
    release_config(&self->proxy);
    self->origin.config = for_origin.config;
    self->proxy.config = for_proxy.config;
    return FERRY_OK;
}

static ferry_error keep_text(ferry_route *route, const char *text, char **kept) {
    size_t size = strlen(text) + 1;
    *kept = ferry_alloc(route->context, size);
    if (*kept == NULL) {
        return ferry_fail_memory(route->context);
    }
    memcpy(*kept, text, size);
    return FERRY_OK;
}

static ferry_error peer_start(ferry_route *route, route_peer *peer, const char *host,
                              uint16_t port) {
    peer->attempt = FERRY_TLS_FIRST_ATTEMPT;
    peer->is_speaking = false;
    peer->port = port;
    return peer->config == NULL ? FERRY_OK : keep_text(route, host, &peer->host);
}

/* A stream that was given cannot be had a second time. */
static ferry_error keep_target(ferry_route *route, const ferry_origin *dialled) {
    bool has_tls = route->origin.config != NULL || route->proxy.config != NULL;
    if (!has_tls || dialled->stream != NULL) {
        return FERRY_OK;
    }
    route->target.port = dialled->port;
    ferry_error error = keep_text(route, dialled->host, &route->target.host);
    if (error == FERRY_OK && dialled->address != NULL) {
        error = keep_text(route, dialled->address, &route->target.address);
    }
    return error;
}

/* What is needed later is made now: nothing of the origin lasts but what is copied. */
static ferry_error start_phases(ferry_route *route, const ferry_origin *origin, int64_t now_ms) {
    const ferry_proxy *proxy = origin->proxy;
    ferry_origin dialled = *origin;
    uint16_t port = origin->stream == NULL ? origin->port : 0; /* where a stream leads */
    ferry_error error = peer_start(route, &route->origin, origin->host, port);
    if (error == FERRY_OK && proxy != NULL) {
        dialled.host = proxy->host;
        dialled.port = proxy->port;
        error = peer_start(route, &route->proxy, proxy->host, proxy->port);
    }
    if (error == FERRY_OK) {
        error = keep_target(route, &dialled);
    }
    if (error == FERRY_OK && proxy != NULL && origin->secure) {
        error = ferry_tunnel_new(route->context, route->exchange, origin, &route->tunnel);
    }
    if (error == FERRY_OK && origin->stream == NULL) {
        error = route->dialer->ops->start(route->dialer, &dialled, now_ms);
    }
    return error;
}

static ferry_error route_start(ferry_connector *connector, const ferry_origin *origin,
                               int64_t now_ms) {
    ferry_route *self = (ferry_route *)connector;
    route_drop(self);
    self->stream = origin->stream;
    self->has_proxy = origin->proxy != NULL;
    ferry_error error = start_phases(self, origin, now_ms);
    if (error != FERRY_OK) {
        return route_fail(self, error);
    }
    enter(self, self->stream != NULL ? ROUTE_GIVEN : ROUTE_DIAL);
    return FERRY_OK;
}

/* ---- Going on ---- */

/* A failure on the way to the proxy says that it was there. */
static ferry_error blame_proxy(ferry_route *route, ferry_error error) {
    if (error != FERRY_ERROR_OUT_OF_MEMORY) {
        char why[FERRY_DETAIL_SIZE];
        memcpy(why, route->context->detail, sizeof why);
        ferry_fail(route->context, error, "proxy: %s", why);
    }
    return error;
}

/* TLS begins once there is what the server is verified with. */
static ferry_error speak_tls(ferry_route *route, route_peer *peer) {
    bool ready = false;
    ferry_error error = ferry_tls_config_poll(peer->config, route->context, &ready);
    if (error == FERRY_OK && !ready) {
        if (!peer->is_waiting) {
            peer->descriptor = ferry_tls_config_begin_wait(peer->config);
            peer->process = ferry_platform_process();
            peer->is_waiting = true;
            route->context->phase = ", while the trusted authorities were read";
        }
        return FERRY_OK;
    }
    end_wait(peer);
    ferry_stream *over = NULL;
    if (error == FERRY_OK) {
        error = ferry_tls_new(route->context, peer->config, peer->attempt, peer->host, peer->port,
                              route->stream, &over);
    }
    if (error == FERRY_OK) {
        route->stream = over;
        peer->is_speaking = true;
        enter(route, route->phase);
    }
    return error;
}

static ferry_error begin_tls(ferry_route *route, route_peer *peer, route_phase phase) {
    enter(route, phase);
    return speak_tls(route, peer);
}

/* The next phase that this route needs. The link is OPEN only when all have passed. */
static ferry_error begin_next(ferry_route *route, ferry_link *link) {
    *link = FERRY_LINK_CONNECTING;
    if (route->phase < ROUTE_PROXY_TLS && route->proxy.config != NULL) {
        return begin_tls(route, &route->proxy, ROUTE_PROXY_TLS);
    }
    if (route->phase < ROUTE_TUNNEL && route->tunnel != NULL) {
        enter(route, ROUTE_TUNNEL);
        return FERRY_OK;
    }
    if (route->phase < ROUTE_ORIGIN_TLS && route->origin.config != NULL) {
        return begin_tls(route, &route->origin, ROUTE_ORIGIN_TLS);
    }
    *link = FERRY_LINK_OPEN;
    return FERRY_OK;
}

/* All over again, with another way to speak TLS to this peer. */
static ferry_error dial_again(ferry_route *route, route_peer *peer, ferry_tls_attempt attempt,
                              int64_t now_ms) {
    ferry_log(route->context, FERRY_LOG_INFO, "another attempt, %s: %s",
              attempt == FERRY_TLS_WITHOUT_PSS ? "with TLS 1.2 alone"
                                               : "without the session that was remembered",
              route->context->detail);
    route->context->detail[0] = '\0'; /* it is no failure yet */
    drop_stream(route);
    route->origin.is_speaking = false;
    route->proxy.is_speaking = false;
    peer->attempt = attempt;
    if (route->tunnel != NULL) {
        ferry_tunnel_rewind(route->tunnel);
    }
    enter(route, ROUTE_DIAL);
    ferry_origin again = {
        .host = route->target.host,
        .port = route->target.port,
        .address = route->target.address,
    };
    return route->dialer->ops->start(route->dialer, &again, now_ms);
}

/* The handshake with a peer, and another one on a new connection where that is called for. */
static ferry_error step_tls(ferry_route *route, route_peer *peer, int64_t now_ms, bool *done) {
    ferry_tls_attempt next;
    if (!peer->is_speaking) {
        ferry_error error = speak_tls(route, peer);
        if (error != FERRY_OK || !peer->is_speaking) {
            return error;
        }
    }
    ferry_error error = ferry_tls_handshake(route->stream, done);
    if (error != FERRY_OK && route->target.host != NULL &&
        ferry_tls_get_next_attempt(route->stream, &next)) {
        return dial_again(route, peer, next, now_ms);
    }
    return error;
}

/* Goes on with the phase; `done` tells whether it has ended. */
static ferry_error step_phase(ferry_route *route, int64_t now_ms, ferry_link *link, bool *done) {
    ferry_error error = FERRY_OK;
    switch (route->phase) {
    case ROUTE_NONE:
        break;
    case ROUTE_GIVEN:
        return begin_next(route, link); /* a step of its own, as RESOLVING is one */
    case ROUTE_DIAL:
        error = route->dialer->ops->step(route->dialer, now_ms, link, &route->stream);
        *done = error == FERRY_OK && *link == FERRY_LINK_OPEN;
        return error != FERRY_OK && route->has_proxy ? blame_proxy(route, error) : error;
    case ROUTE_PROXY_TLS:
        error = step_tls(route, &route->proxy, now_ms, done);
        return error != FERRY_OK ? blame_proxy(route, error) : FERRY_OK;
    case ROUTE_TUNNEL:
        return ferry_tunnel_step(route->tunnel, &route->stream, done);
    case ROUTE_ORIGIN_TLS:
        return step_tls(route, &route->origin, now_ms, done);
    }
    return error;
}

static ferry_error route_step(ferry_connector *connector, int64_t now_ms, ferry_link *link,
                              ferry_stream **stream) {
    ferry_route *self = (ferry_route *)connector;
    assert(self->phase != ROUTE_NONE);
    bool done = true;
    ferry_error error = FERRY_OK;
    self->retry_ms = now_ms + RETRY_DELAY_MS;
    while (error == FERRY_OK && done) {
        done = false;
        error = step_phase(self, now_ms, link, &done);
        if (error == FERRY_OK && done) {
            error = begin_next(self, link);
            done = *link != FERRY_LINK_OPEN;
        }
    }
    if (error != FERRY_OK) {
        return route_fail(self, error);
    }
    if (*link == FERRY_LINK_OPEN) {
        *stream = self->stream;
        self->stream = NULL;
        route_drop(self);
    }
    return FERRY_OK;
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
    const route_peer *waiting = self->proxy.is_waiting ? &self->proxy : &self->origin;
    if (waiting->is_waiting) {
        if (waiting->process != ferry_platform_process()) {
            *deadline_ms = 0; /* the step says what is wrong */
            return 0;
        }
        if (waiting->descriptor == FERRY_NO_DESCRIPTOR) {
            *deadline_ms = self->retry_ms < *deadline_ms ? self->retry_ms : *deadline_ms;
            return 0;
        }
        if (capacity > 0) {
            waits[0] = (ferry_wait){waiting->descriptor, FERRY_EVENT_READ};
        }
        return 1;
    }
    unsigned events =
        self->phase == ROUTE_TUNNEL ? ferry_tunnel_get_events(self->tunnel) : FERRY_EVENT_READ;
    ferry_wait wait = {FERRY_NO_DESCRIPTOR, events};
    self->stream->ops->wants(self->stream, events, &wait);
    if (capacity > 0) {
        waits[0] = wait;
    }
    return 1;
}

static bool route_owns(const ferry_connector *connector, const ferry_stream *made,
                       const ferry_stream *stream) {
    const ferry_stream *at = made != NULL ? made : ((const ferry_route *)connector)->stream;
    while (at != NULL && at != stream) {
        at = ferry_tls_beneath(at);
    }
    return at != NULL;
}

static void route_cancel(ferry_connector *connector) {
    route_drop((ferry_route *)connector);
}

static void route_destroy(ferry_connector *connector) {
    ferry_route *self = (ferry_route *)connector;
    route_drop(self);
    release_config(&self->origin);
    release_config(&self->proxy);
    ferry_tls_cache_free(self->cache);
    self->dialer->ops->destroy(self->dialer);
    ferry_free(self->context, self);
}

static const ferry_connector_ops route_ops = {
    .prepare = route_prepare,
    .start = route_start,
    .step = route_step,
    .get_waits = route_get_waits,
    .owns = route_owns,
    .cancel = route_cancel,
    .destroy = route_destroy,
};

ferry_error ferry_route_new(ferry_context *context, ferry_exchange *exchange,
                            ferry_connector **connector) {
    ferry_route *self = ferry_alloc(context, sizeof *self);
    if (self == NULL) {
        return ferry_fail_memory(context);
    }
    *self = (ferry_route){
        .base = {.ops = &route_ops},
        .context = context,
        .exchange = exchange,
    };
    ferry_error error = ferry_dialer_new(context, &self->dialer);
    if (error != FERRY_OK) {
        ferry_free(context, self);
        return error;
    }
    *connector = &self->base;
    return FERRY_OK;
}
