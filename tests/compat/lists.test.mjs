// SPDX-License-Identifier: MIT
// lists: a list of packages that has expired is taken only where the person says so, by both scripts
// that fetch packages. The mirror is a small one of the test's own, signed by a key of its own.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import crypto from "node:crypto";
import fs from "node:fs";
import { once } from "node:events";
import os from "node:os";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), "..", "..");
const has = (tool) => spawnSync("sh", ["-c", `command -v ${tool}`]).status === 0;
const missing = ["apt-get", "gpg", "dpkg-deb", "mmdebstrap"].filter((tool) => !has(tool));
const skip =
  missing.length > 0
    ? `${missing.join(", ")} missing`
    : process.getuid() !== 0
      ? "apt and mmdebstrap take root"
      : process.env.FERRY_QUICK !== undefined && "it is about the build, not the library";

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "ferry-lists-"));
const mirror = path.join(folder, "mirror");
const key = path.join(folder, "key.gpg");
const otherKey = path.join(folder, "other.gpg");
const packages = ["libmbedtls-dev", "libmbedtls21", "libmbedx509-7", "libmbedcrypto16"];
const architecture = skip ? "" : execFileSync("dpkg", ["--print-architecture"]).toString().trim();
let server; // answers while spawnSync() holds this thread
let url;

/** One key in a home of its own; gives what signs with it. */
function makeKey(name, file) {
  const home = path.join(folder, `keys-${name}`);
  fs.mkdirSync(home, { mode: 0o700 });
  const gpg = (...args) => execFileSync("gpg", ["--batch", "--quiet", "--homedir", home, ...args]);
  gpg("--passphrase", "", "--quick-gen-key", `${name} <${name}@example.org>`, "rsa2048");
  gpg("--output", file, "--export");
  return gpg;
}

/** A package with one file. */
function makePackage(name) {
  const tree = path.join(folder, name);
  fs.mkdirSync(path.join(tree, "DEBIAN"), { recursive: true });
  fs.mkdirSync(path.join(tree, "usr/include/mbedtls"), { recursive: true });
  if (name === packages[0]) fs.writeFileSync(path.join(tree, "usr/include/mbedtls/ssl.h"), "\n");
  const control = `Package: ${name}
Version: 3.6.0
Architecture: ${architecture}
Maintainer: Test <test@example.org>
Description: for a test
`;
  fs.writeFileSync(path.join(tree, "DEBIAN/control"), control);
  const file = path.join(mirror, `${name}.deb`);
  execFileSync("dpkg-deb", ["--root-owner-group", "--build", tree, file], { stdio: "ignore" });
  const bytes = fs.readFileSync(file);
  const digest = crypto.createHash("sha256").update(bytes).digest("hex");
  return `${control}Filename: ${name}.deb\nSize: ${bytes.length}\nSHA256: ${digest}\n\n`;
}

/** Signs a list that is valid for so many days from now. */
function makeList(gpg, suite, index, days) {
  const about = `main/binary-${architecture}/Packages`;
  const file = path.join(mirror, "dists", suite, about);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, index);
  const digest = crypto.createHash("sha256").update(index).digest("hex");
  const day = (count) => new Date(Date.now() + count * 86_400_000).toUTCString();
  const release = path.join(folder, `${suite}.release`);
  fs.writeFileSync(
    release,
    `Origin: Debian
Suite: ${suite}
Codename: ${suite}
Date: ${day(days - 7)}
Valid-Until: ${day(days)}
Architectures: ${architecture}
Components: main
SHA256:
 ${digest} ${index.length} ${about}
`,
  );
  gpg("--yes", "--output", path.join(mirror, "dists", suite, "InRelease"), "--clearsign", release);
}

/** The configuration of a machine whose mirror is this one, and which checks what lists are for. */
function makeMachine() {
  const apt = path.join(folder, "machine");
  const lists = path.join(apt, "lists");
  fs.mkdirSync(path.join(lists, "partial"), { recursive: true });
  fs.mkdirSync(path.join(apt, "cache/archives/partial"), { recursive: true });
  fs.writeFileSync(path.join(apt, "status"), "");
  fs.writeFileSync(path.join(apt, "sources"), `deb [signed-by=${key}] ${url} bookworm main\n`);
  fs.writeFileSync(
    path.join(apt, "apt.conf"),
    `Dir::State "${apt}";
Dir::State::Lists "${lists}";
Dir::State::Status "${apt}/status";
Dir::Cache "${apt}/cache";
Dir::Etc::SourceList "${apt}/sources";
Dir::Etc::SourceParts "/dev/null";
Dir::Etc::Main "/dev/null";
Dir::Etc::Parts "/dev/null";
APT::Sandbox::User "";
`,
  );
  return path.join(apt, "apt.conf");
}

const serve = `
  const fs = require("node:fs");
  const { parentPort, workerData } = require("node:worker_threads");
  const server = require("node:http").createServer((request, response) => {
    fs.readFile(workerData + request.url, (error, bytes) => {
      response.writeHead(error ? 404 : 200).end(bytes);
    });
  });
  server.listen(0, "127.0.0.1", () => parentPort.postMessage(server.address().port));
`;

/** Runs a script of the project in a tree that holds only it, what it needs, and `files`. */
function runScript(script, args, machine, env, files = {}) {
  const tree = fs.mkdtempSync(path.join(folder, "tree-"));
  for (const [file, content] of Object.entries(files)) {
    fs.mkdirSync(path.join(tree, path.dirname(file)), { recursive: true });
    fs.writeFileSync(path.join(tree, file), content, { mode: 0o755 });
  }
  for (const file of [script, "cmake/apt_lists.sh"]) {
    fs.mkdirSync(path.join(tree, path.dirname(file)), { recursive: true });
    fs.copyFileSync(path.join(root, file), path.join(tree, file));
  }
  const { status, stderr } = spawnSync("sh", [script, ...args], {
    cwd: tree,
    env: {
      PATH: process.env.PATH,
      HOME: folder,
      APT_CONFIG: machine,
      FERRY_DEBIAN_KEYRING: key,
      ...env,
    },
  });
  return { status, stderr: stderr.toString(), tree };
}

describe("Lists of packages", { skip }, () => {
  let gpg;
  let index;
  let machine;

  before(async () => {
    fs.mkdirSync(mirror);
    server = new Worker(serve, { eval: true, workerData: mirror });
    const [port] = await once(server, "message");
    url = `http://127.0.0.1:${port}/`;
    gpg = makeKey("mirror", key);
    makeKey("other", otherKey);
    index = packages.map(makePackage).join("");
    makeList(gpg, "bookworm", index, 7);
    machine = makeMachine();
    execFileSync("apt-get", ["-qq", "update"], { env: { ...process.env, APT_CONFIG: machine } });
  });

  after(async () => {
    await server?.terminate();
    fs.rmSync(folder, { recursive: true });
  });

  const getMbedtls = (env) => runScript("cmake/get_mbedtls.sh", [], machine, env);
  const makeRoot = (env, files) => runScript("tests/compat/root.sh", ["make"], machine, env, files);
  const hasMbedtls = (run) => fs.existsSync(path.join(run.tree, "build/deps/usr/include/mbedtls"));
  const EXPIRED = /list of Debian's (trixie|forky) has expired[^]*FERRY_ALLOW_EXPIRED_LISTS=1/;

  test("a_list_that_is_valid_is_taken", () => {
    makeList(gpg, "trixie", index, 7);
    const run = getMbedtls();
    assert.equal(run.stderr, "");
    assert.equal(run.status, 0);
    assert.ok(hasMbedtls(run));
  });

  for (const value of [undefined, "", "0", "no"]) {
    test(`an_expired_list_is_refused_where_the_variable_is_${value}`, () => {
      makeList(gpg, "trixie", index, -7);
      const run = getMbedtls(value === undefined ? {} : { FERRY_ALLOW_EXPIRED_LISTS: value });
      assert.match(run.stderr, EXPIRED);
      assert.notEqual(run.status, 0);
      assert.ok(!hasMbedtls(run));
    });
  }

  test("an_expired_list_is_taken_where_the_person_says_so", () => {
    makeList(gpg, "trixie", index, -7);
    const run = getMbedtls({ FERRY_ALLOW_EXPIRED_LISTS: "1" });
    assert.equal(run.stderr, "");
    assert.equal(run.status, 0);
    assert.ok(hasMbedtls(run));
  });

  test("an_expired_list_is_taken_where_the_machine_is_configured_so", () => {
    makeList(gpg, "trixie", index, -7);
    const asked = path.join(folder, "asked.conf");
    const lines = fs.readFileSync(machine, "latin1");
    fs.writeFileSync(asked, `${lines}Acquire::Check-Valid-Until "false";\n`);
    const run = runScript("cmake/get_mbedtls.sh", [], asked, {});
    assert.equal(run.status, 0);
    assert.ok(hasMbedtls(run));
  });

  test("a_list_that_another_has_signed_is_refused_in_any_case", () => {
    makeList(gpg, "trixie", index, 7);
    const env = { FERRY_ALLOW_EXPIRED_LISTS: "1", FERRY_DEBIAN_KEYRING: otherKey };
    const run = getMbedtls(env);
    assert.match(run.stderr, /the list of Debian's trixie could not be had/);
    assert.doesNotMatch(run.stderr, EXPIRED);
    assert.notEqual(run.status, 0);
    assert.ok(!hasMbedtls(run));
  });

  test("the_system_for_compat_is_not_made_of_an_expired_list", () => {
    makeList(gpg, "forky", index, -7);
    const run = makeRoot();
    assert.match(run.stderr, EXPIRED);
    assert.notEqual(run.status, 0);
  });

  // This mirror has no system to be made of it: how far it gets tells.
  test("the_system_for_compat_is_made_of_an_expired_list_where_the_person_says_so", () => {
    makeList(gpg, "forky", index, -7);
    const run = makeRoot({ FERRY_ALLOW_EXPIRED_LISTS: "1" });
    assert.doesNotMatch(run.stderr, /expired/);
    assert.match(run.stderr, /Unable to locate package/);
  });

  const emcc = "build/compat/root/usr/bin/emcc";
  const madeOf = "build/compat/root.packages";

  test("the_system_for_compat_is_made_once", () => {
    const script = fs.readFileSync(path.join(root, "tests/compat/root.sh"), "utf8");
    const [, suite] = /^suite=(.*)$/m.exec(script);
    const packages = [...script.matchAll(/^packages=(?:\$packages,)?(.*)$/gm)].map(
      ([, list]) => list,
    );
    const run = makeRoot({}, { [emcc]: "", [madeOf]: `${suite} ${packages.join(",")}\n` });
    assert.equal(run.stderr, "");
    assert.equal(run.status, 0);
  });

  for (const [kind, files] of [
    ["other_packages", { [emcc]: "", [madeOf]: "forky gcc\n" }],
    ["packages_that_nobody_knows", { [emcc]: "" }],
  ]) {
    test(`the_system_for_compat_is_made_again_where_it_has_${kind}`, () => {
      makeList(gpg, "forky", index, -7);
      const run = makeRoot({}, files);
      assert.match(run.stderr, EXPIRED);
      assert.notEqual(run.status, 0);
    });
  }
});
