/* SPDX-License-Identifier: MIT */
/* download_state: a part goes on where URL, validator, offset and length say that it is one of the
 * same bytes. Where any of them does not, the file begins anew. */
#include "download_state.h"

#include "content_range.h"
#include "validators.h"

#include <string.h>

/* Entity tags, dates and URLs are compared as they stand. */
static bool text_is(ferry_span a, ferry_span b) {
    return a.length == b.length && memcmp(a.data, b.data, a.length) == 0;
}

static ferry_span header_of(const ferry_transfer *transfer, const char *name) {
    const char *value = ferry_transfer_get_response_header(transfer, name, 0);
    return ferry_span_trim(ferry_span_of(value != NULL ? value : ""));
}

/* ---- The request ---- */

static bool request_has_line(const ferry_request_plan *plan, const char *name) {
    for (size_t i = 0; i < plan->header_count; i++) {
        const char *line = plan->request.headers[i];
        if (ferry_span_equals((ferry_span){line, strcspn(line, ":")}, ferry_span_of(name))) {
            return true;
        }
    }
    return false;
}

/* The first of its lines that a part or a condition of ours would contradict; NULL: none. */
static const char *request_find_conflict(const ferry_request_plan *plan) {
    static const char *const names[] = {
        "Range",         "If-Range",          "If-Match",
        "If-None-Match", "If-Modified-Since", "If-Unmodified-Since",
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (request_has_line(plan, names[i])) {
            return names[i];
        }
    }
    return NULL;
}

static bool request_is_plain_get(const ferry_session_request *request) {
    bool is_get = request->method_name != NULL ? strcmp(request->method_name, "GET") == 0
                                               : request->method == FERRY_METHOD_GET;
    return is_get && request->body == NULL && request->body_read == NULL &&
           request->body_file == NULL;
}

ferry_error ferry_download_check(ferry_transfer *transfer) {
    const ferry_session_request *request = &transfer->plan.request;
    const char *conflict = request_find_conflict(&transfer->plan);
    bool is_get = request_is_plain_get(request);
    transfer->saved->is_repeatable = is_get && conflict == NULL;
    if (!request->resume && !request->if_changed) {
        return FERRY_OK;
    }
    if (!is_get) {
        return ferry_fail(&transfer->context, FERRY_ERROR_INVALID_PARAMETER,
                          "resume and if_changed are for GET without a body");
    }
    if (request->resume && conflict == NULL &&
        request_has_line(&transfer->plan, "Accept-Encoding")) {
        conflict = "Accept-Encoding";
    }
    if (conflict != NULL) {
        return ferry_fail(&transfer->context, FERRY_ERROR_INVALID_PARAMETER,
                          "the request has a line %s, and resume and if_changed need their own",
                          conflict);
    }
    return FERRY_OK;
}

/* ---- What is there ---- */

static void text_forget(const ferry_transfer *transfer, char **text) {
    ferry_free(&transfer->context, *text);
    *text = NULL;
}

/* Empty texts are none. */
static ferry_error text_keep(ferry_transfer *transfer, ferry_span text, char **kept) {
    text_forget(transfer, kept);
    if (text.length == 0) {
        return FERRY_OK;
    }
    *kept = ferry_alloc(&transfer->context, text.length + 1);
    if (*kept == NULL) {
        return ferry_fail_memory(&transfer->context);
    }
    memcpy(*kept, text.data, text.length);
    (*kept)[text.length] = '\0';
    return FERRY_OK;
}

void ferry_download_forget_part(ferry_transfer *transfer) {
    ferry_download *download = transfer->saved;
    text_forget(transfer, &download->etag);
    text_forget(transfer, &download->modified);
    download->is_strong_date = false;
    download->is_coded = false;
    download->offset = 0;
    download->total = -1;
}

void ferry_download_forget_old(ferry_transfer *transfer) {
    text_forget(transfer, &transfer->saved->old_etag);
    text_forget(transfer, &transfer->saved->old_modified);
}

const char *ferry_download_get_validator(const ferry_download *download) {
    if (!download->is_repeatable || download->is_coded) {
        return NULL;
    }
    if (download->etag != NULL) { /* RFC 9110 section 13.1.5: a date is for what has no tag */
        return ferry_etag_is_strong(ferry_span_of(download->etag)) ? download->etag : NULL;
    }
    return download->is_strong_date ? download->modified : NULL;
}

static ferry_error take_part(ferry_transfer *transfer, const ferry_disk_findings *findings) {
    ferry_download *download = transfer->saved;
    ferry_download_note note;
    bool fits = findings->part_length > 0 && ferry_download_note_read(findings->part_note, &note) &&
                text_is(note.url, ferry_span_of(download->url)) &&
                (note.length < 0 || findings->part_length <= note.length);
    if (!fits) {
        return FERRY_OK;
    }
    ferry_error error = text_keep(transfer, note.etag, &download->etag);
    if (error == FERRY_OK) {
        error = text_keep(transfer, note.modified, &download->modified);
    }
    download->is_strong_date = true; /* others are not noted of parts */
    download->offset = findings->part_length;
    download->total = note.length;
    if (error != FERRY_OK || ferry_download_get_validator(download) == NULL) {
        ferry_download_forget_part(transfer);
    }
    return error;
}

/* A file that somebody has changed since it was noted is asked for without a condition. One of
 * which nothing was ever noted is as old as its time says. */
static ferry_error take_old(ferry_transfer *transfer, const ferry_disk_findings *findings) {
    ferry_download *download = transfer->saved;
    int64_t expected = transfer->plan.request.expected_bytes;
    ferry_download_note note;
    if (findings->length < 0 || (expected > 0 && findings->length != expected)) {
        return FERRY_OK;
    }
    if (findings->has_note) {
        bool fits = findings->is_noted && ferry_download_note_read(findings->note, &note) &&
                    text_is(note.url, ferry_span_of(download->url));
        ferry_error error = fits ? text_keep(transfer, note.etag, &download->old_etag) : FERRY_OK;
        return fits && error == FERRY_OK
                   ? text_keep(transfer, note.modified, &download->old_modified)
                   : error;
    }
    char date[FERRY_HTTP_DATE_SIZE];
    if (!ferry_http_date_write(findings->modified_s, date)) {
        return FERRY_OK;
    }
    return text_keep(transfer, ferry_span_of(date), &download->old_modified);
}

ferry_error ferry_download_take_findings(ferry_transfer *transfer) {
    const ferry_session_request *request = &transfer->plan.request;
    const ferry_disk_findings *findings = ferry_disk_get_findings(transfer->file);
    bool has_no_hash = request->integrity != NULL && transfer->hash == NULL;
    if (has_no_hash) {
        return FERRY_OK; /* fetch() compares what it has itself, and no more than that */
    }
    ferry_error error = request->resume ? take_part(transfer, findings) : FERRY_OK;
    return error == FERRY_OK && request->if_changed ? take_old(transfer, findings) : error;
}

/* ---- Lines ---- */

typedef struct line_text {
    const char *name; /* with its colon */
    const char *value;
} line_text;

static size_t choose_lines(ferry_transfer *transfer, const char *range, line_text *lines) {
    const ferry_download *download = transfer->saved;
    const char *validator = ferry_download_get_validator(download);
    size_t count = 0;
    if (download->asks_range && validator != NULL) {
        lines[count++] = (line_text){"Range: ", range};
        lines[count++] = (line_text){"If-Range: ", validator};
    }
    if (transfer->plan.request.resume && ferry_session_dials) { /* a browser has its own rules */
        lines[count++] = (line_text){"Accept-Encoding: ", "identity"};
    }
    if (download->old_etag != NULL) {
        lines[count++] = (line_text){"If-None-Match: ", download->old_etag};
    }
    if (download->old_modified != NULL) {
        lines[count++] = (line_text){"If-Modified-Since: ", download->old_modified};
    }
    return count;
}

ferry_error ferry_download_list_lines(ferry_transfer *transfer, const char **lines, size_t *count) {
    ferry_download *download = transfer->saved;
    line_text texts[FERRY_DOWNLOAD_MAX_LINES];
    char range[sizeof "bytes=-" + 20];
    download->asks_range = download->offset > 0 && ferry_download_get_validator(download) != NULL;
    ferry_format(range, sizeof range, "bytes=%lld-", (long long)download->offset);
    *count = choose_lines(transfer, range, texts);
    size_t size = 1;
    for (size_t i = 0; i < *count; i++) {
        size += strlen(texts[i].name) + strlen(texts[i].value) + 1;
    }
    text_forget(transfer, &download->lines);
    download->lines = ferry_alloc(&transfer->context, size);
    if (download->lines == NULL) {
        return ferry_fail_memory(&transfer->context);
    }
    char *at = download->lines;
    for (size_t i = 0; i < *count; i++) {
        lines[i] = at;
        at += ferry_format(at, size - (size_t)(at - download->lines), "%s%s", texts[i].name,
                           texts[i].value);
        at++;
    }
    return FERRY_OK;
}

/* ---- The response ---- */

bool ferry_download_fits(const ferry_transfer *transfer) {
    const ferry_download *download = transfer->saved;
    ferry_content_range range;
    ferry_span coding = header_of(transfer, "Content-Encoding");
    const char *validator = ferry_download_get_validator(download);
    const char *name = download->etag != NULL ? "ETag" : "Last-Modified";
    int64_t length = ferry_client_get_response_body_length(transfer->connection->client);
    if (!ferry_content_range_read(header_of(transfer, "Content-Range"), &range) ||
        ferry_transfer_get_response_header(transfer, "Content-Range", 1) != NULL) {
        return false;
    }
    bool is_rest =
        range.first == download->offset && range.total >= 0 && range.total - 1 == range.last;
    bool is_same_length = download->total < 0 || range.total == download->total;
    bool has_rest = length < 0 || length == range.total - range.first;
    return is_rest && is_same_length && has_rest &&
           (coding.length == 0 || ferry_span_equals(coding, FERRY_SPAN("identity"))) &&
           text_is(header_of(transfer, name), ferry_span_of(validator));
}

/* A 416 need not say what it is about, but what it says must fit. */
static bool header_may_be(const ferry_transfer *transfer, const char *name, const char *kept) {
    ferry_span value = header_of(transfer, name);
    return value.length == 0 || text_is(value, ferry_span_of(kept != NULL ? kept : ""));
}

bool ferry_download_is_whole(const ferry_transfer *transfer) {
    const ferry_download *download = transfer->saved;
    ferry_content_range range;
    return ferry_content_range_read(header_of(transfer, "Content-Range"), &range) &&
           range.first < 0 && range.total == download->offset &&
           (download->total < 0 || range.total == download->total) &&
           header_may_be(transfer, "ETag", download->etag);
}

ferry_error ferry_download_take_response(ferry_transfer *transfer) {
    ferry_download *download = transfer->saved;
    ferry_span coding = header_of(transfer, "Content-Encoding");
    bool is_coded = coding.length > 0 && !ferry_span_equals(coding, FERRY_SPAN("identity"));
    ferry_download_forget_part(transfer);
    if (transfer->code != FERRY_RESPONSE_OK) {
        return FERRY_OK;
    }
    ferry_span modified = header_of(transfer, "Last-Modified");
    ferry_error error = text_keep(transfer, header_of(transfer, "ETag"), &download->etag);
    if (error == FERRY_OK) {
        error = text_keep(transfer, modified, &download->modified);
    }
    download->is_strong_date = ferry_modified_is_strong(modified, header_of(transfer, "Date"));
    download->is_coded = is_coded;
    download->total = ferry_client_get_response_body_length(transfer->connection->client);
    return error;
}

char *ferry_download_write_note(const ferry_transfer *transfer, bool is_part) {
    const ferry_download *download = transfer->saved;
    if (download->url == NULL || (is_part && ferry_download_get_validator(download) == NULL) ||
        (download->etag == NULL && download->modified == NULL)) {
        return NULL;
    }
    const ferry_download_note note = {
        .url = ferry_span_of(download->url),
        .etag = ferry_span_of(download->etag != NULL ? download->etag : ""),
        .modified = ferry_span_of(download->modified != NULL ? download->modified : ""),
        .length = is_part ? download->total : transfer->body_bytes,
    };
    return ferry_download_note_write(&transfer->context, &note);
}

void ferry_download_deinit(ferry_transfer *transfer) {
    ferry_download *download = transfer->saved;
    if (download != NULL) {
        ferry_download_forget_part(transfer);
        ferry_download_forget_old(transfer);
        text_forget(transfer, &download->url);
        text_forget(transfer, &download->lines);
        ferry_free(&transfer->context, download);
        transfer->saved = NULL;
    }
}
