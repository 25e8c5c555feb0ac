// SPDX-License-Identifier: MIT
// compat: builds with the newest Emscripten, in a Debian system of its own, and runs the tests of the
// web on what comes out: under that system's Node, and in this machine's browsers.
import { spawn } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const here = path.dirname(fileURLToPath(import.meta.url));
const root = path.join(here, "..", "..");
const logs = path.join(root, "build", "logs");
const script = path.join(here, "root.sh");
const copy = path.join(root, "build", "compat", "root", "srv", "project");
const STEP_SECONDS = 1800; // the first build builds Emscripten's own libraries too

// Else every C program is linked with the C++ libraries, which would have to be built first.
const withoutCxx = "LDFLAGS=-sDEFAULT_TO_CXX=0";

// These need the system that has built; all others are run in the browsers of this one.
const INSIDE_ONLY = ["package.test.mjs", "units.test.mjs"];

// This is about browsers alone.
const OUTSIDE_ONLY = ["harness.test.mjs"];

const total = { passed: 0, failed: 0, skipped: 0 };

/** Runs a command to its end, or to the limit for a step; its output goes to a log as well. */
async function run(name, command, env = {}) {
  const child = spawn(command[0], command.slice(1), {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true, // a group of its own, which can be ended as a whole
  });
  let output = "";
  child.stdout.on("data", (data) => (output += data));
  child.stderr.on("data", (data) => (output += data));
  const end = (signal) => process.kill(-child.pid, signal);
  const timer = setTimeout(() => {
    output += `\nended after ${STEP_SECONDS} seconds\n`;
    end("SIGTERM");
  }, STEP_SECONDS * 1000);
  const stop = () => {
    end("SIGTERM");
    process.exitCode = 1;
  };
  process.once("SIGINT", stop).once("SIGTERM", stop);
  const code = await new Promise((resolve) => {
    child.on("error", (error) => {
      output += `${error.message}\n`;
      resolve(1);
    });
    child.on("close", (status) => resolve(status ?? 1));
  });
  clearTimeout(timer);
  process.off("SIGINT", stop).off("SIGTERM", stop);
  fs.writeFileSync(path.join(logs, `compat-${name.replaceAll(/[ /]/g, "-")}.log`), output);
  return { code, output };
}

/** Runs a step that the others need; says what it printed where it fails. */
async function must(name, command) {
  const begin = Date.now();
  const { code, output } = await run(name, command);
  if (code !== 0) {
    const lines = output
      .split("\n")
      .filter((line) => !/^(\[\d+\/\d+\]|cache:|system_libs:)/.test(line));
    console.log(lines.slice(-60).join("\n"));
    console.log(`${name}: failed`);
    process.exit(1);
  }
  console.log(`${name}: ${((Date.now() - begin) / 1000).toFixed(1)} s`);
  return output;
}

const sum = (output, word) => Number(new RegExp(`^# ${word} (\\d+)$`, "m").exec(output)?.[1] ?? 0);

/** The reports of the tests that have failed, of a TAP report. */
function failures(output) {
  const parts = output.split(/^(?=\s*(?:not )?ok \d+ - |\s*# Subtest: )/m);
  return parts.filter((part) => /^\s*not ok/.test(part)).join("");
}

/** Runs a file of tests, and counts what is in it. */
async function tests(name, command, env) {
  const begin = Date.now();
  const { code, output } = await run(name, command, env);
  const result = {
    passed: sum(output, "pass"),
    failed: sum(output, "fail") + sum(output, "cancelled"),
    skipped: sum(output, "skipped"),
  };
  if (code !== 0) {
    result.failed ||= 1;
    console.log(failures(output) || output);
  }
  for (const key of Object.keys(total)) total[key] += result[key];
  const seconds = ((Date.now() - begin) / 1000).toFixed(1);
  const { passed, failed, skipped } = result;
  console.log(`${name}: ${passed} passed, ${failed} failed, ${skipped} skipped, ${seconds} s`);
  const reasons = [...output.matchAll(/^\s*ok \d+ - .* # SKIP ?(.*)$/gm)].map(([, why]) => why);
  for (const why of new Set(reasons)) console.log(`  skipped: ${why}`);
}

const inside = (...command) => [script, "run", ...command];
const buildInside = (preset, ...wrap) => [
  inside(...wrap, "cmake", "--preset", preset),
  inside("cmake", "--build", "--preset", preset),
];
const TAP = ["--test", "--test-reporter=tap"];

fs.mkdirSync(logs, { recursive: true });
await must("Debian with the newest Emscripten", [script, "make"]);
await must("copy", [script, "copy"]);
const versions = "emcc --version | head -n 1; echo Node $(node --version)";
console.log(await must("versions", inside("sh", "-c", versions)));
// Transcripts are compared with those of native programs, of each system's own.
const native = "cmake --preset native && cmake --build --preset native";
await must("native build here", ["sh", "-c", native]);
const builds = {
  "native build": buildInside("native"),
  "web build": buildInside("web", "env", withoutCxx, "emcmake"),
};
for (const [name, [configure, make]] of Object.entries(builds)) {
  await must(`${name}, configured`, configure);
  await must(name, make);
}

const files = fs
  .readdirSync(path.join(root, "tests", "web"))
  .filter((file) => file.endsWith(".test.mjs"));
for (const file of files.filter((name) => !OUTSIDE_ONLY.includes(name))) {
  const command = ["env", withoutCxx, "node", ...TAP, `tests/web/${file}`];
  await tests(`${path.basename(file, ".test.mjs")} under its Node`, inside(...command));
}
const web = path.join(copy, "build", "web");
const env = { FERRY_WEB_BUILD: web, FERRY_FLAVOURS: path.join(web, "flavours") };
for (const file of files.filter((name) => !INSIDE_ONLY.includes(name))) {
  const command = [process.execPath, ...TAP, `tests/web/${file}`];
  await tests(`${path.basename(file, ".test.mjs")} in browsers`, command, env);
}

console.log(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exitCode ||= total.failed > 0 || total.passed === 0 ? 1 : 0;
