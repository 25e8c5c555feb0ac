// SPDX-License-Identifier: MIT
// cli: the command-line client: each option, exit code and message.
import assert from "node:assert/strict";
import { once } from "node:events";
import fs from "node:fs";
import path from "node:path";
import { describe, test } from "node:test";
import zlib from "node:zlib";
import { fails, ferry, printed, root, start, temporaryFolder, urlOf } from "./lib/cli.mjs";
import { answering, answeringOnce, closedPort, event, lines } from "./lib/servers.mjs";
import { httpServer, keeping, ok, rawServer } from "./lib/servers.mjs";

async function oneRequest(t, ...args) {
  const server = await keeping(t);
  assert.equal(await printed([...args, urlOf(server, "/a?b=c")]), "hello\n");
  assert.equal(server.requests.length, 1);
  return server.requests[0];
}

describe("The command line: requests", () => {
  test("get_is_the_default_and_the_body_is_printed", async (t) => {
    const request = await oneRequest(t);
    assert.equal(request.method, "GET");
    assert.equal(request.url, "/a?b=c");
    assert.equal(request.headers["user-agent"], "ferry/0.1.0");
  });

  for (const spelling of [
    ["-X", "DELETE"],
    ["-XDELETE"],
    ["--request", "DELETE"],
    ["--request=DELETE"],
  ]) {
    test(`${spelling.join("_")}_sets_the_method`, async (t) => {
      assert.equal((await oneRequest(t, ...spelling)).method, "DELETE");
    });
  }

  test("any_token_is_a_method", async (t) => {
    const server = await answering(t, [ok("hello")]);
    await printed(["-X", "MOO-oo!", urlOf(server)]);
    assert.match(server.connections[0].received.toString(), /^MOO-oo! \/ HTTP\/1\.1\r\n/);
  });

  test("headers_are_sent_in_order_and_may_repeat", async (t) => {
    const server = await answering(t, [ok("")]);
    await printed([
      "-H",
      "B: 1",
      "--header",
      "A: 2",
      "-H",
      "B:3",
      "-H",
      "User-Agent: me",
      urlOf(server),
    ]);
    const head = server.connections[0].received.toString();
    assert.match(head, /\r\nB: 1\r\nA: 2\r\nB:3\r\nUser-Agent: me\r\n/);
    assert.doesNotMatch(head, /ferry\//);
  });

  test("bare_host_is_taken_for_http", async (t) => {
    const server = await keeping(t);
    await printed([`127.0.0.1:${server.port}/x`]);
    await printed([`127.0.0.1:${server.port}?to=http://elsewhere/`]);
    await printed([`HTTP://127.0.0.1:${server.port}/y#part`]);
    const urls = server.requests.map((request) => request.url);
    assert.deepEqual(urls, ["/x", "/?to=http://elsewhere/", "/y"]);
  });

  test("url_after_two_dashes_is_a_url", async (t) => {
    const server = await keeping(t);
    assert.equal(await printed(["--", urlOf(server)]), "hello\n");
  });

  test("redirect_is_not_followed", async (t) => {
    const server = await keeping(t, (request, response) => {
      response.writeHead(302, { Location: "/elsewhere" }).end("moved\n");
    });
    assert.equal(await printed([urlOf(server)]), "moved\n");
    assert.equal(server.requests.length, 1);
  });
});

describe("The command line: data", () => {
  const form = "application/x-www-form-urlencoded";

  test("data_is_posted_as_a_form", async (t) => {
    const request = await oneRequest(t, "-d", "a=1&b=2");
    assert.equal(request.method, "POST");
    assert.equal(request.headers["content-type"], form);
    assert.equal(request.headers["content-length"], "7");
    assert.equal(request.body.toString(), "a=1&b=2");
  });

  test("content_type_and_method_may_be_given", async (t) => {
    const type = ["-H", "content-TYPE: text/plain"];
    const request = await oneRequest(t, "-X", "PATCH", ...type, "--data", "x");
    assert.equal(request.method, "PATCH");
    assert.equal(request.headers["content-type"], "text/plain");
  });

  test("repeated_data_is_joined", async (t) => {
    const request = await oneRequest(t, "-d", "a=1", "-d", "b=2", "-d", "");
    assert.equal(request.body.toString(), "a=1&b=2&");
  });

  test("empty_data_is_a_body_of_length_0", async (t) => {
    const request = await oneRequest(t, "-d", "");
    assert.equal(request.method, "POST");
    assert.equal(request.headers["content-length"], "0");
  });

  test("data_of_a_file_is_sent_without_its_line_breaks", async (t) => {
    const file = path.join(temporaryFolder(t), "data");
    fs.writeFileSync(file, "one\r\ntwo\n\0three");
    assert.equal((await oneRequest(t, "-d", `@${file}`)).body.toString(), "onetwothree");
  });

  test("binary_data_of_a_file_is_sent_byte_for_byte", async (t) => {
    const file = path.join(temporaryFolder(t), "data");
    const bytes = Buffer.from(Array.from({ length: 200_000 }, (_, i) => i % 256));
    fs.writeFileSync(file, bytes);
    const request = await oneRequest(t, "--data-binary", `@${file}`);
    assert.ok(request.body.equals(bytes));
  });

  test("data_@-_is_standard_input", async (t) => {
    const server = await keeping(t);
    const input = Buffer.from("line\r\n\0\xff", "latin1");
    await printed(["--data-binary", "@-", urlOf(server)], { input });
    assert.ok(server.requests[0].body.equals(input));
    assert.equal((await oneRequest(t, "-d", "-")).body.toString(), "-");
  });
});

describe("The command line: output", () => {
  test("output_is_written_to_a_file", async (t) => {
    const server = await keeping(t);
    const file = path.join(temporaryFolder(t), "out");
    fs.writeFileSync(file, "what was there before, and longer");
    assert.equal(await printed(["-o", file, urlOf(server)]), "");
    assert.equal(fs.readFileSync(file, "latin1"), "hello\n");
    assert.equal(await printed([`--output=-`, urlOf(server)]), "hello\n");
  });

  test("file_is_left_alone_where_nothing_came", async (t) => {
    const folder = temporaryFolder(t);
    const [old, fresh] = [path.join(folder, "old"), path.join(folder, "new")];
    fs.writeFileSync(old, "before");
    const url = `http://127.0.0.1:${await closedPort()}/`;
    assert.equal((await ferry(["-o", old, url])).code, 7);
    assert.equal((await ferry(["-o", fresh, url])).code, 7);
    assert.equal(fs.readFileSync(old, "latin1"), "before");
    assert.equal(fs.existsSync(fresh), false);
  });

  const answer = Buffer.concat([
    Buffer.from(lines("HTTP/1.1 103 Early Hints", "Link: </a>")),
    Buffer.from(
      lines("HTTP/1.1 200 Very Fine", "X-One:  1", "x-two: \xe9", "Content-Length: 3"),
      "latin1",
    ),
    Buffer.from("abc"),
  ]);
  const head = "HTTP/1.1 200 Very Fine\r\nX-One: 1\r\nx-two: \xe9\r\nContent-Length: 3\r\n\r\n";

  for (const option of ["-i", "--include"]) {
    test(`${option}_writes_the_final_head_before_the_body`, async (t) => {
      const server = await answering(t, [answer]);
      assert.equal(await printed([option, urlOf(server)]), `${head}abc`);
      const file = path.join(temporaryFolder(t), "out");
      await printed([option, "-o", file, urlOf(server)]);
      assert.equal(fs.readFileSync(file, "latin1"), `${head}abc`);
    });
  }

  for (const option of ["-I", "--head"]) {
    test(`${option}_asks_for_the_head_only`, async (t) => {
      const server = await answering(t, [answer.subarray(0, -3)]);
      assert.equal(await printed([option, urlOf(server)]), head);
      assert.match(server.connections[0].received.toString(), /^HEAD \/ HTTP\/1\.1\r\n/);
    });
  }

  test("body_is_written_as_it_comes", async (t) => {
    const steps = [event(), event()];
    const server = await httpServer(t, async (request, response) => {
      response.write("one\n");
      await steps[0].promise;
      response.write("two\n");
      await steps[1].promise;
      response.end("three\n");
    });
    const { child, ended, result } = start([urlOf(server)]);
    for (const step of steps) {
      await once(child.stdout, "data");
      step.resolve();
    }
    assert.equal((await ended).code, 0);
    assert.equal(result.stdout.toString(), "one\ntwo\nthree\n");
  });

  test("large_body_arrives_whole", async (t) => {
    const body = Buffer.from(Array.from({ length: 5_000_000 }, (_, i) => (i * 7919) >> 8));
    const server = await httpServer(t, (request, response) => response.end(body));
    const { code, stdout } = await ferry([urlOf(server)]);
    assert.equal(code, 0);
    assert.ok(stdout.equals(body));
  });

  test("raw_asks_for_no_coding_and_undoes_none", async (t) => {
    const packed = zlib.gzipSync("hello");
    const server = await keeping(t, (request, response) => {
      response.writeHead(200, { "Content-Encoding": "gzip" }).end(packed);
    });
    assert.equal(await printed(["--raw", urlOf(server)]), packed.toString("latin1"));
    assert.equal(server.requests[0].headers["accept-encoding"], undefined);
  });

  test("compressed_asks_for_codings_and_undoes_them", async (t) => {
    const server = await keeping(t, (request, response) => {
      const accepts = /\bgzip\b/.test(request.headers["accept-encoding"]);
      if (!accepts) return response.end("hello");
      return response.writeHead(200, { "Content-Encoding": "gzip" }).end(zlib.gzipSync("hello"));
    });
    assert.equal(await printed(["--compressed", urlOf(server)]), "hello");
    assert.equal(await printed([urlOf(server)]), "hello");
  });

  for (const option of ["-v", "--verbose"]) {
    test(`${option}_shows_events_and_both_heads`, async (t) => {
      const server = await answering(t, [answer]);
      const { code, stdout, stderr } = await ferry([option, urlOf(server)]);
      assert.equal(code, 0);
      assert.equal(stdout.toString(), "abc");
      const shown = stderr.split("\n").filter((line) => !/^> (Accept|User)|^< x-two/.test(line));
      const statuses = shown
        .filter((line) => /^\* [A-Z]+$/.test(line))
        .map((line) => line.slice(2));
      const walk = ["RESOLVING", "CONNECTING", "CONNECTED", "REQUESTING", "BODY", "CONNECTED"];
      assert.deepEqual(statuses, walk);
      const heads = shown.filter((line) => /^[<>] ./.test(line));
      assert.deepEqual(heads, [
        "> GET / HTTP/1.1",
        `> Host: 127.0.0.1:${server.port}`,
        "< HTTP/1.1 103 Early Hints",
        "< Link: </a>",
        "< HTTP/1.1 200 Very Fine",
        "< X-One:  1",
        "< Content-Length: 3",
      ]);
      assert.ok(shown.includes(`* connected to 127.0.0.1:${server.port}`));
    });
  }

  test("help_names_every_option_and_exit_code", async () => {
    for (const option of ["--help", "-h"]) {
      const help = await printed([option]);
      const codes = [
        0, 1, 2, 3, 4, 6, 7, 8, 18, 22, 23, 26, 27, 28, 33, 35, 47, 55, 56, 60, 61, 63, 67,
      ];
      for (const code of codes) assert.match(help, new RegExp(`^ +${code}  \\w`, "m"));
      for (const name of ["-X, --request", "-H, --header", "-d, --data", "-T, --upload-file"]) {
        assert.ok(help.includes(name), name);
      }
      for (const name of ["-o, --output", "-i, --include", "-I, --head", "--fail", "--raw"]) {
        assert.ok(help.includes(name), name);
      }
      for (const name of ["-k, --insecure", "--cacert", "-E, --cert", "--key", "--pass", "--crl"]) {
        assert.ok(help.includes(name), name);
      }
      for (const name of ["--pin", "--tls-min", "-x, --proxy", "--noproxy", "--resolve"]) {
        assert.ok(help.includes(name), name);
      }
      for (const name of ["--max-time", "--connect-timeout", "--progress", "-s, --silent"]) {
        assert.ok(help.includes(name), name);
      }
      assert.ok(help.split("\n").every((line) => line.length <= 80));
    }
  });

  test("version_is_the_librarys", async () => {
    for (const option of ["--version", "-V"])
      assert.equal(await printed([option]), "ferry 0.1.0\n");
  });
});

describe("The command line: uploads", () => {
  test("file_is_put_with_its_length", async (t) => {
    const file = path.join(temporaryFolder(t), "data");
    const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, i) => i % 251));
    fs.writeFileSync(file, bytes);
    for (const option of ["-T", "--upload-file"]) {
      const request = await oneRequest(t, option, file);
      assert.equal(request.method, "PUT");
      assert.equal(request.headers["content-length"], "300000");
      assert.equal(request.headers["transfer-encoding"], undefined);
      assert.ok(request.body.equals(bytes));
    }
    assert.equal((await oneRequest(t, "-T", file, "-X", "POST")).method, "POST");
  });

  test("empty_file_is_put_with_length_0", async (t) => {
    const file = path.join(temporaryFolder(t), "data");
    fs.writeFileSync(file, "");
    assert.equal((await oneRequest(t, "-T", file)).headers["content-length"], "0");
  });

  test("standard_input_is_put_in_chunks", async (t) => {
    const server = await keeping(t);
    const input = Buffer.from(Array.from({ length: 300_000 }, (_, i) => i % 251));
    await printed(["-T", "-", urlOf(server)], { input });
    const [request] = server.requests;
    assert.equal(request.headers["transfer-encoding"], "chunked");
    assert.equal(request.headers["content-length"], undefined);
    assert.ok(request.body.equals(input));
  });

  test("standard_input_is_sent_as_it_comes", async (t) => {
    const came = [event(), event()];
    const server = await rawServer(t, async (connection) => {
      await connection.until("one\n");
      came[0].resolve();
      await connection.until("two\n");
      came[1].resolve();
      await connection.until("0\r\n\r\n");
      await connection.send(ok("hello"));
    });
    const { child, ended } = start(["-T", "-", urlOf(server)], { stdin: "pipe" });
    child.stdin.write("one\n");
    await came[0].promise;
    child.stdin.write("two\n");
    await came[1].promise;
    child.stdin.end();
    const { code, stdout } = await ended;
    assert.equal(code, 0);
    assert.equal(stdout.toString(), "hello");
  });

  test("expect_100_continue_holds_the_upload_until_the_server_wants_it", async (t) => {
    const file = path.join(temporaryFolder(t), "data");
    fs.writeFileSync(file, "body");
    const server = await rawServer(t, async (connection) => {
      await connection.head();
      assert.equal(connection.received.length, connection.at);
      await connection.send(lines("HTTP/1.1 100 Continue"));
      assert.equal((await connection.bytes(4)).toString(), "body");
      await connection.send(ok("hello"));
    });
    assert.equal(await printed(["-T", file, "-H", "Expect: 100-continue", urlOf(server)]), "hello");
  });

  const hasProc = fs.existsSync("/proc/self/status");
  // The system makes such files while they are read, and says that they have 0 bytes.
  test("file_of_size_0_that_has_content_is_sent_whole", { skip: !hasProc }, async (t) => {
    const content = fs.readFileSync("/proc/version");
    assert.equal(fs.statSync("/proc/version").size, 0);
    const put = await oneRequest(t, "-T", "/proc/version");
    assert.equal(put.headers["transfer-encoding"], "chunked");
    assert.deepEqual(put.body, content);
    const post = await oneRequest(t, "--data-binary", "@/proc/version");
    assert.equal(post.headers["content-length"], String(content.length));
    assert.deepEqual(post.body, content);
  });

  test("large_file_is_never_in_memory_as_a_whole", { skip: !hasProc }, async (t) => {
    const size = 200_000_000;
    const file = path.join(temporaryFolder(t), "data");
    fs.writeFileSync(file, "");
    fs.truncateSync(file, size);
    let child;
    let length = 0;
    let peak = Infinity;
    const server = await httpServer(t, (request, response) => {
      request.on("data", (data) => (length += data.length));
      request.on("end", () => {
        const status = fs.readFileSync(`/proc/${child.pid}/status`, "latin1");
        peak = Number(/VmHWM:\s+(\d+) kB/.exec(status)[1]) * 1024;
        response.end("hello");
      });
    });
    const run = start(["-T", file, urlOf(server)]);
    child = run.child;
    assert.equal((await run.ended).code, 0);
    assert.equal(length, size);
    assert.ok(peak < size / 2, `${peak} bytes`);
  });

  const early = "ferry: the server answered before it had the whole upload\n";

  test("early_response_ends_an_upload_whose_input_is_silent", async (t) => {
    const server = await rawServer(t, async (connection) => {
      await connection.head();
      await connection.send(lines("HTTP/1.1 403 Forbidden", "Content-Length: 2"), "no");
    });
    const { child, ended } = start(["-T", "-", urlOf(server)], { stdin: "pipe" });
    const { code, stdout, stderr } = await ended;
    child.stdin.destroy();
    assert.equal(stderr, early);
    assert.equal(stdout.toString(), "no");
    assert.equal(code, 0);
  });

  test("early_response_stops_the_upload_of_a_large_file", async (t) => {
    const file = path.join(temporaryFolder(t), "data");
    fs.writeFileSync(file, "");
    fs.truncateSync(file, 200_000_000);
    const server = await rawServer(t, async (connection) => {
      await connection.head();
      await connection.send(lines("HTTP/1.1 413 Too Large", "Content-Length: 2"), "no");
    });
    const { code, stdout, stderr } = await ferry(["-T", file, urlOf(server)]);
    assert.equal(stderr, early);
    assert.equal(stdout.toString(), "no");
    assert.equal(code, 0);
    assert.ok(server.connections[0].received.length < 200_000_000);
  });

  test("file_that_becomes_shorter_is_an_error", async (t) => {
    const file = path.join(temporaryFolder(t), "data");
    fs.writeFileSync(file, "");
    fs.truncateSync(file, 200_000_000); // more than the system takes while nobody reads
    const server = await httpServer(t, (request) => {
      fs.truncateSync(file, 10);
      request.resume();
      request.on("error", () => {});
    });
    const sentence = `ferry: cannot read ${file}: it became shorter while it was sent`;
    await fails(26, sentence, ["-T", file, urlOf(server)]);
  });
});

describe("The command line: wrong usage", () => {
  const cases = [
    [[], "there is no URL"],
    [["--sail", "URL"], "there is no option --sail"],
    [["-W", "URL"], "there is no option -W"],
    [["-iW", "URL"], "there is no option -W"],
    [["-n", "URL"], "curl has -n, ferry has not"],
    [["--netrc", "URL"], "curl has --netrc, ferry has not"],
    [["-J", "URL"], "curl has -J, ferry has not"],
    [["--no-sailing", "URL"], "there is no option --no-sailing"],
    [["--no-request", "URL"], "there is no option --no-request"],
    [["--includes", "URL"], "there is no option --includes"],
    [["--includ", "URL"], "there is no option --includ"],
    [["--includ=x", "URL"], "there is no option --includ"],
    [["URL", "--max-tim"], "there is no option --max-tim"],
    [["URL", "--max-tim", "1"], "there is no option --max-tim"],
    [["URL", "--passw=secret"], "there is no option --passw"],
    [["-", "URL"], "- is no URL"],
    [["URL", "-X"], "-X takes a method"],
    [["URL", "-H"], "-H takes a header line, such as 'Accept: text/plain'"],
    [["URL", "--data"], "--data takes data, or @FILE"],
    [["URL", "-T"], "-T takes a file, or -"],
    [["URL", "-o"], "-o takes a file"],
    [["URL", "--max-time"], "--max-time takes seconds, such as 2.5"],
    [["--silent=yes", "URL"], "--silent takes no argument"],
    ...["abc", "", "-1", "1e3", "0x10", "1.2.3", "inf", " 1", ".", "99999999999"].map((text) => [
      ["--max-time", text, "URL"],
      `--max-time takes a number of seconds, such as 2.5, not '${text}'`,
    ]),
    [
      ["--connect-timeout=soon", "URL"],
      "--connect-timeout takes a number of seconds, such as 2.5, not 'soon'",
    ],
    [["-d", "a", "-T", "-", "URL"], "-d and -T both give a body; ferry sends one"],
    [
      ["-I", "-d", "a", "URL"],
      "-I is a request of its own, and goes with none of -X, -d, -F and -T",
    ],
    [
      ["-I", "-X", "GET", "URL"],
      "-I is a request of its own, and goes with none of -X, -d, -F and -T",
    ],
    [
      ["-X", "GET", "-d", "a", "URL"],
      "GET carries no body: leave out -d, or choose another method",
    ],
    [
      ["-X", "TRACE", "-T", "-", "URL"],
      "TRACE carries no body: leave out -T, or choose another method",
    ],
  ];

  for (const [args, sentence] of cases) {
    test(`ferry_${args.join("_")}_is_refused_before_anything_is_sent`, async (t) => {
      const server = await rawServer(t, () => {});
      const words = args.map((word) => (word === "URL" ? urlOf(server) : word));
      const end = " (try ferry --help)";
      if (typeof sentence === "string") {
        await fails(2, `ferry: ${sentence}${end}`, words);
      } else {
        await fails(2, new RegExp(`ferry: ${sentence.source} \\(try ferry --help\\)`), words);
      }
      assert.equal(server.connections.length, 0);
    });
  }

  const urls = [
    "ftp://HOST/",
    "http://",
    "http://HOST:99999/",
    "http://HOST:x/",
    "http://a b/",
    "/",
  ];
  urls.push("http://HOST/a\nb", "http://[::1/", "mailto:me", "");
  for (const url of urls) {
    test(`url_${JSON.stringify(url)}_is_refused_before_anything_is_sent`, async (t) => {
      const server = await rawServer(t, () => {});
      const args = [
        url.replace(/HOST(?!:)/, `127.0.0.1:${server.port}`).replace("HOST", "127.0.0.1"),
      ];
      const code = url.startsWith("ftp:") ? 1 : 3;
      await fails(code, /ferry: .{10,} \(FERRY_ERROR_INVALID_PARAMETER\)/, args);
      assert.equal(server.connections.length, 0);
    });
  }

  const requests = [
    ["header_without_a_colon", "-H", "nothing"],
    ["header_with_a_space_in_its_name", "-H", "a b: c"],
    ["header_without_a_name", "-H", ": c"],
    ["header_with_a_line_break", "-H", "a: b\r\nInjected: yes"],
    ["header_with_an_lf", "-H", "a: b\nInjected: yes"],
    ["content_length_that_is_not_the_bodys", "-H", "Content-Length: 5", "-d", "abc"],
    ["transfer_encoding", "-H", "Transfer-Encoding: gzip", "-d", "abc"],
    ["second_host", "-H", "Host: a", "-H", "Host: b"],
    ["method_with_a_space", "-X", "GET /x"],
    ["method_with_a_line_break", "-X", "GET\r\n"],
    ["empty_method", "-X", ""],
    ["method_CONNECT_whose_target_is_no_path", "-X", "CONNECT"],
  ];
  for (const [name, ...args] of requests) {
    test(`${name}_is_refused_before_anything_is_sent`, async (t) => {
      const server = await rawServer(t, () => {});
      await fails(2, /ferry: .{10,} \(FERRY_ERROR_INVALID_PARAMETER\)/, [...args, urlOf(server)]);
      for (const connection of server.connections) {
        await connection.rest();
        assert.equal(connection.received.length, 0);
      }
    });
  }
});

describe("The command line: local files", () => {
  const missing = "No such file or directory";

  test("files_that_cannot_be_used_are_found_out_before_anything_is_sent", async (t) => {
    const folder = temporaryFolder(t);
    const server = await rawServer(t, () => {});
    const absent = path.join(folder, "absent", "file");
    const url = urlOf(server);
    await fails(23, `ferry: cannot write ${absent}: ${missing}`, ["-o", absent, url]);
    await fails(23, `ferry: cannot write ${folder}: Is a directory`, ["-o", folder, url]);
    await fails(26, `ferry: cannot read ${absent}: ${missing}`, ["-T", absent, url]);
    await fails(26, `ferry: cannot read ${folder}: Is a directory`, ["-T", folder, url]);
    await fails(26, `ferry: cannot read ${absent}: ${missing}`, ["-d", `@${absent}`, url]);
    assert.equal(server.connections.length, 0);
  });

  test("full_disk_is_reported", { skip: !fs.existsSync("/dev/full") }, async (t) => {
    const server = await keeping(t);
    const reason = "No space left on device";
    await fails(23, `ferry: cannot write /dev/full: ${reason}`, ["-o", "/dev/full", urlOf(server)]);
    const stdout = fs.openSync("/dev/full", "w");
    t.after(() => fs.closeSync(stdout));
    const sentence = `ferry: cannot write standard output: ${reason}`;
    await fails(23, sentence, [urlOf(server)], { stdout });
    await fails(23, sentence, ["--help"], { stdout });
  });

  test("reader_that_has_gone_is_reported", async (t) => {
    const gone = event();
    const server = await httpServer(t, async (request, response) => {
      response.flushHeaders();
      await gone.promise;
      response.end("hello");
    });
    const { child, ended } = start([urlOf(server)]);
    child.stdout.destroy();
    await once(child.stdout, "close");
    gone.resolve();
    const { code, stderr } = await ended;
    assert.equal(stderr, "ferry: cannot write standard output: Broken pipe\n");
    assert.equal(code, 23);
  });

  test("file_whose_body_breaks_off_is_kept", async (t) => {
    const file = path.join(temporaryFolder(t), "out");
    const server = await answeringOnce(t, `${lines("HTTP/1.1 200 OK", "Content-Length: 9")}abc`);
    const sentences =
      /ferry: .* \(FERRY_ERROR_BODY_TRUNCATED\)\nferry: \S+\/out is kept, with the 3 bytes that came/;
    await fails(18, sentences, ["-o", file, urlOf(server)]);
    assert.equal(fs.readFileSync(file, "latin1"), "abc");
  });
});

describe("The command line: failures", () => {
  test("unknown_host_exits_with_6", async () => {
    const sentence = /ferry: .*nowhere\.invalid.* \(FERRY_ERROR_CANT_RESOLVE\)/;
    await fails(6, sentence, ["http://nowhere.invalid/"]);
  });

  test("refused_connection_exits_with_7", async () => {
    const port = await closedPort();
    const sentence = new RegExp(`ferry: .*${port}.* \\(FERRY_ERROR_CANT_CONNECT\\)`);
    await fails(7, sentence, [`http://127.0.0.1:${port}/`]);
  });

  test("body_that_breaks_off_exits_with_18_after_what_came", async (t) => {
    const server = await answeringOnce(t, `${lines("HTTP/1.1 200 OK", "Content-Length: 9")}abc`);
    const args = [urlOf(server)];
    const { stdout } = await fails(18, /ferry: .{10,} \(FERRY_ERROR_BODY_TRUNCATED\)/, args);
    assert.equal(stdout.toString(), "abc");
  });

  test("server_that_does_not_speak_http_exits_with_8", async (t) => {
    const server = await answeringOnce(t, "220 mail.example.org ESMTP\r\n\r\n");
    await fails(8, /ferry: .{10,} \(FERRY_ERROR_PROTOCOL\)/, [urlOf(server)]);
  });

  test("connection_that_is_reset_exits_with_56", async (t) => {
    const server = await rawServer(t, async (connection) => {
      await connection.head();
      connection.reset();
    });
    await fails(56, /ferry: .{10,} \(FERRY_ERROR_CONNECTION_ERROR\)/, [urlOf(server)]);
  });

  test("body_that_cannot_be_decoded_exits_with_61", async (t) => {
    const server = await answeringOnce(t, ok("no gzip at all", "Content-Encoding: gzip"));
    await fails(61, /ferry: .{10,} \(FERRY_ERROR_INVALID_DATA\)/, ["--compressed", urlOf(server)]);
  });

  test("response_over_a_limit_exits_with_56", async (t) => {
    const server = await answeringOnce(t, ok("", `X: ${"x".repeat(70_000)}`));
    await fails(56, /ferry: .{10,} \(FERRY_ERROR_TOO_LARGE\)/, [urlOf(server)]);
  });

  const notFound = Buffer.from(`${lines("HTTP/1.1 404 Not Found", "Content-Length: 4")}gone`);

  test("status_404_is_a_success_without_fail", async (t) => {
    const server = await answering(t, [notFound]);
    assert.equal(await printed([urlOf(server)]), "gone");
  });

  test("fail_makes_status_404_exit_with_22_without_a_body", async (t) => {
    const server = await answering(t, [notFound]);
    const sentence = "ferry: the server answered with status 404 (--fail)";
    const { stdout } = await fails(22, sentence, ["--fail", urlOf(server)]);
    assert.equal(stdout.toString(), "");
    const withHead = await fails(22, sentence, ["--fail", "-i", urlOf(server)]);
    assert.equal(withHead.stdout.toString(), "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\n");
  });

  test("fail_takes_status_399_for_a_success", async (t) => {
    const server = await answering(t, [`${lines("HTTP/1.1 399 Odd", "Content-Length: 4")}here`]);
    assert.equal(await printed(["--fail", urlOf(server)]), "here");
  });

  for (const option of ["-s", "--silent"]) {
    test(`${option}_says_nothing_and_exits_the_same`, async (t) => {
      const server = await answering(t, [notFound]);
      const closed = `http://127.0.0.1:${await closedPort()}/`;
      const file = path.join(temporaryFolder(t), "absent", "file");
      const silently = async (code, ...args) => {
        const result = await ferry([option, ...args]);
        assert.equal(result.stderr, "");
        assert.equal(result.code, code);
      };
      await silently(7, closed);
      await silently(22, "--fail", urlOf(server));
      await silently(23, "-o", file, urlOf(server));
      await silently(2, "-H", "no colon", urlOf(server));
      await silently(0, "--progress", urlOf(server));
    });
  }
});

test("example_in_the_readme_is_the_one_that_is_compiled", () => {
  const plain = (text) => text.replace(/\s+/g, " ").trim();
  const readme = fs.readFileSync(path.join(root, "README.md"), "utf8");
  const example = /^```c\n(ferry_client \*client.*?)^```$/ms.exec(readme)[1];
  const compiled = fs.readFileSync(path.join(root, "examples/minimal.c"), "utf8");
  assert.ok(plain(compiled).includes(plain(example)));
});
