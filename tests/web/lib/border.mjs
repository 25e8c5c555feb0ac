// SPDX-License-Identifier: MIT
// border: runs the program `border` under Node against stand-ins for fetch(), so that anything may
// cross between JavaScript and C; and the JavaScript side alone, without a program.
import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";
import vm from "node:vm";
import { programs } from "./front.mjs";

const require = createRequire(import.meta.url);
const here = path.dirname(fileURLToPath(import.meta.url));

// As the program has them, in the same order.
const TEXTS = ["method", "target", "headers", "body"];
const NUMBERS = ["pieces", "read", "maxHead", "maxHeaders", "window", "cancel"];
const SHOWN = ["code", "url", "header", "body", "error", "detail", "end"];

const DEFAULTS = {
  method: "GET",
  target: "/",
  headers: [],
  body: Buffer.alloc(0),
  pieces: 0,
  read: 65536,
  maxHead: 0,
  maxHeaders: 0,
  window: 0,
  cancel: 0,
};
const LIMIT_MS = 30_000; // longer than anything takes: what hangs is told of

/** The origin that the program connects to. */
export const ORIGIN = "http://border.example";

const bytes = (text) => (typeof text === "string" ? Buffer.from(text, "latin1") : text);
const turn = () => new Promise((resolve) => setImmediate(resolve));

/** What nobody has caught, of all that runs here. */
const escaped = [];
for (const name of ["unhandledRejection", "uncaughtException"]) {
  process.on(name, (reason) => escaped.push(reason));
}

/** The program, in memory of its own. */
class Border {
  constructor() {
    this.hooks = {
      number: (which) => this.plan[NUMBERS[which]],
      text: (which) => this.texts[which],
      show: (what, data) => this.show(SHOWN[what], Buffer.from(data)),
    };
  }

  async open(name) {
    const file = path.join(programs, `${name}.js`);
    this.complaints = [];
    this.module = await require(file)({
      wasmBinary: fs.readFileSync(file.replace(/\.js$/, ".wasm")),
      print: (line) => this.complaints.push(line),
      printErr: (line) => this.complaints.push(line),
      border: this.hooks,
    });
    return this;
  }

  show(what, data) {
    const { seen } = this;
    if (what === "header") seen.headers.push(data.toString("latin1"));
    else if (what === "body") seen.body.push(data);
    else if (what === "detail") seen.detail = data.toString();
    else seen[what] = data.toString("latin1");
  }

  /**
   * Makes a request as `plan` says: {method, target, headers, body, pieces, read, maxHead,
   * maxHeaders, window, cancel}, all of them optional, and fetch(url, init), which is called in
   * the place of the platform's. Gives {code, url, headers, body, error, detail, escaped}: `error`
   * is "FERRY_OK", or "cancelled", and `escaped` what was thrown and caught by nobody.
   */
  async run(plan) {
    this.plan = { ...DEFAULTS, ...plan };
    const headers = this.plan.headers.map((line) => `${line}\0`).join("");
    this.texts = TEXTS.map((name) => bytes(name === "headers" ? headers : this.plan[name]));
    this.seen = { headers: [], body: [] };
    const before = globalThis.fetch;
    globalThis.fetch = plan.fetch;
    escaped.length = 0;
    const limit = performance.now() + LIMIT_MS;
    try {
      for (let step = 1; !this.module._border_step(); step++) {
        this.step = step;
        if (performance.now() > limit)
          throw new Error(`it goes on for ever: ${JSON.stringify(this.seen)}`);
        await turn();
      }
      await turn();
    } catch (error) {
      error.message += `\n${this.complaints.join("\n")}`;
      throw error;
    } finally {
      globalThis.fetch = before;
    }
    const { body, ...others } = this.seen;
    return { ...others, body: Buffer.concat(body), escaped: [...escaped] };
  }
}

/** Starts the program: "border", or "border_asan" where it has been built. */
export async function openBorder(name = "border") {
  return new Border().open(name);
}

/** A response as fetch() would give it, which may have any code and any URL. */
export function answer({ status = 200, url = `${ORIGIN}/`, headers = [], body = null, type } = {}) {
  return { status, url, type: type ?? "basic", headers: new Headers(headers), body };
}

/** A body in these pieces, or what a function makes of the stream's controller. */
export function stream(pieces, options = {}) {
  if (typeof pieces === "function") return new ReadableStream({ pull: pieces, ...options });
  const left = pieces.map((piece) => new Uint8Array(bytes(piece)));
  return new ReadableStream({
    pull(controller) {
      if (left.length > 0) controller.enqueue(left.shift());
      else controller.close();
      if (left.length === 0 && options.type === "bytes") controller.byobRequest?.respond(0);
    },
    ...options,
  });
}

/**
 * The JavaScript side without a program: its functions, and HEAPU8, a memory of so many bytes.
 * `globals` are what it finds around it.
 */
export function loadLibrary(size, globals = {}) {
  const file = path.join(here, "..", "..", "..", "web", "ferry_fetch.js");
  const memory = new ArrayBuffer(size);
  const context = vm.createContext({
    ...{ LibraryManager: { library: {} }, Headers, Request, TextEncoder, ArrayBuffer, Uint8Array },
    ...{ AbortController, Blob, Atomics, setTimeout, clearTimeout, Error },
    ...globals,
    HEAPU8: new Uint8Array(memory),
    HEAP32: new Int32Array(memory),
    mergeInto: (_, entries) => {
      for (const [name, entry] of Object.entries(entries)) {
        if (!/__(deps|sig|proxy|async)$/.test(name)) context[name.replace("$", "")] = entry;
      }
    },
  });
  vm.runInContext(fs.readFileSync(file, "utf8"), context, { filename: file });
  return context;
}
