/* SPDX-License-Identifier: MIT */
/* failures: says in a sentence why a handshake or a connection has failed. */
#include "failures.h"

#include "codes.h"

#include <stdio.h>
#include <string.h>

/* mbedTLS has no call for it; its content is a level and the description. */
static int alert_get(const ferry_tls_stream *self) {
    return self->ssl.MBEDTLS_PRIVATE(in_msg)[1];
}

/* ---- Of the handshake ---- */

static bool answer_is_plain_http(const ferry_tls_stream *self) {
    return self->bio.first_count >= 5 && memcmp(self->bio.first_bytes, "HTTP/", 5) == 0;
}

static bool answer_is_tls(const ferry_tls_stream *self) {
    return self->bio.first_count == 0 ||
           (self->bio.first_bytes[0] >= 20 && self->bio.first_bytes[0] <= 24);
}

static const char *alert_get_hint(int alert) {
    switch (alert) {
    case MBEDTLS_SSL_ALERT_MSG_HANDSHAKE_FAILURE:
        return ": no version, cipher or key exchange is common to both";
    case MBEDTLS_SSL_ALERT_MSG_PROTOCOL_VERSION:
        return ": it speaks no TLS version that is accepted here";
    case MBEDTLS_SSL_ALERT_MSG_UNRECOGNIZED_NAME:
        return ": it does not know this host";
    case MBEDTLS_SSL_ALERT_MSG_NO_APPLICATION_PROTOCOL:
        return ": it does not speak HTTP/1.1";
    case 116: /* certificate_required */
        return ": it asks for a client certificate";
    case MBEDTLS_SSL_ALERT_MSG_BAD_CERT:
    case MBEDTLS_SSL_ALERT_MSG_UNSUPPORTED_CERT:
    case MBEDTLS_SSL_ALERT_MSG_CERT_REVOKED:
    case MBEDTLS_SSL_ALERT_MSG_CERT_EXPIRED:
    case MBEDTLS_SSL_ALERT_MSG_CERT_UNKNOWN:
    case MBEDTLS_SSL_ALERT_MSG_UNKNOWN_CA:
    case MBEDTLS_SSL_ALERT_MSG_ACCESS_DENIED:
        return ": it does not accept the client certificate";
    default:
        return "";
    }
}

static ferry_error failure_without_tls(const ferry_tls_stream *self) {
    char port[24] = "";
    if (self->port != 0) {
        snprintf(port, sizeof port, " port %u", (unsigned)self->port);
    }
    return ferry_fail(self->context, FERRY_ERROR_TLS_HANDSHAKE, "%s%s %s", self->host, port,
                      answer_is_plain_http(self) ? "speaks plain HTTP, not TLS"
                                                 : "does not speak TLS");
}

static ferry_error failure_by_alert(const ferry_tls_stream *self) {
    char alert[100];
    ferry_tls_alert_write(alert_get(self), alert, sizeof alert);
    return ferry_fail(self->context, FERRY_ERROR_TLS_HANDSHAKE,
                      "%s refused the TLS handshake with the alert %s%s", self->host, alert,
                      alert_get_hint(alert_get(self)));
}

static ferry_error failure_by_code(const ferry_tls_stream *self, int code) {
    ferry_context *context = self->context;
    char words[200];
    ferry_tls_error_write(code, words, sizeof words);
    if (ferry_tls_code_is_of_certificate(code)) {
        return ferry_fail(context, FERRY_ERROR_TLS_CERTIFICATE,
                          "a certificate that %s sent cannot be read: %s", self->host, words);
    }
    return ferry_fail(context, FERRY_ERROR_TLS_HANDSHAKE, "the TLS handshake with %s failed: %s",
                      self->host, words);
}

/* What the server has said, or mbedTLS of it. */
static ferry_error failure_by_server(const ferry_tls_stream *self, int code) {
    ferry_context *context = self->context;
    switch (code) {
    case MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE:
        return failure_by_alert(self);
    case MBEDTLS_ERR_SSL_BAD_PROTOCOL_VERSION:
        return ferry_fail(context, FERRY_ERROR_TLS_HANDSHAKE,
                          "%s speaks no TLS version that is accepted here", self->host);
    case MBEDTLS_ERR_SSL_ILLEGAL_PARAMETER:
        if (mbedtls_ssl_get_version_number(&self->ssl) == MBEDTLS_SSL_VERSION_TLS1_2) {
            return ferry_fail(context, FERRY_ERROR_TLS_HANDSHAKE,
                              "%s signs its part of a TLS 1.2 handshake with what was not asked "
                              "for; if that is RSA-PSS, mbedTLS 3.6 does not take it in TLS 1.2",
                              self->host);
        }
        break;
    case MBEDTLS_ERR_SSL_BAD_INPUT_DATA: /* mbedTLS says so where a message is too large for it */
        return ferry_fail(context, FERRY_ERROR_TLS_HANDSHAKE,
                          "%s sent a TLS handshake message of more than 16 KiB, such as a "
                          "certificate with very many names",
                          self->host);
    default:
        break;
    }
    return failure_by_code(self, code);
}

ferry_error ferry_tls_handshake_explain(const ferry_tls_stream *self, int code) {
    ferry_context *context = self->context;
    if (self->bio.failed) {
        return ferry_fail(context, FERRY_ERROR_CONNECTION_ERROR, "in the TLS handshake with %s: %s",
                          self->host, self->bio.reason);
    }
    if (self->verification->words[0] != '\0') {
        return ferry_fail(context, FERRY_ERROR_TLS_CERTIFICATE, "%s", self->verification->words);
    }
    if (!answer_is_tls(self)) {
        return failure_without_tls(self);
    }
    if (self->bio.ended || code == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY) {
        return ferry_fail(context, FERRY_ERROR_TLS_HANDSHAKE,
                          "%s ended the connection in the TLS handshake", self->host);
    }
    return failure_by_server(self, code);
}

/* ---- Of the connection ---- */

void ferry_tls_failure_write(const ferry_tls_stream *self, int code, char *text, size_t size) {
    char name[200];
    if (self->bio.failed) {
        snprintf(text, size, "%s", self->bio.reason);
    } else if (code == MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE) {
        ferry_tls_alert_write(alert_get(self), name, sizeof name);
        snprintf(text, size, "the server ended the TLS connection with the alert %s", name);
    } else if (code == MBEDTLS_ERR_SSL_UNEXPECTED_MESSAGE) {
        snprintf(text, size,
                 "the server sent a TLS message that is not understood in the middle of a "
                 "connection, such as KeyUpdate");
    } else if (code == MBEDTLS_ERR_SSL_INVALID_MAC) {
        snprintf(text, size,
                 "a TLS record was damaged on its way (its authentication tag is wrong), or four "
                 "in a row held no data, which mbedTLS does not accept");
    } else {
        ferry_tls_error_write(code, name, sizeof name);
        snprintf(text, size, "the TLS connection failed: %s", name);
    }
}
