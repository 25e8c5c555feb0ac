/* SPDX-License-Identifier: MIT */
/* scenario_tls: what TLS is told by options of the scenario, sessions that are resumed, handshakes
 * that are cancelled, and options that cannot be read. */
#include "scenario.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_CLIENTS = 4, MOST_CANCELS = 100000 };

/* ---- Options ------------------------------------------------------------------------------ */

/* Everything in a file, and NUL. The memory stays until scenario_forget_tls(). */
static char *keep(scenario *s, char *text) {
    if (text == NULL || s->text_count == SCENARIO_MOST_TEXTS) {
        scenario_give_up("there is no memory");
    }
    s->texts[s->text_count++] = text;
    return text;
}

static char *read_file(scenario *s, const char *name, size_t *length) {
    FILE *file = fopen(name, "rb");
    size_t capacity = 4096;
    char *text = malloc(capacity + 1);
    *length = 0;
    if (file == NULL || text == NULL) {
        scenario_give_up("a file cannot be read");
    }
    for (;;) {
        *length += fread(text + *length, 1, capacity - *length, file);
        if (*length < capacity) {
            break;
        }
        capacity *= 2;
        char *larger = realloc(text, capacity + 1);
        if (larger == NULL) {
            scenario_give_up("there is no memory");
        }
        text = larger;
    }
    fclose(file);
    text[*length] = '\0';
    return keep(s, text);
}

/* Pins that commas part. An empty text is a list without pins, "-" is no list. */
static void set_pins(scenario *s, const char *value) {
    size_t count = 0;
    s->tls.pins = strcmp(value, "-") == 0 ? NULL : s->pins;
    char *text = keep(s, malloc(strlen(value) + 1));
    memcpy(text, value, strlen(value) + 1);
    while (*text != '\0' && count < SCENARIO_MOST_PINS) {
        char *comma = strchr(text, ',');
        s->pins[count++] = text;
        text = comma != NULL ? comma + 1 : text + strlen(text);
        if (comma != NULL) {
            *comma = '\0';
        }
    }
    s->pins[count] = NULL;
}

static ferry_tls_cipher cipher_of(const char *name) {
    static const char *const names[] = {"fastest", "chacha", "aes128", "aes256"};
    for (int i = 0; i < 4; i++) {
        if (strcmp(names[i], name) == 0) {
            return (ferry_tls_cipher)i;
        }
    }
    return (ferry_tls_cipher)scenario_number(name);
}

bool scenario_set_tls(scenario *s, const char *name, const char *value) {
    size_t length;
    const struct {
        const char *name;
        const char **to;
        bool is_file;
    } texts[] = {
        {"ca", &s->tls.ca_pem, true},
        {"name", &s->tls.verify_name, false},
        {"cert", &s->tls.certificate_pem, true},
        {"key", &s->tls.key_pem, true},
        {"key_password", &s->tls.key_password, false},
        {"crl", &s->tls.crl_pem, true},
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (strcmp(name, texts[i].name) == 0) {
            bool none = strcmp(value, "-") == 0;
            *texts[i].to = none ? NULL : texts[i].is_file ? read_file(s, value, &length) : value;
            return true;
        }
    }
    if (strcmp(name, "ca_der") == 0) {
        s->tls.ca_der.data = read_file(s, value, &s->tls.ca_der.length);
    } else if (strcmp(name, "pin") == 0) {
        set_pins(s, value);
    } else if (strcmp(name, "tls") == 0) {
        s->with_tls = scenario_number(value) != 0;
    } else if (strcmp(name, "unsafe") == 0) {
        s->tls.unsafe = scenario_number(value) != 0;
    } else if (strcmp(name, "tls_min") == 0) {
        s->tls.min_version = (ferry_tls_version)scenario_number(value);
    } else if (strcmp(name, "cipher") == 0) {
        s->tls.first_cipher = cipher_of(value);
    } else {
        return false;
    }
    return true;
}

const ferry_tls_options *scenario_tls_options(const scenario *s) {
    return s->with_tls ? &s->tls : NULL;
}

void scenario_forget_tls(scenario *s) {
    ferry_tls_cache_free(s->tls.cache);
    s->tls = (ferry_tls_options){.cache = NULL};
    while (s->text_count > 0) {
        free(s->texts[--s->text_count]);
    }
}

/* "name=value" of an option that TLS has; gives up at any other. */
static void take_option(scenario *s, const char *argument) {
    char name[32] = "";
    const char *equals = strchr(argument, '=');
    if (equals == NULL || (size_t)(equals - argument) >= sizeof name) {
        scenario_give_up("an argument is no option");
    }
    memcpy(name, argument, (size_t)(equals - argument));
    if (!scenario_set_tls(s, name, equals + 1)) {
        scenario_give_up("there is no such option");
    }
}

/* ---- Scenarios ---------------------------------------------------------------------------- */

/* has_tls: whether this build speaks TLS. */
static void run_has_tls(scenario *s) {
    ferry_client *client = ferry_client_new(NULL);
    ferry_tls_options tls = ferry_tls_options_client_unsafe(NULL);
    ferry_error error = ferry_client_connect_to_host(client, "127.0.0.1", 1, &tls);
    scenario_say(s, "TLS: %s", error != FERRY_ERROR_UNAVAILABLE ? "yes" : "no");
    ferry_client_free(client);
}

/* sessions , STEP...: a number is the client that connects anew and gets "/"; -N frees that client;
 * "cache" makes a cache that is given from then on, "no_cache" gives none, either frees the one
 * before; OPTION=VALUE, host=HOST and port=PORT hold from then on. */
static void run_sessions(scenario *s) {
    ferry_client *clients[MOST_CLIENTS] = {NULL};
    for (int i = 1; i < s->argc; i++) { /* the comma has kept options from being read before */
        const char *step = s->argv[i];
        if (strncmp(step, "host=", 5) == 0) {
            s->host = step + 5;
            continue;
        }
        if (strncmp(step, "port=", 5) == 0) {
            s->port = (int)scenario_number(step + 5);
            continue;
        }
        if (strcmp(step, "cache") == 0 || strcmp(step, "no_cache") == 0) {
            ferry_tls_cache_free(s->tls.cache);
            s->tls.cache = strcmp(step, "cache") == 0 ? ferry_tls_cache_new() : NULL;
            continue;
        }
        if (strchr(step, '=') != NULL) {
            take_option(s, step);
            continue;
        }
        long long number = scenario_number(step[0] == '-' ? step + 1 : step);
        if (number < 0 || number >= MOST_CLIENTS) {
            scenario_give_up("there are not so many clients");
        }
        s->client = clients[number];
        if (step[0] == '-') {
            ferry_client_free(s->client);
            s->client = NULL;
        } else {
            if (s->client == NULL) {
                scenario_new_client(s);
            }
            ferry_client_close(s->client);
            s->status = FERRY_STATUS_DISCONNECTED;
            scenario_say(s, "client %lld", number);
            if (scenario_connect(s) == FERRY_OK) {
                scenario_get(s, "/");
            }
        }
        clients[number] = s->client;
    }
    for (int i = 0; i < MOST_CLIENTS; i++) {
        ferry_client_free(clients[i]);
    }
    s->client = NULL;
}

/* Connects, and gives up the connection after so many polls in CONNECTING. False: it was CONNECTED,
 * or had failed, before. */
static bool cancel_after(scenario *s, const char *how, long long polls) {
    if (scenario_result(s, "connect_to_host",
                        ferry_client_connect_to_host(s->client, s->host, s->port,
                                                     scenario_tls_options(s))) != FERRY_OK ||
        scenario_leave(s, FERRY_STATUS_RESOLVING) != FERRY_OK) {
        return false;
    }
    for (long long i = 0; i < polls; i++) {
        scenario_wait(s);
        if (scenario_poll(s) != FERRY_OK || s->status != FERRY_STATUS_CONNECTING) {
            return false;
        }
    }
    if (s->status != FERRY_STATUS_CONNECTING) {
        return false;
    }
    if (strcmp(how, "free") == 0) {
        scenario_new_client(s); /* frees the one before */
    } else if (strcmp(how, "close") == 0) {
        ferry_client_close(s->client);
        scenario_note_status(s);
    } else if (strcmp(how, "connect") != 0) { /* the next round does that */
        scenario_give_up("cancel_handshake: close, connect or free");
    }
    return true;
}

/* cancel_handshake HOW [STEP]: drops connections after 0, STEP, 2 * STEP... polls of CONNECTING, by
 * close, free or another connect_to_host, until one is made before it comes to that; then gets "/"
 * from it. */
static void run_cancel_handshake(scenario *s) {
    const char *how = scenario_argument(s, 0);
    long long step = s->argc > 1 ? scenario_number(s->argv[1]) : 1;
    long long count = 0;
    scenario_new_client(s);
    s->quiet = true;
    while (count < MOST_CANCELS && cancel_after(s, how, count * step)) {
        count++;
    }
    s->quiet = false;
    scenario_say(s, "cancelled %lld times", count);
    scenario_result(s, "then", ferry_client_get_error(s->client));
    scenario_say(s, "status %s", ferry_status_name(ferry_client_get_status(s->client)));
    if (ferry_client_get_status(s->client) == FERRY_STATUS_CONNECTED) {
        scenario_get(s, "/");
    }
}

/* unreadable , OPTION=VALUE...: gets "/", is refused a connection with these options as well, and
 * gets "/after" from the old one. */
static void run_unreadable(scenario *s) {
    scenario_new_client(s);
    if (scenario_connect(s) != FERRY_OK || scenario_get(s, "/") != FERRY_OK) {
        return;
    }
    for (int i = 1; i < s->argc; i++) { /* the comma has kept them from the first connection */
        take_option(s, s->argv[i]);
    }
    s->with_tls = true;
    scenario_result(
        s, "connect_to_host",
        ferry_client_connect_to_host(s->client, s->host, s->port, scenario_tls_options(s)));
    scenario_get(s, "/after");
}

/* forgotten_options: all that the options point to is gone before the first poll. */
static void run_forgotten_options(scenario *s) {
    scenario_new_client(s);
    scenario_result(
        s, "connect_to_host",
        ferry_client_connect_to_host(s->client, s->host, s->port, scenario_tls_options(s)));
    for (int i = 0; i < s->text_count; i++) {
        memset(s->texts[i], '!', strlen(s->texts[i]));
    }
    scenario_forget_tls(s);
    if (scenario_settle(s) == FERRY_OK) {
        scenario_get(s, "/");
    }
}

const scenario_entry scenario_tls[] = {
    {"has_tls", run_has_tls},
    {"sessions", run_sessions},
    {"cancel_handshake", run_cancel_handshake},
    {"unreadable", run_unreadable},
    {"forgotten_options", run_forgotten_options},
    {NULL, NULL},
};
