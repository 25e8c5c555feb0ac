// SPDX-License-Identifier: MIT
// prove: shows that the soak finds what it must: puts each breakage into a copy of the tree, builds it
// there, and runs the soak for a minute at most. usage: node tests/soak/prove.mjs [NAME-PART]
import { execFileSync, spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { breakages } from "./breakages.mjs";

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), "../..");
const copy = path.join(root, "build", "prove");
// What is left over at the end is found by the short run, what hangs by the long one.
const RUNS = [15, 45];

function copyTree() {
  const list = ["ls-files", "--cached", "--others", "--exclude-standard"];
  const files = execFileSync("git", list, { cwd: root, encoding: "utf8" }).trim().split("\n");
  for (const file of files.filter((name) => fs.existsSync(path.join(root, name)))) {
    const target = path.join(copy, file);
    const content = fs.readFileSync(path.join(root, file));
    // What has not changed keeps its time, and is not built again.
    if (fs.existsSync(target) && fs.readFileSync(target).equals(content)) continue;
    fs.mkdirSync(path.dirname(target), { recursive: true });
    fs.writeFileSync(target, content, { mode: fs.statSync(path.join(root, file)).mode });
  }
  const dependencies = path.join(copy, "build", "deps");
  if (fs.existsSync(path.join(root, "build/deps")) && !fs.existsSync(dependencies)) {
    fs.mkdirSync(path.join(copy, "build"), { recursive: true });
    fs.symlinkSync(path.join(root, "build/deps"), dependencies);
  }
}

function run(command, ...args) {
  const result = spawnSync(command, args, { cwd: copy, encoding: "utf8", maxBuffer: 1 << 28 });
  return { ...result, output: `${result.stdout}${result.stderr}` };
}

function build() {
  const result = run("cmake", "--build", "--preset", "native", "--target", "soak");
  if (result.status !== 0) throw new Error(`it does not build:\n${result.output.slice(-2000)}`);
}

/** The first words of what was found, or null. */
function soak(kind) {
  let seconds = 0;
  for (const limit of RUNS) {
    const begin = Date.now();
    const args = [...kind, "--from", String(limit * 1000), "--findings", "1", String(limit)];
    const { status, signal, output } = run("build/native/bin/soak", ...args);
    seconds += (Date.now() - begin) / 1000;
    const found = /^finding: (.*)$/m.exec(output)?.[1];
    if (status > 1) throw new Error(`the soak failed:\n${output}`);
    const crash = signal ?? (status !== 0 ? "an end without a word" : null);
    if (found ?? crash) return { seconds, what: found ?? crash };
  }
  return { seconds, what: null };
}

function prove({ name, session, file, from, to }) {
  const target = path.join(copy, file);
  const whole = fs.readFileSync(target, "utf8");
  if (whole.split(from).length !== 2) throw new Error(`${file} does not have "${from}" once`);
  fs.writeFileSync(
    target,
    whole.replace(from, () => to),
  );
  try {
    build();
    const { seconds, what } = soak(session ? ["session"] : []);
    const verdict = what === null ? "NOT FOUND" : `found in ${seconds.toFixed(0)} s`;
    console.log(`${verdict}: ${name}${what === null ? "" : `\n    ${what}`}`);
    return what !== null;
  } finally {
    fs.writeFileSync(target, whole);
  }
}

copyTree();
run("cmake", "--preset", "native");
build();
for (const kind of [[], ["session"]]) {
  const clean = run("build/native/bin/soak", ...kind, "--from", "1", String(RUNS[0]));
  if (clean.status !== 0) {
    console.log(clean.output);
    throw new Error("there are findings without any breakage");
  }
}
const chosen = breakages.filter(({ name }) => name.includes(process.argv[2] ?? ""));
const missed = chosen.filter((breakage) => !prove(breakage));
console.log(`${chosen.length - missed.length} of ${chosen.length} breakages were found`);
process.exit(missed.length > 0 ? 1 : 0);
