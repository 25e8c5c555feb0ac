// SPDX-License-Identifier: MIT
// wire_cases: what servers send, as the wire cases of the project and a corpus beside it have it,
// and what tests of fetch() have of their own.
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import zlib from "node:zlib";

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), "..", "..", "..");
const corpus = process.env.FERRY_CORPUS ?? path.join(root, "..", "shared", "corpus");

const ESCAPES = { r: "\r", n: "\n", t: "\t", 0: "\0", "\\": "\\", '"': '"' };
const unquote = (text) =>
  text
    .slice(1, -1)
    .replace(/\\(x([0-9a-fA-F]{2})|.)/g, (_, name, hex) =>
      hex ? String.fromCharCode(parseInt(hex, 16)) : ESCAPES[name],
    );

/** The cases of a file: {name, method, headers, bytes, end}. */
function read(file) {
  const cases = [];
  for (const line of fs.readFileSync(path.join(root, "tests/cases", file), "utf8").split("\n")) {
    const [, word, rest] = /^(\S+) ?(.*)$/.exec(line) ?? [];
    const made = cases.at(-1);
    if (word === "case") {
      cases.push({ name: rest, method: "GET", headers: [], text: "", end: "close" });
    } else if (word === "request") made.method = rest;
    else if (word === "with") made.headers.push(unquote(rest));
    else if (word === "receive") made.text += unquote(rest);
    else if (word === "repeat") {
      const [, times, text] = /^(\d+) (.*)$/.exec(rest);
      made.text += unquote(text).repeat(Number(times));
    } else if (word === "then") made.end = rest;
  }
  return cases.map(({ text, ...others }) => ({ ...others, bytes: Buffer.from(text, "latin1") }));
}

/** The wire cases of the project. */
export const wireCases = () =>
  fs
    .readdirSync(path.join(root, "tests/cases"))
    .filter((name) => name.endsWith(".cases"))
    .flatMap(read);

/** The corpus, where there is one. */
export function corpusCases() {
  const file = path.join(corpus, "responses.jsonl.gz");
  if (!fs.existsSync(file)) return [];
  const lines = zlib.gunzipSync(fs.readFileSync(file)).toString().trimEnd().split("\n");
  return lines.map((line) => {
    const { id, method, raw_response_base64: bytes } = JSON.parse(line);
    return { name: id, method, headers: [], bytes: Buffer.from(bytes, "base64"), end: "close" };
  });
}

const head = (...lines) => [...lines, "", ""].join("\r\n");
const TEXT = "Content-Type: text/plain";

/** Lengths that are not true, or not of this body, and what else fetch() has a mind of its own of. */
export function lengthCases() {
  const cases = [];
  const add = (name, text, method = "GET") =>
    cases.push({ name, method, headers: [], bytes: Buffer.from(text, "latin1"), end: "close" });
  for (const version of ["1.1", "1.0"]) {
    for (const code of [101, 200, 203, 204, 205, 206, 299, 304, 400, 404, 500, 503]) {
      for (const [length, body] of [
        [0, ""],
        [0, "hello"],
        [5, ""],
        [5, "hel"],
        [5, "hello"],
        [5, "hello!"],
        [20_000, "hello"],
        [20_000, "hello ".repeat(5000)],
      ]) {
        for (const connection of ["close", "keep-alive"]) {
          const lines = [`Content-Length: ${length}`, `Connection: ${connection}`, TEXT];
          const what = `${version} ${code} ${connection}, ${body.length} of ${length} bytes`;
          add(what, head(`HTTP/${version} ${code} Some`, ...lines) + body);
        }
      }
    }
  }
  for (const method of ["HEAD", "head", "Head", "post", "PUT"]) {
    for (const length of [0, 5, 20_000]) {
      const lines = [`Content-Length: ${length}`, TEXT];
      add(`${method}, no body of ${length} bytes`, head("HTTP/1.1 200 OK", ...lines), method);
    }
  }
  for (const lengths of [["3"], ["100"], ["5", "5"], ["5, 5"], ["-1"], ["5x"], ["1e3"], ["05"]]) {
    const lines = lengths.map((length) => `Content-Length: ${length}`);
    const chunks = "3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n";
    const chunked = head("HTTP/1.1 200 OK", ...lines, "Transfer-Encoding: chunked", TEXT);
    add(`chunks, length ${lengths.join(" and ")}`, chunked + chunks);
    add(`length ${lengths.join(" and ")}`, `${head("HTTP/1.1 200 OK", ...lines, TEXT)}hello`);
  }
  for (const coding of ["gzip", "deflate", "identity", "br", "x-none"]) {
    const plain = Buffer.from("hello ".repeat(100));
    const undo = { gzip: zlib.gzipSync, deflate: zlib.deflateSync, br: zlib.brotliCompressSync };
    const packed = (undo[coding] ?? ((bytes) => bytes))(plain).toString("latin1");
    for (const cut of [0, 1, 10]) {
      const body = packed.slice(0, packed.length - cut);
      for (const length of [packed.length, body.length]) {
        const lines = [`Content-Length: ${length}`, `Content-Encoding: ${coding}`, TEXT];
        add(
          `${coding}, ${body.length} of ${length} bytes`,
          head("HTTP/1.1 200 OK", ...lines) + body,
        );
      }
    }
  }
  for (const value of [" a ", "\ta\t", "", "  ", "a \t b", "caf\xe9 ", "\xa0a\xa0", "a\x0bb\x0c"]) {
    add(
      `the value ${JSON.stringify(value)}`,
      `${head("HTTP/1.1 200 OK", `X-A:${value}`, `X-A:${value}`, "Content-Length: 2", TEXT)}ok`,
    );
  }
  return cases;
}
