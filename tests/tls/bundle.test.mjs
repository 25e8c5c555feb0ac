// SPDX-License-Identifier: MIT
// bundle: a library that is built with authorities of its own trusts those, and not the system's.
import assert from "node:assert/strict";
import path from "node:path";
import { test } from "node:test";
import { buildWith } from "../scenarios/lib/build.mjs";
import { fails, printed } from "../scenarios/lib/cli.mjs";
import { authority, fileOf, issue } from "./lib/authority.mjs";
import { skip } from "./lib/expect.mjs";
import { tlsServer } from "./lib/servers.mjs";

const names = ["DNS:localhost", "IP:127.0.0.1"];

/** The command line of a library that was built with this bundle. */
function buildWithBundle(text) {
  const bundle = fileOf(text, "bundle.pem");
  const { build } = buildWith("bundle", [`-DFERRY_CA_BUNDLE=${bundle}`], ["ferry_cli"]);
  return path.join(build, "bin", "ferry");
}

test("authorities_that_are_built_in_are_the_ones_that_are_trusted", { skip }, async (t) => {
  const first = authority("Built In Root");
  const second = authority("Second Built In Root");
  const other = authority("Environment's Root");
  const env = { SSL_CERT_FILE: fileOf(other.pem, "other.pem") };
  const serve = (issuer) => tlsServer(t, issue("localhost", { issuer, names }));
  const urlTo = (server) => `https://localhost:${server.port}/`;

  await t.test("each_of_them_and_not_the_environments", async (t) => {
    const command = buildWithBundle(`# two\n${first.pem}\n${second.pem}`);
    for (const issuer of [first, second]) {
      assert.equal(await printed([urlTo(await serve(issuer))], { command, env }), "hello");
    }
    const url = urlTo(await serve(other));
    await fails(60, /ferry: .*Environment's Root.* \(FERRY_ERROR_TLS_CERTIFICATE\)/, [url], {
      command,
      env,
    });
    // What the program brings goes before the bundle.
    const cacert = ["--cacert", env.SSL_CERT_FILE];
    assert.equal(await printed([...cacert, url], { command, env }), "hello");
  });

  await t.test("none_in_the_bundle", async (t) => {
    const command = buildWithBundle("# there is nothing here\n");
    const url = urlTo(await serve(first));
    const line = /ferry: .*the bundle that the library is built with.* \(FERRY_ERROR_UNAVAILABLE\)/;
    await fails(4, line, [url], { command, env });
  });
});
