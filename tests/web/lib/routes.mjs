// SPDX-License-Identifier: MIT
// routes: an HTTP server with an answer for each path, which keeps what it was asked.
import { httpServer } from "../../scenarios/lib/servers.mjs";

async function readAll(stream) {
  const parts = [];
  for await (const part of stream) parts.push(part);
  return Buffer.concat(parts).toString("latin1");
}

/**
 * Serves `answers`: {path: {status, headers, body}}, or a function (request, response) in its place.
 * `answers` may be added to. `requests` has {method, url, headers, body} of each request, `of(path)` those of one path.
 */
export async function routes(t, answers) {
  const requests = [];
  const server = await httpServer(t, async (request, response) => {
    const { method, url, headers } = request;
    const record = { method, url, headers, body: "" };
    requests.push(record);
    const answer = answers[url.replace(/\?.*/, "")] ?? { status: 404 };
    if (typeof answer === "function") {
      answer(request, response, record);
      return;
    }
    record.body = await readAll(request).catch(() => "");
    response.writeHead(answer.status ?? 200, answer.headers);
    response.end(answer.body ?? "");
  });
  const of = (path) => requests.filter(({ url }) => url === path);
  return { ...server, answers, origin: `http://${server.host}:${server.port}`, requests, of };
}
