// SPDX-License-Identifier: MIT
// flavours: a download and an upload in every flavour of an Emscripten build, under Node and in pages
// and workers of each browser; and what a program carries that does not use all of the library.
// FERRY_FLAVOURS names a folder where they have been built already.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import http from "node:http";
import { once } from "node:events";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { execute, quick } from "../scenarios/lib/run.mjs";
import { allBrowsers, availableBrowsers, openBrowser, runProgram } from "./lib/browsers.mjs";
import { front } from "./lib/front.mjs";

const here = path.dirname(fileURLToPath(import.meta.url));
const root = path.join(here, "..", "..");
const isBuilt = Boolean(process.env.FERRY_FLAVOURS);
const build = path.resolve(
  root,
  process.env.FERRY_FLAVOURS ?? path.join(process.env.FERRY_WEB_BUILD ?? "build/web", "flavours"),
);
const nodeRunner = path.join(here, "lib", "node_program.cjs");
const BUILD_MS = 1_700_000; // in a new Emscripten its own libraries are built too
const RUN_MS = 60_000;

const DOWNLOAD_BYTES = 3_000_000;
const UPLOAD_BYTES = 300_000;
const transferred = (name) => [
  `${name}: downloaded ${DOWNLOAD_BYTES} of ${DOWNLOAD_BYTES}, code 200`,
  `${name}: uploaded ${UPLOAD_BYTES}, code 204`,
];
const MAIN = transferred("main");
const SESSION = transferred("session");
const SLEPT = [...MAIN, "it slept"];
const WOKEN = [
  "blocking: FERRY_OK",
  "FERRY_ERROR_ABORTED, REQUESTING",
  "poll: FERRY_ERROR_ABORTED",
  "wait: FERRY_ERROR_ABORTED",
  "FERRY_ERROR_ABORTED, REQUESTING",
  ...MAIN,
];

// Each is built as PROGRAM of a CONFIGURATION; `prints` is in any order.
const FLAVOURS = [
  ...["O0", "O1", "O2", "O3", "Oz"].map((level) => ({ name: level, program: `${level}/polling` })),
  { name: "without_modularize", program: "O2/plain", target: "plain_program" },
  { name: "es6", program: "O2/es6", target: "es6_program" },
  { name: "strict", program: "O2/strict" },
  {
    name: "memory_growth",
    program: "O2/growing",
    args: ["growing"],
    prints: [...MAIN, "memory has grown"],
  },
  {
    name: "memory_above_2_gib",
    program: "O2/high",
    args: ["high"],
    prints: [...MAIN, "memory is above 2 GiB"],
  },
  { name: "asyncify", program: "O2/asyncify", prints: SLEPT },
  { name: "jspi", program: "O2/jspi", prints: SLEPT, features: ["jspi"] },
  { name: "asyncify_wake", program: "O2/asyncify_wake", prints: WOKEN },
  { name: "jspi_wake", program: "O2/jspi_wake", prints: WOKEN, features: ["jspi"] },
  {
    name: "threads",
    program: "Threads/threads",
    prints: [
      "blocking on the main thread: FERRY_ERROR_UNAVAILABLE",
      "thread: woken: FERRY_ERROR_ABORTED",
      ...MAIN,
      ...transferred("thread"),
    ],
    isolated: true,
  },
  { name: "main_on_a_thread", program: "Threads/proxied", prints: SLEPT, isolated: true },
  { name: "wasm64", program: "Wide/polling", features: ["wasm64"] },
  { name: "wasm64_asyncify", program: "Wide/asyncify", prints: SLEPT, features: ["wasm64"] },
  { name: "wasm64_jspi", program: "Wide/jspi", prints: SLEPT, features: ["wasm64", "jspi"] },
  ...["O0", "O2", "Oz"].map((level) => ({
    name: `session_${level}`,
    program: `${level}/session`,
    prints: SESSION,
  })),
  { name: "session_strict", program: "O2/strict_session", prints: SESSION },
  {
    name: "session_on_a_thread",
    program: "Threads/proxied_session",
    prints: SESSION,
    isolated: true,
  },
  { name: "session_wasm64", program: "Wide/session", prints: SESSION, features: ["wasm64"] },
  {
    name: "blocking_without_asyncify",
    program: "O2/unable",
    prints: [/^FERRY_ERROR_UNAVAILABLE: \S+( \S+){4,}$/],
    code: 1,
  },
].map((flavour) => ({ args: [], prints: MAIN, code: 0, features: [], ...flavour }));

// What only newer versions of Emscripten have, and how an engine shows that it has it.
const FEATURES = {
  jspi: { since: 4, probe: `"Suspending" in WebAssembly`, flag: "--experimental-wasm-jspi" },
  wasm64: {
    since: 6,
    probe: `(() => {
      try { return !!new WebAssembly.Memory({ address: "i64", initial: 1n }); }
      catch { return false; }
    })()`,
  },
};

// Looked into, and not run.
const INSPECTED = ["O0/polling_names", "O0/custom"];

/** What a flavour needs and a version of Emscripten has not. */
const lacking = ({ features }, major) =>
  features.find((feature) => major < FEATURES[feature].since);

/** Runs a command that must succeed; gives what it prints. */
function call(command, ...args) {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd: root,
    encoding: "utf8",
    env: { NODE_PATH: "/usr/share/nodejs", ...process.env }, // Debian's emcc looks for acorn there
    timeout: BUILD_MS,
  });
  assert.equal(status, 0, `${command} ${args.join(" ")}: ${error ?? stdout + stderr}`);
  return stdout;
}

const readVersion = () => fs.readFileSync(path.join(build, "emscripten_version"), "utf8");

function buildFlavours() {
  const source = path.join(here, "flavours");
  call("emcmake", "cmake", "-G", "Ninja Multi-Config", "-S", source, "-B", build);
  const major = parseInt(readVersion());
  const targets = [...FLAVOURS.filter((flavour) => !lacking(flavour, major)), ...INSPECTED].map(
    (flavour) => {
      const [configuration, program] = (flavour.program ?? flavour).split("/");
      return `${flavour.target ?? program}:${configuration}`;
    },
  );
  call("ninja", "-C", build, ...targets);
}

/** The bytes that the programs expect and send. */
function pattern(length) {
  const bytes = Buffer.alloc(length);
  for (let i = 0; i < length; i++) bytes[i] = (i * 7 + Math.floor(i / 251)) & 255;
  return bytes;
}
const download = pattern(DOWNLOAD_BYTES);
const upload = pattern(UPLOAD_BYTES);

async function transferServer(t) {
  const server = http.createServer(async (request, response) => {
    if (request.url === "/never") return;
    if (request.url === "/download") {
      response.end(download);
      return;
    }
    const parts = [];
    for await (const part of request) parts.push(part);
    const isRight = request.method === "PUT" && Buffer.concat(parts).equals(upload);
    response.writeHead(isRight ? 204 : 400).end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { host: "127.0.0.1", port: server.address().port };
}

/** Under Node: the program asks the server itself. */
class NodePlace {
  name = "node";
  flags = {};

  async has(feature) {
    const { probe, flag } = FEATURES[feature];
    for (const flags of [[], flag ? [flag] : []]) {
      const { stdout } = spawnSync(process.execPath, [...flags, "-p", probe], { encoding: "utf8" });
      if (stdout.trim() === "true") {
        this.flags[feature] = flags;
        return true;
      }
    }
    return false;
  }

  async run(t, { program, args, features }) {
    const { port } = await transferServer(t);
    const file = path.join(build, "bin", `${program}.js`);
    const flags = features.flatMap((feature) => this.flags[feature]);
    const command = [...flags, nodeRunner, file, port, ...args].map(String);
    const { stdout, stderr, end } = await execute(process.execPath, command);
    return { stdout, stderr, code: end, console: [] };
  }
}

/** In a browser: the program asks the origin of its page. */
class BrowserPlace {
  constructor(browser, where) {
    this.browser = browser;
    this.where = where;
    this.name = `a ${where} of ${browser}`;
  }

  async has(feature) {
    const page = await BrowserPlace.sessions[this.browser].browser.newPage();
    try {
      return await page.evaluate(FEATURES[feature].probe);
    } finally {
      await page.close();
    }
  }

  async run(t, { program, args, isolated = false }) {
    const folder = path.join(build, "bin", path.dirname(program));
    const { origin, port } = await front(t, await transferServer(t), { folder, isolated });
    return runProgram(BrowserPlace.sessions[this.browser], {
      origin,
      program: path.basename(program),
      args: [port, ...args],
      where: this.where,
      timeoutMs: RUN_MS,
    });
  }

  static sessions = {};
}

async function reasonToSkip(place, flavour) {
  const version = readVersion();
  const missing = lacking(flavour, parseInt(version));
  if (missing) return `Emscripten ${version} has no ${missing}`;
  for (const feature of flavour.features) {
    if (!(await place.has(feature))) return `${place.name} has no ${feature}`;
  }
  return undefined;
}

function runIn(place) {
  for (const flavour of FLAVOURS) {
    test(`${flavour.name}_downloads_and_uploads`, async (t) => {
      const why = await reasonToSkip(place, flavour);
      if (why) return t.skip(why);
      const { stdout, stderr, code, console } = await place.run(t, flavour);
      const lines = stdout.trimEnd().split("\n").sort();
      const expected = [...flavour.prints].sort();
      const isAsExpected =
        lines.length === expected.length &&
        lines.every((line, i) => line === expected[i] || expected[i].test?.(line));
      assert.ok(isAsExpected, `it prints:\n${stdout}${stderr}`);
      assert.deepEqual({ stderr, code, console }, { stderr: "", code: flavour.code, console: [] });
      return undefined;
    });
  }
}

const compiled = (program) =>
  new WebAssembly.Module(fs.readFileSync(path.join(build, "bin", `${program}.wasm`)));

/** The names of the functions of a module: the second part of its section "name". */
function functionNames(module) {
  const [section] = WebAssembly.Module.customSections(module, "name");
  const bytes = new Uint8Array(section);
  let at = 0;
  const number = () => {
    for (let value = 0, scale = 1; ; scale *= 128) {
      const byte = bytes[at++];
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  const names = [];
  while (at < bytes.length) {
    const kind = bytes[at++];
    const end = number() + at;
    if (kind === 1) {
      for (let count = number(); count > 0; count--) {
        number(); // the function's index
        const length = number();
        names.push(Buffer.from(bytes.subarray(at, at + length)).toString());
        at += length;
      }
    }
    at = end;
  }
  return names;
}

describe("Flavours", { skip: quick && "they take minutes to build" }, () => {
  before(async () => {
    if (!isBuilt) buildFlavours();
    for (const name of availableBrowsers()) BrowserPlace.sessions[name] = await openBrowser(name);
  });
  after(() => Promise.all(Object.values(BrowserPlace.sessions).map((session) => session.close())));

  describe("under Node", () => runIn(new NodePlace()));
  for (const browser of allBrowsers) {
    const skip = !availableBrowsers().includes(browser) && `there is no ${browser}`;
    for (const where of ["page", "worker"]) {
      describe(`in a ${where} of ${browser}`, { skip }, () => {
        runIn(new BrowserPlace(browser, where));
      });
    }
  }

  test("a_program_that_never_blocks_is_linked_without_asyncify", () => {
    const mentionsIt = (program) =>
      /asyncify|asyncjs/i.test(fs.readFileSync(path.join(build, "bin", `${program}.js`), "utf8")) ||
      WebAssembly.Module.exports(compiled(program)).some(({ name }) => /^asyncify_/.test(name));
    assert.equal(mentionsIt("O2/polling"), false);
    assert.equal(mentionsIt("O2/asyncify"), true);
  });

  test("what_a_program_does_not_use_it_does_not_carry", () => {
    const names = functionNames(compiled("O0/polling_names"));
    const codec = /^ferry_(h1|wire)_/;
    const waiting = /^ferry_(host_(can_)?wait|js_can_sleep)$|ferry_js_sleep/;
    assert.ok(names.includes("ferry_client_poll"));
    assert.deepEqual(
      names.filter((name) => codec.test(name) || waiting.test(name)),
      [],
    );
    assert.ok(functionNames(compiled("O0/custom")).some((name) => codec.test(name)));
  });

  test("the_codec_runs_where_a_program_brings_its_connection", async () => {
    const file = path.join(build, "bin", "O0/custom.js");
    const { stdout, stderr, end } = await execute(process.execPath, [nodeRunner, file]);
    assert.deepEqual({ stdout, stderr, end }, { stdout: "200 hi\n", stderr: "", end: 0 });
  });

  test("a_program_is_linked_again_when_the_library_in_javascript_changes", () => {
    const inputs = call("ninja", "-C", build, "-t", "query", "bin/O2/polling.js");
    assert.match(inputs, /\/web\/ferry_fetch\.js$/m);
  });
});
