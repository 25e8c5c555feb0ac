// SPDX-License-Identifier: MIT
// resolve: ferry_url_resolve() beside what Node makes of the same references, and a corpus of URLs.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import test from "node:test";
import { fileURLToPath } from "node:url";
import { isDeepStrictEqual } from "node:util";
import zlib from "node:zlib";

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), "..", "..");
const program = path.resolve(root, process.env.FERRY_BUILD ?? "build/native", "bin/resolve");
const corpus = path.join(
  process.env.FERRY_CORPUS ?? path.join(root, "..", "shared", "corpus"),
  "urls.jsonl.gz",
);
const LIMIT_MS = 60_000;

/** What ferry makes of each pair: { url } or { reason }. */
function resolveAll(pairs) {
  const input = pairs.map(({ base, reference }) => `${base ?? ""}\0${reference}\0`).join("");
  const options = { input, encoding: "utf8", timeout: LIMIT_MS, maxBuffer: 1 << 28 };
  const { status, stdout, stderr } = spawnSync(program, [], options);
  assert.equal(status, 0, stderr);
  const lines = stdout.split("\n").slice(0, -1);
  assert.equal(lines.length, pairs.length);
  return lines.map((line) =>
    line.startsWith("= ") ? { url: line.slice(2) } : { reason: line.slice(2) },
  );
}

/** The same as a URL of Node's, or null where it is none with http or https. */
function resolveByNode({ base, reference }) {
  try {
    const url = base === null ? new URL(reference) : new URL(reference, base);
    // The standard encodes it since 2023, Node since 22.
    url.pathname = url.pathname.replaceAll("^", "%5E");
    return /^https?:$/.test(url.protocol) ? url : null;
  } catch {
    return null;
  }
}

const trimmed = (text) => text.replace(/^[\0-\x20]+|[\0-\x20]+$/g, "");
const hasBreak = (text) => /[\t\r\n]/.test(trimmed(text ?? ""));

/** Node 20 leaves some dot segments behind others, where the standard leaves none in any URL. */
const hasDotSegment = (url) => /\/(\.|%2e){1,2}(\/|$)/i.test(url.pathname);

/** Where ferry.h says that ferry refuses what the standard takes. */
function isRefusedOnPurpose({ base, reference }, url) {
  const parsedBase = base === null ? null : new URL(base);
  return (
    hasBreak(base) ||
    hasBreak(reference) ||
    [url, parsedBase].some((it) => it !== null && (it.port === "0" || /xn--/.test(it.hostname)))
  );
}

/** Numbers that are the same each time (a linear congruential generator). */
function chances(seed) {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}

// None has an empty query: Node 20 forgets it where a reference takes it over, and test_url_resolve
// has what the standard says.
const BASES = [
  "http://h",
  "http://h/",
  "http://h/a",
  "http://h/a/",
  "http://h/a/b/c?q=1#f",
  "http://h//a//b//",
  "https://u:p@host.example:8443/x/y?z",
  "https://u@h:443/x/../y/./z",
  "http://:p@[2001:db8::1]:81/a;b/c=d",
  "http://u:@0x7f.1/%2e%2E/%61?q#",
  "HTTP:\\\\H\\a\\b",
  "https://user%40:p%3a@h/%zz/é?é#é",
];

const ATOMS = [
  ..."/?#:.@\\[]%;=&~'\"<>^`{}| +-_*!$()",
  ..."abzAZ019éß漢💩",
  ...["..", ".", "//", "/../", "/./", "%2e", "%2E%2e", ".%2e", "../", "./", "\\\\", "/\\", "..\\"],
  ...["http:", "https:", "HTTP:", "hTTps://", "http:/", "http://", "ftp:", "mailto:x", "x-y.z+1:"],
  ...["h", "h2.example", "u:p@", "@", ":80", ":443", ":8080", ":0", ":65536", ":", "[::1]", "1.2"],
  ...["0x7f.1", "127.1", "%41", "%e9", "%", "%zz", "a b", "\t", "\n", " ", "\x01", "\x7f", "&#x"],
  ...["C:", "C|", "~user", "a//b", "a/../b", "?a?b", "#a#b", "??", "##", "?\\", "#\\..", ";p=1"],
];

/** Every atom alone and every pair of them, and longer ones by chance. */
function references(count) {
  const chance = chances(12);
  const found = ["", ...ATOMS, ...ATOMS.flatMap((a) => ATOMS.map((b) => a + b))];
  while (found.length < count) {
    const length = 3 + chance(6);
    found.push(Array.from({ length }, () => ATOMS[chance(ATOMS.length)]).join(""));
  }
  return found;
}

test("references_mean_what_they_mean_to_node", () => {
  const chance = chances(34);
  const all = references(process.env.FERRY_QUICK ? 20_000 : 120_000);
  const pairs = all.map((reference) => ({ base: BASES[chance(BASES.length)], reference }));
  for (const base of [...BASES, null]) {
    for (const atom of ATOMS) {
      pairs.push({ base, reference: atom }, { base, reference: `${atom}x` });
    }
  }
  const wrong = [];
  const seen = { alike: 0, refused: 0, onPurpose: 0, nodeIsWrong: 0 };
  resolveAll(pairs).forEach(({ url, reason }, index) => {
    const expected = resolveByNode(pairs[index]);
    if (expected !== null && isRefusedOnPurpose(pairs[index], expected)) {
      seen.onPurpose++;
      // Only a host that was written in punycode is taken as it is.
      if (url !== undefined && !/xn--/i.test(pairs[index].reference)) {
        wrong.push({ ...pairs[index], url, expected: "refused" });
      }
      return;
    }
    if (expected !== null && hasDotSegment(expected)) {
      seen.nodeIsWrong++;
      if (url === undefined || hasDotSegment(new URL(url))) wrong.push({ ...pairs[index], url });
      return;
    }
    seen[expected === null ? "refused" : "alike"]++;
    if (url !== expected?.href) {
      wrong.push({ ...pairs[index], url, reason, expected: expected?.href ?? "refused" });
    }
  });
  assert.deepEqual(wrong.slice(0, 20), [], `${wrong.length} of ${pairs.length}`);
  assert.ok(seen.nodeIsWrong < 20 && Math.min(seen.alike, seen.refused, seen.onPurpose) > 500);
});

test("bases_that_are_no_urls_are_refused", () => {
  const bases = [
    "x",
    "/",
    "ftp://h/",
    "http:",
    "http://",
    "http://a b/",
    "http://h:x/",
    "http://[/",
  ];
  for (const { reason } of resolveAll(bases.map((base) => ({ base, reference: "http://h/" })))) {
    assert.equal(reason, "the base is not an absolute http:// or https:// URL");
  }
});

/** What is said of a case in the corpus, of a URL that ferry has made. An empty query or fragment is
 * as good as none there. */
function partsOf(url) {
  const pattern =
    /^(https?):\/\/(?:([^:@/]*)(?::([^@/]*))?@)?(\[[^\]]*\]|[^:/]*)(?::(\d+))?([^#]*)(#.*)?$/;
  const [, scheme, username = "", password = "", host, port, target, hash = ""] = pattern.exec(url);
  return {
    scheme,
    host,
    port: Number(port ?? { http: 80, https: 443 }[scheme]),
    target: target.replace(/\?$/, ""),
    username,
    password,
    fragment_not_sent: hash.replace(/^#$/, ""),
  };
}

const skip = fs.existsSync(corpus) ? false : "corpus not present, skipped";

test("corpus_of_urls_is_read_as_the_url_standard_says", { skip }, () => {
  const lines = zlib.gunzipSync(fs.readFileSync(corpus)).toString("utf8").trim().split("\n");
  // ferry's texts end at the first NUL.
  const cases = lines.map((line) => JSON.parse(line)).filter(({ input }) => !/\0/.test(input));
  assert.ok(cases.length > 200, "the corpus has cases");
  const answers = resolveAll(cases.map(({ base, input }) => ({ base, reference: input })));
  const wrong = cases.flatMap(({ id, base, input, expect, expected }, index) => {
    const { url, reason } = answers[index];
    const problem = { id, base, input, url, reason };
    if (url === undefined) {
      const isOnPurpose = hasBreak(input) || expected?.port === 0;
      return expect === "ok" && !isOnPurpose ? [problem] : [];
    }
    if (expect === "error") return [problem];
    if (expected === undefined) return [];
    return isDeepStrictEqual(partsOf(url), expected) ? [] : [{ ...problem, expected }];
  });
  assert.deepEqual(wrong, [], `${wrong.length} of ${cases.length}`);
});
