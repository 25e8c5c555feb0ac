// SPDX-License-Identifier: MIT
// native: exchanges with Node's HTTP server, which is a real one.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { connected, digest, exchange, expectTranscript, pattern, run } from "./lib/run.mjs";
import { httpServer } from "./lib/servers.mjs";

/** The request's body. */
async function bodyOf(request) {
  const parts = [];
  for await (const part of request) parts.push(part);
  return Buffer.concat(parts);
}

/** Runs a scenario; gives its transcript without the headers that Node adds. */
async function runBare(...args) {
  const transcript = await run(...args);
  return transcript.replace(/^header: (Date|Connection|Keep-Alive): .*\n/gm, "");
}

const get = (server, ...targets) => [
  "exchange",
  server,
  ...targets.flatMap((target, i) => (i > 0 ? [",", "GET", target, "-"] : ["GET", target, "-"])),
];

describe("A real server", () => {
  for (const method of ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH"]) {
    test(`${method}_arrives_as_it_was_meant`, async (t) => {
      const server = await httpServer(t, async (request, response) => {
        const body = await bodyOf(request);
        response.setHeader("X-Seen", `${request.method} ${request.url} ${body}`.trim());
        response.end(method === "HEAD" ? undefined : "done");
      });
      const bodiless = ["GET", "HEAD", "TRACE"].includes(method);
      const seen = `X-Seen: ${method} /a?b=%20${bodiless ? "" : " x=1"}`;
      expectTranscript(
        await runBare("exchange", server, method, "/a?b=%20", "x=1"),
        connected,
        exchange("/a?b=%20", method === "HEAD" ? "" : "done", {
          headers: method === "HEAD" ? [seen] : [seen, "Content-Length: 4"],
          sent: bodiless ? 0 : 3,
        }),
      );
    });
  }

  test("CONNECT_is_answered_by_the_servers_connect_event", async (t) => {
    const server = await httpServer(t, () => {});
    server.listener.on("connect", (request, socket) => {
      socket.end(`HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nX-Seen: ${request.url}\r\n\r\n`);
    });
    expectTranscript(
      await runBare("exchange", server, "CONNECT", "example.org:443", "-"),
      connected,
      exchange("example.org:443", "", {
        code: 403,
        headers: ["Content-Length: 0", "X-Seen: example.org:443"],
      }),
    );
  });

  test("chunked_answer_with_trailers_is_read", async (t) => {
    const server = await httpServer(t, (request, response) => {
      response.writeHead(200, { Trailer: "X-T" });
      response.write("hello ");
      response.addTrailers({ "X-T": "1" });
      response.end("world");
    });
    expectTranscript(
      await runBare(...get(server, "/")),
      connected,
      exchange("/", "hello world", {
        length: -1,
        chunked: true,
        headers: ["Trailer: X-T", "Transfer-Encoding: chunked"],
        trailers: ["X-T: 1"],
      }),
    );
  });

  test("many_kinds_of_answers_go_over_one_connection", async (t) => {
    const large = pattern(1_000_000);
    const server = await httpServer(t, (request, response) => {
      if (request.url === "/empty") response.writeHead(204).end();
      else if (request.url === "/unchanged") response.writeHead(304).end();
      else if (request.url === "/missing") response.writeHead(404).end("missing");
      else response.end(large);
    });
    const transcript = await runBare(
      ...get(server, "/empty", "/large", "/unchanged", "/missing", "/large"),
    );
    const wholly = { headers: [`Content-Length: ${large.length}`] };
    expectTranscript(
      transcript,
      connected,
      exchange("/empty", "", { code: 204, headers: [] }),
      exchange("/large", large, wholly),
      exchange("/unchanged", "", { code: 304, headers: [] }),
      exchange("/missing", "missing", {
        code: 404,
        length: -1,
        chunked: true,
        headers: ["Transfer-Encoding: chunked"],
      }),
      exchange("/large", large, wholly),
    );
    assert.equal(server.connectionCount, 1);
  });

  test("informational_answers_of_a_real_server_are_skipped", async (t) => {
    const server = await httpServer(t, (request, response) => {
      response.writeProcessing();
      response.writeEarlyHints?.({ link: "</a>; rel=preload" });
      response.end("hello");
    });
    expectTranscript(await runBare(...get(server, "/")), connected, exchange("/", "hello"));
  });

  test("expect_continue_is_answered_by_a_real_server", async (t) => {
    const server = await httpServer(t, async (request, response) => {
      response.end(await bodyOf(request));
    });
    expectTranscript(
      await runBare(
        ...["exchange", server, "continue_ms=-1", "POST", "/", "body", "Expect: 100-continue"],
      ),
      connected,
      exchange("/", "body", { sent: 4 }),
    );
  });

  for (const length of [-1, 3_000_000]) {
    test(`streamed_upload_of_${length}_arrives_whole`, async (t) => {
      const server = await httpServer(t, async (request, response) => {
        const body = await bodyOf(request);
        const framing = request.headers["content-length"] ?? request.headers["transfer-encoding"];
        response.end(`${framing} ${digest(body).split(" ").pop()}`);
      });
      const hash = digest(pattern(3_000_000)).split(" ").pop();
      const first = `${length < 0 ? "chunked" : length} ${hash}`;
      expectTranscript(
        await runBare("upload", server, length, 50_000, 60),
        connected,
        "request: OK",
        "status REQUESTING",
        "wrote 3000000",
        "finish: OK",
        exchange("/upload", first, { sent: 3_000_000 }).slice(2),
        "request: OK", // the GET after it
        "…",
      );
    });
  }

  test("idle_connection_that_a_real_server_ends_is_DISCONNECTED", async (t) => {
    const server = await httpServer(t, (request, response) => {
      if (request.url === "/end") server.listener.closeIdleConnections();
      response.end("hello");
    });
    expectTranscript(
      await runBare("idle", server, "end"),
      connected,
      exchange("/", "hello"),
      "status DISCONNECTED",
      "response 200, length 5, hint 5, http://127.0.0.1:PORT/",
      "header: Content-Length: 5",
      "request: UNCONFIGURED: …",
      connected,
      exchange("/again", "hello"),
    );
  });

  test("http_1_0_style_answer_of_a_real_server_ends_the_connection", async (t) => {
    const server = await httpServer(t, (request, response) => {
      response.useChunkedEncodingByDefault = false;
      response.shouldKeepAlive = false;
      response.write("hello ");
      response.end("world");
    });
    expectTranscript(
      await runBare(...get(server, "/")),
      connected,
      exchange("/", "hello world", { length: -1, headers: [], end: "DISCONNECTED" }),
    );
  });

  test("status_codes_are_given_as_they_are", async (t) => {
    const codes = [200, 201, 226, 300, 308, 400, 418, 451, 500, 511, 599, 999];
    const server = await httpServer(t, (request, response) => {
      response.writeHead(Number(request.url.slice(1)), { "Content-Length": 0 }).end();
    });
    expectTranscript(
      await runBare(...get(server, ...codes.map((code) => `/${code}`))),
      connected,
      codes.map((code) => exchange(`/${code}`, "", { code })),
    );
  });
});
