/* SPDX-License-Identifier: MIT */
/* whole_file: in a browser there is nothing to be kept in files: its cookies are its own. */
#include "session/whole_file.h"

static ferry_error whole_file_refuse(ferry_context *context, const char *path) {
    return ferry_fail(context, FERRY_ERROR_UNAVAILABLE,
                      "on the web the browser keeps cookies: there is no file %s", path);
}

ferry_error ferry_whole_file_read(ferry_context *context, const char *path, ferry_buffer *content,
                                  bool *is_missing) {
    (void)content;
    *is_missing = false;
    return whole_file_refuse(context, path);
}

ferry_error ferry_whole_file_replace(ferry_context *context, const char *path, const void *data,
                                     size_t length) {
    (void)data;
    (void)length;
    return whole_file_refuse(context, path);
}
