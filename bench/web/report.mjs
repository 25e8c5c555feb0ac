// SPDX-License-Identifier: MIT
// report: prints the figures of the web benchmark as tables for people.
import { number, printTable, printTargets } from "../report.mjs";

const CONTESTANTS = [
  ["bare", "fetch"],
  ["byob", "fetch, BYOB"],
  ["ferry", "ferry, polled"],
  ["wait", "ferry, waiting"],
  ["fetch", "emscripten_fetch"],
  ["frames", "ferry, 60 Hz"],
];
const RATIOS = [
  ["ferry_to_bare", "ferry, polled / faster fetch"],
  ["wait_to_bare", "ferry, waiting / faster fetch"],
  ["frames_to_bare", "ferry, 60 Hz / faster fetch"],
  ["ferry_to_fetch", "ferry, polled / emscripten_fetch"],
  ["wait_to_fetch", "ferry, waiting / emscripten_fetch"],
  ["frames_to_fetch", "ferry, 60 Hz / emscripten_fetch"],
  ["frames_to_unthrottled", "ferry, 60 Hz / ferry unthrottled"],
];
const SIZES = [
  ["em_js", "fetch() by EM_JS"],
  ["fetch", "emscripten_fetch"],
  ["ferry", "ferry, a client"],
  ["ferry_session", "ferry, a session"],
];
const MIB = 1024 * 1024;

const spread = (ratio) =>
  ratio ? `${number(ratio.median, 2)} (${number(ratio.low, 2)}-${number(ratio.high, 2)})` : "-";

function printRates(rates) {
  const rows = [["", ...CONTESTANTS.map(([, title]) => title)]];
  for (const [mode, { title, medians }] of Object.entries(rates)) {
    const of = (scale, digits) =>
      CONTESTANTS.map(([name]) => (medians[name] ? number(scale(medians[name]), digits) : "-"));
    if (mode === "big") rows.push([`${title}, MB/s`, ...of((one) => one.bytes_per_second / 1e6)]);
    else rows.push([`${title}, requests/s`, ...of((one) => one.per_second)]);
    const digits = mode === "big" ? 0 : 2;
    const unit = mode === "big" ? "ms" : "ms a request";
    rows.push([`  browser's CPU, ${unit}`, ...of((one) => one.cpu_ms_per_request, digits)]);
    const page = of((one) => one.page_cpu_ms_per_request, digits);
    rows.push([`  of it the page's thread, ${unit}`, ...page]);
  }
  printTable(rows);
  const longest = number(rates.big.medians.frames.longest_ms, 1);
  console.log(
    `\n  At 60 Hz, the most time that polling and reading took in a frame: ${longest} ms`,
  );
}

function printRatios(rates) {
  const modes = Object.values(rates);
  const rows = [["", ...modes.map(({ title }) => title)]];
  for (const [key, title] of RATIOS) {
    rows.push([title, ...modes.map(({ ratios }) => spread(ratios[key]))]);
  }
  rows.push(["faster fetch", ...modes.map(({ ratios }) => ratios.faster_bare)]);
  console.log("\nMedians of the ratios in each slice of time (quartiles)\n");
  printTable(rows);
}

function printMemory(memory) {
  const rows = [["", ...CONTESTANTS.map(([, title]) => title)]];
  const of = (member) =>
    CONTESTANTS.map(([name]) => {
      const bytes = memory[name]?.[member];
      return bytes === null || bytes === undefined ? "-" : number(bytes / MIB, 1);
    });
  rows.push(["page's process, growth to its peak", ...of("page_bytes")]);
  rows.push(["JavaScript heap and buffers, most", ...of("js_bytes")]);
  rows.push(["WebAssembly memory", ...of("wasm_bytes")]);
  console.log("\nMemory for one body of 256 MiB, in MiB\n");
  printTable(rows);
}

const BURST = [
  ["bare", "fetch"],
  ["byob", "fetch, BYOB"],
  ["session", "session, polled"],
  ["session_frames", "session, 60 Hz"],
];

function printSessions({ burst, frames }) {
  const { requests, medians, ratios } = burst;
  const seconds = BURST.map(([name]) => medians[name]);
  console.log(`\nSessions: ${requests} GETs of 1 KB that are started in one frame\n`);
  printTable([
    ["", ...BURST.map(([, title]) => title)],
    ["to the last, ms", ...seconds.map((one) => number(one * 1e3, 1))],
    ["requests/s", ...seconds.map((one) => number(requests / one))],
  ]);
  printTable([
    ["", "ratio (quartiles)"],
    [`session, polled / ${burst.faster_bare}`, spread(ratios.session_to_bare)],
    [`session, 60 Hz / ${burst.faster_bare}`, spread(ratios.session_frames_to_bare)],
  ]);
  console.log("\nFrames while one body of 256 MiB streams to a function, and without\n");
  printTable([
    ["", "streaming", "without"],
    ["frames a second", number(frames.frames_per_second, 1), number(frames.alone_per_second, 1)],
    ["frames that came late", number(frames.gaps), number(frames.alone_gaps)],
    [
      "longest from frame to frame, ms",
      number(frames.longest_gap_ms, 1),
      number(frames.alone_longest_gap_ms, 1),
    ],
    ["longest poll, ms", number(frames.longest_poll_ms, 2), ""],
    ["MB/s", number(frames.bytes_per_second / 1e6), ""],
  ]);
}

function printSizes(sizes) {
  const columns = ["JavaScript", "wasm", "added"];
  const rows = [["", ...columns, ...columns.map((name) => `${name}, bare`)]];
  const listed = new Set(SIZES.map(([name]) => name));
  const others = Object.keys(sizes)
    .filter((name) => name !== "empty" && !listed.has(name))
    .map((name) => [name, name.replaceAll("_", " ")]);
  for (const [name, title] of [["empty", "empty program"], ...SIZES, ...others]) {
    const of = ({ js, wasm, added }) => [number(js), number(wasm), number(added)];
    rows.push([title, ...of(sizes[name]), ...of(sizes[name].bare)]);
  }
  console.log(
    "\nOne GET: bytes, -Oz, compressed by gzip -9 and bare, and what they are more than empty\n",
  );
  printTable(rows);
}

export function printWebReport(report) {
  const { environment: where } = report;
  console.log(`nginx on loopback, ${where.kernel}, ${where.cpu}; ${where.compiler}`);
  if (where.load > where.cpus) console.log("WARNING: the machine was busy with other things");
  for (const browser of report.browsers) {
    console.log(`\n==== ${browser.version} ====\n`);
    if (browser.memory) {
      printRates(browser.rates);
      printRatios(browser.rates);
      printMemory(browser.memory);
    }
    printSessions(browser);
  }
  printSizes(report.sizes);
  printTargets(report.targets);
  console.log(`\n${report.rounds} rounds, ${number(report.seconds)} s`);
}
