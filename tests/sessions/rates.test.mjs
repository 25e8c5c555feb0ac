// SPDX-License-Identifier: MIT
// rates: max_bytes_per_second of transfers and of a session. Time is only ever a lower bound: so many
// bytes cannot have been moved before.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { describe, test } from "node:test";
import zlib from "node:zlib";
import { event, lines, ok, rawServer } from "../scenarios/lib/servers.mjs";
import { redirect, site, transfer, transfers, urlOf } from "./lib/transfers.mjs";

const RATE = 40_000;
const SIZE = 20_000;
const body = Buffer.alloc(SIZE, "x");
const noise = Buffer.from(Array.from({ length: SIZE }, (_, i) => (i * i * 7919) >> 5));

/** The least time for so many bytes: what is read at once at the beginning takes none. */
const leastMs = (bytes, rate = RATE) => (1000 * (bytes - rate / 16)) / rate;

/** What `run` gives, after at least that time. */
async function slowly(least, run) {
  const since = process.hrtime.bigint();
  const result = await run();
  const took = Number(process.hrtime.bigint() - since) / 1e6;
  assert.ok(took >= least, `${took} ms is less than ${least} ms`);
  return result;
}

const chunked = (data) =>
  Buffer.concat([
    Buffer.from(`${lines("HTTP/1.1 200 OK", "Transfer-Encoding: chunked")}`),
    Buffer.from(`${data.length.toString(16)}\r\n`),
    data,
    Buffer.from("\r\n0\r\n\r\n"),
  ]);

describe("A limit of bytes a second", () => {
  for (const [name, answer] of Object.entries({ length: ok(body), chunked: chunked(body) })) {
    for (const [where, option] of Object.entries({
      memory: {},
      dst: { dst: SIZE },
      on_data: { on_data: true },
    })) {
      test(`a_response_takes_its_time: ${name}, ${where}`, async (t) => {
        const server = await site(t, { "/": answer });
        const run = () => transfer({ url: urlOf(server), rate: RATE, ...option });
        const got = await slowly(leastMs(SIZE), run);
        assert.equal(got.error, "OK");
        assert.equal(where === "on_data" ? got.given : got.length, SIZE);
      });
    }
  }

  test("the_bytes_of_a_coded_body_count_as_they_come", async (t) => {
    const coded = zlib.gzipSync(noise);
    const head = lines(
      "HTTP/1.1 200 OK",
      "Content-Encoding: gzip",
      `Content-Length: ${coded.length}`,
    );
    const server = await site(t, { "/": Buffer.concat([Buffer.from(head), coded]) });
    const least = leastMs(coded.length - 16 * 1024);
    const got = await slowly(least, () => transfer({ url: urlOf(server), rate: RATE }));
    assert.deepEqual([got.error, got.length], ["OK", SIZE]);
  });

  test("a_body_kept_beside_an_error_takes_its_time_too", async (t) => {
    const head = lines("HTTP/1.1 404 None", `Content-Length: ${SIZE}`);
    const server = await site(t, { "/": Buffer.concat([Buffer.from(head), body]) });
    const run = () => transfer({ url: urlOf(server), rate: RATE });
    const got = await slowly(leastMs(SIZE), run);
    assert.deepEqual([got.error, got.length], ["STATUS", SIZE]);
  });

  test("a_file_takes_its_time", async (t) => {
    const server = await site(t, { "/": ok(body) });
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "ferry-rates-"));
    t.after(() => fs.rmSync(folder, { recursive: true }));
    const file = path.join(folder, "file");
    const run = () => transfer({ url: urlOf(server), rate: RATE, file });
    const got = await slowly(leastMs(SIZE), run);
    assert.equal(got.error, "OK");
    assert.deepEqual(fs.readFileSync(file), body);
  });

  for (const [name, how] of Object.entries({
    memory: { body: "x".repeat(SIZE) },
    function: { read: "x".repeat(SIZE), rewind: true },
  })) {
    test(`a_request_takes_its_time: ${name}`, async (t) => {
      const server = await site(t, { "/": ok("thanks") });
      const run = () => transfer({ url: urlOf(server), method: "POST", rate: RATE, ...how });
      const got = await slowly(leastMs(SIZE), run);
      assert.deepEqual([got.error, got.body], ["OK", "thanks"]);
      assert.equal(server.requests[0].body, "x".repeat(SIZE));
    });

    test(`a_redirect_sends_a_limited_body_from_its_beginning: ${name}`, async (t) => {
      const server = await site(t, { "/": redirect(307, "/there"), "/there": ok("thanks") });
      const run = () => transfer({ url: urlOf(server), method: "PUT", rate: RATE, ...how });
      const got = await slowly(leastMs(2 * SIZE), run);
      assert.deepEqual([got.error, got.body], ["OK", "thanks"]);
      for (const one of server.requests) assert.equal(one.body, "x".repeat(SIZE));
    });
  }

  test("an_answer_before_the_body_ends_a_limited_upload", async (t) => {
    const server = await rawServer(t, async (connection) => {
      await connection.head();
      await connection.send(lines("HTTP/1.1 413 Large", "Content-Length: 2"), "no");
    });
    // At this rate the whole body would take a day.
    const request = { url: urlOf(server), method: "POST", rate: 1, body: "x".repeat(86_400) };
    const got = await transfer(request);
    assert.deepEqual([got.error, got.code, got.body], ["STATUS", 413, "no"]);
  });

  test("a_request_without_a_body_is_not_held_back", async (t) => {
    const server = await site(t, { "/": ok("") });
    for (const method of ["GET", "POST"]) {
      const got = await transfer({ url: urlOf(server), method, rate: 1 });
      assert.equal(got.error, "OK");
    }
  });

  // ---- The session's ----

  test("all_transfers_of_a_session_share_its_limit", async (t) => {
    const server = await site(t, { "/": ok(body) });
    const steps = Array.from({ length: 4 }, () => ({ url: urlOf(server) }));
    const got = await slowly(leastMs(4 * SIZE, 2 * RATE), () =>
      transfers({ rate: 2 * RATE }, steps),
    );
    for (const one of got.transfers) assert.deepEqual([one.error, one.length], ["OK", SIZE]);
  });

  test("the_lower_one_of_two_limits_counts", async (t) => {
    const server = await site(t, { "/": ok(body) });
    const one = { url: urlOf(server), rate: RATE };
    const all = await slowly(leastMs(SIZE), () => transfers({ rate: 100 * RATE }, one));
    assert.equal(all.transfers[0].error, "OK");
    const other = { url: urlOf(server), rate: 100 * RATE };
    const more = await slowly(leastMs(SIZE), () => transfers({ rate: RATE }, other));
    assert.equal(more.transfers[0].error, "OK");
  });

  // All answers go out in one moment. Without turns the short one would come when a long one is done.
  test("who_shares_a_limit_has_turns", async (t) => {
    const all = event();
    let waiting = 0;
    const answer = (text) => async () => {
      if (++waiting === 3) all.resolve();
      await all.promise;
      return ok(text);
    };
    const server = await site(t, { "/": answer(body), "/short": answer("x") });
    const long = { url: urlOf(server) };
    const short = { url: urlOf(server, "/short") };
    const got = await transfers({ rate: RATE, order: true }, [long, long, short]);
    assert.equal(
      got.lines.find((line) => line.startsWith("done")),
      "done 2",
    );
  });

  test("one_that_is_cancelled_in_the_line_holds_up_nobody", async (t) => {
    const server = await site(t, { "/": ok(body) });
    // Those with a time-out are over while they wait for their turn.
    const timed = { url: urlOf(server), total_ms: 100 };
    const got = await transfers({ rate: RATE }, [timed, timed, { url: urlOf(server) }, timed]);
    assert.deepEqual([got.transfers[2].error, got.transfers[2].length], ["OK", SIZE]);
  });

  // ---- What it costs ----

  // Three share a byte a second: each waits three seconds for its second one.
  test("a_pause_is_no_idleness", { skip: Boolean(process.env.FERRY_QUICK) }, async (t) => {
    const server = await site(t, { "/": ok("ab") });
    const steps = Array.from({ length: 3 }, () => ({ url: urlOf(server), idle_ms: 2000 }));
    const got = await slowly(4999, () => transfers({ rate: 1 }, steps));
    for (const one of got.transfers) assert.deepEqual([one.error, one.body], ["OK", "ab"]);
  });

  const hasStrace = spawnSync("strace", ["-V"]).status === 0;
  const skip = hasStrace && process.platform === "linux" ? false : "there is no strace";
  for (const [name, request] of Object.entries({
    reading: {},
    sending: { method: "POST", body: "x".repeat(SIZE) },
  })) {
    test(`a_pause_sleeps_in_the_kernel: ${name}`, { skip }, async (t) => {
      const answer = name === "reading" ? ok(body) : ok("");
      const server = await site(t, { "/": answer });
      const folder = fs.mkdtempSync(path.join(os.tmpdir(), "ferry-rates-"));
      t.after(() => fs.rmSync(folder, { recursive: true }));
      const log = path.join(folder, "log");
      const wrap = ["env", "ASAN_OPTIONS=detect_leaks=0", "strace", "-f", "-o", log];
      const got = await transfers({ wrap }, { url: urlOf(server), rate: RATE, ...request });
      assert.equal(got.transfers[0].error, "OK");
      const waits = fs.readFileSync(log, "latin1").match(/epoll_wait\(/g).length;
      const pieces = SIZE / (RATE / 16);
      assert.ok(waits >= pieces - 1, `${waits} waits for ${pieces} pieces`);
      assert.ok(waits <= 5 * pieces + 20, `${waits} waits for ${pieces} pieces`);
    });
  }

  test("a_negative_limit_is_refused", async (t) => {
    const server = await site(t, { "/": ok("") });
    const one = await transfer({ url: urlOf(server), rate: -1 });
    const all = await transfer({ url: urlOf(server) }, { rate: -1 });
    for (const got of [one, all]) {
      assert.equal(got.error, "INVALID_PARAMETER");
      assert.match(got.detail, /max_bytes_per_second cannot be negative/);
    }
    assert.equal(server.requests.length, 0);
  });
});
