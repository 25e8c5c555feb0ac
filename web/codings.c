/* SPDX-License-Identifier: MIT */
/* codings: none is built in, since the browser has undone them before a program sees the body. */
#include "message/coding.h"

const ferry_coding *const ferry_codings[] = {NULL};
const ferry_span ferry_codings_accept = {"", 0};
