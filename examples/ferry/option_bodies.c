/* SPDX-License-Identifier: MIT */
/* option_bodies: the options that give a request its body, or its query. */
#include "option.h"

#include "files.h"

#include <string.h>

/* Adds a file; standard input for "-". Says what is wrong. */
static bool reader_add_file(cli_reader *reader, cli_text *to, const char *file) {
    int problem = cli_text_add_file(to, file);
    return problem == 0 || cli_reader_refuse_file(reader, file, problem);
}

/* What several options give is joined by '&', or for --json by nothing. */
static cli_text *group_begin_data(cli_group *group, const char *between) {
    if (group->has_data && between != NULL) {
        cli_text_add_string(&group->data, between);
    }
    group->has_data = true;
    cli_text_add(&group->data, "", 0);
    return &group->data;
}

/* curl's --data leaves out line breaks and NULs of a file. */
static void text_add_without_breaks(cli_text *to, const cli_text *from) {
    for (size_t i = 0; i < from->length; i++) {
        if (from->data[i] != '\r' && from->data[i] != '\n' && from->data[i] != '\0') {
            cli_text_add(to, &from->data[i], 1);
        }
    }
}

bool cli_take_data(cli_reader *reader, const cli_option *option, const char *argument) {
    (void)option;
    if (argument[0] != '@') {
        cli_text_add_string(group_begin_data(reader->group, "&"), argument);
        return true;
    }
    cli_text file = {NULL, 0};
    bool is_read = reader_add_file(reader, &file, argument + 1);
    if (is_read) {
        text_add_without_breaks(group_begin_data(reader->group, "&"), &file);
    }
    cli_text_free(&file);
    return is_read;
}

bool cli_take_data_raw(cli_reader *reader, const cli_option *option, const char *argument) {
    (void)option;
    cli_text_add_string(group_begin_data(reader->group, "&"), argument);
    return true;
}

static bool reader_add_bytes(cli_reader *reader, const char *argument, const char *between) {
    cli_text *data = group_begin_data(reader->group, between);
    if (argument[0] == '@') {
        return reader_add_file(reader, data, argument + 1);
    }
    cli_text_add_string(data, argument);
    return true;
}

bool cli_take_data_binary(cli_reader *reader, const cli_option *option, const char *argument) {
    (void)option;
    return reader_add_bytes(reader, argument, "&");
}

bool cli_take_json(cli_reader *reader, const cli_option *option, const char *argument) {
    (void)option;
    reader->group->is_json = true;
    return reader_add_bytes(reader, argument, NULL);
}

/* As a form has it: a space is '+'. */
static void text_add_form_encoded(cli_text *to, const char *data, size_t length) {
    for (size_t done = 0; done < length; done++) {
        size_t begin = done;
        while (done < length && data[done] != ' ') {
            done++;
        }
        cli_text_add_encoded(to, data + begin, done - begin);
        if (done < length) {
            cli_text_add_string(to, "+");
        }
    }
}

/* "content", "=content", "name=content", "@file", "name@file": the content is encoded. */
static bool reader_add_encoded(cli_reader *reader, cli_text *to, const char *argument) {
    const char *equals = strchr(argument, '=');
    size_t name = equals != NULL ? (size_t)(equals - argument) : strcspn(argument, "@");
    bool has_mark = argument[name] != '\0';
    if (has_mark && name > 0) {
        cli_text_add(to, argument, name);
        cli_text_add_string(to, "=");
    }
    const char *content = has_mark ? argument + name + 1 : argument;
    if (argument[name] != '@') {
        text_add_form_encoded(to, content, strlen(content));
        return true;
    }
    cli_text file = {NULL, 0};
    bool is_read = reader_add_file(reader, &file, content);
    text_add_form_encoded(to, cli_text_get(&file), file.length);
    cli_text_free(&file);
    return is_read;
}

bool cli_take_data_encoded(cli_reader *reader, const cli_option *option, const char *argument) {
    (void)option;
    return reader_add_encoded(reader, group_begin_data(reader->group, "&"), argument);
}

/* As --data-urlencode, but what begins with '+' is taken as it is. */
bool cli_take_url_query(cli_reader *reader, const cli_option *option, const char *argument) {
    (void)option;
    cli_text *query = &reader->group->url_query;
    if (query->length > 0) {
        cli_text_add_string(query, "&");
    }
    if (argument[0] == '+') {
        cli_text_add_string(query, argument + 1);
        return true;
    }
    return reader_add_encoded(reader, query, argument);
}

static bool reader_add_part(cli_reader *reader, const char *argument, bool is_plain) {
    const char *problem = cli_form_add(&reader->group->form, argument, is_plain);
    return problem == NULL || cli_reader_refuse(reader, "%s", problem);
}

bool cli_take_form(cli_reader *reader, const cli_option *option, const char *argument) {
    (void)option;
    return reader_add_part(reader, argument, false);
}

bool cli_take_form_string(cli_reader *reader, const cli_option *option, const char *argument) {
    (void)option;
    return reader_add_part(reader, argument, true);
}
