// SPDX-License-Identifier: MIT
// session_files: files of sessions in Node: downloads that go on, files that may have changed, files
// as bodies.
import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { execute } from "../scenarios/lib/run.mjs";
import { keeping } from "../scenarios/lib/servers.mjs";

const here = path.dirname(fileURLToPath(import.meta.url));
const root = path.join(here, "..", "..");
const bin = path.resolve(root, process.env.FERRY_WEB_BUILD ?? "build/web", "bin");
const runner = path.join(here, "lib", "node_program.cjs");
const LEVEL = "0123456789abcdefghij";

/** Runs one transfer, and gives what it prints. */
async function transfer(...args) {
  const program = path.join(bin, "transfers_files.js");
  const { stdout, stderr, end } = await execute(process.execPath, [runner, program, "++", ...args]);
  assert.equal(stderr, "");
  assert.equal(end, 0);
  return stdout;
}

function folder(t) {
  const name = fs.mkdtempSync(path.join(os.tmpdir(), "ferry-web-files-"));
  t.after(() => fs.rmSync(name, { recursive: true, force: true }));
  const at = path.join(name, "level.pak");
  const read = () => fs.readFileSync(at, "latin1");
  return { at, read, names: () => fs.readdirSync(name).sort() };
}

/** Sends the level with an ETag, the rest of it, or that it is current; the first time it is cut. */
function site(t, { cuts = false } = {}) {
  let isFirst = cuts;
  return keeping(t, (request, response) => {
    const { range } = request.headers;
    const headers = { ETag: '"v1"' };
    if (request.headers["if-none-match"] === '"v1"') {
      response.writeHead(304, headers).end();
    } else if (range !== undefined) {
      const from = Number(/=(\d+)-/.exec(range)[1]);
      headers["Content-Range"] = `bytes ${from}-19/20`;
      response.writeHead(206, { ...headers, "Content-Length": 20 - from }).end(LEVEL.slice(from));
    } else if (isFirst) {
      isFirst = false;
      response.writeHead(200, { ...headers, "Content-Length": 20 });
      response.write(LEVEL.slice(0, 7), () => response.destroy());
    } else {
      response.writeHead(200, { ...headers, "Content-Length": 20 }).end(LEVEL);
    }
  });
}

const urlOf = (server) => `url=http://127.0.0.1:${server.port}/level`;

test("a_download_goes_on_in_the_next_program", async (t) => {
  const server = await site(t, { cuts: true });
  const place = folder(t);
  const args = [urlOf(server), `file=${place.at}`, "resume=1"];
  assert.doesNotMatch(await transfer(...args, "retries=-1"), /^0 OK/);
  assert.deepEqual(place.names(), ["level.pak.ferry-note", "level.pak.ferry-part"]);
  assert.match(await transfer(...args), /^0 OK 206 .* file 20 of 20 resumed 7 heads 1/);
  assert.equal(place.read(), LEVEL);
  assert.deepEqual(place.names(), ["level.pak"]);
  assert.equal(server.requests[1].headers["if-range"], '"v1"');
});

test("a_cut_body_goes_on_in_the_next_try", async (t) => {
  const server = await site(t, { cuts: true });
  const place = folder(t);
  const got = await transfer(urlOf(server), `file=${place.at}`, "retries=1");
  assert.match(got, /^0 OK 206 .* retries 1 .* file 20 of 20 resumed 0/);
  assert.equal(place.read(), LEVEL);
  assert.deepEqual(place.names(), ["level.pak"]);
});

test("a_file_that_is_current_is_not_fetched_again", async (t) => {
  const server = await site(t);
  const place = folder(t);
  const args = [urlOf(server), `file=${place.at}`, "if_changed=1"];
  assert.match(await transfer(...args), /^0 OK 200 .* resumed 0 heads 1/);
  assert.deepEqual(place.names(), ["level.pak", "level.pak.ferry-info"]);
  assert.match(await transfer(...args), /^0 OK 304 .* unchanged heads 1/);
  fs.writeFileSync(place.at, "edited");
  assert.match(await transfer(...args), /^0 OK 200 /);
  assert.equal(place.read(), LEVEL);
});

test("a_file_is_a_body", async (t) => {
  const server = await keeping(t);
  const place = folder(t);
  for (const bytes of [Buffer.alloc(0), Buffer.from("hello"), Buffer.alloc(200_000, "x")]) {
    fs.writeFileSync(place.at, bytes);
    assert.match(await transfer(urlOf(server), "method=PUT", `body_file=${place.at}`), /^0 OK 200/);
    assert.ok(server.requests.pop().body.equals(bytes));
  }
});

test("what_is_no_file_is_an_error_before_anything_is_sent", async (t) => {
  const server = await keeping(t);
  const place = folder(t);
  for (const [name, words] of [
    [place.at, "there is no such file"],
    [path.dirname(place.at), "it is a folder"],
  ]) {
    const got = await transfer(urlOf(server), "method=PUT", `body_file=${name}`);
    assert.match(got, new RegExp(`^0 FILE .*: cannot read ${name}: ${words}`));
  }
  assert.equal(server.requests.length, 0);
});

test("a_program_without_files_carries_no_file_system", () => {
  const script = fs.readFileSync(path.join(bin, "readme_session.js"), "latin1");
  assert.doesNotMatch(script, /MEMFS/);
  assert.match(fs.readFileSync(path.join(bin, "transfers.js"), "latin1"), /MEMFS/);
});
