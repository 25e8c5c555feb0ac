// SPDX-License-Identifier: MIT
// report: prints the figures of a benchmark run as tables for people.

const PROGRAMS = [
  ["bare", "bare loop"],
  ["ferry", "ferry"],
  ["curl", "libcurl"],
];

export function number(value, digits = 0) {
  if (value === null || value === undefined) return "-";
  return value.toLocaleString("en-US", {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
}

// The first column to the left, the others to the right.
export function printTable(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  for (const row of rows) {
    const cells = row.map((cell, column) =>
      column === 0 ? cell.padEnd(widths[column]) : cell.padStart(widths[column]),
    );
    console.log(`  ${cells.join("  ")}`.trimEnd());
  }
}

const spread = (ratio) =>
  ratio ? `${number(ratio.median, 2)} (${number(ratio.min, 2)}-${number(ratio.max, 2)})` : "-";

function printRates(rates) {
  const columns = PROGRAMS.map(([, title]) => title);
  const rows = [["", ...columns, "ferry / bare", "ferry / libcurl", "bare / libcurl"]];
  for (const [mode, rate] of Object.entries(rates)) {
    const ratios = [
      spread(rate.ratios.ferry_to_bare),
      spread(rate.ratios.ferry_to_curl),
      spread(rate.ratios.bare_to_curl),
    ];
    const of = (scale, digits) =>
      PROGRAMS.map(([name]) =>
        rate.medians[name] ? number(scale(rate.medians[name]), digits) : "-",
      );
    if (mode === "big") {
      rows.push([`${rate.title}, MB/s`, ...of((one) => one.bytes_per_second / 1e6, 0), ...ratios]);
      rows.push([
        "  client's CPU, ms",
        ...of((one) => one.cpu_us_per_request / 1e3, 0),
        "",
        "",
        "",
      ]);
    } else {
      rows.push([`${rate.title}, requests/s`, ...of((one) => one.per_second, 0), ...ratios]);
      rows.push([
        "  client's CPU, µs a request",
        ...of((one) => one.cpu_us_per_request, 1),
        "",
        "",
        "",
      ]);
    }
  }
  console.log("\nRates: medians; ratios are medians of each round's (lowest-highest)\n");
  printTable(rows);
}

function printCounts(counts) {
  const titles = {
    instructions: ["user-space instructions", 0],
    system_calls: ["system calls", 2],
    allocations: ["allocations", 2],
  };
  const rows = [["", ...PROGRAMS.map(([, title]) => title)]];
  const kinds = [];
  for (const [mode, counters] of Object.entries(counts)) {
    for (const [counter, [title, digits]] of Object.entries(titles)) {
      const cells = PROGRAMS.map(([name]) => number(counters[counter][name]?.total, digits));
      rows.push([`${mode}: ${title}`, ...cells]);
    }
    for (const [name, title] of PROGRAMS) {
      const calls = Object.entries(counters.system_calls[name]?.kinds ?? {});
      const list = calls.map(([call, each]) => `${call} ${number(each, 2)}`).join(", ");
      if (list) kinds.push(`  ${mode}, ${title}: ${list}`);
    }
  }
  console.log("\nA request in steady state costs\n");
  printTable(rows);
  if (kinds.length > 0) console.log(`\n${kinds.join("\n")}`);
}

function printIdle({ idle, poll_idle: poll, idle_cpu: wait, frame }) {
  const held = (name, member) => number(idle[name]?.[member]);
  console.log("\nAn idle connected client holds\n");
  printTable([
    ["", "ferry", "libcurl"],
    [
      "bytes asked for",
      held("ferry", "requested_per_client"),
      held("curl", "requested_per_client"),
    ],
    ["bytes of heap", held("ferry", "heap_per_client"), held("curl", "heap_per_client")],
    ["blocks", held("ferry", "blocks_per_client"), held("curl", "blocks_per_client")],
  ]);
  console.log("\nWaiting and frames\n");
  printTable([
    ["poll() of an idle client, µs", number((poll.seconds / poll.n) * 1e6, 2)],
    ["CPU of a blocking wait, most, ms", number(wait.cpu_max_per_wait * 1e3, 3)],
    ["  its length, least, s", number(wait.seconds_min_per_wait, 3)],
    ["1 GiB at 60 frames a second: frames", number(frame.frames)],
    ["  most bytes in a frame", number(frame.frame_bytes_max)],
    ["  longest frame, µs", number(frame.frame_us_max)],
    ["  poll(), 99th percentile, µs", number(frame.poll_us_p99, 1)],
    ["  poll(), longest, µs", number(frame.poll_us_max, 1)],
  ]);
}

export function printTargets(targets) {
  const rows = [["target", "figure", "wanted", "met", ""]];
  for (const one of targets) {
    const digits = Number.isInteger(one.limit) && one.limit > 10 ? 0 : 3;
    const met = one.met === null ? "not measured" : one.met ? "yes" : "NO";
    const wanted = `${one.relation} ${number(one.limit, one.limit % 1 ? 2 : 0)} ${one.unit}`.trim();
    rows.push([one.name, number(one.value, digits), wanted, met, one.note]);
  }
  console.log("");
  printTable(rows);
}

export function printReport(report) {
  const { environment: where } = report;
  console.log(
    `ferry ${where.ferry}, libcurl ${where.libcurl ?? "none"}, nginx ${where.nginx} on loopback`,
  );
  console.log(`${where.kernel}, ${where.cpu}`);
  console.log(where.pinned ? "client and server share one CPU" : "placed by the scheduler");
  if (!where.optimized) console.log("WARNING: bench_ferry was built without optimisation");
  printRates(report.rates);
  printCounts(report.counts);
  printIdle(report);
  printTargets(report.targets);
  console.log(`\n${report.quick ? "quick run, " : ""}${number(report.seconds)} s`);
}
