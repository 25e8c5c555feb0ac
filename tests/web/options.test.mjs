// SPDX-License-Identifier: MIT
// options: what the members of ferry_fetch_options make of a request, seen at the server.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { event, lines as headOf, rawServer } from "../scenarios/lib/servers.mjs";
import { inPlaces } from "./lib/places.mjs";
import { routes } from "./lib/routes.mjs";

/** A server with these answers as the place's own origin. */
async function own(t, place, answers, options) {
  const server = await routes(t, answers);
  const home = await place.home(t, server, options);
  const ask = async (...args) => (await place.run(home, [`origin=${home.origin}`, ...args])).lines;
  return { server, home, ask };
}

const bodies = (lines) =>
  lines.filter((line) => line.startsWith("body ")).map((line) => line.at(-1));

inPlaces((place) => {
  const redirecting = {
    "/from": { status: 302, headers: { Location: "/to?x=1" }, body: "moved" },
    "/to": { body: "there" },
  };

  test("a_redirect_is_followed_and_the_last_url_told", async (t) => {
    const { home, ask } = await own(t, place, redirecting);
    const lines = await ask("GET", "/from");
    assert.match(lines[0], /^response 200, /);
    assert.ok(lines[0].endsWith(`, ${home.origin}/to?x=1`));
    assert.equal(lines.at(-1), "body 5 bytes: there");
  });

  test("a_redirect_is_an_error_where_asked_for", async (t) => {
    const { server, ask } = await own(t, place, redirecting);
    const lines = await ask("redirect=error", "GET", "/from");
    assert.equal(lines.length, 1);
    assert.match(
      lines[0],
      place.isBrowser
        ? /^error: FERRY_ERROR_NETWORK_OR_CORS: .*with FERRY_FETCH_REDIRECT_ERROR a redirect fails too/
        : /^error: FERRY_ERROR_CONNECTION_ERROR: .*unexpected redirect/,
    );
    assert.deepEqual(
      server.requests.map(({ url }) => url),
      ["/from"],
    );
  });

  test("a_redirect_is_shown_where_asked_for_as_far_as_the_place_shows_it", async (t) => {
    const { server, ask } = await own(t, place, redirecting);
    const lines = await ask("redirect=manual", "GET", "/from");
    if (place.isBrowser) {
      assert.match(lines[0], /^warning: the response is opaque/);
      assert.match(lines[1], /^response 0, /);
      assert.equal(lines[2], "body 0 bytes: ");
    } else {
      assert.match(lines[0], /^response 302, /);
      assert.ok(lines.includes("header: location: /to?x=1"));
    }
    assert.equal(server.requests.length, 1);
  });

  test("a_body_is_held_back_until_its_integrity_is_known", async (t) => {
    const body = "exactly this";
    const right = createHash("sha256").update(body).digest("base64");
    const wrong = createHash("sha256").update("another").digest("base64");
    const { ask } = await own(t, place, { "/a": { body } });
    const good = await ask(`integrity=sha256-${right}`, "GET", "/a");
    assert.equal(good.at(-1), `body ${body.length} bytes: ${body}`);
    const bad = await ask(`integrity=sha256-${wrong}`, "GET", "/a");
    assert.equal(bad.length, 1);
    assert.match(bad[0], /^error: FERRY_ERROR_(NETWORK_OR_CORS|CONNECTION_ERROR): .*integrity/);
  });

  test("a_number_that_no_option_has_is_refused", async (t) => {
    const { server, ask } = await own(t, place, {});
    const names = {
      "mode=3": "mode",
      "credentials=-1": "credentials",
      "cache=6": "cache",
      "redirect=3": "redirect",
      "referrer=9": "referrerPolicy",
      "priority=3": "priority",
    };
    const requests = Object.keys(names).flatMap((option) => [",", option, "GET", "/a"]);
    assert.deepEqual(
      await ask(...requests.slice(1)),
      Object.entries(names).map(
        ([option, name]) =>
          "refused: FERRY_ERROR_INVALID_PARAMETER: " +
          `the fetch option ${name} has no number ${option.replace(/.*=/, "")}`,
      ),
    );
    assert.equal(server.requests.length, 0);
  });

  if (!place.isBrowser) return; // Node has neither a cache nor a page
  test("the_cache_is_used_as_asked_for", async (t) => {
    let count = 0;
    const conditions = [];
    const answer = (request, response) => {
      const { "if-none-match": condition, "cache-control": control } = request.headers;
      conditions.push([condition, control]);
      if (condition) {
        response.writeHead(304).end();
        return;
      }
      response.writeHead(200, { "Cache-Control": "max-age=3600", ETag: '"e"' });
      response.end(String(++count));
    };
    const { ask } = await own(t, place, { "/a": answer });
    const inTurn = ["default", "default", "force-cache", "no-store", "reload", "no-cache"];
    const requests = inTurn.flatMap((cache) => [",", `cache=${cache}`, "GET", "/a"]).slice(1);
    const last = [",", "cache=only-if-cached", "mode=same-origin", "GET", "/a"];
    const lines = await ask(...requests, ...last);
    assert.deepEqual(bodies(lines), ["1", "1", "1", "2", "3", "3", "3"]);
    assert.deepEqual(conditions, [
      [undefined, undefined],
      [undefined, "no-cache"],
      [undefined, "no-cache"],
      ['"e"', "max-age=0"],
    ]);
  });

  test("what_is_not_in_the_cache_is_not_asked_for_where_only_the_cache_may_answer", async (t) => {
    const { server, ask } = await own(t, place, { "/b": { body: "b" } });
    const lines = await ask("cache=only-if-cached", "mode=same-origin", "GET", "/b");
    // A network error, or 504: the standard has allowed either.
    assert.match(lines[0], /^error: FERRY_ERROR_NETWORK_OR_CORS|^response 504/);
    assert.equal(server.requests.length, 0);
  });

  test("the_server_is_told_as_much_of_the_page_as_the_policy_says", async (t) => {
    const { server, home, ask } = await own(t, place, { "/a": { body: "a" } });
    const page = `${home.origin}/.ferry/run.html`;
    const expected = {
      "no-referrer": undefined,
      origin: `${home.origin}/`,
      "strict-origin": `${home.origin}/`,
      "same-origin": page,
      "unsafe-url": page,
      default: page,
    };
    const policies = Object.keys(expected);
    await ask(...policies.flatMap((policy) => [",", `referrer=${policy}`, "GET", "/a"]).slice(1));
    assert.deepEqual(
      server.requests.map(({ headers }) => headers.referer),
      Object.values(expected),
    );
  });

  test("cookies_stay_at_home_where_asked_for", async (t) => {
    const headers = { "Set-Cookie": "home=1; Path=/" };
    const { server, ask } = await own(t, place, { "/a": { body: "a" } }, { headers });
    const modes = ["same-origin", "omit", "include"];
    await ask(...modes.flatMap((mode) => [",", `credentials=${mode}`, "GET", "/a"]).slice(1));
    const cookies = server.requests.map((request) => request.headers.cookie ?? "");
    assert.deepEqual(
      cookies.map((cookie) => cookie.includes("home=1")),
      [true, false, true],
    );
  });

  test("a_priority_is_taken", async (t) => {
    const { server, ask } = await own(t, place, { "/a": { body: "a" } });
    const lines = await ask("priority=high", "GET", "/a", ",", "priority=low", "GET", "/a");
    assert.deepEqual(bodies(lines), ["a", "a"]);
    const [high, low] = server.requests.map(({ headers }) => headers.priority);
    if (place.name === "firefox") assert.notEqual(high, low); // Chromium: over HTTP/2 only
  });

  // That it is alive is seen by the redirect that it follows when the page's other request, which
  // was sent at the same time, has ended.
  test("a_request_that_is_kept_alive_outlives_its_page", async (t) => {
    const [lost, kept, left, followed] = [event(), event(), event(), event()];
    const server = await rawServer(t, async (connection) => {
      for (;;) {
        const [, target] = (await connection.head()).split(" ");
        const body = (await connection.bytes(3)).toString();
        if (target === "/lost") {
          lost.resolve();
          await connection.rest();
          left.resolve();
          return;
        }
        if (target === "/again") followed.resolve(body);
        else {
          kept.resolve();
          await left.promise;
        }
        const status = target === "/kept" ? "307 Temporary Redirect" : "204 No Content";
        await connection.send(
          headOf(`HTTP/1.1 ${status}`, "Location: /again", "Content-Length: 0"),
        );
      }
    });
    const home = await place.home(t, server);
    const origin = `origin=${home.origin}`;
    const keeping = [origin, "keepalive=1", "body=abc", "POST", "/kept"];
    const losing = [origin, "body=def", "POST", "/lost"];
    const { page } = await place.start(t, home, [...keeping, "+", ...losing]);
    await Promise.all([lost.promise, kept.promise]);
    await page.close();
    assert.equal(await followed.promise, "abc");
  });
});
