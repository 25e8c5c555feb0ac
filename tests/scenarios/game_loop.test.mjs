// SPDX-License-Identifier: MIT
// game_loop: the game natively: it streams its files and no frame waits for them, without a terminal
// and in one.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import path from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { startDemoServer } from "../../web/demo/server.mjs";
import { countDisturbances } from "./lib/business.mjs";
import { closedPort, event } from "./lib/servers.mjs";
import { noTerminal } from "./lib/terminal.mjs";

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), "..", "..");
const program = path.resolve(root, process.env.FERRY_BUILD ?? "build/native", "bin/game_loop");
const isQuick = process.env.FERRY_QUICK !== undefined;
const slow = isQuick ? "it takes seconds" : false;

const LIMIT_MS = 60_000; // longer than any of it takes: only what hangs is ended
const RUNS = 3;
const ALL_ARRIVED = /^13 of 13 files arrived, 66\.0 MB at [\d.]+ MB\/s; /;

/** Starts the game; `ended` gives {code, stdout, stderr}, `printed` is called with each line. */
function start(args, { command = [program], stdin = "ignore", printed = () => {} } = {}) {
  const [name, ...before] = command;
  const child = spawn(name, [...before, ...args], { stdio: [stdin, "pipe", "pipe"] });
  const result = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (data) => {
    result.stdout += data;
    printed(result.stdout);
  });
  child.stderr.setEncoding("utf8").on("data", (data) => (result.stderr += data));
  const timer = setTimeout(() => child.kill("SIGKILL"), LIMIT_MS);
  const ended = new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => resolve({ ...result, code: signal ?? code }));
  }).finally(() => clearTimeout(timer));
  return { child, ended };
}

const run = (...args) => start(args).ended;

async function demoServer(t, seen) {
  const server = await startDemoServer({ seen });
  t.after(() => server.close());
  return server;
}

const lastLine = (text) => text.trimEnd().split("\n").at(-1);
const numberBefore = (what, line) => Number(new RegExp(`(\\d+) ${what}`).exec(line)[1]);

describe("game loop", () => {
  test("a_large_file_comes_in_and_no_frame_is_late", { skip: slow }, async (t) => {
    const server = await demoServer(t);
    const play = async () => {
      const { code, stdout, stderr } = await run(server.url);
      const report = lastLine(stdout);
      assert.equal(stderr, "");
      assert.match(report, ALL_ARRIVED);
      assert.equal(code, 0);
      const [, megabytes] = /most in a frame ([\d.]+) MB/.exec(report);
      assert.ok(Number(megabytes) <= 2.1, "no frame takes more than it may");
      return { report, late: numberBefore("late", report) };
    };
    for (let i = 1; i <= RUNS; i++) {
      const { report, late } = await play();
      if (late === 0) return;
      t.diagnostic(`run ${i}: ${report}`);
    }
    const disturbances = await countDisturbances(play);
    assert.notEqual(disturbances, 0, "frames were late, and no other program was to blame");
    t.skip("this machine is too busy to tell");
  });

  test("frames_go_on_while_the_server_keeps_silent", async (t) => {
    const answer = event();
    const server = await demoServer(t, ({ url }) => (url === "/large" ? answer.promise : null));
    const reports = [];
    const twice = event();
    const printed = (stdout) => {
      reports.splice(0, Infinity, ...stdout.split("\n").slice(0, -1));
      if (reports.length === 2) twice.resolve();
    };
    const { child, ended } = start([server.url], { printed });
    await Promise.race([twice.promise, ended]);
    for (const report of reports) assert.match(report, /^12 of 13 files arrived/);
    const [before, now] = reports.map((report) => numberBefore("frames", report));
    assert.ok(now >= before + 10, `${before} frames, then ${now}`);
    child.kill("SIGTERM");
    const { code, stdout } = await ended;
    assert.match(lastLine(stdout), /^12 of 13 files arrived/);
    assert.equal(code, 1);
  });

  test("what_does_not_come_is_reported", async (t) => {
    const server = await demoServer(t);
    const missing = await run(`${server.url}poem`, `${server.url}nowhere`, `${server.url}asset/1`);
    assert.equal(missing.code, 1);
    assert.match(missing.stdout, /2 of 3 files arrived, some failed, .*\n\/nowhere: .*404\n$/);

    const nobody = await run(`http://127.0.0.1:${await closedPort()}/x`);
    assert.equal(nobody.code, 1);
    assert.match(nobody.stdout, /0 of 1 files arrived, some failed, .*\n\/x: .+\n$/);
  });

  test("wrong_usage_is_said_and_nothing_is_asked_for", async () => {
    const none = await run();
    assert.equal(none.code, 2);
    assert.match(none.stderr, /^usage: game_loop /);
    const help = await run("--help");
    assert.equal(help.code, 0);
    assert.match(help.stdout, /^usage: game_loop /);
    const other = await run("ftp://127.0.0.1/");
    assert.equal(other.code, 2);
    assert.match(other.stderr, /^game_loop: ftp:.*: the URL does not begin with http/);
  });

  test("in_a_terminal_it_draws_and_leaves_it_as_it_was", { skip: noTerminal }, async (t) => {
    const server = await demoServer(t);
    const drawn = event();
    const { child, ended } = start([`${program} ${server.url}`, "/dev/null"], {
      command: ["script", "--quiet", "--return", "--command"],
      stdin: "pipe",
      printed: (stdout) => {
        if (/frames \d+, late/.test(stdout)) drawn.resolve();
      },
    });
    await Promise.race([drawn.promise, ended]);
    child.stdin.write("q");
    const { stdout } = await ended;
    assert.ok(stdout.startsWith("\x1b[?1049h\x1b[?25l"), "another page, without a cursor");
    assert.match(stdout, /\x1b\[0m\x1b\[\?25h\x1b\[\?1049l\d+ of 13 files arrived/);
    assert.match(stdout, /space pause/);
  });
});
