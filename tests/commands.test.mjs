// SPDX-License-Identifier: MIT
// commands: what the documents tell people to type, typed in a clean clone. The documents are read:
// a command that has no row in the table below fails, and so does a row that no document has.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import http from "node:http";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { authority, issue, pemOf } from "./tls/lib/authority.mjs";
import { tlsServer } from "./tls/lib/servers.mjs";

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), "..");
const LIMIT_MS = 600_000; // longer than any of it takes: only what hangs is ended
const isClone = fs.existsSync(path.join(root, ".git"));
const skip = process.env.FERRY_QUICK
  ? "it takes minutes"
  : isClone
    ? false
    : "the project is no git repository here";

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "ferry-commands-"));
const clone = path.join(folder, "ferry");
after(() => fs.rmSync(folder, { recursive: true, force: true }));

// ---- The commands of the documents ----

const IS_COMMAND =
  /^(\.\/dev|\.ci\/run|cmake|ctest|node|npm|cmake\/\S+\.sh|build\/\S+\/bin\/\S+)( |$)/;

/** Lines that are set in, without what is said of them, and what stands between backticks. */
function commandsOf(document) {
  const text = fs.readFileSync(path.join(root, document), "utf8");
  const lines = text.split("\n");
  const blocks = lines.filter((line) => line.startsWith("    ")).map((line) => line.trim());
  const quoted = [...text.matchAll(/`([^`\n]+)`/g)].map((match) => match[1]);
  return [...blocks.map((line) => line.replace(/\s+#.*/, "")), ...quoted].filter(
    (command) => IS_COMMAND.test(command) && !command.endsWith("/bin/ferry"),
  );
}

/** The usage's: "  bench tls [ARG...]  measures it". */
function commandsOfHelp() {
  const text = execFileSync(path.join(root, "dev"), ["help"], { encoding: "utf8" });
  const found = [...text.matchAll(/^ {2}(\w+(?: [a-z]+)*)(?: \[.*?\])* {2,}\S/gm)];
  return found.map(([, name]) => `./dev ${name}`);
}

const documented = new Set([
  ...commandsOf("README.md"),
  ...commandsOf("CONTRIBUTING.md"),
  ...commandsOfHelp(),
]);
documented.delete("./dev"); // spoken of as such

// ---- Running them ----

/** Starts a command in the clone, with nothing to be installed. */
function start(command, env = {}) {
  const { FERRY_BUILD, NODE_TEST_CONTEXT, ...rest } = process.env; // of this run, not of that one
  void [FERRY_BUILD, NODE_TEST_CONTEXT];
  const child = spawn("sh", ["-c", command], {
    cwd: clone,
    env: { ...rest, FERRY_NO_INSTALL: "1", ...env },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true, // a group of its own, which can be ended as a whole
  });
  const result = { stdout: "", stderr: "" };
  child.stdout.on("data", (data) => (result.stdout += data));
  child.stderr.on("data", (data) => (result.stderr += data));
  const end = (signal) => {
    if (child.exitCode === null && child.signalCode === null) process.kill(-child.pid, signal);
  };
  const timer = setTimeout(() => end("SIGKILL"), LIMIT_MS);
  const ended = once(child, "close").then(([code, signal]) => {
    clearTimeout(timer);
    return { ...result, code: signal ?? code };
  });
  return { child, result, end, ended };
}

/** Runs one to its end, which is to be a success; skips where this machine lacks packages for it. */
async function run(t, command, env) {
  const { code, stdout, stderr } = await start(command, env).ended;
  const lacking = /^Please install what these Debian packages hold:(.*)$/m.exec(stderr);
  if (lacking) {
    t.skip(`not installed:${lacking[1]}`);
    return undefined;
  }
  assert.equal(code, 0, `${command}\n${stdout}\n${stderr}`);
  return stdout;
}

const inClone = (file) => path.join(clone, file);
const has = (...files) => {
  for (const file of files) assert.ok(fs.existsSync(inClone(file)), file);
};

/** Serves the demo, and takes the pages and their programs from there. */
async function serve(t) {
  const server = start("exec ./dev serve --port 0");
  t.after(() => server.end("SIGKILL"));
  const ended = server.ended.then(({ code, stderr }) => {
    throw new Error(`it ended with ${code}: ${stderr}`);
  });
  ended.catch(() => {});
  const url = () => /The demo is at (\S+)/.exec(server.result.stdout)?.[1];
  while (!url()) await Promise.race([once(server.child.stdout, "data"), ended]);
  const programs = ["demo", "game_loop"].flatMap((name) => [`${name}.js`, `${name}.wasm`]);
  for (const target of ["", "game", ...programs.map((file) => `program/${file}`)]) {
    const response = await fetch(new URL(target, url()));
    assert.equal(response.status, 200, target);
    assert.ok((await response.arrayBuffer()).byteLength > 0, target);
  }
  server.end("SIGTERM");
  assert.equal((await server.ended).code, 0);
}

/** A proxy that answers itself for http:// origins, and leads to `port` for others. */
async function proxy(t, port) {
  const server = http.createServer((request, response) => response.end(`for ${request.url}\n`));
  server.on("connect", (request, socket) => {
    const origin = net.connect(port, "127.0.0.1", () => {
      socket.write("HTTP/1.1 200 OK\r\n\r\n");
      socket.pipe(origin).pipe(socket);
    });
    for (const end of [socket, origin]) end.on("error", () => {});
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const url = `http://127.0.0.1:${server.address().port}`;
  return { http_proxy: url, https_proxy: url, no_proxy: "" };
}

async function download(t) {
  const env = await proxy(t, 0);
  await run(t, "build/native/bin/ferry -o page.html http://example.org/", env);
  assert.equal(fs.readFileSync(inClone("page.html"), "utf8"), "for http://example.org/\n");
}

async function downloadTwo(t, command) {
  await run(t, command, await proxy(t, 0));
  for (const name of ["1", "2"]) {
    assert.equal(fs.readFileSync(inClone(name), "utf8"), `for http://example.org/${name}\n`);
  }
}

async function downloadOverTls(t, command) {
  const signer = authority("Ferry Root");
  const certificate = issue("a.example", { issuer: signer, names: ["DNS:a.example"] });
  const server = await tlsServer(t, certificate);
  fs.writeFileSync(inClone("authority.pem"), pemOf(signer));
  assert.equal(await run(t, command, await proxy(t, server.port)), "hello");
}

async function install(t, command) {
  const place = path.join(folder, "installed");
  await run(t, command, { DESTDIR: place });
  const headers = fs.readdirSync(path.join(root, "src/include"));
  assert.ok(headers.length > 1);
  for (const file of [
    "bin/ferry",
    ...headers.map((header) => `include/${header}`),
    "lib/cmake/ferry/ferryConfig.cmake",
  ]) {
    const found = fs.existsSync(path.join(place, "usr/local", file));
    assert.ok(
      found || fs.existsSync(path.join(place, "usr/local", file.replace("lib/", "lib64/"))),
    );
  }
}

const MEANT = "this test is part of it";
const builds = (...files) => [(t, command) => run(t, command).then(() => has(...files))];
const prints = (pattern, instead) => async (t, command) => {
  const output = await run(t, instead ?? command);
  if (output !== undefined) assert.match(output, pattern);
};

// In the order in which they run. A text is why a command is not run.
const table = new Map([
  ["./dev help", prints(/^usage: \.\/dev COMMAND\n/)],
  ["./dev build", ...builds("build/native/bin/ferry", "build/native/lib/libferry.a")],
  ["ctest --preset native -R test_url", prints(/100% tests passed/)],
  ["build/native/bin/test_url NAME", prints(/0 failed/, "build/native/bin/test_url port")],
  ["build/native/bin/ferry -o page.html http://example.org/", download],
  [
    "build/native/bin/ferry -L -Z --retry 3 --remote-name-all http://example.org/1 http://example.org/2",
    downloadTwo,
  ],
  [
    "build/native/bin/ferry -v --cacert authority.pem --tls-min 1.3 https://a.example/",
    downloadOverTls,
  ],
  ["./dev serve", serve],
  ["./dev demo", prints(/All of it went as it should\./)],
  [
    "cmake --preset release && cmake --build --preset release && cmake --install build/release",
    install,
  ],
  ["./dev bench", prints(/ferry/, "./dev bench --quick")],
  ["./dev bench tls", prints(/ferry/, "./dev bench tls --quick")],
  ["./dev bench session", prints(/Targets/, "./dev bench session --quick")],
  ["./dev bench frames", prints(/Targets/, "./dev bench frames --quick")],
  ["./dev bench calls", prints(/^response +call ms +frame ms/)],
  ["./dev soak", prints(/^0 findings$/m, "./dev soak 1")],
  ["./dev soak 60", "as ./dev soak"],
  ["./dev soak session", prints(/^0 findings$/m, "./dev soak session 1")],
  ["./dev soak --prove", "it runs the soak once for each fault of a list"],
  ["./dev mutate", prints(/ changes were tried: /, "./dev mutate --list")],
  ["./dev mutate 600", "as ./dev mutate"],
  ["./dev fuzz", prints(/nothing found/, "./dev fuzz 1")],
  ["./dev fuzz 60", "as ./dev fuzz"],
  ["cmake/get_mbedtls.sh", prints(/^$/)],
  ["./dev test", MEANT],
  ["./dev test --quick", MEANT],
  ["./dev check", "it takes minutes, and .ci/run runs it beside the tests"],
  [".ci/run", "it is ./dev check and ./dev test"],
  ["./dev compat", "it makes a system of its own, out of a gigabyte of packages"],
  ["./dev bench web", "it measures browsers for many minutes"],
]);

describe("Commands of the documents", { skip }, () => {
  before(() => {
    execFileSync("git", ["clone", "--quiet", root, clone]);
    // What needs the network is handed over.
    fs.mkdirSync(inClone("build"));
    for (const place of ["build/deps", "node_modules"]) {
      if (fs.existsSync(path.join(root, place))) {
        fs.symlinkSync(fs.realpathSync(path.join(root, place)), inClone(place));
      }
    }
  });

  test("each_has_a_row_and_each_row_a_document", () => {
    assert.deepEqual([...table.keys()].sort(), [...documented].sort());
  });

  for (const [command, check] of table) {
    const reason = typeof check === "string" ? check : false;
    test(command, { skip: reason }, (t) => check(t, command));
  }
});
