/* SPDX-License-Identifier: MIT */
/* user: a program outside the project, which links all of the installed library. */
#include <ferry.h>

#include <stdio.h>
#include <string.h>

int main(void) {
    if (strcmp(ferry_version(), FERRY_VERSION_STRING) != 0 ||
        strcmp(PACKAGE_VERSION, FERRY_VERSION_STRING) != 0) {
        printf("header %s, library %s, package %s\n", FERRY_VERSION_STRING, ferry_version(),
               PACKAGE_VERSION);
        return 1;
    }
    ferry_client *client = ferry_client_new(NULL);
    if (client == NULL) {
        return 1;
    }
    /* Port 0 is no port: refused before anything is looked up. */
    ferry_error error = ferry_client_connect_to_host(client, "localhost", 0, NULL);
    printf("%s: %s\n", ferry_error_name(error), ferry_client_get_error_detail(client));
    ferry_client_free(client);
    ferry_session *session = ferry_session_new(NULL);
    if (session == NULL) {
        return 1;
    }
    ferry_transfer *transfer = ferry_session_get(session, "http://localhost:0/");
    ferry_error refused = ferry_transfer_get_error(transfer);
    ferry_transfer_free(transfer);
    ferry_session_free(session);
    return error == FERRY_ERROR_INVALID_PARAMETER && refused == error ? 0 : 1;
}
