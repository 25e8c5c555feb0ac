// SPDX-License-Identifier: MIT
// platforms: runs one C program natively, as wasm under Node and in headless Chromium, and sets
// what the three print side by side.
import { spawn } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { availableBrowsers, openBrowser, runProgram } from "../../tests/web/lib/browsers.mjs";
import { front } from "../../tests/web/lib/front.mjs";

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), "..", "..");
const native = path.resolve(root, process.env.FERRY_BUILD ?? "build/native", "bin/tour");
const web = path.resolve(root, process.env.FERRY_WEB_BUILD ?? "build/web", "bin");
const nodeRunner = path.join(root, "tests/web/lib/node_program.cjs");
const COLUMN = 38;
const LIMIT_MS = 20_000;

async function runCommand(command, server) {
  const args = [...command.slice(1), "127.0.0.1", String(server.port)];
  const child = spawn(command[0], args, {
    stdio: ["ignore", "pipe", "inherit"],
    timeout: LIMIT_MS,
  });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (data) => (output += data));
  const code = await new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (status, signal) => resolve(signal ?? status));
  });
  return { output, code };
}

/** A page asks its own origin: the front serves the program and passes the rest on. */
async function runInChromium(server) {
  const closers = [];
  const before = await front({ after: (close) => closers.push(close) }, server, { folder: web });
  const browser = await openBrowser("chromium");
  try {
    const args = ["127.0.0.1", before.port];
    const { stdout, code } = await runProgram(browser, {
      origin: before.origin,
      program: "tour",
      args,
      timeoutMs: LIMIT_MS,
    });
    return { output: stdout, code };
  } finally {
    await browser.close();
    for (const close of closers) await close();
  }
}

const row = (cells) =>
  cells
    .map((cell) => cell.padEnd(COLUMN))
    .join("  ")
    .trimEnd();

/** Gives {text, complete, missing}: the columns, whether all ran to their end, who is not here. */
export async function compare(server) {
  const runs = { "native, over sockets": await runCommand([native], server) };
  const missing = [];
  if (fs.existsSync(path.join(web, "tour.js"))) {
    const command = [process.execPath, nodeRunner, path.join(web, "tour.js")];
    runs["wasm, over Node's fetch()"] = await runCommand(command, server);
    if (availableBrowsers().includes("chromium")) {
      runs["wasm, over Chromium's fetch()"] = await runInChromium(server);
    } else missing.push("Chromium is not installed");
  } else missing.push(`${web} has no tour.js`);
  const columns = Object.values(runs).map(({ output }) => output.trimEnd().split("\n"));
  const lines = [Object.keys(runs), Object.keys(runs).map((name) => "-".repeat(name.length))];
  for (let i = 0; i < Math.max(...columns.map((column) => column.length)); i++) {
    lines.push(columns.map((column) => (column[i] ?? "").slice(0, COLUMN)));
  }
  return {
    text: lines.map(row).join("\n"),
    complete: Object.values(runs).every(
      ({ output, code }) => code === 0 && output.endsWith("\nthe end\n"),
    ),
    missing,
  };
}
