/* SPDX-License-Identifier: MIT */
/* connection: the backend that speaks HTTP/1.1 itself, over any stream. */
#ifndef FERRY_WIRE_CONNECTION_H
#define FERRY_WIRE_CONNECTION_H

#include "connector.h"

/* With a connector: a closed link, to be opened. With a stream instead: a link that is open. Takes
 * ownership of either on success only. OUT_OF_MEMORY. */
ferry_error ferry_connection_new(ferry_context *context, ferry_exchange *exchange,
                                 ferry_connector *connector, ferry_stream *stream,
                                 ferry_backend **backend);

#endif
