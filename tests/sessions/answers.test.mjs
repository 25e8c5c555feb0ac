// SPDX-License-Identifier: MIT
// answers: statuses, limits, retries, time-outs and the base URL.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { event, lines, ok, rawServer } from "../scenarios/lib/servers.mjs";
import { header, redirect, request, site, transfer, transfers, urlOf } from "./lib/transfers.mjs";

const status = (code, body, ...more) =>
  lines(`HTTP/1.1 ${code} x`, `Content-Length: ${body.length}`, ...more) + body;
const chunked = (body) =>
  `${lines("HTTP/1.1 200 OK", "Transfer-Encoding: chunked")}${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;

describe("Answers", () => {
  test("a_status_beyond_2xx_is_an_error_whose_body_can_be_read", async (t) => {
    const server = await site(t, { "/": status(404, "no such level", "X-A: b") });
    const got = await transfer({ url: urlOf(server) });
    assert.deepEqual([got.error, got.code, got.body], ["STATUS", 404, "no such level"]);
    assert.match(got.detail, /404/);
    assert.equal(got.heads, 0);
  });

  test("what_the_program_gave_for_the_body_gets_nothing_of_it", async (t) => {
    const server = await site(t, { "/": status(500, "oops") });
    for (const where of [{ dst: 10 }, { on_data: true }]) {
      const got = await transfer({ url: urlOf(server), ...where });
      assert.deepEqual([got.error, got.body], ["STATUS", "oops"]);
      assert.equal(got.given || 0, 0);
    }
  });

  test("an_error_page_over_max_body_bytes_is_cut_and_stays_an_error_of_status", async (t) => {
    const pages = {
      "/length": status(404, "no such level"),
      "/chunked": chunked("no such level").replace("200 OK", "404 x"),
      "/endless": `${lines("HTTP/1.1 404 x", "Content-Length: 9223372036854775807")}no such level`,
    };
    const server = await site(t, pages);
    for (const target of Object.keys(pages)) {
      for (const where of [{}, { dst: 100 }, { on_data: true }]) {
        const got = await transfer({ url: urlOf(server, target), max_body: 7, ...where });
        assert.deepEqual([got.error, got.code, got.body], ["STATUS", 404, "no such"]);
      }
      if (target === "/endless") continue;
      const exact = await transfer({ url: urlOf(server, target), max_body: 13 });
      assert.deepEqual([exact.error, exact.body], ["STATUS", "no such level"]);
    }
  });

  test("any_status_is_a_success_where_the_program_says_so", async (t) => {
    const server = await site(t, { "/": status(404, "no") });
    const got = await transfer({ url: urlOf(server), any_status: true, dst: 5 });
    assert.deepEqual([got.error, got.code, got.body, got.heads], ["OK", 404, "no", 1]);
  });

  // ---- Limits ----

  for (const [name, answer] of Object.entries({
    length: ok("0123456789"),
    chunked: chunked("0123456789"),
  })) {
    test(`a_body_over_max_body_bytes_is_too_large: ${name}`, async (t) => {
      const server = await site(t, { "/": answer });
      for (const where of [{}, { dst: 100 }, { on_data: true }]) {
        const over = await transfer({ url: urlOf(server), max_body: 9, ...where });
        assert.equal(over.error, "TOO_LARGE");
        assert.match(over.detail, /max_body_bytes/);
        const exact = await transfer({ url: urlOf(server), max_body: 10, ...where });
        assert.equal(exact.error, "OK");
      }
    });

    test(`a_body_over_dst_is_too_large: ${name}`, async (t) => {
      const server = await site(t, { "/": answer });
      const over = await transfer({ url: urlOf(server), dst: 9 });
      assert.equal(over.error, "TOO_LARGE");
      assert.match(over.detail, /dst_capacity/);
      const exact = await transfer({ url: urlOf(server), dst: 10 });
      assert.deepEqual([exact.error, exact.body], ["OK", "0123456789"]);
    });

    test(`a_body_of_another_length_than_expected_is_invalid: ${name}`, async (t) => {
      const server = await site(t, { "/": answer });
      for (const expected of [9, 11]) {
        const got = await transfer({ url: urlOf(server), expected });
        assert.equal(got.error, "INVALID_DATA");
        assert.match(got.detail, /expected_bytes/);
      }
      assert.equal((await transfer({ url: urlOf(server), expected: 10 })).error, "OK");
    });
  }

  test("bodies_wait_for_memory_and_all_come", async (t) => {
    const body = Buffer.alloc(300_000, "x");
    const server = await site(t, { "/": ok(body) });
    const steps = Array.from({ length: 12 }, () => ({ url: urlOf(server) }));
    const got = await transfers({ memory: 100_000 }, steps);
    for (const one of got.transfers) assert.deepEqual([one.error, one.length], ["OK", 300_000]);
  });

  // The oldest one never needs memory, and never ends by itself.
  test("one_that_needs_no_memory_does_not_keep_others_from_it", async (t) => {
    const begun = event();
    const release = event();
    const server = await site(t, {
      "/stream": async (_, connection) => {
        await connection.send(`${lines("HTTP/1.1 200 OK", "Content-Length: 10")}hello`);
        begun.resolve();
        await release.promise;
        return "hello";
      },
      "/full": async () => {
        await begun.promise;
        return ok(Buffer.alloc(200_000));
      },
      "/last": () => {
        release.resolve();
        return ok("last");
      },
    });
    const steps = [
      { url: urlOf(server, "/stream"), on_data: true },
      { url: urlOf(server, "/full") },
      { url: urlOf(server, "/full") },
    ];
    const session = { memory: 100_000, per_origin: 3 };
    const got = await transfers(session, [...steps, { url: urlOf(server, "/last"), priority: -1 }]);
    assert.deepEqual(
      got.transfers.map(({ error }) => error),
      ["OK", "OK", "OK", "OK"],
    );
    assert.equal(got.transfers[0].given, 10);
  });

  // The last one is more than what lies between: where all of it is sent, it is read.
  test("what_is_announced_and_does_not_come_keeps_no_memory_from_others", async (t) => {
    const SIZE = 64 * 1024 * 1024;
    const all = event();
    const sent = event();
    let begun = 0;
    const stall = async (_, connection) => {
      await connection.send(`${lines("HTTP/1.1 200 OK", `Content-Length: ${SIZE}`)}hello`);
      if (++begun === 3) all.resolve();
      await sent.promise;
      connection.end();
    };
    const server = await site(t, {
      "/stalled": stall,
      "/full": async (_, connection) => {
        await all.promise;
        await connection.send(ok(Buffer.alloc(SIZE)));
        sent.resolve();
      },
    });
    const stalled = { url: urlOf(server, "/stalled"), retries: -1 };
    const full = { url: urlOf(server, "/full") };
    const session = { memory: 2 * SIZE, per_origin: 4 };
    const got = await transfers(session, [stalled, stalled, stalled, full]);
    assert.deepEqual(
      got.transfers.map(({ error, length }) => [error, length]),
      [...Array(3).fill(["BODY_TRUNCATED", 5]), ["OK", SIZE]],
    );
  });

  // ---- Retries ----

  for (const code of [408, 429, 502, 503, 504]) {
    test(`${code}_is_tried_again_after_Retry_After`, async (t) => {
      let count = 0;
      const again = status(code, "", "Retry-After: 0");
      const server = await site(t, { "/": () => (count++ < 2 ? again : ok("hello")) });
      const got = await transfer({ url: urlOf(server) });
      assert.deepEqual([got.error, got.body, got.retries], ["OK", "hello", 2]);
    });
  }

  test("the_last_answer_stays_where_all_tries_fail", async (t) => {
    const server = await site(t, { "/": status(503, "later", "Retry-After: 0") });
    const got = await transfer({ url: urlOf(server) });
    assert.deepEqual([got.error, got.code, got.body, got.retries], ["STATUS", 503, "later", 2]);
    assert.equal(server.requests.length, 3);
  });

  test("a_retry_waits_as_long_as_Retry_After_says", async (t) => {
    const times = [];
    const server = await site(t, {
      "/": () => (times.push(Date.now()), status(503, "later", "Retry-After: 1")),
    });
    await transfer({ url: urlOf(server), retries: 1 });
    assert.equal(times.length, 2);
    assert.ok(times[1] - times[0] >= 990, `${times[1] - times[0]} ms`);
  });

  // The rest of the body does not come: the connection is closed, and the delay holds all the same.
  test("a_retry_waits_also_where_the_connection_is_dropped", async (t) => {
    const times = [];
    const server = await site(t, {
      "/": () => (
        times.push(Date.now()),
        `${lines("HTTP/1.1 503 x", "Retry-After: 1", "Content-Length: 9")}later`
      ),
    });
    await transfer({ url: urlOf(server), retries: 1, idle_ms: 300, total_ms: 5000 });
    assert.ok(times.length >= 2);
    assert.ok(times[1] - times[0] >= 990, `${times[1] - times[0]} ms`);
  });

  test("a_Retry_After_over_the_limit_is_final", async (t) => {
    for (const value of ["61", "99999999999999999999", "Fri, 31 Dec 2100 23:59:59 GMT"]) {
      const server = await site(t, { "/": status(503, "later", `Retry-After: ${value}`) });
      const got = await transfer({ url: urlOf(server) });
      assert.deepEqual([got.error, got.body, got.retries], ["STATUS", "later", 0]);
      assert.equal(server.requests.length, 1);
    }
    const server = await site(t, { "/": status(503, "later", "Retry-After: 1") });
    const got = await transfer({ url: urlOf(server), retry_after_ms: 999 });
    assert.equal(got.retries, 0);
  });

  for (const method of ["POST", "PATCH"]) {
    test(`${method}_is_not_tried_again_unless_the_program_says_so`, async (t) => {
      const server = await site(t, { "/": status(503, "later", "Retry-After: 0") });
      const one = { url: urlOf(server), method, body: "x" };
      assert.equal((await transfer(one)).retries, 0);
      assert.equal((await transfer({ ...one, again: 1 })).retries, 2);
    });
  }

  test("other_codes_are_not_tried_again", async (t) => {
    for (const code of [400, 401, 403, 404, 409, 410, 500, 501]) {
      const server = await site(t, { "/": status(code, "", "Retry-After: 0") });
      await transfer({ url: urlOf(server) });
      assert.equal(server.requests.length, 1, String(code));
    }
  });

  test("a_body_of_a_function_is_rewound_for_a_retry_or_not_retried", async (t) => {
    const server = await site(t, { "/": status(503, "later", "Retry-After: 0") });
    const one = { url: urlOf(server), method: "PUT", read: "content" };
    const rewound = await transfer({ ...one, rewind: true });
    assert.deepEqual([rewound.retries, rewound.rewinds], [2, 2]);
    assert.deepEqual(
      server.requests.map(({ body }) => body),
      ["content", "content", "content"],
    );
    assert.equal((await transfer(one)).retries, 0);
  });

  test("what_on_data_has_had_is_not_sent_again", async (t) => {
    const server = await rawServer(t, async (connection) => {
      await request(connection);
      await connection.send(`${lines("HTTP/1.1 200 OK", "Content-Length: 9")}hello`);
      connection.end();
    });
    const got = await transfer({ url: urlOf(server), on_data: true });
    assert.deepEqual([got.error, got.given, got.retries], ["BODY_TRUNCATED", 5, 0]);
    assert.equal(server.connections.length, 1);
  });

  test("a_body_in_memory_begins_anew", async (t) => {
    const server = await rawServer(t, async (connection, index) => {
      await request(connection);
      await connection.send(`${lines("HTTP/1.1 200 OK", "Content-Length: 9")}hello`);
      if (index > 0) await connection.send("you!");
      connection.end();
    });
    const got = await transfer({ url: urlOf(server) });
    assert.deepEqual([got.error, got.body, got.retries, got.heads], ["OK", "helloyou!", 1, 2]);
  });

  // ---- Time ----

  test("total_ms_holds_over_redirects_and_in_queues", async (t) => {
    const server = await site(t, {
      "/a": redirect(302, "/b"),
      "/b": redirect(302, "/hang"),
      "/hang": () => new Promise(() => {}),
    });
    const got = await transfers({ per_origin: 1 }, [
      { url: urlOf(server, "/a"), total_ms: 300 },
      { url: urlOf(server, "/b"), total_ms: 300 },
    ]);
    for (const { error, detail, retries } of got.transfers) {
      assert.deepEqual([error, retries], ["TIMEOUT", 0]);
      assert.match(detail, /300 ms \(total_ms\)/);
    }
    assert.equal(got.transfers[0].redirects, 2);
  });

  test("total_ms_of_the_session_holds_for_retries", async (t) => {
    const server = await site(t, { "/": status(503, "later", "Retry-After: 50") });
    const got = await transfer({ url: urlOf(server) }, { total_ms: 200 });
    assert.equal(got.error, "TIMEOUT");
    assert.match(got.detail, /200 ms \(total_ms\)/);
  });

  // ---- URLs, and what is sent ----

  test("urls_are_relative_to_base_url", async (t) => {
    const server = await site(t, { "/a/c": ok("c"), "/d": ok("d"), "/a/b?q": ok("q") });
    const session = { base: urlOf(server, "/a/b") };
    const got = await transfers(session, { url: "c" }, { url: "/d" }, { url: "?q" });
    assert.deepEqual(
      got.transfers.map(({ body }) => body),
      ["c", "d", "q"],
    );
  });

  test("bad_input_has_an_error_and_a_sentence_and_sends_nothing", async (t) => {
    const server = await site(t, { "/": ok("hello") });
    const url = urlOf(server);
    const inputs = [
      {},
      { url: "relative" },
      { url: "ftp://h/" },
      { url, max_body: -1 },
      { url, expected: -1 },
      { url, bearer: "a", user: "b" },
      { url, bearer: "a b" },
      { url, user: "a:b" },
      { url, body: "a", read: "b" },
      { url, dst: 1, on_data: true },
      { url, header: "no colon" },
      { url, header: "X: a\r\nY: b" },
      { url, name: "NO TOKEN" },
    ];
    const got = await transfers({}, ...inputs);
    for (const [i, one] of got.transfers.entries()) {
      assert.equal(one.error, "INVALID_PARAMETER", JSON.stringify(inputs[i]));
      assert.notEqual(one.detail, "");
    }
    assert.equal(server.requests.length, 0);
  });

  test("a_wrong_base_url_is_every_transfers_error", async () => {
    const got = await transfer({ url: "http://h/" }, { base: "nonsense" });
    assert.equal(got.error, "INVALID_PARAMETER");
    assert.match(got.detail, /base_url/);
  });

  test("credentials_make_a_line", async (t) => {
    const server = await site(t, { "/": ok("hello") });
    const url = urlOf(server);
    await transfers(
      {},
      { url, bearer: "abc" },
      { url, user: "u", password: "p" },
      { url, user: "u" },
    );
    assert.deepEqual(
      server.requests.map(({ head }) => header(head, "Authorization")),
      ["Bearer abc", "Basic dTpw", "Basic dTo="],
    );
  });
});
