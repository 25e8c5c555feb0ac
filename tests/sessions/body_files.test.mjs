// SPDX-License-Identifier: MIT
// body_files: requests whose bodies are files.
import assert from "node:assert/strict";
import crypto from "node:crypto";
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { describe, test } from "node:test";
import { event, lines, ok, rawServer } from "../scenarios/lib/servers.mjs";
import { header, redirect, request, site, transfer, urlOf } from "./lib/transfers.mjs";

const SECRET = crypto.randomBytes(1_000_000);

function file(t, bytes) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "ferry-body-"));
  t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
  const name = path.join(folder, "body");
  if (bytes !== undefined) fs.writeFileSync(name, bytes);
  return name;
}

describe("Files as bodies", () => {
  test("a_file_is_sent_with_its_length", async (t) => {
    for (const bytes of [Buffer.alloc(0), Buffer.from("hello"), SECRET]) {
      const server = await site(t, { "/": ok("thanks") });
      const one = { url: urlOf(server), method: "PUT", body_file: file(t, bytes) };
      const got = await transfer(one);
      assert.deepEqual([got.error, got.body], ["OK", "thanks"]);
      const [{ head, body }] = server.requests;
      assert.equal(header(head, "Content-Length"), String(bytes.length));
      assert.ok(Buffer.from(body, "latin1").equals(bytes));
    }
  });

  test("a_file_is_sent_again_for_redirects_and_retries", async (t) => {
    let tries = 0;
    const server = await site(t, {
      "/": redirect(307, "/there"),
      "/there": () =>
        tries++ === 0
          ? lines("HTTP/1.1 503 Later", "Retry-After: 0", "Content-Length: 0")
          : ok("thanks"),
    });
    const name = file(t, SECRET);
    const got = await transfer({ url: urlOf(server), method: "PUT", body_file: name });
    assert.deepEqual([got.error, got.redirects, got.retries], ["OK", 1, 1]);
    assert.equal(server.requests.length, 3);
    for (const { body } of server.requests) {
      assert.ok(Buffer.from(body, "latin1").equals(SECRET));
    }
  });

  test("a_redirect_that_turns_to_GET_sends_no_file", async (t) => {
    const server = await site(t, { "/": redirect(303, "/there"), "/there": ok("there") });
    const one = { url: urlOf(server), method: "POST", body_file: file(t, "hello") };
    const got = await transfer(one);
    assert.deepEqual([got.error, got.body], ["OK", "there"]);
    assert.deepEqual(
      server.requests.map(({ method, body }) => [method, body]),
      [
        ["POST", "hello"],
        ["GET", ""],
      ],
    );
  });

  test("what_is_no_file_is_an_error_before_anything_is_sent", async (t) => {
    const server = await rawServer(t, async (connection) => {
      await connection.head();
    });
    const pipe = file(t);
    execFileSync("mkfifo", [pipe]);
    const cases = [
      [file(t), /cannot read .*: No such file/],
      [path.dirname(file(t)), /cannot read .*: it is a folder/],
      [pipe, /cannot read .*: it is no file/],
    ];
    for (const [body_file, sentence] of cases) {
      const got = await transfer({ url: urlOf(server), method: "PUT", body_file });
      assert.equal(got.error, "FILE");
      assert.match(got.detail, sentence);
    }
    assert.equal(server.connections.length, 0);
  });

  test("a_file_that_grows_or_shrinks_while_it_is_sent_ends_the_transfer", async (t) => {
    for (const [size, words] of [
      [4_000_000, "shorter"],
      [70_000_000, "longer"],
    ]) {
      const name = file(t);
      const length = 64 * 1024 * 1024; // more than sockets and what is read ahead can hold
      fs.writeFileSync(name, "");
      fs.truncateSync(name, length);
      const over = event();
      const server = await rawServer(t, async (connection) => {
        const head = await connection.head();
        assert.equal(header(head, "Content-Length"), String(length));
        await connection.bytes(1);
        connection.socket.pause();
        fs.truncateSync(name, size);
        connection.socket.resume();
        over.resolve((await connection.rest()).length);
      });
      const got = await transfer({ url: urlOf(server), method: "PUT", body_file: name });
      assert.equal(got.error, "FILE");
      assert.match(got.detail, new RegExp(`is ${words} than the ${length} bytes`));
      assert.ok((await over.promise) + 1 < length);
    }
  });

  test("a_body_is_one_thing", async () => {
    const url = "http://127.0.0.1:1/";
    for (const other of [{ body: "a" }, { read: "a" }]) {
      const got = await transfer({ url, method: "PUT", body_file: "x", ...other });
      assert.equal(got.error, "INVALID_PARAMETER");
      assert.match(got.detail, /two bodies/);
    }
  });
});
