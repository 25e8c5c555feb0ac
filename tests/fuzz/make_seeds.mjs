// SPDX-License-Identifier: MIT
// make_seeds: turns the wire cases into seeds for the fuzz targets of heads, chunked bodies, the receiver
// and the client.
// usage: node tests/fuzz/make_seeds.mjs DIRECTORY
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const root = new URL("../..", import.meta.url).pathname;
const escapes = { r: "\r", n: "\n", t: "\t", 0: "\0", "\\": "\\", '"': '"' };

function unquote(text) {
  const inner = text.slice(1, text.lastIndexOf('"'));
  return inner.replace(/\\(x[0-9a-fA-F]{2}|.)/g, (_, e) =>
    e.length === 3 ? String.fromCharCode(parseInt(e.slice(1), 16)) : escapes[e],
  );
}

function readCases(path) {
  const cases = [];
  for (const line of readFileSync(path, "utf8").split("\n")) {
    const [, word, rest] = /^\s*(\S*) ?(.*)$/.exec(line);
    const current = cases.at(-1);
    if (word === "case") cases.push({ name: rest, bytes: "", request: 0 });
    else if (word === "request") current.request |= { HEAD: 1, CONNECT: 2 }[rest] ?? 0;
    else if (word === "with" && /upgrade:/i.test(rest)) current.request |= 4;
    else if (word === "receive") current.bytes += unquote(rest);
    else if (word === "repeat") {
      const [, times, text] = /^(\d+) (.*)$/.exec(rest);
      current.bytes += unquote(text).repeat(Math.min(Number(times), 40));
    }
  }
  return cases;
}

const directory = process.argv[2];
if (!directory || directory.startsWith("-")) {
  console.error("usage: node tests/fuzz/make_seeds.mjs DIRECTORY");
  process.exit(2);
}
const heads = join(directory, "response_head");
const bodies = join(directory, "chunked_body");
const clients = join(directory, "client");
const responses = join(directory, "receiver");
mkdirSync(clients, { recursive: true });
mkdirSync(heads, { recursive: true });
mkdirSync(bodies, { recursive: true });
mkdirSync(responses, { recursive: true });
for (const file of readdirSync(join(root, "tests/cases")).filter((n) => n.endsWith(".cases"))) {
  for (const { name, bytes, request } of readCases(join(root, "tests/cases", file))) {
    const head = String.fromCharCode(100, request) + bytes;
    writeFileSync(join(heads, name), Buffer.from(head, "latin1"));
    const response = String.fromCharCode(request, 7, 5) + bytes;
    writeFileSync(join(responses, name), Buffer.from(response, "latin1"));
    // A request, then polls and reads in turn.
    const calls = "\x00\x00" + "\x02\x00\x04\x00".repeat(11) + "\x08\x00";
    writeFileSync(join(clients, name), Buffer.from("\x00\x01\x00\x00" + calls + bytes, "latin1"));
    const end = bytes.indexOf("\r\n\r\n");
    if (/chunked/i.test(bytes) && end > 0) {
      const body = "\x05\x09" + bytes.slice(end + 4);
      writeFileSync(join(bodies, name), Buffer.from(body, "latin1"));
    }
  }
}
