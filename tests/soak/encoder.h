/* SPDX-License-Identifier: MIT */
/* encoder: the content codings in the other direction. */
#ifndef FERRY_SOAK_ENCODER_H
#define FERRY_SOAK_ENCODER_H

#include "script.h"

/* Whether this build can undo it, and encode it. */
bool encoder_has(script_coding coding);

/* Memory from malloc, which the caller frees; never NULL. */
unsigned char *encoder_encode(script_coding coding, const void *bytes, size_t length,
                              size_t *encoded_length);

#endif
