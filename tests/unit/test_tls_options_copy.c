/* SPDX-License-Identifier: MIT */
/* test_tls_options_copy: a copy of TLS options holds what the program's held, whatever becomes of
 * that.
 */
#include "check.h"
#include "counted_memory.h"
#include "net/tls_options_copy.h"

#include <string.h>

/* Options whose texts are in memory that a test can spoil. */
typedef struct spoilt_options {
    char ca[8], name[8], certificate[8], key[8], password[8], list[8], pin[8], der[8];
    const char *pins[3];
    ferry_tls_options options;
} spoilt_options;

static spoilt_options made;

static void make(void) {
    made = (spoilt_options){
        .ca = "ca",
        .name = "name",
        .certificate = "cert",
        .key = "key",
        .password = "word",
        .list = "list",
        .pin = "pin",
        .der = {'d', 0, 'e'},
    };
    made.pins[0] = made.pin;
    made.pins[1] = "";
    made.options = (ferry_tls_options){
        .ca_pem = made.ca,
        .verify_name = made.name,
        .unsafe = true,
        .ca_der = {made.der, 3},
        .certificate_pem = made.certificate,
        .key_pem = made.key,
        .key_password = made.password,
        .crl_pem = made.list,
        .pins = made.pins,
        .min_version = FERRY_TLS_VERSION_1_3,
        .first_cipher = FERRY_TLS_CIPHER_AES_256_GCM,
        .cache = (ferry_tls_cache *)&made,
    };
}

static void copy_is_whole_when_the_options_are_gone(void) {
    counted_memory memory = {0};
    ferry_context context = {.allocator = counted_memory_allocator(&memory)};
    make();
    ferry_tls_options_copy *copy = ferry_tls_options_copy_new(&context, &made.options);
    memset(&made, 'x', sizeof made);
    const ferry_tls_options *options = ferry_tls_options_copy_get(copy);
    CHECK_STR(options->ca_pem, "ca");
    CHECK_STR(options->verify_name, "name");
    CHECK(options->unsafe);
    CHECK_MEM(options->ca_der.data, options->ca_der.length, "d\0e", 3);
    CHECK_STR(options->certificate_pem, "cert");
    CHECK_STR(options->key_pem, "key");
    CHECK_STR(options->key_password, "word");
    CHECK_STR(options->crl_pem, "list");
    CHECK_STR(options->pins[0], "pin");
    CHECK_STR(options->pins[1], "");
    CHECK(options->pins[2] == NULL);
    CHECK_INT(options->min_version, FERRY_TLS_VERSION_1_3);
    CHECK_INT(options->first_cipher, FERRY_TLS_CIPHER_AES_256_GCM);
    CHECK(options->cache == (ferry_tls_cache *)&made);
    CHECK_INT(memory.calls, 1);
    ferry_tls_options_copy_free(&context, copy);
    CHECK_INT(memory.live, 0);
}

static void what_is_absent_is_absent_from_the_copy(void) {
    counted_memory memory = {0};
    ferry_context context = {.allocator = counted_memory_allocator(&memory)};
    static const ferry_tls_options none;
    ferry_tls_options_copy *copy = ferry_tls_options_copy_new(&context, &none);
    const ferry_tls_options *options = ferry_tls_options_copy_get(copy);
    CHECK(options->ca_pem == NULL && options->verify_name == NULL && options->crl_pem == NULL);
    CHECK(options->certificate_pem == NULL && options->key_pem == NULL);
    CHECK(options->key_password == NULL && options->pins == NULL && options->cache == NULL);
    CHECK_INT(options->ca_der.length, 0);
    ferry_tls_options_copy_free(&context, copy);
    ferry_tls_options_copy_free(&context, NULL);
    CHECK(ferry_tls_options_copy_get(NULL) == NULL);
    CHECK_INT(memory.live, 0);
}

static char wiped[4096];

static void *static_alloc(void *ctx, size_t size) {
    (void)ctx;
    return size <= sizeof wiped ? wiped : NULL;
}

static void static_free(void *ctx, void *block) {
    (void)ctx;
    (void)block;
}

static void nothing_of_it_stays_in_memory(void) {
    ferry_context context = {.allocator = {.alloc = static_alloc, .free = static_free}};
    make();
    ferry_tls_options_copy_free(&context, ferry_tls_options_copy_new(&context, &made.options));
    for (size_t i = 0; i < sizeof wiped; i++) {
        CHECK(wiped[i] == 0);
    }
}

static void without_memory_there_is_none(void) {
    counted_memory memory = {.fail_at = 1};
    ferry_context context = {.allocator = counted_memory_allocator(&memory)};
    make();
    CHECK(ferry_tls_options_copy_new(&context, &made.options) == NULL);
}

int main(int argc, char **argv) {
    static const check_test tests[] = {
        CHECK_TEST(copy_is_whole_when_the_options_are_gone),
        CHECK_TEST(what_is_absent_is_absent_from_the_copy),
        CHECK_TEST(nothing_of_it_stays_in_memory),
        CHECK_TEST(without_memory_there_is_none),
    };
    return CHECK_RUN(tests, argc, argv);
}
