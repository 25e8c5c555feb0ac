/* SPDX-License-Identifier: MIT */
/* test_origin_key: connections are shared where everything is equal by content, and nowhere else.
 */
#include "check.h"
#include "counted_memory.h"
#include "session/origin_key.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_PINS = 4 };

static counted_memory memory;
static ferry_context context;

static void begin(void) {
    memory = (counted_memory){0};
    context = (ferry_context){.allocator = counted_memory_allocator(&memory)};
}

static ferry_buffer key_of(const char *text, const ferry_tls_options *tls) {
    char storage[300];
    ferry_url url;
    ferry_buffer key;
    ferry_buffer_init(&key, 1024 * 1024, "the key");
    CHECK_INT(ferry_url_parse(text, storage, sizeof storage, &url, NULL), FERRY_OK);
    CHECK_INT(ferry_origin_key_write(&key, &context, &url, tls), FERRY_OK);
    return key;
}

static bool are_equal(const ferry_buffer *a, const ferry_buffer *b) {
    size_t length = ferry_buffer_length(a);
    bool equal = length == ferry_buffer_length(b) &&
                 memcmp(ferry_buffer_content(a), ferry_buffer_content(b), length) == 0;
    CHECK_INT(equal, ferry_origin_key_hash(ferry_buffer_content(a), length) ==
                         ferry_origin_key_hash(ferry_buffer_content(b), ferry_buffer_length(b)));
    return equal;
}

/* True where requests for both may share connections. */
static bool is_shared(const char *url, const ferry_tls_options *tls, const char *other_url,
                      const ferry_tls_options *other_tls) {
    ferry_buffer a = key_of(url, tls);
    ferry_buffer b = key_of(other_url, other_tls);
    bool equal = are_equal(&a, &b);
    ferry_buffer_deinit(&a, &context);
    ferry_buffer_deinit(&b, &context);
    return equal;
}

/* ---- Where it leads ---- */

static void path_query_fragment_and_user_do_not_count(void) {
    begin();
    CHECK(is_shared("http://h/a?b#c", NULL, "http://u:p@h:80/d", NULL));
    CHECK(is_shared("https://H/", NULL, "https://h:443/", NULL));
    CHECK_INT(memory.live, 0);
}

static void scheme_host_and_port_count(void) {
    begin();
    CHECK(!is_shared("http://h/", NULL, "https://h/", NULL));
    CHECK(!is_shared("http://h:443/", NULL, "https://h/", NULL));
    CHECK(!is_shared("http://h/", NULL, "http://h:8080/", NULL));
    CHECK(!is_shared("http://h/", NULL, "http://i/", NULL));
    CHECK(!is_shared("http://h/", NULL, "http://h./", NULL));
    CHECK(!is_shared("http://h1:2/", NULL, "http://h:12/", NULL));
    CHECK(!is_shared("http://[::1]/", NULL, "http://[::2]/", NULL));
    CHECK_INT(memory.live, 0);
}

static void key_begins_with_what_connecting_takes(void) {
    begin();
    ferry_buffer key = key_of("https://[::1]:8443/", NULL);
    CHECK_MEM(ferry_buffer_content(&key), ferry_buffer_length(&key), "https://[::1]\0:8443",
              sizeof "https://[::1]\0:8443");
    ferry_buffer_deinit(&key, &context);
}

/* ---- How TLS is spoken ---- */

static const char *const pins[] = {"sha256//a", "sha256//b", NULL};
static const char *const joined_pins[] = {"sha256//asha256//b", NULL};
static const char *const one_pin[] = {"sha256//a", NULL};
static const char *const no_pins[] = {NULL};

/* Zeroed; that with all members; and those in which each member is another than in that. */
static const ferry_tls_options none;
static ferry_tls_options all(void) {
    return (ferry_tls_options){
        .ca_pem = "ca",
        .verify_name = "name",
        .unsafe = true,
        .ca_der = {"der", 3},
        .certificate_pem = "certificate",
        .key_pem = "key",
        .key_password = "password",
        .crl_pem = "crl",
        .pins = pins,
        .min_version = FERRY_TLS_VERSION_1_3,
        .first_cipher = FERRY_TLS_CIPHER_AES_128_GCM,
        .cache = (ferry_tls_cache *)(void *)&memory,
    };
}

/* Takes the members of `from` over one by one: those that are pointers to texts by content. */
enum { MEMBERS = 12 };
static const char *take_member(ferry_tls_options *to, const ferry_tls_options *from, int member) {
    switch (member) {
    case 0:
        to->ca_pem = from->ca_pem;
        return "ca_pem";
    case 1:
        to->verify_name = from->verify_name;
        return "verify_name";
    case 2:
        to->unsafe = from->unsafe;
        return "unsafe";
    case 3:
        to->ca_der = from->ca_der;
        return "ca_der";
    case 4:
        to->certificate_pem = from->certificate_pem;
        return "certificate_pem";
    case 5:
        to->key_pem = from->key_pem;
        return "key_pem";
    case 6:
        to->key_password = from->key_password;
        return "key_password";
    case 7:
        to->crl_pem = from->crl_pem;
        return "crl_pem";
    case 8:
        to->pins = from->pins;
        return "pins";
    case 9:
        to->min_version = from->min_version;
        return "min_version";
    case 10:
        to->first_cipher = from->first_cipher;
        return "first_cipher";
    default:
        to->cache = from->cache;
        return "cache";
    }
}

static void each_member_alone_gives_another_key(void) {
    begin();
    const ferry_tls_options full = all();
    for (int i = 0; i < MEMBERS; i++) {
        ferry_tls_options one = none;
        ferry_tls_options but_one = full;
        const char *name = take_member(&one, &full, i);
        take_member(&but_one, &none, i);
        if (!CHECK(!is_shared("https://h/", &none, "https://h/", &one)) ||
            !CHECK(!is_shared("https://h/", &full, "https://h/", &but_one)) ||
            !CHECK(is_shared("https://h/", &one, "https://h/", &one))) {
            printf("    with %s\n", name);
        }
        for (int j = 0; j < i; j++) {
            ferry_tls_options other = none;
            take_member(&other, &full, j);
            CHECK(!is_shared("https://h/", &other, "https://h/", &one));
        }
    }
    CHECK_INT(memory.live, 0);
}

static void content_counts_and_not_where_it_is(void) {
    begin();
    char ca[] = "ca";
    char der[] = "der";
    char pin[] = "sha256//a";
    const char *const copied_pins[] = {pin, "sha256//b", NULL};
    ferry_tls_options full = all();
    ferry_tls_options copy = full;
    copy.ca_pem = ca;
    copy.ca_der.data = der;
    copy.pins = copied_pins;
    CHECK(is_shared("https://h/", &full, "https://h/", &copy));
    ca[1] = 'b';
    CHECK(!is_shared("https://h/", &full, "https://h/", &copy));
    ca[1] = 'a';
    der[2] = 'x';
    CHECK(!is_shared("https://h/", &full, "https://h/", &copy));
    der[2] = 'r';
    pin[8] = 'x';
    CHECK(!is_shared("https://h/", &full, "https://h/", &copy));
}

static void border_between_members_counts(void) {
    begin();
    ferry_tls_options a = {.ca_pem = "ab", .crl_pem = "c"};
    ferry_tls_options b = {.ca_pem = "a", .crl_pem = "bc"};
    CHECK(!is_shared("https://h/", &a, "https://h/", &b));
    a = (ferry_tls_options){.pins = pins};
    b = (ferry_tls_options){.pins = joined_pins};
    CHECK(!is_shared("https://h/", &a, "https://h/", &b));
    a = (ferry_tls_options){.pins = one_pin, .ca_der = {"sha256//b", 10}};
    b = (ferry_tls_options){.pins = pins};
    CHECK(!is_shared("https://h/", &a, "https://h/", &b));
    a = (ferry_tls_options){.certificate_pem = "x"};
    b = (ferry_tls_options){.key_pem = "x"};
    CHECK(!is_shared("https://h/", &a, "https://h/", &b));
    a = (ferry_tls_options){.verify_name = ""};
    CHECK(!is_shared("https://h/", &a, "https://h/", &none));
}

static void no_options_and_zeroed_ones_are_the_same(void) {
    begin();
    ferry_tls_options empty_list = {.pins = no_pins};
    CHECK(is_shared("https://h/", NULL, "https://h/", &none));
    CHECK(is_shared("https://h/", NULL, "https://h/", &empty_list));
}

static void options_do_not_count_without_tls(void) {
    begin();
    const ferry_tls_options full = all();
    CHECK(is_shared("http://h/", &full, "http://h/", NULL));
}

/* ---- Read back ---- */

static void check_text(const char *actual, const char *expected) {
    if (expected == NULL) {
        CHECK(actual == NULL);
    } else {
        CHECK_STR(actual, expected);
    }
}

static void check_read_back(const ferry_tls_options *tls) {
    ferry_buffer key;
    const char *read_pins[MOST_PINS + 1];
    ferry_tls_options read;
    ferry_buffer_init(&key, 1024, "the key");
    CHECK_INT(ferry_origin_key_write_tls(&key, &context, tls), FERRY_OK);
    const char *bytes = ferry_buffer_content(&key);
    size_t length = ferry_buffer_length(&key);
    size_t count = 0;
    while (tls->pins != NULL && tls->pins[count] != NULL) {
        count++;
    }
    CHECK_INT(ferry_origin_key_count_pins(bytes, length), count);
    CHECK(ferry_origin_key_read_tls(bytes, length, read_pins, &read));
    check_text(read.ca_pem, tls->ca_pem);
    check_text(read.verify_name, tls->verify_name);
    check_text(read.certificate_pem, tls->certificate_pem);
    check_text(read.key_pem, tls->key_pem);
    check_text(read.key_password, tls->key_password);
    check_text(read.crl_pem, tls->crl_pem);
    CHECK_INT(read.unsafe, tls->unsafe);
    CHECK_INT(read.min_version, tls->min_version);
    CHECK_INT(read.first_cipher, tls->first_cipher);
    CHECK(read.cache == tls->cache);
    CHECK_INT(read.ca_der.length, tls->ca_der.length);
    if (tls->ca_der.length > 0) {
        CHECK_MEM(read.ca_der.data, read.ca_der.length, tls->ca_der.data, tls->ca_der.length);
    }
    CHECK_INT(read.pins != NULL, count > 0);
    for (size_t i = 0; i < count; i++) {
        CHECK_STR(read.pins[i], tls->pins[i]);
    }
    CHECK(count == 0 || read.pins[count] == NULL);
    ferry_buffer_deinit(&key, &context);
}

static void what_was_written_is_read_back(void) {
    begin();
    const ferry_tls_options full = all();
    check_read_back(&full);
    for (int i = 0; i < MEMBERS; i++) {
        ferry_tls_options one = none;
        ferry_tls_options but_one = full;
        take_member(&one, &full, i);
        take_member(&but_one, &none, i);
        check_read_back(&one);
        check_read_back(&but_one);
    }
    CHECK_INT(memory.live, 0);
}

static void where_nothing_was_written_nothing_is_read(void) {
    const char *read_pins[1];
    ferry_tls_options read = all();
    CHECK_INT(ferry_origin_key_count_pins("", 0), 0);
    CHECK(!ferry_origin_key_read_tls("", 0, read_pins, &read));
    CHECK(read.ca_pem == NULL && !read.unsafe && read.pins == NULL);
}

static void every_allocation_may_fail(void) {
    ferry_tls_options full = all();
    char *large = malloc(100000);
    memset(large, 'x', 99999);
    large[99999] = '\0';
    full.key_pem = large;
    ferry_error error = FERRY_ERROR_OUT_OF_MEMORY;
    size_t failed = 0;
    for (size_t n = 1; error != FERRY_OK; n++) {
        begin();
        memory.fail_at = n;
        ferry_buffer key;
        ferry_buffer_init(&key, 1024 * 1024, "the key");
        error = ferry_origin_key_write_tls(&key, &context, &full);
        CHECK(error == FERRY_OK || error == FERRY_ERROR_OUT_OF_MEMORY);
        failed += error != FERRY_OK;
        ferry_buffer_deinit(&key, &context);
        CHECK_INT(memory.live, 0);
    }
    CHECK(failed > 0);
    free(large);
}

int main(int argc, char **argv) {
    static const check_test tests[] = {
        CHECK_TEST(path_query_fragment_and_user_do_not_count),
        CHECK_TEST(scheme_host_and_port_count),
        CHECK_TEST(key_begins_with_what_connecting_takes),
        CHECK_TEST(each_member_alone_gives_another_key),
        CHECK_TEST(content_counts_and_not_where_it_is),
        CHECK_TEST(border_between_members_counts),
        CHECK_TEST(no_options_and_zeroed_ones_are_the_same),
        CHECK_TEST(options_do_not_count_without_tls),
        CHECK_TEST(what_was_written_is_read_back),
        CHECK_TEST(where_nothing_was_written_nothing_is_read),
        CHECK_TEST(every_allocation_may_fail),
    };
    return CHECK_RUN(tests, argc, argv);
}
