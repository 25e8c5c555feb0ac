// SPDX-License-Identifier: MIT
// server: the demo page, its program and what its worked examples talk to, on two origins.
import { once } from "node:events";
import fs from "node:fs/promises";
import http from "node:http";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { file, routes as nativeRoutes } from "../../examples/demo/server.mjs";

const here = path.dirname(fileURLToPath(import.meta.url));
const root = path.join(here, "../..");
const defaultBuild = process.env.FERRY_WEB_BUILD ?? path.join(root, "build/web");

const LARGE_SIZE = 8 * file.length;
const LARGE_PIECE = 160_000;
const LARGE_PIECE_PAUSE_MS = 10;
const EVENT_COUNT = 8;
const EVENT_PAUSE_MS = 400;
const REDIRECT_PAUSE_MS = 150;
const TRUNCATED_ANNOUNCED = 100_000;
const TRUNCATED_SENT = 60_000;
const ECHO_LIMIT = 1_000_000;

const TEXT = "text/plain; charset=utf-8";
const PAGE_FILES = new Map([
  ["/", "index.html"],
  ...[
    "style.css",
    ...["chart", "demo", "examples", "format", "program", "view"].map((name) => `${name}.mjs`),
  ].map((name) => [`/${name}`, name]),
]);
const PROGRAM_FILES = new Map([
  ["/program/demo.js", "bin/demo.js"],
  ["/program/demo.wasm", "bin/demo.wasm"],
]);
const CONTENT_TYPES = {
  ".html": "text/html; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".mjs": "text/javascript; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".wasm": "application/wasm",
};
// The page may ask any server for anything; code comes from here only.
const POLICY =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src data:; " +
  "connect-src http: https:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const sendText = (response, code, text, headers = {}) =>
  response.writeHead(code, { "Content-Type": TEXT, ...headers }).end(text);

/** Waits where the peer reads more slowly than this writes; false: the peer is gone. */
async function write(response, bytes) {
  if (response.destroyed) return false;
  if (!response.write(bytes)) {
    await Promise.race([once(response, "drain"), once(response, "close")]);
  }
  return !response.destroyed;
}

async function readBody(request) {
  const pieces = [];
  let length = 0;
  for await (const piece of request) {
    length += piece.length;
    if (length > ECHO_LIMIT) return null;
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

/** The page's own origin, as the page's browser spells it: the host that it asked for, our port. */
function pageOrigin(request, ports) {
  const { hostname } = new URL(`http://${request.headers.host}`);
  return `http://${hostname}:${ports.page}`;
}

const corsHeaders = (request, ports) => ({
  "Access-Control-Allow-Origin": pageOrigin(request, ports),
  "Access-Control-Allow-Credentials": "true",
  "Access-Control-Expose-Headers": "X-Pier",
  Vary: "Origin",
});

const examples = {
  "GET /slow": nativeRoutes["GET /slow"],
  "GET /never": nativeRoutes["GET /never"],

  async "GET /large"(request, response) {
    response.writeHead(200, {
      "Content-Type": "application/octet-stream",
      "Content-Length": LARGE_SIZE,
    });
    for (let sent = 0; sent < LARGE_SIZE; ) {
      const at = sent % file.length;
      const piece = file.subarray(at, at + LARGE_PIECE);
      if (!(await write(response, piece))) return;
      sent += piece.length;
      await pause(LARGE_PIECE_PAUSE_MS);
    }
    response.end();
  },

  async "GET /events"(request, response) {
    response.writeHead(200, { "Content-Type": "text/event-stream" });
    for (let number = 1; number <= EVENT_COUNT; number++) {
      const data = JSON.stringify({ buoy: number, of: EVENT_COUNT });
      if (!(await write(response, `id: ${number}\nevent: buoy\ndata: ${data}\n\n`))) return;
      await pause(EVENT_PAUSE_MS);
    }
    response.end();
  },

  "GET /poem"(request, response) {
    response.setHeader("Content-Type", TEXT);
    return nativeRoutes["GET /poem"](request, response);
  },

  async "POST /echo"(request, response) {
    const body = await readBody(request);
    if (body === null) return sendText(response, 413, "That is too much to say back.\n");
    const lines = [`${request.method} ${request.url} HTTP/${request.httpVersion}`];
    for (let i = 0; i < request.rawHeaders.length; i += 2) {
      lines.push(`${request.rawHeaders[i]}: ${request.rawHeaders[i + 1]}`);
    }
    response.writeHead(200, { "Content-Type": TEXT });
    response.end(Buffer.concat([Buffer.from(`${lines.join("\n")}\n\n`), body]));
  },

  "GET /cors/allowed"(request, response, ports) {
    const text = "This comes from another origin, which lets this page read it.\n";
    sendText(response, 200, text, { "X-Pier": "two", ...corsHeaders(request, ports) });
  },

  /** The browser asks first where a request is not a simple one (Fetch standard section 3.2.2). */
  "OPTIONS /cors/allowed"(request, response, ports) {
    response.writeHead(204, {
      "Access-Control-Allow-Methods": "GET",
      "Access-Control-Allow-Headers": request.headers["access-control-request-headers"] ?? "",
      ...corsHeaders(request, ports),
    });
    response.end();
  },

  "GET /cors/refused"(request, response) {
    sendText(response, 200, "The server sends this, and the browser keeps it from the page.\n");
  },

  async "GET /truncated"(request, response) {
    response.writeHead(200, {
      "Content-Type": "application/octet-stream",
      "Content-Length": TRUNCATED_ANNOUNCED,
    });
    await write(response, file.subarray(0, TRUNCATED_SENT));
    // Late enough that the browser has handed over what came.
    await pause(400);
    response.destroy();
  },
};

async function redirect(request, response, left) {
  await pause(REDIRECT_PAUSE_MS);
  if (left === 0) sendText(response, 200, "Here the chain of redirects ends.\n");
  else response.writeHead(302, { Location: `/redirect/${left - 1}` }).end();
}

async function sendFile(response, name, ports) {
  let content;
  try {
    content = await fs.readFile(name);
  } catch {
    return sendText(response, 404, "There is no such file. ./dev serve builds the program.\n");
  }
  const headers = { "Content-Type": CONTENT_TYPES[path.extname(name)] };
  if (name.endsWith(".html")) {
    headers["Content-Security-Policy"] = POLICY;
    content = content.toString().replace("@SECOND_PORT@", ports.second);
  }
  return response.writeHead(200, headers).end(content);
}

function handle(request, response, build, ports) {
  response.setHeader("Cache-Control", "no-store");
  const where = request.url.split("?")[0];
  const hops = /^\/redirect\/([0-9])$/.exec(where);
  const handler = examples[`${request.method} ${where}`];
  if (handler) return handler(request, response, ports);
  if (request.method === "GET" && hops) return redirect(request, response, Number(hops[1]));
  if (request.method === "GET" && PAGE_FILES.has(where)) {
    return sendFile(response, path.join(here, PAGE_FILES.get(where)), ports);
  }
  if (request.method === "GET" && PROGRAM_FILES.has(where)) {
    return sendFile(response, path.join(build, PROGRAM_FILES.get(where)), ports);
  }
  return sendText(response, 404, "There is no such page.\n");
}

async function listen(server, port, host) {
  server.listen(port, host);
  await once(server, "listening");
  return server.address().port;
}

/** Starts it; gives {url, close}. Ports that are 0 are chosen; the second origin is another port. */
export async function startDemoServer({
  port = 0,
  secondPort = 0,
  host = "127.0.0.1",
  build = defaultBuild,
} = {}) {
  const ports = {};
  const servers = [0, 1].map(() =>
    http.createServer((request, response) => {
      Promise.resolve(handle(request, response, build, ports)).catch(() => response.destroy());
    }),
  );
  const close = () => {
    for (const server of servers) {
      server.closeAllConnections?.();
      server.close();
    }
  };
  try {
    ports.page = await listen(servers[0], port, host);
    ports.second = await listen(servers[1], secondPort, host);
  } catch (error) {
    close();
    throw error;
  }
  const shown = ["0.0.0.0", "::"].includes(host) ? "localhost" : host;
  return { url: `http://${shown.includes(":") ? `[${shown}]` : shown}:${ports.page}/`, close };
}
