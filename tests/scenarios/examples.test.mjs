// SPDX-License-Identifier: MIT
// examples: the programs that use sessions do what they say.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { describe, test } from "node:test";
import { execute, program as scenario } from "./lib/run.mjs";
import { noTerminal } from "./lib/terminal.mjs";
import { closedPort, event, httpServer } from "./lib/servers.mjs";

const example = (name, ...args) => execute(path.join(path.dirname(scenario), name), args);

function makeFolder(t) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "ferry-examples-"));
  t.after(() => fs.rmSync(folder, { recursive: true }));
  return folder;
}

describe("get", () => {
  test("prints_what_is_at_each_url", async (t) => {
    const { port } = await httpServer(t, ({ url }, response) => {
      if (url === "/moved") response.writeHead(301, { Location: "/there" }).end();
      else response.end(`this is ${url}\n`);
    });
    const urls = ["/a", "/moved", "/b"].map((target) => `http://127.0.0.1:${port}${target}`);
    const { stdout, stderr, end } = await example("get", ...urls);
    assert.deepEqual({ stderr, end }, { stderr: "", end: 0 });
    const printed = stdout.trim().split("\n").sort();
    assert.deepEqual(printed, ["this is /a", "this is /b", "this is /there"]);
  });

  test("says_what_went_wrong_with_one_and_prints_the_others", async (t) => {
    const { port } = await httpServer(t, ({ url }, response) => {
      response.writeHead(url === "/a" ? 200 : 404).end("hello\n");
    });
    const urls = [`http://127.0.0.1:${port}/a`, `http://127.0.0.1:${port}/b`, "ftp://a/"];
    const { stdout, stderr, end } = await example("get", ...urls);
    assert.deepEqual({ stdout, end }, { stdout: "hello\n", end: 1 });
    assert.match(stderr, /get: the server answered 404\n/);
    assert.match(stderr, /get: the URL cannot be used: .*http and https\n/);
  });
});

describe("download_many", () => {
  test("puts_a_hundred_files_into_a_folder", async (t) => {
    const folder = makeFolder(t);
    const content = (name) => `${name} `.repeat(5000);
    const { port } = await httpServer(t, ({ url }, response) => {
      response.end(content(url.slice(1, url.indexOf("?"))));
    });
    const names = Array.from({ length: 100 }, (_, i) => `file${i}.bin`);
    const urls = names.map((name) => `http://127.0.0.1:${port}/${name}?x=1#y`);
    const { stdout, stderr, end } = await example("download_many", folder, ...urls);
    assert.deepEqual({ stderr, end }, { stderr: "", end: 0 });
    assert.match(stdout, /\[#{30}\] 100 of 100\n$/);
    assert.deepEqual(fs.readdirSync(folder).sort(), [...names].sort());
    for (const name of names) {
      const written = fs.readFileSync(path.join(folder, name), "latin1");
      assert.ok(written === content(name), `${name} has ${written.length} other bytes`);
    }
  });

  test("draws_a_bar_for_each_and_one_for_all_on_a_terminal", { skip: noTerminal }, async (t) => {
    const folder = makeFolder(t);
    const half = event();
    const { port } = await httpServer(t, async (request, response) => {
      response.writeHead(200, { "Content-Length": 2000 }).write("x".repeat(1000));
      await half.promise;
      response.end("x".repeat(1000));
    });
    const urls = ["one", "two"].map((name) => `http://127.0.0.1:${port}/${name}`);
    const command = [path.join(path.dirname(scenario), "download_many"), folder, ...urls].join(" ");
    const child = spawn("script", ["-q", "-e", "-c", command, "/dev/null"]);
    let stdout = "";
    child.stdout.on("data", (data) => {
      stdout += data;
      const isHalf = ["one", "two"].every((name) =>
        new RegExp(`${name} +\\[#{15}\\.{15}\\]  50% +1000\\r\\n`).test(stdout),
      );
      if (isHalf) half.resolve();
    });
    const [end] = await once(child, "close");
    assert.equal(end, 0);
    assert.match(stdout, /0 of 2 files +\[\.{30}\] {3}0% +0\r\n/);
    assert.match(stdout, /2 of 2 files +\[#{30}\] 100% +2\r\n$/);
    assert.equal(stdout.match(/: 2000 bytes\r\n/g).length, 2);
    // Bars are drawn in the place of those before.
    assert.match(stdout, /\x1b\[3A\x1b\[J/);
  });

  test("leaves_the_old_file_where_the_new_one_fails", async (t) => {
    const folder = makeFolder(t);
    fs.writeFileSync(path.join(folder, "level"), "old");
    const { port } = await httpServer(t, (request, response) => {
      response.writeHead(404).end("no level");
    });
    const { stdout, end } = await example(
      "download_many",
      folder,
      `http://127.0.0.1:${port}/level`,
    );
    assert.equal(end, 1);
    assert.match(stdout, /: the server answered 404\n/);
    assert.deepEqual(fs.readdirSync(folder), ["level"]);
    assert.equal(fs.readFileSync(path.join(folder, "level"), "latin1"), "old");
  });

  test("names_no_file_outside_of_the_folder", async (t) => {
    const folder = makeFolder(t);
    const { port } = await httpServer(t, (request, response) => response.end("x"));
    for (const target of ["/a/%2e%2e", "/..%2f..%5Cx", "/", "/a/"]) {
      const url = `http://127.0.0.1:${port}${target}`;
      const { end } = await example("download_many", folder, url);
      assert.equal(end, 0, target);
      assert.deepEqual(fs.readdirSync(folder), ["download"], target);
    }
  });
});

describe("events", () => {
  test("prints_events_and_connects_again_until_there_are_no_more", async (t) => {
    const asked = [];
    const { port } = await httpServer(t, ({ headers }, response) => {
      asked.push(headers["last-event-id"]);
      if (asked.length === 3) return response.writeHead(204).end();
      response.writeHead(200, { "Content-Type": "text/event-stream" });
      response.end(
        `retry: 1\nid: ${asked.length}\ndata: one\ndata: two\n\nevent: more\ndata: ${asked.length}\n\n`,
      );
    });
    const { stdout, stderr, end } = await example("events", `http://127.0.0.1:${port}/`);
    assert.deepEqual({ stderr, end }, { stderr: "", end: 0 });
    assert.equal(stdout, "message: one\ntwo\nmore: 1\nmessage: one\ntwo\nmore: 2\n");
    assert.deepEqual(asked, [undefined, "1", "2"]);
  });
});

describe("events that fail, or hold what no terminal should get", () => {
  test("failure_is_said_and_is_the_exit_code", async () => {
    const { stderr, end } = await example("events", `http://127.0.0.1:${await closedPort()}/`);
    assert.match(stderr, /^events: .+\n$/);
    assert.equal(end, 1);
  });

  test("control_characters_of_the_server_are_replaced_and_lines_stay", async (t) => {
    let count = 0;
    const { port } = await httpServer(t, (request, response) => {
      if (count++ > 0) return response.writeHead(204).end();
      response.writeHead(200, { "Content-Type": "text/event-stream" });
      response.end("retry: 1\nevent: a\x1bb\ndata: \x1b[2J\ndata: two\n\n");
    });
    const { stdout, stderr, end } = await example("events", `http://127.0.0.1:${port}/`);
    assert.deepEqual({ stderr, end }, { stderr: "", end: 0 });
    assert.equal(stdout, "a?b: ?[2J\ntwo\n");
  });
});

describe("upload", () => {
  const whole = Buffer.from("a\r\n--b\0".repeat(40_000), "latin1");

  test("sends_a_file_as_a_form_does", async (t) => {
    const file = path.join(makeFolder(t), 'a "b".bin');
    fs.writeFileSync(file, whole);
    const { port } = await httpServer(t, async (request, response) => {
      const parts = [];
      for await (const part of request) parts.push(part);
      const { headers } = request;
      const form = await new Response(Buffer.concat(parts), { headers }).formData();
      const sent = form.get("file");
      const same = Buffer.from(await sent.arrayBuffer()).equals(whole);
      response.end(`${sent.name}: ${sent.size} bytes, ${same ? "the same" : "others"}\n`);
    });
    const url = `http://127.0.0.1:${port}/`;
    const { stdout, stderr, end } = await example("upload", url, "file", file);
    assert.deepEqual({ stderr, end }, { stderr: "", end: 0 });
    assert.equal(stdout, `a "b".bin: ${whole.length} bytes, the same\n`);
  });

  test("says_that_a_file_cannot_be_read", async (t) => {
    const url = `http://127.0.0.1:${await closedPort()}/`;
    const { stderr, end } = await example("upload", url, "file", path.join(makeFolder(t), "none"));
    assert.equal(end, 1);
    assert.match(stderr, /^upload: .*none cannot be read\n$/);
  });
});
