// SPDX-License-Identifier: MIT
// servers: Node's TLS server and openssl's, with certificates of the tests' own.
import { spawn } from "node:child_process";
import tls from "node:tls";
import { ok, rawServer } from "../../scenarios/lib/servers.mjs";
import { fileOf, pemOf } from "./authority.mjs";

/** What Node's server wants to know of a certificate. */
export const credentials = ({ chain, key }) => ({ cert: pemOf(...chain), key });

/** Answers each request with "hello". */
export async function greet(connection) {
  for (;;) {
    await connection.head();
    await connection.send(ok("hello"));
  }
}

/**
 * A TLS server that runs `script` for each connection whose handshake has been completed; `refusals`
 * are the errors of the others. `options` are Node's.
 */
export async function tlsServer(t, certificate, script = greet, options = {}) {
  const create = (given, accept) =>
    tls.createServer({ ...given, ...credentials(certificate), ...options }, accept);
  const server = await rawServer(t, script, { create, host: options.host });
  server.refusals = [];
  server.dialled = 0;
  server.listener.on("connection", () => server.dialled++);
  server.listener.on("tlsClientError", (error) => {
    server.refusals.push(error);
    server.refused?.(error);
  });
  return server;
}

/** The error with which the next connection is refused. */
export async function nextRefusal(server) {
  if (server.refusals.length > 0) return server.refusals[0];
  return new Promise((resolve) => (server.refused = resolve));
}

/** openssl s_server: {host, port, said(pattern), write(text)}. */
export async function opensslServer(t, certificate, ...args) {
  const [leaf, ...others] = certificate.chain;
  const command = ["s_server", "-accept", "127.0.0.1:0", "-cert", fileOf(leaf.pem)];
  command.push("-key", fileOf(leaf.key));
  if (others.length > 0) command.push("-cert_chain", fileOf(pemOf(...others)));
  const child = spawn("openssl", [...command, ...args.map(String)]);
  const server = { host: "127.0.0.1", output: "" };
  const waiting = new Set();
  let ended = false;
  const wake = () => {
    for (const look of waiting) look();
  };
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("latin1").on("data", (data) => {
      server.output += data;
      wake();
    });
  }
  child.stdin.on("error", () => {});
  const closed = new Promise((resolve) => {
    child.on("close", () => {
      ended = true;
      wake();
      resolve();
    });
  });
  t.after(async () => {
    child.kill("SIGKILL");
    await closed;
  });
  server.write = (text) => child.stdin.write(text);
  server.said = (pattern) =>
    new Promise((resolve, reject) => {
      const look = () => {
        const found = pattern.exec(server.output);
        if (!found && !ended) return;
        waiting.delete(look);
        if (found) resolve(found);
        else reject(new Error(`openssl s_server has ended: ${server.output}`));
      };
      waiting.add(look);
      look();
    });
  server.port = Number((await server.said(/ACCEPT \S*:(\d+)/))[1]);
  return server;
}
