// SPDX-License-Identifier: MIT
// cors: what a page may ask of another origin, and what it is told where it may not.
import assert from "node:assert/strict";
import { test } from "node:test";
import { browsers, inPlaces } from "./lib/places.mjs";
import { routes } from "./lib/routes.mjs";

const REFUSED =
  /^error: FERRY_ERROR_NETWORK_OR_CORS: no Access-Control-Allow-Origin that allows this page/;
const OPAQUE = "warning: the response is opaque: the browser shows neither code, headers nor body";

const allow = (home, more = {}) => ({ "Access-Control-Allow-Origin": home.origin, ...more });
const headersIn = (lines) => lines.filter((line) => line.startsWith("header: "));

/** A page, another origin with these answers (made with the page's), and how to ask it. */
async function pair(t, place, makeAnswers, { homeAnswers = () => ({}), pageHeaders } = {}) {
  const own = await routes(t, {});
  const home = await place.home(t, own, { headers: pageHeaders });
  const other = await routes(t, makeAnswers(home));
  Object.assign(own.answers, homeAnswers(other));
  const ask = async (...args) => (await place.run(home, [`origin=${other.origin}`, ...args])).lines;
  const askHome = async (...args) =>
    (await place.run(home, [`origin=${home.origin}`, ...args])).lines;
  return { home, other, ask, askHome };
}

inPlaces(
  (place) => {
    for (const where of ["page", "worker"]) {
      test(`an_origin_that_is_allowed_is_answered_in_a_${where}`, async (t) => {
        const { home, other } = await pair(t, place, (to) => ({
          "/a": { headers: allow(to, { "Content-Type": "text/plain" }), body: "hello" },
        }));
        const { lines } = await place.run(home, [`origin=${other.origin}`, "GET", "/a"], { where });
        assert.deepEqual(lines, [
          `response 200, length -1, hint -1, ${other.origin}/a`,
          "header: content-type: text/plain",
          "body 5 bytes: hello",
        ]);
        assert.equal(other.requests[0].headers.origin ?? home.origin, home.origin);
      });

      test(`an_origin_that_is_not_allowed_is_explained_in_a_${where}`, async (t) => {
        const { home, other } = await pair(t, place, () => ({
          "/silent": { body: "hello" },
          "/else": { headers: { "Access-Control-Allow-Origin": "http://else.example" } },
        }));
        const args = [`origin=${other.origin}`, "GET", "/silent", ",", "GET", "/else"];
        const { lines } = await place.run(home, args, { where });
        assert.equal(lines.length, 2);
        for (const line of lines) assert.match(line, REFUSED);
        assert.equal(other.requests.length, 2, "the server was asked");
      });
    }

    const preflight = (to, headers) => ({
      "/a": (request, response) => {
        const isPreflight = request.method === "OPTIONS";
        response.writeHead(isPreflight ? 204 : 200, allow(to, isPreflight ? headers : {}));
        response.end(isPreflight ? undefined : "done");
      },
    });
    const put = ["body=abc", "PUT", "/a", "X-Custom: 1"];

    test("a_preflight_that_is_allowed_is_followed_by_the_request", async (t) => {
      const { other, ask } = await pair(t, place, (to) =>
        preflight(to, {
          "Access-Control-Allow-Methods": "PUT",
          "Access-Control-Allow-Headers": "X-Custom",
        }),
      );
      assert.equal((await ask(...put)).at(-1), "body 4 bytes: done");
      assert.deepEqual(
        other.requests.map(({ method }) => method),
        ["OPTIONS", "PUT"],
      );
      const [{ headers }, request] = other.requests;
      assert.equal(headers["access-control-request-method"], "PUT");
      assert.equal(headers["access-control-request-headers"], "x-custom");
      assert.equal(request.headers["x-custom"], "1");
    });

    for (const [what, headers] of [
      ["method", { "Access-Control-Allow-Headers": "X-Custom" }],
      ["header", { "Access-Control-Allow-Methods": "PUT" }],
    ]) {
      test(`a_preflight_that_refuses_the_${what}_keeps_the_request_back`, async (t) => {
        const { other, ask } = await pair(t, place, (to) => preflight(to, headers));
        const lines = await ask(...put);
        assert.equal(lines.length, 1);
        assert.match(lines[0], REFUSED);
        assert.deepEqual(
          other.requests.map(({ method }) => method),
          ["OPTIONS"],
        );
      });
    }

    test("headers_are_hidden_unless_they_are_exposed", async (t) => {
      const more = { "Content-Type": "text/plain", "X-Open": "1", "X-Closed": "2" };
      const { ask } = await pair(t, place, (to) => ({
        "/some": { headers: allow(to, { ...more, "Access-Control-Expose-Headers": "x-open" }) },
        "/all": { headers: allow(to, { ...more, "Access-Control-Expose-Headers": "*" }) },
      }));
      const some = headersIn(await ask("GET", "/some"));
      assert.ok(some.includes("header: x-open: 1"));
      assert.ok(some.includes("header: content-type: text/plain"), "which is never hidden");
      assert.doesNotMatch(some.join("\n"), /x-closed/);
      assert.ok(headersIn(await ask("GET", "/all")).includes("header: x-closed: 2"));
    });

    test("credentials_go_to_another_origin_only_when_asked_for_and_allowed", async (t) => {
      const cookie = { "Set-Cookie": "ferry=1; Path=/" };
      const { other, ask } = await pair(
        t,
        place,
        (to) => ({
          "/default": { headers: allow(to), body: "a" },
          "/allowed": {
            headers: allow(to, { "Access-Control-Allow-Credentials": "true" }),
            body: "b",
          },
          "/forbidden": { headers: allow(to), body: "c" },
        }),
        { pageHeaders: cookie },
      );
      assert.equal((await ask("GET", "/default")).at(-1), "body 1 bytes: a");
      assert.equal((await ask("credentials=include", "GET", "/allowed")).at(-1), "body 1 bytes: b");
      assert.match((await ask("credentials=include", "GET", "/forbidden"))[0], REFUSED);
      const cookies = other.requests.map(({ url, headers }) => [url, headers.cookie]);
      assert.deepEqual(cookies, [
        ["/default", undefined],
        ["/allowed", "ferry=1"],
        ["/forbidden", "ferry=1"],
      ]);
    });

    test("a_redirect_to_another_origin_needs_its_consent", async (t) => {
      const { other, askHome } = await pair(
        t,
        place,
        (to) => ({ "/open": { headers: allow(to), body: "open" }, "/closed": { body: "closed" } }),
        {
          homeAnswers: ({ origin }) => ({
            "/to-open": { status: 302, headers: { Location: `${origin}/open` } },
            "/to-closed": { status: 307, headers: { Location: `${origin}/closed` } },
          }),
        },
      );
      assert.deepEqual(await askHome("GET", "/to-open"), [
        `response 200, length -1, hint -1, ${other.origin}/open`,
        "body 4 bytes: open",
      ]);
      const [refused, ...more] = await askHome("GET", "/to-closed");
      assert.deepEqual(more, []);
      assert.match(refused, /^error: FERRY_ERROR_NETWORK_OR_CORS: .*Access-Control-Allow-Origin/);
      assert.equal(other.of("/closed").length, 1);
    });

    test("without_cors_the_response_is_opaque", async (t) => {
      const { other, ask } = await pair(t, place, () => ({
        "/a": { status: 404, headers: { "Content-Type": "text/plain" }, body: "hello" },
      }));
      assert.deepEqual(await ask("mode=no-cors", "GET", "/a"), [
        OPAQUE,
        "response 0, length -1, hint 0, ",
        "body 0 bytes: ",
      ]);
      assert.equal(other.requests.length, 1);
    });

    test("the_mode_same_origin_asks_no_other", async (t) => {
      const { home, other, ask, askHome } = await pair(
        t,
        place,
        (to) => ({ "/a": { headers: allow(to), body: "hello" } }),
        { homeAnswers: () => ({ "/b": { body: "own" } }) },
      );
      const [line, ...more] = await ask("mode=same-origin", "GET", "/a");
      assert.deepEqual(more, []);
      assert.match(
        line,
        /^error: FERRY_ERROR_NETWORK_OR_CORS: .*FERRY_FETCH_MODE_SAME_ORIGIN lets no other origin/,
      );
      assert.equal(other.requests.length, 0);
      const own = await askHome("mode=same-origin", "GET", "/b");
      assert.equal(own[0].replace(/.*, /, ""), `${home.origin}/b`);
      assert.equal(own.at(-1), "body 3 bytes: own");
    });
  },
  { names: browsers },
);
