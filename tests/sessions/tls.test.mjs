// SPDX-License-Identifier: MIT
// tls: connections that were made otherwise are not used, whatever it is that differs; what goes
// with redirects between http and https.
import assert from "node:assert/strict";
import crypto from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { ok } from "../scenarios/lib/servers.mjs";
import { derOf, fileOf, issue, pinOf, revocationList } from "../tls/lib/authority.mjs";
import { intermediate, NAMES, root } from "../tls/lib/chains.mjs";
import { skip } from "../tls/lib/expect.mjs";
import { tlsServer } from "../tls/lib/servers.mjs";
import { header, redirect, site, transfer, transfers, urlOf } from "./lib/transfers.mjs";

const hello = ok("hello");
const ca = root().pem;
const certificate = issue("Ferry Leaf", { issuer: intermediate(), names: NAMES });
const trusting = { tls_ca: fileOf(ca) };

/** A site that speaks TLS, for localhost. */
async function secure(t, table, options = {}, its = certificate) {
  const make = (test_, script) => tlsServer(test_, its, script, options);
  return Object.assign(await site(t, table, { make }), { host: "localhost" });
}

const session = (...servers) => ({
  resolve: servers.map(({ port }) => `localhost:${port}:127.0.0.1`),
});
const https = (server, target = "/") => urlOf(server, target, "https");

describe("TLS", { skip }, () => {
  test("a_kept_connection_is_used_with_equal_options", async (t) => {
    const server = await secure(t, { "/": hello });
    const one = { url: https(server), ...trusting };
    const copy = { url: https(server), tls_ca: fileOf(ca) };
    const got = await transfers(session(server), one, copy);
    assert.deepEqual(
      got.transfers.map(({ error, detail }) => error + detail),
      ["OK", "OK"],
    );
    assert.equal(server.dialled, 1);
  });

  // What is the same for all rows, and each member of ferry_tls_options alone as something else.
  const mine = issue("Ferry Client", { issuer: root(), key: certificate.key });
  const again = issue("Ferry Client again", { issuer: root(), key: certificate.key });
  const base = { ...trusting, tls_cert: fileOf(mine.pem), tls_key: fileOf(mine.key) };
  const sec1 = crypto.createPrivateKey(mine.key).export({ type: "sec1", format: "pem" });
  const members = {
    ca_pem: { tls_ca: fileOf(`${ca}\n`) },
    verify_name: { tls_name: "localhost" },
    unsafe: { tls_unsafe: 1 },
    ca_der: { tls_ca_der: fileOf(derOf(root())) },
    certificate_pem: { tls_cert: fileOf(again.pem) },
    key_pem: { tls_key: fileOf(sec1) },
    key_password: { tls_password: "none" },
    crl_pem: { tls_crl: fileOf(revocationList(root())) },
    pins: { tls_pin: pinOf(certificate) },
    min_version: { tls_min: 13 },
    first_cipher: { tls_cipher: 2 },
    cache: { tls_cache: 2 },
  };
  const asking = { requestCert: true, rejectUnauthorized: false };

  test("each_member_of_the_options_has_a_row_here_and_in_the_unit_test", () => {
    const sources = path.join(path.dirname(fileURLToPath(import.meta.url)), "..");
    const header = fs.readFileSync(path.join(sources, "..", "src/include/ferry.h"), "utf8");
    const [, body] = /typedef struct ferry_tls_options \{(.*?)\n\} ferry_tls_options;/s.exec(
      header,
    );
    const code = body.replace(/\/\*.*?\*\//gs, "");
    const found = [...code.matchAll(/\b(\w+);/g)].map(([, name]) => name);
    assert.deepEqual(found, Object.keys(members));
    const unit = fs.readFileSync(path.join(sources, "unit/test_origin_key.c"), "utf8");
    for (const name of found) assert.match(unit, new RegExp(`to->${name} = from->${name};`));
    assert.match(unit, new RegExp(`MEMBERS = ${found.length}\\b`));
  });

  for (const [name, more] of Object.entries(members)) {
    test(`another_${name}_is_another_connection`, async (t) => {
      const server = await secure(t, { "/": hello }, asking);
      const one = { url: https(server), ...base };
      const got = await transfers(session(server), one, { ...one, ...more }, one);
      assert.deepEqual(
        got.transfers.map(({ error, detail }) => error + detail),
        ["OK", "OK", "OK"],
      );
      assert.equal(server.dialled, 2);
      assert.deepEqual(
        server.requests.map(({ connection }) => connection),
        [0, 1, 0],
      );
    });

    // The session's cache of TLS is the same for both, but in the row of `cache`.
    test(`another_${name}_resumes_no_session`, async (t) => {
      const seen = [];
      const look = (_, { socket }) => {
        seen.push(socket.isSessionReused());
        return ok("hello", "Connection: close");
      };
      const server = await secure(t, { "/": look }, asking);
      const one = { url: https(server), ...base };
      const got = await transfers(session(server), one, one, { ...one, ...more });
      assert.deepEqual(
        got.transfers.map(({ error, detail }) => error + detail),
        ["OK", "OK", "OK"],
      );
      assert.deepEqual(seen, [false, true, false]);
    });
  }

  test("a_client_certificate_is_another_connection", async (t) => {
    const server = await secure(
      t,
      { "/": hello },
      { requestCert: true, rejectUnauthorized: false },
    );
    const one = { url: https(server), ...trusting };
    const own = { tls_cert: fileOf(certificate.chain[0].pem), tls_key: fileOf(certificate.key) };
    const got = await transfers(session(server), one, { ...one, ...own });
    assert.deepEqual(
      got.transfers.map(({ error, detail }) => error + detail),
      ["OK", "OK"],
    );
    assert.equal(server.dialled, 2);
  });

  test("what_was_made_unsafe_never_serves_what_verifies", async (t) => {
    const server = await secure(t, { "/": hello });
    const got = await transfers(
      session(server),
      { url: https(server), tls_unsafe: 1 },
      {
        url: https(server),
      },
    );
    assert.deepEqual(
      got.transfers.map(({ error }) => error),
      ["OK", "TLS_CERTIFICATE"],
    );
    assert.equal(server.requests.length, 1);
    assert.equal(server.dialled, 2);
  });

  for (const [name, wrong] of Object.entries({
    pin: { tls_pin: `sha256//${Buffer.alloc(32).toString("base64")}` },
    list: { tls_crl: fileOf(revocationList(intermediate(), [certificate])) },
  })) {
    test(`a_session_is_not_resumed_after_a_${name}_that_fails`, async (t) => {
      const server = await secure(t, { "/": () => ok("hello", "Connection: close") });
      const one = { url: https(server), ...trusting };
      const got = await transfers(
        session(server),
        one,
        ...[{}, {}].map(() => ({ ...one, ...wrong })),
        one,
      );
      assert.deepEqual(
        got.transfers.map(({ error }) => error),
        ["OK", "TLS_CERTIFICATE", "TLS_CERTIFICATE", "OK"],
      );
      assert.equal(server.requests.length, 2);
    });
  }

  test("credentials_stay_with_their_scheme", async (t) => {
    const plain = await site(t, { "/b": hello });
    const server = await secure(t, {
      "/a": redirect(302, urlOf({ ...plain, host: "localhost" }, "/b")),
    });
    const got = await transfer(
      { url: https(server, "/a"), ...trusting, bearer: "t", header: "Cookie: c", downgrade: true },
      session(server, plain),
    );
    assert.equal(got.body, "hello", got.detail);
    assert.equal(header(server.requests[0].head, "Authorization"), "Bearer t");
    assert.equal(header(plain.requests[0].head, "Authorization"), undefined);
    assert.equal(header(plain.requests[0].head, "Cookie"), undefined);
  });

  test("https_to_http_is_refused_unless_allowed", async (t) => {
    const plain = await site(t, { "/b": hello });
    const server = await secure(t, {
      "/a": redirect(302, urlOf({ ...plain, host: "localhost" }, "/b")),
    });
    const got = await transfer({ url: https(server, "/a"), ...trusting }, session(server, plain));
    assert.equal(got.error, "REDIRECT");
    assert.match(got.detail, /allow_downgrade/);
    assert.equal(plain.connections.length, 0);
  });

  test("https_only_holds_for_redirects", async (t) => {
    const plain = await site(t, { "/b": hello });
    const server = await secure(t, {
      "/a": redirect(302, urlOf({ ...plain, host: "localhost" }, "/b")),
    });
    const got = await transfer(
      { url: https(server, "/a"), ...trusting, downgrade: true },
      { ...session(server, plain), https_only: true },
    );
    assert.equal(got.error, "REDIRECT");
    assert.match(got.detail, /https_only/);
    assert.equal(plain.connections.length, 0);
  });

  test("a_client_certificate_stays_with_its_origin", async (t) => {
    const seen = [];
    const look = (_, { socket }) => {
      seen.push(socket.getPeerCertificate().subject !== undefined);
      return hello;
    };
    const other = await secure(t, { "/b": look }, asking);
    const first = await secure(
      t,
      { "/a": (...all) => (look(...all), redirect(302, https(other, "/b"))) },
      asking,
    );
    const own = { tls_cert: fileOf(certificate.chain[0].pem), tls_key: fileOf(certificate.key) };
    const got = await transfer(
      { url: https(first, "/a"), ...trusting, ...own },
      session(first, other),
    );
    assert.equal(got.body, "hello", got.detail);
    assert.deepEqual(seen, [true, false]);
  });

  test("a_name_to_verify_stays_with_its_origin", async (t) => {
    const names = ["DNS:localhost"];
    const its = issue("Ferry Other", { issuer: intermediate(), names });
    const other = await secure(t, { "/b": hello }, {}, its);
    const first = await secure(t, { "/a": redirect(302, https(other, "/b")) });
    const got = await transfer(
      { url: https(first, "/a"), ...trusting, tls_name: "127.0.0.1" },
      session(first, other),
    );
    assert.equal(got.body, "hello", got.detail);
  });
});
