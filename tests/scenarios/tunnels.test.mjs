// SPDX-License-Identifier: MIT
// tunnels: https:// through proxies: by CONNECT, by TLS to the proxy itself, refused, stalled and
// given up in each phase; squid and tinyproxy, which are real ones.
import assert from "node:assert/strict";
import https from "node:https";
import net from "node:net";
import { describe, test } from "node:test";
import tls from "node:tls";
import { fileOf, issue, pemOf } from "../tls/lib/authority.mjs";
import { lazily } from "../tls/lib/chains.mjs";
import { skip } from "../tls/lib/expect.mjs";
import { relay } from "../tls/lib/relay.mjs";
import { credentials } from "../tls/lib/servers.mjs";
import { basic, environment, squid, startSquid, startTinyproxy } from "./lib/proxies.mjs";
import { survived, tinyproxy, tunnelProxy } from "./lib/proxies.mjs";
import { connected, exchange, expectRun, expectTranscript, run } from "./lib/run.mjs";
import { answering, lines, ok, rawServer, received } from "./lib/servers.mjs";

describe("Tunnels", { skip }, () => {
  const pair = lazily(() => issue("origin", { names: ["DNS:origin.test", "IP:127.0.0.1"] }));
  const other = lazily(() => issue("proxy", { names: ["DNS:proxy.test", "IP:127.0.0.1"] }));
  /** These certificates are the ones that the system trusts. */
  const trusting = (...trusted) => ["env", `SSL_CERT_FILE=${fileOf(pemOf(...trusted))}`];
  const trustingBoth = lazily(() => trusting(pair(), other()));

  const getTwice = ["GET", "/", "-", ",", "GET", "/2", "-"];
  const setHttps = ["set_https_proxy: OK"];
  const secure = (server, ...options) => [
    { ...server, host: "origin.test", wrap: trustingBoth() },
    "prefix=https://",
    ...options,
  ];
  const by = (proxy, credentials = "") => `https_proxy=${credentials}127.0.0.1:${proxy.port}`;
  const hello = (target = "/") =>
    exchange(target, "hello").map((line) =>
      typeof line === "string" ? line.replace("http://127.0.0.1", "https://origin.test") : line,
    );

  async function secureServer(t, certificate = pair(), options = {}) {
    const server = https.createServer(
      { ...credentials(certificate), ...options },
      (request, response) => {
        server.heads.push(request.rawHeaders.join("\n"));
        response.sendDate = false;
        response.setHeader("Content-Length", 5);
        response.end("hello");
      },
    );
    server.heads = [];
    await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
    t.after(() => {
      server.closeAllConnections?.();
      server.close();
    });
    return { host: "127.0.0.1", port: server.address().port, heads: server.heads };
  }

  const bare = (transcript) => transcript.replace(/^header: (Connection|Keep-Alive): .*\n/gm, "");

  const openings = {
    plainly: { answer: lines("HTTP/1.1 200 Connection established") },
    with_a_length: { answer: lines("HTTP/1.1 200 OK", "Content-Length: 100") },
    with_a_coding: { answer: lines("HTTP/1.1 204 Whatever", "Transfer-Encoding: chunked") },
    after_interim_answers: {
      answer: lines("HTTP/1.1 100 Continue") + lines("HTTP/1.1 103 Hints") + lines("HTTP/1.0 200"),
    },
    byte_by_byte: { pieces: [...lines("HTTP/1.1 200 OK", "X: 1")] },
  };
  for (const [how, options] of Object.entries(openings)) {
    test(`tunnel_that_is_opened_${how}_carries_requests`, async (t) => {
      const server = await secureServer(t);
      const proxy = await tunnelProxy(t, options);
      const transcript = await run(
        "exchange",
        ...secure(server, by(proxy, "a:b@"), "GET", "/", "-", ",", "GET", "/2", "-"),
      );
      expectTranscript(bare(transcript), setHttps, connected, hello(), hello("/2"));
      assert.equal(proxy.heads.length, 1);
      assert.match(
        proxy.heads[0],
        new RegExp(
          `^CONNECT origin\\.test:${server.port} HTTP/1\\.1\r\nHost: origin\\.test:${server.port}\r\n` +
            `User-Agent: ferry/[0-9.]+\r\nProxy-Authorization: ${basic("a:b")}\r\n\r\n$`,
        ),
      );
      for (const head of server.heads) assert.doesNotMatch(head, /proxy-authorization/i);
    });
  }

  test("headers_for_proxies_go_along_with_CONNECT_alone", async (t) => {
    const server = await secureServer(t);
    const proxy = await tunnelProxy(t);
    const options = ["proxy_header=X-For: proxies", "proxy_header=Proxy-Authorization: Bearer x"];
    const own = "Proxy-Authorization: Basic c2VjcmV0";
    const request = ["GET", "/", "-", own];
    const transcript = await run(
      "exchange",
      ...secure(server, by(proxy, "a:b@"), "log=2", ...options, ...request),
    );
    assert.match(
      proxy.heads[0],
      /^CONNECT [^\r]*\r\nHost: [^\r]*\r\nX-For: proxies\r\nProxy-Authorization: Bearer x\r\nUser-Agent: [^\r]*\r\n\r\n$/,
    );
    assert.equal(server.heads.length, 1);
    assert.doesNotMatch(server.heads[0], /proxy|X-For/i);
    assert.match(transcript, /log warning: the header Proxy-Authorization is left out/);
    assert.doesNotMatch(transcript, /c2VjcmV0|Bearer/);
  });

  test("every_failed_allocation_is_survived", async (t) => {
    const server = await secureServer(t);
    const proxy = await tunnelProxy(t, { pieces: [lines("HTTP/1.1 200 OK", "X-A: 1")] });
    const variables = { https_proxy: `http://a:b@127.0.0.1:${proxy.port}` };
    const wrapped = [...environment(variables), ...trustingBoth().slice(1)];
    await expectRun(
      ["allocations", { ...server, wrap: wrapped }, "prefix=https://", "proxy_env=1", "get"],
      survived,
    );
  });

  test("certificate_must_be_the_origins_not_the_proxys", async (t) => {
    const server = await secureServer(t, other());
    const proxy = await tunnelProxy(t);
    const transcript = await run("behind_proxy", ...secure(server, by(proxy)));
    assert.match(transcript, /poll: TLS_CERTIFICATE: .*\nstatus TLS_HANDSHAKE_ERROR\n/);
  });

  for (const [credentials, hint] of [
    ["", "(no user name and password were given)"],
    ["a:secret@", "(a user name and a password were sent, which it does not accept)"],
  ]) {
    test(`407_with_credentials_"${credentials}"_is_told`, async (t) => {
      const answer = lines(
        "HTTP/1.1 407 Proxy Authentication Required",
        'Proxy-Authenticate: Basic realm="a"',
        "Content-Length: 4",
      );
      const proxy = await answering(t, [`${answer}who?`]);
      const transcript = await run(
        "behind_proxy",
        ...secure({ port: 443 }, by(proxy, credentials)),
      );
      const error = `CANT_CONNECT: the proxy 127.0.0.1:${proxy.port} refused a tunnel to origin.test:PORT: 407 Proxy Authentication Required ${hint}`;
      expectTranscript(
        transcript,
        setHttps,
        "connect_to_host: OK",
        "status RESOLVING",
        "status CONNECTING",
        `poll: ${error}`,
        "status CANT_CONNECT",
        "code 407, has response 0, headers 2",
        'header: Proxy-Authenticate: Basic realm="a"',
        "header: Content-Length: 4",
        `poll: ${error}`,
        "closed: code 0",
      );
      assert.doesNotMatch(transcript, /secret/);
    });
  }

  const failing = {
    that_ends: [(c) => c.end(), "CONNECTION_ERROR: …it closed the connection without answering"],
    that_resets: [(c) => c.reset(), "CONNECTION_ERROR: …"],
    that_ends_in_its_answer: [
      async (c) => {
        await c.send("HTTP/1.1 200 OK\r\nX-A");
        c.end();
      },
      "CONNECTION_ERROR: …in the middle of its answer",
    ],
    that_speaks_no_HTTP: [(c) => c.send("220 mail ready\r\n"), "PROTOCOL: …status line…"],
    whose_head_is_endless: [
      (c) => c.send(`HTTP/1.1 200 OK\r\nX: ${"a".repeat(70_000)}`),
      "TOO_LARGE: …max_head_bytes…",
    ],
    with_interim_answers_only: [
      (c) => c.send(lines("HTTP/1.1 100 Continue").repeat(40)),
      "TOO_LARGE: …32 interim (1xx) responses (max_interim_responses)…",
    ],
    that_refuses: [
      (c) => c.send(lines("HTTP/1.1 503 Try later")),
      "CANT_CONNECT: …refused a tunnel to origin.test:PORT: 503 Try later",
    ],
  };
  for (const [how, [answer, expected]] of Object.entries(failing)) {
    for (const blocking of [0, 1]) {
      test(`proxy_${how}_is_told${blocking ? "_blocking" : ""}`, async (t) => {
        const proxy = await rawServer(t, async (connection) => {
          await connection.head();
          await answer(connection);
          await connection.rest();
        });
        const options = blocking ? ["blocking=1"] : [];
        expectTranscript(
          await run("behind_proxy", ...secure({ port: 443 }, by(proxy), ...options)),
          setHttps,
          blocking ? ["set_blocking_mode: OK"] : [],
          "connect_to_host: OK",
          "status RESOLVING",
          "status CONNECTING",
          `poll: ${expected}`,
          "status CANT_CONNECT",
          "…",
        );
      });
    }
  }

  /** TLS in front of a proxy. */
  async function tlsFront(t, proxy, certificate, options = {}) {
    const front = tls.createServer({ ...credentials(certificate), ...options }, (socket) => {
      const behind = net.connect(proxy.port, "127.0.0.1");
      t.after(() => [socket, behind].forEach((each) => each.destroy()));
      for (const each of [socket, behind]) each.on("error", () => {});
      socket.on("close", () => behind.destroy());
      socket.pipe(behind).pipe(socket);
    });
    front.on("tlsClientError", () => {});
    await new Promise((resolve) => front.listen(0, "127.0.0.1", resolve));
    t.after(() => front.close());
    return { port: front.address().port };
  }

  test("tunnel_by_an_https_proxy_has_TLS_within_TLS", async (t) => {
    const server = await secureServer(t);
    const proxy = await tunnelProxy(t);
    const front = await tlsFront(t, proxy, other());
    expectTranscript(
      bare(await run("exchange", ...secure(server, by(front, "https://a:b@"), ...getTwice))),
      setHttps,
      connected,
      hello(),
      hello("/2"),
    );
    assert.ok(proxy.heads[0].includes(`Proxy-Authorization: ${basic("a:b")}`));
  });

  // What mbedTLS does not take in a first handshake of TLS 1.2: RSA-PSS, which these choose.
  const choosy = { maxVersion: "TLSv1.2", honorCipherOrder: true };
  const rsa = (name) =>
    lazily(() => issue(name, { names: [`DNS:${name}.test`, "IP:127.0.0.1"], kind: "RSA 2048" }));
  const rsaOrigin = rsa("origin");
  const rsaProxy = rsa("proxy");

  for (const which of ["origin", "proxy", "origin_and_the_proxy"]) {
    test(`second_handshake_with_the_${which}_goes_by_a_second_tunnel`, async (t) => {
      const wrap = trusting(pair(), other(), rsaOrigin(), rsaProxy());
      const server = which.startsWith("origin")
        ? await secureServer(t, rsaOrigin(), choosy)
        : await secureServer(t);
      const proxy = await tunnelProxy(t);
      const front = which.endsWith("proxy")
        ? await tlsFront(t, proxy, rsaProxy(), choosy)
        : await tlsFront(t, proxy, other());
      const [address, ...options] = secure(server, by(front, "https://a:b@"), ...getTwice);
      const transcript = await run("exchange", { ...address, wrap }, ...options);
      expectTranscript(bare(transcript), setHttps, connected, hello(), hello("/2"));
      assert.equal(proxy.heads.length, which.startsWith("origin") ? 2 : 1);
      for (const head of proxy.heads) assert.equal(head, proxy.heads[0]);
      assert.equal(server.heads.length, 2);
    });
  }

  test("session_of_a_version_that_is_not_spoken_any_more_takes_a_second_tunnel", async (t) => {
    const contexts = ["TLSv1.3", "TLSv1.2"].map((version) =>
      tls.createSecureContext({
        ...credentials(pair()),
        minVersion: version,
        maxVersion: version,
      }),
    );
    let dialled = 0;
    const server = net.createServer((raw) => {
      const secureContext = contexts[dialled++ === 0 ? 0 : 1];
      const socket = new tls.TLSSocket(raw, { isServer: true, secureContext });
      for (const one of [raw, socket]) one.on("error", () => {});
      socket.on("data", () => socket.write(ok("hello")));
      t.after(() => raw.destroy());
    });
    await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
    t.after(() => server.close());
    const proxy = await tunnelProxy(t);
    const transcript = await run(
      "sessions",
      ...secure({ port: server.address().port }, "tls=1", by(proxy), ",", 0, 0),
    );
    assert.equal(transcript.match(/^body 5 bytes "hello"$/gm)?.length, 2, transcript);
    assert.equal(proxy.heads.length, 3);
    assert.equal(dialled, 3);
  });

  test("plain_requests_by_an_https_proxy_are_absolute", async (t) => {
    const proxy = await answering(t, [ok("hello")]);
    const front = await tlsFront(t, proxy, other());
    await expectRun(
      [
        "exchange",
        { host: "origin.test", port: 80, wrap: trustingBoth() },
        `http_proxy=https://127.0.0.1:${front.port}`,
        ...["GET", "/", "-"],
      ],
      "set_http_proxy: OK",
      connected,
      exchange("/", "hello", { host: "origin.test" }),
    );
    assert.match(received(proxy), /^GET http:\/\/origin\.test\/ /);
  });

  test("https_proxy_is_verified_as_itself", async (t) => {
    const named = issue("named", { names: ["DNS:origin.test"] });
    const proxy = await tunnelProxy(t);
    const front = await tlsFront(t, proxy, named);
    const [server, ...options] = secure({ port: 443 }, by(front, "https://"));
    const trustingNamed = { ...server, wrap: trusting(pair(), named) };
    for (const peer of [server, trustingNamed]) {
      const transcript = await run("behind_proxy", peer, ...options);
      assert.match(transcript, /poll: TLS_CERTIFICATE: proxy: .*\nstatus TLS_HANDSHAKE_ERROR\n/);
    }
    assert.equal(proxy.heads.length, 0);
  });

  test("https_proxy_that_speaks_no_TLS_is_told_as_the_proxy", async (t) => {
    const proxy = await rawServer(t, (connection) => connection.send("HTTP/1.1 400 Bad\r\n\r\n"));
    const transcript = await run("behind_proxy", ...secure({ port: 443 }, by(proxy, "https://")));
    assert.match(transcript, /poll: TLS_HANDSHAKE: proxy: /);
  });

  const stalls = {
    "in the TLS handshake with the proxy": ["https://", () => {}],
    "while the proxy was asked for a tunnel": ["", (connection) => connection.head()],
    "in the TLS handshake behind the proxy": [
      "",
      async (connection) => {
        await connection.head();
        await connection.send(lines("HTTP/1.1 200 OK"));
      },
    ],
  };
  for (const [phase, [prefix, script]] of Object.entries(stalls)) {
    for (const blocking of [0, 1]) {
      const how = `${phase.replaceAll(" ", "_")}${blocking ? "_blocking" : ""}`;
      test(`time_out_${how}_closes_the_connection`, async (t) => {
        const proxy = await rawServer(t, async (connection) => {
          await script(connection);
          await connection.rest();
        });
        // Authorities are read and handshakes made in that time, too.
        const limit = process.env.FERRY_VALGRIND ? 4000 : 400;
        const options = [`connect_ms=${limit}`, ...(blocking ? ["blocking=1"] : [])];
        const transcript = await run(
          ...[
            "fails_again",
            { host: "origin.test", port: 443, wrap: trustingBoth() },
            by(proxy, prefix),
          ],
          ...[...options, "https://origin.test", 443],
        );
        assert.match(
          transcript,
          new RegExp(
            `${blocking ? "connect_to_host" : "poll"}: TIMEOUT: timeout: the connection to origin.test took more than ${limit} ms \\(connect_ms\\), ${phase}\nstatus CANT_CONNECT\n`,
          ),
        );
        await proxy.connections[0].closed;
      });
    }
  }

  for (const how of ["close", "connect", "free"]) {
    for (const prefix of ["", "https://"]) {
      const kind = prefix ? "proxy_over_TLS" : "proxy";
      test(`${how}_after_every_poll_of_connecting_through_a_${kind}_cancels_it`, async (t) => {
        // In pieces, so that there are many polls; how many is for the network to say.
        const server = await secureServer(t);
        const behind = await relay(t, server, { piece: 100 });
        const proxy = await tunnelProxy(t, { pieces: [...lines("HTTP/1.1 200 OK")] });
        const front = prefix ? await tlsFront(t, proxy, other()) : proxy;
        const address = { ...behind, host: "origin.test", wrap: trustingBoth() };
        const transcript = await run("cancel_handshake", address, "tls=1", by(front, prefix), how);
        const count = Number(/^set_https_proxy: OK\ncancelled (\d+) times\n/.exec(transcript)?.[1]);
        assert.ok(count >= 1, transcript);
        assert.match(transcript, /\nstatus CONNECTED\n(.*\n)*body 5 bytes "hello"\n/);
        assert.equal(server.heads.length, 1);
        for (const { closed } of [...proxy.connections, ...behind.links]) await closed;
      });
    }
  }

  for (const [name, start, has] of [
    ["squid", startSquid, squid],
    ["tinyproxy", startTinyproxy, tinyproxy],
  ]) {
    test(
      `${name}_opens_a_tunnel`,
      { skip: has ? false : `${name} is not installed` },
      async (t) => {
        const server = await secureServer(t);
        const proxy = await start({ password: "name:password" });
        t.after(() => proxy.stop());
        const address = { ...server, wrap: trustingBoth() };
        const options = ["prefix=https://", by(proxy, "name:password@")];
        const transcript = await run("exchange", address, ...options, "GET", "/", "-");
        assert.match(transcript, /body 5 bytes "hello"/);
        const refused = await run("behind_proxy", address, "prefix=https://", by(proxy));
        assert.match(refused, /407 .*\(no user name and password were given\)\n/);
        assert.match(refused, /\ncode 407, /);
      },
    );
  }
});
