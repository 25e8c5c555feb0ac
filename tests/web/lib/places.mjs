// SPDX-License-Identifier: MIT
// places: runs the program `polled` alike under Node and in pages and workers of each browser.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import path from "node:path";
import { createInterface } from "node:readline";
import { after, before, describe } from "node:test";
import { fileURLToPath } from "node:url";
import {
  allBrowsers,
  availableBrowsers,
  openBrowser,
  runProgram,
  startProgram,
} from "./browsers.mjs";
import { front, programs } from "./front.mjs";

const here = path.dirname(fileURLToPath(import.meta.url));
const nodeRunner = path.join(here, "node_program.cjs");

const PROGRAM = "polled";
const LIMIT_MS = 120_000; // of all tests in one place: what hangs is ended
const RUN_MS = 60_000;

/** What a program that has ended well has printed. */
function read({ stdout, stderr, code }) {
  assert.equal(stderr, "", `the program complains; it has printed:\n${stdout}`);
  assert.equal(code, 0, `the program ends in ${code}; it has printed:\n${stdout}`);
  const lines = stdout.trimEnd().split("\n");
  const [start, end] = lines.pop().match(/\d+/g).map(Number);
  return { lines, heap: { start, end } };
}

/** A browser. */
class BrowserPlace {
  constructor(name, options) {
    this.name = name;
    this.isBrowser = true;
    this.opening = openBrowser(name, options);
    this.opening.catch(() => {}); // reported where it is waited for
  }

  async open() {
    this.session = await this.opening;
  }

  async close() {
    await this.session?.close();
  }

  /** Where programs find `target` as the origin of their page. */
  async home(t, target, options) {
    return front(t, target, options);
  }

  /** Runs the program in a page of `home`: {lines, heap}. */
  async run(home, args, options = {}) {
    const all = { origin: home.origin, program: PROGRAM, args, timeoutMs: RUN_MS, ...options };
    return read(await runProgram(this.session, all));
  }

  /** What a function gives in a page of `home`. */
  async evaluate(home, made, ...args) {
    const page = await this.session.browser.newPage();
    try {
      await page.goto(`${home.origin}/.ferry/run.html`);
      return await page.evaluate(made, ...args);
    } finally {
      await page.close();
    }
  }

  /** Starts it in a page of its own: {page, line, done}, which is closed with the test. */
  async start(t, home, args, options = {}) {
    const all = { origin: home.origin, program: PROGRAM, args, timeoutMs: RUN_MS, ...options };
    const { page, line, done } = await startProgram(this.session, all);
    t.after(() => page.close().catch(() => {}));
    return {
      page,
      line,
      done: done.then((result) => (result.code === "gone" ? null : read(result))),
    };
  }
}

/** Node: there is no page, and `home` is the server itself. */
class NodePlace {
  constructor() {
    this.name = "node";
    this.isBrowser = false;
  }

  async open() {}

  async close() {}

  async home(t, target) {
    return { ...target, origin: `http://${target.host}:${target.port}` };
  }

  async run(home, args) {
    return this.launch(args).done;
  }

  async evaluate(home, made, ...args) {
    return made(...args);
  }

  async start(t, home, args) {
    const { child, line, done } = this.launch(args);
    t.after(() => child.kill("SIGKILL"));
    return { line, done };
  }

  launch(args) {
    const command = [nodeRunner, path.join(programs, `${PROGRAM}.js`), ...args.map(String)];
    const child = spawn(process.execPath, command, { stdio: ["ignore", "pipe", "pipe"] });
    const printed = [];
    const watchers = new Set();
    let stderr = "";
    child.stderr.setEncoding("utf8").on("data", (text) => (stderr += text));
    const reader = createInterface({ input: child.stdout });
    reader.on("line", (text) => {
      printed.push(text);
      for (const watch of watchers) watch(text);
    });
    const timer = setTimeout(() => child.kill("SIGKILL"), RUN_MS);
    const done = (async () => {
      const ends = [reader, child].map(
        (emitter) => new Promise((end) => emitter.once("close", end)),
      );
      const [, code] = await Promise.all(ends);
      clearTimeout(timer);
      return read({ stdout: `${printed.join("\n")}\n`, stderr, code: code ?? "killed" });
    })();
    done.catch(() => {}); // it may never be waited for
    const line = async (text) => {
      const found = printed.find((each) => each.includes(text));
      if (found !== undefined) return found;
      return new Promise((resolve, reject) => {
        watchers.add((each) => each.includes(text) && resolve(each));
        child.once("close", () => reject(new Error(`it has ended without "${text}"`)));
      });
    };
    return { child, line, done };
  }
}

/**
 * Defines tests in each place of `names` ("node", "chromium", "firefox"; all by default):
 * `define(place)` is called in a suite of its own, which may take `limitMs`. `options` are the
 * browsers'.
 */
export function inPlaces(define, options = {}) {
  const { names = ["node", ...allBrowsers], limitMs = LIMIT_MS, ...browserOptions } = options;
  const available = ["node", ...availableBrowsers()];
  for (const name of names) {
    const skip = available.includes(name) ? false : `${name} is not installed`;
    const place =
      name === "node" ? new NodePlace() : skip ? null : new BrowserPlace(name, browserOptions);
    describe(name, { skip, timeout: limitMs }, () => {
      before(() => place.open());
      after(() => place.close());
      define(place);
    });
  }
}
export const browsers = allBrowsers;
