// SPDX-License-Identifier: MIT
// proxies: squid and tinyproxy, each with a configuration of its own in a temporary folder, and a
// proxy that a test writes down itself.
import { spawn, spawnSync } from "node:child_process";
import fs from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { closedPort, lines, rawServer } from "./servers.mjs";

function find(name, ...args) {
  const candidates = [name, `/usr/sbin/${name}`, `/usr/local/sbin/${name}`, `/usr/bin/${name}`];
  return candidates.find((candidate) => !spawnSync(candidate, args).error);
}

export const squid = find("squid", "-v");
export const tinyproxy = find("tinyproxy", "-v");

async function connects(port) {
  return new Promise((resolve) => {
    const socket = net.connect(port, "127.0.0.1");
    socket.on("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.on("error", () => resolve(false));
  });
}

/** Starts a program in the foreground with the file that `configure` writes; stop() ends it. */
async function start(name, command, argumentsOf, configure) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), `ferry-${name}-`));
  const port = await closedPort();
  fs.chmodSync(folder, 0o777); // the program may give up its rights
  const file = path.join(folder, `${name}.conf`);
  fs.writeFileSync(file, configure(folder, port));
  const child = spawn(command, argumentsOf(file), { stdio: ["ignore", "pipe", "pipe"] });
  let complaints = "";
  let running = true;
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (data) => (complaints += data));
  }
  const ended = new Promise((resolve) => {
    child.on("close", () => {
      running = false;
      resolve();
    });
  });
  const stop = async () => {
    child.kill("SIGKILL"); // squid would wait for its clients
    await ended;
    fs.rmSync(folder, { recursive: true });
  };
  while (!(await connects(port))) {
    if (!running) throw new Error(`${name} does not start: ${complaints}`);
    await new Promise((resolve) => setTimeout(resolve, 20)); // it tells nobody that it is ready
  }
  return { host: "127.0.0.1", port, stop };
}

/** With a password it asks for it; hosts ({name: address}) are its own. */
export async function startSquid({ password, hosts = {} } = {}) {
  return start(
    "squid",
    squid,
    (file) => ["-N", "-f", file],
    (folder, port) => {
      const [user, secret] = password?.split(":") ?? [];
      const names = Object.entries(hosts).map(([name, address]) => `${address} ${name}\n`);
      fs.writeFileSync(path.join(folder, "hosts"), names.join(""));
      // Squid percent-encodes both on their way to the program, which answers OK to the one
      // line that has them.
      const helper = path.join(folder, "helper.sh");
      fs.writeFileSync(
        helper,
        `#!/bin/sh
while read -r user secret; do
  if [ "$user $secret" = "${user} ${encodeURIComponent(secret)}" ]; then echo OK; else echo ERR; fi
done
`,
        { mode: 0o755 },
      );
      const auth = `auth_param basic program ${helper}
auth_param basic realm tests
acl known proxy_auth REQUIRED
http_access deny !known
`;
      return `http_port 127.0.0.1:${port}
pid_filename ${folder}/squid.pid
cache_log ${folder}/cache.log
access_log none
coredump_dir ${folder}
cache deny all
hosts_file ${folder}/hosts
visible_hostname tests
shutdown_lifetime 0 seconds
pinger_enable off
netdb_filename none
${password ? auth : ""}acl forbidden dstdomain forbidden.test
http_access deny forbidden
http_access allow all
`;
    },
  );
}

export async function startTinyproxy({ password } = {}) {
  return start(
    "tinyproxy",
    tinyproxy,
    (file) => ["-d", "-c", file],
    (folder, port) => {
      const auth = password ? `BasicAuth ${password.replace(":", " ")}\n` : "";
      return `Port ${port}
Listen 127.0.0.1
Timeout 60
MaxClients 20
LogFile "${folder}/tinyproxy.log"
PidFile "${folder}/tinyproxy.pid"
Allow 127.0.0.1
DisableViaHeader Yes
${auth}`;
    },
  );
}

/**
 * A proxy that opens every tunnel, with the answer of the test's; `heads` has the requests. Names
 * are the proxy's to look up: all of them are 127.0.0.1.
 */
export async function tunnelProxy(t, { answer = lines("HTTP/1.1 200 OK"), pieces, options } = {}) {
  const heads = [];
  const proxy = await rawServer(
    t,
    async (connection) => {
      const head = await connection.head();
      heads.push(head);
      const port = Number(/^CONNECT \S+:(\d+) /.exec(head)?.[1]);
      if (!port) throw new Error(`no CONNECT: ${head}`);
      const upstream = net.connect(port, "127.0.0.1");
      t.after(() => upstream.destroy());
      connection.rest().then(() => upstream.destroy());
      for (const piece of pieces ?? [answer]) {
        await connection.send(piece);
        await new Promise((resolve) => setImmediate(resolve));
      }
      const { socket } = connection;
      upstream.on("error", () => socket.destroy());
      upstream.on("data", (data) => socket.write(data));
      upstream.on("end", () => socket.end());
      upstream.write(connection.received.subarray(connection.at));
      socket.on("data", (data) => upstream.write(data));
      await connection.rest();
    },
    options,
  );
  return Object.assign(proxy, { heads });
}

/** What a proxy is sent for "name:password". */
export const basic = (credentials) => `Basic ${Buffer.from(credentials).toString("base64")}`;

/** The proxy variables are the test's alone: what a scenario is wrapped in. */
export const environment = (variables) => {
  const names = ["http_proxy", "https_proxy", "all_proxy", "no_proxy"];
  const unset = names.flatMap((name) => ["-u", name, "-u", name.toUpperCase()]);
  const values = Object.entries(variables).map(([name, value]) => `${name}=${value}`);
  return ["env", ...unset, ...values];
};

/** What the scenario of failed allocations says where each is survived. */
export const survived = [
  "failed in the end: often",
  "succeeded in the end: yes",
  "without a sentence: 0",
  "other errors: 0",
  "unusable after close: 0",
  "leaked: 0",
];
