/* SPDX-License-Identifier: MIT */
/* address_book: the addresses that connections were made to, so that names are not looked up again
 * within a minute. */
#ifndef FERRY_SESSION_ADDRESS_BOOK_H
#define FERRY_SESSION_ADDRESS_BOOK_H

#include "base/context.h"
#include "base/list.h"
#include "base/span.h"

enum {
    FERRY_ADDRESS_BOOK_MAX = 64,           /* entries: a new one takes the place of the oldest */
    FERRY_ADDRESS_BOOK_AGE_MS = 60 * 1000, /* that an entry is believed */
    FERRY_ADDRESS_SIZE = 80,               /* of an address, NUL included */
};

typedef struct ferry_address_book {
    ferry_list_node entries; /* the oldest first */
    size_t count;
} ferry_address_book;

void ferry_address_book_init(ferry_address_book *book);

/* Where connections to the host and port were made to; NULL: nobody knows, or not any more. Valid
 * until the book is changed. */
const char *ferry_address_book_find(const ferry_address_book *book, const char *host, int port,
                                    int64_t now_us);

/* Writes an address down. Without memory it is as if it were not known, and so is one that is too
 * long. */
void ferry_address_book_note(ferry_address_book *book, const ferry_context *context,
                             const char *host, int port, ferry_span address, int64_t now_us);

/* Strikes out an address; all of them. */
void ferry_address_book_forget(ferry_address_book *book, const ferry_context *context,
                               const char *host, int port);
void ferry_address_book_clear(ferry_address_book *book, const ferry_context *context);

#endif
