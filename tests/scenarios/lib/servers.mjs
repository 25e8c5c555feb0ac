// SPDX-License-Identifier: MIT
// servers: TCP servers that send exact bytes and act upon what they receive, never upon time.
import assert from "node:assert/strict";
import crypto from "node:crypto";
import { once } from "node:events";
import http from "node:http";
import net from "node:net";

/** The peer has gone while a script waited for something from it. */
class PeerGone extends Error {}

class Connection {
  constructor(socket) {
    this.socket = socket;
    this.memory = Buffer.alloc(4096);
    this.length = 0; // how much of it has been received
    this.at = 0; // how much of it the script has taken
    this.ended = false; // the peer has ended its side, or all of it
    this.waiting = [];
    this.closed = new Promise((resolve) => socket.on("close", resolve));
    socket.on("data", (data) => {
      this.keep(data);
      this.wake();
    });
    for (const event of ["end", "close", "error"]) {
      socket.on(event, () => {
        this.ended = true;
        this.wake();
      });
    }
  }

  keep(data) {
    const needed = this.length + data.length;
    if (needed > this.memory.length) {
      const larger = Buffer.alloc(2 * needed);
      this.memory.copy(larger, 0, 0, this.length);
      this.memory = larger;
    }
    data.copy(this.memory, this.length);
    this.length = needed;
  }

  /** Everything that was received. */
  get received() {
    return this.memory.subarray(0, this.length);
  }

  wake() {
    for (const resolve of this.waiting.splice(0)) resolve();
  }

  /** Waits until `find` gives the end of something in what was received, and takes it. */
  async take(find) {
    for (;;) {
      const end = find(this.received.subarray(this.at));
      if (end !== undefined) {
        const taken = this.received.subarray(this.at, this.at + end);
        this.at += end;
        return taken;
      }
      if (this.ended) throw new PeerGone();
      await new Promise((resolve) => this.waiting.push(resolve));
    }
  }

  /** The next request head, its empty line included. */
  async head() {
    const found = await this.take((rest) => {
      const end = rest.indexOf("\r\n\r\n");
      return end < 0 ? undefined : end + 4;
    });
    return found.toString("latin1");
  }

  async bytes(count) {
    return this.take((rest) => (rest.length < count ? undefined : count));
  }

  /** Up to and including `mark`. */
  async until(mark) {
    const found = await this.take((rest) => {
      const end = rest.indexOf(mark);
      return end < 0 ? undefined : end + mark.length;
    });
    return found.toString("latin1");
  }

  /** Waits for the peer's end; gives what came before it. */
  async rest() {
    while (!this.ended) await new Promise((resolve) => this.waiting.push(resolve));
    return this.received.subarray(this.at);
  }

  /** Sends, and waits until the system has taken it all. */
  async send(...parts) {
    const data = Buffer.concat(
      parts.map((part) => (typeof part === "string" ? Buffer.from(part, "latin1") : part)),
    );
    if (this.socket.destroyed) throw new PeerGone();
    await new Promise((resolve, reject) => {
      this.socket.write(data, (error) => (error ? reject(new PeerGone()) : resolve()));
    });
  }

  end() {
    this.socket.end();
  }

  reset() {
    this.socket.resetAndDestroy();
  }
}

/**
 * A server that runs `script(connection, index)` for each connection. It is closed with the test,
 * which fails if a script has. `create` makes the listener: net.createServer or one that is like it.
 */
export async function rawServer(t, script, options = {}) {
  const { host = "127.0.0.1", port = 0, create = net.createServer } = options;
  const failures = [];
  const sockets = new Set(); // those too that have not got as far as to be connections
  const listener = create({ allowHalfOpen: true, noDelay: true }, (socket) => {
    const connection = new Connection(socket);
    const index = server.connections.push(connection) - 1;
    Promise.resolve(script(connection, index))
      .catch((error) => {
        if (!(error instanceof PeerGone)) failures.push(error);
      })
      .then(() => connection.rest())
      .then(() => socket.end());
  });
  const server = { host, listener, connections: [] };
  listener.on("connection", (socket) => sockets.add(socket));
  listener.listen(port, host);
  await once(listener, "listening");
  server.port = listener.address().port;
  t.after(async () => {
    for (const { socket } of server.connections) socket.destroy();
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => listener.close(resolve));
    if (failures.length > 0) throw failures[0];
  });
  return server;
}

/** All that a connection of a server has received, its port written as PORT. */
export function received(server, index = 0) {
  const text = server.connections[index].received.toString("latin1");
  return text.replaceAll(`:${server.port}`, ":PORT");
}

/** Answers each request on a connection with the next of `answers`, the last one again and again. */
export async function answering(t, answers, options) {
  return rawServer(
    t,
    async (connection) => {
      for (let i = 0; ; i++) {
        await connection.head();
        await connection.send(answers[Math.min(i, answers.length - 1)]);
      }
    },
    options,
  );
}

/** Answers one request with these bytes and ends the connection; with a reset if asked to. */
export async function answeringOnce(t, answer, { reset = false } = {}) {
  return rawServer(t, async (connection) => {
    await connection.head();
    await connection.send(answer);
    if (reset) connection.reset();
    else connection.end();
  });
}

/** Lines, each with its CR LF, and the empty one. */
export function lines(...parts) {
  return [...parts, "", ""].join("\r\n");
}

/** A response with a length. */
export function ok(body, ...headers) {
  const data = Buffer.from(body, typeof body === "string" ? "latin1" : undefined);
  const head = lines("HTTP/1.1 200 OK", `Content-Length: ${data.length}`, ...headers);
  return Buffer.concat([Buffer.from(head, "latin1"), data]);
}

/** Node's HTTP server; it is closed with the test. */
export async function httpServer(t, handler, { host = "127.0.0.1" } = {}) {
  const sockets = new Set();
  const listener = http.createServer(handler);
  const server = { host, listener, connectionCount: 0 };
  listener.on("connection", (socket) => {
    server.connectionCount++;
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  listener.listen(0, host);
  await once(listener, "listening");
  server.port = listener.address().port;
  t.after(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => listener.close(resolve));
  });
  return server;
}

/** A port at which nothing listens: one of those that the system gives to nobody by itself. */
export async function closedPort() {
  for (;;) {
    const port = crypto.randomInt(11_000, 32_000);
    const listener = net.createServer();
    const code = await new Promise((resolve) => {
      listener.on("error", (error) => resolve(error.code));
      listener.listen(port, "127.0.0.1", () => resolve("free"));
    });
    if (code === "EADDRINUSE") continue;
    assert.equal(code, "free");
    await new Promise((resolve) => listener.close(resolve));
    return port;
  }
}

/** A promise and what resolves it. */
export function event() {
  const made = {};
  made.promise = new Promise((resolve) => (made.resolve = resolve));
  return made;
}

/** Keeps each request with its whole body, and answers with `answer`. */
export async function keeping(t, answer = (request, response) => response.end("hello\n")) {
  const requests = [];
  const server = await httpServer(t, async (request, response) => {
    const pieces = [];
    for await (const piece of request) pieces.push(piece);
    requests.push({ ...request, body: Buffer.concat(pieces), headers: request.headers });
    Object.assign(requests.at(-1), { method: request.method, url: request.url });
    answer(request, response);
  });
  return Object.assign(server, { requests });
}
