/* SPDX-License-Identifier: MIT */
/* codings: the list of built-in decoders, which is empty on the web: the browser undoes codings
 * before a program sees the body. */
#include "message/coding.h"

const ferry_coding *const ferry_codings[] = {NULL};
const ferry_span ferry_codings_accept = {"", 0};
