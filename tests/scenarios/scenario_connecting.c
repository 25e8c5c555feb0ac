/* SPDX-License-Identifier: MIT */
/* scenario_connecting: hosts and ports, good and bad, TLS that is not there, proxies, and what
 * ends a connection in each status. */
#include "scenario.h"

#include <stdio.h>
#include <string.h>

/* connect HOST...: connects to each in turn, and gets "/" from it. */
static void run_connect(scenario *s) {
    scenario_new_client(s);
    for (int i = 0; i < s->argc; i++) {
        ferry_error error =
            ferry_client_connect_to_host(s->client, s->argv[i], s->port, scenario_tls_options(s));
        if (scenario_result(s, "connect_to_host", error) == FERRY_OK &&
            scenario_settle(s) == FERRY_OK) {
            scenario_get(s, "/");
        }
    }
}

/* connect_default_port HOST: port -1; says what came of it, which may be a refusal. */
static void run_connect_default_port(scenario *s) {
    scenario_new_client(s);
    scenario_result(s, "connect_to_host",
                    ferry_client_connect_to_host(s->client, scenario_argument(s, 0), -1, NULL));
    ferry_error error = scenario_settle(s);
    if (error == FERRY_OK) {
        scenario_get(s, "/");
    }
}

/* refused_hosts: each is refused at once, and the connection that there was is kept. */
static void run_refused_hosts(scenario *s) {
    static const char *const hosts[] = {
        NULL,
        "",
        "http://",
        "https://",
        "example.org:8080",
        "http://example.org:8080",
        "[::1]:8080",
        "example.org/",
        "http://example.org/path",
        "example.org?query",
        "user@example.org",
        "http://user:password@example.org",
        "ftp://example.org",
        "[::1",
        "[example.org]",
        "::g",
        "a b",
        "a\r\nX-Injected: yes",
        "a..b",
        "a..",
        ".a",
        "a\x7f"
        "b",
        "ex%61mple.org",
        "b\xc3\xbc"
        "cher.example",
        "0123456789012345678901234567890123456789012345678901234567890123.example",
    };
    scenario_new_client(s);
    scenario_connect(s);
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
        scenario_say(s, "host %s%s%s", hosts[i] != NULL ? "\"" : "",
                     hosts[i] != NULL ? hosts[i] : "NULL", hosts[i] != NULL ? "\"" : "");
        scenario_result(s, "connect_to_host",
                        ferry_client_connect_to_host(s->client, hosts[i], 80, NULL));
    }
    scenario_get(s, "/");
}

/* refused_ports: the same for ports. */
static void run_refused_ports(scenario *s) {
    static const int ports[] = {0, -2, 65536, 2147483647};
    scenario_new_client(s);
    scenario_connect(s);
    for (size_t i = 0; i < sizeof ports / sizeof *ports; i++) {
        scenario_say(s, "port %d", ports[i]);
        scenario_result(s, "connect_to_host",
                        ferry_client_connect_to_host(s->client, s->host, ports[i], NULL));
    }
    scenario_get(s, "/");
}

/* tls_refused: every way to ask for TLS. */
static void run_tls_refused(scenario *s) {
    char text[300];
    ferry_tls_options client = ferry_tls_options_client(NULL, "example.org");
    ferry_tls_options any = ferry_tls_options_client_unsafe(NULL);
    scenario_say(s, "client: unsafe %d, name %s", client.unsafe, client.verify_name);
    scenario_say(s, "client_unsafe: unsafe %d, name %s", any.unsafe,
                 any.verify_name != NULL ? any.verify_name : "NULL");
    scenario_new_client(s);
    scenario_connect(s);
    const ferry_tls_options *given[] = {&client, &any, NULL, &client, &client};
    const char *const prefixes[] = {"", "", "https://", "HTTPS://", "http://"};
    for (size_t i = 0; i < sizeof given / sizeof *given; i++) {
        snprintf(text, sizeof text, "%s%s", prefixes[i], s->host);
        scenario_say(s, "host \"%s\"%s", text, given[i] != NULL ? " with TLS options" : "");
        scenario_result(s, "connect_to_host",
                        ferry_client_connect_to_host(s->client, text, s->port, given[i]));
    }
    scenario_get(s, "/");
}

/* proxies_set: sets proxies, good, bad and none; then an address for a name. */
static void run_proxies_set(scenario *s) {
    char line[64];
    const char *const lines[] = {line, NULL};
    ferry_client_options before = s->options;
    scenario_new_client(s);
    scenario_result(s, "http", ferry_client_set_http_proxy(s->client, s->host, s->port));
    scenario_result(s, "https", ferry_client_set_https_proxy(s->client, s->host, s->port));
    scenario_result(s, "http, port 0", ferry_client_set_http_proxy(s->client, s->host, 0));
    scenario_result(s, "https, port 65536",
                    ferry_client_set_https_proxy(s->client, s->host, 65536));
    scenario_result(s, "http, none", ferry_client_set_http_proxy(s->client, "", -1));
    scenario_result(s, "https, none", ferry_client_set_https_proxy(s->client, NULL, -1));
    scenario_connect(s);
    scenario_get(s, "/");
    snprintf(line, sizeof line, "X-For: proxies");
    s->options.proxy_headers = lines;
    scenario_new_client(s);
    s->options.proxy_headers = NULL;
    scenario_result(s, "with proxy_headers",
                    ferry_client_connect_to_host(s->client, s->host, s->port, NULL));
    ferry_client_close(s->client);
    snprintf(line, sizeof line, "named.invalid:%d:%.32s", s->port, s->host);
    s->options.resolve = lines;
    scenario_new_client(s);
    s->options = before;
    scenario_say(s, "an address for a name");
    scenario_result(s, "connect_to_host",
                    ferry_client_connect_to_host(s->client, "named.invalid", s->port, NULL));
    if (scenario_settle(s) == FERRY_OK &&
        ferry_client_get_status(s->client) == FERRY_STATUS_CONNECTED) {
        scenario_get(s, "/");
    }
}

/* behind_proxy: connects, and says what the proxy said where that fails; then gets "/". */
static void run_behind_proxy(scenario *s) {
    size_t count;
    scenario_new_client(s);
    if (scenario_connect(s) == FERRY_OK) {
        scenario_get(s, "/");
        return;
    }
    const char *const *lines = ferry_client_get_response_headers(s->client, &count);
    scenario_say(s, "code %d, has response %d, headers %zu",
                 ferry_client_get_response_code(s->client), ferry_client_has_response(s->client),
                 count);
    for (size_t i = 0; i < count; i++) {
        scenario_say(s, "header: %s", lines[i]);
    }
    scenario_poll(s);
    ferry_client_close(s->client);
    scenario_say(s, "closed: code %d", ferry_client_get_response_code(s->client));
}

/* proxy_changed [HOST:PORT]...: gets "/" by each proxy in turn, on one client; "-" is none. The
 * one of the connection before is changed while that is open. */
static void run_proxy_changed(scenario *s) {
    scenario_new_client(s);
    for (int i = 0; i < s->argc; i++) {
        const char *colon = strrchr(s->argv[i], ':');
        char host[256] = "";
        if (colon != NULL) {
            snprintf(host, sizeof host, "%.*s", (int)(colon - s->argv[i]), s->argv[i]);
        }
        scenario_result(s, "set_http_proxy",
                        ferry_client_set_http_proxy(
                            s->client, host, colon != NULL ? (int)scenario_number(colon + 1) : -1));
        if (i > 0) {
            scenario_get(s, "/still");
        }
        if (scenario_connect(s) == FERRY_OK) {
            scenario_get(s, "/");
        }
    }
}

static void say_all_calls(scenario *s) {
    const void *data;
    size_t length = 99;
    ferry_client *client = s->client;
    scenario_poll(s);
    scenario_poll(s);
    scenario_result(s, "get_error", ferry_client_get_error(client));
    scenario_result(s, "request", ferry_client_request(client, FERRY_METHOD_GET, "/", NULL, NULL));
    scenario_result(s, "read", ferry_client_read_response_body_chunk(client, &data, &length));
    scenario_say(s, "length %zu", length);
    scenario_result(s, "write", ferry_client_write_request_body(client, "x", 1, &length));
    scenario_result(s, "finish", ferry_client_finish_request_body(client));
    scenario_result(s, "wait", ferry_client_wait(client, -1));
    scenario_say(s, "waits %zu", ferry_client_get_waits(client, NULL, 0));
    scenario_poll(s);
}

/* fails_again [HOST PORT]: connects, gets "/" if that works, and shows that every call after the
 * failure tells the same; then close, and that every call tells of no connection. */
static void run_fails_again(scenario *s) {
    scenario_new_client(s);
    const char *host = s->argc > 0 ? s->argv[0] : s->host;
    int port = s->argc > 1 ? (int)scenario_number(s->argv[1]) : s->port;
    scenario_result(s, "connect_to_host",
                    ferry_client_connect_to_host(s->client, host, port, scenario_tls_options(s)));
    if (scenario_settle(s) == FERRY_OK) {
        scenario_get(s, "/");
    }
    say_all_calls(s);
    ferry_client_close(s->client);
    scenario_say(s, "closed");
    scenario_note_status(s);
    say_all_calls(s);
}

/* Brings a client into a status; the server answers /hold with a part of a body only, /wait not at
 * all, /garbage with what is not HTTP. */
static void reach(scenario *s, ferry_status wanted, const char *host, int port) {
    const char *target = wanted == FERRY_STATUS_BODY               ? "/hold"
                         : wanted == FERRY_STATUS_CONNECTION_ERROR ? "/garbage"
                                                                   : "/wait";
    if (wanted == FERRY_STATUS_DISCONNECTED) {
        return;
    }
    scenario_result(s, "connect_to_host",
                    ferry_client_connect_to_host(s->client, host, port, scenario_tls_options(s)));
    while (ferry_client_get_status(s->client) != wanted) {
        ferry_status status = ferry_client_get_status(s->client);
        if (status == FERRY_STATUS_CONNECTED) {
            scenario_result(s, "request",
                            ferry_client_request(s->client, FERRY_METHOD_GET, target, NULL, NULL));
        } else if (scenario_leave(s, status) != FERRY_OK) {
            break;
        }
    }
    if (ferry_client_get_status(s->client) != wanted) {
        scenario_give_up("the status was not reached");
    }
}

/* drop HOW STATUS [HOST PORT]: brings a client into the status, with another host if given; then
 * close, connect, free or set_connection(NULL); then a whole exchange. */
static void run_drop(scenario *s) {
    const char *how = scenario_argument(s, 0);
    ferry_status wanted = scenario_status_of(scenario_argument(s, 1));
    const char *host = s->argc > 2 ? s->argv[2] : s->host;
    int port = s->argc > 3 ? (int)scenario_number(s->argv[3]) : s->port;
    scenario_new_client(s);
    reach(s, wanted, host, port);
    scenario_say(s, "%s in %s", how, ferry_status_name(ferry_client_get_status(s->client)));
    if (strcmp(how, "close") == 0) {
        ferry_client_close(s->client);
    } else if (strcmp(how, "unset") == 0) {
        scenario_result(s, "set_connection", ferry_client_set_connection(s->client, NULL));
    } else if (strcmp(how, "free") == 0) {
        scenario_new_client(s); /* frees the one before */
    } else if (strcmp(how, "connect") != 0) {
        scenario_give_up("drop: close, connect, free or unset");
    }
    if (strcmp(how, "connect") != 0) {
        scenario_note_status(s);
        scenario_say(s, "has response %d, code %d, detail \"%s\", connection %s",
                     ferry_client_has_response(s->client),
                     ferry_client_get_response_code(s->client),
                     ferry_client_get_error_detail(s->client),
                     ferry_client_get_connection(s->client) == NULL ? "none" : "there");
        scenario_poll(s);
    }
    scenario_connect(s);
    scenario_get(s, "/after");
}

static void say_waits(scenario *s) {
    ferry_wait waits[64] = {{FERRY_NO_DESCRIPTOR, 0}};
    size_t count = ferry_client_get_waits(s->client, waits, 64);
    scenario_say(s, "%s: waits %zu, %s, events%s%s, time-out %s",
                 ferry_status_name(ferry_client_get_status(s->client)), count,
                 waits[0].descriptor == FERRY_NO_DESCRIPTOR ? "no descriptor" : "a descriptor",
                 (waits[0].events & FERRY_EVENT_READ) != 0 ? " READ" : "",
                 (waits[0].events & FERRY_EVENT_WRITE) != 0 ? " WRITE" : "",
                 ferry_client_get_wait_timeout_ms(s->client) < 0    ? "none"
                 : ferry_client_get_wait_timeout_ms(s->client) == 0 ? "now"
                                                                    : "later");
}

/* waits: what a loop of the program's own is told; wait() with a limit of its own. */
static void run_waits(scenario *s) {
    const void *data;
    size_t length = 0;
    scenario_new_client(s);
    say_waits(s);
    scenario_connect(s);
    say_waits(s);
    scenario_say(s, "wait: %s", ferry_error_name(ferry_client_wait(s->client, 1)));
    scenario_poll(s);
    scenario_say(s, "error %s", ferry_error_name(ferry_client_get_error(s->client)));
    scenario_result(s, "request",
                    ferry_client_request(s->client, FERRY_METHOD_GET, "/hold", NULL, NULL));
    say_waits(s);
    scenario_leave(s, FERRY_STATUS_REQUESTING);
    say_waits(s);
    /* Where the time between two polls was over, it goes on at once. */
    while (ferry_client_read_response_body_chunk(s->client, &data, &length) == FERRY_OK &&
           (length > 0 || ferry_client_get_wait_timeout_ms(s->client) == 0)) {
        if (length == 0) {
            scenario_poll(s);
        }
    }
    say_waits(s);
    scenario_say(s, "wait: %s", ferry_error_name(ferry_client_wait(s->client, 1)));
    scenario_say(s, "error %s", ferry_error_name(ferry_client_get_error(s->client)));
}

const scenario_entry scenario_connecting[] = {
    {"connect", run_connect},
    {"connect_default_port", run_connect_default_port},
    {"refused_hosts", run_refused_hosts},
    {"refused_ports", run_refused_ports},
    {"tls_refused", run_tls_refused},
    {"proxies_set", run_proxies_set},
    {"behind_proxy", run_behind_proxy},
    {"proxy_changed", run_proxy_changed},
    {"fails_again", run_fails_again},
    {"drop", run_drop},
    {"waits", run_waits},
    {NULL, NULL},
};
