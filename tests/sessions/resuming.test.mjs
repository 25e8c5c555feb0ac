// SPDX-License-Identifier: MIT
// resuming: downloads that go on where others have ended.
import assert from "node:assert/strict";
import crypto from "node:crypto";
import fs from "node:fs";
import { describe, test } from "node:test";
import { nginx, startNginx } from "../scenarios/lib/nginx.mjs";
import { event, lines, ok, rawServer } from "../scenarios/lib/servers.mjs";
import {
  cutting,
  ETAG,
  folder,
  integrity,
  leave,
  LEVEL,
  note,
  ranges,
  rest,
  whole,
} from "./lib/parts.mjs";
import { header, redirect, request, site, transfer, transfers, urlOf } from "./lib/transfers.mjs";

describe("Resuming", () => {
  test("a_download_that_failed_goes_on_in_the_next_one", async (t) => {
    const place = folder(t);
    const server = await cutting(t, 7, () => rest(7));
    const one = { url: urlOf(server), file: place.at, resume: true, retries: -1 };
    const failed = await transfer(one);
    assert.equal(failed.error, "BODY_TRUNCATED");
    assert.deepEqual(place.names(), ["level.pak.ferry-note", "level.pak.ferry-part"]);
    assert.equal(place.read(".ferry-part"), "0123456");
    assert.equal(fs.statSync(`${place.at}.ferry-part`).mode & 0o777, 0o600);
    assert.equal(fs.statSync(`${place.at}.ferry-note`).mode & 0o777, 0o600);
    const got = await transfer({ ...one, integrity: integrity(LEVEL) });
    assert.deepEqual([got.error, got.code, got.resumed], ["OK", 206, 7]);
    assert.deepEqual([got.bytes, got.total], [LEVEL.length, LEVEL.length]);
    assert.equal(place.read(), LEVEL.toString());
    assert.deepEqual(place.names(), ["level.pak"]);
    assert.deepEqual(ranges(server), [
      [undefined, undefined],
      ["bytes=7-", ETAG],
    ]);
    for (const { head } of server.requests) {
      assert.equal(header(head, "Accept-Encoding"), "identity");
    }
  });

  test("a_cut_body_goes_on_in_the_next_try", async (t) => {
    for (const resume of [false, true]) {
      const place = folder(t);
      const server = await cutting(t, 7, () => rest(7));
      const one = { url: urlOf(server), file: place.at, resume, retries: 1 };
      const got = await transfer({ ...one, integrity: integrity(LEVEL) });
      assert.deepEqual([got.error, got.retries, got.resumed], ["OK", 1, 0]);
      assert.deepEqual([got.bytes, got.total], [LEVEL.length, LEVEL.length]);
      assert.equal(place.read(), LEVEL.toString());
      assert.deepEqual(place.names(), ["level.pak"]);
      assert.deepEqual(ranges(server)[1], ["bytes=7-", ETAG]);
    }
  });
});

/** Each is an answer to a request for the rest behind 7 bytes, and is none of the rest. */
const LIES = {
  "another offset": rest(7, { range: "bytes 6-18/20" }),
  "an offset of 0": rest(0, { range: "bytes 0-19/20" }),
  "another total": rest(7, { range: "bytes 7-19/21" }),
  "a total that is not known": rest(7, { range: "bytes 7-19/*" }),
  "an end before the end": rest(7, {
    body: LEVEL.subarray(0, 15),
    range: "bytes 7-14/20",
  }),
  "another length": rest(7, { length: 12 }),
  "another ETag": rest(7, { etag: '"v2"' }),
  "a weak ETag": rest(7, { etag: 'W/"v1"' }),
  "no ETag": rest(7, { etag: null }),
  "no Content-Range": rest(7, { range: null }),
  "two of Content-Range": rest(7, { range: "bytes 7-19/20\r\nContent-Range: bytes 7-19/20" }),
  "nonsense in Content-Range": rest(7, { range: "bytes 7-6/20" }),
  "many parts": Buffer.from(
    lines(
      "HTTP/1.1 206 Partial Content",
      "Content-Type: multipart/byteranges; boundary=b",
      `ETag: ${ETAG}`,
      "Content-Length: 5",
    ) + "--b--",
  ),
  "a coding": rest(7, { range: "bytes 7-19/20\r\nContent-Encoding: br" }),
  "a page that no memory holds": rest(7, { etag: '"v2"', length: "9223372036854775807" }),
  "an end beyond all numbers": rest(7, { range: "bytes 7-9223372036854775807/*" }),
  "416 with another total": lines(
    "HTTP/1.1 416 Not Satisfiable",
    "Content-Range: bytes */6",
    "Content-Length: 0",
  ),
  "416 with a page that no memory holds": lines(
    "HTTP/1.1 416 Not Satisfiable",
    "Content-Range: bytes */6",
    "Content-Length: 9223372036854775807",
  ),
  "416 without a total": lines("HTTP/1.1 416 Not Satisfiable", "Content-Length: 0"),
};

describe("What is not the rest", () => {
  for (const [name, lie] of Object.entries(LIES)) {
    test(`${name}: it begins again from the start`, async (t) => {
      for (const resume of [true, false]) {
        const place = folder(t);
        const table = { "/": (one) => (header(one.head, "Range") ? lie : whole()) };
        const server = resume ? await site(t, table) : await cutting(t, 7, table["/"]);
        if (resume) leave(place, urlOf(server), 7);
        const got = await transfer({
          ...{ url: urlOf(server), file: place.at, resume, retries: 1 },
          integrity: integrity(LEVEL),
        });
        assert.deepEqual([got.error, got.code, got.resumed], ["OK", 200, 0]);
        assert.equal(place.read(), LEVEL.toString());
        assert.deepEqual(place.names(), ["level.pak"]);
        assert.deepEqual(ranges(server).slice(-2), [
          ["bytes=7-", ETAG],
          [undefined, undefined],
        ]);
      }
    });
  }

  test("a_server_that_answers_206_to_everything_has_no_file", async (t) => {
    const place = folder(t);
    const server = await site(t, { "/": rest(3) });
    place.write("", "old");
    leave(place, urlOf(server), 7);
    const got = await transfer({ url: urlOf(server), file: place.at, resume: true });
    assert.deepEqual([got.error, got.code], ["STATUS", 206]);
    assert.equal(place.read(), "old");
    const plain = await transfer({ url: urlOf(server), file: place.at });
    assert.deepEqual([plain.error, plain.code], ["STATUS", 206]);
    assert.equal(server.requests.length, 3);
  });

  test("200_replaces_what_is_there", async (t) => {
    const place = folder(t);
    const other = Buffer.from("quite another level");
    const server = await site(t, { "/": ok(other, 'ETag: "v2"') });
    leave(place, urlOf(server), 7);
    const one = { url: urlOf(server), file: place.at, resume: true };
    const got = await transfer({ ...one, integrity: integrity(other) });
    assert.deepEqual([got.error, got.code, got.resumed], ["OK", 200, 0]);
    assert.equal(place.read(), other.toString());
    assert.deepEqual(place.names(), ["level.pak"]);
    assert.equal(server.requests.length, 1);
  });

  test("a_body_that_is_longer_than_its_range_is_an_error", async (t) => {
    const place = folder(t);
    const server = await site(t, {
      "/": Buffer.concat([
        Buffer.from(
          lines(
            "HTTP/1.1 206 Partial Content",
            "Content-Range: bytes 7-19/20",
            `ETag: ${ETAG}`,
            "Transfer-Encoding: chunked",
          ),
        ),
        Buffer.from("e\r\n789abcdefghijk\r\n0\r\n\r\n"),
      ]),
    });
    leave(place, urlOf(server), 7);
    const got = await transfer({ url: urlOf(server), file: place.at, resume: true });
    assert.equal(got.error, "INVALID_DATA");
    assert.match(got.detail, /longer than its Content-Range/);
    assert.deepEqual(place.names(), []);
  });

  // FERRY_SEND_AGAIN_NO
  test("where_no_request_goes_out_twice_what_does_not_fit_is_the_end", async (t) => {
    const short = lines(
      "HTTP/1.1 206 Partial Content",
      "Content-Range: bytes 7-19/20",
      `ETag: ${ETAG}`,
      "Transfer-Encoding: chunked",
    );
    for (const [answer, error, ...names] of [
      [LIES["another ETag"], "INVALID_DATA"],
      [LIES["416 without a total"], "INVALID_DATA"],
      [
        `${short}3\r\n789\r\n0\r\n\r\n`,
        "BODY_TRUNCATED",
        "level.pak.ferry-note",
        "level.pak.ferry-part",
      ],
    ]) {
      const place = folder(t);
      const server = await site(t, {
        "/": (one) => (header(one.head, "Range") ? answer : whole()),
      });
      leave(place, urlOf(server), 7);
      const one = { url: urlOf(server), file: place.at, resume: true, retries: 3 };
      const got = await transfer({ ...one, again: 2 });
      assert.deepEqual([got.error, got.retries], [error, 0]);
      assert.equal(server.requests.length, 1);
      assert.deepEqual(place.names(), names);
      assert.equal((await transfer({ ...one, again: 0 })).error, "OK"); // the next one may
    }
  });

  test("a_body_that_is_shorter_than_its_range_goes_on", async (t) => {
    const place = folder(t);
    const short = lines(
      "HTTP/1.1 206 Partial Content",
      "Content-Range: bytes 7-19/20",
      `ETag: ${ETAG}`,
      "Transfer-Encoding: chunked",
    );
    let tries = 0;
    const server = await site(t, {
      "/": () => (tries++ === 0 ? `${short}3\r\n789\r\n0\r\n\r\n` : rest(10)),
    });
    leave(place, urlOf(server), 7);
    const got = await transfer({ url: urlOf(server), file: place.at, resume: true, retries: 1 });
    assert.deepEqual([got.error, got.retries], ["OK", 1]);
    assert.equal(place.read(), LEVEL.toString());
    assert.deepEqual(ranges(server)[1], ["bytes=10-", ETAG]);
  });
});

describe("Parts", () => {
  const OLD = "Sun, 06 Nov 1994 08:49:37 GMT";

  test("416_with_the_size_of_the_part_is_complete", async (t) => {
    const place = folder(t);
    const server = await site(t, {
      "/": lines("HTTP/1.1 416 x", "Content-Range: bytes */20", "Content-Length: 0"),
    });
    leave(place, urlOf(server), 20);
    const one = { url: urlOf(server), file: place.at, resume: true, expected: 20 };
    const got = await transfer({ ...one, integrity: integrity(LEVEL) });
    assert.deepEqual([got.error, got.code, got.resumed, got.bytes], ["OK", 416, 20, 20]);
    assert.equal(place.read(), LEVEL.toString());
    assert.deepEqual(place.names(), ["level.pak"]);
  });

  test("the_page_of_a_416_is_none_of_the_file", async (t) => {
    for (const [length, limit, ...sent] of [
      [197, 20, "x".repeat(197)],
      ["9223372036854775807", 0, "x"],
    ]) {
      const place = folder(t);
      const head = lines(
        "HTTP/1.1 416 x",
        "Content-Range: bytes */20",
        `ETag: ${ETAG}`,
        `Content-Length: ${length}`,
      );
      const server = await site(t, { "/": head + sent });
      leave(place, urlOf(server), 20);
      const one = { url: urlOf(server), file: place.at, resume: true, if_changed: true };
      const got = await transfer({ ...one, expected: 20, max_body: limit });
      assert.deepEqual([got.error, got.code, got.bytes, got.total], ["OK", 416, 20, 20]);
      assert.equal(place.read(), LEVEL.toString());
      assert.match(place.read(".ferry-info"), /^length 20$/m);
    }
  });

  // Each is of another one than the part, of which 6 bytes are there.
  for (const [name, length, ...more] of [
    ["another length than the one noted", 20],
    ["another ETag", 6, 'ETag: "v2"'],
    ["a weak ETag", 6, `ETag: W/${ETAG}`],
  ]) {
    test(`416_is_not_the_end_of_the_part: ${name}`, async (t) => {
      const place = folder(t);
      const other = Buffer.from("second");
      const end = lines("HTTP/1.1 416 x", "Content-Range: bytes */6", "Content-Length: 0", ...more);
      const server = await site(t, {
        "/": (one) => (header(one.head, "Range") ? end : ok(other, 'ETag: "v2"')),
      });
      leave(place, urlOf(server), 6, { length });
      const got = await transfer({ url: urlOf(server), file: place.at, resume: true });
      assert.deepEqual([got.error, got.code, got.resumed], ["OK", 200, 0]);
      assert.equal(place.read(), other.toString());
    });
  }

  // The digest is of the whole, the part included.
  test("a_part_that_is_not_what_was_sent_is_found_by_integrity", async (t) => {
    const place = folder(t);
    const server = await site(t, { "/": rest(7) });
    leave(place, urlOf(server), 7);
    place.write(".ferry-part", "012x456");
    const one = { url: urlOf(server), file: place.at, resume: true };
    const got = await transfer({ ...one, integrity: integrity(LEVEL) });
    assert.equal(got.error, "INTEGRITY");
    assert.deepEqual(place.names(), []);
  });

  for (const [name, spoil] of Object.entries({
    "no note": (place) => fs.rmSync(`${place.at}.ferry-note`),
    "an empty note": (place) => place.write(".ferry-note", ""),
    "a note that is cut": (place, url) => place.write(".ferry-note", note(url).slice(0, -5)),
    "a note with a NUL": (place, url) => place.write(".ferry-note", `${note(url)}\0`),
    "a note that is too long": (place, url) =>
      place.write(".ferry-note", note(url, { etag: `"${"x".repeat(70_000)}"` })),
    "a note with a line too many": (place, url) =>
      place.write(".ferry-note", note(url, { etag: '"v1"\r\nX-Injected: 1' })),
    "a note of another URL": (place, url) => place.write(".ferry-note", note(`${url}x`)),
    "a note with a weak ETag": (place, url) =>
      place.write(".ferry-note", note(url, { etag: 'W/"v1"' })),
    "a part that is larger than the whole": (place) => place.write(".ferry-part", Buffer.alloc(21)),
    "an empty part": (place) => place.write(".ferry-part", ""),
    "a note that is a link": (place, url) => {
      place.write(".other", note(url));
      fs.rmSync(`${place.at}.ferry-note`);
      fs.symlinkSync(`${place.at}.other`, `${place.at}.ferry-note`);
    },
    "a note that is a folder": (place) => {
      fs.rmSync(`${place.at}.ferry-note`);
      fs.mkdirSync(`${place.at}.ferry-note`);
    },
    "a note with a second name": (place) =>
      fs.linkSync(`${place.at}.ferry-note`, `${place.at}.second`),
  })) {
    test(`${name}: it begins again from the start`, async (t) => {
      const place = folder(t);
      const server = await site(t, { "/": whole() });
      const url = urlOf(server);
      leave(place, url, 7);
      spoil(place, url);
      const got = await transfer({ url, file: place.at, resume: true });
      if (name === "a note that is a folder") {
        assert.equal(got.error, "FILE"); // the note of the new part has no place
        return;
      }
      assert.deepEqual([got.error, got.code], ["OK", 200]);
      assert.equal(place.read(), LEVEL.toString());
      assert.deepEqual(ranges(server), [[undefined, undefined]]);
      if (name === "a note that is a link") assert.equal(place.read(".other"), note(url));
    });
  }

  for (const [name, plant, sentence] of [
    ["a link", (place) => fs.symlinkSync(`${place.at}.other`, `${place.at}.ferry-part`), /link/],
    ["a folder", (place) => fs.mkdirSync(`${place.at}.ferry-part`), /directory|no file of/],
    [
      "a file with a second name",
      (place) => fs.linkSync(`${place.at}.other`, `${place.at}.ferry-part`),
      /no file of ferry's/,
    ],
  ]) {
    test(`${name}_where_the_part_would_be_is_an_error_and_stays`, async (t) => {
      const place = folder(t);
      const server = await site(t, { "/": whole() });
      place.write(".other", "precious");
      plant(place);
      const names = place.names();
      const got = await transfer({ url: urlOf(server), file: place.at, resume: true });
      assert.equal(got.error, "FILE");
      assert.match(got.detail, sentence);
      assert.equal(server.connections.length, 0);
      assert.deepEqual(place.names(), names);
      assert.equal(place.read(".other"), "precious");
    });
  }

  test("what_has_no_strong_validator_leaves_nothing", async (t) => {
    for (const headers of [
      ["X-A: b"],
      ['ETag: W/"v1"', `Last-Modified: ${OLD}`, "Date: Mon, 07 Nov 1994 08:49:37 GMT"],
      [`Last-Modified: ${OLD}`, "Date: Sun, 06 Nov 1994 08:50:36 GMT"],
      [`Last-Modified: ${OLD}`],
      [`ETag: ${ETAG}`, "Content-Encoding: x-unknown"],
    ]) {
      const place = folder(t);
      const server = await cutting(t, 7, () => whole(), ...headers);
      const one = { url: urlOf(server), file: place.at, resume: true };
      const got = await transfer({ ...one, retries: -1 });
      assert.equal(got.error, "BODY_TRUNCATED");
      assert.deepEqual(place.names(), []);
      const again = await cutting(t, 7, () => whole(), ...headers);
      const retried = await transfer({ ...one, url: urlOf(again), retries: 1 });
      assert.deepEqual([retried.error, retried.retries], ["OK", 1]);
      assert.deepEqual(ranges(again)[1], [undefined, undefined]);
      assert.equal(place.read(), LEVEL.toString());
    }
  });

  test("a_date_that_is_a_minute_old_is_a_validator", async (t) => {
    const place = folder(t);
    const headers = [`Last-Modified: ${OLD}`, "Date: Sun, 06 Nov 1994 08:50:37 GMT"];
    const dated = rest(7, { etag: null, range: `bytes 7-19/20\r\nLast-Modified: ${OLD}` });
    const server = await cutting(t, 7, () => dated, ...headers);
    const one = { url: urlOf(server), file: place.at, resume: true };
    assert.equal((await transfer({ ...one, retries: -1 })).error, "BODY_TRUNCATED");
    const got = await transfer(one);
    assert.deepEqual([got.error, got.code, got.resumed], ["OK", 206, 7]);
    assert.deepEqual(ranges(server)[1], ["bytes=7-", OLD]);
    assert.equal(place.read(), LEVEL.toString());
  });

  test("the_rest_is_asked_for_where_the_request_went_at_first", async (t) => {
    const place = folder(t);
    let signed = 0;
    const server = await rawServer(t, async (connection) => {
      for (;;) {
        const one = await request(connection);
        server.requests.push(one);
        if (one.target === "/") {
          await connection.send(redirect(302, `/signed?${++signed}`));
        } else if (one.target === "/signed?1") {
          const head = lines("HTTP/1.1 200 OK", "Content-Length: 20", `ETag: ${ETAG}`);
          await connection.send(head, LEVEL.subarray(0, 7));
          connection.end();
          return;
        } else {
          await connection.send(rest(Number(/=(\d+)-/.exec(header(one.head, "Range"))?.[1])));
        }
      }
    });
    server.requests = [];
    const one = { url: urlOf(server), file: place.at, resume: true };
    const got = await transfer({ ...one, retries: 1 });
    assert.deepEqual([got.error, got.code, got.redirects], ["OK", 206, 1]);
    assert.deepEqual(
      server.requests.map(({ target, head }) => [target, header(head, "Range")]),
      [
        ["/", undefined],
        ["/signed?1", undefined],
        ["/", "bytes=7-"],
        ["/signed?2", "bytes=7-"],
      ],
    );
    assert.equal(place.read(), LEVEL.toString());
  });

  test("a_part_stays_where_the_next_transfer_does_not_get_as_far", async (t) => {
    const place = folder(t);
    const missing = lines("HTTP/1.1 404 x", "Content-Length: 30") + "x".repeat(30);
    const server = await site(t, { "/": missing });
    leave(place, urlOf(server), 7);
    const one = { url: urlOf(server), file: place.at, resume: true };
    assert.equal((await transfer(one)).error, "STATUS");
    assert.equal((await transfer({ ...one, max_body: 20 })).error, "STATUS");
    assert.equal(
      (await transfer({ ...one, url: "http://127.0.0.1:1/", retries: -1 })).error,
      "CANT_CONNECT",
    );
    assert.deepEqual(place.names(), ["level.pak.ferry-note", "level.pak.ferry-part"]);
    assert.equal(place.read(".ferry-part"), "0123456");
  });

  test("without_resume_a_part_is_left_alone", async (t) => {
    const place = folder(t);
    const server = await site(t, { "/": whole() });
    leave(place, urlOf(server), 7);
    const got = await transfer({ url: urlOf(server), file: place.at });
    assert.deepEqual([got.error, got.code], ["OK", 200]);
    assert.equal(place.read(".ferry-part"), "0123456");
  });

  test("two_transfers_of_one_file_do_not_share_its_part", async (t) => {
    const place = folder(t);
    const begun = event();
    const go = event();
    const server = await site(t, {
      "/first": async (_, connection) => {
        const head = lines("HTTP/1.1 200 OK", "Content-Length: 20", `ETag: ${ETAG}`);
        await connection.send(head, LEVEL.subarray(0, 7));
        begun.resolve();
        await go.promise;
        return LEVEL.subarray(7);
      },
      "/other": whole(),
    });
    const options = { file: place.at, resume: true };
    const first = transfer({ url: urlOf(server, "/first"), ...options });
    await begun.promise;
    // Another process, and two of that one's own transfers.
    const others = await transfers(
      {},
      Array.from({ length: 2 }, () => ({ url: urlOf(server, "/other"), ...options })),
    );
    for (const other of others.transfers) {
      assert.equal(other.error, "FILE");
      assert.match(other.detail, /ferry-part: another transfer writes it/);
    }
    // One without resume has a file of its own.
    const plain = await transfer({ url: urlOf(server, "/other"), file: place.at });
    assert.equal(plain.error, "OK");
    go.resolve();
    assert.equal((await first).error, "OK");
    assert.equal(place.read(), LEVEL.toString());
    assert.deepEqual(place.names(), ["level.pak"]);
  });

  test("two_at_once_in_one_process_do_not_share_a_part", async (t) => {
    const place = folder(t);
    const server = await site(t, { "/": whole() });
    const one = { url: urlOf(server), file: place.at, resume: true };
    const got = await transfers({}, [one, one]);
    const errors = got.transfers.map(({ error }) => error);
    assert.ok(errors.includes("OK"), errors.join(" "));
    assert.ok(
      errors.every((error) => error === "OK" || error === "FILE"),
      errors.join(" "),
    );
    assert.equal(place.read(), LEVEL.toString());
  });

  test("bad_input_has_an_error_and_sends_nothing", async (t) => {
    const place = folder(t);
    const server = await site(t, { "/": whole() });
    const one = { url: urlOf(server), file: place.at };
    for (const wrong of [
      { url: urlOf(server), resume: true },
      { url: urlOf(server), if_changed: true },
      { ...one, resume: true, method: "POST", body: "a" },
      { ...one, if_changed: true, method: "HEAD" },
      { ...one, resume: true, header: "Range: bytes=1-" },
      { ...one, resume: true, header: "If-Range: x" },
      { ...one, resume: true, header: "Accept-Encoding: gzip" },
      { ...one, if_changed: true, header: "If-None-Match: x" },
    ]) {
      const got = await transfer(wrong);
      assert.equal(got.error, "INVALID_PARAMETER", JSON.stringify(wrong));
      assert.match(got.detail, /resume/);
    }
    assert.equal(server.requests.length, 0);
    assert.deepEqual(place.names(), []);
  });

  test("a_range_of_the_programs_own_is_its_own_affair", async (t) => {
    const place = folder(t);
    const server = await site(t, { "/": rest(7) });
    const one = { url: urlOf(server), file: place.at, header: "Range: bytes=7-" };
    const got = await transfer(one);
    assert.deepEqual([got.error, got.code], ["OK", 206]);
    assert.equal(place.read(), LEVEL.subarray(7).toString());
  });
});
describe("nginx", { skip: nginx === undefined && "there is no nginx" }, () => {
  const SECRET = crypto.randomBytes(3_000_000);

  /** A part of so many bytes, with nginx's own ETag. */
  async function begin(t, server, count) {
    const place = folder(t);
    const url = urlOf(server, "/level");
    const response = await fetch(url, { method: "HEAD" });
    const etag = response.headers.get("ETag");
    place.write(".ferry-part", SECRET.subarray(0, count));
    place.write(".ferry-note", note(url, { etag, length: SECRET.length }));
    return { place, url, etag };
  }

  async function start(t, ...directives) {
    const server = await startNginx({ level: SECRET }, directives.join("\n"));
    t.after(server.stop);
    return server;
  }

  test("a_part_goes_on", async (t) => {
    const server = await start(t);
    for (const count of [1, 1_000_000, SECRET.length - 1]) {
      const { place, url } = await begin(t, server, count);
      const one = { url, file: place.at, resume: true, integrity: integrity(SECRET) };
      const got = await transfer(one);
      assert.deepEqual([got.error, got.code, got.resumed], ["OK", 206, count]);
      assert.ok(fs.readFileSync(place.at).equals(SECRET));
      assert.deepEqual(place.names(), ["level.pak"]);
    }
  });

  test("a_part_that_is_the_whole_is_complete", async (t) => {
    const server = await start(t);
    const { place, url } = await begin(t, server, SECRET.length);
    const got = await transfer({ url, file: place.at, resume: true });
    assert.deepEqual([got.error, got.code], ["OK", 416]);
    assert.ok(fs.readFileSync(place.at).equals(SECRET));
  });

  test("a_part_of_what_has_changed_in_between_begins_again", async (t) => {
    const server = await start(t);
    const { place, url } = await begin(t, server, 1_000_000);
    place.write(".ferry-note", note(url, { etag: '"old"', length: SECRET.length }));
    const got = await transfer({ url, file: place.at, resume: true });
    assert.deepEqual([got.error, got.code, got.resumed], ["OK", 200, 0]);
    assert.ok(fs.readFileSync(place.at).equals(SECRET));
  });

  test("a_server_without_ranges_sends_the_whole", async (t) => {
    const server = await start(t, "max_ranges 0;");
    const { place, url } = await begin(t, server, 1_000_000);
    const got = await transfer({ url, file: place.at, resume: true });
    assert.deepEqual([got.error, got.code], ["OK", 200]);
    assert.ok(fs.readFileSync(place.at).equals(SECRET));
  });

  test("an_unchanged_file_is_not_fetched_and_neither_is_one_as_old", async (t) => {
    const server = await start(t);
    const place = folder(t);
    const one = { url: urlOf(server, "/level"), file: place.at, if_changed: true };
    assert.equal((await transfer(one)).code, 200);
    assert.deepEqual([(await transfer(one)).unchanged], [true]);
    fs.rmSync(`${place.at}.ferry-info`);
    const later = Date.now() / 1000 + 60;
    fs.utimesSync(place.at, later, later);
    const strict = await transfer(one); // nginx compares dates exactly by default
    assert.equal(strict.code, 200);
    assert.ok(fs.readFileSync(place.at).equals(SECRET));
  });
});
