// SPDX-License-Identifier: MIT
// cli_progress: the command-line client's bar, and its lines where there is no terminal.
import assert from "node:assert/strict";
import { once } from "node:events";
import fs from "node:fs";
import path from "node:path";
import { describe, test } from "node:test";
import { ferry, printed, program, start, temporaryFolder, urlOf } from "./lib/cli.mjs";
import { answering, event, httpServer, keeping, ok } from "./lib/servers.mjs";
import { noTerminal } from "./lib/terminal.mjs";

describe("The command line: progress", () => {
  const bar = (verb, percent, amount) =>
    new RegExp(
      `^${verb} +${percent}% \\[[#.]{24}\\] +${amount}( +[\\d.]+ [kMG]?B/s)? +in [\\d.]+ m?s\n$`,
    );

  test("progress_is_not_shown_by_itself_where_there_is_no_terminal", async (t) => {
    const server = await keeping(t);
    await printed(["-o", path.join(temporaryFolder(t), "out"), urlOf(server)]);
  });

  test("progress_option_shows_lines_elsewhere", async (t) => {
    const server = await answering(t, [ok("x".repeat(1_500_000))]);
    const { code, stdout, stderr } = await ferry(["--progress", urlOf(server)]);
    assert.equal(code, 0);
    assert.equal(stdout.length, 1_500_000);
    assert.match(stderr, bar("received", 100, "1.5 MB"));
  });

  test("progress_of_an_unknown_length_has_neither_share_nor_time_left", async (t) => {
    const end = event();
    const server = await httpServer(t, async (request, response) => {
      response.write("x".repeat(2000));
      await end.promise;
      response.end();
    });
    const { child, ended, result } = start(["--progress", urlOf(server)]);
    await once(child.stderr, "data");
    assert.match(result.stderr, /^received +2\.0 kB +[\d.]+ k?B\/s {2}[\d.]+ s, length unknown\n/);
    end.resolve();
    const { code, stderr } = await ended;
    assert.equal(code, 0);
    assert.match(stderr, /\nreceived +2\.0 kB +[\d.]+ k?B\/s {2}in [\d.]+ s\n$/);
    assert.doesNotMatch(stderr, /%|left/);
  });

  test("progress_of_a_known_length_tells_share_and_time_left", async (t) => {
    const end = event();
    const server = await httpServer(t, async (request, response) => {
      response.writeHead(200, { "Content-Length": 4000 }).write("x".repeat(1000));
      await end.promise;
      response.end("x".repeat(3000));
    });
    const { child, ended, result } = start(["--progress", urlOf(server)]);
    await once(child.stderr, "data");
    const shown = /^received +25% \[#{6}\.{18}\] +1\.0 kB +[\d.]+ k?B\/s {2}[\d.]+ s left\n/;
    assert.match(result.stderr, shown);
    end.resolve();
    assert.equal((await ended).code, 0);
    assert.match(result.stderr, /\nreceived 100% \[#{24}\] +4\.0 kB .* in [\d.]+ s\n$/);
  });

  test("progress_of_an_upload_is_shown", async (t) => {
    const file = path.join(temporaryFolder(t), "data");
    fs.writeFileSync(file, "x".repeat(2_000_000));
    const server = await keeping(t, (request, response) => response.writeHead(204).end());
    const { code, stderr } = await ferry(["--progress", "-T", file, urlOf(server)]);
    assert.equal(code, 0);
    assert.match(stderr, bar("sent", 100, "2.0 MB"));
  });

  const terminal = { skip: noTerminal };

  /** Runs a command line of the shell's on a terminal; gives what it showed there. */
  async function onTerminal(line) {
    const words = ["-q", "-e", "-c", line, "/dev/null"];
    const { code, stdout } = await start(words, { command: "script" }).ended;
    assert.equal(code, 0);
    return stdout.toString("latin1");
  }

  test("terminal_shows_a_bar_while_the_output_goes_elsewhere", terminal, async (t) => {
    const server = await answering(t, [ok("x".repeat(1_500_000))]);
    const folder = temporaryFolder(t);
    for (const where of [`-o ${folder}/a ${urlOf(server)}`, `${urlOf(server)} > ${folder}/b`]) {
      const shown = await onTerminal(`${program} ${where}`);
      assert.match(shown, /\rreceived 100% \[#{24}\] +1\.5 MB .* in [\d.]+ m?s *\r\n$/);
      for (const line of shown.split(/[\r\n]+/)) assert.ok(line.length < 80, line);
    }
    assert.equal(fs.statSync(path.join(folder, "a")).size, 1_500_000);
    assert.equal(fs.statSync(path.join(folder, "b")).size, 1_500_000);
    assert.equal(await onTerminal(`${program} -s -o ${folder}/c ${urlOf(server)}`), "");
  });

  test("terminal_shows_no_bar_where_the_output_goes_there_too", terminal, async (t) => {
    const server = await answering(t, [ok("hello")]);
    assert.equal(await onTerminal(`${program} ${urlOf(server)}`), "hello");
  });

  test("terminal_is_given_nothing_that_it_would_obey", terminal, async (t) => {
    const hostile = Buffer.from("X-A: a\x9bm\u0080b\u202e\xfc", "latin1");
    const head = (...more) =>
      Buffer.concat([Buffer.from("HTTP/1.1 204 \x9bm\r\n", "latin1"), ...more]);
    const utf8 = Buffer.from("\r\nX-B: \u009bm gr\u00fc\u00df\r\n\r\n");
    const server = await answering(t, [head(hostile, utf8), head(hostile, utf8)]);
    const shown = Buffer.from(await onTerminal(`${program} -i -v ${urlOf(server)} 2>&1`), "latin1");
    assert.match(
      shown.toString(),
      /\r\nHTTP\/1\.1 204 \?m\r\nX-A: .*\r\nX-B: \?m gr\u00fc\u00df\r\n\r\n$/,
    );
    assert.doesNotMatch(shown.toString(), /[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202e\ufffd]/);
    const kept = await ferry(["-i", urlOf(server)]);
    assert.ok(
      Buffer.from(kept.stdout).includes(utf8.subarray(2, -4)),
      "what goes elsewhere is as it came",
    );
    const name = "/\x1b[2J\u009b/a";
    const none = await onTerminal(`${program} -o '${name}' ${urlOf(server)} || true`);
    assert.match(none, /^ferry: cannot write \/\?\[2J\?\/a: .*\r\n$/);
  });

  test("terminal_is_drawn_at_most_ten_times_a_second", terminal, async (t) => {
    const body = Buffer.alloc(100_000);
    const pieces = 200;
    const server = await httpServer(t, async (request, response) => {
      response.writeHead(200, { "Content-Length": pieces * body.length });
      for (let i = 0; i < pieces; i++)
        await new Promise((resolve) => response.write(body, resolve));
      response.end();
    });
    const begin = Date.now();
    const shown = await onTerminal(`${program} -o /dev/null ${urlOf(server)}`);
    const most = (Date.now() - begin) / 100 + 1;
    const count = shown.split("received").length - 1;
    assert.ok(count >= 1 && count <= most, `${count} times, at most ${most}`);
  });
});
