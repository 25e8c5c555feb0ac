/* SPDX-License-Identifier: MIT */
/* get_ferry: one HTTPS GET, to be weighed: usage: get_ferry HOST. */
#include <ferry.h>
#include <stdio.h>

int main(int argc, char **argv) {
    const char *host = argc > 1 ? argv[1] : "localhost";
    ferry_tls_options tls = {.ca_pem = NULL};
    ferry_client *client = ferry_client_new(NULL);
    if (client == NULL) {
        return 1;
    }
    ferry_error error = ferry_client_set_blocking_mode(client, true);
    if (error == FERRY_OK) {
        error = ferry_client_connect_to_host(client, host, -1, &tls);
    }
    if (error == FERRY_OK) {
        error = ferry_client_request(client, FERRY_METHOD_GET, "/", NULL, NULL);
    }
    for (size_t length = 1; error == FERRY_OK && length > 0;) {
        const void *chunk = NULL;
        error = ferry_client_read_response_body_chunk(client, &chunk, &length);
        if (error == FERRY_OK) {
            fwrite(chunk, 1, length, stdout);
        }
    }
    if (error != FERRY_OK) {
        fprintf(stderr, "%s\n", ferry_client_get_error_detail(client));
    }
    ferry_client_free(client);
    return error == FERRY_OK ? 0 : 1;
}
