/* SPDX-License-Identifier: MIT */
/* trust: the authorities of a POSIX system, where its distribution keeps them; SSL_CERT_FILE and
 * SSL_CERT_DIR name others, as for OpenSSL. */
#include "trust.h"
#include "platform.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { MOST_BYTES = 16 * 1024 * 1024, PATH_SIZE = 4096 };

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

/* The whole file and NUL; NULL where it cannot be had. */
static char *read_file(const char *path, size_t *size) {
    FILE *file = fopen(path, "rb");
    struct stat info;
    if (file == NULL) {
        return NULL;
    }
    char *text = NULL;
    if (fstat(fileno(file), &info) == 0 && S_ISREG(info.st_mode) && info.st_size > 0 &&
        info.st_size <= MOST_BYTES) {
        text = malloc((size_t)info.st_size + 1);
    }
    if (text != NULL) {
        *size = fread(text, 1, (size_t)info.st_size, file);
        text[*size] = '\0';
    }
    fclose(file);
    return text;
}

static size_t add_file(const char *path, ferry_trust_add add, void *ctx) {
    size_t size = 0;
    char *text = read_file(path, &size);
    size_t count = text != NULL ? add(ctx, text, size) : 0;
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

/* Certificates by their own names; what c_rehash makes of them only where `hashed` says so, since
 * it is the same once more. */
static size_t add_folder(const char *folder, bool hashed, ferry_trust_add add, void *ctx) {
    size_t count = 0;
    DIR *dir = opendir(folder);
    if (dir == NULL) {
        return 0;
    }
    for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        char path[PATH_SIZE];
        bool named = ends_with(entry->d_name, ".pem") || ends_with(entry->d_name, ".crt");
        int length = snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if ((hashed ? is_hash(entry->d_name) : named) && length < PATH_SIZE) {
            count += add_file(path, add, ctx);
        }
    }
    closedir(dir);
    return count;
}

static bool add_any_folder(const char *folder, ferry_trust_add add, void *ctx) {
    return add_folder(folder, true, add, ctx) > 0 || add_folder(folder, false, add, ctx) > 0;
}

/* Several are parted by colons, as OpenSSL has it. */
static void add_folders(const char *list, ferry_trust_add add, void *ctx) {
    char path[PATH_SIZE];
    for (const char *at = list;;) {
        size_t length = strcspn(at, ":");
        if (length > 0 && length < sizeof path) {
            memcpy(path, at, length);
            path[length] = '\0';
            add_any_folder(path, add, ctx);
        }
        if (at[length] == '\0') {
            return;
        }
        at += length + 1;
    }
}

static void note(char *looked, size_t size, const char *what, const char *place) {
    size_t used = strlen(looked);
    snprintf(looked + used, size - used, "%s%s%s", used > 0 ? ", " : "", what, place);
}

void ferry_trust_read(ferry_trust_add add, void *ctx, char *looked, size_t looked_size) {
    const char *file = ferry_platform_getenv("SSL_CERT_FILE");
    const char *folder = ferry_platform_getenv("SSL_CERT_DIR");
    looked[0] = '\0';
    if (file != NULL || folder != NULL) {
        if (file != NULL) {
            note(looked, looked_size, "SSL_CERT_FILE=", file);
            add_file(file, add, ctx);
        }
        if (folder != NULL) {
            note(looked, looked_size, "SSL_CERT_DIR=", folder);
            add_folders(folder, add, ctx);
        }
        return;
    }
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        note(looked, looked_size, "", files[i]);
        if (add_file(files[i], add, ctx) > 0) {
            return;
        }
    }
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        note(looked, looked_size, "", folders[i]);
        if (add_any_folder(folders[i], add, ctx)) {
            return;
        }
    }
}

bool ferry_trust_write_key(char *text, size_t size) {
    const char *file = ferry_platform_getenv("SSL_CERT_FILE");
    const char *folder = ferry_platform_getenv("SSL_CERT_DIR");
    int length =
        snprintf(text, size, "%s%s\n%s%s", file != NULL ? "f" : "", file != NULL ? file : "",
                 folder != NULL ? "d" : "", folder != NULL ? folder : "");
    return length >= 0 && (size_t)length < size;
}
