// SPDX-License-Identifier: MIT
// demo: shows what the command-line client does, step by step, against a server of its own.
// usage: node examples/demo/demo.mjs; FERRY_BUILD names the build's folder (build/native).
import { spawn } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { makeCertificates } from "./certificates.mjs";
import { compare } from "./platforms.mjs";
import { closedPort, file, poem, sha256, slowLines, startServer } from "./server.mjs";

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), "..", "..");
const program = path.resolve(root, process.env.FERRY_BUILD ?? "build/native", "bin/ferry");
const STEP_LIMIT_MS = 10_000;
// A proxy of the machine's own would not reach the demo's server.
const environment = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/_proxy$/i.test(name)),
);

const isColoured = process.stdout.isTTY && !process.env.NO_COLOR;
const colour = (code, text) => (isColoured ? `\x1b[${code}m${text}\x1b[0m` : text);
const bold = (text) => colour("1", text);
const green = (text) => colour("32", text);
const red = (text) => colour("31", text);

let stepCount = 0;
let failureCount = 0;

function heading(title, ...explanation) {
  stepCount++;
  console.log(`\n${bold(`${stepCount}. ${title}`)}`);
  for (const line of explanation) console.log(`   ${line}`);
}

function check(holds, text) {
  if (!holds) failureCount++;
  console.log(holds ? `   ${green("ok")}  ${text}` : `   ${red("NOT SO")}  ${text}`);
}

const quoted = (word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word}'`);

/** Sets a line in, and breaks it where it would pass the 80th column. */
function wrapped(line) {
  const pieces = line.match(/.{1,74}(?:\s|$)|\S{1,74}/g) ?? [""];
  return pieces.map((piece) => `     ${piece}`.trimEnd()).join("\n");
}

/** Prints what comes, each line set in; "limit" cuts it short. */
function makePrinter(limit = Infinity) {
  let count = 0;
  let rest = "";
  const print = (line) => {
    if (count < limit) console.log(wrapped(line));
    if (count === limit) console.log("     ...");
    count++;
  };
  return {
    add(text) {
      const lines = (rest + text).split("\n");
      rest = lines.pop();
      lines.forEach(print);
    },
    end() {
      if (rest !== "") print(rest);
    },
  };
}

/** Runs ferry and shows what it prints; gives {code, output, errors, arrivals}. */
async function ferry(args, { limit } = {}) {
  console.log(`   ${bold(`$ ferry ${args.map(quoted).join(" ")}`)}`);
  // On a terminal the progress bar is drawn in place; elsewhere it comes as lines.
  const sharesTerminal = args.includes("--progress") && process.stderr.isTTY;
  const child = spawn(program, args, {
    env: environment,
    stdio: ["ignore", "pipe", sharesTerminal ? "inherit" : "pipe"],
    timeout: STEP_LIMIT_MS,
  });
  const result = { output: Buffer.alloc(0), errors: "", arrivals: 0 };
  const printer = makePrinter(limit);
  const complaints = makePrinter();
  child.stdout.on("data", (data) => {
    result.output = Buffer.concat([result.output, data]);
    result.arrivals++;
    printer.add(data.toString("latin1"));
  });
  child.stderr?.setEncoding("utf8").on("data", (data) => {
    result.errors += data;
    complaints.add(data);
  });
  result.code = await new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => resolve(signal ?? code));
  });
  printer.end();
  complaints.end();
  return result;
}

async function download(base, folder) {
  heading("A download", "8 MB into a file, with rate and time left.");
  const target = path.join(folder, "file.bin");
  const { code } = await ferry(["--progress", "-o", target, `${base}/file`]);
  const bytes = fs.existsSync(target) ? fs.readFileSync(target) : Buffer.alloc(0);
  check(code === 0, `exit code ${code}`);
  check(
    sha256(bytes) === sha256(file),
    `${bytes.length} bytes, sha256 ${sha256(bytes).slice(0, 16)}...`,
  );
  return target;
}

async function upload(base, source) {
  heading("An upload", "The same file back, read and sent piece by piece.");
  const { code, output } = await ferry(["--progress", "-T", source, `${base}/file`]);
  check(code === 0 && output.includes(sha256(file)), "the server has the same bytes");
}

async function postForm(base) {
  heading("A form", "-d sends it by POST; the server says what it understood.");
  const { code, output } = await ferry([
    "-d",
    "from=Dover&to=Calais",
    "-d",
    "seats=2",
    `${base}/form`,
  ]);
  check(code === 0 && output.includes("to = Calais\nseats = 2"), "all fields arrived");
}

async function streamLines(base) {
  heading("A slow response", "Nothing is kept back: each line shows when it comes.");
  const { code, output, arrivals } = await ferry([`${base}/slow`]);
  const text = [...slowLines, "ashore", ""].join("\n");
  check(code === 0 && output.toString() === text && arrivals > 1, `${arrivals} pieces, one by one`);
}

async function showHeaders(base) {
  heading("Headers", "-i puts status line and headers before the body.");
  const { code, output } = await ferry(["-i", `${base}/hello`]);
  check(code === 0 && /^HTTP\/1\.1 200 OK\r\n/.test(output), "the status line comes first");
}

async function undoCoding(base) {
  heading("A compressed body", "--compressed asks for gzip, among others, and undoes it.");
  const { code, output } = await ferry(["--compressed", `${base}/poem`], { limit: 2 });
  check(code === 0 && output.equals(Buffer.from(poem)), `${output.length} bytes, unpacked`);
}

async function runOutOfTime(base) {
  heading("A time-out", "The server never answers. Exit code 28 means: out of time.");
  const { code, errors } = await ferry(["--max-time", "0.5", `${base}/never`]);
  check(code === 28 && errors.includes("FERRY_ERROR_TIMEOUT"), `exit code ${code}`);
}

async function failToConnect() {
  heading(
    "Failures",
    "Each has curl’s exit code: 6 no such host, 7 nobody listens, 2 wrong usage.",
  );
  const unknown = await ferry(["http://harbour.invalid/"]);
  check(unknown.code === 6, `exit code ${unknown.code}`);
  const refused = await ferry([`http://127.0.0.1:${await closedPort()}/`]);
  check(refused.code === 7, `exit code ${refused.code}`);
  const wrong = await ferry(["-H", "no colon here", "--sail", "example.org"]);
  check(wrong.code === 2, `exit code ${wrong.code}`);
}

async function speakTls() {
  heading(
    "HTTPS",
    "The demo has made an authority of its own; --cacert trusts it, and nobody else.",
    "-v shows the chain, version and cipher.",
  );
  const certificates = makeCertificates();
  const visit = async (server, ...args) => {
    const running = await startServer(server);
    try {
      const url = `https://localhost:${running.port}/hello`;
      return await ferry([...args, "--cacert", certificates.file, url]);
    } finally {
      running.close();
    }
  };
  const { code, output, errors } = await visit(certificates.good, "-v");
  if (errors.includes("has no TLS")) {
    console.log("   (this build has no TLS: left out)");
    return;
  }
  check(code === 0 && output.includes("Hello") && errors.includes("TLS 1.3"), "over TLS 1.3");
  heading("Certificates that are refused", "Nothing is sent to such a server. Exit code 60.");
  for (const { why, words, server } of certificates.bad) {
    const refused = await visit(server);
    check(refused.code === 60 && words.test(refused.errors), `refused: it is ${why}`);
  }
}

async function showPlatforms(server) {
  heading(
    "One program on three platforms",
    "examples/tour.c polls once a frame; natively ferry speaks HTTP itself, elsewhere fetch() does.",
  );
  const { text, complete, missing } = await compare(server);
  console.log(text.replace(/^/gm, "     "));
  for (const why of missing) console.log(`   (${why}: left out)`);
  check(complete, "each ran to its end");
}

async function showAll() {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "ferry-demo-"));
  const server = await startServer();
  const base = `http://127.0.0.1:${server.port}`;
  console.log(bold("ferry: an HTTP client, shown at work"));
  console.log(`A server of the demo's own listens at ${base} meanwhile.`);
  try {
    const target = await download(base, folder);
    await upload(base, target);
    await postForm(base);
    await streamLines(base);
    await showHeaders(base);
    await undoCoding(base);
    await runOutOfTime(base);
    await failToConnect();
    await speakTls();
    await showPlatforms(server);
  } finally {
    server.close();
    fs.rmSync(folder, { recursive: true });
  }
}

if (!fs.existsSync(program)) {
  console.error(`${program} is not there; ./dev build makes it.`);
  process.exit(1);
}
await showAll();
console.log(
  failureCount === 0
    ? `\n${green("All of it went as it should.")} The program is ${path.relative(process.cwd(), program)}.`
    : `\n${red(`${failureCount} checks did not hold.`)}`,
);
process.exitCode = failureCount === 0 ? 0 : 1;
