/* SPDX-License-Identifier: MIT */
/* cookie_jar: a table of domains, each with its cookies, so that a request looks only at those of
 * its own host and of the domains above it. */
#include "cookie_jar.h"

#include "cookie_site.h"
#include "session_runtime.h"

#include <stdlib.h>

/* ---- Domains ---- */

static ferry_list_node *jar_bucket_of(ferry_cookie_jar *jar, ferry_span name) {
    uint32_t hash = 2166136261u; /* FNV-1a */
    for (size_t i = 0; i < name.length; i++) {
        hash = (hash ^ (unsigned char)name.data[i]) * 16777619u;
    }
    return &jar->buckets[hash % FERRY_COOKIE_BUCKETS];
}

static ferry_cookie_domain *jar_find_domain(ferry_cookie_jar *jar, ferry_span name) {
    ferry_list_node *bucket = jar_bucket_of(jar, name);
    for (ferry_list_node *node = ferry_list_first(bucket); node != NULL;
         node = ferry_list_next(bucket, node)) {
        ferry_cookie_domain *domain = FERRY_LIST_ITEM(node, ferry_cookie_domain, node);
        if (domain->length == name.length && memcmp(domain->name, name.data, name.length) == 0) {
            return domain;
        }
    }
    return NULL;
}

static ferry_cookie_domain *jar_add_domain(ferry_cookie_jar *jar, ferry_span name) {
    ferry_cookie_domain *domain = ferry_alloc(&jar->context, sizeof *domain + name.length + 1);
    if (domain == NULL) {
        return NULL;
    }
    *domain = (ferry_cookie_domain){.length = name.length};
    memcpy(domain->name, name.data, name.length);
    domain->name[name.length] = '\0';
    ferry_list_init(&domain->cookies);
    ferry_list_append(jar_bucket_of(jar, name), &domain->node);
    return domain;
}

/* ---- Cookies ---- */

static void jar_drop(ferry_cookie_jar *jar, ferry_stored_cookie *cookie) {
    ferry_cookie_domain *domain = cookie->domain;
    ferry_list_remove(&cookie->all);
    ferry_list_remove(&cookie->near);
    jar->count--;
    if (--domain->count == 0) {
        ferry_list_remove(&domain->node);
        ferry_free(&jar->context, domain);
    }
    ferry_wipe(cookie, cookie->size);
    ferry_free(&jar->context, cookie);
}

static ferry_span cookie_put_text(char **at, ferry_span text) {
    ferry_span copy = {*at, text.length};
    if (text.length > 0) {
        memcpy(*at, text.data, text.length);
    }
    (*at)[text.length] = '\0';
    *at += text.length + 1;
    return copy;
}

/* It is in no list yet. */
static ferry_stored_cookie *jar_copy_cookie(ferry_cookie_jar *jar,
                                            const ferry_cookie_parts *parts) {
    size_t text = parts->name.length + parts->value.length + parts->path.length + 3;
    ferry_stored_cookie *cookie = ferry_alloc(&jar->context, sizeof *cookie + text);
    if (cookie == NULL) {
        return NULL;
    }
    *cookie = (ferry_stored_cookie){.parts = *parts, .size = sizeof *cookie + text};
    char *at = cookie->text;
    cookie->parts.name = cookie_put_text(&at, parts->name);
    cookie->parts.value = cookie_put_text(&at, parts->value);
    cookie->parts.path = cookie_put_text(&at, parts->path);
    return cookie;
}

static bool jar_text_equals(ferry_span a, ferry_span b) {
    return a.length == b.length && (a.length == 0 || memcmp(a.data, b.data, a.length) == 0);
}

/* Section 5.7, step 23. */
static ferry_stored_cookie *domain_find_same(ferry_cookie_domain *domain,
                                             const ferry_cookie_parts *parts) {
    for (ferry_list_node *node = ferry_list_first(&domain->cookies); node != NULL;
         node = ferry_list_next(&domain->cookies, node)) {
        ferry_stored_cookie *cookie = FERRY_LIST_ITEM(node, ferry_stored_cookie, near);
        if (cookie->parts.host_only == parts->host_only &&
            jar_text_equals(cookie->parts.name, parts->name) &&
            jar_text_equals(cookie->parts.path, parts->path)) {
            return cookie;
        }
    }
    return NULL;
}

/* ---- Room: what is over goes first, then what is not Secure, then what was used least recently
 * ---- */

void ferry_cookie_jar_expire(ferry_cookie_jar *jar, int64_t now_s) {
    ferry_list_node *next;
    for (ferry_list_node *node = ferry_list_first(&jar->all); node != NULL; node = next) {
        next = ferry_list_next(&jar->all, node);
        ferry_stored_cookie *cookie = FERRY_LIST_ITEM(node, ferry_stored_cookie, all);
        if (cookie->parts.expires_s <= now_s) {
            jar_drop(jar, cookie);
        }
    }
}

static bool cookie_goes_before(const ferry_stored_cookie *a, const ferry_stored_cookie *b) {
    return b == NULL || (a->parts.secure != b->parts.secure ? b->parts.secure : a->used < b->used);
}

/* Drops one, of the domain or of all (NULL). False: there are Secure cookies alone, which one that
 * is not Secure does not drive out. */
static bool jar_drop_one(ferry_cookie_jar *jar, const ferry_cookie_domain *domain,
                         bool for_secure) {
    ferry_stored_cookie *least = NULL;
    for (ferry_list_node *node = ferry_list_first(&jar->all); node != NULL;
         node = ferry_list_next(&jar->all, node)) {
        ferry_stored_cookie *cookie = FERRY_LIST_ITEM(node, ferry_stored_cookie, all);
        if ((domain == NULL || cookie->domain == domain) && cookie_goes_before(cookie, least)) {
            least = cookie;
        }
    }
    if (least == NULL || (least->parts.secure && !for_secure)) {
        return false;
    }
    jar_drop(jar, least);
    return true;
}

/* For one more. False: there is none for this one. */
static bool jar_make_room(ferry_cookie_jar *jar, const ferry_cookie_parts *parts, int64_t now_s) {
    const ferry_cookie_domain *domain = jar_find_domain(jar, parts->domain);
    bool is_full = domain != NULL && domain->count >= FERRY_COOKIES_OF_DOMAIN;
    if (is_full || jar->count >= FERRY_COOKIES_OF_JAR) {
        ferry_cookie_jar_expire(jar, now_s);
        domain = jar_find_domain(jar, parts->domain);
    }
    if (domain != NULL && domain->count >= FERRY_COOKIES_OF_DOMAIN &&
        !jar_drop_one(jar, domain, parts->secure)) {
        return false;
    }
    return jar->count < FERRY_COOKIES_OF_JAR || jar_drop_one(jar, NULL, parts->secure);
}

/* So that choosing cookies allocates nothing. */
static bool jar_reserve(ferry_cookie_jar *jar) {
    if (jar->count < jar->capacity) {
        return true;
    }
    size_t size = sizeof(ferry_stored_cookie *);
    size_t capacity = jar->capacity > 0 ? 2 * jar->capacity : 16;
    ferry_stored_cookie **chosen =
        ferry_resize(&jar->context, jar->chosen, jar->capacity * size, capacity * size);
    if (chosen == NULL) {
        return false;
    }
    jar->chosen = chosen;
    jar->capacity = capacity;
    return true;
}

static void jar_insert(ferry_cookie_jar *jar, ferry_cookie_domain *domain,
                       ferry_stored_cookie *cookie, ferry_stored_cookie *same) {
    cookie->domain = domain;
    cookie->parts.domain = (ferry_span){domain->name, domain->length};
    cookie->used = ++jar->last_use;
    ferry_list_append(&domain->cookies, &cookie->near);
    domain->count++;
    jar->count++;
    if (same == NULL) {
        cookie->order = ++jar->last_order;
        ferry_list_append(&jar->all, &cookie->all);
        return;
    }
    ferry_list_node one;
    ferry_list_init(&one);
    ferry_list_append(&one, &cookie->all);
    cookie->order = same->order;
    ferry_list_insert_all(&same->all, &one);
    jar_drop(jar, same);
}

ferry_error ferry_cookie_jar_put(ferry_cookie_jar *jar, const ferry_cookie_parts *parts,
                                 int64_t now_s) {
    ferry_cookie_domain *domain = jar_find_domain(jar, parts->domain);
    ferry_stored_cookie *same = domain != NULL ? domain_find_same(domain, parts) : NULL;
    if (parts->expires_s <= now_s) {
        if (same != NULL) {
            jar_drop(jar, same);
        }
        return FERRY_OK;
    }
    if (same == NULL && !jar_make_room(jar, parts, now_s)) {
        return FERRY_OK;
    }
    ferry_stored_cookie *cookie = jar_reserve(jar) ? jar_copy_cookie(jar, parts) : NULL;
    if (cookie == NULL) {
        return ferry_fail_memory(&jar->context);
    }
    domain = jar_find_domain(jar, parts->domain); /* making room may have dropped it */
    if (domain == NULL) {
        domain = jar_add_domain(jar, parts->domain);
    }
    if (domain == NULL) {
        ferry_free(&jar->context, cookie);
        return ferry_fail_memory(&jar->context);
    }
    jar_insert(jar, domain, cookie, same);
    return FERRY_OK;
}

/* ---- What a response sets: section 5.7 ---- */

/* Step 16: http does not lay a cookie over one that https has set. */
static bool jar_has_secure(ferry_cookie_jar *jar, const ferry_cookie_parts *parts) {
    for (ferry_list_node *node = ferry_list_first(&jar->all); node != NULL;
         node = ferry_list_next(&jar->all, node)) {
        const ferry_cookie_parts *other = &FERRY_LIST_ITEM(node, ferry_stored_cookie, all)->parts;
        if (other->secure && jar_text_equals(other->name, parts->name) &&
            (ferry_cookie_domain_matches(other->domain, parts->domain) ||
             ferry_cookie_domain_matches(parts->domain, other->domain)) &&
            ferry_cookie_path_matches(parts->path, other->path)) {
            return true;
        }
    }
    return false;
}

ferry_error ferry_cookie_jar_take(ferry_cookie_jar *jar, const ferry_cookie_site *site,
                                  ferry_span text, int64_t now_s) {
    char host[FERRY_COOKIE_HOST_SIZE];
    char domain[FERRY_COOKIE_HOST_SIZE];
    ferry_cookie_parts parts;
    if (!ferry_cookie_host_write(ferry_span_of(site->host), host) ||
        !ferry_cookie_parse(text, now_s, &parts) || (parts.secure && !site->secure)) {
        return FERRY_OK;
    }
    if (!ferry_cookie_domain_choose(ferry_span_of(host), &parts, domain)) {
        return FERRY_OK;
    }
    if (parts.path.length == 0) {
        parts.path = ferry_cookie_default_path(ferry_cookie_request_path(site->target));
    }
    if (!ferry_cookie_is_sound(&parts) || (!site->secure && jar_has_secure(jar, &parts))) {
        return FERRY_OK;
    }
    return ferry_cookie_jar_put(jar, &parts, now_s);
}

/* ---- What goes with a request: section 5.8.3 ---- */

/* Step 2: longer paths first, and of the same length the one that was set first. */
static int cookie_compare(const void *left, const void *right) {
    const ferry_stored_cookie *a = *(ferry_stored_cookie *const *)left;
    const ferry_stored_cookie *b = *(ferry_stored_cookie *const *)right;
    if (a->parts.path.length != b->parts.path.length) {
        return a->parts.path.length > b->parts.path.length ? -1 : 1;
    }
    return a->order < b->order ? -1 : 1;
}

/* Step 1, for the cookies of one domain. Returns how many are chosen by now. */
static size_t jar_choose(ferry_cookie_jar *jar, const ferry_cookie_domain *domain, bool is_host,
                         const ferry_cookie_site *site, int64_t now_s, size_t count) {
    ferry_span path = ferry_cookie_request_path(site->target);
    for (ferry_list_node *node = ferry_list_first(&domain->cookies); node != NULL;
         node = ferry_list_next(&domain->cookies, node)) {
        ferry_stored_cookie *cookie = FERRY_LIST_ITEM(node, ferry_stored_cookie, near);
        const ferry_cookie_parts *parts = &cookie->parts;
        if ((is_host || !parts->host_only) && (site->secure || !parts->secure) &&
            parts->expires_s > now_s && ferry_cookie_path_matches(path, parts->path)) {
            jar->chosen[count++] = cookie;
        }
    }
    return count;
}

static size_t jar_choose_all(ferry_cookie_jar *jar, const ferry_cookie_site *site, ferry_span host,
                             int64_t now_s) {
    size_t count = 0;
    bool is_address = ferry_cookie_host_is_address(host);
    ferry_span name = host;
    for (;;) {
        const ferry_cookie_domain *domain = jar_find_domain(jar, name);
        if (domain != NULL) {
            bool is_host = name.length == host.length;
            count = jar_choose(jar, domain, is_host, site, now_s, count);
        }
        size_t label = ferry_span_find_any(name, ".");
        if (is_address || label == name.length) {
            return count;
        }
        name = ferry_span_skip(name, label + 1);
    }
}

static ferry_error jar_add_text(ferry_cookie_jar *jar, ferry_span text) {
    return ferry_buffer_append(&jar->line, &jar->context, text.data, text.length);
}

/* Step 4, with what is before it. */
static ferry_error jar_add_pair(ferry_cookie_jar *jar, ferry_span before,
                                const ferry_cookie_parts *parts) {
    ferry_error error = jar_add_text(jar, before);
    if (error == FERRY_OK && parts->name.length > 0) {
        error = jar_add_text(jar, parts->name);
        if (error == FERRY_OK) {
            error = jar_add_text(jar, FERRY_SPAN("="));
        }
    }
    return error == FERRY_OK ? jar_add_text(jar, parts->value) : error;
}

/* As many as a server takes. */
static ferry_error jar_write_line(ferry_cookie_jar *jar, size_t count) {
    ferry_span before = FERRY_SPAN("Cookie: ");
    for (size_t i = 0; i < count; i++) {
        ferry_stored_cookie *cookie = jar->chosen[i];
        const ferry_cookie_parts *parts = &cookie->parts;
        size_t length = before.length + parts->name.length + 1 + parts->value.length;
        if (ferry_buffer_length(&jar->line) + length > FERRY_LIMIT_COOKIE_LINE) {
            break;
        }
        ferry_error error = jar_add_pair(jar, before, parts);
        if (error != FERRY_OK) {
            return error;
        }
        before = FERRY_SPAN("; ");
        cookie->used = ++jar->last_use;
    }
    return jar_add_text(jar, (ferry_span){"", 1});
}

ferry_error ferry_cookie_jar_select(ferry_cookie_jar *jar, const ferry_cookie_site *site,
                                    int64_t now_s, const char **line) {
    char host[FERRY_COOKIE_HOST_SIZE];
    *line = NULL;
    if (jar->count == 0 || !ferry_cookie_host_write(ferry_span_of(site->host), host)) {
        return FERRY_OK;
    }
    size_t count = jar_choose_all(jar, site, ferry_span_of(host), now_s);
    if (count == 0) {
        return FERRY_OK;
    }
    qsort(jar->chosen, count, sizeof(ferry_stored_cookie *), cookie_compare);
    ferry_buffer_clear(&jar->line);
    ferry_error error = jar_write_line(jar, count);
    *line = error == FERRY_OK ? ferry_buffer_content(&jar->line) : NULL;
    return error;
}

/* ---- What a session calls ---- */

static ferry_cookie_site site_of_place(const ferry_place *place) {
    return (ferry_cookie_site){place->parts.host, place->parts.secure, place->parts.target};
}

static ferry_error jar_take_lines(ferry_cookie_jar *jar, const ferry_place *place,
                                  const char *const *lines, size_t count) {
    ferry_cookie_site site = site_of_place(place);
    int64_t now_s = ferry_session_wall_clock_s();
    size_t taken = 0;
    for (size_t i = 0; i < count && taken < FERRY_COOKIES_OF_RESPONSE; i++) {
        ferry_span line = ferry_span_of(lines[i]);
        if (!ferry_span_take_prefix(&line, FERRY_SPAN("Set-Cookie:"))) {
            continue;
        }
        taken++;
        ferry_error error = ferry_cookie_jar_take(jar, &site, line, now_s);
        if (error != FERRY_OK) {
            return error;
        }
    }
    return FERRY_OK;
}

static ferry_error jar_select_line(ferry_cookie_jar *jar, const ferry_place *place,
                                   const char **line) {
    ferry_cookie_site site = site_of_place(place);
    return ferry_cookie_jar_select(jar, &site, ferry_session_wall_clock_s(), line);
}

static const ferry_cookie_ops cookie_ops = {
    .take = jar_take_lines,
    .select = jar_select_line,
};

/* ---- The public calls ---- */

ferry_cookie_jar *ferry_cookie_jar_new(const ferry_allocator *allocator) {
    ferry_context context = {.detail = ""};
    if (allocator != NULL) {
        context.allocator = *allocator;
    }
    bool has_allocator = ferry_allocator_choose(&context.allocator);
    ferry_cookie_jar *jar = ferry_alloc(&context, sizeof *jar);
    if (jar == NULL) {
        return NULL;
    }
    *jar = (ferry_cookie_jar){.ops = &cookie_ops, .context = context};
    ferry_list_init(&jar->all);
    for (size_t i = 0; i < FERRY_COOKIE_BUCKETS; i++) {
        ferry_list_init(&jar->buckets[i]);
    }
    ferry_buffer_init(&jar->line, FERRY_LIMIT_COOKIE_LINE + 1, "the cookies of a request");
    if (!has_allocator) {
        jar->flaw = ferry_fail(&jar->context, FERRY_ERROR_INVALID_PARAMETER,
                               "only some of the allocator's functions are given: alloc, realloc "
                               "and free");
    }
    return jar;
}

void ferry_cookie_jar_end_session(ferry_cookie_jar *jar) {
    ferry_list_node *next;
    for (ferry_list_node *node = ferry_list_first(&jar->all); node != NULL; node = next) {
        next = ferry_list_next(&jar->all, node);
        ferry_stored_cookie *cookie = FERRY_LIST_ITEM(node, ferry_stored_cookie, all);
        if (cookie->parts.expires_s == FERRY_COOKIE_NEVER) {
            jar_drop(jar, cookie);
        }
    }
}

void ferry_cookie_jar_clear(ferry_cookie_jar *jar) {
    for (ferry_list_node *node; (node = ferry_list_first(&jar->all)) != NULL;) {
        jar_drop(jar, FERRY_LIST_ITEM(node, ferry_stored_cookie, all));
    }
}

void ferry_cookie_jar_free(ferry_cookie_jar *jar) {
    if (jar == NULL) {
        return;
    }
    ferry_cookie_jar_clear(jar);
    if (jar->line.data != NULL) {
        ferry_wipe(jar->line.data, jar->line.capacity);
    }
    ferry_buffer_deinit(&jar->line, &jar->context);
    ferry_free(&jar->context, jar->chosen);
    ferry_allocator allocator = jar->context.allocator;
    allocator.free(allocator.ctx, jar);
}

size_t ferry_cookie_jar_list(ferry_cookie_jar *jar, ferry_cookie *cookies, size_t capacity) {
    size_t count = 0;
    ferry_cookie_jar_expire(jar, ferry_session_wall_clock_s());
    for (ferry_list_node *node = ferry_list_first(&jar->all); node != NULL && count < capacity;
         node = ferry_list_next(&jar->all, node)) {
        const ferry_cookie_parts *parts = &FERRY_LIST_ITEM(node, ferry_stored_cookie, all)->parts;
        cookies[count++] = (ferry_cookie){
            .name = parts->name.data,
            .value = parts->value.data,
            .domain = parts->domain.data,
            .path = parts->path.data,
            .expires_s = parts->expires_s != FERRY_COOKIE_NEVER ? parts->expires_s : 0,
            .host_only = parts->host_only,
            .secure = parts->secure,
            .http_only = parts->http_only,
            .same_site = parts->same_site,
        };
    }
    return jar->count;
}

const char *ferry_cookie_jar_get_error_detail(const ferry_cookie_jar *jar) {
    return jar->context.detail;
}
