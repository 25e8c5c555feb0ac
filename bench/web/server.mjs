// SPDX-License-Identifier: MIT
// server: nginx on loopback with the page, the programs and the bodies of the web benchmark.
import { spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { findProgram, freePort, isOpen } from "../lib/machine.mjs";

const here = path.dirname(fileURLToPath(import.meta.url));

const PAGE_FILES = ["page.html", "page.mjs", "bare.mjs"];
const START_MS = 10_000;

// A folder in memory where there is one: the big body must not wait for a disk.
function makeFolder(programs, bigBytes) {
  const base = fs.existsSync("/dev/shm") ? "/dev/shm" : os.tmpdir();
  const folder = fs.mkdtempSync(path.join(base, "ferry-bench-web-"));
  const root = path.join(folder, "root");
  fs.mkdirSync(root);
  fs.chmodSync(folder, 0o755); // nginx's worker may be another user
  fs.writeFileSync(path.join(root, "1k"), "ferry ".repeat(171).slice(0, 1024));
  fs.writeFileSync(path.join(root, "big"), "");
  fs.truncateSync(path.join(root, "big"), bigBytes);
  for (const file of PAGE_FILES) fs.copyFileSync(path.join(here, file), path.join(root, file));
  for (const file of fs.readdirSync(programs).filter((name) => name.startsWith("bench_web_"))) {
    fs.copyFileSync(path.join(programs, file), path.join(root, file));
  }
  return folder;
}

async function startNginx(program, folder) {
  const port = await freePort();
  const settings = fs
    .readFileSync(path.join(here, "nginx.conf"), "utf8")
    .replaceAll("@PORT@", String(port))
    .replaceAll("@DIR@", folder)
    .replaceAll("@USER@", process.getuid() === 0 ? "user root root;" : "");
  const file = path.join(folder, "nginx.conf");
  fs.writeFileSync(file, settings);
  const command = ["-e", "stderr", "-p", folder, "-c", file];
  const child = spawn(program, command, { stdio: ["ignore", "ignore", "pipe"] });
  let stderr = "";
  child.stderr.on("data", (data) => (stderr += data));
  for (const deadline = Date.now() + START_MS; Date.now() < deadline;) {
    if (child.exitCode !== null) break;
    if (await isOpen(port)) return { child, port };
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  child.kill();
  throw new Error(`nginx did not start:\n${stderr}`);
}

/** Starts nginx with bench_web_* from the folder `programs`: {origin, close}. */
export async function startServer({ programs, bigBytes }) {
  const nginx = findProgram("nginx");
  if (!nginx) throw new Error("nginx is not installed; on Debian: apt-get install nginx-light");
  const folder = makeFolder(programs, bigBytes);
  const remove = () => fs.rmSync(folder, { recursive: true, force: true });
  let server;
  try {
    server = await startNginx(nginx, folder);
  } catch (error) {
    remove();
    throw error;
  }
  const { child, port } = server;
  const atExit = () => {
    child.kill();
    remove();
  };
  process.once("exit", atExit);
  const close = async () => {
    process.off("exit", atExit);
    if (child.exitCode === null) {
      child.kill();
      await once(child, "exit");
    }
    remove();
  };
  return { origin: `http://127.0.0.1:${port}`, close };
}
