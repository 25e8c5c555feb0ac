// SPDX-License-Identifier: MIT
// protocols: versions, ciphers, groups, ALPN, SNI, alerts, and peers that do not speak TLS.
import assert from "node:assert/strict";
import crypto from "node:crypto";
import { once } from "node:events";
import net from "node:net";
import { describe, test } from "node:test";
import tls from "node:tls";
import { connected, expectTranscript, run } from "../scenarios/lib/run.mjs";
import { event, lines, ok, rawServer } from "../scenarios/lib/servers.mjs";
import { fileOf, issue } from "./lib/authority.mjs";
import { intermediate, lazily, NAMES, root } from "./lib/chains.mjs";
import {
  expectAccepted,
  expectRefused,
  failureOf,
  get,
  got,
  handshakes,
  host,
  skip,
  trust,
} from "./lib/expect.mjs";
import { contentLength, HANDSHAKE, plainAlert, relay, splitRecord } from "./lib/relay.mjs";
import { credentials, nextRefusal, opensslServer, tlsServer } from "./lib/servers.mjs";

const good = lazily(() => issue("Ferry Leaf", { issuer: intermediate(), names: NAMES }));
const goodRsa = lazily(() =>
  issue("Ferry Leaf", { issuer: intermediate(), names: NAMES, kind: "RSA 2048" }),
);
const trusting = () => trust(root());

/** A GET of "/"; what the log says of the handshake. */
async function handshake(server, ...options) {
  const transcript = await run(...get(server, trusting(), "log=2", ...options));
  assert.match(transcript, /^body 5 bytes "hello"$/m);
  const found = handshakes(transcript);
  assert.equal(found.length, 1, transcript);
  return found[0];
}

describe("Versions", { skip }, () => {
  const only = (version) => ({ minVersion: version, maxVersion: version });
  const old = { ciphers: "DEFAULT@SECLEVEL=0" };

  for (const version of ["TLSv1", "TLSv1.1"]) {
    test(`${version}_is_refused`, async (t) => {
      const server = await tlsServer(t, good(), undefined, { ...only(version), ...old });
      const words = /version|protocol/i;
      await expectRefused(server, [trusting()], "TLS_HANDSHAKE", words);
    });
  }

  for (const version of ["1.2", "1.3"]) {
    test(`server_of_TLS_${version}_alone_is_spoken_to`, async (t) => {
      const server = await tlsServer(t, good(), undefined, only(`TLSv${version}`));
      assert.match(await handshake(server), new RegExp(`^TLS ${version}, `));
    });
  }

  test("server_of_all_versions_is_spoken_to_in_TLS_1.3", async (t) => {
    const server = await tlsServer(t, good(), undefined, { minVersion: "TLSv1", ...old });
    assert.match(await handshake(server), /^TLS 1\.3, /);
  });

  test("tls_min=12_accepts_TLS_1.2", async (t) => {
    const server = await tlsServer(t, good(), undefined, only("TLSv1.2"));
    assert.match(await handshake(server, "tls_min=12"), /^TLS 1\.2, /);
  });

  test("tls_min=13_accepts_TLS_1.3", async (t) => {
    const server = await tlsServer(t, good());
    assert.match(await handshake(server, "tls_min=13"), /^TLS 1\.3, /);
  });

  test("tls_min=13_refuses_TLS_1.2", async (t) => {
    const server = await tlsServer(t, good(), undefined, only("TLSv1.2"));
    const options = [trusting(), "tls_min=13"];
    await expectRefused(server, options, "TLS_HANDSHAKE", /version|protocol/i);
  });
});

describe("Ciphers", { skip }, () => {
  const inTls13 = {
    chacha: "TLS1-3-CHACHA20-POLY1305-SHA256",
    aes128: "TLS1-3-AES-128-GCM-SHA256",
    aes256: "TLS1-3-AES-256-GCM-SHA384",
  };
  const inTls12 = { chacha: /CHACHA20/, aes128: /AES-128-GCM/, aes256: /AES-256-GCM/ };

  for (const [name, suite] of Object.entries(inTls13)) {
    // OpenSSL takes its own order unless it is told otherwise.
    test(`cipher_${name}_is_offered_first_in_TLS_1.3`, async (t) => {
      const server = await tlsServer(t, good(), undefined, { honorCipherOrder: false });
      const line = await handshake(server, `cipher=${name}`);
      assert.ok(line.startsWith(`TLS 1.3, ${suite}, `), line);
    });

    test(`cipher_${name}_is_offered_first_in_TLS_1.2`, async (t) => {
      const server = await tlsServer(t, good(), undefined, {
        honorCipherOrder: false,
        maxVersion: "TLSv1.2",
      });
      const line = await handshake(server, `cipher=${name}`);
      assert.match(line, /^TLS 1\.2, /);
      assert.match(line, inTls12[name]);
    });

    test(`cipher_${name}_is_not_insisted_on`, async (t) => {
      const others = Object.values(inTls13).filter((other) => other !== suite);
      const ciphers = "TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384"
        .split(":")
        .filter((_, i) => Object.values(inTls13)[i] !== suite)
        .join(":");
      const server = await tlsServer(t, good(), undefined, { ciphers, minVersion: "TLSv1.3" });
      const line = await handshake(server, `cipher=${name}`);
      assert.ok(
        others.some((other) => line.includes(other)),
        line,
      );
    });
  }

  for (const [kind, certificate] of Object.entries({ ECDSA: good, RSA: goodRsa })) {
    for (const cipher of ["AES128-GCM-SHA256", "AES256-GCM-SHA384", "CHACHA20-POLY1305"]) {
      test(`ECDHE-${kind}-${cipher}_is_spoken`, async (t) => {
        const ciphers = `ECDHE-${kind}-${cipher}`;
        const options = { ciphers, maxVersion: "TLSv1.2", honorCipherOrder: false };
        const server = await tlsServer(t, certificate(), undefined, options);
        assert.match(await handshake(server), new RegExp(`^TLS 1\\.2, .*${kind}`));
      });
    }
  }

  const SERVER_HELLO = 2;

  // mbedTLS takes no RSA-PSS in TLS 1.2, but has to offer it for TLS 1.3; a server that goes by its
  // own order may choose it. A second connection then offers TLS 1.2 alone.
  const choosy = { maxVersion: "TLSv1.2", honorCipherOrder: true };

  for (const blocking of ["blocking=0", "blocking=1"]) {
    test(`server_that_signs_with_RSA-PSS_in_TLS_1.2_is_spoken_to_${blocking}`, async (t) => {
      const server = await tlsServer(t, goodRsa(), undefined, choosy);
      assert.match(await handshake(server, blocking), /^TLS 1\.2, .*RSA/);
    });
  }

  test("second_attempt_is_refused_where_TLS_1.3_was_possible", async (t) => {
    const old = await tlsServer(t, goodRsa(), undefined, choosy);
    const modern = await tlsServer(t, goodRsa(), undefined, { honorCipherOrder: true });
    let count = 0;
    const between = net.createServer((socket) => {
      const peer = net.connect((count++ === 0 ? old : modern).port, "127.0.0.1");
      for (const end of [socket, peer]) end.on("error", () => {});
      socket.pipe(peer).pipe(socket);
    });
    await once(between.listen(0, "127.0.0.1"), "listening");
    t.after(() => between.close());
    const server = { host: "127.0.0.1", port: between.address().port };
    await expectRefused(server, [trusting()], "TLS_HANDSHAKE", /TLS 1\.3/, /between/);
    assert.equal(count, 2);
  });

  test("second_attempt_is_refused_where_it_cannot_be_checked", async (t) => {
    const old = await tlsServer(t, goodRsa(), undefined, choosy);
    const between = await relay(t, old, {
      onRecord: (record, from, { index }) =>
        from === "server" && index === 1 && record[0] === HANDSHAKE && record[5] === SERVER_HELLO
          ? splitRecord(record, 32)
          : undefined,
    });
    await expectRefused(between, [trusting()], "TLS_HANDSHAKE", /too small to tell/);
    assert.equal(between.links.length, 2);
  });

  test("no_common_cipher_is_refused_by_the_servers_alert", async (t) => {
    const ciphers = "ECDHE-ECDSA-CAMELLIA128-SHA256:NULL-SHA256:ECDHE-ECDSA-NULL-SHA@SECLEVEL=0";
    const server = await opensslServer(t, good(), "-www", "-tls1_2", "-cipher", ciphers);
    await expectRefused(server, [trusting()], "TLS_HANDSHAKE", /alert/i, /handshake/i);
  });

  test("cipher_without_forward_secrecy_is_not_spoken", async (t) => {
    const server = await opensslServer(t, goodRsa(), "-www", "-tls1_2", "-cipher", "AES128-SHA");
    await expectRefused(server, [trusting()], "TLS_HANDSHAKE", /alert/i, /handshake/i);
  });
});

/** The client's hellos that went through a relay. */
function hellosThrough(between) {
  const { client } = between.links[0].records;
  return client.filter(({ type, length }) => type === HANDSHAKE && length > 100);
}

describe("Groups", { skip }, () => {
  for (const group of ["X25519", "P-256", "P-384", "P-521"]) {
    for (const version of ["TLSv1.2", "TLSv1.3"]) {
      test(`${group}_alone_is_spoken_in_${version}`, async (t) => {
        const options = { ecdhCurve: group, minVersion: version, maxVersion: version };
        const server = await tlsServer(t, good(), undefined, options);
        assert.match(await handshake(server), new RegExp(`^${version.replace("v", " ")}, `));
      });
    }
  }

  test("first_share_is_of_the_group_that_every_server_has", async (t) => {
    const server = await tlsServer(t, good(), undefined, { ecdhCurve: "P-256" });
    const between = await relay(t, server);
    assert.match(await handshake(between), /^TLS 1\.3, /);
    assert.equal(hellosThrough(between).length, 1);
  });

  test("retry_with_another_group_is_followed", async (t) => {
    // What is not among the first shares needs another hello: two of the client's are seen.
    const server = await tlsServer(t, good(), undefined, { ecdhCurve: "P-384:P-521" });
    const between = await relay(t, server);
    assert.match(await handshake(between), /^TLS 1\.3, /);
    assert.equal(hellosThrough(between).length, 2);
  });

  test("X448_alone_is_spoken_or_refused_in_words", async (t) => {
    const server = await tlsServer(t, good(), undefined, { ecdhCurve: "X448" });
    const transcript = await run(...get(server, trusting()));
    if (!/^body 5 bytes "hello"$/m.test(transcript)) {
      assert.match(transcript, /^poll: TLS_HANDSHAKE: .*alert.*\nstatus TLS_HANDSHAKE_ERROR\n$/m);
    }
  });
});

describe("ALPN", { skip }, () => {
  for (const version of ["TLSv1.2", "TLSv1.3"]) {
    const only = { minVersion: version, maxVersion: version };

    test(`http/1.1_is_offered_alone_in_${version}`, async (t) => {
      const offered = [];
      const server = await tlsServer(t, good(), undefined, {
        ...only,
        ALPNCallback: ({ protocols }) => {
          offered.push(...protocols);
          return "http/1.1";
        },
      });
      assert.match(await handshake(server), /, ALPN http\/1\.1$/);
      assert.deepEqual(offered, ["http/1.1"]);
    });

    test(`server_without_ALPN_is_spoken_to_in_${version}`, async (t) => {
      const server = await tlsServer(t, good(), undefined, only);
      assert.match(await handshake(server), /, no ALPN$/);
    });

    test(`http/1.1_is_chosen_from_several_in_${version}`, async (t) => {
      const options = { ...only, ALPNProtocols: ["h2", "http/1.1", "http/1.0"] };
      assert.match(
        await handshake(await tlsServer(t, good(), undefined, options)),
        /, ALPN http\/1\.1$/,
      );
    });

    test(`server_of_h2_alone_is_refused_in_${version}`, async (t) => {
      const ALPNCallback = ({ protocols }) => protocols.find((name) => name === "h2");
      const options = { ...only, ALPNCallback };
      const server = await tlsServer(t, good(), undefined, options);
      const words = /alert.*(protocol)|HTTP\/1\.1|ALPN/i;
      await expectRefused(server, [trusting()], "TLS_HANDSHAKE", words);
    });
  }
});

describe("Server names", { skip }, () => {
  const noting = (t, seen, options = {}) =>
    tlsServer(
      t,
      good(),
      async (connection) => {
        seen.push(connection.socket.servername);
        await connection.head();
        await connection.send(ok("hello"));
      },
      options,
    );

  test("name_of_the_host_is_sent", async (t) => {
    const seen = [];
    const server = await noting(t, seen);
    await expectAccepted({ ...server, host: "localhost" }, trusting());
    assert.deepEqual(seen, ["localhost"]);
  });

  test("name_of_the_host_is_sent_with_unsafe_too", async (t) => {
    const seen = [];
    const server = await noting(t, seen);
    await expectAccepted({ ...server, host: "localhost" }, "unsafe=1");
    assert.deepEqual(seen, ["localhost"]);
  });

  test("name_of_the_host_is_sent_where_another_is_verified", async (t) => {
    const seen = [];
    const server = await noting(t, seen);
    await expectAccepted({ ...server, host: "localhost" }, trusting(), "name=127.0.0.1");
    assert.deepEqual(seen, ["localhost"]);
  });

  test("address_is_not_sent", async (t) => {
    const seen = [];
    const server = await noting(t, seen);
    await expectAccepted(server, trusting());
    assert.ok(!seen[0], String(seen[0]));
  });

  test("IPv6_address_is_not_sent", async (t) => {
    const seen = [];
    const server = await noting(t, seen, { host: "::1" });
    await expectAccepted({ ...server, host: "::1" }, trusting(), "name=localhost");
    assert.ok(!seen[0], String(seen[0]));
  });

  test("certificate_is_chosen_by_the_name", async (t) => {
    const names = ["one.example", "two.example"];
    const contexts = Object.fromEntries(
      names.map((name) => {
        const certificate = issue(name, { issuer: intermediate(), names: [`DNS:${name}`] });
        return [name, tls.createSecureContext(credentials(certificate))];
      }),
    );
    const server = await tlsServer(t, good(), undefined, {
      SNICallback: (name, done) => done(null, contexts[name]),
    });
    for (const name of names) {
      const resolve = `resolve=${name}:${server.port}:127.0.0.1`;
      const transcript = await run(...get({ ...server, host: name }, resolve, trusting()));
      expectTranscript(transcript, connected, got("hello", host({ host: name })));
    }
  });

  test("unrecognized_name_is_refused_by_the_servers_alert", async (t) => {
    const server = await opensslServer(
      t,
      good(),
      ...["-www", "-servername", "other.example", "-servername_fatal"],
      ...["-cert2", fileOf(good().pem), "-key2", fileOf(good().key)],
    );
    await expectRefused(
      { ...server, host: "localhost" },
      [trusting()],
      "TLS_HANDSHAKE",
      /alert/i,
      /name/i,
    );
  });
});

describe("Alerts in the handshake", { skip }, () => {
  const alerts = {
    40: /handshake/i,
    47: /parameter/i,
    49: /access/i,
    70: /version/i,
    71: /security/i,
    80: /internal/i,
    112: /name/i,
    120: /protocol/i,
    199: /199/,
  };
  for (const [number, words] of Object.entries(alerts)) {
    test(`alert_${number}_is_named`, async (t) => {
      const server = await rawServer(t, async (connection) => {
        await connection.bytes(5);
        await connection.send(plainAlert(Number(number)));
        connection.end();
      });
      await expectRefused(server, [trusting()], "TLS_HANDSHAKE", /alert/i, words);
    });
  }

  test("alert_after_the_servers_hello_is_named", async (t) => {
    const server = await tlsServer(t, good());
    let count = 0;
    const between = await relay(t, server, {
      onRecord: (record, from) => {
        if (from !== "server" || ++count === 1) return undefined;
        return count === 2 ? plainAlert(80) : null;
      },
    });
    await expectRefused(between, [trusting()], "TLS_HANDSHAKE", /alert|unexpected|message/i);
  });

  for (const [number, words] of Object.entries({ 0: /clos|end/i, 90: /cancel|clos|end|alert/i })) {
    test(`warning_alert_${number}_in_the_place_of_a_hello_ends_the_handshake`, async (t) => {
      const server = await rawServer(t, async (connection) => {
        await connection.bytes(5);
        await connection.send(Buffer.from([21, 3, 3, 0, 2, 1, Number(number)]));
        connection.end();
      });
      await expectRefused(server, [trusting()], ["TLS_HANDSHAKE", "CONNECTION_ERROR"], words);
    });
  }
});

describe("Peers that speak something else", { skip }, () => {
  test("plain_HTTP_is_told_from_TLS", async (t) => {
    const server = await rawServer(t, async (connection) => {
      await connection.bytes(5);
      await connection.send(lines("HTTP/1.1 400 Bad Request", "Connection: close"));
      connection.end();
    });
    await expectRefused(server, [trusting()], "TLS_HANDSHAKE", /plain HTTP|not.*TLS/i);
  });

  test("other_protocol_is_told_from_TLS", async (t) => {
    const server = await rawServer(t, async (connection) => {
      await connection.send("SSH-2.0-OpenSSH_9.2\r\n");
      await connection.rest();
    });
    await expectRefused(server, [trusting()], "TLS_HANDSHAKE", /not.*TLS/i);
  });

  test("end_in_the_place_of_a_hello_is_told", async (t) => {
    const server = await rawServer(t, async (connection) => {
      await connection.bytes(5);
      connection.end();
    });
    await expectRefused(
      server,
      [trusting()],
      ["TLS_HANDSHAKE", "CONNECTION_ERROR"],
      /ended|closed/i,
    );
  });

  test("reset_in_the_place_of_a_hello_is_told", async (t) => {
    const server = await rawServer(t, async (connection) => {
      await connection.bytes(5);
      connection.reset();
    });
    await expectRefused(server, [trusting()], ["TLS_HANDSHAKE", "CONNECTION_ERROR"], /reset/i);
  });

  test("plain_request_to_a_TLS_port_is_an_error", async (t) => {
    const server = await tlsServer(t, good());
    const transcript = await run("exchange", server, "GET", "/", "-");
    assert.match(transcript, /^poll: (PROTOCOL|CONNECTION_ERROR): /m);
    assert.match((await nextRefusal(server)).message, /http|wrong version/i);
  });

  test("random_bytes_are_refused", async (t) => {
    for (let i = 0; i < 20; i++) {
      const server = await rawServer(t, async (connection) => {
        await connection.bytes(5);
        const head = i % 2 === 0 ? [HANDSHAKE, 3, 3, 1, 0] : [];
        await connection.send(Buffer.concat([Buffer.from(head), crypto.randomBytes(300)]));
        connection.end();
      });
      await expectRefused(server, [trusting()], ["TLS_HANDSHAKE", "TLS_CERTIFICATE"]);
    }
  });
});

describe("Fragments", { skip }, () => {
  for (const version of ["TLSv1.2", "TLSv1.3"]) {
    const only = { minVersion: version, maxVersion: version };

    test(`handshake_in_pieces_of_one_byte_is_read_${version}`, async (t) => {
      const server = await tlsServer(t, good(), undefined, only);
      await expectAccepted(await relay(t, server, { piece: 1 }), trusting());
    });

    const splitting = (size) => ({
      onRecord: (record, from) =>
        from === "server" && record[0] === HANDSHAKE && record.length > 60
          ? splitRecord(record, size)
          : undefined,
    });

    for (const size of [4, 5, 100]) {
      test(`handshake_in_records_of_${size}_bytes_is_read_${version}`, async (t) => {
        const server = await tlsServer(t, good(), undefined, only);
        await expectAccepted(await relay(t, server, splitting(size)), trusting());
      });
    }

    // mbedTLS wants the 4 bytes before a message in one record.
    test(`handshake_in_records_of_one_byte_is_read_or_refused_in_words_${version}`, async (t) => {
      const server = await tlsServer(t, good(), undefined, only);
      const transcript = await run(...get(await relay(t, server, splitting(1)), trusting()));
      if (!/^body 5 bytes "hello"$/m.test(transcript)) {
        assert.equal(failureOf(transcript).error, "TLS_HANDSHAKE");
      }
    });

    test(`handshake_in_records_of_512_bytes_is_read_${version}`, async (t) => {
      const options = [version === "TLSv1.2" ? "-tls1_2" : "-tls1_3", "-split_send_frag", 512];
      const server = await opensslServer(t, good(), "-www", ...options, "-max_send_frag", 512);
      const transcript = await run(...get(server, trusting()));
      assert.match(transcript, /^response 200, /m);
    });
  }
});

describe("Updates of keys", { skip }, () => {
  for (const [command, what] of Object.entries({ k: "one_side", K: "both_sides" })) {
    test(`update_of_the_keys_of_${what}_is_survived_or_refused_in_words`, async (t) => {
      const server = await opensslServer(t, good(), "-tls1_3");
      const half = "x".repeat(1500);
      const passed = event();
      const between = await relay(t, server, {
        onRecord: (record, from) => {
          if (from === "server" && contentLength(record) > half.length) passed.resolve();
        },
      });
      const running = run(...get(between, trusting()));
      await server.said(/GET \/ HTTP\/1\.1/);
      server.write(`${lines("HTTP/1.1 200 OK", "Content-Length: 3000")}${half}`);
      await passed.promise; // s_server takes for a command what a read of its own begins with
      server.write(`${command}\n`);
      await server.said(/SSL_do_handshake -> 1/);
      server.write(half);
      const transcript = await running;
      if (!transcript.includes("body 3000 bytes")) {
        assert.match(transcript, /^read: (CONNECTION_ERROR|PROTOCOL): .+$/m);
        assert.match(transcript, /^status CONNECTION_ERROR$/m);
      }
    });
  }
});
