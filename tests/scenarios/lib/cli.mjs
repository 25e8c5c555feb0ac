// SPDX-License-Identifier: MIT
// cli: runs the command-line client to its end, or while a test looks at it.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

export const root = path.join(path.dirname(fileURLToPath(import.meta.url)), "..", "..", "..");
export const program = path.resolve(root, process.env.FERRY_BUILD ?? "build/native", "bin/ferry");

// A proxy of the machine's own would come between a test and its server.
const environment = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/_proxy$/i.test(name)),
);

// Longer than any of it takes: only what hangs is ended.
const LIMIT_MS = 60_000;

/** Starts ferry; `ended` gives {code, stdout (a Buffer), stderr}. */
export function start(args, { stdin = "ignore", stdout = "pipe", command = program, env } = {}) {
  const child = spawn(command, args, {
    stdio: [stdin, stdout, "pipe"],
    env: { ...environment, ...env },
  });
  const result = { stdout: Buffer.alloc(0), stderr: "" };
  child.stdout?.on("data", (data) => (result.stdout = Buffer.concat([result.stdout, data])));
  child.stderr.setEncoding("utf8").on("data", (data) => (result.stderr += data));
  const timer = setTimeout(() => child.kill("SIGKILL"), LIMIT_MS);
  const ended = new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => resolve({ ...result, code: signal ?? code }));
  }).finally(() => clearTimeout(timer));
  return { child, ended, result };
}

/** Runs ferry to its end. */
export async function ferry(args, { input, ...options } = {}) {
  const { child, ended } = start(args, {
    ...options,
    stdin: input === undefined ? "ignore" : "pipe",
  });
  child.stdin?.on("error", () => {}); // it may end before it has read everything
  child.stdin?.end(input);
  return ended;
}

/** Runs ferry, which is to succeed and complain of nothing; gives what it printed. */
export async function printed(args, options) {
  const { code, stdout, stderr } = await ferry(args, options);
  assert.equal(stderr, "");
  assert.equal(code, 0);
  return stdout.toString("latin1");
}

/** Runs ferry, which is to fail with this exit code and this one line on standard error. */
export async function fails(code, line, args, options) {
  const result = await ferry(args, options);
  const pattern =
    typeof line === "string" ? line.replace(/[.*+?^${}()|[\]\\]/g, "\\$&") : line.source;
  assert.match(result.stderr, new RegExp(`^${pattern}\n$`));
  assert.equal(result.code, code);
  return result;
}

export function temporaryFolder(t) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "ferry-cli-"));
  t.after(() => fs.rmSync(folder, { recursive: true }));
  return folder;
}

export const urlOf = (server, target = "/") => `http://127.0.0.1:${server.port}${target}`;
