// SPDX-License-Identifier: MIT
// authority: the certificates of the other tests are what they claim to be: Node's client accepts
// and refuses them for the reasons for which they were made.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import tls from "node:tls";
import { chains, constrained, revocations, trusted } from "./lib/chains.mjs";
import { names } from "./lib/names.mjs";
import { weakened } from "./lib/expect.mjs";
import { tlsServer } from "./lib/servers.mjs";

/** Why Node's client refuses a server: a code, or where it has none words; undefined: it does not. */
async function judge(server, made, wanted) {
  const options = { ca: trusted(made), crl: made.crl, ...weakened(made) };
  const isName = wanted && /[a-z]/i.test(wanted) && !wanted.includes(":");
  const socket = tls.connect({
    host: server.host,
    port: server.port,
    servername: isName ? wanted : "",
    checkServerIdentity: (_, certificate) =>
      tls.checkServerIdentity(wanted ?? server.host, certificate),
    ...options,
  });
  const code = await new Promise((resolve) => {
    socket.on("secureConnect", () => resolve(undefined));
    socket.on("error", (error) =>
      resolve(error.code === "UNSPECIFIED" ? error.message : error.code),
    );
  });
  socket.destroy();
  return code;
}

describe("Node's client", () => {
  for (const { title, make, wanted, node } of [
    ...chains,
    ...revocations,
    ...constrained,
    ...names,
  ]) {
    if (node === null) continue;
    test(title, async (t) => {
      const made = make();
      const server = await tlsServer(t, made.certificate, () => {}, weakened(made));
      assert.equal(await judge(server, made, wanted), node);
    });
  }
});
