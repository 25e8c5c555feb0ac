/* SPDX-License-Identifier: MIT */
/* request: header lines go out in curl's order: what the program adds, then what -H gives. */
#include "request.h"

#include "date.h"
#include "url.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { DEFAULT_CONNECT_MS = 300000 }; /* curl's */

/* ---- Header lines ---- */

/* What one -H means. */
typedef enum header_kind {
    HEADER_LINE,    /* "Name: value" */
    HEADER_EMPTY,   /* "Name;": the header without a value */
    HEADER_REMOVED, /* "Name:": one that the program would add */
} header_kind;

static bool is_blank(const char *text) {
    return text[strspn(text, " \t")] == '\0';
}

static header_kind header_read(const char *text, size_t *name_length) {
    *name_length = strcspn(text, ":;");
    const char *mark = text + *name_length;
    if (*mark == ':' && is_blank(mark + 1)) {
        return HEADER_REMOVED;
    }
    return *mark == ';' && is_blank(mark + 1) ? HEADER_EMPTY : HEADER_LINE;
}

static bool span_is_name(const char *text, size_t length, const char *name) {
    return length == strlen(name) && strncasecmp(text, name, length) == 0;
}

bool cli_request_is_named(const cli_group *group, const char *name) {
    for (size_t i = 0; i < group->headers.count; i++) {
        size_t length;
        header_read(group->headers.items[i], &length);
        if (length == strlen(name) && strncasecmp(group->headers.items[i], name, length) == 0) {
            return true;
        }
    }
    return false;
}

/* The value that -H gives; NULL: none. */
static const char *group_header(const cli_group *group, const char *name) {
    for (size_t i = 0; i < group->headers.count; i++) {
        const char *text = group->headers.items[i];
        size_t length;
        if (header_read(text, &length) == HEADER_LINE && text[length] == ':' &&
            length == strlen(name) && strncasecmp(text, name, length) == 0) {
            return text + length + 1 + strspn(text + length + 1, " ");
        }
    }
    return NULL;
}

/* With it curl sends a body in chunks whose length it knows. */
static bool group_wants_chunks(const cli_group *group) {
    const char *coding = group_header(group, "Transfer-Encoding");
    return coding != NULL && strcasecmp(coding, "chunked") == 0;
}

static void request_add_owned(cli_request *request, cli_text *line) {
    cli_lines_add(&request->owned, line->data);
    cli_lines_add(&request->lines, line->data);
}

/* "Name: value", unless -H has that name. */
static void request_add_line(cli_request *request, const cli_group *group, const char *name,
                             const char *value) {
    if (value == NULL || cli_request_is_named(group, name)) {
        return;
    }
    cli_text line = {NULL, 0};
    cli_text_add_format(&line, "%s: %s", name, value);
    request_add_owned(request, &line);
}

static void request_add_range(cli_request *request, const cli_group *group, int64_t resume_from) {
    cli_text value = {NULL, 0};
    if (request->is_uploading) {
        if (resume_from > 0 && request->input_length >= 0) {
            long long total = (long long)resume_from + (long long)request->input_length;
            cli_text_add_format(&value, "bytes %lld-%lld/%lld", (long long)resume_from, total - 1,
                                total);
            request_add_line(request, group, "Content-Range", value.data);
        }
    } else if (group->range != NULL) {
        cli_text_add_format(&value, "bytes=%s", group->range);
        request_add_line(request, group, "Range", value.data);
    } else if (resume_from > 0) {
        cli_text_add_format(&value, "bytes=%lld-", (long long)resume_from);
        request_add_line(request, group, "Range", value.data);
    }
    cli_text_free(&value);
}

static void request_add_cookies(cli_request *request, const cli_group *group) {
    cli_text value = {NULL, 0};
    for (size_t i = 0; i < group->cookies.count; i++) {
        cli_text_add_format(&value, "%s%s", i > 0 ? "; " : "", group->cookies.items[i]);
    }
    bool has_jar = group->cookie_files.count > 0 || group->cookie_jar != NULL;
    if (has_jar && value.length > 0 && !cli_request_is_named(group, "Cookie")) {
        cli_lines_add(&request->owned, value.data);
        request->request.cookies = value.data; /* the session's go in front of them */
        return;
    }
    request_add_line(request, group, "Cookie", value.data);
    cli_text_free(&value);
}

static void request_add_condition(cli_request *request, const cli_group *group) {
    const cli_condition *condition = &group->condition;
    char date[CLI_DATE_SIZE];
    if (condition->is_set) {
        cli_date_write(condition->time_s, date);
        request_add_line(request, group,
                         condition->is_until ? "If-Unmodified-Since" : "If-Modified-Since", date);
    }
}

/* A form's type has to have the boundary, and the library says that it sends chunks. */
static bool request_writes_itself(const cli_request *request, const char *text, size_t length) {
    return (request->form != NULL && span_is_name(text, length, "Content-Type")) ||
           (request->is_chunked && span_is_name(text, length, "Transfer-Encoding"));
}

static void request_add_given(cli_request *request, const cli_group *group) {
    for (size_t i = 0; i < group->headers.count; i++) {
        const char *text = group->headers.items[i];
        size_t length;
        cli_text line = {NULL, 0};
        switch (header_read(text, &length)) {
        case HEADER_LINE:
            if (!request_writes_itself(request, text, length)) {
                cli_lines_add(&request->lines, text);
            }
            break;
        case HEADER_EMPTY:
            cli_text_add_format(&line, "%.*s:", (int)length, text);
            request_add_owned(request, &line);
            break;
        case HEADER_REMOVED:
            break;
        }
    }
}

/* Basic (RFC 7617). The session would add it behind the others, and do the same at redirects. */
static void request_add_credentials(cli_request *request, const cli_group *group) {
    cli_text value = {NULL, 0};
    if (group->bearer != NULL) {
        cli_text_add_format(&value, "Bearer %s", group->bearer);
    } else if (group->user != NULL) {
        cli_text_add_string(&value, "Basic ");
        cli_text_add_base64(&value, group->user, strlen(group->user));
    } else {
        char *userinfo = cli_url_userinfo(cli_text_get(&request->url));
        if (userinfo != NULL) {
            cli_text_add_string(&value, "Basic ");
            cli_text_add_base64(&value, userinfo, strlen(userinfo));
        }
        free(userinfo);
    }
    request_add_line(request, group, "Authorization", value.data);
    cli_text_free(&value);
}

/* In curl's place; -1: the body has no known length, or there is none. */
static void request_add_length(cli_request *request, const cli_group *group) {
    const ferry_session_request *of = &request->request;
    cli_text value = {NULL, 0};
    int64_t length = of->body != NULL ? (int64_t)of->body_length : of->body_read_length;
    if ((of->body != NULL || of->body_read != NULL) && length >= 0) {
        cli_text_add_format(&value, "%lld", (long long)length);
        request_add_line(request, group, "Content-Length", value.data);
    }
    cli_text_free(&value);
}

/* Of another type than multipart/form-data, if -H says so. */
static void request_add_form_type(cli_request *request, const cli_group *group) {
    const char *type = ferry_form_get_content_type(cli_form_get(request->form));
    const char *given = group_header(group, "Content-Type");
    cli_text line = {NULL, 0};
    cli_text_add_format(&line, "Content-Type: %s%s", given != NULL ? given : "",
                        given != NULL ? strchr(type, ';') : type);
    request_add_owned(request, &line);
}

static void request_add_type(cli_request *request, const cli_group *group) {
    const char *type = NULL;
    if (request->form != NULL) {
        request_add_form_type(request, group);
    } else if (group->has_data && !group->is_query) {
        type = group->is_json ? "application/json" : "application/x-www-form-urlencoded";
    }
    request_add_line(request, group, "Content-Type", type);
}

/* Host is the library's to add. */
static void request_add_lines(cli_request *request, const cli_group *group, int64_t resume_from) {
    cli_text agent = {NULL, 0};
    if (group->user_agent == NULL) {
        cli_text_add_format(&agent, "ferry/%s", ferry_version());
    } else if (group->user_agent[0] != '\0') {
        cli_text_add_string(&agent, group->user_agent);
    }
    request_add_credentials(request, group);
    request_add_range(request, group, resume_from);
    request_add_line(request, group, "User-Agent", agent.data);
    request_add_line(request, group, "Accept", group->is_json ? "application/json" : "*/*");
    request_add_line(request, group, "Referer", group->referer);
    request_add_cookies(request, group);
    request_add_condition(request, group);
    request_add_given(request, group);
    request_add_length(request, group);
    request_add_type(request, group);
    cli_text_free(&agent);
}

/* ---- The body ---- */

static ferry_error request_read_file(void *ctx, void *dst, size_t capacity, size_t *length) {
    cli_request *request = ctx;
    request->read_error = cli_input_read(&request->input, dst, capacity, length);
    if (request->read_error != 0) {
        return FERRY_ERROR_FILE;
    }
    /* It is asked for no more than was announced. */
    request->has_shrunk = *length == 0 && !request->is_chunked;
    return request->has_shrunk ? FERRY_ERROR_FILE : FERRY_OK;
}

static ferry_error request_rewind_file(void *ctx) {
    cli_request *request = ctx;
    request->read_error = cli_input_seek(&request->input, request->input_from);
    return request->read_error == 0 ? FERRY_OK : FERRY_ERROR_FILE;
}

static ferry_error request_read_data(void *ctx, void *dst, size_t capacity, size_t *length) {
    cli_request *request = ctx;
    size_t left = request->data->length - request->data_at;
    *length = left < capacity ? left : capacity;
    memcpy(dst, cli_text_get(request->data) + request->data_at, *length);
    request->data_at += *length;
    return FERRY_OK;
}

static ferry_error request_rewind_data(void *ctx) {
    ((cli_request *)ctx)->data_at = 0;
    return FERRY_OK;
}

static void request_set_data(cli_request *request, const cli_group *group) {
    ferry_session_request *to = &request->request;
    if (!group_wants_chunks(group)) {
        to->body = cli_text_get(&group->data);
        to->body_length = group->data.length;
        return;
    }
    request->is_chunked = true;
    request->data = &group->data;
    to->body_read = request_read_data;
    to->body_rewind = request_rewind_data;
    to->body_ctx = request;
    to->body_read_length = -1;
}

/* The length that -H announces for a body whose own is not known; -1: none. */
static int64_t group_announced_length(const cli_group *group) {
    const char *value = group_header(group, "Content-Length");
    size_t digits = value != NULL ? strspn(value, "0123456789") : 0;
    return digits > 0 && digits < 19 && value[digits] == '\0' ? (int64_t)atoll(value) : -1;
}

/* A file is read as it is sent. What has no length, such as a pipe, is written by the program. */
static cli_exit request_open_upload(cli_request *request, const cli_group *group,
                                    const char *upload, int64_t resume_from) {
    ferry_session_request *to = &request->request;
    bool is_standard = strcmp(upload, "-") == 0 || strcmp(upload, ".") == 0;
    request->read_error = cli_input_open(&request->input, is_standard ? "-" : upload);
    if (request->read_error != 0) {
        request->input.name = cli_input_name(upload);
        return CLI_EXIT_READ;
    }
    request->is_uploading = true;
    request->input_length = request->input.length;
    if (request->input.length < 0) {
        to->owner_writes = true;
        to->body_read_length = group_announced_length(group);
        request->is_chunked = to->body_read_length < 0;
        return CLI_EXIT_OK;
    }
    request->input_from = resume_from < request->input.length ? resume_from : request->input.length;
    request->input_length -= request->input_from;
    request->read_error = cli_input_seek(&request->input, request->input_from);
    to->body_read = request_read_file;
    to->body_rewind = request_rewind_file;
    to->body_ctx = request;
    request->is_chunked = group_wants_chunks(group);
    to->body_read_length = request->is_chunked ? -1 : request->input_length;
    return request->read_error == 0 ? CLI_EXIT_OK : CLI_EXIT_READ;
}

static cli_exit request_open_form(cli_request *request, const cli_group *group) {
    ferry_session_request *to = &request->request;
    bool is_local = false;
    request->form = cli_form_open(&group->form, &request->problem, &is_local);
    if (request->form == NULL) {
        return is_local ? CLI_EXIT_READ : CLI_EXIT_USAGE;
    }
    ferry_form *form = cli_form_get(request->form);
    to->body_read = ferry_form_read;
    to->body_rewind = ferry_form_rewind;
    to->body_ctx = form;
    to->body_read_length = ferry_form_get_length(form);
    return CLI_EXIT_OK;
}

static cli_exit request_open_body(cli_request *request, const cli_group *group, const char *upload,
                                  int64_t resume_from) {
    if (upload != NULL && upload[0] != '\0') {
        return request_open_upload(request, group, upload, resume_from);
    }
    if (group->form.count > 0) {
        return request_open_form(request, group);
    }
    if (group->has_data && !group->is_query) {
        request_set_data(request, group);
    }
    return CLI_EXIT_OK;
}

/* ---- The whole ---- */

static const char *group_method(const cli_group *group, bool is_uploading) {
    bool posts = (group->has_data && !group->is_query) || group->form.count > 0;
    return group->method != NULL ? group->method
           : group->head         ? "HEAD"
           : is_uploading        ? "PUT"
           : posts               ? "POST"
                                 : "GET";
}

static void request_set_redirects(cli_request *request, const cli_group *group) {
    ferry_session_request *to = &request->request;
    int most = group->max_redirects < 0 ? INT_MAX : group->max_redirects;
    to->max_redirects = group->follows && most > 0 ? most : -1;
    to->headers_follow = group->is_trusting;
    to->allow_downgrade = true; /* as curl */
    /* -X is the method of all requests. */
    to->post_after_301 = group->post_after_301 || group->method != NULL;
    to->post_after_302 = group->post_after_302 || group->method != NULL;
    to->post_after_303 = group->post_after_303 || group->method != NULL;
}

cli_exit cli_request_make(cli_request *request, const cli_group *group, const char *url,
                          const char *upload, int64_t resume_from) {
    *request = (cli_request){.input.fd = -1};
    cli_exit exit_code = cli_url_make(&request->url, group, url, upload, &request->problem);
    char *userinfo = group->refuses_userinfo ? cli_url_userinfo(cli_text_get(&request->url)) : NULL;
    if (exit_code == CLI_EXIT_OK && userinfo != NULL) {
        request->problem = "the URL has credentials (--disallow-username-in-url)";
        exit_code = CLI_EXIT_LOGIN;
    }
    free(userinfo);
    if (exit_code == CLI_EXIT_OK) {
        exit_code = request_open_body(request, group, upload, resume_from);
    }
    if (exit_code != CLI_EXIT_OK) {
        return exit_code;
    }
    request_add_lines(request, group, resume_from);
    request->timeouts = (ferry_timeouts){
        .connect_ms =
            group->connect_timeout_ms > 0 ? group->connect_timeout_ms : DEFAULT_CONNECT_MS,
        .idle_ms = -1,
        .total_ms = group->max_time_ms > 0 ? group->max_time_ms : -1,
        .continue_ms = group->continue_ms,
    };
    ferry_session_request *to = &request->request;
    to->url = cli_text_get(&request->url);
    to->method_name = group_method(group, request->is_uploading);
    to->headers = request->lines.items;
    to->any_status = true;
    to->max_retries = -1; /* the program's business: curl's rules for them are its own */
    to->max_body_bytes = group->max_size > 0 ? group->max_size : INT64_MAX;
    to->max_bytes_per_second = group->max_rate;
    to->tls = &group->tls.options;
    to->timeouts = &request->timeouts;
    request_set_redirects(request, group);
    return CLI_EXIT_OK;
}

const char *cli_request_get_method(const cli_request *request) {
    return request->request.method_name != NULL ? request->request.method_name : "GET";
}

void cli_request_free(cli_request *request) {
    cli_text_free(&request->url);
    for (size_t i = 0; i < request->owned.count; i++) {
        free((void *)(uintptr_t)request->owned.items[i]);
    }
    cli_lines_free(&request->owned);
    cli_lines_free(&request->lines);
    cli_form_close(request->form);
    cli_input_close(&request->input);
}
