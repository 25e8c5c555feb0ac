// SPDX-License-Identifier: MIT
// event_streams: responses that last have connections of their own.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { event, lines, ok } from "../scenarios/lib/servers.mjs";
import { site, transfers, urlOf } from "./lib/transfers.mjs";

const EVENT = "data: a\n\n";

/**
 * A server whose streams go on until `/get` is asked for, or until `release` is resolved; `waits` is
 * resolved once so many of them are there.
 */
async function streaming(t, { type = "text/event-stream", code = 200, count, orders = [] }) {
  const release = event();
  const all = event();
  let there = 0;
  const server = await site(t, {
    "/events": async (_, connection) => {
      orders.push("events");
      const head = [`HTTP/1.1 ${code} x`, `Content-Type: ${type}`, "Content-Length: 18"];
      await connection.send(lines(...head) + EVENT);
      if (++there === count) all.resolve();
      await release.promise;
      return EVENT;
    },
    "/get": () => {
      orders.push("get");
      release.resolve();
      return ok("got");
    },
  });
  return Object.assign(server, { orders, release, all: all.promise });
}

const stream = (server) => ({ url: urlOf(server, "/events"), on_data: true, any_status: true });
const get = (server) => ({ url: urlOf(server, "/get"), priority: -1 });

describe("Event streams", () => {
  for (const type of ["text/event-stream", "Text/Event-Stream ;charset=utf-8"]) {
    test(`they_leave_the_connections_of_an_origin_to_others: ${type}`, async (t) => {
      const server = await streaming(t, { type });
      const streams = Array.from({ length: 6 }, () => stream(server));
      const got = await transfers({ per_origin: 1 }, [...streams, get(server)], "counters");
      for (const one of got.transfers.slice(0, 6)) {
        assert.deepEqual([one.error, one.given], ["OK", 18]);
      }
      assert.deepEqual([got.transfers[6].error, got.transfers[6].body], ["OK", "got"]);
      assert.equal(server.connections.length, 7);
      // Those that are too many when the streams have ended are closed.
      assert.match(got.lines.at(-1), /open 1 idle 1/);
    });
  }

  for (const [name, { session, streams, ...kind }] of Object.entries({
    "beyond the allowance": { session: { streams: 1 }, streams: 2 },
    "without an allowance": { session: { streams: -1 }, streams: 1 },
    "another type": { session: {}, streams: 1, type: "text/event-streams" },
    "a failure": { session: {}, streams: 1, code: 500 },
  })) {
    test(`others_wait_for_a_connection: ${name}`, async (t) => {
      const server = await streaming(t, { ...kind, count: streams });
      const all = [...Array.from({ length: streams }, () => stream(server)), get(server)];
      const run = transfers({ per_origin: 1, ...session }, all);
      await server.all;
      server.orders.push("release");
      server.release.resolve();
      const got = await run;
      for (const one of got.transfers) assert.equal(one.error, "OK");
      const events = Array.from({ length: streams }, () => "events");
      assert.deepEqual(server.orders, [...events, "release", "get"]);
    });
  }
});
