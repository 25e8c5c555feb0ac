// SPDX-License-Identifier: MIT
// uploads: bodies that are given piece by piece, Expect: 100-continue, answers that come before the
// request is complete, and tunnels.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { connected, digest, exchange, expectRun, pattern, run } from "./lib/run.mjs";
import { answering, event, lines, ok, rawServer, received } from "./lib/servers.mjs";

const EXPECT = "Expect: 100-continue";
const CONTINUE = lines("HTTP/1.1 100 Continue");
const TOO_LARGE = lines("HTTP/1.1 413 Too Large", "Content-Length: 8", "X-A: 1");

/** Reads a chunked body; gives its bytes and the sizes of its chunks. */
async function readChunked(connection) {
  const parts = [];
  const sizes = [];
  for (;;) {
    const line = await connection.until("\r\n");
    assert.match(line, /^[0-9a-f]+\r\n$/);
    const size = parseInt(line, 16);
    parts.push(await connection.bytes(size));
    assert.equal((await connection.bytes(2)).toString(), "\r\n");
    if (size === 0) return { body: Buffer.concat(parts), sizes };
    sizes.push(size);
  }
}

/** Answers requests without a body; `upload` handles those to /upload. */
async function uploadServer(t, upload) {
  return rawServer(t, async (connection) => {
    for (;;) {
      const head = await connection.head();
      if (head.startsWith("POST /upload ")) await upload(connection, head);
      else await connection.send(ok("after"));
    }
  });
}

const requested = [connected, "request: OK", "status REQUESTING"];
const afterwards = exchange("/after", "after");

/** What follows a complete upload. */
function uploaded(sent, body = "thanks", options = {}) {
  return [`wrote ${sent}`, "finish: OK", exchange("/upload", body, { sent, ...options }).slice(2)];
}

/** What follows where the server has answered early; the rest is not sent. */
function stopped(code, body, end = "DISCONNECTED") {
  return [
    "…",
    "write: UPLOAD_STOPPED: …",
    `response ${code}, length ${body.length}, hint ${body.length}, http://127.0.0.1:PORT/upload`,
    "header: Content-Length: 8",
    "header: X-A: 1",
    `body ${digest(body)}`,
    `status ${end}`,
    "received 8, sent …",
    connected,
    afterwards,
  ];
}

describe("Requesting", () => {
  for (const mode of ["polling", "blocking"]) {
    const blocking = mode === "blocking" ? ["blocking=1"] : [];
    const set = mode === "blocking" ? ["set_blocking_mode: OK"] : [];

    test(`streamed_body_of_known_length_is_sent_as_it_comes_${mode}`, async (t) => {
      const server = await uploadServer(t, async (connection, head) => {
        assert.match(head, /\r\nContent-Length: 3000\r\n/);
        assert.doesNotMatch(head, /Transfer-Encoding/);
        assert.equal(digest(await connection.bytes(3000)), digest(pattern(3000)));
        await connection.send(ok("thanks"));
      });
      await expectRun(
        ["upload", server, ...blocking, 3000, 1000, 3],
        set,
        requested,
        uploaded(3000),
        afterwards,
      );
      assert.equal(server.connections.length, 1);
    });

    test(`streamed_body_of_unknown_length_is_sent_chunked_${mode}`, async (t) => {
      const server = await uploadServer(t, async (connection, head) => {
        assert.match(head, /\r\nTransfer-Encoding: chunked\r\n/);
        assert.doesNotMatch(head, /Content-Length/);
        const { body, sizes } = await readChunked(connection);
        assert.deepEqual(sizes, [1000, 1000, 1000]);
        assert.equal(digest(body), digest(pattern(3000)));
        await connection.send(ok("thanks"));
      });
      await expectRun(
        ["upload", server, ...blocking, -1, 1000, 3],
        set,
        requested,
        uploaded(3000),
        afterwards,
      );
      assert.equal(server.connections.length, 1);
    });

    for (const length of [-1, 32 * 1024 * 1024]) {
      test(`body_larger_than_any_buffer_is_streamed_${mode}_${length}`, async (t) => {
        const size = 32 * 1024 * 1024;
        let whole;
        const server = await uploadServer(t, async (connection) => {
          const body =
            length < 0 ? (await readChunked(connection)).body : await connection.bytes(length);
          whole = body.equals(pattern(size));
          await connection.send(ok("thanks"));
        });
        await expectRun(
          ["upload", server, ...blocking, length, 1024 * 1024, 32],
          set,
          requested,
          uploaded(size),
          afterwards,
        );
        assert.ok(whole);
      });
    }

    test(`answer_413_stops_the_upload_and_the_connection_is_not_reused_${mode}`, async (t) => {
      const server = await uploadServer(t, async (connection) => {
        await connection.send(TOO_LARGE, "too much");
        await connection.rest();
      });
      await expectRun(
        ["upload", server, ...blocking, -1, 65536, 4096],
        set,
        requested,
        stopped(413, "too much"),
      );
      assert.equal(server.connections.length, 2);
    });

    test(`answer_413_with_connection_close_can_be_read_${mode}`, async (t) => {
      const server = await uploadServer(t, async (connection) => {
        const head = TOO_LARGE.replace("X-A: 1", "X-A: 1\r\nConnection: close");
        await connection.send(head, "too much");
        connection.end();
        await connection.rest(); // reads on, so that no reset overtakes the answer
      });
      const expected = stopped(413, "too much");
      expected.splice(expected.indexOf("header: X-A: 1") + 1, 0, "header: Connection: close");
      await expectRun(
        ["upload", server, ...blocking, 4096 * 65536, 65536, 4096],
        set,
        requested,
        expected,
      );
    });

    test(`answer_200_that_comes_early_lets_a_whole_body_go_on_${mode}`, async (t) => {
      const size = 16 * 1024 * 1024;
      let whole;
      const server = await rawServer(t, async (connection) => {
        await connection.head();
        connection.socket.pause();
        await connection.send(ok("early"));
        connection.socket.resume();
        whole = (await connection.bytes(size)).equals(pattern(size));
        await connection.head();
        await connection.send(ok("second"));
        await connection.rest();
      });
      await expectRun(
        ["exchange", server, ...blocking, "POST", "/", `@${size}`, ",", "GET", "/second", "-"],
        set,
        connected,
        exchange("/", "early", { sent: size }),
        exchange("/second", "second"),
      );
      assert.ok(whole);
      assert.equal(server.connections.length, 1);
    });

    for (const length of [-1, 16 * 1024 * 1024]) {
      test(`answer_200_that_comes_early_lets_a_streamed_body_go_on_${mode}_${length}`, async (t) => {
        const size = 16 * 1024 * 1024;
        let whole;
        const server = await uploadServer(t, async (connection) => {
          await connection.send(ok("early"));
          const body =
            length < 0 ? (await readChunked(connection)).body : await connection.bytes(length);
          whole = body.equals(pattern(size));
        });
        const output = await run("upload", server, ...blocking, length, 1024 * 1024, 16);
        const lines = output.split("\n");
        assert.ok(lines.includes(`wrote ${size}`), lines.join("\n"));
        assert.ok(lines.includes("finish: OK"), lines.join("\n"));
        assert.ok(lines.includes(`received 5, sent ${size}`), lines.join("\n"));
        assert.ok(whole);
        assert.equal(server.connections.length, 1);
      });
    }

    test(`request_that_the_server_stops_taking_is_an_error_at_once_${mode}`, async (t) => {
      const server = await rawServer(t, async (connection) => {
        await connection.head();
        connection.reset();
      });
      const output = await run("exchange", server, ...blocking, "POST", "/", "@67108864");
      assert.match(output, /^(poll|request): CONNECTION_ERROR: /m);
    });

    test(`expect_continue_waits_for_100_${mode}`, async (t) => {
      const server = await uploadServer(t, async (connection, head) => {
        assert.match(head, /\r\nExpect: 100-continue\r\n/);
        await connection.send(CONTINUE);
        const { body } = await readChunked(connection);
        await connection.send(ok(`${body.length}`));
      });
      await expectRun(
        ["upload", server, ...blocking, "continue_ms=-1", -1, 1000, 2, EXPECT],
        set,
        requested,
        uploaded(2000, "2000"),
        afterwards,
      );
    });

    test(`expect_continue_answered_by_417_sends_no_body_${mode}`, async (t) => {
      const refusal = lines("HTTP/1.1 417 Expectation Failed", "Content-Length: 8", "X-A: 1");
      const server = await uploadServer(t, async (connection) => {
        await connection.send(refusal, "no thank");
        assert.equal((await connection.rest()).length, 0, "nothing follows the head");
      });
      await expectRun(
        ["upload", server, ...blocking, "continue_ms=-1", -1, 1000, 2, EXPECT],
        set,
        requested,
        stopped(417, "no thank"),
      );
      assert.doesNotMatch(received(server), /\r\n\r\n./s);
    });

    test(`expect_continue_without_an_answer_sends_the_body_after_continue_ms_${mode}`, async (t) => {
      const server = await uploadServer(t, async (connection) => {
        const body = await connection.bytes(2000);
        await connection.send(ok(`${body.length}`));
      });
      await expectRun(
        ["upload", server, ...blocking, "continue_ms=20", 2000, 1000, 2, EXPECT],
        set,
        requested,
        uploaded(2000, "2000"),
        afterwards,
      );
    });
  }

  test("expect_continue_holds_a_whole_body_back_until_100", async (t) => {
    let early;
    const server = await rawServer(t, async (connection) => {
      await connection.head();
      early = connection.received.length - connection.at;
      await connection.send(CONTINUE);
      await connection.send(ok(await connection.bytes(4)));
      await connection.rest();
    });
    await expectRun(
      ["exchange", server, "continue_ms=-1", "POST", "/", "body", EXPECT],
      connected,
      exchange("/", "body", { sent: 4 }),
    );
    assert.equal(early, 0);
  });

  test("expect_continue_answered_by_417_sends_nothing_of_a_whole_body", async (t) => {
    const server = await answering(t, [
      lines("HTTP/1.1 417 Expectation Failed", "Content-Length: 0"),
    ]);
    await expectRun(
      ["exchange", server, "continue_ms=-1", "POST", "/", "body", EXPECT],
      connected,
      exchange("/", "", { code: 417, end: "DISCONNECTED" }),
    );
    await server.connections[0].closed;
    assert.match(received(server), /\r\n\r\n$/, "the head is all that was sent");
  });

  test("answer_413_while_a_whole_body_is_being_sent_can_be_read", async (t) => {
    const server = await rawServer(t, async (connection) => {
      await connection.head();
      connection.socket.pause();
      await connection.send(TOO_LARGE, "too much");
      await new Promise((resolve) => connection.socket.once("close", resolve));
    });
    await expectRun(
      ["exchange", server, "POST", "/", `@${64 * 1024 * 1024}`],
      connected,
      exchange("/", "too much", {
        code: 413,
        headers: ["Content-Length: 8", "X-A: 1"],
        end: "DISCONNECTED",
        sent: "…",
      }),
    );
  });

  test("more_and_less_than_the_announced_length_is_refused", async (t) => {
    const server = await rawServer(t, async (connection) => {
      await connection.head();
      await connection.send(ok(await connection.bytes(10)));
      const head = await connection.head();
      assert.match(head, /^POST \/whole /);
      await connection.send(ok(await connection.bytes(3)));
      await connection.rest();
    });
    await expectRun(
      ["upload_wrongly", server],
      connected,
      "write before the request: UNCONFIGURED: …",
      "finish before the request: UNCONFIGURED: …",
      "request: OK",
      "status REQUESTING",
      "write 6: OK",
      "written 6",
      "finish after 6: INVALID_PARAMETER: …4 bytes shorter…",
      "write 5 more: INVALID_PARAMETER: …",
      "written 99",
      "write 4 more: OK",
      "written 4",
      "write 1 more: INVALID_PARAMETER: …",
      "finish: OK",
      "finish twice: UNCONFIGURED: …",
      exchange("/put", "0123456789", { sent: 10 }).slice(2),
      "write after the end: UNCONFIGURED: …",
      "request: OK",
      "status REQUESTING",
      "write where the body is whole: UNCONFIGURED: …",
      exchange("/whole", "abc", { sent: 3 }).slice(2),
    );
    assert.match(received(server), /\r\n\r\n0123456789POST \/whole /);
  });

  test("unfinished_upload_is_ended_by_close", async (t) => {
    let got;
    const server = await uploadServer(t, async (connection) => {
      got = await connection.rest();
    });
    await expectRun(
      ["upload_unfinished", server],
      requested,
      "write: OK",
      "finish: INVALID_PARAMETER: …7 bytes shorter…",
      "sent 3",
      "status DISCONNECTED",
      "sent 0",
      connected,
      afterwards,
    );
    assert.equal(got.toString(), "012");
  });

  test("nothing_can_follow_a_finished_upload", async (t) => {
    const server = await uploadServer(t, async (connection) => {
      const { body } = await readChunked(connection);
      await connection.send(ok(body));
    });
    await expectRun(
      ["upload_finished", server],
      requested,
      "write: OK",
      "write nothing: OK",
      "written 0",
      "finish: OK",
      "finish twice: UNCONFIGURED: …",
      "write: UNCONFIGURED: …",
      exchange("/upload", "012", { sent: 3 }).slice(2),
      afterwards,
    );
    assert.match(received(server), /\r\n\r\n3\r\n012\r\n0\r\n\r\nGET \/after /);
  });

  test("empty_streamed_bodies_are_complete", async (t) => {
    for (const length of [0, -1]) {
      const server = await uploadServer(t, async (connection, head) => {
        if (length < 0) assert.equal((await readChunked(connection)).body.length, 0);
        else assert.match(head, /\r\nContent-Length: 0\r\n/);
        await connection.send(ok("thanks"));
      });
      await expectRun(["upload", server, length, 0, 0], requested, uploaded(0), afterwards);
    }
  });
});

/** Says "welcome", then gives each line back in capitals, until the client has no more. */
async function tunnelServer(t, answer) {
  const ended = event();
  const server = await rawServer(t, async (connection) => {
    await connection.head();
    await connection.send(answer, "welcome\n");
    for (const _ of [1, 2]) await connection.send((await connection.until("\n")).toUpperCase());
    assert.equal((await connection.rest()).length, 0);
    await connection.send("bye\n");
    connection.end();
    ended.resolve();
  });
  return Object.assign(server, { ended: ended.promise });
}

const tunnelled = (headers, code, url) => [
  connected,
  "request: OK",
  "status REQUESTING",
  "status BODY",
  `response ${code}, length -1, hint -1, ${url}`,
  headers.map((line) => `header: ${line}`),
  'tunnel gives 8 bytes "welcome?"',
  "wrote 6",
  'tunnel gives 6 bytes "FIRST?"',
  "wrote 7",
  'tunnel gives 7 bytes "SECOND?"',
  "request: BUSY: …",
  "finish: OK",
  'body 4 bytes "bye?"',
  "status DISCONNECTED",
  "received 25, sent 13",
];

describe("Tunnels", () => {
  test("101_to_an_upgrade_is_final_and_opens_a_tunnel", async (t) => {
    const headers = ["Connection: Upgrade", "Upgrade: shout", "Content-Length: 3"];
    const server = await tunnelServer(t, lines("HTTP/1.1 101 Switching Protocols", ...headers));
    await expectRun(
      ["tunnel", server, "GET", "/up", "Connection: upgrade", "Upgrade: shout"],
      tunnelled(headers, 101, "http://127.0.0.1:PORT/up"),
    );
    await server.ended;
  });

  for (const code of [200, 204, 299]) {
    test(`${code}_to_CONNECT_opens_a_tunnel`, async (t) => {
      const headers = ["Content-Length: 3"];
      const server = await tunnelServer(t, lines(`HTTP/1.1 ${code} Connected`, ...headers));
      await expectRun(
        ["tunnel", server, "CONNECT", "example.org:443"],
        tunnelled(headers, code, "example.org:443"),
      );
      await server.ended;
    });
  }

  test("refusal_of_CONNECT_is_a_response_like_any_other", async (t) => {
    const answer = `${lines("HTTP/1.1 403 Forbidden", "Content-Length: 2")}no`;
    const server = await answering(t, [answer]);
    await expectRun(
      ["exchange", server, "CONNECT", "example.org:443", "-"],
      connected,
      exchange("example.org:443", "no", { code: 403 }),
    );
  });

  test("refusal_of_an_upgrade_is_a_response_like_any_other", async (t) => {
    const server = await answering(t, [ok("no")]);
    await expectRun(
      ["exchange", server, "GET", "/", "-", "Connection: upgrade", "Upgrade: shout"],
      connected,
      exchange("/", "no"),
    );
  });
});
