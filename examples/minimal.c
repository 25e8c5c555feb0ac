/* SPDX-License-Identifier: MIT */
/* minimal: a page on standard output, in as few lines as it takes; the README shows them. */
#include <ferry.h>

#include <stdio.h>

int main(void) {
    ferry_client *client = ferry_client_new(NULL);
    ferry_error error =
        client ? ferry_client_set_blocking_mode(client, true) : FERRY_ERROR_OUT_OF_MEMORY;
    if (!error)
        error = ferry_client_connect_to_host(client, "example.org", -1, NULL);
    if (!error)
        error = ferry_client_request(client, FERRY_METHOD_GET, "/", NULL, NULL);
    char body[4096];
    for (size_t length = 1; !error && length > 0;
         length = error ? 0 : fwrite(body, 1, length, stdout))
        error = ferry_client_read_response_body(client, body, sizeof body, &length);
    if (error)
        fprintf(stderr, "%s\n", ferry_client_get_error_detail(client));
    ferry_client_free(client);
    return error || fflush(stdout) || ferror(stdout);
}
