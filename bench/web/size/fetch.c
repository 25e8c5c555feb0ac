/* SPDX-License-Identifier: MIT */
/* fetch: one GET with emscripten_fetch. */
#include <emscripten/fetch.h>

int result;

static void on_end(emscripten_fetch_t *fetch) {
    result = fetch->status == 200 ? (int)fetch->numBytes : -1;
    emscripten_fetch_close(fetch);
}

int main(void) {
    emscripten_fetch_attr_t attributes;
    emscripten_fetch_attr_init(&attributes);
    attributes.attributes = EMSCRIPTEN_FETCH_LOAD_TO_MEMORY;
    attributes.onsuccess = on_end;
    attributes.onerror = on_end;
    emscripten_fetch(&attributes, "/1k");
    return 0;
}
