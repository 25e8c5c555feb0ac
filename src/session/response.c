/* SPDX-License-Identifier: MIT */
/* response: what a transfer keeps of the response: code, header lines, and the body in memory. The
 * client that brought it goes on to other requests. */
#include "response.h"

#include "base/format.h"
#include "base/number.h"
#include "base/packer.h"
#include "base/span.h"

#include <string.h>

static const char *const no_lines[] = {NULL};

ferry_error ferry_transfer_take_head(ferry_transfer *transfer, const ferry_client *client) {
    const ferry_context *context = &transfer->context;
    size_t count;
    const char *const *lines = ferry_client_get_response_headers(client, &count);
    const char *reason = ferry_client_get_response_reason(client);
    ferry_packer counter = {0};
    ferry_pack_lines(&counter, lines);
    ferry_pack_text(&counter, reason);
    char *block = ferry_alloc(context, counter.size);
    if (block == NULL) {
        return FERRY_ERROR_OUT_OF_MEMORY;
    }
    ferry_packer packer = {.block = block};
    ferry_free(context, transfer->head);
    transfer->header_lines = ferry_pack_lines(&packer, lines);
    transfer->reason = ferry_pack_text(&packer, reason);
    transfer->head = block;
    transfer->header_count = count;
    transfer->http_version = ferry_client_get_response_http_version(client);
    transfer->is_over_reused = ferry_client_is_connection_reused(client);
    ferry_format(transfer->peer, sizeof transfer->peer, "%s",
                 ferry_client_get_peer_address(client));
    transfer->code = ferry_client_get_response_code(client);
    return FERRY_OK;
}

bool ferry_transfer_has_events(const ferry_transfer *transfer) {
    const char *type = ferry_transfer_get_response_header(transfer, "Content-Type", 0);
    ferry_span essence = {type, type != NULL ? strcspn(type, ";") : 0};
    return transfer->code == FERRY_RESPONSE_OK &&
           ferry_span_equals(ferry_span_trim(essence), FERRY_SPAN("text/event-stream"));
}

void ferry_transfer_drop_response(ferry_transfer *transfer) {
    const ferry_context *context = &transfer->context;
    ferry_free(context, transfer->head);
    transfer->head = NULL;
    transfer->header_lines = NULL;
    transfer->header_count = 0;
    transfer->reason = NULL;
    transfer->http_version = 0;
    transfer->code = 0;
    transfer->use = FERRY_USE_NONE;
    transfer->body_bytes = 0;
    transfer->body_total = -1;
    transfer->body_length = 0;                                  /* the memory is used again */
    if (transfer->hash != NULL && transfer->download == NULL) { /* that of a file may go on */
        unsigned char digest[FERRY_HASH_MAX_SIZE];
        ferry_hash_finish(transfer->hash, digest); /* and begin anew */
    }
}

/* ---- The body in memory ---- */

/* Of the session's memory; it holds the NUL too. */
static void count_memory(ferry_transfer *transfer, size_t was, size_t is) {
    ferry_session *session = transfer->session;
    if (session == NULL) {
        return;
    }
    session->counters.memory_bytes += is - was; /* wraps around, and back */
    if (is < was) {
        ferry_session_resume_paused(session);
    }
}

ferry_error ferry_transfer_reserve_body(ferry_transfer *transfer, size_t length, size_t limit) {
    if (length <= transfer->body_capacity) {
        return FERRY_OK;
    }
    size_t capacity = transfer->body_capacity * 2;
    if (capacity < length) {
        capacity = length;
    }
    if (capacity > limit) {
        capacity = limit;
    }
    char *body =
        ferry_resize(&transfer->context, transfer->body, transfer->body_length, capacity + 1);
    if (body == NULL) {
        return FERRY_ERROR_OUT_OF_MEMORY;
    }
    count_memory(transfer, transfer->body != NULL ? transfer->body_capacity + 1 : 0, capacity + 1);
    transfer->body = body;
    transfer->body_capacity = capacity;
    return FERRY_OK;
}

void ferry_transfer_free_body(ferry_transfer *transfer) {
    if (transfer->body != NULL) {
        count_memory(transfer, transfer->body_capacity + 1, 0);
        ferry_free(&transfer->context, transfer->body);
        transfer->body = NULL;
    }
    transfer->body_capacity = 0;
    transfer->body_length = 0;
}

const void *ferry_transfer_get_body(const ferry_transfer *transfer, size_t *length) {
    if (length != NULL) {
        *length = transfer->body_length;
    }
    if (transfer->body == NULL) {
        return "";
    }
    transfer->body[transfer->body_length] = '\0';
    return transfer->body;
}

void *ferry_transfer_take_body(ferry_transfer *transfer, size_t *length) {
    size_t taken_length = transfer->body_length;
    char *taken = transfer->body;
    if (transfer->state != FERRY_TRANSFER_DONE || taken == NULL || taken_length == 0) {
        taken = NULL;
        taken_length = 0;
    } else {
        taken[taken_length] = '\0';
        count_memory(transfer, transfer->body_capacity + 1, 0);
        transfer->body = NULL;
        transfer->body_capacity = 0;
        transfer->body_length = 0;
    }
    if (length != NULL) {
        *length = taken_length;
    }
    return taken;
}

/* ---- The head ---- */

int ferry_transfer_get_response_code(const ferry_transfer *transfer) {
    return transfer->code;
}

const char *const *ferry_transfer_get_response_headers(const ferry_transfer *transfer,
                                                       size_t *count) {
    if (count != NULL) {
        *count = transfer->header_count;
    }
    return transfer->header_lines != NULL ? transfer->header_lines : no_lines;
}

const char *ferry_transfer_get_response_header(const ferry_transfer *transfer, const char *name,
                                               size_t index) {
    ferry_span wanted = ferry_span_of(name);
    for (size_t i = 0; i < transfer->header_count; i++) {
        const char *line = transfer->header_lines[i];
        ferry_span found = {line, strcspn(line, ":")};
        if (ferry_span_equals(found, wanted) && index-- == 0) {
            const char *value = line + found.length;
            value += *value == ':';
            return value + strspn(value, " ");
        }
    }
    return NULL;
}

const char *ferry_transfer_get_response_reason(const ferry_transfer *transfer) {
    return transfer->reason != NULL ? transfer->reason : "";
}

int ferry_transfer_get_response_http_version(const ferry_transfer *transfer) {
    return transfer->http_version;
}

const char *ferry_transfer_get_peer_address(const ferry_transfer *transfer) {
    return transfer->peer;
}

bool ferry_transfer_is_connection_reused(const ferry_transfer *transfer) {
    return transfer->is_over_reused;
}

/* "timeout=5" (RFC 2068 section 19.7.1.1). */
int ferry_transfer_get_keep_alive_ms(const ferry_transfer *transfer) {
    const char *value = ferry_transfer_get_response_header(transfer, "Keep-Alive", 0);
    ferry_span list = ferry_span_of(value != NULL ? value : "");
    ferry_span element;
    int keep_ms = -1;
    while (ferry_span_next_element(&list, &element)) {
        int64_t seconds;
        if (ferry_span_take_prefix(&element, FERRY_SPAN("timeout=")) &&
            ferry_decimal_read(element, &seconds) && seconds < INT32_MAX / 1000) {
            keep_ms = seconds > 0 ? (int)(seconds - 1) * 1000 : 0;
        }
    }
    return keep_ms;
}

int64_t ferry_transfer_get_body_bytes(const ferry_transfer *transfer) {
    return transfer->body_bytes;
}

int64_t ferry_transfer_get_body_total(const ferry_transfer *transfer) {
    return transfer->body_total;
}
