/* SPDX-License-Identifier: MIT */
/* get_curl: the same with libcurl: usage: get_curl URL. */
#include <curl/curl.h>
#include <stdio.h>

int main(int argc, char **argv) {
    CURL *easy = curl_easy_init();
    curl_easy_setopt(easy, CURLOPT_URL, argc > 1 ? argv[1] : "https://localhost/");
    CURLcode code = curl_easy_perform(easy);
    if (code != CURLE_OK) {
        fprintf(stderr, "%s\n", curl_easy_strerror(code));
    }
    curl_easy_cleanup(easy);
    return code == CURLE_OK ? 0 : 1;
}
