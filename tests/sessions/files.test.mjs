// SPDX-License-Identifier: MIT
// files: what a download makes, replaces and leaves alone.
import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { describe, test } from "node:test";
import { event, lines, ok } from "../scenarios/lib/servers.mjs";
import { site, transfer, urlOf } from "./lib/transfers.mjs";

const body = Buffer.alloc(300_000, "new");
const skip = process.platform === "win32";

function makeFolder(t) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "ferry-files-"));
  t.after(() => fs.rmSync(folder, { recursive: true }));
  return { folder, at: path.join(folder, "level") };
}

describe("Downloads", { skip }, () => {
  test("only_its_owner_reads_a_file_that_is_not_complete", async (t) => {
    const { folder, at } = makeFolder(t);
    const seen = event();
    const server = await site(t, {
      "/": async (_, connection) => {
        await connection.send(lines("HTTP/1.1 200 OK", "Content-Length: 6") + "new");
        // It is there once the thread with the files has made it.
        let names = [];
        while (names.length === 0) {
          await new Promise((resolve) => setImmediate(resolve));
          names = fs.readdirSync(folder);
        }
        seen.resolve(names.map((name) => [name, fs.lstatSync(path.join(folder, name))]));
        return "new";
      },
    });
    const got = await transfer({ url: urlOf(server), file: at });
    assert.equal(got.error, "OK", got.detail);
    const [[name, stat], ...others] = await seen.promise;
    assert.equal(others.length, 0);
    assert.match(name, /^level\.part-\d+$/);
    assert.equal(stat.mode & 0o777, 0o600);
    assert.ok(stat.isFile());
    assert.deepEqual(fs.readdirSync(folder), ["level"]);
    assert.equal(fs.readFileSync(at, "latin1"), "newnew");
  });

  test("a_link_at_the_path_is_replaced_and_what_it_names_is_left_alone", async (t) => {
    const { folder, at } = makeFolder(t);
    const other = path.join(folder, "other");
    fs.writeFileSync(other, "precious");
    fs.symlinkSync(other, at);
    const server = await site(t, { "/": ok(body) });
    const got = await transfer({ url: urlOf(server), file: at });
    assert.equal(got.error, "OK", got.detail);
    assert.equal(fs.readFileSync(other, "latin1"), "precious");
    assert.ok(fs.lstatSync(at).isFile());
    assert.deepEqual(fs.readFileSync(at), body);
  });

  const failures = {
    "a status": [lines("HTTP/1.1 404 None", "Content-Length: 2") + "no", {}, "STATUS"],
    "a cut body": [lines("HTTP/1.1 200 OK", "Content-Length: 9") + "new", {}, "BODY_TRUNCATED"],
    "a body that is too long": [ok(body), { max_body: 100 }, "TOO_LARGE"],
    "another length than expected": [ok(body), { expected: 5 }, "INVALID_DATA"],
  };
  for (const [name, [answer, more, error]] of Object.entries(failures)) {
    test(`the_old_file_and_those_of_others_stay_after_${name.replaceAll(" ", "_")}`, async (t) => {
      const { folder, at } = makeFolder(t);
      const stranger = `${at}.part-1`;
      fs.writeFileSync(at, "old");
      fs.writeFileSync(stranger, "a stranger's");
      const server = await site(t, {
        "/": async (_, connection) => {
          await connection.send(answer);
          connection.end();
        },
      });
      const one = { url: urlOf(server), file: at, retries: -1, ...more };
      const got = await transfer(one);
      assert.equal(got.error, error, got.detail);
      assert.deepEqual(fs.readdirSync(folder).sort(), ["level", "level.part-1"]);
      assert.equal(fs.readFileSync(at, "latin1"), "old");
      assert.equal(fs.readFileSync(stranger, "latin1"), "a stranger's");
    });
  }

  test("a_file_that_cannot_be_written_is_an_error_in_the_systems_words", async (t) => {
    const { folder, at } = makeFolder(t);
    const server = await site(t, { "/": ok(body) });
    const missing = await transfer({ url: urlOf(server), file: path.join(folder, "none", "x") });
    assert.equal(missing.error, "FILE");
    assert.match(missing.detail, /No such file or directory/);
    fs.mkdirSync(at);
    const into = await transfer({ url: urlOf(server), file: at });
    assert.equal(into.error, "FILE");
    assert.match(into.detail, /directory|folder/);
    assert.deepEqual(fs.readdirSync(folder), ["level"]);
  });

  // A limit of the size of files stands for a disk that is full.
  test("a_disk_that_is_full_leaves_the_old_file_as_it_was", async (t) => {
    const { folder, at } = makeFolder(t);
    fs.writeFileSync(at, "old");
    const server = await site(t, { "/": ok(body) });
    const wrap = ["sh", "-c", `trap "" XFSZ && ulimit -f 64 && exec "$0" "$@"`];
    const got = await transfer({ url: urlOf(server), file: at }, { wrap });
    assert.equal(got.error, "FILE");
    assert.match(got.detail, /File too large/);
    assert.deepEqual(fs.readdirSync(folder), ["level"]);
    assert.equal(fs.readFileSync(at, "latin1"), "old");
  });
});
