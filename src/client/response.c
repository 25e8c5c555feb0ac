/* SPDX-License-Identifier: MIT */
/* response: getters for the response, and reading its body. */
#include "client_state.h"

#include "base/span.h"
#include "runtime.h"

#include <string.h>

bool ferry_client_has_response(const ferry_client *client) {
    return client->exchange.has_response;
}

int ferry_client_get_response_code(const ferry_client *client) {
    return client->exchange.code;
}

/* True of what a proxy says that refuses a tunnel, too: its code and headers can be read. */
static bool has_head(const ferry_client *client) {
    return client->exchange.has_response || client->exchange.code != 0;
}

const char *ferry_client_get_response_reason(const ferry_client *client) {
    return has_head(client) ? ferry_headers_reason(&client->exchange.headers) : "";
}

int ferry_client_get_response_http_version(const ferry_client *client) {
    return has_head(client) ? client->exchange.headers.http_version : 0;
}

bool ferry_client_is_response_chunked(const ferry_client *client) {
    return client->exchange.chunked;
}

int64_t ferry_client_get_response_body_length(const ferry_client *client) {
    return client->exchange.body_length;
}

int64_t ferry_client_get_response_body_length_hint(const ferry_client *client) {
    return client->exchange.body_length_hint;
}

/* They are made when they are first asked for, in memory that is there already. */
static const char *const *get_lines(const ferry_headers *headers, bool complete, size_t *count) {
    static const char *const none[] = {NULL};
    if (count != NULL) {
        *count = complete ? headers->count : 0;
    }
    return complete ? ferry_headers_lines((ferry_headers *)headers) : none;
}

const char *const *ferry_client_get_response_headers(const ferry_client *client, size_t *count) {
    return get_lines(&client->exchange.headers, has_head(client), count);
}

const char *const *ferry_client_get_response_trailers(const ferry_client *client, size_t *count) {
    return get_lines(&client->exchange.trailers, client->exchange.state == FERRY_EXCHANGE_DONE,
                     count);
}

size_t ferry_client_get_response_headers_as_dictionary(const ferry_client *client,
                                                       ferry_field *fields, size_t capacity) {
    if (!has_head(client)) {
        return 0;
    }
    ferry_headers *headers = (ferry_headers *)&client->exchange.headers;
    size_t count;
    const ferry_field *dictionary = ferry_headers_dictionary(headers, &count);
    for (size_t i = 0; i < count && i < capacity; i++) {
        fields[i] = dictionary[i];
    }
    return count;
}

const char *ferry_client_get_response_header(const ferry_client *client, const char *name,
                                             size_t index) {
    const ferry_headers *headers = &client->exchange.headers;
    ferry_span value;
    size_t at = 0;
    if (!has_head(client) || name == NULL) {
        return NULL;
    }
    get_lines(headers, true, NULL); /* its value ends with NUL then */
    while (ferry_headers_find(headers, ferry_span_of(name), &at, &value)) {
        if (index-- == 0) {
            return value.data;
        }
    }
    return NULL;
}

const char *ferry_client_get_response_url(const ferry_client *client) {
    if (!client->exchange.has_response) {
        return "";
    }
    bool is_told = ferry_buffer_length(&client->exchange.url) > 0;
    return is_told ? client->exchange.url.data : client->url.data;
}

int64_t ferry_client_get_bytes_received(const ferry_client *client) {
    return client->exchange.bytes_received;
}

int64_t ferry_client_get_bytes_sent(const ferry_client *client) {
    return client->exchange.bytes_sent;
}

bool ferry_client_is_upload_stopped(const ferry_client *client) {
    return client->exchange.upload_stopped;
}

/* ---- The body ---- */

/* In pieces that the backend bounds, since a body that decodes to little or nothing can be made to
 * take long: until there is something, no work, or its time is over. */
static size_t read_by_polling(ferry_client *client, char *dst, size_t capacity) {
    int64_t since_us = ferry_runtime_now_us();
    int64_t now_us;
    int64_t spent_us;
    size_t length = 0;
    do {
        length += client->backend->ops->read(client->backend, dst + length, capacity - length);
        now_us = ferry_runtime_now_us();
        spent_us = client->read_us + now_us - since_us;
    } while (client->exchange.reader_has_work && length < capacity &&
             spent_us < ferry_runtime_work_us);
    if (client->exchange.state == FERRY_EXCHANGE_DONE) {
        ferry_client_record_times(client, now_us);
    }
    client->read_us = spent_us;
    client->budget = spent_us < ferry_runtime_work_us ? client->budget - length : 0;
    return length;
}

/* Not for ever without a look at the time-outs. */
static size_t read_by_blocking(ferry_client *client, char *dst, size_t capacity) {
    enum { MAX_PIECES = 64 };
    size_t length = 0;
    int pieces = 0;
    do {
        length += client->backend->ops->read(client->backend, dst + length, capacity - length);
    } while (client->exchange.reader_has_work && length < capacity && ++pieces < MAX_PIECES);
    return length;
}

static ferry_error read_once(ferry_client *client, void *dst, size_t capacity, size_t *length) {
    *length = 0;
    if (client->sleep == NULL && capacity > client->budget) {
        capacity = client->budget;
    }
    if (capacity == 0) { /* the budget is used up: the next poll gives another */
        return ferry_client_check_time(client, false);
    }
    *length = client->sleep == NULL ? read_by_polling(client, dst, capacity)
                                    : read_by_blocking(client, dst, capacity);
    client->reader_waits = *length == 0 && !client->exchange.reader_has_work;
    ferry_error error = ferry_client_update(client);
    if (error == FERRY_OK) {
        bool has_tried = client->reader_waits && !client->exchange.response_ended;
        error = ferry_client_check_time(client, has_tried);
    }
    return *length > 0 ? FERRY_OK : error; /* the bytes first; an error waits for the next call */
}

/* The peer may wait for the rest of the request before it says more. Whoever was sent here by a
 * write that left bytes with it comes back to that once the connection takes more. */
static bool is_writing_due(const ferry_client *client) {
    return client->write_was_short && client->exchange.awaits_body;
}

static ferry_error read_body(ferry_client *client, void *dst, size_t capacity, size_t *length) {
    ferry_error error = read_once(client, dst, capacity, length);
    while (client->sleep != NULL && error == FERRY_OK && *length == 0 &&
           client->status == FERRY_STATUS_BODY) {
        if (ferry_client_awaits_caller(client)) {
            return ferry_fail(&client->context, FERRY_ERROR_BUSY,
                              "the response has ended, and the request has not: write the rest of "
                              "its body and finish it, or close");
        }
        if (!client->exchange.reader_has_work && is_writing_due(client)) {
            return FERRY_OK;
        }
        error = client->exchange.reader_has_work ? FERRY_OK : client->sleep(client);
        if (error == FERRY_OK) {
            error = read_once(client, dst, capacity, length);
        }
        if (error == FERRY_OK && *length == 0 && client->status == FERRY_STATUS_BODY) {
            error = ferry_client_step(client);
        }
    }
    return error;
}

/* Decides what a read gives without looking at the connection; false: look. */
static bool read_without_body(ferry_client *client, ferry_error *error) {
    *error = FERRY_OK;
    if (client->status == FERRY_STATUS_BODY) {
        return false;
    }
    if (ferry_client_has_failed(client)) {
        *error = client->error;
    } else if (!client->exchange.has_response) {
        *error =
            ferry_fail(&client->context, FERRY_ERROR_UNCONFIGURED, "there is no response to read");
    }
    return true;
}

ferry_error ferry_client_read_response_body(ferry_client *client, void *dst, size_t capacity,
                                            size_t *length) {
    ferry_error error;
    size_t got = 0;
    if (capacity > 0 && dst == NULL) {
        return ferry_fail(&client->context, FERRY_ERROR_INVALID_PARAMETER,
                          "the destination is NULL");
    }
    if (!read_without_body(client, &error) && capacity > 0) {
        error = read_body(client, dst, capacity, &got);
    }
    if (error == FERRY_OK) {
        *length = got;
    }
    return error;
}

ferry_error ferry_client_read_response_body_chunk(ferry_client *client, const void **chunk,
                                                  size_t *length) {
    ferry_error error;
    size_t got = 0;
    if (!read_without_body(client, &error)) {
        if (client->chunk == NULL) {
            client->chunk = ferry_alloc(&client->context, client->read_chunk_size);
        }
        if (client->chunk == NULL) {
            return ferry_fail_memory(&client->context);
        }
        error = read_body(client, client->chunk, client->read_chunk_size, &got);
    }
    if (error == FERRY_OK) {
        *chunk = client->chunk != NULL ? client->chunk : "";
        *length = got;
    }
    return error;
}
