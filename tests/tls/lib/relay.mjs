// SPDX-License-Identifier: MIT
// relay: stands between a client and a TLS server, and sees and changes the records that pass.
import { once } from "node:events";
import net from "node:net";

export const ALERT = 21;
export const HANDSHAKE = 22;
export const DATA = 23;

/** The length of a record's content, its header not counted. */
export const contentLength = (record) => record.length - 5;

/** A fatal alert that is not encrypted. */
export const plainAlert = (number) => Buffer.from([ALERT, 3, 3, 0, 2, 2, number]);

/** close_notify, encrypted: in TLS 1.2 its kind shows, in TLS 1.3 (and 1 byte of kind) its length. */
export const isCloseNotify = (record) =>
  record[0] === ALERT || (record[0] === DATA && contentLength(record) === 2 + 1 + 16);

/** The same handshake record as records of `size` bytes each. */
export function splitRecord(record, size) {
  const parts = [];
  for (let at = 5; at < record.length; at += size) {
    const content = record.subarray(at, at + size);
    parts.push(Buffer.from([record[0], record[1], record[2], 0, content.length]), content);
  }
  return Buffer.concat(parts);
}

/** A record with one bit of its content changed. */
export function corrupt(record) {
  const changed = Buffer.from(record);
  changed[changed.length - 1] ^= 1;
  return changed;
}

/** Writes it whole or in pieces, each of which has been taken before the next is written. */
async function write(socket, data, piece) {
  const step = piece || Math.max(data.length, 1);
  for (let at = 0; at < data.length && !socket.destroyed; at += step) {
    await new Promise((resolve) => socket.write(data.subarray(at, at + step), resolve));
  }
}

function carry(link, from, input, output, { onRecord, onEnd, piece }) {
  let rest = Buffer.alloc(0);
  let sent = Promise.resolve();
  const send = (data) => (sent = sent.then(() => write(output, data, piece)));
  link.send[from] = send;
  input.on("data", (data) => {
    rest = Buffer.concat([rest, data]);
    while (rest.length >= 5 && rest.length >= 5 + rest.readUInt16BE(3)) {
      const record = rest.subarray(0, 5 + rest.readUInt16BE(3));
      rest = rest.subarray(record.length);
      link.records[from].push({ type: record[0], length: contentLength(record) });
      const instead = onRecord?.(record, from, link);
      if (instead !== null) send(instead ?? record);
    }
  });
  input.on("end", () => {
    send(rest);
    sent.then(() => {
      if (onEnd?.(from, link) !== null) output.end();
    });
  });
  input.on("error", () => output.destroy());
}

/**
 * A server that passes on what `target` and its clients say. `onRecord(record, from, link)` gives
 * what is passed on in a record's place: undefined is the record itself, null is nothing; `from` is
 * "client" or "server". `onEnd(from, link)` gives null where an end is not to be passed on. `piece`
 * is how many bytes go at once. A link has `send.client(data)` and `send.server(data)`, which pass
 * on something more as if it came from there, `cut()`, and `closed`: the client has gone.
 */
export async function relay(t, target, options = {}) {
  const server = { host: "127.0.0.1", links: [] };
  const listener = net.createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    const { host, port } = target;
    const upstream = net.connect({ host, port, allowHalfOpen: true, noDelay: true });
    const link = { records: { client: [], server: [] }, send: {}, index: server.links.length };
    link.closed = new Promise((resolve) => {
      for (const event of ["end", "error", "close"]) client.on(event, resolve);
    });
    link.cut = () => {
      client.resetAndDestroy();
      upstream.destroy();
    };
    link.destroy = () => {
      client.destroy();
      upstream.destroy();
    };
    server.links.push(link);
    carry(link, "client", client, upstream, options);
    carry(link, "server", upstream, client, options);
  });
  listener.listen(0, server.host);
  await once(listener, "listening");
  server.port = listener.address().port;
  t.after(async () => {
    for (const link of server.links) link.destroy();
    await new Promise((resolve) => listener.close(resolve));
  });
  return server;
}
