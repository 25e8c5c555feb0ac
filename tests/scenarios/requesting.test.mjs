// SPDX-License-Identifier: MIT
// requesting: requests as they stand on the wire, byte for byte, and those that are refused.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { connected, digest, exchange, expectRun, pattern, run } from "./lib/run.mjs";
import { answering, lines, ok, rawServer, received } from "./lib/servers.mjs";

const empty = lines("HTTP/1.1 200 OK", "Content-Length: 0");
const emptied = (target, options) => exchange(target, "", options);

// What the library adds last, where the caller has set none of it.
const ADDED = ["Accept-Encoding: …", "User-Agent: ferry/0.1.0", "Accept: */*"];

/** Compares what a connection has received with lines, of which Accept-Encoding's value is free. */
function expectReceived(server, ...expected) {
  const text = expected.map((part) => (Array.isArray(part) ? lines(...part) : part)).join("");
  const accepts = /^(Accept-Encoding: )(?:gzip|deflate|br|zstd|, )+\r$/gm;
  assert.equal(received(server).replace(accepts, "$1…\r"), text);
}

/** Runs one exchange with a server that reads the head and answers; gives the server. */
async function sent(t, options, method, target, body, ...headers) {
  const server = await answering(t, [empty]);
  await run("exchange", server, ...options, method, target, body, ...headers);
  return server;
}

describe("Requesting", () => {
  for (const method of ["GET", "HEAD", "OPTIONS", "TRACE", "DELETE"]) {
    test(`${method}_without_a_body_has_no_length`, async (t) => {
      const server = await sent(t, [], method, "/a?b=c", "-");
      expectReceived(server, [`${method} /a?b=c HTTP/1.1`, "Host: 127.0.0.1:PORT", ...ADDED]);
    });
  }

  for (const method of ["POST", "PUT", "PATCH"]) {
    test(`empty_${method}_sends_content_length_0`, async (t) => {
      const server = await sent(t, [], method, "/a", "-");
      expectReceived(server, [
        `${method} /a HTTP/1.1`,
        "Host: 127.0.0.1:PORT",
        "Content-Length: 0",
        ...ADDED,
      ]);
    });
  }

  for (const method of ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"]) {
    test(`${method}_sends_its_body_and_its_length`, async (t) => {
      const server = await sent(t, [], method, "/a", "a=1&b=2");
      expectReceived(
        server,
        [`${method} /a HTTP/1.1`, "Host: 127.0.0.1:PORT", "Content-Length: 7", ...ADDED],
        "a=1&b=2",
      );
    });
  }

  for (const method of ["GET", "HEAD", "TRACE"]) {
    test(`body_of_${method}_is_ignored`, async (t) => {
      const server = await answering(t, [empty]);
      await expectRun(
        ["exchange", server, method, "/a", "ignored", ",", "GET", "/b", "-"],
        connected,
        emptied("/a"),
        emptied("/b"),
      );
      expectReceived(
        server,
        [`${method} /a HTTP/1.1`, "Host: 127.0.0.1:PORT", ...ADDED],
        ["GET /b HTTP/1.1", "Host: 127.0.0.1:PORT", ...ADDED],
      );
    });
  }

  test("CONNECT_takes_host_and_port", async (t) => {
    const server = await answering(t, [lines("HTTP/1.1 403 Forbidden", "Content-Length: 0")]);
    await run("exchange", server, "CONNECT", "example.org:443", "-");
    assert.match(
      received(server),
      /^CONNECT example\.org:443 HTTP\/1\.1\r\nHost: example\.org:443\r\n/,
    );
  });

  test("OPTIONS_takes_an_asterisk", async (t) => {
    const server = await sent(t, [], "OPTIONS", "*", "-");
    expectReceived(server, ["OPTIONS * HTTP/1.1", "Host: 127.0.0.1:PORT", ...ADDED]);
  });

  test("absolute_url_is_sent_as_it_is", async (t) => {
    const server = await answering(t, [empty]);
    await expectRun(
      ["exchange", server, "GET", "http://example.org/a?b", "-"],
      connected,
      emptied("http://example.org/a?b"),
    );
    assert.match(
      received(server),
      /^GET http:\/\/example\.org\/a\?b HTTP\/1\.1\r\nHost: example\.org\r\n/,
    );
  });

  test("method_without_a_number_is_sent_by_its_name", async (t) => {
    const server = await sent(t, [], "PROPFIND", "/dav", "<a/>");
    expectReceived(
      server,
      ["PROPFIND /dav HTTP/1.1", "Host: 127.0.0.1:PORT", "Content-Length: 4", ...ADDED],
      "<a/>",
    );
  });

  test("method_names_are_case_sensitive", async (t) => {
    const server = await sent(t, [], "get", "/", "-");
    assert.match(received(server), /^get \/ HTTP\/1\.1\r\n/);
  });

  test("callers_headers_come_after_Host_and_verbatim", async (t) => {
    const headers = [
      "x-lower: a  b",
      "X-Empty:",
      "X-NoSpace:c",
      "X-Two: 1",
      "X-Two: 2",
      "ACCEPT-X: \td",
    ];
    const server = await sent(t, [], "GET", "/", "-", ...headers);
    expectReceived(server, ["GET / HTTP/1.1", "Host: 127.0.0.1:PORT", ...headers, ...ADDED]);
  });

  test("blanks_at_the_end_of_a_value_are_not_sent", async (t) => {
    const headers = ["X-A: 1 \t ", "X-B:  two  words", "X-Empty: ", "X-Blank:\t"];
    const server = await sent(t, [], "GET", "/a", "-", ...headers);
    const trimmed = ["X-A: 1", "X-B:  two  words", "X-Empty:", "X-Blank:"];
    expectReceived(server, ["GET /a HTTP/1.1", "Host: 127.0.0.1:PORT", ...trimmed, ...ADDED]);
  });

  test("header_that_the_caller_sets_is_not_added", async (t) => {
    const headers = [
      "accept: text/html",
      "USER-AGENT: game/1",
      "content-length: 3",
      "accept-encoding: identity",
    ];
    const server = await sent(t, [], "POST", "/", "abc", ...headers, "host: example.org");
    expectReceived(server, ["POST / HTTP/1.1", "host: example.org", ...headers], "abc");
  });

  for (const [header, missing] of [
    ["Host: example.org", -1],
    ["Content-Length: 3", 0],
    ["Accept-Encoding: gzip;q=0.5", 1],
    ["User-Agent: game/1", 2],
    ["Accept: text/html", 3],
  ]) {
    test(`each_header_is_added_on_its_own_but_not_${header.split(":")[0]}`, async (t) => {
      const server = await sent(t, [], "POST", "/", "abc", header);
      const added = ["Content-Length: 3", ...ADDED];
      const first = missing < 0 ? [header] : ["Host: 127.0.0.1:PORT", header];
      if (missing >= 0) added.splice(missing, 1);
      expectReceived(server, ["POST / HTTP/1.1", ...first, ...added], "abc");
    });
  }

  test("ipv6_host_has_brackets", async (t) => {
    const server = await answering(t, [empty], { host: "::1" });
    await run("exchange", server, "GET", "/", "-");
    expectReceived(server, ["GET / HTTP/1.1", "Host: [::1]:PORT", ...ADDED]);
  });

  test("user_agent_of_the_options_is_sent", async (t) => {
    const server = await sent(t, ["user_agent=game/2"], "GET", "/", "-");
    assert.match(received(server), /\r\nUser-Agent: game\/2\r\nAccept: /);
  });

  test("empty_user_agent_is_not_sent", async (t) => {
    const server = await sent(t, ["user_agent="], "GET", "/", "-");
    assert.doesNotMatch(received(server), /user-agent/i);
  });

  test("range_asks_for_no_coding", async (t) => {
    const server = await sent(t, [], "GET", "/", "-", "Range: bytes=0-4");
    expectReceived(server, [
      "GET / HTTP/1.1",
      "Host: 127.0.0.1:PORT",
      "Range: bytes=0-4",
      "Accept-Encoding: identity",
      ...ADDED.slice(1),
    ]);
  });

  test("target_bytes_outside_ascii_are_percent_encoded", async (t) => {
    const server = await sent(t, [], "GET", "/gr\u00fc\u00df?\u20ac", "-");
    assert.match(received(server), /^GET \/gr%C3%BC%C3%9F\?%E2%82%AC HTTP\/1\.1\r\n/);
  });

  test("header_injection_is_refused_and_nothing_is_sent", async (t) => {
    const server = await answering(t, [ok("1"), ok("22")]);
    const refused = [
      ["CR LF and another header", "…CR, LF…"],
      ["LF alone", "…CR, LF…"],
      ["CR alone", "…CR, LF…"],
      ["CR LF at the end", "…CR, LF…"],
      ["LF at the end", "…CR, LF…"],
      ["a folded line", "…CR, LF…"],
      ["CR LF in the name", "…"],
      ["a control character", "…control character…"],
      ["DEL", "…control character…"],
      ["no colon", "…colon…"],
      ["an empty line", "…colon…"],
      ["an empty name", "…name…"],
      ["a space before the colon", "…name…"],
      ["a space at the beginning", "…name…"],
      ["a name that is no token", "…name…"],
      ["a name outside ASCII", "…name…"],
      ["the second of two lines", "…CR, LF…X-B…"],
      ["a Transfer-Encoding", "…transfer…"],
      ["a Content-Length that is not the body's", "…Content-Length…4…"],
      ["a Content-Length that is no number", "…Content-Length…3x…"],
      ["two that agree and one that does not", "…"],
    ];
    await expectRun(
      ["refused_headers", server],
      connected,
      exchange("/before", "1"),
      refused.map(([what, detail]) => `${what}: INVALID_PARAMETER: ${detail}`),
      "the response before: 200, http://127.0.0.1:PORT/before",
      exchange("/after", "22"),
    );
    assert.deepEqual(received(server).match(/^\S+ \S+ HTTP/gm), [
      "GET /before HTTP",
      "GET /after HTTP",
    ]);
    assert.doesNotMatch(received(server), /X-/);
  });

  test("impossible_targets_are_refused_and_nothing_is_sent", async (t) => {
    const server = await answering(t, [ok("1"), ok("22")]);
    const refused = [
      ["NULL", "…NULL…"],
      ["empty", "…"],
      ["CR LF and a header", "…control character…"],
      ["LF", "…control character…"],
      ["CR", "…control character…"],
      ["a space", "…space…"],
      ["a space at the end", "…space…"],
      ["a tab", "…control character…"],
      ["a control character", "…control character…"],
      ["DEL", "…control character…"],
      ["no slash", "…'/'…"],
      ["a query alone", "…'/'…"],
      ["an asterisk with GET", "…"],
      ["a path with CONNECT", "…host:port…"],
      ["a host without a port with CONNECT", "…host:port…"],
      ["host:port with GET", "…"],
      ["a scheme that is not HTTP's", "…"],
    ];
    await expectRun(
      ["refused_targets", server],
      connected,
      exchange("/before", "1"),
      refused.map(([what, detail]) => `${what}: INVALID_PARAMETER: ${detail}`),
      "the response before: 200, http://127.0.0.1:PORT/before",
      exchange("/after", "22"),
    );
    assert.equal(received(server).match(/^\S+ \S+ HTTP/gm).length, 2);
  });

  test("impossible_methods_and_bodies_are_refused_and_nothing_is_sent", async (t) => {
    const server = await answering(t, [ok("1"), ok("22")]);
    const refused = [
      ["method 9", "…9…"],
      ["method -1", "…-1…"],
      ["an empty name", "…method…"],
      ["a name with a space", "…method…"],
      ["a name with CR LF", "…method…"],
      ["a streamed body and another", "…body…"],
    ];
    await expectRun(
      ["refused_methods", server],
      connected,
      exchange("/before", "1"),
      refused.map(([what, detail]) => `${what}: INVALID_PARAMETER: ${detail}`),
      "the response before: 200, http://127.0.0.1:PORT/before",
      exchange("/after", "22"),
    );
    assert.equal(received(server).match(/^\S+ \S+ HTTP/gm).length, 2);
  });

  test("request_is_refused_while_connecting_and_while_another_is_under_way", async (t) => {
    const server = await answering(t, [ok("body"), ok("last")]);
    await expectRun(
      ["busy", server],
      "request before connecting: UNCONFIGURED: …connect_to_host…",
      "connect_to_host: OK",
      "status RESOLVING",
      "request: BUSY: …",
      "status CONNECTING",
      "request: BUSY: …",
      "status CONNECTED",
      "request: OK",
      "status REQUESTING",
      "second request: BUSY: …",
      "status BODY",
      "third request: BUSY: …",
      'body 4 bytes "body"',
      "status CONNECTED",
      "received 4, sent 0",
      exchange("/last", "last"),
    );
    assert.doesNotMatch(received(server), /refused/);
  });

  test("text_body_ends_with_its_nul_and_belongs_to_the_caller_again", async (t) => {
    const server = await rawServer(t, async (connection) => {
      await connection.head();
      await connection.send(ok(await connection.bytes(7)));
    });
    await expectRun(["text_body", server], connected, exchange("/", "a=1&b=2", { sent: 7 }));
  });

  test("large_body_arrives_whole_though_the_caller_has_overwritten_it", async (t) => {
    const size = 8 * 1024 * 1024;
    let body;
    const server = await rawServer(t, async (connection) => {
      await connection.head();
      body = await connection.bytes(size);
      await connection.send(empty);
    });
    await expectRun(
      ["exchange", server, "PUT", "/", `@${size}`],
      connected,
      emptied("/", { sent: size }),
    );
    assert.equal(digest(body), digest(pattern(size)));
  });

  test("body_with_nul_bytes_is_sent_whole", async (t) => {
    const server = await rawServer(t, async (connection) => {
      await connection.head();
      await connection.send(ok(await connection.bytes(600)));
    });
    await expectRun(
      ["exchange", server, "POST", "/", "@600"],
      connected,
      exchange("/", pattern(600), { sent: 600 }),
    );
  });

  test("head_with_many_headers_is_sent", async (t) => {
    const server = await sent(t, [], "GET", "/", "-", "#500");
    assert.equal(received(server).match(/^X-\d+: \d+\r$/gm).length, 500);
  });

  test("poll_sends_no_more_than_the_budget", async (t) => {
    const size = 16 * 1024 * 1024;
    const server = await rawServer(t, async (connection) => {
      await connection.head();
      await connection.bytes(size);
      await connection.send(empty);
    });
    await expectRun(
      ["sent_by_polls", server, "poll_budget_bytes=4096", size],
      connected,
      "request: OK",
      "status REQUESTING",
      "status CONNECTED",
      "a poll sent something: yes",
      "a poll sent more than the budget: no",
      "response 200, …",
      "header: Content-Length: 0",
      'body 0 bytes ""',
      `received 0, sent ${size}`,
    );
  });

  test("query_string_encodes_names_and_values", async (t) => {
    const server = await answering(t, [empty]);
    const text =
      "user=a%20b&list=1&list=2&flag&empty=&sign=-._~%21%2A%27&k%C3%A4=%F0%9F%9A%A2%26%3D" +
      "&plus%2B=100%25%0D%0A";
    await expectRun(["query", server], `${text.length} ${text}`, "1 user=a%", "1", '0 ""');
  });
});
