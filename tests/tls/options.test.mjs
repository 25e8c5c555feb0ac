// SPDX-License-Identifier: MIT
// options: what ferry_tls_options can say: authorities, names, the client's own certificate, pins,
// and what is refused before anything is sent.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { describe, test } from "node:test";
import { connected, expectTranscript, program, run } from "../scenarios/lib/run.mjs";
import { answering, ok, rawServer, received } from "../scenarios/lib/servers.mjs";
import {
  authority,
  days,
  derOf,
  emptyFolder,
  encryptKey,
  issue,
  newKey,
  pemOf,
  pinOf,
  revocationList,
} from "./lib/authority.mjs";
import { intermediate, lazily, NAMES, root } from "./lib/chains.mjs";
import {
  expectAccepted,
  expectRefused,
  failureOf,
  file,
  get,
  got,
  skip,
  trust,
} from "./lib/expect.mjs";
import { opensslServer, tlsServer } from "./lib/servers.mjs";

const good = lazily(() => issue("Ferry Leaf", { issuer: intermediate(), names: NAMES }));
const otherRoot = lazily(() => authority("Another Root"));
const trusting = () => trust(root());

describe("Authorities", { skip }, () => {
  test("DER_is_accepted", async (t) => {
    const server = await tlsServer(t, good());
    await expectAccepted(server, `ca_der=${file(derOf(root()))}`);
  });

  test("several_certificates_in_DER_are_all_trusted", async (t) => {
    const server = await tlsServer(t, good());
    await expectAccepted(server, `ca_der=${file(derOf(otherRoot(), root(), otherRoot()))}`);
  });

  test("DER_beside_PEM_is_trusted_too", async (t) => {
    const server = await tlsServer(t, good());
    await expectAccepted(server, trust(otherRoot()), `ca_der=${file(derOf(root()))}`);
    await expectAccepted(server, trusting(), `ca_der=${file(derOf(otherRoot()))}`);
  });

  // What is left when one of several cannot be read; the last two have nothing to do with PEM.
  const broken = (pem) => pem.replace(/\n(.{20})/, "\nAAAA$1");
  const cutOff = (pem) => pem.slice(0, pem.length / 2);
  const nonsense = Buffer.from([0x30, 3, 1, 2, 3]);
  const withFault = {
    a_damaged_one_before: () => `ca=${file(broken(otherRoot().pem) + root().pem)}`,
    a_damaged_one_behind: () => `ca=${file(root().pem + broken(otherRoot().pem))}`,
    one_that_is_cut_off_before: () => `ca=${file(`${cutOff(otherRoot().pem)}\n${root().pem}`)}`,
    one_that_is_cut_off_behind: () => `ca=${file(root().pem + cutOff(otherRoot().pem))}`,
    DER_of_something_else_before: () => `ca_der=${file(Buffer.concat([nonsense, derOf(root())]))}`,
    DER_with_something_after_it: () =>
      `ca_der=${file(Buffer.concat([derOf(root()), Buffer.from("more")]))}`,
  };
  for (const [what, option] of Object.entries(withFault)) {
    test(`${what}_is_left_out_with_a_warning`, async (t) => {
      const server = await tlsServer(t, good());
      const transcript = await run(...get(server, "log=1", option()));
      const warnings = transcript.match(/^log warning: .*/gm);
      const expected =
        "of the trusted authorities (ca_pem, ca_der) 1 cannot be read and is left out";
      assert.deepEqual(warnings, [`log warning: ${expected}`], transcript);
      assert.match(transcript, /^body 5 bytes "hello"$/m);
    });
  }

  test("DER_without_PEM_is_all_that_is_trusted", async (t) => {
    const server = await tlsServer(t, good());
    await expectRefused(
      { ...server, wrap: ["env", `SSL_CERT_FILE=${file(root().pem)}`] },
      [`ca_der=${file(derOf(otherRoot()))}`],
      "TLS_CERTIFICATE",
      /Ferry (Leaf|Middle|Root)/,
    );
  });

  test("PEM_with_text_around_its_certificates_is_accepted", async (t) => {
    const server = await tlsServer(t, good());
    const text = `# Another\r\n${otherRoot().pem}\n\n# Ferry\n${root().pem.replaceAll("\n", "\r\n")}\nend`;
    await expectAccepted(server, `ca=${file(text)}`);
  });

  test("options_are_not_needed_after_the_call", async (t) => {
    const server = await tlsServer(t, good());
    const args = ["tls=1", trusting(), `pin=${pinOf(good())}`];
    expectTranscript(await run("forgotten_options", server, ...args), connected, got());
  });
});

describe("Authorities of the system", { skip }, () => {
  const under = (server, environment) => ({
    ...server,
    wrap: ["env", "-u", "SSL_CERT_FILE", "-u", "SSL_CERT_DIR", ...environment],
  });

  test("SSL_CERT_FILE_is_trusted", async (t) => {
    const server = await tlsServer(t, good());
    await expectAccepted(under(server, [`SSL_CERT_FILE=${file(root().pem)}`]));
  });

  test("SSL_CERT_FILE_is_all_that_is_trusted", async (t) => {
    const server = await tlsServer(t, good());
    await expectRefused(
      under(server, [`SSL_CERT_FILE=${file(otherRoot().pem)}`]),
      [],
      "TLS_CERTIFICATE",
      /Ferry (Leaf|Middle|Root)/,
    );
  });

  test("SSL_CERT_DIR_is_trusted", async (t) => {
    const folder = emptyFolder();
    const hash = spawnSync("openssl", ["x509", "-hash", "-noout"], { input: root().pem });
    fs.writeFileSync(`${folder}/${hash.stdout.toString().trim()}.0`, root().pem);
    const server = await tlsServer(t, good());
    await expectAccepted(under(server, [`SSL_CERT_DIR=${folder}`]));
  });

  test("SSL_CERT_DIR_may_name_several_folders", async (t) => {
    const [empty, first, second] = [emptyFolder(), emptyFolder(), emptyFolder()];
    fs.writeFileSync(`${first}/other.pem`, otherRoot().pem);
    fs.writeFileSync(`${second}/root.crt`, root().pem);
    const server = await tlsServer(t, good());
    for (const list of [`${first}:${second}`, `:${empty}:/nowhere:${second}:`]) {
      await expectAccepted(under(server, [`SSL_CERT_DIR=${list}`]));
    }
  });

  test("SSL_CERT_DIR_may_hold_several_of_one_subject", async (t) => {
    const subject = { subject: "/CN=Ferry Twin" };
    const [first, second] = [authority("Ferry Twin", subject), authority("Ferry Twin", subject)];
    const hash = spawnSync("openssl", ["x509", "-hash", "-noout"], { input: first.pem });
    const folder = emptyFolder();
    for (const [i, { pem }] of [first, second].entries()) {
      fs.writeFileSync(`${folder}/${hash.stdout.toString().trim()}.${i}`, pem);
    }
    for (const issuer of [first, second]) {
      const server = await tlsServer(t, issue("Ferry Leaf", { issuer, names: NAMES }));
      await expectAccepted(under(server, [`SSL_CERT_DIR=${folder}`]));
    }
  });

  /** In a system that has nothing below /etc but these files. */
  const within = (server, files) => {
    const commands = ["mount -t tmpfs none /etc"];
    for (const [name, text] of Object.entries(files)) {
      const made = file(text);
      commands.push(`mkdir -p ${path.dirname(name)}`, `cp ${made} ${name}`);
    }
    const { wrap, ...rest } = under(server, []);
    const script = `${commands.join(" && ")} && exec "$0" "$@"`;
    return { ...rest, wrap: ["unshare", "--mount", "sh", "-c", script, ...wrap] };
  };
  const canMount =
    spawnSync("unshare", ["--mount", "mount", "-t", "tmpfs", "none", "/etc"]).status === 0;
  const needsMounts = { skip: canMount ? false : "a mount namespace takes Linux and root" };

  for (const place of [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
    "/etc/openssl/certs/ca-certificates.crt",
    "/etc/ssl/certs/root.pem",
    "/etc/pki/tls/certs/root.crt",
    "/etc/openssl/certs/root.pem",
  ]) {
    test(`${place}_is_found`, needsMounts, async (t) => {
      await expectAccepted(within(await tlsServer(t, good()), { [place]: root().pem }));
    });
  }

  test("file_without_an_authority_is_passed_over", needsMounts, async (t) => {
    const files = {
      "/etc/ssl/certs/ca-certificates.crt": "# none\n",
      "/etc/ssl/cert.pem": root().pem,
    };
    await expectAccepted(within(await tlsServer(t, good()), files));
  });

  test("system_that_has_none_anywhere_is_told_where_it_was_looked", needsMounts, async (t) => {
    const server = await rawServer(t, () => {});
    const { error, detail } = failureOf(await run(...get(within(server, {}))));
    assert.equal(error, "UNAVAILABLE");
    assert.match(detail, /\/etc\/ssl\/certs\/ca-certificates\.crt/);
    assert.match(detail, /, \/etc\/openssl\/certs: .* or give some in the TLS options$/);
    assert.equal(received(server), "");
  });

  test("https_prefix_without_options_is_verified_by_the_systems_authorities", async (t) => {
    const server = await tlsServer(t, good());
    const place = under(server, [`SSL_CERT_FILE=${file(root().pem)}`]);
    expectTranscript(
      await run("exchange", place, "prefix=https://", "GET", "/", "-"),
      connected,
      got(),
    );
  });

  for (const blocking of [0, 1]) {
    test(`system_without_authorities_is_told_before_anything_is_sent_${blocking}`, async (t) => {
      const server = await rawServer(t, () => {});
      const folder = emptyFolder();
      const place = under(server, [`SSL_CERT_FILE=${folder}/none`, `SSL_CERT_DIR=${folder}/no`]);
      const transcript = await run(...get(place, `blocking=${blocking}`));
      const { error, detail } = failureOf(transcript);
      assert.equal(error, "UNAVAILABLE");
      assert.ok(detail.includes(folder), `it says where it looked: ${detail}`);
      assert.equal(received(server), "");
    });
  }

  test("unsafe_needs_no_authorities", async (t) => {
    const server = await tlsServer(t, good());
    const folder = emptyFolder();
    const place = under(server, [`SSL_CERT_FILE=${folder}/none`, `SSL_CERT_DIR=${folder}/no`]);
    await expectAccepted(place, "unsafe=1");
  });
});

describe("unsafe", { skip }, () => {
  const wrongName = lazily(() =>
    issue("Ferry Leaf", { issuer: intermediate(), names: ["DNS:other.example"] }),
  );

  test("unknown_root_is_accepted", async (t) => {
    await expectAccepted(await tlsServer(t, good()), "unsafe=1");
  });

  test("self-signed_and_expired_certificate_of_another_host_is_accepted", async (t) => {
    const certificate = issue("Anything", { from: days(-9), to: days(-1) });
    await expectAccepted(await tlsServer(t, certificate), "unsafe=1");
  });

  test("other_name_is_accepted_under_a_given_authority", async (t) => {
    await expectAccepted(await tlsServer(t, wrongName()), "unsafe=1", trusting());
  });

  test("unknown_root_is_refused_where_authorities_are_given", async (t) => {
    const server = await tlsServer(t, wrongName());
    const options = ["unsafe=1", trust(otherRoot())];
    await expectRefused(server, options, "TLS_CERTIFICATE", /Ferry (Leaf|Middle|Root)/);
  });

  test("expired_certificate_is_refused_where_authorities_are_given", async (t) => {
    const dates = { from: days(-9), to: days(-1) };
    const certificate = issue("Ferry Leaf", { issuer: intermediate(), ...dates });
    const server = await tlsServer(t, certificate);
    await expectRefused(server, ["unsafe=1", trusting()], "TLS_CERTIFICATE", /expired/i);
  });

  test("wrong_pin_is_refused", async (t) => {
    const server = await tlsServer(t, good());
    const options = ["unsafe=1", `pin=${pinOf(otherRoot())}`];
    await expectRefused(server, options, "TLS_CERTIFICATE", /pin/i);
  });

  test("right_pin_is_accepted", async (t) => {
    await expectAccepted(await tlsServer(t, good()), "unsafe=1", `pin=${pinOf(good())}`);
  });

  test("pin_of_an_authority_that_has_signed_is_accepted", async (t) => {
    await expectAccepted(await tlsServer(t, good()), "unsafe=1", `pin=${pinOf(intermediate())}`);
  });

  test("pin_of_an_authority_that_has_not_signed_is_refused", async (t) => {
    const impostor = authority("Ferry Middle", { issuer: root() });
    const certificate = issue("Ferry Leaf", {
      ...{ issuer: impostor, names: NAMES, withoutKeyIdentifier: true },
    });
    certificate.chain = [certificate, intermediate()];
    const server = await tlsServer(t, certificate);
    const options = ["unsafe=1", `pin=${pinOf(intermediate())}`];
    await expectRefused(server, options, "TLS_CERTIFICATE", /pin/i);
  });
});

describe("Issuers", { skip }, () => {
  test("issuer_that_is_limited_to_other_uses_is_refused", async (t) => {
    const extensions = { extendedKeyUsage: "emailProtection" };
    const issuer = authority("Mail Middle", { issuer: root(), extensions });
    const server = await tlsServer(t, issue("Ferry Leaf", { issuer, names: NAMES }));
    const words = [/Mail Middle/, /extendedKeyUsage/];
    await expectRefused(server, [trusting()], "TLS_CERTIFICATE", ...words);
  });

  test("issuer_that_is_for_servers_too_is_accepted", async (t) => {
    const extensions = { extendedKeyUsage: "serverAuth, clientAuth" };
    const issuer = authority("Web Middle", { issuer: root(), extensions });
    const server = await tlsServer(t, issue("Ferry Leaf", { issuer, names: NAMES }));
    await expectAccepted(server, trusting());
  });

  test("wildcard_does_not_reach_an_excluded_name", async (t) => {
    const extensions = { nameConstraints: "excluded;DNS:secret.example.org" };
    const issuer = authority("Narrow Middle", { issuer: root(), extensions });
    const server = await tlsServer(
      t,
      issue("Ferry Leaf", { issuer, names: ["DNS:*.example.org"] }),
    );
    const options = [trusting(), "name=secret.example.org"];
    await expectRefused(server, options, "TLS_CERTIFICATE", /Narrow Middle/, /may not/);
  });
});

describe("Pins", { skip }, () => {
  const own = lazily(() =>
    issue("Pinned Leaf", { issuer: intermediate(), names: NAMES, key: newKey() }),
  );
  const pins = {
    leaf: () => pinOf(own()),
    intermediate: () => pinOf(intermediate()),
    root: () => pinOf(root()),
    "second one": () => `${pinOf(otherRoot())},${pinOf(own())}`,
  };
  for (const [what, pin] of Object.entries(pins)) {
    test(`pin_of_the_${what.replace(" ", "_")}_is_accepted`, async (t) => {
      await expectAccepted(await tlsServer(t, own()), trusting(), `pin=${pin()}`);
    });
  }

  test("other_pin_is_refused", async (t) => {
    const server = await tlsServer(t, own());
    const options = [trusting(), `pin=${pinOf(otherRoot())}`];
    await expectRefused(server, options, "TLS_CERTIFICATE", /pin/i);
  });

  test("pin_of_a_stray_certificate_that_is_sent_along_is_refused", async (t) => {
    const certificate = { ...own(), chain: [...own().chain, otherRoot()] };
    const server = await tlsServer(t, certificate);
    const options = [trusting(), `pin=${pinOf(otherRoot())}`];
    await expectRefused(server, options, "TLS_CERTIFICATE", /pin/i);
  });

  test("pin_does_not_replace_the_chain", async (t) => {
    const server = await tlsServer(t, own());
    const options = [trust(otherRoot()), `pin=${pinOf(own())}`];
    await expectRefused(server, options, "TLS_CERTIFICATE", /Pinned Leaf|Ferry (Middle|Root)/);
  });
});

describe("Client certificates", { skip }, () => {
  const mine = lazily(() => issue("Ferry Client", { issuer: intermediate(), key: newKey() }));
  const rsa = lazily(() => issue("Ferry Client", { issuer: root(), key: newKey("RSA 2048") }));
  const strange = lazily(() => issue("Ferry Client", { issuer: otherRoot(), key: newKey() }));
  const withCertificate = ({ chain, key }) => [`cert=${file(pemOf(...chain))}`, `key=${file(key)}`];
  const client = async (connection) => {
    await connection.head();
    const { subject } = connection.socket.getPeerCertificate();
    await connection.send(ok(subject?.CN ?? "nobody"));
  };
  const asking = () => ({ ca: root().pem, requestCert: true });

  for (const version of ["TLSv1.2", "TLSv1.3"]) {
    const only = { minVersion: version, maxVersion: version };
    const name = version.replace("v", "_");

    for (const [kind, certificate] of Object.entries({ EC: mine, RSA: rsa })) {
      test(`${kind}_certificate_is_presented_in_${name}`, async (t) => {
        const server = await tlsServer(t, good(), client, { ...asking(), ...only });
        const transcript = await run(...get(server, trusting(), ...withCertificate(certificate())));
        expectTranscript(transcript, connected, got("Ferry Client"));
      });
    }

    test(`none_is_presented_where_none_is_asked_for_in_${name}`, async (t) => {
      const server = await tlsServer(t, good(), client, only);
      const transcript = await run(...get(server, trusting(), ...withCertificate(mine())));
      expectTranscript(transcript, connected, got("nobody"));
    });

    test(`server_that_asks_for_one_may_do_without_in_${name}`, async (t) => {
      const options = { ...asking(), ...only, rejectUnauthorized: false };
      const server = await tlsServer(t, good(), client, options);
      expectTranscript(await run(...get(server, trusting())), connected, got("nobody"));
    });

    // In TLS 1.3 the server judges after the client has done, so that it may be the request that
    // fails.
    const refusals = {
      absent_certificate: () => [],
      strange_certificate: () => withCertificate(strange()),
    };
    for (const [what, options] of Object.entries(refusals)) {
      test(`${what}_is_refused_by_the_servers_alert_in_${name}`, async (t) => {
        // OpenSSL itself sends the alert where the handshake is its to refuse.
        const server = await opensslRefusing(t, version);
        const transcript = await run(...get(server, trusting(), ...options()));
        const words = /alert.*(certificate|unknown|handshake|authorit)/i;
        if (version === "TLSv1.2") {
          const failure = failureOf(transcript);
          assert.equal(failure.error, "TLS_HANDSHAKE");
          assert.match(failure.detail, words);
        } else {
          assert.match(transcript, /^\w+: (TLS_HANDSHAKE|CONNECTION_ERROR): /m);
          const detail = /^\w+: (?:TLS_HANDSHAKE|CONNECTION_ERROR): (.*)$/m.exec(transcript)[1];
          assert.match(detail, words);
        }
      });
    }
  }

  async function opensslRefusing(t, version) {
    return opensslServer(
      t,
      good(),
      ...["-Verify", 3, "-verify_return_error", "-CAfile", file(root().pem), "-www"],
      version === "TLSv1.2" ? "-tls1_2" : "-tls1_3",
    );
  }

  for (const form of ["pkcs8", "sec1"]) {
    test(`encrypted_key_is_opened_by_its_password_${form}`, async (t) => {
      const server = await tlsServer(t, good(), client, asking());
      const key = encryptKey(mine().key, "open sesame", { form });
      const options = [...withCertificate({ ...mine(), key }), "key_password=open sesame"];
      expectTranscript(
        await run(...get(server, trusting(), ...options)),
        connected,
        got("Ferry Client"),
      );
    });
  }
});

describe("What cannot be read", { skip }, () => {
  const mine = lazily(() => issue("Ferry Client", { issuer: root(), key: newKey() }));
  const certificate = () => `cert=${file(mine().pem)}`;
  const key = () => `key=${file(mine().key)}`;
  const locked = () => `key=${file(encryptKey(mine().key, "open sesame"))}`;
  const garbage = () => file("no PEM at all\n");
  const damaged = (pem) => file(pem.replace(/\n(.{20})/, "\nAAAA$1"));
  const list = () => revocationList(root());
  const pin = (text) => () => [`pin=${text}`];
  const cases = {
    authorities_that_are_no_PEM: [() => [`ca=${garbage()}`], /ca_pem|authorit|PEM/i],
    authorities_that_are_empty: [() => [`ca=${file("")}`], /ca_pem|authorit|PEM/i],
    authorities_that_are_damaged: [() => [`ca=${damaged(root().pem)}`], /ca_pem|authorit/i],
    DER_that_is_none: [() => [`ca_der=${garbage()}`], /ca_der|DER|authorit/i],
    DER_that_is_cut_off: [
      () => [`ca_der=${file(derOf(root()).subarray(0, 200))}`],
      /ca_der|DER|authorit/i,
    ],
    certificate_that_is_no_PEM: [() => [`cert=${garbage()}`, key()], /certificate/i],
    key_that_is_no_PEM: [() => [certificate(), `key=${garbage()}`], /key/i],
    certificate_without_a_key: [() => [certificate()], /key/i],
    key_without_a_certificate: [() => [key()], /certificate/i],
    key_of_another_certificate: [() => [certificate(), `key=${file(newKey())}`], /key/i],
    encrypted_key_with_the_wrong_password: [
      () => [certificate(), locked(), "key_password=close"],
      /password/i,
    ],
    encrypted_key_without_a_password: [() => [certificate(), locked()], /password/i],
    lists_that_are_no_PEM: [() => [`crl=${garbage()}`], /crl|revocation/i],
    lists_that_are_damaged: [() => [`crl=${damaged(list())}`], /crl|revocation/i],
    certificate_in_the_place_of_a_list: [() => [`crl=${file(root().pem)}`], /crl|revocation/i],
    pin_without_its_hash: [pin("sha256//"), /pin/i],
    pin_of_another_hash: [pin("sha1//AAAAAAAAAAAAAAAAAAAAAAAAAAA="), /pin/i],
    pin_that_is_too_short: [pin("sha256//AAAA"), /pin/i],
    pin_that_is_no_base64: [pin(`sha256//${"!".repeat(43)}=`), /pin/i],
    pin_without_a_prefix: [() => [`pin=${pinOf(root()).replace("sha256//", "")}`], /pin/i],
    version_that_is_none: [() => ["tls_min=11"], /version/i],
    cipher_that_is_none: [() => ["cipher=9"], /cipher/i],
  };

  for (const [what, [options, pattern]] of Object.entries(cases)) {
    test(`${what}_is_refused_at_once_and_the_old_connection_kept`, async (t) => {
      const server = await answering(t, [ok("hello")]);
      const given = options();
      const isAuthority = given.some((option) => /^ca(_der)?=/.test(option));
      const all = isAuthority ? given : [trusting(), ...given];
      const found = await run("unreadable", server, ",", ...all);
      const line = /^connect_to_host: (?!OK)(\w+): (.*)$/m.exec(found);
      assert.ok(line, `it was not refused:\n${found}`);
      assert.equal(line[1], "INVALID_PARAMETER", line[2]);
      assert.match(line[2], pattern);
      assert.match(found, /^response 200, .*\/after$/m, "the old connection is kept");
      assert.equal(server.connections.length, 1, "and there is no other");
      assert.doesNotMatch(received(server), /\x16\x03/, "no handshake was begun");
    });
  }
});
