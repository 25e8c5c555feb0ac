// SPDX-License-Identifier: MIT
// tree: a copy of the project in build/mutate/tree, which is built and tested there.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

export const root = path.join(path.dirname(fileURLToPath(import.meta.url)), "../..");
export const folder = path.join(root, "build", "mutate");
export const copy = path.join(folder, "tree");

/** Brings the copy up to date; what has not changed keeps its time, and is not built again. */
export function copyTree() {
  const list = ["ls-files", "--cached", "--others", "--exclude-standard"];
  const files = execFileSync("git", list, { cwd: root, encoding: "utf8" }).trim().split("\n");
  for (const file of files.filter((name) => fs.existsSync(path.join(root, name)))) {
    const from = path.join(root, file);
    const to = path.join(copy, file);
    const content = fs.readFileSync(from);
    if (fs.existsSync(to) && fs.readFileSync(to).equals(content)) continue;
    fs.mkdirSync(path.dirname(to), { recursive: true });
    fs.writeFileSync(to, content, { mode: fs.statSync(from).mode });
  }
  fs.mkdirSync(path.join(copy, "build"), { recursive: true });
  for (const place of ["build/deps", "node_modules"]) {
    const from = path.join(root, place);
    const to = path.join(copy, place);
    if (fs.existsSync(from) && !fs.existsSync(to)) fs.symlinkSync(fs.realpathSync(from), to);
  }
}

/** Runs a command in the copy, at low priority; "hangs" where it takes longer than it may. */
export async function run(command, args, seconds, env = {}) {
  const child = spawn(command, args, {
    cwd: copy,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true, // a group of its own, which can be ended as a whole
  });
  os.setPriority(child.pid, 15);
  let output = "";
  child.stdout.on("data", (data) => (output += data));
  child.stderr.on("data", (data) => (output += data));
  let hangs = false;
  const timer = setTimeout(() => {
    hangs = true;
    process.kill(-child.pid, "SIGKILL");
  }, seconds * 1000);
  const began = Date.now();
  const [code, signal] = await once(child, "close");
  clearTimeout(timer);
  const end = hangs ? "hangs" : (signal ?? code);
  return { end, output, seconds: (Date.now() - began) / 1000 };
}

// Without optimisation and debug information it is built and linked fastest.
const CONFIGURE = [
  "-DCMAKE_BUILD_TYPE=Debug",
  "-DCMAKE_C_FLAGS_DEBUG=-O0",
  "-DFERRY_BUILD_BENCH=OFF",
];

/** "native" or "asan". */
export let preset = "native";

export async function configure(wanted) {
  preset = wanted;
  const { end, output } = await run("cmake", ["--preset", preset, ...CONFIGURE], 120);
  if (end !== 0) throw new Error(`it cannot be configured:\n${output}`);
}

/** False where it does not build. */
export async function build(...targets) {
  const chosen = targets.length > 0 ? ["--target", ...targets] : [];
  const { end } = await run("cmake", ["--build", `build/${preset}`, ...chosen], 600);
  return end === 0;
}
