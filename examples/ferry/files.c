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

int cli_text_add_input(cli_text *text, cli_input *input) {
    int problem;
    char *piece = cli_resize(NULL, READ_SIZE);
    size_t got = 0;
    do {
        problem = cli_input_read(input, piece, READ_SIZE, &got);
        if (problem == 0) {
            cli_text_add(text, piece, got);
        }
    } while (problem == 0 && got > 0);
    free(piece);
    return problem;
}

int cli_text_add_file(cli_text *text, const char *file) {
    cli_input input;
    int problem = cli_input_open(&input, file);
    if (problem == 0) {
        problem = cli_text_add_input(text, &input);
        cli_input_close(&input);
    }
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

int cli_input_seek(cli_input *input, int64_t offset) {
    return lseek(input->fd, (off_t)offset, SEEK_SET) < 0 ? errno : 0;
}

const char *cli_input_name(const char *file) {
    return strcmp(file, "-") == 0 ? "standard input" : file;
}

/* ---- Output ---- */

/* Whether a file can be made there. */
static int folder_check(const char *file) {
    const char *slash = strrchr(file, '/');
    if (file[0] == '\0') {
        return ENOENT;
    }
    char *folder = slash != NULL ? cli_copy_part(file, (size_t)(slash - file) + 1) : cli_copy(".");
    int problem = faccessat(AT_FDCWD, folder, W_OK | X_OK, AT_EACCESS) != 0 ? errno : 0;
    free(folder);
    return problem;
}

int cli_output_open(cli_output *output, const char *file, bool is_new) {
    *output = (cli_output){.fd = STDOUT_FILENO, .name = "standard output"};
    if (file == NULL) {
        return 0;
    }
    output->name = file;
    output->was_created = is_new;
    output->fd = open(file, O_WRONLY | O_CLOEXEC | (is_new ? O_CREAT | O_EXCL : 0), 0666);
    if (output->fd < 0 && errno == ENOENT && !is_new) {
        output->is_file = true;
        return folder_check(file);
    }
    struct stat about;
    if (output->fd < 0 || fstat(output->fd, &about) != 0) {
        return errno;
    }
    output->is_file = S_ISREG(about.st_mode);
    return 0;
}

int cli_output_begin(cli_output *output) {
    if (output->is_begun) {
        return 0;
    }
    output->is_begun = true;
    if (!output->is_file) {
        return 0;
    }
    if (output->fd < 0) {
        output->fd = open(output->name, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
    }
    bool is_ready = ftruncate(output->fd, (off_t)output->from) == 0 &&
                    lseek(output->fd, (off_t)output->from, SEEK_SET) >= 0;
    return is_ready ? 0 : errno;
}

int cli_output_restart(cli_output *output) {
    bool was_begun = output->is_begun;
    if (!output->is_file) {
        return 0;
    }
    output->is_begun = false;
    output->written = 0;
    return was_begun ? cli_output_begin(output) : 0;
}

int cli_output_write(cli_output *output, const void *data, size_t length) {
    const char *at = data;
    int problem = cli_output_begin(output);
    if (problem != 0) {
        return problem;
    }
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

int cli_folders_make(const char *file) {
    char *path = cli_copy(file);
    int problem = 0;
    for (char *slash = strchr(path + (*path == '/'), '/'); slash != NULL && problem == 0;
         slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        problem = mkdir(path, 0750) != 0 && errno != EEXIST ? errno : 0;
        *slash = '/';
    }
    free(path);
    return problem;
}
