/* SPDX-License-Identifier: MIT */
/* download_note: one thing a line, in one order, so that what is cut or changed shows. */
#include "download_note.h"

#include "base/number.h"
#include "disk.h"

static const char note_head[] = "ferry 1\n";

char *ferry_download_note_write(const ferry_context *context, const ferry_download_note *note) {
    enum { WORDS = 64 + FERRY_DECIMAL_SIZE };
    size_t longest = FERRY_NOTE_MAX - 2 * WORDS; /* the one that binds it to its file goes first */
    if (note->url.length > longest || note->etag.length > longest - note->url.length ||
        note->modified.length > longest - note->url.length - note->etag.length) {
        return NULL;
    }
    size_t size = WORDS + note->url.length + note->etag.length + note->modified.length;
    char *text = ferry_alloc(context, size);
    if (text != NULL) {
        ferry_format(text, size, "%surl %.*s\netag %.*s\nmodified %.*s\nlength %lld\nend\n",
                     note_head, (int)note->url.length, note->url.data, (int)note->etag.length,
                     note->etag.data, (int)note->modified.length, note->modified.data,
                     (long long)note->length);
    }
    return text;
}

/* Takes "NAME VALUE" and the line's end off. */
static bool note_take(ferry_span *rest, const char *name, ferry_span *value) {
    if (!ferry_span_take_prefix(rest, ferry_span_of(name))) {
        return false;
    }
    *value = (ferry_span){rest->data, ferry_span_find_any(*rest, "\n")};
    if (value->length == rest->length) {
        return false; /* the line has no end */
    }
    for (size_t i = 0; i < value->length; i++) {
        unsigned char c = (unsigned char)value->data[i];
        if ((c < 0x20 && c != '\t') || c == 0x7f) {
            return false; /* it came from no header and no URL */
        }
    }
    *rest = ferry_span_skip(*rest, value->length + 1);
    return true;
}

bool ferry_download_note_read(const char *text, ferry_download_note *note) {
    ferry_span rest = ferry_span_of(text);
    ferry_span length;
    *note = (ferry_download_note){.length = -1};
    bool is_read = ferry_span_take_prefix(&rest, FERRY_SPAN(note_head)) &&
                   note_take(&rest, "url ", &note->url) && note_take(&rest, "etag ", &note->etag) &&
                   note_take(&rest, "modified ", &note->modified) &&
                   note_take(&rest, "length ", &length) &&
                   ferry_span_equals(rest, FERRY_SPAN("end\n"));
    if (!is_read || note->url.length == 0) {
        return false;
    }
    return ferry_span_equals(length, FERRY_SPAN("-1")) || ferry_decimal_read(length, &note->length);
}

void ferry_download_note_bind(char binding[FERRY_NOTE_BINDING_SIZE], int64_t modified_s,
                              int64_t length) {
    ferry_format(binding, FERRY_NOTE_BINDING_SIZE, "%lld %lld\n", (long long)modified_s,
                 (long long)length);
}

const char *ferry_download_note_unbind(const char *text, int64_t modified_s, int64_t length,
                                       bool *is_bound) {
    char binding[FERRY_NOTE_BINDING_SIZE];
    ferry_download_note_bind(binding, modified_s, length);
    *is_bound = strncmp(text, binding, strlen(binding)) == 0;
    return *is_bound ? text + strlen(binding) : "";
}
