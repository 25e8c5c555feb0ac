/* SPDX-License-Identifier: MIT */
/* fuzz_cookie: lines of any bytes as what Set-Cookie headers say: what a jar then sends is one
 * header line of bounded length, without a control, and what it writes to a file is read as the
 * same. */
#include "session/cookie_file.h"
#include "session/cookie_jar.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const int64_t now_s = 1795726800;

static void require(bool condition) {
    if (!condition) {
        abort();
    }
}

static const ferry_cookie_site sites[] = {
    {"example.com", true, "/"},         {"www.example.com", true, "/a/b?c"},
    {"WWW.Example.com.", false, "/a/"}, {"example.co.uk", true, "/"},
    {"127.0.0.1", false, "/a"},         {"::1", true, "*"},
};
enum { SITE_COUNT = sizeof sites / sizeof *sites };

static void take(ferry_cookie_jar *jar, size_t site, const uint8_t *data, size_t size) {
    char *text = malloc(size > 0 ? size : 1); /* of exactly its size */
    require(text != NULL);
    memcpy(text, data, size);
    require(ferry_cookie_jar_take(jar, &sites[site], (ferry_span){text, size}, now_s) == FERRY_OK);
    free(text);
}

static void check_line(ferry_cookie_jar *jar, const ferry_cookie_site *site) {
    const char *line;
    require(ferry_cookie_jar_select(jar, site, now_s, &line) == FERRY_OK);
    if (line == NULL) {
        return;
    }
    require(strncmp(line, "Cookie: ", 8) == 0 && line[8] != '\0' && strlen(line) <= 8190);
    for (const char *at = line; *at != '\0'; at++) {
        require(((unsigned char)*at >= 0x20 || *at == '\t') && *at != 0x7f);
    }
    require(site->secure || strstr(line, "__Secure-") != line + 8);
}

static void check_jar(ferry_cookie_jar *jar) {
    size_t count = 0;
    for (ferry_list_node *node = ferry_list_first(&jar->all); node != NULL;
         node = ferry_list_next(&jar->all, node)) {
        const ferry_stored_cookie *cookie = FERRY_LIST_ITEM(node, ferry_stored_cookie, all);
        require(ferry_cookie_is_sound(&cookie->parts));
        require(cookie->parts.expires_s > now_s);
        require(cookie->parts.expires_s == FERRY_COOKIE_NEVER ||
                cookie->parts.expires_s <= now_s + FERRY_COOKIE_MAX_AGE_S);
        require(cookie->domain->count > 0 && cookie->domain->count <= FERRY_COOKIES_OF_DOMAIN);
        count++;
    }
    require(count == jar->count);
}

static ferry_buffer write_file(ferry_cookie_jar *jar) {
    ferry_buffer content;
    ferry_buffer_init(&content, FERRY_LIMIT_COOKIE_FILE, "the file");
    require(ferry_cookie_file_write(jar, &content, now_s) == FERRY_OK);
    return content;
}

static void check_file(ferry_cookie_jar *jar) {
    ferry_cookie_jar *again = ferry_cookie_jar_new(NULL);
    require(again != NULL);
    ferry_buffer content = write_file(jar);
    ferry_span text = {content.data, content.end};
    require(ferry_cookie_file_read(again, text, "file", now_s) == FERRY_OK);
    ferry_buffer second = write_file(again);
    require(second.end == content.end && memcmp(second.data, content.data, content.end) == 0);
    ferry_buffer_deinit(&content, &jar->context);
    ferry_buffer_deinit(&second, &again->context);
    ferry_cookie_jar_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    ferry_cookie_jar *jar = ferry_cookie_jar_new(NULL);
    require(jar != NULL);
    /* A line begins with the site that sends it. */
    while (size > 0) {
        const uint8_t *end = memchr(data, '\n', size);
        size_t length = end != NULL ? (size_t)(end - data) : size;
        if (length > 0) {
            take(jar, data[0] % SITE_COUNT, data + 1, length - 1);
        }
        size_t step = length < size ? length + 1 : length;
        data += step;
        size -= step;
    }
    check_jar(jar);
    for (size_t i = 0; i < SITE_COUNT; i++) {
        check_line(jar, &sites[i]);
    }
    check_file(jar);
    ferry_cookie_jar_free(jar);
    return 0;
}
