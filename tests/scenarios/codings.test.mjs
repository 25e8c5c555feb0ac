// SPDX-License-Identifier: MIT
// codings: content codings are undone, within a limit, unless the caller asks for the body as it
// was sent.
import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import zlib from "node:zlib";
import { connected, digest, exchange, expectRun, pattern, run } from "./lib/run.mjs";
import { answering, lines, ok, rawServer, received } from "./lib/servers.mjs";

const text = Buffer.from("ferry carries bytes. ".repeat(500));

// `text` as `zstd -19` packs it: not every Node has zstd.
const ZSTD = Buffer.from("KLUv/QRo7QAAqGZlcnJ5IGNhcnJpZXMgYnl0ZXMuIAEA2RHykwnwNPiN", "base64");

const encoders = {
  gzip: zlib.gzipSync,
  "x-gzip": zlib.gzipSync,
  deflate: zlib.deflateSync,
  br: zlib.brotliCompressSync,
  zstd: (data) => {
    assert.ok(data.equals(text));
    return ZSTD;
  },
};

const coded = (name, data = text) => encoders[name](data);
const answer = (name, data, ...fields) => ok(data, `Content-Encoding: ${name}`, ...fields);
const get = (server, ...options) => ["exchange", server, ...options, "GET", "/", "-"];

/** The lines of an exchange of a coded body that is undone. */
const undone = (name, packed, body = text, options = {}) =>
  exchange("/", body, {
    length: -1,
    headers: [`Content-Length: ${packed.length}`, `Content-Encoding: ${name}`],
    received: packed.length,
    ...options,
  });

/** The lines of an exchange whose body cannot be undone. */
const spoilt = (name, packed, error, detail = "…") => [
  "request: OK",
  "status REQUESTING",
  "status BODY",
  "response 200, length -1, hint -1, http://127.0.0.1:PORT/",
  `header: Content-Length: ${packed.length}`,
  `header: Content-Encoding: ${name}`,
  "body …",
  `read: ${error}: ${detail}`,
  "status CONNECTION_ERROR",
  "received …",
];

// What the build has, as it tells servers.
let accepted = [];
before(async () => {
  const closings = [];
  const server = await answering({ after: (close) => closings.push(close) }, [ok("")]);
  await run("exchange", server, "GET", "/", "-");
  const field = /\r\nAccept-Encoding: (.*)\r\n/.exec(received(server));
  accepted = field ? field[1].split(", ") : [];
  for (const close of closings) await close();
});

function skipUnlessBuilt(t, name) {
  const has = accepted.includes(name.replace("x-", ""));
  if (!has) t.skip(`${name} is not built in`);
  return !has;
}

describe("Content codings", () => {
  for (const name of Object.keys(encoders)) {
    for (const into of [0, 1, 100]) {
      test(`${name}_is_undone_into_${into || "views"}`, async (t) => {
        if (skipUnlessBuilt(t, name)) return;
        const packed = coded(name);
        const server = await answering(t, [answer(name, packed), ok("next")]);
        await expectRun(
          [...get(server, `into=${into}`), ",", "GET", "/next", "-"],
          connected,
          undone(name, packed),
          exchange("/next", "next"),
        );
        assert.equal(server.connections.length, 1);
      });
    }

    test(`${name}_in_chunks_of_one_byte_is_undone`, async (t) => {
      if (skipUnlessBuilt(t, name)) return;
      const packed = coded(name);
      const headers = ["Transfer-Encoding: chunked", `Content-Encoding: ${name}`];
      const chunks = [...packed].flatMap((byte) => ["1\r\n", Buffer.from([byte]), "\r\n"]);
      const parts = [lines("HTTP/1.1 200 OK", ...headers), ...chunks, "0\r\n\r\n"];
      const server = await answering(t, [Buffer.concat(parts.map((part) => Buffer.from(part)))]);
      await expectRun(
        get(server),
        connected,
        exchange("/", text, { length: -1, chunked: true, headers, received: packed.length }),
      );
    });

    test(`${name}_body_until_close_is_undone`, async (t) => {
      if (skipUnlessBuilt(t, name)) return;
      const packed = coded(name);
      const headers = [`Content-Encoding: ${name}`];
      const server = await rawServer(t, async (connection) => {
        await connection.head();
        await connection.send(lines("HTTP/1.1 200 OK", ...headers), packed);
        connection.end();
      });
      await expectRun(
        get(server),
        connected,
        exchange("/", text, { length: -1, headers, received: packed.length, end: "DISCONNECTED" }),
      );
    });

    test(`${name}_that_ends_too_early_is_invalid_data`, async (t) => {
      if (skipUnlessBuilt(t, name)) return;
      const packed = coded(name).subarray(0, -3);
      const server = await answering(t, [answer(name, packed)]);
      await expectRun(get(server), connected, spoilt(name, packed, "INVALID_DATA"));
    });

    test(`${name}_that_is_spoilt_is_invalid_data`, async (t) => {
      if (skipUnlessBuilt(t, name)) return;
      const packed = Buffer.from("this was never packed by anything at all, it is text");
      const server = await answering(t, [answer(name, packed)]);
      await expectRun(get(server), connected, spoilt(name, packed, "INVALID_DATA"));
    });

    test(`${name}_over_max_decoded_bytes_is_too_large`, async (t) => {
      if (skipUnlessBuilt(t, name)) return;
      const packed = coded(name);
      const server = await answering(t, [answer(name, packed)]);
      const limit = (bytes) => `max_decoded_bytes=${bytes}`;
      await expectRun(
        get(server, limit(text.length - 1)),
        connected,
        spoilt(name, packed, "TOO_LARGE", `…${text.length - 1}…max_decoded_bytes…`),
      );
      await expectRun(get(server, limit(text.length)), connected, undone(name, packed));
      await expectRun(get(server, limit(-1)), connected, undone(name, packed));
    });
  }

  test("raw_deflate_is_undone", async (t) => {
    if (skipUnlessBuilt(t, "deflate")) return;
    const packed = zlib.deflateRawSync(text);
    const server = await answering(t, [answer("deflate", packed)]);
    await expectRun(get(server), connected, undone("deflate", packed));
  });

  test("several_gzip_members_are_one_body", async (t) => {
    if (skipUnlessBuilt(t, "gzip")) return;
    const packed = Buffer.concat([zlib.gzipSync("hello "), zlib.gzipSync("world")]);
    const server = await answering(t, [answer("gzip", packed)]);
    await expectRun(get(server), connected, undone("gzip", packed, "hello world"));
  });

  test("several_codings_are_undone_last_one_first", async (t) => {
    if (skipUnlessBuilt(t, "gzip") || skipUnlessBuilt(t, "br")) return;
    const packed = zlib.brotliCompressSync(zlib.gzipSync(text));
    const headers = [
      `Content-Length: ${packed.length}`,
      "content-encoding: identity, GZIP",
      "Content-Encoding: br",
    ];
    const server = await answering(t, [
      Buffer.concat([Buffer.from(lines("HTTP/1.1 200 OK", ...headers)), packed]),
    ]);
    await expectRun(get(server), connected, undone("", packed, text, { headers }));
  });

  test("coding_that_is_not_known_leaves_the_body_and_warns", async (t) => {
    const server = await answering(t, [answer("rot13", "uryyb")]);
    await expectRun(
      get(server, "log=1"),
      "…",
      "log warning: …rot13…",
      "…",
      'body 5 bytes "uryyb"',
      "status CONNECTED",
      "received 5, sent 0",
    );
  });

  test("empty_body_with_a_coding_is_empty", async (t) => {
    if (skipUnlessBuilt(t, "gzip")) return;
    const headers = ["Content-Length: 0", "Content-Encoding: gzip"];
    const server = await answering(t, [lines("HTTP/1.1 200 OK", ...headers)]);
    await expectRun(get(server), connected, exchange("/", "", { headers }));
  });

  test("truncated_coded_body_is_truncated_and_what_can_be_undone_is_read", async (t) => {
    if (skipUnlessBuilt(t, "gzip")) return;
    const packed = zlib.gzipSync(pattern(1000), { level: 0 });
    const server = await rawServer(t, async (connection) => {
      await connection.head();
      await connection.send(answer("gzip", packed).subarray(0, -10));
      connection.end();
    });
    await expectRun(
      get(server),
      connected,
      "request: OK",
      "status REQUESTING",
      "status BODY",
      "response 200, length -1, hint -1, http://127.0.0.1:PORT/",
      `header: Content-Length: ${packed.length}`,
      "header: Content-Encoding: gzip",
      `body ${digest(pattern(1000).subarray(0, 998))}`,
      "read: BODY_TRUNCATED: …",
      "status CONNECTION_ERROR",
      `received ${packed.length - 10}, sent 0`,
    );
  });

  test("small_body_that_unpacks_to_a_very_large_one_is_stopped", async (t) => {
    if (skipUnlessBuilt(t, "gzip")) return;
    const packed = zlib.gzipSync(Buffer.alloc(64 * 1024 * 1024));
    const server = await answering(t, [answer("gzip", packed)]);
    await expectRun(
      get(server, "max_decoded_bytes=1000000"),
      connected,
      spoilt("gzip", packed, "TOO_LARGE", "…1000000…"),
    );
  });

  for (const [name, args] of [
    ["own_Accept_Encoding", ["GET", "/", "-", "Accept-Encoding: gzip"]],
    ["own_empty_Accept_Encoding", ["GET", "/", "-", "accept-encoding:"]],
    ["Range", ["GET", "/", "-", "Range: bytes=0-"]],
    ["keep_content_coding", ["keep_content_coding=1", "GET", "/", "-"]],
  ]) {
    test(`${name}_leaves_the_body_as_it_was_sent`, async (t) => {
      const packed = zlib.gzipSync(text);
      const server = await answering(t, [answer("gzip", packed)]);
      await expectRun(
        ["exchange", server, ...args],
        connected,
        undone("gzip", packed, packed, { length: packed.length }),
      );
    });
  }

  test("keep_content_coding_asks_for_no_coding", async (t) => {
    const server = await answering(t, [ok("")]);
    await run("exchange", server, "keep_content_coding=1", "GET", "/", "-");
    assert.doesNotMatch(received(server), /accept-encoding/i);
  });
});
