// SPDX-License-Identifier: MIT
// bodies: bodies as they come, their ends, and what is left over; the getters; how much is read at
// a time.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { expectNoReuse, expectReuse, get } from "./lib/exchanges.mjs";
import { brokenExchange, connected, digest, exchange, expectRun, pattern } from "./lib/run.mjs";
import { answering, answeringOnce, event, lines, ok, rawServer } from "./lib/servers.mjs";

const CHUNKED = "Transfer-Encoding: chunked";

describe("Reading the response", () => {
  describe("bodies until the connection closes", () => {
    test("body_without_a_length_is_read_until_the_end_and_all_metadata_stays", async (t) => {
      const body = pattern(100_000);
      const server = await answeringOnce(
        t,
        Buffer.concat([Buffer.from(lines("HTTP/1.1 200 OK", "X-A: 1")), body]),
      );
      await expectRun(
        get(server),
        connected,
        exchange("/", body, { length: -1, headers: ["X-A: 1"], end: "DISCONNECTED" }),
      );
    });

    test("empty_body_until_the_end_is_no_error", async (t) => {
      const server = await answeringOnce(t, lines("HTTP/1.1 200 OK"));
      await expectRun(
        get(server),
        connected,
        exchange("/", "", { length: -1, headers: [], end: "DISCONNECTED", hasBody: true }),
      );
    });

    test("reset_is_an_error_after_the_bytes_that_came", async (t) => {
      const told = event();
      const server = await rawServer(t, async (connection, index) => {
        await connection.head();
        if (index === 1) {
          told.resolve();
          await connection.send(ok(""));
          return;
        }
        await connection.send(`${lines("HTTP/1.1 200 OK")}hello`);
        await told.promise;
        connection.reset();
      });
      await expectRun(
        ["reset_in_body", server],
        connected,
        "request: OK",
        "status REQUESTING",
        "status BODY",
        'first 5 bytes "hello"',
        'body 0 bytes ""',
        "read: CONNECTION_ERROR: …after 5 bytes…",
        "status CONNECTION_ERROR",
        "received 5, sent 0",
        "response 200, length -1, hint -1, http://127.0.0.1:PORT/",
      );
    });
  });

  describe("chunks", () => {
    const chunked = (body) => `${lines("HTTP/1.1 200 OK", CHUNKED)}${body}`;
    const chunkedExchange = (body, options) =>
      exchange("/", body, { chunked: true, length: -1, headers: [CHUNKED], ...options });
    const broken = (body, error, options) =>
      brokenExchange("/", body, error, { chunked: true, headers: [CHUNKED], ...options });

    test("chunks_are_joined_and_the_length_is_unknown", async (t) => {
      await expectReuse(t, chunked("3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n"), chunkedExchange("hello"));
    });

    test("chunk_extensions_are_skipped", async (t) => {
      const body = '5;a=b;c="d;\\"e"\r\nhello\r\n00;last\r\n\r\n';
      await expectReuse(t, chunked(body), chunkedExchange("hello"));
    });

    test("chunk_extensions_without_an_end_are_refused", async (t) => {
      const server = await rawServer(t, async (connection) => {
        await connection.head();
        await connection.send(chunked("5;"));
        for (;;) await connection.send("a".repeat(65536));
      });
      await expectRun(
        get(server),
        connected,
        "…",
        'body 0 bytes ""',
        "read: TOO_LARGE: …",
        "status CONNECTION_ERROR",
        "…",
      );
    });

    test("part_of_a_chunk_is_delivered_as_it_comes", async (t) => {
      const told = event();
      const server = await rawServer(t, async (connection, index) => {
        await connection.head();
        if (index === 1) {
          await connection.send(ok(""));
          told.resolve();
          return;
        }
        await connection.send(chunked("a\r\nhello"));
        await told.promise;
        await connection.send("world\r\n0\r\n\r\n");
        await connection.rest();
      });
      await expectRun(
        ["part", server],
        connected,
        "request: OK",
        "status REQUESTING",
        "status BODY",
        'first 5 bytes "hello"',
        'body 5 bytes "world"',
        "status CONNECTED",
        "received 10, sent 0",
      );
    });

    for (const into of [0, 1, 100]) {
      test(`thousands_of_small_chunks_are_read_into_${into || "views"}`, async (t) => {
        const all = pattern(20_000);
        const parts = [Buffer.from(lines("HTTP/1.1 200 OK", CHUNKED))];
        for (let at = 0; at < all.length; at += 4) {
          parts.push(Buffer.from("4\r\n"), all.subarray(at, at + 4), Buffer.from("\r\n"));
        }
        parts.push(Buffer.from("0\r\n\r\n"));
        const server = await answering(t, [Buffer.concat(parts)]);
        await expectRun(get(server, `into=${into}`), connected, chunkedExchange(all));
      });
    }

    test("chunk_larger_than_16_MiB_is_delivered", async (t) => {
      const size = 17 * 1024 * 1024;
      const body = pattern(size);
      const server = await rawServer(t, async (connection) => {
        await connection.head();
        await connection.send(chunked(`${size.toString(16)}\r\n`), body, "\r\n0\r\n\r\n");
        await connection.rest();
      });
      await expectRun(get(server), connected, chunkedExchange(body));
    });

    test("chunk_size_of_4_GiB_is_taken", async (t) => {
      const server = await answeringOnce(t, chunked("100000000\r\nhello"));
      await expectRun(get(server), connected, broken("hello", "BODY_TRUNCATED"));
    });

    test("chunk_size_of_63_bits_is_taken", async (t) => {
      const server = await answeringOnce(t, chunked("7fffffffffffffff\r\nhello"));
      await expectRun(get(server), connected, broken("hello", "BODY_TRUNCATED"));
    });

    for (const [name, body] of [
      ["over_63_bits", "8000000000000000\r\nhello"],
      ["that_is_not_hexadecimal", "5x\r\nhello"],
      ["that_is_negative", "-5\r\nhello"],
      ["with_a_prefix", "0x5\r\nhello"],
      ["that_is_empty", "\r\nhello"],
    ]) {
      test(`chunk_size_${name}_is_refused`, async (t) => {
        const server = await answering(t, [chunked(body)]);
        await expectRun(get(server), connected, broken("", "PROTOCOL"));
      });
    }

    test("chunk_without_its_CR_LF_is_refused_after_its_bytes", async (t) => {
      const server = await answering(t, [chunked("5\r\nhelloX\r\n0\r\n\r\n")]);
      await expectRun(get(server), connected, broken("hello", "PROTOCOL"));
    });

    for (const [name, body, read] of [
      ["in_a_chunk", "5\r\nhello\r\n5\r\nwor", "hellowor"],
      ["between_chunks", "5\r\nhello\r\n", "hello"],
      ["in_a_chunk_size", "5\r\nhello\r\n5", "hello"],
      ["before_the_last_empty_line", "5\r\nhello\r\n0\r\n", "hello"],
      ["before_all_chunks", "", ""],
    ]) {
      test(`chunked_body_that_ends_${name}_is_truncated_and_its_bytes_are_read_first`, async (t) => {
        const server = await answeringOnce(t, chunked(body));
        await expectRun(get(server), connected, broken(read, "BODY_TRUNCATED"));
      });
    }

    test("trailers_are_readable_after_the_end_apart_from_the_headers", async (t) => {
      const body = "5\r\nhello\r\n0\r\nX-T: 1\r\nx-t:  2 \r\nContent-Length: 3\r\n\r\n";
      await expectReuse(
        t,
        chunked(body),
        chunkedExchange("hello", { trailers: ["X-T: 1", "x-t: 2", "Content-Length: 3"] }),
      );
    });

    test("trailers_over_the_limit_of_the_head_are_too_large", async (t) => {
      const trailers = `X-Long: ${"a".repeat(1000)}\r\n`.repeat(70);
      const server = await answering(t, [chunked(`5\r\nhello\r\n0\r\n${trailers}\r\n`)]);
      await expectRun(get(server), connected, broken("hello", "TOO_LARGE"));
    });
  });

  describe("ends and leftovers", () => {
    test("body_shorter_than_its_length_is_truncated_and_its_bytes_are_read_first", async (t) => {
      const headers = ["Content-Length: 10"];
      const server = await answeringOnce(t, `${lines("HTTP/1.1 200 OK", ...headers)}hello`);
      await expectRun(
        get(server),
        connected,
        brokenExchange("/", "hello", "BODY_TRUNCATED", {
          length: 10,
          headers,
          detail: "…5 of the 10…",
        }),
      );
    });

    test("body_that_never_begins_is_truncated", async (t) => {
      const headers = ["Content-Length: 10"];
      const server = await answeringOnce(t, lines("HTTP/1.1 200 OK", ...headers));
      await expectRun(
        get(server),
        connected,
        brokenExchange("/", "", "BODY_TRUNCATED", { length: 10, headers }),
      );
    });

    test("bytes_after_a_complete_message_leave_it_but_end_the_connection", async (t) => {
      const headers = ["Content-Length: 5"];
      await expectNoReuse(
        t,
        `${lines("HTTP/1.1 200 OK", ...headers)}helloHTTP/1.1 200 OK\r\n\r\n`,
        exchange("/", "hello", { headers, end: "DISCONNECTED" }),
      );
    });

    test("bytes_after_the_last_chunk_end_the_connection", async (t) => {
      await expectNoReuse(
        t,
        `${lines("HTTP/1.1 200 OK", CHUNKED)}5\r\nhello\r\n0\r\n\r\nX`,
        exchange("/", "hello", {
          chunked: true,
          length: -1,
          headers: [CHUNKED],
          end: "DISCONNECTED",
        }),
      );
    });

    test("bytes_after_a_head_without_a_body_end_the_connection", async (t) => {
      await expectNoReuse(
        t,
        `${lines("HTTP/1.1 204 No Content")}hello`,
        exchange("/", "", { code: 204, headers: [], length: 0, end: "DISCONNECTED" }),
      );
    });

    test("close_in_the_middle_of_a_chunk_leaves_nothing_for_the_next_response", async (t) => {
      const server = await rawServer(t, async (connection) => {
        const head = await connection.head();
        if (head.startsWith("GET /first")) {
          await connection.send(lines("HTTP/1.1 200 OK", CHUNKED, "X-Old: 1"), "ff\r\nhel");
        } else {
          await connection.send(lines("HTTP/1.1 200 OK", CHUNKED), "6\r\nsecond\r\n0\r\n\r\n");
        }
        await connection.rest();
      });
      await expectRun(
        ["unread", server],
        connected,
        "request: OK",
        "status REQUESTING",
        "status BODY",
        "request: BUSY: …",
        "response 200, length -1, hint -1, chunked, http://127.0.0.1:PORT/first",
        `header: ${CHUNKED}`,
        "header: X-Old: 1",
        "status DISCONNECTED",
        connected,
        exchange("/second", "second", { chunked: true, length: -1, headers: [CHUNKED] }),
      );
    });
  });

  describe("getters", () => {
    test("getters_consume_nothing_and_keep_the_response_until_the_next_connection", async (t) => {
      const server = await rawServer(t, async (connection) => {
        const head = await connection.head();
        const isFirst = head.startsWith("POST");
        if (isFirst) await connection.bytes(5);
        const fields = isFirst ? ["Connection: close", "X-A: 1", "x-a: 2"] : ["X-Second: 1"];
        await connection.send(ok(isFirst ? "hello" : "", ...fields));
        await connection.rest();
      });
      const none = [
        'has 0, code 0, chunked 0, length -1, hint -1, url ""',
        "headers 0, last none, x-a none, names 0",
      ];
      const idle = 'trailers 0, received 0, sent 0, error FERRY_OK, detail ""';
      const first = [
        'has 1, code 200, chunked 0, length 5, hint 5, url "http://127.0.0.1:PORT/a?b"',
        "headers 4, last x-a: 2, x-a 1, names 3",
      ];
      const unread = 'trailers 0, received 0, sent 5, error FERRY_OK, detail ""';
      const read = 'trailers 0, received 5, sent 5, error FERRY_OK, detail ""';
      await expectRun(
        ["getters", server],
        ["-- new", none, idle],
        connected,
        ["-- connected", none, idle],
        "request: OK",
        "status REQUESTING",
        "status BODY",
        ["-- head received", first, unread],
        ["-- again", first, unread],
        'body 5 bytes "hello"',
        "status DISCONNECTED",
        "received 5, sent 5",
        ["-- ended", first, read],
        ["-- again", first, read],
        ["-- polled", first, read],
        "request: UNCONFIGURED: …",
        [
          "-- refused",
          first,
          'trailers 0, received 5, sent 5, error FERRY_OK, detail "…connect_to_host…"',
        ],
        connected,
        ["-- connected again", none, idle],
        "request: OK",
        "status REQUESTING",
        ["-- requested", none, idle],
        "status CONNECTED",
        "response 200, length 0, hint 0, http://127.0.0.1:PORT/c",
        "header: Content-Length: 0",
        "header: X-Second: 1",
        'body 0 bytes ""',
        "received 0, sent 0",
        "status DISCONNECTED",
        ["-- closed", none, idle],
      );
    });

    test("dictionary_joins_values_and_keeps_the_first_spelling", async (t) => {
      const fields = ["Set-Cookie: a=1", "X-A: one", "set-cookie: b=2", "SET-COOKIE: c=3", "x-a:"];
      const server = await answering(t, [lines("HTTP/1.1 200 OK", "Content-Length: 0", ...fields)]);
      await expectRun(
        ["dictionary", server, "sEt-cOOkie", "x-A", "content-length", "absent", ""],
        connected,
        exchange("/", "", { headers: ["Content-Length: 0", ...fields.slice(0, 4), "x-a: "] }),
        "Content-Length = 0",
        "Set-Cookie = a=1; b=2; c=3",
        "X-A = one; ",
        "3 names, the first is Content-Length",
        "sEt-cOOkie[0] = a=1",
        "sEt-cOOkie[1] = b=2",
        "sEt-cOOkie[2] = c=3",
        "sEt-cOOkie has 3",
        "x-A[0] = one",
        "x-A[1] = ",
        "x-A has 2",
        "content-length[0] = 0",
        "content-length has 1",
        "absent has 0",
        " has 0",
      );
    });

    test("reading_where_there_is_no_response_is_refused_and_after_the_end_gives_nothing", async (t) => {
      const server = await answering(t, [ok("hello")]);
      await expectRun(
        ["read_early", server],
        "read: UNCONFIGURED: …",
        connected,
        "read: UNCONFIGURED: …",
        "untouched 99",
        "request: OK",
        "status REQUESTING",
        "read: UNCONFIGURED: …",
        exchange("/", "hello").slice(2),
        "read: OK",
        "length 0",
        "read: OK",
        "length 0",
      );
    });
  });

  describe("pace", () => {
    /** Sends a body at once; a second connection is answered when the system has taken it all. */
    async function allAtOnce(t, answer) {
      const sent = event();
      return rawServer(t, async (connection, index) => {
        await connection.head();
        if (index === 1) {
          await sent.promise;
          await connection.send(ok(""));
          return;
        }
        await connection.send(answer);
        sent.resolve();
        await connection.rest();
      });
    }

    test("poll_budget_bounds_what_is_read_between_two_polls", async (t) => {
      const body = pattern(50_000);
      const server = await allAtOnce(t, ok(body));
      await expectRun(
        ["budget", server, "poll_budget_bytes=1000"],
        connected,
        "request: OK",
        "status REQUESTING",
        "status BODY",
        "the most between two polls 1000",
        `body ${digest(body)}`,
        "status CONNECTED",
      );
    });

    test("several_reads_may_come_between_two_polls", async (t) => {
      const body = pattern(50_000);
      const server = await allAtOnce(t, ok(body));
      await expectRun(
        ["budget", server, "read_chunk_size=1024", 1024],
        "set_read_chunk_size: OK",
        connected,
        "request: OK",
        "status REQUESTING",
        "status BODY",
        "more than 1024 between two polls: yes",
        `body ${digest(body)}`,
        "status CONNECTED",
      );
    });

    test("one_read_gives_several_chunks", async (t) => {
      const body = pattern(1000);
      const parts = [Buffer.from(lines("HTTP/1.1 200 OK", CHUNKED))];
      for (let at = 0; at < body.length; at += 10) {
        parts.push(Buffer.from("a\r\n"), body.subarray(at, at + 10), Buffer.from("\r\n"));
      }
      const server = await allAtOnce(t, Buffer.concat([...parts, Buffer.from("0\r\n\r\n")]));
      await expectRun(
        ["chunk_sizes", server, 10],
        connected,
        "request: OK",
        "status REQUESTING",
        "status BODY",
        "more than 10 at once: yes",
        `body ${digest(body)}`,
        "status CONNECTED",
      );
    });

    for (const size of [256, 4096]) {
      test(`read_chunk_size_${size}_bounds_one_read`, async (t) => {
        const body = pattern(20_000);
        const server = await allAtOnce(t, ok(body));
        await expectRun(
          ["chunk_sizes", server, `read_chunk_size=${size}`],
          "set_read_chunk_size: OK",
          connected,
          "request: OK",
          "status REQUESTING",
          "status BODY",
          `the most at once ${size}`,
          `body ${digest(body)}`,
          "status CONNECTED",
        );
      });
    }
  });
});
