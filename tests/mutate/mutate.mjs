// SPDX-License-Identifier: MIT
// mutate: puts small faults into src/ and platform/, one at a time, in a copy of the tree, and lists
// those that no test notices. What was tried stays in build/mutate/results.jsonl, and is not tried
// again; what changes nothing that can be seen is listed in equivalents.json, with the reason.
import fs from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { apply, findChanges, keyOf } from "./changes.mjs";
import { catchChange, isTooSlow, measureTests } from "./tests.mjs";
import { build, configure, copy, copyTree, folder, root } from "./tree.mjs";

const USAGE = `usage: ./dev mutate [--seed N] [--only PART] [--survivors] [--asan] [--list]
                    [SECONDS]

  SECONDS      for how long changes are tried; 600 by default
  --seed N     the order in which they are tried; 1 by default
  --only PART  those in files whose names contain it
  --survivors  those again that have survived, after tests were mended
  --asan       under ASan and UBSan, which notice what goes past an end
  --list       what has survived so far, and no more
`;

const results = path.join(folder, "results.jsonl");
const equivalents = path.join(path.dirname(new URL(import.meta.url).pathname), "equivalents.json");

/** Shuffled the same way for the same seed. */
function shuffle(list, seed) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const shuffled = [...list];
  for (let i = shuffled.length - 1; i > 0; i--) {
    const j = Math.floor(next() * (i + 1));
    [shuffled[i], shuffled[j]] = [shuffled[j], shuffled[i]];
  }
  return shuffled;
}

function sourceFiles(folderName) {
  return fs.readdirSync(path.join(root, folderName), { withFileTypes: true }).flatMap((entry) => {
    const name = path.join(folderName, entry.name);
    return entry.isDirectory() ? sourceFiles(name) : name.endsWith(".c") ? [name] : [];
  });
}

const readLines = (file) =>
  fs.existsSync(file) ? fs.readFileSync(file, "utf8").trim().split("\n").filter(Boolean) : [];

/** The last outcome of each change that was tried: "survives", "caught" or "does not build". */
function readResults() {
  return new Map(
    readLines(results)
      .map((line) => JSON.parse(line))
      .map((entry) => [entry.key, entry]),
  );
}

const describe = ({ file, line, operator, was, now }) =>
  `${file}:${line}: ${operator}\n${was.replace(/^/gm, "  - ")}\n${now.replace(/^/gm, "  + ")}`;

/** How often each test has caught a change of the file. */
function catchesOf(file, tried) {
  const catches = new Map();
  for (const { file: other, test } of tried.values()) {
    if (other === file && test) catches.set(test, (catches.get(test) ?? 0) + 1);
  }
  return catches;
}

async function tryOnce(change, tests, tried) {
  const target = path.join(copy, change.file);
  const whole = fs.readFileSync(target, "utf8");
  fs.writeFileSync(target, apply(whole, change));
  try {
    if (!(await build("ferry"))) return { outcome: "does not build" };
    const caught = await catchChange(tests, change.file, catchesOf(change.file, tried));
    return caught ? { outcome: "caught", ...caught } : { outcome: "survives" };
  } finally {
    fs.writeFileSync(target, whole);
  }
}

/** A machine that is busy lets tests hang as well; those tell nothing. */
async function tryChange(change, tests, tried) {
  for (;;) {
    const result = await tryOnce(change, tests, tried);
    const test = tests.find(({ name }) => result.end === "hangs" && name === result.test);
    if (test === undefined || !(await isTooSlow(test))) return result;
    console.log(`${test.name} takes longer than it did: up to ${test.limit.toFixed(0)} s from now`);
  }
}

function report(changes, tried) {
  const of = (outcome) => changes.filter((change) => tried.get(keyOf(change))?.outcome === outcome);
  const survivors = of("survives");
  const caught = of("caught").map((change) => tried.get(keyOf(change)));
  for (const change of survivors) console.log(`\n${describe(change)}`);
  const hangs = caught.filter(({ end }) => end === "hangs").length;
  const byUnit = caught.filter(({ kind }) => kind === "unit").length;
  const sum = caught.length + survivors.length;
  console.log(
    `\n${sum} of ${changes.length} changes were tried: ${caught.length} caught` +
      ` (${byUnit} by unit tests, ${hangs} by their hanging), ${survivors.length} survive` +
      (sum > 0 ? `, ${((100 * caught.length) / sum).toFixed(1)} % are noticed` : "") +
      `; ${of("does not build").length} do not build`,
  );
}

function readOptions() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      seed: { type: "string", default: "1" },
      only: { type: "string", default: "" },
      survivors: { type: "boolean", default: false },
      asan: { type: "boolean", default: false },
      list: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  const numbers = [values.seed, positionals[0] ?? "600"];
  if (positionals.length > 1 || !numbers.every((text) => /^\d+$/.test(text))) {
    throw new Error("numbers are expected");
  }
  return { ...values, seed: Number(numbers[0]), seconds: Number(numbers[1]) };
}

async function main(options) {
  const known = new Set(JSON.parse(fs.readFileSync(equivalents, "utf8")).map(keyOf));
  const changes = [...sourceFiles("src"), ...sourceFiles("platform")]
    .sort()
    .filter((file) => file.includes(options.only))
    .flatMap((file) => findChanges(file, fs.readFileSync(path.join(root, file), "utf8")))
    .filter((change) => !known.has(keyOf(change)));
  const tried = readResults();
  if (!options.list) {
    fs.mkdirSync(folder, { recursive: true });
    copyTree();
    await configure(options.asan ? "asan" : "native");
    if (!(await build())) throw new Error("it does not build without any change");
    const tests = await measureTests(console.log);
    const sum = tests.reduce((seconds, test) => seconds + test.seconds, 0);
    console.log(`${tests.length} tests, which take ${sum.toFixed(0)} s where none fails`);
    const end = Date.now() + options.seconds * 1000;
    const isMeant = (change) => {
      const before = tried.get(keyOf(change))?.outcome;
      return options.survivors ? before === "survives" : before === undefined;
    };
    for (const change of shuffle(changes, options.seed).filter(isMeant)) {
      if (Date.now() >= end) break;
      if (!options.survivors && tried.has(keyOf(change))) continue; // the same line twice
      const result = await tryChange(change, tests, tried);
      const entry = { key: keyOf(change), file: change.file, ...result };
      fs.appendFileSync(results, `${JSON.stringify(entry)}\n`);
      tried.set(entry.key, entry);
      if (result.outcome === "survives") console.log(`\nsurvives: ${describe(change)}`);
    }
  }
  report(changes, tried);
}

let options;
try {
  options = readOptions();
} catch (error) {
  process.stderr.write(`${error.message}\n\n${USAGE}`);
  process.exit(2);
}
if (options.help) process.stdout.write(USAGE);
else await main(options);
