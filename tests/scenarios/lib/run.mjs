// SPDX-License-Identifier: MIT
// run: runs a scenario and compares its transcript with what is expected.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import path from "node:path";
import { fileURLToPath } from "node:url";

const here = path.dirname(fileURLToPath(import.meta.url));
const root = path.join(here, "..", "..", "..");
const suppressions = path.join(here, "valgrind.supp");
export const program = path.resolve(
  root,
  process.env.FERRY_BUILD ?? "build/native",
  "bin/scenario",
);

/** FERRY_QUICK leaves out what only repeats a test at length. */
export const quick = Boolean(process.env.FERRY_QUICK);

// FERRY_VALGRIND runs scenarios under valgrind, whose complaints fail the test: "all" of them, or
// "some", which are two of five, since handshakes take long there.
const valgrind = `valgrind --quiet --error-exitcode=99 --leak-check=full --vgdb=no
  --read-inline-info=no --errors-for-leak-kinds=definite,indirect,possible
  --suppressions=${suppressions}`.split(/\s+/);
const cycle = { all: [true], some: [true, false, false, true, false] }[process.env.FERRY_VALGRIND];
let runs = 0;
const takeValgrind = () => (cycle?.[runs++ % cycle.length] ? valgrind : []);

// Longer than any scenario takes: only one that hangs is ended.
const LIMIT_MS = 60_000;

/** Runs a program to its end. */
export async function execute(command, args, options = {}) {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], ...options });
  const output = { stdout: "", stderr: "" };
  child.stdout.setEncoding("latin1").on("data", (data) => (output.stdout += data));
  child.stderr.setEncoding("latin1").on("data", (data) => (output.stderr += data));
  const timer = setTimeout(() => {
    output.stderr += `ended after ${LIMIT_MS} ms\n`;
    child.kill("SIGKILL");
  }, LIMIT_MS);
  const [code, signal] = await new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (...end) => resolve(end));
  });
  clearTimeout(timer);
  return { ...output, end: signal ?? code };
}

/** Runs a scenario against a server ({host, port}); returns its transcript. */
export async function run(name, server, ...args) {
  const { host = "127.0.0.1", port, wrap = [] } = server;
  const command = [
    ...wrap,
    ...takeValgrind(),
    program,
    name,
    host,
    String(port),
    ...args.map(String),
  ];
  const { stdout, stderr, end } = await execute(command[0], command.slice(1));
  assert.equal(stderr, "", `${name} complains; its transcript:\n${stdout}`);
  assert.equal(end, 0, `${name} ends in ${end}; its transcript:\n${stdout}`);
  return stdout;
}

/**
 * The same lines where each call blocks: nobody sees a status that a call passes through, and the
 * error that it comes to is the call's own. A streamed request comes back to have its body written.
 */
function inBlockingMode(lines) {
  const result = [];
  let status = "";
  for (const [index, line] of lines.entries()) {
    const previous = result.at(-1) ?? "";
    const isPassed =
      /^status (RESOLVING|CONNECTING)$/.test(line) ||
      (line === "status REQUESTING" &&
        previous.endsWith(": OK") &&
        !/^(write|wrote|finish)/.test(lines[index + 1] ?? ""));
    if (isPassed || line === status) continue;
    if (
      /^poll: [A-Z]/.test(line) &&
      /^(connect_to_host|start_tls|request|finish): OK$/.test(previous)
    ) {
      result[result.length - 1] = line.replace("poll", previous.split(":")[0]);
    } else {
      result.push(line);
    }
    if (line.startsWith("status ")) status = line;
  }
  return result;
}

/**
 * Compares a transcript with the expected one: lines, or arrays of lines in any depth. "…" stands
 * for anything within a line, and for any number of lines where it stands alone.
 */
export function expectTranscript(actual, ...expected) {
  const lines = expected.flat(Infinity).join("\n").split("\n");
  // Switched on, and not off again.
  const isBlocking = lines.filter((line) => line === "set_blocking_mode: OK").length === 1;
  const text = `${(isBlocking ? inBlockingMode(lines) : lines).join("\n")}\n`;
  const pattern = text
    .slice(0, -1)
    .split("\n")
    .map((line) => {
      if (line === "…") return "(?:.*\n)*?";
      return `${line.replace(/[.*+?^${}()|[\]\\]/g, "\\$&").replaceAll("…", ".*")}\n`;
    })
    .join("");
  if (!new RegExp(`^${pattern}$`).test(actual)) assert.equal(actual, text);
}

/** Runs a scenario and compares its transcript. */
export async function expectRun([name, server, ...args], ...expected) {
  expectTranscript(await run(name, server, ...args), ...expected);
}

// ---- Pieces of transcripts ----

export const connected = [
  "connect_to_host: OK",
  "status RESOLVING",
  "status CONNECTING",
  "status CONNECTED",
];

/** FNV-1a of 64 bits, in two halves: large bodies would take long with BigInt. */
function fnv1a(data) {
  let high = 0xcbf29ce4;
  let low = 0x84222325;
  for (const byte of data) {
    low = (low ^ byte) >>> 0;
    // times 2^40 + 0x1b3
    const product = low * 0x1b3;
    high = (Math.imul(high, 0x1b3) + Math.floor(product / 2 ** 32) + (low << 8)) >>> 0;
    low = product >>> 0;
  }
  return [high, low].map((half) => half.toString(16).padStart(8, "0")).join("");
}

/** What a scenario prints of bytes. */
export function digest(bytes) {
  const data = Buffer.from(bytes, typeof bytes === "string" ? "latin1" : undefined);
  if (data.length <= 48) {
    const text = data.toString("latin1").replace(/[^\x20-\x7e]/g, "?");
    return `${data.length} bytes "${text}"`;
  }
  return `${data.length} bytes, hash ${fnv1a(data)}`;
}

/** The bytes that "@N" stands for in an argument. */
export function pattern(length) {
  return Buffer.alloc(length, Buffer.from(Array.from({ length: 251 }, (_, index) => index)));
}

/**
 * The lines of an exchange from its request on. `length` is what the getter gives (null: the
 * body's), `end` the status afterwards.
 */
export function exchange(target, body, options = {}) {
  const data = Buffer.from(body, typeof body === "string" ? "latin1" : undefined);
  const { code = 200, headers = [`Content-Length: ${data.length}`], chunked = false } = options;
  const { length = data.length, received = data.length, sent = 0, end = "CONNECTED" } = options;
  const { host = "127.0.0.1:PORT", trailers = [], hasBody = data.length > 0 } = options;
  const url = target.startsWith("/") ? `${options.scheme ?? "http"}://${host}${target}` : target;
  return [
    "request: OK",
    "status REQUESTING",
    hasBody ? "status BODY" : `status ${end}`,
    `response ${code}, length ${length}, hint ${length}${chunked ? ", chunked" : ""}, ${url}`,
    headers.map((line) => `header: ${line}`),
    `body ${digest(data)}`,
    hasBody ? `status ${end}` : [],
    trailers.map((line) => `trailer: ${line}`),
    `received ${received}, sent ${sent}`,
  ];
}

/** The lines of an exchange whose body ends in an error. */
export function brokenExchange(target, body, error, options = {}) {
  const { length = -1, headers = [], chunked = false, code = 200, detail = "…" } = options;
  const { received = body.length, scheme = "http" } = options;
  return [
    "request: OK",
    "status REQUESTING",
    "status BODY",
    `response ${code}, length ${length}, hint ${length}${chunked ? ", chunked" : ""}, ` +
      `${scheme}://127.0.0.1:PORT${target}`,
    headers.map((line) => `header: ${line}`),
    `body ${digest(body)}`,
    `read: ${error}: ${detail}`,
    "status CONNECTION_ERROR",
    `received ${received}, sent 0`,
  ];
}

/** The lines of a request that is answered by what is no response. */
export function failedRequest(error, detail = "…", status = "CONNECTION_ERROR") {
  return ["request: OK", "status REQUESTING", `poll: ${error}: ${detail}`, `status ${status}`];
}
