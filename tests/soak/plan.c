/* SPDX-License-Identifier: MIT */
/* plan: draws a conversation from its seed. */
#include "plan.h"

#include "chance.h"

enum { THREAD_IN = 5 };

bool plan_needs_thread(uint64_t seed) {
    return seed % THREAD_IN == 0;
}

bool plan_has_own_stream(const soak_plan *plan) {
    return plan->route == PLAN_ROUTE_OWN_HTTP || plan->route == PLAN_ROUTE_OWN_HTTPS;
}

static plan_route draw_route(soak_chance *chance, bool has_tls) {
    static const unsigned shares[] = {35, 25, 8, 12, 4, 6, 5, 5};
    size_t drawn = chance_below(chance, 100);
    size_t route = 0;
    while (drawn >= shares[route]) {
        drawn -= shares[route++];
    }
    bool needs_tls = route != PLAN_ROUTE_HTTP && route != PLAN_ROUTE_PROXIED_HTTP &&
                     route != PLAN_ROUTE_OWN_HTTP;
    return needs_tls && !has_tls ? PLAN_ROUTE_HTTP : (plan_route)route;
}

static void draw_way(soak_chance *chance, soak_plan *plan, bool has_tls) {
    plan->route = draw_route(chance, has_tls);
    plan->is_tls = plan->route == PLAN_ROUTE_HTTPS || plan->route == PLAN_ROUTE_PROXIED_HTTPS ||
                   plan->route == PLAN_ROUTE_TLS_PROXIED_HTTPS ||
                   plan->route == PLAN_ROUTE_OWN_HTTPS;
    plan->is_proxied = plan->route >= PLAN_ROUTE_PROXIED_HTTP && !plan_has_own_stream(plan);
    /* Over a plain stream of the program's own the server learns no name. */
    plan->is_steady = chance_is(chance, 50) || plan->route == PLAN_ROUTE_OWN_HTTP;
    if (plan->is_tls) {
        plan->door =
            (server_door)chance_between(chance, SERVER_DOOR_HTTPS_1_2, SERVER_DOOR_HTTPS_TICKETS);
    } else if (plan->route == PLAN_ROUTE_HTTP && chance_is(chance, 4)) {
        plan->door = (server_door)chance_between(chance, SERVER_DOOR_SLAM, SERVER_DOOR_SPEAK);
    }
    bool has_tls_link = plan->is_tls || plan->route == PLAN_ROUTE_TLS_PROXIED_HTTP;
    uint64_t steady = link_seed(chance_next(chance), has_tls_link, false, true);
    for (size_t i = 0; i < PLAN_MOST_CONNECTIONS; i++) {
        bool is_tunnel = plan->is_proxied && plan->is_tls;
        uint64_t own = link_seed(chance_next(chance), has_tls_link, is_tunnel, false);
        plan->links[i] = plan->is_steady ? steady : own;
    }
}

static void draw_options(soak_chance *chance, soak_plan *plan) {
    static const size_t budgets[] = {0, 0, 0, 64, 4096, 65536};
    plan->budget_bytes = budgets[chance_below(chance, 6)];
    plan->chunk_bytes = chance_is(chance, 50) ? 0 : chance_between(chance, 256, 100000);
    plan->reads_views = chance_is(chance, 50);
    plan->read_bytes = 1 + chance_size(chance, 65535);
    plan->write_bytes = 1 + chance_size(chance, 200000);
    plan->stream_bytes = 64 + chance_size(chance, 65535);
    plan->is_small = plan->budget_bytes == 64 || plan->read_bytes < 64 || plan->write_bytes < 64 ||
                     (plan_has_own_stream(plan) && plan->stream_bytes < 1000);
    plan->shares_cache = chance_is(chance, 60);
    plan->lazy = chance_is(chance, 20) ? (unsigned)chance_between(chance, 1, 30) : 0;
}

soak_plan plan_make(uint64_t seed, bool has_tls) {
    soak_chance chance = chance_of(chance_mix(seed, 5));
    soak_plan plan = {.seed = seed,
                      .is_blocking = seed % (2 * THREAD_IN) == THREAD_IN,
                      .is_waiting = seed % (2 * THREAD_IN) == 0};
    draw_way(&chance, &plan, has_tls);
    draw_options(&chance, &plan);
    plan.requests = (unsigned)chance_between(&chance, 1, 16);
    if (chance_is(&chance, 20)) {
        plan.cancel = (plan_cancel)chance_between(&chance, PLAN_CANCEL_CLOSE, PLAN_CANCEL_CONNECT);
        plan.cancel_at = chance_size(&chance, 100);
    }
    return plan;
}

const char *plan_describe_route(const soak_plan *plan) {
    static const char *const names[] = {
        "http",
        "https",
        "http by a proxy",
        "https by a proxy",
        "http by a proxy over TLS",
        "https by a proxy over TLS",
        "http over an own stream",
        "https over an own stream",
    };
    return names[plan->route];
}

const char *plan_describe_mode(const soak_plan *plan) {
    return plan->is_blocking ? "blocking" : plan->is_waiting ? "waiting" : "polling";
}
