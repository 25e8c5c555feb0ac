/* SPDX-License-Identifier: MIT */
/* trust: finds the authorities of a POSIX system where its distribution keeps them. SSL_CERT_FILE
 * and SSL_CERT_DIR name other places, as for OpenSSL. */
#include "platform.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { MAX_BYTES = 16 * 1024 * 1024, PATH_SIZE = 4096 };

static const char *const files[] = {
    "/etc/ssl/certs/ca-certificates.crt",                /* Debian, Alpine, Arch */
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", /* Fedora, RHEL */
    "/etc/pki/tls/certs/ca-bundle.crt",                  /* older ones of these */
    "/etc/ssl/ca-bundle.pem",                            /* SUSE */
    "/var/lib/ca-certificates/ca-bundle.pem",            /* SUSE, again */
    "/etc/ssl/cert.pem",                                 /* Alpine, OpenBSD, FreeBSD, macOS */
    "/usr/local/etc/ssl/cert.pem",                       /* FreeBSD */
    "/usr/local/share/certs/ca-root-nss.crt",            /* FreeBSD, DragonFly */
    "/etc/openssl/certs/ca-certificates.crt",            /* NetBSD */
    "/usr/pkg/share/ncbi/cacert.pem",                    /* NetBSD, pkgsrc */
};

static const char *const folders[] = {
    "/etc/ssl/certs",
    "/etc/pki/tls/certs",
    "/etc/openssl/certs",
};

/* What one reading of them all has come to. */
typedef struct reading {
    ferry_trust_add add;
    void *ctx;
    bool was_denied; /* something is there, and cannot be read */
    int error;       /* an errno: the answer is not complete. It stops there */
} reading;

/* What is not there is no fault; what may not be read is another's; anything else is a shortage,
 * and the same call may succeed later. */
static void reading_note(reading *self, int error) {
    switch (error) {
    case ENOENT:
    case ENOTDIR:
    case ENAMETOOLONG:
    case ELOOP:
        break;
    case EACCES:
    case EPERM:
        self->was_denied = true;
        break;
    default:
        self->error = error;
    }
}

/* The whole file and NUL; NULL where it cannot be had. */
static char *read_open_file(reading *self, FILE *file, size_t *size) {
    struct stat info;
    if (fstat(fileno(file), &info) != 0) {
        reading_note(self, errno);
        return NULL;
    }
    if (!S_ISREG(info.st_mode) || info.st_size <= 0 || info.st_size > MAX_BYTES) {
        return NULL;
    }
    char *text = malloc((size_t)info.st_size + 1);
    if (text == NULL) {
        reading_note(self, ENOMEM);
        return NULL;
    }
    errno = 0;
    *size = fread(text, 1, (size_t)info.st_size, file);
    if (ferror(file)) {
        reading_note(self, errno != 0 ? errno : EIO);
    }
    text[*size] = '\0';
    return text;
}

static size_t add_file(reading *self, const char *path) {
    size_t size = 0;
    /* "e": it is not for a child that another thread begins meanwhile. */
    FILE *file = self->error == 0 ? fopen(path, "rbe") : NULL;
    if (file == NULL) {
        if (self->error == 0) {
            reading_note(self, errno);
        }
        return 0;
    }
    char *text = read_open_file(self, file, &size);
    fclose(file);
    size_t count = text != NULL && self->error == 0 ? self->add(self->ctx, text, size) : 0;
    free(text);
    return count;
}

static bool ends_with(const char *name, const char *end) {
    size_t length = strlen(name);
    size_t end_length = strlen(end);
    return length > end_length && strcmp(name + length - end_length, end) == 0;
}

/* As c_rehash names them: "1a2b3c4d.0", and ".1" for another one with the same subject. */
static bool is_hash(const char *name) {
    return strspn(name, "0123456789abcdef") == 8 && name[8] == '.' && name[9] != '\0' &&
           strspn(name + 9, "0123456789") == strlen(name + 9);
}

/* NULL at the end, and where the rest cannot be had. */
static struct dirent *next_entry(reading *self, DIR *dir) {
    errno = 0;
    struct dirent *entry = self->error == 0 ? readdir(dir) : NULL;
    if (entry == NULL && errno != 0) {
        reading_note(self, errno);
    }
    return entry;
}

/* Certificates by their own names; what c_rehash makes of them only where `hashed` says so, since
 * it is the same once more. */
static size_t add_folder(reading *self, const char *folder, bool hashed) {
    size_t count = 0;
    DIR *dir = self->error == 0 ? opendir(folder) : NULL;
    if (dir == NULL) {
        if (self->error == 0) {
            reading_note(self, errno);
        }
        return 0;
    }
    for (struct dirent *entry = next_entry(self, dir); entry != NULL;
         entry = next_entry(self, dir)) {
        char path[PATH_SIZE];
        bool named = ends_with(entry->d_name, ".pem") || ends_with(entry->d_name, ".crt");
        int length = snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if ((hashed ? is_hash(entry->d_name) : named) && length < PATH_SIZE) {
            count += add_file(self, path);
        }
    }
    closedir(dir);
    return count;
}

static bool add_any_folder(reading *self, const char *folder) {
    return add_folder(self, folder, true) > 0 || add_folder(self, folder, false) > 0;
}

/* Colons separate several folders, as in OpenSSL. */
static void add_folders(reading *self, const char *list) {
    char path[PATH_SIZE];
    for (const char *at = list;;) {
        size_t length = strcspn(at, ":");
        if (length > 0 && length < sizeof path) {
            memcpy(path, at, length);
            path[length] = '\0';
            add_any_folder(self, path);
        }
        if (at[length] == '\0') {
            return;
        }
        at += length + 1;
    }
}

static void trust_record_place(char *looked, size_t size, const char *what, const char *place) {
    size_t used = strlen(looked);
    snprintf(looked + used, size - used, "%s%s%s", used > 0 ? ", " : "", what, place);
}

static void read_places(reading *self, const ferry_trust_places *places, char *looked,
                        size_t looked_size) {
    if (places->file != NULL) {
        trust_record_place(looked, looked_size, "SSL_CERT_FILE=", places->file);
        add_file(self, places->file);
    }
    if (places->folders != NULL) {
        trust_record_place(looked, looked_size, "SSL_CERT_DIR=", places->folders);
        add_folders(self, places->folders);
    }
}

static void read_usual_places(reading *self, char *looked, size_t looked_size) {
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        trust_record_place(looked, looked_size, "", files[i]);
        if (add_file(self, files[i]) > 0) {
            return;
        }
    }
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        trust_record_place(looked, looked_size, "", folders[i]);
        if (add_any_folder(self, folders[i])) {
            return;
        }
    }
}

int ferry_trust_read(const ferry_trust_places *places, ferry_trust_add add, void *ctx, char *looked,
                     size_t looked_size) {
    reading self = {.add = add, .ctx = ctx};
    looked[0] = '\0';
    if (places->file != NULL || places->folders != NULL) {
        read_places(&self, places, looked, looked_size);
    } else {
        read_usual_places(&self, looked, looked_size);
    }
    return self.error == 0 && self.was_denied ? EACCES : self.error;
}

static bool copy_variable(const char *name, char **copy) {
    const char *value = ferry_platform_getenv(name);
    *copy = value != NULL ? ferry_text_copy(&ferry_default_allocator, value) : NULL;
    return value == NULL || *copy != NULL;
}

bool ferry_trust_places_init(ferry_trust_places *places) {
    *places = (ferry_trust_places){NULL, NULL};
    if (copy_variable("SSL_CERT_FILE", &places->file) &&
        copy_variable("SSL_CERT_DIR", &places->folders)) {
        return true;
    }
    ferry_trust_places_deinit(places);
    return false;
}

void ferry_trust_places_deinit(ferry_trust_places *places) {
    free(places->file);
    free(places->folders);
    *places = (ferry_trust_places){NULL, NULL};
}
