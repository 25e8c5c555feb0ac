// SPDX-License-Identifier: MIT
// timeouts: each time-out against a server that never answers, and has its own detail.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { connected, digest, exchange, expectRun, pattern, run } from "./lib/run.mjs";
import { answering, event, lines, ok, rawServer } from "./lib/servers.mjs";

/** Sends this after each head, and then nothing. */
async function stallingServer(t, answer) {
  return rawServer(t, async (connection) => {
    await connection.head();
    await connection.send(answer);
    await connection.rest();
  });
}

/** What the first request is, `first` does; later ones get an empty response. */
async function firstServer(t, first) {
  return rawServer(t, async (connection, index) => {
    await connection.head();
    await (index === 0 ? first(connection) : connection.send(ok("")));
    await connection.closed;
  });
}

/** Uploads without an end, by pieces; the time-out is seen by whichever call comes then. */
async function expectUploadToEnd(server, name, length, options) {
  const pieces = [length, 65536, 1_000_000];
  const transcript = await run("upload", server, ...options, `${name}=100`, ...pieces);
  assert.match(transcript, new RegExp(`^(poll|write|finish): TIMEOUT: .*100 ms.*${name}`, "m"));
  assert.match(transcript, /^no response, code 0$/m);
}

const setMode = { polling: [], blocking: ["set_blocking_mode: OK"] };
const modes = { polling: [], blocking: ["blocking=1"] };
const get = (server, ...options) => ["exchange", server, ...options, "GET", "/", "-"];
const requested = [connected, "request: OK", "status REQUESTING"];

const halfBody = `${lines("HTTP/1.1 200 OK", "Content-Length: 9")}hello`;
const stalled = (name) => [
  requested,
  "status BODY",
  `first ${digest("hello")}`,
  'body 0 bytes ""',
  `read: TIMEOUT: …${name}…`,
  "status CONNECTION_ERROR",
  "received 5, sent 0",
];

describe("Time-outs", () => {
  for (const [mode, options] of Object.entries(modes)) {
    const expectWalk = (command, ...expected) => expectRun(command, setMode[mode], ...expected);

    for (const name of ["response_ms", "idle_ms", "total_ms"]) {
      test(`${name}_ends_the_wait_for_a_response_${mode}`, async (t) => {
        const server = await stallingServer(t, "");
        await expectWalk(
          get(server, ...options, `${name}=40`),
          requested,
          `poll: TIMEOUT: …40 ms…${name}…`,
          "status CONNECTION_ERROR",
        );
      });

      test(`${name}_ends_the_wait_for_the_rest_of_a_head_${mode}`, async (t) => {
        const server = await stallingServer(t, "HTTP/1.1 200 OK\r\nX-A:");
        await expectWalk(
          get(server, ...options, `${name}=40`),
          requested,
          `poll: TIMEOUT: …40 ms…${name}…`,
          "status CONNECTION_ERROR",
        );
      });

      test(`${name}_ends_a_wait_that_interim_responses_do_not_end_${mode}`, async (t) => {
        const server = await stallingServer(t, lines("HTTP/1.1 103 Early Hints"));
        await expectWalk(
          get(server, ...options, `${name}=40`),
          requested,
          `poll: TIMEOUT: …40 ms…${name}…`,
          "status CONNECTION_ERROR",
        );
      });
    }

    for (const name of ["idle_ms", "total_ms"]) {
      test(`${name}_ends_the_wait_for_the_rest_of_a_body_${mode}`, async (t) => {
        const server = await stallingServer(t, halfBody);
        await expectWalk(["timeout_in_body", server, ...options, `${name}=40`], stalled(name));
      });

      test(`${name}_ends_an_upload_that_nobody_reads_${mode}`, async (t) => {
        const server = await rawServer(t, async (connection) => {
          connection.socket.pause();
          await connection.closed;
        });
        await expectWalk(
          ["exchange", server, ...options, `${name}=100`, "POST", "/", `@${64 * 1024 * 1024}`],
          requested,
          `poll: TIMEOUT: …100 ms…${name}…`,
          "status CONNECTION_ERROR",
        );
      });
    }

    for (const length of [-1, 65536 * 1_000_000]) {
      const kind = length < 0 ? "chunked" : "streamed";

      test(`idle_ms_ends_a_${kind}_upload_that_nobody_reads_${mode}`, async (t) => {
        const server = await firstServer(t, async (connection) => connection.socket.pause());
        await expectUploadToEnd(server, "idle_ms", length, options);
      });

      test(`total_ms_ends_a_${kind}_upload_that_is_read_for_ever_${mode}`, async (t) => {
        const server = await firstServer(t, async (connection) => {
          connection.socket.removeAllListeners("data");
          connection.socket.resume();
        });
        await expectUploadToEnd(server, "total_ms", length, options);
      });
    }

    test(`total_ms_ends_a_body_that_flows_for_ever_${mode}`, async (t) => {
      const piece = Buffer.alloc(5000, "x");
      const server = await rawServer(t, async (connection) => {
        await connection.head();
        await connection.send(lines("HTTP/1.1 200 OK", "Connection: close"));
        while (!connection.ended) await connection.send(piece);
      });
      await expectWalk(
        get(server, ...options, "total_ms=100"),
        requested,
        "status BODY",
        "…",
        "read: TIMEOUT: …100 ms…total_ms…",
        "status CONNECTION_ERROR",
        "…",
      );
    });

    test(`response_ms_does_not_end_the_wait_for_a_body_${mode}`, async (t) => {
      const server = await stallingServer(t, halfBody);
      await expectWalk(
        ["timeout_in_body", server, ...options, "response_ms=1", "total_ms=200"],
        stalled("total_ms"),
      );
    });
  }

  test("negative_time_outs_are_none", async (t) => {
    const server = await answering(t, [ok("hello")]);
    const none = ["connect", "response", "idle", "total", "continue"].map(
      (name) => `${name}_ms=-1`,
    );
    await expectRun(get(server, ...none), connected, exchange("/", "hello"));
  });

  test("idle_ms_does_not_count_while_the_program_is_busy", async (t) => {
    const sent = event();
    const body = pattern(10_000);
    const server = await rawServer(t, async (connection, index) => {
      await connection.head();
      if (index === 1) {
        await sent.promise;
        await connection.send(ok(""));
        return;
      }
      await connection.bytes(2);
      await connection.send(ok(body));
      sent.resolve();
      await connection.rest();
    });
    await expectRun(
      ["busy_program", server],
      requested,
      "write: OK",
      "write: OK",
      "finish: OK",
      "status BODY",
      `body ${digest(body)}`,
      "status CONNECTED",
      "received 10000, sent 2",
    );
  });

  test("client_can_be_used_again_after_a_time_out", async (t) => {
    const server = await rawServer(t, async (connection, index) => {
      await connection.head();
      if (index > 0) await connection.send(ok("hello"));
      await connection.rest();
    });
    await expectRun(
      ["timeout_then_again", server, "response_ms=40"],
      requested,
      "poll: TIMEOUT: …response_ms…",
      "status CONNECTION_ERROR",
      connected,
      exchange("/again", "hello"),
    );
  });
});
