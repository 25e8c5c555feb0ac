/* SPDX-License-Identifier: MIT */
/* test_session_files: downloads to files and bodies that are files, where the disk, its locks and
 * its thread fail. */
#include "check.h"
#include "ferry.h"
#include "session_peer.h"
#include "system_faults.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MOST_WAIT_MS = 10000, NAME_SIZE = 300 };

static uint16_t port;
static char folder[] = "/tmp/ferry-files-XXXXXX";

static const char *name_of(const char *file) {
    static char name[NAME_SIZE];
    snprintf(name, sizeof name, "%s/%s", folder, file);
    return name;
}

static void put(const char *file, const char *text) {
    FILE *stream = fopen(name_of(file), "wb");
    if (CHECK(stream != NULL)) {
        CHECK(fputs(text, stream) >= 0);
        CHECK(fclose(stream) == 0);
        CHECK(chmod(name_of(file), 0600) == 0);
    }
}

/* How many names are in the folder. Removes them all if asked to. */
static size_t count_names(bool removes) {
    DIR *opened = opendir(folder);
    size_t count = 0;
    for (struct dirent *entry; (entry = readdir(opened)) != NULL;) {
        if (entry->d_name[0] != '.') {
            count++;
            if (removes) {
                remove(name_of(entry->d_name));
            }
        }
    }
    closedir(opened);
    return count;
}

static int64_t size_of(const char *file) {
    struct stat found;
    return stat(name_of(file), &found) == 0 ? (int64_t)found.st_size : -1;
}

/* Of a transfer that has ended. */
typedef struct outcome {
    ferry_error error;
    char detail[300];
    int64_t resumed;
    int code;
} outcome;

static outcome finish(ferry_session *session, ferry_transfer *transfer) {
    outcome got = {.error = ferry_transfer_wait(transfer, MOST_WAIT_MS)};
    CHECK(ferry_transfer_is_done(transfer));
    snprintf(got.detail, sizeof got.detail, "%s", ferry_transfer_get_error_detail(transfer));
    got.resumed = ferry_transfer_get_resumed_bytes(transfer);
    got.code = ferry_transfer_get_response_code(transfer);
    ferry_transfer_free(transfer);
    ferry_session_free(session);
    return got;
}

static outcome download(const char *target, bool resumes) {
    ferry_session *session = ferry_session_new(NULL);
    char url[100];
    snprintf(url, sizeof url, "http://127.0.0.1:%d%s", port, target);
    const ferry_session_request request = {.url = url, .resume = resumes, .max_retries = -1};
    return finish(session, ferry_session_start_download(session, &request, name_of("level")));
}

static outcome upload(void) {
    ferry_session *session = ferry_session_new(NULL);
    char url[100];
    snprintf(url, sizeof url, "http://127.0.0.1:%d/hello", port);
    const ferry_session_request request = {
        .url = url,
        .method = FERRY_METHOD_PUT,
        .body_file = name_of("body"),
        .max_retries = -1,
    };
    return finish(session, ferry_session_start(session, &request));
}

/* ---- Downloads ---- */

static void full_disk_is_an_error_and_the_old_file_stays(void) {
    for (int resumes = 0; resumes < 2 && system_faults_work(); resumes++) {
        put("level", "old");
        system_faults_limit_files(100);
        outcome got = download("/big", resumes);
        system_faults_reset();
        CHECK_INT(got.error, FERRY_ERROR_FILE);
        CHECK_CONTAINS(got.detail, strerror(ENOSPC));
        CHECK_INT(size_of("level"), 3);
        CHECK_INT(count_names(true), 1);
    }
}

/* What has been written is worth keeping; the rest comes once there is room. */
static void full_disk_leaves_a_part_that_goes_on(void) {
    if (!system_faults_work()) {
        return;
    }
    system_faults_limit_files(1000);
    outcome got = download("/tagged", true);
    system_faults_reset();
    CHECK_INT(got.error, FERRY_ERROR_FILE);
    CHECK(size_of("level.ferry-part") > 0 && size_of("level.ferry-part") < 1000);
    int64_t had = size_of("level.ferry-part");
    got = download("/tagged", true);
    CHECK_INT(got.error, FERRY_OK);
    CHECK_INT(got.resumed, had);
    CHECK_INT(got.code, 206);
    CHECK_INT(size_of("level"), SESSION_PEER_BIG);
    CHECK_INT(count_names(true), 1);
}

static void full_disk_may_have_no_room_for_a_note(void) {
    if (!system_faults_work()) {
        return;
    }
    system_faults_limit_files(10);
    outcome got = download("/tagged", true);
    system_faults_reset();
    CHECK_INT(got.error, FERRY_ERROR_FILE);
    CHECK_INT(count_names(true), 0);
}

static void file_that_cannot_be_synced_is_an_error(void) {
    for (int resumes = 0; resumes < 2 && system_faults_work(); resumes++) {
        put("level", "old");
        system_faults_set_sync_error(EIO);
        outcome got = download("/hello", resumes);
        system_faults_reset();
        CHECK_INT(got.error, FERRY_ERROR_FILE);
        CHECK_CONTAINS(got.detail, strerror(EIO));
        CHECK_INT(size_of("level"), 3);
        CHECK_INT(count_names(true), 1);
    }
}

static void file_system_without_locks_keeps_nothing(void) {
    if (!system_faults_work()) {
        return;
    }
    system_faults_set_lock_error(ENOLCK);
    outcome got = download("/hello", true);
    CHECK_INT(got.error, FERRY_OK);
    CHECK_INT(size_of("level"), 5);
    CHECK_INT(count_names(true), 1);
    system_faults_limit_files(1000);
    got = download("/tagged", true);
    system_faults_reset();
    CHECK_INT(got.error, FERRY_ERROR_FILE);
    CHECK_INT(count_names(true), 0);
}

static void session_without_a_thread_for_files_says_so(void) {
    if (!system_faults_work()) {
        return;
    }
    put("body", "hello");
    system_faults_set_thread_error(EAGAIN);
    outcome outcomes[] = {download("/hello", true), upload()};
    system_faults_reset();
    for (size_t i = 0; i < 2; i++) {
        CHECK_INT(outcomes[i].error, FERRY_ERROR_FAILED);
        CHECK_CONTAINS(outcomes[i].detail, "thread to read and write files");
    }
    CHECK_INT(count_names(true), 1);
}

/* ---- Ends ---- */

/* Neither waits for the disk, at whatever point it is. */
static void transfer_may_be_freed_at_any_time(void) {
    for (int polls = 0; polls < 40; polls++) {
        ferry_session *session = ferry_session_new(NULL);
        char url[100];
        put("body", "hello");
        snprintf(url, sizeof url, "http://127.0.0.1:%d/tagged", port);
        const ferry_session_request get = {.url = url, .resume = true, .if_changed = true};
        const ferry_session_request sent = {
            .url = url, .method = FERRY_METHOD_PUT, .body_file = name_of("body")};
        ferry_transfer *transfers[] = {
            ferry_session_start_download(session, &get, name_of("level")),
            ferry_session_start(session, &sent),
        };
        for (int i = 0; i < polls; i++) {
            ferry_session_poll(session, i % 2 == 0 ? 0 : 1);
        }
        ferry_transfer_free(transfers[polls % 2]);
        if (polls % 3 == 0) {
            ferry_session_free(session);
            ferry_transfer_free(transfers[1 - polls % 2]);
        } else {
            ferry_transfer_free(transfers[1 - polls % 2]);
            ferry_session_free(session);
        }
    }
}

/* ---- Bodies ---- */

static void file_that_is_a_body_may_be_empty(void) {
    put("body", "");
    CHECK_INT(upload().error, FERRY_OK);
    put("body", "hello");
    CHECK_INT(upload().error, FERRY_OK);
    count_names(true);
    outcome got = upload();
    CHECK_INT(got.error, FERRY_ERROR_FILE);
    CHECK_CONTAINS(got.detail, strerror(ENOENT));
}

/* It says that it is empty, and is not. */
static void file_without_a_size_is_none(void) {
    ferry_session *session = ferry_session_new(NULL);
    char url[100];
    snprintf(url, sizeof url, "http://127.0.0.1:%d/hello", port);
    const ferry_session_request request = {
        .url = url, .method = FERRY_METHOD_PUT, .body_file = "/proc/self/status"};
    struct stat found;
    bool is_there = stat(request.body_file, &found) == 0 && found.st_size == 0;
    outcome got = finish(session, ferry_session_start(session, &request));
    if (is_there) {
        CHECK_INT(got.error, FERRY_ERROR_FILE);
        CHECK_CONTAINS(got.detail, "longer than the 0 bytes");
    }
}

int main(int argc, char **argv) {
    static const check_test tests[] = {
        CHECK_TEST(full_disk_is_an_error_and_the_old_file_stays),
        CHECK_TEST(full_disk_leaves_a_part_that_goes_on),
        CHECK_TEST(full_disk_may_have_no_room_for_a_note),
        CHECK_TEST(file_that_cannot_be_synced_is_an_error),
        CHECK_TEST(file_system_without_locks_keeps_nothing),
        CHECK_TEST(session_without_a_thread_for_files_says_so),
        CHECK_TEST(file_that_is_a_body_may_be_empty),
        CHECK_TEST(file_without_a_size_is_none),
        CHECK_TEST(transfer_may_be_freed_at_any_time),
    };
    session_peer *peer = session_peer_new(&port);
    if (!CHECK(peer != NULL && mkdtemp(folder) != NULL)) {
        return 1;
    }
    int result = CHECK_RUN(tests, argc, argv);
    session_peer_free(peer);
    /* What the last sessions' threads remove may take its time. */
    while (rmdir(folder) != 0 && errno == ENOTEMPTY) {
        count_names(true);
    }
    return result;
}
