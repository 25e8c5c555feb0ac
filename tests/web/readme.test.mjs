// SPDX-License-Identifier: MIT
// readme: the lines of the README end on the web too: with what they are for where the program can
// block, and with a sentence that says why not where it cannot.
import assert from "node:assert/strict";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { execute, quick } from "../scenarios/lib/run.mjs";
import { answering, ok } from "../scenarios/lib/servers.mjs";
import { allBrowsers, availableBrowsers, openBrowser, runProgram } from "./lib/browsers.mjs";
import { front, programs } from "./lib/front.mjs";

const here = path.dirname(fileURLToPath(import.meta.url));
const nodeRunner = path.join(here, "lib", "node_program.cjs");

async function runInNode(t, program, server, toArguments = (port) => ["127.0.0.1", String(port)]) {
  const file = path.join(programs, `${program}.js`);
  const { stdout, stderr, end } = await execute(process.execPath, [
    ...[nodeRunner, file, ...toArguments(server.port)],
  ]);
  return { stdout, stderr, code: end };
}

const urlOf = (port) => [`http://127.0.0.1:${port}/level`];

function define(run) {
  test("those_with_a_session_load_what_is_at_a_url", async (t) => {
    const server = await answering(t, [ok("hello\n")]);
    const result = await run(t, "readme_session", server, urlOf);
    assert.deepEqual(result, { stdout: "hello\n", stderr: "", code: 0 });
  });

  test("they_print_a_page_where_the_program_can_block", async (t) => {
    const server = await answering(t, [ok("hello\n")]);
    const result = await run(t, "readme_asyncify", server);
    assert.deepEqual(result, { stdout: "hello\n", stderr: "", code: 0 });
  });

  test("they_say_why_not_where_it_cannot", async (t) => {
    const server = await answering(t, [ok("hello\n")]);
    const { stdout, stderr, code } = await run(t, "readme", server);
    assert.deepEqual({ stdout, code }, { stdout: "", code: 1 });
    assert.match(stderr, /: poll once a frame instead\n$/);
    assert.equal(server.connections.length, 0);
  });
}

describe("The lines of the README in Node", () => define(runInNode));
for (const name of quick ? [] : allBrowsers) {
  const skip = !availableBrowsers().includes(name) && `${name} is not installed`;
  describe(`The lines of the README in ${name}`, { skip }, () => {
    let browser;
    before(async () => (browser = await openBrowser(name)));
    after(() => browser?.close());
    define(async (t, program, server, toArguments = (port) => ["127.0.0.1", port]) => {
      const { origin, port } = await front(t, server);
      const args = toArguments(port);
      const { stdout, stderr, code } = await runProgram(browser, { origin, program, args });
      return { stdout, stderr, code };
    });
  });
}
