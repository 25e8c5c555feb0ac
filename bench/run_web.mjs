// SPDX-License-Identifier: MIT
// run_web: measures ferry in browsers against bare fetch() and emscripten_fetch, with nginx on
// loopback, and weighs what each adds to a program.
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { availableBrowsers, openBrowser } from "../tests/web/lib/browsers.mjs";
import { watchProcesses } from "./web/processes.mjs";
import { printWebReport } from "./web/report.mjs";
import { startServer } from "./web/server.mjs";
import { weighPrograms } from "./web/sizes.mjs";
import { bestOf, measureRatio, median } from "./web/statistics.mjs";

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), "..");
const usage = `usage: node bench/run_web.mjs [options]

  --browser NAME  chromium or firefox; may be repeated; default: both
  --rounds N      how often each contestant runs; default 9
  --quick         3 rounds, fewer requests in each
  --sessions      measures sessions only
  --sizes         weighs programs only
  --json FILE     writes every figure
  --build DIR     the web build; default build/web
`;

const MIB = 1024 * 1024;
const BIG_BYTES = 256 * MIB;
const ROUNDS = { full: 9, quick: 3 };
const RUN_MS = 120_000;
const SAMPLE_MS = 50;

// A round's requests are sent in slices, and contestants take turns after each: what else the
// machine does then falls on all alike.
const MODES = [
  {
    mode: "sequence",
    title: "GET 1 KB, in sequence",
    slices: 10,
    requests: 100,
    contestants: ["bare", "byob", "ferry", "wait", "fetch"],
  },
  {
    mode: "many",
    title: "GET 1 KB, 50 at a time",
    slices: 4,
    requests: 250,
    contestants: ["bare", "byob", "ferry", "frames", "fetch"],
  },
  {
    mode: "big",
    title: "one body of 256 MiB",
    slices: 1,
    requests: 1,
    contestants: ["bare", "byob", "ferry", "wait", "frames", "fetch"],
  },
];
const QUICK_SLICES = { sequence: 3, many: 2, big: 1 };

// Requests by URL: all of them are started in one frame, beside as many calls of fetch().
const BURST = {
  mode: "burst",
  requests: 200,
  contestants: ["bare", "byob", "session", "session_frames"],
};
const BURST_SLICES = { full: 4, quick: 2 }; // in each round

function readOptions() {
  const { values } = parseArgs({
    options: {
      browser: { type: "string", multiple: true },
      rounds: { type: "string" },
      quick: { type: "boolean", default: false },
      sessions: { type: "boolean", default: false },
      sizes: { type: "boolean", default: false },
      json: { type: "string" },
      build: {
        type: "string",
        default: process.env.FERRY_WEB_BUILD ?? path.join(root, "build/web"),
      },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  const rounds = Number(values.rounds ?? (values.quick ? ROUNDS.quick : ROUNDS.full));
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error("--rounds is a number from 1 up");
  const known = availableBrowsers();
  for (const name of values.browser ?? []) {
    if (!known.includes(name)) throw new Error(`there is no browser "${name}" on this machine`);
  }
  const browsers = values.sizes ? [] : (values.browser ?? known);
  return { ...values, rounds, browsers, build: path.resolve(values.build) };
}

// ---- Pages --------------------------------------------------------------------------------------

async function openPage(session, origin) {
  const page = await session.browser.newPage();
  await page.goto(`${origin}/page.html`);
  await page.waitForFunction("globalThis.benchRun", { timeout: RUN_MS });
  return page;
}

function within(milliseconds, what, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} takes too long`)), milliseconds);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

function runOnce(page, name, mode, requests) {
  const run = page.evaluate((...args) => globalThis.benchRun(...args), name, mode, requests);
  return within(RUN_MS, `${name}, ${mode}`, run);
}

// ---- Rates --------------------------------------------------------------------------------------

/** The order of a turn: nobody comes first, or after the same one, every time. */
function orderOf(names, turn) {
  const start = turn % names.length;
  const order = [...names.slice(start), ...names.slice(0, start)];
  return turn % 2 === 1 ? order.reverse() : order;
}

async function runSlice(bench, entry, turn) {
  const slice = {};
  for (const name of orderOf(entry.contestants, turn)) {
    const cpu = bench.processes.cpuSeconds();
    const result = await runOnce(bench.page, name, entry.mode, entry.requests);
    const { all, page } = bench.processes.cpuSeconds();
    slice[name] = { ...result, cpu: all - cpu.all, page_cpu: page - cpu.page };
  }
  return slice;
}

function summarize(entry, slices) {
  const medians = {};
  for (const name of entry.contestants) {
    const of = (member) => median(slices.map((slice) => slice[name][member]));
    medians[name] = {
      per_second: entry.requests / of("seconds"),
      bytes_per_second: slices[0][name].bytes / of("seconds"),
      cpu_ms_per_request: (of("cpu") / entry.requests) * 1e3,
      page_cpu_ms_per_request: (of("page_cpu") / entry.requests) * 1e3,
      longest_ms: Math.max(...slices.map((slice) => slice[name].longest_ms ?? 0)),
    };
  }
  return medians;
}

/** Each way to drive ferry, and the fastest of them, against the faster bare reader and the peer. */
function ratiosOf(entry, slices) {
  const bare = bestOf(slices, ["bare", "byob"]);
  const ways = ["ferry", "wait", "frames"].filter((name) => entry.contestants.includes(name));
  const ratios = { faster_bare: bare, fastest_ferry: bestOf(slices, ways) };
  for (const name of ways) {
    ratios[`${name}_to_bare`] = measureRatio(slices, name, bare);
    ratios[`${name}_to_fetch`] = measureRatio(slices, name, "fetch");
  }
  if (entry.mode === "big") {
    const unthrottled = bestOf(slices, ["ferry", "wait"]);
    ratios.frames_to_unthrottled = measureRatio(slices, "frames", unthrottled);
  }
  return ratios;
}

async function measureRate(bench, entry, rounds) {
  await runSlice(bench, entry, 0); // warms up
  const slices = [];
  for (let turn = 0; turn < rounds * entry.slices; turn++) {
    slices.push(await runSlice(bench, entry, turn));
  }
  return {
    title: entry.title,
    slices,
    medians: summarize(entry, slices),
    ratios: ratiosOf(entry, slices),
  };
}

// ---- Sessions -----------------------------------------------------------------------------------

async function measureBurst(bench, rounds, quick) {
  const { requests, contestants } = BURST;
  await runSlice(bench, BURST, 0); // warms up
  const slices = [];
  const count = rounds * (quick ? BURST_SLICES.quick : BURST_SLICES.full);
  for (let turn = 0; turn < count; turn++) slices.push(await runSlice(bench, BURST, turn));
  const bare = bestOf(slices, ["bare", "byob"]);
  const seconds = (name) => median(slices.map((slice) => slice[name].seconds));
  return {
    slices,
    requests,
    faster_bare: bare,
    medians: Object.fromEntries(contestants.map((name) => [name, seconds(name)])),
    ratios: {
      session_to_bare: measureRatio(slices, "session", bare),
      session_frames_to_bare: measureRatio(slices, "session_frames", bare),
    },
  };
}

/** Frames while a large body streams through a session, and in turn as long without anything. */
async function measureFrames(bench, rounds) {
  const runs = [];
  for (let round = 0; round < rounds; round++) {
    const streaming = await runOnce(bench.page, "session_frames", "big", 1);
    if (streaming.bytes !== BIG_BYTES) throw new Error("the large body is not whole");
    const alone = await runOnce(bench.page, "nothing", "big", streaming.seconds * 1000);
    runs.push({ streaming, alone });
  }
  const rate = ({ turns, seconds }) => turns / seconds;
  const of = (name, member) => median(runs.map((run) => run[name][member]));
  return {
    runs,
    frames_per_second: median(runs.map(({ streaming }) => rate(streaming))),
    alone_per_second: median(runs.map(({ alone }) => rate(alone))),
    bytes_per_second: BIG_BYTES / of("streaming", "seconds"),
    frames: of("streaming", "turns"),
    gaps: of("streaming", "gaps"),
    alone_gaps: of("alone", "gaps"),
    longest_poll_ms: Math.max(...runs.map(({ streaming }) => streaming.longest_ms)),
    longest_gap_ms: Math.max(...runs.map(({ streaming }) => streaming.longest_gap_ms)),
    alone_longest_gap_ms: Math.max(...runs.map(({ alone }) => alone.longest_gap_ms)),
  };
}

// ---- Memory -------------------------------------------------------------------------------------

/** The most that the page's JavaScript and its buffers held meanwhile, where the browser tells. */
async function sampleHeap(session, page, work) {
  if (session.name !== "chromium") return { result: await work, js_bytes: null };
  const client = await page.createCDPSession();
  let running = true;
  let most = 0;
  const sample = async () => {
    while (running) {
      const usage = await client.send("Runtime.getHeapUsage");
      most = Math.max(most, usage.usedSize + (usage.backingStorageSize ?? 0));
      await new Promise((resolve) => setTimeout(resolve, SAMPLE_MS));
    }
  };
  const sampling = sample();
  try {
    const result = await work;
    return { result, js_bytes: most };
  } finally {
    running = false;
    await sampling;
    await client.detach();
  }
}

/** What the large body costs in memory, each contestant in a fresh page. */
async function measureMemory(bench, { contestants, mode }) {
  const memory = {};
  for (const name of contestants) {
    const page = await openPage(bench.session, bench.origin);
    await runOnce(page, name, "sequence", 1); // loads the program
    const before = bench.processes.resetPeaks();
    const work = runOnce(page, name, mode, 1);
    const { result, js_bytes } = await sampleHeap(bench.session, page, work);
    memory[name] = {
      page_bytes: bench.processes.peakGrowth(before),
      js_bytes,
      wasm_bytes: result.heap_bytes,
    };
    await page.close();
  }
  return memory;
}

// ---- The whole ----------------------------------------------------------------------------------

async function measureBrowser(name, server, options) {
  const say = (what) => process.stderr.write(`${name}: ${what} …\n`);
  const session = await openBrowser(name);
  try {
    const processes = watchProcesses(session.browser.process().pid);
    const page = await openPage(session, server.origin);
    const bench = { session, origin: server.origin, processes, page };
    const rates = {};
    for (const entry of options.sessions ? [] : MODES) {
      say(entry.title);
      const slices = options.quick ? QUICK_SLICES[entry.mode] : entry.slices;
      rates[entry.mode] = await measureRate(bench, { ...entry, slices }, options.rounds);
    }
    say("200 GETs in one frame");
    const burst = await measureBurst(bench, options.rounds, options.quick);
    say("frames while 256 MiB stream");
    const frames = await measureFrames(bench, options.rounds);
    await page.close();
    if (options.sessions) return { name, version: session.version, rates, burst, frames };
    say("memory");
    const memory = await measureMemory(bench, MODES.at(-1));
    return { name, version: session.version, rates, burst, frames, memory };
  } finally {
    await session.close();
  }
}

const WAYS = { ferry: "polled", wait: "waiting", frames: "once a frame" };
const READERS = { bare: "the default reader", byob: "BYOB" };

function judge(browsers, sizes) {
  const target = (name, value, relation, limit, note) => ({
    name,
    value,
    relation,
    limit,
    unit: "",
    note,
    met: relation === ">=" ? value >= limit : value < limit,
  });
  const judgeSessions = ({ name, frames }) => {
    const { frames_per_second: rate, alone_per_second: alone } = frames;
    const what = `${name}: frames a second during 256 MiB / without`;
    return target(what, rate / alone, ">=", 0.98, `${rate.toFixed(1)}, ${alone.toFixed(1)}`);
  };
  const judgeClients = ({ name, rates: { sequence, many, big } }) => {
    if (!big) return [];
    const against = ({ title, ratios }, peer, limit) => {
      const { faster_bare: bare, fastest_ferry: way } = ratios;
      const { median: value } = ratios[`${way}_to_${peer}`];
      const other = peer === "bare" ? `fetch with ${READERS[bare]}` : "emscripten_fetch";
      const what = `${name}: ${title}, ferry / ${peer === "bare" ? "faster fetch" : other}`;
      return target(what, value, ">=", limit, `ferry ${WAYS[way]}, ${other}`);
    };
    const { median: frames } = big.ratios.frames_to_unthrottled;
    return [
      against(sequence, "bare", 0.95),
      against(sequence, "fetch", 1),
      against(many, "bare", 0.95),
      against(many, "fetch", 1),
      against(big, "bare", 1),
      ...(name === "chromium" ? [against(big, "fetch", 1.8)] : []),
      target(`${name}: ${big.title}, 60 Hz / unthrottled`, frames, ">=", 0.8, ""),
    ];
  };
  return [
    ...browsers.flatMap(judgeClients),
    ...browsers.map(judgeSessions),
    target(
      "bytes that one GET adds",
      sizes.ferry.added,
      "<",
      sizes.fetch.added,
      "emscripten_fetch",
    ),
  ];
}

function compilerOf() {
  try {
    const text = execFileSync("emcc", ["--version"], { encoding: "utf8" });
    return `Emscripten ${/\d+\.\d+\.\d+/.exec(text)[0]}`;
  } catch {
    return "an Emscripten that is not in PATH";
  }
}

async function main() {
  const options = readOptions();
  if (options.help) {
    process.stdout.write(usage);
    return;
  }
  const programs = path.join(options.build, "bin");
  const sizes = weighPrograms(programs);
  const began = Date.now();
  const load = os.loadavg()[0];
  const browsers = [];
  if (options.browsers.length > 0) {
    const server = await startServer({ programs, bigBytes: BIG_BYTES });
    try {
      for (const name of options.browsers) {
        browsers.push(await measureBrowser(name, server, options));
      }
    } finally {
      await server.close();
    }
  }
  const report = {
    date: new Date(began).toISOString(),
    quick: options.quick,
    rounds: options.rounds,
    seconds: (Date.now() - began) / 1000,
    environment: {
      kernel: `${os.type()} ${os.release()}`,
      cpu: `${os.cpus()[0].model.trim()}, ${os.cpus().length} CPUs`,
      cpus: os.cpus().length,
      load,
      compiler: compilerOf(),
    },
    browsers,
    sizes,
    targets: judge(browsers, sizes),
  };
  printWebReport(report);
  if (options.json) fs.writeFileSync(options.json, `${JSON.stringify(report, null, 2)}\n`);
}

for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(1));
main().catch((error) => {
  process.stderr.write(`bench: ${error.message}\n`);
  process.exitCode = 1;
});
