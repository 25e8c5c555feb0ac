// SPDX-License-Identifier: MIT
// oracle: what ferry makes of a response on the web is what bare fetch() makes of it in the same
// engine: code, URL, headers, body, and whether it is an error at all. From the page's own origin
// and from another one.
import assert from "node:assert/strict";
import { test } from "node:test";
import { quick } from "../scenarios/lib/run.mjs";
import { rawServer } from "../scenarios/lib/servers.mjs";
import { inPlaces } from "./lib/places.mjs";
import { corpusCases, lengthCases, wireCases } from "./lib/wire_cases.mjs";

const BATCH = 150; // requests of one run
const TRIES = 6; // where the two differ, since an engine may differ with itself from run to run
const MOST_APART = 1; // a connection that ends may be used once more before the engine notices

// fetch() sends no CONNECT, and says itself how long a head may be.
const isForFetch = ({ method }) => !/^(CONNECT|TRACE)$/.test(method);
const GROUPS = { "wire cases": wireCases, "lengths and values": lengthCases, corpus: corpusCases };

/** Other origins must allow the page; what a browser asks before some requests is answered too. */
const ALLOWING = ["Access-Control-Allow-Origin: *", "Access-Control-Expose-Headers: *"];
const PREFLIGHT = [
  "HTTP/1.1 204 No Content",
  ...["Access-Control-Allow-Origin: *", "Access-Control-Allow-Methods: *"],
  ...["Access-Control-Allow-Headers: *", "Connection: close", "", ""],
].join("\r\n");

function allow(bytes) {
  const end = bytes.indexOf("\n") + 1;
  if (end === 0) return bytes;
  const lines = ALLOWING.map((line) => `${line}\r\n`).join("");
  return Buffer.concat([bytes.subarray(0, end), Buffer.from(lines), bytes.subarray(end)]);
}

/** Answers /N with the bytes of case N, and ends the connection. */
async function serve(t, cases) {
  return rawServer(t, async (connection) => {
    const [method, target] = (await connection.head()).split(" ");
    const { bytes, end, method: wanted } = cases[Number(target.slice(1).replace(/\?.*/, ""))];
    if (method === "OPTIONS" && wanted !== "OPTIONS") {
      await connection.send(PREFLIGHT);
    } else {
      await connection.send(allow(bytes));
      if (end === "reset") connection.reset();
    }
    connection.end();
  });
}

/** Runs in the page, or here: each request by fetch() alone. */
async function askFetch(origin, requests) {
  const results = [];
  for (const { method, target, headers } of requests) {
    const result = {};
    try {
      const init = { method, headers, cache: "no-store", redirect: "manual", credentials: "omit" };
      const response = await fetch(origin + target, init);
      result.code = response.status;
      result.url = response.url;
      const escape = (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, "0")}`;
      // Node leaves blanks at the end of a value, which ferry does not (RFC 9110 section 5.5).
      const lines = [...response.headers].map(
        ([name, value]) => `${name}: ${value.replace(/^[ \t]+|[ \t]+$/g, "")}`,
      );
      result.headers = lines.map((line) => line.replace(/[^\x20-\x7e]/g, escape));
      const bytes = new Uint8Array(await response.arrayBuffer());
      let sum = 2166136261;
      for (const byte of bytes) sum = Math.imul(sum ^ byte, 16777619) >>> 0;
      result.body = `${bytes.length} bytes, sum ${sum.toString(16).padStart(8, "0")}`;
    } catch (error) {
      result.error = true;
      result.words = String(error);
    }
    results.push(result);
  }
  return results;
}

/** The same by ferry: what `polled` prints. */
async function askFerry(place, home, origin, requests) {
  const options = ["sum=1", "cache=no-store", "redirect=manual", "credentials=omit"];
  const args = requests.flatMap(({ method, target, headers }) => [
    ...[",", ...options, method, target],
    ...headers.map((field) => field.join(": ")),
  ]);
  const lines = (await place.run(home, ["frame=immediate", `origin=${origin}`, ...args.slice(1)]))
    .lines;
  const results = [];
  let result = { headers: [] };
  for (const line of lines) {
    const [, kind, text] = /^(response|header|body|error|refused|over)\b:? ?(.*)$/.exec(line) ?? [];
    if (kind === "response") {
      const [, code, url] = /^(\d+), .*, (\S*)$/.exec(text);
      Object.assign(result, { code: Number(code), url });
    } else if (kind === "header") result.headers.push(text);
    else if (kind === "body") result.body = text;
    else if (kind === "over") {
      results.push(result);
      result = { headers: [] };
    } else if (kind) Object.assign(result, { error: true, words: text });
  }
  return results;
}

/** A head is longer than ferry takes by its options, which fetch() has not. */
function isOwnLimit({ headers = [] }, { words }) {
  const size = headers.reduce((sum, line) => sum + line.length + 2, 0);
  if (/\(max_head_bytes\)$/.test(words)) return size > 65_536;
  return /\(max_header_count\)$/.test(words) && headers.length > 256;
}

/** What the two must have in common. */
function comparable({ code, url, headers, body, error }) {
  if (error) return code === undefined ? "error" : `${code}, then an error`;
  const path = url.replace(/^http:\/\/[^/]*\/\d+/, "");
  return [code, path, ...headers, body].join("\n  ");
}

inPlaces(
  (place) => {
    /** Runs both over these cases: a list of {case, fetch, ferry}. */
    const compare = async (t, cases, isOwn) => {
      const server = await serve(t, cases);
      const home = await place.home(t, server);
      const origin = isOwn ? home.origin : `http://127.0.0.1:${server.port}`;
      const outcomes = [];
      for (let at = 0; at < cases.length; at += BATCH) {
        const requests = cases.slice(at, at + BATCH).map(({ method, headers }, i) => ({
          method,
          target: `/${at + i}`,
          headers: headers
            .map((line) => line.split(": "))
            .filter(([name]) => !/^(connection|upgrade)$/i.test(name)),
        }));
        const bare = await place.evaluate(home, askFetch, origin, requests);
        const ferry = await askFerry(place, home, origin, requests);
        assert.equal(ferry.length, requests.length);
        requests.forEach((_, i) =>
          outcomes.push({ case: cases[at + i], fetch: bare[i], ferry: ferry[i] }),
        );
      }
      return outcomes;
    };

    /** Those whose outcome is none of fetch()'s, in words. */
    const findDifferent = async (t, cases, isOwn) => {
      const records = new Map(cases.map((each) => [each, { fetch: new Set(), apart: [] }]));
      for (let i = 0, left = cases; i < TRIES && left.length > 0; i++) {
        for (const { case: each, fetch, ferry } of await compare(t, left, isOwn)) {
          const record = records.get(each);
          record.fetch.add(comparable(fetch));
          if (isOwnLimit(fetch, ferry)) continue;
          if (!record.fetch.has(comparable(ferry))) record.apart.push(comparable(ferry));
        }
        left = left.filter((each) => records.get(each).apart.length > 0);
      }
      return [...records]
        .filter(([, { apart }]) => apart.length > MOST_APART)
        .map(([{ name }, { fetch, apart }]) => {
          const list = [`--- ${name}: ferry`, ...new Set(apart), "--- fetch()", ...fetch];
          return list.join("\n  ");
        });
    };

    for (const [group, list] of Object.entries(GROUPS)) {
      for (const isOwn of place.isBrowser ? [true, false] : [false]) {
        const from = isOwn ? "the_own_origin" : "another_origin";
        test(`${group.replaceAll(" ", "_")}_from_${from}_end_as_with_fetch`, async (t) => {
          const cases = list().filter(isForFetch);
          if (cases.length === 0) return t.skip("there is no corpus");
          const different = await findDifferent(t, cases, isOwn);
          assert.equal(different.length, 0, different.join("\n"));
          return undefined;
        });
      }
    }
  },
  { names: quick ? ["node"] : undefined, limitMs: 600_000 },
);
