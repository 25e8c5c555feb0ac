/* SPDX-License-Identifier: MIT */
/* place: resolves, takes the parts apart, and keeps credentials out of what is shown. */
#include "place.h"

#include "url/url_resolve.h"

#include <string.h>

static char *put_text(char *dst, const char *text, size_t length) {
    memcpy(dst, text, length);
    dst[length] = '\0';
    return dst + length + 1;
}

/* Copies the parts, each with its NUL, behind one another. */
static ferry_error place_take_parts(ferry_place *place, ferry_context *context,
                                    const ferry_url_layout *layout) {
    size_t host_length = layout->host_end - layout->host;
    size_t target_length = layout->target_end - layout->target;
    size_t userinfo_length = layout->authority - layout->userinfo;
    char *storage = ferry_alloc(context, host_length + target_length + userinfo_length + 3);
    if (storage == NULL) {
        return ferry_fail_memory(context);
    }
    place->storage = storage;
    char *target = put_text(storage, place->url + layout->host, host_length);
    char *userinfo = put_text(target, place->url + layout->target, target_length);
    place->parts = (ferry_url){
        .secure = layout->secure,
        .port = layout->port,
        .host = storage,
        .target = target,
    };
    if (userinfo_length > 0) {
        put_text(userinfo, place->url + layout->userinfo, userinfo_length - 1);
        place->parts.userinfo = userinfo;
    }
    return FERRY_OK;
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
    ferry_url_layout layout;
    ferry_error error =
        ferry_url_resolve_layout(base, reference, place->url, size, &layout, &reason);
    if (error == FERRY_OK) {
        error = place_take_parts(place, context, &layout);
    } else {
        ferry_fail(context, error, "the URL cannot be used: %s", reason);
    }
    if (error != FERRY_OK) {
        ferry_place_deinit(place, context);
        return error;
    }
    char *authority = place->url + layout.authority;
    memmove(place->url + layout.userinfo, authority, strlen(authority) + 1);
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
