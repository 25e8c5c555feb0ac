/* SPDX-License-Identifier: MIT */
/* test_tls_describe: what is said of a certificate: names, addresses, dates, its issuer. */
#include "tls/describe.h"

#include "check.h"

#include <mbedtls/oid.h>
#include <string.h>

static mbedtls_x509_buf bytes_of(int tag, const char *bytes, size_t length) {
    return (mbedtls_x509_buf){.tag = tag, .len = length, .p = (unsigned char *)(uintptr_t)bytes};
}

static mbedtls_x509_name name_of(const char *text) {
    return (mbedtls_x509_name){
        .oid = bytes_of(MBEDTLS_ASN1_OID, MBEDTLS_OID_AT_CN, MBEDTLS_OID_SIZE(MBEDTLS_OID_AT_CN)),
        .val = bytes_of(MBEDTLS_ASN1_UTF8_STRING, text, strlen(text)),
    };
}

static mbedtls_x509_crt make_certificate(void) {
    mbedtls_x509_crt made;
    mbedtls_x509_crt_init(&made);
    made.subject = name_of("a.example");
    made.issuer = name_of("Some Authority");
    made.subject_raw = bytes_of(0, "subject", 7);
    made.issuer_raw = bytes_of(0, "issuer", 6);
    made.valid_from = (mbedtls_x509_time){.year = 2026, .mon = 1, .day = 2};
    made.valid_to = (mbedtls_x509_time){.year = 2027, .mon = 11, .day = 30};
    return made;
}

static void names_and_addresses_of_both_kinds_are_listed(void) {
    enum { DNS = MBEDTLS_ASN1_CONTEXT_SPECIFIC | 2, IP = MBEDTLS_ASN1_CONTEXT_SPECIFIC | 7 };
    mbedtls_x509_sequence address_6 = {
        .buf = bytes_of(IP, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\x12\x34", 16)};
    mbedtls_x509_sequence address_4 = {.buf = bytes_of(IP, "\xc0\0\x02\xff", 4),
                                       .next = &address_6};
    mbedtls_x509_crt certificate = make_certificate();
    char text[300];
    ferry_tls_certificate_write_validity(&certificate, text, sizeof text);
    CHECK_STR(text, "valid from 2026-01-02 to 2027-11-30");
    certificate.subject_alt_names =
        (mbedtls_x509_sequence){.buf = bytes_of(DNS, "b.example", 9), .next = &address_4};
    ferry_tls_certificate_write_validity(&certificate, text, sizeof text);
    CHECK_STR(text, "valid from 2026-01-02 to 2027-11-30, for b.example, 192.0.2.255, "
                    "2001:db8:0:0:0:0:0:1234");
    ferry_tls_certificate_describe(&certificate, MBEDTLS_X509_BADCERT_CN_MISMATCH, "c.example",
                                   text, sizeof text);
    CHECK_STR(text, "the certificate of a.example is for b.example, 192.0.2.255, "
                    "2001:db8:0:0:0:0:0:1234, not for c.example");
}

static void issuer_is_named(void) {
    mbedtls_x509_crt certificate = make_certificate();
    char text[300];
    ferry_tls_certificate_write_parties(&certificate, text, sizeof text);
    CHECK_STR(text, "a.example, issued by Some Authority");
    ferry_tls_certificate_describe(&certificate, MBEDTLS_X509_BADCERT_NOT_TRUSTED, "a.example",
                                   text, sizeof text);
    CHECK_STR(text, "the certificate of a.example has an unknown issuer: Some Authority is no "
                    "trusted authority, and the server sent no certificate that leads from it to "
                    "one");
    certificate.issuer_raw = certificate.subject_raw;
    ferry_tls_certificate_describe(&certificate, MBEDTLS_X509_BADCERT_NOT_TRUSTED, "a.example",
                                   text, sizeof text);
    CHECK_STR(text, "the certificate of a.example is self-signed, and not a trusted authority's");
}

static void dates_say_when_it_was_or_will_be_valid(void) {
    mbedtls_x509_crt certificate = make_certificate();
    char text[300];
    ferry_tls_certificate_describe(&certificate, MBEDTLS_X509_BADCERT_EXPIRED, "a.example", text,
                                   sizeof text);
    CHECK_STR(text, "the certificate of a.example expired on 2027-11-30");
    ferry_tls_certificate_describe(&certificate,
                                   MBEDTLS_X509_BADCERT_FUTURE | MBEDTLS_X509_BADCERT_REVOKED,
                                   "a.example", text, sizeof text);
    CHECK_STR(text, "the certificate of a.example is revoked, and is not valid before 2026-01-02");
}

int main(int argc, char **argv) {
    static const check_test tests[] = {
        CHECK_TEST(names_and_addresses_of_both_kinds_are_listed),
        CHECK_TEST(issuer_is_named),
        CHECK_TEST(dates_say_when_it_was_or_will_be_valid),
    };
    return CHECK_RUN(tests, argc, argv);
}
