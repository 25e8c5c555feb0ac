/* SPDX-License-Identifier: MIT */
/* url: takes http and https URLs apart as the URL standard's parser does, so that a URL means here
 * what it means in a browser. What a client cannot use it refuses, and says why. */
#include "ferry.h"

#include "url_write.h"

ferry_error ferry_url_parse(const char *text, char *storage, size_t storage_size, ferry_url *url,
                            const char **reason) {
    if (text == NULL) {
        return ferry_url_refuse("there is no URL", reason);
    }
    ferry_span span = ferry_span_of(text);
    if (storage == NULL || storage_size < 16 || (storage_size - 16) / 3 < span.length) {
        return ferry_url_refuse("the storage for the URL's parts is too small", reason);
    }
    ferry_url_parts parts;
    ferry_url_writer writer = {storage, 0, storage_size};
    ferry_url parsed = {.host = storage};
    const char *sentence = ferry_url_split(span, &parts);
    if (sentence == NULL) {
        sentence = ferry_url_write_host(&parts, &writer);
    }
    if (sentence == NULL) {
        sentence = ferry_url_read_port(&parts, &parsed.port);
    }
    if (sentence != NULL) {
        return ferry_url_refuse(sentence, reason);
    }
    ferry_url_put(&writer, '\0');
    parsed.secure = parts.secure;
    parsed.target = storage + writer.length;
    ferry_url_write_path((ferry_span){NULL, 0}, parts.path, &writer);
    ferry_url_write_query(parts.query, &writer);
    ferry_url_put(&writer, '\0');
    if (parts.userinfo.data != NULL) {
        parsed.userinfo = storage + writer.length;
        ferry_url_write_userinfo(parts.userinfo, &writer);
        ferry_url_put(&writer, '\0');
    }
    if (parts.fragment.data != NULL) {
        parsed.fragment = storage + writer.length;
        ferry_url_write_fragment(parts.fragment, &writer);
        ferry_url_put(&writer, '\0');
    }
    *url = parsed;
    return FERRY_OK;
}
