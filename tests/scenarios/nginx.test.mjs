// SPDX-License-Identifier: MIT
// nginx: exchanges with nginx: files, ranges, conditions, compression, limits and keep-alive.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { nginx, startNginx } from "./lib/nginx.mjs";
import { connected, exchange, expectTranscript, pattern, run } from "./lib/run.mjs";

const skip = nginx ? false : "nginx is not installed";

const text = "ferry carries bytes. ".repeat(5000);
const large = pattern(20_000_000);

const directives = `
    keepalive_requests 3;
    if_modified_since before;
    client_max_body_size 1000;
    location = /hello.txt { add_header X-A one; add_header X-A two; }
    location = /text.txt { gzip on; gzip_types *; gzip_min_length 1; }
    location = /large.bin { etag off; }
    location = /moved { return 301 /hello.txt; }
    location = /gone { return 204; }
    location = /drop { return 444; }
    location = /slow.bin { limit_rate 100k; }
    location = /post { proxy_pass http://127.0.0.1:1/; }`;

// What varies from version to version and from run to run.
const VARYING =
  /^header: (Server|Date|Last-Modified|ETag|Connection|Content-Type|Accept-Ranges): .*\n/gm;

describe("nginx", { skip }, () => {
  let server;
  before(async () => {
    const files = { "hello.txt": "hello", "text.txt": text, "large.bin": large };
    server = await startNginx({ ...files, "slow.bin": large.subarray(0, 50_000) }, directives);
  });
  after(() => server?.stop());

  const runBare = async (...args) => (await run(...args)).replace(VARYING, "");
  const get = (...args) => ["exchange", server, "GET", ...args];

  test("file_is_read_and_repeated_headers_keep_their_order", async () => {
    expectTranscript(
      await runBare(...get("/hello.txt", "-")),
      connected,
      exchange("/hello.txt", "hello", { headers: ["Content-Length: 5", "X-A: one", "X-A: two"] }),
    );
  });

  for (const mode of ["polling", "blocking"]) {
    test(`large_file_is_read_whole_${mode}`, async () => {
      const blocking = mode === "blocking" ? ["blocking=1"] : [];
      expectTranscript(
        await runBare("exchange", server, ...blocking, "into=262144", "GET", "/large.bin", "-"),
        blocking.map(() => "set_blocking_mode: OK"),
        connected,
        exchange("/large.bin", large),
      );
    });
  }

  test("file_that_comes_slowly_is_read_whole", async () => {
    expectTranscript(
      await runBare(...get("/slow.bin", "-")),
      connected,
      exchange("/slow.bin", large.subarray(0, 50_000)),
    );
  });

  test("HEAD_ends_at_once", async () => {
    expectTranscript(
      await runBare("exchange", server, "HEAD", "/large.bin", "-", ",", "HEAD", "/large.bin", "-"),
      connected,
      exchange("/large.bin", "", { headers: [`Content-Length: ${large.length}`] }),
      exchange("/large.bin", "", { headers: [`Content-Length: ${large.length}`] }),
    );
  });

  test("range_is_read_as_it_is", async () => {
    expectTranscript(
      await runBare(...get("/large.bin", "-", "Range: bytes=1000-1999")),
      connected,
      exchange("/large.bin", large.subarray(1000, 2000), {
        code: 206,
        headers: ["Content-Length: 1000", `Content-Range: bytes 1000-1999/${large.length}`],
      }),
    );
  });

  test("answer_to_a_condition_has_no_body", async () => {
    expectTranscript(
      await runBare(...get("/hello.txt", "-", "If-Modified-Since: Fri, 31 Dec 9999 23:59:59 GMT")),
      connected,
      // Which headers come with 304 is for nginx to decide.
      ["request: OK", "status REQUESTING", "status CONNECTED", "response 304, length 0, hint 0, …"],
      "…",
      'body 0 bytes ""',
      "received 0, sent 0",
    );
  });

  test("compressed_file_is_undone", async (t) => {
    const transcript = await runBare(...get("/text.txt", "-"));
    assert.match(transcript, /^response 200/m);
    if (!transcript.includes("Content-Encoding: gzip")) {
      t.skip("gzip is not built in");
      return;
    }
    expectTranscript(
      transcript,
      connected,
      exchange("/text.txt", text, {
        length: -1,
        chunked: true,
        headers: ["Transfer-Encoding: chunked", "Content-Encoding: gzip"],
        received: "…",
      }),
    );
  });

  test("redirect_is_not_followed_and_can_be_read", async () => {
    expectTranscript(
      await runBare("exchange", server, "HEAD", "/moved", "-"),
      connected,
      "request: OK",
      "status REQUESTING",
      "status CONNECTED",
      "response 301, …",
      "header: Content-Length: …",
      `header: Location: http://127.0.0.1${server.port === 80 ? "" : ":PORT"}/hello.txt`,
      'body 0 bytes ""',
      "received 0, sent 0",
    );
  });

  test("answer_without_content_keeps_the_connection", async () => {
    expectTranscript(
      await runBare(...get("/gone", "-", ",", "GET", "/gone", "-")),
      connected,
      exchange("/gone", "", { code: 204, headers: [] }),
      exchange("/gone", "", { code: 204, headers: [] }),
    );
  });

  test("connection_is_ended_after_as_many_requests_as_the_server_wants", async () => {
    const one = (end) =>
      exchange("/hello.txt", "hello", {
        headers: ["Content-Length: 5", "X-A: one", "X-A: two"],
        end,
      });
    const more = [",", "GET", "/hello.txt", "-"];
    expectTranscript(
      await runBare(...get("/hello.txt", "-", ...more, ...more, ...more)),
      connected,
      one("CONNECTED"),
      one("CONNECTED"),
      one("DISCONNECTED"),
      connected,
      one("CONNECTED"),
    );
  });

  test("server_that_ends_the_connection_without_an_answer_is_a_connection_error", async () => {
    expectTranscript(
      await runBare(...get("/drop", "-")),
      connected,
      "request: OK",
      "status REQUESTING",
      "poll: CONNECTION_ERROR: …without answering…",
      "status CONNECTION_ERROR",
    );
  });

  test("body_that_is_too_large_for_the_server_is_answered_with_413", async () => {
    const transcript = await runBare("exchange", server, "POST", "/post", "@100000");
    assert.match(transcript, /^response 413, /m);
    assert.match(transcript, /\nstatus DISCONNECTED\nreceived \d+, sent \d+\n$/);
  });

  test("wrong_request_is_answered_with_400", async () => {
    const transcript = await runBare(...get("/hello.txt", "-", "Host: a b"));
    assert.match(transcript, /^response 400, /m);
  });
});
