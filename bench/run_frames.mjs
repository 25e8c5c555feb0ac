// SPDX-License-Identifier: MIT
// run_frames: measures how long a session's polls take in a program that draws frames, while nothing
// happens, while requests are under way, and while a hundred files come, with and without TLS.
import fs from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { fileURLToPath } from "node:url";
import { writeCertificates } from "./lib/certificates.mjs";
import { target } from "./lib/figures.mjs";
import { describeMachine, findProgram, freePort, makeFolder, pinningTo } from "./lib/machine.mjs";
import { run, startNginx, stopAll } from "./lib/machine.mjs";
import { number, printTable } from "./report.mjs";

const here = path.dirname(fileURLToPath(import.meta.url));
const USAGE = `usage: ./dev bench frames [--quick] [--json FILE] [--bin DIR] [--no-pin]

  --quick      fewer frames: more noise
  --json FILE  writes every figure
  --bin DIR    where bench_frames is
  --no-pin     lets the scheduler place client and server; default: a CPU each, where there are two
`;

const MODES = [
  { mode: "frames0", title: "no transfer", n: 2000 },
  { mode: "frames10", title: "10 transfers of 1 KB", n: 2000 },
  { mode: "frames1000", title: "1,000 transfers of 1 KB", n: 2000 },
  { mode: "memory", title: "100 files of 10 MB, to a function", n: 1 },
  { mode: "disk", title: "100 files of 10 MB, to disk", n: 1 },
];
const QUICK_PART = 8; // of the frames
const MOST_US = 3000; // of a poll, whose budget is 2,000

async function measureAll(bench, quick) {
  const rows = [];
  for (const { mode, title, n } of MODES) {
    for (const scheme of ["http", "https"]) {
      process.stderr.write(`${title}, ${scheme} …\n`);
      const frames = quick && n > 1 ? n / QUICK_PART : n;
      rows.push({ mode, title, scheme, ...(await bench.measure(scheme, mode, frames)) });
    }
  }
  return rows;
}

function judge(rows) {
  return rows
    .filter(({ mode }) => mode === "disk")
    .map(({ scheme, cpu_max_us: longest }) =>
      target(`100 files to disk, ${scheme}: longest poll, CPU µs`, longest, "<=", MOST_US),
    );
}

function printReport({ rows, targets, environment }) {
  console.log(`${environment.cpu}, ${environment.kernel}\n`);
  console.log("A poll, µs: by the clock, which other programs' turns are part of, and CPU time\n");
  printTable([
    [
      "",
      "",
      "polls",
      "sleeps",
      "median",
      "99 of 100",
      "longest",
      "CPU: median",
      "99 of 100",
      "longest",
    ],
    ...rows.map((row) => [
      row.title,
      row.scheme,
      String(row.polls),
      String(row.sleeps),
      ...["wall", "cpu"].flatMap((clock) =>
        ["p50", "p99", "max"].map((place) => number(row[`${clock}_${place}_us`], 0)),
      ),
    ]),
  ]);
  console.log("\nTargets\n");
  printTable(
    targets.map(({ name, value, relation, limit, met }) => [
      name,
      number(value, 0),
      `${relation} ${limit}`,
      met ? "met" : "MISSED",
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
  const folder = makeFolder(0);
  const ca = writeCertificates(folder);
  const [own, other] = values["no-pin"] ? [[], []] : [pinningTo(1), pinningTo(0)];
  const stop = () => {
    stopAll();
    fs.rmSync(folder, { recursive: true, force: true });
  };
  for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => (stop(), process.exit(1)));
  const servers = {};
  try {
    const common = { program: nginx, folder, pinning: other };
    servers.http = await startNginx({ ...common, template: path.join(here, "nginx.conf") });
    const ports = { PORT: await freePort(), FULL_PORT: await freePort() };
    const template = path.join(here, "nginx_tls.conf");
    servers.https = await startNginx({ ...common, template, values: ports });
    const bench = {
      async measure(scheme, mode, n) {
        const command = [path.join(values.bin, "bench_frames"), mode, servers[scheme].port, n];
        const env = scheme === "https" ? { BENCH_CA: ca } : {};
        const { stdout } = await run([...own, ...command.map(String)], env);
        return JSON.parse(stdout);
      },
    };
    const rows = await measureAll(bench, values.quick);
    const environment = await describeMachine(nginx);
    const report = { environment, rows, targets: judge(rows) };
    printReport(report);
    if (values.json) fs.writeFileSync(values.json, `${JSON.stringify(report, null, 2)}\n`);
  } finally {
    for (const server of Object.values(servers)) await server.stop();
    stop();
  }
}

main().catch((error) => {
  process.stderr.write(`bench: ${error.message}\n`);
  process.exitCode = 1;
});
