// SPDX-License-Identifier: MIT
// run_tls: measures ferry with mbedTLS against libcurl with OpenSSL over TLS, with nginx on loopback,
// and ferry against what mbedTLS does with records that are in memory already.
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { writeCertificates } from "./lib/certificates.mjs";
import { measureCounts, measureRate, target } from "./lib/figures.mjs";
import { describeMachine, findProgram, freePort, makeFolder } from "./lib/machine.mjs";
import { pinningTo, run, startNginx, stopAll } from "./lib/machine.mjs";
import { weighPrograms } from "./lib/sizes.mjs";
import { printTlsReport } from "./report_tls.mjs";

const here = path.dirname(fileURLToPath(import.meta.url));
const usage = `usage: node bench/run_tls.mjs [--quick] [--json FILE] [--bin DIR] [--no-pin] [--no-sizes]

  --quick      fewer rounds: about a minute, more noise
  --json FILE  writes every figure
  --bin DIR    where bench_ferry, bench_curl and bench_tls are; default build/native/bin
  --no-pin     lets the scheduler place client and server
  --no-sizes   builds and weighs no programs
`;

const MIB = 1024 * 1024;
const BIG_BYTES = 1024 * MIB;
const IDLE_CLIENTS = 100;
const IDLE_LIMIT = 24 * 1024;

// Requests or connections a round. The big request has a CPU for each side.
const RATES = [
  { mode: "big", title: "one body of 1 GiB", n: 1, rounds: 9, quick: { rounds: 3 } },
  {
    mode: "get1k",
    title: "GET 1 KB, keep-alive",
    n: 10000,
    rounds: 21,
    quick: { n: 4000, rounds: 7 },
  },
  {
    mode: "full",
    title: "connections, full handshakes",
    n: 200,
    rounds: 21,
    quick: { n: 100, rounds: 5 },
  },
  {
    mode: "resumed",
    title: "connections, resumed",
    n: 200,
    rounds: 21,
    quick: { n: 100, rounds: 5 },
  },
];
const RATIOS = {
  ferry_to_curl: ["ferry", "curl"],
  cpu_ferry_to_curl: ["curl", "ferry", "cpu"], // of the time: less is better
};
const BIG_RATIOS = { ...RATIOS, ferry_to_memory: ["ferry", "memory"] };

function parseArguments(list) {
  const options = { quick: false, json: null, pin: true, sizes: true };
  options.bin = path.join(here, "..", "build", "native", "bin");
  for (let i = 0; i < list.length; i++) {
    if (list[i] === "--quick") options.quick = true;
    else if (list[i] === "--no-pin") options.pin = false;
    else if (list[i] === "--no-sizes") options.sizes = false;
    else if (list[i] === "--json" && i + 1 < list.length) options.json = list[++i];
    else if (list[i] === "--bin" && i + 1 < list.length) options.bin = path.resolve(list[++i]);
    else {
      process.stderr.write(usage);
      process.exit(list[i] === "--help" ? 0 : 2);
    }
  }
  return options;
}

/** What runs the programs: client and server share a CPU, but for the big body. */
function makeBench({ options, folder, ports, ca, cipher }) {
  const env = { BENCH_CA: ca };
  const shared = options.pin ? pinningTo(0) : [];
  const own = options.pin ? pinningTo(1) : [];
  return {
    names: ["ferry", "curl"],
    folder,
    env,
    command(name, mode, n) {
      if (name === "memory") {
        return [path.join(options.bin, "bench_tls"), cipher(), "1", String(BIG_BYTES / MIB)];
      }
      const port = mode === "full" ? ports.full : ports.resumed;
      return [path.join(options.bin, `bench_${name}`), mode, String(port), String(n)];
    },
    async measure(name, mode, n) {
      const place = mode === "big" ? own : shared;
      return JSON.parse((await run([...place, ...this.command(name, mode, n)], env)).stdout);
    },
  };
}

async function measureAll(options, bench, ciphers) {
  const say = (what) => process.stderr.write(`${what} …\n`);
  const results = { rates: {} };
  for (const name of bench.names) ciphers[name] = await bench.measure(name, "cipher", 1);
  for (const { quick, ...rate } of RATES) {
    say(rate.title);
    const isBig = rate.mode === "big";
    const chosen = { ...rate, ...(options.quick ? quick : {}) };
    if (isBig) chosen.names = ["memory", ...bench.names];
    results.rates[rate.mode] = await measureRate(bench, chosen, isBig ? BIG_RATIOS : RATIOS);
  }
  say("instructions, system calls and allocations a request");
  results.counts = await measureCounts(bench, ["get1k"]);
  say("idle clients");
  results.idle = {};
  for (const name of bench.names) {
    results.idle[name] = await bench.measure(name, "idle", IDLE_CLIENTS);
  }
  const command = [path.join(options.bin, "bench_tls"), "buffers", "1", "1"];
  const { in_bytes: input, out_bytes: output } = JSON.parse((await run(command)).stdout);
  results.idle.record_buffers = { input, output };
  if (options.sizes) {
    say("sizes of programs");
    results.sizes = await weighPrograms(path.join(here, ".."));
  }
  return results;
}

export const idleBeyondBuffers = ({ ferry, record_buffers: { input, output } }) =>
  ferry.heap_per_client - input - output;

function judge({ rates, idle }) {
  const { big, get1k, resumed } = rates;
  const value = (ratio) => ratio?.median ?? null;
  return [
    target("1 GiB: rate, ferry / libcurl", value(big.ratios.ferry_to_curl), ">=", 0.9),
    target("1 GiB: rate, ferry / in memory", value(big.ratios.ferry_to_memory), ">=", 0.9),
    target("get1k: rate, ferry / libcurl", value(get1k.ratios.ferry_to_curl), ">=", 1),
    target("resumed connections, ferry / libcurl", value(resumed.ratios.ferry_to_curl), ">=", 1),
    target(
      "idle client: heap beyond the record buffers",
      idleBeyondBuffers(idle),
      "<=",
      IDLE_LIMIT,
      "bytes",
    ),
  ];
}

async function main() {
  const options = parseArguments(process.argv.slice(2));
  const nginx = findProgram("nginx");
  if (!nginx) throw new Error("nginx is not installed; on Debian: apt-get install nginx-light");
  for (const name of ["bench_ferry", "bench_curl", "bench_tls"]) {
    const file = path.join(options.bin, name);
    if (!fs.existsSync(file)) throw new Error(`there is no ${name} in ${options.bin}`);
  }
  const began = Date.now();
  const folder = makeFolder(BIG_BYTES);
  const ca = writeCertificates(folder);
  const stop = () => {
    stopAll();
    fs.rmSync(folder, { recursive: true, force: true });
  };
  for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => (stop(), process.exit(1)));
  let server = null;
  try {
    const ports = { resumed: await freePort(), full: await freePort() };
    server = await startNginx({
      program: nginx,
      folder,
      pinning: options.pin ? pinningTo(0) : [],
      template: path.join(here, "nginx_tls.conf"),
      values: { PORT: ports.resumed, FULL_PORT: ports.full },
    });
    const ciphers = {};
    const cipher = () => ciphers.ferry.cipher;
    const environment = await describeMachine(nginx); // the load before
    const bench = makeBench({ options, folder, ports, ca, cipher });
    const results = await measureAll(options, bench, ciphers);
    const { ferry, curl, memory } = results.rates.big.rounds[0];
    const report = {
      date: new Date(began).toISOString(),
      quick: options.quick,
      seconds: (Date.now() - began) / 1000,
      environment: {
        ...environment,
        ferry: ferry.version,
        mbedtls: memory.version,
        libcurl: curl.version,
        libcurl_tls: ciphers.curl.library,
        pinned: options.pin,
        optimized: ferry.optimized,
      },
      ciphers,
      ...results,
      targets: judge(results),
    };
    printTlsReport(report);
    if (options.json) fs.writeFileSync(options.json, `${JSON.stringify(report, null, 2)}\n`);
  } finally {
    await server?.stop();
    stop();
  }
}

main().catch((error) => {
  process.stderr.write(`bench: ${error.message}\n`);
  process.exitCode = 1;
});
