// SPDX-License-Identifier: MIT
// server: serves the demo's pages, their programs and what they ask for, on two origins.
import { once } from "node:events";
import fs from "node:fs/promises";
import http from "node:http";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { findRoute, sendText, usualPace } from "./routes.mjs";

const here = path.dirname(fileURLToPath(import.meta.url));
const root = path.join(here, "../..");
const defaultBuild = path.resolve(root, process.env.FERRY_WEB_BUILD ?? "build/web");

const PAGES = new Map([
  ["/", "index.html"],
  ["/game", "game.html"],
]);
const PAGE_FILES = new Set(
  `style.css page.css result.css game.css icon.svg chart.mjs demo.mjs examples.mjs explain.mjs form.mjs
   format.mjs game.mjs preview.mjs program.mjs progress.mjs view.mjs walk.mjs`.split(/\s+/),
);
const PROGRAM_FILES = new Set(
  ["demo", "game_loop"].flatMap((name) => [`${name}.js`, `${name}.wasm`]),
);
const CONTENT_TYPES = {
  ".html": "text/html; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".mjs": "text/javascript; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".wasm": "application/wasm",
};

// The page may ask any server for anything; code, styles and pictures come from here only.
const POLICY =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self'; " +
  "connect-src http: https:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const HEADERS = {
  "Cache-Control": "no-store",
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "no-referrer",
};
// A page that is isolated from others has a finer clock to measure its frames with.
const ISOLATION = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
};

/** The file that a path names, and what else its answer says. */
function findFile(where, build) {
  if (PAGES.has(where)) {
    const headers = { "Content-Security-Policy": POLICY, ...(where === "/game" ? ISOLATION : {}) };
    return { name: path.join(here, PAGES.get(where)), headers };
  }
  const name = where.slice(1);
  if (PAGE_FILES.has(name)) return { name: path.join(here, name) };
  const program = where.startsWith("/program/") ? where.slice("/program/".length) : "";
  return PROGRAM_FILES.has(program) ? { name: path.join(build, "bin", program) } : null;
}

async function sendFile(request, response, { name, headers = {} }, ports) {
  let content;
  try {
    content = await fs.readFile(name);
  } catch {
    return sendText(response, 404, "There is no such file. ./dev serve builds the programs.\n");
  }
  if (name.endsWith(".html")) {
    content = Buffer.from(content.toString().replace("@SECOND_PORT@", ports.second));
  }
  response.writeHead(200, {
    "Content-Type": CONTENT_TYPES[path.extname(name)],
    "Content-Length": content.length,
    ...headers,
  });
  return response.end(request.method === "HEAD" ? undefined : content);
}

async function handle(request, response, { build, ports, seen, pace }) {
  await seen(request, response);
  for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
  const where = request.url.split("?")[0];
  const route = findRoute(request.method, where);
  if (route) return route(request, response, { ports, pace });
  const found = /^(GET|HEAD)$/.test(request.method) ? findFile(where, build) : null;
  if (found) return sendFile(request, response, found, ports);
  return sendText(response, 404, "There is no such page.\n");
}

async function listen(server, port, host) {
  server.listen(port, host);
  await once(server, "listening");
  return server.address().port;
}

/**
 * Starts it; gives {url, close}. Ports that are 0 are chosen; the second origin is another port.
 * `build` is where the programs were built. `seen` is told of each request, which is answered when
 * what it gives has come about; the large file waits for `pace` after each piece, by what was sent.
 */
export async function startDemoServer({
  port = 0,
  secondPort = 0,
  host = "127.0.0.1",
  build = defaultBuild,
  seen = () => {},
  pace = usualPace,
} = {}) {
  const ports = {};
  const servers = [0, 1].map(() =>
    http.createServer((request, response) => {
      handle(request, response, { build, ports, seen, pace }).catch(() => response.destroy());
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
