// SPDX-License-Identifier: MIT
// responses: heads, and what they say of the body: framing, interim responses, no body at all. The
// servers send exact bytes.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { expectNoReuse, expectReuse, get, getTwice } from "./lib/exchanges.mjs";
import { brokenExchange, connected, exchange, expectRun, failedRequest } from "./lib/run.mjs";
import { answering, answeringOnce, lines, ok, rawServer } from "./lib/servers.mjs";

const CHUNKED = "Transfer-Encoding: chunked";

describe("Reading the response", () => {
  describe("the head", () => {
    test("status_line_that_is_not_HTTP_is_a_protocol_error", async (t) => {
      for (const answer of [
        "SSH-2.0-OpenSSH\r\n",
        "200 OK\r\n\r\n",
        "<html>",
        "HTTP/2.0 200 OK\r\n\r\n",
      ]) {
        const server = await answering(t, [answer]);
        await expectRun(get(server), connected, failedRequest("PROTOCOL"));
      }
    });

    test("head_over_64_KiB_is_too_large_and_the_detail_names_the_option", async (t) => {
      const field = `X-Long: ${"a".repeat(1000)}\r\n`;
      const server = await answering(t, [`HTTP/1.1 200 OK\r\n${field.repeat(70)}\r\n`]);
      await expectRun(get(server), connected, failedRequest("TOO_LARGE", "…65536…max_head_bytes…"));
    });

    test("head_without_an_end_is_too_large", async (t) => {
      const server = await rawServer(t, async (connection) => {
        await connection.head();
        await connection.send("HTTP/1.1 200 OK\r\nX-Long: ");
        for (;;) await connection.send("a".repeat(65536));
      });
      await expectRun(get(server), connected, failedRequest("TOO_LARGE", "…max_head_bytes…"));
    });

    test("head_of_just_64_KiB_is_read", async (t) => {
      const rest = lines("HTTP/1.1 200 OK", "Content-Length: 0", "X-Long: ");
      const long = "a".repeat(65536 - rest.length);
      const head = lines("HTTP/1.1 200 OK", "Content-Length: 0", `X-Long: ${long}`);
      assert.equal(head.length, 65536);
      const server = await answering(t, [head, head.replace("X-Long: ", "X-Long: b")]);
      await expectRun(
        getTwice(server),
        connected,
        "request: OK",
        "status REQUESTING",
        "status CONNECTED",
        "response 200, length 0, hint 0, http://127.0.0.1:PORT/",
        "header: Content-Length: 0",
        "header: X-Long: aaaa…",
        'body 0 bytes ""',
        "received 0, sent 0",
        failedRequest("TOO_LARGE"),
      );
    });

    test("limit_on_the_head_is_an_option", async (t) => {
      const answer = lines("HTTP/1.1 200 OK", "Content-Length: 0", `X-Long: ${"a".repeat(200)}`);
      const server = await answering(t, [answer]);
      await expectRun(
        get(server, `max_head_bytes=${answer.length - 1}`),
        connected,
        failedRequest("TOO_LARGE", `…${answer.length - 1}…max_head_bytes…`),
      );
      await expectRun(
        get(server, `max_head_bytes=${answer.length}`),
        connected,
        "…",
        "received 0, sent 0",
      );
    });

    test("more_than_256_fields_are_too_many_and_the_detail_names_the_option", async (t) => {
      const fields = (count) => Array.from({ length: count }, (_, i) => `X-${i}: ${i}`);
      const head = (count) => lines("HTTP/1.1 200 OK", "Content-Length: 0", ...fields(count - 1));
      const server = await answering(t, [head(256), head(257)]);
      await expectRun(
        getTwice(server),
        connected,
        exchange("/", "", { headers: ["Content-Length: 0", ...fields(255)] }),
        failedRequest("TOO_LARGE", "…256…max_header_count…"),
      );
    });

    test("limit_on_the_fields_is_an_option", async (t) => {
      const server = await answering(t, [
        lines("HTTP/1.1 200 OK", "Content-Length: 0", "A: 1", "B: 2"),
      ]);
      await expectRun(
        get(server, "max_header_count=2"),
        connected,
        failedRequest("TOO_LARGE", "…2…max_header_count…"),
      );
      await expectRun(get(server, "max_header_count=3"), connected, "…", "received 0, sent 0");
    });

    test("header_lines_keep_order_and_spelling_and_lose_white_space_around_values", async (t) => {
      const head = lines(
        "HTTP/1.1 200 OK",
        "content-LENGTH:\t0  ",
        "X-Folded: a",
        " b",
        "\t c",
        "x-twice: 1",
        "X-Empty:",
        "X-Twice: 2",
      );
      const server = await answering(t, [head]);
      await expectRun(
        get(server),
        connected,
        exchange("/", "", {
          headers: [
            "content-LENGTH: 0",
            "X-Folded: a b c",
            "x-twice: 1",
            "X-Empty: ",
            "X-Twice: 2",
          ],
        }),
      );
    });

    for (const [name, field] of [
      ["a_space_before_the_colon", "X-A : 1"],
      ["no_colon", "X-A"],
      ["an_empty_name", ": 1"],
      ["NUL", "X-A: 1\0"],
      ["a_bare_CR", "X-A: 1\r2"],
    ]) {
      test(`field_with_${name}_is_a_protocol_error`, async (t) => {
        const server = await answering(t, [lines("HTTP/1.1 200 OK", "Content-Length: 0", field)]);
        await expectRun(get(server), connected, failedRequest("PROTOCOL"));
      });
    }

    test("head_that_comes_byte_by_byte_is_read", async (t) => {
      const server = await rawServer(t, async (connection) => {
        await connection.head();
        for (const byte of ok("hello").toString()) await connection.send(byte);
        await connection.rest();
      });
      await expectRun(get(server), connected, exchange("/", "hello"));
    });

    for (const [name, answer] of [
      ["without_answering", ""],
      ["in_the_middle_of_the_head", "HTTP/1.1 200 OK\r\nContent-Le"],
    ]) {
      test(`server_that_goes_${name}_is_a_connection_error`, async (t) => {
        const server = await answeringOnce(t, answer);
        await expectRun(get(server), connected, failedRequest("CONNECTION_ERROR", "…closed…"));
      });

      test(`server_that_resets_${name}_is_a_connection_error`, async (t) => {
        const server = await answeringOnce(t, answer, { reset: true });
        await expectRun(get(server), connected, failedRequest("CONNECTION_ERROR"));
      });
    }
  });

  describe("lists of tokens", () => {
    const body = "5\r\nhello\r\n0\r\n\r\n";
    for (const value of ["chunked", "Chunked", "CHUNKED", " chunked ", ", chunked ,"]) {
      test(`transfer_encoding_"${value}"_is_chunked`, async (t) => {
        const field = `Transfer-Encoding: ${value.trim()}`;
        const answer = `${lines("HTTP/1.1 200 OK", `Transfer-Encoding: ${value}`)}${body}`;
        await expectReuse(
          t,
          answer,
          exchange("/", "hello", { chunked: true, length: -1, headers: [field] }),
        );
      });
    }

    for (const value of ["gzip", "gzip, chunked", "chunked, chunked", "identity", "xchunked"]) {
      test(`transfer_encoding_"${value}"_is_a_protocol_error`, async (t) => {
        const answer = `${lines("HTTP/1.1 200 OK", `Transfer-Encoding: ${value}`)}${body}`;
        const server = await answering(t, [answer]);
        await expectRun(get(server), connected, failedRequest("PROTOCOL"));
      });
    }

    for (const value of ["close", "Close", "CLOSE", "x, close", "close,keep-alive"]) {
      test(`connection_"${value}"_ends_the_connection`, async (t) => {
        const field = `Connection: ${value}`;
        await expectNoReuse(
          t,
          ok("hello", field),
          exchange("/", "hello", { headers: ["Content-Length: 5", field], end: "DISCONNECTED" }),
        );
      });
    }

    for (const value of ["keep-alive", "x-close", "closed", "upgrade, x"]) {
      test(`connection_"${value}"_keeps_it`, async (t) => {
        const field = `Connection: ${value}`;
        await expectReuse(
          t,
          ok("hello", field),
          exchange("/", "hello", { headers: ["Content-Length: 5", field] }),
        );
      });
    }

    test("HTTP_1_0_ends_the_connection_unless_it_is_told_to_keep_it", async (t) => {
      const old = (...fields) => `${lines("HTTP/1.0 200 OK", "Content-Length: 5", ...fields)}hello`;
      await expectNoReuse(t, old(), exchange("/", "hello", { end: "DISCONNECTED" }));
      const field = "Connection: Keep-Alive";
      const headers = ["Content-Length: 5", field];
      await expectReuse(t, old(field), exchange("/", "hello", { headers }));
    });

    test("request_that_says_close_ends_the_connection", async (t) => {
      const server = await answering(t, [ok("hello")]);
      await expectRun(
        [...get(server), "Connection: x, Close"],
        connected,
        exchange("/", "hello", { end: "DISCONNECTED" }),
      );
    });
  });

  describe("Content-Length", () => {
    for (const values of [["5", "5"], ["5, 5"], ["5,5", "5"]]) {
      test(`equal_repeats_"${values.join('" "')}"_are_one`, async (t) => {
        const fields = values.map((value) => `Content-Length: ${value}`);
        const answer = `${lines("HTTP/1.1 200 OK", ...fields)}hello`;
        await expectReuse(t, answer, exchange("/", "hello", { headers: fields }));
      });
    }

    for (const values of [
      ["5", "6"],
      ["5, 6"],
      ["+5"],
      ["-5"],
      ["5x"],
      ["0x5"],
      ["5 5"],
      ["5.0"],
      [""],
      ["9223372036854775808"],
      ["18446744073709551621"],
    ]) {
      test(`"${values.join('" "')}"_is_a_protocol_error`, async (t) => {
        const fields = values.map((value) => `Content-Length: ${value}`);
        const server = await answering(t, [`${lines("HTTP/1.1 200 OK", ...fields)}hello`]);
        await expectRun(get(server), connected, failedRequest("PROTOCOL", "…Content-Length…"));
      });
    }

    test("it_is_ignored_with_transfer_encoding_and_the_connection_is_not_reused", async (t) => {
      const headers = ["Content-Length: 3", CHUNKED];
      await expectNoReuse(
        t,
        `${lines("HTTP/1.1 200 OK", ...headers)}5\r\nhello\r\n0\r\n\r\n`,
        exchange("/", "hello", { chunked: true, length: -1, headers, end: "DISCONNECTED" }),
      );
    });

    for (const size of [4294967296, 5000000000, 9223372036854775807n]) {
      test(`length_of_${size}_is_told_exactly`, async (t) => {
        const headers = [`Content-Length: ${size}`];
        const server = await answeringOnce(t, `${lines("HTTP/1.1 200 OK", ...headers)}hello`);
        await expectRun(
          get(server),
          connected,
          brokenExchange("/", "hello", "BODY_TRUNCATED", {
            length: size,
            headers,
            detail: `…5 of the ${size} bytes…`,
          }),
        );
      });
    }
  });

  describe("interim responses", () => {
    const interim = (code) => lines(`HTTP/1.1 ${code} Interim`, "X-Interim: 1");
    for (const code of [100, 102, 103, 199]) {
      test(`${code}_is_skipped`, async (t) => {
        await expectReuse(
          t,
          Buffer.concat([Buffer.from(interim(code)), ok("hello")]),
          exchange("/", "hello"),
        );
      });
    }

    test("interim_responses_that_come_one_by_one_are_skipped", async (t) => {
      const server = await rawServer(t, async (connection) => {
        await connection.head();
        for (const code of [100, 103, 103]) await connection.send(interim(code));
        await connection.send(ok("hello"));
        await connection.rest();
      });
      await expectRun(get(server), connected, exchange("/", "hello"));
    });

    test("32_interim_responses_are_skipped", async (t) => {
      await expectReuse(
        t,
        Buffer.concat([Buffer.from(interim(103).repeat(32)), ok("hello")]),
        exchange("/", "hello"),
      );
    });

    test("33_interim_responses_are_too_many_unless_the_option_says_more", async (t) => {
      const server = await answering(t, [
        Buffer.concat([Buffer.from(interim(103).repeat(33)), ok("hello")]),
      ]);
      const failed = failedRequest("TOO_LARGE", "…32…max_interim_responses…");
      await expectRun(get(server), connected, failed);
      await expectRun(get(server, "max_interim_responses=33"), connected, exchange("/", "hello"));
    });

    test("101_that_was_not_asked_for_is_a_protocol_error", async (t) => {
      const server = await answering(t, [lines("HTTP/1.1 101 Switching Protocols", "Upgrade: x")]);
      await expectRun(get(server), connected, failedRequest("PROTOCOL", "…101…"));
    });
  });

  describe("responses without a body", () => {
    for (const [name, fields] of [
      ["chunked", [CHUNKED]],
      ["a_length", ["Content-Length: 1000"]],
      ["neither", []],
    ]) {
      test(`HEAD_with_${name}_ends_at_once`, async (t) => {
        await expectReuse(
          t,
          lines("HTTP/1.1 200 OK", ...fields),
          exchange("/", "", { headers: fields, length: 0 }),
          (server) => ["exchange", server, "HEAD", "/", "-"],
        );
      });

      for (const code of [204, 304]) {
        test(`${code}_with_${name}_ends_at_once`, async (t) => {
          await expectReuse(
            t,
            lines(`HTTP/1.1 ${code} Nothing`, ...fields),
            exchange("/", "", { code, headers: fields, length: 0 }),
          );
        });
      }
    }

    test("content_length_0_ends_at_once", async (t) => {
      await expectReuse(t, ok(""), exchange("/", ""));
    });
  });
});
