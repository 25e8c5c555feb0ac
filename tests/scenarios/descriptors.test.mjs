// SPDX-License-Identifier: MIT
// descriptors: programs that are started without standard input, output or error: what they print
// goes nowhere, and least of all into a connection.
import assert from "node:assert/strict";
import path from "node:path";
import { describe, test } from "node:test";
import { program, start, urlOf } from "./lib/cli.mjs";
import { rawServer } from "./lib/servers.mjs";

const bin = path.dirname(program);
const closed = [">&-", "2>&-", "<&-", "<&- >&- 2>&-"];

const run = (redirection, command, ...args) =>
  start(["-c", `exec "$0" "$@" ${redirection}`, command, ...args], { command: "sh" }).ended;

/** A server that answers each request; `others()` gives what came beside requests. */
async function answeringAll(t, code = 200) {
  const server = await rawServer(t, async (connection) => {
    for (;;) {
      const head = await connection.head();
      assert.match(head, /^(GET|HEAD|PUT|POST) [!-~]+ HTTP\/1\.1\r\n/);
      if (/\r\nTransfer-Encoding: chunked\r\n/.test(head)) await connection.until("0\r\n\r\n");
      const length = /\r\nContent-Length: (\d+)\r\n/.exec(head);
      if (length) await connection.bytes(Number(length[1]));
      await connection.send(`HTTP/1.1 ${code} x\r\nContent-Length: 6\r\n\r\nhello\n`);
    }
  });
  const others = async () => {
    const rests = await Promise.all(server.connections.map((connection) => connection.rest()));
    return Buffer.concat(rests).toString("latin1");
  };
  return { ...server, others };
}

describe("Closed descriptors", () => {
  const lost = { ">&-": 23, "<&- >&- 2>&-": 23 }; // there is nowhere to put the body
  for (const redirection of closed) {
    test(`the_command_line_sends_nothing_but_the_request_with_${redirection}`, async (t) => {
      const server = await answeringAll(t);
      const { code, stdout, stderr } = await run(redirection, program, "-v", urlOf(server));
      assert.equal(code, lost[redirection] ?? 0);
      assert.equal(server.connections.length, 1);
      assert.equal(await server.others(), "");
      assert.equal(stdout.toString(), redirection.includes(">&-") && code === 23 ? "" : "hello\n");
      if (redirection === ">&-") {
        assert.match(stderr, /ferry: cannot write standard output: Bad file descriptor\n$/);
      }
    });
  }

  test("an_upload_from_closed_standard_input_fails", async (t) => {
    const server = await answeringAll(t);
    const { code, stderr } = await run("<&-", program, "-T", "-", urlOf(server));
    assert.equal(code, 26);
    assert.match(stderr, /^ferry: cannot read standard input: Bad file descriptor\n$/);
    assert.doesNotMatch(await server.others(), /hello/);
  });

  for (const redirection of closed) {
    test(`the_tour_sends_nothing_but_requests_with_${redirection}`, async (t) => {
      const server = await answeringAll(t);
      await run(redirection, path.join(bin, "tour"), "127.0.0.1", String(server.port));
      assert.ok(server.connections.length > 0);
      assert.equal(await server.others(), "");
    });

    test(`the_game_loop_sends_nothing_but_requests_with_${redirection}`, async (t) => {
      const server = await answeringAll(t, 404);
      const { code } = await run(redirection, path.join(bin, "game_loop"), urlOf(server));
      assert.equal(code, 1);
      assert.ok(server.connections.length > 0);
      assert.equal(await server.others(), "");
    });
  }
});
