// SPDX-License-Identifier: MIT
// demo: the demo's first page as a person uses it, in each browser: its examples, its form, by hand
// and by keyboard, on a desk and on a phone.
import assert from "node:assert/strict";
import { EventEmitter, once } from "node:events";
import { after, before, describe, test } from "node:test";
import { startDemoServer } from "../../web/demo/server.mjs";
import { allBrowsers, availableBrowsers, openBrowser } from "./lib/browsers.mjs";
import {
  click,
  describeFocus,
  findCutText,
  findLowContrast,
  findNameless,
  openPage,
  until,
} from "./lib/look.mjs";

const PHONE = { width: 360, height: 780 };
const DARK = { "prefers-color-scheme": "dark", "prefers-reduced-motion": "reduce" };
const WALK = ["RESOLVING", "CONNECTING", "CONNECTED", "REQUESTING", "BODY", "CONNECTED"];
const FAILED_WALK = ["RESOLVING", "CONNECTING", "CONNECTED", "REQUESTING", "CONNECTION_ERROR"];

/** Keeps what the page shows of a request, each time that it changes. */
function keepStates() {
  const text = (id) => document.getElementById(id).textContent;
  globalThis.states = [];
  new MutationObserver(() => {
    const bar = document.getElementById("bar");
    const value = bar.getAttribute("aria-valuenow");
    globalThis.states.push({
      phase: document.getElementById("result").dataset.phase,
      headline: text("headline"),
      progress: text("progress-text"),
      length: text("length"),
      percent: value === null ? null : Number(value),
      isStriped: bar.classList.contains("unknown"),
      bodyLength: text("body").length,
    });
  }).observe(document.getElementById("result"), {
    subtree: true,
    childList: true,
    characterData: true,
    attributes: true,
  });
}

const takeStates = (page) => page.evaluate(() => globalThis.states.splice(0));

/** What the page shows in the end. */
const readResult = (page) =>
  page.evaluate(() => {
    const text = (id) => document.getElementById(id).textContent;
    const isShown = (id) => document.getElementById(id).getClientRects().length > 0;
    const each = (selector) =>
      [...document.querySelectorAll(selector)].map((node) => node.textContent);
    return {
      phase: document.getElementById("result").dataset.phase,
      ...Object.fromEntries(
        ["headline", "state", "code", "length", "received", "time", "url", "lesson"].map((id) => [
          id,
          text(id),
        ]),
      ),
      progress: text("progress-text"),
      body: isShown("body") ? text("body") : "",
      error: isShown("failure") ? text("error-name") : "",
      detail: isShown("failure") ? text("error-detail") : "",
      meaning: isShown("failure") ? text("error-meaning") : "",
      walk: each("#walk .name"),
      headers: Object.fromEntries(
        [...document.querySelectorAll("#headers tbody tr")].map((row) =>
          [...row.children].map((cell) => cell.textContent),
        ),
      ),
      notes: each("#notes li"),
      chart: document.getElementById("chart").getAttribute("aria-label"),
    };
  });

const ended = (page) =>
  until(page, () => /done|failed|cancelled/.test(document.getElementById("result").dataset.phase));

async function runExample(page, id) {
  await click(page, `#example-${id}`);
  await ended(page);
  return readResult(page);
}

/** A bar is a claim: where the length is not known, it makes none before the end. */
function assertHonest(states) {
  for (const state of states.filter(({ phase }) => phase === "running")) {
    const isKnown = /\d/.test(state.length);
    assert.equal(state.isStriped, !isKnown, JSON.stringify(state));
    assert.equal(state.percent !== null, isKnown, JSON.stringify(state));
  }
}

const matches = (text, pattern) => assert.match(text, pattern);

/** What each example must come to; `running` is judged by what was shown on the way. */
const OUTCOMES = {
  large: {
    shows: { phase: "done", code: "200 OK", length: "64.0 MB", received: "64.0 MB", walk: WALK },
    progress: /^Complete: 64\.0 MB$/,
    headline: /^GET \/large: 200 OK, 64\.0 MB in [\d.]+ s$/,
    running(states) {
      const percents = states.map(({ percent }) => percent).filter((value) => value !== null);
      assert.ok(new Set(percents).size > 10, "the bar goes up in many steps");
      assert.deepEqual(
        percents,
        [...percents].sort((a, b) => a - b),
      );
      assert.ok(states.some(({ progress }) => /^\d+ %: [\d.]+ MB of 64\.0 MB$/.test(progress)));
    },
    check: ({ chart }) => matches(chart, /64\.0 MB in [\d.]+ s/),
  },
  slow: {
    shows: { phase: "done", code: "200 OK", length: "not known", walk: WALK },
    progress: /^Complete: \d+ bytes; its length was not known before$/,
    running(states) {
      assert.ok(states.some(({ progress }) => /so far; the length is not known$/.test(progress)));
      const said = new Set(states.map(({ headline }) => headline));
      assert.ok(said.size <= 3, "a screen reader is told of changes only");
    },
    check: ({ body }) => matches(body, /^casting off\n(.*\n)*ashore\n$/),
  },
  events: {
    shows: { phase: "done", code: "200 OK", length: "not known" },
    running(states) {
      const lengths = new Set(states.map(({ bodyLength }) => bodyLength));
      assert.ok(lengths.size > 2, "events are shown as they come");
    },
    check({ body, headers }) {
      assert.equal(headers["content-type"], "text/event-stream");
      assert.equal(body.match(/^event: buoy$/gm).length, 8);
    },
  },
  gzip: {
    shows: { phase: "done", code: "200 OK", length: "not known", received: "25.6 kB" },
    check({ headers, body }) {
      assert.equal(headers["content-encoding"], "gzip");
      assert.ok(Number(headers["content-length"]) < 1000);
      matches(body, /^A ferry crosses/);
    },
  },
  redirect: {
    shows: { phase: "done", code: "200 OK", body: "Here the chain of redirects ends.\n" },
    check: ({ url }) => matches(url, /\/redirect\/0 \(redirected\)$/),
  },
  post: {
    shows: { phase: "done", code: "200 OK" },
    check: ({ body }) =>
      matches(
        body,
        /^POST \/echo HTTP\/1\.1\n[^]*\nX-Crossing: 7\n[^]*\n\nTwo bicycles and a goat/,
      ),
  },
  "cors-allowed": {
    shows: { phase: "done", code: "200 OK", error: "" },
    check({ body, headers }) {
      matches(body, /^This comes from another origin/);
      assert.equal(headers["x-pier"], "two");
    },
  },
  "cors-refused": {
    shows: { phase: "failed", error: "FERRY_ERROR_NETWORK_OR_CORS", code: "–", walk: FAILED_WALK },
    progress: /^Failed before there was a response$/,
    check({ detail, meaning }) {
      matches(detail, /no Access-Control-Allow-Origin .*the browser does not say which/);
      matches(meaning, /not told why/);
    },
  },
  timeout: {
    shows: { phase: "failed", error: "FERRY_ERROR_TIMEOUT", walk: FAILED_WALK },
    check({ detail, time }) {
      matches(detail, /1,?000 ms/);
      assert.match(time, /^[1-9][\d.]* s$/);
    },
  },
  truncated: {
    shows: {
      phase: "failed",
      error: "FERRY_ERROR_BODY_TRUNCATED",
      code: "200 OK",
      walk: [...WALK.slice(0, -1), "CONNECTION_ERROR"],
    },
    progress: /^Failed at 60 %: 60\.0 kB of 100\.0 kB$/,
    check: ({ meaning }) => matches(meaning, /never counts as complete/),
  },
};

/** The browser itself says in the console what it refused a page; nothing else may stand there. */
const isNotExpected = (complaint) => !/\/(cors\/refused|truncated)\b/.test(complaint);

/** Sets fields of the form, as typing does where it does not matter how. */
const fillForm = (page, fields) =>
  page.evaluate((values) => {
    const { elements } = document.getElementById("form");
    for (const [name, value] of Object.entries(values)) elements.namedItem(name).value = value;
  }, fields);

async function typeForm(page, fields) {
  for (const [name, value] of Object.entries(fields)) {
    const field = await page.$(`[name="${name}"]`);
    if (await field.evaluate((node) => node instanceof HTMLSelectElement)) {
      await field.select(value);
    } else {
      await field.evaluate((node) => node.select());
      await page.keyboard.press("Backspace");
      await field.type(value);
    }
  }
}

async function sendForm(page, fields) {
  await fillForm(page, fields);
  await click(page, "#send");
  await ended(page);
  return readResult(page);
}

const ORDER = [
  "Skip to the examples",
  "ferry",
  "Requests",
  "Game loop",
  ...Object.keys(OUTCOMES).map((id) => `example-${id}`),
  ...["method", "credentials", "redirect", "url", "headers", "body", "responseMs", "totalMs"],
  "send",
  "cancel",
];

function demoTests(name) {
  const requests = new EventEmitter();
  const held = new Promise(() => {});
  let browser;
  let server;
  before(async () => {
    server = await startDemoServer({
      seen: (request, response) => {
        requests.emit(request.url, response);
      },
      // Its large file has no end, so that there is always something to cancel.
      pace: (sent) => (sent > 10_000_000 ? held : undefined),
    });
    browser = await openBrowser(name);
  });
  after(async () => {
    await browser?.close();
    server?.close();
  });

  const openDemo = async (t, { url = server.url, ...options } = {}) => {
    const opened = await openPage(t, browser, url, options);
    await until(opened.page, () => /^Choose/.test(document.getElementById("headline").textContent));
    await opened.page.evaluate(keepStates);
    return opened;
  };

  test("each_worked_example_comes_to_what_it_shows", async (t) => {
    const own = await startDemoServer();
    t.after(() => own.close());
    const { page, problems } = await openDemo(t, { url: own.url });
    assert.equal(await page.$eval("#headline", (node) => node.role), "status");
    for (const [id, outcome] of Object.entries(OUTCOMES)) {
      const result = await runExample(page, id);
      const states = await takeStates(page);
      for (const [key, value] of Object.entries(outcome.shows)) {
        assert.deepEqual(result[key], value, `${id}: ${key}`);
      }
      matches(result.progress, outcome.progress ?? /./);
      matches(result.headline, outcome.headline ?? /./);
      assert.notEqual(result.lesson, "");
      outcome.check(result);
      outcome.running?.(states.filter(({ phase }) => phase === "running"));
      assertHonest(states);
    }
    assert.deepEqual((await problems()).filter(isNotExpected), []);
  });

  test("pointer_and_keyboard_start_and_cancel_requests", async (t) => {
    const { page, problems } = await openDemo(t);
    /** Starts a large download, does something against it, and waits for its end there. */
    const interrupt = async (act) => {
      const asked = once(requests, "/large");
      await page.$eval("#example-large", (button) => button.click());
      const [response] = await asked;
      const closed = once(response, "close");
      await until(page, () => Number(document.getElementById("bar").ariaValueNow) > 5);
      await act();
      await ended(page);
      await closed;
      assert.equal(response.writableFinished, false);
      return readResult(page);
    };
    const cancels = {
      pointer: () => click(page, "#cancel"),
      escape: () => page.keyboard.press("Escape"),
      async space() {
        await page.focus("#cancel");
        await page.keyboard.press(" ");
      },
    };
    for (const [way, cancel] of Object.entries(cancels)) {
      const result = await interrupt(cancel);
      assert.equal(result.phase, "cancelled", way);
      matches(result.headline, /^GET \/large: cancelled after/);
      matches(result.progress, /^Cancelled at \d+ %: .* of 64\.0 MB$/);
      assert.equal(await page.$eval("#cancel", (node) => node.ariaDisabled), "true");
    }
    assert.equal((await describeFocus(page)).name, "cancel");

    // Another request takes the place of one that runs.
    await page.focus("#example-gzip");
    const other = await interrupt(() => page.keyboard.press("Enter"));
    assert.deepEqual([other.phase, other.received], ["done", "25.6 kB"]);

    await typeForm(page, { url: "/poem" });
    await page.keyboard.press("Enter");
    await ended(page);
    matches((await readResult(page)).headline, /^GET \/poem: 200 OK/);
    await page.focus("#cancel");
    await page.keyboard.press("Tab");
    assert.equal((await describeFocus(page)).name, "body");
    assert.deepEqual(await problems(), []);
  });

  test("the_form_sends_what_was_typed_or_says_why_not", async (t) => {
    const { page, problems } = await openDemo(t);
    await page.evaluate(() => (document.cookie = "seat=12a"));
    const fields = {
      method: "PUT",
      url: "/echo?to=Calais",
      headers: "X-Typed: by hand\nContent-Type: text/plain; charset=utf-8",
      body: "Grüße\nfrom Dover",
    };
    await typeForm(page, fields);
    const result = await sendForm(page, {});
    assert.equal(result.code, "200 OK");
    assert.equal(result.lesson, "");
    matches(result.body, /^PUT \/echo\?to=Calais HTTP\/1\.1\n/);
    matches(result.body, /\nX-Typed: by hand\n/);
    matches(result.body, /\nContent-Length: 18\n/);
    matches(result.body, /\nCookie: seat=12a\n/);
    matches(result.body, /\n\nGrüße\nfrom Dover$/);

    const without = await sendForm(page, { credentials: "omit", headers: "Cookie: seat=1" });
    assert.doesNotMatch(without.body, /\nCookie:/);
    matches(without.notes.join("\n"), /Cookie/);

    const redirected = { method: "GET", url: "/redirect/3", redirect: "error", headers: "" };
    const refused = await sendForm(page, redirected);
    assert.equal(refused.error, "FERRY_ERROR_NETWORK_OR_CORS");
    matches(refused.meaning, /^This request went to the page’s own server/);
    const opaque = await sendForm(page, { redirect: "manual" });
    assert.equal(opaque.code, "opaque");
    const late = await sendForm(page, { url: "/never", redirect: "follow", totalMs: "100" });
    assert.equal(late.error, "FERRY_ERROR_TIMEOUT");
    const cases = [
      [{ method: "TRACE" }, "FERRY_ERROR_UNAVAILABLE"],
      [{ method: "GET", headers: "no colon here" }, "FERRY_ERROR_INVALID_PARAMETER"],
      [{ headers: "Accept: */*", url: "ftp://127.0.0.1/" }, "FERRY_ERROR_INVALID_PARAMETER"],
    ];
    for (const [fields, error] of cases) {
      const result = await sendForm(page, fields);
      assert.equal(result.error, error);
      matches(result.detail, /^Detail: \w/);
      assert.notEqual(result.meaning, "");
    }
    // The browser may say that it kept a redirect from the page.
    const complaints = await problems();
    assert.deepEqual(
      complaints.filter((complaint) => !/\/redirect\//.test(complaint)),
      [],
    );
  });

  /** Goes through what the page can show; gives what of it a person could not read. */
  const findUnreadable = async (page) => {
    const faults = [];
    const look = async (state) => {
      const found = [...(await findCutText(page)), ...(await findLowContrast(page))];
      faults.push(...found.map((fault) => `${state}: ${fault}`));
    };
    await look("idle");
    await click(page, "#example-large");
    await until(page, () => Number(document.getElementById("bar").ariaValueNow) > 0);
    await look("running");
    await click(page, "#cancel");
    await look("cancelled");
    for (const id of ["post", "cors-refused", "truncated"]) {
      await runExample(page, id);
      await look(id);
    }
    const remark = await sendForm(page, { url: "/poem", headers: "Cookie: seat=1" });
    assert.notDeepEqual(remark.notes, []);
    await look("with a remark");
    return faults;
  };

  const isDark = (page) =>
    page.evaluate(() => /^rgb\(\d\d?, /.test(getComputedStyle(document.body).backgroundColor));

  /** Whether the bar of a body of unknown length moves. */
  const hasMotion = async (page) => {
    await click(page, "#example-slow");
    await until(page, () => document.getElementById("bar").classList.contains("unknown"));
    return page.$eval(".fill", (node) => getComputedStyle(node).animationName !== "none");
  };

  test("on_a_desk_in_light_colours_all_of_it_can_be_read", async (t) => {
    const { page } = await openDemo(t);
    assert.equal(await isDark(page), false);
    assert.deepEqual(await findUnreadable(page), []);
    assert.equal(await hasMotion(page), true);
  });

  test("on_a_phone_in_dark_colours_all_of_it_can_be_reached_in_order_and_read", async (t) => {
    const { page } = await openDemo(t, { ...PHONE, features: DARK });
    assert.equal(await isDark(page), true);
    const focused = [];
    for (let i = 0; i < ORDER.length; i++) {
      await page.keyboard.press("Tab");
      focused.push(await describeFocus(page));
    }
    assert.deepEqual(
      focused.map((focus) => focus.name),
      ORDER,
    );
    assert.deepEqual(
      focused.filter((focus) => !focus.isVisible),
      [],
    );
    for (const [index, { name, top, left }] of focused.entries()) {
      const previous = focused[index - 1];
      const isAfter = index < 2 || top > previous.top || left > previous.left;
      assert.ok(isAfter, `${name} comes after ${previous?.name}`);
    }
    assert.deepEqual(await findNameless(page), []);
    assert.deepEqual(await findUnreadable(page), []);
    assert.equal(await hasMotion(page), false);
    await page.evaluate(() => scrollTo(0, 0));
    await click(page, "#example-slow");
    await until(page, () => {
      const { top, bottom } = document.getElementById("headline").getBoundingClientRect();
      return top >= 0 && bottom <= innerHeight;
    });
  });

  test("a_script_or_style_in_the_page_is_not_run", async (t) => {
    const { page, problems } = await openDemo(t);
    const ran = await page.evaluate(() => {
      for (const [tag, text] of [
        ["script", "globalThis.intruder = true"],
        ["style", "body { display: none }"],
      ]) {
        const element = document.createElement(tag);
        element.textContent = text;
        document.head.append(element);
      }
      document.body.setAttribute("style", "display: none");
      return globalThis.intruder === true || getComputedStyle(document.body).display === "none";
    });
    assert.equal(ran, false);
    assert.ok((await problems()).length >= 3);
  });
}

describe("demo", { concurrency: true }, () => {
  for (const name of allBrowsers) {
    const skip = availableBrowsers().includes(name) ? false : `there is no ${name}`;
    describe(name, { skip, concurrency: 1 }, () => demoTests(name));
  }
});
