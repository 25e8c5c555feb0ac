// SPDX-License-Identifier: MIT
// connecting: which hosts are taken and which are refused, what becomes of failures, and what ends
// a connection in each status.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { connected, exchange, expectRun, failedRequest, run } from "./lib/run.mjs";
import { answering, closedPort, ok, rawServer, received } from "./lib/servers.mjs";

const greeting = [ok("hello")];
const greeted = (target = "/", options = {}) => exchange(target, "hello", options);

describe("Connecting", () => {
  for (const prefix of ["", "http://", "HTTP://", "hTTp://"]) {
    test(`host_with_prefix_"${prefix}"_is_taken`, async (t) => {
      const server = await answering(t, greeting);
      await expectRun(["connect", server, `${prefix}127.0.0.1`], connected, greeted());
    });
  }

  for (const host of ["[::1]", "::1", "http://[::1]", "0:0:0:0:0:0:0:1"]) {
    test(`ipv6_literal_"${host}"_is_taken`, async (t) => {
      const server = await answering(t, greeting, { host: "::1" });
      const bare = host.replace(/^http:\/\//, "").replace(/[[\]]/g, "");
      await expectRun(
        ["connect", server, host],
        connected,
        greeted("/", { host: `[${bare}]:PORT` }),
      );
      assert.match(received(server), new RegExp(`\r\nHost: \\[${bare}\\]:PORT\r\n`));
    });
  }

  test("name_without_a_dot_is_taken", async (t) => {
    const server = await answering(t, greeting);
    await expectRun(
      ["connect", server, "localhost"],
      connected,
      greeted("/", { host: "localhost:PORT" }),
    );
    assert.match(received(server), /\r\nHost: localhost:PORT\r\n/);
  });

  test("default_port_of_http_is_80", async (t) => {
    let server;
    try {
      server = await answering(t, greeting, { port: 80 });
    } catch (error) {
      t.skip(`port 80 cannot be had: ${error.code}`);
      return;
    }
    await expectRun(
      ["connect_default_port", server, "127.0.0.1"],
      connected,
      greeted("/", { host: "127.0.0.1" }),
    );
    assert.match(received(server), /\r\nHost: 127\.0\.0\.1\r\n/, "Host has no port");
  });

  test("impossible_hosts_are_refused_and_the_detail_says_which_argument_takes_what", async (t) => {
    const server = await answering(t, greeting);
    const refused = (host, detail) => [
      `host ${host}`,
      `connect_to_host: INVALID_PARAMETER: ${detail}`,
    ];
    await expectRun(
      ["refused_hosts", server],
      connected,
      refused("NULL", "…NULL…"),
      refused('""', "…empty…"),
      refused('"http://"', "…empty…"),
      refused('"https://"', "…empty…"),
      refused('"example.org:8080"', "…port argument…"),
      refused('"http://example.org:8080"', "…port argument…"),
      refused('"[::1]:8080"', "…port argument…"),
      refused('"example.org/"', "…path…url…"),
      refused('"http://example.org/path"', "…path…url…"),
      refused('"example.org?query"', "…url…"),
      refused('"user@example.org"', "…user name…Authorization…"),
      refused('"http://user:password@example.org"', "…user name…Authorization…"),
      refused('"ftp://example.org"', "…scheme…"),
      refused('"[::1"', "…bracket…"),
      refused('"[example.org]"', "…IPv6…"),
      refused('"::g"', "…"),
      refused('"a b"', "…"),
      refused('"a\\x0d\\x0aX-Injected: yes"', "…"),
      refused('"a..b"', "…empty part…"),
      refused('"a.."', "…empty part…"),
      refused('".a"', "…empty part…"),
      refused('"a\\x7fb"', "…"),
      refused('"ex%61mple.org"', "…"),
      refused('"b\\xc3\\xbccher.example"', "…"),
      refused(`"${"0123456789".repeat(6)}0123.example"`, "…"),
      greeted(),
    );
    assert.equal(server.connections.length, 1, "the connection is kept, and there is no other");
  });

  test("ports_out_of_range_are_refused", async (t) => {
    const server = await answering(t, greeting);
    const refused = (port) => [`port ${port}`, `connect_to_host: INVALID_PARAMETER: …${port}…`];
    await expectRun(
      ["refused_ports", server],
      connected,
      refused(0),
      refused(-2),
      refused(65536),
      refused(2147483647),
      greeted(),
    );
    assert.equal(server.connections.length, 1);
  });

  test("http_prefix_together_with_tls_options_is_refused", async (t) => {
    const server = await answering(t, greeting);
    await expectRun(
      ["connect", server, "tls=1", "http://127.0.0.1"],
      "connect_to_host: INVALID_PARAMETER: …http://…TLS…",
    );
    assert.equal(server.connections.length, 0);
  });

  test("failed_connection_is_told_at_every_later_call_until_close", async (t) => {
    const port = await closedPort();
    await expectRun(
      ["fails_again", { port }],
      "connect_to_host: OK",
      "status RESOLVING",
      "status CONNECTING",
      "poll: CANT_CONNECT: …127.0.0.1:PORT…",
      "status CANT_CONNECT",
      "poll: CANT_CONNECT: …127.0.0.1:PORT…",
      "poll: CANT_CONNECT: …127.0.0.1:PORT…",
      "get_error: CANT_CONNECT: …127.0.0.1:PORT…",
      "request: UNCONFIGURED: …",
      "read: CANT_CONNECT: …",
      "length 99",
      "write: CANT_CONNECT: …",
      "finish: CANT_CONNECT: …",
      "wait: OK",
      "waits 0",
      "poll: CANT_CONNECT: …127.0.0.1:PORT…",
      afterClose,
    );
  });

  test("failed_exchange_is_told_at_every_later_call_until_close", async (t) => {
    const server = await answering(t, ["what is this?\r\n"]);
    await expectRun(
      ["fails_again", server],
      connected,
      failedRequest("PROTOCOL", "…what is this…"),
      "poll: PROTOCOL: …what is this…",
      "poll: PROTOCOL: …what is this…",
      "get_error: PROTOCOL: …what is this…",
      "request: UNCONFIGURED: …",
      "read: PROTOCOL: …",
      "length 99",
      "write: PROTOCOL: …",
      "finish: PROTOCOL: …",
      "wait: OK",
      "waits 0",
      "poll: PROTOCOL: …what is this…",
      afterClose,
    );
  });

  test("each_wait_of_a_loop_of_the_programs_own_is_told", async (t) => {
    const server = await rawServer(t, async (connection) => {
      await connection.head();
      await connection.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello");
      await connection.rest();
    });
    await expectRun(
      ["waits", server],
      "DISCONNECTED: waits 0, no descriptor, events, time-out none",
      connected,
      "CONNECTED: waits 1, a descriptor, events READ, time-out none",
      "wait: FERRY_ERROR_TIMEOUT",
      "error FERRY_OK",
      "request: OK",
      "status REQUESTING",
      "REQUESTING: waits 1, a descriptor, events READ, time-out none",
      "status BODY",
      "BODY: waits 0, no descriptor, events, time-out now",
      "BODY: waits 1, a descriptor, events READ, time-out none",
      "wait: FERRY_ERROR_TIMEOUT",
      "error FERRY_OK",
    );
  });
});

const afterClose = [
  "closed",
  "status DISCONNECTED",
  "poll: UNCONFIGURED: …connect_to_host…",
  "poll: UNCONFIGURED: …connect_to_host…",
  "get_error: OK",
  "request: UNCONFIGURED: …connect_to_host…",
  "read: UNCONFIGURED: …",
  "length 99",
  "write: UNCONFIGURED: …",
  "finish: UNCONFIGURED: …",
  "wait: OK",
  "waits 0",
  "poll: UNCONFIGURED: …connect_to_host…",
];

// ---- close, connect_to_host, free and set_connection(NULL), in each status ----

/** /wait is not answered, /hold in part, /garbage wrongly; anything else is. */
async function droppingServer(t) {
  return rawServer(t, async (connection) => {
    for (;;) {
      const head = await connection.head();
      if (head.startsWith("GET /hold ")) {
        await connection.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\nX-Old: 1\r\n\r\nhello");
      } else if (head.startsWith("GET /garbage ")) {
        await connection.send("garbage\r\n\r\n");
      } else if (!head.startsWith("GET /wait ")) {
        await connection.send(ok("after"));
      }
    }
  });
}

const upTo = {
  DISCONNECTED: [],
  RESOLVING: connected.slice(0, 2),
  CONNECTING: connected.slice(0, 3),
  CANT_CONNECT: [connected.slice(0, 3), "poll: CANT_CONNECT: …", "status CANT_CONNECT"],
  CONNECTED: connected,
  REQUESTING: [connected, "request: OK", "status REQUESTING"],
  BODY: [connected, "request: OK", "status REQUESTING", "status BODY"],
  CONNECTION_ERROR: [connected, failedRequest("PROTOCOL")],
};

describe("Every status", () => {
  for (const [status, walk] of Object.entries(upTo)) {
    for (const how of ["close", "connect", "free", "unset"]) {
      test(`${how}_in_${status}_drops_all_and_the_client_can_be_used_again`, async (t) => {
        const server = await droppingServer(t);
        const elsewhere = status === "CANT_CONNECT" ? ["127.0.0.1", await closedPort()] : [];
        const dropped = [
          how === "unset" ? "set_connection: OK" : [],
          // A new client has been DISCONNECTED from the beginning.
          how === "free" || status === "DISCONNECTED" ? [] : "status DISCONNECTED",
          'has response 0, code 0, detail "", connection none',
          "poll: UNCONFIGURED: …",
        ];
        // From RESOLVING to RESOLVING, no change shows.
        const again =
          how === "connect" && status === "RESOLVING"
            ? connected.filter((line) => line !== "status RESOLVING")
            : connected;
        await expectRun(
          ["drop", server, how, status, ...elsewhere],
          walk,
          `${how} in ${status}`,
          how === "connect" ? [] : dropped,
          again,
          exchange("/after", "after"),
        );
        const last = server.connections.length - 1;
        assert.match(received(server, last), /^GET \/after /, "a connection of its own");
        if (last > 0) await server.connections[0].closed;
      });
    }
  }
});

// without_tls.test.mjs runs this with a build of that kind.
const hasTls = (await run("has_tls", { port: 1 })).includes("yes");

describe("A build without TLS", { skip: hasTls && "this build has TLS" }, () => {
  test("tls_is_unavailable_and_nothing_is_sent", async (t) => {
    const server = await answering(t, greeting);
    await expectRun(
      ["tls_refused", server],
      "client: unsafe 0, name example.org",
      "client_unsafe: unsafe 1, name NULL",
      connected,
      'host "127.0.0.1" with TLS options',
      "connect_to_host: UNAVAILABLE: …TLS…",
      'host "127.0.0.1" with TLS options',
      "connect_to_host: UNAVAILABLE: …TLS…",
      'host "https://127.0.0.1"',
      "connect_to_host: UNAVAILABLE: …TLS…",
      'host "HTTPS://127.0.0.1" with TLS options',
      "connect_to_host: UNAVAILABLE: …TLS…",
      'host "http://127.0.0.1" with TLS options',
      "connect_to_host: INVALID_PARAMETER: …TLS…",
      greeted(),
    );
    assert.equal(server.connections.length, 1);
    assert.equal(received(server).match(/GET/g).length, 1, "one request and nothing else");
  });
});
