// SPDX-License-Identifier: MIT
// check_sources: holds the sources to their rules: who may include whom, how a file begins, what
// src/ may call, how global symbols are named. usage: node tests/check_sources.mjs [BUILD_DIR]
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), "..");
const buildDir = path.resolve(process.argv[2] ?? path.join(root, "build/native"));

const ISO_C_HEADERS = new Set(
  `assert complex ctype errno fenv float inttypes iso646 limits locale math setjmp signal stdalign
   stdarg stdatomic stdbool stddef stdint stdio stdlib stdnoreturn string tgmath threads time uchar
   wchar wctype`
    .split(/\s+/)
    .map((name) => `${name}.h`),
);

// What src/ may call of ISO C: no files, no clock, no environment, no process, no locale.
const ISO_C_FUNCTIONS = new Set(
  `memchr memcmp memcpy memmove memset strchr strcmp strcpy strcspn strlen strncmp strrchr strspn
   strstr malloc calloc free abort bsearch qsort`.split(/\s+/),
);

// The folders with code of the library's, lowest first: a file includes its own folder or a lower one.
const FLOORS = [
  "src/include",
  "src/base",
  "src/url",
  "src/message",
  "src/h1",
  "src/wire",
  "src/client",
  "src/session",
  "web",
  "platform/coding",
  "platform",
  "platform/posix",
  "platform/tls",
  "platform/net",
];

// Headers of others, and the files that may include them.
const CONFINED = [
  [/^(mbedtls|psa)\//, /^platform\/tls\//],
  [/^(winsock2|ws2tcpip|windows|ws2ipdef|mswsock)\.h$/, /^platform\/win32\//],
  [/^emscripten/, /^web\//],
  [/^zlib\.h$/, /^platform\/coding\/zlib\.c$/],
  [/^brotli\//, /^platform\/coding\/brotli\.c$/],
  [/^zstd/, /^platform\/coding\/zstd\.c$/],
  [/^libpsl\.h$/, /^platform\/net\/public_suffix_psl\.c$/],
];

const problems = [];
const report = (file, line, text) => problems.push(`${file}${line ? `:${line}` : ""}: ${text}`);

function listFiles(folder = "") {
  const found = [];
  for (const entry of fs.readdirSync(path.join(root, folder), { withFileTypes: true })) {
    const name = path.posix.join(folder, entry.name);
    if (entry.isDirectory()) {
      if (!/^(build|node_modules|\.git)$/.test(name)) found.push(...listFiles(name));
    } else if (entry.isFile()) found.push(name);
  }
  return found;
}

const files = listFiles();
const read = (file) => fs.readFileSync(path.join(root, file), "utf8");

/** The client reads what the backend knows, and makes the memory for it. */
const WRITES_EXCHANGE =
  /\bexchange(\.|->)[\w.]+ [-+|&]?= |\bferry_exchange_(?!init|deinit|is_)\w+\(/;

/** The library, whose calls of a stream are counted and checked in one place. */
const callsStreams = (file) =>
  /^(src|platform)\//.test(file) && !/^src\/wire\/stream\.[ch]$/.test(file);

/** The licence stands in the first line, why the file exists in the next. */
function checkBeginning(file) {
  const marks = { ".c": "/*", ".h": "/*", ".js": "//", ".mjs": "//", ".cmake": "#", ".in": "#" };
  const name = path.basename(file);
  const mark = name === "CMakeLists.txt" || name === "dev" ? "#" : marks[path.extname(file)];
  if (mark === undefined) return;
  const lines = read(file)
    .replace(/^#!.*\n/, "")
    .split("\n");
  const licence = `${mark} SPDX-License-Identifier: MIT${mark === "/*" ? " */" : ""}`;
  if (lines[0] !== licence) report(file, 1, `the first line is not "${licence}"`);
  if (!lines[1].startsWith(`${mark} `) || lines[1].length < 20) {
    report(file, 2, "no sentence says why the file exists");
  }
}

const floorOf = (file) => FLOORS.indexOf(path.posix.dirname(file));

/** The file that a quoted include names, looked for where the build looks; null: not ours. */
function resolveInclude(file, name) {
  const folders = [path.posix.dirname(file), "src", "src/include", "platform", "web", "tests/unit"];
  const candidates = folders.map((folder) => path.posix.join(folder, name));
  return candidates.find((candidate) => files.includes(candidate)) ?? null;
}

function checkSystemInclude(file, line, name) {
  for (const [header, places] of CONFINED) {
    const ours = /^(src|platform|web)\//.test(file);
    if (ours && header.test(name) && !places.test(file)) {
      report(file, line, `<${name}> may not be included here`);
    }
  }
  if (file.startsWith("src/include/") && !/^std(def|int|bool)\.h$/.test(name)) {
    report(file, line, `ferry.h includes only <stddef.h>, <stdint.h> and <stdbool.h>`);
  }
  const confined = CONFINED.some(([header]) => header.test(name));
  if (/^(src|platform(?!\/posix))\//.test(file) && !ISO_C_HEADERS.has(name) && !confined) {
    report(file, line, `<${name}> is no header of ISO C`);
  }
}

function checkOwnInclude(file, line, name) {
  if (file.startsWith("src/include/") && !files.includes(`src/include/${name}`)) {
    report(file, line, "ferry.h includes no header of the project's but its own parts");
    return;
  }
  const target = resolveInclude(file, name);
  if (target === null) {
    report(file, line, `"${name}" is no file of the project's`);
    return;
  }
  const from = file.split("/")[0];
  const to = target.split("/")[0];
  if (from === "src" && to !== "src") report(file, line, `src/ may not include ${target}`);
  if (floorOf(target) > floorOf(file) && floorOf(file) >= 0) {
    report(file, line, `${target} is on a higher floor`);
  }
  const apart = [from, to].sort().join(" ") === "platform web";
  if (apart) report(file, line, "platform/ and web/ may not include each other");
  if (from === "examples" && target !== "src/include/ferry.h" && to !== "examples") {
    report(file, line, "an example includes only <ferry.h>");
  }
  const systems = /^platform\/(posix|win32)\//;
  if (systems.test(target) && !file.startsWith(path.posix.dirname(target))) {
    report(file, line, "the files of one system may not be included from elsewhere");
  }
}

function checkIncludes(file) {
  if (/^(src|platform|web\/[^/]*$)/.test(file) && floorOf(file) < 0) {
    report(file, 0, "its folder is not known: add it to FLOORS in tests/check_sources.mjs");
  }
  read(file)
    .split("\n")
    .forEach((text, index) => {
      const include = /^\s*#\s*include\s+([<"])([^>"]+)[>"]/.exec(text);
      if (include?.[1] === "<") checkSystemInclude(file, index + 1, include[2]);
      if (include?.[1] === '"') checkOwnInclude(file, index + 1, include[2]);
      if (/ferry_buffer_init\(.*(SIZE_MAX|UINT_MAX|~)/.test(text)) {
        report(file, index + 1, "a buffer has a real limit, from size_limits.h");
      }
      if (/backend->ops->/.test(text) && !/^src\/(client|wire)\//.test(file)) {
        report(file, index + 1, "only the client calls a backend");
      }
      if (WRITES_EXCHANGE.test(text) && file.startsWith("src/client/")) {
        report(file, index + 1, "the backend alone writes the exchange");
      }
      if (/stream->ops->/.test(text) && /^src\//.test(file) && !/^src\/wire\//.test(file)) {
        report(file, index + 1, "only the wire backend calls a stream");
      }
      if (/->ops->(read|write)\(\w*(stream|beneath)/.test(text) && callsStreams(file)) {
        report(file, index + 1, "stream.c is what reads and writes a stream");
      }
    });
}

const LINES_MAX = 500;

/** A file that is longer holds two things; a public header is one whatever its length. */
function checkLength(file) {
  const count = read(file).split("\n").length - 1;
  if (count > LINES_MAX && !file.startsWith("src/include/")) {
    report(file, 0, `${count} lines are more than ${LINES_MAX}: it holds more than one thing`);
  }
}

/** A static function's name says whose it is, and no other file has one of that name. */
function checkStaticNames(sources) {
  const places = new Map();
  for (const file of sources) {
    for (const [, name] of read(file).matchAll(/^static (?!const\b)[\w\s*]*?\b(\w+)\(/gm)) {
      if (!name.includes("_")) report(file, 0, `${name}() is one word: whose is it?`);
      const other = places.get(name);
      if (other && other !== file) report(file, 0, `${name}() is also in ${other}`);
      places.set(name, file);
    }
  }
  if (places.size < 400) report("src", 0, "its static functions are not found");
}

function nm(...args) {
  const output = execFileSync("nm", args, { encoding: "utf8", maxBuffer: 1 << 26 });
  return output.split("\n").filter((line) => / [A-Za-z] \S+$/.test(line));
}

function checkArchive() {
  const archive = path.join(buildDir, "lib/libferry.a");
  const symbols = nm("-g", "--defined-only", archive).map((line) => line.split(" ").pop());
  if (symbols.length === 0) report(archive, 0, "no symbols");
  for (const symbol of symbols) {
    if (!/^_?ferry_/.test(symbol)) report(archive, 0, `${symbol} does not begin with ferry_`);
  }
}

/** "__memcpy_chk" (fortified) and "__isoc99_…" are the C library's other names for a function. */
function plainName(symbol) {
  return symbol.replace(/^__(\w+)_chk$/, "$1").replace(/^__isoc\d+_/, "");
}

function checkCallsOfCore() {
  const folder = path.join(buildDir, "CMakeFiles/ferry.dir/src");
  const sources = files.filter((file) => /^src\/.*\.c$/.test(file));
  // The compiler calls these by itself, assert() the first.
  const implicit = /^(__assert_\w+|__stack_chk_\w+|_GLOBAL_OFFSET_TABLE_|__(asan|ubsan|tsan)_\w+)$/;
  for (const source of sources) {
    const object = path.join(folder, `${source.slice("src/".length)}.o`);
    if (!fs.existsSync(object)) {
      report(source, 0, "is not built: add it to CMakeLists.txt");
      continue;
    }
    for (const symbol of nm("-u", object).map((line) => line.split(" ").pop())) {
      const known = symbol.startsWith("ferry_") || ISO_C_FUNCTIONS.has(plainName(symbol));
      if (!known && !implicit.test(symbol)) report(source, 0, `src/ may not use ${symbol}`);
    }
  }
}

/** The files of a folder that call themselves by way of others there, one after another. */
function findCircle(edges) {
  const done = new Set();
  const walk = (at, way) => {
    if (way.includes(at)) return [...way.slice(way.indexOf(at)), at];
    if (done.has(at)) return null;
    for (const next of edges.get(at) ?? []) {
      const circle = walk(next, [...way, at]);
      if (circle) return circle;
    }
    done.add(at);
    return null;
  };
  for (const start of edges.keys()) {
    const circle = walk(start, []);
    if (circle) return circle;
  }
  return null;
}

/**
 * Within a folder, too, includes go one way, and so do calls. A table of functions is no call. Public
 * headers include one another, so that a program may include whichever it likes.
 */
function checkCircles() {
  const sources = files.filter((file) => /^(src|platform|web)\/.*\.[ch]$/.test(file));
  const unit = (file) => file.replace(/\.[ch]$/, "");
  const isBeside = (file, other) => path.posix.dirname(file) === path.posix.dirname(other);
  const edges = new Map(sources.map((file) => [unit(file), new Set()]));
  const add = (from, to) => {
    if (to && isBeside(from, to) && unit(from) !== unit(to)) edges.get(unit(from)).add(unit(to));
  };
  for (const file of sources) {
    for (const [, name] of read(file).matchAll(/^\s*#\s*include "([^"]+)"/gm)) {
      add(file, resolveInclude(file, name));
    }
  }
  const objectOf = (source) => path.join(buildDir, "CMakeFiles/ferry.dir", `${source}.o`);
  const built = sources.filter((file) => fs.existsSync(objectOf(file)));
  const homes = new Map();
  for (const source of built) {
    for (const line of nm("-g", "--defined-only", objectOf(source))) {
      homes.set(line.split(" ").pop(), source);
    }
  }
  for (const source of built) {
    for (const line of nm("-u", objectOf(source))) add(source, homes.get(line.split(" ").pop()));
  }
  const calls = [...edges.values()].reduce((sum, to) => sum + to.size, 0);
  if (built.length < 50 || calls < 100) report("src", 0, "its calls are not found");
  for (const folder of FLOORS.slice(1)) {
    const own = [...edges].filter(([from]) => path.posix.dirname(from) === folder);
    const circle = findCircle(new Map(own));
    if (circle) report(folder, 0, `a circle: ${circle.map((it) => path.basename(it)).join(" > ")}`);
  }
}

/** A new call must be in the table of the calls that memory fails in. */
function checkShortage() {
  const table = "tests/unit/shortage_calls.c";
  const header = read("src/include/ferry.h").replace(/\/\*[\s\S]*?\*\//g, "");
  const calls = new Set(header.match(/\bferry_client_\w+(?=\()/g));
  if (calls.size < 40) report("src/include/ferry.h", 0, "its calls are not found");
  // The rest of the harness makes and frees clients.
  const made = ["shortage.c", "shortage_calls.c", "test_shortage.c"];
  const text = made.map((name) => read(`tests/unit/${name}`)).join("");
  for (const call of calls) {
    if (!text.includes(`${call}(`)) report(table, 0, `${call}() is not among the calls`);
  }
}

/** What C and JavaScript both write down as a number is the same number. */
function checkSharedNumbers() {
  const header = read("web/fetch_js.h");
  const script = read("web/ferry_fetch.js");
  const shared = [...header.matchAll(/\bFERRY_FETCH_FAILURE_(\w+) = (\d+)/g)]
    .filter(([, name]) => name !== "NONE")
    .map(([, name, value]) => [name, value]);
  shared.push(["MAX_WORDS", /\bFERRY_FETCH_WORDS_SIZE = (\d+)/.exec(header)?.[1]]);
  if (shared.length < 10) report("web/fetch_js.h", 0, "its numbers are not found");
  for (const [name, value] of shared) {
    const other = new RegExp(`^ +${name}: (\\d+),`, "m").exec(script)?.[1];
    if (other !== value) {
      report("web/ferry_fetch.js", 0, `${name} is ${other}, and ${value} in fetch_js.h`);
    }
  }
}

/** What the page on the architecture names is there. */
function checkArchitecture() {
  const page = "docs/architecture.md";
  const text = read(page);
  const sources = files.filter((file) => /^(src|platform|web)\/.*\.([ch]|js)$/.test(file));
  const code = sources.map(read).join("\n");
  const paths = [...text.matchAll(/`((?:src|platform|web|tests)\/[\w/.]+)`/g)].map(([, it]) => it);
  if (paths.length < 20) report(page, 0, "the files that it names are not found");
  for (const name of paths) {
    const isThere = name.endsWith("/")
      ? files.some((file) => file.startsWith(name))
      : files.includes(name);
    if (!isThere) report(page, 0, `there is no ${name}`);
  }
  for (const [, name] of text.matchAll(/`(\w+)\(\)`/g)) {
    if (!new RegExp(`\\b${name}\\b`).test(code)) report(page, 0, `there is no ${name}()`);
  }
  for (const [, name] of text.matchAll(/`(test_\w+)`/g)) {
    if (!files.includes(`tests/unit/${name}.c`)) report(page, 0, `there is no ${name}`);
  }
}

files.forEach(checkBeginning);
const ownC = /^(src|platform|web|examples)\/.*\.[ch]$/;
files.filter((file) => ownC.test(file)).forEach(checkIncludes);
files.filter((file) => /^(src|platform|web)\/.*\.([ch]|m?js)$/.test(file)).forEach(checkLength);
checkStaticNames(files.filter((file) => /^(src|platform|web)\/.*\.c$/.test(file)));
checkArchive();
checkCallsOfCore();
checkCircles();
checkShortage();
checkSharedNumbers();
checkArchitecture();

for (const problem of problems) console.log(problem);
console.log(problems.length === 0 ? "the sources keep the rules" : `${problems.length} problems`);
process.exit(problems.length === 0 ? 0 : 1);
