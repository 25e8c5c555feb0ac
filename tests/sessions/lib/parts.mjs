// SPDX-License-Identifier: MIT
// parts: what downloads that go on have beside their file, and servers that send a file in ranges.
import crypto from "node:crypto";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { lines, ok, rawServer } from "../../scenarios/lib/servers.mjs";
import { header, request } from "./transfers.mjs";

export const LEVEL = Buffer.from("0123456789abcdefghij");
export const ETAG = '"v1"';
export const integrity = (bytes) =>
  `sha256-${crypto.createHash("sha256").update(bytes).digest("base64")}`;

/** A folder that goes with the test, and what may be in it. */
export function folder(t) {
  const name = fs.mkdtempSync(path.join(os.tmpdir(), "ferry-resume-"));
  t.after(() => fs.rmSync(name, { recursive: true, force: true }));
  const at = path.join(name, "level.pak");
  const read = (more = "") =>
    fs.existsSync(at + more) ? fs.readFileSync(at + more, "latin1") : undefined;
  return {
    at,
    read,
    write: (more, bytes) => fs.writeFileSync(at + more, bytes, { mode: 0o600 }),
    names: () => fs.readdirSync(name).sort(),
  };
}

export const note = (url, { etag = ETAG, modified = "", length = LEVEL.length } = {}) =>
  `ferry 1\nurl ${url}\netag ${etag}\nmodified ${modified}\nlength ${length}\nend\n`;

/** What an earlier transfer has left. */
export function leave(place, url, count, more) {
  place.write(".ferry-part", LEVEL.subarray(0, count));
  place.write(".ferry-note", note(url, more));
}

export const rest = (from, { body = LEVEL, etag = ETAG, range, length } = {}) => {
  const bytes = body.subarray(from);
  return Buffer.concat([
    Buffer.from(
      lines(
        "HTTP/1.1 206 Partial Content",
        ...(length === null ? [] : [`Content-Length: ${length ?? bytes.length}`]),
        ...(range === null
          ? []
          : [`Content-Range: ${range ?? `bytes ${from}-${body.length - 1}/${body.length}`}`]),
        ...(etag === null ? [] : [`ETag: ${etag}`]),
      ),
    ),
    bytes,
  ]);
};

export const whole = (...more) => ok(LEVEL, `ETag: ${ETAG}`, ...more);

/** Answers `first`, cut, and ends the connection; then what `next` gives. */
export async function cutting(t, count, next, ...headers) {
  const requests = [];
  const server = await rawServer(t, async (connection) => {
    for (;;) {
      const one = await request(connection);
      requests.push(one);
      if (requests.length === 1) {
        const tags = headers.length > 0 ? headers : [`ETag: ${ETAG}`];
        const head = lines("HTTP/1.1 200 OK", `Content-Length: ${LEVEL.length}`, ...tags);
        await connection.send(head, LEVEL.subarray(0, count));
        connection.end();
        return;
      }
      await connection.send(await next(one, requests.length));
    }
  });
  return Object.assign(server, { requests });
}

export const ranges = (server) =>
  server.requests.map(({ head }) => [header(head, "Range"), header(head, "If-Range")]);
