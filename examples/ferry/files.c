/* SPDX-License-Identifier: MIT */
/* files: uses file descriptors and not stdio, so that every byte goes out as it comes. */
#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { READ_SIZE = 65536 };

/* ---- Bytes ---- */

int cli_bytes_append(char **bytes, size_t *length, const char *more, size_t more_length) {
    if (more_length > SIZE_MAX - *length - 1) {
        return ENOMEM;
    }
    char *grown = realloc(*bytes, *length + more_length + 1);
    if (grown == NULL) {
        return ENOMEM;
    }
    memcpy(grown + *length, more, more_length);
    *bytes = grown;
    *length += more_length;
    return 0;
}

int cli_lines_append(cli_lines *lines, const char *text) {
    const char **grown = realloc(lines->items, (lines->count + 2) * sizeof *grown);
    if (grown == NULL) {
        return ENOMEM;
    }
    grown[lines->count++] = text;
    grown[lines->count] = NULL;
    lines->items = grown;
    return 0;
}

int cli_bytes_append_file(char **bytes, size_t *length, const char *file) {
    cli_input input;
    char *piece = malloc(READ_SIZE);
    int problem = piece == NULL ? ENOMEM : cli_input_open(&input, file);
    if (problem != 0) {
        free(piece);
        return problem;
    }
    size_t got = 0;
    do {
        problem = cli_input_read(&input, piece, READ_SIZE, &got);
        if (problem == 0) {
            problem = cli_bytes_append(bytes, length, piece, got);
        }
    } while (problem == 0 && got > 0);
    cli_input_close(&input);
    free(piece);
    return problem;
}

/* ---- Input ---- */

int cli_input_open(cli_input *input, const char *file) {
    *input = (cli_input){.fd = STDIN_FILENO, .length = -1, .name = cli_input_name(file)};
    if (strcmp(file, "-") == 0) {
        return 0;
    }
    struct stat about;
    input->fd = open(file, O_RDONLY | O_CLOEXEC);
    if (input->fd < 0) {
        return errno;
    }
    int problem = fstat(input->fd, &about) != 0 ? errno : (S_ISDIR(about.st_mode) ? EISDIR : 0);
    if (problem != 0) {
        cli_input_close(input);
        return problem;
    }
    input->length = S_ISREG(about.st_mode) ? (int64_t)about.st_size : -1;
    if (input->length == 0) { /* so say the files of /proc, which are made while they are read */
        char byte;
        input->length = pread(input->fd, &byte, 1, 0) == 0 ? 0 : -1;
    }
    return 0;
}

void cli_input_close(cli_input *input) {
    if (input->fd > STDIN_FILENO) {
        close(input->fd);
    }
    input->fd = -1;
}

bool cli_input_is_ready(const cli_input *input) {
    struct pollfd wait = {.fd = input->fd, .events = POLLIN};
    return input->length >= 0 || poll(&wait, 1, 0) != 0;
}

int cli_input_read(cli_input *input, void *dst, size_t capacity, size_t *length) {
    ssize_t got;
    do {
        got = read(input->fd, dst, capacity);
    } while (got < 0 && errno == EINTR);
    if (got < 0) {
        return errno;
    }
    *length = (size_t)got;
    return 0;
}

const char *cli_input_name(const char *file) {
    return strcmp(file, "-") == 0 ? "standard input" : file;
}

/* ---- Output ---- */

int cli_output_open(cli_output *output, const char *file) {
    *output = (cli_output){.fd = STDOUT_FILENO, .name = "standard output"};
    if (file == NULL) {
        return 0;
    }
    output->name = file;
    output->fd = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    output->was_created = output->fd >= 0;
    if (output->fd < 0 && errno == EEXIST) {
        output->fd = open(file, O_WRONLY | O_CLOEXEC);
    }
    struct stat about;
    if (output->fd < 0 || fstat(output->fd, &about) != 0) {
        return errno;
    }
    output->is_file = S_ISREG(about.st_mode);
    return 0;
}

int cli_output_begin(cli_output *output) {
    output->is_begun = true;
    return output->is_file && ftruncate(output->fd, 0) != 0 ? errno : 0;
}

int cli_output_write(cli_output *output, const void *data, size_t length) {
    const char *at = data;
    while (length > 0) {
        ssize_t written = write(output->fd, at, length);
        if (written >= 0) {
            at += written;
            length -= (size_t)written;
            output->written += written;
            continue;
        }
        if (errno == EAGAIN) { /* whoever shares the terminal or pipe made it non-blocking */
            struct pollfd wait = {.fd = output->fd, .events = POLLOUT};
            poll(&wait, 1, -1);
        } else if (errno != EINTR) {
            return errno;
        }
    }
    return 0;
}

int cli_output_close(cli_output *output) {
    int problem = 0;
    if (output->fd >= 0 && output->fd != STDOUT_FILENO) {
        problem = close(output->fd) != 0 ? errno : 0;
        if (output->was_created && !output->is_begun) {
            unlink(output->name);
        }
    }
    output->fd = -1;
    return problem;
}

bool cli_output_is_terminal(const cli_output *output) {
    return isatty(output->fd) == 1;
}
