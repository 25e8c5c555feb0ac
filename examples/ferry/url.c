/* SPDX-License-Identifier: MIT */
/* url: the name of a file comes from what the user has typed, never from the server. */
#include "url.h"

#include <ferry.h>

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* People leave "http://" out. "http:" alone is a scheme as well, to the URL standard. */
static bool has_scheme(const char *url) {
    const char *separator = strstr(url, "://");
    return (separator != NULL && strcspn(url, "/?#") >= (size_t)(separator - url)) ||
           strncasecmp(url, "http:", 5) == 0 || strncasecmp(url, "https:", 6) == 0;
}

static bool has_other_scheme(const char *url) {
    return strncasecmp(url, "http:", 5) != 0 && strncasecmp(url, "https:", 6) != 0;
}

/* Where the path begins in a URL with a scheme; at the end where it has none. */
static size_t url_find_path(const char *url) {
    const char *host = strstr(url, "://");
    size_t begin = host != NULL ? (size_t)(host + 3 - url) : 0;
    return begin + strcspn(url + begin, "/?#");
}

/* "http://host/folder/" is the folder that the file goes to. */
static void url_add_file_name(cli_text *url, const char *typed, size_t end, const char *upload) {
    const char *slash = strrchr(upload, '/');
    const char *name = slash != NULL ? slash + 1 : upload;
    cli_text_add(url, typed, end);
    if (end == url_find_path(typed)) {
        cli_text_add_string(url, "/");
    }
    cli_text_add_encoded(url, name, strlen(name));
}

static void url_add_query(cli_text *url, const char *query) {
    if (query[0] != '\0') {
        cli_text_add_string(url, strchr(cli_text_get(url), '?') != NULL ? "&" : "?");
        cli_text_add_string(url, query);
    }
}

static void url_write(cli_text *url, const cli_group *group, const char *typed,
                      const char *upload) {
    size_t path = url_find_path(typed);
    size_t path_end = path + strcspn(typed + path, "?#");
    size_t end = path_end + strcspn(typed + path_end, "#");
    bool is_folder = path_end == path || typed[path_end - 1] == '/';
    if (upload != NULL && upload[0] != '\0' && strcmp(upload, "-") != 0 &&
        strcmp(upload, ".") != 0 && is_folder) {
        url_add_file_name(url, typed, path_end, upload);
        cli_text_add(url, typed + path_end, end - path_end);
    } else {
        cli_text_add(url, typed, end);
    }
    url_add_query(url, cli_text_get(&group->url_query));
    if (group->is_query) {
        url_add_query(url, cli_text_get(&group->data));
    }
    cli_text_add_string(url, typed + end);
}

cli_exit cli_url_make(cli_text *url, const cli_group *group, const char *typed, const char *upload,
                      const char **problem) {
    while (*typed != '\0' && (unsigned char)*typed <= ' ') {
        typed++;
    }
    cli_text whole = {NULL, 0};
    cli_text_add_format(&whole, "%s%s", has_scheme(typed) ? "" : "http://", typed);
    url_write(url, group, whole.data, upload);
    bool is_other = has_other_scheme(whole.data);
    cli_text_free(&whole);
    size_t storage_size = 3 * url->length + 16;
    char *storage = cli_resize(NULL, storage_size);
    ferry_url parts;
    ferry_error error = ferry_url_parse(cli_text_get(url), storage, storage_size, &parts, problem);
    free(storage);
    return error == FERRY_OK ? CLI_EXIT_OK : is_other ? CLI_EXIT_SCHEME : CLI_EXIT_URL;
}

static int hex_of(char digit) {
    static const char digits[] = "0123456789abcdef";
    char low = digit >= 'A' && digit <= 'F' ? (char)(digit - 'A' + 'a') : digit;
    const char *found = digit != '\0' ? strchr(digits, low) : NULL;
    return found != NULL ? (int)(found - digits) : -1;
}

/* As a server or a careless program would read it. */
static char *text_decode(const char *text) {
    char *decoded = cli_copy(text);
    char *to = decoded;
    for (const char *at = text; *at != '\0'; at++) {
        int high = *at == '%' ? hex_of(at[1]) : -1;
        int low = high >= 0 ? hex_of(at[2]) : -1;
        *to++ = low >= 0 ? (char)(high * 16 + low) : *at;
        at += low >= 0 ? 2 : 0;
    }
    *to = '\0';
    return decoded;
}

char *cli_url_userinfo(const char *url) {
    size_t size = 3 * strlen(url) + 16;
    char *storage = cli_resize(NULL, size);
    ferry_url parts;
    char *decoded = NULL;
    if (ferry_url_parse(url, storage, size, &parts, NULL) == FERRY_OK && parts.userinfo != NULL) {
        decoded = text_decode(parts.userinfo);
        if (strchr(decoded, ':') == NULL) {
            cli_text whole = {NULL, 0};
            cli_text_add_format(&whole, "%s:", decoded);
            free(decoded);
            decoded = whole.data;
        }
    }
    free(storage);
    return decoded;
}

static bool name_is_safe(const char *name) {
    char *decoded = text_decode(name);
    bool is_safe = strlen(decoded) > 0 && strcmp(decoded, ".") != 0 && strcmp(decoded, "..") != 0 &&
                   strpbrk(decoded, "/\\") == NULL;
    for (const char *at = decoded; *at != '\0'; at++) {
        is_safe = is_safe && (unsigned char)*at >= ' ' && *at != 0x7f;
    }
    free(decoded);
    return is_safe;
}

char *cli_url_name(const char *typed, const char **problem) {
    cli_text whole = {NULL, 0};
    cli_text_add_format(&whole, "%s%s", has_scheme(typed) ? "" : "http://", typed);
    size_t path = url_find_path(whole.data);
    whole.data[path + strcspn(whole.data + path, "?#")] = '\0';
    const char *slash = strrchr(whole.data + path, '/');
    char *name = cli_copy(slash != NULL ? slash + 1 : "");
    cli_text_free(&whole);
    *problem = NULL;
    if (name[0] == '\0') {
        *problem = "the URL ends without the name of a file, which -O needs";
    } else if (!name_is_safe(name)) {
        *problem = "the name at the end of the URL is none that -O may write to";
    }
    if (*problem != NULL) {
        free(name);
        return NULL;
    }
    return name;
}
