/* SPDX-License-Identifier: MIT */
/* address_book: a short list, in the order of what was written down when, and so of what ends when.
 */
#include "address_book.h"

#include <string.h>

typedef struct address_entry {
    ferry_list_node node;
    int64_t end_us;
    int port;
    char address[FERRY_ADDRESS_SIZE];
    char host[];
} address_entry;

static address_entry *book_find(const ferry_address_book *book, const char *host, int port) {
    const ferry_list_node *all = &book->entries;
    for (ferry_list_node *node = ferry_list_first(all); node != NULL;
         node = ferry_list_next(all, node)) {
        address_entry *entry = FERRY_LIST_ITEM(node, address_entry, node);
        if (entry->port == port && strcmp(entry->host, host) == 0) {
            return entry;
        }
    }
    return NULL;
}

static void book_strike(ferry_address_book *book, const ferry_context *context,
                        address_entry *entry) {
    ferry_list_remove(&entry->node);
    ferry_free(context, entry);
    book->count--;
}

void ferry_address_book_init(ferry_address_book *book) {
    ferry_list_init(&book->entries);
    book->count = 0;
}

const char *ferry_address_book_find(const ferry_address_book *book, const char *host, int port,
                                    int64_t now_us) {
    const address_entry *entry = book_find(book, host, port);
    return entry != NULL && now_us < entry->end_us ? entry->address : NULL;
}

void ferry_address_book_note(ferry_address_book *book, const ferry_context *context,
                             const char *host, int port, ferry_span address, int64_t now_us) {
    ferry_address_book_forget(book, context, host, port);
    size_t size = strlen(host) + 1;
    address_entry *entry =
        address.length < FERRY_ADDRESS_SIZE ? ferry_alloc(context, sizeof *entry + size) : NULL;
    if (entry == NULL) {
        return;
    }
    if (book->count == FERRY_ADDRESS_BOOK_MAX) {
        book_strike(book, context,
                    FERRY_LIST_ITEM(ferry_list_first(&book->entries), address_entry, node));
    }
    *entry = (address_entry){
        .end_us = now_us + (int64_t)FERRY_ADDRESS_BOOK_AGE_MS * 1000,
        .port = port,
    };
    memcpy(entry->address, address.data, address.length);
    memcpy(entry->host, host, size);
    ferry_list_append(&book->entries, &entry->node);
    book->count++;
}

void ferry_address_book_forget(ferry_address_book *book, const ferry_context *context,
                               const char *host, int port) {
    address_entry *entry = book_find(book, host, port);
    if (entry != NULL) {
        book_strike(book, context, entry);
    }
}

void ferry_address_book_clear(ferry_address_book *book, const ferry_context *context) {
    for (ferry_list_node *node; (node = ferry_list_first(&book->entries)) != NULL;) {
        book_strike(book, context, FERRY_LIST_ITEM(node, address_entry, node));
    }
}
