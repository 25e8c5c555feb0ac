/* SPDX-License-Identifier: MIT */
/* cookie_file: reads and writes one line for a cookie, and nothing that would be read as another
 * one.
 */
#include "cookie_file.h"

#include "base/number.h"
#include "cookie_site.h"
#include "public_suffix.h"
#include "session_runtime.h"
#include "whole_file.h"

/* file    = *( [ line ] [ CR ] LF )                       ferry_cookie_file_read()
 * line    = comment / cookie                              file_take_line()
 * comment = "#" *OCTET
 * cookie  = [ "#HttpOnly_" ] [ "." ] domain TAB subdomains TAB path TAB secure TAB expires TAB name
 *           [ TAB value ]                                 file_split_line()
 * subdomains, secure = "TRUE" / "FALSE"
 * expires = 1*DIGIT                    ; 0: it is not kept beyond the session */

enum { FIELD_COUNT = 7 };
typedef enum file_field {
    FIELD_DOMAIN,
    FIELD_SUBDOMAINS,
    FIELD_PATH,
    FIELD_SECURE,
    FIELD_EXPIRES,
    FIELD_NAME,
    FIELD_VALUE,
} file_field;

static const char file_head[] = "# Netscape HTTP Cookie File\n"
                                "# Written by ferry. Secrets are in it.\n\n";

#define HTTP_ONLY_MARK "#HttpOnly_"

/* ---- Reading ---- */

static ferry_span file_next_line(ferry_span *rest) {
    ferry_span line = {rest->data, ferry_span_find_any(*rest, "\n")};
    *rest = ferry_span_skip(*rest, ferry_size_least(line.length + 1, rest->length));
    if (line.length > 0 && line.data[line.length - 1] == '\r') {
        line.length--;
    }
    return line;
}

/* Empty ones, and those for people. */
static bool file_is_comment(ferry_span line) {
    ferry_span text = ferry_span_trim(line);
    return text.length == 0 ||
           (text.data[0] == '#' && !ferry_span_starts_with(line, FERRY_SPAN(HTTP_ONLY_MARK)));
}

static bool file_read_flag(ferry_span text, bool *flag) {
    *flag = ferry_span_equals(text, FERRY_SPAN("TRUE"));
    return *flag || ferry_span_equals(text, FERRY_SPAN("FALSE"));
}

/* One that is too large for a number is in the far future. */
static bool file_read_expires(ferry_span text, int64_t *expires_s) {
    size_t digits = 0;
    while (digits < text.length && ferry_is_digit(text.data[digits])) {
        digits++;
    }
    if (digits == 0 || digits < text.length) {
        return false;
    }
    if (!ferry_decimal_read(text, expires_s)) {
        *expires_s = FERRY_COOKIE_NEVER - 1;
    } else if (*expires_s == 0) {
        *expires_s = FERRY_COOKIE_NEVER;
    }
    return true;
}

/* False: it is no line of that format. */
static bool file_split_line(ferry_span line, ferry_cookie_parts *parts) {
    ferry_span fields[FIELD_COUNT] = {{0}};
    size_t count = 0;
    bool has_subdomains;
    *parts = (ferry_cookie_parts){.http_only =
                                      ferry_span_take_prefix(&line, FERRY_SPAN(HTTP_ONLY_MARK))};
    for (bool is_last = false; !is_last; count++) {
        size_t length = ferry_span_find_any(line, "\t");
        is_last = length == line.length;
        if (count == FIELD_COUNT) {
            return false;
        }
        fields[count] = (ferry_span){line.data, length};
        line = ferry_span_skip(line, is_last ? length : length + 1);
    }
    if (count < FIELD_VALUE || !file_read_flag(fields[FIELD_SUBDOMAINS], &has_subdomains) ||
        !file_read_flag(fields[FIELD_SECURE], &parts->secure) ||
        !file_read_expires(fields[FIELD_EXPIRES], &parts->expires_s)) {
        return false;
    }
    parts->host_only = !has_subdomains;
    parts->domain = fields[FIELD_DOMAIN];
    ferry_span_take_prefix(&parts->domain, FERRY_SPAN("."));
    parts->path = fields[FIELD_PATH];
    parts->name = fields[FIELD_NAME];
    parts->value = fields[FIELD_VALUE];
    return true;
}

/* What a host can be, and what does not begin a comment. */
static bool file_is_host(ferry_span host) {
    for (size_t i = 0; i < host.length; i++) {
        unsigned char c = (unsigned char)host.data[i];
        if (c <= 0x20 || c >= 0x7f || c == '#') {
            return false;
        }
    }
    return true;
}

/* As where a host sets it: strangers get no cookie in common. */
static bool file_choose_domain(ferry_cookie_parts *parts, char room[FERRY_COOKIE_HOST_SIZE]) {
    if (!file_is_host(parts->domain) || !ferry_cookie_host_write(parts->domain, room)) {
        return false;
    }
    parts->domain = ferry_span_of(room);
    if (parts->host_only) {
        return true;
    }
    parts->host_only =
        ferry_cookie_host_is_address(parts->domain) || !ferry_public_suffix_has_list();
    return parts->host_only || !ferry_public_suffix_matches(room);
}

/* A cookie that may not be is passed over. */
static ferry_error file_take_line(ferry_cookie_jar *jar, ferry_span line, int64_t now_s) {
    ferry_cookie_parts parts;
    char room[FERRY_COOKIE_HOST_SIZE];
    if (file_is_comment(line) || !file_split_line(line, &parts) || !ferry_cookie_is_sound(&parts) ||
        parts.name.length == 0 || parts.expires_s <= now_s || !file_choose_domain(&parts, room)) {
        return FERRY_OK;
    }
    parts.expires_s = ferry_cookie_limit_expiry(parts.expires_s, now_s);
    return ferry_cookie_jar_put(jar, &parts, now_s);
}

static ferry_error file_check(ferry_cookie_jar *jar, ferry_span content, const char *path) {
    ferry_cookie_parts parts;
    for (size_t number = 1; content.length > 0; number++) {
        ferry_span line = file_next_line(&content);
        if (!file_is_comment(line) && !file_split_line(line, &parts)) {
            return ferry_fail(&jar->context, FERRY_ERROR_INVALID_DATA,
                              "%s is no file of cookies in the Netscape format: see line %zu", path,
                              number);
        }
    }
    return FERRY_OK;
}

ferry_error ferry_cookie_file_read(ferry_cookie_jar *jar, ferry_span content, const char *path,
                                   int64_t now_s) {
    ferry_error error = file_check(jar, content, path);
    while (error == FERRY_OK && content.length > 0) {
        error = file_take_line(jar, file_next_line(&content), now_s);
    }
    return error;
}

/* ---- Writing ---- */

/* curl takes several tabs for one, so that nothing but a value at the end may be empty. */
static bool file_can_hold(const ferry_cookie_parts *parts) {
    return parts->name.length > 0 && memchr(parts->name.data, '\t', parts->name.length) == NULL &&
           memchr(parts->value.data, '\t', parts->value.length) == NULL &&
           memchr(parts->path.data, '\t', parts->path.length) == NULL;
}

static size_t file_write_expires(const ferry_cookie_parts *parts, char digits[FERRY_DECIMAL_SIZE]) {
    bool is_kept = parts->expires_s != FERRY_COOKIE_NEVER;
    return ferry_decimal_write(is_kept ? (uint64_t)parts->expires_s : 0, digits);
}

static ferry_error file_add_line(ferry_cookie_jar *jar, ferry_buffer *content,
                                 const ferry_cookie_parts *parts) {
    char digits[FERRY_DECIMAL_SIZE];
    ferry_span expires = {digits, file_write_expires(parts, digits)};
    const ferry_span pieces[] = {
        parts->http_only ? FERRY_SPAN(HTTP_ONLY_MARK) : FERRY_SPAN(""),
        parts->host_only ? FERRY_SPAN("") : FERRY_SPAN("."),
        parts->domain,
        parts->host_only ? FERRY_SPAN("\tFALSE\t") : FERRY_SPAN("\tTRUE\t"),
        parts->path,
        parts->secure ? FERRY_SPAN("\tTRUE\t") : FERRY_SPAN("\tFALSE\t"),
        expires,
        FERRY_SPAN("\t"),
        parts->name,
        FERRY_SPAN("\t"),
        parts->value,
        FERRY_SPAN("\n"),
    };
    ferry_error error = FERRY_OK;
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces && error == FERRY_OK; i++) {
        error = ferry_buffer_append(content, &jar->context, pieces[i].data, pieces[i].length);
    }
    return error;
}

ferry_error ferry_cookie_file_write(ferry_cookie_jar *jar, ferry_buffer *content, int64_t now_s) {
    ferry_error error =
        ferry_buffer_append(content, &jar->context, file_head, sizeof file_head - 1);
    ferry_cookie_jar_expire(jar, now_s);
    for (ferry_list_node *node = ferry_list_first(&jar->all); node != NULL && error == FERRY_OK;
         node = ferry_list_next(&jar->all, node)) {
        const ferry_cookie_parts *parts = &FERRY_LIST_ITEM(node, ferry_stored_cookie, all)->parts;
        if (file_can_hold(parts)) {
            error = file_add_line(jar, content, parts);
        }
    }
    return error;
}

/* ---- The public calls ---- */

static void file_drop_content(ferry_cookie_jar *jar, ferry_buffer *content) {
    if (content->data != NULL) {
        ferry_wipe(content->data, content->capacity);
    }
    ferry_buffer_deinit(content, &jar->context);
}

static ferry_error file_check_call(ferry_cookie_jar *jar, const char *path) {
    if (jar->flaw != FERRY_OK) {
        return jar->flaw;
    }
    return path != NULL && *path != '\0' ? FERRY_OK
                                         : ferry_fail(&jar->context, FERRY_ERROR_INVALID_PARAMETER,
                                                      "there is no path of a file with cookies");
}

ferry_error ferry_cookie_jar_load(ferry_cookie_jar *jar, const char *path) {
    ferry_buffer content;
    bool is_missing = false;
    ferry_error error = file_check_call(jar, path);
    if (error != FERRY_OK) {
        return error;
    }
    ferry_buffer_init(&content, FERRY_LIMIT_COOKIE_FILE, "the file with cookies");
    error = ferry_whole_file_read(&jar->context, path, &content, &is_missing);
    if (error == FERRY_OK && !is_missing) {
        ferry_span text = {ferry_buffer_content(&content), ferry_buffer_length(&content)};
        error = ferry_cookie_file_read(jar, text, path, ferry_session_wall_clock_s());
    }
    file_drop_content(jar, &content);
    jar->is_not_all = jar->is_not_all || error != FERRY_OK;
    return error;
}

ferry_error ferry_cookie_jar_save(ferry_cookie_jar *jar, const char *path) {
    ferry_buffer content;
    ferry_error error = file_check_call(jar, path);
    if (error != FERRY_OK) {
        return error;
    }
    if (jar->is_not_all) {
        return ferry_fail(
            &jar->context, FERRY_ERROR_FILE,
            "cannot write %s: a file of cookies could not be read before, and what is "
            "in it would be lost",
            path);
    }
    ferry_buffer_init(&content, FERRY_LIMIT_COOKIE_FILE, "the file with cookies");
    error = ferry_cookie_file_write(jar, &content, ferry_session_wall_clock_s());
    if (error == FERRY_OK) {
        error = ferry_whole_file_replace(&jar->context, path, ferry_buffer_content(&content),
                                         ferry_buffer_length(&content));
    }
    file_drop_content(jar, &content);
    return error;
}
