// SPDX-License-Identifier: MIT
// package: the installed web build is found by find_package(ferry) and by pkg-config, and each brings
// all that a program needs.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { quick } from "../scenarios/lib/run.mjs";

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), "..", "..");
const build = path.resolve(root, process.env.FERRY_WEB_BUILD ?? "build/web");
const LIMIT_MS = 300_000;

/** Runs a command that must succeed; gives what it prints. */
function call(command, ...args) {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    encoding: "utf8",
    env: { NODE_PATH: "/usr/share/nodejs", ...process.env }, // Debian's emcc looks for acorn there
    timeout: LIMIT_MS,
  });
  assert.equal(status, 0, `${command} ${args.join(" ")}: ${error ?? stdout + stderr}`);
  return stdout;
}

const version = () =>
  /^CMAKE_PROJECT_VERSION:STATIC=(.*)$/m.exec(
    fs.readFileSync(path.join(build, "CMakeCache.txt"), "utf8"),
  )[1];

/** The build, installed into a folder that goes with the test; gives [folder, prefix]. */
function install(t) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "ferry-package-"));
  t.after(() => fs.rmSync(folder, { recursive: true }));
  const prefix = path.join(folder, "prefix");
  call("cmake", "--install", build, "--prefix", prefix);
  return [folder, prefix];
}

test("installed_web_build_is_linked_by_hand", { skip: quick && "it links" }, (t) => {
  const [folder, prefix] = install(t);
  const output = path.join(folder, "user.js");
  const flags = call(
    "env",
    `PKG_CONFIG_LIBDIR=${path.join(prefix, "lib", "pkgconfig")}`,
    "pkg-config",
    "--static",
    "--cflags",
    "--libs",
    "ferry",
  );
  const source = path.join(root, "tests", "package", "user.c");
  const program = [`-DPACKAGE_VERSION="${version()}"`, source, "-o", output];
  const forNode = ["-sSINGLE_FILE", "-sEXIT_RUNTIME", "-sENVIRONMENT=node"];
  call("emcc", ...program, ...flags.trim().split(/\s+/), ...forNode);
  assert.match(call(process.execPath, output), /^FERRY_ERROR_INVALID_PARAMETER: /);
});

test("installed_web_build_is_used_by_find_package", { skip: quick && "it links twice" }, (t) => {
  const [folder, prefix] = install(t);
  const user = path.join(folder, "user");
  const source = path.join(root, "tests", "package");
  const config = fs
    .readdirSync(prefix, { recursive: true })
    .find((file) => path.basename(file) === "ferryConfig.cmake");
  const options = [
    `-Dferry_DIR=${path.join(prefix, path.dirname(config))}`,
    `-DVERSION=${version()}`,
    "-DCMAKE_BUILD_TYPE=Release",
  ];
  call("emcmake", "cmake", "-G", "Ninja", "-S", source, "-B", user, ...options);
  call("cmake", "--build", user);
  const output = call(process.execPath, path.join(user, "user.js"));
  assert.match(output, /^FERRY_ERROR_INVALID_PARAMETER: /);

  assert.match(call("cmake", "--build", user), /no work to do/);
  fs.appendFileSync(path.join(prefix, "share", "ferry", "ferry_fetch.js"), "// newer\n");
  assert.match(call("cmake", "--build", user), /Linking/);
});
