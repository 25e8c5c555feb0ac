// SPDX-License-Identifier: MIT
// cli_requests: what the command line sends: headers, queries, forms, cookies, parts of files.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { describe, test } from "node:test";
import { fails, ferry, printed, start, temporaryFolder, urlOf } from "./lib/cli.mjs";
import { answering, keeping, lines, ok, rawServer } from "./lib/servers.mjs";

async function requestOf(t, ...args) {
  const server = await keeping(t);
  await printed([...args, urlOf(server, "/a")]);
  assert.equal(server.requests.length, 1);
  return server.requests[0];
}

async function headOf(t, ...args) {
  const server = await answering(t, [ok("")]);
  await printed([...args, urlOf(server)]);
  return server.connections[0].received.toString("latin1").replace(`:${server.port}`, ":PORT");
}

describe("The command line: header lines", () => {
  test("lines_go_out_in_curls_order", async (t) => {
    const head = await headOf(
      t,
      ...["-H", "X-Own: 1", "-b", "a=b", "-e", "http://from/", "-u", "me:secret"],
      ...["-r", "0-4", "-z", "2020-01-02 03:04:05", "-d", "x"],
    );
    const names = head
      .split("\r\n")
      .slice(1)
      .filter((line) => line.includes(": "));
    assert.deepEqual(names, [
      "Host: 127.0.0.1:PORT",
      `Authorization: Basic ${Buffer.from("me:secret").toString("base64")}`,
      "Range: bytes=0-4",
      "User-Agent: ferry/0.1.0",
      "Accept: */*",
      "Referer: http://from/",
      "Cookie: a=b",
      "If-Modified-Since: Thu, 02 Jan 2020 03:04:05 GMT",
      "X-Own: 1",
      "Content-Length: 1",
      "Content-Type: application/x-www-form-urlencoded",
      "Accept-Encoding: identity",
    ]);
  });

  test("header_replaces_and_leaves_out_what_ferry_would_add", async (t) => {
    const { headers } = await requestOf(
      t,
      ...["-H", "User-Agent:", "-A", "other", "-H", "Accept: text/plain", "-H", "X-Empty;"],
      ...["-H", "X-Nothing:", "-d", "x", "-H", "Content-Type:"],
    );
    assert.equal(headers["user-agent"], undefined);
    assert.equal(headers.accept, "text/plain");
    assert.equal(headers["x-empty"], "");
    assert.equal(headers["x-nothing"], undefined);
    assert.equal(headers["content-type"], undefined);
    assert.equal((await requestOf(t, "-A", "me/1")).headers["user-agent"], "me/1");
    assert.equal((await requestOf(t, "-A", "")).headers["user-agent"], undefined);
  });

  test("header_lines_come_from_a_file", async (t) => {
    const file = path.join(temporaryFolder(t), "headers");
    fs.writeFileSync(file, "X-One: 1\r\n\nX-Two: 2");
    const { headers } = await requestOf(t, "-H", `@${file}`);
    assert.equal(headers["x-one"], "1");
    assert.equal(headers["x-two"], "2");
    await fails(26, /ferry: cannot read .*absent: No such file or directory/, [
      ...["-H", `@${file}absent`, "http://a.test/"],
    ]);
  });

  test("credentials_are_those_of_u_of_the_bearer_or_of_the_url", async (t) => {
    const basic = (text) => `Basic ${Buffer.from(text).toString("base64")}`;
    const given = await requestOf(t, "-u", "me:a:b");
    assert.equal(given.headers.authorization, basic("me:a:b"));
    const bearer = await requestOf(t, "--oauth2-bearer", "t.o-k");
    assert.equal(bearer.headers.authorization, "Bearer t.o-k");
    const server = await keeping(t);
    await printed([`http://m%65:se%20cret@127.0.0.1:${server.port}/`]);
    assert.equal(server.requests[0].headers.authorization, basic("me:se cret"));
    await fails(2, /ferry: --user takes USER:PASSWORD.*/, ["-u", "me", urlOf(server)]);
    await fails(67, "ferry: the URL has credentials (--disallow-username-in-url)", [
      ...["--disallow-username-in-url", `http://me:secret@127.0.0.1:${server.port}/`],
    ]);
    assert.equal(server.requests.length, 1);
  });

  test("equals_sign_comes_before_an_at_sign_in_data_that_is_encoded", async (t) => {
    assert.equal((await requestOf(t, "--data-urlencode", "a@b=c d")).body.toString(), "a@b=c+d");
    assert.equal((await requestOf(t, "--url-query", "a@b=c d")).url, "/a?a@b=c+d");
  });

  test("cookies_are_read_from_a_file_behind_an_at_sign", async (t) => {
    const file = path.join(temporaryFolder(t), "a=b");
    fs.writeFileSync(file, "127.0.0.1\tFALSE\t/\tFALSE\t0\tname\tvalue\n");
    assert.equal((await requestOf(t, "-b", `@${file}`)).headers.cookie, "name=value");
  });

  test("no_time_is_no_limit_and_retries_are_not_negative", async (t) => {
    const options = ["-m", "--connect-timeout", "--retry-delay", "--retry-max-time"];
    await requestOf(t, ...options.flatMap((option) => [option, "0"]));
    await fails(2, /ferry: --retry takes a number, not '-1'.*/, ["--retry", "-1", "http://a/"]);
  });

  test("range_is_asked_for", async (t) => {
    assert.equal((await requestOf(t, "-r", "5-9")).headers.range, "bytes=5-9");
    assert.equal((await requestOf(t, "--range", "5")).headers.range, "bytes=5-");
    assert.equal((await requestOf(t, "-r", "-5")).headers.range, "bytes=-5");
  });

  test("condition_takes_dates_in_many_spellings_or_a_file", async (t) => {
    const file = path.join(temporaryFolder(t), "file");
    fs.writeFileSync(file, "");
    fs.utimesSync(file, 0, Date.UTC(2021, 1, 3, 4, 5, 6) / 1000);
    for (const [text, expected] of [
      ["Tue, 13 Jun 2000 12:10:00 GMT", "Tue, 13 Jun 2000 12:10:00 GMT"],
      ["13 Jun 2000 14:10:00 +0200", "Tue, 13 Jun 2000 12:10:00 GMT"],
      ["Tuesday, 13-Jun-00 12:10:00 GMT", "Tue, 13 Jun 2000 12:10:00 GMT"],
      ["Jun 13 12:10:00 2000", "Tue, 13 Jun 2000 12:10:00 GMT"],
      ["2000-06-13", "Tue, 13 Jun 2000 00:00:00 GMT"],
      ["20000613", "Tue, 13 Jun 2000 00:00:00 GMT"],
      [file, "Wed, 03 Feb 2021 04:05:06 GMT"],
    ]) {
      assert.equal((await requestOf(t, "-z", text)).headers["if-modified-since"], expected, text);
    }
    const until = await requestOf(t, "-z", "-2000-06-13");
    assert.equal(until.headers["if-unmodified-since"], "Tue, 13 Jun 2000 00:00:00 GMT");
    const server = await keeping(t);
    const { code, stderr } = await ferry(["-z", "no date", urlOf(server)]);
    assert.match(stderr, /^ferry: warning: -z takes a date.*'no date'.*\n$/);
    assert.equal(code, 0);
  });
});

describe("The command line: queries and data", () => {
  test("data_goes_into_the_query_of_G", async (t) => {
    const request = await requestOf(t, "-G", "-d", "x=1", "--data-urlencode", "y= &");
    assert.equal(request.method, "GET");
    assert.equal(request.url, "/a?x=1&y=+%26");
    const server = await keeping(t);
    await printed(["-G", "-d", "x=1", urlOf(server, "/?b#part")]);
    await printed(["-I", "-G", "-d", "x=1", urlOf(server, "/")]);
    assert.deepEqual(
      server.requests.map(({ method, url }) => `${method} ${url}`),
      ["GET /?b&x=1", "HEAD /?x=1"],
    );
  });

  test("url_query_is_encoded_and_joined", async (t) => {
    const query = ["a b", "=c d", "name=e&f", "+g=h&i"].flatMap((text) => ["--url-query", text]);
    assert.equal((await requestOf(t, ...query)).url, "/a?a+b&c+d&name=e%26f&g=h&i");
  });

  test("data_is_raw_binary_encoded_or_json", async (t) => {
    const file = path.join(temporaryFolder(t), "data");
    fs.writeFileSync(file, "a b\n");
    const raw = await requestOf(t, "--data-raw", "@file");
    assert.equal(raw.body.toString(), "@file");
    const encoded = await requestOf(t, "--data-urlencode", `x@${file}`);
    assert.equal(encoded.body.toString(), "x=a+b%0A");
    const json = await requestOf(t, "--json", '{"a":', "--json", "1}");
    assert.equal(json.method, "POST");
    assert.equal(json.headers["content-type"], "application/json");
    assert.equal(json.headers.accept, "application/json");
    assert.equal(json.body.toString(), '{"a":1}');
  });

  test("data_goes_in_chunks_where_the_header_says_so", async (t) => {
    const data = await requestOf(t, "-d", "abc", "-H", "Transfer-Encoding: chunked");
    assert.equal(data.headers["transfer-encoding"], "chunked");
    assert.equal(data.headers["content-length"], undefined);
    assert.equal(data.body.toString(), "abc");
    const file = path.join(temporaryFolder(t), "data");
    fs.writeFileSync(file, "abcdef");
    const upload = await requestOf(t, "-T", file, "-H", "transfer-encoding: Chunked");
    assert.equal(upload.headers["transfer-encoding"], "chunked");
    assert.equal(upload.body.toString(), "abcdef");
  });

  test("upload_to_a_folder_gets_the_name_of_its_file", async (t) => {
    const file = path.join(temporaryFolder(t), "a b");
    fs.writeFileSync(file, "x");
    const server = await keeping(t);
    await printed(["-T", file, urlOf(server, "/folder/?q")]);
    await printed(["-T", file, `http://127.0.0.1:${server.port}`]);
    await printed(["-T", file, urlOf(server, "/folder/other")]);
    const urls = server.requests.map(({ url }) => url);
    assert.deepEqual(urls, ["/folder/a%20b?q", "/a%20b", "/folder/other"]);
  });

  test("upload_of_a_pipe_takes_the_length_that_is_announced", async (t) => {
    const server = await keeping(t);
    await printed(["-T", "-", "-H", "Content-Length: 3", urlOf(server)], { input: "abc" });
    assert.equal(server.requests[0].headers["content-length"], "3");
    assert.equal(server.requests[0].body.toString(), "abc");
  });
});

describe("The command line: forms", () => {
  /** The parts of a multipart body: head and content. */
  function partsOf(request) {
    const [, boundary] = /^multipart\/form-data; boundary=(\S+)$/.exec(
      request.headers["content-type"],
    );
    const pieces = request.body.toString("latin1").split(`--${boundary}`);
    assert.equal(pieces.shift(), "");
    assert.equal(pieces.pop(), "--\r\n");
    return pieces.map((piece) => {
      const [head, ...rest] = piece.slice(2, -2).split("\r\n\r\n");
      return { head: head.split("\r\n"), content: rest.join("\r\n\r\n") };
    });
  }

  test("form_has_texts_files_and_contents_of_files", async (t) => {
    const folder = temporaryFolder(t);
    const file = path.join(folder, "note.txt");
    fs.writeFileSync(file, "the\nnote");
    const request = await requestOf(
      t,
      ...["-F", "title=Mole", "-F", `note=@${file}`, "-F", `text=<${file};type=text/x-note`],
      ...[
        "-F",
        `odd=@${file};type=a/b; charset=c;filename="x;y"`,
        "--form-string",
        "raw=@a;type=b",
      ],
      ...["-F", 'quoted="a;b\\"c"'],
    );
    assert.equal(request.method, "POST");
    assert.equal(request.headers["content-length"], String(request.body.length));
    const name = (text) => `Content-Disposition: form-data; name="${text}"`;
    assert.deepEqual(partsOf(request), [
      { head: [name("title")], content: "Mole" },
      {
        head: [`${name("note")}; filename="note.txt"`, "Content-Type: text/plain"],
        content: "the\nnote",
      },
      { head: [name("text"), "Content-Type: text/x-note"], content: "the\nnote" },
      {
        head: [`${name("odd")}; filename="x;y"`, "Content-Type: a/b; charset=c"],
        content: "the\nnote",
      },
      { head: [name("raw")], content: "@a;type=b" },
      { head: [name("quoted")], content: 'a;b"c' },
    ]);
  });

  test("form_has_another_type_with_its_boundary_if_told", async (t) => {
    const { headers, body } = await requestOf(t, "-F", "a=b", "-H", "content-type: multipart/x");
    const [, boundary] = /^multipart\/x; boundary=(\S+)$/.exec(headers["content-type"]);
    assert.ok(body.toString().startsWith(`--${boundary}\r\n`));
  });

  test("form_takes_a_part_from_standard_input", async (t) => {
    const server = await keeping(t);
    await printed(["-F", "a=@-;filename=b.PNG", urlOf(server)], { input: "from a pipe" });
    const [part] = partsOf(server.requests[0]);
    assert.equal(part.content, "from a pipe");
    assert.match(part.head[0], /filename="b\.PNG"$/);
    assert.equal(part.head[1], "Content-Type: image/png");
  });

  test("form_goes_again_with_a_redirect", async (t) => {
    const file = path.join(temporaryFolder(t), "data");
    fs.writeFileSync(file, "x".repeat(100_000));
    const server = await keeping(t, (request, response) => {
      if (request.url === "/a") response.writeHead(307, { Location: "/b" });
      response.end();
    });
    await printed(["-L", "-F", `f=@${file}`, urlOf(server, "/a")]);
    assert.deepEqual(
      server.requests.map((request) => partsOf(request)[0].content.length),
      [100_000, 100_000],
    );
  });

  test("form_that_is_none_is_refused_before_anything_is_sent", async (t) => {
    const server = await rawServer(t, () => {});
    const url = urlOf(server);
    await fails(2, /ferry: a part of a form is NAME=CONTENT.*/, ["-F", "nothing", url]);
    await fails(2, /ferry: several files in one part.*/, ["-F", "a=@b,c", url]);
    await fails(2, /ferry: a part of a form has type= and filename=.*/, ["-F", "a=b;size=1", url]);
    await fails(26, "ferry: cannot read /absent: No such file or directory", [
      ...["-F", "a=@/absent", url],
    ]);
    await fails(2, /ferry: -d and -F both give a body.*/, ["-d", "a", "-F", "a=b", url]);
    assert.equal(server.connections.length, 0);
  });
});

describe("The command line: cookies", () => {
  const setting = (request, response) => {
    response.setHeader("Set-Cookie", ["kept=1; Max-Age=1000", "session=2"]).end();
  };

  test("cookies_of_a_response_go_with_the_next_request_and_into_the_file", async (t) => {
    const server = await keeping(t, setting);
    const jar = path.join(temporaryFolder(t), "jar");
    await printed(["-c", jar, urlOf(server), urlOf(server)]);
    assert.equal(server.requests[0].headers.cookie, undefined);
    assert.equal(server.requests[1].headers.cookie, "kept=1; session=2");
    assert.match(fs.readFileSync(jar, "utf8"), /^127\.0\.0\.1\tFALSE\t\/\tFALSE\t\d+\tkept\t1$/m);
    await printed(["-b", jar, urlOf(server)]);
    assert.equal(server.requests[2].headers.cookie, "kept=1; session=2");
    await printed(["-b", jar, "-j", urlOf(server)]);
    assert.equal(server.requests[3].headers.cookie, "kept=1");
  });

  test("cookies_are_printed_and_not_kept_without_being_asked", async (t) => {
    const server = await keeping(t, setting);
    const shown = await printed(["-c", "-", urlOf(server)]);
    assert.match(shown, /\tkept\t1\n127\.0\.0\.1\tFALSE\t\/\tFALSE\t0\tsession\t2\n$/);
    await printed([urlOf(server), urlOf(server)]);
    assert.equal(server.requests[2].headers.cookie, undefined);
    await printed(["-b", "", urlOf(server), urlOf(server)]);
    assert.equal(server.requests[4].headers.cookie, "kept=1; session=2");
  });

  test("cookies_of_the_command_line_stay_with_the_first_origin", async (t) => {
    const other = await keeping(t);
    const server = await keeping(t, (request, response) => {
      response.writeHead(302, { Location: urlOf(other) }).end();
    });
    await printed(["-L", "-b", "a=b", "-b", "c=d", urlOf(server)]);
    assert.equal(server.requests[0].headers.cookie, "a=b; c=d");
    assert.equal(other.requests[0].headers.cookie, undefined);
    await printed(["--location-trusted", "-b", "a=b", urlOf(server)]);
    assert.equal(other.requests[1].headers.cookie, "a=b");
  });

  test("cookies_of_the_command_line_go_behind_those_of_the_jar", async (t) => {
    const server = await keeping(t, setting);
    await printed(["-b", "", "-b", "a=b", urlOf(server), urlOf(server)]);
    assert.equal(server.requests[0].headers.cookie, "a=b");
    assert.equal(server.requests[1].headers.cookie, "kept=1; session=2; a=b");
    await printed(["-b", "", "-b", "a=b", "-H", "Cookie: own=1", urlOf(server)]);
    assert.equal(server.requests[2].headers.cookie, "own=1");
  });

  test("file_that_is_no_jar_is_a_warning", async (t) => {
    const server = await keeping(t);
    const file = path.join(temporaryFolder(t), "jar");
    fs.writeFileSync(file, "no cookies at all\n");
    const { code, stderr } = await ferry(["-b", file, urlOf(server)]);
    assert.match(stderr, /^ferry: warning: no cookies are taken from .*jar: .*\n$/);
    assert.equal(code, 0);
  });
});

describe("The command line: the way to the host", () => {
  test("connect_to_changes_where_connections_go_and_nothing_else", async (t) => {
    const server = await keeping(t);
    const to = (line) => ["--connect-to", line];
    const here = `127.0.0.1:${server.port}`;
    await printed([...to(`a.test:80:${here}`), "http://a.test/x"]);
    await printed([...to("other.test:::1"), ...to(`::${here}`), "http://b.test:99/y"]);
    await printed([...to("a.test:80:[::1]:1"), ...to(":81:127.0.0.1:"), urlOf(server)]);
    const seen = server.requests.map(({ url, headers }) => `${headers.host}${url}`);
    assert.deepEqual(seen, ["a.test/x", "b.test:99/y", `${here}/`]);
    for (const line of ["a", "a:1", "a:1:b", "a:x:b:1", "a:1:b:x", "a:1:b:1:2"]) {
      await fails(2, /ferry: the `connect_to` line .* \(FERRY_ERROR_INVALID_PARAMETER\)/, [
        ...to(line),
        "http://a.test/",
      ]);
    }
  });

  test("proxytunnel_asks_the_proxy_for_a_tunnel_for_http_too", async (t) => {
    const proxy = await rawServer(t, async (connection) => {
      await connection.head();
      await connection.send(lines("HTTP/1.1 200 Connected"));
      await connection.head();
      await connection.send(ok("through"));
    });
    const args = ["-x", `me:word@127.0.0.1:${proxy.port}`, "-p", "--proxy-header", "X-P: 1"];
    assert.equal(await printed([...args, "-H", "X-O: 2", "http://a.test/x"]), "through");
    const [connect, request] = proxy.connections[0].received.toString().split("\r\n\r\n");
    assert.match(connect, /^CONNECT a\.test:80 HTTP\/1\.1\r\n/);
    assert.match(connect, /\r\nProxy-Authorization: Basic /);
    assert.match(connect, /\r\nX-P: 1/);
    assert.doesNotMatch(connect, /X-O/);
    assert.match(request, /^GET \/x HTTP\/1\.1\r\nHost: a\.test\r\n/);
    assert.doesNotMatch(request, /X-P|Proxy-/);
  });

  test("proxy_is_asked_for_a_tunnel_to_the_other_host", async (t) => {
    const proxy = await rawServer(t, async (connection) => {
      await connection.head();
      await connection.send(lines("HTTP/1.1 200 Connected"));
      await connection.head();
      await connection.send(ok("through"));
    });
    const args = ["-x", `127.0.0.1:${proxy.port}`, "--connect-to", "a.test:80:b.test:81"];
    assert.equal(await printed([...args, "http://a.test/x"]), "through");
    const [connect, request] = proxy.connections[0].received.toString().split("\r\n\r\n");
    assert.match(connect, /^CONNECT b\.test:81 HTTP\/1\.1\r\n/);
    assert.match(request, /^GET \/x HTTP\/1\.1\r\nHost: a\.test\r\n/);
  });

  test("proxy_user_is_told_to_the_proxy_alone", async (t) => {
    const proxy = await answering(t, [ok("by proxy")]);
    const args = ["-v", "-x", `127.0.0.1:${proxy.port}`, "-U", "me:se cret", "http://a.test/"];
    const { code, stderr } = await start(args).ended;
    assert.equal(code, 0, stderr);
    const basic = Buffer.from("me:se cret").toString("base64");
    assert.match(
      proxy.connections[0].received.toString(),
      new RegExp(`Authorization: Basic ${basic}`),
    );
    assert.ok(!stderr.includes("cret") && !stderr.includes(basic));
  });
});
