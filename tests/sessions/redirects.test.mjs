// SPDX-License-Identifier: MIT
// redirects: each code with each method, to the same origin and to another one, with each kind of
// body; what goes along, and what does not.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import zlib from "node:zlib";
import { lines, ok } from "../scenarios/lib/servers.mjs";
import { header, redirect, site, transfer, transfers, urlOf } from "./lib/transfers.mjs";

const hello = ok("hello");
const METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"];
const empty = lines("HTTP/1.1 200 OK", "Content-Length: 5"); // for HEAD

/** The Fetch standard's table. */
const becomesGet = (code, method) =>
  (code === 303 && method !== "GET" && method !== "HEAD") ||
  ((code === 301 || code === 302) && method === "POST");

const BODIES = {
  none: {},
  memory: { body: "a=b" },
  copy: { body: "a=b", copy: true },
  rewound: { read: "a=b", rewind: true },
  once: { read: "a=b" },
};

/** Two servers: each code leads from the first to /end of the first or of the other. */
async function pair(t) {
  const end = ({ method }) => (method === "HEAD" ? empty : hello);
  const other = await site(t, { "/end": end });
  const table = { "/end": end };
  const first = await site(t, table);
  for (const code of [301, 302, 303, 307, 308]) {
    table[`/same/${code}`] = redirect(code, "/end");
    table[`/other/${code}`] = redirect(code, urlOf(other, "/end"));
  }
  return { first, other };
}

describe("Redirects", () => {
  for (const where of ["same", "other"]) {
    for (const code of [301, 302, 303, 307, 308]) {
      test(`${code}_to_the_${where}_origin_with_each_method_and_body`, async (t) => {
        const { first, other } = await pair(t);
        const cases = METHODS.flatMap((method) =>
          Object.keys(BODIES)
            .filter((kind) => kind === "none" || !["GET", "HEAD"].includes(method))
            .map((kind) => ({ method, kind })),
        );
        const steps = cases.map(({ method, kind }) => ({
          ...{ url: urlOf(first, `/${where}/${code}`), method, header: "Content-Type: x/y" },
          ...BODIES[kind],
        }));
        const { transfers: got } = await transfers({}, ...steps);
        const arrived = (where === "same" ? first : other).requests.filter(
          ({ target }) => target === "/end",
        );
        for (const [i, { method, kind }] of cases.entries()) {
          const what = `${method} with ${kind}`;
          const changes = becomesGet(code, method);
          if (kind === "once" && !changes) {
            assert.equal(got[i].error, "REDIRECT", what);
            assert.match(got[i].detail, /body_rewind/, what);
            continue;
          }
          assert.equal(got[i].error, "OK", `${what}: ${got[i].detail}`);
          assert.equal(got[i].redirects, 1);
          const { head, ...one } = arrived.shift();
          assert.equal(one.method, changes ? "GET" : method, what);
          assert.equal(one.body, changes || kind === "none" ? "" : "a=b", what);
          assert.equal(header(head, "Content-Type"), changes ? undefined : "x/y", what);
          if (changes) assert.equal(header(head, "Content-Length"), undefined, what);
          if (kind === "rewound") assert.equal(got[i].rewinds, changes ? 0 : 1, what);
        }
        assert.equal(arrived.length, 0);
      });
    }
  }

  test("post_stays_post_after_the_codes_that_the_request_names", async (t) => {
    const { first } = await pair(t);
    const cases = [301, 302, 303].flatMap((code) =>
      [301, 302, 303].flatMap((named) =>
        ["POST", "PUT"].map((method) => ({ code, named, method })),
      ),
    );
    const steps = cases.map(({ code, named, method }) => ({
      ...{ url: urlOf(first, `/same/${code}`), method, read: "a=b", rewind: true },
      [`post_after_${named}`]: true,
    }));
    const { transfers: got } = await transfers({}, ...steps);
    const arrived = first.requests.filter(({ target }) => target === "/end");
    for (const [i, { code, named, method }] of cases.entries()) {
      const what = `${method}, ${code}, named ${named}`;
      const changes = becomesGet(code, method) && !(code === named && method === "POST");
      assert.equal(got[i].error, "OK", what);
      assert.equal(arrived[i].method, changes ? "GET" : method, what);
      assert.equal(arrived[i].body, changes ? "" : "a=b", what);
    }
    assert.equal(arrived.length, cases.length);
  });

  test("a_method_without_a_constant_is_kept_but_after_303", async (t) => {
    const { first } = await pair(t);
    const codes = [301, 302, 303, 307, 308];
    await transfers(
      {},
      ...codes.map((code) => ({ url: urlOf(first, `/same/${code}`), name: "REPORT" })),
    );
    const arrived = first.requests.filter(({ target }) => target === "/end");
    const methods = arrived.map(({ method }) => method);
    assert.deepEqual(methods, ["REPORT", "REPORT", "GET", "REPORT", "REPORT"]);
  });

  test("the_url_is_where_it_is_at_with_the_fragment_carried", async (t) => {
    const server = await site(t, {
      "/a": redirect(302, "b?c"),
      "/b?c": redirect(302, "/d#own"),
      "/d": hello,
    });
    const got = await transfer({ url: urlOf(server, "/a#mine") });
    assert.equal(got.url, urlOf(server, "/d#own"));
    const one = await transfer({ url: urlOf(server, "/a#mine"), redirects: 1 });
    assert.equal(one.error, "REDIRECT");
    assert.equal(one.url, urlOf(server, "/b?c#mine"));
  });

  test("a_loop_is_named_after_20", async (t) => {
    const server = await site(t, { "/a": redirect(302, "/b"), "/b": redirect(302, "/a") });
    const got = await transfer({ url: urlOf(server, "/a") });
    assert.equal(got.error, "REDIRECT");
    assert.equal(got.redirects, 20);
    assert.equal(server.requests.length, 21);
    assert.match(got.detail, /without end: after 20 redirects .*\/a$/);
  });

  test("none_is_followed_where_none_may_be", async (t) => {
    const server = await site(t, { "/a": redirect(302, "/b") });
    const got = await transfer({ url: urlOf(server, "/a"), redirects: -1 });
    assert.deepEqual([got.error, got.code, got.redirects], ["STATUS", 302, 0]);
    const any = await transfer({ url: urlOf(server, "/a"), redirects: -1, any_status: true });
    assert.deepEqual([any.error, any.code], ["OK", 302]);
  });

  test("one_without_a_location_is_a_final_response", async (t) => {
    const server = await site(t, { "/a": lines("HTTP/1.1 302 x", "Content-Length: 2") + "no" });
    const got = await transfer({ url: urlOf(server, "/a") });
    assert.deepEqual([got.error, got.code, got.body], ["STATUS", 302, "no"]);
  });

  for (const location of ["ftp://h/", "http://", "http://a b/", "javascript:x", "http://h:0/"]) {
    test(`a_location_that_cannot_be_used_is_an_error: ${location}`, async (t) => {
      const server = await site(t, { "/a": redirect(302, location) });
      const got = await transfer({ url: urlOf(server, "/a") });
      assert.equal(got.error, "REDIRECT");
      assert.notEqual(got.detail, "");
      assert.equal(server.requests.length, 1);
    });
  }

  test("https_only_refuses_http", async (t) => {
    const server = await site(t, { "/a": hello });
    const got = await transfer({ url: urlOf(server, "/a") }, { https_only: true });
    assert.equal(got.error, "INVALID_PARAMETER");
    assert.match(got.detail, /https_only/);
    assert.equal(server.connections.length, 0);
  });

  // ---- Bodies of redirects ----

  test("a_short_body_is_drained_and_the_connection_kept", async (t) => {
    const server = await site(t, {
      "/a": lines("HTTP/1.1 302 x", "Location: /b", "Content-Length: 3") + "abc",
      "/b": hello,
    });
    assert.equal((await transfer({ url: urlOf(server, "/a") })).body, "hello");
    assert.equal(server.connections.length, 1);
  });

  test("a_body_that_does_not_come_is_not_waited_for", async (t) => {
    const server = await site(t, {
      "/a": lines("HTTP/1.1 302 x", "Location: /b", "Content-Length: 3") + "a",
      "/b": hello,
    });
    assert.equal((await transfer({ url: urlOf(server, "/a") })).body, "hello");
    assert.equal(server.connections.length, 2);
  });

  test("a_body_without_end_is_dropped", async (t) => {
    const server = await site(t, {
      "/a": async (_, connection) => {
        await connection.send(
          lines("HTTP/1.1 302 x", "Location: /b", "Transfer-Encoding: chunked"),
        );
        const chunk = Buffer.concat([
          Buffer.from("10000\r\n"),
          Buffer.alloc(65536),
          Buffer.from("\r\n"),
        ]);
        for (;;) await connection.send(chunk); // until the connection ends
      },
      "/b": hello,
    });
    assert.equal((await transfer({ url: urlOf(server, "/a") })).body, "hello");
  });

  test("a_bomb_is_not_undone", async (t) => {
    const bomb = zlib.gzipSync(Buffer.alloc(50_000_000));
    const server = await site(t, {
      "/a": Buffer.concat([
        Buffer.from(
          lines(
            "HTTP/1.1 302 x",
            "Location: /b",
            "Content-Encoding: gzip",
            `Content-Length: ${bomb.length}`,
          ),
        ),
        bomb,
      ]),
      "/b": hello,
    });
    assert.equal((await transfer({ url: urlOf(server, "/a") })).body, "hello");
  });

  for (const [name, answer] of Object.entries({
    truncated: (connection) => {
      connection.end();
    },
    reset: (connection) => connection.reset(),
  })) {
    test(`what_is_wrong_with_a_body_does_not_matter: ${name}`, async (t) => {
      const server = await site(t, {
        "/a": async (_, connection) => {
          await connection.send(lines("HTTP/1.1 302 x", "Location: /b", "Content-Length: 9") + "a");
          answer(connection);
        },
        "/b": hello,
      });
      const got = await transfer({ url: urlOf(server, "/a"), retries: -1 });
      if (name === "truncated" || got.error === "OK") assert.equal(got.body, "hello", got.detail);
      else assert.equal(got.error, "CONNECTION_ERROR"); // the head was lost with the rest
    });
  }

  test("a_body_that_cannot_be_decoded_does_not_matter", async (t) => {
    const server = await site(t, {
      "/a":
        lines("HTTP/1.1 302 x", "Location: /b", "Content-Encoding: gzip", "Content-Length: 9") +
        "not gzip!",
      "/b": hello,
    });
    const got = await transfer({ url: urlOf(server, "/a") });
    assert.equal(got.body, "hello", got.detail);
  });

  // ---- What goes along ----

  const secrets = {
    header: ["X-Api-Key: k", "Cookie: c=d", "Accept: x/y", "Accept-Language: de", "Referer: r"],
    bearer: "token",
  };
  const seen = ({ head }) =>
    ["X-Api-Key", "Cookie", "Accept", "Accept-Language", "Referer", "Authorization"]
      .filter((name) => header(head, name) !== undefined)
      .join(" ");
  const everything = "X-Api-Key Cookie Accept Accept-Language Referer Authorization";

  test("the_same_origin_gets_everything", async (t) => {
    const server = await site(t, { "/a": redirect(302, "/b"), "/b": hello });
    await transfer({ url: urlOf(server, "/a"), ...secrets });
    assert.deepEqual(server.requests.map(seen), [everything, everything]);
  });

  for (const [name, host] of Object.entries({ port: "127.0.0.1", host: "localhost" })) {
    test(`another_${name}_gets_no_secret_and_neither_does_the_first_again`, async (t) => {
      // first/a -> other/b -> first/c -> other/d
      const table = { "/b": undefined, "/d": hello };
      const other = await site(t, table);
      const first = await site(t, {
        "/a": redirect(302, urlOf({ ...other, host }, "/b")),
        "/c": redirect(302, urlOf({ ...other, host }, "/d")),
      });
      table["/b"] = redirect(302, urlOf(first, "/c"));
      const got = await transfer(
        { url: urlOf(first, "/a"), ...secrets },
        { resolve: `localhost:${other.port}:127.0.0.1` },
      );
      assert.equal(got.error, "OK", got.detail);
      assert.equal(got.redirects, 3);
      assert.deepEqual(first.requests.map(seen), [everything, "Accept Accept-Language"]);
      assert.deepEqual(other.requests.map(seen), [
        "Accept Accept-Language",
        "Accept Accept-Language",
      ]);
    });
  }

  test("everything_follows_where_the_program_says_so", async (t) => {
    const other = await site(t, { "/b": hello });
    const first = await site(t, { "/a": redirect(302, urlOf(other, "/b")) });
    await transfer({ url: urlOf(first, "/a"), ...secrets, follow: true });
    assert.deepEqual(other.requests.map(seen), [everything]);
  });

  test("user_info_of_a_url_is_basic_for_its_origin_alone", async (t) => {
    const other = await site(t, { "/b": hello });
    const first = await site(t, {
      "/a": redirect(302, "/c"),
      "/c": redirect(302, urlOf(other, "/b")),
    });
    const got = await transfer({ url: urlOf(first, "/a").replace("//", "//us%65r:p%3aw@") });
    const expected = `Basic ${Buffer.from("user:p:w").toString("base64")}`;
    assert.deepEqual(
      first.requests.map(({ head }) => header(head, "Authorization")),
      [expected, expected],
    );
    assert.equal(header(other.requests[0].head, "Authorization"), undefined);
    assert.ok(!got.url.includes("@"));
  });

  test("user_info_of_a_location_is_not_used", async (t) => {
    const server = await site(t, { "/b": hello });
    const first = await site(t, {
      "/a": redirect(302, urlOf(server, "/b").replace("//", "//u:p@")),
    });
    const got = await transfer({ url: urlOf(first, "/a") });
    assert.equal(got.body, "hello");
    assert.equal(header(server.requests[0].head, "Authorization"), undefined);
    assert.ok(!got.url.includes("@"));
  });

  test("host_of_the_program_is_for_the_first_origin", async (t) => {
    const other = await site(t, { "/b": hello });
    const first = await site(t, { "/a": redirect(302, urlOf(other, "/b")) });
    await transfer({ url: urlOf(first, "/a"), header: "Host: named.example", follow: true });
    assert.equal(header(first.requests[0].head, "Host"), "named.example");
    assert.equal(header(other.requests[0].head, "Host"), `127.0.0.1:${other.port}`);
  });

  test("PUT_by_a_function_then_303_is_a_GET_without_a_body", async (t) => {
    const server = await site(t, { "/a": redirect(303, "/b"), "/b": hello, "/c": hello });
    const put = { url: urlOf(server, "/a"), method: "PUT", read: "content" };
    await transfers({}, put, { url: urlOf(server, "/c"), method: "POST", body: "x" });
    const got = server.requests.map(({ method, body }) => `${method} ${body}`);
    assert.deepEqual(got, ["PUT content", "GET ", "POST x"]);
  });
});
