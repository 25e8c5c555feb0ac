// SPDX-License-Identifier: MIT
// tunnel: in a browser too a program may bring a stream of its own; ferry then speaks HTTP/1.1
// itself, here over a WebSocket that is joined to a raw TCP server.
import assert from "node:assert/strict";
import net from "node:net";
import { once } from "node:events";
import { after, before, describe, test } from "node:test";
import { WebSocketServer } from "ws";
import { answering, lines, ok, received } from "../scenarios/lib/servers.mjs";
import { allBrowsers, availableBrowsers, openBrowser, runProgram } from "./lib/browsers.mjs";
import { front } from "./lib/front.mjs";

/** Joins each WebSocket to a connection of its own with the target. */
async function tunnelTo(t, target) {
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
  await once(server, "listening");
  server.on("connection", (socket) => {
    const peer = net.connect({ host: target.host, port: target.port, noDelay: true });
    peer.on("data", (data) => socket.send(data));
    peer.on("close", () => socket.close());
    peer.on("error", () => socket.close());
    socket.on("message", (data) => peer.write(data));
    socket.on("close", () => peer.end());
  });
  t.after(() => {
    for (const socket of server.clients) socket.terminate();
    return new Promise((resolve) => server.close(resolve));
  });
  return `ws://127.0.0.1:${server.address().port}/`;
}

const sum = (bytes) => [...Buffer.from(bytes)].reduce((total, byte) => total + byte, 0);

function browserTests(name) {
  let browser;
  before(async () => (browser = await openBrowser(name)));
  after(() => browser?.close());

  async function run(t, target, ...args) {
    const { origin } = await front(t, null);
    const url = await tunnelTo(t, target);
    return runProgram(browser, { origin, program: "tunnel", args: [url, ...args] });
  }

  test("two_requests_go_over_one_tunnel_and_the_wire_has_what_ferry_wrote", async (t) => {
    const body = Buffer.alloc(300_000, "ferry");
    const target = await answering(t, [ok(body, "X-A: 1"), ok("two")]);
    const { stdout, stderr, code } = await run(t, target, "/a?b");
    const expected = [
      ...["200, length 300000", "Content-Length: 300000", "X-A: 1"],
      `300000 bytes, sum ${sum(body)}, CONNECTED`,
      ...["200, length 3", "Content-Length: 3", `3 bytes, sum ${sum("two")}, CONNECTED`],
      ...["destroyed", ""],
    ];
    assert.equal(stderr, "");
    assert.equal(stdout, expected.join("\n"));
    assert.equal(code, 0);
    assert.equal(target.connections.length, 1);
    const request = lines(
      "GET /a?b HTTP/1.1",
      "Host: localhost",
      "User-Agent: ferry/0.1.0",
      "Accept: */*",
    );
    assert.equal(received(target), request + request);
  });

  test("chunked_bodies_and_uploads_pass_too", async (t) => {
    const chunked = `${lines("HTTP/1.1 200 OK", "Transfer-Encoding: chunked")}5\r\nhello\r\n0\r\n\r\n`;
    const target = await answering(t, [chunked]);
    const { stdout, code } = await run(t, target, "/p", "body");
    const once = [
      ...["200, length -1, chunked", "Transfer-Encoding: chunked"],
      `5 bytes, sum ${sum("hello")}, CONNECTED`,
    ];
    assert.equal(stdout, [...once, ...once, "destroyed", ""].join("\n"));
    assert.equal(code, 0);
    assert.match(
      received(target),
      /^POST \/p HTTP\/1\.1\r\nHost: localhost\r\nContent-Length: 4\r\n/,
    );
  });

  test("what_is_not_HTTP_is_a_protocol_error_as_it_is_natively", async (t) => {
    const target = await answering(t, ["220 mail.example.org ready\r\n"]);
    const { stdout, code } = await run(t, target, "/");
    assert.match(stdout, /^FERRY_ERROR_PROTOCOL: the answer does not begin with an HTTP\/1\.x/m);
    assert.equal(code, 1);
  });
}

for (const name of allBrowsers) {
  const skip = availableBrowsers().includes(name) ? false : `${name} is not installed`;
  describe(name, { skip }, () => browserTests(name));
}
