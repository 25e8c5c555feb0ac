/* SPDX-License-Identifier: MIT */
/* cookie: reads a Set-Cookie as browsers do, and refuses what they refuse. */
#include "cookie.h"

#include "base/number.h"
#include "cookie_date.h"

/* RFC 6265bis section 5.6, which takes more than section 4.1.1 lets servers send, and where each
 * part is read:
 *
 *     set-cookie = pair *( ";" attribute )        ferry_cookie_parse()
 *     pair       = [ name "=" ] value             cookie_take_pair()
 *     attribute  = name [ "=" value ]             cookie_take_attribute() */

/* ---- Attributes ---- */

/* Section 5.6.1. */
static void cookie_take_expires(ferry_span value, int64_t now_s, ferry_cookie_parts *parts) {
    int64_t expires_s;
    if (ferry_cookie_date_read(value, &expires_s)) {
        parts->expires_s = ferry_cookie_limit_expiry(expires_s, now_s);
    }
}

/* Section 5.6.2. False: it is no number, and is ignored. */
static bool cookie_take_max_age(ferry_span value, int64_t now_s, ferry_cookie_parts *parts) {
    bool is_negative = ferry_span_take_prefix(&value, FERRY_SPAN("-"));
    size_t digits = 0;
    int64_t seconds = 0;
    while (digits < value.length && ferry_is_digit(value.data[digits])) {
        digits++;
    }
    if (digits == 0 || digits < value.length) {
        return false;
    }
    if (!ferry_decimal_read(value, &seconds) || seconds > FERRY_COOKIE_MAX_AGE_S) {
        seconds = FERRY_COOKIE_MAX_AGE_S;
    }
    parts->expires_s = is_negative || seconds == 0 ? FERRY_COOKIE_LONG_AGO : now_s + seconds;
    return true;
}

static ferry_same_site cookie_read_same_site(ferry_span value) {
    if (ferry_span_equals(value, FERRY_SPAN("None"))) {
        return FERRY_SAME_SITE_NONE;
    }
    if (ferry_span_equals(value, FERRY_SPAN("Lax"))) {
        return FERRY_SAME_SITE_LAX;
    }
    return ferry_span_equals(value, FERRY_SPAN("Strict")) ? FERRY_SAME_SITE_STRICT
                                                          : FERRY_SAME_SITE_DEFAULT;
}

static ferry_span cookie_next_piece(ferry_span *rest) {
    ferry_span piece = {rest->data, ferry_span_find_any(*rest, ";")};
    *rest = ferry_span_skip(*rest, ferry_size_least(piece.length + 1, rest->length));
    return piece;
}

/* Of each attribute the last one counts; Max-Age comes before Expires (section 5.7, step 6). */
static void cookie_take_attribute(ferry_span piece, int64_t now_s, bool *has_max_age,
                                  ferry_cookie_parts *parts) {
    size_t length = ferry_span_find_any(piece, "=");
    ferry_span name = ferry_span_trim((ferry_span){piece.data, length});
    ferry_span value =
        ferry_span_trim(ferry_span_skip(piece, ferry_size_least(length + 1, piece.length)));
    if (value.length > FERRY_COOKIE_MAX_ATTRIBUTE) {
        return;
    }
    if (ferry_span_equals(name, FERRY_SPAN("Expires")) && !*has_max_age) {
        cookie_take_expires(value, now_s, parts);
    } else if (ferry_span_equals(name, FERRY_SPAN("Max-Age"))) {
        *has_max_age = cookie_take_max_age(value, now_s, parts) || *has_max_age;
    } else if (ferry_span_equals(name, FERRY_SPAN("Domain"))) {
        ferry_span_take_prefix(&value, FERRY_SPAN("."));
        parts->domain = value;
    } else if (ferry_span_equals(name, FERRY_SPAN("Path"))) {
        bool is_path = value.length > 0 && value.data[0] == '/';
        parts->path = is_path ? value : (ferry_span){0};
    } else if (ferry_span_equals(name, FERRY_SPAN("Secure"))) {
        parts->secure = true;
    } else if (ferry_span_equals(name, FERRY_SPAN("HttpOnly"))) {
        parts->http_only = true;
    } else if (ferry_span_equals(name, FERRY_SPAN("SameSite"))) {
        parts->same_site = cookie_read_same_site(value);
    }
}

/* ---- The whole ---- */

/* HTAB is none of them. */
static bool cookie_has_control(ferry_span text) {
    for (size_t i = 0; i < text.length; i++) {
        unsigned char c = (unsigned char)text.data[i];
        if ((c < 0x20 && c != '\t') || c == 0x7f) {
            return true;
        }
    }
    return false;
}

static void cookie_take_pair(ferry_span piece, ferry_cookie_parts *parts) {
    size_t length = ferry_span_find_any(piece, "=");
    if (length < piece.length) {
        parts->name = ferry_span_trim((ferry_span){piece.data, length});
        piece = ferry_span_skip(piece, length + 1);
    }
    parts->value = ferry_span_trim(piece);
}

static bool cookie_has_length(const ferry_cookie_parts *parts) {
    size_t length = parts->name.length + parts->value.length;
    return length > 0 && length <= FERRY_COOKIE_MAX_BYTES;
}

/* Section 4.1.3; without case, since servers compare so (section 5.7, steps 20 to 22). A cookie
 * without a name is sent as its value alone, which then must not look like such a name. */
static bool cookie_keeps_promise(const ferry_cookie_parts *parts) {
    bool has_name = parts->name.length > 0;
    ferry_span shown = has_name ? parts->name : parts->value;
    if (ferry_span_starts_with(shown, FERRY_SPAN("__Host-"))) {
        return has_name && parts->secure && parts->host_only && parts->path.length == 1;
    }
    return !ferry_span_starts_with(shown, FERRY_SPAN("__Secure-")) || (has_name && parts->secure);
}

bool ferry_cookie_parse(ferry_span text, int64_t now_s, ferry_cookie_parts *parts) {
    *parts = (ferry_cookie_parts){.expires_s = FERRY_COOKIE_NEVER};
    bool has_max_age = false;
    if (cookie_has_control(text)) {
        return false;
    }
    cookie_take_pair(cookie_next_piece(&text), parts);
    while (text.length > 0) {
        cookie_take_attribute(cookie_next_piece(&text), now_s, &has_max_age, parts);
    }
    parts->host_only = parts->domain.length == 0;
    return cookie_has_length(parts) && cookie_keeps_promise(parts);
}

bool ferry_cookie_is_sound(const ferry_cookie_parts *parts) {
    bool is_one_pair = ferry_span_find_any(parts->name, "=;") == parts->name.length &&
                       ferry_span_find_any(parts->value, ";") == parts->value.length;
    bool has_path = parts->path.length > 0 && parts->path.data[0] == '/' &&
                    parts->path.length <= FERRY_COOKIE_MAX_ATTRIBUTE;
    return cookie_has_length(parts) && is_one_pair && has_path &&
           !cookie_has_control(parts->name) && !cookie_has_control(parts->value) &&
           !cookie_has_control(parts->path) && cookie_keeps_promise(parts);
}

int64_t ferry_cookie_limit_expiry(int64_t expires_s, int64_t now_s) {
    int64_t latest = now_s + FERRY_COOKIE_MAX_AGE_S;
    return expires_s == FERRY_COOKIE_NEVER || expires_s < latest ? expires_s : latest;
}

/* ---- Paths: section 5.1.4 ---- */

ferry_span ferry_cookie_request_path(const char *target) {
    return (ferry_span){target, strcspn(target, "?")};
}

ferry_span ferry_cookie_default_path(ferry_span request_path) {
    size_t end = request_path.length;
    while (end > 0 && request_path.data[end - 1] != '/') {
        end--;
    }
    bool is_root = end <= 1 || request_path.data[0] != '/';
    return is_root ? FERRY_SPAN("/") : (ferry_span){request_path.data, end - 1};
}

bool ferry_cookie_path_matches(ferry_span request_path, ferry_span path) {
    if (request_path.length < path.length ||
        memcmp(request_path.data, path.data, path.length) != 0) {
        return false;
    }
    return request_path.length == path.length || path.data[path.length - 1] == '/' ||
           request_path.data[path.length] == '/';
}
