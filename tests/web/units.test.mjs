// SPDX-License-Identifier: MIT
// units: runs the unit tests that were built for 32 bits, under Node.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const here = path.dirname(fileURLToPath(import.meta.url));
const root = path.join(here, "..", "..");
const bin = path.resolve(root, process.env.FERRY_WEB_BUILD ?? "build/web", "bin");
const LIMIT_MS = 120_000;

// tests/CMakeLists.txt leaves out the same.
const ELSEWHERE = {
  test_closing: "a browser has no sockets to close",
  test_connect: "a browser has no proxies to ask",
  test_decoding: "there are no encoders for WebAssembly",
  test_dialer_cancelling: "it opens sockets",
  test_dialer_failures: "it opens sockets",
  test_dialer_names: "it opens sockets",
  test_dialer_order: "it opens sockets",
  test_disk: "a browser has no thread for files",
  test_lookup: "it opens sockets",
  test_poller: "it opens sockets",
  test_session_addresses: "it opens sockets",
  test_session_calls: "it opens sockets",
  test_session_cookies: "it opens sockets",
  test_session_pool: "it opens sockets",
  test_session_files: "it opens sockets",
  test_session_files_shortage: "it opens sockets",
  test_session_shortage: "it opens sockets",
  test_session_turns: "it opens sockets",
  test_session_writes: "it opens sockets",
  test_shortage: "it opens sockets",
  test_socket: "it opens sockets",
  test_tunnel: "it opens sockets",
  test_wake: "it opens sockets",
};

const filesIn = (folder, ending) =>
  fs
    .readdirSync(path.join(root, folder))
    .filter((name) => name.endsWith(ending))
    .map((name) => path.join(folder, name));

const ARGUMENTS = { test_cases: filesIn("tests/cases", ".cases") };

const programs = filesIn("tests/unit", ".c")
  .map((file) => path.basename(file, ".c"))
  .filter((name) => name.startsWith("test_") && !ELSEWHERE[name])
  .filter((name) => !name.startsWith("test_tls")); // TLS is the browser's own

for (const name of programs) {
  test(`${name}_passes_with_32_bits`, () => {
    const runner = path.join(here, "lib", "node_program.cjs");
    const command = [runner, path.join(bin, `${name}.js`), ...(ARGUMENTS[name] ?? [])];
    const { status, stdout, stderr } = spawnSync(process.execPath, command, {
      cwd: root,
      encoding: "utf8",
      timeout: LIMIT_MS,
    });
    assert.match(stdout, /^[1-9][0-9]* passed, 0 failed$/m, stdout + stderr);
    assert.equal(status, 0, stderr);
  });
}
