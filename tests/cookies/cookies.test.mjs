// SPDX-License-Identifier: MIT
// cookies: what ferry and curl make of one file of cookies, one after the other, against one server.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { temporaryFolder, urlOf } from "../scenarios/lib/cli.mjs";
import { buildWith, call } from "../scenarios/lib/build.mjs";
import { execute, quick, program as scenario } from "../scenarios/lib/run.mjs";
import { httpServer } from "../scenarios/lib/servers.mjs";

const program = path.join(path.dirname(scenario), "with_jar");
const noCurl = spawnSync("curl", ["--version"]).error ? "curl is absent" : false;
const noNm = spawnSync("nm", ["--version"]).error ? "nm is absent" : false;

const SET = [
  "plain=1",
  "http=2; HttpOnly",
  "kept=3; Max-Age=1000",
  "path=4; Path=/deep/er",
  'quoted="5, 6"; SameSite=Lax',
  "empty=",
  "equals=a=b==; HttpOnly; Max-Age=1000",
  "utf8=\u00c3\u00a4", // as bytes
  "gone=7; Max-Age=0",
  "elsewhere=8; Domain=example.org",
];
const EXPECTED = [
  "path=4",
  "plain=1",
  "http=2",
  "kept=3",
  'quoted="5, 6"',
  "empty=",
  "equals=a=b==",
  "utf8=\u00c3\u00a4",
];

/** Sets cookies at /set, and keeps what it is sent elsewhere. */
async function cookieServer(t, set = SET) {
  const sent = [];
  const server = await httpServer(t, (request, response) => {
    if (request.url === "/set") response.setHeader("Set-Cookie", set);
    else sent.push(request.headers.cookie ?? "");
    response.end(Buffer.from("\n")); // before a text Node would write UTF-8
  });
  return { ...server, sent };
}

async function runs(command, ...args) {
  const { end, stderr } = await execute(command, args);
  assert.equal(end, 0, stderr);
}

const ferry = (jar, ...urls) => runs(program, jar, ...urls);
const curl = (jar, url) => runs("curl", "-sS", "--noproxy", "*", "-b", jar, "-c", jar, url);
const pairs = (line) => line.split("; ");

test("curl_sends_the_cookies_that_ferry_has_saved", { skip: noCurl }, async (t) => {
  const server = await cookieServer(t);
  const jar = path.join(temporaryFolder(t), "jar");
  await ferry(jar, urlOf(server, "/set"), urlOf(server, "/deep/er/x"));
  await curl(jar, urlOf(server, "/deep/er/y"));
  assert.deepEqual(pairs(server.sent[0]), EXPECTED);
  assert.deepEqual(pairs(server.sent[1]).sort(), [...EXPECTED].sort());
});

test("ferry_sends_the_cookies_that_curl_has_saved", { skip: noCurl }, async (t) => {
  const server = await cookieServer(t);
  const jar = path.join(temporaryFolder(t), "jar");
  await curl(jar, urlOf(server, "/set"));
  await curl(jar, urlOf(server, "/deep/er/x"));
  await ferry(jar, urlOf(server, "/deep/er/y"));
  assert.deepEqual(pairs(server.sent[0]).sort(), [...EXPECTED].sort());
  assert.deepEqual(pairs(server.sent[1]).sort(), [...EXPECTED].sort());
});

test("a_jar_that_both_have_saved_in_turn_loses_nothing", { skip: noCurl }, async (t) => {
  const server = await cookieServer(t);
  const jar = path.join(temporaryFolder(t), "jar");
  const linesOf = () =>
    fs
      .readFileSync(jar, "latin1")
      .split("\n")
      .filter((line) => line.includes("\t"))
      .sort();
  await ferry(jar, urlOf(server, "/set"));
  const first = linesOf();
  assert.equal(first.length, EXPECTED.length);
  for (let i = 0; i < 3; i++) {
    await curl(jar, urlOf(server));
    assert.deepEqual(linesOf(), first);
    await ferry(jar, urlOf(server));
    assert.deepEqual(linesOf(), first);
  }
});

test("what_curl_could_not_read_is_not_saved", { skip: noCurl }, async (t) => {
  const server = await cookieServer(t, ["a=1", "nameless", "tab=x\ty", "b=2; Path=/x\ty"]);
  const jar = path.join(temporaryFolder(t), "jar");
  await ferry(jar, urlOf(server, "/set"), urlOf(server, "/"));
  await curl(jar, urlOf(server, "/"));
  assert.deepEqual(server.sent, ["a=1; nameless; tab=x\ty", "a=1"]);
});

test("a_file_that_is_no_jar_is_left_alone", async (t) => {
  const file = path.join(temporaryFolder(t), "letter");
  fs.writeFileSync(file, "Dear reader,\n");
  const { end, stderr } = await execute(program, [file]);
  assert.equal(end, 1);
  assert.match(stderr, /letter: FERRY_ERROR_INVALID_DATA: .*line 1\n$/);
  assert.equal(fs.readFileSync(file, "latin1"), "Dear reader,\n");
});

test("a_program_without_cookies_does_not_carry_them", { skip: noNm }, () => {
  const symbols = (name) =>
    call("nm", [path.join(path.dirname(program), name)])
      .split("\n")
      .filter((line) => / (ferry_cookie|ferry_public_suffix|ferry_session_poll|psl_)/.test(line))
      .map((line) => line.split(" ").pop());
  assert.ok(symbols("with_jar").includes("ferry_cookie_parse"));
  assert.deepEqual(symbols("get"), ["ferry_session_poll"]);
});

test("without_libpsl_cookies_go_back_to_their_host_alone", { skip: quick }, () => {
  const tests = ["test_cookie", "test_cookie_jar", "test_cookie_file", "test_session_cookies"];
  const { build, said } = buildWith("without-psl", ["-DFERRY_PSL=OFF"], tests);
  assert.match(said, /PSL is not used/);
  for (const name of tests) {
    assert.match(call(path.join(build, "bin", name), []), /^[1-9][0-9]* passed, 0 failed$/m);
  }
});
