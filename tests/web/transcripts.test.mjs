// SPDX-License-Identifier: MIT
// transcripts: every scenario of the list prints the same natively, in Node, in Chromium and in
// Firefox, line by line; what differs stands in the table of differences, each row of which is
// needed.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { execute, expectTranscript, quick } from "../scenarios/lib/run.mjs";
import { allBrowsers, availableBrowsers, openBrowser, runProgram } from "./lib/browsers.mjs";
import { expectedOn, rows, toMarkdown } from "./lib/differences.mjs";
import { front } from "./lib/front.mjs";
import { list as ofClients } from "./lib/scenarios.mjs";
import { list as ofSessions } from "./lib/session_scenarios.mjs";

const here = path.dirname(fileURLToPath(import.meta.url));
const root = path.join(here, "..", "..");
const build = (variable, folder) => path.resolve(root, process.env[variable] ?? folder, "bin");
const nativeProgram = path.join(build("FERRY_BUILD", "build/native"), "scenario");
const webProgram = path.join(build("FERRY_WEB_BUILD", "build/web"), "scenario.js");
const nodeRunner = path.join(here, "lib", "node_program.cjs");

const QUICK =
  /^(body with a length|gzip|POST|three requests|redirect|getters|stream$|two lengths|transfer$)/;
const list = [...ofClients, ...ofSessions];
const chosen = quick ? list.filter(({ name }) => QUICK.test(name)) : list;

const command = ([name, ...rest], { port }) => [name, "127.0.0.1", port, ...rest].map(String);

async function runHere(program, scenario, server) {
  const args = [...program.slice(1), ...command(scenario, server)];
  const { stdout, stderr, end } = await execute(program[0], args);
  return stdout + stderr + (end === 0 ? "" : `ended with ${end}\n`);
}

async function runInBrowser(t, browser, scenario, server) {
  const { origin, port } = await front(t, server);
  const args = command(scenario, { port });
  const { stdout, stderr, code } = await runProgram(browser, { origin, program: "scenario", args });
  return stdout + stderr + (code === 0 ? "" : `ended with ${code}\n`);
}

// A quick run has Node alone: browsers take their time to start.
const chosenBrowsers = quick ? [] : allBrowsers;
const isAvailable = (name) => availableBrowsers().includes(name);

const browsers = {};
before(async () => {
  for (const name of chosenBrowsers.filter(isAvailable)) browsers[name] = await openBrowser(name);
});
after(() => Promise.all(Object.values(browsers).map((browser) => browser.close())));

const used = new Set();
const runs = {
  native: (t, scenario, server) => runHere([nativeProgram], scenario, server),
  node: (t, scenario, server) =>
    runHere([process.execPath, nodeRunner, webProgram], scenario, server),
  chromium: (t, scenario, server) => runInBrowser(t, browsers.chromium, scenario, server),
  firefox: (t, scenario, server) => runInBrowser(t, browsers.firefox, scenario, server),
};
const present = () =>
  Object.keys(runs).filter((name) => !allBrowsers.includes(name) || browsers[name]);

describe("Scenarios print the same on every platform", () => {
  for (const entry of chosen) {
    const { name, scenario, serve } = entry;
    test(name, async (t) => {
      const outputs = {};
      await Promise.all(
        present().map(async (platform) => {
          outputs[platform] = await runs[platform](t, scenario, await serve(t));
        }),
      );
      for (const platform of present().filter((each) => each !== "native")) {
        const expected = expectedOn(platform, outputs.native, entry, used);
        try {
          expectTranscript(outputs[platform], expected.slice(0, -1));
        } catch (error) {
          error.message = `${platform}: ${error.message}`;
          throw error;
        }
      }
    });
  }

  for (const name of chosenBrowsers.filter((each) => !isAvailable(each))) {
    test(name, { skip: `${name} is not installed` }, () => {});
  }
});

describe("The table of differences", () => {
  test("every_row_is_needed_on_every_platform_that_it_names", { skip: quick }, () => {
    const names = present();
    const needed = rows
      .filter(({ isNeeded }) => isNeeded !== false) // by this version of a platform
      .flatMap(({ id, platforms }) =>
        platforms.filter((name) => names.includes(name)).map((name) => `${id} on ${name}`),
      );
    assert.deepEqual([...used].sort(), needed.sort());
  });

  test("the_README_shows_it", () => {
    const readme = fs.readFileSync(path.join(root, "README.md"), "utf8");
    const tidy = (text) => text.replace(/[ -]*\|[ -]*/g, "|");
    assert.ok(tidy(readme).includes(tidy(toMarkdown())), `it lacks:\n${toMarkdown()}`);
  });
});
