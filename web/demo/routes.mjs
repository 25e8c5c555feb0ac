// SPDX-License-Identifier: MIT
// routes: what the worked examples and the game ask the demo's server for.
import { pipeline } from "node:stream/promises";
import { setTimeout as pause } from "node:timers/promises";
import { file, routes as nativeRoutes } from "../../examples/demo/server.mjs";

const LARGE_SIZE = 8 * file.length;
const LARGE_PIECE = 200_000;
const LARGE_PIECE_PAUSE_MS = 10;
const ASSET_COUNT = 24;
const ASSET_STEP = 25_000;
const EVENT_COUNT = 8;
const EVENT_PAUSE_MS = 300;
const REDIRECT_PAUSE_MS = 100;
const TRUNCATED_SENT = 60_000;
const TRUNCATED_ANNOUNCED = 100_000;
const ECHO_LIMIT = 1_000_000;

const TEXT = "text/plain; charset=utf-8";
const BYTES = "application/octet-stream";

export const sendText = (response, code, text, headers = {}) =>
  response.writeHead(code, { "Content-Type": TEXT, ...headers }).end(text);

/** How long a large body waits before it goes on. */
export const usualPace = () => pause(LARGE_PIECE_PAUSE_MS);

/** A large body, a piece now and then; who sends it waits where the peer reads more slowly. */
async function* largePieces(pace) {
  for (let sent = 0; sent < LARGE_SIZE;) {
    const at = sent % file.length;
    const piece = file.subarray(at, at + LARGE_PIECE);
    yield piece;
    sent += piece.length;
    await pace(sent);
  }
}

async function* events() {
  for (let number = 1; number <= EVENT_COUNT; number++) {
    const data = JSON.stringify({ buoy: number, of: EVENT_COUNT });
    if (number > 1) await pause(EVENT_PAUSE_MS);
    yield `id: ${number}\nevent: buoy\ndata: ${data}\n\n`;
  }
}

/** The whole body; null where it is too long, after all of it has come: the client then listens. */
async function readBody(request) {
  const pieces = [];
  let length = 0;
  for await (const piece of request) {
    length += piece.length;
    if (length <= ECHO_LIMIT) pieces.push(piece);
  }
  return length <= ECHO_LIMIT ? Buffer.concat(pieces) : null;
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

async function echo(request, response) {
  const body = await readBody(request);
  if (body === null) return sendText(response, 413, "That is too much to say back.\n");
  const lines = [`${request.method} ${request.url} HTTP/${request.httpVersion}`];
  for (let i = 0; i < request.rawHeaders.length; i += 2) {
    lines.push(`${request.rawHeaders[i]}: ${request.rawHeaders[i + 1]}`);
  }
  response.writeHead(200, { "Content-Type": TEXT });
  return response.end(Buffer.concat([Buffer.from(`${lines.join("\n")}\n\n`), body]));
}

const fixed = {
  "GET /slow": nativeRoutes["GET /slow"],
  "GET /never": nativeRoutes["GET /never"],

  "GET /large"(request, response, { pace }) {
    response.writeHead(200, { "Content-Type": BYTES, "Content-Length": LARGE_SIZE });
    return pipeline(() => largePieces(pace), response);
  },

  "GET /events"(request, response) {
    response.writeHead(200, { "Content-Type": "text/event-stream" });
    return pipeline(events, response);
  },

  "GET /poem"(request, response) {
    response.setHeader("Content-Type", TEXT);
    return nativeRoutes["GET /poem"](request, response);
  },

  "GET /cors/allowed"(request, response, { ports }) {
    const text = "This comes from another origin, which lets this page read it.\n";
    sendText(response, 200, text, { "X-Pier": "two", ...corsHeaders(request, ports) });
  },

  /** The browser asks first where a request is not a simple one (Fetch standard section 3.2.2). */
  "OPTIONS /cors/allowed"(request, response, { ports }) {
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
    response.writeHead(200, { "Content-Type": BYTES, "Content-Length": TRUNCATED_ANNOUNCED });
    response.write(file.subarray(0, TRUNCATED_SENT));
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

/** A small file of the game's; the number gives its size. */
function asset(request, response, number) {
  if (number < 1 || number > ASSET_COUNT) return sendText(response, 404, "No such asset.\n");
  const content = file.subarray(0, number * ASSET_STEP);
  response.writeHead(200, { "Content-Type": BYTES, "Content-Length": content.length });
  return response.end(content);
}

const numbered = [
  [/^GET \/redirect\/([0-9])$/, redirect],
  [/^GET \/asset\/([0-9]{1,2})$/, asset],
  [/^(?:POST|PUT|PATCH|DELETE) \/echo$/, echo],
];

/**
 * What answers a request: a function of the request, the response, and {ports, pace} of the server;
 * undefined: nothing does.
 */
export function findRoute(method, where) {
  const line = `${method} ${where}`;
  if (Object.hasOwn(fixed, line)) return fixed[line];
  for (const [pattern, answer] of numbered) {
    const match = pattern.exec(line);
    if (match) return (request, response) => answer(request, response, Number(match[1]));
  }
  return undefined;
}
