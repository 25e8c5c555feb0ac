// SPDX-License-Identifier: MIT
// connections: how many there are, who gets them, how long they are kept, and what happens to those
// that end too early.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { closedPort, event, lines, ok, rawServer } from "../scenarios/lib/servers.mjs";
import { redirect, request, site, transfer, transfers, urlOf } from "./lib/transfers.mjs";

const hello = ok("hello");
const many = (count, make) => Array.from({ length: count }, (_, i) => make(i));
const errors = ({ transfers: all }) => all.map(({ error }) => error);

/** Answers once `count` requests wait together, and each later one at once. */
function together(count) {
  const waiting = [];
  return async () => {
    const full = event();
    waiting.push(full);
    if (waiting.length === count) for (const one of waiting) one.resolve();
    if (waiting.length < count) await full.promise;
    return hello;
  };
}

describe("Connections", () => {
  test("one_is_used_again_and_again", async (t) => {
    const server = await site(t, { "/": hello });
    const got = await transfers({}, ...many(5, () => ({ url: urlOf(server) })), "counters");
    assert.deepEqual(
      errors(got),
      many(5, () => "OK"),
    );
    assert.equal(server.connections.length, 1);
    assert.match(got.lines.at(-1), /^active 0 queued 0 open 1 idle 1 made 1 reused 4 /);
  });

  test("an_origin_has_six_at_most", async (t) => {
    const server = await site(t, { "/": together(6) });
    const got = await transfers(
      {},
      many(40, () => ({ url: urlOf(server) })),
      "counters",
    );
    assert.deepEqual(
      errors(got),
      many(40, () => "OK"),
    );
    assert.equal(server.connections.length, 6);
    assert.match(got.lines.at(-1), /^active 0 queued 0 open 6 idle 6 made 6 reused 34 /);
  });

  test("500_wait_for_six", async (t) => {
    const server = await site(t, { "/": hello });
    const got = await transfers(
      {},
      many(500, () => ({ url: urlOf(server) })),
    );
    assert.deepEqual(
      errors(got),
      many(500, () => "OK"),
    );
    assert.ok(server.connections.length <= 6);
  });

  // A request without an answer has a connection: they are counted where they wait.
  test("all_origins_have_64_at_most_and_100_get_their_turn", async (t) => {
    const waiting = [];
    let most = 0;
    let left = 300;
    const answer = async () => {
      const turn = event();
      waiting.push(turn);
      most = Math.max(most, waiting.length);
      if (waiting.length >= Math.min(64, left)) waiting.shift().resolve();
      await turn.promise;
      left--;
      if (waiting.length > 0 && waiting.length >= Math.min(64, left)) waiting.shift().resolve();
      return hello;
    };
    const servers = await Promise.all(many(100, () => site(t, { "/": answer })));
    const steps = many(300, (i) => ({ url: urlOf(servers[i % 100]) }));
    const got = await transfers({}, steps, "counters");
    assert.deepEqual(
      errors(got),
      many(300, () => "OK"),
    );
    assert.equal(most, 64);
    assert.match(got.lines.at(-1), /^active 0 queued 0 open \d\d? /);
  });

  test("an_origin_that_hangs_takes_not_all_of_the_room", async (t) => {
    const hung = [];
    const release = event();
    const slow = await site(t, {
      "/": async () => {
        hung.push(1);
        await release.promise;
        return hello;
      },
    });
    const quick = await site(t, {
      "/": () => hello,
      "/last": () => {
        release.resolve();
        return hello;
      },
    });
    const steps = [
      ...many(10, () => ({ url: urlOf(slow) })),
      ...many(10, () => ({ url: urlOf(quick) })),
      { url: urlOf(quick, "/last"), priority: -1 },
    ];
    const got = await transfers({ connections: 3, per_origin: 2 }, steps);
    assert.deepEqual(
      errors(got),
      many(21, () => "OK"),
    );
    assert.equal(quick.connections.length, 1);
  });

  // One connection of theirs is busy for long; there is room for a second one once another origin
  // needs its connection no more.
  test("an_origin_with_a_busy_connection_gets_more_when_there_is_room", async (t) => {
    const release = event();
    const busy = await site(t, {
      "/long": async () => {
        await release.promise;
        return hello;
      },
      "/short": () => {
        release.resolve();
        return hello;
      },
    });
    const asked = event();
    const other = await site(t, {
      "/": async () => {
        await asked.promise;
        return hello;
      },
    });
    busy.listener.once("connection", () => asked.resolve());
    const steps = [
      { url: urlOf(other) },
      { url: urlOf(busy, "/long") },
      { url: urlOf(busy, "/short") },
    ];
    const got = await transfers({ connections: 2 }, steps);
    assert.deepEqual(errors(got), ["OK", "OK", "OK"]);
  });

  test("higher_priorities_go_first_and_older_ones_among_equals", async (t) => {
    const begun = event();
    const server = await site(t, {
      "/first": async () => {
        await begun.promise;
        return hello;
      },
      "/tell": () => {
        begun.resolve();
        return hello;
      },
      ...Object.fromEntries(many(6, (i) => [`/${i}`, hello])),
    });
    const steps = [
      { url: urlOf(server, "/first") },
      ...many(6, (i) => ({ url: urlOf(server, `/${i}`), priority: [0, 5, -5, 5, 0, -5][i] })),
    ];
    // The second origin is the same server by another name.
    const tell = { url: urlOf({ ...server, host: "localhost" }, "/tell") };
    const session = { per_origin: 1, resolve: `localhost:${server.port}:127.0.0.1` };
    await transfers(session, [...steps, tell]);
    const order = server.requests.map(({ target }) => target).filter((name) => /^\/\d$/.test(name));
    assert.deepEqual(order, ["/1", "/3", "/0", "/4", "/2", "/5"]);
  });

  test("schemes_ports_and_hosts_do_not_share", async (t) => {
    const server = await site(t, { "/": hello });
    const other = await site(t, { "/": hello });
    const session = {
      resolve: [`a.test:${server.port}:127.0.0.1`, `b.test:${server.port}:127.0.0.1`],
    };
    const urls = [
      urlOf({ ...server, host: "a.test" }),
      urlOf({ ...server, host: "b.test" }),
      urlOf({ ...server, host: "A.TEST" }),
      urlOf(other),
    ];
    await transfers(session, ...urls.map((url) => ({ url })));
    assert.deepEqual(
      server.requests.map(({ connection }) => connection),
      [0, 1, 0],
    );
  });

  test("a_change_of_the_network_drops_them", async (t) => {
    const server = await site(t, { "/": hello });
    const got = await transfers({}, { url: urlOf(server) }, "network_changed", "counters", {
      url: urlOf(server),
    });
    assert.equal(server.connections.length, 2);
    assert.match(got.lines[1], / open 0 idle 0 /);
  });

  test("none_is_kept_where_none_may_be_idle", async (t) => {
    const server = await site(t, { "/": hello });
    const got = await transfers({ max_idle_ms: -1 }, { url: urlOf(server) }, "counters", {
      url: urlOf(server),
    });
    assert.equal(server.connections.length, 2);
    assert.match(got.lines[1], / open 0 idle 0 /);
  });

  for (const [value, connections] of [
    ["timeout=1", 2],
    ["timeout=0", 2],
    ["timeout=5, max=100", 1],
    ["max=100, timeout=60", 1],
    ["nonsense", 1],
  ]) {
    test(`keep_alive_says_how_long_less_a_second: ${value}`, async (t) => {
      const server = await site(t, { "/": ok("hello", `Keep-Alive: ${value}`) });
      await transfers({}, { url: urlOf(server) }, { url: urlOf(server) });
      assert.equal(server.connections.length, connections);
    });
  }

  for (const header of ["Connection: close", "Content-Length: 5\r\nTransfer-Encoding: chunked"]) {
    test(`a_response_that_ends_it_is_the_last: ${header.slice(0, 20)}`, async (t) => {
      const chunked = header.includes("chunked");
      const body = chunked ? "5\r\nhello\r\n0\r\n\r\n" : "hello";
      const length = chunked ? [] : ["Content-Length: 5"];
      const server = await site(t, { "/": lines("HTTP/1.1 200 OK", ...length, header) + body });
      const got = await transfers({}, { url: urlOf(server) }, { url: urlOf(server) }, "counters");
      assert.deepEqual(errors(got), errors(got).includes("OK") ? ["OK", "OK"] : errors(got));
      assert.equal(server.connections.length, 2);
      assert.match(got.lines.at(-1), / open 0 idle 0 /);
    });
  }

  // ---- Bytes that nobody asked for ----

  const injected = ok("INJECTED");
  test("a_response_behind_the_response_is_not_the_next_ones", async (t) => {
    const server = await rawServer(t, async (connection) => {
      await request(connection);
      await connection.send(Buffer.concat([hello, injected]));
      await connection.rest();
    });
    const got = await transfers({}, { url: urlOf(server) }, { url: urlOf(server) });
    assert.deepEqual(
      got.transfers.map(({ body }) => body),
      ["hello", "hello"],
    );
    assert.equal(server.connections.length, 2);
  });

  test("a_response_that_comes_while_it_is_idle_is_not_the_next_ones", async (t) => {
    const server = await rawServer(t, async (connection, index) => {
      await request(connection);
      await connection.send(hello);
      if (index === 0) await connection.send(injected);
      await connection.rest();
    });
    const other = await site(t, {
      "/": async () => {
        await server.connections[0].closed; // the client has seen it, and ended the connection
        return hello;
      },
    });
    const steps = [{ url: urlOf(server) }, { url: urlOf(other) }, { url: urlOf(server) }];
    const got = await transfers({}, ...steps);
    assert.deepEqual(
      got.transfers.map(({ body }) => body),
      ["hello", "hello", "hello"],
    );
  });

  test("a_response_before_the_first_request_is_not_the_first_ones", async (t) => {
    const server = await rawServer(t, async (connection, index) => {
      if (index === 0) await connection.send(injected);
      await request(connection);
      await connection.send(hello);
      await connection.rest();
    });
    const got = await transfer({ url: urlOf(server), retries: -1 });
    // It is seen, unless it comes when the request is already on its way.
    if (got.error === "OK")
      assert.equal(got.body, server.connections.length > 1 ? "hello" : "INJECTED");
  });

  // ---- Kept ones that have ended ----

  const METHODS = ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "POST", "PATCH"];
  const IDEMPOTENT = new Set(["GET", "HEAD", "PUT", "DELETE", "OPTIONS"]);
  const answerTo = ({ method }) =>
    method === "HEAD" ? lines("HTTP/1.1 200 OK", "Content-Length: 5") : hello;
  const withBody = (method) => (["PUT", "POST", "PATCH"].includes(method) ? { body: "abc" } : {});

  for (const method of METHODS) {
    for (const how of ["end", "reset"]) {
      test(`${method}_on_a_kept_one_that_has_ended_before: ${how}`, async (t) => {
        const ended = event();
        const requests = [];
        const server = await rawServer(t, async (connection, index) => {
          for (;;) {
            const one = await request(connection);
            requests.push(one.method);
            await connection.send(answerTo(one));
            if (index === 0) {
              connection[how]();
              await connection.closed;
              ended.resolve();
              return;
            }
          }
        });
        const other = await site(t, {
          "/": async () => {
            await ended.promise;
            return hello;
          },
        });
        const last = { url: urlOf(server), method, ...withBody(method), retries: -1 };
        const got = await transfers({}, { url: urlOf(server) }, { url: urlOf(other) }, last);
        assert.deepEqual(errors(got), ["OK", "OK", "OK"]);
        assert.deepEqual(requests, ["GET", method]);
      });

      test(`${method}_on_a_kept_one_that_ends_upon_it: ${how}`, async (t) => {
        const requests = [];
        const server = await rawServer(t, async (connection, index) => {
          for (;;) {
            const one = await request(connection);
            requests.push(one.method);
            if (requests.length === 2) {
              connection[how]();
              return;
            }
            await connection.send(answerTo(one));
          }
        });
        const last = { url: urlOf(server), method, ...withBody(method), retries: -1 };
        const got = await transfers({}, { url: urlOf(server) }, last);
        if (IDEMPOTENT.has(method)) {
          assert.deepEqual(errors(got), ["OK", "OK"]);
          assert.deepEqual(requests, ["GET", method, method]);
        } else {
          assert.deepEqual(errors(got), ["OK", "CONNECTION_ERROR"]);
          assert.deepEqual(requests, ["GET", method]); // it is never sent again
        }
      });
    }

    test(`${method}_on_a_new_one_that_ends_upon_it_is_no_stale_one`, async (t) => {
      const requests = [];
      const server = await rawServer(t, async (connection) => {
        requests.push((await request(connection)).method);
        connection.end();
      });
      const got = await transfer({ url: urlOf(server), method, ...withBody(method), retries: -1 });
      assert.equal(got.error, "CONNECTION_ERROR");
      assert.deepEqual(requests, [method]);
    });

    test(`${method}_whose_response_breaks_off_is_not_sent_again_at_once`, async (t) => {
      if (method === "HEAD") return; // it has no body
      const requests = [];
      const server = await rawServer(t, async (connection) => {
        for (;;) {
          requests.push((await request(connection)).method);
          if (requests.length === 2) {
            await connection.send(`${lines("HTTP/1.1 200 OK", "Content-Length: 9")}hello`);
            connection.end();
            return;
          }
          await connection.send(hello);
        }
      });
      const last = { url: urlOf(server), method, ...withBody(method), retries: -1 };
      const got = await transfers({}, { url: urlOf(server) }, last);
      assert.deepEqual(errors(got), ["OK", "BODY_TRUNCATED"]);
      assert.deepEqual(requests, ["GET", method]);
      assert.equal(got.transfers[1].body, "hello");
    });
  }

  test("a_POST_is_sent_again_where_the_program_says_so", async (t) => {
    const requests = [];
    const server = await rawServer(t, async (connection) => {
      for (;;) {
        requests.push((await request(connection)).body);
        if (requests.length === 2) return connection.end();
        await connection.send(hello);
      }
    });
    const last = { url: urlOf(server), method: "POST", body: "abc", again: 1, retries: -1 };
    const got = await transfers({}, { url: urlOf(server) }, last);
    assert.deepEqual(errors(got), ["OK", "OK"]);
    assert.deepEqual(requests, ["", "abc", "abc"]);
  });

  test("a_GET_is_not_sent_again_where_the_program_says_so", async (t) => {
    const requests = [];
    const server = await rawServer(t, async (connection) => {
      for (;;) {
        requests.push((await request(connection)).method);
        if (requests.length === 2) return connection.end();
        await connection.send(hello);
      }
    });
    const got = await transfers({}, { url: urlOf(server) }, { url: urlOf(server), again: 2 });
    assert.deepEqual(errors(got), ["OK", "CONNECTION_ERROR"]);
    assert.equal(requests.length, 2);
  });

  test("three_stale_ones_in_a_row_do_not_fail_a_GET", async (t) => {
    const arrived = together(3);
    const server = await rawServer(t, async (connection, index) => {
      for (let i = 0; ; i++) {
        const one = await request(connection);
        if (i > 0 && index < 3) return connection.reset();
        await connection.send(one.target === "/together" ? await arrived() : hello);
      }
    });
    const steps = many(3, () => ({ url: urlOf(server, "/together") }));
    const got = await transfers({}, steps, { url: urlOf(server), retries: -1 });
    assert.deepEqual(
      errors(got),
      many(4, () => "OK"),
    );
  });

  test("after_a_stale_one_comes_a_new_one_and_no_other_kept_one", async (t) => {
    const [isSlow, isOther, isSeen] = [event(), event(), event()];
    const both = together(2);
    const targets = [];
    const server = await rawServer(t, async (connection) => {
      for (let i = 0; ; i++) {
        const { target } = await request(connection);
        targets.push(target);
        if (target === "/cut" && i > 0) {
          await isSlow.promise;
          if (targets.filter((one) => one === target).length > 1) isSeen.resolve();
          return connection.end();
        }
        if (target === "/cut") isSeen.resolve();
        if (target === "/slow") {
          isSlow.resolve();
          await isOther.promise; // it has got the room of the one that was cut
        }
        await connection.send(target === "/" ? await both() : hello);
      }
    });
    const other = await rawServer(t, async (connection) => {
      await request(connection);
      isOther.resolve();
      await isSeen.promise;
      await connection.send(hello);
    });
    const first = many(2, () => ({ url: urlOf(server) }));
    const cut = { url: urlOf(server, "/cut"), retries: -1 };
    const rest = [cut, { url: urlOf(server, "/slow") }, { url: urlOf(other) }];
    const got = await transfers({ connections: 2 }, first, rest);
    assert.deepEqual(
      errors(got),
      many(5, () => "OK"),
    );
    assert.deepEqual(targets.sort(), ["/", "/", "/cut", "/cut", "/slow"]);
  });

  // ---- None to be had ----

  test("all_that_wait_are_told_why_none_could_be_made", async () => {
    const port = await closedPort();
    const got = await transfers(
      {},
      many(10, () => ({ url: urlOf({ port }), retries: -1 })),
      "counters",
    );
    assert.deepEqual(
      errors(got),
      many(10, () => "CANT_CONNECT"),
    );
    for (const { detail } of got.transfers) assert.match(detail, /127\.0\.0\.1/);
    assert.match(got.lines.at(-1), /^active 0 queued 0 open 0 idle 0 /);
  });

  test("a_redirect_to_nowhere_fails_with_the_reason", async (t) => {
    const port = await closedPort();
    const server = await site(t, { "/a": redirect(302, urlOf({ port })) });
    const got = await transfer({ url: urlOf(server, "/a"), retries: -1 });
    assert.equal(got.error, "CANT_CONNECT");
    assert.equal(got.url, urlOf({ port }));
  });
});
