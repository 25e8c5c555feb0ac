/* SPDX-License-Identifier: MIT */
/* minimal: a page on standard output, in as few lines as it takes; the README shows them. */
#include <ferry.h>

#include <stdio.h>

int main(void) {
    ferry_client *client = ferry_client_new(NULL);
    if (!client)
        return 1;
    ferry_error error = ferry_client_set_blocking_mode(client, true);
    if (!error)
        error = ferry_client_connect_to_host(client, "example.org", -1, NULL);
    while (!error && ferry_client_get_status(client) != FERRY_STATUS_CONNECTED)
        error = ferry_client_poll(client);
    if (!error)
        error = ferry_client_request(client, FERRY_METHOD_GET, "/", NULL, NULL);
    while (!error && ferry_client_get_status(client) == FERRY_STATUS_REQUESTING)
        error = ferry_client_poll(client);
    for (size_t length = 1; !error && length > 0;) {
        const void *chunk = NULL;
        error = ferry_client_read_response_body_chunk(client, &chunk, &length);
        if (!error && fwrite(chunk, 1, length, stdout) < length)
            break;
    }
    if (error)
        fprintf(stderr, "%s\n", ferry_client_get_error_detail(client));
    ferry_client_free(client);
    return error || fflush(stdout) || ferror(stdout);
}
