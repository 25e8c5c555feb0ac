/* SPDX-License-Identifier: MIT */
/* variables: curl's variables of -w, each with a function that knows its value. */
#include "variables.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- Times, in seconds from the start ---- */

static ferry_transfer_timings timings_of(const cli_transfer *transfer) {
    ferry_transfer_timings timings = {-1, -1, -1, -1, -1, -1};
    if (transfer->handle != NULL) {
        ferry_transfer_get_timings(transfer->handle, &timings);
    }
    return timings;
}

static void text_add_time(cli_text *to, int64_t us) {
    int64_t known_us = us > 0 ? us : 0;
    cli_text_add_format(to, "%" PRId64 ".%06" PRId64, known_us / 1000000, known_us % 1000000);
}

static void write_time_namelookup(const cli_transfer *transfer, cli_text *to) {
    text_add_time(to, timings_of(transfer).resolved_us);
}

static void write_time_connect(const cli_transfer *transfer, cli_text *to) {
    text_add_time(to, timings_of(transfer).connected_us);
}

static bool transfer_is_secure(const cli_transfer *transfer) {
    const char *url = transfer->handle != NULL ? ferry_transfer_get_url(transfer->handle) : "";
    return strncmp(url, "https:", 6) == 0;
}

static void write_time_appconnect(const cli_transfer *transfer, cli_text *to) {
    text_add_time(to, transfer_is_secure(transfer) ? timings_of(transfer).ready_us : 0);
}

static void write_time_pretransfer(const cli_transfer *transfer, cli_text *to) {
    ferry_transfer_timings timings = timings_of(transfer);
    /* It is begun in the poll in which the connection is ready. */
    text_add_time(to, timings.begun_us > timings.ready_us ? timings.begun_us : timings.ready_us);
}

static void write_time_starttransfer(const cli_transfer *transfer, cli_text *to) {
    text_add_time(to, timings_of(transfer).first_byte_us);
}

static void write_time_redirect(const cli_transfer *transfer, cli_text *to) {
    text_add_time(to, transfer->redirect_us);
}

static void write_time_total(const cli_transfer *transfer, cli_text *to) {
    text_add_time(to, timings_of(transfer).end_us);
}

/* ---- Sizes ---- */

static int64_t transfer_received(const cli_transfer *transfer) {
    return transfer->handle != NULL ? ferry_transfer_get_body_bytes(transfer->handle) : 0;
}

static int64_t transfer_sent(const cli_transfer *transfer) {
    return transfer->handle != NULL ? ferry_transfer_get_bytes_sent(transfer->handle) : 0;
}

static void text_add_number(cli_text *to, int64_t number) {
    cli_text_add_format(to, "%" PRId64, number);
}

static void text_add_speed(const cli_transfer *transfer, cli_text *to, int64_t bytes) {
    int64_t end_us = timings_of(transfer).end_us;
    double seconds = end_us > 0 ? (double)end_us / 1e6 : 1;
    text_add_number(to, (int64_t)((double)bytes / seconds));
}

static void write_size_download(const cli_transfer *transfer, cli_text *to) {
    text_add_number(to, transfer_received(transfer));
}

static void write_size_upload(const cli_transfer *transfer, cli_text *to) {
    text_add_number(to, transfer_sent(transfer));
}

static void write_size_header(const cli_transfer *transfer, cli_text *to) {
    text_add_number(to, transfer->head_bytes);
}

static void write_speed_download(const cli_transfer *transfer, cli_text *to) {
    text_add_speed(transfer, to, transfer_received(transfer));
}

static void write_speed_upload(const cli_transfer *transfer, cli_text *to) {
    text_add_speed(transfer, to, transfer_sent(transfer));
}

/* ---- The response ---- */

const char *cli_variable_header(const cli_transfer *transfer, const char *name) {
    return transfer->handle != NULL ? ferry_transfer_get_response_header(transfer->handle, name, 0)
                                    : NULL;
}

static int code_of(const cli_transfer *transfer) {
    return transfer->handle != NULL ? ferry_transfer_get_response_code(transfer->handle) : 0;
}

static void text_add_known(cli_text *to, const char *value) {
    cli_text_add_string(to, value != NULL ? value : "");
}

static void write_response_code(const cli_transfer *transfer, cli_text *to) {
    /* As curl: what -z has found not to be newer is as if the server had said so. */
    int code = transfer->is_unmet ? 304 : code_of(transfer);
    cli_text_add_format(to, "%03d", code);
}

static void write_content_type(const cli_transfer *transfer, cli_text *to) {
    text_add_known(to, cli_variable_header(transfer, "Content-Type"));
}

static void write_http_version(const cli_transfer *transfer, cli_text *to) {
    int version =
        transfer->handle != NULL ? ferry_transfer_get_response_http_version(transfer->handle) : 0;
    cli_text_add_string(to, version == 10 ? "1" : version == 11 ? "1.1" : "0");
}

static void write_num_headers(const cli_transfer *transfer, cli_text *to) {
    text_add_number(to, transfer->head_lines);
}

static void write_num_redirects(const cli_transfer *transfer, cli_text *to) {
    text_add_number(
        to, transfer->handle != NULL ? ferry_transfer_get_redirect_count(transfer->handle) : 0);
}

static void write_num_connects(const cli_transfer *transfer, cli_text *to) {
    text_add_number(to, transfer->connections);
}

static void write_num_retries(const cli_transfer *transfer, cli_text *to) {
    text_add_number(to, transfer->tries > 0 ? transfer->tries - 1 : 0);
}

/* Where a redirect that was not followed leads. */
static void write_redirect_url(const cli_transfer *transfer, cli_text *to) {
    const char *location = cli_variable_header(transfer, "Location");
    int code = code_of(transfer);
    if (location == NULL || code < 300 || code > 399) {
        return;
    }
    const char *base = ferry_transfer_get_url(transfer->handle);
    size_t size = 3 * (strlen(base) + strlen(location)) + 32;
    char *url = cli_resize(NULL, size);
    if (ferry_url_resolve(base, location, url, size, NULL) == FERRY_OK) {
        cli_text_add_string(to, url);
    } else if (strchr(location, ':') != NULL) { /* another scheme */
        cli_text_add_string(to, location);
    }
    free(url);
}

/* ---- The request ---- */

static void write_method(const cli_transfer *transfer, cli_text *to) {
    cli_text_add_string(to, transfer->has_become_get ? "GET"
                                                     : cli_request_get_method(&transfer->request));
}

static void write_referer(const cli_transfer *transfer, cli_text *to) {
    text_add_known(to, transfer->group->referer);
}

static void write_scheme(const cli_transfer *transfer, cli_text *to) {
    cli_text_add_string(to, transfer_is_secure(transfer) ? "HTTPS" : "HTTP");
}

static void write_url(const cli_transfer *transfer, cli_text *to) {
    cli_text_add_string(to, transfer->url);
}

static void write_url_effective(const cli_transfer *transfer, cli_text *to) {
    cli_text_add_string(to, transfer->handle != NULL ? ferry_transfer_get_url(transfer->handle)
                                                     : transfer->url);
}

static void write_urlnum(const cli_transfer *transfer, cli_text *to) {
    text_add_number(to, (int64_t)transfer->number);
}

static const char *peer_of(const cli_transfer *transfer) {
    return transfer->handle != NULL ? ferry_transfer_get_peer_address(transfer->handle) : "";
}

/* "127.0.0.1:80", "[::1]:80" */
static void write_remote_ip(const cli_transfer *transfer, cli_text *to) {
    const char *peer = peer_of(transfer);
    const char *colon = strrchr(peer, ':');
    size_t length = colon != NULL ? (size_t)(colon - peer) : 0;
    bool has_brackets = length >= 2 && peer[0] == '[';
    cli_text_add(to, peer + has_brackets, length - 2 * (size_t)has_brackets);
}

static void write_remote_port(const cli_transfer *transfer, cli_text *to) {
    const char *colon = strrchr(peer_of(transfer), ':');
    cli_text_add_string(to, colon != NULL ? colon + 1 : "0");
}

/* ---- The end ---- */

static void write_errormsg(const cli_transfer *transfer, cli_text *to) {
    cli_text_add_string(to, transfer->problem);
}

static void write_exitcode(const cli_transfer *transfer, cli_text *to) {
    text_add_number(to, transfer->exit_code);
}

static void write_filename(const cli_transfer *transfer, cli_text *to) {
    text_add_known(to, transfer->file);
}

/* curl's: 0 where the certificate was accepted. A transfer with another one fails. */
static void write_ssl_verify_result(const cli_transfer *transfer, cli_text *to) {
    text_add_number(to, transfer->exit_code == CLI_EXIT_CERTIFICATE);
}

static void write_version(const cli_transfer *transfer, cli_text *to) {
    (void)transfer;
    cli_text_add_format(to, "ferry/%s", ferry_version());
}

const cli_variable cli_variables[] = {
    {"content_type", write_content_type, true},
    {"errormsg", write_errormsg, true},
    {"exitcode", write_exitcode, false},
    {"filename_effective", write_filename, true},
    {"http_code", write_response_code, false},
    {"http_version", write_http_version, true},
    {"method", write_method, true},
    {"num_connects", write_num_connects, false},
    {"num_headers", write_num_headers, false},
    {"num_redirects", write_num_redirects, false},
    {"num_retries", write_num_retries, false},
    {"redirect_url", write_redirect_url, true},
    {"referer", write_referer, true},
    {"remote_ip", write_remote_ip, true},
    {"remote_port", write_remote_port, false},
    {"response_code", write_response_code, false},
    {"scheme", write_scheme, true},
    {"size_download", write_size_download, false},
    {"size_header", write_size_header, false},
    {"size_upload", write_size_upload, false},
    {"speed_download", write_speed_download, false},
    {"speed_upload", write_speed_upload, false},
    {"ssl_verify_result", write_ssl_verify_result, false},
    {"time_appconnect", write_time_appconnect, false},
    {"time_connect", write_time_connect, false},
    {"time_namelookup", write_time_namelookup, false},
    {"time_pretransfer", write_time_pretransfer, false},
    {"time_redirect", write_time_redirect, false},
    {"time_starttransfer", write_time_starttransfer, false},
    {"time_total", write_time_total, false},
    {"url", write_url, true},
    {"url_effective", write_url_effective, true},
    {"urlnum", write_urlnum, false},
    {"curl_version", write_version, true},
};

const size_t cli_variable_count = sizeof cli_variables / sizeof *cli_variables;
