// SPDX-License-Identifier: MIT
// border_cases: requests and responses of every shape, each made of a number, and what the client
// must make of them.
import assert from "node:assert/strict";
import { ORIGIN, answer } from "./border.mjs";

const METHODS = ["GET", "HEAD", "head", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"];
const TARGET = "abcXYZ019/?&=%~.-_";
const TOKEN = "abcdefghijklmnopqrstuvwxyz0123456789-_.!~";
const WITH_BODY = /^(POST|PUT|PATCH|DELETE|OPTIONS|PROPFIND)$/;
const DEFAULT_HEAD = 65_536;
const DEFAULT_HEADERS = 256;

/** Numbers that look random, the same for the same seed (mulberry32). */
function generator(seed) {
  let state = seed;
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  const below = (limit) => Math.floor(next() * limit);
  const chance = (share) => next() < share;
  const pick = (list) => list[below(list.length)];
  /** Mostly short, sometimes as long as that, and often where buffers end. */
  const length = (most) => {
    if (chance(0.2)) return Math.min(most, Math.max(0, 2 ** below(17) + below(5) - 2));
    return below(chance(0.8) ? Math.min(most, 64) : most + 1);
  };
  const text = (characters, size) => Array.from({ length: size }, () => pick(characters)).join("");
  const bytes = (size) => {
    const made = Buffer.alloc(size);
    const step = 1 + below(250);
    for (let i = 0, value = below(256); i < size; i++, value += step) made[i] = value;
    return made;
  };
  return { below, chance, pick, length, text, bytes };
}

/** What may be thrown, or stand where something else should. */
const oddity = ({ pick, length, text }) => {
  const error = new TypeError(text(`${TOKEN} \u00e9\u20ac\0\r\n`, length(3000)));
  const frozen = Object.freeze(Object.create(null));
  const throwing = Object.defineProperty({}, "message", {
    get() {
      throw frozen;
    },
  });
  const trap = new Proxy(
    {},
    {
      get() {
        throw trap;
      },
    },
  );
  return pick([
    ...[undefined, null, 0, -1, NaN, "", "text", Symbol("s"), 10n, {}, [], () => {}],
    ...[error, error, Object.assign(new Error("outer"), { cause: error }), frozen, throwing, trap],
  ]);
};

/** Waits in one of the ways in which something can come later, or not at all. */
const pause = ({ pick }) =>
  pick([
    () => undefined,
    () => Promise.resolve(),
    () => new Promise((resolve) => setImmediate(resolve)),
    () => new Promise((resolve) => setTimeout(resolve, 0)),
  ]);

/** What looks like a stream: its pieces lie anywhere in their buffers, whatever reader is asked for. */
function makeLookalike(random, { pieces, failure, endless }) {
  const left = [...pieces];
  const wait = pause(random);
  const offset = random.below(3) * 5;
  const read = async () => {
    await wait();
    if (left.length > 0) {
      const bytes = Buffer.concat([Buffer.alloc(offset), left.shift()]);
      return { done: false, value: Uint8Array.from(bytes).subarray(offset) };
    }
    if (failure) throw failure.reason;
    return endless ? new Promise(() => {}) : { done: true };
  };
  return { getReader: () => ({ read }) };
}

function makeBody(random, { pieces, failure, endless }) {
  const { chance } = random;
  if (chance(0.15)) return makeLookalike(random, { pieces, failure, endless });
  const wait = pause(random);
  const type = chance(0.4) ? "bytes" : undefined;
  const left = pieces.filter(({ length }) => length > 0 || !type); // it takes no empty ones
  const isEager = chance(0.3); // all of it is there at once
  const give = (controller) => {
    if (left.length > 0) controller.enqueue(Uint8Array.from(left.shift()));
    else if (failure) controller.error(failure.reason);
    else if (endless) return new Promise(() => {});
    else {
      controller.close();
      controller.byobRequest?.respond(0);
    }
    return undefined;
  };
  return new ReadableStream({
    type,
    start(controller) {
      while (isEager && left.length > 0) give(controller);
    },
    async pull(controller) {
      await wait();
      return give(controller);
    },
  });
}

function makeHeaders(random) {
  const { below, chance, length, text } = random;
  const headers = new Headers();
  const count = chance(0.05) ? 200 + below(100) : below(12);
  const octets = Array.from({ length: 256 }, (_, i) => i)
    .filter((code) => (code >= 32 && code !== 127) || code === 9)
    .map((code) => String.fromCharCode(code));
  for (let i = 0; i < count; i++) {
    const name = text(TOKEN, 1 + length(chance(0.02) ? 6000 : 40));
    if (!/^set-cookie2?$/.test(name)) headers.append(name, text(octets, length(6000)));
  }
  if (chance(0.5)) headers.set("content-length", `${length(100_000)}`);
  if (chance(0.1)) headers.set("content-encoding", "gzip");
  return headers;
}

/** What fetch() does, and what is to come of it: {fetch, expected}. */
function makeResponse(random, plan) {
  const { below, chance, pick, length, text, bytes } = random;
  const wait = pause(random);
  const reason = oddity(random);
  const kind = chance(0.75) ? "answer" : pick(["reject", "throw", "nonsense", "property"]);
  if (kind === "throw") {
    return {
      expected: { failed: true },
      fetch() {
        throw reason;
      },
    };
  }
  if (kind === "reject" || kind === "nonsense") {
    const fetch = async () => {
      await wait();
      if (kind === "reject") throw reason;
      return reason;
    };
    return { fetch, expected: { failed: true } };
  }
  const headers = makeHeaders(random);
  const pieces = Array.from({ length: below(8) }, () =>
    bytes(length(plan.read < 100 ? 2000 : chance(0.05) ? 1_500_000 : 70_000)),
  );
  const failure = chance(0.15) ? { reason } : null;
  const endless = !failure && plan.cancel > 0;
  const hasBody = chance(0.9);
  const made = answer({
    status: chance(0.7) ? 200 : below(1000),
    url: chance(0.1) ? "" : `${ORIGIN}/${text(TARGET, length(6000))}`,
    headers,
    body: hasBody ? makeBody(random, { pieces, failure, endless }) : null,
    type: pick(["basic", "cors", "default"]),
  });
  const fetch = async () => {
    await wait();
    return made;
  };
  if (kind === "property") {
    made[pick(["status", "url", "headers", "body", "type"])] = reason;
    return { fetch, expected: { any: true } };
  }
  const fields = [...headers];
  const size = fields.reduce((sum, [name, value]) => sum + name.length + value.length + 4, 0);
  const isTooLarge =
    size > (plan.maxHead || DEFAULT_HEAD) || fields.length > (plan.maxHeaders || DEFAULT_HEADERS);
  const trimmed = fields.map(
    ([name, value]) => `${name}: ${value.replace(/^[ \t]+|[ \t]+$/g, "")}`,
  );
  const expected = {
    failed: isTooLarge || (hasBody && failure !== null),
    isTooLarge,
    head: { code: `${made.status}`, url: made.url, headers: trimmed },
    body: hasBody ? Buffer.concat(pieces) : Buffer.alloc(0),
  };
  return { fetch, expected };
}

/** The case of this number: {plan, expected, isBrowser}, where `plan` is for Border.run(). */
export function makeCase(seed) {
  const random = generator(seed);
  const { below, chance, pick, length, text, bytes } = random;
  const method = pick(METHODS);
  const plan = {
    method,
    target: `/${text(TARGET, length(5000))}`,
    headers: Array.from({ length: below(6) }, (_, i) => `x-${i}: ${text(TOKEN, length(3000))}`),
    body: WITH_BODY.test(method) && chance(0.5) ? bytes(length(100_000)) : Buffer.alloc(0),
    pieces: WITH_BODY.test(method) && chance(0.3) ? 1 + below(20) : 0,
    read: chance(0.1) ? 1 + below(99) : 100 + below(100_000),
    maxHead: chance(0.2) ? 64 + length(20_000) : 0,
    maxHeaders: chance(0.1) ? 1 + below(20) : 0,
    window: chance(0.5) ? 1 + length(1_000_000) : 0,
    cancel: chance(0.15) ? 1 + below(12) : 0,
  };
  const { fetch, expected } = makeResponse(random, plan);
  const asked = {};
  plan.fetch = (url, init) => {
    Object.assign(asked, { url, init });
    return fetch(url, init);
  };
  return { plan, expected, asked, isBrowser: chance(0.5) };
}

async function checkRequest({ plan, asked }) {
  const { url, init } = asked;
  assert.equal(url, ORIGIN + plan.target);
  assert.equal(init.method, plan.method);
  assert.deepEqual(
    init.headers,
    plan.headers.map((line) => line.split(": ")),
  );
  const sent = init.body ? Buffer.from(await new Blob([init.body]).arrayBuffer()) : Buffer.alloc(0);
  assert.ok(sent.equals(plan.body), "the body of the request");
}

/** Fails where this came of a case that should have come to something else. */
export async function judge(made, result) {
  const { plan, expected, asked } = made;
  assert.deepEqual(result.escaped, [], "nothing escapes");
  if (asked.init) await checkRequest(made);
  if (result.error === "cancelled") {
    assert.notEqual(plan.cancel, 0);
    return;
  }
  const isOk = result.error === "FERRY_OK";
  if (!isOk) assert.match(result.detail, /\S+( \S+){3}/, "in a sentence");
  if (expected.any) return;
  assert.equal(isOk, !expected.failed, `${result.error}: ${result.detail}`);
  assert.equal(result.error === "FERRY_ERROR_TOO_LARGE", Boolean(expected.isTooLarge));
  if (!expected.head || expected.isTooLarge) return;
  const { code, url, headers } = result;
  assert.deepEqual({ code, url, headers }, expected.head);
  const whole = isOk ? expected.body : expected.body.subarray(0, result.body.length);
  assert.ok(result.body.equals(whole), "the body of the response");
}

/** Makes it appear, to what is run, as if this were a page or Node. */
function appearAs(isBrowser) {
  const page = { location: { protocol: "http:" }, self: { origin: ORIGIN } };
  for (const [name, value] of Object.entries({ ...page, navigator: { onLine: true } })) {
    delete globalThis[name];
    if (isBrowser) {
      Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
    }
  }
}

/** Runs the case of this number; throws where something is wrong. */
export async function runCase(border, seed) {
  const made = makeCase(seed);
  appearAs(made.isBrowser);
  try {
    await judge(made, await border.run(made.plan));
    assert.deepEqual(border.complaints, []);
  } catch (error) {
    error.message = `case ${seed}: ${error.message}`;
    throw error;
  } finally {
    appearAs(false);
  }
}
