// SPDX-License-Identifier: MIT
// tests: what is run against a change: unit tests, then the fast files against servers; first those
// that have caught changes of the same file.
import fs from "node:fs";
import path from "node:path";
import { build, copy, preset, run } from "./tree.mjs";

// These measure time, processor time or memory, make builds of their own, or test no C.
const LEFT_OUT =
  /\/(authority|blocking|bundle|cli_timeouts|cli_tls|commands|game_loop|lists|mutate|native|nginx|soak|timeouts|without_tls)\.test\.mjs$/;
const SLOWEST_SECONDS = 20;
const LEAST_LIMIT_SECONDS = 10;
const LIMIT_FACTOR = 4; // of what a test takes where nothing is wrong

function unitTests() {
  return fs
    .readdirSync(path.join(copy, "tests/unit"))
    .filter((name) => /^test_\w+\.c$/.test(name))
    .map((name) => name.slice(0, -2))
    .filter((name) => fs.existsSync(path.join(copy, `build/${preset}/bin`, name)))
    .map((name) => {
      const cases = fs
        .readdirSync(path.join(copy, "tests/cases"))
        .map((file) => `tests/cases/${file}`);
      return {
        name,
        kind: "unit",
        targets: [name],
        command: [`build/${preset}/bin/${name}`, ...(name === "test_cases" ? cases : [])],
      };
    });
}

function scenarioTests() {
  return ["tests/scenarios", "tests/tls"]
    .flatMap((place) => fs.readdirSync(path.join(copy, place)).map((file) => `${place}/${file}`))
    .filter((file) => file.endsWith(".test.mjs") && !LEFT_OUT.test(file))
    .map((file) => ({
      name: path.basename(file, ".test.mjs"),
      kind: "scenario",
      targets: ["scenario", "ferry_cli", "tour", "game_loop"],
      command: [process.execPath, "--test", file],
    }));
}

async function runTest({ command }, limit) {
  const [program, ...args] = command;
  const env = { FERRY_BUILD: `build/${preset}`, FERRY_QUICK: "1", NODE_TEST_CONTEXT: undefined };
  return run(program, args, limit, env);
}

/** How many words of its name the test has in common with the file's path: "tls", "lookup". */
function likeness(test, file) {
  const words = new Set(file.slice(0, -".c".length).split(/[/_]/));
  return test.name.split("_").filter((word) => words.has(word)).length;
}

/** The tests that pass where nothing is changed, each with its limit. */
export async function measureTests(say) {
  const found = [];
  for (const test of [...unitTests(), ...scenarioTests()]) {
    let { end, seconds } = await runTest(test, 300);
    if (end !== 0) ({ end, seconds } = await runTest(test, 300));
    if (end !== 0) {
      say(`${test.name} is left out: it fails without any change`);
      continue;
    }
    if (seconds > SLOWEST_SECONDS) {
      say(`${test.name} is left out: it takes ${seconds.toFixed(0)} s`);
      continue;
    }
    found.push({ ...test, seconds, limit: Math.max(LEAST_LIMIT_SECONDS, LIMIT_FACTOR * seconds) });
  }
  return found;
}

/** Runs them until one fails; gives {test, kind, end}, or null: the change survives. */
export async function catchChange(tests, file, catches) {
  const order = (test) => [
    test.kind === "unit" ? 0 : 1,
    -(catches.get(test.name) ?? 0),
    -likeness(test, file),
    test.seconds,
  ];
  const sorted = [...tests].sort((a, b) => {
    const [x, y] = [order(a), order(b)];
    const i = x.findIndex((value, at) => value !== y[at]);
    return i < 0 ? 0 : x[i] - y[i];
  });
  for (const test of sorted) {
    if (!(await build(...test.targets))) throw new Error(`${test.name} cannot be linked`);
    let { end } = await runTest(test, test.limit);
    // On a busy machine some fail by themselves.
    if (end !== 0 && end !== "hangs") ({ end } = await runTest(test, test.limit));
    if (end !== 0) return { test: test.name, kind: test.kind, end };
  }
  return null;
}

/** True where the test takes too long without any change, too; it may take longer from then on. */
export async function isTooSlow(test) {
  if (!(await build("ferry", ...test.targets))) throw new Error("it does not build any more");
  const { end } = await runTest(test, test.limit);
  if (end === "hangs") test.limit *= 2;
  return end === "hangs";
}
