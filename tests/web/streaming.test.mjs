// SPDX-License-Identifier: MIT
// streaming: large bodies: how far they are read ahead, what memory they take, that they are right.
import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { quick } from "../scenarios/lib/run.mjs";
import { event, lines as headOf, ok, rawServer } from "../scenarios/lib/servers.mjs";
import { inPlaces } from "./lib/places.mjs";
import { routes } from "./lib/routes.mjs";

const MIB = 1024 * 1024;
const PERIOD = 251; // of the bytes that the program expects
const PIECE = Buffer.alloc(PERIOD * 4096, Buffer.from(Array.from({ length: PERIOD }, (_, i) => i)));

// What is on its way: in the system's buffers, which may grow to 32 MiB, and in the browser's own.
const ON_THE_WAY_BYTES = 96 * MIB;
const REST_BYTES = MIB; // what else a page allocates meanwhile
const LONG_MS = 300_000;
const STILL_MS = 1000; // a connection that has taken nothing for so long is full

/** Sends so many bytes of the pattern as fast as they are taken; `onFull` is told of each pause. */
async function sendPattern(socket, length, onFull) {
  const closed = once(socket, "close");
  for (let sent = 0; sent < length && !socket.destroyed;) {
    const piece = PIECE.subarray(0, Math.min(PIECE.length, length - sent));
    sent += piece.length;
    if (socket.write(piece)) continue;
    await onFull(Promise.race([once(socket, "drain").catch(() => {}), closed]));
  }
}

/**
 * A server with a body of the pattern, at /a, begun when `begin` is resolved; /go is answered when
 * it cannot be sent any further, and `go` is resolved too. `full` gives how much has been taken by
 * then.
 */
async function filling(t, length, go) {
  const [asked, begin, full] = [event(), event(), event()];
  const server = await rawServer(t, async (connection) => {
    for (;;) {
      const [, target] = (await connection.head()).split(" ");
      const open = "Access-Control-Allow-Origin: *";
      if (target === "/go") {
        await full.promise;
        await go?.promise;
        await connection.send(ok("go", open));
        continue;
      }
      const { socket } = connection;
      asked.resolve();
      await begin.promise;
      await connection.send(headOf("HTTP/1.1 200 OK", open, `Content-Length: ${length}`));
      const before = socket.bytesWritten;
      await sendPattern(socket, length, async (drained) => {
        const timer = setTimeout(() => {
          full.resolve(socket.bytesWritten - before - socket.writableLength);
        }, STILL_MS);
        await drained;
        clearTimeout(timer);
      });
    }
  });
  const origin = `http://${server.host}:${server.port}`;
  return Object.assign(server, { origin, asked: asked.promise, begin, full: full.promise });
}

/** The memory that buffers and the program's heap take in a page of Chromium. */
async function heldBytes(page) {
  const session = await page.createCDPSession();
  await session.send("HeapProfiler.collectGarbage");
  const { backingStorageSize } = await session.send("Runtime.getHeapUsage");
  await session.detach();
  return backingStorageSize;
}

inPlaces(
  (place) => {
    const args = (server, window) => [`origin=${server.origin}`, `window=${window}`, "hold=/go"];

    // Firefox takes all that there is: its own buffer for fetch() has no limit.
    const skip = place.name === "firefox" && "Firefox reads on whatever a page does";

    test("a_server_waits_for_a_program_that_does_not_read", { skip }, async (t) => {
      const windows = [1, 48];
      const length = (windows.at(-1) + 16) * MIB + ON_THE_WAY_BYTES;
      for (const window of windows) {
        const server = await filling(t, length);
        server.begin.resolve();
        const home = await place.home(t, server);
        const { lines, heap } = await place.run(home, [...args(server, window * MIB), "GET", "/a"]);
        assert.equal(lines.at(-1), `body ${length} bytes, all right`, "it goes on");
        assert.equal(heap.end, heap.start, "the heap does not grow");
        const taken = (await server.full) / MIB;
        assert.ok(taken <= window + ON_THE_WAY_BYTES / MIB, `${taken} MiB taken for ${window}`);
      }
    });

    test("a_body_read_once_a_frame_is_right_and_the_heap_no_larger_for_it", async (t) => {
      const length = 48 * MIB + 1;
      const server = await filling(t, length);
      server.begin.resolve();
      const home = await place.home(t, server);
      const frame = place.isBrowser ? ["frame=animation"] : [];
      const all = [...frame, `origin=${home.origin}`, "GET", "/a"];
      const { lines, heap } = await place.run(home, all);
      assert.match(lines[0], new RegExp(`^response 200, length -1, hint ${length}, `));
      assert.equal(lines.at(-1), `body ${length} bytes, all right`);
      assert.equal(heap.end, heap.start);
    });

    test("fifty_at_once_are_all_answered_rightly", async (t) => {
      const server = await routes(
        t,
        Object.fromEntries(
          Array.from({ length: 50 }, (_, i) => [
            `/${i}`,
            (request, response) => request.pipe(response),
          ]),
        ),
      );
      const home = await place.home(t, server);
      const lane = [`origin=${home.origin}`, `body=@70000`, "POST", "/%"];
      const { lines } = await place.run(home, ["copies=50", ...lane]);
      for (let i = 0; i < 50; i++) {
        assert.ok(lines.includes(`${i}: body 70000 bytes, all right`), lines.join("\n"));
      }
      assert.equal(server.requests.length, 50);
    });

    if (place.name !== "chromium") return;

    const size = 5 * 1024 * MIB;
    const short = quick && "FERRY_QUICK is set";
    test(
      "five_gigabytes_are_counted_rightly_and_leave_the_heap_as_it_was",
      { skip: short },
      async (t) => {
        const server = await filling(t, size);
        server.begin.resolve();
        const home = await place.home(t, server);
        const all = ["frame=immediate", `origin=${server.origin}`, "GET", "/a"];
        const { lines, heap } = await place.run(home, all, { timeoutMs: LONG_MS });
        assert.equal(lines.at(-1), `body ${size} bytes, all right`);
        assert.equal(heap.end, heap.start);
      },
    );

    test("what_waits_in_the_page_is_no_more_than_the_window_and_one_piece", async (t) => {
      for (const window of [4 * MIB, 16 * MIB]) {
        const length = 2 * window + ON_THE_WAY_BYTES;
        const go = event();
        const server = await filling(t, length, go);
        const home = await place.home(t, server);
        const all = [...args(server, window), "GET", "/a"];
        const { page, line, done } = await place.start(t, home, all);
        await server.asked;
        const before = await heldBytes(page);
        server.begin.resolve();
        await server.full;
        const held = (await heldBytes(page)) - before;
        assert.ok(held <= window + MIB + REST_BYTES, `${held} bytes for a window of ${window}`);
        assert.ok(held >= window / 4, `${held} bytes do not fill a window of ${window}`);
        go.resolve();
        await line("told");
        assert.equal((await done).lines.at(-1), `body ${length} bytes, all right`);
      }
    });
  },
  { limitMs: LONG_MS },
);
