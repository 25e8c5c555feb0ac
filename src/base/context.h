/* SPDX-License-Identifier: MIT */
/* context: what every part of one client shares: memory, limits, the log, and the last failure. */
#ifndef FERRY_BASE_CONTEXT_H
#define FERRY_BASE_CONTEXT_H

#include "ferry.h"
#include "format.h"

/* Before a call whose error must not be passed over. */
#if defined(__GNUC__)
#define FERRY_MUST_USE __attribute__((warn_unused_result))
#else
#define FERRY_MUST_USE
#endif

enum { FERRY_DETAIL_SIZE = 576 };

typedef struct ferry_context {
    ferry_allocator allocator; /* complete: the defaults are filled in */
    ferry_log_function log;
    void *log_ctx;
    size_t max_head_bytes;
    size_t max_header_count;
    size_t max_interim_responses;
    int64_t max_decoded_bytes; /* INT64_MAX: none */
    size_t poll_budget_bytes;
    bool keep_content_coding;
    uint64_t bytes_moved; /* by every stream that is called, the lowest included, both ways: it
                             only grows (stream.c) */
    char detail[FERRY_DETAIL_SIZE];
} ferry_context;

/* Memory through the client's allocator. ferry_free takes NULL. Sizes are never 0. */
void *ferry_alloc(const ferry_context *context, size_t size);
void ferry_free(const ferry_context *context, void *block);

/* A block of `size` bytes with the first `kept` bytes of `block`, which is freed; where there is no
 * memory it is not, and the result is NULL. `block` may be NULL. */
void *ferry_resize(const ferry_context *context, void *block, size_t kept, size_t size);

/* Overwrites what must not stay in memory that is freed. */
void ferry_wipe(void *block, size_t size);

/* malloc and free as an allocator; `realloc` is NULL. */
extern const ferry_allocator ferry_default_allocator;

/* Takes the C library's where no function is given. False where only some are: then none of them is
 * used. */
static inline bool ferry_allocator_choose(ferry_allocator *allocator) {
    int given =
        (allocator->alloc != NULL) + (allocator->realloc != NULL) + (allocator->free != NULL);
    if (given < 3) {
        *allocator = ferry_default_allocator;
    }
    return given == 0 || given == 3;
}

/* A copy of the text, to be freed as memory of that allocator; NULL where there is none. */
char *ferry_text_copy(const ferry_allocator *allocator, const char *text);

/* Writes the detail (cut where it is too long; ferry_text_make_printable() has seen it), returns
 * `error`. */
ferry_error ferry_fail(ferry_context *context, ferry_error error, const char *format, ...)
    FERRY_PRINTF(3, 4);

/* Puts what the format makes and ": " in front of the detail of an error, but for OUT_OF_MEMORY,
 * whose detail is complete. Returns the error. */
ferry_error ferry_fail_prefix(ferry_context *context, ferry_error error, const char *format, ...)
    FERRY_PRINTF(3, 4);

/* An error with its detail, apart from the context, where the next failure takes its place. Zero:
 * there is none. */
typedef struct ferry_failure {
    ferry_error error;
    char detail[FERRY_DETAIL_SIZE];
} ferry_failure;

/* Keeps the error that a call has just returned, and its detail, instead of what was kept. */
void ferry_failure_keep(ferry_failure *failure, const ferry_context *context, ferry_error error);

/* Makes it the context's latest failure again. Returns its error. */
ferry_error ferry_failure_return(const ferry_failure *failure, ferry_context *context);

/* FERRY_ERROR_OUT_OF_MEMORY with its detail. */
ferry_error ferry_fail_memory(ferry_context *context);

/* One line to the log hook; does nothing where there is none. */
void ferry_log(const ferry_context *context, ferry_log_kind kind, const char *format, ...)
    FERRY_PRINTF(3, 4);

#endif
