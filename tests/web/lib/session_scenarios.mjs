// SPDX-License-Identifier: MIT
// session_scenarios: the scenarios of sessions that are run on every platform, and the server that
// each meets.
import crypto from "node:crypto";
import { from } from "./differences.mjs";
import { pattern } from "../../scenarios/lib/run.mjs";
import { httpServer, lines, ok } from "../../scenarios/lib/servers.mjs";
import { answers, echo, once, paths, stalls } from "./scenarios.mjs";

const CLOSE = "Connection: close";
const TEXT = "Content-Type: text/plain";
const MANY = 300; // more than are under way at once in a browser

const site = paths({
  "/": ok("hello", TEXT),
  "/large": ok(pattern(300_000)),
  "/empty": ok(""),
  "/none": `${lines("HTTP/1.1 404 Not Here", "Content-Length: 4")}none`,
  "/busy": `${lines("HTTP/1.1 503 Busy", "Content-Length: 4")}busy`,
  "/204": lines("HTTP/1.1 204 No Content"),
  "/from": lines("HTTP/1.1 302 Found", "Location: /to?x=1", "Content-Length: 0"),
  "/to?x=1": ok("there", TEXT),
  "/twice": lines("HTTP/1.1 307 Again", "Location: /from", "Content-Length: 0"),
  "/loop": lines("HTTP/1.1 302 Found", "Location: /loop", "Content-Length: 0"),
  "/events": ok(
    ": hello\n\nid: 7\nevent: buoy\ndata: one\ndata: two\n\nretry: 10\ndata: three\r\n\r\ndata: lost",
    "Content-Type: text/event-stream",
  ),
});

/** Answers each path with itself, over as many connections as there are. */
const selves = (t) =>
  httpServer(t, (request, response) => {
    response.setHeader("Content-Type", "text/plain");
    response.end(request.url);
  });

const list = [];
function add(name, scenario, serve = site) {
  const entry = { name, scenario, serve, differs: [], overStream: false };
  list.push(entry);
  return entry;
}
const get = (name, target, ...options) =>
  add(`transfer${name && `, ${name}`}`, ["transfer", "GET", target, "-", ...options]);

const digest = (kind, text) => `${kind}-${crypto.createHash(kind).update(text).digest("base64")}`;

// ---- Where bodies go, and the order of functions ----

get("", "/");
get("large", "/large");
get("empty", "/empty");
get("204", "/204");
add(
  "transfer, HEAD",
  ["transfer", "HEAD", "/", "-"],
  answers(lines("HTTP/1.1 200 OK", "Content-Length: 9")),
);
get("function", "/large", "on_data=1");
get("read by its owner", "/large", "owner_reads=1");
get("caller's memory", "/", "dst=5");
get("caller's memory that is too small", "/", "dst=4");
get("file", "/large", "file=");
get("file in a folder that is not there", "/", "file=/nowhere/at/all", "retries=-1");
get("file that is a folder", "/", "file=/tmp", "retries=-1");
add("transfer over a file", ["transfer_over_file", "/large"]);
add("transfer over a file that fails", ["transfer_over_file", "/none"]);
get("fragment", "/#here");

// ---- Statuses and limits ----

get("404", "/none");
get("404 that is wanted", "/none", "any_status=1", "on_data=1");
get("404 to a function", "/none", "on_data=1");
get("503 that is not tried again", "/busy", "retries=-1");
get("body as long as it may be", "/", "max_body=5");
get("body that is too long", "/", "max_body=4").differs = [
  {
    row: "limits",
    change: (all) =>
      ["on_head 200", "on_progress", ...all].map((line) =>
        line === 'body 0 bytes ""' ? 'body 4 bytes "hell"' : line,
      ),
  },
];
get("body of the expected length", "/", "expected=5");
get("body of another length", "/", "expected=6").differs = [
  {
    row: "limits",
    change: (all) =>
      ["on_head 200", "on_progress", ...all].map((line) => {
        if (/^end: /.test(line))
          return "end: INVALID_DATA: the body has 5 bytes, and expected_bytes is 6";
        return line === 'body 0 bytes ""' ? 'body 5 bytes "hello"' : line;
      }),
  },
];
get("integrity", "/", `integrity=${digest("sha256", "hello")}`);
get(
  "integrity of another body",
  "/",
  `integrity=${digest("sha384", "other")}`,
  "retries=-1",
).differs = [
  { platforms: ["node"], error: "CONNECTION_ERROR" },
  { platforms: ["chromium", "firefox"], error: "NETWORK_OR_CORS" },
].map(({ platforms, error }) => ({
  row: "integrity",
  platforms,
  change: () => [
    "on_done",
    `poll: ${error}: …`,
    "transfer 0, redirects 0, retries 0, http://127.0.0.1:PORT/",
    'body 0 bytes ""',
    "",
  ],
}));

// ---- Requests ----

add("transfer, POST", ["transfer", "POST", "/p", "hello", "X-A: 1", TEXT], echo);
add("transfer, POST of a megabyte", ["transfer", "POST", "/p", "@1048576"], echo);
add("transfer, empty POST", ["transfer", "POST", "/p", "-"], echo);
add(
  "transfer, PUT that may outlive its page",
  ["transfer", "PUT", "/p", "bye", "keepalive=1"],
  echo,
);
add("transfer, form", ["transfer_form", "/form"], echo);
add("transfer, events", ["transfer_events", "/events"]);
add("transfer, refused", ["transfer_refused"]);
get("URL with a user", "http://me:secret@127.0.0.1:9/", "retries=-1").differs = [
  {
    row: "userinfo",
    change: (all) =>
      all.map((line) =>
        line.replace(
          /^poll: .*/,
          "poll: INVALID_PARAMETER: the URL has a user name or a password, which fetch() refuses: " +
            "give user and password",
        ),
      ),
  },
];

// ---- Redirects ----

get("redirect", "/from");
get("two redirects", "/twice");
get("redirect to a file", "/from", "file=");
get("redirects without an end", "/loop", "retries=-1").differs = [
  {
    row: "hops",
    change: from(
      "on_done",
      "on_done",
      "poll: CONNECTION_ERROR: the connection failed: …",
      "transfer 0, redirects 0, retries 0, http://127.0.0.1:PORT/loop",
      'body 0 bytes ""',
    ),
  },
];

// ---- Failures, time-outs, cancels ----

add(
  "transfer, connection that ends without an answer",
  ["transfer", "GET", "/", "-", "retries=-1"],
  once(""),
);
add(
  "transfer, answer that ends the connection",
  ["transfer", "GET", "/", "-"],
  once(ok("hello", CLOSE)),
);
for (const name of ["idle_ms", "total_ms", "response_ms"]) {
  add(
    `transfer, ${name} without an answer`,
    ["transfer", `${name}=200`, "GET", "/", "-", "retries=-1"],
    stalls(""),
  );
}
for (const place of ["start", "head", "data", "error"]) {
  get(`cancelled at its ${place}`, "/large", `cancel=${place}`, "on_data=1");
}
add("transfers that are all cancelled", ["transfers_cancel_all"], stalls(""));
add("transfers whose session is freed", ["transfers_freed"], stalls(""));

// ---- Many ----

add(`${MANY} transfers`, ["transfers_many", MANY], selves);
add(
  "transfers by priority",
  ["transfers_order", "0:/a", "1:/b", "-1:/c", "5:/d", "0:/e", "set:/f"],
  selves,
);

export { list };
