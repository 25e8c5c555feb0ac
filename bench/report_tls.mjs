// SPDX-License-Identifier: MIT
// report_tls: prints the figures of run_tls.mjs as tables for people.
import { number, printTable, printTargets } from "./report.mjs";

const PROGRAMS = [
  ["ferry", "ferry"],
  ["curl", "libcurl"],
];

const spread = (ratio) =>
  ratio ? `${number(ratio.median, 2)} (${number(ratio.low, 2)}-${number(ratio.high, 2)})` : "-";

function printRates({ big, ...others }) {
  const cells = (rate, names, scale, digits) =>
    names.map((name) => (name ? number(scale(rate.medians[name]), digits) : ""));
  const rows = [["", "in memory", "ferry", "libcurl", "ferry / libcurl", "ferry / in memory"]];
  const all = ["memory", "ferry", "curl"];
  rows.push([
    `${big.title}, MB/s`,
    ...cells(big, all, (one) => one.bytes_per_second / 1e6, 0),
    spread(big.ratios.ferry_to_curl),
    spread(big.ratios.ferry_to_memory),
  ]);
  rows.push([
    "  client's CPU, ms",
    ...cells(big, all, (one) => one.cpu_us_per_request / 1e3, 0),
    spread(big.ratios.cpu_ferry_to_curl),
    "",
  ]);
  for (const rate of Object.values(others)) {
    const names = [null, "ferry", "curl"];
    const ratio = spread(rate.ratios.ferry_to_curl);
    const cpu = spread(rate.ratios.cpu_ferry_to_curl);
    rows.push([
      `${rate.title}, a second`,
      ...cells(rate, names, (one) => one.per_second, 0),
      ratio,
      "",
    ]);
    rows.push([
      "  client's CPU, µs each",
      ...cells(rate, names, (one) => one.cpu_us_per_request, 1),
      cpu,
      "",
    ]);
  }
  console.log("\nRates: medians; ratios are medians of each round's (quartiles)\n");
  printTable(rows);
}

function printCounts({ get1k }) {
  const rows = [["", ...PROGRAMS.map(([, title]) => title)]];
  for (const [counter, title, digits] of [
    ["instructions", "user-space instructions", 0],
    ["system_calls", "system calls", 2],
    ["allocations", "allocations", 2],
  ]) {
    rows.push([title, ...PROGRAMS.map(([name]) => number(get1k[counter][name]?.total, digits))]);
  }
  console.log("\nA GET of 1 KB in steady state costs\n");
  printTable(rows);
  for (const [name, title] of PROGRAMS) {
    const calls = Object.entries(get1k.system_calls[name]?.kinds ?? {});
    const list = calls.map(([call, each]) => `${call} ${number(each, 2)}`).join(", ");
    if (list) console.log(`\n  ${title}: ${list}`);
  }
}

function printIdle({ ferry, curl, record_buffers: { input, output } }) {
  console.log("\nAn idle connected client holds\n");
  printTable([
    ["", "ferry", "libcurl"],
    ["bytes of heap", number(ferry.heap_per_client), number(curl.heap_per_client)],
    ["  mbedTLS's buffers for records", number(input + output), ""],
    ["  all else", number(ferry.heap_per_client - input - output), ""],
  ]);
}

function printSizes(sizes) {
  if (!sizes) return;
  console.log("\nA program that does one HTTPS GET, stripped, in KB\n");
  const kb = (bytes) => number(bytes / 1000);
  const rows = [["", "program", "shared libraries", "with these"]];
  for (const { title, program, libraries } of sizes) {
    if (program === null) rows.push([title, "cannot be linked", "", ""]);
    else rows.push([title, kb(program), kb(libraries), kb(program + libraries)]);
  }
  printTable(rows);
}

export function printTlsReport(report) {
  const { environment: where, ciphers } = report;
  console.log(
    `ferry ${where.ferry}, mbedTLS ${where.mbedtls}: ${ciphers.ferry.protocol} ${ciphers.ferry.cipher}`,
  );
  console.log(
    `libcurl ${where.libcurl}, ${where.libcurl_tls}: ${ciphers.curl.protocol} ${ciphers.curl.cipher}`,
  );
  console.log(`nginx ${where.nginx} on loopback, a P-256 certificate`);
  console.log(`${where.kernel}, ${where.cpu}, load ${number(where.load, 2)} at the beginning`);
  if (!where.pinned) console.log("placed by the scheduler");
  if (!where.optimized) console.log("WARNING: bench_ferry was built without optimisation");
  printRates(report.rates);
  printCounts(report.counts);
  printIdle(report.idle);
  printSizes(report.sizes);
  printTargets(report.targets);
  console.log(`\n${report.quick ? "quick run, " : ""}${number(report.seconds)} s`);
}
