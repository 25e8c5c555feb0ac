/* SPDX-License-Identifier: MIT */
/* request_check: checks method, target, header lines and body, and has a sentence for each
 * fault. */
#include "request_check.h"

#include "base/number.h"
#include "base/size_limits.h"
#include "url/authority.h"

#include <string.h>

static const ferry_span method_names[FERRY_METHOD_MAX] = {
    [FERRY_METHOD_GET] = {"GET", 3},       [FERRY_METHOD_HEAD] = {"HEAD", 4},
    [FERRY_METHOD_POST] = {"POST", 4},     [FERRY_METHOD_PUT] = {"PUT", 3},
    [FERRY_METHOD_DELETE] = {"DELETE", 6}, [FERRY_METHOD_OPTIONS] = {"OPTIONS", 7},
    [FERRY_METHOD_TRACE] = {"TRACE", 5},   [FERRY_METHOD_CONNECT] = {"CONNECT", 7},
    [FERRY_METHOD_PATCH] = {"PATCH", 5},
};

static const char *const no_headers[] = {NULL};

/* Quotes the token that a line begins with, and no more: the value of a header may be a secret. */
static ferry_error refuse_line(ferry_context *context, const char *what, const char *line) {
    int length = 0;
    while (length < 80 && ferry_is_tchar((unsigned char)line[length])) {
        length++;
    }
    return ferry_fail(context, FERRY_ERROR_INVALID_PARAMETER, "%s: \"%.*s%s\"", what, length, line,
                      line[length] != '\0' ? "..." : "");
}

/* ---- Method ---- */

static ferry_error check_method(ferry_context *context, const ferry_request *request,
                                ferry_message *message) {
    if (request->method_name != NULL) {
        message->method_name = ferry_span_of(request->method_name);
        message->method = FERRY_METHOD_MAX;
        if (!ferry_span_is_token(message->method_name)) {
            return refuse_line(context, "the method is not a token", request->method_name);
        }
        for (int i = 0; i < FERRY_METHOD_MAX; i++) {
            if (strcmp(method_names[i].data, request->method_name) == 0) {
                message->method = (ferry_method)i;
            }
        }
        return FERRY_OK;
    }
    if ((int)request->method < 0 || request->method >= FERRY_METHOD_MAX) {
        return ferry_fail(context, FERRY_ERROR_INVALID_PARAMETER, "there is no method number %d",
                          (int)request->method);
    }
    message->method = request->method;
    message->method_name = method_names[request->method];
    return FERRY_OK;
}

/* ---- Target (RFC 9112 section 3.2) ---- */

static ferry_error refuse_target(ferry_context *context, const char *what, const char *url) {
    char quote[FERRY_QUOTE_SIZE];
    return ferry_fail(context, FERRY_ERROR_INVALID_PARAMETER, "%s: \"%s\"", what,
                      ferry_authority_quote(url, quote));
}

static ferry_error check_characters(ferry_context *context, const char *url) {
    for (const char *at = url; *at != '\0'; at++) {
        unsigned char c = (unsigned char)*at;
        if (c <= 0x20 || c == 0x7f) {
            return refuse_target(context,
                                 "the url has a space or a control character, which must be "
                                 "percent-encoded",
                                 url);
        }
        if (c == '#') {
            return refuse_target(context, "the url has a fragment, which is not sent to servers",
                                 url);
        }
    }
    return FERRY_OK;
}

/* "host:port"; Host is the same (RFC 9112 section 3.2). */
static ferry_error check_authority_form(ferry_context *context, ferry_message *message) {
    ferry_authority authority;
    uint16_t port;
    if (!ferry_authority_split(message->target, &authority, &port) || port == 0) {
        return refuse_target(context, "CONNECT takes host:port as url", message->target.data);
    }
    message->host = message->target;
    return FERRY_OK;
}

/* The length of "http://" or "https://"; 0 where the target does not begin so. */
static size_t scheme_length(ferry_span target) {
    if (ferry_span_starts_with(target, FERRY_SPAN("http://"))) {
        return sizeof "http://" - 1;
    }
    return ferry_span_starts_with(target, FERRY_SPAN("https://")) ? sizeof "https://" - 1 : 0;
}

/* Host is the authority of the target, wherever the connection leads (RFC 9112 section 3.2). User
 * information may not be sent in it (RFC 9110 section 4.2.4), and to leave it out without a word
 * would send a request that its author takes to be authorized. */
static ferry_error check_absolute_form(ferry_context *context, size_t scheme,
                                       ferry_message *message) {
    const char *url = message->target.data;
    ferry_span host = {url + scheme, strcspn(url + scheme, "/?")};
    ferry_authority authority;
    uint16_t port;
    if (memchr(host.data, '@', host.length) != NULL) {
        return refuse_target(context,
                             "the url holds a user name or a password, which are not sent in it: "
                             "give an Authorization header",
                             url);
    }
    if (!ferry_authority_split(host, &authority, &port)) {
        return refuse_target(context, "the url has no host that could be one", url);
    }
    message->host = host;
    return FERRY_OK;
}

static ferry_error check_target(ferry_context *context, const char *url, ferry_message *message) {
    if (url == NULL) {
        return ferry_fail(context, FERRY_ERROR_INVALID_PARAMETER, "the url is NULL");
    }
    message->target = ferry_span_of(url);
    if (message->target.length > FERRY_LIMIT_TARGET) {
        return ferry_fail(context, FERRY_ERROR_TOO_LARGE, "the url exceeds %d bytes",
                          FERRY_LIMIT_TARGET);
    }
    ferry_error error = check_characters(context, url);
    if (error != FERRY_OK) {
        return error;
    }
    if (message->method == FERRY_METHOD_CONNECT) {
        return check_authority_form(context, message);
    }
    if (url[0] == '/' || (message->method == FERRY_METHOD_OPTIONS && strcmp(url, "*") == 0)) {
        return FERRY_OK;
    }
    size_t scheme = scheme_length(message->target);
    return scheme > 0 ? check_absolute_form(context, scheme, message)
                      : refuse_target(context, "the url does not begin with '/'", url);
}

/* ---- Headers ---- */

static unsigned present_flag(ferry_span name) {
    static const struct {
        ferry_span name;
        unsigned flag;
    } known[] = {
        {{"host", 4}, FERRY_HAS_HOST},
        {{"content-length", 14}, FERRY_HAS_CONTENT_LENGTH},
        {{"accept-encoding", 15}, FERRY_HAS_ACCEPT_ENCODING},
        {{"user-agent", 10}, FERRY_HAS_USER_AGENT},
        {{"accept", 6}, FERRY_HAS_ACCEPT},
        {{"range", 5}, FERRY_HAS_RANGE},
        {{"upgrade", 7}, FERRY_HAS_UPGRADE},
        {{"proxy-authorization", 19}, FERRY_HAS_PROXY_AUTHORIZATION},
        {{"proxy-connection", 16}, FERRY_HAS_PROXY_CONNECTION},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (ferry_span_equals(name, known[i].name)) {
            return known[i].flag;
        }
    }
    return 0;
}

bool ferry_field_value_is_valid(ferry_span value) {
    for (size_t i = 0; i < value.length; i++) {
        unsigned char c = (unsigned char)value.data[i];
        if ((c < 0x20 && c != '\t') || c == 0x7f) {
            return false;
        }
    }
    return true;
}

static bool has_element(ferry_span list, ferry_span wanted) {
    ferry_span element;
    while (ferry_span_next_element(&list, &element)) {
        if (ferry_span_equals(element, wanted)) {
            return true;
        }
    }
    return false;
}

/* The length of the body that will be sent; -1 where it is sent chunked. */
static int64_t sent_length(const ferry_message *message) {
    return message->streamed ? message->streamed_length : (int64_t)message->body_length;
}

static ferry_error check_content_length(ferry_context *context, ferry_span value,
                                        const ferry_message *message) {
    int64_t length;
    if (ferry_decimal_read(value, &length) && length == sent_length(message)) {
        return FERRY_OK;
    }
    return ferry_fail(context, FERRY_ERROR_INVALID_PARAMETER,
                      "the Content-Length \"%.*s\" is not that of the body, %lld (-1: sent "
                      "chunked); it may be left out",
                      (int)(value.length < 40 ? value.length : 40), value.data,
                      (long long)sent_length(message));
}

static ferry_error check_expect(ferry_context *context, ferry_span value, ferry_message *message) {
    if (!ferry_span_equals(value, FERRY_SPAN("100-continue"))) {
        return FERRY_OK;
    }
    if (sent_length(message) == 0) {
        return ferry_fail(context, FERRY_ERROR_INVALID_PARAMETER,
                          "Expect: 100-continue needs a body to wait with (RFC 9110 section "
                          "10.1.1)");
    }
    message->present |= FERRY_HAS_EXPECT_CONTINUE;
    return FERRY_OK;
}

static ferry_error check_meaning(ferry_context *context, const char *line, ferry_span name,
                                 ferry_span value, ferry_message *message) {
    unsigned flag = present_flag(name);
    if ((flag & (FERRY_HAS_HOST | FERRY_HAS_CONTENT_LENGTH) & message->present) != 0) {
        return refuse_line(context, "the header appears twice", line);
    }
    message->present |= flag;
    if (flag == FERRY_HAS_HOST) {
        message->host_line = line;
    }
    if (flag == FERRY_HAS_CONTENT_LENGTH) {
        return check_content_length(context, value, message);
    }
    if (ferry_span_equals(name, FERRY_SPAN("transfer-encoding"))) {
        return refuse_line(
            context, "the transfer coding is the library's: stream the body to send it chunked",
            line);
    }
    if (ferry_span_equals(name, FERRY_SPAN("connection")) &&
        has_element(value, FERRY_SPAN("close"))) {
        message->present |= FERRY_HAS_CONNECTION_CLOSE;
    }
    if (ferry_span_equals(name, FERRY_SPAN("expect"))) {
        return check_expect(context, value, message);
    }
    return FERRY_OK;
}

/* Takes a line apart. What is wrong with it, as a sentence; NULL: nothing. */
static const char *split_line(const char *line, ferry_span *name, ferry_span *value) {
    const char *colon = strchr(line, ':');
    if (colon == NULL) {
        return "the header line has no colon";
    }
    *name = (ferry_span){line, (size_t)(colon - line)};
    *value = ferry_span_of(colon + 1);
    if (!ferry_span_is_token(*name)) {
        return "the header name is not a token";
    }
    return ferry_field_value_is_valid(*value)
               ? NULL
               : "the header value has a CR, LF or another control character";
}

static ferry_error check_headers(ferry_context *context, ferry_message *message) {
    for (const char *const *at = message->headers; *at != NULL; at++) {
        ferry_span name;
        ferry_span value;
        const char *fault = split_line(*at, &name, &value);
        ferry_error error =
            fault != NULL ? refuse_line(context, fault, *at)
                          : check_meaning(context, *at, name, ferry_span_trim(value), message);
        if (error != FERRY_OK) {
            return error;
        }
    }
    return FERRY_OK;
}

unsigned ferry_header_line_flag(const char *line) {
    return present_flag((ferry_span){line, strcspn(line, ":")});
}

/* They go along with requests whose framing, Host and codings are settled without them. */
static bool belongs_to_requests(ferry_span name) {
    static const ferry_span names[] = {
        {"host", 4},        {"content-length", 14},  {"transfer-encoding", 17},
        {"connection", 10}, {"accept-encoding", 15}, {"range", 5},
        {"upgrade", 7},     {"expect", 6},           {"trailer", 7},
        {"te", 2},
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (ferry_span_equals(name, names[i])) {
            return true;
        }
    }
    return false;
}

const char *ferry_proxy_headers_fault(const char *const *lines) {
    unsigned present = 0;
    for (; lines != NULL && *lines != NULL; lines++) {
        ferry_span name;
        ferry_span value;
        if (split_line(*lines, &name, &value) != NULL) {
            return "a line of proxy_headers is not \"Name: value\", or has a control character";
        }
        if (belongs_to_requests(name)) {
            return "proxy_headers hold a header that belongs to requests: Host, Connection, or one "
                   "about the body";
        }
        unsigned flag = present_flag(name);
        if ((present & flag) != 0) {
            return "proxy_headers hold User-Agent, Accept, Proxy-Authorization or Proxy-Connection "
                   "twice";
        }
        present |= flag;
    }
    return NULL;
}

/* ---- Body ---- */

static ferry_error check_body(ferry_context *context, const ferry_request *request,
                              ferry_message *message) {
    bool carries_none =
        message->method == FERRY_METHOD_GET || message->method == FERRY_METHOD_HEAD ||
        message->method == FERRY_METHOD_TRACE || message->method == FERRY_METHOD_CONNECT;
    if (request->streamed && (request->body != NULL || request->body_length > 0)) {
        return ferry_fail(context, FERRY_ERROR_INVALID_PARAMETER,
                          "a streamed request takes its body piece by piece, not as `body`");
    }
    if (request->body_read != NULL &&
        (request->streamed || request->body != NULL || request->body_length > 0)) {
        return ferry_fail(context, FERRY_ERROR_INVALID_PARAMETER,
                          "a body that is read (body_read) is neither given nor streamed as well");
    }
    bool comes_later = request->streamed || request->body_read != NULL;
    if (comes_later && carries_none) {
        return ferry_fail(context, FERRY_ERROR_INVALID_PARAMETER, "%.*s carries no body to stream",
                          (int)message->method_name.length, message->method_name.data);
    }
    if (request->body == NULL && request->body_length > 0) {
        return ferry_fail(context, FERRY_ERROR_INVALID_PARAMETER,
                          "the body is NULL, but its length is %zu", request->body_length);
    }
    if (!carries_none && !request->borrow_body && request->body_length > FERRY_LIMIT_COPIED_BODY) {
        return ferry_fail(context, FERRY_ERROR_TOO_LARGE,
                          "the body exceeds the %d bytes that may have to be copied: let it be "
                          "borrowed (borrow_body), or stream it",
                          FERRY_LIMIT_COPIED_BODY);
    }
    message->is_borrowed = request->borrow_body;
    message->streamed = comes_later;
    message->body_read = request->body_read;
    message->body_ctx = request->body_ctx;
    message->streamed_length = request->streamed_length < 0 ? -1 : request->streamed_length;
    if (!carries_none && !comes_later && request->body_length > 0) {
        message->body = request->body;
        message->body_length = request->body_length;
    }
    return FERRY_OK;
}

ferry_error ferry_request_check(ferry_context *context, const ferry_request *request,
                                ferry_message *message) {
    *message = (ferry_message){
        .headers = request->headers != NULL ? request->headers : no_headers,
    };
    ferry_error error = check_method(context, request, message);
    if (error == FERRY_OK) {
        error = check_target(context, request->url, message);
    }
    if (error == FERRY_OK) {
        error = check_body(context, request, message);
    }
    if (error == FERRY_OK) {
        error = check_headers(context, message);
    }
    return error;
}
