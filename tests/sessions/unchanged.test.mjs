// SPDX-License-Identifier: MIT
// unchanged: files that are fetched if the server has another one.
import assert from "node:assert/strict";
import fs from "node:fs";
import { describe, test } from "node:test";
import { lines, ok } from "../scenarios/lib/servers.mjs";
import { ETAG, folder, integrity, leave, LEVEL, note, rest, whole } from "./lib/parts.mjs";
import { header, site, transfer, urlOf } from "./lib/transfers.mjs";

describe("Files that may have changed", () => {
  const head = (one, name) => header(one.head, name);

  test("a_file_that_is_current_is_not_fetched_again", async (t) => {
    const place = folder(t);
    const modified = "Sun, 06 Nov 1994 08:49:37 GMT";
    const server = await site(t, {
      "/": (one) =>
        head(one, "If-None-Match") === ETAG
          ? lines("HTTP/1.1 304 Not Modified", `ETag: ${ETAG}`)
          : whole(`Last-Modified: ${modified}`),
    });
    const one = { url: urlOf(server), file: place.at, if_changed: true };
    const first = await transfer(one);
    assert.deepEqual([first.error, first.code, first.unchanged], ["OK", 200, false]);
    assert.deepEqual(place.names(), ["level.pak", "level.pak.ferry-info"]);
    const before = fs.statSync(place.at);
    const got = await transfer(one);
    assert.deepEqual([got.error, got.code, got.unchanged, got.bytes], ["OK", 304, true, 0]);
    const after = fs.statSync(place.at);
    assert.deepEqual([after.ino, after.mtimeMs], [before.ino, before.mtimeMs]);
    assert.equal(place.read(), LEVEL.toString());
    assert.deepEqual(
      server.requests.map((r) => [head(r, "If-None-Match"), head(r, "If-Modified-Since")]),
      [
        [undefined, undefined],
        [ETAG, modified],
      ],
    );
  });

  test("a_file_of_which_nothing_is_noted_is_as_old_as_its_time_says", async (t) => {
    const place = folder(t);
    const server = await site(t, { "/": lines("HTTP/1.1 304 Not Modified") });
    place.write("", "old");
    fs.utimesSync(place.at, 784111777, 784111777);
    const got = await transfer({ url: urlOf(server), file: place.at, if_changed: true });
    assert.deepEqual([got.error, got.unchanged], ["OK", true]);
    const [asked] = server.requests;
    assert.equal(head(asked, "If-Modified-Since"), "Sun, 06 Nov 1994 08:49:37 GMT");
    assert.equal(head(asked, "If-None-Match"), undefined);
    assert.equal(place.read(), "old");
  });

  test("a_file_that_the_server_has_another_one_of_is_replaced", async (t) => {
    const place = folder(t);
    const bodies = ["first", "the second"];
    let tries = 0;
    const server = await site(t, { "/": () => ok(bodies[tries], `ETag: "${tries++}"`) });
    const one = { url: urlOf(server), file: place.at, if_changed: true };
    for (const [i, body] of bodies.entries()) {
      const got = await transfer(one);
      assert.deepEqual([got.error, got.unchanged], ["OK", false]);
      assert.equal(place.read(), body);
      assert.match(place.read(".ferry-info"), new RegExp(`etag "${i}"`));
    }
    assert.equal(head(server.requests[1], "If-None-Match"), '"0"');
  });

  for (const [name, spoil] of Object.entries({
    "a file that was changed since": (place) => place.write("", "edited"),
    "a file that is older than its note": (place) => fs.utimesSync(place.at, 1, 1),
    "a note that is cut": (place) =>
      place.write(".ferry-info", place.read(".ferry-info").slice(0, -5)),
    "a note that is a link": (place) => {
      fs.renameSync(`${place.at}.ferry-info`, `${place.at}.other`);
      fs.symlinkSync(`${place.at}.other`, `${place.at}.ferry-info`);
    },
    "a note of another URL": (place) =>
      place.write(".ferry-info", place.read(".ferry-info").replace("/level", "/other")),
    "no file": (place) => fs.rmSync(place.at),
  })) {
    test(`${name}: it is asked for without a condition`, async (t) => {
      const place = folder(t);
      const server = await site(t, { "/level": whole() });
      const one = { url: urlOf(server, "/level"), file: place.at, if_changed: true };
      assert.equal((await transfer(one)).error, "OK");
      spoil(place);
      const got = await transfer(one);
      assert.deepEqual([got.error, got.code], ["OK", 200]);
      assert.equal(place.read(), LEVEL.toString());
      const [, asked] = server.requests;
      assert.equal(head(asked, "If-None-Match"), undefined);
      assert.equal(head(asked, "If-Modified-Since"), undefined);
    });
  }

  test("a_file_that_contradicts_what_is_wanted_is_not_current", async (t) => {
    for (const [wanted, is_asked] of [
      [{ integrity: integrity(LEVEL) }, true],
      [{ integrity: integrity("other") }, false],
      [{ expected: 20 }, true],
      [{ expected: 21 }, false],
    ]) {
      const place = folder(t);
      const server = await site(t, {
        "/": (one) => (head(one, "If-None-Match") ? lines("HTTP/1.1 304 Not Modified") : whole()),
      });
      const one = { url: urlOf(server), file: place.at, if_changed: true };
      assert.equal((await transfer(one)).error, "OK");
      const got = await transfer({ ...one, ...wanted });
      assert.equal(head(server.requests[1], "If-None-Match") !== undefined, is_asked);
      assert.equal(got.error === "OK" && got.unchanged, is_asked);
    }
  });

  test("304_that_nobody_asked_for_replaces_nothing", async (t) => {
    const place = folder(t);
    const server = await site(t, { "/": lines("HTTP/1.1 304 Not Modified") });
    place.write("", "old");
    const plain = await transfer({ url: urlOf(server), file: place.at });
    assert.deepEqual([plain.error, plain.code, plain.unchanged], ["STATUS", 304, false]);
    fs.rmSync(place.at);
    const missing = await transfer({ url: urlOf(server), file: place.at, if_changed: true });
    assert.deepEqual([missing.error, missing.code], ["STATUS", 304]);
    assert.deepEqual(place.names(), []);
  });

  test("a_part_and_a_condition_go_together", async (t) => {
    const place = folder(t);
    const server = await site(t, {
      "/": (one) => (header(one.head, "Range") ? rest(7) : ok("old one", 'ETag: "v0"')),
    });
    const one = { url: urlOf(server), file: place.at, if_changed: true, resume: true };
    assert.equal((await transfer(one)).error, "OK");
    leave(place, urlOf(server), 7);
    const got = await transfer(one);
    assert.deepEqual([got.error, got.code, got.resumed], ["OK", 206, 7]);
    assert.equal(place.read(), LEVEL.toString());
    const [, asked] = server.requests;
    assert.deepEqual(
      ["Range", "If-Range", "If-None-Match"].map((name) => head(asked, name)),
      ["bytes=7-", ETAG, '"v0"'],
    );
    assert.match(place.read(".ferry-info"), /etag "v1"/);
  });

  test("a_part_goes_where_the_old_file_is_current", async (t) => {
    const place = folder(t);
    const server = await site(t, {
      "/": (one) => (head(one, "If-None-Match") ? lines("HTTP/1.1 304 x") : whole()),
    });
    const one = { url: urlOf(server), file: place.at, if_changed: true, resume: true };
    assert.equal((await transfer(one)).error, "OK");
    leave(place, urlOf(server), 7);
    const got = await transfer(one);
    assert.deepEqual([got.error, got.unchanged], ["OK", true]);
    assert.deepEqual(place.names(), ["level.pak", "level.pak.ferry-info"]);
  });
});
