/* SPDX-License-Identifier: MIT */
/* test_session_cookies: cookies over a session and a server, hop by hop; and jars in files. */
#include "ferry_session.h"

#include "check.h"
#include "counted_memory.h"
#include "net_fixture.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- A server that answers by path, one connection for each request ---- */

typedef struct answer {
    const char *path;
    const char *head; /* the lines behind the status, with their CRLF; "%d" is the port */
    int code;
} answer;

static const answer *answers;
static uint16_t port;
static int listener;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static char heads[16 * 1024]; /* of all requests */

static void say(int connection, const char *text) {
    for (size_t length = strlen(text); length > 0;) {
        ssize_t sent = send(connection, text, length, MSG_NOSIGNAL);
        if (sent <= 0) {
            return;
        }
        text += sent;
        length -= (size_t)sent;
    }
}

/* False where the client went before it was complete. */
static bool receive_head(int connection, char *head, size_t size) {
    size_t length = 0;
    do {
        ssize_t got = recv(connection, head + length, size - 1 - length, 0);
        if (got <= 0) {
            return false;
        }
        length += (size_t)got;
        head[length] = '\0';
    } while (strstr(head, "\r\n\r\n") == NULL);
    return true;
}

static void serve_one(int connection) {
    char head[9 * 1024 + 512];
    char text[1024];
    if (!receive_head(connection, head, sizeof head)) {
        return;
    }
    pthread_mutex_lock(&mutex);
    strncat(heads, head, sizeof heads - strlen(heads) - 1);
    pthread_mutex_unlock(&mutex);
    char *target = strchr(head, ' ') + 1;
    target[strcspn(target, " ")] = '\0';
    const answer *found = answers;
    while (found->path != NULL && strcmp(found->path, target) != 0) {
        found++;
    }
    int length = snprintf(text, sizeof text,
                          "HTTP/1.1 %d x\r\nContent-Length: 0\r\n"
                          "Connection: close\r\n",
                          found->path != NULL ? found->code : 200);
    if (found->path != NULL) {
        snprintf(text + length, sizeof text - (size_t)length, found->head, port, port);
    }
    say(connection, text);
    say(connection, "\r\n");
}

static void *run_server(void *argument) {
    int connection;
    (void)argument;
    while ((connection = accept(listener, NULL, NULL)) >= 0) {
        serve_one(connection);
        close(connection);
    }
    return NULL;
}

/* What the server was sent: "target: the Cookie line's value;" for each request. */
static const char *sent_cookies(void) {
    static char text[16 * 1024];
    size_t length = 0;
    text[0] = '\0';
    pthread_mutex_lock(&mutex);
    for (char *head = heads; *head != '\0';) {
        char *end = strstr(head, "\r\n\r\n") + 4;
        char *target = strchr(head, ' ') + 1;
        char *line = strstr(head, "\r\nCookie: ");
        bool has_line = line != NULL && line < end;
        length += (size_t)snprintf(
            text + length, sizeof text - length, "%.*s:%.*s;", (int)strcspn(target, " "), target,
            has_line ? (int)strcspn(line + 10, "\r") : 0, has_line ? line + 10 : "");
        CHECK(!has_line || strstr(line + 1, "\r\nCookie:") == NULL ||
              strstr(line + 1, "\r\nCookie:") > end);
        head = end;
    }
    heads[0] = '\0';
    pthread_mutex_unlock(&mutex);
    return text;
}

/* ---- Transfers ---- */

static ferry_cookie_jar *jar;

static ferry_session *session_new(ferry_cookie_jar *cookies) {
    ferry_session_options options = {.cookies = cookies};
    options.client.timeouts.connect_ms = 20000;
    return ferry_session_new(&options);
}

static void begin(const answer *table) {
    answers = table;
    resolver_reset();
    resolver_add("a.test", "127.0.0.1", 0);
    resolver_add("www.a.test", "127.0.0.1", 0);
    resolver_add("b.test", "127.0.0.1", 0);
    ferry_cookie_jar_free(jar);
    jar = ferry_cookie_jar_new(NULL);
}

static ferry_error get(ferry_session *session, const char *host, const char *target,
                       const char *const *headers) {
    char url[200];
    snprintf(url, sizeof url, "http://%s:%d%s", host, port, target);
    const ferry_session_request request = {.url = url, .headers = headers, .max_retries = -1};
    ferry_transfer *transfer = ferry_session_start(session, &request);
    ferry_error error = ferry_transfer_wait(transfer, 30000);
    CHECK(ferry_transfer_is_done(transfer));
    ferry_transfer_free(transfer);
    return error;
}

static void a_redirects_cookies_go_with_the_next_request(void) {
    static const answer table[] = {
        {"/login", "Set-Cookie: a=1\r\nSet-Cookie: b=2; Path=/home\r\nLocation: /home\r\n", 302},
        {"/home", "Set-Cookie: a=; Max-Age=0\r\n", 200},
        {0},
    };
    begin(table);
    ferry_session *session = session_new(jar);
    CHECK_INT(get(session, "a.test", "/login", NULL), FERRY_OK);
    CHECK_STR(sent_cookies(), "/login:;/home:b=2; a=1;");
    CHECK_INT(get(session, "a.test", "/home/x?y", NULL), FERRY_OK);
    CHECK_STR(sent_cookies(), "/home/x?y:b=2;");
    ferry_session_free(session);
}

static void each_hop_gets_the_cookies_of_its_own_host(void) {
    static const answer table[] = {
        {"/1", "Set-Cookie: a=1\r\nLocation: http://b.test:%d/2\r\n", 302},
        {"/2", "Set-Cookie: b=2\r\nLocation: http://a.test:%d/3\r\n", 307},
        {"/3", "Set-Cookie: c=3\r\nLocation: http://b.test:%d/4\r\n", 303},
        {0},
    };
    begin(table);
    ferry_session *session = session_new(jar);
    CHECK_INT(get(session, "a.test", "/1", NULL), FERRY_OK);
    CHECK_STR(sent_cookies(), "/1:;/2:;/3:a=1;/4:b=2;");
    CHECK_INT(get(session, "www.a.test", "/5", NULL), FERRY_OK);
    CHECK_STR(sent_cookies(), "/5:;");
    ferry_session_free(session);
}

static void the_programs_own_line_goes_alone_and_to_the_first_origin(void) {
    static const answer table[] = {
        {"/1", "Set-Cookie: a=1\r\nLocation: /2\r\n", 302},
        {"/2", "Location: http://b.test:%d/3\r\n", 302},
        {"/3", "Set-Cookie: b=1\r\nLocation: http://a.test:%d/4\r\n", 302},
        {0},
    };
    static const char *const own[] = {"cookie: own=1", NULL};
    begin(table);
    ferry_session *session = session_new(jar);
    CHECK_INT(get(session, "b.test", "/", NULL), FERRY_OK);
    sent_cookies();
    CHECK_INT(get(session, "a.test", "/1", own), FERRY_OK);
    pthread_mutex_lock(&mutex); /* its line is spelled as the program does */
    for (char *at = heads; (at = strstr(at, "\r\ncookie: ")) != NULL; at++) {
        at[2] = 'C';
    }
    pthread_mutex_unlock(&mutex);
    CHECK_STR(sent_cookies(), "/1:own=1;/2:own=1;/3:;/4:;");
    CHECK_INT(get(session, "a.test", "/5", NULL), FERRY_OK); /* what was set counts all the same */
    CHECK_INT(get(session, "b.test", "/6", NULL), FERRY_OK);
    CHECK_STR(sent_cookies(), "/5:a=1;/6:b=1;");
    ferry_session_free(session);
}

static void every_response_may_set_cookies(void) {
    static const answer table[] = {
        {"/404", "Set-Cookie: a=1\r\n", 404},
        {"/503", "Set-Cookie: b=2\r\n", 503},
        {"/304", "Set-Cookie: c=3\r\n", 304},
        {"/s", "Set-Cookie: d=4; Secure\r\nSet-Cookie: e=5; Domain=other.test\r\n", 200},
        {0},
    };
    begin(table);
    ferry_session *session = session_new(jar);
    CHECK_INT(get(session, "a.test", "/404", NULL), FERRY_ERROR_STATUS);
    CHECK_INT(get(session, "a.test", "/503", NULL), FERRY_ERROR_STATUS);
    CHECK_INT(get(session, "a.test", "/304", NULL), FERRY_ERROR_STATUS);
    CHECK_INT(get(session, "a.test", "/s", NULL), FERRY_OK);
    sent_cookies();
    CHECK_INT(get(session, "a.test", "/", NULL), FERRY_OK);
    CHECK_STR(sent_cookies(), "/:a=1; b=2; c=3;");
    ferry_session_free(session);
}

static void sessions_share_a_jar_and_without_one_nothing_is_kept(void) {
    static const answer table[] = {{"/set", "Set-Cookie: a=1\r\n", 200}, {0}};
    begin(table);
    ferry_session *first = session_new(jar);
    ferry_session *second = session_new(jar);
    ferry_session *none = session_new(NULL);
    CHECK_INT(get(none, "a.test", "/set", NULL), FERRY_OK);
    CHECK_INT(get(none, "a.test", "/1", NULL), FERRY_OK);
    CHECK_INT(ferry_cookie_jar_list(jar, NULL, 0), 0);
    CHECK_INT(get(first, "a.test", "/set", NULL), FERRY_OK);
    CHECK_INT(get(second, "a.test", "/2", NULL), FERRY_OK);
    CHECK_STR(sent_cookies(), "/set:;/1:;/set:;/2:a=1;");
    ferry_session_free(first);
    ferry_session_free(second);
    ferry_session_free(none);
}

static void a_proxys_refusal_sets_no_cookie(void) {
    static const answer table[] = {
        {"a.test:443", "Proxy-Authenticate: Basic\r\nSet-Cookie: a=1\r\n", 407},
        {"b.test:443", "Set-Cookie: b=2\r\n", 403},
        {"http://a.test/", "Proxy-Authenticate: Basic\r\nSet-Cookie: c=3\r\n", 407},
        {0},
    };
    static const char *const urls[] = {"https://a.test/", "https://b.test/", "http://a.test/"};
    char proxy[40];
    begin(table);
    snprintf(proxy, sizeof proxy, "http://127.0.0.1:%d", port);
    ferry_session_options options = {.cookies = jar, .http_proxy = proxy, .https_proxy = proxy};
    ferry_session *session = ferry_session_new(&options);
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        const ferry_session_request request = {.url = urls[i], .max_retries = -1};
        ferry_transfer *transfer = ferry_session_start(session, &request);
        CHECK(ferry_transfer_wait(transfer, 30000) != FERRY_OK);
        CHECK(ferry_transfer_is_done(transfer));
        ferry_transfer_free(transfer);
    }
    CHECK_CONTAINS(heads, "GET http://a.test/");
#if FERRY_HAVE_TLS
    CHECK_CONTAINS(heads, "CONNECT b.test:443");
#endif
    heads[0] = '\0';
    CHECK_INT(ferry_cookie_jar_list(jar, NULL, 0), 0);
    ferry_session_free(session);
}

static void a_flood_of_cookies_does_not_keep_a_request_back(void) {
    static char head[900];
    static answer table[] = {{"/set", head, 200}, {0}};
    begin(table);
    ferry_session *session = session_new(jar);
    for (int i = 0; i < 20; i++) {
        int length = snprintf(head, sizeof head, "Set-Cookie: a%d=", i);
        memset(head + length, 'x', 800);
        strcpy(head + length + 800, "\r\n");
        CHECK_INT(get(session, "a.test", "/set", NULL), FERRY_OK);
        heads[0] = '\0';
    }
    CHECK_INT(get(session, "a.test", "/", NULL), FERRY_OK);
    CHECK_INT(ferry_cookie_jar_list(jar, NULL, 0), 20);
    size_t length = strlen(sent_cookies());
    CHECK(length > 7000 && length < 8190);
    ferry_session_free(session);
}

static void a_jar_without_memory_fails_the_transfer(void) {
    static const answer table[] = {{"/set", "Set-Cookie: a=1\r\nSet-Cookie: b=2\r\n", 200}, {0}};
    size_t failures = 0;
    begin(table);
    for (size_t fail_at = 2; fail_at < 9; fail_at++) {
        counted_memory memory = {.fail_at = fail_at};
        ferry_allocator allocator = counted_memory_allocator(&memory);
        ferry_cookie_jar *poor = ferry_cookie_jar_new(&allocator);
        ferry_session *session = session_new(poor);
        ferry_error error = get(session, "a.test", "/set", NULL);
        if (error == FERRY_OK) {
            error = get(session, "a.test", "/", NULL);
        }
        failures += memory.calls >= fail_at;
        CHECK_INT(error, memory.calls >= fail_at ? FERRY_ERROR_OUT_OF_MEMORY : FERRY_OK);
        CHECK_INT(get(session, "a.test", "/", NULL), FERRY_OK); /* it works again */
        ferry_session_free(session);
        ferry_cookie_jar_free(poor);
        CHECK_INT(memory.live, 0);
    }
    CHECK(failures >= 5 && failures < 7);
    heads[0] = '\0';
}

/* ---- Files ---- */

static char folder[] = "/tmp/ferry-cookies-XXXXXX";
static char path[100];
static char other[100];

static void write_text(const char *file, const char *text) {
    FILE *stream = fopen(file, "wb");
    CHECK(stream != NULL && fputs(text, stream) >= 0 && fclose(stream) == 0);
}

static const char *read_text(const char *file) {
    static char text[4096];
    FILE *stream = fopen(file, "rb");
    size_t length = stream != NULL ? fread(text, 1, sizeof text - 1, stream) : 0;
    text[length] = '\0';
    if (stream != NULL) {
        fclose(stream);
    }
    return stream != NULL ? text : "(none)";
}

static const char one_cookie[] = "a.test\tFALSE\t/\tFALSE\t0\ta\t1\n";

static void begin_files(void) {
    static const answer none[] = {{0}};
    begin(none);
    unlink(path);
    unlink(other);
}

/* Nothing is left beside the two files. */
static void check_folder(size_t count) {
    char command[120];
    snprintf(command, sizeof command, "ls -A %s | wc -l", folder);
    FILE *pipe = popen(command, "r");
    size_t found = 99;
    CHECK(pipe != NULL && fscanf(pipe, "%zu", &found) == 1);
    pclose(pipe);
    CHECK_INT(found, count);
}

static void a_jar_is_saved_and_loaded(void) {
    begin_files();
    CHECK_INT(ferry_cookie_jar_load(jar, path), FERRY_OK); /* there is none yet */
    write_text(other, one_cookie);
    CHECK_INT(ferry_cookie_jar_load(jar, other), FERRY_OK);
    CHECK_INT(ferry_cookie_jar_save(jar, path), FERRY_OK);
    CHECK_CONTAINS(read_text(path), one_cookie);
    CHECK_INT(ferry_cookie_jar_save(jar, path), FERRY_OK);
    check_folder(2);
    ferry_cookie_jar *again = ferry_cookie_jar_new(NULL);
    CHECK_INT(ferry_cookie_jar_load(again, path), FERRY_OK);
    ferry_cookie cookie;
    CHECK_INT(ferry_cookie_jar_list(again, &cookie, 1), 1);
    CHECK_STR(cookie.value, "1");
    ferry_cookie_jar_free(again);
}

static void only_its_owner_reads_a_saved_jar(void) {
    struct stat found;
    begin_files();
    write_text(path, one_cookie);
    CHECK(chmod(path, 0644) == 0);
    mode_t mask = umask(0);
    CHECK_INT(ferry_cookie_jar_save(jar, path), FERRY_OK);
    umask(mask);
    CHECK(stat(path, &found) == 0 && (found.st_mode & 0777) == 0600);
}

static void a_jar_that_was_not_read_is_never_overwritten(void) {
    begin_files();
    write_text(path, "what is this?\n");
    CHECK_INT(ferry_cookie_jar_load(jar, path), FERRY_ERROR_INVALID_DATA);
    CHECK_INT(ferry_cookie_jar_save(jar, path), FERRY_ERROR_FILE);
    CHECK_CONTAINS(ferry_cookie_jar_get_error_detail(jar), "could not be read");
    CHECK_STR(read_text(path), "what is this?\n");
    write_text(other, one_cookie);
    CHECK_INT(ferry_cookie_jar_load(jar, other), FERRY_OK); /* what came first is still missing */
    CHECK_INT(ferry_cookie_jar_save(jar, path), FERRY_ERROR_FILE);
    CHECK_STR(read_text(path), "what is this?\n");
}

static void what_is_no_file_is_neither_read_nor_replaced(void) {
    begin_files();
    CHECK_INT(ferry_cookie_jar_save(jar, folder), FERRY_ERROR_FILE);
    CHECK_CONTAINS(ferry_cookie_jar_get_error_detail(jar), "it is a folder");
    CHECK_INT(ferry_cookie_jar_save(jar, "/dev/null"), FERRY_ERROR_FILE);
    CHECK(mkfifo(other, 0600) == 0);
    CHECK_INT(ferry_cookie_jar_save(jar, other), FERRY_ERROR_FILE);
    CHECK_CONTAINS(ferry_cookie_jar_get_error_detail(jar), "it is no file");
    check_folder(1);
    CHECK_INT(ferry_cookie_jar_load(jar, other), FERRY_ERROR_FILE);
    CHECK_INT(ferry_cookie_jar_load(jar, folder), FERRY_ERROR_FILE);
    CHECK_INT(ferry_cookie_jar_load(jar, ""), FERRY_ERROR_INVALID_PARAMETER);
    CHECK_INT(ferry_cookie_jar_load(jar, NULL), FERRY_ERROR_INVALID_PARAMETER);
}

static void a_missing_folder_is_an_error_with_the_systems_words(void) {
    char missing[120];
    begin_files();
    snprintf(missing, sizeof missing, "%s/x/jar", folder);
    CHECK_INT(ferry_cookie_jar_save(jar, missing), FERRY_ERROR_FILE);
    CHECK_CONTAINS(ferry_cookie_jar_get_error_detail(jar), "No such file");
    CHECK_CONTAINS(ferry_cookie_jar_get_error_detail(jar), missing);
}

static void a_full_disk_leaves_the_old_file_as_it_was(void) {
    struct rlimit old;
    begin_files();
    write_text(path, one_cookie);
    CHECK_INT(ferry_cookie_jar_load(jar, path), FERRY_OK);
    CHECK(getrlimit(RLIMIT_FSIZE, &old) == 0);
    struct rlimit few = {.rlim_cur = 20, .rlim_max = old.rlim_max};
    signal(SIGXFSZ, SIG_IGN);
    CHECK(setrlimit(RLIMIT_FSIZE, &few) == 0);
    ferry_error error = ferry_cookie_jar_save(jar, path);
    CHECK(setrlimit(RLIMIT_FSIZE, &old) == 0);
    CHECK_INT(error, FERRY_ERROR_FILE);
    CHECK_CONTAINS(ferry_cookie_jar_get_error_detail(jar), "too large");
    CHECK_STR(read_text(path), one_cookie);
    check_folder(1);
    CHECK_INT(ferry_cookie_jar_save(jar, path), FERRY_OK);
}

static void a_planted_link_is_replaced_and_not_followed(void) {
    struct stat found;
    begin_files();
    write_text(other, "mine");
    CHECK(symlink(other, path) == 0);
    CHECK_INT(ferry_cookie_jar_save(jar, path), FERRY_OK);
    CHECK_STR(read_text(other), "mine");
    CHECK(lstat(path, &found) == 0 && S_ISREG(found.st_mode));
    check_folder(2);
}

static void cookies_of_a_request_go_with_the_jars_to_the_first_origin(void) {
    static const answer table[] = {
        {"/go", "Set-Cookie: a=1\r\nLocation: /next\r\n", 302},
        {"/next", "Location: http://b.test:%d/other\r\n", 302},
        {NULL, NULL, 0},
    };
    for (int follows = 0; follows < 2; follows++) {
        for (int has_jar = 0; has_jar < 2; has_jar++) {
            begin(table);
            ferry_session *session = session_new(has_jar ? jar : NULL);
            char url[100];
            snprintf(url, sizeof url, "http://a.test:%d/go", port);
            const ferry_session_request request = {
                .url = url, .cookies = "x=9", .headers_follow = follows != 0};
            ferry_transfer *transfer = ferry_session_start(session, &request);
            CHECK_INT(ferry_transfer_wait(transfer, -1), FERRY_OK);
            char expected[100];
            snprintf(expected, sizeof expected, "/go:x=9;/next:%sx=9;/other:%s;",
                     has_jar ? "a=1; " : "", follows ? "x=9" : "");
            CHECK_STR(sent_cookies(), expected);
            ferry_transfer_free(transfer);
            ferry_session_free(session);
        }
    }
}

int main(int argc, char **argv) {
    static const check_test tests[] = {
        CHECK_TEST(a_redirects_cookies_go_with_the_next_request),
        CHECK_TEST(each_hop_gets_the_cookies_of_its_own_host),
        CHECK_TEST(the_programs_own_line_goes_alone_and_to_the_first_origin),
        CHECK_TEST(every_response_may_set_cookies),
        CHECK_TEST(sessions_share_a_jar_and_without_one_nothing_is_kept),
        CHECK_TEST(a_proxys_refusal_sets_no_cookie),
        CHECK_TEST(a_flood_of_cookies_does_not_keep_a_request_back),
        CHECK_TEST(a_jar_without_memory_fails_the_transfer),
        CHECK_TEST(a_jar_is_saved_and_loaded),
        CHECK_TEST(only_its_owner_reads_a_saved_jar),
        CHECK_TEST(a_jar_that_was_not_read_is_never_overwritten),
        CHECK_TEST(what_is_no_file_is_neither_read_nor_replaced),
        CHECK_TEST(a_missing_folder_is_an_error_with_the_systems_words),
        CHECK_TEST(a_full_disk_leaves_the_old_file_as_it_was),
        CHECK_TEST(a_planted_link_is_replaced_and_not_followed),
        CHECK_TEST(cookies_of_a_request_go_with_the_jars_to_the_first_origin),
    };
    pthread_t thread;
    listener = net_listen(false, &port);
    if (listener < 0 || mkdtemp(folder) == NULL ||
        pthread_create(&thread, NULL, run_server, NULL)) {
        return 1;
    }
    snprintf(path, sizeof path, "%s/jar", folder);
    snprintf(other, sizeof other, "%s/other", folder);
    int failed = CHECK_RUN(tests, argc, argv);
    shutdown(listener, SHUT_RDWR); /* the thread's accept() ends */
    pthread_join(thread, NULL);
    close(listener);
    ferry_cookie_jar_free(jar);
    unlink(path);
    unlink(other);
    rmdir(folder);
    return failed;
}
