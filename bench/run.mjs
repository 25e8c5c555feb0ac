// SPDX-License-Identifier: MIT
// run: measures ferry against a bare socket loop and libcurl, with nginx on loopback, and prints
// what each costs, the ratios, and which targets are met.
import { spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import http from "node:http";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
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
const POLL_BUDGET_BYTES = 2 * MIB; // ferry's default
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
// Two runs, whose difference has no start-up in it.
const COUNT_FEW = 200;
const COUNT_MANY = 1200;

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

function findProgram(name) {
  const folders = [...(process.env.PATH ?? "").split(":"), "/usr/sbin", "/usr/local/sbin"];
  return folders.map((folder) => path.join(folder, name)).find((file) => fs.existsSync(file));
}

const children = new Set();

function start(command, stdio) {
  const env = { ...process.env, LC_ALL: "C" };
  for (const name of Object.keys(env)) {
    if (/_proxy$/i.test(name)) delete env[name];
  }
  const child = spawn(command[0], command.slice(1), { stdio, env });
  children.add(child);
  child.on("exit", () => children.delete(child));
  return child;
}

async function run(command) {
  const child = start(command, ["ignore", "pipe", "pipe"]);
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (data) => (stdout += data));
  child.stderr.on("data", (data) => (stderr += data));
  const [code, signal] = await once(child, "close");
  if (code !== 0) {
    throw new Error(`${command.join(" ")}: ${signal ?? `exit ${code}`}\n${stderr.trim()}`);
  }
  return { stdout, stderr };
}

async function freePort() {
  const server = net.createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

function isOpen(port) {
  return new Promise((resolve) => {
    const socket = net.connect(port, "127.0.0.1");
    socket.on("connect", () => (socket.destroy(), resolve(true)));
    socket.on("error", () => resolve(false));
  });
}

// A folder in memory where there is one: the big body must not wait for a disk.
function makeFolder() {
  const base = fs.existsSync("/dev/shm") ? "/dev/shm" : os.tmpdir();
  const folder = fs.mkdtempSync(path.join(base, "ferry-bench-"));
  const root = path.join(folder, "root");
  fs.mkdirSync(root);
  fs.writeFileSync(path.join(root, "1k"), "ferry ".repeat(171).slice(0, 1024));
  fs.copyFileSync(path.join(root, "1k"), path.join(root, "chunked"));
  fs.writeFileSync(path.join(root, "big"), "");
  fs.truncateSync(path.join(root, "big"), BIG_BYTES);
  return folder;
}

async function startNginx(program, folder, pinning) {
  const port = await freePort();
  const template = fs.readFileSync(path.join(here, "nginx.conf"), "utf8");
  const settings = template
    .replaceAll("@PORT@", String(port))
    .replaceAll("@DIR@", folder)
    .replaceAll("@USER@", process.getuid() === 0 ? "user root root;" : "");
  const file = path.join(folder, "nginx.conf");
  fs.writeFileSync(file, settings);
  const child = start(
    [...pinning, program, "-e", "stderr", "-p", folder, "-c", file],
    ["ignore", "ignore", "pipe"],
  );
  let stderr = "";
  child.stderr.on("data", (data) => (stderr += data));
  for (const deadline = Date.now() + 10000; Date.now() < deadline;) {
    if (child.exitCode !== null) break;
    if (await isOpen(port)) return { child, port };
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`nginx did not start:\n${stderr}`);
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

const median = (values) => {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
};

function ratioOf(rounds, above, below, member = "seconds") {
  if (!rounds[0][above] || !rounds[0][below]) return null;
  // Seconds are inverse to rates: the faster one has the fewer.
  const ratios = rounds.map((round) => round[below][member] / round[above][member]);
  return { median: median(ratios), min: Math.min(...ratios), max: Math.max(...ratios) };
}

// bare, ferry, curl, bare, ferry, curl, …: whatever else the machine does falls on all of them.
async function measureRate(bench, { mode, title, n, rounds }) {
  const all = [];
  for (let round = -1; round < rounds; round++) {
    const results = {};
    for (const name of bench.names) results[name] = await bench.measure(name, mode, n);
    if (round >= 0) all.push(results); // the first one warms the machine up
  }
  const medians = {};
  for (const name of bench.names) {
    const seconds = median(all.map((round) => round[name].seconds));
    medians[name] = {
      per_second: n / seconds,
      bytes_per_second: all[0][name].bytes / seconds,
      cpu_us_per_request: (median(all.map((round) => round[name].cpu)) / n) * 1e6,
    };
  }
  return {
    title,
    n,
    medians,
    ratios: {
      ferry_to_bare: ratioOf(all, "ferry", "bare"),
      ferry_to_curl: ratioOf(all, "ferry", "curl"),
      bare_to_curl: ratioOf(all, "bare", "curl"),
      cpu_ferry_to_curl: ratioOf(all, "ferry", "curl", "cpu"),
    },
    rounds: all,
  };
}

function numberIn(text, pattern) {
  const found = pattern.exec(text);
  if (!found) throw new Error(`no figure in what valgrind prints:\n${text}`);
  return Number(found[1].replaceAll(",", ""));
}

const counters = {
  async instructions(bench, command) {
    const file = path.join(bench.folder, "callgrind.out");
    const tool = ["valgrind", "--tool=callgrind", `--callgrind-out-file=${file}`];
    const { stderr } = await run([...tool, ...command]);
    return numberIn(stderr, /Collected *: *(\d+)/);
  },
  async allocations(bench, command) {
    const { stderr } = await run(["valgrind", "--tool=memcheck", ...command]);
    return numberIn(stderr, /total heap usage: ([\d,]+) allocs/);
  },
  async system_calls(bench, command) {
    const file = path.join(bench.folder, "strace.out");
    await run(["strace", "-f", "-c", "-o", file, ...command]);
    const calls = {};
    for (const line of fs.readFileSync(file, "utf8").split("\n")) {
      const columns = line.trim().split(/\s+/);
      if (/^[\d.]+$/.test(columns[0]) && columns.length >= 5 && columns.at(-1) !== "total") {
        calls[columns.at(-1)] = Number(columns[3]);
      }
    }
    return calls;
  },
};
const COUNTER_TOOLS = {
  instructions: "valgrind",
  allocations: "valgrind",
  system_calls: "strace",
};

// What one request costs, by the difference between a long run and a short one.
async function countPerRequest(bench, counter, name, mode) {
  if (!findProgram(COUNTER_TOOLS[counter])) return null;
  const few = await counters[counter](bench, bench.command(name, mode, COUNT_FEW));
  const many = await counters[counter](bench, bench.command(name, mode, COUNT_MANY));
  const extra = COUNT_MANY - COUNT_FEW;
  if (typeof many === "number") return { total: (many - few) / extra };
  const kinds = {};
  let total = 0;
  for (const [call, calls] of Object.entries(many)) {
    const each = (calls - (few[call] ?? 0)) / extra;
    total += each;
    if (each >= 0.005) kinds[call] = each;
  }
  return { total, kinds };
}

async function measureCounts(bench, quick) {
  const counts = {};
  for (const mode of quick ? ["get1k"] : ["get1k", "chunked1k"]) {
    counts[mode] = {};
    for (const counter of Object.keys(counters)) {
      counts[mode][counter] = {};
      for (const name of bench.names) {
        counts[mode][counter][name] = await countPerRequest(bench, counter, name, mode);
      }
    }
  }
  return counts;
}

async function measureAll(options, bench) {
  const say = (what) => process.stderr.write(`${what} …\n`);
  const results = { rates: {} };
  for (const rate of RATES) {
    say(rate.title);
    results.rates[rate.mode] = await measureRate(bench, {
      ...rate,
      ...(options.quick ? QUICK[rate.mode] : {}),
    });
  }
  say("instructions, system calls and allocations a request");
  results.counts = await measureCounts(bench, options.quick);
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
  const target = (name, value, relation, limit, unit = "", note = "") => ({
    name,
    value,
    relation,
    limit,
    unit,
    note,
    met: value === null ? null : relation === ">=" ? value >= limit : value <= limit,
  });
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

// The last CPU that this process may use, and the command that keeps another one there.
function pinningOf(options) {
  if (!options.pin || process.platform !== "linux" || !findProgram("taskset")) return [];
  const status = fs.readFileSync("/proc/self/status", "utf8");
  const cpu = /Cpus_allowed_list:.*?(\d+)\n/.exec(status)?.[1];
  return cpu === undefined ? [] : [findProgram("taskset"), "-c", cpu];
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
  const pinning = pinningOf(options);
  const began = Date.now();
  const folder = makeFolder();
  let server = null;
  let delays = null;
  const stop = () => {
    for (const child of children) child.kill();
    fs.rmSync(folder, { recursive: true, force: true });
  };
  for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => (stop(), process.exit(1)));
  try {
    server = await startNginx(nginx, folder, pinning);
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
    const versions = await run([nginx, "-v"]);
    const report = {
      date: new Date(began).toISOString(),
      quick: options.quick,
      seconds: (Date.now() - began) / 1000,
      environment: {
        ferry: first.ferry.version,
        libcurl: first.curl?.version ?? null,
        nginx: versions.stderr.trim().replace("nginx version: nginx/", ""),
        kernel: `${os.type()} ${os.release()}`,
        cpu: `${os.cpus()[0].model.trim()}, ${os.cpus().length} CPUs`,
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
    if (server && children.has(server.child)) {
      server.child.kill();
      await once(server.child, "exit");
    }
    stop();
  }
}

main().catch((error) => {
  process.stderr.write(`bench: ${error.message}\n`);
  process.exitCode = 1;
});
