// SPDX-License-Identifier: MIT
// without_tls: a library that is built without TLS compiles, and says of https what it is.
import assert from "node:assert/strict";
import path from "node:path";
import { test } from "node:test";
import { buildWith, call } from "./lib/build.mjs";
import { fails, root, urlOf } from "./lib/cli.mjs";
import { rawServer } from "./lib/servers.mjs";

test("build_without_tls_says_that_https_is_unavailable", async (t) => {
  const targets = ["ferry_cli", "scenario", "test_client_refusals"];
  const { build, said } = buildWith("without-tls", ["-DFERRY_TLS=OFF"], targets);
  assert.match(said, /TLS is not used/);

  await t.test("command_line", async (t) => {
    const server = await rawServer(t, () => {});
    const url = urlOf(server).replace("http:", "https:");
    const command = path.join(build, "bin", "ferry");
    const line = /ferry: .*no TLS.* \(FERRY_ERROR_UNAVAILABLE\)/;
    await fails(4, line, [url], { command });
    assert.equal(server.connections.length, 0);
  });

  await t.test("scenario", () => {
    const env = { FERRY_BUILD: build, NODE_TEST_CONTEXT: undefined };
    const pattern = "--test-name-pattern=tls_is_unavailable";
    const file = path.join(root, "tests", "scenarios", "connecting.test.mjs");
    const args = ["--test", "--test-reporter=tap", pattern, file];
    const report = call(process.execPath, args, env);
    assert.match(report, /^ *ok \d+ - tls_is_unavailable_and_nothing_is_sent$/m);
  });

  await t.test("unit_test", () => {
    call(path.join(build, "bin", "test_client_refusals"), ["impossible_hosts"]);
    call(path.join(build, "bin", "test_client_refusals"), ["tls_cache"]);
  });
});
