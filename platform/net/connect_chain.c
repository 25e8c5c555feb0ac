/* SPDX-License-Identifier: MIT */
/* connect_chain: connects to the origin or to its proxy, and speaks TLS to either, or to the origin
 * through the proxy. Or it speaks TLS over a stream that is connected already. */
#include "connect_chain.h"

#include "connect_tunnel.h"
#include "happy_eyeballs.h"
#include "platform.h"
#include "tls/tls.h"

#include <assert.h>
#include <string.h>

/* How soon what makes no descriptor ready is polled again. */
enum { RETRY_DELAY_MS = 10 };

typedef enum chain_phase {
    CHAIN_NONE = 0,
    CHAIN_GIVEN, /* the stream is there already */
    CHAIN_DIAL,
    CHAIN_PROXY_TLS,
    CHAIN_TUNNEL,
    CHAIN_ORIGIN_TLS,
} chain_phase;

/* How far TLS with one end has come. */
typedef enum peer_state {
    PEER_SILENT = 0,
    PEER_WAITING,  /* for the authorities that it is verified with */
    PEER_SPEAKING, /* the chain's stream speaks TLS with it */
} peer_state;

/* One end of TLS. */
typedef struct chain_peer {
    ferry_tls_config *config;  /* NULL: no TLS */
    ferry_tls_attempt attempt; /* to be made on the connection under way */
    peer_state state;
    ferry_descriptor descriptor; /* to wait at */
    int process; /* that began to wait; in a child nothing makes the descriptor ready */
    char *host;  /* NULL where there is no TLS, and between two chains */
    uint16_t port;
} chain_peer;

/* What is dialled, kept for another attempt. */
typedef struct chain_target {
    char *host;    /* NULL where no other attempt can be called for */
    char *address; /* instead of a look-up; NULL: none */
    uint16_t port;
    ferry_link_facts *facts;
} chain_target;

typedef struct ferry_connect_chain {
    ferry_connector base;
    ferry_context *context;
    ferry_exchange *exchange;
    ferry_connector *connector;
    ferry_tls_cache *cache; /* for origins whose options bring none; NULL until it is needed */
    chain_peer proxy;
    chain_peer origin;
    chain_target target;
    ferry_connect_tunnel *tunnel; /* NULL where none is needed */
    bool has_proxy;
    chain_phase phase;
    ferry_stream *stream; /* what has been connected so far; NULL while it dials */
    int64_t retry_ms;     /* when to step where there is no descriptor to wait on */
} ferry_connect_chain;

/* ---- The phases ---- */

static void peer_enter(chain_peer *peer, peer_state state) {
    if (state == peer->state) {
        return;
    }
    switch (peer->state) {
    case PEER_SILENT:
        break;
    case PEER_WAITING:
        ferry_tls_config_end_wait(peer->config);
        break;
    case PEER_SPEAKING:
        assert(state == PEER_SILENT);
        break;
    }
    if (state == PEER_WAITING) {
        peer->descriptor = ferry_tls_config_begin_wait(peer->config);
        peer->process = ferry_platform_process();
    }
    peer->state = state;
}

static void chain_drop_text(ferry_connect_chain *chain, char **text) {
    ferry_free(chain->context, *text);
    *text = NULL;
}

static void chain_drop_stream(ferry_connect_chain *chain) {
    if (chain->stream != NULL) {
        chain->stream->ops->destroy(chain->stream);
        chain->stream = NULL;
    }
}

static void chain_drop(ferry_connect_chain *chain) {
    peer_enter(&chain->origin, PEER_SILENT);
    peer_enter(&chain->proxy, PEER_SILENT);
    chain->connector->ops->cancel(chain->connector);
    ferry_connect_tunnel_free(chain->tunnel);
    chain->tunnel = NULL;
    chain_drop_stream(chain);
    chain_drop_text(chain, &chain->origin.host);
    chain_drop_text(chain, &chain->proxy.host);
    chain_drop_text(chain, &chain->target.host);
    chain_drop_text(chain, &chain->target.address);
    chain->phase = CHAIN_NONE;
}

static ferry_error chain_fail(ferry_connect_chain *chain, ferry_error error) {
    chain_drop(chain);
    return error;
}

/* ---- Beginning ---- */

static void peer_release_config(chain_peer *peer) {
    peer_enter(peer, PEER_SILENT);
    if (peer->config != NULL) {
        ferry_tls_config_release(peer->config);
        peer->config = NULL;
    }
}

static ferry_error chain_get_config(ferry_connect_chain *chain, bool secure,
                                    const ferry_tls_options *options, ferry_tls_config **config) {
    static const ferry_tls_options by_default;
    *config = NULL;
    if (!secure) {
        return FERRY_OK;
    }
    return ferry_tls_config_get(chain->context, options != NULL ? options : &by_default,
                                &chain->cache, config);
}

static ferry_error chain_prepare(ferry_connector *connector, const ferry_origin *origin) {
    ferry_connect_chain *self = (ferry_connect_chain *)connector;
    const ferry_proxy *proxy = origin->proxy;
    chain_peer for_proxy = {.config = NULL};
    chain_peer for_origin = {.config = NULL};
    ferry_error error = chain_get_config(self, origin->secure, origin->tls, &for_origin.config);
    if (error == FERRY_OK && proxy != NULL) {
        error = chain_get_config(self, proxy->secure, proxy->tls, &for_proxy.config);
    }
    if (error != FERRY_OK) {
        peer_release_config(&for_origin);
        return error;
    }
    peer_release_config(&self->origin);
    peer_release_config(&self->proxy);
    self->origin.config = for_origin.config;
    self->proxy.config = for_proxy.config;
    return FERRY_OK;
}

static ferry_error chain_copy_text(ferry_connect_chain *chain, const char *text, char **kept) {
    *kept = ferry_text_copy(&chain->context->allocator, text);
    return *kept != NULL ? FERRY_OK : ferry_fail_memory(chain->context);
}

static ferry_error peer_start(ferry_connect_chain *chain, chain_peer *peer, const char *host,
                              uint16_t port) {
    assert(peer->state == PEER_SILENT);
    peer->attempt = FERRY_TLS_WITH_SESSION;
    peer->port = port;
    return peer->config == NULL ? FERRY_OK : chain_copy_text(chain, host, &peer->host);
}

/* A stream that was given cannot be had a second time. */
static ferry_error chain_copy_target(ferry_connect_chain *chain, const ferry_origin *dialled) {
    bool has_tls = chain->origin.config != NULL || chain->proxy.config != NULL;
    if (!has_tls || dialled->stream != NULL) {
        return FERRY_OK;
    }
    chain->target.port = dialled->port;
    chain->target.facts = dialled->facts;
    ferry_error error = chain_copy_text(chain, dialled->host, &chain->target.host);
    if (error == FERRY_OK && dialled->address != NULL) {
        error = chain_copy_text(chain, dialled->address, &chain->target.address);
    }
    return error;
}

/* What is needed later is made now: nothing of the origin lasts but what is copied. */
static ferry_error chain_start_phases(ferry_connect_chain *chain, const ferry_origin *origin,
                                      int64_t now_ms) {
    const ferry_proxy *proxy = origin->proxy;
    ferry_origin dialled = *origin;
    uint16_t port = origin->stream == NULL ? origin->port : 0; /* where a stream leads */
    ferry_error error = peer_start(chain, &chain->origin, origin->host, port);
    if (origin->dial_host != NULL) {
        dialled.host = origin->dial_host;
        dialled.port = origin->dial_port;
    }
    const ferry_origin beyond = dialled; /* the proxy, where there is one */
    if (error == FERRY_OK && proxy != NULL) {
        dialled.host = proxy->host;
        dialled.port = proxy->port;
        error = peer_start(chain, &chain->proxy, proxy->host, proxy->port);
    }
    if (error == FERRY_OK) {
        error = chain_copy_target(chain, &dialled);
    }
    if (error == FERRY_OK && proxy != NULL && (origin->secure || origin->tunnels)) {
        error = ferry_connect_tunnel_new(chain->context, chain->exchange, &beyond, &chain->tunnel);
    }
    if (error == FERRY_OK && origin->stream == NULL) {
        error = chain->connector->ops->start(chain->connector, &dialled, now_ms);
    }
    return error;
}

static ferry_error chain_start(ferry_connector *connector, const ferry_origin *origin,
                               int64_t now_ms) {
    ferry_connect_chain *self = (ferry_connect_chain *)connector;
    chain_drop(self);
    self->stream = origin->stream;
    self->has_proxy = origin->proxy != NULL;
    ferry_error error = chain_start_phases(self, origin, now_ms);
    if (error != FERRY_OK) {
        return chain_fail(self, error);
    }
    self->phase = self->stream != NULL ? CHAIN_GIVEN : CHAIN_DIAL;
    return FERRY_OK;
}

/* ---- Going on ---- */

/* A failure on the way to the proxy says that it was there. */
static ferry_error chain_blame_proxy(ferry_connect_chain *chain, ferry_error error) {
    return ferry_fail_prefix(chain->context, error, "proxy");
}

/* TLS begins once there is what the server is verified with. */
static ferry_error peer_speak(ferry_connect_chain *chain, chain_peer *peer) {
    bool ready = false;
    ferry_error error = ferry_tls_config_poll(peer->config, chain->context, &ready);
    if (error == FERRY_OK && !ready) {
        if (peer->state != PEER_WAITING) {
            peer_enter(peer, PEER_WAITING);
        }
        return FERRY_OK;
    }
    ferry_stream *over = NULL;
    peer_enter(peer, PEER_SILENT);
    if (error == FERRY_OK) {
        error = ferry_tls_new(chain->context, peer->config, peer->attempt, peer->host, peer->port,
                              chain->stream, &over);
    }
    if (error == FERRY_OK) {
        chain->stream = over;
        peer_enter(peer, PEER_SPEAKING);
    }
    return error;
}

static ferry_error peer_begin(ferry_connect_chain *chain, chain_peer *peer, chain_phase phase) {
    chain->phase = phase;
    return peer_speak(chain, peer);
}

/* The next phase that this chain needs. The link is OPEN only when all have passed. */
static ferry_error chain_begin_next(ferry_connect_chain *chain, ferry_link *link) {
    *link = FERRY_LINK_CONNECTING;
    if (chain->phase < CHAIN_PROXY_TLS && chain->proxy.config != NULL) {
        return peer_begin(chain, &chain->proxy, CHAIN_PROXY_TLS);
    }
    if (chain->phase < CHAIN_TUNNEL && chain->tunnel != NULL) {
        chain->phase = CHAIN_TUNNEL;
        return FERRY_OK;
    }
    if (chain->phase < CHAIN_ORIGIN_TLS && chain->origin.config != NULL) {
        return peer_begin(chain, &chain->origin, CHAIN_ORIGIN_TLS);
    }
    *link = FERRY_LINK_OPEN;
    return FERRY_OK;
}

/* All over again, with another way to speak TLS to this peer. */
static ferry_error chain_dial_again(ferry_connect_chain *chain, chain_peer *peer,
                                    ferry_tls_attempt attempt, int64_t now_ms) {
    ferry_log(chain->context, FERRY_LOG_INFO, "another attempt, %s: %s",
              attempt == FERRY_TLS_WITHOUT_PSS ? "with TLS 1.2 alone"
                                               : "without the session that was remembered",
              chain->context->detail);
    chain->context->detail[0] = '\0'; /* it is no failure yet */
    chain_drop_stream(chain);
    peer_enter(&chain->origin, PEER_SILENT);
    peer_enter(&chain->proxy, PEER_SILENT);
    assert(attempt > peer->attempt); /* none is made twice */
    peer->attempt = attempt;
    if (chain->tunnel != NULL) {
        ferry_connect_tunnel_rewind(chain->tunnel);
    }
    chain->phase = CHAIN_DIAL;
    ferry_origin again = {
        .host = chain->target.host,
        .port = chain->target.port,
        .address = chain->target.address,
        .facts = chain->target.facts,
    };
    return chain->connector->ops->start(chain->connector, &again, now_ms);
}

/* The handshake with a peer, and another one on a new connection where that is called for. */
static ferry_error peer_step(ferry_connect_chain *chain, chain_peer *peer, int64_t now_ms,
                             bool *done) {
    if (peer->state != PEER_SPEAKING) {
        ferry_error error = peer_speak(chain, peer);
        if (error != FERRY_OK || peer->state != PEER_SPEAKING) {
            return error;
        }
    }
    ferry_error error = ferry_tls_handshake(chain->stream, done);
    if (error == FERRY_OK || chain->target.host == NULL) {
        return error;
    }
    ferry_tls_attempt next = ferry_tls_get_next_attempt(chain->stream);
    return next != FERRY_TLS_NO_ATTEMPT ? chain_dial_again(chain, peer, next, now_ms) : error;
}

/* Goes on with the phase; `done` tells whether it has ended. */
static ferry_error chain_step_phase(ferry_connect_chain *chain, int64_t now_ms, ferry_link *link,
                                    bool *done) {
    ferry_error error = FERRY_OK;
    switch (chain->phase) {
    case CHAIN_NONE:
        break;
    case CHAIN_GIVEN:
        return chain_begin_next(chain, link); /* a step of its own, as RESOLVING is one */
    case CHAIN_DIAL:
        error = chain->connector->ops->step(chain->connector, now_ms, link, &chain->stream);
        *done = error == FERRY_OK && *link == FERRY_LINK_OPEN;
        return error != FERRY_OK && chain->has_proxy ? chain_blame_proxy(chain, error) : error;
    case CHAIN_PROXY_TLS:
        error = peer_step(chain, &chain->proxy, now_ms, done);
        return error != FERRY_OK ? chain_blame_proxy(chain, error) : FERRY_OK;
    case CHAIN_TUNNEL:
        return ferry_connect_tunnel_step(chain->tunnel, &chain->stream, done);
    case CHAIN_ORIGIN_TLS:
        return peer_step(chain, &chain->origin, now_ms, done);
    }
    return error;
}

static ferry_error chain_step(ferry_connector *connector, int64_t now_ms, ferry_link *link,
                              ferry_stream **stream) {
    ferry_connect_chain *self = (ferry_connect_chain *)connector;
    assert(self->phase != CHAIN_NONE);
    bool done = true;
    ferry_error error = FERRY_OK;
    self->retry_ms = now_ms + RETRY_DELAY_MS;
    while (error == FERRY_OK && done) {
        done = false;
        error = chain_step_phase(self, now_ms, link, &done);
        if (error == FERRY_OK && done) {
            error = chain_begin_next(self, link);
            done = *link != FERRY_LINK_OPEN;
        }
    }
    if (error != FERRY_OK) {
        return chain_fail(self, error);
    }
    if (*link == FERRY_LINK_OPEN) {
        *stream = self->stream;
        self->stream = NULL;
        chain_drop(self);
    }
    return FERRY_OK;
}

static size_t chain_get_waits(const ferry_connector *connector, ferry_wait *waits, size_t capacity,
                              int64_t *deadline_ms) {
    const ferry_connect_chain *self = (const ferry_connect_chain *)connector;
    if (self->phase == CHAIN_DIAL) {
        return self->connector->ops->get_waits(self->connector, waits, capacity, deadline_ms);
    }
    if (self->phase == CHAIN_NONE || self->phase == CHAIN_GIVEN) {
        *deadline_ms = self->phase == CHAIN_GIVEN ? 0 : *deadline_ms;
        return 0;
    }
    const chain_peer *waiting = self->proxy.state == PEER_WAITING ? &self->proxy : &self->origin;
    if (waiting->state == PEER_WAITING) {
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
    unsigned events = self->phase == CHAIN_TUNNEL ? ferry_connect_tunnel_get_events(self->tunnel)
                                                  : FERRY_EVENT_READ;
    ferry_wait wait = {FERRY_NO_DESCRIPTOR, events};
    self->stream->ops->wants(self->stream, events, &wait);
    if (capacity > 0) {
        waits[0] = wait;
    }
    return 1;
}

static bool chain_owns(const ferry_connector *connector, const ferry_stream *made,
                       const ferry_stream *stream) {
    const ferry_stream *at = made != NULL ? made : ((const ferry_connect_chain *)connector)->stream;
    while (at != NULL && at != stream) {
        at = ferry_tls_get_transport(at);
    }
    return at != NULL;
}

static void chain_cancel(ferry_connector *connector) {
    chain_drop((ferry_connect_chain *)connector);
}

static void chain_destroy(ferry_connector *connector) {
    ferry_connect_chain *self = (ferry_connect_chain *)connector;
    chain_drop(self);
    peer_release_config(&self->origin);
    peer_release_config(&self->proxy);
    ferry_tls_cache_free(self->cache);
    self->connector->ops->destroy(self->connector);
    ferry_free(self->context, self);
}

/* Without a proxy there is little to be told. */
static const char *chain_get_phase(const ferry_connector *connector) {
    static const char *const phases[] = {
        [CHAIN_NONE] = NULL,
        [CHAIN_GIVEN] = NULL,
        [CHAIN_DIAL] = ", while it connected to the proxy",
        [CHAIN_PROXY_TLS] = ", in the TLS handshake with the proxy",
        [CHAIN_TUNNEL] = ", while the proxy was asked for a tunnel",
        [CHAIN_ORIGIN_TLS] = ", in the TLS handshake behind the proxy",
    };
    const ferry_connect_chain *chain = (const ferry_connect_chain *)connector;
    if (chain->origin.state == PEER_WAITING || chain->proxy.state == PEER_WAITING) {
        return ", while the trusted authorities were read";
    }
    return chain->has_proxy ? phases[chain->phase] : NULL;
}

static const ferry_connector_ops chain_ops = {
    .prepare = chain_prepare,
    .start = chain_start,
    .step = chain_step,
    .get_waits = chain_get_waits,
    .owns = chain_owns,
    .get_phase = chain_get_phase,
    .cancel = chain_cancel,
    .destroy = chain_destroy,
};

ferry_error ferry_connect_chain_new(ferry_context *context, ferry_exchange *exchange,
                                    ferry_connector **connector) {
    ferry_connect_chain *self = ferry_alloc(context, sizeof *self);
    if (self == NULL) {
        return ferry_fail_memory(context);
    }
    *self = (ferry_connect_chain){
        .base = {.ops = &chain_ops},
        .context = context,
        .exchange = exchange,
    };
    ferry_error error = ferry_happy_eyeballs_new(context, &self->connector);
    if (error != FERRY_OK) {
        ferry_free(context, self);
        return error;
    }
    *connector = &self->base;
    return FERRY_OK;
}
