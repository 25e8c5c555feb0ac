/* SPDX-License-Identifier: MIT */
/* test_request_check: what may not be sent is refused before any of it is, and what follows from
 * the rest is known afterwards. */
#include "message/request_check.h"

#include "base/size_limits.h"
#include "check.h"

#include <stdio.h>
#include <string.h>

static ferry_context context;
static ferry_message message;

static ferry_error check(const ferry_request *request) {
    context = (ferry_context){.allocator = ferry_default_allocator};
    return ferry_request_check(&context, request, &message);
}

static void expect_refusal(const ferry_request *request, const char *words) {
    int failures = check_failures();
    CHECK_INT(check(request), FERRY_ERROR_INVALID_PARAMETER);
    CHECK_CONTAINS(context.detail, words);
    CHECK(strstr(context.detail, "secret") == NULL);
    if (check_failures() > failures) {
        printf("        of %s\n", request->url != NULL ? request->url : "NULL");
    }
}

static ferry_request with_header(const char *const lines[2]) {
    return (ferry_request){.url = "/", .method = FERRY_METHOD_POST, .headers = lines};
}

static void expect_header_refusal(const char *line, const char *words) {
    const char *const lines[2] = {line, NULL};
    ferry_request request = with_header(lines);
    expect_refusal(&request, words);
}

static unsigned flags_of(const char *line) {
    const char *const lines[2] = {line, NULL};
    ferry_request request = with_header(lines);
    CHECK_INT(check(&request), FERRY_OK);
    return message.present;
}

static void methods_are_known_by_number_or_by_name(void) {
    CHECK_INT(check(&(ferry_request){.url = "/", .method = FERRY_METHOD_PUT}), FERRY_OK);
    CHECK_MEM(message.method_name.data, message.method_name.length, "PUT", 3);
    CHECK_INT(check(&(ferry_request){.url = "/", .method_name = "HEAD"}), FERRY_OK);
    CHECK_INT(message.method, FERRY_METHOD_HEAD);
    CHECK_INT(check(&(ferry_request){.url = "/", .method_name = "head"}), FERRY_OK);
    CHECK_INT(message.method, FERRY_METHOD_MAX); /* names have a case (RFC 9110 section 9.1) */
    CHECK_MEM(message.method_name.data, message.method_name.length, "head", 4);
    expect_refusal(&(ferry_request){.url = "/", .method = FERRY_METHOD_MAX}, "no method number");
    expect_refusal(&(ferry_request){.url = "/", .method = (ferry_method)-1}, "no method number");
    expect_refusal(&(ferry_request){.url = "/", .method_name = ""}, "the method is not a token");
    expect_refusal(&(ferry_request){.url = "/", .method_name = "A\r\nsecret"},
                   "the method is not a token: \"A...\"");
}

static void targets_have_one_of_four_forms(void) {
    CHECK_INT(check(&(ferry_request){.url = "/a?b=\xc3\xa9"}), FERRY_OK);
    CHECK_INT(message.host.length, 0);
    CHECK_INT(check(&(ferry_request){.url = "*", .method = FERRY_METHOD_OPTIONS}), FERRY_OK);
    CHECK_INT(check(&(ferry_request){.url = "HTTPS://h:8443?q"}), FERRY_OK);
    CHECK_MEM(message.host.data, message.host.length, "h:8443", 6);
    CHECK_INT(check(&(ferry_request){.url = "http://[::1]/p@q"}), FERRY_OK);
    CHECK_MEM(message.host.data, message.host.length, "[::1]", 5);
    CHECK_INT(check(&(ferry_request){.url = "h:443", .method = FERRY_METHOD_CONNECT}), FERRY_OK);
    CHECK_MEM(message.host.data, message.host.length, "h:443", 5);
}

static void other_targets_are_refused(void) {
    expect_refusal(&(ferry_request){.url = NULL}, "the url is NULL");
    expect_refusal(&(ferry_request){.url = ""}, "does not begin with '/'");
    expect_refusal(&(ferry_request){.url = "a"}, "does not begin with '/'");
    expect_refusal(&(ferry_request){.url = "*"}, "does not begin with '/'");
    expect_refusal(&(ferry_request){.url = "ftp://h/"}, "does not begin with '/'");
    expect_refusal(&(ferry_request){.url = "/a b"}, "percent-encoded");
    expect_refusal(&(ferry_request){.url = "/a\r\n"}, "percent-encoded");
    expect_refusal(&(ferry_request){.url = "/a\x7f"}, "percent-encoded");
    expect_refusal(&(ferry_request){.url = "/a#b"}, "fragment");
    expect_refusal(&(ferry_request){.url = "http://u:secret@h/"}, "user name or a password");
    expect_refusal(&(ferry_request){.url = "http://"}, "no host that could be one");
    expect_refusal(&(ferry_request){.url = "http://h:0/"}, "no host that could be one");
    expect_refusal(&(ferry_request){.url = "h", .method = FERRY_METHOD_CONNECT},
                   "CONNECT takes host:port");
    expect_refusal(&(ferry_request){.url = "/", .method = FERRY_METHOD_CONNECT},
                   "CONNECT takes host:port");
}

static void headers_are_lines_with_a_token_and_a_value(void) {
    CHECK_INT(flags_of("X-Y: \xc3\xa9\t!"), 0);
    CHECK_INT(flags_of("X:"), 0);
    expect_header_refusal("X", "the header line has no colon: \"X\"");
    expect_header_refusal("X Y: secret", "the header name is not a token: \"X...\"");
    expect_header_refusal(": secret", "the header name is not a token");
    expect_header_refusal("X: secret\r\nY: 1", "control character: \"X...\"");
    expect_header_refusal("X: secret\x7f", "control character");
}

static void headers_with_a_meaning_are_noticed(void) {
    CHECK_INT(flags_of("hOST: h"), FERRY_HAS_HOST);
    CHECK_STR(message.host_line, "hOST: h");
    CHECK_INT(flags_of("Accept-Encoding: x"), FERRY_HAS_ACCEPT_ENCODING);
    CHECK_INT(flags_of("User-Agent: x"), FERRY_HAS_USER_AGENT);
    CHECK_INT(flags_of("Accept: x"), FERRY_HAS_ACCEPT);
    CHECK_INT(flags_of("Range: bytes=1-"), FERRY_HAS_RANGE);
    CHECK_INT(flags_of("Upgrade: x"), FERRY_HAS_UPGRADE);
    CHECK_INT(flags_of("Proxy-Authorization: x"), FERRY_HAS_PROXY_AUTHORIZATION);
    CHECK_INT(flags_of("Proxy-Connection: x"), FERRY_HAS_PROXY_CONNECTION);
    CHECK_INT(flags_of("Connection: x, CLOSE"), FERRY_HAS_CONNECTION_CLOSE);
    CHECK_INT(flags_of("Connection: closed"), 0);
    CHECK_INT(flags_of("Content-Length: 0"), FERRY_HAS_CONTENT_LENGTH);
    CHECK_INT(ferry_header_line_flag("RANGE"), FERRY_HAS_RANGE);
    CHECK_INT(ferry_header_line_flag("Ranges: x"), 0);
}

static void framing_is_the_library_s(void) {
    static const char *const twice[] = {"Content-Length: 3", "content-length: 3", NULL};
    static const char *const hosts[] = {"Host: a", "X: 1", "Host: a", NULL};
    static const char *const once[] = {"Content-Length: 3", NULL};
    ferry_request request = {
        .url = "/", .method = FERRY_METHOD_POST, .headers = once, .body = "abc", .body_length = 3};
    CHECK_INT(check(&request), FERRY_OK);
    request.headers = twice;
    expect_refusal(&request, "appears twice");
    request.headers = hosts;
    expect_refusal(&request, "appears twice");
    request.headers = once;
    request.body_length = 2;
    expect_refusal(&request, "the Content-Length \"3\" is not that of the body, 2");
    expect_header_refusal("Content-Length: x", "is not that of the body, 0");
    expect_header_refusal("Transfer-Encoding: chunked", "the transfer coding is the library's");
}

static void a_body_may_wait_for_100_where_there_is_one(void) {
    static const char *const lines[] = {"Expect: 100-Continue", NULL};
    ferry_request request = {
        .url = "/", .method = FERRY_METHOD_POST, .headers = lines, .body = "a", .body_length = 1};
    CHECK_INT(check(&request), FERRY_OK);
    CHECK_INT(message.present, FERRY_HAS_EXPECT_CONTINUE);
    request = (ferry_request){.url = "/",
                              .method = FERRY_METHOD_POST,
                              .headers = lines,
                              .streamed = true,
                              .streamed_length = -1};
    CHECK_INT(check(&request), FERRY_OK);
    CHECK_INT(message.present, FERRY_HAS_EXPECT_CONTINUE);
    expect_header_refusal("Expect: 100-continue", "needs a body");
    CHECK_INT(flags_of("Expect: something-else"), 0);
}

static ferry_error body_read(void *ctx, void *dst, size_t capacity, size_t *length) {
    (void)ctx, (void)dst, (void)capacity;
    *length = 0;
    return FERRY_OK;
}

static void a_body_comes_in_one_way(void) {
    ferry_request request = {.url = "/", .method = FERRY_METHOD_POST, .streamed = true};
    CHECK_INT(check(&request), FERRY_OK);
    CHECK(message.streamed && message.body_read == NULL);
    request.streamed_length = -7;
    CHECK_INT(check(&request), FERRY_OK);
    CHECK_INT(message.streamed_length, -1);
    request.body = "a";
    expect_refusal(&request, "piece by piece");
    request = (ferry_request){.url = "/", .method = FERRY_METHOD_POST, .body_read = body_read};
    CHECK_INT(check(&request), FERRY_OK);
    CHECK(message.streamed && message.body_read == body_read);
    request.streamed = true;
    expect_refusal(&request, "neither given nor streamed");
    request = (ferry_request){.url = "/", .method = FERRY_METHOD_POST, .body_length = 5};
    expect_refusal(&request, "the body is NULL, but its length is 5");
}

static void some_methods_carry_no_body(void) {
    static const ferry_method none[] = {FERRY_METHOD_GET, FERRY_METHOD_HEAD, FERRY_METHOD_TRACE};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        ferry_request request = {.url = "/", .method = none[i], .body = "a", .body_length = 1};
        CHECK_INT(check(&request), FERRY_OK);
        CHECK(message.body == NULL && message.body_length == 0);
        request = (ferry_request){.url = "/", .method = none[i], .streamed = true};
        expect_refusal(&request, "carries no body to stream");
        request = (ferry_request){.url = "/", .method = none[i], .body_read = body_read};
        expect_refusal(&request, "carries no body to stream");
    }
    ferry_request request = {
        .url = "/", .method = FERRY_METHOD_DELETE, .body = "a", .body_length = 1};
    CHECK_INT(check(&request), FERRY_OK);
    CHECK_INT(message.body_length, 1);
}

/* Neither is looked at, so that none needs to be there. */
static void what_is_copied_has_a_limit_and_what_is_borrowed_has_none(void) {
    ferry_request request = {.url = "/",
                             .method = FERRY_METHOD_POST,
                             .body = "a",
                             .body_length = FERRY_LIMIT_COPIED_BODY};
    CHECK_INT(check(&request), FERRY_OK);
    request.body_length++;
    CHECK_INT(check(&request), FERRY_ERROR_TOO_LARGE);
    CHECK_CONTAINS(context.detail, "borrow_body");
    request.borrow_body = true;
    CHECK_INT(check(&request), FERRY_OK);
    CHECK(message.is_borrowed);
}

static void lines_for_proxies_are_none_of_a_request_s(void) {
    static const struct {
        const char *lines[3];
        const char *words; /* NULL: they may go */
    } rows[] = {
        {{"X-Y: 1", "User-Agent: x", NULL}, NULL},
        {{"X: 1", "X: 2", NULL}, NULL},
        {{"X", NULL, NULL}, "not \"Name: value\""},
        {{"X: a\r\n", NULL, NULL}, "not \"Name: value\""},
        {{"TE: x", NULL, NULL}, "belongs to requests"},
        {{"host: x", NULL, NULL}, "belongs to requests"},
        {{"Content-Length: 0", NULL, NULL}, "belongs to requests"},
        {{"Accept: x", "accept: y", NULL}, "twice"},
    };
    CHECK(ferry_proxy_headers_fault(NULL) == NULL);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *fault = ferry_proxy_headers_fault(rows[i].lines);
        int failures = check_failures();
        CHECK_INT(fault != NULL, rows[i].words != NULL);
        if (fault != NULL && rows[i].words != NULL) {
            CHECK_CONTAINS(fault, rows[i].words);
        }
        if (check_failures() > failures) {
            printf("        of \"%s\"\n", rows[i].lines[0]);
        }
    }
}

int main(int argc, char **argv) {
    static const check_test tests[] = {
        CHECK_TEST(methods_are_known_by_number_or_by_name),
        CHECK_TEST(targets_have_one_of_four_forms),
        CHECK_TEST(other_targets_are_refused),
        CHECK_TEST(headers_are_lines_with_a_token_and_a_value),
        CHECK_TEST(headers_with_a_meaning_are_noticed),
        CHECK_TEST(framing_is_the_library_s),
        CHECK_TEST(a_body_may_wait_for_100_where_there_is_one),
        CHECK_TEST(a_body_comes_in_one_way),
        CHECK_TEST(some_methods_carry_no_body),
        CHECK_TEST(what_is_copied_has_a_limit_and_what_is_borrowed_has_none),
        CHECK_TEST(lines_for_proxies_are_none_of_a_request_s),
    };
    return CHECK_RUN(tests, argc, argv);
}
