// SPDX-License-Identifier: MIT
// requests: what a browser keeps to itself or does not send, and responses that have no body.
import assert from "node:assert/strict";
import { test } from "node:test";
import { closedPort, lines as headOf, rawServer } from "../scenarios/lib/servers.mjs";
import { inPlaces } from "./lib/places.mjs";
import { routes } from "./lib/routes.mjs";

// Fetch standard, section 2.2.2, and two of the prefixes.
const FORBIDDEN = [
  ...[
    "Accept-Charset",
    "Accept-Encoding",
    "Access-Control-Request-Headers",
    "Connection",
    "Cookie",
  ],
  ...["Access-Control-Request-Method", "Date", "DNT", "Expect", "Host", "Keep-Alive", "Origin"],
  ...["Referer", "Set-Cookie", "TE", "Trailer", "Upgrade", "Via", "Proxy-Authorization", "Sec-X"],
];

const sequence = (requests) => requests.flatMap((request) => [",", ...request]).slice(1);

inPlaces((place) => {
  const own = async (t, answers) => {
    const server = await routes(t, answers);
    const home = await place.home(t, server);
    const ask = async (...args) =>
      (await place.run(home, [`origin=${home.origin}`, ...args])).lines;
    return { server, ask };
  };

  test("headers_that_browsers_keep_to_themselves_are_left_out_with_a_warning", async (t) => {
    const { server, ask } = await own(t, { "/a": { body: "a" } });
    const value = (name) => (name === "Expect" ? "100-continue" : "of-the-program");
    const headers = FORBIDDEN.map((name) => `${name}: ${value(name)}`);
    const lines = await ask("body=abc", "POST", "/a", ...headers, "X-Mine: of-the-program");
    const warnings = lines.filter((line) => line.startsWith("warning: "));
    assert.deepEqual(
      warnings,
      FORBIDDEN.map(
        (name) => `warning: the header is left out, since a browser keeps ${name} to itself`,
      ),
    );
    assert.equal(lines.at(-1), "body 1 bytes: a");
    const [{ headers: seen }] = server.requests;
    const mine = Object.keys(seen).filter((name) => /of-the-program|100-c/.test(seen[name]));
    assert.deepEqual(mine, ["x-mine"]);
  });

  test("methods_that_browsers_do_not_send_are_unavailable", async (t) => {
    const { server, ask } = await own(t, {});
    const methods = ["TRACE", "TRACK", "CONNECT"];
    const target = (method) => (method === "CONNECT" ? "x.example:80" : "/a");
    assert.deepEqual(
      await ask(...sequence(methods.map((method) => [method, target(method)]))),
      methods.map(
        (method) =>
          `refused: FERRY_ERROR_UNAVAILABLE: browsers do not send ${method} ` +
          "(Fetch standard, forbidden methods)",
      ),
    );
    assert.equal(server.requests.length, 0);
  });

  test("a_body_is_ignored_where_the_method_has_none", async (t) => {
    const { server, ask } = await own(t, { "/a": { body: "a" } });
    const lines = await ask("body=abc", "GET", "/a", ",", "body=abc", "HEAD", "/a");
    assert.equal(lines.filter((line) => line.startsWith("response 200")).length, 2);
    for (const { headers, body } of server.requests) {
      assert.equal(headers["content-length"], undefined);
      assert.equal(headers["transfer-encoding"], undefined);
      assert.equal(body, "");
    }
  });

  test("methods_and_bodies_arrive_as_they_are", async (t) => {
    const { server, ask } = await own(t, { "/a": { body: "a" } });
    await ask(
      ...sequence([
        ["POST", "/a"],
        ["PUT", "/a"],
        ["PATCH", "/a"],
        ["body=abc", "PROPFIND", "/a"],
        ["body=abc", "DELETE", "/a"],
        ["body=@300", "PATCH", "/a"],
      ]),
    );
    const pattern = String.fromCharCode(...Array.from({ length: 300 }, (_, i) => i % 251));
    assert.deepEqual(
      server.requests.map(({ method, body, headers }) => [method, headers["content-length"], body]),
      [
        ["POST", "0", ""],
        ["PUT", "0", ""],
        ["PATCH", "0", ""],
        ["PROPFIND", "3", "abc"],
        ["DELETE", "3", "abc"],
        ["PATCH", "300", pattern],
      ],
    );
  });

  test("a_redirect_that_keeps_the_body_sends_it_again", async (t) => {
    const to = (status) => ({ status, headers: { Location: "/a" } });
    const { server, ask } = await own(t, {
      ...{ "/307": to(307), "/308": to(308), "/a": { body: "a" } },
    });
    const lines = await ask(
      ...sequence([
        ["body=in one piece", "POST", "/307"],
        ["body=in one piece", "PATCH", "/308"],
        ["body=@300000", "PUT", "/308"],
        ["stream=300000", "POST", "/307"],
        ["PATCH", "/307"],
      ]),
    );
    assert.deepEqual(
      lines.filter((line) => /^(body|error)/.test(line)),
      Array(5).fill("body 1 bytes: a"),
    );
    const arrived = server.of("/a");
    assert.deepEqual(
      arrived.map(({ method, body }) => [method, body.length]),
      [
        ["POST", 12],
        ["PATCH", 12],
        ["PUT", 300_000],
        ["POST", 300_000],
        ["PATCH", 0],
      ],
    );
  });

  test("a_body_has_the_content_type_that_the_program_gives_and_no_other", async (t) => {
    const { server, ask } = await own(t, { "/a": { body: "a" } });
    const methods = ["POST", "PUT", "PATCH", "DELETE", "PROPFIND"];
    await ask(
      ...sequence([
        ...methods.map((method) => [method, "/a"]),
        ...methods.map((method) => ["body=abc", method, "/a"]),
        ["stream=3", "POST", "/a"],
        ["PATCH", "/a", "Content-Type: text/x-own"],
      ]),
    );
    const types = server.requests.map(({ headers }) => headers["content-type"]);
    assert.deepEqual(types, [...Array(2 * methods.length + 1).fill(undefined), "text/x-own"]);
  });

  test("what_is_no_target_or_no_header_is_refused_before_anything_is_sent", async (t) => {
    const { server, ask } = await own(t, {});
    const invalid = "refused: FERRY_ERROR_INVALID_PARAMETER: ";
    const unavailable =
      "refused: FERRY_ERROR_UNAVAILABLE: a browser takes urls that begin with '/'";
    const expected = [
      [["GET", "a/b"], invalid],
      [["GET", "/a b"], invalid],
      [["GET", "/a\r\nX: y"], invalid],
      [["GET", "*"], invalid],
      [["OPTIONS", "*"], unavailable],
      [["GET", "http://127.0.0.1/a"], unavailable],
      [["GET", "/a", "X: a\r\nY: b"], invalid],
      [["GET", "/a", "X Y: a"], invalid],
      [["GET", "/a", "no colon"], invalid],
    ];
    const lines = await ask(...sequence(expected.map(([request]) => request)));
    assert.equal(lines.length, expected.length, lines.join("\n"));
    expected.forEach(([request, start], i) => {
      assert.ok(lines[i].startsWith(start), `${request}: ${lines[i]}`);
      assert.ok(lines[i].length > start.length, "in words");
    });
    assert.equal(server.requests.length, 0);
  });

  test("a_port_that_browsers_block_is_an_error_with_a_detail", async (t) => {
    const { ask } = await own(t, {});
    const [line, ...more] = await ask("origin=http://127.0.0.1:25", "GET", "/a");
    assert.deepEqual(more, []);
    assert.match(line, /^connect: FERRY_ERROR_UNAVAILABLE: browsers block the port 25 /);
  });

  test("nobody_at_the_port_is_an_error_with_a_detail", async (t) => {
    const { ask } = await own(t, {});
    const [line, ...more] = await ask(`origin=http://127.0.0.1:${await closedPort()}`, "GET", "/a");
    assert.deepEqual(more, []);
    const expected = place.isBrowser
      ? /^error: FERRY_ERROR_NETWORK_OR_CORS: no Access-Control-Allow-Origin .*, or the network failed/
      : /^error: FERRY_ERROR_CANT_CONNECT: .*ECONNREFUSED/;
    assert.match(line, expected);
  });

  test("a_server_that_leaves_without_an_answer_is_an_error_with_a_detail", async (t) => {
    const server = await rawServer(t, async (connection) => {
      await connection.head();
      connection.end();
    });
    const home = await place.home(t, server);
    const { lines } = await place.run(home, [`origin=${home.origin}`, "body=a", "POST", "/a"]);
    assert.equal(lines.length, 1);
    assert.match(lines[0], /^error: FERRY_ERROR_(NETWORK_OR_CORS|CONNECTION_ERROR): .{10,}/);
  });

  test("responses_without_a_body_end_at_once", async (t) => {
    const codes = {
      "/204": "204 No Content",
      "/205": "205 Reset Content",
      "/304": "304 Not Modified",
    };
    const server = await rawServer(t, async (connection) => {
      for (;;) {
        const [method, target] = (await connection.head()).split(" ");
        const length = method === "HEAD" ? ["Content-Length: 5"] : [];
        if (target === "/205" || target === "/empty") length.push("Content-Length: 0");
        await connection.send(headOf(`HTTP/1.1 ${codes[target] ?? "200 OK"}`, ...length));
      }
    });
    const home = await place.home(t, server);
    const requests = [
      ["GET", "/204"],
      ["GET", "/205"],
      // A condition of the program's own makes that the browser hands it over.
      ["cache=no-store", "GET", "/304", 'If-None-Match: "e"'],
      ["HEAD", "/head"],
      ["GET", "/empty"],
    ];
    const { lines } = await place.run(home, [`origin=${home.origin}`, ...sequence(requests)]);
    assert.deepEqual(
      lines.filter((line) => !line.startsWith("header: ")),
      [204, 205, 304, 200, 200].flatMap((code, i) => [
        `response ${code}, length -1, hint 0, ${home.origin}${requests[i].find((word) => word[0] === "/")}`,
        "body 0 bytes: ",
      ]),
    );
    if (!place.isBrowser) return; // Node ends the connection after HEAD
    assert.equal(server.connections.length, 1, "the connection goes on");
  });
});
