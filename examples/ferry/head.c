/* SPDX-License-Identifier: MIT */
/* head: a response's head as text: the lines end with CR LF, as they came. */
#include "transfer_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

int cli_head_write(const ferry_transfer *handle, cli_text *head) {
    int version = ferry_transfer_get_response_http_version(handle);
    const char *const *lines = ferry_transfer_get_response_headers(handle, NULL);
    int count = 0;
    cli_text_add_format(head, "HTTP/%d.%d %d %s\r\n", version / 10, version % 10,
                        ferry_transfer_get_response_code(handle),
                        ferry_transfer_get_response_reason(handle));
    for (; lines[count] != NULL; count++) {
        cli_text_add_format(head, "%s\r\n", lines[count]);
    }
    cli_text_add_string(head, "\r\n");
    return count;
}

/* Line by line: a line break is a control character too. */
void cli_head_make_printable(cli_text *head) {
    cli_text shown = {NULL, 0};
    for (char *at = head->data; *at != '\0';) {
        char *end = strstr(at, "\r\n");
        *end = '\0';
        ferry_text_make_printable(at);
        cli_text_add_format(&shown, "%s\n", at);
        at = end + 2;
    }
    cli_text_free(head);
    *head = shown;
}

/* The file of -D, opened `how`: O_TRUNC or O_APPEND. */
static cli_output head_open(const char *file, int how) {
    cli_output output = {.fd = STDOUT_FILENO, .name = "standard output", .is_begun = true};
    if (strcmp(file, "-") != 0) {
        output.name = file;
        output.fd = open(file, O_WRONLY | O_CREAT | O_CLOEXEC | how, 0666);
    }
    return output;
}

static void transfer_fail_head(cli_transfer *transfer, const cli_output *output, int problem) {
    if (problem != 0) {
        cli_transfer_fail_file(transfer, CLI_EXIT_WRITE, "write", output->name, strerror(problem));
    }
}

void cli_head_begin_file(cli_transfer *transfer) {
    cli_output output = head_open(transfer->group->head_file, O_TRUNC);
    int problem = output.fd < 0 ? errno : cli_output_close(&output);
    transfer_fail_head(transfer, &output, problem);
}

void cli_head_add_to_file(cli_transfer *transfer, const cli_text *head) {
    cli_output output = head_open(transfer->group->head_file, O_APPEND);
    int problem = output.fd < 0 ? errno : cli_output_write(&output, head->data, head->length);
    int close_problem = cli_output_close(&output);
    transfer_fail_head(transfer, &output, problem != 0 ? problem : close_problem);
}
