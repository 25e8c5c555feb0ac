// SPDX-License-Identifier: MIT
// without_tls: a library that is built without TLS compiles, and says of https what it is.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import path from "node:path";
import { test } from "node:test";
import { fails, root, urlOf } from "./lib/cli.mjs";
import { quick } from "./lib/run.mjs";
import { rawServer } from "./lib/servers.mjs";

const build = path.join(root, "build", "without-tls");
const LIMIT_MS = 300_000;

/** Runs a command that must succeed; gives what it prints. */
function call(env, command, ...args) {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    encoding: "utf8",
    cwd: root,
    env: { ...process.env, ...env },
    timeout: LIMIT_MS,
  });
  assert.equal(status, 0, `${command} ${args.join(" ")}: ${error ?? stdout + stderr}`);
  return stdout;
}

test(
  "build_without_tls_says_that_https_is_unavailable",
  { skip: quick && "it builds" },
  async (t) => {
    const options = ["-DFERRY_TLS=OFF", "-DFERRY_WERROR=ON", "-DFERRY_BUILD_BENCH=OFF"];
    options.push("-DCMAKE_BUILD_TYPE=Debug");
    const configured = call({}, "cmake", "-S", root, "-B", build, "-G", "Ninja", ...options);
    assert.match(configured, /TLS is not used/);
    call({}, "cmake", "--build", build, "--target", "ferry_cli", "scenario", "test_client");

    await t.test("command_line", async (t) => {
      const server = await rawServer(t, () => {});
      const url = urlOf(server).replace("http:", "https:");
      const command = path.join(build, "bin", "ferry");
      const line = /ferry: .*no TLS.* \(FERRY_ERROR_UNAVAILABLE\)/;
      await fails(10, line, [url], { command });
      assert.equal(server.connections.length, 0);
    });

    await t.test("scenario", () => {
      const env = { FERRY_BUILD: build, NODE_TEST_CONTEXT: undefined };
      const pattern = "--test-name-pattern=tls_is_unavailable";
      const file = path.join(root, "tests", "scenarios", "connecting.test.mjs");
      const report = call(env, process.execPath, "--test", "--test-reporter=tap", pattern, file);
      assert.match(report, /^ *ok \d+ - tls_is_unavailable_and_nothing_is_sent$/m);
    });

    await t.test("unit_test", () => {
      call({}, path.join(build, "bin", "test_client"), "impossible_hosts");
    });
  },
);
