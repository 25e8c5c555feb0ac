/* SPDX-License-Identifier: MIT */
/* messages: sentences, events, and what an error of the library's is to curl. */
#include "messages.h"

#include <stdarg.h>
#include <stdio.h>

/* Every error of the library's is an enumerator; a switch without default has the compiler say when
 * a new one is missing here. */
cli_exit cli_exit_of(ferry_error error) {
    switch (error) {
    case FERRY_OK:
        return CLI_EXIT_OK;
    case FERRY_ERROR_CANT_RESOLVE:
        return CLI_EXIT_NAME;
    case FERRY_ERROR_CANT_CONNECT:
        return CLI_EXIT_CONNECT;
    case FERRY_ERROR_TLS_HANDSHAKE:
        return CLI_EXIT_TLS;
    case FERRY_ERROR_TLS_CERTIFICATE:
        return CLI_EXIT_CERTIFICATE;
    case FERRY_ERROR_TIMEOUT:
        return CLI_EXIT_TIMEOUT;
    case FERRY_ERROR_BODY_TRUNCATED:
        return CLI_EXIT_TRUNCATED;
    case FERRY_ERROR_PROTOCOL:
        return CLI_EXIT_PROTOCOL;
    case FERRY_ERROR_UNAVAILABLE:
        return CLI_EXIT_NOT_BUILT_IN;
    case FERRY_ERROR_UPLOAD_STOPPED:
        return CLI_EXIT_SEND;
    case FERRY_ERROR_CONNECTION_ERROR:
    case FERRY_ERROR_NETWORK_OR_CORS:
    case FERRY_ERROR_CONNECT_AGAIN:
    case FERRY_ERROR_TOO_LARGE:
        return CLI_EXIT_RECEIVE;
    case FERRY_ERROR_INVALID_DATA:
        return CLI_EXIT_CODING;
    case FERRY_ERROR_OUT_OF_MEMORY:
        return CLI_EXIT_MEMORY;
    case FERRY_ERROR_STATUS:
        return CLI_EXIT_STATUS;
    case FERRY_ERROR_REDIRECT:
        return CLI_EXIT_REDIRECTS;
    case FERRY_ERROR_FILE:
        return CLI_EXIT_WRITE;
    case FERRY_ERROR_INVALID_PARAMETER:
    case FERRY_ERROR_FAILED:
    case FERRY_ERROR_UNCONFIGURED:
    case FERRY_ERROR_BUSY:
    case FERRY_ERROR_ABORTED:
    case FERRY_ERROR_INTEGRITY:
        break;
    }
    return CLI_EXIT_USAGE;
}

void cli_say(const char *format, ...) {
    char sentence[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    ferry_text_make_printable(sentence);
    fprintf(stderr, "ferry: %s\n", sentence);
}

void cli_print_event(ferry_log_kind kind, const char *message) {
    switch (kind) {
    case FERRY_LOG_WARNING:
        fprintf(stderr, "* warning: %s\n", message);
        break;
    case FERRY_LOG_STATUS:
    case FERRY_LOG_INFO:
        fprintf(stderr, "* %s\n", message);
        break;
    case FERRY_LOG_REQUEST_HEAD:
        fprintf(stderr, "> %s\n", message);
        break;
    case FERRY_LOG_RESPONSE_HEAD:
        fprintf(stderr, "< %s\n", message);
        break;
    }
}
