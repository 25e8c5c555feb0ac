// SPDX-License-Identifier: MIT
// exchanges: what tests of responses have in common: a response, and whether the connection can
// carry another one after it.
import assert from "node:assert/strict";
import { connected, exchange, expectRun } from "./run.mjs";
import { answering, ok } from "./servers.mjs";

/** A GET of "/". */
export const get = (server, ...options) => ["exchange", server, ...options, "GET", "/", "-"];

/** The same, and then one of "/next". */
export const getTwice = (server) => [...get(server), ",", "GET", "/next", "-"];

/** Gets "/" and "/next" on one connection: the second answer shows that the first was read right. */
export async function expectReuse(t, answer, expected, first = get) {
  const server = await answering(t, [answer, ok("next")]);
  await expectRun(
    [...first(server), ",", "GET", "/next", "-"],
    connected,
    expected,
    exchange("/next", "next"),
  );
  assert.equal(server.connections.length, 1, "one connection carries both");
}

/** Gets "/", whose connection can carry no other request, and "/next" on a new one. */
export async function expectNoReuse(t, answer, expected) {
  const server = await answering(t, [answer, answer]);
  await expectRun([...getTwice(server)], connected, expected, connected, "…");
  assert.equal(server.connections.length, 2);
}
