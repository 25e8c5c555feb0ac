// SPDX-License-Identifier: MIT
// cli_tls: the command line's options for TLS and proxies, against Node's https server.
import assert from "node:assert/strict";
import { once } from "node:events";
import fs from "node:fs";
import https from "node:https";
import path from "node:path";
import { describe, test } from "node:test";
import { authority, days, derOf, encryptKey, fileOf, issue } from "../tls/lib/authority.mjs";
import { newKey, pemOf, pinOf, revocationList } from "../tls/lib/authority.mjs";
import { credentials } from "../tls/lib/servers.mjs";
import { fails, ferry, printed, temporaryFolder, urlOf } from "./lib/cli.mjs";
import { run } from "./lib/run.mjs";
import { answering, closedPort, httpServer, ok, rawServer } from "./lib/servers.mjs";

const hasTls = (await run("has_tls", { port: 1 })).includes("yes");
const needsTls = { skip: hasTls ? false : "this build has no TLS" };

const names = ["DNS:localhost", "IP:127.0.0.1"];
const root = authority("Harbour Root");
const middle = authority("Harbour Intermediate", { issuer: root });
const good = issue("localhost", { issuer: middle, names });
const trust = ["--cacert", fileOf(root.pem, "root.pem")];

/** An https server: says "hello", and whose certificate it was shown. */
async function serve(t, certificate = good, options = {}) {
  const server = https.createServer({ ...credentials(certificate), ...options }, (req, res) => {
    const subject = req.socket.getPeerCertificate?.().subject?.CN;
    res.end(`hello${subject ? ` ${subject}` : ""}\n`);
  });
  server.on("tlsClientError", () => {});
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address();
  return { port, url: `https://127.0.0.1:${port}/`, named: `https://localhost:${port}/` };
}

const certificateError = (words) =>
  new RegExp(`ferry: .*${words}.* \\(FERRY_ERROR_TLS_CERTIFICATE\\)`);

describe("The command line: who is trusted", needsTls, () => {
  test("cacert_trusts_an_authority_given_as_pem_or_der", async (t) => {
    const { named, url } = await serve(t);
    assert.equal(await printed([...trust, named]), "hello\n");
    assert.equal(await printed([...trust, url]), "hello\n");
    assert.equal(await printed(["--cacert", fileOf(derOf(root)), named]), "hello\n");
  });

  test("authorities_are_the_environments_unless_told_otherwise", async (t) => {
    const { named } = await serve(t);
    const env = { SSL_CERT_FILE: trust[1] };
    assert.equal(await printed([named], { env }), "hello\n");
    const other = fileOf(authority("Other Root").pem);
    await fails(60, certificateError("Harbour Root"), ["--cacert", other, named], { env });
  });

  for (const [name, words, make] of [
    ["expired", "expired on", () => issue("x", { issuer: root, names, to: days(-2) })],
    [
      "of_another_host",
      "not for localhost",
      () => issue("x", { issuer: root, names: ["DNS:a.test"] }),
    ],
    ["self_signed", "self-signed", () => issue("x", { names })],
  ]) {
    test(`certificate_${name}_exits_with_60`, async (t) => {
      const { named } = await serve(t, make());
      const { stdout } = await fails(60, certificateError(words), [...trust, named]);
      assert.equal(stdout.length, 0);
    });
  }

  test("insecure_takes_any_certificate_and_warns", async (t) => {
    const { named } = await serve(t, issue("x", { to: days(-2) }));
    const warning = "ferry: warning: whose server this is, is not verified (--insecure)\n";
    for (const option of ["-k", "--insecure"]) {
      const { code, stdout, stderr } = await ferry([option, named]);
      assert.equal(stderr, warning);
      assert.equal(stdout.toString(), "hello\n");
      assert.equal(code, 0);
    }
    assert.equal(await printed(["-k", "-s", named]), "hello\n");
  });

  test("insecure_with_cacert_verifies_all_but_the_name", async (t) => {
    const other = await serve(t, issue("x", { issuer: middle, names: ["DNS:a.test"] }));
    const { code, stderr } = await ferry(["-k", ...trust, other.named]);
    assert.equal(stderr, "ferry: warning: the server's name is not verified (--insecure)\n");
    assert.equal(code, 0);
    const stranger = await serve(t, issue("x", { names }));
    const result = await ferry(["-k", ...trust, stranger.named]);
    assert.equal(result.code, 60);
  });

  test("insecure_is_of_no_concern_to_http", async (t) => {
    const server = await answering(t, [ok("hello")]);
    assert.equal(await printed(["-k", urlOf(server)]), "hello");
  });

  test("revoked_certificate_exits_with_60", async (t) => {
    const { named } = await serve(t);
    const list = (...revoked) => fileOf(revocationList(middle, revoked));
    assert.equal(await printed([...trust, "--crl", list(), named]), "hello\n");
    await fails(60, certificateError("revoked"), [...trust, "--crl", list(good), named]);
  });

  test("pin_must_be_that_of_a_key_in_the_chain", async (t) => {
    const { named } = await serve(t);
    const wrong = pinOf(issue("x", { key: newKey() }));
    assert.equal(await printed([...trust, "--pin", pinOf(good), named]), "hello\n");
    assert.equal(
      await printed([...trust, "--pin", wrong, "--pin", pinOf(middle), named]),
      "hello\n",
    );
    await fails(60, certificateError("pin"), [...trust, "--pin", wrong, named]);
    await fails(2, /ferry: .*pin.* \(FERRY_ERROR_INVALID_PARAMETER\)/, ["--pin", "abc", named]);
  });
});

describe("The command line: client certificates", needsTls, () => {
  const key = newKey();
  const mine = issue("Captain", { issuer: root, key });
  const certificate = fileOf(mine.pem, "captain.pem");
  const locked = fileOf(encryptKey(key, "open sesame"), "locked.pem");
  const asking = { requestCert: true, rejectUnauthorized: true, ca: root.pem };
  const lockedArgs = [...trust, "--cert", certificate, "--key", locked];

  test("certificate_and_key_are_shown_to_the_server", async (t) => {
    const { named } = await serve(t, good, asking);
    const plain = fileOf(key, "key.pem");
    assert.equal(
      await printed([...trust, "--cert", certificate, "--key", plain, named]),
      "hello Captain\n",
    );
    const both = fileOf(pemOf(mine) + key, "both.pem");
    assert.equal(await printed([...trust, "-E", both, named]), "hello Captain\n");
  });

  test("password_comes_from_a_file_or_the_environment", async (t) => {
    const { named } = await serve(t, good, asking);
    const file = fileOf("open sesame\nsecond line\n", "password");
    assert.equal(
      await printed([...lockedArgs, "--pass", `file:${file}`, named]),
      "hello Captain\n",
    );
    const env = { FERRY_TEST_PASSWORD: "open sesame" };
    const args = [...lockedArgs, "--pass", "env:FERRY_TEST_PASSWORD", named];
    assert.equal(await printed(args, { env }), "hello Captain\n");
  });

  test("password_that_is_missing_or_wrong_exits_with_2", async (t) => {
    const { named } = await serve(t, good, asking);
    const wrong = fileOf("open barley", "password");
    const refused = (words) =>
      new RegExp(`ferry: .*${words}.* \\(FERRY_ERROR_INVALID_PARAMETER\\)`);
    await fails(2, refused("encrypted"), [...lockedArgs, named]);
    await fails(2, refused("password"), [...lockedArgs, "--pass", `file:${wrong}`, named]);
    await fails(2, /ferry: --pass: .*no variable FERRY_NOT_SET .*/, [
      ...lockedArgs,
      "--pass",
      "env:FERRY_NOT_SET",
      named,
    ]);
  });

  test("password_on_the_command_line_is_refused_and_not_repeated", async () => {
    const { code, stderr } = await ferry([
      ...lockedArgs,
      "--pass",
      "open sesame",
      "https://a.test",
    ]);
    assert.equal(code, 2);
    assert.match(stderr, /^ferry: --pass: .*file:NAME or env:NAME.*\n$/);
    assert.ok(!stderr.includes("sesame"));
  });

  test("key_without_a_certificate_is_refused", async () => {
    await fails(2, /ferry: --key .*--cert .*/, ["--key", locked, "https://a.test"]);
  });

  test("server_that_wants_a_certificate_and_gets_none_is_an_error", async (t) => {
    const { named } = await serve(t, good, asking);
    // Node's server does not say why it closes the connection.
    const line = /ferry: .* \(FERRY_ERROR_CONNECTION_ERROR\)/;
    const { stdout } = await fails(56, line, [...trust, named]);
    assert.equal(stdout.length, 0);
  });
});

describe("The command line: TLS itself", needsTls, () => {
  test("tls_min_sets_the_lowest_version", async (t) => {
    const old = await serve(t, good, { maxVersion: "TLSv1.2" });
    assert.equal(await printed([...trust, old.named]), "hello\n");
    assert.equal(await printed([...trust, "--tls-min", "1.2", old.named]), "hello\n");
    const line = /ferry: .*TLS version.* \(FERRY_ERROR_TLS_HANDSHAKE\)/;
    await fails(35, line, [...trust, "--tls-min", "1.3", old.named]);
    const today = await serve(t);
    assert.equal(await printed([...trust, "--tls-min=1.3", today.named]), "hello\n");
    await fails(2, /ferry: --tls-min: must be 1.2 or 1.3, not '1.1' .*/, ["--tls-min", "1.1", "a"]);
  });

  test("server_without_tls_exits_with_35", async (t) => {
    const server = await httpServer(t, () => {});
    const url = `https://127.0.0.1:${server.port}/`;
    await fails(35, /ferry: .*plain HTTP.* \(FERRY_ERROR_TLS_HANDSHAKE\)/, [...trust, url]);
  });

  test("verbose_shows_version_cipher_protocol_and_chain", async (t) => {
    const { named, port } = await serve(t);
    const { code, stderr } = await ferry(["-v", ...trust, named]);
    const shown = stderr.split("\n");
    assert.equal(code, 0);
    assert.ok(shown.includes(`* connected to 127.0.0.1:${port}`));
    assert.match(stderr, /^\* TLS 1\.3, \S+, new session, ALPN http\/1\.1$/m);
    for (const [subject, issuer] of [
      ["Harbour Root", "Harbour Root"],
      ["Harbour Intermediate", "Harbour Root"],
      ["localhost", "Harbour Intermediate"],
    ]) {
      const at = shown.indexOf(`* certificate: ${subject}, issued by ${issuer}`);
      assert.ok(at > 0, subject);
      assert.match(shown[at + 1], /^\* {5}valid from \d{4}-\d\d-\d\d to \d{4}-\d\d-\d\d/);
    }
    assert.match(stderr, /, for localhost, 127\.0\.0\.1$/m);
  });

  test("resolve_takes_an_address_for_a_name", async (t) => {
    const { port } = await serve(t, issue("x", { issuer: root, names: ["DNS:harbour.test"] }));
    const args = [
      "--resolve",
      `harbour.test:${port}:127.0.0.1`,
      "--resolve",
      "other.test:1:127.0.0.1",
    ];
    assert.equal(await printed([...trust, ...args, `https://harbour.test:${port}/`]), "hello\n");
    await fails(2, /ferry: .*HOST:PORT:ADDRESS.* \(FERRY_ERROR_INVALID_PARAMETER\)/, [
      ...trust,
      "--resolve",
      "nonsense",
      `https://harbour.test:${port}/`,
    ]);
  });

  test("files_that_cannot_be_read_are_found_out_before_anything_is_sent", async (t) => {
    const server = await rawServer(t, () => {});
    const folder = temporaryFolder(t);
    const absent = path.join(folder, "absent");
    const empty = path.join(folder, "empty");
    fs.writeFileSync(empty, "");
    const url = `https://127.0.0.1:${server.port}/`;
    for (const option of ["--cacert", "--cert", "--key", "--crl", "--pass"]) {
      const prefix = option === "--pass" ? "file:" : "";
      for (const [file, line] of [
        [
          absent,
          `ferry: ${option}: cannot read ${absent}: No such file or directory (try ferry --help)`,
        ],
        [folder, `ferry: ${option}: cannot read ${folder}: Is a directory (try ferry --help)`],
        [empty, `ferry: ${option}: ${empty} is empty (try ferry --help)`],
      ]) {
        await fails(2, line, [option, prefix + file, url]);
      }
    }
    const nothing = fileOf("no certificate\n");
    const refused = /ferry: .* \(FERRY_ERROR_INVALID_PARAMETER\)/;
    for (const option of ["--cacert", "--cert", "--crl"])
      await fails(2, refused, [option, nothing, url]);
    assert.equal(server.connections.length, 0);
  });
});

/** A proxy that answers for any origin, or for CONNECT refuses. */
const proxy = (t, answer = ok("by proxy")) =>
  rawServer(t, async (connection) => {
    await connection.head();
    await connection.send(answer);
    connection.end?.();
  });

const requestOf = (server) => server.connections[0].received.toString("latin1");

describe("The command line: proxies", () => {
  const basic = `Basic ${Buffer.from("captain:se cret").toString("base64")}`;

  test("proxy_is_asked_in_absolute_form_and_given_the_password", async (t) => {
    const server = await proxy(t);
    const url = `http://captain:se%20cret@127.0.0.1:${server.port}`;
    for (const option of [["-x", url], [`--proxy=${url}/`]]) {
      const { code, stdout, stderr } = await ferry(["-v", ...option, "http://harbour.invalid/a"]);
      assert.equal(code, 0, stderr);
      assert.equal(stdout.toString(), "by proxy");
      assert.ok(!/se%20cret|se cret/.test(stderr) && !stderr.includes(basic.slice(6)), stderr);
      assert.match(stderr, /^> Proxy-Authorization: \*\*\*$/m);
    }
    assert.match(requestOf(server), /^GET http:\/\/harbour\.invalid\/a HTTP\/1\.1\r\n/);
    assert.ok(requestOf(server).includes(`\r\nProxy-Authorization: ${basic}\r\n`));
  });

  test("headers_for_the_proxy_are_given_to_it_alone", async (t) => {
    const server = await proxy(t);
    const origin = await answering(t, [ok("direct")]);
    const lines = ["--proxy-header", "X-For: proxies", "--proxy-header=X-Two: 2"];
    const url = `http://127.0.0.1:${server.port}`;
    assert.equal(await printed([...lines, "-x", url, "http://harbour.invalid/"]), "by proxy");
    assert.ok(requestOf(server).includes("\r\nX-For: proxies\r\nX-Two: 2\r\n"));
    assert.equal(await printed([...lines, "-x", "", urlOf(origin)]), "direct");
    assert.doesNotMatch(requestOf(origin), /X-For|X-Two/);
    await fails(2, /.*proxy_headers.*/, ["--proxy-header", "no colon", urlOf(origin)]);
  });

  test("proxy_over_TLS_is_verified_by_authorities_of_its_own", needsTls, async (t) => {
    const { named } = await serve(t);
    const asked = ["-x", named, "http://harbour.invalid/a"];
    assert.equal(await printed(["--proxy-cacert", trust[1], ...asked]), "hello\n");
    for (const options of [[], trust, ["-k"]]) {
      await fails(60, certificateError("proxy: .*Harbour Root"), [...options, ...asked]);
    }
    const { code, stdout, stderr } = await ferry(["--proxy-insecure", ...asked]);
    assert.equal(stderr, "ferry: warning: a proxy over TLS is not verified (--proxy-insecure)\n");
    assert.equal(stdout.toString(), "hello\n");
    assert.equal(code, 0);
    const missing = /ferry: --proxy-cacert: cannot read .* \(try ferry --help\)/;
    await fails(2, missing, ["--proxy-cacert", path.join(temporaryFolder(t), "no"), ...asked]);
  });

  test("noproxy_of_one_group_leaves_the_environments_list_to_the_next", async (t) => {
    const server = await proxy(t);
    const origin = await answering(t, [ok("direct")]);
    const url = `http://127.0.0.1:${origin.port}/`;
    const env = { http_proxy: `http://127.0.0.1:${server.port}`, no_proxy: "127.0.0.1" };
    const both = ["--noproxy", "foo", url, "--next", url];
    assert.equal(await printed(both, { env }), "by proxydirect");
  });

  test("environments_proxy_is_the_default_and_can_be_switched_off", async (t) => {
    const server = await proxy(t);
    const origin = await answering(
      t,
      [ok("direct")],
      [ok("direct")],
      [ok("direct")],
      [ok("direct")],
    );
    const env = { http_proxy: `http://127.0.0.1:${server.port}` };
    const url = urlOf(origin);
    assert.equal(await printed([url], { env }), "by proxy");
    assert.equal(await printed(["--noproxy", "127.0.0.0/8", url], { env }), "direct");
    assert.equal(await printed(["--noproxy", "*", url], { env }), "direct");
    assert.equal(await printed(["-x", "", url], { env }), "direct");
    assert.equal(await printed([url], { env: { ...env, no_proxy: "127.0.0.1" } }), "direct");
    const other = { ...env, no_proxy: "127.0.0.1" };
    assert.equal(await printed(["--noproxy", "a.test", url], { env: other }), "by proxy");
    assert.equal(server.connections.length, 2);
  });

  test("environments_no_proxy_holds_for_the_option_too", async (t) => {
    const origin = await answering(t, [ok("direct")]);
    const env = { no_proxy: "127.0.0.1" };
    assert.equal(await printed(["-x", "http://127.0.0.1:1", urlOf(origin)], { env }), "direct");
  });

  test("proxy_that_refuses_a_tunnel_exits_with_7", needsTls, async (t) => {
    const refusal = "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n";
    const server = await proxy(t, refusal);
    await fails(7, /ferry: .*407.* \(FERRY_ERROR_CANT_CONNECT\)/, [
      "--proxy",
      `127.0.0.1:${server.port}`,
      "https://harbour.invalid/",
    ]);
    assert.match(requestOf(server), /^CONNECT harbour\.invalid:443 HTTP\/1\.1\r\n/);
  });

  for (const [name, url] of [
    ["port", "http://captain:secret@127.0.0.1:99999"],
    ["host", "http://captain:secret@exa mple:80"],
    ["scheme", "gopher://captain:secret@127.0.0.1:80"],
    ["user", "http://captain:secret%zz@127.0.0.1:80"],
  ]) {
    test(`bad_${name}_of_a_proxy_exits_with_2_and_keeps_the_password`, async () => {
      const line = /ferry: .*prox.* \(FERRY_ERROR_INVALID_PARAMETER\)/;
      const { stderr } = await fails(2, line, ["-v", "-x", url, "http://a.test/"]);
      assert.ok(!stderr.includes("secret"));
    });
  }

  test("password_is_masked_where_the_command_line_is_wrong", async () => {
    const url = `http://captain:secret@127.0.0.1:${await closedPort()}`;
    for (const [code, ...args] of [
      [2, `--porxy=${url}`],
      [7, url],
      [7, "-u", "captain:secret", url.replace("captain:secret@", "")],
    ]) {
      const result = await ferry(["-v", ...args]);
      assert.equal(result.code, code);
      assert.ok(!result.stderr.includes("secret"), result.stderr);
    }
  });
});
