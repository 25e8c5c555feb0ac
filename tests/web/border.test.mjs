// SPDX-License-Identifier: MIT
// border: what crosses between JavaScript and C keeps its contract (web/fetch_js.h) at every length
// and whatever fetch() does, also where AddressSanitizer looks on.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { quick } from "../scenarios/lib/run.mjs";
import { ORIGIN, answer, loadLibrary, openBorder, stream } from "./lib/border.mjs";
import { runCase } from "./lib/border_cases.mjs";
import { programs } from "./lib/front.mjs";

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), "..", "..");
const MOST = quick ? 1100 : 5000; // lengths: several times the size that buffers begin with

// Another system may have made the build, which this one cannot add to.
const build = path.dirname(programs);
const cache = fs.readFileSync(path.join(build, "CMakeCache.txt"), "utf8");
const isOwnBuild = cache.includes(`\nCMAKE_HOME_DIRECTORY:INTERNAL=${path.resolve(root)}\n`);
const isSanitized = fs.existsSync(path.join(programs, "border_asan.js"));

/** Text whose every byte tells where it stands. */
const pattern = (length) =>
  Array.from({ length }, (_, i) => String.fromCharCode(97 + ((i * 7 + (i >> 5)) % 26))).join("");
const TEXT = pattern(MOST);

const succeeded = ({ error, detail, escaped }) => {
  assert.deepEqual({ error, detail, escaped }, { error: "FERRY_OK", detail: "", escaped: [] });
};

function lengths(border, read) {
  const run = (plan) => border().run({ read, ...plan });

  test("heads_of_every_length_arrive_whole", async () => {
    for (let length = 0; length <= MOST; length++) {
      const value = TEXT.slice(0, length);
      const headers = { "x-a": value, "x-b": "end" };
      const result = await run({ fetch: async () => answer({ headers, body: stream(["ok"]) }) });
      succeeded(result);
      assert.deepEqual(result.headers, [`x-a: ${value}`, "x-b: end"], `length ${length}`);
      assert.equal(result.code, "200");
      assert.equal(result.body.toString(), "ok");
    }
  });

  test("names_and_counts_of_headers_of_every_length_arrive_whole", async () => {
    for (let length = 1; length <= MOST; length += 7) {
      const headers = Object.fromEntries(
        Array.from({ length: length % 200 }, (_, i) => [
          `x${TEXT.slice(0, length % 61)}${i}`,
          `${i}`,
        ]),
      );
      headers[`n${TEXT.slice(0, length)}`] = "";
      const result = await run({ fetch: async () => answer({ headers }) });
      succeeded(result);
      const expected = [...new Headers(headers)].map(([name, value]) => `${name}: ${value}`);
      assert.deepEqual(result.headers, expected, `length ${length}`);
    }
  });

  test("a_reason_of_any_length_is_no_error", async () => {
    for (const length of [0, 1, 40, 65535, 65536, 65537, 70000]) {
      const fetch = async () => ({ ...answer(), statusText: "k".repeat(length) });
      const result = await run({ fetch });
      succeeded(result);
    }
  });

  test("urls_of_every_length_go_and_come_whole", async () => {
    for (let length = 0; length <= MOST; length++) {
      const target = `/${TEXT.slice(0, length)}`;
      let asked;
      const fetch = async (url) => {
        asked = url;
        return answer({ url: `${ORIGIN}/to${target}` });
      };
      const result = await run({ target, fetch });
      succeeded(result);
      assert.equal(asked, ORIGIN + target);
      assert.equal(result.url, `${ORIGIN}/to${target}`, `length ${length}`);
    }
  });

  test("request_headers_of_every_length_go_whole", async () => {
    for (let length = 0; length <= MOST; length += 3) {
      const value = TEXT.slice(0, length);
      let init;
      const fetch = async (_, given) => {
        init = given;
        return answer();
      };
      succeeded(await run({ method: "PUT", headers: [`X-A: ${value}`, "X-B:"], fetch }));
      assert.equal(init.method, "PUT");
      assert.deepEqual(init.headers, [
        ["X-A", value],
        ["X-B", ""],
      ]);
    }
  });

  test("details_of_every_length_are_sentences", async () => {
    const start = "the network failed, or a redirect";
    for (let length = 0; length <= MOST; length++) {
      const words = TEXT.slice(0, length);
      const { error, detail } = await run({
        fetch: async () => {
          throw new TypeError(words);
        },
      });
      assert.equal(error, "FERRY_ERROR_NETWORK_OR_CORS");
      assert.ok(detail.startsWith(start), detail);
      const shown = words.slice(0, 399) || "TypeError";
      assert.ok(detail.includes(`(${shown}`), `length ${length}: ${detail}`);
    }
  });

  test("details_are_cut_between_characters", async () => {
    for (const character of ["\u00e9", "\u20ac", "\u{1f600}"]) {
      for (let length = 385; length <= 400; length++) {
        const words = "a".repeat(length) + character.repeat(20);
        const { detail } = await run({ fetch: () => Promise.reject(new Error(words)) });
        assert.doesNotMatch(detail, /\ufffd/);
        assert.match(
          detail,
          new RegExp(`a{${length === 400 ? 399 : length}}(${character})*\\)`, "u"),
        );
      }
    }
  });

  test("bodies_are_read_in_pieces_of_any_size", async () => {
    for (let size = 1; size <= 70; size++) {
      for (const type of [undefined, "bytes"]) {
        const pieces = [TEXT.slice(0, size), TEXT.slice(size, 3 * size), TEXT.slice(3 * size, 500)];
        const fetch = async () => answer({ body: stream(pieces, { type }) });
        const result = await run({ read: 1 + ((size * 5) % 64), fetch });
        succeeded(result);
        assert.equal(result.body.toString(), TEXT.slice(0, 500));
      }
    }
  });
}

describe("What crosses", () => {
  let border;
  before(async () => (border = await openBorder()));
  lengths(() => border, 65536);

  test("cases_of_every_shape_come_to_what_they_should", async () => {
    for (let seed = 1; seed <= (quick ? 300 : 1500); seed++) await runCase(border, seed);
  });
});

const skipSanitized =
  (quick && "it has a build of its own") || (!isOwnBuild && !isSanitized && "it is not built");
describe("What crosses, with AddressSanitizer", { skip: skipSanitized }, () => {
  let border;
  before(async () => {
    if (isOwnBuild) {
      const command = ["--build", build, "--target", "border_asan"];
      const env = { NODE_PATH: "/usr/share/nodejs", ...process.env };
      const { status, stdout } = spawnSync("cmake", command, { encoding: "utf8", env });
      assert.equal(status, 0, stdout);
    }
    border = await openBorder("border_asan");
  });
  lengths(() => border, 512);

  test("cases_of_every_shape_come_to_what_they_should", async () => {
    for (let seed = 1; seed <= 500; seed++) await runCase(border, seed);
  });
});

describe("The JavaScript side", () => {
  test("a_text_is_stored_whole_or_not_at_all", () => {
    const library = loadLibrary(4096);
    const { HEAPU8, ferryFetch } = library;
    for (let length = 1; length <= 1030; length++) {
      const text = `${TEXT.slice(0, length - 1)}\0`;
      for (const capacity of [0, length - 1, length, length + 1]) {
        HEAPU8.fill(0xa5);
        assert.equal(ferryFetch.give(text, 100, capacity), length);
        const stored = capacity >= length ? length : 0;
        assert.equal(
          Buffer.from(HEAPU8.subarray(100, 100 + stored)).toString(),
          text.slice(0, stored),
        );
        assert.ok(HEAPU8.every((byte, i) => byte === 0xa5 || (i >= 100 && i < 100 + stored)));
      }
    }
  });

  test("strings_hold_no_NUL_and_no_end_of_line_and_only_bytes", () => {
    const { HEAPU8, ferryFetch } = loadLibrary(64);
    const text = ferryFetch.text(["a\0b\r\nc", "", 12, "\u20ac\u00ff"]);
    assert.equal(ferryFetch.give(text, 0, 64), text.length);
    const stored = Buffer.from(HEAPU8.subarray(0, text.length)).toString("latin1");
    assert.equal(stored, "a b  c\0\x0012\0?\xff\0");
  });

  test("controllers_and_buffers_are_kept_up_to_a_limit", async () => {
    const location = { protocol: "http:" };
    const forever = { body: new ReadableStream() };
    let made = 0;
    class Counted extends AbortController {
      constructor() {
        super();
        made++;
      }
    }
    const fetch = async () => answer(forever.body ? { body: null } : {});
    const library = loadLibrary(4096, { location, fetch, AbortController: Counted });
    const request = () => {
      const text = Buffer.from(`GET\0${ORIGIN}/\0\0`);
      library.HEAPU8.set(text, 64);
      const id = library.ferry_js_new(0, 64, text.length, 1 << 20, 65536);
      library.ferry_js_send(id);
      return id;
    };
    for (let round = 0; round < 3; round++) {
      const ids = Array.from({ length: 200 }, request);
      await new Promise((resolve) => setImmediate(resolve));
      ids.forEach((id) => library.ferry_js_drop(id));
      assert.equal(library.ferryFetch.controllers.length, library.ferryFetch.MAX_POOLED);
    }
    assert.equal(
      made,
      200 + 2 * (200 - library.ferryFetch.MAX_POOLED),
      "those kept are used again",
    );
    assert.equal(library.ferryFetch.count, 0);
    assert.deepEqual(Object.keys(library.ferryFetch.records), []);
  });
});

// ---- A frame is never late ------------------------------------------------------------------

describe("Work without a bound", () => {
  const MIB = 1024 * 1024;
  let border;
  before(async () => (border = await openBorder()));

  test("no_more_is_read_between_two_polls_than_the_budget", async () => {
    const taken = [];
    const { show } = border;
    border.show = function (what, data) {
      if (what === "body") taken[this.step] = (taken[this.step] ?? 0) + data.length;
      show.call(border, what, data);
    };
    const pieces = Array.from({ length: 20 }, () => Buffer.alloc(MIB, "x"));
    const fetch = async () => answer({ body: stream(pieces) });
    const result = await border.run({ read: 3 * MIB, window: 64 * MIB, fetch });
    border.show = show;
    succeeded(result);
    assert.equal(result.body.length, 20 * MIB);
    assert.ok(Math.max(...taken.filter(Boolean)) <= 4 * MIB);
  });

  test("a_piece_of_an_upload_is_taken_in_parts_that_are_soon_copied", async () => {
    const { Blob } = globalThis;
    let sizes;
    globalThis.Blob = class extends Blob {
      constructor(parts, ...others) {
        super(parts, ...others);
        sizes = parts.map((part) => part.length);
      }
    };
    try {
      let sent;
      const fetch = async (_, { body }) => {
        sent = await body.text();
        return answer();
      };
      const body = TEXT.slice(0, 1000).repeat(5000);
      succeeded(await border.run({ method: "POST", body, pieces: 1, fetch }));
      assert.ok(sent === body, "it arrives whole");
      assert.ok(sizes.length >= 5 && Math.max(...sizes) <= MIB, `${sizes}`);
    } finally {
      globalThis.Blob = Blob;
    }
  });
});

// ---- Whatever fetch() does ------------------------------------------------------------------

const cyclic = {};
cyclic.message = cyclic;
const throwing = new Proxy(
  {},
  new Proxy(
    {},
    {
      get: () => () => {
        throw new Error("a trap");
      },
    },
  ),
);
const { proxy: revoked, revoke } = Proxy.revocable({}, {});
revoke();
const withGetters = (...names) =>
  names.reduce(
    (error, name) =>
      Object.defineProperty(error, name, {
        get() {
          throw new Error(`the getter of ${name}`);
        },
      }),
    new Error("hidden"),
  );

/** What can be thrown, by what it is called. */
const REASONS = {
  ...{ undefined, null: null, zero: 0, "not a number": NaN, "a big integer": 10n, true: true },
  ...{ "no text": "", text: "text", "a symbol": Symbol("symbol"), "a function": () => {} },
  "no prototype": Object.create(null),
  "no message": {},
  cyclic,
  "cyclic cause": Object.assign(new Error("cause"), { cause: cyclic }),
  "a proxy": throwing,
  "a revoked proxy": revoked,
  "getters that throw": withGetters("message", "cause", "name", "code", "toString"),
  "a cause that throws": withGetters("cause"),
  "long message": new Error("long ".repeat(100_000)),
  "text outside ASCII": new Error("\ud800 lone, \u{1f600}\0\r\n\x1b[2J"),
  "an error of errors": new AggregateError([new Error("one")], ""),
};

const giving = (body) => async () => answer({ body });
const after = (pieces, end) => {
  const left = [...pieces];
  return stream((controller) => {
    if (left.length > 0) controller.enqueue(Buffer.from(left.shift()));
    else end(controller);
  });
};
const look = (property, get) => () => {
  const made = answer({ body: stream(["body"]) });
  return Object.defineProperty(made, property, { get });
};
const reading = (read) => giving({ getReader: () => ({ read }) });

/** Where a reason can come from: fetch() in the place of the platform's, by what it does. */
const MOMENTS = {
  "is thrown by fetch()": (reason) => () => {
    throw reason;
  },
  "rejects fetch()": (reason) => () => Promise.reject(reason),
  "rejects fetch() later": (reason) => () =>
    new Promise((_, reject) => setTimeout(reject, 0, reason)),
  "is thrown by a thenable": (reason) => () => ({
    then() {
      throw reason;
    },
  }),
  "is thrown by the getter of then": (reason) => () =>
    Object.defineProperty({}, "then", {
      get() {
        throw reason;
      },
    }),
  "is what fetch() gives": (reason) => () => reason,
  "is what fetch() resolves with": (reason) => async () => reason,
  ...Object.fromEntries(
    ["status", "url", "headers", "body", "type"].flatMap((property) => [
      [
        `is thrown by the getter of ${property}`,
        (reason) =>
          look(property, () => {
            throw reason;
          }),
      ],
    ]),
  ),
  "is the response's headers": (reason) => look("headers", () => reason),
  "is thrown by forEach": (reason) =>
    look("headers", () => ({
      get: () => null,
      forEach() {
        throw reason;
      },
    })),
  "is the status": (reason) => look("status", () => (reason === 0 ? -1 : reason)),
  "is thrown by getReader()": (reason) =>
    giving({
      getReader() {
        throw reason;
      },
    }),
  "is what getReader() gives": (reason) => giving({ getReader: () => reason }),
  "is thrown by read()": (reason) =>
    reading(() => {
      throw reason;
    }),
  "rejects read()": (reason) => reading(() => Promise.reject(reason)),
  "is a piece": (reason) => reading(async () => ({ value: reason, done: false })),
  "errors the stream at once": (reason) => giving(after([], (c) => c.error(reason))),
  "errors the stream in its middle": (reason) => giving(after(["a", "b"], (c) => c.error(reason))),
  "is thrown by pull()": (reason) =>
    giving(
      after(["a"], () => {
        throw reason;
      }),
    ),
};

describe("Whatever fetch() throws, or gives", () => {
  let border;
  before(async () => (border = await openBorder()));

  const isError = (result, what) => {
    assert.deepEqual(result.escaped, [], `${what}: nothing escapes`);
    assert.match(result.error, /^FERRY_ERROR_[A-Z_]+$/, what);
    assert.match(result.detail, /\S+( \S+){3}/, `${what}: in a sentence`);
    // eslint-disable-next-line no-control-regex
    assert.doesNotMatch(result.detail, /[\0-\x1f\x7f]/, what);
  };

  for (const [moment, make] of Object.entries(MOMENTS)) {
    test(`it_is_an_error_in_a_sentence_what_${moment.replace(/\W+/g, "_")}`, async () => {
      for (const [name, reason] of Object.entries(REASONS)) {
        const what = `${moment}: ${name}`;
        isError(await border.run({ fetch: make(reason) }), what);
      }
    });
  }

  const replaced = async (name, value, plan) => {
    const original = globalThis[name];
    globalThis[name] = value;
    try {
      return await border.run(plan);
    } finally {
      globalThis[name] = original;
    }
  };
  const refusing = (reason) =>
    class {
      constructor() {
        throw reason;
      }
    };

  test("a_body_that_cannot_be_put_together_is_an_error", async () => {
    for (const [name, reason] of Object.entries(REASONS)) {
      const upload = { method: "POST", body: "abcdef", pieces: 2, fetch: giving(null) };
      const result = await replaced("Blob", refusing(reason), upload);
      isError(result, name);
      assert.equal(result.error, "FERRY_ERROR_OUT_OF_MEMORY");
      assert.match(result.detail, /^the request's body could not be put together: /);
    }
  });

  test("a_platform_without_fetch_or_with_a_controller_that_throws_is_an_error", async () => {
    const without = await border.run({ fetch: undefined });
    isError(without, "no fetch()");
    assert.equal(without.error, "FERRY_ERROR_UNAVAILABLE");
    const fetch = giving(stream(["a"]));
    isError(await replaced("AbortController", refusing(undefined), { fetch }), "no controller");
  });

  test("a_controller_that_cannot_abort_is_no_matter", async () => {
    class Stubborn extends AbortController {
      abort() {
        throw undefined;
      }
    }
    const plan = { cancel: 6, fetch: giving(new ReadableStream()) };
    const { error, escaped } = await replaced("AbortController", Stubborn, plan);
    assert.deepEqual({ error, escaped }, { error: "cancelled", escaped: [] });
  });

  test("a_code_that_is_none_is_an_error", async () => {
    for (const status of [-1, 2 ** 31, 1.5, NaN, "200", null, Infinity, {}]) {
      isError(await border.run({ fetch: async () => answer({ status, body: null }) }), status);
    }
  });

  test("pieces_that_are_empty_for_ever_are_an_error", async () => {
    const body = stream((controller) => controller.enqueue(new Uint8Array(0)));
    const result = await border.run({ fetch: giving(body) });
    isError(result, "empty pieces");
    assert.match(result.detail, /nothing, on and on/);
  });

  test("some_empty_pieces_are_skipped", async () => {
    const body = stream(["", "a", "", "", "b", ""]);
    const result = await border.run({ fetch: giving(body) });
    succeeded(result);
    assert.equal(result.body.toString(), "ab");
  });

  test("pieces_that_are_taken_back_are_an_error", async () => {
    const value = new Uint8Array(1000);
    let count = 0;
    const read = () => {
      if (count++ === 0) return Promise.resolve({ value, done: false });
      structuredClone(value.buffer, { transfer: [value.buffer] });
      return new Promise(() => {});
    };
    isError(await border.run({ fetch: reading(read) }), "taken back");
  });

  test("a_head_beyond_the_limit_is_refused_and_the_fetch_cancelled", async () => {
    let signal;
    const fetch = async (_, init) => {
      ({ signal } = init);
      return answer({ headers: { "x-a": pattern(993) }, body: new ReadableStream() });
    };
    succeeded(
      await border.run({
        maxHead: 1000,
        fetch: async () => answer({ headers: { "x-a": pattern(993) } }),
      }),
    );
    const result = await border.run({ maxHead: 999, fetch });
    assert.equal(result.error, "FERRY_ERROR_TOO_LARGE");
    assert.match(result.detail, /999 bytes \(max_head_bytes\)/);
    assert.ok(signal.aborted);
  });
});

// ---- The end of a body ----------------------------------------------------------------------

describe("The end of a body", () => {
  let border;
  before(async () => (border = await openBorder()));
  const lengthOf = (length) => ({ "content-length": `${length}` });

  test("it_is_where_the_reader_ends_whatever_length_was_announced", async () => {
    for (const announced of [0, 1, 4, 5, 6, 1000, 16_384, 16_385, 1e9]) {
      for (const method of ["GET", "POST", "head", "HEAD"]) {
        for (const status of [101, 200, 205, 299, 404, 500]) {
          const headers = lengthOf(announced);
          const fetch = async () => answer({ status, headers, body: stream(["hel", "lo"]) });
          const result = await border.run({ method, fetch });
          succeeded(result);
          assert.equal(result.body.toString(), "hello", `${method} ${status} ${announced}`);
        }
      }
    }
  });

  test("it_does_not_come_before_the_reader_has_said_so", async () => {
    for (const announced of [0, 3]) {
      let isRead;
      const read = new Promise((resolve) => (isRead = resolve));
      const { show } = border;
      border.show = function (what, data) {
        if (what === "body") isRead(); // what follows comes only when the program has the first
        show.call(border, what, data);
      };
      let step = 0;
      const body = stream(async (controller) => {
        if (step++ === 0) controller.enqueue(Buffer.from("hel"));
        else {
          await read;
          controller.enqueue(Buffer.from("lo"));
          controller.close();
        }
      });
      const headers = lengthOf(announced);
      const result = await border.run({ fetch: async () => answer({ headers, body }) });
      border.show = show;
      succeeded(result);
      assert.equal(result.body.toString(), "hello");
    }
  });

  test("a_response_without_a_body_has_ended_with_its_head", async () => {
    for (const method of ["GET", "head", "POST"]) {
      const fetch = async () => answer({ headers: lengthOf(1000), body: null });
      const result = await border.run({ method, fetch });
      succeeded(result);
      assert.equal(result.body.length, 0);
    }
  });
});
