// SPDX-License-Identifier: MIT
// front: gives a page the same origin as a raw server: it serves the programs under /.ferry/ itself
// and passes every other connection on to that server, byte for byte.
import { once } from "node:events";
import fs from "node:fs";
import net from "node:net";
import path from "node:path";
import { fileURLToPath } from "node:url";

const here = path.dirname(fileURLToPath(import.meta.url));
const root = path.join(here, "..", "..", "..");

/** Where the compiled programs are. */
export const programs = path.resolve(root, process.env.FERRY_WEB_BUILD ?? "build/web", "bin");

const PREFIX = "/.ferry/";
const OURS = [`GET ${PREFIX}`, `HEAD ${PREFIX}`];
const OWN_FILES = ["run.html", "run_worker.js"];
const HEAD_LIMIT = 64 * 1024;

// Little is held here, so that a side that stops reading is soon felt by the other.
const PIPE_BYTES = 4096;

const TYPES = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".mjs": "text/javascript; charset=utf-8",
  ".json": "application/json",
  ".map": "application/json",
  ".txt": "text/plain; charset=utf-8",
  ".wasm": "application/wasm",
};

const ISOLATION = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
};

/** Whether a request is for a file of ours: true, false, or undefined until more of it is here. */
function isOurs(head) {
  const text = head.toString("latin1", 0, OURS[1].length);
  if (OURS.some((start) => text.startsWith(start))) return true;
  return OURS.some((start) => start.startsWith(text)) ? undefined : false;
}

/** The file that a path under PREFIX names; undefined where there is none. */
function findFile(folder, target) {
  const name = decodeURIComponent(target.slice(PREFIX.length).replace(/[?#].*$/s, ""));
  const base = OWN_FILES.includes(name) ? here : folder;
  const file = path.resolve(base, name);
  if (!file.startsWith(base + path.sep)) return undefined;
  return fs.statSync(file, { throwIfNoEntry: false })?.isFile() ? file : undefined;
}

function makeResponse(status, headers, body) {
  const fields = {
    "Content-Length": body.length,
    "Cache-Control": "no-store",
    Connection: "close",
    ...headers,
  };
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.concat([Buffer.from(`HTTP/1.1 ${status}\r\n${lines.join("")}\r\n`), body]);
}

/** Answers a request once its head is complete; whatever else comes on the connection is dropped. */
function serve(socket, head, files) {
  if (!head.includes("\r\n\r\n")) {
    if (head.length > HEAD_LIMIT) socket.destroy();
    else socket.once("data", (more) => serve(socket, Buffer.concat([head, more]), files));
    return;
  }
  const { folder, headers } = files;
  const [method, target] = head.toString("latin1").split(" ", 2);
  let response;
  try {
    const file = findFile(folder, target);
    if (file === undefined) {
      response = ["404 Not Found", {}, Buffer.from(`no ${target} in ${folder}\n`)];
    } else {
      const type = TYPES[path.extname(file)] ?? "application/octet-stream";
      response = ["200 OK", { "Content-Type": type }, fs.readFileSync(file)];
    }
  } catch (error) {
    response = ["500 Internal Server Error", {}, Buffer.from(`${error.message}\n`)];
  }
  const [status, type, body] = response;
  const bytes = makeResponse(status, { ...type, ...headers }, body);
  socket.end(method === "HEAD" ? bytes.subarray(0, bytes.length - body.length) : bytes);
  socket.resume();
}

/** Resets a connection, after what it was given has left: a reset does not overtake bytes. */
function reset(socket) {
  const finish = () => {
    if (!socket.destroyed) socket.resetAndDestroy();
  };
  if (socket.destroyed || socket.writableLength === 0) finish();
  else if (socket.writableEnded) socket.once("finish", finish);
  else socket.write("", finish);
}

/**
 * Ends `socket` as `peer` has ended. What looks like an end may be a reset: Node takes one that comes
 * along with bytes for an end, but the system lets nothing be written on such a connection.
 */
function endAlike(socket, peer) {
  const finish = (error) => {
    if (error) reset(socket);
    else socket.end();
  };
  if (peer.writableEnded) finish();
  else peer.write("", finish);
}

/** Passes bytes on in both directions, an end as an end and a reset as a reset. */
function pass(socket, head, target, files) {
  const { host = "127.0.0.1", port } = target;
  const peer = net.connect({
    host,
    port,
    allowHalfOpen: true,
    noDelay: true,
    highWaterMark: PIPE_BYTES,
  });

  const forward = (data) => {
    // A browser may use a connection again that the server keeps alive; what is ours is served
    // here all the same. The server sees the end of the connection, as if it had been closed.
    if (isOurs(data)) {
      stop();
      peer.end();
      peer.resume();
      serve(socket, data, files);
    } else if (!peer.write(data)) socket.pause();
  };
  const listeners = [
    [socket, "data", forward],
    [socket, "end", () => peer.end()],
    [socket, "error", () => reset(peer)],
    [peer, "drain", () => socket.resume()],
    [peer, "end", () => endAlike(socket, peer)],
    [peer, "error", () => reset(socket)],
  ];
  const stop = () => {
    for (const [emitter, name, listener] of listeners) emitter.off(name, listener);
    peer.unpipe(socket);
  };

  peer.on("error", () => {}); // one must be left after stop()
  for (const [emitter, name, listener] of listeners) emitter.on(name, listener);
  peer.pipe(socket, { end: false });
  if (!peer.write(head)) socket.pause();
  return peer;
}

/**
 * Listens in front of `target` ({host, port}, or null for none) until the test ends. A connection
 * whose first request is for a path under /.ferry/ is answered with a file of `folder`, or with the
 * page that runs programs; any other is passed on to the target as soon as it sends something.
 * `headers` go with every file; `isolated` adds those that a page with threads needs.
 */
export async function front(t, target, options = {}) {
  const { folder = programs, headers = {}, isolated = false } = options;
  const { host = "127.0.0.1", port = 0 } = options;
  const files = {
    folder: path.resolve(folder),
    headers: { ...(isolated ? ISOLATION : {}), ...headers },
  };
  const sockets = new Set();
  const keep = (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  };

  const listener = net.createServer({
    allowHalfOpen: true,
    noDelay: true,
    highWaterMark: PIPE_BYTES,
  });
  listener.on("connection", (socket) => {
    keep(socket);
    let head = Buffer.alloc(0);
    const dispatch = (ours) => {
      socket.off("data", receive).off("end", end);
      if (ours) serve(socket, head, files);
      else if (target) keep(pass(socket, head, target, files));
      else {
        socket.end(makeResponse("404 Not Found", files.headers, Buffer.from("no server\n")));
        socket.resume();
      }
    };
    const receive = (data) => {
      head = Buffer.concat([head, data]);
      const ours = isOurs(head);
      if (ours !== undefined) dispatch(ours);
    };
    const end = () => socket.end(); // before it has said what it wants
    socket.on("error", () => {});
    socket.on("data", receive);
    socket.on("end", end);
  });
  listener.listen(port, host);
  await once(listener, "listening");

  const close = async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => listener.close(resolve));
  };
  t.after(close);
  const bound = listener.address().port;
  const name = host.includes(":") ? `[${host}]` : host;
  return { host, port: bound, origin: `http://${name}:${bound}`, close };
}
