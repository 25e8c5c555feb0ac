// SPDX-License-Identifier: MIT
// browsers: starts the browsers of the machine and runs compiled programs in them.
import fs from "node:fs";
import os from "node:os";
import path from "node:path";

const KINDS = {
  chromium: {
    variable: "FERRY_CHROMIUM",
    commands: ["chromium", "chromium-browser", "google-chrome"],
    product: "chrome",
  },
  firefox: {
    variable: "FERRY_FIREFOX",
    commands: ["firefox-esr", "firefox"],
    product: "firefox",
  },
};

// They stop what a browser does on its own account, so that a test sees its own requests only. A
// page that was left must be gone, not kept for the back button with its connections open.
const CHROMIUM_ARGS = [
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--no-proxy-server",
  "--disable-background-networking",
  "--disable-back-forward-cache",
  "--disable-component-update",
  "--disable-domain-reliability",
  "--disable-sync",
];
const FIREFOX_PREFS = {
  "browser.sessionhistory.max_total_viewers": 0,
  "fission.bfcacheInParent": false,
  "network.captive-portal-service.enabled": false,
  "network.connectivity-service.enabled": false,
  "network.dns.disablePrefetch": true,
  "network.prefetch-next": false,
  "network.proxy.type": 0,
};

const LAUNCH_MS = 60_000;
const CLOSE_MS = 5_000;
const ANSWER_MS = 2_000; // for a page that is late: longer than one that is alive needs
const RUN_MS = 30_000;
const LATE = Symbol("late");

/** What a promise gives, or LATE after so many milliseconds. */
async function within(milliseconds, promise) {
  let timer;
  const late = new Promise((resolve) => (timer = setTimeout(resolve, milliseconds, LATE)));
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Where a browser is: what the environment says, or else the first of its commands in PATH. */
function findBrowser(name) {
  const { variable, commands } = KINDS[name];
  if (process.env[variable]) return process.env[variable];
  const folders = (process.env.PATH ?? "").split(path.delimiter).filter(Boolean);
  const places = commands.flatMap((command) => folders.map((folder) => path.join(folder, command)));
  return places.find((place) => fs.existsSync(place));
}

/** The names of the browsers that this machine has. Tests skip one that it has not, and say so. */
export function availableBrowsers() {
  return Object.keys(KINDS).filter((name) => findBrowser(name) !== undefined);
}

/** The names of all browsers that tests are for. */
export const allBrowsers = Object.keys(KINDS);

async function loadPuppeteer() {
  try {
    return (await import("puppeteer-core")).default;
  } catch (error) {
    throw new Error(`puppeteer-core is not installed (npm ci): ${error.message}`, { cause: error });
  }
}

function removeFolder(folder) {
  fs.rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
}

/** A browser that runs, with a home and a profile of its own: {browser, close, kill}. */
async function launch(name, { args = [], prefs = {}, acceptInsecureCerts = false, env = {} }) {
  const executablePath = findBrowser(name);
  if (executablePath === undefined) {
    const { commands, variable } = KINDS[name];
    throw new Error(
      `there is no ${name}: no ${commands.join(", ")} in PATH; ${variable} names one`,
    );
  }
  const puppeteer = await loadPuppeteer();
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), `ferry-${name}-`));
  const root = process.getuid?.() === 0;
  const home = { HOME: folder, XDG_CONFIG_HOME: folder, XDG_CACHE_HOME: folder };
  const common = {
    browser: KINDS[name].product,
    executablePath,
    headless: true,
    userDataDir: path.join(folder, "profile"),
    acceptInsecureCerts,
    env: { ...process.env, ...home, ...env },
    timeout: LAUNCH_MS,
    protocolTimeout: 0, // the calls here have bounds of their own
    defaultViewport: null,
  };
  const special =
    name === "chromium"
      ? { args: [...CHROMIUM_ARGS, ...(root ? ["--no-sandbox"] : []), ...args] }
      : { args, extraPrefsFirefox: { ...FIREFOX_PREFS, ...prefs } };
  let browser;
  try {
    browser = await puppeteer.launch({ ...common, ...special });
  } catch (error) {
    removeFolder(folder);
    throw new Error(`${name} (${executablePath}) does not start: ${error.message}`, {
      cause: error,
    });
  }

  const child = browser.process();
  const running = () => child.exitCode === null && child.signalCode === null;
  const exited = running() ? new Promise((resolve) => child.once("exit", resolve)) : null;
  const kill = () => {
    try {
      process.kill(-child.pid, "SIGKILL"); // it leads a group, its helpers included
    } catch {
      // all of them have gone
    }
  };
  const atExit = () => {
    kill();
    removeFolder(folder);
  };
  process.once("exit", atExit);
  const end = async () => {
    kill();
    await exited;
    removeFolder(folder);
    process.off("exit", atExit);
  };
  const close = async () => {
    await within(CLOSE_MS, Promise.allSettled([browser.close(), exited]));
    await end();
  };
  return { browser, close, kill: end };
}

/** A browser under test, which programs are run in one after another. */
class Session {
  constructor(name, options) {
    this.name = name;
    this.options = options;
    this.tab = null; // the page that runs share
    this.queue = Promise.resolve(); // ends when the last run that was asked for has
    this.closing = null;
  }

  async start() {
    Object.assign(this, { launched: await launch(this.name, this.options), tab: null });
    this.version = await this.browser.version();
  }

  get browser() {
    return this.launched.browser;
  }

  /** Ends a browser that a program has made useless, and starts another. */
  async restart() {
    await this.launched.kill();
    if (!this.closing) await this.start();
  }

  /** Closes it and removes all that it has stored; takes seconds at most. */
  async close() {
    this.closing ??= this.launched.close();
    await this.closing;
  }
}

/**
 * Starts a browser, "chromium" or "firefox": {name, version, browser, close}, where `browser` is
 * puppeteer's. Options: `args` for its command line, `prefs` for Firefox, `acceptInsecureCerts`,
 * `env` for its environment.
 */
export async function openBrowser(name, options = {}) {
  if (!Object.hasOwn(KINDS, name)) throw new Error(`no browser is called "${name}"`);
  const session = new Session(name, options);
  await session.start();
  return session;
}

/** Loads the page that runs programs. */
async function openRunPage(page, { origin, query = "", timeoutMs = RUN_MS }) {
  const search = String(new URLSearchParams(query));
  const url = `${origin}/.ferry/run.html${search && `?${search}`}`;
  const response = await page.goto(url, { waitUntil: "domcontentloaded", timeout: timeoutMs });
  if (response?.status() !== 200) throw new Error(`${url} answers ${response?.status()}`);
}

/** What a late program has printed so far; ends its page, and the browser where that hangs. */
async function endLate(session, page, timeoutMs) {
  const asked = page.evaluate(() => globalThis.ferryOutput()).catch(() => LATE);
  const answer = await within(ANSWER_MS, asked);
  const output = answer === LATE ? { stdout: "", stderr: "", console: [] } : answer;
  output.stderr += `ended after ${timeoutMs} ms\n`;
  const closed =
    answer !== LATE &&
    (await within(
      ANSWER_MS,
      page.close().catch(() => {}),
    ));
  if (answer === LATE || closed === LATE) await session.restart();
  return { ...output, code: "timeout" };
}

/** Runs a program in a page that is ready for it, to its end. */
async function execute(session, page, { program, args = [], where = "page", timeoutMs = RUN_MS }) {
  const messages = [];
  const listeners = {
    // Messages with arguments are the page's; those without are the browser's own, about requests.
    console: (message) => {
      if (message.type() !== "error") return;
      const kind = message.args().length > 0 ? "error" : "network";
      messages.push({ kind, text: message.text() });
    },
    pageerror: (error) => messages.push({ kind: "pageerror", text: String(error) }),
  };
  for (const [name, listener] of Object.entries(listeners)) page.on(name, listener);
  const withoutPage = (why) => ({ stdout: "", stderr: `${why}\n`, console: [], code: "gone" });
  let onClose;
  let onCrash;
  const gone = new Promise((resolve) => {
    onClose = () => resolve(withoutPage("the page was closed"));
    onCrash = (error) => resolve(withoutPage(error.message));
  });
  page.once("close", onClose).once("error", onCrash);
  const run = page
    .evaluate((options) => globalThis.ferryRun(options), { program, args: args.map(String), where })
    .catch((error) => withoutPage(error.message));
  const result = await within(timeoutMs, Promise.race([run, gone]));
  page.off("close", onClose).off("error", onCrash);
  const final = result === LATE ? await endLate(session, page, timeoutMs) : result;
  for (const [name, listener] of Object.entries(listeners)) page.off(name, listener);
  // Firefox reports a rejection in a worker although the worker has dealt with it.
  const known = final.console.map(({ text }) => text);
  const isRepeated = ({ kind, text }) =>
    kind === "pageerror" && known.some((other) => text.endsWith(other));
  final.console.push(...messages.filter((message) => !isRepeated(message)));
  return final;
}

/** The page that runs share: hundreds of them would spend their time in opening pages. */
async function sharedTab(session) {
  if (!session.tab || session.tab.isClosed()) session.tab = await session.browser.newPage();
  else if (session.front !== session.tab) await session.tab.bringToFront();
  session.front = session.tab;
  return session.tab;
}

/**
 * Runs {program, args} from `origin` (of a front) to its end, in the page or in a Web Worker
 * (`where`). `query` is what the page's address ends in. Gives {stdout, stderr, code, console}:
 * `code` is the exit code, "abort" after a failure, "gone" where the page went away under it, or
 * "timeout"; `console` has {kind, text} for each error that was logged ("error"), was not caught
 * ("pageerror"), or that the browser reported about a request of the page ("network").
 */
export async function runProgram(session, options) {
  const run = session.queue.then(async () => {
    const page = await sharedTab(session);
    await openRunPage(page, options);
    return execute(session, page, options);
  });
  session.queue = run.catch(() => {});
  return run;
}

/**
 * Starts a program in a page of its own, which is the caller's to close: {page, done, line}. `done`
 * gives what runProgram() gives; `line(text)` the first line that has this text in it, as soon as
 * it is printed. `prepare` is a function that runs in the page before anything else.
 */
export async function startProgram(session, options) {
  const page = await session.browser.newPage();
  if (options.prepare) await page.evaluateOnNewDocument(options.prepare);
  session.front = page;
  await openRunPage(page, options);
  const done = execute(session, page, options);
  const line = async (text) => {
    const found = await page.evaluate((wanted) => globalThis.ferryLine(wanted), text);
    if (found === null) throw new Error(`the program has ended without printing "${text}"`);
    return found;
  };
  return { page, done, line };
}
