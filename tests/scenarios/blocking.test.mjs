// SPDX-License-Identifier: MIT
// blocking: what each call waits for in blocking mode, and that it sleeps.
import { describe, test } from "node:test";
import { connected, exchange, expectRun, expectTranscript, pattern, run } from "./lib/run.mjs";
import { answering, answeringOnce, closedPort, lines, ok, rawServer } from "./lib/servers.mjs";

const set = "set_blocking_mode: OK";
const get = (server) => ["exchange", server, "blocking=1", "GET", "/", "-"];

describe("Blocking mode", () => {
  test("each_call_returns_when_it_is_done_and_read_when_there_is_a_byte_or_the_end", async (t) => {
    const parts = ["one", "two", "three"];
    let first;
    const server = await rawServer(t, async (connection, index) => {
      await connection.head();
      if (index === 0) {
        first = connection;
        await connection.send(lines("HTTP/1.1 200 OK", "Content-Length: 11"), parts.shift());
        await connection.rest();
        return;
      }
      await connection.send(ok(""));
      await first.send(parts.shift());
    });
    await expectRun(
      ["blocking_steps", server, "blocking=1"],
      set,
      "connect_to_host: OK",
      "status CONNECTED",
      "poll: OK",
      "request: OK",
      "status BODY",
      'read "one"',
      'read "two"',
      'read "three"',
      "status CONNECTED",
      "read: OK",
      "length 0",
      "poll: OK",
    );
  });

  test("wait_of_one_second_takes_less_than_one_millisecond_of_processor_time", async (t) => {
    const server = await rawServer(t, (connection) => connection.rest());
    // A machine that is busy with other work makes a wake-up dear: one try in three will do, since a
    // client that spins takes a thousand times as much in each.
    let transcript = "";
    for (let tries = 0; tries < 3 && !transcript.includes("under 1 ms: yes"); tries++) {
      transcript = await run("blocking_cpu", server, "blocking=1", "response_ms=1000");
    }
    expectTranscript(
      transcript,
      set,
      connected,
      "request: TIMEOUT: …response_ms…",
      "status CONNECTION_ERROR",
      "processor time under 1 ms: yes",
    );
  });

  test("exchanges_are_the_same_as_without_it", async (t) => {
    const body = pattern(300_000);
    const server = await answering(t, [ok(body), ok("next")]);
    await expectRun(
      [...get(server), ",", "POST", "/next", "@100000"],
      set,
      connected,
      exchange("/", body),
      exchange("/next", "next", { sent: 100_000 }),
    );
  });

  test("large_body_is_sent_while_the_request_waits", async (t) => {
    const size = 16 * 1024 * 1024;
    const server = await rawServer(t, async (connection) => {
      await connection.head();
      await connection.bytes(size);
      await connection.send(ok(""));
      await connection.rest();
    });
    await expectRun(
      ["exchange", server, "blocking=1", "POST", "/", `@${size}`],
      set,
      connected,
      exchange("/", "", { sent: size }),
    );
  });

  test("chunked_body_is_read_while_reads_wait", async (t) => {
    const server = await rawServer(t, async (connection) => {
      await connection.head();
      await connection.send(lines("HTTP/1.1 200 OK", "Transfer-Encoding: chunked"));
      for (const byte of "5\r\nhello\r\n0\r\nX-T: 1\r\n\r\n") await connection.send(byte);
      await connection.rest();
    });
    await expectRun(
      get(server),
      set,
      connected,
      exchange("/", "hello", {
        length: -1,
        chunked: true,
        headers: ["Transfer-Encoding: chunked"],
        trailers: ["X-T: 1"],
      }),
    );
  });

  test("failed_connection_ends_the_wait", async (t) => {
    const port = await closedPort();
    await expectRun(get({ port }), set, "connect_to_host: CANT_CONNECT: …", "status CANT_CONNECT");
  });

  test("truncated_body_ends_the_wait", async (t) => {
    const head = lines("HTTP/1.1 200 OK", "Content-Length: 9");
    const server = await answeringOnce(t, `${head}hello`);
    await expectRun(
      get(server),
      set,
      connected,
      "…",
      'body 5 bytes "hello"',
      "read: BODY_TRUNCATED: …",
      "status CONNECTION_ERROR",
      "received 5, sent 0",
    );
  });

  test("stream_that_cannot_be_waited_on_is_refused_with_a_detail", async (t) => {
    const server = await answering(t, [ok("")]);
    await expectRun(
      ["stream_blocking", server, "blocking=1"],
      set,
      "set_connection: OK",
      "status CONNECTED",
      "connection is the stream: yes",
      "request: UNAVAILABLE: …wait…",
      "status REQUESTING",
      "poll: UNAVAILABLE: …wait…",
    );
  });
});
