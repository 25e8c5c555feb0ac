// SPDX-License-Identifier: MIT
// cancel: what ends a fetch before its time is seen by the server: close, free, time-outs, and a
// page that goes away.
import assert from "node:assert/strict";
import { test } from "node:test";
import { event, lines as headOf, ok, rawServer } from "../scenarios/lib/servers.mjs";
import { inPlaces } from "./lib/places.mjs";

const WITHIN_MS = 100;
const TRIES = 8; // of which one must be as fast: the machine may be busy with something else
const UPLOAD_BYTES = 32 * 1024 * 1024; // more than the system takes for a server that does not read
const HEAD = headOf(
  "HTTP/1.1 200 OK",
  "Content-Type: text/plain",
  "Access-Control-Allow-Origin: *",
  "Content-Length: 100000",
);

/**
 * A server whose answer to /a is never complete. `ended` gives the time at which that connection
 * has ended; /now is answered when the connection is as far as it gets, other requests at once. A
 * server that does not read goes on reading when /next is asked for.
 */
async function unfinished(t, { answer = "", reads = true } = {}) {
  const [reached, ended] = [event(), event()];
  const server = await rawServer(t, async (connection) => {
    for (;;) {
      const [, target] = (await connection.head()).split(" ");
      if (target === "/a") {
        server.held = connection;
        for (const name of ["end", "error", "close"]) {
          connection.socket.on(name, () => ended.resolve(Date.now()));
        }
        if (!reads) connection.socket.pause();
        if (answer) await connection.send(answer);
        reached.resolve();
        return;
      }
      if (target === "/now") await reached.promise;
      if (target === "/next" && server.held) server.held.socket.resume();
      await connection.send(ok("next", "Access-Control-Allow-Origin: *"));
    }
  });
  const origin = `http://${server.host}:${server.port}`;
  return Object.assign(server, { origin, ended: ended.promise });
}

const MOMENTS = {
  before_the_head: { request: ["ask=/now", "at=told", "GET", "/a"] },
  in_the_body: { request: ["at=body", "GET", "/a"], server: { answer: `${HEAD}some` } },
  while_uploading: {
    request: ["ask=/now", "at=told", `body=@${UPLOAD_BYTES}`, "POST", "/a"],
    server: { reads: false },
  },
};

inPlaces((place) => {
  /** Cancels once: how long it took until the server saw it. */
  async function cancelOnce(t, call, { request, server: options }) {
    const server = await unfinished(t, options);
    const home = await place.home(t, server);
    // It is asked directly: what is on its way, in buffers, must arrive before the end does.
    const args = [`origin=${server.origin}`, `cancel=${call}`, ...request, ",", "GET", "/next"];
    const { lines } = await place.run(home, args);
    const cancelled = Number(
      /at (\d+) ms/.exec(lines.find((line) => line.includes("cancelled")))[1],
    );
    const took = (await server.ended) - cancelled;
    const { length } = server.held.received;
    assert.ok(length < UPLOAD_BYTES, `the server has got all ${length} bytes`);
    assert.equal(lines.at(-1), "body 4 bytes: next", "the client goes on");
    return took;
  }

  for (const call of ["close", "free"]) {
    for (const [moment, description] of Object.entries(MOMENTS)) {
      // How fast an upload is seen to end says how fast the server reads what was on its way.
      const withinMs = moment === "while_uploading" ? Infinity : WITHIN_MS;
      test(`${call}_${moment}_is_seen_by_the_server_at_once`, async (t) => {
        const times = [];
        do times.push(await cancelOnce(t, call, description));
        while (times.at(-1) > withinMs && times.length < TRIES);
        assert.ok(times.at(-1) <= withinMs, `it took ${times} ms`);
      });
    }
  }

  const TIMEOUTS = {
    response: /\S+ did not answer within 200 ms \(response_ms\)/,
    idle: /no byte was exchanged with \S+ for 200 ms \(idle_ms\)/,
    total: /the exchange with \S+ took more than 200 ms \(total_ms\)/,
  };
  for (const [name, detail] of Object.entries(TIMEOUTS)) {
    test(`the_${name}_time_out_has_its_detail_and_reaches_the_server`, async (t) => {
      const answer = name === "response" ? "" : `${HEAD}some`;
      let server;
      // Where the machine is busy the time may be over before the request is there.
      for (let tries = 0; tries < TRIES && !server?.held; tries++) {
        server = await unfinished(t, { answer });
        const home = await place.home(t, server);
        const late = [`${name}_ms=200`, "GET", "/a"];
        const args = [`origin=${home.origin}`, "GET", "/first", ",", ...late, ",", "GET", "/next"];
        const { lines } = await place.run(home, args);
        const errors = lines.filter((line) => line.startsWith("error: "));
        assert.equal(errors.length, 1, lines.join("\n"));
        assert.match(errors[0], /^error: FERRY_ERROR_TIMEOUT: timeout: /);
        assert.match(errors[0], detail);
        assert.equal(lines.at(-1), "body 4 bytes: next", "the client can be used again");
      }
      assert.ok(server.held, "the request has reached the server");
      await server.ended;
    });
  }

  // There is nothing to dial, so a program that polls seldom is not punished for it.
  test("the_connect_time_out_does_not_end_what_needs_no_connection", async (t) => {
    const home = await place.home(t, await unfinished(t));
    const args = [`origin=${home.origin}`, "connect_ms=1", "pause_ms=20", "GET", "/next"];
    const { lines } = await place.run(home, args);
    assert.equal(lines.at(-1), "body 4 bytes: next");
  });

  if (!place.isBrowser) return;

  for (const where of ["page", "worker"]) {
    for (const [how, leave] of [
      ["closed", (page) => page.close()],
      ["left", (page) => page.goto("about:blank")],
    ]) {
      if (how === "left" && where === "worker") continue;
      test(`a_${where}_that_is_${how}_is_seen_by_the_server`, async (t) => {
        const server = await unfinished(t, { answer: `${HEAD}some` });
        const home = await place.home(t, server);
        const args = [`origin=${home.origin}`, "GET", "/a"];
        const { page, line, done } = await place.start(t, home, args, { where });
        await line("response 200");
        await leave(page);
        await server.ended;
        assert.equal(await done, null);
      });
    }
  }
});
