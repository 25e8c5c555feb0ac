// SPDX-License-Identifier: MIT
// nginx: starts nginx with a configuration of its own in a temporary folder.
import { spawn, spawnSync } from "node:child_process";
import fs from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { closedPort } from "./servers.mjs";

const candidates = ["nginx", "/usr/sbin/nginx", "/usr/local/sbin/nginx", "/opt/homebrew/bin/nginx"];
export const nginx = candidates.find((name) => !spawnSync(name, ["-v"]).error);

function configuration(folder, port, server, tls) {
  const kinds = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  const temporary = kinds.map((kind) => `${kind}_temp_path ${folder}/${kind};`).join("\n  ");
  return `daemon off;
worker_processes 1;
pid ${folder}/nginx.pid;
error_log ${folder}/error.log;
events { worker_connections 64; }
http {
  access_log off;
  ${temporary}
  default_type application/octet-stream;
  server {
    listen 127.0.0.1:${port}${tls ? " ssl" : ""};
    root ${folder}/root;
    ${server}
  }
}
`;
}

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

/** Starts it with the files ({name: content}) and directives; stop() ends it. */
export async function startNginx(files, server, { tls = false } = {}) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "ferry-nginx-"));
  const port = await closedPort();
  fs.chmodSync(folder, 0o755); // nginx gives up its rights before it reads the files
  fs.mkdirSync(path.join(folder, "root"));
  for (const [name, content] of Object.entries(files)) {
    fs.writeFileSync(path.join(folder, "root", name), content);
  }
  const file = path.join(folder, "nginx.conf");
  fs.writeFileSync(file, configuration(folder, port, server, tls));
  const child = spawn(nginx, ["-p", folder, "-c", file, "-e", `${folder}/error.log`], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let complaints = "";
  let running = true;
  child.stderr.on("data", (data) => (complaints += data));
  const ended = new Promise((resolve) => {
    child.on("close", () => {
      running = false;
      resolve();
    });
  });
  const stop = async () => {
    child.kill("SIGQUIT");
    await ended;
    fs.rmSync(folder, { recursive: true });
  };
  while (!(await connects(port))) {
    if (!running) {
      const log = fs.readFileSync(path.join(folder, "error.log"), "utf8");
      throw new Error(`nginx does not start: ${complaints}${log}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 10)); // it tells nobody that it is ready
  }
  return { host: "127.0.0.1", port, stop };
}
