/* SPDX-License-Identifier: MIT */
/* test_integrity: which texts are digests, which of them counts, and what a digest is compared
 * with.
 */
#include "check.h"
#include "session/integrity.h"

/* Of "abc" (FIPS 180-4, examples). */
#define SHA256_ABC "sha256-ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0="
#define SHA384_ABC "sha384-ywB1P0WjXou1oD1pmsZQBycsMqsO3tFjGotgWkP/W+2AhgcroefMI1i67KE0yCWn"
#define SHA512_ABC                                                                                 \
    "sha512-3a81oZNherrMQXNJriBBMRLm+k6JqX6iCp7u5ktV05ohkpkqJ0/"                                   \
    "BqDa6PCOj/uu9RU1EI2Q86A4qmslPpUyknw=="

static ferry_context context;

static void kind_is(const char *text, ferry_hash_kind wanted) {
    ferry_hash_kind kind = FERRY_HASH_SHA256;
    CHECK_INT(ferry_integrity_read(&context, text, &kind), FERRY_OK);
    CHECK_INT(kind, wanted);
}

static void the_strongest_kind_counts(void) {
    kind_is(SHA256_ABC, FERRY_HASH_SHA256);
    kind_is(SHA256_ABC " " SHA384_ABC, FERRY_HASH_SHA384);
    kind_is("\n" SHA512_ABC "\t" SHA256_ABC " ", FERRY_HASH_SHA512);
}

static void what_is_no_digest_is_refused(void) {
    const char *const texts[] = {
        "",
        " ",
        "abc",
        "md5-ungWv48Bz+pBQUDeXa4iIw==",
        "sha256-",
        "sha256-ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0",
        "sha256-ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=?x",
        "sha256-ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0=",
        "sha256-un=Wv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=",
        "sha384-ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=",
        SHA256_ABC " other",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        ferry_hash_kind kind = FERRY_HASH_SHA512;
        CHECK_INT(ferry_integrity_read(&context, texts[i], &kind), FERRY_ERROR_INVALID_PARAMETER);
        CHECK_INT(kind, FERRY_HASH_SHA512);
        CHECK(context.detail[0] != '\0');
    }
}

/* The digest of "abc", taken in two pieces. False: this build has no SHA-2. */
static bool take_digest(ferry_hash_kind kind, unsigned char *digest, size_t *size) {
    ferry_hash *hash = NULL;
    ferry_error error = ferry_hash_new(&context, kind, &hash);
    if (error == FERRY_ERROR_UNAVAILABLE) {
        return false;
    }
    CHECK_INT(error, FERRY_OK);
    if (hash == NULL) {
        return false; /* on the web, where fetch() compares digests */
    }
    ferry_hash_add(hash, "rest of another body", 20);
    ferry_hash_finish(hash, digest); /* and it begins anew */
    ferry_hash_add(hash, "a", 1);
    ferry_hash_add(hash, "bc", 2);
    *size = ferry_hash_finish(hash, digest);
    ferry_hash_free(&context, hash);
    return true;
}

static void a_digest_matches_its_text_alone(void) {
    const char *const texts[] = {SHA256_ABC, SHA384_ABC, SHA512_ABC};
    for (int kind = FERRY_HASH_SHA256; kind <= FERRY_HASH_SHA512; kind++) {
        unsigned char digest[FERRY_HASH_MAX_SIZE];
        size_t size = 0;
        if (!take_digest((ferry_hash_kind)kind, digest, &size)) {
            return;
        }
        for (int text = 0; text < 3; text++) {
            bool matches =
                ferry_integrity_matches(texts[text], (ferry_hash_kind)kind, digest, size);
            CHECK_INT(matches, text == kind);
        }
        CHECK(ferry_integrity_matches(SHA256_ABC " " SHA384_ABC "\n" SHA512_ABC,
                                      (ferry_hash_kind)kind, digest, size));
        digest[0] ^= 1;
        CHECK(!ferry_integrity_matches(texts[kind], (ferry_hash_kind)kind, digest, size));
    }
}

int main(int argc, char **argv) {
    static const check_test tests[] = {
        CHECK_TEST(the_strongest_kind_counts),
        CHECK_TEST(what_is_no_digest_is_refused),
        CHECK_TEST(a_digest_matches_its_text_alone),
    };
    context.allocator = ferry_default_allocator;
    return CHECK_RUN(tests, argc, argv);
}
