/* SPDX-License-Identifier: MIT */
/* response_body: where the bytes of a response's body go: to memory, to the program's function, or
 * nowhere. */
#include "response_body.h"

#include "base/span.h"
#include "response.h"
#include "throttle.h"
#include "transfer.h"

enum {
    MAX_DRAINED = 64 * 1024,       /* of a body that nobody wants, to keep its connection */
    READ_SIZE = 128 * 1024,        /* at most, before the clock is looked at */
    FIRST_BODY_SIZE = 4 * 1024,    /* of memory for a body whose length is not known */
    FIRST_ANNOUNCED = 1024 * 1024, /* at most, for one whose length is */
    LIMITED_SIZE = 16 * 1024,      /* for a function, where a limit of bytes a second counts */
};

static const int64_t default_max_body = (int64_t)64 * 1024 * 1024;

int64_t ferry_response_max_body(const ferry_transfer *transfer) {
    const ferry_session_request *request = &transfer->plan.request;
    bool in_memory =
        request->dst == NULL && request->functions.on_data == NULL && transfer->download == NULL;
    bool is_page = transfer->use == FERRY_USE_STATUS;
    if (request->max_body_bytes > 0 && !(is_page && request->max_body_bytes > default_max_body)) {
        return request->max_body_bytes;
    }
    return (in_memory && !request->owner_reads) || is_page ? default_max_body : INT64_MAX;
}

bool ferry_response_count(ferry_transfer *transfer, const void *data, size_t length) {
    if (transfer->hash != NULL && transfer->use == FERRY_USE_DELIVER) {
        ferry_hash_add(transfer->hash, data, length);
    }
    ferry_throttle_count(transfer, FERRY_WAY_IN);
    transfer->body_bytes += (int64_t)length;
    transfer->session->counters.bytes_received += length;
    if (length > 0 && transfer->plan.request.functions.on_progress != NULL) {
        transfer->has_progress = true;
        ferry_transfer_announce(transfer);
    }
    if (transfer->body_bytes > ferry_response_max_body(transfer)) {
        ferry_transfer_stop(transfer, FERRY_ERROR_TOO_LARGE,
                            "the body is longer than max_body_bytes");
        return false;
    }
    return true;
}

/* Where the body goes next, and how much of it may. */
FERRY_MUST_USE static ferry_error find_room(ferry_transfer *transfer, void **dst,
                                            size_t *capacity) {
    const ferry_session_request *request = &transfer->plan.request;
    size_t had = transfer->body_length;
    if (request->dst != NULL && transfer->use == FERRY_USE_DELIVER) {
        *dst = (char *)request->dst + transfer->body_bytes;
        *capacity = request->dst_capacity - (size_t)transfer->body_bytes;
        return FERRY_OK;
    }
    int64_t max_body = ferry_response_max_body(transfer);
    size_t limit = (uint64_t)max_body < SIZE_MAX / 2 ? (size_t)max_body : SIZE_MAX / 2;
    size_t most = limit; /* that is of use */
    size_t wanted = had > 0 ? had + 1 : FIRST_BODY_SIZE;
    if (transfer->body_total > 0 && (uint64_t)transfer->body_total > had) {
        most = (uint64_t)transfer->body_total < limit ? (size_t)transfer->body_total : limit;
        wanted = had > 0 ? had + 1 : ferry_size_least(most, FIRST_ANNOUNCED);
    }
    ferry_error error = FERRY_OK;
    if (wanted > transfer->body_capacity && had < limit) {
        error = ferry_transfer_reserve_body(transfer, ferry_size_least(wanted, most), most);
    }
    *dst = transfer->body + had;
    *capacity = ferry_size_least(transfer->body_capacity, limit) - had;
    return error;
}

/* True where what comes is kept in the library's memory. */
static bool keeps_in_memory(const ferry_transfer *transfer) {
    const ferry_session_request *request = &transfer->plan.request;
    bool goes_elsewhere = request->dst != NULL || request->functions.on_data != NULL ||
                          request->owner_reads || transfer->download != NULL;
    return transfer->use == FERRY_USE_STATUS ||
           (transfer->use == FERRY_USE_DELIVER && !goes_elsewhere);
}

/* True where the body has to wait until other transfers give memory back. */
static bool lacks_memory(const ferry_transfer *transfer) {
    const ferry_session *session = transfer->session;
    if (session->counters.memory_bytes < session->max_memory_bytes || !keeps_in_memory(transfer)) {
        return false;
    }
    /* The oldest one goes on, so that something does. */
    const ferry_list_node *all = &session->transfers;
    for (ferry_list_node *node = ferry_list_first(all); node != NULL;
         node = ferry_list_next(all, node)) {
        const ferry_transfer *other = FERRY_LIST_ITEM(node, ferry_transfer, all);
        if (other->state == FERRY_TRANSFER_RUNNING && keeps_in_memory(other)) {
            return other != transfer;
        }
    }
    return false;
}

int64_t ferry_response_max_ahead(const ferry_transfer *transfer) {
    const ferry_session_request *request = &transfer->plan.request;
    if (request->owner_reads || request->functions.on_data != NULL) {
        return 0;
    }
    int64_t most = ferry_response_max_body(transfer);
    bool is_bounded = request->dst != NULL && (uint64_t)most > request->dst_capacity;
    return is_bounded ? (int64_t)request->dst_capacity : most;
}

ferry_read_result ferry_response_judge(ferry_transfer *transfer, ferry_error error, size_t length) {
    const ferry_client *client = transfer->connection->client;
    if (error != FERRY_OK && ferry_client_get_status(client) == FERRY_STATUS_BODY) {
        ferry_transfer_stop(transfer, error, ferry_client_get_error_detail(client));
        return FERRY_READ_OVER;
    }
    return length > 0 ? FERRY_READ_MORE : FERRY_READ_NOTHING;
}

/* Into memory: the library's, or the caller's. */
static ferry_read_result read_to_memory(ferry_transfer *transfer, size_t most) {
    ferry_session *session = transfer->session;
    ferry_pool_connection *connection = transfer->connection;
    if (lacks_memory(transfer)) {
        if (!ferry_list_has(&connection->item.node)) {
            ferry_list_append(&session->paused, &connection->item.node);
        }
        return FERRY_READ_PAUSED;
    }
    void *dst;
    size_t capacity;
    size_t length = 0;
    if (find_room(transfer, &dst, &capacity) != FERRY_OK) {
        ferry_transfer_stop(transfer, FERRY_ERROR_OUT_OF_MEMORY,
                            ferry_error_message(FERRY_ERROR_OUT_OF_MEMORY));
        return FERRY_READ_OVER;
    }
    char beyond; /* what comes when there is no room is too much */
    bool is_full = capacity == 0;
    if (is_full) {
        dst = &beyond;
        capacity = 1;
    }
    capacity = ferry_size_least(ferry_size_least(capacity, READ_SIZE), most);
    ferry_error error = ferry_client_read_response_body(connection->client, dst, capacity, &length);
    if (is_full && length > 0 && transfer->use == FERRY_USE_STATUS) {
        return FERRY_READ_ENOUGH;
    }
    if (is_full && length > 0) {
        ferry_transfer_stop(transfer, FERRY_ERROR_TOO_LARGE,
                            transfer->plan.request.dst != NULL
                                ? "the body is longer than dst_capacity"
                                : "the body is longer than max_body_bytes");
        return FERRY_READ_OVER;
    }
    if (transfer->plan.request.dst == NULL || transfer->use != FERRY_USE_DELIVER) {
        transfer->body_length += length;
    }
    return ferry_response_count(transfer, dst, length)
               ? ferry_response_judge(transfer, error, length)
               : FERRY_READ_OVER;
}

static ferry_read_result read_to_function(ferry_transfer *transfer, size_t most) {
    ferry_pool_connection *connection = transfer->connection;
    const ferry_session_request *request = &transfer->plan.request;
    char limited[LIMITED_SIZE];
    const void *chunk = limited;
    size_t length = 0;
    ferry_error error =
        most == SIZE_MAX
            ? ferry_client_read_response_body_chunk(connection->client, &chunk, &length)
            : ferry_client_read_response_body(connection->client, limited,
                                              ferry_size_least(most, LIMITED_SIZE), &length);
    if (!ferry_response_count(transfer, chunk, length)) {
        return FERRY_READ_OVER;
    }
    if (length == 0) {
        return ferry_response_judge(transfer, error, length);
    }
    transfer->has_delivered = true;
    error = request->functions.on_data(request->ctx, transfer, chunk, length);
    if (transfer->connection != connection) {
        return FERRY_READ_OVER;
    }
    if (error != FERRY_OK) {
        ferry_transfer_stop(transfer, error, "on_data has ended the transfer");
        return FERRY_READ_OVER;
    }
    return FERRY_READ_MORE;
}

void ferry_response_read_away(const ferry_transfer *transfer) {
    char scratch[4096];
    size_t drained = 0;
    size_t length;
    do {
        length = 0;
        ferry_client_read_response_body(transfer->connection->client, scratch, sizeof scratch,
                                        &length);
        drained += length;
    } while (length > 0 && drained < MAX_DRAINED);
}

ferry_read_result ferry_response_read(ferry_transfer *transfer) {
    const ferry_session_request *request = &transfer->plan.request;
    bool is_delivered = transfer->use == FERRY_USE_DELIVER;
    if (is_delivered && request->owner_reads) {
        return FERRY_READ_NOTHING;
    }
    size_t most = ferry_throttle_admit(transfer, FERRY_WAY_IN);
    if (most == 0) {
        return FERRY_READ_PAUSED;
    }
    if (is_delivered && transfer->download != NULL) {
        return transfer->download->read(transfer, most);
    }
    if (is_delivered && request->functions.on_data != NULL) {
        return read_to_function(transfer, most);
    }
    return read_to_memory(transfer, most);
}
