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
  ["ferry", "ferry"],
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

function printSizes(sizes) {
  const rows = [["", "JavaScript", "wasm", "added"]];
  const listed = new Set(SIZES.map(([name]) => name));
  const others = Object.keys(sizes)
    .filter((name) => name !== "empty" && !listed.has(name))
    .map((name) => [name, name.replaceAll("_", " ")]);
  for (const [name, title] of [["empty", "empty program"], ...SIZES, ...others]) {
    const { js, wasm, added } = sizes[name];
    rows.push([title, number(js), number(wasm), number(added)]);
  }
  console.log("\nOne GET: bytes, -Oz, compressed by gzip -9, and what they are more than empty\n");
  printTable(rows);
}

export function printWebReport(report) {
  const { environment: where } = report;
  console.log(`nginx on loopback, ${where.kernel}, ${where.cpu}; ${where.compiler}`);
  if (where.load > where.cpus) console.log("WARNING: the machine was busy with other things");
  for (const { version, rates, memory } of report.browsers) {
    console.log(`\n==== ${version} ====\n`);
    printRates(rates);
    printRatios(rates);
    printMemory(memory);
  }
  printSizes(report.sizes);
  printTargets(report.targets);
  console.log(`\n${report.rounds} rounds, ${number(report.seconds)} s`);
}
