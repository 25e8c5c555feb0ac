/* SPDX-License-Identifier: MIT */
/* test_request_plan: what is kept of a request, what is wrong with one, and which of its lines go
 * to which origin. */
#include "check.h"
#include "counted_memory.h"
#include "session/request_plan.h"

#include <stdio.h>
#include <string.h>

static counted_memory memory;
static ferry_context context;
static ferry_request_plan plan;

static void begin(void) {
    memory = (counted_memory){0};
    context = (ferry_context){.allocator = counted_memory_allocator(&memory)};
    plan = (ferry_request_plan){0};
}

static void end(void) {
    ferry_request_plan_deinit(&plan, &context);
    CHECK_INT(memory.live, 0);
}

static ferry_error body_read(void *ctx, void *dst, size_t capacity, size_t *length) {
    (void)ctx, (void)dst, (void)capacity;
    *length = 0;
    return FERRY_OK;
}

static ferry_error body_rewind(void *ctx) {
    (void)ctx;
    return FERRY_OK;
}

static ferry_error on_data(void *ctx, ferry_transfer *transfer, const void *data, size_t length) {
    (void)ctx, (void)transfer, (void)data, (void)length;
    return FERRY_OK;
}

/* ---- Faults ---- */

typedef struct fault {
    ferry_session_request request;
    const char *sentence;
} fault;

static void faults_are_refused_with_a_sentence(void) {
    static char dst[4];
    static const char *const cookie_lines[] = {"cookie: c=d", NULL};
    const fault faults[] = {
        {{.url = NULL}, "no URL"},
        {{.url = "x", .body = "a", .body_length = 1, .body_read = body_read}, "two bodies"},
        {{.url = "x", .body_length = 1}, "no body"},
        {{.url = "x", .dst = dst, .functions = {.on_data = on_data}}, "two places"},
        {{.url = "x", .dst = dst, .owner_reads = true}, "two places"},
        {{.url = "x", .owner_reads = true, .functions = {.on_data = on_data}}, "two places"},
        {{.url = "x", .dst_capacity = 1}, "no dst"},
        {{.url = "x", .max_body_bytes = -1}, "max_body_bytes"},
        {{.url = "x", .expected_bytes = -1}, "expected_bytes"},
        {{.url = "x", .max_retry_after_ms = -1}, "max_retry_after_ms"},
        {{.url = "x", .bearer = "a", .user = "b"}, "two kinds of credentials"},
        {{.url = "x", .password = "b"}, "no user"},
        {{.url = "x", .cookies = "a=b", .headers = cookie_lines}, "two kinds of cookies"},
        {{.url = "x", .send_again = (ferry_send_again)3}, "send_again"},
        {{.url = "x", .send_again = (ferry_send_again)-1}, "send_again"},
        {{.url = "x", .bearer = "a b"}, "bearer token"},
        {{.url = "x", .user = "a:b"}, "colon"},
    };
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        begin();
        CHECK_INT(ferry_request_plan_make(&plan, &context, &faults[i].request),
                  FERRY_ERROR_INVALID_PARAMETER);
        CHECK_CONTAINS(context.detail, faults[i].sentence);
        CHECK(plan.block == NULL && plan.authorization == NULL);
        end();
    }
}

/* ---- The copy ---- */

static void request_is_copied_with_all_that_it_points_to(void) {
    begin();
    char url[] = "http://h/";
    char header[] = "X-A: b";
    char method[] = "PROPFIND";
    char body[] = "body";
    char integrity[] = "sha256-x";
    char ca[] = "ca";
    const char *headers[] = {header, NULL};
    ferry_fetch_options fetch = {.integrity = integrity};
    ferry_timeouts timeouts = {.idle_ms = 5};
    ferry_tls_options tls = {.ca_pem = ca};
    const ferry_session_request request = {
        .url = url,
        .method_name = method,
        .headers = headers,
        .body = body,
        .body_length = 4,
        .copy_body = true,
        .fetch = &fetch,
        .timeouts = &timeouts,
        .tls = &tls,
        .ctx = &memory,
        .priority = -3,
    };
    CHECK_INT(ferry_request_plan_make(&plan, &context, &request), FERRY_OK);
    char *const texts[] = {url, header, method, body, integrity, ca};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        memset(texts[i], '?', strlen(texts[i]));
    }
    headers[0] = NULL;
    memset(&fetch, 0, sizeof fetch);
    memset(&timeouts, 0, sizeof timeouts);
    memset(&tls, 0, sizeof tls);
    const ferry_session_request *kept = &plan.request;
    CHECK_STR(kept->url, "http://h/");
    CHECK_STR(kept->method_name, "PROPFIND");
    CHECK_STR(kept->headers[0], "X-A: b");
    CHECK(kept->headers[1] == NULL);
    CHECK_MEM(kept->body, kept->body_length, "body", 4);
    CHECK_STR(kept->fetch->integrity, "sha256-x");
    CHECK_INT(kept->timeouts->idle_ms, 5);
    CHECK_STR(kept->tls->ca_pem, "ca");
    CHECK(kept->ctx == &memory);
    CHECK_INT(kept->priority, -3);
    end();
}

static void body_is_borrowed_unless_a_copy_is_asked_for(void) {
    begin();
    static const char body[] = "body";
    const ferry_session_request request = {.url = "x", .body = body, .body_length = 4};
    CHECK_INT(ferry_request_plan_make(&plan, &context, &request), FERRY_OK);
    CHECK(plan.request.body == body);
    end();
}

static void zeros_are_the_defaults(void) {
    begin();
    CHECK_INT(ferry_request_plan_make(&plan, &context, &(ferry_session_request){.url = "x"}),
              FERRY_OK);
    CHECK_INT(plan.request.max_redirects, 20);
    CHECK_INT(plan.request.max_retries, 2);
    CHECK_INT(plan.request.max_retry_after_ms, 60000);
    end();
    begin();
    const ferry_session_request request = {
        .url = "x", .max_redirects = -1, .max_retries = -1, .max_retry_after_ms = 5};
    CHECK_INT(ferry_request_plan_make(&plan, &context, &request), FERRY_OK);
    CHECK_INT(plan.request.max_redirects, -1);
    CHECK_INT(plan.request.max_retries, -1);
    CHECK_INT(plan.request.max_retry_after_ms, 5);
    end();
}

static void body_of_a_function_is_repeatable_with_rewind(void) {
    static const ferry_session_request requests[] = {
        {.url = "x"},
        {.url = "x", .body = "a", .body_length = 1},
        {.url = "x", .body_read = body_read, .body_rewind = body_rewind},
        {.url = "x", .body_read = body_read},
    };
    for (size_t i = 0; i < 4; i++) {
        begin();
        CHECK_INT(ferry_request_plan_make(&plan, &context, &requests[i]), FERRY_OK);
        CHECK_INT(ferry_request_plan_is_repeatable(&plan), i < 3);
        end();
    }
}

/* ---- The lines of a hop ---- */

/* The lines, each followed by '|'. */
static const char *lines_with(bool is_first_origin, bool drops_body, const char *cookies) {
    static char text[1024];
    text[0] = '\0';
    const char *const *lines =
        ferry_request_plan_list_lines(&plan, is_first_origin, drops_body, cookies, NULL, 0);
    for (size_t i = 0; lines[i] != NULL; i++) {
        strcat(strcat(text, lines[i]), "|");
    }
    return text;
}

static const char *lines_of(bool is_first_origin, bool drops_body) {
    return lines_with(is_first_origin, drops_body, NULL);
}

static void make(const char *const *headers, bool headers_follow, const char *bearer) {
    begin();
    const ferry_session_request request = {
        .url = "x", .headers = headers, .headers_follow = headers_follow, .bearer = bearer};
    CHECK_INT(ferry_request_plan_make(&plan, &context, &request), FERRY_OK);
}

static const char *const secrets[] = {
    "Accept: a",  "X-Api-Key: k",    "Cookie: c",     "Authorization: own",     "Host: named",
    "Referer: r", "Range: bytes=0-", "user-agent: u", "Proxy-Authorization: p", NULL,
};

static void first_origin_gets_every_line(void) {
    make(secrets, false, NULL);
    CHECK_STR(lines_of(true, false),
              "Accept: a|X-Api-Key: k|Cookie: c|Authorization: own|Host: named|Referer: r|"
              "Range: bytes=0-|user-agent: u|Proxy-Authorization: p|");
    end();
}

static void another_origin_gets_what_cannot_be_a_secret(void) {
    make(secrets, false, "token");
    CHECK_STR(lines_of(false, false), "Accept: a|Range: bytes=0-|user-agent: u|");
    end();
}

static void all_but_host_goes_along_where_headers_follow(void) {
    make(secrets, true, NULL);
    CHECK_STR(lines_of(false, false),
              "Accept: a|X-Api-Key: k|Cookie: c|Authorization: own|Referer: r|Range: bytes=0-|"
              "user-agent: u|Proxy-Authorization: p|");
    end();
}

static void names_of_the_list_are_whole_names(void) {
    static const char *const headers[] = {
        "Accept-Language: de", "Accept-Language-Key: k", "Accep: k", "Accept : k",
        "User-Agent-Token: t", "ACCEPT-ENCODING: x",     NULL,
    };
    make(headers, false, NULL);
    CHECK_STR(lines_of(false, false), "Accept-Language: de|ACCEPT-ENCODING: x|");
    end();
}

static void credentials_are_a_line_for_the_first_origin(void) {
    make(NULL, false, "token");
    CHECK_STR(lines_of(true, false), "Authorization: Bearer token|");
    CHECK_STR(lines_of(false, false), "");
    CHECK_STR(lines_of(true, true), "Authorization: Bearer token|");
    end();
    make(NULL, true, "token");
    CHECK_STR(lines_of(false, false), "Authorization: Bearer token|");
    end();
}

static void cookies_of_the_jar_go_to_every_origin(void) {
    make(secrets, true, "token");
    CHECK(ferry_request_plan_has_cookies(&plan));
    end();
    static const char *const headers[] = {"X-Cookie: k", "Set-Cookie: s", NULL};
    make(headers, false, "token");
    CHECK(!ferry_request_plan_has_cookies(&plan));
    CHECK_STR(lines_with(true, false, "Cookie: a=b"),
              "X-Cookie: k|Set-Cookie: s|Authorization: Bearer token|Cookie: a=b|");
    CHECK_STR(lines_with(false, true, "Cookie: c=d"), "Cookie: c=d|");
    end();
}

static void own_authorization_goes_before_credentials(void) {
    static const char *const headers[] = {"authorization: own", NULL};
    make(headers, false, "token");
    CHECK_STR(lines_of(true, false), "authorization: own|");
    end();
}

static void lines_about_a_body_go_with_the_body(void) {
    static const char *const headers[] = {
        "Content-Type: t",
        "Content-Encoding: e",
        "content-language: l",
        "Content-Location: p",
        "Content-Disposition: d",
        "Expect: 100-continue",
        "X-A: b",
        NULL,
    };
    make(headers, false, NULL);
    CHECK_STR(lines_of(true, true), "X-A: b|");
    CHECK_STR(lines_of(false, false), "Content-Type: t|Content-Encoding: e|content-language: l|");
    CHECK_STR(lines_of(false, true), "");
    end();
}

static void url_credentials_are_taken_where_there_are_none(void) {
    make(NULL, false, NULL);
    CHECK_INT(ferry_request_plan_take_userinfo(&plan, &context, "a:b"), FERRY_OK);
    CHECK_STR(lines_of(true, false), "Authorization: Basic YTpi|");
    end();
    make(NULL, false, "token");
    CHECK_INT(ferry_request_plan_take_userinfo(&plan, &context, "a:b"), FERRY_OK);
    CHECK_STR(lines_of(true, false), "Authorization: Bearer token|");
    end();
    make(NULL, false, NULL);
    CHECK_INT(ferry_request_plan_take_userinfo(&plan, &context, "a%0a:b"),
              FERRY_ERROR_INVALID_PARAMETER);
    CHECK_STR(lines_of(true, false), "");
    end();
}

static void every_allocation_may_fail(void) {
    ferry_error error = FERRY_ERROR_OUT_OF_MEMORY;
    size_t n = 0;
    while (error != FERRY_OK && n < 20) {
        begin();
        memory.fail_at = ++n;
        const ferry_session_request request = {.url = "x", .headers = secrets, .user = "u"};
        error = ferry_request_plan_make(&plan, &context, &request);
        CHECK(error == FERRY_OK || error == FERRY_ERROR_OUT_OF_MEMORY);
        CHECK(error == FERRY_OK || plan.block == NULL);
        end();
    }
    CHECK(n > 2 && n < 20);
}

int main(int argc, char **argv) {
    static const check_test tests[] = {
        CHECK_TEST(faults_are_refused_with_a_sentence),
        CHECK_TEST(request_is_copied_with_all_that_it_points_to),
        CHECK_TEST(body_is_borrowed_unless_a_copy_is_asked_for),
        CHECK_TEST(zeros_are_the_defaults),
        CHECK_TEST(body_of_a_function_is_repeatable_with_rewind),
        CHECK_TEST(first_origin_gets_every_line),
        CHECK_TEST(another_origin_gets_what_cannot_be_a_secret),
        CHECK_TEST(all_but_host_goes_along_where_headers_follow),
        CHECK_TEST(names_of_the_list_are_whole_names),
        CHECK_TEST(credentials_are_a_line_for_the_first_origin),
        CHECK_TEST(cookies_of_the_jar_go_to_every_origin),
        CHECK_TEST(own_authorization_goes_before_credentials),
        CHECK_TEST(lines_about_a_body_go_with_the_body),
        CHECK_TEST(url_credentials_are_taken_where_there_are_none),
        CHECK_TEST(every_allocation_may_fail),
    };
    return CHECK_RUN(tests, argc, argv);
}
