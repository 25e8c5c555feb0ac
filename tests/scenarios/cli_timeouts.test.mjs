// SPDX-License-Identifier: MIT
// cli_timeouts: the command-line client's limits of time.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import net from "node:net";
import { describe, test } from "node:test";
import { fails, printed, start, urlOf } from "./lib/cli.mjs";
import { httpServer, keeping, rawServer } from "./lib/servers.mjs";

/** A port whose queue of connections is full, so that further ones are not answered. */
async function fullPort(t) {
  const script = `
    const server = require("node:net").createServer().listen({ port: 0, host: "127.0.0.1", backlog: 1 });
    server.on("listening", () => {
      require("node:fs").writeSync(1, String(server.address().port));
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    });`;
  const holder = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "ignore"] });
  const sockets = [];
  t.after(() => {
    holder.kill("SIGKILL");
    for (const socket of sockets) socket.destroy();
  });
  const [port] = await once(holder.stdout, "data");
  for (let i = 0; i < 8; i++) {
    sockets.push(net.connect(Number(port), "127.0.0.1").on("error", () => {}));
  }
  await once(sockets[0], "connect");
  return Number(port);
}

describe("The command line: time-outs", () => {
  const line = "ferry: timeout: it took more than 0.2 s (--max-time) (FERRY_ERROR_TIMEOUT)";

  test("max_time_covers_a_server_that_does_not_answer", async (t) => {
    const server = await rawServer(t, () => {});
    await fails(28, line, ["--max-time", "0.2", urlOf(server)]);
  });

  test("max_time_covers_a_body_that_does_not_end", async (t) => {
    const server = await httpServer(t, (request, response) => response.write("begun"));
    await fails(28, line, ["--max-time", ".2", urlOf(server)]);
  });

  test("max_time_covers_a_body_that_never_pauses", async (t) => {
    const piece = Buffer.alloc(100_000);
    const server = await httpServer(t, (request, response) => {
      const more = () => {
        while (!response.destroyed && response.write(piece));
      };
      response.on("drain", more);
      more();
    });
    const stdout = fs.openSync("/dev/null", "w");
    t.after(() => fs.closeSync(stdout));
    await fails(28, line, ["--max-time", "0.2", urlOf(server)], { stdout });
  });

  test("max_time_covers_an_upload_whose_input_is_silent", async (t) => {
    const server = await rawServer(t, () => {});
    const { child, ended } = start(["-T", "-", "--max-time", "0.2", urlOf(server)], {
      stdin: "pipe",
    });
    const { code, stderr } = await ended;
    child.stdin.destroy();
    assert.equal(stderr, `${line}\n`);
    assert.equal(code, 28);
  });

  test("max_time_that_is_not_used_up_changes_nothing", async (t) => {
    const server = await keeping(t);
    assert.equal(await printed(["--max-time", "50.5", urlOf(server)]), "hello\n");
  });

  for (const option of ["--connect-timeout", "--max-time"]) {
    test(`${option.slice(2)}_covers_a_connection_that_is_not_answered`, async (t) => {
      const url = `http://127.0.0.1:${await fullPort(t)}/`;
      await fails(28, /ferry: timeout: .* \(FERRY_ERROR_TIMEOUT\)/, [option, "0.2", url]);
    });
  }

  test("connect_timeout_does_not_cover_the_response", async (t) => {
    const server = await httpServer(t, async (request, response) => {
      await new Promise((resolve) => setTimeout(resolve, 1100)); // what must not count is time
      response.end("late");
    });
    assert.equal(await printed(["--connect-timeout", "1", urlOf(server)]), "late");
  });
});
