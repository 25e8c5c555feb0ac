/* SPDX-License-Identifier: MIT */
/* test_tls_roots: reading the system's authorities: on a thread, once, and whole or not at all. */
#include "check.h"
#include "net_fixture.h"
#include "platform.h"
#include "tls/roots.h"
#include "tls_peer.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MOST_POLLS = 10000, READ_MS = 10000, PATH_SIZE = 128 };

/* A folder with the peer's certificate, and a pipe with a name: whoever opens that to read waits
 * until somebody opens it to write. */
static struct {
    char folder[PATH_SIZE];
    char gate[PATH_SIZE + 8];
    char certificate[PATH_SIZE + 8];
} place;

static void begin(bool has_gate) {
    net_wait_for_threads();
    snprintf(place.folder, sizeof place.folder, "/tmp/ferry-roots-XXXXXX");
    CHECK(mkdtemp(place.folder) != NULL);
    snprintf(place.gate, sizeof place.gate, "%s/gate", place.folder);
    snprintf(place.certificate, sizeof place.certificate, "%s/a.pem", place.folder);
    FILE *file = fopen(place.certificate, "w");
    CHECK(file != NULL && fputs(tls_peer_certificate(), file) >= 0 && fclose(file) == 0);
    unsetenv("SSL_CERT_FILE");
    setenv("SSL_CERT_DIR", place.folder, 1);
    if (has_gate) {
        CHECK_INT(mkfifo(place.gate, 0600), 0);
        setenv("SSL_CERT_FILE", place.gate, 1);
    }
}

static void end(void) {
    unlink(place.gate);
    unlink(place.certificate);
    rmdir(place.folder);
    unsetenv("SSL_CERT_FILE");
    unsetenv("SSL_CERT_DIR");
    CHECK(net_wait_for_threads());
}

/* Lets whoever reads go on; returns when there is somebody. */
static void open_gate(void) {
    int gate = open(place.gate, O_WRONLY);
    CHECK(gate >= 0);
    close(gate);
}

typedef struct connecting {
    ferry_client *client;
    tls_peer *peer;
} connecting;

static ferry_error connecting_start(connecting *self, const ferry_tls_options *tls) {
    self->client = ferry_client_new(NULL);
    self->peer = tls_peer_new(&(tls_peer_behaviour){0});
    CHECK_INT(ferry_client_set_connection(self->client, tls_peer_stream(self->peer)), FERRY_OK);
    return ferry_client_start_tls(self->client, "peer.example", tls);
}

static void connecting_end(connecting *self) {
    ferry_client_free(self->client);
    tls_peer_free(self->peer);
}

/* Until it waits for something outside of memory. */
static ferry_error connecting_go_on(connecting *self, struct pollfd *entry) {
    ferry_error error = FERRY_OK;
    entry->fd = -1;
    for (int i = 0; i < MOST_POLLS && error == FERRY_OK && entry->fd < 0 &&
                    ferry_client_get_status(self->client) != FERRY_STATUS_CONNECTED;
         i++) {
        ferry_wait wait = {FERRY_NO_DESCRIPTOR, 0};
        error = ferry_client_poll(self->client);
        ferry_client_get_waits(self->client, &wait, 1);
        *entry = (struct pollfd){(int)wait.descriptor, POLLIN, 0};
        CHECK(wait.descriptor == FERRY_NO_DESCRIPTOR || wait.events == FERRY_EVENT_READ);
    }
    return error;
}

/* To its end, as an event loop would bring it there. */
static ferry_error connecting_finish(connecting *self) {
    struct pollfd entry;
    ferry_error error = connecting_go_on(self, &entry);
    if (error == FERRY_OK && entry.fd >= 0) {
        CHECK_INT(poll(&entry, 1, READ_MS), 1);
        error = connecting_go_on(self, &entry);
        CHECK(entry.fd < 0);
    }
    return error;
}

static void clients_wait_for_the_thread_that_reads_and_share_what_it_finds(void) {
    begin(true);
    connecting all[3];
    struct pollfd entry;
    size_t descriptors = net_count_descriptors();
    for (int i = 0; i < 2; i++) {
        CHECK_INT(connecting_start(&all[i], NULL), FERRY_OK);
        CHECK_INT(connecting_go_on(&all[i], &entry), FERRY_OK);
        CHECK(entry.fd >= 0);
        CHECK_INT(ferry_client_get_status(all[i].client), FERRY_STATUS_CONNECTING);
        CHECK_INT(poll(&entry, 1, 0), 0);
    }
    open_gate(); /* once, for both */
    for (int i = 0; i < 2; i++) {
        CHECK_INT(connecting_finish(&all[i]), FERRY_OK);
        CHECK_INT(ferry_client_get_status(all[i].client), FERRY_STATUS_CONNECTED);
    }
    CHECK_INT(net_count_descriptors(), descriptors);
    connecting_end(&all[0]);
    connecting_end(&all[1]);
    CHECK_INT(connecting_start(&all[2], NULL), FERRY_OK);
    CHECK_INT(connecting_go_on(&all[2], &entry), FERRY_OK);
    CHECK_INT(ferry_client_get_status(all[2].client), FERRY_STATUS_CONNECTED);
    connecting_end(&all[2]);
    end();
}

/* Another client takes what was read meanwhile; the system may give a closed one's number anew. */
static void the_descriptor_stays_while_somebody_sleeps_over_it(void) {
    begin(true);
    ferry_context context = {.allocator = ferry_default_allocator};
    ferry_tls_roots *roots = NULL;
    CHECK_INT(ferry_tls_roots_of_system(&context, &roots), FERRY_OK);
    struct pollfd entry = {(int)ferry_tls_roots_begin_wait(roots), POLLIN, 0};
    CHECK_INT(ferry_tls_roots_begin_wait(roots), entry.fd);
    open_gate();
    CHECK_INT(poll(&entry, 1, READ_MS), 1);
    for (int waiting = 2; waiting > 0; waiting--) {
        bool ready = false;
        CHECK_INT(ferry_tls_roots_poll(roots, &context, &ready), FERRY_OK);
        CHECK(ready);
        CHECK(fcntl(entry.fd, F_GETFD) >= 0);
        ferry_tls_roots_end_wait(roots);
    }
    CHECK(fcntl(entry.fd, F_GETFD) < 0 && errno == EBADF);
    ferry_tls_roots_release(roots);
    end();
}

static void a_client_may_go_while_the_thread_reads_for_it(void) {
    begin(true);
    connecting gone;
    connecting other;
    struct pollfd entry;
    CHECK_INT(connecting_start(&gone, NULL), FERRY_OK);
    CHECK_INT(connecting_go_on(&gone, &entry), FERRY_OK);
    CHECK(entry.fd >= 0);
    CHECK_INT(connecting_start(&other, NULL), FERRY_OK);
    connecting_end(&gone);
    open_gate();
    CHECK_INT(connecting_finish(&other), FERRY_OK);
    connecting_end(&other);
    end();
    begin(true);
    CHECK_INT(connecting_start(&gone, NULL), FERRY_OK);
    connecting_end(&gone); /* nobody is left who waits */
    open_gate();
    end();
}

static void reading_that_takes_too_long_is_told(void) {
    begin(true);
    connecting slow;
    ferry_error error = connecting_start(&slow, NULL);
    CHECK_INT(error, FERRY_OK);
    ferry_client_set_timeouts(slow.client, &(ferry_timeouts){.connect_ms = 1});
    while (error == FERRY_OK) {
        error = ferry_client_poll(slow.client);
    }
    CHECK_INT(error, FERRY_ERROR_TIMEOUT);
    CHECK_CONTAINS(ferry_client_get_error_detail(slow.client),
                   "while the trusted authorities were read");
    connecting_end(&slow);
    open_gate();
    end();
}

#if !defined(__SANITIZE_THREAD__) /* which cannot start threads after fork() */
/* What the child says of a connection that its parent has begun, and of one of its own. */
static int speak_as_child(connecting *parents) {
    struct pollfd entry;
    connecting own;
    int timeout_ms = ferry_client_get_wait_timeout_ms(parents->client);
    ferry_error error = connecting_go_on(parents, &entry);
    bool is_told = strstr(ferry_client_get_error_detail(parents->client), "fork()") != NULL;
    unsetenv("SSL_CERT_FILE"); /* the gate is the parent's */
    bool connects = connecting_start(&own, NULL) == FERRY_OK && connecting_finish(&own) == FERRY_OK;
    setenv("SSL_CERT_FILE", place.gate, 1);
    return (error == FERRY_ERROR_FAILED && is_told ? 0 : 1) + (connects ? 0 : 2) +
           (timeout_ms == 0 ? 0 : 4);
}

static void a_child_does_not_wait_for_its_parents_thread(void) {
    begin(true);
    connecting one;
    struct pollfd entry;
    CHECK_INT(connecting_start(&one, NULL), FERRY_OK);
    CHECK_INT(connecting_go_on(&one, &entry), FERRY_OK);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        _exit(speak_as_child(&one));
    }
    int status = 0;
    CHECK_INT(waitpid(child, &status, 0), child);
    CHECK(WIFEXITED(status));
    CHECK_INT(WEXITSTATUS(status), 0);
    open_gate();
    CHECK_INT(connecting_finish(&one), FERRY_OK);
    connecting_end(&one);
    end();
}
#endif

/* So many descriptors can be opened yet. */
static void limit_descriptors(size_t room) {
    static rlim_t before;
    struct rlimit limit;
    CHECK_INT(getrlimit(RLIMIT_NOFILE, &limit), 0);
    before = before == 0 ? limit.rlim_cur : before;
    limit.rlim_cur = before;
    if (room != SIZE_MAX) {
        int next = dup(0); /* the lowest that is free */
        CHECK(next >= 0);
        close(next);
        limit.rlim_cur = (rlim_t)next + room;
    }
    CHECK_INT(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

/* Without a descriptor for the thread to tell its end by; with these alone; and with one more, for
 * the folder, but none for the file in it. */
static void a_shortage_of_descriptors_is_told_and_passes(void) {
    for (size_t room = 0; room <= 3; room++) {
        begin(false);
        connecting poor;
        limit_descriptors(room);
        ferry_error error = connecting_start(&poor, NULL);
        if (error == FERRY_OK) {
            error = connecting_finish(&poor);
        }
        limit_descriptors(SIZE_MAX);
        CHECK_INT(error, FERRY_ERROR_FAILED);
        CHECK_STR(ferry_client_get_error_detail(poor.client),
                  "the trusted certificate authorities could not be read: too many open files");
        /* The same client finds nothing of it in its cache. */
        connecting again = {poor.client, tls_peer_new(&(tls_peer_behaviour){0})};
        CHECK_INT(ferry_client_set_connection(again.client, tls_peer_stream(again.peer)), FERRY_OK);
        CHECK_INT(ferry_client_start_tls(again.client, "peer.example", NULL), FERRY_OK);
        CHECK_INT(connecting_finish(&again), FERRY_OK);
        connecting_end(&again);
        tls_peer_free(poor.peer);
        end();
    }
}

static void a_system_without_authorities_is_told_where_they_were_looked_for(void) {
    begin(false);
    unlink(place.certificate);
    connecting bare;
    CHECK_INT(connecting_start(&bare, NULL), FERRY_OK);
    CHECK_INT(connecting_finish(&bare), FERRY_ERROR_UNAVAILABLE);
    CHECK_INT(ferry_client_get_status(bare.client), FERRY_STATUS_CANT_CONNECT);
    CHECK_CONTAINS(ferry_client_get_error_detail(bare.client), "were found in SSL_CERT_DIR=/tmp/");
    connecting_end(&bare);
    end();
}

static size_t add_nothing(void *ctx, const char *pem, size_t size) {
    (void)ctx;
    (void)pem;
    (void)size;
    return 0;
}

/* For the superuser nothing is forbidden: a child that is nobody asks. */
static void what_may_not_be_read_is_told_from_what_is_not_there(void) {
    begin(false);
    CHECK_INT(chmod(place.certificate, 0), 0);
    CHECK_INT(chmod(place.folder, 0755), 0);
    ferry_trust_places places;
    CHECK(ferry_trust_places_init(&places));
    pid_t child = fork();
    if (child == 0) {
        char looked[256];
        if (geteuid() == 0 && setuid(65534) != 0) {
            _exit(255);
        }
        _exit(ferry_trust_read(&places, add_nothing, NULL, looked, sizeof looked));
    }
    int status = 0;
    CHECK_INT(waitpid(child, &status, 0), child);
    CHECK(WIFEXITED(status));
    CHECK_INT(WEXITSTATUS(status), EACCES);
    char looked[256];
    unlink(place.certificate);
    CHECK_INT(ferry_trust_read(&places, add_nothing, NULL, looked, sizeof looked), 0);
    ferry_trust_places_deinit(&places);
    end();
}

/* ---- Which files ---- */

static size_t add_count(void *ctx, const char *pem, size_t size) {
    (void)pem;
    *(size_t *)ctx += size;
    return 1;
}

/* So many bytes are read where this one folder, or this file, is all that there is. */
static size_t count_read(const char *file, const char *folder) {
    char file_name[2 * PATH_SIZE];
    char looked[256];
    size_t count = 0;
    ferry_trust_places places = {NULL, NULL};
    if (file != NULL) {
        snprintf(file_name, sizeof file_name, "%s", file);
        places.file = file_name;
    } else {
        snprintf(file_name, sizeof file_name, "%s", folder);
        places.folders = file_name;
    }
    CHECK_INT(ferry_trust_read(&places, add_count, &count, looked, sizeof looked), 0);
    return count;
}

static void certificates_are_known_by_the_names_of_their_files(void) {
    static const struct {
        const char *name;
        bool is_read;
    } rows[] = {
        {"a.pem", true},        {"a.crt", true},        {"a.pem.crt", true},
        {"a.PEM", false},       {".pem", false},        {".crt", false},
        {"pem", false},         {"m", false},           {"a.pem~", false},
        {"apem", false},        {"a.key", false},       {"0a1b2c3d.0", true},
        {"12345678.10", true},  {"12345678.9", true},   {"1234567.0", false},
        {"123456789.0", false}, {"12345678", false},    {"12345678.", false},
        {"12345678.a", false},  {"12345678.0a", false}, {"1234567g.0", false},
        {"12345678_0", false},  {"1234567A.0", false},  {"12345678.0.0", false},
    };
    begin(false);
    unlink(place.certificate);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char path[2 * PATH_SIZE];
        int failures = check_failures();
        snprintf(path, sizeof path, "%s/%s", place.folder, rows[i].name);
        FILE *file = fopen(path, "w");
        CHECK(file != NULL && fputs("text", file) >= 0 && fclose(file) == 0);
        CHECK_INT(count_read(NULL, place.folder), rows[i].is_read ? 4 : 0);
        unlink(path);
        if (check_failures() > failures) {
            printf("        of \"%s\"\n", rows[i].name);
        }
    }
    end();
}

static void a_file_is_read_up_to_16_mib(void) {
    enum { MAX_BYTES = 16 << 20 };
    begin(false);
    CHECK_INT(truncate(place.certificate, MAX_BYTES), 0);
    CHECK_INT(count_read(place.certificate, NULL), MAX_BYTES);
    CHECK_INT(truncate(place.certificate, MAX_BYTES + 1), 0);
    CHECK_INT(count_read(place.certificate, NULL), 0);
    CHECK_INT(truncate(place.certificate, 0), 0);
    CHECK_INT(count_read(place.certificate, NULL), 0);
    end();
}

/* ---- Shortages that are over ---- */

/* mbedTLS does not say of all that it lacked memory for: errno tells, where it is not an old one.
 */
static void an_old_shortage_of_memory_spoils_no_authorities(void) {
    static const unsigned char no_certificate[] = {0x30, 0x03, 0x02, 0x01, 0x05};
    static const char damaged[] = "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n";
    char pem[8192];
    ferry_context context = {.allocator = ferry_default_allocator};
    ferry_tls_roots *roots = NULL;
    ferry_tls_options tls = {.ca_pem = pem};
    snprintf(pem, sizeof pem, "%s%s", damaged, tls_peer_certificate());
    errno = ENOMEM;
    if (CHECK_INT(ferry_tls_roots_of_options(&context, &tls, &roots), FERRY_OK)) {
        ferry_tls_roots_release(roots);
    }
    tls.ca_pem = tls_peer_certificate();
    tls.ca_der = (ferry_slice){no_certificate, sizeof no_certificate};
    errno = ENOMEM;
    if (CHECK_INT(ferry_tls_roots_of_options(&context, &tls, &roots), FERRY_OK)) {
        ferry_tls_roots_release(roots);
    }
    tls.ca_pem = NULL;
    errno = ENOMEM;
    CHECK_INT(ferry_tls_roots_of_options(&context, &tls, &roots), FERRY_ERROR_INVALID_PARAMETER);
}

static double thread_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* The processor's time that a program's frame would miss. */
/* The processor's time that a program's frame would miss, beside what the same authorities take
 * where the program gives them. */
static void no_call_takes_the_time_that_reading_many_authorities_takes(void) {
    enum { COPIES = 1000 };
    begin(false);
    const char *pem = tls_peer_certificate();
    size_t length = strlen(pem);
    char *all = calloc(COPIES, length + 1);
    FILE *file = fopen(place.certificate, "w");
    if (!CHECK(all != NULL && file != NULL)) {
        return;
    }
    for (size_t i = 0; i < COPIES; i++) {
        memcpy(all + i * length, pem, length);
    }
    CHECK(fputs(all, file) >= 0 && fclose(file) == 0);
    ferry_tls_options given = {.ca_pem = all};
    connecting one;
    connecting other;
    double begun = thread_ms();
    CHECK_INT(connecting_start(&one, &given), FERRY_OK);
    double in_the_call = thread_ms() - begun;
    begun = thread_ms();
    CHECK_INT(connecting_start(&other, NULL), FERRY_OK);
    CHECK(thread_ms() - begun < in_the_call / 4);
    CHECK_INT(connecting_finish(&other), FERRY_OK);
    connecting_end(&other);
    connecting_end(&one);
    free(all);
    end();
}

int main(int argc, char **argv) {
    static const check_test tests[] = {
        CHECK_TEST(clients_wait_for_the_thread_that_reads_and_share_what_it_finds),
        CHECK_TEST(the_descriptor_stays_while_somebody_sleeps_over_it),
        CHECK_TEST(a_client_may_go_while_the_thread_reads_for_it),
        CHECK_TEST(reading_that_takes_too_long_is_told),
#if !defined(__SANITIZE_THREAD__)
        CHECK_TEST(a_child_does_not_wait_for_its_parents_thread),
#endif
        CHECK_TEST(a_shortage_of_descriptors_is_told_and_passes),
        CHECK_TEST(a_system_without_authorities_is_told_where_they_were_looked_for),
        CHECK_TEST(what_may_not_be_read_is_told_from_what_is_not_there),
        CHECK_TEST(certificates_are_known_by_the_names_of_their_files),
        CHECK_TEST(a_file_is_read_up_to_16_mib),
        CHECK_TEST(an_old_shortage_of_memory_spoils_no_authorities),
        CHECK_TEST(no_call_takes_the_time_that_reading_many_authorities_takes),
    };
    return CHECK_RUN(tests, argc, argv);
}
