// SPDX-License-Identifier: MIT
// proxies: which one each hop goes through, what it is told, and who shares its connections.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { basic, tunnelProxy } from "../scenarios/lib/proxies.mjs";
import { ok } from "../scenarios/lib/servers.mjs";
import { fileOf, issue } from "../tls/lib/authority.mjs";
import { intermediate, root } from "../tls/lib/chains.mjs";
import { skip } from "../tls/lib/expect.mjs";
import { tlsServer } from "../tls/lib/servers.mjs";
import { header, redirect, site, transfer, transfers, urlOf } from "./lib/transfers.mjs";

const hello = ok("hello");
const through = ({ port }, credentials = "") => `http://${credentials}127.0.0.1:${port}`;
const withProxy = (requests) => requests.map(({ head }) => header(head, "Proxy-Authorization"));
const headers = (heads) => heads.map((head) => header(head, "Proxy-Authorization"));

/** A proxy for plain requests, whose targets are absolute: `table` is by URL. */
const plainProxy = (t, table) => site(t, table);

describe("Proxies", () => {
  test("a_plain_proxy_is_told_its_password_with_each_request", async (t) => {
    const proxy = await plainProxy(t, { "http://a.test/": hello });
    const one = { url: "http://a.test/" };
    const got = await transfers({ http_proxy: through(proxy, "u:p@") }, one, one);
    assert.deepEqual(
      got.transfers.map(({ error }) => error),
      ["OK", "OK"],
    );
    assert.deepEqual(withProxy(proxy.requests), [basic("u:p"), basic("u:p")]);
    assert.equal(proxy.connections.length, 1);
  });

  test("hosts_do_not_share_connections_to_a_proxy", async (t) => {
    const urls = ["http://a.test/", "http://b.test/", "http://a.test:81/"];
    const proxy = await plainProxy(t, Object.fromEntries(urls.map((url) => [url, hello])));
    const steps = [...urls, ...urls].map((url) => ({ url }));
    const got = await transfers({ http_proxy: through(proxy) }, ...steps);
    for (const one of got.transfers) assert.equal(one.error, "OK", one.detail);
    assert.deepEqual(
      proxy.requests.map(({ connection }) => connection),
      [0, 1, 2, 0, 1, 2],
    );
  });

  test("each_hop_has_the_proxy_of_its_own_host", async (t) => {
    const direct = await site(t, { "/b": hello });
    const proxy = await plainProxy(t, {
      "http://a.test/a": redirect(302, urlOf(direct, "/b")),
    });
    const session = { http_proxy: through(proxy, "u:p@"), no_proxy: "127.0.0.1" };
    const got = await transfer({ url: "http://a.test/a" }, session);
    assert.deepEqual([got.error, got.body], ["OK", "hello"]);
    assert.deepEqual(withProxy(proxy.requests), [basic("u:p")]);
    assert.deepEqual(withProxy(direct.requests), [undefined]);
  });
});

describe("Proxies and TLS", { skip }, () => {
  const names = ["DNS:localhost", "DNS:a.test", "DNS:b.test"];
  const certificate = issue("Ferry Leaf", { issuer: intermediate(), names });
  const trusting = { tls_ca: fileOf(root().pem) };

  const secure = (t, table) => {
    const make = (test_, script) => tlsServer(test_, certificate, script);
    return site(t, table, { make });
  };
  const https = ({ port }, target = "/", host = "a.test") => `https://${host}:${port}${target}`;

  test("a_tunnel_is_made_with_the_password_and_kept", async (t) => {
    const server = await secure(t, { "/": hello });
    const proxy = await tunnelProxy(t);
    const one = { url: https(server), ...trusting };
    const got = await transfers({ https_proxy: through(proxy, "u:p@") }, one, one);
    assert.deepEqual(
      got.transfers.map(({ error, detail }) => error + detail),
      ["OK", "OK"],
    );
    assert.deepEqual(headers(proxy.heads), [basic("u:p")]);
    assert.deepEqual(withProxy(server.requests), [undefined, undefined]);
  });

  for (const [name, other] of Object.entries({
    "another host": { host: "b.test" },
    "other options": { tls_unsafe: 1 },
  })) {
    test(`a_tunnel_is_not_shared: ${name}`, async (t) => {
      const server = await secure(t, { "/": hello });
      const proxy = await tunnelProxy(t);
      const { host, ...options } = other;
      const one = { url: https(server), ...trusting };
      const two = { url: https(server, "/", host), ...trusting, ...options };
      const got = await transfers({ https_proxy: through(proxy) }, one, two, one, two);
      for (const { error, detail } of got.transfers) assert.equal(error, "OK", detail);
      assert.equal(proxy.heads.length, 2);
      assert.deepEqual(
        server.requests.map(({ connection }) => connection),
        [0, 1, 0, 1],
      );
    });
  }

  // http through one proxy -> https through another -> http through the first.
  test("each_hop_tells_its_own_proxy_its_own_password_and_the_server_none", async (t) => {
    const table = {};
    const plain = await plainProxy(t, table);
    const tunnels = await tunnelProxy(t);
    const server = await secure(t, { "/b": redirect(302, "http://a.test/c") });
    table["http://a.test/a"] = redirect(302, https(server, "/b"));
    table["http://a.test/c"] = hello;
    const session = {
      http_proxy: through(plain, "one:1@"),
      https_proxy: through(tunnels, "two:2@"),
    };
    const request = { url: "http://a.test/a", ...trusting, downgrade: true };
    const got = await transfer(request, session);
    assert.deepEqual([got.error, got.body], ["OK", "hello"], got.detail);
    assert.deepEqual(withProxy(plain.requests), [basic("one:1"), basic("one:1")]);
    assert.deepEqual(headers(tunnels.heads), [basic("two:2")]);
    assert.deepEqual(withProxy(server.requests), [undefined]);
  });

  test("without_a_proxy_for_https_the_server_learns_nothing_of_that_for_http", async (t) => {
    const table = {};
    const plain = await plainProxy(t, table);
    const server = await secure(t, { "/b": hello });
    table["http://a.test/a"] = redirect(302, https(server, "/b", "localhost"));
    const session = {
      http_proxy: through(plain, "u:p@"),
      resolve: `localhost:${server.port}:127.0.0.1`,
    };
    const got = await transfer({ url: "http://a.test/a", ...trusting }, session);
    assert.deepEqual([got.error, got.body], ["OK", "hello"], got.detail);
    assert.deepEqual(withProxy(server.requests), [undefined]);
  });

  test("the_programs_line_for_proxies_stays_out_of_tunnels", async (t) => {
    const server = await secure(t, { "/": hello });
    const proxy = await tunnelProxy(t);
    const request = { url: https(server), ...trusting, header: "Proxy-Authorization: x" };
    const got = await transfer(request, { https_proxy: through(proxy) });
    assert.equal(got.error, "OK", got.detail);
    assert.deepEqual(withProxy(server.requests), [undefined]);
  });
});
