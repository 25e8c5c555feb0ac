/* SPDX-License-Identifier: MIT */
/* em_js: one GET with as little as it takes, fetch() in a few lines of JavaScript: the floor. */
#include <emscripten.h>
#include <stdlib.h>

int result;

EMSCRIPTEN_KEEPALIVE void *size_alloc(int length);
EMSCRIPTEN_KEEPALIVE void size_end(int code, void *body, int length);

void *size_alloc(int length) {
    return malloc((size_t)length);
}

void size_end(int code, void *body, int length) {
    result = code == 200 ? length : -1;
    free(body);
}

/* clang-format off */
EM_JS(void, get, (const char *url), {
    fetch(UTF8ToString(url)).then((response) =>
        response.arrayBuffer().then((body) => {
            var pointer = _size_alloc(body.byteLength);
            HEAPU8.set(new Uint8Array(body), pointer);
            _size_end(response.status, pointer, body.byteLength);
        }),
    );
});
/* clang-format on */

int main(void) {
    get("/1k");
    return 0;
}
