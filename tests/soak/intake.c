/* SPDX-License-Identifier: MIT */
/* intake: reads requests; what a client must not send is a finding. */
#include "intake.h"

#include "findings.h"
#include "payload.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool intake_fill(soak_intake *intake) {
    if (intake->begin == intake->end) {
        intake->begin = 0;
        intake->end = 0;
    } else if (intake->end == INTAKE_SIZE) {
        memmove(intake->bytes, intake->bytes + intake->begin, intake->end - intake->begin);
        intake->end -= intake->begin;
        intake->begin = 0;
    }
    size_t room = INTAKE_SIZE - intake->end;
    size_t length = room > 0 ? channel_read(intake->channel, intake->bytes + intake->end, room) : 0;
    intake->end += length;
    return length > 0;
}

/* Takes a line without its CRLF. */
static bool intake_read_line(soak_intake *intake, char *line, size_t size) {
    for (;;) {
        char *from = intake->bytes + intake->begin;
        size_t length = intake->end - intake->begin;
        char *newline = memchr(from, '\n', length);
        if (newline != NULL) {
            size_t taken = (size_t)(newline - from);
            size_t text = taken > 0 && from[taken - 1] == '\r' ? taken - 1 : taken;
            text = text < size - 1 ? text : size - 1;
            memcpy(line, from, text);
            line[text] = '\0';
            intake->begin += taken + 1;
            return true;
        }
        if (!intake_fill(intake)) {
            return false;
        }
    }
}

static bool take_request_line(intake_head *head, const char *line) {
    char method[32];
    char target[4096];
    if (sscanf(line, "%31s %4095s HTTP/1.1", method, target) != 2) {
        return false;
    }
    head->is_connect = strcmp(method, "CONNECT") == 0;
    const char *path = target;
    if (strncmp(path, "http://", 7) == 0) {
        path = strchr(path + 7, '/');
    }
    snprintf(head->target, sizeof head->target, "%s", path != NULL ? path : "/");
    return head->is_connect || head->target[0] == '/';
}

static void take_field(intake_head *head, const char *line) {
    if (strncasecmp(line, "host:", 5) == 0) {
        snprintf(head->host, sizeof head->host, "%s", line + 5 + strspn(line + 5, " "));
    } else if (strncasecmp(line, "content-length:", 15) == 0) {
        head->length = atoll(line + 15);
    } else if (strncasecmp(line, "transfer-encoding:", 18) == 0) {
        head->is_chunked = true;
    } else if (strncasecmp(line, "expect:", 7) == 0) {
        head->expects_continue = true;
    }
}

bool intake_read_head(soak_intake *intake, intake_head *head) {
    char line[8192];
    memset(head, 0, sizeof *head);
    if (!intake_read_line(intake, line, sizeof line)) {
        return false;
    }
    if (!take_request_line(head, line)) {
        findings_add(0, "a request began with \"%.80s\"", line);
        return false;
    }
    while (intake_read_line(intake, line, sizeof line)) {
        if (line[0] == '\0') {
            return true;
        }
        take_field(head, line);
    }
    return false;
}

/* ---- Bodies ---- */

intake_body intake_begin_body(const intake_head *head, const soak_script *script) {
    return (intake_body){
        .script = script,
        .is_chunked = head->is_chunked,
        .left = head->is_chunked ? 0 : (size_t)head->length,
        .is_first = true,
        .is_complete = !head->is_chunked && head->length == 0,
    };
}

/* The next chunk's size, behind the end of the one before. */
static bool body_open_chunk(soak_intake *intake, intake_body *body) {
    char line[256];
    char *end;
    if (!body->is_first && !intake_read_line(intake, line, sizeof line)) {
        return false;
    }
    if (!body->is_first && line[0] != '\0') {
        findings_add(0, "\"%.40s\" stands behind a chunk of an upload", line);
        return false;
    }
    body->is_first = false;
    if (!intake_read_line(intake, line, sizeof line)) {
        return false;
    }
    body->left = (size_t)strtoull(line, &end, 16);
    if (end == line || *end != '\0') {
        findings_add(0, "\"%.40s\" stands for the size of a chunk of an upload", line);
        return false;
    }
    if (body->left == 0) {
        body->is_complete = intake_read_line(intake, line, sizeof line) && line[0] == '\0';
    }
    return true;
}

static bool body_take(soak_intake *intake, intake_body *body, size_t most) {
    const soak_script *script = body->script;
    if (intake->begin == intake->end && !intake_fill(intake)) {
        return false;
    }
    size_t length = intake->end - intake->begin;
    length = length < body->left ? length : body->left;
    length = length < most ? length : most;
    const char *bytes = intake->bytes + intake->begin;
    size_t right = payload_count_right(script_upload_seed(script), body->received, bytes, length);
    if (right < length || body->received + length > script->upload_length) {
        findings_add(0, "request %llx: the upload is wrong at byte %zu of %zu",
                     (unsigned long long)script->seed, body->received + right,
                     script->upload_length);
        return false;
    }
    intake->begin += length;
    body->left -= length;
    body->received += length;
    return true;
}

static bool body_check_end(const intake_body *body) {
    if (body->received != body->script->upload_length) {
        findings_add(0, "request %llx: the upload ended after %zu of %zu bytes",
                     (unsigned long long)body->script->seed, body->received,
                     body->script->upload_length);
        return false;
    }
    return true;
}

bool intake_read_body(soak_intake *intake, intake_body *body, size_t until) {
    while (!body->is_complete && body->received < until) {
        if (body->left > 0 && !body_take(intake, body, until - body->received)) {
            return false;
        }
        if (!body->is_chunked) {
            body->is_complete = body->left == 0;
        } else if (body->left == 0 && body->received < until && !body_open_chunk(intake, body)) {
            return false;
        }
    }
    return !body->is_complete || body_check_end(body);
}
