// SPDX-License-Identifier: MIT
// failures: each kind of failure in the middle of a hundred transfers: the others are untouched, and
// each is done exactly once, which the reader of the transcript looks at.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { closedPort, lines, ok } from "../scenarios/lib/servers.mjs";
import { fileOf, issue } from "../tls/lib/authority.mjs";
import { intermediate, NAMES, root } from "../tls/lib/chains.mjs";
import { skip } from "../tls/lib/expect.mjs";
import { tlsServer } from "../tls/lib/servers.mjs";
import { site, transfers, urlOf } from "./lib/transfers.mjs";

const COUNT = 100;
const EVERY = 7; // one of so many fails

const bodyOf = (i) => `body ${i} `.repeat(1 + (i % 50));
const part = lines("HTTP/1.1 200 OK", "Content-Length: 100") + "part";
const chunked = lines("HTTP/1.1 200 OK", "Transfer-Encoding: chunked");

/** What the server does, and what it ends in. */
const kinds = {
  "a reset before the response": [(c) => c.reset(), "CONNECTION_ERROR"],
  "an end before the response": [(c) => c.end(), "CONNECTION_ERROR"],
  "an end within the head": [
    (c) => c.send("HTTP/1.1 200 OK\r\nContent-").then(() => c.end()),
    "CONNECTION_ERROR",
  ],
  "a reset within the body": [
    (c) => c.send(part).then(() => c.reset()),
    /^(CONNECTION_ERROR|BODY_TRUNCATED)$/,
  ],
  "a cut body of known length": [(c) => c.send(part).then(() => c.end()), "BODY_TRUNCATED"],
  "a cut chunk": [(c) => c.send(`${chunked}10\r\npart`).then(() => c.end()), "BODY_TRUNCATED"],
  "a chunk size that is none": [(c) => c.send(`${chunked}xyz\r\n`), "PROTOCOL"],
  "a head that is none": [(c) => c.send("nonsense\r\n\r\n"), "PROTOCOL"],
  "two lengths": [
    (c) => c.send(lines("HTTP/1.1 200 OK", "Content-Length: 1", "Content-Length: 2")),
    "PROTOCOL",
  ],
  "a coding that cannot be undone": [
    (c) => c.send(lines("HTTP/1.1 200 OK", "Content-Encoding: gzip", "Content-Length: 4") + "none"),
    "INVALID_DATA",
  ],
  "silence before the response": [() => {}, "TIMEOUT", { idle_ms: 50 }],
  "silence within the body": [(c) => c.send(part), "TIMEOUT", { idle_ms: 50 }],
  "a body that is too long": [(c) => c.send(part), "TOO_LARGE", { max_body: 99 }],
};

/** A hundred transfers of `server`, some of which are as `failing` says. */
function hundred(server, scheme, failing) {
  return Array.from({ length: COUNT }, (_, i) =>
    i % EVERY === 3
      ? { retries: -1, ...failing }
      : { url: urlOf(server, `/${i}`, scheme), retries: -1 },
  );
}

function check({ transfers: got }, expected) {
  assert.equal(got.length, COUNT);
  for (const [i, one] of got.entries()) {
    if (i % EVERY === 3) {
      assert.match(one.error, expected instanceof RegExp ? expected : new RegExp(`^${expected}$`));
      assert.notEqual(one.detail, "");
    } else {
      assert.deepEqual([one.error, one.length], ["OK", bodyOf(i).length], one.detail);
      assert.equal(one.body, bodyOf(i).slice(0, 60));
    }
  }
}

/** Bodies by number; /fail is the test's: nothing more comes of its connection. */
function numbered(fail) {
  const table = {};
  for (let i = 0; i < COUNT; i++) table[`/${i}`] = ok(bodyOf(i));
  table["/fail"] = async (_, connection) => {
    await fail(connection);
    await connection.rest();
  };
  return table;
}

describe("Failures in the middle of a hundred transfers", () => {
  for (const [name, [fail, expected, more]] of Object.entries(kinds)) {
    test(name.replaceAll(" ", "_"), async (t) => {
      const server = await site(t, numbered(fail));
      const failing = { url: urlOf(server, "/fail"), ...more };
      check(await transfers({}, hundred(server, "http", failing)), expected);
    });
  }

  test("nobody_listens", async (t) => {
    const server = await site(
      t,
      numbered(() => {}),
    );
    const failing = { url: `http://127.0.0.1:${await closedPort()}/` };
    check(await transfers({}, hundred(server, "http", failing)), "CANT_CONNECT");
  });

  test("a_name_that_is_none", async (t) => {
    const server = await site(
      t,
      numbered(() => {}),
    );
    const failing = { url: "http://nowhere.invalid/" };
    check(await transfers({}, hundred(server, "http", failing)), "CANT_RESOLVE");
  });

  // ---- Descriptors ----

  for (let limit = 4; limit <= 14; limit++) {
    test(`there_are_${limit}_descriptors`, { skip: process.platform === "win32" }, async (t) => {
      const server = await site(
        t,
        numbered(() => {}),
      );
      const wrap = ["sh", "-c", `ulimit -n ${limit} && ASAN_OPTIONS=detect_leaks=0 exec "$0" "$@"`];
      const steps = Array.from({ length: COUNT }, (_, i) => ({
        url: urlOf(server, `/${i}`),
        retries: -1,
      }));
      const { transfers: got } = await transfers({ wrap }, steps);
      assert.equal(got.length, COUNT);
      const wrong = got.filter(({ error }) => error !== "OK");
      for (const one of wrong) assert.notEqual(one.detail, "");
      for (const [i, one] of got.entries()) {
        if (one.error === "OK") assert.equal(one.body, bodyOf(i).slice(0, 60));
      }
      // One connection is enough for all of them.
      assert.ok(
        wrong.length === 0 || wrong.length === COUNT,
        `${wrong.length}: ${wrong[0]?.detail}`,
      );
      if (limit === 14) assert.equal(wrong.length, 0, wrong[0]?.detail);
    });
  }
});

describe("Failures of TLS in the middle of a hundred transfers", { skip }, () => {
  const certificate = issue("Ferry Leaf", { issuer: intermediate(), names: NAMES });
  const trusting = { tls_ca: fileOf(root().pem) };
  const resolve = (...servers) => servers.map(({ port }) => `localhost:${port}:127.0.0.1`);
  const secure = async (t, table, options = {}) => {
    const make = (test_, script) => tlsServer(test_, certificate, script, options);
    return Object.assign(await site(t, table, { make }), { host: "localhost" });
  };

  for (const [name, [fail, expected, more]] of Object.entries({
    "a cut without close_notify": [
      (c) => c.send(part).then(() => c.socket._parent?.destroy() ?? c.socket.destroy()),
      /^(BODY_TRUNCATED|CONNECTION_ERROR)$/,
    ],
    silence: [() => {}, "TIMEOUT", { idle_ms: 200 }],
  })) {
    test(name.replaceAll(" ", "_"), async (t) => {
      const server = await secure(t, numbered(fail));
      const failing = { url: urlOf(server, "/fail", "https"), ...more };
      const session = { ...trusting, resolve: resolve(server) };
      check(await transfers(session, hundred(server, "https", failing)), expected);
    });
  }

  test("an_alert_instead_of_a_handshake", async (t) => {
    const server = await secure(
      t,
      numbered(() => {}),
    );
    const refusing = await secure(
      t,
      {},
      { ciphers: "ECDHE-RSA-AES128-GCM-SHA256", maxVersion: "TLSv1.2" },
    );
    const failing = { url: urlOf(refusing, "/", "https") };
    const session = { ...trusting, resolve: resolve(server, refusing) };
    check(await transfers(session, hundred(server, "https", failing)), "TLS_HANDSHAKE");
  });

  test("a_certificate_that_is_not_trusted", async (t) => {
    const server = await secure(
      t,
      numbered(() => {}),
    );
    const failing = {
      url: urlOf(server, "/", "https"),
      tls_ca: fileOf(issue("Another Root", { ca: true }).pem),
    };
    const session = { ...trusting, resolve: resolve(server) };
    check(await transfers(session, hundred(server, "https", failing)), "TLS_CERTIFICATE");
  });
});
