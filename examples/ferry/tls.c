/* SPDX-License-Identifier: MIT */
/* tls: reads certificates and keys from files. The library takes them as text, so that it
 * opens no files. */
#include "tls.h"

#include "files.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *explain(const char *format, ...) {
    static char sentence[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    return sentence;
}

/* ---- Files ---- */

/* What was there before is replaced, as with most options. */
static const char *read_text(const char *file, char **text, size_t *length) {
    cli_text read = {NULL, 0};
    int problem = cli_text_add_file(&read, file);
    if (problem != 0) {
        cli_text_free(&read);
        return explain("cannot read %s: %s", cli_input_name(file), strerror(problem));
    }
    cli_text_add(&read, "", 0); /* for the NUL of an empty one */
    free(*text);
    *text = read.data;
    *length = read.length;
    return *length > 0 ? NULL : explain("%s is empty", cli_input_name(file));
}

/* PEM is known by its first line. */
const char *cli_tls_read_authorities(cli_tls *tls, const char *file) {
    const char *problem = read_text(file, &tls->authorities, &tls->authorities_length);
    if (problem != NULL) {
        return problem;
    }
    bool is_pem = strstr(tls->authorities, "-----BEGIN") != NULL;
    tls->options.ca_pem = is_pem ? tls->authorities : NULL;
    tls->options.ca_der =
        is_pem ? (ferry_slice){NULL, 0} : (ferry_slice){tls->authorities, tls->authorities_length};
    return NULL;
}

const char *cli_tls_read_certificate(cli_tls *tls, const char *file) {
    size_t length = 0;
    return read_text(file, &tls->certificate, &length);
}

const char *cli_tls_read_key(cli_tls *tls, const char *file) {
    size_t length = 0;
    return read_text(file, &tls->key, &length);
}

const char *cli_tls_read_crl(cli_tls *tls, const char *file) {
    size_t length = 0;
    return read_text(file, &tls->crl, &length);
}

/* ---- The password ---- */

/* A password on the command line can be read by everybody who may list processes. */
const char *cli_tls_read_password(cli_tls *tls, const char *source) {
    size_t length = 0;
    if (strncmp(source, "file:", 5) == 0) {
        const char *problem = read_text(source + 5, &tls->password, &length);
        if (problem == NULL) {
            tls->password[strcspn(tls->password, "\r\n")] = '\0';
        }
        return problem;
    }
    if (strncmp(source, "env:", 4) != 0) {
        return "must be file:NAME or env:NAME, not the password: others can read the command line";
    }
    const char *value = getenv(source + 4);
    if (value == NULL) {
        return explain("the environment has no variable %s", source + 4);
    }
    free(tls->password);
    tls->password = cli_copy(value);
    return NULL;
}

/* ---- Words ---- */

const char *cli_tls_set_version(cli_tls *tls, const char *version) {
    if (strcmp(version, "1.2") == 0) {
        tls->options.min_version = FERRY_TLS_VERSION_1_2;
    } else if (strcmp(version, "1.3") == 0) {
        tls->options.min_version = FERRY_TLS_VERSION_1_3;
    } else {
        return explain("must be 1.2 or 1.3, not '%s'", version);
    }
    return NULL;
}

const char *cli_tls_add_pin(cli_tls *tls, const char *pin) {
    cli_lines_add(&tls->pins, pin);
    return NULL;
}

const char *cli_tls_add_pins(cli_tls *tls, const char *pins) {
    for (const char *at = pins; *at != '\0'; at += *at == ';') {
        size_t length = strcspn(at, ";");
        cli_lines_add(&tls->pins, cli_keep(cli_copy_part(at, length)));
        at += length;
    }
    return NULL;
}

/* ---- The whole ---- */

const char *cli_tls_finish(cli_tls *tls) {
    if (tls->key != NULL && tls->certificate == NULL) {
        return "--key goes with the certificate that it belongs to: there is no --cert";
    }
    if (tls->password != NULL && tls->certificate == NULL) {
        return "--pass opens a key: there is no --cert";
    }
    tls->options.certificate_pem = tls->certificate;
    /* One file may hold both. */
    tls->options.key_pem = tls->key != NULL ? tls->key : tls->certificate;
    tls->options.key_password = tls->password;
    tls->options.crl_pem = tls->crl;
    tls->options.pins = tls->pins.items;
    return NULL;
}

const char *cli_tls_weakness(const cli_tls *tls) {
    if (!tls->options.unsafe) {
        return NULL;
    }
    return tls->authorities != NULL ? "warning: the server's name is not verified (--insecure)"
                                    : "warning: whose server this is, is not verified (--insecure)";
}

/* By way of volatile, or a compiler may leave it out: nothing reads the zeros. */
static void wipe(char *secret) {
    for (volatile char *at = secret; at != NULL && *at != '\0'; at++) {
        *at = '\0';
    }
    free(secret);
}

void cli_tls_free(cli_tls *tls) {
    free(tls->authorities);
    free(tls->certificate);
    wipe(tls->key);
    wipe(tls->password);
    free(tls->crl);
    cli_lines_free(&tls->pins);
}
