// SPDX-License-Identifier: MIT
// run: builds and runs all tests, one step after another, and sums them up in one line.
import { spawn } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), "..");
const logs = path.join(root, "build", "logs");
const quick = process.argv.includes("--quick");
const thorough = process.argv.includes("--thorough");
const STEP_SECONDS = 600;
const LONG_STEPS = new Map([["commands", 1800]]); // those that build all of it anew

const isKnown = (argument) => ["--quick", "--thorough"].includes(argument);
if (!process.argv.slice(2).every(isKnown) || (quick && thorough)) {
  process.stderr.write("usage: node tests/run.mjs [--quick | --thorough]\n");
  process.exit(2);
}

const total = { passed: 0, failed: 0, skipped: 0, names: [] };

/** Runs a command to its end, or to the limit for a step; its output goes to a log as well. */
async function run(name, command, env = {}) {
  const log = path.join(logs, `${name.replaceAll(" ", "-")}.log`);
  const child = spawn(command[0], command.slice(1), {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true, // a group of its own, which can be ended as a whole
  });
  let output = "";
  child.stdout.on("data", (data) => (output += data));
  child.stderr.on("data", (data) => (output += data));
  const seconds = LONG_STEPS.get(name) ?? STEP_SECONDS;
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    process.kill(-child.pid, "SIGKILL");
  }, seconds * 1000);
  const code = await new Promise((resolve) => {
    child.on("error", (error) => {
      output += `${error.message}\n`;
      resolve(1);
    });
    child.on("close", (status) => resolve(status ?? 1));
  });
  clearTimeout(timer);
  if (late) output += `\nended after ${seconds} seconds\n`;
  fs.writeFileSync(log, output);
  return { code, output };
}

/** Runs a step; `read` makes {passed, failed, skipped, names, details} of its output. */
async function step(name, command, env, read) {
  const begin = Date.now();
  const { code, output } = await run(name, command, env);
  const result = read(output, code);
  if (code !== 0 && result.failed === 0) {
    result.failed = 1;
    result.names.push(`exit code ${code}, see the log`);
    const lines = output.split("\n").filter((line) => !/^\[\d+\/\d+\] /.test(line));
    result.details = lines.slice(-60).join("\n");
  }
  total.passed += result.passed;
  total.failed += result.failed;
  total.skipped += result.skipped;
  for (const failed of result.names) total.names.push(`${name}: ${failed}`);
  if (result.failed > 0) console.log(result.details);
  for (const note of result.notes ?? []) console.log(`  ${note}`);
  const seconds = ((Date.now() - begin) / 1000).toFixed(1);
  const counts =
    result.passed + result.failed > 0 ? `${result.passed} passed, ${result.failed} failed, ` : "";
  console.log(`${name}: ${counts}${seconds} s`);
  return code === 0;
}

const empty = () => ({ passed: 0, failed: 0, skipped: 0, names: [], details: "" });

async function build(preset) {
  const emcmake = preset === "web" ? "emcmake " : "";
  // An assert that is left out tests nothing. Programs for the web are tested as they are delivered.
  const hasAsserts =
    preset === "web" ? "true" : `! grep -q -e -DNDEBUG build/${preset}/compile_commands.json`;
  const script = `${emcmake}cmake --preset ${preset} && cmake --build --preset ${preset} &&
    { ${hasAsserts} || { echo "the asserts are left out" && false; }; }`;
  return step(`build ${preset}`, ["sh", "-c", script], {}, empty);
}

/** Unit tests say how many tests they hold; any other test counts as one. */
function readCtest(output) {
  const result = empty();
  const counts = new Map();
  for (const line of output.split("\n")) {
    const count = /^(\d+): (\d+) passed, (\d+) failed$/.exec(line);
    const end = /^\s*\d+\/\d+ Test\s+#(\d+): (\S+) \.*\s*(.*)$/.exec(line);
    if (count) {
      counts.set(count[1], { passed: Number(count[2]), failed: Number(count[3]) });
    } else if (end) {
      const [, number, name, verdict] = end;
      const bad = !verdict.startsWith("Passed");
      const { passed, failed } = counts.get(number) ?? { passed: bad ? 0 : 1, failed: 0 };
      result.passed += passed;
      result.failed += bad ? Math.max(failed, 1) : failed;
      if (bad) {
        result.names.push(name);
        const own = output.split("\n").filter((text) => text.startsWith(`${number}: `));
        result.details += `${own.slice(-100).join("\n")}\n${name}: ${verdict}\n`;
      }
    }
  }
  return result;
}

async function ctest(name, preset, selection) {
  const command = ["ctest", "--test-dir", `build/${preset}`, "-V", "-j", "2"];
  command.push("--no-tests=error", ...selection);
  await step(name, command, { ...sanitizers, ...shortened }, readCtest);
}

/** The TAP report has the sums, its comments and "not ok" lines the rest. */
function readTap(output) {
  const result = { ...empty(), notes: [] };
  let inFailure = false;
  for (const line of output.split("\n")) {
    const sum = /^# (pass|fail|cancelled|skipped) (\d+)$/.exec(line);
    const failed = /^\s*not ok \d+ - (.*)$/.exec(line);
    const skipped = /^\s*ok \d+ - (.*) # SKIP ?(.*)$/.exec(line);
    if (sum?.[1] === "pass") result.passed += Number(sum[2]);
    else if (sum?.[1] === "skipped") result.skipped += Number(sum[2]);
    else if (sum) result.failed += Number(sum[2]);
    else if (failed) result.names.push(failed[1]);
    else if (skipped) result.notes.push(`skipped: ${skipped[1]}: ${skipped[2]}`);
    if (failed) inFailure = true;
    if (inFailure) result.details += `${line}\n`;
    if (/^\s*\.\.\.$/.test(line)) inFailure = false;
  }
  return result;
}

/** A minute of the soak in all; the seeds are the same each time. */
async function soak(preset, title, ...options) {
  const kind = options[0] === "session" ? [options.shift()] : [];
  const fixed = ["--from", "1", "--requests", "50000"];
  const command = [`build/${preset}/bin/soak`, ...kind, ...fixed, ...options];
  // As "./dev soak" has it: what glibc keeps for threads is no leak, and would hide small ones.
  const env = {
    ...sanitizers,
    GLIBC_TUNABLES: "glibc.malloc.tcache_count=0:glibc.malloc.arena_max=1",
  };
  await step(`soak${title}`, command, env, (output, code) => ({
    ...empty(),
    passed: code === 0 ? 1 : 0,
    failed: code === 0 ? 0 : 1,
    names: code === 0 ? [] : ["findings"],
    details: output,
    notes: /^\d+ (?:requests|transfers) .*$/m.exec(output) ?? [],
  }));
}

function testFiles(top = "tests") {
  const found = [];
  const visit = (folder) => {
    for (const entry of fs.readdirSync(path.join(root, folder), { withFileTypes: true })) {
      const name = path.join(folder, entry.name);
      if (entry.isDirectory()) {
        if (name !== "tests/web" || top === name) visit(name); // these need another build
      } else if (entry.name.endsWith(".test.mjs")) found.push(name);
    }
  };
  visit(top);
  return found.sort();
}

/**
 * Each file is a step of its own: one that hangs is named, and hides no other. `together` is how
 * many may run at once.
 */
async function nodeTests(preset, title, { files = testFiles(), extra = {}, together = 1 } = {}) {
  const env = { ...sanitizers, ...shortened, FERRY_BUILD: `build/${preset}`, ...extra };
  const left = [...files];
  const work = async () => {
    for (let file = left.shift(); file !== undefined; file = left.shift()) {
      const command = [process.execPath, "--test", "--test-reporter=tap", file];
      await step(`${path.basename(file, ".test.mjs")}${title}`, command, env, readTap);
    }
  };
  await Promise.all(Array.from({ length: together }, work));
}

/** In pairs, but for those that would notice. */
async function inPairs(preset, title, files, isAlone) {
  const pairs = files.filter((file) => !isAlone(file));
  await nodeTests(preset, title, { files: pairs, together: 2 });
  await nodeTests(preset, title, { files: files.filter(isAlone) });
}

const named = (...names) => {
  const pattern = new RegExp(`/(${names.join("|")})\\.test`);
  return (file) => pattern.test(file);
};

// These measure processor time, memory, frames or short times, and have the machine for themselves.
const isAlone = named("blocking", "cli_timeouts", "game_loop", "native", "timeouts");

// These make builds of their own, or are about what the tests themselves are made of: once will do.
const isOnce = named("authority", "bundle", "commands", "lists", "without_tls");

// What valgrind slows down without changing what it means: not what measures time, nor the command
// line, which has no more in it than the library. The second list is long, and each of its runs is.
const underValgrind = {
  all: named("bodies", "client", "codings", "connecting", "requesting", "responses", "uploads"),
  some: named(
    ...["certificates", "names", "options", "protocols", "proxies", "sessions", "streams"],
    "tunnels",
  ),
};

const sanitizers = {
  UBSAN_OPTIONS: "print_stacktrace=1",
  TSAN_OPTIONS: "second_deadlock_stack=1",
};

const shortened = quick ? { FERRY_QUICK: "1" } : {};

fs.mkdirSync(logs, { recursive: true });
if (await build("native")) {
  await ctest("unit tests and package", "native", quick ? ["-L", "unit"] : ["-LE", "valgrind"]);
  if (!quick) await ctest("unit tests under valgrind", "native", ["-L", "valgrind"]);
  const files = testFiles();
  await inPairs("native", "", quick ? files.filter((file) => !isOnce(file)) : files, isAlone);
  if (!quick) {
    await soak("native", "", "30");
    for (const [amount, isMeant] of Object.entries(underValgrind)) {
      const options = { files: files.filter(isMeant), together: 2 };
      const extra = { FERRY_VALGRIND: thorough ? "all" : amount };
      await nodeTests("native", " under valgrind", { ...options, extra });
    }
  }
}
if (await build("web")) {
  // What the others cover at more length is left out of a quick run.
  const files = testFiles("tests/web").filter(
    (file) => !quick || /\/(border|readme|transcripts|units)\./.test(file),
  );
  // Browsers and the compiler keep both processors busy as it is.
  await nodeTests("native", " on the web", { files, together: quick ? 2 : 1 });
}
if (!quick && (await build("asan"))) {
  await ctest("unit tests with ASan and UBSan", "asan", []);
  const files = testFiles().filter((file) => !isOnce(file));
  await inPairs("asan", " with ASan and UBSan", files, isAlone);
  await soak("asan", " with ASan and UBSan", "20");
  await soak("asan", " without memory now and then, with ASan and UBSan", "--starve", "10");
  await soak("asan", " of sessions, with ASan and UBSan", "session", "10");
}
if (!quick && (await build("tsan"))) {
  await ctest("unit tests with TSan", "tsan", ["-L", "unit"]);
}

if (total.names.length > 0) console.log(`\nfailed:\n  ${total.names.join("\n  ")}`);
if (total.skipped > 0) console.log(`\n${total.skipped} skipped, as said above`);
console.log(`\n${total.passed} passed, ${total.failed} failed`);
process.exit(total.failed > 0 || total.passed === 0 ? 1 : 0);
