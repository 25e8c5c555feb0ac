/* SPDX-License-Identifier: MIT */
/* option_table: every option, in the order of --help. */
#include "option.h"

#include <string.h>

#define MEMBER(name) offsetof(cli_group, name)
#define SWITCH(name) NULL, cli_take_flag, MEMBER(name), NULL
#define GLOBAL(name) NULL, cli_take_global_flag, offsetof(cli_options, name), NULL
#define IGNORED NULL, cli_take_nothing, 0, NULL
#define TEXT(argument, name) argument, cli_take_text, MEMBER(name), NULL
#define BY(argument, take) argument, take, 0, NULL
#define TO(argument, take, name) argument, take, MEMBER(name), NULL
#define TLS(argument, name, read) argument, cli_take_tls, MEMBER(name), read

static const char a_file[] = "a file";
static const char seconds[] = "seconds, such as 2.5";
static const char a_number[] = "a number";
static const char data[] = "data, or @FILE";

static const cli_option all_options[] = {
    /* What is sent. */
    {'X', "request", TEXT("a method", method)},
    {'H', "header", TO("a header line, such as 'Accept: text/plain'", cli_take_header, headers)},
    {'d', "data", BY(data, cli_take_data)},
    {0, "data-ascii", BY(data, cli_take_data)},
    {0, "data-raw", BY("data", cli_take_data_raw)},
    {0, "data-binary", BY(data, cli_take_data_binary)},
    {0, "data-urlencode", BY(data, cli_take_data_encoded)},
    {0, "json", BY(data, cli_take_json)},
    {'G', "get", SWITCH(is_query)},
    {0, "url-query", BY(data, cli_take_url_query)},
    {'F', "form", BY("NAME=CONTENT", cli_take_form)},
    {0, "form-string", BY("NAME=TEXT", cli_take_form_string)},
    {'T', "upload-file", TO("a file, or -", cli_take_line, uploads)},
    {'I', "head", SWITCH(head)},
    {'A', "user-agent", TEXT("a name", user_agent)},
    {'e', "referer", TO("a URL", cli_take_referer, referer)},
    {'r', "range", TO("a range, such as 0-499", cli_take_range, range)},
    {'C', "continue-at", BY("a number of bytes, or -", cli_take_resume)},
    {'z', "time-cond", BY("a date, or a file", cli_take_condition)},
    {0, "compressed", SWITCH(compressed)},
    {0, "raw", SWITCH(raw)},
    {'u', "user", TO("USER:PASSWORD", cli_take_user, user)},
    {0, "disallow-username-in-url", SWITCH(refuses_userinfo)},
    {0, "oauth2-bearer", TEXT("a token", bearer)},
    {'b', "cookie", BY("cookies, or a file", cli_take_cookie)},
    {'c', "cookie-jar", TEXT(a_file, cookie_jar)},
    {'j', "junk-session-cookies", SWITCH(drops_session_cookies)},
    {0, "url", BY("a URL", cli_take_url)},
    {':', "next", BY(NULL, cli_take_next)},

    /* Redirects and retries. */
    {'L', "location", SWITCH(follows)},
    {0, "location-trusted", BY(NULL, cli_take_location_trusted)},
    {0, "max-redirs", TO(a_number, cli_take_number, max_redirects)},
    {0, "post301", SWITCH(post_after_301)},
    {0, "post302", SWITCH(post_after_302)},
    {0, "post303", SWITCH(post_after_303)},
    {0, "retry", TO(a_number, cli_take_number, retries)},
    {0, "retry-delay", TO(seconds, cli_take_seconds, retry_delay_ms)},
    {0, "retry-max-time", TO(seconds, cli_take_seconds, retry_max_ms)},
    {0, "retry-connrefused", SWITCH(retries_refused)},
    {0, "retry-all-errors", BY(NULL, cli_take_retries_all)},

    /* Where what comes goes. */
    {'o', "output", BY(a_file, cli_take_output)},
    {'O', "remote-name", BY(NULL, cli_take_remote_name)},
    {0, "remote-name-all", SWITCH(are_all_named)},
    {0, "output-dir", TEXT("a folder", output_folder)},
    {0, "create-dirs", SWITCH(creates_folders)},
    {0, "no-clobber", SWITCH(keeps_files)},
    {0, "remove-on-error", SWITCH(removes_on_error)},
    {'R', "remote-time", SWITCH(takes_time)},
    {'i', "include", SWITCH(include)},
    {'D', "dump-header", TEXT(a_file, head_file)},
    {'f', "fail", SWITCH(fails)},
    {0, "fail-with-body", SWITCH(fails_with_body)},
    {0, "max-filesize", TO("bytes", cli_take_size, max_size)},
    {'w', "write-out", TO("a format", cli_take_write_out, write_out)},

    /* Time. */
    {'m', "max-time", TO(seconds, cli_take_seconds, max_time_ms)},
    {0, "connect-timeout", TO(seconds, cli_take_seconds, connect_timeout_ms)},
    {0, "limit-rate", TO("bytes a second", cli_take_size, max_rate)},
    {0, "expect100-timeout", TO(seconds, cli_take_seconds, continue_ms)},

    /* TLS. */
    {'k', "insecure", SWITCH(tls.options.unsafe)},
    {0, "cacert", TLS(a_file, tls, cli_tls_read_authorities)},
    {'E', "cert", TLS(a_file, tls, cli_tls_read_certificate)},
    {0, "key", TLS(a_file, tls, cli_tls_read_key)},
    {0, "pass", TLS("file:NAME or env:NAME", tls, cli_tls_read_password)},
    {0, "crl", TLS(a_file, tls, cli_tls_read_crl)},
    {0, "crlfile", TLS(a_file, tls, cli_tls_read_crl)},
    {0, "pin", TLS("sha256// and the base64 of a digest", tls, cli_tls_add_pin)},
    {0, "pinnedpubkey", TLS("sha256//BASE64, or several with ';'", tls, cli_tls_add_pins)},
    {0, "tls-min", TLS("1.2 or 1.3", tls, cli_tls_set_version)},
    {0, "tlsv1.2", BY(NULL, cli_take_tls_1_2)},
    {0, "tlsv1.3", BY(NULL, cli_take_tls_1_3)},

    /* The way to the host. */
    {'x', "proxy", TEXT("a URL, or ''", proxy)},
    {'U', "proxy-user", TO("USER:PASSWORD", cli_take_user, proxy_user)},
    {'p', "proxytunnel", SWITCH(proxy_tunnel)},
    {0, "proxy-cacert", TLS(a_file, proxy_tls, cli_tls_read_authorities)},
    {0, "proxy-header", TO("a header line for the proxy", cli_take_header, proxy_headers)},
    {0, "proxy-insecure", SWITCH(proxy_tls.options.unsafe)},
    {0, "noproxy", TEXT("a list of hosts, or '*'", no_proxy)},
    {0, "resolve", TO("HOST:PORT:ADDRESS", cli_take_line, resolve)},
    {0, "connect-to", TO("HOST1:PORT1:HOST2:PORT2", cli_take_line, connect_to)},

    /* The program. */
    {'Z', "parallel", GLOBAL(is_parallel)},
    {0, "parallel-max", BY(a_number, cli_take_parallel_max)},
    {0, "fail-early", GLOBAL(fails_early)},
    {'K', "config", BY(a_file, cli_take_config)},
    {0, "progress", GLOBAL(progress)},
    {'#', "progress-bar", GLOBAL(progress)},
    {0, "no-progress-meter", GLOBAL(hides_progress)},
    {'s', "silent", GLOBAL(silent)},
    {'S', "show-error", GLOBAL(shows_errors)},
    {0, "stderr", BY("a file, or -", cli_take_errors_file)},
    {'v', "verbose", GLOBAL(verbose)},
    {'h', "help", BY(NULL, cli_take_help)},
    {'V', "version", BY(NULL, cli_take_version)},

    /* What is so in ferry, or changes nothing here. */
    {0, "basic", IGNORED},
    {0, "proxy-basic", IGNORED},
    {0, "http1.1", IGNORED},
    {'g', "globoff", IGNORED},
    {'N', "no-buffer", IGNORED},
    {'q', "disable", IGNORED},
    {0, "parallel-immediate", IGNORED},
    {0, "form-escape", IGNORED},
    {0, "styled-output", IGNORED},
    {0, "keepalive", IGNORED},
};

/* Names of curl 7.88 and later that are not above. */
static const char *const curls_options[] = {
    "abstract-unix-socket",
    "alt-svc",
    "anyauth",
    "append",
    "aws-sigv4",
    "ca-native",
    "capath",
    "cert-status",
    "cert-type",
    "ciphers",
    "compressed-ssh",
    "create-file-mode",
    "crlf",
    "curves",
    "delegation",
    "digest",
    "disable-eprt",
    "disable-epsv",
    "dns-interface",
    "dns-ipv4-addr",
    "dns-ipv6-addr",
    "dns-servers",
    "doh-cert-status",
    "doh-insecure",
    "doh-url",
    "dump-ca-embed",
    "ech",
    "egd-file",
    "engine",
    "etag-compare",
    "etag-save",
    "false-start",
    "ftp-account",
    "ftp-alternative-to-user",
    "ftp-create-dirs",
    "ftp-method",
    "ftp-pasv",
    "ftp-port",
    "ftp-pret",
    "ftp-skip-pasv-ip",
    "ftp-ssl-ccc",
    "ftp-ssl-ccc-mode",
    "ftp-ssl-control",
    "happy-eyeballs-timeout-ms",
    "haproxy-clientip",
    "haproxy-protocol",
    "hostpubmd5",
    "hostpubsha256",
    "hsts",
    "http0.9",
    "http1.0",
    "http2",
    "http2-prior-knowledge",
    "http3",
    "http3-only",
    "ignore-content-length",
    "interface",
    "ip-tos",
    "ipfs-gateway",
    "ipv4",
    "ipv6",
    "keepalive-cnt",
    "keepalive-time",
    "key-type",
    "krb",
    "libcurl",
    "list-only",
    "local-port",
    "login-options",
    "mail-auth",
    "mail-from",
    "mail-rcpt",
    "mail-rcpt-allowfails",
    "manual",
    "metalink",
    "mptcp",
    "negotiate",
    "netrc",
    "netrc-file",
    "netrc-optional",
    "no-alpn",
    "no-keepalive",
    "no-npn",
    "no-sessionid",
    "ntlm",
    "ntlm-wb",
    "path-as-is",
    "preproxy",
    "proto",
    "proto-default",
    "proto-redir",
    "proxy-anyauth",
    "proxy-ca-native",
    "proxy-capath",
    "proxy-cert",
    "proxy-cert-type",
    "proxy-ciphers",
    "proxy-crlfile",
    "proxy-digest",
    "proxy-http2",
    "proxy-key",
    "proxy-key-type",
    "proxy-negotiate",
    "proxy-ntlm",
    "proxy-pass",
    "proxy-pinnedpubkey",
    "proxy-service-name",
    "proxy-ssl-allow-beast",
    "proxy-ssl-auto-client-cert",
    "proxy-tls13-ciphers",
    "proxy-tlsauthtype",
    "proxy-tlspassword",
    "proxy-tlsuser",
    "proxy-tlsv1",
    "proxy1.0",
    "pubkey",
    "quote",
    "random-file",
    "rate",
    "remote-header-name",
    "request-target",
    "sasl-authzid",
    "sasl-ir",
    "service-name",
    "skip-existing",
    "socks4",
    "socks4a",
    "socks5",
    "socks5-basic",
    "socks5-gssapi",
    "socks5-gssapi-nec",
    "socks5-gssapi-service",
    "socks5-hostname",
    "speed-limit",
    "speed-time",
    "ssl",
    "ssl-allow-beast",
    "ssl-auto-client-cert",
    "ssl-no-revoke",
    "ssl-reqd",
    "ssl-revoke-best-effort",
    "sslv2",
    "sslv3",
    "suppress-connect-headers",
    "tcp-fastopen",
    "tcp-nodelay",
    "telnet-option",
    "tftp-blksize",
    "tftp-no-options",
    "tls-earlydata",
    "tls-max",
    "tls13-ciphers",
    "tlsauthtype",
    "tlspassword",
    "tlsuser",
    "tlsv1",
    "tlsv1.0",
    "tlsv1.1",
    "tr-encoding",
    "trace",
    "trace-ascii",
    "trace-config",
    "trace-ids",
    "trace-time",
    "unix-socket",
    "upload-flags",
    "use-ascii",
    "variable",
    "vlan-priority",
    "xattr",
};
static const char curls_letters[] = "0123468aBJlMnPQtyY";

enum {
    OPTION_COUNT = sizeof all_options / sizeof *all_options,
    CURLS_COUNT = sizeof curls_options / sizeof *curls_options,
};

static bool name_is(const char *name, const char *wanted, size_t length) {
    return strlen(name) == length && strncmp(name, wanted, length) == 0;
}

const cli_option *cli_option_find_letter(char letter) {
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        if (letter != '\0' && all_options[i].letter == letter) {
            return &all_options[i];
        }
    }
    return NULL;
}

const cli_option *cli_option_find_name(const char *name, size_t length) {
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        if (name_is(all_options[i].name, name, length)) {
            return &all_options[i];
        }
    }
    return NULL;
}

bool cli_option_is_curls(const char *name, size_t length) {
    for (size_t i = 0; i < CURLS_COUNT; i++) {
        if (name_is(curls_options[i], name, length)) {
            return true;
        }
    }
    return false;
}

bool cli_option_is_curls_letter(char letter) {
    return letter != '\0' && strchr(curls_letters, letter) != NULL;
}

bool cli_option_is_switch(const cli_option *option) {
    return option->take == cli_take_flag || option->take == cli_take_global_flag ||
           option->take == cli_take_nothing || option->take == cli_take_remote_name ||
           option->take == cli_take_location_trusted || option->take == cli_take_retries_all;
}
