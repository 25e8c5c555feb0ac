/* SPDX-License-Identifier: MIT */
/* messages: the words of the program, apart from its work. */
#include "messages.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char cli_help[] =
    "usage: ferry [options] URL\n"
    "\n"
    "Sends one HTTP/1.1 request and writes the response body to standard output.\n"
    "A URL without a scheme is taken for http://. Redirects are not followed.\n"
    "\n"
    "  -X, --request METHOD        the method, any token (default: GET)\n"
    "  -H, --header 'NAME: VALUE'  a header line; may be repeated\n"
    "  -d, --data DATA             sends DATA, by POST and as a form if not told\n"
    "                              otherwise; @FILE: the bytes of a file, -: of\n"
    "                              standard input; repeated ones are joined by '&'\n"
    "  -T, --upload-file FILE      sends a file piece by piece, by PUT if not told\n"
    "                              otherwise; -: standard input, chunked\n"
    "  -o, --output FILE           writes to FILE\n"
    "  -i, --include               writes status line and headers before the body\n"
    "  -I, --head                  asks for status line and headers only\n"
    "      --fail                  a status of 400 or more is a failure, and no body\n"
    "                              is written then\n"
    "      --raw                   asks for no content coding, and undoes none\n"
    "      --max-time SECONDS      the most that all of it may take, such as 2.5\n"
    "      --connect-timeout SECONDS\n"
    "                              the most that look-up and connecting may take\n"
    "                              (default: 30)\n"
    "  -k, --insecure              does not verify whose server it is: neither the\n"
    "                              name nor, without --cacert, the certificate\n"
    "      --cacert FILE           trusts the authorities in FILE (PEM or DER), and\n"
    "                              no others\n"
    "  -E, --cert FILE             shows the server this certificate (PEM), with\n"
    "                              those that lead to its authority\n"
    "      --key FILE              its key (PEM; default: in the file of --cert)\n"
    "      --pass SOURCE           the key's password: file:NAME, the first line of a\n"
    "                              file, or env:NAME, an environment variable\n"
    "      --crl FILE              refuses what these lists (PEM) revoke\n"
    "      --pin sha256//BASE64    wants this public key in the server's chain; of\n"
    "                              repeated ones, any\n"
    "      --tls-min 1.2|1.3       the lowest version of TLS (default: 1.2)\n"
    "  -x, --proxy URL             [http://|https://][USER:PASSWORD@]HOST[:PORT], the\n"
    "                              port 80 or 443 if not told; '': none\n"
    "      --proxy-cacert FILE     trusts the authorities in FILE for a proxy that is\n"
    "                              reached by https://, and no others\n"
    "      --proxy-insecure        does not verify that proxy\n"
    "      --proxy-header 'NAME: VALUE'\n"
    "                              a header line for the proxy alone; may be repeated\n"
    "      --noproxy LIST          hosts that are reached without it, such as\n"
    "                              'localhost,.example.org,10.0.0.0/8'; '*': all\n"
    "      --resolve HOST:PORT:ADDRESS\n"
    "                              takes ADDRESS for HOST there; may be repeated\n"
    "      --progress              shows progress, whatever the output is\n"
    "  -s, --silent                shows neither progress nor errors\n"
    "  -v, --verbose               shows events (*), request (>) and response (<)\n"
    "  -h, --help                  shows this\n"
    "  -V, --version               shows the version\n"
    "\n"
    "Progress is shown where standard error is a terminal and the output is not.\n"
    "Without --proxy the environment's http_proxy, https_proxy, all_proxy and\n"
    "no_proxy say which proxy there is; without --cacert SSL_CERT_FILE and\n"
    "SSL_CERT_DIR say who is trusted, or else the system does.\n"
    "\n"
    "Exit codes:\n"
    "   0  there was a response, and all of it was written\n"
    "   1  any other failure\n"
    "   2  wrong usage: an option, a URL, a method or a header that is not valid, or\n"
    "      a certificate, key or list that cannot be read\n"
    "   3  the host name could not be resolved\n"
    "   4  no connection could be made, or the proxy refused to\n"
    "   5  a time-out\n"
    "   6  the connection ended before the body was complete\n"
    "   7  the server does not follow HTTP/1.1\n"
    "   8  with --fail: the status is 400 or more\n"
    "   9  a local file could not be read or written\n"
    "  10  not available in this build\n"
    "  11  the connection failed, or did not take all of the upload\n"
    "  12  the response is over a limit, or its body could not be decoded\n"
    "  13  the TLS handshake failed\n"
    "  14  the server's certificate was not accepted\n";

/* Every error of the library's is an enumerator; a switch without default has the compiler say when
 * a new one is missing here. */
cli_exit cli_exit_of(ferry_error error) {
    switch (error) {
    case FERRY_OK:
        return CLI_EXIT_OK;
    case FERRY_ERROR_INVALID_PARAMETER:
        return CLI_EXIT_USAGE;
    case FERRY_ERROR_CANT_RESOLVE:
        return CLI_EXIT_CANT_RESOLVE;
    case FERRY_ERROR_CANT_CONNECT:
        return CLI_EXIT_CANT_CONNECT;
    case FERRY_ERROR_TLS_HANDSHAKE:
        return CLI_EXIT_TLS_HANDSHAKE;
    case FERRY_ERROR_TLS_CERTIFICATE:
        return CLI_EXIT_TLS_CERTIFICATE;
    case FERRY_ERROR_TIMEOUT:
        return CLI_EXIT_TIMEOUT;
    case FERRY_ERROR_BODY_TRUNCATED:
        return CLI_EXIT_TRUNCATED;
    case FERRY_ERROR_PROTOCOL:
        return CLI_EXIT_PROTOCOL;
    case FERRY_ERROR_UNAVAILABLE:
        return CLI_EXIT_UNAVAILABLE;
    case FERRY_ERROR_CONNECTION_ERROR:
    case FERRY_ERROR_NETWORK_OR_CORS:
    case FERRY_ERROR_CONNECT_AGAIN:
    case FERRY_ERROR_UPLOAD_STOPPED:
        return CLI_EXIT_CONNECTION;
    case FERRY_ERROR_INVALID_DATA:
    case FERRY_ERROR_TOO_LARGE:
        return CLI_EXIT_BODY;
    case FERRY_ERROR_FAILED:
    case FERRY_ERROR_UNCONFIGURED:
    case FERRY_ERROR_OUT_OF_MEMORY:
    case FERRY_ERROR_BUSY:
    case FERRY_ERROR_ABORTED:
    case FERRY_ERROR_STATUS:
    case FERRY_ERROR_REDIRECT:
    case FERRY_ERROR_FILE:
    case FERRY_ERROR_INTEGRITY:
        break;
    }
    return CLI_EXIT_OTHER;
}

const char *cli_masked(const char *url, char *text, size_t size) {
    const char *scheme_end = strstr(url, "://");
    const char *user_end = strrchr(url, '@');
    if (user_end == NULL) {
        snprintf(text, size, "%s", url);
    } else {
        int length = scheme_end != NULL && scheme_end < user_end ? (int)(scheme_end + 3 - url) : 0;
        snprintf(text, size, "%.*s***%s", length, url, user_end);
    }
    return text;
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
