// SPDX-License-Identifier: MIT
// machine: programs that are started, nginx on a port of its own, and the CPUs that they run on.
import { spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";

export function findProgram(name) {
  const folders = [...(process.env.PATH ?? "").split(":"), "/usr/sbin", "/usr/local/sbin"];
  return folders.map((folder) => path.join(folder, name)).find((file) => fs.existsSync(file));
}

const children = new Set();

/** Ends whatever was started and still runs. */
export function stopAll() {
  for (const child of children) child.kill();
}

function start(command, stdio, more = {}) {
  const env = { ...process.env, LC_ALL: "C", ...more };
  for (const name of Object.keys(env)) {
    if (/_proxy$/i.test(name)) delete env[name];
  }
  const child = spawn(command[0], command.slice(1), { stdio, env });
  children.add(child);
  child.on("exit", () => children.delete(child));
  return child;
}

/** Runs a program to its end; `env` is added to the environment. */
export async function run(command, env) {
  const child = start(command, ["ignore", "pipe", "pipe"], env);
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (data) => (stdout += data));
  child.stderr.on("data", (data) => (stderr += data));
  const [code, signal] = await once(child, "close");
  if (code !== 0) {
    throw new Error(`${command.join(" ")}: ${signal ?? `exit ${code}`}\n${stderr.trim()}`);
  }
  return { stdout, stderr };
}

export async function freePort() {
  const server = net.createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

export function isOpen(port) {
  return new Promise((resolve) => {
    const socket = net.connect(port, "127.0.0.1");
    socket.on("connect", () => (socket.destroy(), resolve(true)));
    socket.on("error", () => resolve(false));
  });
}

// A folder in memory where there is one: the big body must not wait for a disk.
export function makeFolder(bigBytes) {
  const base = fs.existsSync("/dev/shm") ? "/dev/shm" : os.tmpdir();
  const folder = fs.mkdtempSync(path.join(base, "ferry-bench-"));
  const root = path.join(folder, "root");
  fs.mkdirSync(root);
  fs.writeFileSync(path.join(root, "1k"), "ferry ".repeat(171).slice(0, 1024));
  fs.copyFileSync(path.join(root, "1k"), path.join(root, "chunked"));
  fs.writeFileSync(path.join(root, "file"), Buffer.alloc(10 * 1024 * 1024, "f"));
  fs.writeFileSync(path.join(root, "big"), "");
  fs.truncateSync(path.join(root, "big"), bigBytes);
  return folder;
}

/**
 * Starts nginx with a configuration in which @NAME@ stands for `values`; @PORT@ is the first of its
 * ports, which are asked until it answers. Gives {port, stop}.
 */
export async function startNginx({ program, folder, pinning, template, values = {} }) {
  const port = values.PORT ?? (await freePort());
  const user = process.getuid() === 0 ? "user root root;" : "";
  let settings = fs.readFileSync(template, "utf8");
  for (const [name, value] of Object.entries({ DIR: folder, USER: user, PORT: port, ...values })) {
    settings = settings.replaceAll(`@${name}@`, String(value));
  }
  const file = path.join(folder, "nginx.conf");
  fs.writeFileSync(file, settings);
  const child = start(
    [...pinning, program, "-e", "stderr", "-p", folder, "-c", file],
    ["ignore", "ignore", "pipe"],
  );
  let stderr = "";
  child.stderr.on("data", (data) => (stderr += data));
  const stop = async () => {
    if (!children.has(child)) return;
    child.kill();
    await once(child, "exit");
  };
  for (const deadline = Date.now() + 10000; Date.now() < deadline;) {
    if (child.exitCode !== null) break;
    if (await isOpen(port)) return { port, stop };
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`nginx did not start:\n${stderr}`);
}

/** The CPUs that this process may use. */
function allowedCpus() {
  const status = fs.readFileSync("/proc/self/status", "utf8");
  const list = /Cpus_allowed_list:\s*(\S+)/.exec(status)?.[1] ?? "";
  return list.split(",").flatMap((part) => {
    const [from, to = from] = part.split("-").map(Number);
    return Array.from({ length: to - from + 1 }, (_, i) => from + i);
  });
}

/** The command that keeps another one on a CPU: the last, or counted from there. */
export function pinningTo(fromLast = 0) {
  if (process.platform !== "linux" || !findProgram("taskset")) return [];
  const cpu = allowedCpus().at(-1 - fromLast);
  return cpu === undefined ? [] : [findProgram("taskset"), "-c", String(cpu)];
}

/** Where the figures come from. */
export async function describeMachine(nginx) {
  const { stderr } = await run([nginx, "-v"]);
  return {
    nginx: stderr.trim().replace("nginx version: nginx/", ""),
    kernel: `${os.type()} ${os.release()}`,
    cpu: `${os.cpus()[0].model.trim()}, ${os.cpus().length} CPUs`,
    load: os.loadavg()[0],
  };
}
