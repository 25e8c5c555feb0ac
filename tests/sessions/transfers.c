/* SPDX-License-Identifier: MIT */
/* transfers: starts transfers of one session as its arguments say and prints what became of them.
 *
 *     transfers [OPTION=VALUE...] [-- | ++] [OPTION=VALUE...] ...
 *
 * The first options are the session's. Each "--" begins a transfer, and "++" too, once those before
 * it are done and printed. "network_changed", "counters" and "polls" stand for themselves, and are
 * done when those before them are. It is ISO C and <ferry.h> alone, so that it runs on every
 * platform. */
#include <ferry.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    MOST_TRANSFERS = 1000,
    MOST_HEADERS = 16,
    MOST_PINS = 4,
    MOST_TEXTS = 32,
    MOST_CACHES = 4,
    TEXT_SIZE = 64 * 1024,
    FIRST = 60,
    POLL_MS = 1000,
    MANY_POLLS = 100,
};

/* A body that a function gives. */
typedef struct source {
    const char *text;
    size_t at;
    unsigned rewinds;
} source;

typedef struct run {
    ferry_session_request request;
    ferry_timeouts timeouts;
    ferry_tls_options tls;
    const char *headers[MOST_HEADERS + 1];
    size_t header_count;
    const char *pins[MOST_PINS + 1];
    source body;
    char *dst;
    const char *file; /* NULL: the body goes to none */
    size_t given;     /* to on_data */
    unsigned heads;
    unsigned dones;
    ferry_transfer *transfer;
} run;

static struct {
    ferry_session_options options;
    ferry_tls_options tls;
    const char *resolve[MOST_HEADERS + 1];
    size_t resolve_count;
    ferry_session *session;
    run *runs[MOST_TRANSFERS];
    size_t count;
    size_t printed;
    bool shows_order;
    ferry_tls_cache *caches[MOST_CACHES];
    char *texts[MOST_TEXTS]; /* of files */
    size_t text_count;
} all;

static _Noreturn void give_up(const char *why, const char *what) {
    fprintf(stderr, "transfers: %s: %s\n", why, what);
    exit(2);
}

/* ---- Functions ---- */

static ferry_error body_read(void *ctx, void *dst, size_t capacity, size_t *length) {
    source *from = ctx;
    size_t left = strlen(from->text) - from->at;
    *length = left < capacity ? left : capacity;
    memcpy(dst, from->text + from->at, *length);
    from->at += *length;
    return FERRY_OK;
}

static ferry_error body_rewind(void *ctx) {
    source *from = ctx;
    from->at = 0;
    from->rewinds++;
    return FERRY_OK;
}

static ferry_error on_head(void *ctx, ferry_transfer *transfer) {
    (void)transfer;
    ((run *)ctx)->heads++;
    return FERRY_OK;
}

static ferry_error on_data(void *ctx, ferry_transfer *transfer, const void *data, size_t length) {
    (void)transfer, (void)data;
    ((run *)ctx)->given += length;
    return FERRY_OK;
}

static void on_done(void *ctx, ferry_transfer *transfer) {
    (void)transfer;
    ((run *)ctx)->dones++;
}

/* ---- Options ---- */

static ferry_slice read_bytes(const char *name) {
    FILE *file = fopen(name, "rb");
    if (file == NULL || all.text_count == MOST_TEXTS) {
        give_up("cannot be read", name);
    }
    char *text = calloc(1, TEXT_SIZE);
    size_t length = fread(text, 1, TEXT_SIZE - 1, file);
    text[length] = '\0';
    fclose(file);
    all.texts[all.text_count++] = text;
    return (ferry_slice){text, length};
}

static const char *read_file(const char *name) {
    return read_bytes(name).data;
}

/* Those with the same number are the same. */
static ferry_tls_cache *find_cache(const char *number) {
    ferry_tls_cache **cache = &all.caches[atoi(number) % MOST_CACHES];
    if (*cache == NULL) {
        *cache = ferry_tls_cache_new();
    }
    return *cache;
}

static ferry_method method_of(const char *name) {
    static const struct {
        const char *name;
        ferry_method method;
    } methods[] = {
        {"GET", FERRY_METHOD_GET},         {"HEAD", FERRY_METHOD_HEAD},
        {"POST", FERRY_METHOD_POST},       {"PUT", FERRY_METHOD_PUT},
        {"DELETE", FERRY_METHOD_DELETE},   {"PATCH", FERRY_METHOD_PATCH},
        {"OPTIONS", FERRY_METHOD_OPTIONS},
    };
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        if (strcmp(name, methods[i].name) == 0) {
            return methods[i].method;
        }
    }
    give_up("no method", name);
}

static bool set_tls(ferry_tls_options *tls, const char **pins, const char *name,
                    const char *value) {
    const struct {
        const char *name;
        const char **to;
    } files[] = {
        {"tls_ca", &tls->ca_pem},
        {"tls_cert", &tls->certificate_pem},
        {"tls_key", &tls->key_pem},
        {"tls_crl", &tls->crl_pem},
    };
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        if (strcmp(name, files[i].name) == 0) {
            *files[i].to = read_file(value);
            return true;
        }
    }
    if (strcmp(name, "tls_name") == 0) {
        tls->verify_name = value;
    } else if (strcmp(name, "tls_ca_der") == 0) {
        tls->ca_der = read_bytes(value);
    } else if (strcmp(name, "tls_password") == 0) {
        tls->key_password = value;
    } else if (strcmp(name, "tls_cache") == 0) {
        tls->cache = find_cache(value);
    } else if (strcmp(name, "tls_unsafe") == 0) {
        tls->unsafe = true;
    } else if (strcmp(name, "tls_min") == 0) {
        tls->min_version = (ferry_tls_version)atoi(value);
    } else if (strcmp(name, "tls_cipher") == 0) {
        tls->first_cipher = (ferry_tls_cipher)atoi(value);
    } else if (strcmp(name, "tls_pin") == 0 && pins != NULL) {
        pins[0] = value;
        tls->pins = pins;
    } else {
        return false;
    }
    return true;
}

static bool set_number(run *r, const char *name, long long value) {
    ferry_session_request *request = &r->request;
    const struct {
        const char *name;
        int *to;
    } numbers[] = {
        {"priority", &request->priority},    {"redirects", &request->max_redirects},
        {"retries", &request->max_retries},  {"retry_after_ms", &request->max_retry_after_ms},
        {"total_ms", &r->timeouts.total_ms}, {"idle_ms", &r->timeouts.idle_ms},
    };
    const struct {
        const char *name;
        bool *to;
    } switches[] = {
        {"copy", &request->copy_body},
        {"keepalive", &request->keepalive},
        {"any_status", &request->any_status},
        {"follow", &request->headers_follow},
        {"downgrade", &request->allow_downgrade},
        {"post_after_301", &request->post_after_301},
        {"post_after_302", &request->post_after_302},
        {"post_after_303", &request->post_after_303},
        {"resume", &request->resume},
        {"if_changed", &request->if_changed},
    };
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        if (strcmp(name, numbers[i].name) == 0) {
            *numbers[i].to = (int)value;
            request->timeouts = &r->timeouts;
            return true;
        }
    }
    for (size_t i = 0; i < sizeof switches / sizeof *switches; i++) {
        if (strcmp(name, switches[i].name) == 0) {
            *switches[i].to = value != 0;
            return true;
        }
    }
    if (strcmp(name, "max_body") == 0) {
        request->max_body_bytes = value;
    } else if (strcmp(name, "rate") == 0) {
        request->max_bytes_per_second = value;
    } else if (strcmp(name, "expected") == 0) {
        request->expected_bytes = value;
    } else if (strcmp(name, "again") == 0) {
        request->send_again = (ferry_send_again)value;
    } else if (strcmp(name, "dst") == 0) {
        r->dst = calloc(1, (size_t)value + 1);
        request->dst = r->dst;
        request->dst_capacity = (size_t)value;
    } else if (strcmp(name, "on_data") == 0) {
        request->functions.on_data = on_data;
    } else if (strcmp(name, "rewind") == 0) {
        request->body_rewind = body_rewind;
    } else {
        return false;
    }
    return true;
}

static void set_option(run *r, const char *name, const char *value) {
    ferry_session_request *request = &r->request;
    if (strcmp(name, "url") == 0) {
        request->url = value;
    } else if (strcmp(name, "method") == 0) {
        request->method = method_of(value);
    } else if (strcmp(name, "file") == 0) {
        r->file = value;
    } else if (strcmp(name, "name") == 0) {
        request->method_name = value;
    } else if (strcmp(name, "integrity") == 0) {
        request->integrity = value;
    } else if (strcmp(name, "bearer") == 0) {
        request->bearer = value;
    } else if (strcmp(name, "user") == 0) {
        request->user = value;
    } else if (strcmp(name, "password") == 0) {
        request->password = value;
    } else if (strcmp(name, "integrity") == 0) {
        request->integrity = value;
    } else if (strcmp(name, "body_file") == 0) {
        request->body_file = value;
    } else if (strcmp(name, "body") == 0) {
        request->body = value;
        request->body_length = strlen(value);
    } else if (strcmp(name, "read") == 0) {
        r->body.text = value;
        request->body_read = body_read;
        request->body_ctx = &r->body;
        request->body_read_length = (int64_t)strlen(value);
    } else if (strcmp(name, "header") == 0 && r->header_count < MOST_HEADERS) {
        r->headers[r->header_count++] = value;
        request->headers = r->headers;
    } else if (set_tls(&r->tls, r->pins, name, value)) {
        request->tls = &r->tls;
    } else if (!set_number(r, name, strtoll(value, NULL, 10))) {
        give_up("no option of a transfer", name);
    }
}

static void set_session_option(const char *name, const char *value) {
    ferry_session_options *options = &all.options;
    const struct {
        const char *name;
        int *to;
    } numbers[] = {
        {"per_origin", &options->max_connections_per_origin},
        {"connections", &options->max_connections},
        {"streams", &options->max_event_streams_per_origin},
        {"max_idle_ms", &options->max_idle_ms},
        {"total_ms", &options->client.timeouts.total_ms},
        {"budget_us", &options->poll_budget_us},
    };
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        if (strcmp(name, numbers[i].name) == 0) {
            *numbers[i].to = atoi(value);
            return;
        }
    }
    if (strcmp(name, "base") == 0) {
        options->base_url = value;
    } else if (strcmp(name, "http_proxy") == 0) {
        options->http_proxy = value;
    } else if (strcmp(name, "https_proxy") == 0) {
        options->https_proxy = value;
    } else if (strcmp(name, "no_proxy") == 0) {
        options->client.no_proxy = value;
    } else if (strcmp(name, "https_only") == 0) {
        options->https_only = true;
    } else if (strcmp(name, "rate") == 0) {
        options->max_bytes_per_second = atoll(value);
    } else if (strcmp(name, "memory") == 0) {
        options->max_memory_bytes = (size_t)atoll(value);
    } else if (strcmp(name, "order") == 0) {
        all.shows_order = true;
    } else if (strcmp(name, "resolve") == 0 && all.resolve_count < MOST_HEADERS) {
        all.resolve[all.resolve_count++] = value;
        options->client.resolve = all.resolve;
    } else if (set_tls(&all.tls, NULL, name, value)) {
        options->tls = &all.tls;
    } else {
        give_up("no option of a session", name);
    }
}

/* ---- The transcript ---- */

static void print_text(const char *text, size_t length) {
    for (size_t i = 0; i < length; i++) {
        if ((unsigned char)text[i] < 0x20 || (unsigned char)text[i] >= 0x7f) {
            printf("\\x%02x", (unsigned)(unsigned char)text[i]);
        } else {
            putchar(text[i]);
        }
    }
}

static const char *short_name(ferry_error error) {
    const char *name = ferry_error_name(error);
    return strncmp(name, "FERRY_ERROR_", 12) == 0 ? name + 12 : "OK";
}

static void print_body(const run *r) {
    size_t length;
    const char *body = ferry_transfer_get_body(r->transfer, &length);
    if (r->dst != NULL && length == 0) {
        body = r->dst;
        length = strlen(r->dst);
        printf(" dst");
    }
    printf(" %zu bytes \"", length);
    print_text(body, length < FIRST ? length : FIRST);
    printf("\"");
}

static void print_download(const ferry_transfer *transfer) {
    printf(" file %lld of %lld resumed %lld%s", (long long)ferry_transfer_get_body_bytes(transfer),
           (long long)ferry_transfer_get_body_total(transfer),
           (long long)ferry_transfer_get_resumed_bytes(transfer),
           ferry_transfer_is_unchanged(transfer) ? " unchanged" : "");
}

static void print_run(size_t index) {
    const run *r = all.runs[index];
    const ferry_transfer *transfer = r->transfer;
    ferry_error error = ferry_transfer_get_error(transfer);
    printf("%zu %s %d", index, short_name(error), ferry_transfer_get_response_code(transfer));
    printf(" %s", ferry_transfer_get_url(transfer));
    printf(" redirects %d retries %d", ferry_transfer_get_redirect_count(transfer),
           ferry_transfer_get_retry_count(transfer));
    print_body(r);
    if (r->request.functions.on_data != NULL) {
        printf(" given %zu", r->given);
    }
    if (r->request.body_rewind != NULL) {
        printf(" rewinds %u", r->body.rewinds);
    }
    if (r->file != NULL) {
        print_download(transfer);
    }
    printf(" heads %u", r->heads);
    if (r->dones != 1) {
        printf(" done %u times", r->dones);
    }
    if (error != FERRY_OK) {
        printf(": %s", ferry_transfer_get_error_detail(transfer));
    }
    putchar('\n');
}

static void print_counters(void) {
    ferry_session_counters c;
    ferry_session_get_counters(all.session, &c);
    printf("active %zu queued %zu open %zu idle %zu made %d reused %d memory %zu\n",
           c.transfers_active, c.transfers_queued, c.connections_open, c.connections_idle,
           (int)c.connections_made, (int)c.connections_reused, c.memory_bytes);
}

/* What is between the two lines costs what polls cost. */
static void poll_often(void) {
    fflush(stdout);
    puts("polls");
    fflush(stdout);
    for (int i = 0; i < MANY_POLLS; i++) {
        ferry_session_poll(all.session, 0);
    }
    puts("polled");
    fflush(stdout);
}

/* ---- The session ---- */

static void print_order(void) {
    for (ferry_transfer *done; (done = ferry_session_next_done(all.session)) != NULL;) {
        for (size_t i = 0; i < all.count && all.shows_order; i++) {
            if (all.runs[i]->transfer == done) {
                printf("done %zu\n", i);
            }
        }
    }
}

static bool is_under_way(void) {
    for (size_t i = all.printed; i < all.count; i++) {
        if (!ferry_transfer_is_done(all.runs[i]->transfer)) {
            return true;
        }
    }
    return false;
}

static void finish(void) {
    while (is_under_way()) {
        ferry_session_poll(all.session, POLL_MS);
        print_order();
    }
    ferry_session_poll(all.session, 0);
    print_order();
    while (all.printed < all.count) {
        print_run(all.printed++);
    }
}

static void start(run *r) {
    r->request.ctx = r;
    r->request.functions.on_head = on_head;
    r->request.functions.on_done = on_done;
    r->transfer = r->file != NULL ? ferry_session_start_download(all.session, &r->request, r->file)
                                  : ferry_session_start(all.session, &r->request);
    all.runs[all.count++] = r;
}

static void split(char *argument, void (*set)(const char *, const char *), run *r) {
    char *equals = strchr(argument, '=');
    if (equals == NULL) {
        give_up("no option", argument);
    }
    *equals = '\0';
    if (r != NULL) {
        set_option(r, argument, equals + 1);
    } else {
        set(argument, equals + 1);
    }
}

static bool is_mark(const char *argument) {
    return strcmp(argument, "--") == 0 || strcmp(argument, "++") == 0;
}

static int run_transfer(int argc, char **argv, int at) {
    run *r = calloc(1, sizeof *r);
    for (; at < argc && !is_mark(argv[at]) && strchr(argv[at], '=') != NULL; at++) {
        split(argv[at], NULL, r);
    }
    start(r);
    return at;
}

int main(int argc, char **argv) {
    int at = 1;
    for (; at < argc && strchr(argv[at], '=') != NULL; at++) {
        split(argv[at], set_session_option, NULL);
    }
    all.session = ferry_session_new(&all.options);
    while (at < argc) {
        const char *word = argv[at++];
        if (strcmp(word, "--") != 0) {
            finish();
        }
        if (is_mark(word)) {
            at = run_transfer(argc, argv, at);
        } else if (strcmp(word, "network_changed") == 0) {
            ferry_session_network_changed(all.session);
        } else if (strcmp(word, "counters") == 0) {
            print_counters();
        } else if (strcmp(word, "polls") == 0) {
            poll_often();
        } else {
            give_up("what is this", word);
        }
    }
    finish();
    ferry_session_free(all.session);
    for (size_t i = 0; i < all.count; i++) {
        ferry_transfer_free(all.runs[i]->transfer);
        free(all.runs[i]->dst);
        free(all.runs[i]);
    }
    for (size_t i = 0; i < MOST_CACHES; i++) {
        ferry_tls_cache_free(all.caches[i]);
    }
    for (size_t i = 0; i < all.text_count; i++) {
        free(all.texts[i]);
    }
    return fflush(stdout) == 0 ? 0 : 1;
}
