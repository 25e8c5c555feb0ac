// SPDX-License-Identifier: MIT
// transfers: runs the program that starts transfers, and reads what it prints.
import assert from "node:assert/strict";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { execute } from "../../scenarios/lib/run.mjs";
import { lines, rawServer } from "../../scenarios/lib/servers.mjs";

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), "..", "..", "..");
export const program = path.resolve(
  root,
  process.env.FERRY_BUILD ?? "build/native",
  "bin/transfers",
);

const word = (value) => String(value);

/** {url, method…} as arguments; an array stands for an option that is given more than once. */
const options = (given) =>
  Object.entries(given).flatMap(([name, value]) =>
    [value].flat().map((one) => `${name}=${one === true ? 1 : word(one)}`),
  );

/**
 * Runs transfers, under the command `wrap` if there is one; `steps` are the session's options, and then: an object starts a transfer, an array
 * of them starts them together, a text is a command. All before a step are done when it begins.
 * Gives {lines, transfers}, where each transfer is what its line says.
 */
export async function transfers({ wrap = [], ...session }, ...steps) {
  const args = options(session);
  for (const step of steps) {
    if (typeof step === "string") args.push(step);
    else if (Array.isArray(step)) {
      step.forEach((one, i) => args.push(i === 0 ? "++" : "--", ...options(one)));
    } else args.push("++", ...options(step));
  }
  const [command, ...before] = [...wrap, program];
  const { stdout, stderr, end } = await execute(command, [...before, ...args]);
  assert.equal(stderr, "", `it complains; its transcript:\n${stdout}`);
  assert.equal(end, 0, `it ends in ${end}; its transcript:\n${stdout}`);
  const all = stdout.split("\n").slice(0, -1);
  return { lines: all, transfers: all.filter((line) => /^\d+ [A-Z]/.test(line)).map(read) };
}

function read(line) {
  const pattern =
    /^(\d+) ([A-Z_]+) (\d+) (\S*) redirects (\d+) retries (\d+)( dst)? (\d+) bytes "(.*?)"(?: given (\d+))?(?: rewinds (\d+))?(?: file (\d+) of (-?\d+) resumed (\d+)( unchanged)?)? heads (\d+)( done \d+ times)?(?:: (.*))?$/;
  const found = pattern.exec(line);
  assert.ok(found, line);
  const [, , error, code, url, redirects, retries, , length, body, given, rewinds] = found;
  const [bytes, total, resumed, unchanged, heads, dones, detail] = found.slice(12);
  assert.equal(dones, undefined, `on_done is called once: ${line}`);
  return {
    ...{ error, code: Number(code), url, redirects: Number(redirects), retries: Number(retries) },
    ...{ length: Number(length), body, given: Number(given), rewinds: Number(rewinds) },
    ...{ bytes: Number(bytes), total: Number(total), resumed: Number(resumed) },
    ...{ unchanged: unchanged !== undefined, heads: Number(heads), detail: detail ?? "" },
  };
}

/** Runs one transfer. */
export async function transfer(request, session = {}) {
  return (await transfers(session, request)).transfers[0];
}

export const urlOf = ({ host = "127.0.0.1", port }, target = "/", scheme = "http") =>
  `${scheme}://${host}:${port}${target}`;

/** "name: value" of a request's head; undefined where it has none. */
export function header(head, name) {
  const found = new RegExp(`^${name}: (.*)\r$`, "im").exec(head);
  return found?.[1];
}

/** Reads the whole request: {head, method, target, body}. */
export async function request(connection) {
  const head = await connection.head();
  const [method, target] = head.split(" ");
  let body = "";
  const length = header(head, "Content-Length");
  if (length !== undefined) body = (await connection.bytes(Number(length))).toString("latin1");
  if (/chunked/i.test(header(head, "Transfer-Encoding") ?? "")) {
    body = await connection.until("0\r\n\r\n");
  }
  return { head, method, target, body };
}

/**
 * A server that answers by target: `table` has a text, bytes, or a function of (request, connection,
 * index of the connection). `server.requests` are all that came.
 */
export async function site(t, table, settings) {
  const requests = [];
  const script = async (connection, index) => {
    for (;;) {
      const one = await request(connection);
      requests.push({ ...one, connection: index });
      const entry = table[one.target] ?? lines("HTTP/1.1 404 None", "Content-Length: 0");
      const answer = typeof entry === "function" ? await entry(one, connection, index) : entry;
      if (answer !== undefined) await connection.send(answer);
    }
  };
  const server = await (settings?.make ?? rawServer)(t, script, settings);
  return Object.assign(server, { requests });
}

export const redirect = (code, location, ...more) =>
  lines(`HTTP/1.1 ${code} There`, `Location: ${location}`, "Content-Length: 0", ...more);
