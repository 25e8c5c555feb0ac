// SPDX-License-Identifier: MIT
// cli_transfers: redirects, retries, several URLs, files that are named, continued or kept, -w.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { describe, test } from "node:test";
import { fails, ferry, printed, program, start, temporaryFolder, urlOf } from "./lib/cli.mjs";
import {
  answering,
  answeringOnce,
  closedPort,
  keeping,
  lines,
  ok,
  rawServer,
} from "./lib/servers.mjs";
import { noTerminal } from "./lib/terminal.mjs";

/** A server whose paths /301 and so on redirect to /end, and /loop to itself. */
const redirecting = (t) =>
  keeping(t, (request, response) => {
    const code = Number(/^\/(3\d\d)/.exec(request.url)?.[1] ?? 0);
    if (code > 0) response.writeHead(code, { Location: "/end" }).end("moved\n");
    else if (request.url === "/loop") response.writeHead(302, { Location: "/loop" }).end();
    else response.end(`${request.method} ${request.body ?? ""}\n`);
  });

describe("The command line: redirects", () => {
  test("L_follows_and_the_body_of_a_redirect_is_not_written", async (t) => {
    const server = await redirecting(t);
    assert.equal(await printed(["-L", urlOf(server, "/302")]), "GET \n");
    assert.equal(await printed([urlOf(server, "/302")]), "moved\n");
    const heads = await printed(["-L", "-i", urlOf(server, "/301")]);
    assert.match(heads, /^HTTP\/1\.1 301 Moved Permanently\r\n[^]*?\r\n\r\nHTTP\/1\.1 200 OK\r\n/);
    assert.match(heads, /\r\n\r\nGET \n$/);
  });

  test("post_becomes_get_unless_told_otherwise", async (t) => {
    const server = await redirecting(t);
    const outcome = async (...args) => {
      server.requests.length = 0;
      await printed(["-L", ...args]);
      const { method, body } = server.requests[1];
      return `${method} ${body}`;
    };
    for (const code of [301, 302, 303]) {
      const url = urlOf(server, `/${code}`);
      assert.equal(await outcome("-d", "x", url), "GET ");
      assert.equal(await outcome("-d", "x", `--post${code}`, url), "POST x");
      const other = code === 301 ? 302 : 301;
      assert.equal(await outcome("-d", "x", `--post${other}`, url), "GET ");
      assert.equal(await outcome("-X", "POST", "-d", "x", url), "POST x");
    }
    assert.equal(await outcome("-d", "x", urlOf(server, "/307")), "POST x");
  });

  test("redirects_over_the_limit_exit_with_47", async (t) => {
    const server = await redirecting(t);
    const url = urlOf(server, "/loop");
    await fails(47, /ferry: .*without end.*after 50 redirects.* \(FERRY_ERROR_REDIRECT\)/, [
      ...["-L", url],
    ]);
    assert.equal(server.requests.length, 51);
    await fails(47, /ferry: .*after 2 redirects.*/, ["-L", "--max-redirs", "2", url]);
    await fails(47, "ferry: the server redirects, and --max-redirs allows none", [
      ...["-L", "--max-redirs", "0", url],
    ]);
    const ended = await printed(["-L", "--max-redirs", "-1", urlOf(server, "/302")]);
    assert.equal(ended, "GET \n");
  });

  test("redirect_to_another_scheme_exits_with_1", async (t) => {
    const server = await keeping(t, (request, response) => {
      response.writeHead(302, { Location: "gopher://127.0.0.1/" }).end();
    });
    await fails(1, /ferry: .* \(FERRY_ERROR_REDIRECT\)/, ["-L", urlOf(server)]);
  });

  test("credentials_and_headers_stay_with_the_first_origin_unless_it_is_trusted", async (t) => {
    const other = await keeping(t);
    const server = await keeping(t, (request, response) => {
      response.writeHead(302, { Location: urlOf(other) }).end();
    });
    const args = ["-u", "me:secret", "-H", "X-Key: k", "-A", "agent", urlOf(server)];
    await printed(["-L", ...args]);
    await printed(["--location-trusted", ...args]);
    const [careful, trusting] = other.requests;
    assert.equal(careful.headers.authorization, undefined);
    assert.equal(careful.headers["x-key"], undefined);
    assert.equal(careful.headers["user-agent"], "agent");
    assert.match(trusting.headers.authorization, /^Basic /);
    assert.equal(trusting.headers["x-key"], "k");
  });
});

describe("The command line: retries", () => {
  const failing = (t, ...heads) => {
    let count = 0;
    return keeping(t, (request, response) => {
      const [code, headers] = heads[count++] ?? [200, {}];
      response.writeHead(code, headers).end(`answer ${count}\n`);
    });
  };

  for (const code of [408, 429, 500, 502, 503, 504]) {
    test(`status_${code}_is_tried_again`, async (t) => {
      const server = await failing(t, [code, {}]);
      const file = path.join(temporaryFolder(t), "out");
      const args = ["--retry", "2", "--retry-delay", "0.01", "-o", file, urlOf(server)];
      const { code: exit, stderr } = await ferry(args);
      assert.equal(exit, 0);
      assert.equal(
        stderr,
        `ferry: the server answered with status ${code}; trying again in 0.01 s, 1 more at most\n`,
      );
      assert.equal(fs.readFileSync(file, "utf8"), "answer 2\n");
    });
  }

  test("retries_come_to_an_end_and_other_failures_are_final", async (t) => {
    const server = await failing(t, [503, {}], [503, {}], [503, {}], [404, {}]);
    const args = ["-s", "-f", "--retry", "2", "--retry-delay", "0.01", urlOf(server)];
    assert.equal((await ferry(args)).code, 22);
    assert.equal(server.requests.length, 3);
    assert.equal((await ferry(args)).code, 22);
    assert.equal(server.requests.length, 4);
  });

  test("retry_after_is_waited_for_and_not_beyond_the_time_that_is_allowed", async (t) => {
    const server = await failing(t, [503, { "Retry-After": "0" }], [503, { "Retry-After": "99" }]);
    const args = ["--retry", "9", "--retry-delay", "50", "--retry-max-time", "60"];
    const { code, stdout, stderr } = await ferry([...args, urlOf(server)]);
    assert.equal(code, 0);
    assert.match(stderr, /^ferry: .*503; trying again in 0 s, 8 more at most\n$/);
    assert.equal(stdout.toString(), "answer 1\nanswer 2\n");
  });

  test("refused_connection_is_tried_again_if_asked_for", async () => {
    const url = `http://127.0.0.1:${await closedPort()}/`;
    const again = /trying again/g;
    const count = async (...args) => {
      const { code, stderr } = await ferry(["--retry", "2", "--retry-delay", "0.01", ...args, url]);
      assert.equal(code, 7);
      return (stderr.match(again) ?? []).length;
    };
    assert.equal(await count(), 0);
    assert.equal(await count("--retry-connrefused"), 2);
    assert.equal(await count("--retry-all-errors"), 2);
  });

  test("upload_of_a_file_is_tried_again_from_its_beginning", async (t) => {
    const server = await failing(t, [503, {}]);
    const file = path.join(temporaryFolder(t), "data");
    fs.writeFileSync(file, "x".repeat(200_000));
    await ferry(["--retry", "1", "--retry-delay", "0.01", "-T", file, urlOf(server)]);
    assert.deepEqual(
      server.requests.map(({ body }) => body.length),
      [200_000, 200_000],
    );
  });
});

describe("The command line: parts and uploads of pipes", () => {
  /** A path that is a pipe: another program writes `text` to it. */
  const piped = (...args) => ["-c", 'exec "$@" 3< <(printf %s "$TEXT")', "-", program, ...args];
  const run = (text, ...args) => ferry(piped(...args), { command: "bash", env: { TEXT: text } });
  const contentOf = ({ body }) => /\r\n\r\n([^]*?)\r\n--/.exec(body)[1];

  for (const [kind, part, options] of [
    ["standard_input", "f=@-", { input: "DATA" }],
    ["another_pipe", "f=@/dev/fd/3", {}],
  ]) {
    const ask = (args) =>
      options.input === undefined ? run("DATA", ...args) : ferry(args, options);

    test(`part_from_${kind}_is_sent_again_by_a_retry`, async (t) => {
      let count = 0;
      const server = await keeping(t, (request, response) => {
        response.writeHead(count++ === 0 ? 503 : 200).end();
      });
      const args = ["-s", "--retry", "1", "--retry-delay", "0.01", "-F", part, urlOf(server)];
      const { code } = await ask(args);
      assert.equal(code, 0);
      assert.deepEqual(server.requests.map(contentOf), ["DATA", "DATA"]);
    });

    test(`part_from_${kind}_is_sent_to_each_url`, async (t) => {
      const server = await keeping(t);
      const { code } = await ask(["-F", part, urlOf(server), urlOf(server)]);
      assert.equal(code, 0);
      assert.deepEqual(server.requests.map(contentOf), ["DATA", "DATA"]);
    });
  }

  test("upload_of_a_pipe_is_not_tried_again_without_its_bytes", async (t) => {
    const server = await keeping(t, (request, response) => response.writeHead(503).end());
    const args = ["-s", "-f", "--retry", "1", "--retry-delay", "0.01", "-T", "/dev/fd/3"];
    const { code } = await run("DATA", ...args, urlOf(server));
    assert.equal(code, 22);
    assert.deepEqual(
      server.requests.map(({ body }) => `${body}`),
      ["DATA"],
    );
  });
});

describe("The command line: several URLs", () => {
  test("urls_are_fetched_in_their_order_over_one_connection", async (t) => {
    const server = await keeping(t, (request, response) => response.end(`${request.url}\n`));
    const urls = ["/a", "/b", "/c"].map((target) => urlOf(server, target));
    assert.equal(await printed([urls[0], "--url", urls[1], urls[2]]), "/a\n/b\n/c\n");
    assert.equal(server.connectionCount, 1);
  });

  test("options_behind_next_are_for_what_follows", async (t) => {
    const server = await keeping(t);
    await printed(["-H", "X-A: 1", "-d", "x", urlOf(server), "--next", "-A", "b", urlOf(server)]);
    const [first, second] = server.requests;
    assert.deepEqual([first.method, first.headers["x-a"]], ["POST", "1"]);
    assert.deepEqual([second.method, second.headers["x-a"]], ["GET", undefined]);
    assert.equal(second.headers["user-agent"], "b");
    await fails(2, /ferry: there is no URL .*/, [urlOf(server), "--next"]);
    await fails(2, /ferry: there is no URL before --next .*/, ["-:", urlOf(server)]);
  });

  test("parallel_transfers_are_under_way_at_once", async (t) => {
    const waiting = [];
    const server = await keeping(t, (request, response) => {
      waiting.push(() => response.end(request.url));
      if (waiting.length === 8) for (const answer of waiting) answer();
    });
    const folder = temporaryFolder(t);
    const urls = Array.from({ length: 8 }, (_, i) => urlOf(server, `/file${i}`));
    await printed(["-Z", "--remote-name-all", "--output-dir", folder, ...urls]);
    for (let i = 0; i < 8; i++) {
      assert.equal(fs.readFileSync(path.join(folder, `file${i}`), "utf8"), `/file${i}`);
    }
  });

  test("parallel_max_is_not_exceeded", async (t) => {
    let now = 0;
    let most = 0;
    const server = await keeping(t, (request, response) => {
      most = Math.max(most, ++now);
      setImmediate(() => {
        now--;
        response.end();
      });
    });
    const urls = Array.from({ length: 12 }, () => urlOf(server));
    await printed(["-Z", "--parallel-max", "3", ...urls]);
    assert.equal(server.requests.length, 12);
    assert.ok(most <= 3, `${most}`);
  });

  test("exit_code_is_the_last_ones_and_fail_early_ends_with_the_first_failure", async (t) => {
    const server = await keeping(t);
    const closed = `http://127.0.0.1:${await closedPort()}/`;
    assert.equal((await ferry(["-s", closed, urlOf(server)])).code, 0);
    assert.equal((await ferry(["-s", urlOf(server), closed])).code, 7);
    assert.equal((await ferry(["-s", "-Z", closed, urlOf(server)])).code, 7);
    server.requests.length = 0;
    assert.equal((await ferry(["-s", "--fail-early", closed, urlOf(server)])).code, 7);
    assert.equal(server.requests.length, 0);
  });

  const terminal = { skip: noTerminal };
  test("terminal_shows_a_bar_for_each_and_one_for_all", terminal, async (t) => {
    const held = [];
    const folder = temporaryFolder(t);
    const server = await keeping(t, (request, response) => {
      response.writeHead(200, { "Content-Length": 4000 }).write("x".repeat(1000));
      held.push(response);
    });
    const line = `${program} -Z --remote-name-all --output-dir ${folder} ${urlOf(server, "/one")} ${urlOf(server, "/two")}`;
    const run = start(["-q", "-e", "-c", line, "/dev/null"], { command: "script" });
    await new Promise((resolve) =>
      run.child.stdout.on("data", () => {
        const shown = run.result.stdout.toString("latin1");
        if (/one received +25%/.test(shown) && /two received +25%/.test(shown)) resolve();
      }),
    );
    for (const response of held) response.end("x".repeat(3000));
    const { code, stdout } = await run.ended;
    assert.equal(code, 0);
    assert.match(stdout.toString("latin1"), /all +0 of 2 done, /);
    assert.equal(fs.statSync(path.join(folder, "two")).size, 4000);
  });
});

describe("The command line: files", () => {
  test("O_takes_the_name_at_the_end_of_the_typed_url", async (t) => {
    const server = await keeping(t, (request, response) => {
      if (request.url.startsWith("/moved")) {
        response.writeHead(302, {
          Location: "/evil",
          "Content-Disposition": "attachment; filename=evil",
        });
      }
      response.end("body");
    });
    const folder = temporaryFolder(t);
    for (const [target, name] of [
      ["/a/page.html?q=/x", "page.html"],
      ["/moved.bin", "moved.bin"],
      ["/a%20b", "a%20b"],
    ]) {
      await printed(["-L", "-O", "--output-dir", folder, urlOf(server, target)]);
      assert.equal(fs.readFileSync(path.join(folder, name), "utf8"), "body");
    }
    assert.equal(fs.existsSync(path.join(folder, "evil")), false);
  });

  for (const target of ["/", "", "/a/..%2F..%2Fx", "/..%5Cx", "/%2e%2e", "/a%0Ab", "/a%7Fb"]) {
    test(`O_refuses_the_name_in_${JSON.stringify(target)}`, async (t) => {
      const server = await rawServer(t, () => {});
      const folder = temporaryFolder(t);
      const args = ["-O", "--output-dir", folder, urlOf(server, target)];
      await fails(23, /ferry: the (URL ends without|name at the end).* -O .*/, args);
      assert.equal(server.connections.length, 0);
      assert.deepEqual(fs.readdirSync(folder), []);
    });
  }

  test("outputs_are_for_urls_in_turn_and_folders_are_made", async (t) => {
    const server = await keeping(t, (request, response) => response.end(request.url));
    const folder = temporaryFolder(t);
    const [one, two] = [path.join(folder, "x/y/one"), path.join(folder, "two")];
    const args = ["--create-dirs", "-o", one, "-o", two];
    assert.equal(
      await printed([...args, ...["/1", "/2", "/3"].map((to) => urlOf(server, to))]),
      "/3",
    );
    assert.equal(fs.readFileSync(one, "utf8"), "/1");
    assert.equal(fs.readFileSync(two, "utf8"), "/2");
    await fails(23, /ferry: cannot write .*: No such file or directory/, [
      ...["-o", path.join(folder, "no/such"), urlOf(server)],
    ]);
  });

  test("no_clobber_keeps_files_and_remove_on_error_keeps_no_part", async (t) => {
    const folder = temporaryFolder(t);
    const file = path.join(folder, "file");
    fs.writeFileSync(file, "old");
    const server = await keeping(t);
    await printed(["--no-clobber", "-o", file, urlOf(server)]);
    assert.equal(fs.readFileSync(file, "utf8"), "old");
    assert.equal(fs.readFileSync(`${file}.1`, "utf8"), "hello\n");
    await printed(["--no-clobber", "--clobber", "-o", file, urlOf(server)]);
    assert.equal(fs.readFileSync(file, "utf8"), "hello\n");
    const cut = await answeringOnce(t, `${lines("HTTP/1.1 200 OK", "Content-Length: 9")}abc`);
    const args = ["--remove-on-error", "-o", file, urlOf(cut)];
    await fails(18, /ferry: .* \(FERRY_ERROR_BODY_TRUNCATED\)/, args);
    assert.equal(fs.existsSync(file), false);
  });

  test("failure_leaves_the_file_that_another_transfer_writes", async (t) => {
    const server = await keeping(t);
    const file = path.join(temporaryFolder(t), "out");
    const closed = `http://127.0.0.1:${await closedPort()}/`;
    const { code } = await ferry(["-Z", closed, urlOf(server), "-o", file, "-o", file]);
    assert.equal(code, 7);
    assert.equal(fs.readFileSync(file, "utf8"), "hello\n");
  });

  test("file_is_made_when_its_first_byte_comes", async (t) => {
    const file = path.join(temporaryFolder(t), "out");
    let asked;
    const reached = new Promise((resolve) => (asked = resolve));
    const server = await keeping(t, () => asked());
    const run = start(["-o", file, urlOf(server)]);
    await reached;
    run.child.kill("SIGTERM");
    assert.equal((await run.ended).code, "SIGTERM");
    assert.equal(fs.existsSync(file), false);
  });

  test("symbolic_link_to_nothing_makes_what_it_names_and_folders_are_the_users", async (t) => {
    const folder = temporaryFolder(t);
    const server = await keeping(t);
    fs.symlinkSync("target", path.join(folder, "link"));
    await printed(["-o", path.join(folder, "link"), urlOf(server)]);
    assert.equal(fs.readFileSync(path.join(folder, "target"), "utf8"), "hello\n");
    await printed(["--create-dirs", "-o", path.join(folder, "new/out"), urlOf(server)]);
    assert.equal(fs.statSync(path.join(folder, "new")).mode & 0o007, 0);
  });

  test("file_in_a_folder_that_is_missing_is_refused_before_anything_is_sent", async (t) => {
    const server = await keeping(t);
    const file = path.join(temporaryFolder(t), "missing/out");
    await fails(23, `ferry: cannot write ${file}: No such file or directory`, [
      ...["-o", file, urlOf(server)],
    ]);
    assert.equal(server.requests.length, 0);
  });

  test("remove_on_error_removes_bodies_of_errors_and_parts_of_dropped_transfers", async (t) => {
    const folder = temporaryFolder(t);
    const file = path.join(folder, "file");
    const server = await keeping(t, (request, response) => response.writeHead(404).end("gone"));
    for (const options of [["--fail-with-body"], ["-f", "-i"]]) {
      const args = ["-s", ...options, "-o", file, urlOf(server)];
      assert.equal((await ferry(args)).code, 22);
      assert.equal(fs.existsSync(file), true);
      assert.equal((await ferry(["--remove-on-error", ...args])).code, 22);
      assert.equal(fs.existsSync(file), false);
    }
    const part = path.join(folder, "part");
    let fail;
    const both = await keeping(t, (request, response) => {
      if (request.url === "/fail") fail = () => response.writeHead(404).end();
      else response.writeHead(200, { "Content-Length": 9 }).write("abc");
    });
    const run = start([
      ...["-s", "-Z", "-f", "--fail-early", "--remove-on-error", "-o", part, "-o", file],
      ...[urlOf(both, "/part"), urlOf(both, "/fail")],
    ]);
    while (fail === undefined || !fs.existsSync(part) || fs.statSync(part).size < 3) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    fail();
    assert.equal((await run.ended).code, 22);
    assert.deepEqual(fs.readdirSync(folder), []);
  });

  const partial = (from, total, text) =>
    Buffer.concat([
      Buffer.from(
        lines(
          "HTTP/1.1 206 Partial Content",
          `Content-Range: bytes ${from}-${total - 1}/${total}`,
          `Content-Length: ${text.length}`,
        ),
      ),
      Buffer.from(text),
    ]);

  test("C_goes_on_where_the_file_ends", async (t) => {
    const file = path.join(temporaryFolder(t), "file");
    fs.writeFileSync(file, "abc");
    const server = await answering(t, [partial(3, 6, "def")]);
    for (const offset of ["-", "3"]) {
      fs.writeFileSync(file, "abc");
      await printed(["-C", offset, "-o", file, urlOf(server)]);
      assert.equal(fs.readFileSync(file, "utf8"), "abcdef");
    }
    assert.match(server.connections[0].received.toString(), /\r\nRange: bytes=3-\r\n/);
    fs.rmSync(file);
    const whole = await keeping(t);
    await printed(["-C", "-", "-o", file, urlOf(whole)]);
    assert.equal(whole.requests[0].headers.range, undefined);
    assert.equal(fs.readFileSync(file, "utf8"), "hello\n");
  });

  test("C_exits_with_33_where_the_server_sends_something_else_and_the_file_stays", async (t) => {
    const file = path.join(temporaryFolder(t), "file");
    const missing = `${lines("HTTP/1.1 404 Not Found", "Content-Length: 4")}gone`;
    for (const answer of [ok("abcdef"), partial(2, 6, "cdef"), missing]) {
      fs.writeFileSync(file, "abc");
      const server = await answering(t, [answer]);
      await fails(33, /ferry: .*-C.*/, ["-C", "-", "-o", file, urlOf(server)]);
      assert.equal(fs.readFileSync(file, "utf8"), "abc");
    }
    const complete = await answering(t, [
      lines("HTTP/1.1 416 No", "Content-Range: bytes */3", "Content-Length: 2") + "no",
    ]);
    await printed(["-C", "-", "-f", "-o", file, urlOf(complete)]);
    await fails(22, /ferry: .*416 \(--fail\)/, ["-C", "3", "-f", "-o", file, urlOf(complete)]);
    assert.equal(fs.readFileSync(file, "utf8"), "abc");
  });

  test("C_sends_the_rest_of_an_upload", async (t) => {
    const file = path.join(temporaryFolder(t), "file");
    fs.writeFileSync(file, "abcdef");
    const server = await keeping(t);
    await printed(["-C", "2", "-T", file, urlOf(server)]);
    assert.equal(server.requests[0].headers["content-range"], "bytes 2-5/6");
    assert.equal(server.requests[0].body.toString(), "cdef");
  });

  test("condition_that_is_not_met_leaves_the_file", async (t) => {
    const file = path.join(temporaryFolder(t), "file");
    fs.writeFileSync(file, "old");
    const ignorant = await answering(t, [
      ok("new", "Last-Modified: Mon, 01 Jan 2001 00:00:00 GMT"),
    ]);
    const aware = await answering(t, [lines("HTTP/1.1 304 Not Modified")]);
    for (const server of [ignorant, aware]) {
      const args = ["-z", "2002-01-01", "-w", "%{http_code}", "-o", file, urlOf(server)];
      assert.equal(await printed(args), "304");
      assert.equal(fs.readFileSync(file, "utf8"), "old");
    }
    await printed(["-z", "2000-01-01", "-R", "-o", file, urlOf(ignorant)]);
    assert.equal(fs.readFileSync(file, "utf8"), "new");
    assert.equal(fs.statSync(file).mtimeMs, Date.UTC(2001, 0, 1));
  });

  test("max_filesize_exits_with_63", async (t) => {
    const server = await answering(t, [ok("x".repeat(2000))]);
    await fails(63, /ferry: .*--max-filesize.* \(FERRY_ERROR_TOO_LARGE\)/, [
      ...["--max-filesize", "1k", urlOf(server)],
    ]);
    assert.equal((await printed(["--max-filesize", "2000", urlOf(server)])).length, 2000);
    await fails(2, /ferry: --max-filesize takes a number of bytes.*/, ["--max-filesize", "x", "a"]);
  });

  test("heads_go_to_the_file_of_D", async (t) => {
    const server = await answering(t, [ok("body")]);
    const file = path.join(temporaryFolder(t), "heads");
    fs.writeFileSync(file, "old");
    assert.equal(await printed(["-D", file, urlOf(server), urlOf(server)]), "bodybody");
    const head = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n";
    assert.equal(fs.readFileSync(file, "utf8"), head + head);
    assert.equal(await printed(["-D", "-", urlOf(server)]), `${head}body`);
    await printed(["-D", file, urlOf(server), "--next", "-D", file, urlOf(server)]);
    assert.equal(fs.readFileSync(file, "utf8"), head);
  });

  test("file_of_D_has_each_head_of_this_run_and_is_found_out_before_a_request", async (t) => {
    const held = [];
    const server = await keeping(t, (request, response) => {
      response.setHeader("X-Path", request.url);
      held.push(response);
      if (request.url === "/alone" || held.length === 2) for (const one of held) one.end();
    });
    const file = path.join(temporaryFolder(t), "heads");
    await printed(["-Z", "-D", file, urlOf(server, "/one"), urlOf(server, "/two")]);
    const paths = () => fs.readFileSync(file, "utf8").match(/(?<=^X-Path: ).*$/gm);
    assert.deepEqual(paths().sort(), ["/one", "/two"]);
    const closed = `http://127.0.0.1:${await closedPort()}/`;
    await ferry(["-D", file, closed, urlOf(server, "/alone")]);
    assert.deepEqual(paths(), ["/alone"]);
    await ferry(["-D", file, closed]);
    assert.equal(fs.readFileSync(file, "utf8"), "");
    await fails(23, /ferry: cannot write .*: Not a directory/, [
      ...["-D", `${file}/heads`, "-d", "x", urlOf(server, "/alone")],
    ]);
    assert.equal(server.requests.length, 3);
  });

  test("fail_with_body_exits_with_22_after_the_body", async (t) => {
    const gone = `${lines("HTTP/1.1 404 Not Found", "Content-Length: 4")}gone`;
    const server = await answering(t, [gone]);
    const sentence = "ferry: the server answered with status 404 (--fail-with-body)";
    const { stdout } = await fails(22, sentence, ["--fail-with-body", urlOf(server)]);
    assert.equal(stdout.toString(), "gone");
    await fails(2, /ferry: -f and --fail-with-body .*/, ["-f", "--fail-with-body", urlOf(server)]);
  });
});

describe("The command line: what it prints and reads", () => {
  test("write_out_knows_curls_variables", async (t) => {
    const server = await keeping(t, (request, response) => {
      if (request.url === "/a") response.writeHead(302, { Location: "/b" });
      else response.writeHead(200, { "Content-Type": "text/x", "X-Two": "2" });
      response.end("12345");
    });
    const file = path.join(temporaryFolder(t), "out");
    const shown = (format, ...args) => printed(["-o", file, "-w", format, ...args]);
    const url = urlOf(server, "/a");
    const names = ["http_code", "num_redirects", "size_download", "content_type", "method"];
    const format = names.map((name) => `%{${name}}`).join(" ");
    assert.equal(await shown(format, "-L", url), "200 1 5 text/x GET");
    assert.equal(await shown(format, url), "302 0 5  GET");
    assert.equal(
      await shown("%{url} %{url_effective}", "-L", url),
      `${url} ${urlOf(server, "/b")}`,
    );
    assert.equal(await shown("%{redirect_url}", url), urlOf(server, "/b"));
    assert.equal(await shown("%{filename_effective} %{scheme}", url), `${file} HTTP`);
    assert.equal(await shown("%{remote_ip}:%{remote_port}", url), `127.0.0.1:${server.port}`);
    assert.equal(await shown("%{num_connects} %{urlnum};", url, url), "1 0;123450 1;");
    assert.equal(await shown("%header{x-two}|%{http_version}\\n%%\\t", "-L", url), "2|1.1\n%\t");
    assert.equal(await shown("%{size_upload}%{onerror}no", "-d", "abc", url), "3");
    assert.match(await shown("%{time_total}", url), /^\d+\.\d{6}$/);
    assert.equal(await shown("%{method}", "-L", "-d", "x", url), "GET");
    assert.equal(await shown("%{method}", "-L", "--post302", "-d", "x", url), "POST");
    const json = JSON.parse(await shown("%{json}", "-L", url));
    assert.equal(json.response_code, 200);
    assert.equal(json.errormsg, null);
    assert.equal(json.num_redirects, 1);
    const headers = JSON.parse(await shown("%{header_json}", "-L", url));
    assert.deepEqual(headers["x-two"], ["2"]);
  });

  test("write_out_keeps_escapes_that_mean_nothing", async (t) => {
    const server = await answering(t, [ok("")]);
    const format = String.raw`\\n|%\n|\q|%q|%{x|%`;
    assert.equal(await printed(["-w", format, urlOf(server)]), format);
  });

  test("write_out_goes_to_standard_error_and_knows_failures", async () => {
    const url = `http://127.0.0.1:${await closedPort()}/`;
    const format = "%{stderr}%{exitcode} %{http_code} %{nonsense}%{stdout}%{errormsg}";
    const { code, stdout, stderr } = await ferry(["-s", "-w", format, url]);
    assert.equal(code, 7);
    assert.match(stdout.toString(), /^cannot connect to .*FERRY_ERROR_CANT_CONNECT/);
    assert.match(stderr, /^ferry: warning: -w: there is no variable 'nonsense'\n7 000 $/);
  });

  test("config_file_holds_options", async (t) => {
    const server = await keeping(t);
    const folder = temporaryFolder(t);
    const inner = path.join(folder, "inner");
    const file = path.join(folder, "config");
    fs.writeFileSync(inner, 'header = "X-Inner: \\"quoted\\"\\t."\n');
    fs.writeFileSync(
      file,
      `# a comment\n-A agent\n  request: PATCH\ndata "a b"\n\nsilent\n-K ${inner}\nurl = ${urlOf(server)}\n`,
    );
    await printed(["-K", file]);
    const [request] = server.requests;
    assert.equal(request.method, "PATCH");
    assert.equal(request.body.toString(), "a b");
    assert.equal(request.headers["user-agent"], "agent");
    assert.equal(request.headers["x-inner"], '"quoted"\t.');
    await printed(["-K", "-"], { input: `url=${urlOf(server, "/x")}` });
    assert.equal(server.requests[1].url, "/x");
    fs.writeFileSync(file, `-K ${file}\n`);
    await fails(2, /ferry: -K: files of options name each other without end.*/, ["-K", file]);
    fs.writeFileSync(file, "sail = fast\n");
    await fails(2, /ferry: there is no option --sail .*/, ["-K", file]);
    await fails(26, "ferry: cannot read /absent: No such file or directory", ["-K", "/absent"]);
  });

  test("config_file_takes_letters_as_the_command_line_does", async (t) => {
    const server = await keeping(t);
    const file = path.join(temporaryFolder(t), "config");
    fs.writeFileSync(file, '-sS\n-XPUT\n-HX-A:1\n-H "X-B: 2"\n');
    assert.equal(await printed(["-K", file, urlOf(server)]), "hello\n");
    const [{ method, headers }] = server.requests;
    assert.deepEqual([method, headers["x-a"], headers["x-b"]], ["PUT", "1", "2"]);
  });

  test("switches_are_taken_back_by_no", async (t) => {
    const server = await redirecting(t);
    assert.equal(await printed(["-L", "--no-location", urlOf(server, "/302")]), "moved\n");
    assert.equal(await printed(["--no-http0.9", urlOf(server, "/302")]), "moved\n");
  });

  test("show_error_speaks_where_silent_is_set_and_stderr_goes_elsewhere", async (t) => {
    const url = `http://127.0.0.1:${await closedPort()}/`;
    await fails(7, /ferry: cannot connect .*/, ["-sS", url]);
    const file = path.join(temporaryFolder(t), "log");
    const { code, stderr } = await ferry(["--stderr", file, url]);
    assert.equal(code, 7);
    assert.equal(stderr, "");
    assert.match(fs.readFileSync(file, "utf8"), /^ferry: cannot connect/);
  });

  test("limit_rate_holds_a_transfer_back", async (t) => {
    const server = await answering(t, [ok("x".repeat(30_000))]);
    const begin = process.hrtime.bigint();
    assert.equal((await printed(["--limit-rate", "50k", urlOf(server)])).length, 30_000);
    assert.ok(Number(process.hrtime.bigint() - begin) / 1e9 >= 0.25);
  });
});
