// SPDX-License-Identifier: MIT
// run: measures ferry against a bare socket loop and libcurl, with nginx on loopback, and prints
// what each costs, the ratios, and which targets are met.
import { once } from "node:events";
import fs from "node:fs";
import http from "node:http";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { countPerRequest, measureCounts, measureRate, target } from "./lib/figures.mjs";
import { describeMachine, findProgram, makeFolder, pinningTo } from "./lib/machine.mjs";
import { run, startNginx, stopAll } from "./lib/machine.mjs";
import { printReport } from "./report.mjs";

const here = path.dirname(fileURLToPath(import.meta.url));
const usage = `usage: node bench/run.mjs [--quick] [--json FILE] [--bin DIR] [--no-pin]

  --quick      fewer rounds: under a minute, more noise
  --json FILE  writes every figure
  --bin DIR    where bench_ferry, bench_bare and bench_curl are; default build/native/bin
  --no-pin     lets the scheduler place client and server; default: both on one CPU
`;

const MIB = 1024 * 1024;
const BIG_BYTES = 1024 * MIB;
const POLL_BUDGET_BYTES = MIB; // ferry's default
const IDLE_CLIENTS = 100;

// Requests a round. A big request is one body of 1 GiB.
const RATES = [
  { mode: "get1k", title: "GET 1 KB, keep-alive", n: 20000, rounds: 25 },
  { mode: "chunked1k", title: "GET 1 KB, chunked", n: 20000, rounds: 15 },
  { mode: "many64", title: "64 clients, one thread", n: 40000, rounds: 15 },
  { mode: "big", title: "one body of 1 GiB", n: 1, rounds: 21 },
];
const QUICK = {
  get1k: { n: 8000, rounds: 15 },
  chunked1k: { n: 8000, rounds: 5 },
  many64: { n: 16000, rounds: 5 },
  big: { n: 1, rounds: 5 },
};
const RATIOS = {
  ferry_to_bare: ["ferry", "bare"],
  ferry_to_curl: ["ferry", "curl"],
  bare_to_curl: ["bare", "curl"],
  cpu_ferry_to_curl: ["ferry", "curl", "cpu"],
};

function parseArguments(list) {
  const options = {
    quick: false,
    json: null,
    bin: path.join(here, "..", "build", "native", "bin"),
    pin: true,
  };
  for (let i = 0; i < list.length; i++) {
    if (list[i] === "--quick") options.quick = true;
    else if (list[i] === "--no-pin") options.pin = false;
    else if (list[i] === "--json" && i + 1 < list.length) options.json = list[++i];
    else if (list[i] === "--bin" && i + 1 < list.length) options.bin = path.resolve(list[++i]);
    else {
      process.stderr.write(usage);
      process.exit(list[i] === "--help" ? 0 : 2);
    }
  }
  return options;
}

// Answers every request after a second.
async function startDelayServer() {
  const server = http.createServer((request, response) => {
    setTimeout(() => response.end("late"), 1000);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return server;
}

// The chunked page must really be chunked, and the others must not.
async function checkServer(port) {
  for (const [target, coding] of [
    ["/1k", undefined],
    ["/chunked", "chunked"],
  ]) {
    const response = await fetch(`http://127.0.0.1:${port}${target}`);
    const body = await response.text();
    const found = response.headers.get("transfer-encoding") ?? undefined;
    if (response.status !== 200 || body.length !== 1024 || found !== coding) {
      throw new Error(`nginx gives ${target} with ${response.status}, ${found ?? "no coding"}`);
    }
  }
}

async function measureAll(options, bench) {
  const say = (what) => process.stderr.write(`${what} …\n`);
  const results = { rates: {} };
  for (const rate of RATES) {
    say(rate.title);
    const chosen = { ...rate, ...(options.quick ? QUICK[rate.mode] : {}) };
    results.rates[rate.mode] = await measureRate(bench, chosen, RATIOS);
  }
  say("instructions, system calls and allocations a request");
  results.counts = await measureCounts(bench, options.quick ? ["get1k"] : ["get1k", "chunked1k"]);
  say("idle clients");
  results.idle = {};
  for (const name of bench.names.filter((one) => one !== "bare")) {
    results.idle[name] = await bench.measure(name, "idle", IDLE_CLIENTS);
  }
  results.poll_idle = await bench.measure("ferry", "poll_idle", 100000);
  results.poll_idle.system_calls = await countPerRequest(
    bench,
    "system_calls",
    "ferry",
    "poll_idle",
  );
  say("waiting in blocking mode");
  results.idle_cpu = await bench.measure("ferry", "idle_cpu", options.quick ? 2 : 5);
  say("1 GiB at 60 frames a second");
  results.frame = await bench.measure("ferry", "frame", 1);
  return results;
}

function judge(results) {
  const { rates, counts } = results;
  const small = rates.get1k.ratios;
  const each = (counter) => counts.get1k[counter].ferry?.total ?? null;
  const floor = small.bare_to_curl;
  return [
    target("get1k: rate, ferry / bare", small.ferry_to_bare?.median ?? null, ">=", 0.95),
    target(
      "get1k: rate, ferry / libcurl",
      small.ferry_to_curl?.median ?? null,
      ">=",
      1.5,
      "",
      floor ? `bare / libcurl is ${floor.median.toFixed(2)}` : "",
    ),
    target("big: rate, ferry / bare", rates.big.ratios.ferry_to_bare?.median ?? null, ">=", 0.97),
    target("get1k: user-space instructions a request", each("instructions"), "<=", 4000),
    target("get1k: system calls a request", each("system_calls"), "<=", 3),
    target("get1k: allocations a request", each("allocations"), "<=", 0),
    target("blocking wait of 1 s: CPU", results.idle_cpu.cpu_max_per_wait * 1e3, "<=", 1, "ms"),
    target(
      "poll() of an idle client: system calls",
      results.poll_idle.system_calls?.total ?? null,
      "<=",
      1,
    ),
    target(
      "frame: most bytes in one",
      results.frame.frame_bytes_max / MIB,
      "<=",
      POLL_BUDGET_BYTES / MIB,
      "MiB",
    ),
    target("frame: longest", results.frame.frame_us_max / 1e3, "<=", 1000 / 60, "ms"),
  ];
}

async function main() {
  const options = parseArguments(process.argv.slice(2));
  const nginx = findProgram("nginx");
  if (!nginx) throw new Error("nginx is not installed; on Debian: apt-get install nginx-light");
  const names = ["bare", "ferry", "curl"].filter((name) =>
    fs.existsSync(path.join(options.bin, `bench_${name}`)),
  );
  for (const name of ["bare", "ferry"]) {
    if (!names.includes(name)) throw new Error(`there is no bench_${name} in ${options.bin}`);
  }
  const pinning = options.pin ? pinningTo(0) : [];
  const began = Date.now();
  const folder = makeFolder(BIG_BYTES);
  let server = null;
  let delays = null;
  const stop = () => {
    stopAll();
    fs.rmSync(folder, { recursive: true, force: true });
  };
  for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => (stop(), process.exit(1)));
  try {
    const template = path.join(here, "nginx.conf");
    server = await startNginx({ program: nginx, folder, pinning, template });
    delays = await startDelayServer();
    await checkServer(server.port);
    const bench = {
      names,
      folder,
      command(name, mode, n) {
        const port = mode === "idle_cpu" ? delays.address().port : server.port;
        return [path.join(options.bin, `bench_${name}`), mode, String(port), String(n)];
      },
      async measure(name, mode, n) {
        // A frame loop shares its CPU with nobody: the server must be able to send all the time.
        const place = mode === "frame" ? [] : pinning;
        return JSON.parse((await run([...place, ...this.command(name, mode, n)])).stdout);
      },
    };
    const results = await measureAll(options, bench);
    const first = results.rates.get1k.rounds[0];
    const report = {
      date: new Date(began).toISOString(),
      quick: options.quick,
      seconds: (Date.now() - began) / 1000,
      environment: {
        ferry: first.ferry.version,
        libcurl: first.curl?.version ?? null,
        ...(await describeMachine(nginx)),
        pinned: pinning.length > 0,
        optimized: first.ferry.optimized,
      },
      ...results,
      targets: judge(results),
    };
    printReport(report);
    if (options.json) fs.writeFileSync(options.json, `${JSON.stringify(report, null, 2)}\n`);
  } finally {
    delays?.close();
    delays?.closeAllConnections();
    await server?.stop();
    stop();
  }
}

main().catch((error) => {
  process.stderr.write(`bench: ${error.message}\n`);
  process.exitCode = 1;
});
