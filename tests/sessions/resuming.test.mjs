// SPDX-License-Identifier: MIT
// resuming: downloads that go on where others have ended, and files that are fetched if they have
// changed.
import assert from "node:assert/strict";
import crypto from "node:crypto";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { describe, test } from "node:test";
import { lines, ok, rawServer } from "../scenarios/lib/servers.mjs";
import { header, request, site, transfer, urlOf } from "./lib/transfers.mjs";

const LEVEL = Buffer.from("0123456789abcdefghij");
const ETAG = '"v1"';
const integrity = (bytes) => `sha256-${crypto.createHash("sha256").update(bytes).digest("base64")}`;

/** A folder that goes with the test, and what may be in it. */
function folder(t) {
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

const note = (url, { etag = ETAG, modified = "", length = LEVEL.length } = {}) =>
  `ferry 1\nurl ${url}\netag ${etag}\nmodified ${modified}\nlength ${length}\nend\n`;

/** What an earlier transfer has left. */
function leave(place, url, count, more) {
  place.write(".ferry-part", LEVEL.subarray(0, count));
  place.write(".ferry-note", note(url, more));
}

const rest = (from, { body = LEVEL, etag = ETAG, range, length } = {}) => {
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

const whole = (...more) => ok(LEVEL, `ETag: ${ETAG}`, ...more);

/** Answers `first`, cut, and ends the connection; then what `next` gives. */
async function cutting(t, count, next, ...headers) {
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

const ranges = (server) =>
  server.requests.map(({ head }) => [header(head, "Range"), header(head, "If-Range")]);

describe("Resuming", () => {
  test("a_download_that_failed_goes_on_in_the_next_one", async (t) => {
    const place = folder(t);
    const server = await cutting(t, 7, () => rest(7));
    const one = { url: urlOf(server), file: place.at, resume: true, retries: -1 };
    const failed = await transfer(one);
    assert.equal(failed.error, "BODY_TRUNCATED");
    assert.deepEqual(place.names(), ["level.pak.ferry-note", "level.pak.ferry-part"]);
    assert.equal(place.read(".ferry-part"), "0123456");
    assert.equal(fs.statSync(`${place.at}.ferry-part`).mode & 0o777, 0o600);
    assert.equal(fs.statSync(`${place.at}.ferry-note`).mode & 0o777, 0o600);
    const got = await transfer({ ...one, integrity: integrity(LEVEL) });
    assert.deepEqual([got.error, got.code, got.resumed], ["OK", 206, 7]);
    assert.deepEqual([got.bytes, got.total], [LEVEL.length, LEVEL.length]);
    assert.equal(place.read(), LEVEL.toString());
    assert.deepEqual(place.names(), ["level.pak"]);
    assert.deepEqual(ranges(server), [
      [undefined, undefined],
      ["bytes=7-", ETAG],
    ]);
    for (const { head } of server.requests) {
      assert.equal(header(head, "Accept-Encoding"), "identity");
    }
  });

  test("a_cut_body_goes_on_in_the_next_try", async (t) => {
    for (const resume of [false, true]) {
      const place = folder(t);
      const server = await cutting(t, 7, () => rest(7));
      const one = { url: urlOf(server), file: place.at, resume, retries: 1 };
      const got = await transfer({ ...one, integrity: integrity(LEVEL) });
      assert.deepEqual([got.error, got.retries, got.resumed], ["OK", 1, 0]);
      assert.deepEqual([got.bytes, got.total], [LEVEL.length, LEVEL.length]);
      assert.equal(place.read(), LEVEL.toString());
      assert.deepEqual(place.names(), ["level.pak"]);
      assert.deepEqual(ranges(server)[1], ["bytes=7-", ETAG]);
    }
  });
});

describe("Files that may have changed", () => {
  const head = (one, name) => header(one.head, name);

  test("a_file_that_is_current_is_not_fetched_again", async (t) => {
    const place = folder(t);
    const modified = "Sun, 06 Nov 1994 08:49:37 GMT";
    const server = await site(t, {
      "/": (one) =>
        head(one, "If-None-Match") === ETAG
          ? lines("HTTP/1.1 304 Not Modified", `ETag: ${ETAG}`)
          : whole(`Last-Modified: ${modified}`),
    });
    const one = { url: urlOf(server), file: place.at, if_changed: true };
    const first = await transfer(one);
    assert.deepEqual([first.error, first.code, first.unchanged], ["OK", 200, false]);
    assert.deepEqual(place.names(), ["level.pak", "level.pak.ferry-info"]);
    const before = fs.statSync(place.at);
    const got = await transfer(one);
    assert.deepEqual([got.error, got.code, got.unchanged, got.bytes], ["OK", 304, true, 0]);
    const after = fs.statSync(place.at);
    assert.deepEqual([after.ino, after.mtimeMs], [before.ino, before.mtimeMs]);
    assert.equal(place.read(), LEVEL.toString());
    assert.deepEqual(
      server.requests.map((r) => [head(r, "If-None-Match"), head(r, "If-Modified-Since")]),
      [
        [undefined, undefined],
        [ETAG, modified],
      ],
    );
  });

  test("a_file_of_which_nothing_is_noted_is_as_old_as_its_time_says", async (t) => {
    const place = folder(t);
    const server = await site(t, { "/": lines("HTTP/1.1 304 Not Modified") });
    place.write("", "old");
    fs.utimesSync(place.at, 784111777, 784111777);
    const got = await transfer({ url: urlOf(server), file: place.at, if_changed: true });
    assert.deepEqual([got.error, got.unchanged], ["OK", true]);
    const [asked] = server.requests;
    assert.equal(head(asked, "If-Modified-Since"), "Sun, 06 Nov 1994 08:49:37 GMT");
    assert.equal(head(asked, "If-None-Match"), undefined);
    assert.equal(place.read(), "old");
  });
});
