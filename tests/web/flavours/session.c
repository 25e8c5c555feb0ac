/* SPDX-License-Identifier: MIT */
/* session: a download and an upload at once over a session, which is polled whenever the browser
 * lets the program run; both are what transfer.c has. usage: session PORT */
#include <ferry.h>

#include <emscripten.h>
#include <stdio.h>
#include <stdlib.h>

enum { DOWNLOAD_BYTES = 3000000, UPLOAD_BYTES = 300000, URL_SIZE = 64 };

static ferry_session *session;
static ferry_transfer *download;
static ferry_transfer *upload;

static unsigned char byte_at(int64_t i) {
    return (unsigned char)(i * 7 + i / 251);
}

static void start(const char *port) {
    static unsigned char body[UPLOAD_BYTES];
    char url[URL_SIZE];
    for (int i = 0; i < UPLOAD_BYTES; i++) {
        body[i] = byte_at(i);
    }
    session = ferry_session_new(NULL);
    snprintf(url, sizeof url, "http://127.0.0.1:%s/download", port);
    download = ferry_session_get(session, url);
    snprintf(url, sizeof url, "http://127.0.0.1:%s/upload", port);
    const ferry_session_request request = {
        .url = url, .method = FERRY_METHOD_PUT, .body = body, .body_length = UPLOAD_BYTES};
    upload = ferry_session_start(session, &request);
}

static int finish(void) {
    size_t length;
    int64_t right = 0;
    const unsigned char *bytes = ferry_transfer_get_body(download, &length);
    while (right < (int64_t)length && bytes[right] == byte_at(right)) {
        right++;
    }
    printf("session: downloaded %lld of %d, code %d\n", (long long)right, DOWNLOAD_BYTES,
           ferry_transfer_get_response_code(download));
    printf("session: uploaded %d, code %d\n", UPLOAD_BYTES,
           ferry_transfer_get_response_code(upload));
    bool is_ok = ferry_transfer_is_ok(download) && ferry_transfer_is_ok(upload);
    if (!is_ok) {
        printf("%s; %s\n", ferry_transfer_get_error_detail(download),
               ferry_transfer_get_error_detail(upload));
    }
    ferry_transfer_free(download);
    ferry_transfer_free(upload);
    ferry_session_free(session);
    return is_ok ? 0 : 1;
}

static void go_on(void *unused) {
    if (ferry_session_poll(session, 0) > 0) {
        emscripten_async_call(go_on, unused, 0);
    } else {
        exit(finish());
    }
}

int main(int argc, char **argv) {
    (void)argc;
    start(argv[1]);
    go_on(NULL);
    return 0;
}
