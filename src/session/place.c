/* SPDX-License-Identifier: MIT */
/* place: resolves and parses, and keeps credentials out of what is shown. */
#include "place.h"

#include <string.h>

/* Takes "user:password@" out of a URL in its normal form. */
static void drop_userinfo(char *url) {
    char *authority = strstr(url, "://") + 3;
    char *at = memchr(authority, '@', strcspn(authority, "/?#"));
    if (at != NULL) {
        memmove(authority, at + 1, strlen(at + 1) + 1);
    }
}

static ferry_error place_parse(ferry_place *place, ferry_context *context, const char **reason) {
    size_t size = 3 * strlen(place->url) + 16;
    place->storage = ferry_alloc(context, size);
    if (place->storage == NULL) {
        return ferry_fail_memory(context);
    }
    return ferry_url_parse(place->url, place->storage, size, &place->parts, reason);
}

ferry_error ferry_place_find(ferry_place *place, ferry_context *context, const char *base,
                             const char *reference) {
    *place = (ferry_place){0};
    size_t size = 3 * ((base != NULL ? strlen(base) : 0) + strlen(reference)) + 32;
    place->url = ferry_alloc(context, size);
    if (place->url == NULL) {
        return ferry_fail_memory(context);
    }
    const char *reason = "";
    ferry_error error = ferry_url_resolve(base, reference, place->url, size, &reason);
    if (error == FERRY_OK) {
        error = place_parse(place, context, &reason);
    }
    if (error == FERRY_ERROR_INVALID_PARAMETER) {
        ferry_fail(context, error, "the URL cannot be used: %s", reason);
    }
    if (error != FERRY_OK) {
        ferry_place_deinit(place, context);
        return error;
    }
    drop_userinfo(place->url);
    return FERRY_OK;
}

ferry_error ferry_place_take_fragment(ferry_place *place, ferry_context *context, const char *url) {
    const char *fragment = strchr(url, '#');
    if (fragment == NULL) {
        return FERRY_OK;
    }
    size_t length = strlen(place->url);
    size_t more = strlen(fragment) + 1;
    char *longer = ferry_resize(context, place->url, length, length + more);
    if (longer == NULL) {
        return ferry_fail_memory(context);
    }
    memcpy(longer + length, fragment, more);
    place->url = longer;
    return FERRY_OK;
}

bool ferry_place_has_origin_of(const ferry_place *place, const ferry_place *other) {
    return place->parts.secure == other->parts.secure && place->parts.port == other->parts.port &&
           strcmp(place->parts.host, other->parts.host) == 0;
}

void ferry_place_deinit(ferry_place *place, const ferry_context *context) {
    ferry_free(context, place->url);
    ferry_free(context, place->storage);
    *place = (ferry_place){0};
}
