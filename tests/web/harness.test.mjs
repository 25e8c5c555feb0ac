// SPDX-License-Identifier: MIT
// harness: tests of what the browser tests stand on: that programs are run and judged alike in every
// browser, and that the front hides nothing of what server and browser do.
import assert from "node:assert/strict";
import { once } from "node:events";
import fs from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import {
  answering,
  answeringOnce,
  event,
  lines,
  ok,
  rawServer,
} from "../scenarios/lib/servers.mjs";
import {
  allBrowsers,
  availableBrowsers,
  openBrowser,
  runProgram,
  startProgram,
} from "./lib/browsers.mjs";
import { front } from "./lib/front.mjs";

// Stand-ins for compiled programs: each is the body of a factory like Emscripten's. In them `m` is
// the module's options, and the first argument is mostly a path to fetch.
const PROGRAMS = {
  hello: `m.print("hello " + m.arguments.join(" ")); m.printErr("to stderr");
    m.print(typeof document === "undefined" ? "in a worker" : "in a page");
    m.print(location.search + " " + m.locateFile("hello.wasm"));
    setTimeout(() => m.onExit(7));`,
  abort: `m.print("before"); setTimeout(() => {
    m.onAbort("bad"); m.printErr("Aborted(bad)"); throw new Error("Aborted(bad)"); });`,
  uncaught: `setTimeout(() => { throw new TypeError("not caught"); });`,
  unhandled: `Promise.reject(new Error("not handled"));`,
  unwinding: `setTimeout(() => { setTimeout(m.onExit, 0, 3); throw "unwind"; });`,
  logging: `console.error("logged", 1); m.onExit(0);`,
  large: `for (let i = 0; i < 5000; i++) m.print(String(i).padStart(100, ".")); m.onExit(0);`,
  forever: `m.print("running");`,
  spinning: `setTimeout(() => { for (;;); });`,
  isolated: `m.print(String(self.crossOriginIsolated)); m.onExit(0);`,
  frames: `let n = 0; const frame = () => (++n === 3 ? m.onExit(0) : requestAnimationFrame(frame));
    requestAnimationFrame(frame);`,
  get: `try {
      const response = await fetch(m.arguments[0]);
      const bytes = new Uint8Array(await response.arrayBuffer());
      m.print(response.status + " " + Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join(""));
    } catch (error) { m.print(error.name); }
    m.onExit(0);`,
  reading: `try {
      const reader = (await fetch(m.arguments[0])).body.getReader();
      for (let part; !(part = await reader.read()).done;) m.print(new TextDecoder().decode(part.value));
      m.print("end");
    } catch (error) { m.print(error.name); }
    m.onExit(0);`,
  aborting: `const aborter = new AbortController();
    const response = await fetch(m.arguments[0], { signal: aborter.signal });
    await response.body.getReader().read(); m.print("reading");
    if (m.arguments[1] === "abort") aborter.abort();`,
};
const LIMIT_MS = 60_000; // what fails is not to hang
const SYNTAX_ERROR = "self.ferryProgram = (;";

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "ferry-programs-"));
for (const [name, body] of Object.entries(PROGRAMS)) {
  const text = `var ferryProgram = (() => async (m) => { ${body} })();\n`;
  fs.writeFileSync(path.join(folder, `${name}.js`), text);
}
fs.writeFileSync(path.join(folder, "broken.js"), SYNTAX_ERROR);
fs.writeFileSync(path.join(folder, "data.wasm"), "\0asm");
after(() => fs.rmSync(folder, { recursive: true }));

/** Raw servers end a connection with all that was received, and say how it ended. */
async function watchingServer(t, script) {
  const ends = [];
  const server = await rawServer(t, async (connection, index) => {
    ends[index] = event();
    let error = null;
    connection.socket.on("error", (reason) => (error = reason.code));
    connection.socket.on("end", () => ends[index].resolve("end"));
    connection.socket.on("close", () => ends[index].resolve(error ?? "close"));
    await script(connection, index);
  });
  return { ...server, ended: (index) => ends[index].promise };
}

const hex = (text) => Buffer.from(text, "latin1").toString("hex");
const STREAM_HEAD = lines("HTTP/1.1 200 OK", "Content-Type: text/plain", "Connection: close");

// They start side by side.
const opening = Object.fromEntries(availableBrowsers().map((name) => [name, openBrowser(name)]));
for (const name in opening) opening[name].catch(() => {}); // reported where it is waited for

/** What each browser must do alike. */
function browserTests(name) {
  let browser;
  before(async () => (browser = await opening[name]));
  after(() => browser?.close());

  const run = (server, program, args = [], options = {}) =>
    runProgram(browser, { origin: server.origin, program, args, ...options });

  for (const where of ["page", "worker"]) {
    test(`a_program_in_a_${where}_prints_and_exits`, async (t) => {
      const server = await front(t, null, { folder });
      const query = { a: "1" };
      const result = await run(server, "hello", ["a b", 2], { where, query });
      assert.deepEqual(result, {
        stdout: `hello a b 2\nin a ${where}\n?a=1 /.ferry/hello.wasm\n`,
        stderr: "to stderr\n",
        code: 7,
        console: [],
      });
    });

    test(`a_failure_in_a_${where}_is_an_abort_with_its_text`, async (t) => {
      const server = await front(t, null, { folder });
      const expected = {
        abort: ["before\n", "Aborted(bad)\n", []],
        uncaught: ["", "TypeError: not caught\n", ["TypeError: not caught"]],
        unhandled: ["", "Error: not handled\n", ["Error: not handled"]],
      };
      for (const [program, [stdout, stderr, errors]] of Object.entries(expected)) {
        const result = await run(server, program, [], { where });
        assert.equal(result.code, "abort", program);
        assert.equal(result.stdout, stdout);
        assert.equal(result.stderr, stderr);
        assert.deepEqual(
          result.console.map(({ text }) => text),
          errors,
        );
      }
      const broken = await run(server, "broken", [], { where });
      assert.equal(broken.code, "abort");
      assert.notEqual(broken.stderr, "");
    });

    test(`unwinding_and_logging_in_a_${where}_are_no_failures`, async (t) => {
      const server = await front(t, null, { folder });
      const unwound = await run(server, "unwinding", [], { where });
      assert.deepEqual(unwound, { stdout: "", stderr: "", code: 3, console: [] });
      const logged = await run(server, "logging", [], { where });
      assert.equal(logged.code, 0);
      assert.deepEqual(logged.console, [{ kind: "error", text: "logged 1" }]);
    });

    test(`a_${where}_reads_the_exact_bytes_of_a_raw_server`, async (t) => {
      const all = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
      const target = await answering(t, [ok(all)]);
      const server = await front(t, target, { folder });
      const result = await run(server, "get", ["/x?y"], { where });
      assert.equal(result.stdout, `200 ${all.toString("hex")}\n`);
      assert.equal(target.connections.length, 1, "nothing but the program reaches the server");
      const request = target.connections[0].received.toString("latin1");
      assert.match(
        request,
        new RegExp(`^GET /x\\?y HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\n`),
      );
      assert.match(request, /\r\n\r\n$/);
    });

    test(`a_${where}_that_aborts_is_seen_by_the_server`, async (t) => {
      const target = await watchingServer(t, async (connection) => {
        await connection.head();
        await connection.send(STREAM_HEAD, "some");
      });
      const server = await front(t, target, { folder });
      const options = { origin: server.origin, program: "aborting", args: ["/", "abort"], where };
      const { page, line } = await startProgram(browser, options);
      assert.equal(await line("reading"), "reading");
      assert.match(await target.ended(0), /^(end|ECONNRESET)$/);
      await page.close();
    });
  }

  test("large_output_arrives_whole", async (t) => {
    const server = await front(t, null, { folder });
    for (const where of ["page", "worker"]) {
      const { stdout } = await run(server, "large", [], { where });
      assert.equal(stdout.length, 5000 * 101);
      assert.ok(stdout.endsWith(".4999\n"));
    }
  });

  for (const [end, printed] of [
    ["end", "some\nend\n"],
    ["reset", "some\nTypeError\n"],
  ]) {
    test(`the_${end}_of_a_response_is_seen_as_such`, async (t) => {
      const arrived = event();
      const target = await rawServer(t, async (connection) => {
        await connection.head();
        await connection.send(STREAM_HEAD, "some");
        await arrived.promise;
        connection[end]();
      });
      const server = await front(t, target, { folder });
      const options = { origin: server.origin, program: "reading", args: ["/"] };
      const { page, done, line } = await startProgram(browser, options);
      await line("some");
      arrived.resolve();
      assert.equal((await done).stdout, printed);
      await page.close();
    });
  }

  test("a_connection_kept_alive_does_not_take_ours_to_the_server", async (t) => {
    const target = await answering(t, [ok("a")]);
    const server = await front(t, target, { folder });
    for (let i = 0; i < 5; i++) {
      const { stdout } = await run(server, "get", ["/"]);
      assert.equal(stdout, `200 ${hex("a")}\n`);
    }
    for (const { received } of target.connections) {
      assert.doesNotMatch(received.toString("latin1"), /GET \/\.ferry/);
    }
  });

  test("a_page_that_is_closed_is_gone_and_the_server_sees_it", async (t) => {
    const target = await watchingServer(t, async (connection) => {
      await connection.head();
      await connection.send(STREAM_HEAD, "some");
    });
    const server = await front(t, target, { folder });
    const options = { origin: server.origin, program: "aborting", args: ["/"] };
    const { page, done, line } = await startProgram(browser, options);
    await line("reading");
    await page.close();
    assert.match(await target.ended(0), /^(end|ECONNRESET)$/);
    assert.equal((await done).code, "gone");
  });

  test("a_page_that_is_left_is_seen_by_the_server", async (t) => {
    const target = await watchingServer(t, async (connection) => {
      await connection.head();
      await connection.send(STREAM_HEAD, "some");
    });
    const server = await front(t, target, { folder });
    const options = { origin: server.origin, program: "aborting", args: ["/"] };
    const { page, done, line } = await startProgram(browser, options);
    await line("reading");
    await page.goto("about:blank");
    assert.match(await target.ended(0), /^(end|ECONNRESET)$/);
    assert.equal((await done).code, "gone");
    await page.close();
  });

  test("a_line_that_never_comes_is_an_error", async (t) => {
    const server = await front(t, null, { folder });
    const started = await startProgram(browser, { origin: server.origin, program: "hello" });
    await assert.rejects(started.line("good bye"), /without printing "good bye"/);
    assert.equal(await started.line("to std"), "to stderr");
    assert.equal((await started.done).code, 7);
    await started.page.close();
  });

  test("frames_come_although_another_page_is_open", async (t) => {
    const server = await front(t, null, { folder });
    const other = await startProgram(browser, { origin: server.origin, program: "forever" });
    assert.equal((await run(server, "frames")).code, 0);
    await other.page.close();
    assert.equal((await other.done).code, "gone");
    assert.equal((await run(server, "frames")).code, 0);
  });

  test("a_page_is_isolated_where_asked_for", async (t) => {
    for (const isolated of [false, true]) {
      const server = await front(t, null, { folder, isolated });
      for (const where of ["page", "worker"]) {
        const { stdout } = await run(server, "isolated", [], { where });
        assert.equal(stdout, `${isolated}\n`, where);
      }
    }
  });

  test("a_program_that_is_late_is_ended_with_what_it_has_printed", async (t) => {
    const server = await front(t, null, { folder });
    const result = await run(server, "forever", [], { where: "worker", timeoutMs: 3000 });
    assert.equal(result.code, "timeout");
    assert.equal(result.stdout, "running\n");
    assert.equal(result.stderr, "ended after 3000 ms\n");
  });

  if (name === "firefox") return; // it would take ten seconds to show the same
  test("a_program_that_hangs_its_page_does_not_hang_the_next", async (t) => {
    const server = await front(t, null, { folder });
    const result = await run(server, "spinning", [], { timeoutMs: 300 });
    assert.equal(result.code, "timeout");
    assert.equal((await run(server, "hello")).code, 7);
  });
}

for (const name of allBrowsers) {
  const skip = availableBrowsers().includes(name) ? false : `${name} is not installed`;
  describe(name, { skip, timeout: LIMIT_MS }, () => browserTests(name));
}

describe("the front", { timeout: LIMIT_MS }, () => {
  const REQUEST = lines("GET / HTTP/1.1", "Host: x");

  const connect = async (t, server) => {
    const socket = net.connect({ port: server.port, host: server.host, allowHalfOpen: true });
    t.after(() => socket.destroy());
    socket.on("error", () => {});
    await once(socket, "connect");
    return socket;
  };

  // An iterator would destroy the socket at the end.
  const readAll = (socket) =>
    new Promise((resolve, reject) => {
      const parts = [];
      socket.on("data", (part) => parts.push(part));
      socket.on("end", () => resolve(Buffer.concat(parts).toString("latin1")));
      socket.on("error", reject);
    });

  const get = async (t, server, target) => {
    const socket = await connect(t, server);
    socket.end(lines(`GET ${target} HTTP/1.1`, "Host: x"));
    return readAll(socket);
  };

  test("files_have_types_and_headers_and_nothing_outside_is_served", async (t) => {
    const headers = { "X-Extra": "1" };
    const server = await front(t, null, { folder, headers });
    const wasm = await get(t, server, "/.ferry/data.wasm");
    assert.match(wasm, /^HTTP\/1.1 200 OK\r\n/);
    for (const line of [
      "Content-Type: application/wasm",
      "Content-Length: 4",
      "Cache-Control: no-store",
      "Connection: close",
      "X-Extra: 1",
    ]) {
      assert.ok(wasm.includes(`\r\n${line}\r\n`), line);
    }
    assert.ok(wasm.endsWith("\r\n\r\n\0asm"));
    assert.match(await get(t, server, "/.ferry/run.html?a"), /Content-Type: text\/html/);
    assert.match(await get(t, server, "/.ferry/run_worker.js"), /Content-Type: text\/javascript/);
    const outside = ["missing.js", "../front.mjs", "..%2Ffront.mjs", "%2Fetc%2Fpasswd", ""];
    for (const name of outside)
      assert.match(await get(t, server, `/.ferry/${name}`), /^HTTP\/1.1 404 /);
    assert.match(await get(t, server, "/.ferry/%"), /^HTTP\/1.1 500 /);
    assert.match(await get(t, server, "/"), /^HTTP\/1.1 404 /);
  });

  test("a_request_in_pieces_goes_where_it_belongs", async (t) => {
    const target = await answeringOnce(t, ok("theirs"));
    const server = await front(t, target, { folder });
    const socket = await connect(t, server);
    socket.setNoDelay(true);
    for (const byte of lines("GET /.ferry/data.wasm HTTP/1.1")) {
      await new Promise((resolve) => socket.write(byte, resolve));
    }
    assert.match(await readAll(socket), /^HTTP\/1.1 200 OK\r\n[^]*asm$/);
    assert.equal(target.connections.length, 0);
    const other = await connect(t, server);
    other.write("GET /.fer");
    other.end("!");
    assert.match(await readAll(other), /^$|theirs/);
    assert.equal(target.connections[0].received.toString(), "GET /.fer!");
  });

  test("a_silent_connection_does_not_reach_the_server", async (t) => {
    const target = await answeringOnce(t, ok("a"));
    const server = await front(t, target, { folder });
    const silent = await connect(t, server);
    silent.end();
    assert.equal(await readAll(silent), "");
    assert.match(await get(t, server, "/"), /\r\n\r\na$/);
    assert.equal(target.connections.length, 1);
  });

  test("half_closed_connections_stay_open_the_other_way", async (t) => {
    const target = await rawServer(t, async (connection) => {
      assert.equal((await connection.rest()).toString(), REQUEST);
      await connection.send("late");
      connection.end();
    });
    const server = await front(t, target, { folder });
    const socket = await connect(t, server);
    socket.end(REQUEST);
    assert.equal(await readAll(socket), "late");
  });

  test("the_server_ends_first_and_still_receives", async (t) => {
    const all = event();
    const target = await rawServer(t, async (connection) => {
      await connection.head();
      connection.end();
      all.resolve((await connection.rest()).toString());
    });
    const server = await front(t, target, { folder });
    const socket = await connect(t, server);
    socket.write(REQUEST);
    assert.equal(await readAll(socket), "");
    socket.end("more");
    assert.equal(await all.promise, "more");
  });

  test("resets_pass_in_both_directions", async (t) => {
    const arrived = event(); // Node takes a reset that comes along with bytes for an end
    const target = await watchingServer(t, async (connection, index) => {
      await connection.head();
      await connection.send("some");
      if (index > 0) return;
      await arrived.promise;
      connection.reset();
    });
    const server = await front(t, target, { folder });
    const first = await connect(t, server);
    first.write(REQUEST);
    await once(first, "data");
    arrived.resolve();
    const [error] = await once(first, "error");
    assert.equal(error.code, "ECONNRESET");
    const second = await connect(t, server);
    second.write(REQUEST);
    await once(second, "data");
    second.resetAndDestroy();
    assert.equal(await target.ended(1), "ECONNRESET");
  });

  test("a_server_that_cannot_be_reached_is_a_reset", async (t) => {
    const unused = net.createServer().listen(0, "127.0.0.1");
    await once(unused, "listening");
    const { port } = unused.address();
    await new Promise((resolve) => unused.close(resolve));
    const server = await front(t, { host: "127.0.0.1", port }, { folder });
    const socket = await connect(t, server);
    socket.write(REQUEST);
    const [error] = await once(socket, "error");
    assert.equal(error.code, "ECONNRESET");
  });
});

describe("browsers that cannot be had", { timeout: LIMIT_MS }, () => {
  test("a_name_that_is_unknown_or_a_program_that_ends_is_a_clear_error", async () => {
    await assert.rejects(openBrowser("lynx"), /no browser is called "lynx"/);
    const before = process.env.FERRY_FIREFOX;
    try {
      process.env.FERRY_FIREFOX = process.execPath;
      await assert.rejects(openBrowser("firefox"), /^Error: firefox \(.*\) does not start: /);
    } finally {
      if (before === undefined) delete process.env.FERRY_FIREFOX;
      else process.env.FERRY_FIREFOX = before;
    }
  });
});
