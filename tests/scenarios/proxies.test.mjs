// SPDX-License-Identifier: MIT
// proxies: requests through proxies that behave and proxies that do not, hosts that need none, the
// environment; squid and tinyproxy, which are real ones.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { basic, environment, squid, startSquid, startTinyproxy } from "./lib/proxies.mjs";
import { survived, tinyproxy } from "./lib/proxies.mjs";
import { connected, exchange, expectRun, expectTranscript, quick, run } from "./lib/run.mjs";
import {
  answering,
  closedPort,
  httpServer,
  lines,
  ok,
  rawServer,
  received,
} from "./lib/servers.mjs";

/** What a scenario begins with where an http proxy is set. */
const set = ["set_http_proxy: OK"];
const greeting = ok("hello");
const origin = { host: "origin.test", port: 80 };
const greeted = (target = "/", options = {}) =>
  exchange(target, "hello", { host: "origin.test", ...options });
const through = (proxy, credentials = "", host = "127.0.0.1") =>
  `http_proxy=${credentials}${host}:${proxy.port}`;
const get = (server, ...options) => ["exchange", server, ...options, "GET", "/", "-"];

describe("Plain requests through a proxy", () => {
  test("absolute_form_is_sent_and_the_connection_is_kept", async (t) => {
    const proxy = await answering(t, [greeting]);
    await expectRun(
      [...get(origin, through(proxy)), ",", "POST", "/a?b=c", "x=1", "X-A: 1"],
      set,
      connected,
      greeted(),
      greeted("/a?b=c", { sent: 3 }),
    );
    assert.equal(proxy.connections.length, 1);
    const [first, second] = received(proxy).split(/(?=POST)/);
    assert.match(first, /^GET http:\/\/origin\.test\/ HTTP\/1\.1\r\nHost: origin\.test\r\n/);
    assert.match(
      second,
      /^POST http:\/\/origin\.test\/a\?b=c HTTP\/1\.1\r\nHost: origin\.test\r\nX-A: 1\r\n/,
    );
    assert.doesNotMatch(first, /proxy-/i);
  });

  const forProxy = ["proxy_header=X-For: proxies", "proxy_header=User-Agent: relay/1"];

  test("headers_for_proxies_go_along_with_absolute_form", async (t) => {
    const proxy = await answering(t, [greeting]);
    await run(...get(origin, through(proxy, "a:b@"), ...forProxy), "X-A: 1");
    assert.match(
      received(proxy),
      /^GET http:\/\/origin\.test\/ HTTP\/1\.1\r\nHost: origin\.test\r\nX-A: 1\r\nX-For: proxies\r\nUser-Agent: relay\/1\r\nAccept-Encoding: [^\r]*\r\nAccept: \*\/\*\r\nProxy-Authorization: Basic [^\r]*\r\n\r\n$/,
    );
  });

  test("requests_own_header_goes_before_that_for_proxies", async (t) => {
    const proxy = await answering(t, [greeting]);
    const options = [...forProxy, "proxy_header=Proxy-Authorization: Bearer for-all"];
    await run(...get(origin, through(proxy, "a:b@"), ...options), "user-agent: own/1");
    assert.equal(
      received(proxy)
        .match(/^user-agent: .*$/gim)
        .join(),
      "user-agent: own/1",
    );
    const authorized = received(proxy).match(/^proxy-authorization: .*$/gim);
    assert.equal(authorized.join(), "Proxy-Authorization: Bearer for-all");
  });

  test("headers_for_proxies_go_to_no_origin", async (t) => {
    const server = await answering(t, [greeting]);
    const proxy = await answering(t, [greeting]);
    await run(...get(server, ...forProxy));
    await run(...get(server, through(proxy), "no_proxy=127.0.0.1", ...forProxy));
    for (const index of [0, 1]) {
      assert.match(received(server, index), /^GET \/ HTTP/);
      assert.doesNotMatch(received(server, index), /X-For|relay/);
    }
    assert.equal(proxy.connections.length, 0);
  });

  test("what_is_for_proxies_is_left_out_where_none_reads_the_request", async (t) => {
    const server = await answering(t, [greeting]);
    const headers = ["Proxy-Authorization: Basic c2VjcmV0", "X-A: 1", "proxy-connection: close"];
    const transcript = await run(...get(server, "log=2"), ...headers);
    assert.doesNotMatch(received(server), /proxy-/i);
    assert.match(received(server), /\r\nX-A: 1\r\n/);
    for (const name of ["Proxy-Authorization", "proxy-connection"]) {
      const warning = `log warning: the header ${name} is left out, since no proxy reads this request\n`;
      assert.equal(transcript.split(warning).length, 2, transcript);
    }
    assert.doesNotMatch(transcript, /c2VjcmV0/);
  });

  for (const [method, target] of [
    ["GET", "http://a.test/"],
    ["CONNECT", "a.test:80"],
  ]) {
    test(`what_is_for_proxies_stays_in_${method}_of_a_target_for_one`, async (t) => {
      const server = await answering(t, [lines("HTTP/1.1 403 No", "Content-Length: 0")]);
      await run("exchange", server, method, target, "-", "Proxy-Authorization: Bearer x");
      assert.match(received(server), /\r\nProxy-Authorization: Bearer x\r\n/);
    });
  }

  for (const line of ["X", "X y: z", "X: a\rb", "Host: a", "Content-Length: 0", "te: trailers"]) {
    test(`proxy_headers_with_${JSON.stringify(line)}_are_refused`, async () => {
      const transcript = await run("connect", origin, `proxy_header=${line}`, "127.0.0.1");
      assert.match(transcript, /^connect_to_host: INVALID_PARAMETER: .*proxy_headers/m);
    });
  }

  test("origins_port_stands_in_the_target_and_in_Host", async (t) => {
    const proxy = await answering(t, [greeting]);
    await expectRun(
      get({ ...origin, port: 8080 }, through(proxy)),
      set,
      connected,
      greeted("/", { host: "origin.test:PORT" }),
    );
    assert.match(
      received(proxy),
      /^GET http:\/\/origin\.test:8080\/ .*\r\nHost: origin\.test:8080\r\n/,
    );
  });

  test("OPTIONS_of_the_server_is_the_url_without_a_path", async (t) => {
    const proxy = await answering(t, [greeting]);
    await expectRun(
      ["exchange", origin, through(proxy), "OPTIONS", "*", "-"],
      set,
      connected,
      greeted("*"),
    );
    assert.match(
      received(proxy),
      /^OPTIONS http:\/\/origin\.test HTTP\/1\.1\r\nHost: origin\.test\r\n/,
    );
  });

  test("absolute_url_of_the_caller_is_left_as_it_is", async (t) => {
    const proxy = await answering(t, [greeting]);
    await expectRun(
      ["exchange", origin, through(proxy), "GET", "http://other.test:81/x", "-"],
      set,
      connected,
      greeted("http://other.test:81/x"),
    );
    assert.match(received(proxy), /^GET http:\/\/other\.test:81\/x HTTP\/1\.1\r\n/);
  });

  test("target_outside_ASCII_is_encoded_behind_the_host", async (t) => {
    const proxy = await answering(t, [greeting]);
    await expectRun(
      ["exchange", origin, through(proxy), "GET", "/caf\u00e9", "-"],
      set,
      connected,
      greeted("/caf%C3%A9"),
    );
    assert.match(received(proxy), /^GET http:\/\/origin\.test\/caf%C3%A9 /);
  });

  for (const address of ["::1", "[::1]"]) {
    test(`IPv6_target_${address}_stands_in_brackets`, async (t) => {
      const proxy = await answering(t, [greeting]);
      await expectRun(
        get({ host: address, port: 8080 }, through(proxy)),
        set,
        connected,
        greeted("/", { host: "[::1]:PORT" }),
      );
      assert.match(received(proxy), /^GET http:\/\/\[::1\]:8080\/ .*\r\nHost: \[::1\]:8080\r\n/);
    });

    test(`proxy_at_${address}_is_connected_to`, async (t) => {
      const proxy = await answering(t, [greeting], { host: "::1" });
      await expectRun(get(origin, through(proxy, "", address)), set, connected, greeted());
    });
  }

  test("prefix_before_the_proxy_may_be_in_any_case", async (t) => {
    const proxy = await answering(t, [greeting]);
    await expectRun(get(origin, through(proxy, "HTTP://")), set, connected, greeted());
  });

  test("proxy_goes_on_to_a_real_origin", async (t) => {
    const server = await httpServer(t, (request, response) => response.end(request.url));
    const proxy = await httpServer(t, async (request, response) => {
      const answer = await fetch(request.url);
      response.setHeader("X-Proxy", "1");
      response.end(await answer.text());
    });
    const transcript = await run(...get(server, through(proxy)));
    assert.match(transcript, /header: X-Proxy: 1\n/);
    assert.match(transcript, /body 1 bytes "\/"/);
  });

  test("requests_in_steady_state_allocate_nothing", async (t) => {
    const proxy = await answering(t, [greeting]);
    const transcript = await run("steady", origin, through(proxy, "a:b@"), quick ? 10 : 1000);
    assert.match(transcript, /allocations: 0\nleaked: 0\n$/);
    assert.match(received(proxy), /^GET http:\/\/origin\.test\/get [^]*\r\nProxy-Authorization: /);
  });

  test("large_bodies_go_both_ways", async (t) => {
    const proxy = await httpServer(t, (request, response) => request.pipe(response));
    const transcript = await run(...["exchange", origin, through(proxy), "POST", "/", "@3000000"]);
    assert.match(transcript, /body 3000000 bytes/);
  });

  test("proxy_that_is_changed_is_the_next_connections", async (t) => {
    const proxies = [
      await answering(t, [ok("first")]),
      await answering(t, [ok("other")]),
      await answering(t, [ok("none!")]),
    ];
    const [first, second, direct] = proxies;
    const body = (text) => exchange("/", text, { host: "127.0.0.1:PORT" });
    const still = (text) => exchange("/still", text, { host: "127.0.0.1:PORT" });
    const again = [
      "connect_to_host: OK",
      "status RESOLVING",
      "status CONNECTING",
      "status CONNECTED",
    ];
    await expectRun(
      ["proxy_changed", direct, `a:b@127.0.0.1:${first.port}`, `127.0.0.1:${second.port}`, "-"],
      "set_http_proxy: OK",
      connected,
      body("first"),
      "set_http_proxy: OK",
      still("first"),
      again,
      body("other"),
      "set_http_proxy: OK",
      still("other"),
      again,
      body("none!"),
    );
    assert.equal(received(first).match(/Proxy-Authorization/g).length, 2);
    assert.doesNotMatch(received(second), /Proxy-Authorization/);
    assert.match(received(direct), /^GET \/ HTTP/);
  });
});

describe("Credentials for a proxy", () => {
  test("each_request_has_them", async (t) => {
    const proxy = await answering(t, [greeting]);
    await expectRun(
      [...get(origin, through(proxy, "Aladdin:open%20sesame@")), ",", "GET", "/2", "-"],
      set,
      connected,
      greeted(),
      greeted("/2"),
    );
    const sent = received(proxy).match(/^Proxy-Authorization: .*$/gm);
    assert.deepEqual(
      sent,
      Array(2).fill("Proxy-Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="),
    );
  });

  test("those_of_the_callers_headers_take_their_place", async (t) => {
    const proxy = await answering(t, [greeting]);
    await run(...get(origin, through(proxy, "a:b@")), "proxy-authorization: Bearer x");
    const sent = received(proxy).match(/^proxy-authorization: .*$/gim);
    assert.deepEqual(sent, ["proxy-authorization: Bearer x"]);
  });

  test("they_do_not_stand_in_the_log_nor_in_a_detail", async (t) => {
    const proxy = await answering(t, [greeting]);
    const options = [through(proxy, "name:secret@"), "log=2"];
    const logged = await run(...get(origin, ...options), "Proxy-Authorization: c2VjcmV0");
    const ours = await run(...get(origin, ...options));
    const port = await closedPort();
    const refused = await run(...get(origin, through({ port }, "name:secret@"), "log=2"));
    const bad = await run(...get(origin, "http_proxy=name:secret@a b:80"));
    for (const text of [logged, ours, refused, bad]) {
      assert.doesNotMatch(text, /secret|c2VjcmV0|bmFtZTpzZWNyZXQ/);
    }
    assert.match(logged, /log sent: Proxy-Authorization: \*\*\*\n/);
    assert.match(ours, /log sent: Proxy-Authorization: \*\*\*\n/);
  });

  test("407_is_a_response_like_others", async (t) => {
    const asks = lines(
      "HTTP/1.1 407 Proxy Authentication Required",
      'Proxy-Authenticate: Basic realm="a"',
      "Content-Length: 0",
    );
    const proxy = await answering(t, [asks]);
    const headers = ['Proxy-Authenticate: Basic realm="a"', "Content-Length: 0"];
    await expectRun(
      get(origin, through(proxy)),
      set,
      connected,
      exchange("/", "", { host: "origin.test", code: 407, headers }),
    );
  });
});

describe("Proxies that cannot be used", () => {
  const refusals = [
    ["u:secret@127.0.0.1/path:80", "INVALID_PARAMETER: …path…"],
    ["u:secret%zz@127.0.0.1:80", "INVALID_PARAMETER: …%…"],
    ["ftp://127.0.0.1:80", "INVALID_PARAMETER: …ftp…"],
    ["socks5://127.0.0.1:1080", "UNAVAILABLE: …SOCKS…"],
    ["127.0.0.1:0", "INVALID_PARAMETER: …port 0…"],
    ["127.0.0.1:65536", "INVALID_PARAMETER: …port 65536…"],
    ["[::1:80", "INVALID_PARAMETER: …bracket…"],
  ];
  for (const [proxy, expected] of refusals) {
    test(`${proxy}_is_refused_and_none_is_set`, async (t) => {
      const server = await answering(t, [greeting]);
      await expectRun(
        get(server, `http_proxy=${proxy}`),
        `set_http_proxy: ${expected}`,
        connected,
        exchange("/", "hello"),
      );
    });
  }

  test("closed_port_is_CANT_CONNECT_and_names_the_proxy", async () => {
    const port = await closedPort();
    await expectRun(
      get(origin, through({ port })),
      set,
      "connect_to_host: OK",
      "status RESOLVING",
      "status CONNECTING",
      `poll: CANT_CONNECT: proxy: cannot connect to 127.0.0.1 port ${port}: …`,
      "status CANT_CONNECT",
    );
  });

  test("unknown_name_is_CANT_RESOLVE_and_names_the_proxy", async () => {
    await expectRun(
      get(origin, "http_proxy=proxy.invalid:80"),
      set,
      "connect_to_host: OK",
      "status RESOLVING",
      "poll: CANT_RESOLVE: proxy: …proxy.invalid…",
      "status CANT_RESOLVE",
    );
  });

  test("connection_that_the_proxy_ends_is_CONNECTION_ERROR", async (t) => {
    const proxy = await rawServer(t, async (connection) => {
      await connection.head();
      connection.end();
    });
    await expectRun(
      get(origin, through(proxy)),
      set,
      connected,
      "request: OK",
      "status REQUESTING",
      "poll: CONNECTION_ERROR: …",
      "status CONNECTION_ERROR",
    );
  });
});

describe("Hosts that need no proxy", () => {
  const cases = [
    ["127.0.0.1", true],
    ["127.0.0.0/8", true],
    ["10.0.0.0/8, 127.0.0.1", true],
    ["*", true],
    ["127.0.0.2", false],
    ["localhost", false],
    ["127.0.0.1:1", false],
    ["", false],
  ];
  for (const [rules, direct] of cases) {
    test(`no_proxy_"${rules}"_${direct ? "goes_directly" : "goes_by_the_proxy"}`, async (t) => {
      const server = await answering(t, [ok("direct")]);
      const proxy = await answering(t, [ok("proxy!")]);
      await expectRun(
        get(server, through(proxy), `no_proxy=${rules}`),
        set,
        connected,
        exchange("/", direct ? "direct" : "proxy!"),
      );
    });
  }

  test("names_are_compared_with_those_that_are_asked_for", async (t) => {
    const server = await answering(t, [ok("direct")]);
    const proxy = await answering(t, [ok("proxy!")]);
    const options = [through(proxy), "no_proxy=.test", `resolve=a.test:${server.port}:127.0.0.1`];
    await expectRun(
      get({ ...server, host: "a.test" }, ...options),
      set,
      connected,
      exchange("/", "direct", { host: "a.test:PORT" }),
    );
  });
});

describe("Proxies of the environment", () => {
  const cases = [
    [(p) => ({ http_proxy: `http://127.0.0.1:${p}` }), "proxy!"],
    [(p) => ({ http_proxy: `127.0.0.1:${p}/` }), "proxy!"],
    [(p) => ({ all_proxy: `http://127.0.0.1:${p}` }), "proxy!"],
    [(p) => ({ ALL_PROXY: `http://127.0.0.1:${p}` }), "proxy!"],
    [(p) => ({ http_proxy: "", all_proxy: `127.0.0.1:${p}` }), "proxy!"],
    [(p) => ({ HTTP_PROXY: `http://127.0.0.1:${p}` }), "direct"],
    [(p) => ({ https_proxy: `http://127.0.0.1:${p}` }), "direct"],
    [(p) => ({ http_proxy: `127.0.0.1:${p}`, no_proxy: "127.0.0.1" }), "direct"],
    [(p) => ({ http_proxy: `127.0.0.1:${p}`, NO_PROXY: "a, *" }), "direct"],
    [(p) => ({ http_proxy: `127.0.0.1:${p}`, no_proxy: "b", NO_PROXY: "*" }), "proxy!"],
    [() => ({ http_proxy: "socks5://a", no_proxy: "127.0.0.1" }), "direct"],
  ];
  for (const [variables, expected] of cases) {
    const label = JSON.stringify(variables("PORT")).replace(/[{}"]/g, "");
    test(`${label}_is_${expected === "direct" ? "direct" : "by_the_proxy"}`, async (t) => {
      const server = await answering(t, [ok("direct")]);
      const proxy = await answering(t, [ok("proxy!")]);
      await expectRun(
        get({ ...server, wrap: environment(variables(proxy.port)) }, "proxy_env=1"),
        connected,
        exchange("/", expected),
      );
    });
  }

  test("every_failed_allocation_is_survived", async (t) => {
    const proxy = await answering(t, [greeting]);
    const wrap = environment({ http_proxy: `http://a:b@proxy.invalid:${proxy.port}` });
    const options = ["proxy_env=1", "no_proxy=x", `resolve=proxy.invalid:${proxy.port}:127.0.0.1`];
    await expectRun(["allocations", { ...origin, wrap }, ...options, "get"], survived);
  });

  test("they_are_not_read_unless_asked_for", async (t) => {
    const server = await answering(t, [ok("direct")]);
    const wrap = environment({ http_proxy: `127.0.0.1:${await closedPort()}` });
    await expectRun(get({ ...server, wrap }), connected, exchange("/", "direct"));
  });

  test("other_options_do_not_ask_for_them", async (t) => {
    const server = await answering(t, [ok("direct")]);
    const wrap = environment({ http_proxy: `127.0.0.1:${await closedPort()}` });
    await expectRun(get({ ...server, wrap }, "no_proxy=x"), connected, exchange("/", "direct"));
  });

  test("one_that_is_set_goes_before", async (t) => {
    const proxy = await answering(t, [greeting]);
    const wrap = environment({ http_proxy: `127.0.0.1:${await closedPort()}`, no_proxy: "*" });
    await expectRun(
      get({ ...origin, wrap }, "proxy_env=1", through(proxy)),
      set,
      connected,
      greeted(),
    );
  });

  test("user_name_and_password_are_sent", async (t) => {
    const proxy = await answering(t, [greeting]);
    const wrap = environment({ http_proxy: `http://a:%40@127.0.0.1:${proxy.port}` });
    await expectRun(get({ ...origin, wrap }, "proxy_env=1"), connected, greeted());
    assert.ok(received(proxy).includes(`Proxy-Authorization: ${basic("a:@")}\r\n`));
  });

  const bad = [
    [{ http_proxy: "http://u:secret@a b" }, "INVALID_PARAMETER: the environment's http_proxy: …"],
    [{ ALL_PROXY: "ftp://u:secret@a" }, "INVALID_PARAMETER: the environment's ALL_PROXY: …ftp…"],
    [{ http_proxy: "socks5h://u:secret@a" }, "UNAVAILABLE: the environment's http_proxy: …SOCKS…"],
    [{ http_proxy: "a:99999" }, "INVALID_PARAMETER: the environment's http_proxy: …port…"],
  ];
  for (const [variables, expected] of bad) {
    test(`${Object.values(variables)}_is_refused_by_name`, async () => {
      const transcript = await run(
        ...["connect", { ...origin, wrap: environment(variables) }, "proxy_env=1", "origin.test"],
      );
      expectTranscript(transcript, `connect_to_host: ${expected}`);
      assert.doesNotMatch(transcript, /secret/);
    });
  }
});

describe("Addresses given for names", () => {
  const named = (server, ...options) => get({ ...server, host: "named.invalid" }, ...options);
  const hello = exchange("/", "hello", { host: "named.invalid:PORT" });

  for (const host of ["127.0.0.1", "::1"]) {
    test(`resolve_leads_to_${host}`, async (t) => {
      const server = await answering(t, [greeting], { host });
      await expectRun(
        named(server, `resolve=named.invalid:${server.port}:${host}`),
        connected,
        hello,
      );
      assert.match(received(server), /\r\nHost: named\.invalid:PORT\r\n/);
    });
  }

  test("brackets_case_and_a_final_dot_do_not_matter", async (t) => {
    const server = await answering(t, [greeting], { host: "::1" });
    await expectRun(named(server, `resolve=NAMED.invalid.:${server.port}:[::1]`), connected, hello);
  });

  test("first_line_that_is_meant_holds", async (t) => {
    const server = await answering(t, [greeting]);
    const lineOf = (host, port, address) => `resolve=${host}:${port}:${address}`;
    await expectRun(
      named(
        server,
        lineOf("other.invalid", server.port, "127.0.0.9"),
        lineOf("named.invalid", 1, "127.0.0.9"),
        lineOf("named.invalid", server.port, "127.0.0.1"),
        lineOf("named.invalid", server.port, "127.0.0.9"),
      ),
      connected,
      hello,
    );
  });

  test("address_can_stand_for_another_address", async (t) => {
    const server = await answering(t, [greeting]);
    await expectRun(
      get({ ...server, host: "::2" }, `resolve=[::2]:${server.port}:127.0.0.1`),
      connected,
      exchange("/", "hello", { host: "[::2]:PORT" }),
    );
  });

  test("failure_names_the_host_and_the_address", async () => {
    const port = await closedPort();
    await expectRun(
      named({ port }, `resolve=named.invalid:${port}:127.0.0.1`),
      "connect_to_host: OK",
      "status RESOLVING",
      "status CONNECTING",
      `poll: CANT_CONNECT: cannot connect to named.invalid port ${port}: 127.0.0.1:PORT: …`,
      "status CANT_CONNECT",
    );
  });

  test("proxys_name_can_have_one_and_the_origins_does_not_matter_then", async (t) => {
    const proxy = await answering(t, [greeting]);
    await expectRun(
      get(
        origin,
        `http_proxy=proxy.invalid:${proxy.port}`,
        "resolve=origin.test:80:127.0.0.9",
        `resolve=proxy.invalid:${proxy.port}:127.0.0.1`,
      ),
      set,
      connected,
      greeted(),
    );
  });

  const bad = ["", "a", "a:80", "a:80:", "a::127.0.0.1", ":80:127.0.0.1", "a:0:127.0.0.1"].concat([
    "a:65536:127.0.0.1",
    "a:80:b.test",
    "a:80:127.0.0.1:80",
    "[::1:80:127.0.0.1",
    "a:80:[127.0.0.1",
    "a:80:x127.0.0.1]",
    "a:80:127.0.0.1]",
  ]);
  for (const line of bad) {
    test(`resolve_"${line}"_is_refused`, async () => {
      await expectRun(
        ["connect", origin, `resolve=${line}`, "127.0.0.1"],
        `connect_to_host: INVALID_PARAMETER: the \`resolve\` line "${line.replaceAll(":80", ":PORT")}" is not HOST:PORT:ADDRESS`,
      );
    });
  }
});

describe("squid", { skip: squid ? false : "squid is not installed" }, () => {
  let open;
  let closed;
  before(async () => {
    open = await startSquid({ hosts: { "origin.test": "127.0.0.1" } });
    closed = await startSquid({ password: "name:pass%word" });
  });
  after(() => Promise.all([open?.stop(), closed?.stop()]));

  test("requests_share_a_connection_and_the_origins_name_is_squids_to_look_up", async (t) => {
    const server = await httpServer(t, (request, response) => response.end(request.url));
    const transcript = await run(
      ...["exchange", { ...server, host: "origin.test" }, through(open), "log=2"],
      ...["GET", "/1", "-", ",", "GET", "/2", "-", ",", "HEAD", "/3", "-"],
    );
    assert.match(transcript, /body 2 bytes "\/1"\n[^]*body 2 bytes "\/2"\n/);
    assert.equal(transcript.match(/log info: connected to/g).length, 1);
    assert.match(transcript, /header: Via: 1\.1 tests/);
  });

  test("refusal_is_a_response", async () => {
    const transcript = await run(...get({ host: "forbidden.test", port: 80 }, through(open)));
    assert.match(transcript, /\nresponse 403, /);
  });

  for (const [credentials, code] of [
    ["", 407],
    ["name:wrong@", 407],
    ["name:pass%25word@", 200],
  ]) {
    test(`credentials_"${credentials}"_give_${code}`, async (t) => {
      const server = await httpServer(t, (request, response) => response.end("hello"));
      const transcript = await run(...get(server, through(closed, credentials)));
      assert.match(transcript, new RegExp(`\nresponse ${code}, `));
    });
  }
});

describe("tinyproxy", { skip: tinyproxy ? false : "tinyproxy is not installed" }, () => {
  let proxy;
  before(async () => (proxy = await startTinyproxy({ password: "name:password" })));
  after(() => proxy?.stop());

  for (const [credentials, code] of [
    ["", 407],
    ["name:password@", 200],
  ]) {
    test(`credentials_"${credentials}"_give_${code}`, async (t) => {
      const server = await httpServer(t, (request, response) => response.end("hello"));
      const transcript = await run(...get(server, through(proxy, credentials)));
      assert.match(transcript, new RegExp(`\nresponse ${code}, `));
    });
  }
});
