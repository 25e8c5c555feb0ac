/* SPDX-License-Identifier: MIT */
/* option_takes: what each kind of option does with its argument. An argument that is NULL takes a
 * switch back (--no-NAME). */
#include "option.h"

#include "date.h"
#include "files.h"

#include <ferry.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void *option_member(const cli_reader *reader, const cli_option *option) {
    return (char *)reader->group + option->member;
}

/* ---- Switches ---- */

bool cli_take_flag(cli_reader *reader, const cli_option *option, const char *argument) {
    *(bool *)option_member(reader, option) = argument != NULL;
    return true;
}

bool cli_take_global_flag(cli_reader *reader, const cli_option *option, const char *argument) {
    *(bool *)((char *)reader->options + option->member) = argument != NULL;
    return true;
}

bool cli_take_nothing(cli_reader *reader, const cli_option *option, const char *argument) {
    (void)reader, (void)option, (void)argument;
    return true;
}

bool cli_take_location_trusted(cli_reader *reader, const cli_option *option, const char *argument) {
    (void)option;
    reader->group->follows = argument != NULL;
    reader->group->is_trusting = argument != NULL;
    return true;
}

bool cli_take_retries_all(cli_reader *reader, const cli_option *option, const char *argument) {
    (void)option;
    reader->group->retries_all = argument != NULL;
    reader->group->retries_refused = argument != NULL;
    return true;
}

/* ---- Texts ---- */

bool cli_take_text(cli_reader *reader, const cli_option *option, const char *argument) {
    *(const char **)option_member(reader, option) = argument;
    return true;
}

bool cli_take_line(cli_reader *reader, const cli_option *option, const char *argument) {
    cli_lines_add(option_member(reader, option), argument);
    return true;
}

/* "@file": a header line in each of its lines. */
bool cli_take_header(cli_reader *reader, const cli_option *option, const char *argument) {
    if (argument[0] != '@') {
        return cli_take_line(reader, option, argument);
    }
    cli_text text = {NULL, 0};
    int problem = cli_text_add_file(&text, argument + 1);
    if (problem != 0) {
        return cli_reader_refuse_file(reader, argument + 1, problem);
    }
    for (const char *at = cli_text_get(&text); *at != '\0'; at += *at == '\n') {
        size_t length = strcspn(at, "\n");
        size_t shown = length > 0 && at[length - 1] == '\r' ? length - 1 : length;
        if (shown > 0) {
            cli_lines_add(option_member(reader, option), cli_keep(cli_copy_part(at, shown)));
        }
        at += length;
    }
    cli_text_free(&text);
    return true;
}

bool cli_take_user(cli_reader *reader, const cli_option *option, const char *argument) {
    if (strchr(argument, ':') == NULL) {
        return cli_reader_refuse(reader, "--%s takes USER:PASSWORD: ferry does not ask for one",
                                 option->name);
    }
    return cli_take_text(reader, option, argument);
}

/* "@file" is a file of cookies; with a '=' it is cookies, and otherwise a file too. */
bool cli_take_cookie(cli_reader *reader, const cli_option *option, const char *argument) {
    (void)option;
    bool is_marked = argument[0] == '@';
    bool is_file = is_marked || strchr(argument, '=') == NULL;
    argument += is_marked;
    cli_lines_add(is_file ? &reader->group->cookie_files : &reader->group->cookies, argument);
    return true;
}

bool cli_take_referer(cli_reader *reader, const cli_option *option, const char *argument) {
    size_t length = strlen(argument);
    if (length >= 5 && strcmp(argument + length - 5, ";auto") == 0) {
        return cli_reader_refuse(reader, "--referer takes a URL; ';auto', which curl has, is not "
                                         "in ferry");
    }
    return cli_take_text(reader, option, argument[0] != '\0' ? argument : NULL);
}

bool cli_take_write_out(cli_reader *reader, const cli_option *option, const char *argument) {
    if (argument[0] != '@') {
        return cli_take_text(reader, option, argument);
    }
    cli_text text = {NULL, 0};
    int problem = cli_text_add_file(&text, argument + 1);
    if (problem != 0) {
        return cli_reader_refuse_file(reader, argument + 1, problem);
    }
    cli_text_add(&text, "", 0);
    return cli_take_text(reader, option, cli_keep(text.data));
}

bool cli_take_tls(cli_reader *reader, const cli_option *option, const char *argument) {
    const char *problem = option->read(option_member(reader, option), argument);
    return problem == NULL || cli_reader_refuse(reader, "--%s: %s", option->name, problem);
}

bool cli_take_tls_1_2(cli_reader *reader, const cli_option *option, const char *argument) {
    (void)option, (void)argument;
    return cli_tls_set_version(&reader->group->tls, "1.2") == NULL;
}

bool cli_take_tls_1_3(cli_reader *reader, const cli_option *option, const char *argument) {
    (void)option, (void)argument;
    return cli_tls_set_version(&reader->group->tls, "1.3") == NULL;
}

/* ---- Numbers ---- */

/* Digits with at most one point among them; strtod() would take "inf", "0x1p3" and more. */
static bool seconds_parse(const char *text, int *ms) {
    size_t digits = strspn(text, "0123456789");
    size_t point = text[digits] == '.' ? 1 : 0;
    size_t decimals = strspn(text + digits + point, "0123456789");
    if (digits + decimals == 0 || text[digits + point + decimals] != '\0') {
        return false;
    }
    double exact = strtod(text, NULL) * 1000;
    if (exact < 0 || exact >= INT_MAX) {
        return false;
    }
    *ms = exact > 0 && exact < 1 ? 1 : (int)exact;
    return true;
}

bool cli_take_seconds(cli_reader *reader, const cli_option *option, const char *text) {
    return seconds_parse(text, option_member(reader, option)) ||
           cli_reader_refuse(reader, "--%s takes a number of seconds, such as 2.5, not '%s'",
                             option->name, text);
}

static bool number_parse(const char *text, int64_t *number) {
    const char *digits = text + (*text == '-');
    char *end;
    errno = 0;
    long long parsed = strtoll(text, &end, 10);
    *number = parsed;
    return *digits >= '0' && *digits <= '9' && *end == '\0' && errno == 0;
}

bool cli_take_number(cli_reader *reader, const cli_option *option, const char *text) {
    int64_t number;
    int least = strcmp(option->name, "max-redirs") == 0 ? -1 : 0; /* -1: no limit */
    if (!number_parse(text, &number) || number < least || number > INT_MAX) {
        return cli_reader_refuse(reader, "--%s takes a number, not '%s'", option->name, text);
    }
    *(int *)option_member(reader, option) = (int)number;
    return true;
}

bool cli_take_parallel_max(cli_reader *reader, const cli_option *option, const char *text) {
    int64_t number;
    (void)option;
    if (!number_parse(text, &number) || number < 1 || number > 300) {
        return cli_reader_refuse(reader, "--parallel-max takes a number from 1 to 300, not '%s'",
                                 text);
    }
    reader->options->max_parallel = (int)number;
    return true;
}

/* "100", "10k", "1.5M" are not all curl's: it takes whole numbers, and k, M, G of 1,024 each. */
bool cli_take_size(cli_reader *reader, const cli_option *option, const char *text) {
    static const char units[] = "kmgt";
    size_t digits = strspn(text, "0123456789");
    int64_t size = 0;
    bool is_number = digits > 0 && digits < 19;
    for (size_t i = 0; is_number && i < digits; i++) {
        size = size * 10 + (text[i] - '0');
    }
    const char *end = text + digits;
    if (is_number && *end != '\0') {
        char unit = *end >= 'A' && *end <= 'Z' ? (char)(*end - 'A' + 'a') : *end;
        const char *found = unit == 'b' ? units : strchr(units, unit);
        int shift = found == NULL || unit == 'b' ? 0 : 10 * (int)(found - units + 1);
        is_number = found != NULL && end[1] == '\0' && size <= INT64_MAX >> shift;
        size = is_number ? (int64_t)((uint64_t)size << shift) : 0;
    }
    if (!is_number) {
        return cli_reader_refuse(reader,
                                 "--%s takes a number of bytes, such as 500, 10k or 2M, "
                                 "not '%s'",
                                 option->name, text);
    }
    *(int64_t *)option_member(reader, option) = size;
    return true;
}

bool cli_take_range(cli_reader *reader, const cli_option *option, const char *argument) {
    char *whole = cli_resize(NULL, strlen(argument) + 2);
    strcpy(whole, argument);
    if (argument[0] != '\0' && strchr(argument, '-') == NULL) {
        strcat(whole, "-"); /* "5" is "5-" */
    }
    reader->group->resumes = false;
    return cli_take_text(reader, option, cli_keep(whole));
}

bool cli_take_resume(cli_reader *reader, const cli_option *option, const char *text) {
    int64_t offset = -1;
    (void)option;
    if (strcmp(text, "-") != 0 && (!number_parse(text, &offset) || offset < 0)) {
        return cli_reader_refuse(reader, "-C takes a number of bytes, or -, not '%s'", text);
    }
    reader->group->resumes = true;
    reader->group->resume_from = offset;
    reader->group->range = NULL;
    return true;
}

bool cli_take_condition(cli_reader *reader, const cli_option *option, const char *text) {
    cli_condition *condition = &reader->group->condition;
    (void)option;
    *condition = (cli_condition){.is_set = true, .is_until = text[0] == '-'};
    text += text[0] == '-' || text[0] == '+' || text[0] == '=';
    if (cli_date_read(text, &condition->time_s) || cli_file_time(text, &condition->time_s)) {
        return true;
    }
    cli_say("warning: -z takes a date, or a file whose time it is; '%s' is neither, and is ignored",
            text);
    condition->is_set = false;
    return true;
}

/* ---- What goes to a URL of its own ---- */

bool cli_take_url(cli_reader *reader, const cli_option *option, const char *argument) {
    (void)option;
    return cli_reader_add_url(reader, argument);
}

static void group_add_target(cli_group *group, const cli_target *target) {
    group->targets = cli_resize(group->targets, (group->target_count + 1) * sizeof *group->targets);
    group->targets[group->target_count++] = *target;
}

bool cli_take_output(cli_reader *reader, const cli_option *option, const char *argument) {
    (void)option;
    bool is_standard = strcmp(argument, "-") == 0;
    group_add_target(reader->group, &(cli_target){.file = is_standard ? NULL : argument});
    return true;
}

bool cli_take_remote_name(cli_reader *reader, const cli_option *option, const char *argument) {
    (void)option;
    group_add_target(reader->group, &(cli_target){.has_url_name = argument != NULL});
    return true;
}

bool cli_take_next(cli_reader *reader, const cli_option *option, const char *argument) {
    (void)option, (void)argument;
    if (reader->group->urls.count == 0) {
        return cli_reader_refuse(reader, "there is no URL before --next");
    }
    cli_reader_begin_group(reader);
    return true;
}

/* ---- The program itself ---- */

bool cli_take_config(cli_reader *reader, const cli_option *option, const char *argument) {
    (void)option;
    return cli_reader_take_file(reader, argument);
}

bool cli_take_errors_file(cli_reader *reader, const cli_option *option, const char *argument) {
    (void)option;
    if (strcmp(argument, "-") == 0) {
        return dup2(STDOUT_FILENO, STDERR_FILENO) >= 0;
    }
    int fd = open(argument, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0) {
        return cli_reader_refuse(reader, "--stderr: cannot write %s: %s", argument,
                                 strerror(errno));
    }
    dup2(fd, STDERR_FILENO);
    close(fd);
    return true;
}

/* Both end the program, with success. */
bool cli_take_version(cli_reader *reader, const cli_option *option, const char *argument) {
    (void)reader, (void)option, (void)argument;
    printf("ferry %s\n", ferry_version());
    return false;
}

bool cli_take_help(cli_reader *reader, const cli_option *option, const char *argument) {
    (void)reader, (void)option, (void)argument;
    fputs(cli_help, stdout);
    return false;
}
