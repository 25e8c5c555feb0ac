/* SPDX-License-Identifier: MIT */
/* body_source: calls the program's function, and checks all that it returns. */
#include "body_source.h"

ferry_error ferry_body_source_read(ferry_body_source *source, ferry_context *context, void *dst,
                                   size_t capacity, size_t *length) {
    bool is_known = source->remaining >= 0;
    *length = 0;
    if (is_known && (uint64_t)source->remaining < capacity) {
        capacity = (size_t)source->remaining;
    }
    ferry_error error = source->read(source->ctx, dst, capacity, length);
    if (error != FERRY_OK) {
        return ferry_fail(context, error,
                          "the program did not give the body of the request: body_read returned "
                          "the error %d",
                          (int)error);
    }
    if (*length > capacity) {
        return ferry_fail(context, FERRY_ERROR_INVALID_PARAMETER,
                          "body_read says that it gave %zu bytes where there was room for %zu",
                          *length, capacity);
    }
    if (*length == 0 && is_known) {
        return ferry_fail(context, FERRY_ERROR_INVALID_PARAMETER,
                          "the body of the request (body_read) ended %lld bytes before its "
                          "announced length",
                          (long long)source->remaining);
    }
    source->remaining -= is_known ? (int64_t)*length : 0;
    return FERRY_OK;
}
