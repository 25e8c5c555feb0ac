// SPDX-License-Identifier: MIT
// serve: the demo's server: what it serves and what not, how strictly, and how it is started.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import path from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { startDemoServer } from "../../web/demo/server.mjs";

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), "..", "..");
const PAGES = ["", "game"];

async function demoServer(t, options) {
  const server = await startDemoServer(options);
  t.after(() => server.close());
  return server;
}

/** Starts the program; `said` waits for a text on its output, `ended` gives {code, errors}. */
function serve(t, ...args) {
  const command = [path.join(root, "web/demo/serve.mjs"), ...args];
  const child = spawn(process.execPath, command, { stdio: ["ignore", "pipe", "pipe"] });
  t.after(() => child.kill("SIGKILL"));
  let errors = "";
  child.stderr.setEncoding("utf8").on("data", (data) => (errors += data));
  const ended = once(child, "close").then(([code]) => ({ code, errors }));
  const said = async (pattern) => {
    let output = "";
    for await (const data of child.stdout.setEncoding("utf8")) {
      output += data;
      if (pattern.test(output)) return pattern.exec(output);
    }
    throw new Error(`it has ended without ${pattern}: ${output}${errors}`);
  };
  return { child, ended, said };
}

describe("demo server", () => {
  test("pages_run_no_code_and_no_style_of_others", async (t) => {
    const { url } = await demoServer(t);
    for (const page of PAGES) {
      const response = await fetch(`${url}${page}`);
      const html = await response.text();
      const policy = response.headers.get("content-security-policy");
      assert.match(policy, /^default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; /);
      assert.match(policy, /style-src 'self'; img-src 'self'; /);
      assert.doesNotMatch(policy, /'unsafe-|data:|\*/);
      assert.doesNotMatch(html, / on\w+=| style=|<style|<script(?![^>]* src=)/);
      assert.equal(response.headers.get("x-content-type-options"), "nosniff");
    }
  });

  test("all_that_a_page_names_is_served", async (t) => {
    const { url } = await demoServer(t);
    const folder = path.join(root, "web/demo");
    const texts = await Promise.all(
      PAGES.map(async (page) => (await fetch(`${url}${page}`)).text()),
    );
    const names = texts.flatMap((html) =>
      [...html.matchAll(/(?:src|href)="([\w./]+\.\w+)"/g)].map((match) => match[1]),
    );
    for (const name of fs.readdirSync(folder).filter((each) => each.endsWith(".mjs"))) {
      const code = fs.readFileSync(path.join(folder, name), "utf8");
      const isServed = (await fetch(`${url}${name}`, { method: "HEAD" })).status === 200;
      if (isServed) names.push(...[...code.matchAll(/from "\.\/([\w.]+)"/g)].map((m) => m[1]));
    }
    assert.ok(names.length > 15);
    for (const name of new Set(names.filter((each) => !each.startsWith("program/")))) {
      const response = await fetch(`${url}${name}`);
      assert.equal(response.status, 200, name);
      assert.doesNotMatch(response.headers.get("content-type"), /octet-stream/, name);
      await response.arrayBuffer();
    }
  });

  test("nothing_else_of_the_folder_is_served", async (t) => {
    const { url } = await demoServer(t);
    const paths = ["server.mjs", "demo.c", "..%2f..%2fdev", "program/..%2f..%2fbuild.ninja"];
    for (const name of [...paths, "program/demo.map", "nowhere", "asset/25", "redirect/12"]) {
      assert.equal((await fetch(`${url}${name}`)).status, 404, name);
    }
    assert.equal((await fetch(url, { method: "POST", body: "x" })).status, 404);
  });

  test("a_program_that_was_not_built_is_not_there_and_the_answer_says_why", async (t) => {
    const { url } = await demoServer(t, { build: path.join(root, "no-such-folder") });
    const response = await fetch(`${url}program/demo.js`);
    assert.equal(response.status, 404);
    assert.match(await response.text(), /\.\/dev serve builds/);
  });

  test("an_echo_has_a_limit", async (t) => {
    const { url } = await demoServer(t);
    const response = await fetch(`${url}echo`, { method: "POST", body: "x".repeat(1_000_001) });
    assert.equal(response.status, 413);
  });

  test("it_says_where_it_is_and_ends_when_it_is_told_to", async (t) => {
    const { child, ended, said } = serve(t, "--port", "0");
    const [, url] = await said(/^The demo is at (http:\S+)/);
    assert.equal((await fetch(url)).status, 200);
    child.kill("SIGINT");
    assert.deepEqual(await ended, { code: 0, errors: "" });
  });

  test("a_port_that_is_taken_or_none_is_refused_in_words", async (t) => {
    const { url } = await demoServer(t);
    const { port } = new URL(url);
    const taken = await serve(t, "--port", port).ended;
    assert.deepEqual([taken.code, taken.errors.split(";")[0]], [1, `Port ${port} is taken`]);
    for (const args of [["--port", "70000"], ["--port", "x"], ["--sail"]]) {
      const { code, errors } = await serve(t, ...args).ended;
      assert.equal(code, 2);
      assert.match(errors, /\n\nusage: \.\/dev serve /);
    }
  });
});
