/* SPDX-License-Identifier: MIT */
/* roots: reads the trusted authorities once, and shares them. */
#include "roots.h"

#include "codes.h"
#include "platform.h"
#include "server_certificates.h"

#include <errno.h>
#include <mbedtls/oid.h>
#include <mbedtls/pem.h>
#include <stdlib.h>
#include <string.h>

enum { LOOKED_SIZE = 448 };

struct ferry_tls_roots {
    /* The platform's lock guards these. */
    unsigned users; /* the thread that reads them is one, `system_roots` is another one */
    bool is_read;   /* the members below do not change any more */
    ferry_job *job; /* that reads them; NULL where there is none, or nobody waits for it any more */
    unsigned waits; /* how many wait for the job */

    int process;               /* that the thread is in: a child after fork() has no such thread */
    ferry_trust_places places; /* where the system's authorities are */
    size_t count;
    size_t refused; /* how many could not be read */
    bool out_of_memory;
    int error; /* an errno, as ferry_trust_read() returns it */
    char looked[LOOKED_SIZE];
    mbedtls_x509_crt chain;
    mbedtls_x509_crt *last; /* of the chain; NULL: it is empty */
};

/* The system's authorities, which are read once in a process. The platform's lock guards it. */
static ferry_tls_roots *system_roots;

/* mbedTLS does not know name constraints; name_constraints.c looks at them. */
static int extension_take_known(void *ctx, const mbedtls_x509_crt *certificate,
                                const mbedtls_x509_buf *oid, int critical,
                                const unsigned char *content, const unsigned char *end) {
    (void)ctx;
    (void)certificate;
    (void)content;
    (void)end;
    bool is_known = MBEDTLS_OID_CMP(MBEDTLS_OID_NAME_CONSTRAINTS, oid) == 0;
    return is_known || critical == 0 ? 0 : MBEDTLS_ERR_X509_FEATURE_UNAVAILABLE;
}

static void roots_refuse(ferry_tls_roots *roots, int result) {
    if (ferry_tls_shortage_caused(result)) {
        roots->out_of_memory = true;
    } else {
        roots->refused++;
    }
}

static void roots_add_der(ferry_tls_roots *roots, const unsigned char *der, size_t size) {
    mbedtls_x509_crt *end = roots->last != NULL ? roots->last : &roots->chain;
    ferry_tls_shortage_clear();
    int result =
        mbedtls_x509_crt_parse_der_with_ext_cb(end, der, size, 1, extension_take_known, NULL);
    if (result == 0) {
        roots->count++;
        roots->last = ferry_tls_chain_last(end);
        /* With 0, mbedTLS does not check the length of the path: verify.c does. */
        roots->last->MBEDTLS_PRIVATE(max_pathlen) = 0;
    } else {
        roots_refuse(roots, result);
    }
}

/* Text between the certificates is skipped. Returns how many were added. */
static size_t roots_add_pem(void *ctx, const char *pem, size_t size) {
    ferry_tls_roots *roots = ctx;
    size_t before = roots->count;
    const char *end = pem + size;
    static const char begin[] = "-----BEGIN CERTIFICATE-----";
    for (const char *at = strstr(pem, begin); at != NULL && at < end;) {
        mbedtls_pem_context context;
        mbedtls_pem_init(&context);
        size_t used = 0;
        ferry_tls_shortage_clear();
        int result = mbedtls_pem_read_buffer(&context, begin, "-----END CERTIFICATE-----",
                                             (const unsigned char *)at, NULL, 0, &used);
        if (result == 0) {
            size_t length = 0;
            const unsigned char *der = mbedtls_pem_get_buffer(&context, &length);
            roots_add_der(roots, der, length);
        } else {
            roots_refuse(roots, result);
            used = sizeof begin - 1;
        }
        mbedtls_pem_free(&context);
        at = strstr(at + used, begin);
    }
    return roots->count - before;
}

/* How long the DER value is that begins here, with its header. 0: there is no such value. */
static size_t der_length(const unsigned char *der, size_t size) {
    if (size < 2 || der[0] != 0x30) {
        return 0;
    }
    size_t length = der[1];
    size_t header = 2;
    if (length >= 0x80) {
        size_t count = length & 0x7f;
        if (count < 1 || count > 3 || size < 2 + count) {
            return 0;
        }
        length = 0;
        for (size_t i = 0; i < count; i++) {
            length = length << 8 | der[2 + i];
        }
        header += count;
    }
    return length <= size - header ? header + length : 0;
}

static void roots_add_der_list(ferry_tls_roots *roots, const ferry_slice *list) {
    const unsigned char *at = list->data;
    size_t left = list->length;
    while (left > 0) {
        size_t length = der_length(at, left);
        if (length == 0) {
            roots->refused++;
            return;
        }
        roots_add_der(roots, at, length);
        at += length;
        left -= length;
    }
}

static ferry_tls_roots *roots_new(void) {
    ferry_tls_roots *roots = calloc(1, sizeof *roots);
    if (roots != NULL) {
        roots->users = 1;
        roots->process = ferry_platform_process();
        mbedtls_x509_crt_init(&roots->chain);
    }
    return roots;
}

static void roots_free(ferry_tls_roots *roots) {
    mbedtls_x509_crt_free(&roots->chain);
    ferry_trust_places_deinit(&roots->places);
    ferry_job_free(roots->job);
    free(roots);
}

/* Ends as many uses as `uses` says. */
static void roots_let_go(ferry_tls_roots *roots, unsigned uses) {
    ferry_platform_lock();
    roots->users -= uses;
    bool is_last = roots->users == 0;
    ferry_platform_unlock();
    if (is_last) {
        roots_free(roots);
    }
}

/* ---- The system's authorities ---- */

static bool text_is_same(const char *a, const char *b) {
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool places_are_same(const ferry_trust_places *a, const ferry_trust_places *b) {
    return text_is_same(a->file, b->file) && text_is_same(a->folders, b->folders);
}

/* Where some could not be read for want of memory or files, none is used: nobody could tell why
 * some servers are trusted and others are not. */
static bool roots_are_usable(const ferry_tls_roots *roots) {
    return roots->count > 0 && !roots->out_of_memory &&
           (roots->error == 0 || roots->error == EACCES);
}

/* True: they are kept for later calls. False: they are not, and the caller ends the use that stands
 * for that. */
static bool roots_read_system(ferry_tls_roots *roots) {
    roots->error =
        ferry_trust_read(&roots->places, roots_add_pem, roots, roots->looked, sizeof roots->looked);
    ferry_platform_lock();
    roots->is_read = true;
    bool is_kept = roots_are_usable(roots) || system_roots != roots;
    if (!is_kept) {
        system_roots = NULL; /* there may be memory and files the next time */
    }
    ferry_platform_unlock();
    return is_kept;
}

static void roots_read_system_job(void *ctx) {
    roots_let_go(ctx, roots_read_system(ctx) ? 1 : 2);
}

/* The authorities of these places, if they have been read or a thread reads them; otherwise NULL.
 */
static ferry_tls_roots *roots_join_system(const ferry_trust_places *places) {
    ferry_platform_lock();
    ferry_tls_roots *found = system_roots;
    bool may_end = found != NULL && (found->is_read || found->process == ferry_platform_process());
    if (may_end && places_are_same(&found->places, places)) {
        found->users++;
    } else {
        found = NULL;
    }
    ferry_platform_unlock();
    return found;
}

/* True: a thread reads them. False: there is none, and this call has read them. */
static bool roots_start_reading(ferry_tls_roots *roots) {
    ferry_platform_lock();
    ferry_tls_roots *before = system_roots;
    system_roots = roots;
    roots->users += 2; /* that they are kept, and the thread */
    roots->job = ferry_job_start(roots_read_system_job, roots);
    bool is_started = roots->job != NULL;
    roots->users -= is_started ? 0 : 1;
    ferry_platform_unlock();
    if (before != NULL) {
        ferry_tls_roots_release(before);
    }
    /* A call that takes longer is better than no connection. */
    if (!is_started && !roots_read_system(roots)) {
        roots_let_go(roots, 1);
    }
    return is_started;
}

static ferry_error roots_fail(const ferry_tls_roots *roots, ferry_context *context) {
    if (roots->out_of_memory || roots->error == ENOMEM) {
        return ferry_fail_memory(context);
    }
    if (roots->error == EMFILE || roots->error == ENFILE) {
        return ferry_fail(context, FERRY_ERROR_FAILED,
                          "the trusted certificate authorities could not be read: too many open "
                          "files");
    }
    if (roots->error == EACCES) {
        return ferry_fail(context, FERRY_ERROR_UNAVAILABLE,
                          "no trusted certificate authorities could be read in %s: permission "
                          "denied",
                          roots->looked);
    }
    if (roots->error != 0) {
        return ferry_fail(context, FERRY_ERROR_FAILED,
                          "the trusted certificate authorities could not be read: %s",
                          strerror(roots->error));
    }
    return ferry_fail(context, FERRY_ERROR_UNAVAILABLE,
                      "no trusted certificate authorities were found in %s: install them "
                      "(ca-certificates), or give some in the TLS options",
                      roots->looked);
}

ferry_error ferry_tls_roots_of_system(ferry_context *context, ferry_tls_roots **roots) {
    ferry_trust_places places;
    if (!ferry_trust_places_init(&places)) {
        return ferry_fail_memory(context);
    }
    ferry_tls_roots *found = roots_join_system(&places);
    if (found != NULL) {
        ferry_trust_places_deinit(&places);
        *roots = found;
        return FERRY_OK;
    }
    ferry_tls_roots *made = roots_new();
    if (made == NULL) {
        ferry_trust_places_deinit(&places);
        return ferry_fail_memory(context);
    }
    made->places = places;
    if (!roots_start_reading(made) && !roots_are_usable(made)) {
        ferry_error error = roots_fail(made, context);
        ferry_tls_roots_release(made);
        return error;
    }
    *roots = made;
    return FERRY_OK;
}

ferry_error ferry_tls_roots_poll(ferry_tls_roots *roots, ferry_context *context, bool *ready) {
    ferry_platform_lock();
    bool is_read = roots->is_read;
    if (is_read && roots->waits == 0) {
        ferry_job_free(roots->job);
        roots->job = NULL;
    }
    ferry_platform_unlock();
    if (!is_read && roots->process != ferry_platform_process()) {
        *ready = false;
        return ferry_fail(context, FERRY_ERROR_FAILED,
                          "the trusted certificate authorities were being read when fork() was "
                          "called: connect again");
    }
    *ready = is_read && roots_are_usable(roots);
    return is_read && !*ready ? roots_fail(roots, context) : FERRY_OK;
}

ferry_descriptor ferry_tls_roots_begin_wait(ferry_tls_roots *roots) {
    ferry_platform_lock();
    roots->waits++;
    ferry_descriptor descriptor =
        roots->job != NULL ? ferry_job_get_descriptor(roots->job) : FERRY_NO_DESCRIPTOR;
    ferry_platform_unlock();
    return descriptor;
}

/* The job's descriptor lasts until the last one has ended its wait: others may still wait on it. */
void ferry_tls_roots_end_wait(ferry_tls_roots *roots) {
    ferry_platform_lock();
    if (--roots->waits == 0 && roots->is_read) {
        ferry_job_free(roots->job);
        roots->job = NULL;
    }
    ferry_platform_unlock();
}

/* ---- The options' authorities ---- */

ferry_error ferry_tls_roots_of_options(ferry_context *context, const ferry_tls_options *options,
                                       ferry_tls_roots **roots) {
    ferry_tls_roots *made = roots_new();
    if (made == NULL) {
        return ferry_fail_memory(context);
    }
    if (options->ca_pem != NULL) {
        roots_add_pem(made, options->ca_pem, strlen(options->ca_pem));
    }
    roots_add_der_list(made, &options->ca_der);
    ferry_error error = FERRY_OK;
    if (made->out_of_memory) {
        error = ferry_fail_memory(context);
    } else if (made->count == 0) {
        error = ferry_fail(context, FERRY_ERROR_INVALID_PARAMETER,
                           "the trusted authorities (ca_pem, ca_der) hold no certificate that can "
                           "be read");
    } else if (made->refused > 0) {
        ferry_log(context, FERRY_LOG_WARNING,
                  "of the trusted authorities (ca_pem, ca_der) %zu cannot be read and %s left out",
                  made->refused, made->refused == 1 ? "is" : "are");
    }
    if (error != FERRY_OK) {
        roots_free(made);
        return error;
    }
    made->is_read = true;
    *roots = made;
    return FERRY_OK;
}

void ferry_tls_roots_release(ferry_tls_roots *roots) {
    roots_let_go(roots, 1);
}

mbedtls_x509_crt *ferry_tls_roots_chain(ferry_tls_roots *roots) {
    return &roots->chain;
}
