// SPDX-License-Identifier: MIT
// expect: exchanges over TLS, and what must be said where there is none.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { connected, exchange, expectTranscript, program, run } from "../../scenarios/lib/run.mjs";
import { fileOf } from "./authority.mjs";

const hasTls = spawnSync(program, ["has_tls", "-", "1"], { encoding: "latin1" });
export const skip = hasTls.stdout === "TLS: yes\n" ? false : "this build has no TLS";

const texts = new Map();

/** The name of a file that holds this. */
export function file(content) {
  const text = content.toString("latin1");
  if (!texts.has(text)) texts.set(text, fileOf(content));
  return texts.get(text);
}

/** The option that trusts these authorities. */
export const trust = (...roots) => `ca=${file(roots.map(({ pem }) => pem).join(""))}`;

export const get = (server, ...options) => [
  "exchange",
  server,
  "tls=1",
  ...options,
  "GET",
  "/",
  "-",
];

/** The lines of a GET of "/", or another target, that is answered with this body. */
export const got = (body = "hello", options = {}) =>
  exchange(options.target ?? "/", body, { scheme: "https", ...options });

/** The lines of the greeting of a server that is asked under another name. */
export const host = ({ host: name }) => ({
  host: `${name.includes(":") && !name.startsWith("[") ? `[${name}]` : name}:PORT`,
});

/** A certificate that is accepted: the answer is read. */
export async function expectAccepted(server, ...options) {
  const names = server.host ? host(server) : {};
  expectTranscript(await run(...get(server, ...options)), connected, got("hello", names));
}

/** Takes a transcript that ends in a failed handshake apart: its error, its detail. */
export function failureOf(transcript) {
  const set = "set_blocking_mode: OK";
  const isBlocking = transcript.startsWith(`${set}\n`);
  const walk = isBlocking ? [set, "connect_to_host"] : [...connected.slice(0, 3), "poll"];
  const failure = `^${walk.join("\n")}: (\\w+): (.*)\nstatus (\\w+)\n$`;
  const found = new RegExp(failure).exec(transcript);
  assert.ok(found, `no failed handshake, but:\n${transcript}`);
  return { error: found[1], detail: found[2], status: found[3] };
}

/**
 * A handshake that fails with this error, or one of several; the detail has all of the patterns in
 * it.
 */
export async function expectRefused(server, options, error, ...patterns) {
  const failure = failureOf(await run(...get(server, ...options)));
  const isOfTls = /^TLS_/.test(failure.error);
  assert.ok([error].flat().includes(failure.error), `${failure.error}: ${failure.detail}`);
  assert.equal(failure.status, isOfTls ? "TLS_HANDSHAKE_ERROR" : "CANT_CONNECT", failure.detail);
  for (const pattern of patterns) assert.match(failure.detail, pattern);
  return failure.detail;
}

/** What the log says of each completed handshake; "log=2" is needed. */
export const handshakes = (transcript) =>
  Array.from(transcript.matchAll(/^log info: (TLS 1\.\d, .*)$/gm), ([, line]) => line);

/** What a server needs so as to use keys and hashes that are too weak. */
export const weakened = ({ weak }) => (weak ? { ciphers: "DEFAULT@SECLEVEL=0" } : {});
