// SPDX-License-Identifier: MIT
// reuse: nothing of a transfer stays with its connection. After each kind of transfer a plain GET sends
// the same bytes over the same connection, and reads the same, as over a new one.
import assert from "node:assert/strict";
import crypto from "node:crypto";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { describe, test } from "node:test";
import zlib from "node:zlib";
import { lines, ok } from "../scenarios/lib/servers.mjs";
import { skip as withoutTls } from "../tls/lib/expect.mjs";
import { redirect, site, transfer, transfers, urlOf } from "./lib/transfers.mjs";

const coded = zlib.gzipSync("plain");
const zipped = Buffer.concat([
  Buffer.from(
    lines("HTTP/1.1 200 OK", "Content-Encoding: gzip", `Content-Length: ${coded.length}`),
  ),
  coded,
]);
const digest = (text) => `sha256-${crypto.createHash("sha256").update(text).digest("base64")}`;
const folder = fs.mkdtempSync(path.join(os.tmpdir(), "ferry-reuse-"));
process.on("exit", () => fs.rmSync(folder, { recursive: true, force: true }));

const answers = {
  "/": zipped,
  "/hello": ({ method }) =>
    method === "HEAD" ? lines("HTTP/1.1 200 OK", "Content-Length: 5") : ok("hello"),
  "/zipped": zipped,
  "/missing": lines("HTTP/1.1 404 None", "Content-Length: 2") + "no",
  "/nothing": lines("HTTP/1.1 204 None"),
  "/same": lines("HTTP/1.1 304 Same", 'ETag: "a"'),
  "/chunked": `${lines("HTTP/1.1 200 OK", "Transfer-Encoding: chunked", "Trailer: X-A")}5\r\nhello\r\n0\r\nX-A: b\r\n\r\n`,
  "/interim": `${lines("HTTP/1.1 103 Early", "Link: x")}${ok("hello")}`,
  "/moved": redirect(307, "/hello"),
  "/see": redirect(303, "/hello"),
  "/busy": lines("HTTP/1.1 503 Busy", "Retry-After: 0", "Content-Length: 0"),
};

const upload = { method: "PUT", header: ["Content-Type: x/y", "X-A: b"] };
const kinds = {
  "a GET with headers": { to: "/hello", header: ["X-A: b", "Cookie: c=d", "User-Agent: mine"] },
  "a HEAD": { to: "/hello", method: "HEAD" },
  "a body from memory": { to: "/hello", ...upload, body: "content" },
  "a copied body": { to: "/hello", ...upload, body: "content", copy: true },
  "a body from a function": { to: "/hello", ...upload, read: "content" },
  "a body that waits for 100": {
    to: "/hello",
    method: "POST",
    body: "x",
    header: "Expect: 100-continue",
  },
  "a limited body": { to: "/hello", ...upload, body: "content", rate: 1000000 },
  "a method without a constant": { to: "/hello", name: "REPORT" },
  "a bearer token": { to: "/hello", bearer: "token" },
  "a user": { to: "/hello", user: "u", password: "p" },
  "codings of the program's": { to: "/zipped", header: "Accept-Encoding: gzip" },
  "a range": { to: "/hello", header: "Range: bytes=0-4" },
  "a coded response": { to: "/zipped" },
  trailers: { to: "/chunked" },
  "interim responses": { to: "/interim" },
  "a response without a body": { to: "/nothing" },
  "a 304": { to: "/same", any_status: true, header: 'If-None-Match: "a"' },
  "a status that is an error": { to: "/missing", error: "STATUS" },
  "a redirect that is followed": { to: "/moved", ...upload, read: "content", rewind: true },
  "a redirect to GET": { to: "/see", ...upload, read: "content" },
  "a redirect that is not followed": { to: "/moved", redirects: -1, any_status: true },
  retries: { to: "/busy", retries: 1, error: "STATUS" },
  "memory of the program's": { to: "/hello", dst: 5 },
  "a function": { to: "/hello", on_data: true },
  "a file": { to: "/hello", file: path.join(folder, "file") },
  "a limited response": { to: "/hello", rate: 1000 },
  "a digest": { to: "/hello", integrity: digest("hello") },
  limits: { to: "/hello", max_body: 5, expected: 5 },
  "time-outs": { to: "/hello", idle_ms: 100000, total_ms: 100000 },
};

describe("A kept connection is like a new one", () => {
  for (const [name, { to, error = "OK", ...request }] of Object.entries(kinds)) {
    const skip = request.integrity && withoutTls;
    test(`after_${name.replaceAll(" ", "_")}`, { skip }, async (t) => {
      const server = await site(t, answers);
      const plain = { url: urlOf(server) };
      const got = await transfers({}, plain, { url: urlOf(server, to), ...request }, plain);
      assert.equal(got.transfers[1].error, error, got.transfers[1].detail);
      const [first, last] = [server.requests[0], server.requests.at(-1)];
      assert.deepEqual(last, first);
      const results = [got.transfers[0], got.transfers[2]];
      assert.deepEqual(results[1], results[0]);
      assert.deepEqual([results[0].error, results[0].body], ["OK", "plain"]);
      assert.equal(server.connections.length, 1);
    });
  }

  test("a_POST_after_a_PUT_sends_its_own_body", async (t) => {
    const server = await site(t, answers);
    const steps = [
      { url: urlOf(server, "/hello"), method: "PUT", read: "the content of the first" },
      { url: urlOf(server, "/hello"), method: "POST", body: "x=1" },
      { url: urlOf(server, "/hello"), method: "POST" },
    ];
    await transfers({}, ...steps);
    assert.deepEqual(
      server.requests.map(({ method, body }) => `${method} ${body}`),
      ["PUT the content of the first", "POST x=1", "POST "],
    );
    assert.equal(server.connections.length, 1);
  });

  test("an_address_with_a_zone_is_no_part_of_a_url", async () => {
    for (const zone of ["%25lo", "%lo", "%251"]) {
      const got = await transfer({ url: `http://[fe80::1${zone}]/` });
      assert.equal(got.error, "INVALID_PARAMETER");
      assert.match(got.detail, /zone/);
    }
  });
});
