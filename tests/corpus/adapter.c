/* SPDX-License-Identifier: MIT */
/* adapter: reads requests as JSON, one a line, and answers with what the library made of each, so
 * that a corpus of responses can be judged from outside. */
#include <ferry.h>

#include <errno.h>
#include <jansson.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { TIMEOUT_MS = 6000 };

typedef struct body_bytes {
    unsigned char *data;
    size_t length;
    size_t capacity;
} body_bytes;

/* ---- JSON ---- */

/* JSON is Unicode, headers are bytes: each byte becomes the code point of its number. */
static json_t *latin1_string(const char *text, size_t length) {
    char *utf8 = malloc(2 * length + 1);
    size_t at = 0;
    if (utf8 == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c < 0x80) {
            utf8[at++] = (char)c;
        } else {
            utf8[at++] = (char)(0xc0 | c >> 6);
            utf8[at++] = (char)(0x80 | (c & 0x3f));
        }
    }
    json_t *string = json_stringn(utf8, at);
    free(utf8);
    return string;
}

static json_t *base64_string(const unsigned char *data, size_t length) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char *text = malloc((length + 2) / 3 * 4 + 1);
    size_t at = 0;
    if (text == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < length; i += 3) {
        size_t left = length - i;
        unsigned long bits = (unsigned long)data[i] << 16 |
                             (left > 1 ? (unsigned long)data[i + 1] << 8 : 0) |
                             (left > 2 ? (unsigned long)data[i + 2] : 0);
        text[at++] = digits[bits >> 18];
        text[at++] = digits[bits >> 12 & 63];
        text[at++] = left > 1 ? digits[bits >> 6 & 63] : '=';
        text[at++] = left > 2 ? digits[bits & 63] : '=';
    }
    json_t *string = json_stringn(text, at);
    free(text);
    return string;
}

static json_t *header_list(const ferry_client *client) {
    json_t *list = json_array();
    for (const char *const *line = ferry_client_get_response_headers(client, NULL); *line != NULL;
         line++) {
        const char *colon = strchr(*line, ':');
        const char *value = colon + 1 + strspn(colon + 1, " ");
        json_t *field = json_array();
        json_array_append_new(field, latin1_string(*line, (size_t)(colon - *line)));
        json_array_append_new(field, latin1_string(value, strlen(value)));
        json_array_append_new(list, field);
    }
    return list;
}

/* ---- A connection that sends a path with CONNECT ---- */

/* The server knows its cases by the path of the request. CONNECT has none, and the library refuses
 * to send one, so the path takes the place of host:port on the wire. */
typedef struct path_stream {
    ferry_stream base;
    int socket;
    const char *path;
    bool is_begun;
} path_stream;

static ferry_stream_result result_of_errno(void) {
    return errno == EAGAIN || errno == EINTR ? FERRY_STREAM_AGAIN : FERRY_STREAM_FAILED;
}

static ferry_stream_result path_read(ferry_stream *stream, void *dst, size_t capacity,
                                     size_t *length) {
    ssize_t got = recv(((path_stream *)stream)->socket, dst, capacity, MSG_DONTWAIT);
    if (got <= 0) {
        return got == 0 ? FERRY_STREAM_END : result_of_errno();
    }
    *length = (size_t)got;
    return FERRY_STREAM_OK;
}

static ferry_stream_result path_write(ferry_stream *stream, const ferry_slice *slices, size_t count,
                                      size_t *length) {
    path_stream *path = (path_stream *)stream;
    const char *data = slices[0].data;
    (void)count;
    if (!path->is_begun) {
        char line[1024];
        int line_length = snprintf(line, sizeof line, "CONNECT %s", path->path);
        path->is_begun = true;
        if (send(path->socket, line, (size_t)line_length, MSG_NOSIGNAL) != line_length) {
            return FERRY_STREAM_FAILED;
        }
        const char *version = memchr(data + 8, ' ', slices[0].length - 8);
        *length = (size_t)(version - data);
        return FERRY_STREAM_OK;
    }
    ssize_t sent = send(path->socket, data, slices[0].length, MSG_NOSIGNAL);
    if (sent < 0) {
        return result_of_errno();
    }
    *length = (size_t)sent;
    return FERRY_STREAM_OK;
}

static bool path_wants(ferry_stream *stream, unsigned events, ferry_wait *wait) {
    *wait = (ferry_wait){((path_stream *)stream)->socket, events};
    return true;
}

static void path_destroy(ferry_stream *stream) {
    close(((path_stream *)stream)->socket);
    free(stream);
}

static const ferry_stream_ops path_ops = {
    .read = path_read,
    .write = path_write,
    .wants = path_wants,
    .destroy = path_destroy,
};

static int connect_socket(const ferry_url *url) {
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *list = NULL;
    char port[16];
    snprintf(port, sizeof port, "%d", url->port);
    if (getaddrinfo(url->host, port, &hints, &list) != 0) {
        return -1;
    }
    int made = socket(list->ai_family, list->ai_socktype, list->ai_protocol);
    if (made >= 0 && connect(made, list->ai_addr, list->ai_addrlen) != 0) {
        close(made);
        made = -1;
    }
    freeaddrinfo(list);
    return made;
}

static ferry_error connect_with_path(ferry_client *client, const ferry_url *url) {
    path_stream *path = malloc(sizeof *path);
    int made = connect_socket(url);
    if (path == NULL || made < 0) {
        free(path);
        return FERRY_ERROR_CANT_CONNECT;
    }
    *path = (path_stream){.base.ops = &path_ops, .socket = made, .path = url->target};
    ferry_error error = ferry_client_set_connection(client, &path->base);
    if (error != FERRY_OK) {
        path_destroy(&path->base);
    }
    return error;
}

/* ---- One exchange ---- */

static ferry_error connect_to(ferry_client *client, const ferry_url *url, const char *method) {
    if (strcmp(method, "CONNECT") == 0) {
        return connect_with_path(client, url);
    }
    ferry_error error = ferry_client_connect_to_host(client, url->host, url->port, NULL);
    while (error == FERRY_OK && ferry_client_get_status(client) != FERRY_STATUS_CONNECTED) {
        error = ferry_client_poll(client);
    }
    return error;
}

static ferry_error send_request(ferry_client *client, const ferry_url *url, const char *method) {
    static const char small[] = "a=1";
    bool has_body = strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0;
    ferry_request request = {
        .method_name = method,
        .url = strcmp(method, "CONNECT") == 0 ? "example.org:443" : url->target,
        .body = has_body ? small : NULL,
        .body_length = has_body ? sizeof small - 1 : 0,
    };
    ferry_error error = ferry_client_send(client, &request);
    while (error == FERRY_OK && ferry_client_get_status(client) == FERRY_STATUS_REQUESTING) {
        error = ferry_client_poll(client);
    }
    return error;
}

static ferry_error body_append(body_bytes *body, const void *data, size_t length) {
    if (body->capacity - body->length < length) {
        size_t capacity = 2 * body->capacity + length;
        unsigned char *grown = realloc(body->data, capacity);
        if (grown == NULL) {
            return FERRY_ERROR_OUT_OF_MEMORY;
        }
        body->data = grown;
        body->capacity = capacity;
    }
    memcpy(body->data + body->length, data, length);
    body->length += length;
    return FERRY_OK;
}

static ferry_error read_body(ferry_client *client, body_bytes *body) {
    ferry_error error = FERRY_OK;
    size_t length = 1;
    while (error == FERRY_OK && length > 0) {
        const void *chunk = NULL;
        error = ferry_client_read_response_body_chunk(client, &chunk, &length);
        if (error == FERRY_OK && length > 0) {
            error = body_append(body, chunk, length);
        }
    }
    return error;
}

/* What follows is a tunnel, whose end says nothing about the response (RFC 9110 sections 9.3.6 and
 * 15.2.2). */
static bool is_tunnel(const ferry_client *client, const char *method) {
    int code = ferry_client_get_response_code(client);
    return code == 101 || (strcmp(method, "CONNECT") == 0 && code / 100 == 2);
}

static ferry_error exchange(ferry_client *client, const char *method, const char *text,
                            body_bytes *body) {
    size_t size = 3 * strlen(text) + 16;
    char *storage = malloc(size);
    ferry_url url;
    ferry_error error = FERRY_ERROR_OUT_OF_MEMORY;
    if (storage != NULL) {
        error = ferry_url_parse(text, storage, size, &url, NULL);
    }
    if (error == FERRY_OK) {
        error = connect_to(client, &url, method);
    }
    if (error == FERRY_OK) {
        error = send_request(client, &url, method);
    }
    if (error == FERRY_OK && !is_tunnel(client, method)) {
        error = read_body(client, body);
    }
    free(storage);
    return error;
}

static json_t *answer(const char *id, const char *method, const char *url) {
    ferry_client_options options = {
        .timeouts = {.connect_ms = TIMEOUT_MS, .total_ms = TIMEOUT_MS},
        .keep_content_coding = true,
    };
    body_bytes content = {.data = NULL};
    ferry_client *client = ferry_client_new(&options);
    if (client == NULL) {
        return NULL;
    }
    ferry_client_set_blocking_mode(client, true);
    ferry_error error = exchange(client, method, url, &content);
    const char *detail = ferry_client_get_error_detail(client);
    char reason[1200] = "";
    if (error != FERRY_OK) {
        snprintf(reason, sizeof reason, "%s: %s", ferry_error_name(error),
                 detail[0] != '\0' ? detail : ferry_error_message(error));
    }
    json_t *result = json_object();
    json_object_set_new(result, "id", json_string(id));
    json_object_set_new(result, "ok", json_boolean(error == FERRY_OK));
    json_object_set_new(result, "status", json_integer(ferry_client_get_response_code(client)));
    json_object_set_new(result, "headers", header_list(client));
    json_object_set_new(result, "body_b64", base64_string(content.data, content.length));
    json_object_set_new(result, "error", latin1_string(reason, strlen(reason)));
    ferry_client_free(client);
    free(content.data);
    return result;
}

static bool print_answer(json_t *result) {
    char *text = json_dumps(result, JSON_COMPACT);
    bool ok = text != NULL && puts(text) >= 0 && fflush(stdout) == 0;
    free(text);
    return ok;
}

int main(void) {
    char *line = NULL;
    size_t size = 0;
    bool ok = true;
    while (ok && getline(&line, &size, stdin) > 0) {
        const char *id = NULL;
        const char *method = NULL;
        const char *url = NULL;
        json_error_t problem;
        json_t *request = json_loads(line, 0, &problem);
        ok = json_unpack_ex(request, &problem, 0, "{s:s, s:s, s:s}", "id", &id, "method", &method,
                            "url", &url) == 0;
        if (ok) {
            json_t *result = answer(id, method, url);
            ok = print_answer(result);
            json_decref(result);
        } else {
            fprintf(stderr, "adapter: not a request: %s\n", problem.text);
        }
        json_decref(request);
    }
    free(line);
    return ok ? 0 : 1;
}
