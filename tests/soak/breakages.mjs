// SPDX-License-Identifier: MIT
// breakages: faults that are put into a copy of the sources on purpose, each of which the soak must
// find; with `session`, that of sessions. `from` stands once in the file; where it is gone, the
// breakage has to follow the source.
export const breakages = [
  {
    name: "an idle connection is not looked at before a request",
    file: "src/wire/connection.c",
    from: "ferry_connection_idle idle = ferry_connection_look(connection, &why);",
    to: "ferry_connection_idle idle = FERRY_CONNECTION_IDLE; why = 0;",
  },
  {
    name: "the remainder of a chunk is off by one",
    file: "src/h1/chunked.c",
    from: "chunked->remaining -= length;",
    to: "chunked->remaining -= length > 1 && length < chunked->remaining ? length - 1 : length;",
  },
  {
    name: "a byte of what a decoder gives is dropped",
    file: "src/message/decoding.c",
    from: "*(is_last ? &io->produced : &stage->end) += produced;",
    to: "*(is_last ? &io->produced : &stage->end) += produced > 500 ? produced - 1 : produced;",
  },
  {
    name: "a byte of an upload is sent twice where the connection was full",
    file: "src/h1/sender.c",
    from: "ferry_buffer_consume(&sender->out, length);",
    to: "ferry_buffer_consume(&sender->out, length > 1 ? length - 1 : length);",
  },
  {
    name: "closing does not cancel what is connecting",
    file: "src/wire/connection.c",
    from: "connection->connector->ops->cancel(connection->connector);",
    to: "(void)0;",
  },
  {
    name: "a failed tunnel keeps its connection",
    file: "platform/net/connect_chain.c",
    from: "chain->stream->ops->destroy(chain->stream);",
    to: "(void)0;",
  },
  {
    name: "a ticket is taken for a failure",
    file: "platform/tls/codes.c",
    from: "{MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET, ALL(FERRY_TLS_HAS_SESSION)}",
    to: "{MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET, ALL(FERRY_TLS_FAILS)}",
  },
  {
    name: "a body that was cut is complete",
    file: "src/h1/receiver.c",
    from: "if (is_orderly && (kind == FERRY_H1_BODY_UNTIL_CLOSE ||",
    to: "if (is_orderly && (kind != FERRY_H1_BODY_CHUNKED ||",
  },
  {
    name: "an end without close_notify is an orderly one",
    file: "platform/tls/stream.c",
    from: "return stream_end_reading(self, FERRY_STREAM_TRUNCATED);",
    to: "return stream_end_reading(self, FERRY_STREAM_END);",
  },
  {
    name: "a reset that writing has met is forgotten",
    file: "platform/net/tcp.c",
    from: "self->is_reset = self->is_reset || result == FERRY_STREAM_TRUNCATED;",
    to: "self->is_reset = false;",
  },
  {
    name: "Connection: close is not heeded",
    file: "src/h1/framing.c",
    from: "!fields->close && !request->wants_close &&",
    to: "!request->wants_close &&",
  },
  {
    name: "the checksum of a coded body is not asked for",
    file: "src/wire/download.c",
    from: "*ended = error == FERRY_OK;",
    to: "*ended = true;",
  },
  {
    name: "total_ms does not run",
    file: "src/client/timeouts.c",
    from: "timer_consider(TIMER_TOTAL, client->request_since_ms, limits->total_ms, &first, deadline_ms);",
    to: "(void)0;",
  },
  {
    name: "an upload that waits for room is not told to wait for it",
    file: "src/wire/connection.c",
    from: "if (ferry_h1_sender_awaits_room(&connection->sender) || connection->is_ending) {",
    to: "if (connection->is_ending) {",
  },
  {
    name: "a second interim response is the answer",
    file: "src/h1/receiver.c",
    from: "if (head->code < 200 && head->code != FERRY_RESPONSE_SWITCHING_PROTOCOLS) {",
    to: "if (head->code < 103 && head->code != FERRY_RESPONSE_SWITCHING_PROTOCOLS) {",
  },
  {
    name: "the memory for what is held back is not freed",
    file: "src/h1/sender.c",
    from: "ferry_buffer_deinit(&sender->held, sender->context);",
    to: "(void)0;",
  },
  {
    name: "a request that a kept connection has failed is not sent again",
    session: true,
    file: "src/session/exchange.c",
    from: "if (is_stale && again) {",
    to: "if (is_stale && again && transfer->retries < 0) {",
  },
  {
    name: "a request's body is not rewound for a redirect",
    session: true,
    file: "src/session/exchange_request.c",
    from: "transfer->was_sent = !from->owner_writes ||",
    to: "transfer->was_sent = false &&",
  },
  {
    name: "the memory of a body is not given back to the session",
    session: true,
    file: "src/session/response.c",
    from: "count_memory(transfer, transfer->body_capacity + 1, 0);\n        ferry_free(",
    to: "ferry_free(",
  },
  {
    name: "the file of a transfer that failed stays beside the old one",
    session: true,
    file: "platform/posix/disk_file.c",
    from: "unlink(file->name);",
    to: "(void)0;",
  },
];
