// SPDX-License-Identifier: MIT
// surroundings: what stands between a page and its server: no network, a service worker, https.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { test } from "node:test";
import tls from "node:tls";
import { event, rawServer, lines as headOf } from "../scenarios/lib/servers.mjs";
import { programs } from "./lib/front.mjs";
import { browsers, inPlaces } from "./lib/places.mjs";
import { routes } from "./lib/routes.mjs";

const PLAIN_NAME = "plain.example"; // no loopback to a browser, though it leads there

// What passes everything on, and what answers /own/ itself: in pieces, the last when it is told.
const PASSING = `self.addEventListener("fetch", (event) => event.respondWith(fetch(event.request)));`;
const ANSWERING = `
  const encoder = new TextEncoder();
  self.addEventListener("fetch", (event) => {
    const { pathname } = new URL(event.request.url);
    if (pathname === "/own/error") event.respondWith(Response.error());
    if (pathname !== "/own/stream") return;
    const headers = { "X-From": "worker", "Content-Type": "text/plain" };
    const body = new ReadableStream({
      start(controller) { controller.enqueue(encoder.encode("from ")); },
      async pull(controller) {
        await fetch("/last");
        controller.enqueue(encoder.encode("the worker"));
        controller.close();
      },
    });
    event.respondWith(new Response(body, { status: 201, headers }));
  });`;
const NONSENSE = `
  const body = (pull) => new Response(new ReadableStream({ pull }));
  const answers = {
    "/own/nothing": () => undefined,
    "/own/object": () => ({}),
    "/own/rejected": () => Promise.reject(),
    "/own/null": () => Promise.reject(null),
    "/own/errored": () => body((controller) => controller.error()),
    "/own/thrown": () => body(() => { throw undefined; }),
    "/own/text": () => body((controller) => controller.enqueue("no bytes")),
    "/own/used": async () => { const made = new Response("a"); await made.text(); return made; },
  };
  self.addEventListener("fetch", (event) => {
    const answer = answers[new URL(event.request.url).pathname];
    if (answer) event.respondWith(answer());
  });`;
const TAKING_OVER = `
  self.addEventListener("install", () => self.skipWaiting());
  self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));`;

/** A folder with the program and this service worker. */
function programsWith(t, script) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "ferry-worker-"));
  t.after(() => fs.rmSync(folder, { recursive: true }));
  for (const name of fs.readdirSync(programs)) {
    fs.symlinkSync(path.join(programs, name), path.join(folder, name));
  }
  fs.writeFileSync(path.join(folder, "service.js"), script + TAKING_OVER);
  return folder;
}

/** Puts the service worker in charge of all pages of this origin. */
async function install(place, home) {
  const page = await place.session.browser.newPage();
  await page.goto(`${home.origin}/.ferry/run.html`);
  await page.evaluate(async () => {
    await navigator.serviceWorker.register("/.ferry/service.js");
    if (!navigator.serviceWorker.controller) {
      await new Promise((resolve) => {
        navigator.serviceWorker.addEventListener("controllerchange", resolve, { once: true });
      });
    }
  });
  await page.close();
}

/** Speaks TLS for a server that does not, with a certificate that nobody knows. */
async function secured(t, target) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "ferry-tls-"));
  t.after(() => fs.rmSync(folder, { recursive: true }));
  const [key, cert] = ["key.pem", "cert.pem"].map((name) => path.join(folder, name));
  const subject = [
    "-subj",
    "/CN=localhost",
    "-addext",
    "subjectAltName=DNS:localhost,IP:127.0.0.1",
  ];
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  const command = [
    "req",
    "-x509",
    ...curve,
    "-days",
    "2",
    "-keyout",
    key,
    "-out",
    cert,
    ...subject,
  ];
  execFileSync("openssl", command, { stdio: "ignore" });
  const sockets = new Set();
  const options = { key: fs.readFileSync(key), cert: fs.readFileSync(cert) };
  const listener = tls.createServer(options, (socket) => {
    const peer = net.connect(target.port, target.host);
    for (const [from, to] of [
      [socket, peer],
      [peer, socket],
    ]) {
      sockets.add(from);
      from.pipe(to);
      from.on("error", () => to.destroy());
      from.on("close", () => to.destroy());
    }
  });
  listener.on("tlsClientError", () => {}); // a browser tries, and asks whether it may
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  t.after(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => listener.close(resolve));
  });
  return { origin: `https://127.0.0.1:${listener.address().port}` };
}

inPlaces(
  (place) => {
    test("a_browser_that_is_offline_is_told_from_one_that_is_not_and_goes_on_afterwards", async (t) => {
      const server = await routes(t, { "/a": { body: "hello" } });
      const home = await place.home(t, server);
      const origin = `origin=${home.origin}`;
      const again = ["pause_ms=10", "GET", "/a"];
      const { page, line, done } = await place.start(t, home, [
        ...[origin, "GET", "/a", ","],
        ...["repeat=until-error", ...again, ","],
        ...["repeat=until-answer", ...again],
      ]);
      await line("body 5 bytes: hello");
      try {
        await page.setOfflineMode(true);
      } catch (error) {
        if (!/unknown command/.test(error.message)) throw error;
        return t.skip("this version of the browser cannot be taken off the network");
      }
      const error = await line("error: ");
      assert.match(error, /^error: FERRY_ERROR_NETWORK_OR_CORS: the browser is offline/);
      await page.setOfflineMode(false);
      assert.equal((await done).lines.at(-1), "body 5 bytes: hello");
    });

    test("a_service_worker_may_pass_requests_on", async (t) => {
      const seen = [];
      const server = await routes(t, {
        "/a": (request, response) => {
          seen.push(request.headers["x-mine"]);
          request.pipe(response.writeHead(200, { "X-From": "server" }));
        },
      });
      const home = await place.home(t, server, { folder: programsWith(t, PASSING) });
      await install(place, home);
      const args = [`origin=${home.origin}`, "body=@200000", "POST", "/a", "X-Mine: 1"];
      const { lines } = await place.run(home, args);
      assert.match(lines[0], /^response 200, /);
      assert.ok(lines.includes("header: x-from: server"));
      assert.equal(lines.at(-1), "body 200000 bytes, all right");
      assert.deepEqual(seen, ["1"]);
    });

    test("a_service_worker_may_answer_in_pieces", async (t) => {
      const asked = event();
      const server = await rawServer(t, async (connection) => {
        const [, target] = (await connection.head()).split(" ");
        assert.equal(target, "/last", "nothing else is asked for");
        await asked.promise;
        await connection.send(headOf("HTTP/1.1 204 No Content"));
      });
      const home = await place.home(t, server, { folder: programsWith(t, ANSWERING) });
      await install(place, home);
      const args = [`origin=${home.origin}`, "GET", "/own/stream", ",", "GET", "/own/error"];
      const { line, done } = await place.start(t, home, args);
      assert.match(await line("response "), /^response 201, /);
      asked.resolve();
      const { lines } = await done;
      assert.ok(lines.includes("header: x-from: worker"));
      assert.ok(lines.includes("body 15 bytes: from the worker"));
      assert.match(lines.at(-1), /^error: FERRY_ERROR_NETWORK_OR_CORS: the network failed/);
    });

    test("a_service_worker_that_answers_nonsense_is_an_error_in_a_sentence", async (t) => {
      const server = await routes(t, { "/a": { body: "hello" } });
      const home = await place.home(t, server, { folder: programsWith(t, NONSENSE) });
      await install(place, home);
      const names = ["nothing", "object", "rejected", "null", "errored", "thrown", "text", "used"];
      const requests = names.flatMap((name) => ["GET", `/own/${name}`, ","]);
      const { lines } = await place.run(home, [`origin=${home.origin}`, ...requests, "GET", "/a"]);
      const errors = lines.filter((line) => /^error: /.test(line));
      assert.equal(errors.length, names.length, lines.join("\n"));
      for (const line of errors) assert.match(line, /^error: FERRY_ERROR_[A-Z_]+: \S+( \S+){4}/);
      assert.equal(lines.at(-1), "body 5 bytes: hello", "the program goes on");
    });

    test("mixed_content_is_told_from_other_failures", async (t) => {
      const own = await routes(t, { "/a": { body: "secure" } });
      const open = { headers: { "Access-Control-Allow-Origin": "*" }, body: "plain" };
      const plain = await routes(t, { "/a": open });
      const home = await secured(t, await place.home(t, own));
      const args = [
        ...[`origin=${home.origin}`, "GET", "/a", ","],
        ...[`origin=http://${PLAIN_NAME}:${plain.port}`, "GET", "/a", ","],
        ...[`origin=http://127.0.0.1:${plain.port}`, "GET", "/a"],
      ];
      const { lines } = await place.run(home, args);
      assert.ok(lines.includes("body 6 bytes: secure"));
      const mixed = lines.find((line) => line.startsWith("error: "));
      assert.match(mixed, /^error: FERRY_ERROR_NETWORK_OR_CORS: mixed content: a page from https:/);
      assert.equal(lines.at(-1), "body 5 bytes: plain", "the loopback may be asked");
      assert.equal(plain.requests.length, 1);
    });
  },
  {
    names: browsers,
    acceptInsecureCerts: true,
    prefs: { "network.dns.localDomains": PLAIN_NAME },
  },
);
