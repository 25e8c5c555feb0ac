/* SPDX-License-Identifier: MIT */
/* disk_file: files of Emscripten's, each byte of which is written at once. */
#include "session/disk.h"
#include "session/download_note.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { ROOM_SIZE = 64 * 1024, REASON_SIZE = 400, NUMBER_SIZE = 32 };

struct ferry_disk_file {
    FILE *stream;
    char *path;
    char *name; /* of the new file; NULL: there is none */
    bool is_part;
    bool is_made; /* there is something at the name, which is ours */
    bool has_part_note;
    ferry_disk_file *next_part; /* of those that are in use */
    char *part_note;
    char *note;
    ferry_disk_findings findings;
    ferry_disk_state state;
    char reason[REASON_SIZE];
    char room[ROOM_SIZE];
};

static void memory_file_fail_with(ferry_disk_file *file, const char *name, const char *words) {
    ferry_format(file->reason, sizeof file->reason, "cannot write %s: %s", name, words);
    file->state = FERRY_DISK_FAILED;
}

static void memory_file_fail(ferry_disk_file *file) {
    memory_file_fail_with(file, file->path, errno == EISDIR ? "it is a folder" : strerror(errno));
}

/* The path and what stands behind it. */
static char *memory_file_name(const ferry_disk_file *file, const char *more) {
    size_t size = strlen(file->path) + strlen(more) + 1;
    char *name = malloc(size);
    if (name != NULL) {
        ferry_format(name, size, "%s%s", file->path, more);
    }
    return name;
}

/* ---- Parts in use: of this module, since no other one has its memory ---- */

static atomic_flag parts_lock = ATOMIC_FLAG_INIT; /* sessions may be on several threads */
static ferry_disk_file *parts;

static void parts_hold(void) {
    while (atomic_flag_test_and_set(&parts_lock)) {
    }
}

static bool part_claim(ferry_disk_file *file) {
    bool is_free = true;
    parts_hold();
    for (const ferry_disk_file *at = parts; at != NULL; at = at->next_part) {
        is_free = is_free && strcmp(at->path, file->path) != 0;
    }
    if (is_free) {
        file->next_part = parts;
        parts = file;
        file->is_part = true;
    }
    atomic_flag_clear(&parts_lock);
    return is_free;
}

static void part_let_go(ferry_disk_file *file) {
    parts_hold();
    ferry_disk_file **at = &parts;
    while (*at != file) {
        at = &(*at)->next_part;
    }
    *at = file->next_part;
    atomic_flag_clear(&parts_lock);
}

/* ---- Notes ---- */

static char *note_read(const ferry_disk_file *file, const char *more) {
    char *name = memory_file_name(file, more);
    FILE *stream = name != NULL ? fopen(name, "rb") : NULL;
    char *text = stream != NULL ? malloc(FERRY_NOTE_MAX + 1) : NULL;
    size_t length = text != NULL ? fread(text, 1, FERRY_NOTE_MAX + 1, stream) : 0;
    if (stream != NULL) {
        fclose(stream);
    }
    free(name);
    if (length == 0 || length > FERRY_NOTE_MAX || memchr(text, '\0', length) != NULL) {
        free(text);
        return NULL;
    }
    text[length] = '\0';
    return text;
}

static bool note_write(const ferry_disk_file *file, const char *more, const char *first,
                       const char *second) {
    char *name = memory_file_name(file, more);
    FILE *stream = name != NULL ? fopen(name, "wb") : NULL;
    bool is_written = stream != NULL && fputs(first, stream) >= 0 && fputs(second, stream) >= 0;
    is_written = stream != NULL && fclose(stream) == 0 && is_written;
    free(name);
    return is_written;
}

static void note_remove(const ferry_disk_file *file, const char *more) {
    char *name = memory_file_name(file, more);
    if (name != NULL) {
        remove(name);
    }
    free(name);
}

/* ---- Before the file is begun ---- */

static bool memory_file_has_obstacle(ferry_disk_file *file) {
    struct stat found;
    if (stat(file->path, &found) == 0 && !S_ISREG(found.st_mode)) {
        memory_file_fail_with(file, file->path,
                              S_ISDIR(found.st_mode) ? "it is a folder" : "it is no file");
        return true;
    }
    return false;
}

static void memory_file_open_part(ferry_disk_file *file) {
    struct stat found;
    file->name = memory_file_name(file, FERRY_PART_NAME);
    if (file->name == NULL) {
        memory_file_fail_with(file, file->path, "out of memory");
    } else if (lstat(file->name, &found) == 0 && !S_ISREG(found.st_mode)) {
        memory_file_fail_with(file, file->name, "it is a link, or no file");
    } else if (!part_claim(file)) {
        memory_file_fail_with(file, file->name, "another transfer writes it");
    } else {
        file->stream = fopen(file->name, "ab");
        file->is_made = file->stream != NULL;
        if (file->stream == NULL) {
            memory_file_fail(file);
        }
    }
    if (file->state == FERRY_DISK_FAILED) {
        return;
    }
    if (stat(file->name, &found) == 0) {
        file->findings.part_length = (int64_t)found.st_size;
    }
    file->part_note = note_read(file, FERRY_PART_NOTE_NAME);
    file->has_part_note = file->part_note != NULL;
    file->findings.part_note = file->has_part_note ? file->part_note : "";
}

static void memory_file_look_at_old(ferry_disk_file *file) {
    ferry_disk_findings *findings = &file->findings;
    struct stat found;
    if (stat(file->path, &found) != 0) {
        return;
    }
    findings->length = (int64_t)found.st_size;
    findings->modified_s = (int64_t)found.st_mtime;
    char *name = memory_file_name(file, FERRY_NOTE_NAME);
    findings->has_note = name != NULL && lstat(name, &found) == 0;
    free(name);
    file->note = note_read(file, FERRY_NOTE_NAME);
    if (file->note != NULL) {
        findings->note = ferry_download_note_unbind(file->note, findings->modified_s,
                                                    findings->length, &findings->is_noted);
    }
}

static void memory_file_destroy(ferry_disk_file *file) {
    if (file->stream != NULL) {
        fclose(file->stream);
    }
    if (file->is_part) {
        part_let_go(file);
    }
    free(file->part_note);
    free(file->note);
    free(file->name);
    free(file->path);
    free(file);
}

static ferry_disk_file *memory_file_new(const char *path) {
    ferry_disk_file *file = calloc(1, sizeof *file);
    size_t size = strlen(path) + 1;
    if (file == NULL) {
        return NULL;
    }
    file->findings = (ferry_disk_findings){.part_note = "", .length = -1, .note = ""};
    file->path = malloc(size);
    if (file->path == NULL) {
        memory_file_destroy(file);
        return NULL;
    }
    memcpy(file->path, path, size);
    return file;
}

ferry_disk_file *ferry_disk_inspect(ferry_disk *disk, const char *path, bool keeps_part) {
    (void)disk;
    ferry_disk_file *file = memory_file_new(path);
    if (file == NULL || memory_file_has_obstacle(file)) {
        return file;
    }
    file->state = FERRY_DISK_FOUND;
    if (keeps_part) {
        memory_file_open_part(file);
    }
    memory_file_look_at_old(file);
    return file;
}

const ferry_disk_findings *ferry_disk_get_findings(const ferry_disk_file *file) {
    return &file->findings;
}

/* No session has hashes here. */
void ferry_disk_hash(ferry_disk_file *file, bool is_old, int64_t length, ferry_hash_kind kind) {
    (void)file;
    (void)is_old;
    (void)length;
    (void)kind;
}

const ferry_hash *ferry_disk_get_hash(const ferry_disk_file *file) {
    (void)file;
    return NULL;
}

/* ---- Writing ---- */

static void memory_file_create(ferry_disk_file *file) {
    static atomic_uint names; /* that were given */
    char number[NUMBER_SIZE];
    ferry_format(number, sizeof number, ".part-%u", atomic_fetch_add(&names, 1) + 1);
    file->name = memory_file_name(file, number);
    file->stream = file->name != NULL ? fopen(file->name, "wbx") : NULL;
    file->is_made = file->stream != NULL;
    if (file->stream == NULL) {
        memory_file_fail(file);
    }
}

static void memory_file_begin_part(ferry_disk_file *file, const char *part_note) {
    note_remove(file, FERRY_PART_NOTE_NAME);
    file->has_part_note = false;
    fclose(file->stream);
    file->stream = fopen(file->name, "wb");
    file->has_part_note = file->stream != NULL && part_note != NULL &&
                          note_write(file, FERRY_PART_NOTE_NAME, part_note, "");
    if (file->stream == NULL || (part_note != NULL && !file->has_part_note)) {
        memory_file_fail(file);
    }
}

ferry_disk_file *ferry_disk_create(ferry_disk *disk, const char *path) {
    (void)disk;
    ferry_disk_file *file = memory_file_new(path);
    if (file != NULL) {
        file->state = FERRY_DISK_OPEN;
        memory_file_create(file);
    }
    return file;
}

void ferry_disk_begin(ferry_disk_file *file, const char *part_note) {
    if (file->state == FERRY_DISK_FAILED) {
        return;
    }
    file->state = FERRY_DISK_OPEN;
    if (file->is_part) {
        memory_file_begin_part(file, part_note);
        return;
    }
    if (file->stream != NULL) {
        fclose(file->stream);
        file->stream = NULL;
        remove(file->name);
    }
    free(file->name);
    memory_file_create(file);
}

void ferry_disk_continue(ferry_disk_file *file) {
    if (file->state == FERRY_DISK_FOUND) {
        file->state = FERRY_DISK_OPEN;
    }
}

size_t ferry_disk_get_room(ferry_disk_file *file, void **room) {
    *room = file->room;
    return file->state == FERRY_DISK_OPEN ? sizeof file->room : 0;
}

void ferry_disk_add(ferry_disk_file *file, size_t length) {
    if (length > 0 && fwrite(file->room, 1, length, file->stream) < length) {
        memory_file_fail(file);
    }
}

/* ---- The end ---- */

static void memory_file_keep_note(const ferry_disk_file *file, const char *note) {
    struct stat found;
    char binding[FERRY_NOTE_BINDING_SIZE];
    if (stat(file->path, &found) == 0 && found.st_mtime >= 0) {
        ferry_download_note_bind(binding, (int64_t)found.st_mtime, (int64_t)found.st_size);
        note_write(file, FERRY_NOTE_NAME, binding, note);
    }
}

void ferry_disk_commit(ferry_disk_file *file, const char *note) {
    if (file->state != FERRY_DISK_OPEN) {
        return;
    }
    int closed = fclose(file->stream);
    file->stream = NULL;
    if (closed == 0 && file->is_part) {
        note_remove(file, FERRY_PART_NOTE_NAME);
        file->has_part_note = false;
    }
    if (closed != 0 || rename(file->name, file->path) != 0) {
        memory_file_fail(file);
        return;
    }
    free(file->name);
    file->name = NULL;
    if (note != NULL) {
        memory_file_keep_note(file, note);
    }
    file->state = FERRY_DISK_DONE;
}

void ferry_disk_settle(ferry_disk_file *file, bool keeps_part) {
    struct stat found;
    if (file->stream != NULL) {
        fclose(file->stream);
        file->stream = NULL;
    }
    bool stays = keeps_part && file->has_part_note && file->name != NULL &&
                 stat(file->name, &found) == 0 && found.st_size > 0;
    if (file->is_made && !stays) {
        if (file->is_part) {
            note_remove(file, FERRY_PART_NOTE_NAME);
        }
        remove(file->name);
    }
    file->state = FERRY_DISK_SETTLED;
}

ferry_disk_state ferry_disk_get_state(ferry_disk_file *file, const char **reason) {
    *reason = file->reason;
    return file->state;
}

void ferry_disk_close(ferry_disk_file *file, bool keeps_part) {
    if (file->state != FERRY_DISK_DONE && file->state != FERRY_DISK_SETTLED) {
        ferry_disk_settle(file, keeps_part);
    }
    memory_file_destroy(file);
}
