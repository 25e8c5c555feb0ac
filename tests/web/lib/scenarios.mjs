// SPDX-License-Identifier: MIT
// scenarios: the list that is run on every platform: what each scenario is called with, and the
// server that it meets. Every run gets a server of its own.
import zlib from "node:zlib";
import { from } from "./differences.mjs";
import { pattern } from "../../scenarios/lib/run.mjs";
import {
  answering,
  answeringOnce,
  event,
  httpServer,
  lines,
  ok,
  rawServer,
} from "../../scenarios/lib/servers.mjs";

const CHUNKED = "Transfer-Encoding: chunked";
const CLOSE = "Connection: close";
// Firefox 128 waits for more where it has to guess the type.
const TEXT = "Content-Type: text/plain";
const HALF = `${lines("HTTP/1.1 200 OK", TEXT, "Content-Length: 9")}hello`;

const text = Buffer.from("ferry carries bytes. ".repeat(500));

/** The same answers to every connection, each request the next of them. */
const answers =
  (...list) =>
  (t) =>
    answering(t, list);

/** One answer, and then the end of the connection, or a reset. */
const once = (answer, options) => (t) => answeringOnce(t, answer, options);

/** An answer, or a part of one, after which nothing follows. */
const stalls = (answer) => (t) =>
  rawServer(t, async (connection) => {
    await connection.head();
    await connection.send(answer);
    await connection.rest();
  });

const coded = (name, body) => answers(ok(body, `Content-Encoding: ${name}`));

/** Says back what came, as far as it is the same from every platform. */
const echo = (t) =>
  httpServer(t, async (request, response) => {
    const parts = [];
    try {
      for await (const part of request) parts.push(part);
    } catch {
      return; // the client gave up
    }
    const body = Buffer.concat(parts);
    const own = Object.keys(request.headers).filter((name) => name.startsWith("x-"));
    const told = [`${request.method} ${request.url}`]
      .concat(own.sort().map((name) => `${name}=${request.headers[name]}`))
      .concat(`length=${request.headers["content-length"] ?? "none"}`);
    response.sendDate = false;
    response.setHeader("X-Told", told.join(" "));
    response.setHeader("Content-Length", body.length);
    response.removeHeader("Connection");
    response.writeHead(200, { Connection: "keep-alive", "Keep-Alive": "none" });
    response.end(body);
  });

/** Answers by path; a path that it does not know gets 404. */
const paths = (table) => (t) =>
  rawServer(t, async (connection) => {
    for (;;) {
      const [, target] = (await connection.head()).split(" ");
      await connection.send(table[target] ?? lines("HTTP/1.1 404 Gone", "Content-Length: 0"));
    }
  });

/** Sends the parts one at a time, each when the scenario has asked for more on another connection. */
const inParts = (head, parts, end) => (t) => {
  const asked = event();
  return rawServer(t, async (connection) => {
    for (;;) {
      const request = await connection.head();
      if (/^GET \/first/.test(request)) {
        asked.resolve();
        await connection.send(ok("told"));
        continue;
      }
      await connection.send(head, parts[0]);
      await asked.promise;
      await connection.send(...parts.slice(1));
      if (end === "reset") connection.reset();
      if (end === "end") connection.end();
    }
  });
};

const list = [];
function add(name, scenario, serve = answers(ok("hello"))) {
  const entry = { name, scenario, serve, differs: [], overStream: false };
  list.push(entry);
  return entry;
}
const get = (name, serve, ...options) =>
  add(name, ["exchange", ...options, "GET", "/", "-"], serve);
const exchange = (name, serve, ...args) => add(name, ["exchange", ...args], serve);

// ---- Bodies ----

get("body with a length", answers(ok("hello")));
get("empty body", answers(ok("")));
get("body of a megabyte", answers(ok(pattern(1 << 20))));
get("body read into memory", answers(ok(pattern(300_000))), "into=1000");
get("body read in small views", answers(ok(pattern(30_000))), "read_chunk_size=256");
get("chunked body", answers(`${lines("HTTP/1.1 200 OK", TEXT, CHUNKED)}5\r\nhello\r\n0\r\n\r\n`));
get("empty chunked body", answers(`${lines("HTTP/1.1 200 OK", CHUNKED)}0\r\n\r\n`));
get(
  "chunked body with extensions and trailers",
  answers(`${lines("HTTP/1.1 200 OK", TEXT, CHUNKED)}5;a=b\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n`),
);
get("body until the connection ends", once(`${lines("HTTP/1.1 200 OK")}hello`));
get("empty body until the connection ends", once(lines("HTTP/1.1 200 OK")));
get("body of a connection that closes", once(ok("hello", CLOSE)));
get("204", answers(lines("HTTP/1.1 204 No Content")));
get("304", answers(lines("HTTP/1.1 304 Not Modified", 'ETag: "a"')));
exchange("HEAD", answers(lines("HTTP/1.1 200 OK", "Content-Length: 1000")), "HEAD", "/", "-");
get("404 with a body", answers(`${lines("HTTP/1.1 404 Not Found", "Content-Length: 4")}none`));
get("599", answers(`${lines("HTTP/1.1 599 Odd", "Content-Length: 4")}none`));
get("interim responses", answers(lines("HTTP/1.1 103 Early Hints", "X-A: 1") + ok("hello")));
get("body with a length, blocking", answers(ok(pattern(200_000))), "blocking=1");
get(
  "chunked body, blocking",
  answers(`${lines("HTTP/1.1 200 OK", TEXT, CHUNKED)}5\r\nhello\r\n0\r\n\r\n`),
  "blocking=1",
);
add("body in parts", ["part"], inParts(HALF, ["", " all"]));

// ---- Content codings ----

get("gzip", coded("gzip", zlib.gzipSync(text)));
get("deflate", coded("deflate", zlib.deflateSync(text)));
get("br", coded("br", zlib.brotliCompressSync(text)));
get("gzip, chunked", (t) => {
  const packed = zlib.gzipSync(text);
  const head = lines("HTTP/1.1 200 OK", CHUNKED, "Content-Encoding: gzip");
  const size = packed.length.toString(16);
  return answering(t, [
    Buffer.concat([Buffer.from(`${head}${size}\r\n`), packed, Buffer.from("\r\n0\r\n\r\n")]),
  ]);
});
get("gzip that is spoilt", coded("gzip", Buffer.from("this is not what gzip makes")));

// ---- Headers ----

get(
  "header lines",
  answers(ok("hello", "X-B: 2", "x-a:  1 ", "X-Empty:", "Content-Type: text/plain")),
);
get("headers of one name", answers(ok("hello", "X-A: 1", "X-B: 2", "x-a: 3")));
get("cookies", answers(ok("hello", "Set-Cookie: a=1", "Set-Cookie: b=2; HttpOnly", "X-A: 1")));
get("header outside ASCII", answers(ok("hello", "X-A: caf\xe9")));
add(
  "dictionary",
  ["dictionary", "x-a", "none"],
  answers(ok("", "X-A: 1", "X-B: 2", "x-a: 3")),
).differs = [
  {
    row: "headers",
    change: from(
      "Content-Length = 0",
      "content-length = 0",
      "x-a = 1, 3",
      "x-b = 2",
      "3 names, the first is content-length",
      "x-a[0] = 1, 3",
      "x-a has 1",
      "none has 0",
    ),
  },
];
get(
  "head beyond the limit",
  answers(ok("hello", `X-A: ${"a".repeat(2000)}`)),
  "max_head_bytes=1000",
);
get(
  "headers beyond the limit",
  answers(ok("hello", ...Array.from({ length: 20 }, (_, i) => `X-${i}: ${i}`))),
  "max_header_count=10",
);

// ---- Requests ----

exchange("GET with a query", echo, "GET", "/a/b?c=d&e=%20f", "-");
exchange("GET ignores a body", echo, "GET", "/", "ignored");
exchange("HEAD to an echo", echo, "HEAD", "/", "-");
exchange("POST", echo, "POST", "/p", "hello", "Content-Type: text/plain", "X-A: 1", "X-B: 2");
exchange("POST of a megabyte", echo, "POST", "/p", "@1048576");
exchange("empty POST", echo, "POST", "/p", "-");
exchange("empty PUT", echo, "PUT", "/p", "-");
exchange("empty PATCH", echo, "PATCH", "/p", "-");
exchange("PUT", echo, "PUT", "/p", "hello");
exchange("PATCH", echo, "PATCH", "/p", "hello");
exchange("DELETE", echo, "DELETE", "/p", "-");
exchange("DELETE with a body", echo, "DELETE", "/p", "hello");
exchange("OPTIONS", echo, "OPTIONS", "/p", "-");
exchange("OPTIONS of the server", echo, "OPTIONS", "*", "-").differs = [
  { row: "targets", change: from("request: OK", "request: UNAVAILABLE: …") },
];
exchange("method by name", echo, "PROPFIND", "/p", "hello");
exchange("method in lower case", echo, "propfind", "/p", "-");
exchange("TRACE", echo, "TRACE", "/", "-").differs = [
  {
    row: "methods",
    change: from("request: OK", "request: UNAVAILABLE: browsers do not send TRACE…"),
  },
];
exchange("CONNECT", echo, "CONNECT", "example.org:443", "-").differs = [
  {
    row: "methods",
    change: from("request: OK", "request: UNAVAILABLE: browsers do not send CONNECT…"),
  },
];
exchange("absolute URL", echo, "GET", "http://127.0.0.1:9/x", "-").differs = [
  { row: "targets", change: from("request: OK", "request: UNAVAILABLE: …") },
];
exchange("URL outside ASCII", echo, "GET", "/caf\u00e9", "-");
exchange("headers of the caller", echo, "GET", "/", "-", "X-A:  spaces  ", "X-Empty:", "x-b: 1");
exchange("POST, blocking", echo, "blocking=1", "POST", "/p", "@100000");
exchange(
  "three requests",
  echo,
  "GET",
  "/1",
  "-",
  ",",
  "POST",
  "/2",
  "body",
  ",",
  "GET",
  "/3",
  "-",
);
add("text as a body", ["text_body"], echo);
add("many requests on one client", ["keep_alive", 30], answers(ok("hello")));
add("requests out of turn", ["busy"], (t) => {
  const told = event();
  return rawServer(t, async (connection) => {
    for (;;) {
      const head = await connection.head();
      if (head.startsWith("GET /hold")) {
        await connection.send(HALF);
        await told.promise;
        await connection.send(" all");
      } else {
        told.resolve();
        await connection.send(ok("hello"));
      }
    }
  });
});
add("query strings", ["query"]);
add("refused headers", ["refused_headers"]);
add("refused targets", ["refused_targets"]);
add("refused methods", ["refused_methods"]);
add("refused hosts", ["refused_hosts"]);
add("refused ports", ["refused_ports"]);
add("proxies and addresses", ["proxies_set"]).differs = [
  {
    row: "proxies",
    change: (all) =>
      from(
        "an address for a name",
        "an address for a name",
        "connect_to_host: UNAVAILABLE: a browser looks names up itself: `resolve` cannot be chosen there",
      )(
        all
          .filter((line, i) => !/^with proxy_headers/.test(all[i - 1]) || /^an /.test(line))
          .map((line) =>
            line
              .replace(
                /^(https?): OK$/,
                "$1: UNAVAILABLE: proxies are the browser's: they cannot be chosen there",
              )
              .replace(
                /^with proxy_headers: OK$/,
                "with proxy_headers: UNAVAILABLE: proxies are the browser's: there are no proxy_headers for them",
              ),
          ),
      ),
  },
];

// ---- Uploads ----

add("streamed upload with a length", ["upload", 300_000, 100_000, 3, "X-A: 1"], echo);
add("streamed upload without a length", ["upload", -1, 1000, 5], echo).differs = [
  {
    row: "uploads",
    change: (lines) =>
      lines.map((line) => line.replace("POST /upload length=none", "POST /upload length=5000")),
  },
];
add("streamed upload of nothing", ["upload", 0, 0, 0], echo);
add("streamed upload, blocking", ["upload", "blocking=1", 300_000, 100_000, 3], echo);
add("upload that a function gives", ["upload_read", 300_000, 300_000], echo);
add(
  "upload that a function gives, blocking",
  ["upload_read", "blocking=1", 300_000, 400_000],
  echo,
);
add(
  "upload that a function gives, of unknown length",
  ["upload_read", -1, 9_000_000],
  echo,
).differs = [
  {
    row: "uploads",
    change: (lines) =>
      lines.map((line) => line.replace("POST /upload length=none", "POST /upload length=9000000")),
  },
];
add("upload that a function gives, too short", ["upload_read", 300_000, 200_000], echo);
add("upload that a function gives, failing", ["upload_read", -1, 200_000, "fails"], echo);
add("upload of a borrowed body", ["upload_borrowed", 3_000_000], echo);
add("streamed upload, wrongly", ["upload_wrongly"], echo);

// ---- Redirects ----

const redirects = paths({
  "/from": lines("HTTP/1.1 302 Found", "Location: /to?x=1", "Content-Length: 0"),
  "/to?x=1": ok("there"),
});
exchange("redirect", redirects, "GET", "/from", "-").differs = [
  {
    row: "redirects",
    change: from(
      "status REQUESTING",
      "status REQUESTING",
      "status BODY",
      "response 200, length -1, hint 5, http://127.0.0.1:PORT/to?x=1",
      "header: content-length: 5",
      'body 5 bytes "there"',
      "status CONNECTED",
      "received 5, sent 0",
    ),
  },
];

// ---- The client ----

add(
  "facts of two exchanges",
  ["facts"],
  paths({
    "/": ok("hello"),
    "/none": `${lines("HTTP/1.1 404 Not Here", "Content-Length: 4")}none`,
  }),
);
add("getters in every status", ["getters"], answers(ok("hello", "X-A: 1", "X-A: 2"))).differs = [
  {
    row: "headers",
    change: (all) =>
      all.map((line) =>
        line.replace(
          "headers 3, last X-A: 2, x-a 1, names 2",
          "headers 2, last x-a: 1, 2, x-a 1, 2, names 2",
        ),
      ),
  },
];
add("properties", ["properties"]);
add("names and version", ["names"]);
add("reading where there is nothing", ["read_early"], answers(ok("hello")));
add("memory of a failing allocator", ["partial_allocators"]);
add("steady memory", ["steady", 20], answers(ok("hello")));
for (const kind of ["get", "post", "upload", "upload_read"]) {
  add(`no memory, ${kind}`, ["allocations", kind], echo);
}

// ---- Streams of the program's own ----

add("stream", ["stream"]).overStream = true;
add("ends of a stream", ["stream_ends"]).overStream = true;
add("stream that is dropped", ["stream_dropped"]).overStream = true;
add("stream, blocking", ["stream_blocking"]).overStream = true;

// ---- Failures ----

const CHUNKED_HEAD = `${lines("HTTP/1.1 200 OK", TEXT, CHUNKED)}5\r\nhello\r\n`;
add("body shorter than its length", ["part"], inParts(HALF, [""], "end"));
const OLD_HALF = `${lines("HTTP/1.0 200 OK", TEXT, "Content-Length: 9")}hello`;
add("body shorter than its length, HTTP/1.0", ["part"], inParts(OLD_HALF, [""], "end")).differs = [
  {
    row: "lenient",
    platforms: ["firefox"],
    change: from("read: ", "status CONNECTED", "received 5, sent 0"),
  },
];
add("chunked body that ends early", ["part"], inParts(CHUNKED_HEAD, [""], "end"));
add("chunk size that is no number", ["part"], inParts(CHUNKED_HEAD, ["", "zz\r\n"]));
add("body that ends in a reset", ["reset_in_body"], inParts(HALF, [""], "reset"));
get("connection that ends without an answer", once(""));
get("connection that is reset without an answer", once("", { reset: true }));
get("head that ends early", once("HTTP/1.1 200 OK\r\nX-A:")).differs = [
  {
    row: "lenient",
    change: from(
      "poll: ",
      "status BODY",
      "response 200, length -1, hint -1, http://127.0.0.1:PORT/",
      "header: x-a: ",
      'body 0 bytes ""',
      "status CONNECTED",
      "received 0, sent 0",
    ),
  },
];
get("answer that is no HTTP", once("220 mail.example.org ready\r\n")).differs = [
  {
    row: "lenient",
    platforms: ["firefox"],
    change: from(
      "poll: ",
      "status BODY",
      "response 200, length -1, hint -1, http://127.0.0.1:PORT/",
      'body 28 bytes "220 mail.example.org ready??"',
      "status CONNECTED",
      "received 28, sent 0",
    ),
  },
];
get("two lengths", answers(ok("hello", "Content-Length: 7")));
// ---- Time-outs ----

for (const name of ["response_ms", "idle_ms", "total_ms"]) {
  get(`${name} without an answer`, stalls(""), `${name}=200`);
  get(`${name} without an answer, blocking`, stalls(""), "blocking=1", `${name}=200`);
}
add("idle_ms in a body", ["timeout_in_body", "idle_ms=200"], stalls(HALF));
get(
  "total_ms before a small body",
  stalls("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"),
  "total_ms=2000",
).differs = [
  { row: "head", change: from("status BODY", "poll: TIMEOUT: …", "status CONNECTION_ERROR") },
];
add(
  "total_ms of one request",
  ["timeout_of_request", "total_ms=200"],
  paths({ "/stalls": "", "/": ok("hello") }),
);
add("total_ms in a body", ["timeout_in_body", "total_ms=200"], stalls(HALF));
add("blocking steps", ["blocking_steps", "blocking=1"], (t) => {
  const parts = ["one", "two", "three"];
  let first;
  return rawServer(t, async (connection) => {
    for (;;) {
      const request = await connection.head();
      if (request.startsWith("GET / ")) {
        first = connection;
        const type = "Content-Type: text/plain"; // older versions of Firefox wait for more to guess it
        const head = lines("HTTP/1.1 200 OK", "Content-Length: 11", type);
        await connection.send(head, parts.shift());
      } else {
        await connection.send(ok(""));
        await first.send(parts.shift());
      }
    }
  });
});

export { answers, echo, list, once, paths, stalls };
