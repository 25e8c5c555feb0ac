/* SPDX-License-Identifier: MIT */
/* disk: Emscripten's files are in memory: nothing waits, so that a session's files share nothing.
 */
#include "session/disk.h"

struct ferry_disk {
    char unused;
};

ferry_error ferry_disk_new(ferry_context *context, ferry_disk **disk) {
    static ferry_disk only;
    (void)context;
    *disk = &only;
    return FERRY_OK;
}

void ferry_disk_free(ferry_disk *disk) {
    (void)disk;
}

ferry_descriptor ferry_disk_get_descriptor(const ferry_disk *disk) {
    (void)disk;
    return FERRY_NO_DESCRIPTOR;
}

void ferry_disk_reset(ferry_disk *disk) {
    (void)disk;
}
