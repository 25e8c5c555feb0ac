// SPDX-License-Identifier: MIT
// run_session: measures sessions beside libcurl's multi interface: many requests at once against
// nginx on loopback, client and server on one CPU.
import fs from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { fileURLToPath } from "node:url";
import { countPerRequest, measureRate, target } from "./lib/figures.mjs";
import { describeMachine, findProgram, makeFolder, pinningTo } from "./lib/machine.mjs";
import { run, startNginx, stopAll } from "./lib/machine.mjs";
import { number, printTable } from "./report.mjs";

const here = path.dirname(fileURLToPath(import.meta.url));
const USAGE = `usage: ./dev bench session [--quick] [--json FILE] [--bin DIR] [--no-pin]

  --quick      fewer rounds: more noise
  --json FILE  writes every figure
  --bin DIR    where bench_session and bench_curl are
  --no-pin     lets the scheduler place client and server; default: both on one CPU
`;

// Requests a round.
const RATES = [
  { mode: "multi1", title: "10,000 GETs over 1 connection", n: 10000, rounds: 9 },
  { mode: "multi6", title: "10,000 GETs over 6", n: 10000, rounds: 9 },
  { mode: "multi64", title: "10,000 GETs over 64", n: 10000, rounds: 15 },
  { mode: "multi1000", title: "10,000 GETs over 1,000", n: 10000, rounds: 9 },
  { mode: "queued6", title: "500 queued on 6", n: 500, rounds: 15 },
  { mode: "files", title: "100 files of 10 MB over 6", n: 1, rounds: 7 },
];
const QUICK_ROUNDS = 2;
const QUICK_PART = 4; // of the requests of a round
const RATIOS = {
  session_to_curl: ["session", "curl"],
  cpu_session_to_curl: ["session", "curl", "cpu"],
};
const POLLS = 20000;

async function measureAll(bench, quick) {
  const say = (what) => process.stderr.write(`${what} …\n`);
  const rates = {};
  for (const rate of RATES) {
    say(rate.title);
    const chosen = { ...rate };
    if (quick) {
      chosen.rounds = QUICK_ROUNDS;
      chosen.n = Math.ceil(rate.n / QUICK_PART);
    }
    rates[rate.mode] = await measureRate(bench, chosen, RATIOS);
  }
  say("instructions, system calls and allocations a request");
  const counts = {};
  for (const counter of ["instructions", "system_calls", "allocations"]) {
    counts[counter] = {};
    for (const name of bench.names) {
      counts[counter][name] = await countPerRequest(bench, counter, name, "multi6");
    }
  }
  say("requests that are queued");
  const queued = {};
  for (const n of [100, 10000]) {
    const { cpu } = await bench.measure("session", "queued6", n);
    queued[n] = (cpu / n) * 1e6;
  }
  say("polls of idle connections");
  const polls = {};
  for (const connections of [1, 100, 1000]) {
    const mode = `idlepoll${connections}`;
    polls[connections] = await bench.measure("session", mode, POLLS);
    polls[connections].system_calls = await countPerRequest(bench, "system_calls", "session", mode);
  }
  return { rates, counts, queued, polls };
}

const cpuOf = (results, mode) => results.rates[mode].medians.session.cpu_us_per_request;

function judge(results) {
  const ratio = results.rates.multi64.ratios.session_to_curl?.median ?? null;
  return [
    target("64 connections: rate, session / libcurl", ratio, ">=", 1.5),
    target(
      "CPU a request, 1,000 connections / 6",
      cpuOf(results, "multi1000") / cpuOf(results, "multi6"),
      "<=",
      1.2,
    ),
    target(
      "a poll of 1,000 idle connections: system calls",
      results.polls[1000].system_calls?.total ?? null,
      "<=",
      2,
    ),
    target(
      "CPU a request, 10,000 queued / 100",
      results.queued[10000] / results.queued[100],
      "<=",
      1.1,
    ),
  ];
}

function printReport({ rates, counts, polls, targets, environment }) {
  console.log(`libcurl ${environment.libcurl ?? "is absent"}, ${environment.cpu ?? ""}`);
  const rows = [["", "ferry", "libcurl", "ferry / libcurl"]];
  for (const { title, medians, ratios } of Object.values(rates)) {
    const of = (member, digits) =>
      ["session", "curl"].map((name) => number(medians[name]?.[member], digits));
    const ratio = ratios.session_to_curl;
    const spread = ratio
      ? `${number(ratio.median, 2)} (${number(ratio.min, 2)}-${number(ratio.max, 2)})`
      : "-";
    rows.push([`${title}, a second`, ...of("per_second", 0), spread]);
    rows.push(["  client's CPU, µs each", ...of("cpu_us_per_request", 1), ""]);
  }
  console.log("\nRates: medians; ratios are medians of each round's (lowest-highest)\n");
  printTable(rows);
  console.log("\nA request over 6 connections\n");
  printTable([
    ["", "ferry", "libcurl"],
    ...Object.entries(counts).map(([name, each]) => [
      name.replace("_", " "),
      ...["session", "curl"].map((program) => number(each[program]?.total, 2)),
    ]),
  ]);
  console.log("\nA poll that finds nothing, µs\n");
  printTable([
    ["idle connections", "median", "99 of 100", "longest", "system calls"],
    ...Object.entries(polls).map(([connections, poll]) => [
      connections,
      number(poll.p50_us, 2),
      number(poll.p99_us, 2),
      number(poll.max_us, 2),
      number(poll.system_calls?.total, 2),
    ]),
  ]);
  console.log("\nTargets\n");
  printTable(
    targets.map(({ name, value, relation, limit, met }) => [
      name,
      number(value, 2),
      `${relation} ${limit}`,
      met === null ? "not measured" : met ? "met" : "MISSED",
    ]),
  );
}

async function main() {
  const { values } = parseArgs({
    options: {
      quick: { type: "boolean", default: false },
      json: { type: "string" },
      bin: { type: "string", default: path.join(here, "..", "build", "native", "bin") },
      "no-pin": { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return;
  }
  const nginx = findProgram("nginx");
  if (!nginx) throw new Error("nginx is not installed; on Debian: apt-get install nginx-light");
  const names = ["session", "curl"].filter((name) =>
    fs.existsSync(path.join(values.bin, `bench_${name}`)),
  );
  if (!names.includes("session")) throw new Error(`there is no bench_session in ${values.bin}`);
  const pinning = values["no-pin"] ? [] : pinningTo(0);
  const folder = makeFolder(0);
  let server = null;
  const stop = () => {
    stopAll();
    fs.rmSync(folder, { recursive: true, force: true });
  };
  for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => (stop(), process.exit(1)));
  try {
    const template = path.join(here, "nginx.conf");
    server = await startNginx({ program: nginx, folder, pinning, template });
    const bench = {
      names,
      folder,
      command: (name, mode, n) => [
        path.join(values.bin, `bench_${name}`),
        mode,
        String(server.port),
        String(n),
      ],
      async measure(name, mode, n) {
        const { stdout } = await run([...pinning, ...this.command(name, mode, n)]);
        return JSON.parse(stdout);
      },
    };
    const results = await measureAll(bench, values.quick);
    const environment = {
      libcurl: results.rates.multi1.rounds[0].curl?.version ?? null,
      ...(await describeMachine(nginx)),
    };
    const report = { environment, ...results, targets: judge(results) };
    printReport(report);
    if (values.json) fs.writeFileSync(values.json, `${JSON.stringify(report, null, 2)}\n`);
  } finally {
    await server?.stop();
    stop();
  }
}

main().catch((error) => {
  process.stderr.write(`bench: ${error.message}\n`);
  process.exitCode = 1;
});
