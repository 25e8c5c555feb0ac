// SPDX-License-Identifier: MIT
// costs: what polls ask of the system while nothing happens.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { test } from "node:test";
import { event, ok } from "../scenarios/lib/servers.mjs";
import { site, transfers, urlOf } from "./lib/transfers.mjs";

const POLLS = 100;
const IDLE = 1000;
const hasStrace = spawnSync("strace", ["-V"]).status === 0;
const skip = hasStrace && process.platform === "linux" ? false : "there is no strace";

/** The names of the system calls between the lines "polls" and "polled". */
function callsOf(log) {
  const calls = log.split("\n").map((line) => line.replace(/^\d+ +/, ""));
  const begin = calls.findIndex((line) => /^write\(1, "polls\\n"/.test(line));
  const end = calls.findIndex((line) => /^write\(1, "polled\\n"/.test(line));
  assert.ok(begin >= 0 && end > begin, log.slice(-2000));
  return calls.slice(begin + 1, end).map((line) => line.split("(")[0]);
}

test("polling_1000_idle_connections_is_two_system_calls_at_most", { skip }, async (t) => {
  const all = event();
  let waiting = 0;
  const server = await site(t, {
    "/": async () => {
      if (++waiting === IDLE) all.resolve();
      await all.promise;
      return ok("hello");
    },
  });
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "ferry-costs-"));
  t.after(() => fs.rmSync(folder, { recursive: true }));
  const log = path.join(folder, "log");
  const session = {
    // Leaks cannot be looked for under strace.
    wrap: ["env", "ASAN_OPTIONS=detect_leaks=0", "strace", "-f", "-o", log],
    connections: IDLE,
    per_origin: IDLE,
  };
  const steps = Array.from({ length: IDLE }, () => ({ url: urlOf(server) }));
  const got = await transfers(session, steps, "counters", "polls");
  assert.match(got.lines.at(-3), new RegExp(`idle ${IDLE} `));
  const calls = callsOf(fs.readFileSync(log, "latin1"));
  assert.ok(calls.length >= POLLS, "each poll looks");
  assert.ok(calls.length <= 2 * POLLS, `${calls.length} calls in ${POLLS} polls`);
});
