// SPDX-License-Identifier: MIT
// server: what the demo talks to: a small HTTP server on a port of its own, in the demo's process.
import { createHash } from "node:crypto";
import { once } from "node:events";
import http from "node:http";
import https from "node:https";
import { setTimeout as pause } from "node:timers/promises";
import zlib from "node:zlib";

const FILE_SIZE = 8_000_000;
const PIECE_SIZE = 200_000;
const PIECE_PAUSE_MS = 50;

/** Bytes that look random and are the same at each run. */
function makeFile() {
  const bytes = Buffer.allocUnsafe(FILE_SIZE);
  let state = 0x2545f491;
  for (let i = 0; i < FILE_SIZE; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes[i] = state;
  }
  return bytes;
}

export const file = makeFile();
export const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");

export const poem = "A ferry crosses, and crosses back; it carries what it is given.\n".repeat(400);

export const slowLines = ["casting off", "leaving the harbour", "midstream", "in sight of land"];

async function readBody(request) {
  const pieces = [];
  for await (const piece of request) pieces.push(piece);
  return Buffer.concat(pieces);
}

export const routes = {
  /** Sent a piece at a time, so that there is progress to be seen. */
  async "GET /file"(request, response) {
    response.writeHead(200, { "Content-Length": FILE_SIZE });
    for (let at = 0; at < FILE_SIZE && !response.destroyed; at += PIECE_SIZE) {
      response.write(file.subarray(at, at + PIECE_SIZE));
      await pause(PIECE_PAUSE_MS);
    }
    response.end();
  },

  async "PUT /file"(request, response) {
    const body = await readBody(request);
    response.writeHead(201, { "Content-Type": "text/plain" });
    response.end(`stored ${body.length} bytes, sha256 ${sha256(body)}\n`);
  },

  async "POST /form"(request, response) {
    const fields = new URLSearchParams((await readBody(request)).toString());
    response.writeHead(200, { "Content-Type": "text/plain" });
    response.write(`as ${request.headers["content-type"]}:\n`);
    response.end([...fields].map(([name, value]) => `${name} = ${value}\n`).join(""));
  },

  /** No length, a line now and then. */
  async "GET /slow"(request, response) {
    response.writeHead(200, { "Content-Type": "text/plain" });
    for (const line of slowLines) {
      response.write(`${line}\n`);
      await pause(400);
    }
    response.end("ashore\n");
  },

  "GET /hello"(request, response) {
    response.writeHead(200, {
      "Content-Type": "text/plain; charset=utf-8",
      "Cache-Control": "max-age=60",
      "Content-Length": 27,
      "Set-Cookie": ["seat=12a", "deck=upper"],
    });
    response.end("Hello from the other side.\n");
  },

  "GET /poem"(request, response) {
    const packed = zlib.gzipSync(poem);
    response.writeHead(200, { "Content-Encoding": "gzip", "Content-Length": packed.length });
    response.end(packed);
  },

  "GET /never"() {
    // No answer, for as long as the client waits.
  },
};

/** Starts it; gives {port, close}. With a certificate and its key it speaks TLS. */
export async function startServer(certificate) {
  const answer = (request, response) => {
    const handler = routes[`${request.method} ${request.url}`];
    if (handler) {
      Promise.resolve(handler(request, response)).catch(() => response.destroy());
    } else {
      response.writeHead(404, { "Content-Type": "text/plain" }).end("There is no such page.\n");
    }
  };
  const server = certificate ? https.createServer(certificate, answer) : http.createServer(answer);
  server.on("tlsClientError", () => {}); // a client that refuses the certificate
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const close = () => {
    server.closeAllConnections?.();
    server.close();
  };
  return { port: server.address().port, close };
}

/** A port at which nobody listens: one that was free a moment ago. */
export async function closedPort() {
  const server = http.createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}
