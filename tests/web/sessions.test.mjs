// SPDX-License-Identifier: MIT
// sessions: transfers print the same in Node as natively.
import assert from "node:assert/strict";
import path from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { execute } from "../scenarios/lib/run.mjs";
import { event, keeping } from "../scenarios/lib/servers.mjs";
import { program } from "../sessions/lib/transfers.mjs";

const here = path.dirname(fileURLToPath(import.meta.url));
const root = path.join(here, "..", "..");
const web = path.resolve(root, process.env.FERRY_WEB_BUILD ?? "build/web", "bin/transfers.js");
const runner = path.join(here, "lib", "node_program.cjs");

/** What fetch() does not tell: how many redirects it has followed. */
const withoutCounts = (text) => text.replace(/ redirects \d+ /g, " ").split("\n");

/** Says back what came, redirects, or does not know. */
function answer(request, response) {
  const say = (code, text, headers = {}) => {
    response.writeHead(code, { "Content-Length": text.length, ...headers });
    response.end(request.method === "HEAD" ? undefined : text);
  };
  const { pathname } = new URL(request.url, "http://h");
  if (pathname === "/redirect") say(302, "", { Location: "/hello?moved" });
  else if (pathname === "/loop") say(302, "", { Location: "/loop" });
  else if (pathname === "/missing") say(404, "no");
  else say(200, `${request.method} ${request.url} ${request.headers["content-type"] ?? ""}`);
}

const CASES = {
  "a GET": (url) => [`url=${url}/hello`],
  "a POST": (url) => [`url=${url}/`, "method=POST", "body=a=b", "header=Content-Type: x/y"],
  "a POST with a copy": (url) => [`url=${url}/`, "method=POST", "body={}", "copy=1"],
  "a POST that outlives its page": (url) => [`url=${url}/`, "method=POST", "body=a", "keepalive=1"],
  "a HEAD": (url) => [`url=${url}/`, "method=HEAD"],
  "a fragment": (url) => [`url=${url}/hello#here`],
  "a redirect": (url) => [`url=${url}/redirect`],
  "a redirect of a POST": (url) => [`url=${url}/redirect`, "method=POST", "body=a"],
  "a missing page": (url) => [`url=${url}/missing`],
  "a missing page that is wanted": (url) => [`url=${url}/missing`, "any_status=1"],
  "memory of the program's": (url) => [`url=${url}/hello`, "dst=100"],
  "too little memory": (url) => [`url=${url}/hello`, "dst=5"],
  "a function": (url) => [`url=${url}/hello`, "on_data=1"],
  "another scheme": () => ["url=ftp://h/"],
  "no URL": () => ["priority=1"],
  "two kinds of credentials": (url) => [`url=${url}/`, "bearer=a", "user=b"],
  "a header that is none": (url) => [`url=${url}/`, "header=none"],
};

test("transfers_print_the_same_in_node_as_natively", async (t) => {
  const server = await keeping(t, answer);
  const url = `http://127.0.0.1:${server.port}`;
  const args = Object.values(CASES).flatMap((make) => ["++", ...make(url)]);
  const natively = await execute(program, args);
  const sent = server.requests.splice(0);
  const inNode = await execute(process.execPath, [runner, web, ...args]);
  assert.equal(natively.stderr + inNode.stderr, "");
  assert.deepEqual(withoutCounts(inNode.stdout), withoutCounts(natively.stdout));
  assert.deepEqual([natively.end, inNode.end], [0, 0]);
  const seen = (requests) =>
    requests.map(({ method, url: target, body }) => `${method} ${target} ${body}`);
  assert.deepEqual(seen(server.requests), seen(sent));
});

// The browser reads on; what is limited is what the program gets. A sixteenth of a second's bytes come
// at once.
test("a_limited_transfer_takes_its_time_in_node", async (t) => {
  const server = await keeping(t, (_, response) => response.end("x".repeat(20_000)));
  const url = `http://127.0.0.1:${server.port}/`;
  const since = process.hrtime.bigint();
  const args = ["++", `url=${url}`, "rate=40000"];
  const { stdout, stderr, end } = await execute(process.execPath, [runner, web, ...args]);
  const took = Number(process.hrtime.bigint() - since) / 1e6;
  assert.equal(stderr, "");
  assert.equal(end, 0);
  assert.match(stdout, / OK 200 .* 20000 bytes /);
  assert.ok(took >= 437, `${took} ms`);
});

test("many_transfers_are_done_in_node", async (t) => {
  const server = await keeping(t);
  const url = `http://127.0.0.1:${server.port}`;
  const args = Array.from({ length: 400 }, (_, i) => ["--", `url=${url}/${i}`]).flat();
  const { stdout, stderr, end } = await execute(process.execPath, [runner, web, ...args]);
  assert.equal(stderr, "");
  assert.equal(end, 0);
  assert.equal(stdout.match(/ OK 200 .* 6 bytes "hello/g).length, 400);
});

test("a_request_that_may_outlive_its_page_waits_for_no_other", async (t) => {
  const most = 256; // that are under way at once
  const last = event();
  const server = await keeping(t, async (request, response) => {
    if (request.url === "/last") last.resolve();
    await last.promise;
    response.end("hello");
  });
  const url = `http://127.0.0.1:${server.port}`;
  const held = Array.from({ length: most + 10 }, (_, i) => ["--", `url=${url}/${i}`]).flat();
  const kept = ["--", `url=${url}/last`, "method=POST", "body=bye", "keepalive=1"];
  const args = [...held, ...kept];
  const { stdout, stderr, end } = await execute(process.execPath, [runner, web, ...args]);
  assert.equal(stderr, "");
  assert.equal(end, 0);
  assert.equal(stdout.match(/ OK 200 .* 5 bytes "hello/g).length, most + 11);
});

test("bytes_of_a_last_request_are_free_when_it_is_done", async (t) => {
  const server = await keeping(t, answer);
  const url = `http://127.0.0.1:${server.port}/`;
  const post = [`url=${url}`, "method=POST", `body=${"k".repeat(40_000)}`, "keepalive=1"];
  const args = ["++", ...post, "--", ...post, "retries=-1", "++", ...post];
  const { stdout } = await execute(process.execPath, [runner, web, ...args]);
  const ends = stdout.split("\n").map((line) => line.split(" ")[1]);
  assert.deepEqual(ends, ["OK", "TOO_LARGE", "OK", undefined]);
});
