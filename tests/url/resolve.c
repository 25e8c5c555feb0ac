/* SPDX-License-Identifier: MIT */
/* resolve: resolves references that come on standard input, for a test that knows what they mean.
 * Each is a base and a reference, both ended by NUL; an empty base is none. Prints a line for each:
 * "= URL", or "! reason". */
#include <ferry.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The next text, in memory that is grown for it; false at the end of the input. */
static bool read_text(char **text, size_t *capacity) {
    size_t length = 0;
    for (int c = getchar(); c != EOF; c = getchar()) {
        if (length == *capacity) {
            *capacity = *capacity * 2 + 64;
            *text = realloc(*text, *capacity);
            if (*text == NULL) {
                exit(2);
            }
        }
        (*text)[length++] = (char)c;
        if (c == '\0') {
            return true;
        }
    }
    return false;
}

/* In memory of exactly the size that is promised to do. */
static void resolve(const char *base, const char *reference) {
    size_t size = 3 * (strlen(base) + strlen(reference)) + 32;
    char *url = malloc(size);
    const char *reason = NULL;
    if (url == NULL) {
        exit(2);
    }
    base = base[0] != '\0' ? base : NULL;
    if (ferry_url_resolve(base, reference, url, size, &reason) == FERRY_OK) {
        printf("= %s\n", url);
    } else {
        printf("! %s\n", reason);
    }
    free(url);
}

int main(void) {
    char *base = NULL;
    char *reference = NULL;
    size_t base_capacity = 0;
    size_t reference_capacity = 0;
    while (read_text(&base, &base_capacity) && read_text(&reference, &reference_capacity)) {
        resolve(base, reference);
    }
    free(base);
    free(reference);
    return 0;
}
