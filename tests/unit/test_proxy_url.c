/* SPDX-License-Identifier: MIT */
/* test_proxy_url: how a proxy is named. */
#include "url/proxy_url.h"

#include "check.h"

#include <string.h>

static ferry_context context;

static void begin(void) {
    context = (ferry_context){.allocator = ferry_default_allocator};
}

static void expect_proxy(const char *text, uint16_t port, const char *host, uint16_t port_read,
                         bool secure, const char *authorization) {
    ferry_proxy *proxy = NULL;
    begin();
    if (!CHECK_INT(ferry_proxy_read(&context, text, port, &proxy), FERRY_OK)) {
        CHECK_STR(context.detail, text);
        return;
    }
    CHECK_STR(proxy->host, host);
    CHECK_INT(proxy->port, port_read);
    CHECK_INT(proxy->secure, secure);
    CHECK_STR(proxy->authorization, authorization);
    CHECK(proxy->tls == NULL);
    ferry_free(&context, proxy);
}

static void expect_refusal(const char *text, uint16_t port, ferry_error error, const char *detail) {
    ferry_proxy *proxy = NULL;
    begin();
    if (!CHECK_INT(ferry_proxy_read(&context, text, port, &proxy), error)) {
        CHECK_STR(text, "refused");
    }
    CHECK(proxy == NULL);
    CHECK_CONTAINS(context.detail, detail);
    CHECK(strstr(context.detail, "secret") == NULL);
}

static void hosts_are_read_in_all_their_forms(void) {
    expect_proxy("proxy", 3128, "proxy", 3128, false, NULL);
    expect_proxy("http://proxy.example.org", 8080, "proxy.example.org", 8080, false, NULL);
    expect_proxy("HTTPS://Proxy", 443, "Proxy", 443, true, NULL);
    expect_proxy("127.0.0.1", 1, "127.0.0.1", 1, false, NULL);
    expect_proxy("::1", 65535, "::1", 65535, false, NULL);
    expect_proxy("[::1]", 80, "::1", 80, false, NULL);
    expect_proxy("hTTp://[fe80::1%eth0]", 80, "fe80::1%eth0", 80, false, NULL);
    expect_proxy(" proxy\t", 80, "proxy", 80, false, NULL);
}

static void urls_may_have_a_port_and_a_path(void) {
    expect_proxy("http://proxy:3128", 0, "proxy", 3128, false, NULL);
    expect_proxy("http://proxy:3128/", 0, "proxy", 3128, false, NULL);
    expect_proxy("proxy:3128", 0, "proxy", 3128, false, NULL);
    expect_proxy("http://proxy/a/path?query", 0, "proxy", 80, false, NULL);
    expect_proxy("http://proxy", 0, "proxy", 80, false, NULL);
    expect_proxy("http://proxy:", 0, "proxy", 80, false, NULL);
    expect_proxy("https://proxy", 0, "proxy", 443, true, NULL);
    expect_proxy("https://[::1]:8443", 0, "::1", 8443, true, NULL);
    expect_proxy("http://[::1]", 0, "::1", 80, false, NULL);
    expect_proxy("::1", 0, "::1", 80, false, NULL);
    expect_proxy("u:p@proxy:8080", 0, "proxy", 8080, false, "Basic dTpw");
}

static void credentials_become_basic(void) {
    /* RFC 7617 section 2 */
    expect_proxy("Aladdin:open sesame@proxy", 80, "proxy", 80, false,
                 "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
    expect_proxy("test:123%C2%A3@proxy", 80, "proxy", 80, false, "Basic dGVzdDoxMjPCow==");
    expect_proxy("http://a:b@proxy", 80, "proxy", 80, false, "Basic YTpi");
    expect_proxy("http://ab:b@[::1]", 80, "::1", 80, false, "Basic YWI6Yg==");
    expect_proxy("abc:b@proxy", 80, "proxy", 80, false, "Basic YWJjOmI=");
    expect_proxy("user@proxy", 80, "proxy", 80, false, "Basic dXNlcjo=");
    expect_proxy(":b@proxy", 80, "proxy", 80, false, "Basic OmI=");
    expect_proxy("a:b:c@proxy", 80, "proxy", 80, false, "Basic YTpiOmM=");
    expect_proxy("a:b@c@proxy", 80, "proxy", 80, false, "Basic YTpiQGM=");
    expect_proxy("a:%62%40%2f%3A@proxy", 80, "proxy", 80, false, "Basic YTpiQC86");
    expect_proxy("@proxy", 80, "proxy", 80, false, NULL);
}

static void bad_proxies_are_refused_each_with_a_sentence(void) {
    const ferry_error bad = FERRY_ERROR_INVALID_PARAMETER;
    expect_refusal("", 80, bad, "no host");
    expect_refusal("http://", 80, bad, "no host");
    expect_refusal("u:secret@", 80, bad, "no host");
    expect_refusal("http://:3128", 0, bad, "no host");
    expect_refusal("proxy:3128", 80, bad, "port argument");
    expect_refusal("u:secret@proxy:3128", 80, bad, "port argument");
    expect_refusal("u:secret@proxy/path", 80, bad, "path");
    expect_refusal("u:secret@pro xy", 80, bad, "not a host name");
    expect_refusal("u:secret@[::1", 80, bad, "closing bracket");
    expect_refusal("u:secret@[::g]", 80, bad, "IPv6");
    expect_refusal("http://[::1]x:80", 0, bad, "after the bracket");
    expect_refusal("http://proxy:0", 0, bad, "1 to 65535");
    expect_refusal("http://proxy:65536", 0, bad, "1 to 65535");
    expect_refusal("http://proxy:80a", 0, bad, "1 to 65535");
    expect_refusal("http://http://proxy", 80, bad, "two schemes");
    expect_refusal("ftp://u:secret@proxy", 0, bad, "\"ftp\"");
    expect_refusal("://proxy", 80, bad, "scheme");
    expect_refusal("u:secret/1@proxy", 80, bad, "percent-encoded");
    expect_refusal("u:secret#1@proxy", 80, bad, "percent-encoded");
    expect_refusal("u:secret%@proxy", 80, bad, "hexadecimal");
    expect_refusal("u:secret%4@proxy", 80, bad, "hexadecimal");
    expect_refusal("u:secret%g0@proxy", 80, bad, "hexadecimal");
    expect_refusal("u:secret%00@proxy", 80, bad, "control character");
    expect_refusal("u:secret%0d%0aX: 1@proxy", 80, bad, "control character");
    expect_refusal("u:secret\r\n@proxy", 80, bad, "control character");
    expect_refusal("u:secret\x7f@proxy", 80, bad, "control character");
    expect_refusal("u%3au:secret@proxy", 80, bad, "colon");
    expect_refusal("b\xc3\xbc"
                   "cher",
                   80, bad, "Punycode");
    expect_refusal("socks5://u:secret@proxy:1080", 0, FERRY_ERROR_UNAVAILABLE, "SOCKS");
    expect_refusal("SOCKS4a://proxy", 80, FERRY_ERROR_UNAVAILABLE, "SOCKS");
    char much[5000];
    memset(much, 'a', sizeof much);
    memcpy(much + sizeof much - 3, "@h", 3);
    expect_refusal(much, 80, bad, "too long");
    memcpy(much + sizeof much - 3, "aa", 3);
    expect_refusal(much, 80, bad, "too long");
}

int main(int argc, char **argv) {
    static const check_test tests[] = {
        CHECK_TEST(hosts_are_read_in_all_their_forms),
        CHECK_TEST(urls_may_have_a_port_and_a_path),
        CHECK_TEST(credentials_become_basic),
        CHECK_TEST(bad_proxies_are_refused_each_with_a_sentence),
    };
    return CHECK_RUN(tests, argc, argv);
}
