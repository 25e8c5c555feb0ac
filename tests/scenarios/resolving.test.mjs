// SPDX-License-Identifier: MIT
// resolving: look-ups and several addresses for one name. The names come from files of the test's
// own, which a mount namespace puts in the place of the system's.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import dgram from "node:dgram";
import { once } from "node:events";
import fs from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { after, describe, test } from "node:test";
import { connected, exchange, expectRun } from "./lib/run.mjs";
import { answering, closedPort, ok, rawServer } from "./lib/servers.mjs";

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "ferry-names-"));
after(() => fs.rmSync(folder, { recursive: true }));

const NAME_SERVER = "127.53.53.53"; // its port 53 is nobody's
const files = {
  hosts: `127.0.0.1 localhost db only4.test many.test both.test slow.test
::1 only6.test both.test
127.0.0.2 many.test
127.0.0.3 many.test
`,
  "resolv.conf": `nameserver ${NAME_SERVER}\noptions timeout:30 attempts:1\n`,
  "nsswitch.conf": "hosts: files dns\n",
};
for (const [name, content] of Object.entries(files)) {
  fs.writeFileSync(path.join(folder, name), content);
}

const mounts = Object.keys(files).map((name) => `mount --bind ${folder}/${name} /etc/${name}`);
const wrap = ["unshare", "--mount", "sh", "-c", `${mounts.join(" && ")} && exec "$0" "$@"`];
const canMount = spawnSync(wrap[0], [...wrap.slice(1), "true"]).status === 0;
const skip = canMount ? false : "a mount namespace takes Linux and root";

/** A name server that answers as `answer` says: not at all, or that there is no such name. */
async function nameServer(t, answer) {
  const server = Object.assign(dgram.createSocket("udp4"), { queries: 0 });
  server.on("message", (query, from) => {
    server.queries++;
    if (answer === "nothing") return;
    const reply = Buffer.from(query);
    reply[2] |= 0x80; // a response
    reply[3] = 0x83; // recursion available, NXDOMAIN
    server.send(reply, from.port, from.address);
  });
  server.bind(53, NAME_SERVER);
  await once(server, "listening");
  t.after(() => server.close());
  return server;
}

/** A port at which nobody accepts: further connections get no answer at all. */
async function silentPort(t, host, port = 0) {
  const listen = `const server = require("net").createServer();
    server.listen({ host: "${host}", port: ${port}, backlog: 1 }, () => {
      require("fs").writeSync(1, server.address().port + "\\n");
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    });
    server.on("error", () => process.exit(1));`;
  const child = spawn(process.execPath, ["-e", listen], { stdio: ["ignore", "pipe", "inherit"] });
  const [line] = await once(child.stdout, "data");
  const found = Number(line.toString());
  const sockets = [];
  for (let i = 0; i < 2; i++) {
    const socket = net.connect(found, host);
    await once(socket, "connect");
    sockets.push(socket);
  }
  t.after(async () => {
    for (const socket of sockets) socket.on("error", () => {}).destroy();
    child.kill("SIGKILL");
    await once(child, "close");
  });
  return found;
}

const greeting = [ok("hello")];
const greeted = (host) => exchange("/", "hello", { host: `${host}:PORT` });

describe("Connecting", () => {
  test("name_of_the_hosts_file_is_found_however_short", { skip }, async (t) => {
    const server = await answering(t, greeting);
    await expectRun(["connect", { ...server, wrap }, "db"], connected, greeted("db"));
  });

  test("ipv6_only_name_is_connected_to", { skip }, async (t) => {
    const server = await answering(t, greeting, { host: "::1" });
    await expectRun(
      ["connect", { ...server, wrap }, "only6.test"],
      connected,
      greeted("only6.test"),
    );
  });

  for (const host of ["127.0.0.1", "::1"]) {
    test(`family_that_refuses_leaves_the_other_one_${host}`, { skip }, async (t) => {
      const server = await answering(t, greeting, { host });
      await expectRun(
        ["connect", { ...server, wrap }, "both.test"],
        connected,
        greeted("both.test"),
      );
    });
  }

  for (const [silent, host] of [
    ["::1", "127.0.0.1"],
    ["127.0.0.1", "::1"],
  ]) {
    test(`family_that_does_not_answer_is_overtaken_by_${host}`, { skip }, async (t) => {
      const port = await silentPort(t, silent);
      await answering(t, greeting, { host, port });
      await expectRun(
        ["connect", { port, wrap }, "connect_ms=20000", "both.test"],
        connected,
        greeted("both.test"),
      );
    });
  }

  test("later_address_of_several_is_tried", { skip }, async (t) => {
    const server = await answering(t, greeting, { host: "127.0.0.3" });
    await expectRun(["connect", { ...server, wrap }, "many.test"], connected, greeted("many.test"));
  });

  test("all_addresses_fail_and_the_detail_tells_why", { skip }, async () => {
    const port = await closedPort();
    await expectRun(
      ["connect", { port, wrap }, "many.test"],
      connected.slice(0, 3),
      "poll: CANT_CONNECT: …many.test…",
      "status CANT_CONNECT",
    );
  });

  // glibc says that there is no such host where it could not open the file that names it.
  test("too_many_open_files_are_told_as_such_and_not_as_a_host_that_is_not_there", async () => {
    const limited = ["sh", "-c", 'ulimit -n "$0" && exec "$@"'];
    for (const most of [4, 5]) {
      // without a descriptor for the look-up, and for the hosts file
      await expectRun(
        ["connect", { port: 80, wrap: [...limited, most] }, "nosuch.invalid"],
        connected.slice(0, 2),
        'poll: CANT_RESOLVE: cannot resolve "nosuch.invalid": too many open files',
        "status CANT_RESOLVE",
      );
    }
  });

  test("first_to_connect_wins_and_no_other_connection_stays", { skip }, async (t) => {
    const first = await answering(t, greeting, { host: "127.0.0.1" });
    const others = [];
    for (const host of ["127.0.0.2", "127.0.0.3"]) {
      others.push(
        await rawServer(t, (connection) => connection.rest(), { host, port: first.port }),
      );
    }
    await expectRun(["connect", { ...first, wrap }, "many.test"], connected, "…");
    const servers = [first, ...others];
    const used = servers
      .flatMap((server) => server.connections)
      .filter((one) => one.received.length);
    assert.equal(used.length, 1, "one connection carries the request");
    for (const connection of servers.flatMap((server) => server.connections))
      await connection.closed;
  });

  test("name_that_does_not_exist_is_CANT_RESOLVE_at_every_call", { skip }, async (t) => {
    await nameServer(t, "no such name");
    await expectRun(
      ["fails_again", { port: 80, wrap }, "missing.test", 80],
      "connect_to_host: OK",
      "status RESOLVING",
      "poll: CANT_RESOLVE: …missing.test…",
      "status CANT_RESOLVE",
      "poll: CANT_RESOLVE: …missing.test…",
      "…",
      "closed",
      "status DISCONNECTED",
      "…",
    );
  });

  test("client_keeps_no_names_and_asks_again_each_time", { skip }, async (t) => {
    const names = await nameServer(t, "no such name");
    const failed = [
      "connect_to_host: OK",
      "status RESOLVING",
      "poll: CANT_RESOLVE: …missing.test…",
      "status CANT_RESOLVE",
    ];
    await expectRun(["connect", { port: 80, wrap }, "missing.test"], failed);
    const once = names.queries;
    assert.ok(once > 0);
    await expectRun(
      ["connect", { port: 80, wrap }, "missing.test", "missing.test"],
      failed,
      failed,
    );
    assert.equal(names.queries, 3 * once);
  });

  for (const how of ["close", "connect", "free"]) {
    test(`${how}_in_CANT_RESOLVE_makes_the_client_usable_again`, { skip }, async (t) => {
      await nameServer(t, "no such name");
      const server = await answering(t, [ok("after")]);
      await expectRun(
        ["drop", { ...server, wrap }, how, "CANT_RESOLVE", "missing.test"],
        "…",
        `${how} in CANT_RESOLVE`,
        "…",
        connected,
        exchange("/after", "after"),
      );
    });

    test(`${how}_cancels_a_look_up_that_gets_no_answer`, { skip }, async (t) => {
      await nameServer(t, "nothing");
      const server = await answering(t, [ok("after")]);
      await expectRun(
        ["drop", { ...server, wrap }, how, "RESOLVING", "missing.test"],
        "…",
        `${how} in RESOLVING`,
        "…",
        "status CONNECTING",
        "status CONNECTED",
        exchange("/after", "after"),
      );
    });
  }

  test("look_up_that_gets_no_answer_times_out_and_names_the_option", { skip }, async (t) => {
    await nameServer(t, "nothing");
    await expectRun(
      ["connect", { port: 80, wrap }, "connect_ms=50", "missing.test"],
      "connect_to_host: OK",
      "status RESOLVING",
      "poll: TIMEOUT: …missing.test…connect_ms…",
      "status CANT_RESOLVE",
    );
  });

  test("connection_that_gets_no_answer_times_out_and_names_the_option", async (t) => {
    const port = await silentPort(t, "127.0.0.1");
    await expectRun(
      ["connect", { port }, "connect_ms=50", "127.0.0.1"],
      connected.slice(0, 3),
      "poll: TIMEOUT: …127.0.0.1:PORT…connect_ms…",
      "status CANT_CONNECT",
    );
  });

  test("connection_that_gets_no_answer_times_out_in_blocking_mode_too", async (t) => {
    const port = await silentPort(t, "127.0.0.1");
    await expectRun(
      ["connect", { port }, "blocking=1", "connect_ms=50", "127.0.0.1"],
      "set_blocking_mode: OK",
      connected.slice(0, 3),
      "poll: TIMEOUT: …127.0.0.1:PORT…connect_ms…",
      "status CANT_CONNECT",
    );
  });
});
