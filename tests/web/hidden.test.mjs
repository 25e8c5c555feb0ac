// SPDX-License-Identifier: MIT
// hidden: pages that are really hidden, behind another tab in front: they get no frames. What goes
// to memory and files is read on; no time-out counts that time; a last request outlives its page.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { event, lines as headOf, ok } from "../scenarios/lib/servers.mjs";
import { allBrowsers, availableBrowsers, openBrowser, startProgram } from "./lib/browsers.mjs";
import { front } from "./lib/front.mjs";
import { until } from "./lib/look.mjs";
import { site } from "../sessions/lib/transfers.mjs";

const LIMIT_MS = 120_000;
const PROGRAM = "framed";
const MIB = 1024 * 1024;
const WINDOW = 16 * MIB; // what is read ahead in any page
const MARGIN = MIB; // the piece that shows that it is enough
const BODY = 64 * MIB; // the most in memory; much more than is read ahead in any page
const HOUR_MS = 3_600_000;
const CONNECTIONS = 6; // that a browser makes to an origin
const MOST_BYTES = 65_536;

/**
 * Runs in the page before anything else: its clock can be put forward, as if time had passed, and
 * what is read of each body is counted.
 */
function instrument() {
  const now = performance.now.bind(performance);
  globalThis.passedMs = 0;
  performance.now = () => now() + globalThis.passedMs;

  const { fetch } = globalThis;
  globalThis.readBytes = {};
  globalThis.fetch = async (url, init) => {
    const response = await fetch(url, init);
    const { pathname } = new URL(url, location.href);
    const { body } = response;
    const getReader = body?.getReader.bind(body);
    globalThis.readBytes[pathname] = 0;
    if (!body) return response;
    body.getReader = (options) => {
      const reader = getReader(options);
      const read = reader.read.bind(reader);
      reader.read = async (view) => {
        const result = await read(view);
        globalThis.readBytes[pathname] += result.value?.byteLength ?? 0;
        return result;
      };
      return reader;
    };
    return response;
  };
}

const pass = (page, ms) => page.evaluate((more) => (globalThis.passedMs += more), ms);
const readOf = (page, path) => page.evaluate((name) => globalThis.readBytes[name] ?? 0, path);
const isHidden = (page) => page.evaluate(() => document.hidden);

/** A body in many pieces, which begins when it is told to; `asked` is when the request has come. */
function body(bytes) {
  const [asked, told] = [event(), event()];
  const piece = Buffer.alloc(65_536, "b");
  const answer = async (request, connection) => {
    asked.resolve();
    await told.promise;
    await connection.send(
      headOf("HTTP/1.1 200 OK", "Content-Type: text/plain", `Content-Length: ${bytes}`),
    );
    for (let sent = 0; sent < bytes; sent += piece.length) await connection.send(piece);
  };
  return { asked: asked.promise, begin: told.resolve, answer };
}

/** Answers when it is told to; `asked` is when so many requests have come. */
function held(count = 1) {
  const [asked, told] = [event(), event()];
  let come = 0;
  const answer = async () => {
    if (++come === count) asked.resolve();
    await told.promise;
    return ok("late");
  };
  return { asked: asked.promise, tell: told.resolve, answer };
}

function hiddenTests(name) {
  let session;
  before(async () => (session = await openBrowser(name)));
  after(() => session?.close());

  /** Starts the program in a page in front; `hide` brings another page before it, `show` it again. */
  async function open(t, table, args, program = PROGRAM) {
    const server = await site(t, table);
    const home = await front(t, server);
    const other = await session.browser.newPage();
    t.after(() => other.close());
    const options = { origin: home.origin, program, args, prepare: instrument };
    const { page, done, line } = await startProgram(session, options);
    t.after(() => page.close().catch(() => {}));
    return {
      ...{ page, done, line, server },
      async hide() {
        await other.bringToFront();
        await until(page, () => document.hidden);
      },
      async show() {
        await page.bringToFront();
        await until(page, () => !document.hidden);
      },
    };
  }

  for (const kind of ["memory", "file"]) {
    test(`a_${kind}_transfer_comes_in_whole_while_its_page_is_hidden`, async (t) => {
      const [large, slow] = [body(BODY), body(BODY)];
      const table = { "/large": large.answer, "/slow": slow.answer };
      const run = await open(t, table, [`${kind}=/large`, "function=/slow"]);
      await Promise.all([large.asked, slow.asked]);
      await run.hide();
      slow.begin();
      large.begin();
      await until(run.page, (bytes) => globalThis.readBytes["/large"] === bytes, BODY);
      assert.ok(await isHidden(run.page));
      const taken = await readOf(run.page, "/slow");
      assert.ok(taken <= WINDOW + MARGIN, "what the program takes piece by piece waits for it");
      await run.show();
      const { stdout, code } = await run.done;
      assert.match(stdout, new RegExp(`^${kind} OK 200 ${BODY} bytes: $`, "m"));
      assert.match(stdout, new RegExp(`^function OK 200 ${BODY} bytes: $`, "m"));
      assert.equal(code, 0);
    });
  }

  test("a_body_that_is_too_long_is_read_as_far_as_that_is_clear", async (t) => {
    const long = body(2 * BODY);
    const run = await open(t, { "/long": long.answer }, ["memory=/long"]);
    await long.asked;
    await run.hide();
    long.begin();
    await until(run.page, (bytes) => globalThis.readBytes["/long"] > bytes, BODY);
    assert.ok(await isHidden(run.page));
    await run.show();
    assert.match(
      (await run.done).stdout,
      /^memory FERRY_ERROR_TOO_LARGE 200 .*: the body is longer/m,
    );
    const taken = await readOf(run.page, "/long");
    assert.ok(taken <= BODY + WINDOW + MARGIN, `${taken} bytes`);
  });

  test("all_together_read_no_more_than_the_memory_that_they_may_have", async (t) => {
    const most = 24 * MIB; // of which each would take more
    const [one, two, last] = [body(BODY), body(BODY), body(WINDOW / 2)];
    const table = { "/1": one.answer, "/2": two.answer, "/last": last.answer };
    const run = await open(t, table, [`most=${most}`, "memory=/1", "file=/2", "function=/last"]);
    await Promise.all([one.asked, two.asked, last.asked]);
    await run.hide();
    one.begin();
    two.begin();
    await until(
      run.page,
      (bytes) => globalThis.readBytes["/1"] + globalThis.readBytes["/2"] >= bytes,
      WINDOW,
    );
    last.begin();
    await until(run.page, (bytes) => globalThis.readBytes["/last"] === bytes, WINDOW / 2);
    const taken = (await readOf(run.page, "/1")) + (await readOf(run.page, "/2"));
    assert.ok(taken <= 2 * (WINDOW + MARGIN), `${taken} bytes`);
    await run.show();
    const { stdout } = await run.done;
    assert.match(stdout, new RegExp(`^memory OK 200 ${BODY} bytes: $`, "m"));
    assert.match(stdout, new RegExp(`^file OK 200 ${BODY} bytes: $`, "m"));
  });

  const limits = { idle_ms: ["idle_ms=30000"], total_ms: ["idle_ms=-1", "total_ms=60000"] };
  for (const [option, given] of Object.entries(limits)) {
    const args = [...given, "memory=/late"];
    test(`hidden_time_is_not_that_of_${option}`, async (t) => {
      const late = held();
      const run = await open(t, { "/late": late.answer }, args);
      await late.asked;
      await run.line("frame");
      await run.hide();
      await pass(run.page, HOUR_MS);
      await run.show();
      late.tell();
      assert.match((await run.done).stdout, /^memory OK 200 4 bytes: $/m);
    });

    test(`time_in_a_page_that_is_shown_is_that_of_${option}`, async (t) => {
      const late = held();
      const run = await open(t, { "/late": late.answer }, args);
      await late.asked;
      await run.line("frame");
      await pass(run.page, HOUR_MS);
      const { stdout } = await run.done;
      assert.match(stdout, new RegExp(`^memory FERRY_ERROR_TIMEOUT 0 0 bytes: .*${option}`, "m"));
    });
  }

  test("a_program_that_polls_in_a_hidden_page_gets_no_time_out_either", async (t) => {
    const late = held();
    const args = ["--", "url=/late", "idle_ms=30000", "total_ms=60000"];
    const run = await open(t, { "/late": late.answer }, args, "transfers");
    await late.asked;
    await run.hide();
    await pass(run.page, HOUR_MS);
    late.tell();
    const { stdout } = await run.done;
    assert.ok(await isHidden(run.page));
    assert.match(stdout, /^0 OK 200 /);
  });

  test("a_last_request_arrives_although_its_page_is_closed_at_once", async (t) => {
    const gate = held(CONNECTIONS);
    const arrived = event();
    // They take all connections: what comes behind them is sent when the page is gone, or never.
    const gates = Array.from({ length: CONNECTIONS }, (_, i) => `/gate/${i}`);
    const table = Object.fromEntries(gates.map((path) => [path, gate.answer]));
    table["/last"] = (request) => {
      arrived.resolve(request);
      return ok("");
    };
    const holding = gates.map((path) => `holds=${path}`);
    const args = [...holding, "bytes=1000", "keepalive=/last"];
    const run = await open(t, table, args);
    await gate.asked;
    await run.line("started");
    await run.page.close();
    const { method, body: sent } = await arrived.promise;
    assert.deepEqual([method, sent], ["POST", "k".repeat(1000)]);
  });

  test("last_requests_of_more_than_64_KiB_together_are_refused", async (t) => {
    const gate = held();
    const args = [`bytes=${MOST_BYTES + 1}`, "keepalive=/1", "bytes=40000", "keepalive=/gate"];
    args.push("keepalive=/2", "bytes=25536", "keepalive=/3", "words=/4");
    const run = await open(t, { "/gate": gate.answer, "/3": ok("small") }, args);
    await gate.asked;
    gate.tell();
    const { stdout } = await run.done;
    const refusals = stdout.match(/^keepalive FERRY_ERROR_TOO_LARGE 0 0 bytes: .*$/gm);
    const sentence = (bytes, others) =>
      "keepalive FERRY_ERROR_TOO_LARGE 0 0 bytes: browsers send 65,536 bytes of bodies in all " +
      `requests with keepalive that are under way: this one has ${bytes}, those before it have ${others}`;
    assert.deepEqual(refusals, [sentence(65_537, 0), sentence(40_000, 40_000)]);
    assert.equal(stdout.match(/^keepalive OK 200 /gm).length, 2);
    assert.match(stdout, /^words FERRY_ERROR_UNAVAILABLE 0 0 bytes: .* must be in memory$/m);
    const targets = run.server.requests.map(({ target }) => target);
    assert.deepEqual(targets.sort(), ["/3", "/gate"]);
  });
}

for (const name of allBrowsers) {
  const skip = availableBrowsers().includes(name) ? false : `${name} is not installed`;
  describe(name, { skip, timeout: LIMIT_MS }, () => hiddenTests(name));
}
