// SPDX-License-Identifier: MIT
// client: what holds on every platform: connections that are kept, what ends them, streams of the
// program's own, properties, names, the log and memory.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import zlib from "node:zlib";
import { brokenExchange, connected, exchange, expectRun, quick } from "./lib/run.mjs";
import { answering, lines, ok, rawServer, received } from "./lib/servers.mjs";

const CHUNKED = "Transfer-Encoding: chunked";

describe("Keep-alive", () => {
  test("many_requests_go_over_one_connection", async (t) => {
    const server = await answering(t, [ok("hello")]);
    const one = exchange("/", "hello");
    // The lines of the second request to the last but one are not printed.
    await expectRun(["keep_alive", server, 500], connected, one, one);
    assert.equal(server.connections.length, 1);
    assert.equal(received(server).match(/^GET \/ HTTP/gm).length, 500);
  });

  /** The first connection is told by the second what to do while it is idle. */
  async function idleServer(t, act) {
    const server = await rawServer(t, async (connection, index) => {
      for (;;) {
        const head = await connection.head();
        if (index === 1) await act(server.connections[0]);
        await connection.send(ok(head.startsWith("GET /again") ? "again" : "hello"));
      }
    });
    return server;
  }

  const acts = {
    "end of the connection": (connection) => connection.end(),
    "reset of the connection": (connection) => connection.reset(),
    "response that nobody asked for": (connection) => connection.send(ok("more")),
    "single byte": (connection) => connection.send("H"),
  };
  for (const [name, act] of Object.entries(acts)) {
    test(`${name.replaceAll(" ", "_")}_while_idle_is_DISCONNECTED_and_no_error`, async (t) => {
      const server = await idleServer(t, act);
      await expectRun(
        ["idle", server, "act"],
        connected,
        exchange("/", "hello"),
        "status DISCONNECTED",
        "response 200, length 5, hint 5, http://127.0.0.1:PORT/",
        "header: Content-Length: 5",
        "request: UNCONFIGURED: …connect_to_host again",
        connected,
        exchange("/again", "again"),
      );
      assert.doesNotMatch(received(server), /refused/);
    });
  }

  const reasons = {
    "end of the connection": "closed the idle connection",
    "reset of the connection": "reset the connection",
    "response that nobody asked for": "bytes that nobody asked for",
    "single byte": "bytes that nobody asked for",
  };
  for (const mode of ["polling", "blocking"]) {
    const blocking = mode === "blocking" ? ["blocking=1"] : [];
    const set = mode === "blocking" ? ["set_blocking_mode: OK"] : [];

    for (const [name, act] of Object.entries(acts)) {
      test(`${name.replaceAll(" ", "_")}_that_nobody_has_seen_sends_nothing_${mode}`, async (t) => {
        const server = await idleServer(t, act);
        await expectRun(
          ["stale", server, ...blocking],
          set,
          connected,
          exchange("/", "hello"),
          "wait: OK",
          `request: CONNECT_AGAIN: …${reasons[name]}…: nothing was sent, connect again`,
          "status DISCONNECTED",
          connected,
          exchange("/again", "again"),
        );
        assert.doesNotMatch(received(server), /stale/);
      });
    }

    test(`twenty_requests_to_a_server_that_ends_each_connection_are_answered_${mode}`, async (t) => {
      let served = 0;
      const server = await rawServer(t, async (connection) => {
        await connection.head();
        await connection.bytes(9);
        served++;
        await connection.send(ok("hello"));
        connection.end();
      });
      await expectRun(
        ["sequence", server, ...blocking, 20],
        set,
        "20 answered, 19 times told to connect again",
      );
      assert.equal(served, 20);
    });

    test(`empty_line_that_nobody_has_seen_is_passed_over_${mode}`, async (t) => {
      const server = await idleServer(t, (connection) => connection.send("\r\n"));
      await expectRun(
        ["stale", server, ...blocking],
        set,
        connected,
        exchange("/", "hello"),
        "wait: OK",
        exchange("/stale", "hello"),
        exchange("/again", "again"),
      );
    });
  }
});

describe("Connections of the program's own", () => {
  test("exchanges_go_over_the_stream_and_the_client_destroys_it", async () => {
    await expectRun(
      ["stream", { port: 1 }],
      "set_connection: OK",
      "status CONNECTED",
      "connection is the stream: yes",
      "request: OK",
      "status REQUESTING",
      "wait: UNAVAILABLE: …",
      exchange("/a", "hello", { host: "localhost", sent: 4 }).slice(2),
      "the stream has got POST /a HTTP/1.1\\x0d\\x0aHost: localhost\\x0d\\x0aContent-Length: 4\\x0d\\x0a…\\x0d\\x0abody",
      exchange("/b", "gone", { host: "localhost", code: 404 }),
      "the stream has got GET /b HTTP/1.1\\x0d\\x0aHost: memory.example\\x0d\\x0a…\\x0d\\x0a\\x0d\\x0a",
      "status DISCONNECTED",
      "destroyed 1, connection none",
    );
  });

  test("end_of_a_stream_decides_what_a_body_until_close_is", async () => {
    const set = ["set_connection: OK", "status CONNECTED", "connection is the stream: yes"];
    const options = { host: "localhost", length: -1, headers: [] };
    const broken = (error, detail) =>
      brokenExchange("/", "hello", error, { detail }).map((line) =>
        String(line).replace("127.0.0.1:PORT", "localhost"),
      );
    await expectRun(
      ["stream_ends", { port: 1 }],
      [
        "-- in order",
        set,
        exchange("/", "hello", { ...options, end: "DISCONNECTED" }),
        "destroyed 1",
      ],
      ["-- truncated", set, broken("BODY_TRUNCATED", "…").filter(Boolean), "destroyed 1"],
      [
        "-- failed",
        set,
        broken("CONNECTION_ERROR", "…the memory is broken…").filter(Boolean),
        "destroyed 1",
      ],
    );
  });

  test("stream_is_destroyed_once_by_whatever_ends_it_and_kept_by_the_caller_if_refused", async (t) => {
    const server = await answering(t, [ok("")]);
    const set = ["set_connection: OK", "status CONNECTED", "connection is the stream: yes"];
    const setAgain = ["set_connection: OK", "connection is the stream: yes"];
    await expectRun(
      ["stream_dropped", server],
      "no read: INVALID_PARAMETER: …",
      "no write: INVALID_PARAMETER: …",
      "no destroy: INVALID_PARAMETER: …",
      set,
      "no destroy: INVALID_PARAMETER: …",
      "destroyed 0, CONNECTED",
      setAgain,
      "replaced: destroyed 1",
      "status DISCONNECTED",
      "closed: destroyed 2",
      set,
      "NULL: OK",
      "status DISCONNECTED",
      "unset: destroyed 3",
      set,
      connected,
      "connected elsewhere: destroyed 4",
      setAgain,
      "freed: destroyed 5",
      set,
      "request: OK",
      "status REQUESTING",
      "poll: CONNECTION_ERROR: …the memory is broken…",
      "status CONNECTION_ERROR",
      "broken: destroyed 6",
    );
  });
});

describe("Properties", () => {
  test("properties_have_limits_and_outlast_close", async (t) => {
    const server = await answering(t, [ok("")]);
    await expectRun(
      ["properties", server],
      "read_chunk_size 65536, blocking 0",
      "size 255",
      "set_read_chunk_size: INVALID_PARAMETER: …255…",
      "read_chunk_size 65536",
      "size 256",
      "set_read_chunk_size: OK",
      "read_chunk_size 256",
      "size 16777216",
      "set_read_chunk_size: OK",
      "read_chunk_size 16777216",
      "size 16777217",
      "set_read_chunk_size: INVALID_PARAMETER: …16777217…",
      "read_chunk_size 16777216",
      "size 0",
      "set_read_chunk_size: INVALID_PARAMETER: …0…",
      "read_chunk_size 16777216",
      "size 4096",
      "set_read_chunk_size: OK",
      "read_chunk_size 4096",
      "set_blocking_mode: OK",
      "read_chunk_size 4096, blocking 1",
      "set_blocking_mode: OK",
      "blocking 0",
      "connection none",
      connected,
      "connection there",
    );
  });

  test("enumerators_have_names_and_messages", async () => {
    const errors = [
      "FERRY_OK",
      ...`FAILED UNAVAILABLE UNCONFIGURED OUT_OF_MEMORY INVALID_PARAMETER BUSY TIMEOUT CANT_RESOLVE
        CANT_CONNECT CONNECTION_ERROR INVALID_DATA PROTOCOL BODY_TRUNCATED TOO_LARGE ABORTED
        UPLOAD_STOPPED TLS_HANDSHAKE TLS_CERTIFICATE NETWORK_OR_CORS`
        .split(/\s+/)
        .map((name) => `FERRY_ERROR_${name}`),
    ];
    const statuses = `DISCONNECTED RESOLVING CANT_RESOLVE CONNECTING CANT_CONNECT CONNECTED
      REQUESTING BODY CONNECTION_ERROR TLS_HANDSHAKE_ERROR`.split(/\s+/);
    await expectRun(
      ["names", { port: 1 }],
      "-1 …",
      errors.map((name, number) => `${number} ${name}`),
      "20 …",
      "-1 ?",
      statuses.map((name, number) => `${number} ${name}`),
      "10 ?",
      "the version is the header's: yes",
      "an allocator without functions is the default: yes",
    );
  });
});

describe("Log", () => {
  test("log_shows_statuses_and_both_heads_as_they_pass", async (t) => {
    const interim = lines("HTTP/1.1 103 Early Hints", "Link: </a>");
    const server = await answering(t, [`${interim}${ok("hello", "X-A: b\tc")}`]);
    await expectRun(
      ["exchange", server, "log=1", "user_agent=game/1", "GET", "/a", "-", "Accept-Encoding: x"],
      "log status: RESOLVING",
      connected.slice(0, 2),
      "log status: CONNECTING",
      "status CONNECTING",
      "log status: CONNECTED",
      "status CONNECTED",
      "log sent: GET /a HTTP/1.1",
      "log sent: Host: 127.0.0.1:PORT",
      "log sent: Accept-Encoding: x",
      "log sent: User-Agent: game/1",
      "log sent: Accept: */*",
      "log status: REQUESTING",
      "request: OK",
      "status REQUESTING",
      "log received: HTTP/1.1 103 Early Hints",
      "log received: Link: </a>",
      "log received: HTTP/1.1 200 OK",
      "log received: Content-Length: 5",
      "log received: X-A: b…c",
      "log status: BODY",
      "status BODY",
      "response 200, length 5, hint 5, http://127.0.0.1:PORT/a",
      "header: Content-Length: 5",
      "header: X-A: b\\x09c",
      "log status: CONNECTED",
      'body 5 bytes "hello"',
      "status CONNECTED",
      "received 5, sent 0",
    );
  });

  test("log_tells_which_addresses_are_tried_and_why_a_connection_ends", async (t) => {
    const server = await answering(t, [Buffer.concat([ok("hello"), Buffer.from("more")])]);
    await expectRun(
      ["exchange", server, "log=2", "GET", "/", "-"],
      "…",
      "log info: …127.0.0.1:PORT…",
      "…",
      "log info: …more than the response…",
      "…",
    );
  });

  test("log_replaces_control_characters_of_the_network_and_cuts_long_lines", async (t) => {
    const long = "a".repeat(3000);
    const server = await answering(t, [
      lines("HTTP/1.1 200 OK", "Content-Length: 0", "X-A: \x1b[31mred", `X-Long: ${long}`),
    ]);
    await expectRun(
      ["exchange", server, "log=1", "GET", "/", "-"],
      "…",
      "log received: X-A: ?[31mred",
      `log received: X-Long: ${"a".repeat(1023 - "X-Long: ".length)}`,
      "…",
    );
  });
});

describe("Memory", () => {
  const text = Buffer.from("ferry carries bytes. ".repeat(500));
  const zstd = Buffer.from("KLUv/QRo7QAAqGZlcnJ5IGNhcnJpZXMgYnl0ZXMuIAEA2RHykwnwNPiN", "base64");
  const packed = {
    gzip: zlib.gzipSync(text),
    deflate: zlib.deflateSync(text),
    br: zlib.brotliCompressSync(text),
    zstd,
  };

  /** Answers what the client's requests of this group ask for. */
  async function answerOne(connection, head) {
    const name = /^\S+ \/(\w+)/.exec(head)[1];
    if (/\r\nExpect: /.test(head)) await connection.send(lines("HTTP/1.1 100 Continue"));
    const length = /\r\nContent-Length: (\d+)/.exec(head);
    if (length) await connection.bytes(Number(length[1]));
    else if (/\r\nTransfer-Encoding: chunked/.test(head)) await connection.until("0\r\n\r\n");
    if (packed[name]) {
      await connection.send(ok(packed[name], `Content-Encoding: ${name}`));
    } else if (name === "chunked") {
      await connection.send(lines("HTTP/1.1 200 OK", CHUNKED, "X-A: 1", "x-a: 2"));
      await connection.send("5;a=b\r\nhello\r\n0\r\nX-T: 1\r\n\r\n");
    } else {
      await connection.send(ok("hello", "X-A: 1"));
    }
  }

  let server;
  let accepted = "";
  const closings = [];
  before(async () => {
    server = await rawServer({ after: (close) => closings.push(close) }, async (connection) => {
      for (;;) {
        const head = await connection.head();
        accepted = /\r\nAccept-Encoding: (.*)\r\n/.exec(head)?.[1] ?? accepted;
        await answerOne(connection, head);
      }
    });
    await expectRun(["exchange", server, "GET", "/get", "-"], connected, "…");
  });
  after(() => Promise.all(closings.map((close) => close())));

  const kinds = ["get", "post", "chunked", "gzip", "deflate", "br", "zstd"];
  const uploads = ["upload", "upload_chunked", "upload_expecting", "upload_read", "stream"];
  for (const kind of [...kinds, ...uploads]) {
    test(`${kind}_survives_each_allocation_that_fails_and_leaks_nothing`, async (t) => {
      if (packed[kind] && !accepted.includes(kind)) {
        t.skip(`${kind} is not built in`);
        return;
      }
      await expectRun(
        ["allocations", server, kind],
        "failed in the end: often",
        "succeeded in the end: yes",
        "without a sentence: 0",
        "other errors: 0",
        "unusable after close: 0",
        "leaked: 0",
      );
    });
  }

  test("requests_in_steady_state_allocate_nothing", async () => {
    await expectRun(
      ["steady", server, quick ? 10 : 1000],
      connected,
      "response 200, length 5, hint 5, http://127.0.0.1:PORT/get",
      "header: Content-Length: 5",
      "header: X-A: 1",
      "allocations: 0",
      "leaked: 0",
    );
  });

  test("allocator_with_some_functions_only_is_refused_and_not_asked", async () => {
    const results = Array.from({ length: 8 }, (_, i) => [
      `alloc ${i & 1}, realloc ${(i >> 1) & 1}, free ${i >> 2}: ${i === 7 ? "asked" : "not asked"}`,
      i === 0 || i === 7
        ? ["connect_to_host: OK", "status RESOLVING"]
        : "connect_to_host: INVALID_PARAMETER: …allocator…",
    ]);
    await expectRun(["partial_allocators", server], results, "leaked: 0");
  });
});
