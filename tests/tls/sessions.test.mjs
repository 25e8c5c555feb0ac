// SPDX-License-Identifier: MIT
// sessions: when the session of an earlier connection is resumed, and when it must not be.
import assert from "node:assert/strict";
import crypto from "node:crypto";
import net from "node:net";
import { describe, test } from "node:test";
import tls from "node:tls";
import { run } from "../scenarios/lib/run.mjs";
import { ok } from "../scenarios/lib/servers.mjs";
import { authority, issue, newKey, pemOf, pinOf, revocationList } from "./lib/authority.mjs";
import { intermediate, lazily, NAMES, root } from "./lib/chains.mjs";
import { file, handshakes, skip, trust } from "./lib/expect.mjs";
import { credentials, tlsServer } from "./lib/servers.mjs";

const good = lazily(() => issue("Ferry Leaf", { issuer: intermediate(), names: NAMES }));
const trusting = () => trust(root());

/** A server that notes which of its connections have resumed a session. */
async function noting(t, options = {}) {
  const seen = [];
  const script = async (connection) => {
    seen.push(connection.socket.isSessionReused());
    for (;;) {
      await connection.head();
      await connection.send(ok("hello"));
    }
  };
  return Object.assign(await tlsServer(t, good(), script, options), { seen });
}

/** Runs the steps; says of each connection whether it was resumed, as the log has it. */
async function resumed(server, ...steps) {
  const options = ["tls=1", "log=2", trusting()];
  const transcript = await run("sessions", server, ...options, ",", ...steps);
  const found = handshakes(transcript);
  const answers = transcript.match(/^body 5 bytes "hello"$/gm) ?? [];
  assert.equal(answers.length, found.length, transcript);
  return found.map((line) => line.includes(", resumed, "));
}

for (const version of ["TLSv1.2", "TLSv1.3"]) {
  const only = { minVersion: version, maxVersion: version };

  describe(`Sessions in ${version}`, { skip }, () => {
    const expectResumed = async (t, steps, expected, options = {}) => {
      const server = await noting(t, { ...only, ...options });
      assert.deepEqual(await resumed(server, ...steps), expected);
      assert.deepEqual(server.seen, expected, "the server has seen the same");
    };

    // In TLS 1.3 a ticket is used once, and Node's server sends two for each full handshake.
    const fourth = version === "TLSv1.2";

    test("connections_of_one_client_resume", async (t) => {
      await expectResumed(t, [0, 0, 0, 0], [false, true, true, fourth]);
    });

    test("clients_without_a_cache_in_common_do_not_resume_each_others", async (t) => {
      await expectResumed(t, [0, 1, 0, 1], [false, false, true, true]);
    });

    test("clients_with_a_cache_in_common_resume_each_others", async (t) => {
      await expectResumed(t, ["cache", 0, 1, 2, 0], [false, true, true, fourth]);
    });

    test("cache_outlives_the_client_that_filled_it", async (t) => {
      await expectResumed(t, ["cache", 0, "-0", 1], [false, true]);
    });

    test("freed_cache_stays_with_the_clients_that_have_it", async (t) => {
      await expectResumed(t, ["cache", 0, 1, "no_cache", "-0", "-1", 0], [false, true, false]);
    });

    test("new_cache_has_no_sessions", async (t) => {
      await expectResumed(t, ["cache", 0, "cache", 0], [false, false]);
    });

    test("server_without_tickets_is_spoken_to", async (t) => {
      const { SSL_OP_NO_TICKET } = crypto.constants;
      const server = await noting(t, { ...only, secureOptions: SSL_OP_NO_TICKET });
      // Sessions that the server keeps itself are another way; either is right.
      const found = await resumed(server, 0, 0);
      assert.equal(found[0], false);
      assert.deepEqual(found, server.seen);
    });

    test("server_that_has_forgotten_its_tickets_gets_a_full_handshake", async (t) => {
      const server = await noting(t, only);
      const renew = () => server.listener.setTicketKeys(crypto.randomBytes(48));
      server.listener.on("connection", renew);
      assert.deepEqual(await resumed(server, 0, 0, 0), [false, false, false]);
      assert.deepEqual(server.seen, [false, false, false]);
    });

    // What a session was verified with must hold for what it is resumed with.
    const changes = {
      another_name: ["name=localhost"],
      other_authorities: [() => trust(root(), authority("Another Root"))],
      a_pin: [() => `pin=${pinOf(good())}`],
      a_list: [() => `crl=${file(revocationList(root()))}`],
      unsafe: ["unsafe=1"],
      a_higher_version: ["tls_min=13"],
      a_client_certificate: (() => {
        const mine = lazily(() => issue("Ferry Client", { issuer: root(), key: newKey() }));
        return [() => `cert=${file(pemOf(mine()))}`, () => `key=${file(mine().key)}`];
      })(),
    };
    for (const [what, options] of Object.entries(changes)) {
      if (what === "a_higher_version" && version === "TLSv1.2") continue;
      test(`session_is_not_resumed_with_${what}`, async (t) => {
        const change = options.map((option) => (typeof option === "function" ? option() : option));
        await expectResumed(t, ["cache", 0, ...change, 1], [false, false]);
      });
    }

    test("session_of_unsafe_is_not_resumed_without", async (t) => {
      await expectResumed(
        t,
        ["cache", "unsafe=1", "ca=-", 0, "unsafe=0", trusting(), 1],
        [false, false],
      );
    });

    test("same_options_resume_again", async (t) => {
      const steps = ["cache", 0, "name=localhost", 0, "name=-", 0, "name=localhost", 0];
      await expectResumed(t, steps, [false, false, true, true]);
    });

    test("session_is_not_resumed_with_another_port", async (t) => {
      // Both servers would take the ticket: they have the same keys.
      const ticketKeys = crypto.randomBytes(48);
      const servers = [
        await noting(t, { ...only, ticketKeys }),
        await noting(t, { ...only, ticketKeys }),
      ];
      const transcript = await run(
        "sessions",
        servers[0],
        ...["tls=1", "log=2", trusting(), ",", "cache", 0, `port=${servers[1].port}`, 0, 1],
      );
      assert.equal(handshakes(transcript).length, 3, transcript);
      assert.deepEqual(servers[0].seen, [false]);
      assert.deepEqual(servers[1].seen, [false, true]);
    });

    test("session_is_not_resumed_with_another_host", async (t) => {
      const server = await noting(t, only);
      const steps = ["cache", 0, "host=localhost", 0, 0, "host=127.0.0.1", 0];
      assert.deepEqual(await resumed(server, ...steps), [false, false, true, true]);
    });

    test("session_of_a_connection_that_failed_later_does_no_harm", async (t) => {
      const server = await tlsServer(
        t,
        good(),
        async (connection) => {
          await connection.head();
          connection.socket.destroy();
        },
        only,
      );
      const options = ["tls=1", "log=2", trusting(), ","];
      const transcript = await run("sessions", server, ...options, 0, 0, 0);
      assert.equal(handshakes(transcript).length, 3, transcript);
      assert.equal(transcript.match(/CONNECTION_ERROR: /g).length, 3);
    });

    test("blocking_clients_resume", async (t) => {
      const server = await noting(t, only);
      const transcript = await run(
        "sessions",
        server,
        ...["tls=1", "log=2", "blocking=1", trusting(), ",", 0, 0],
      );
      assert.match(handshakes(transcript)[1], /, resumed, /);
    });
  });
}

/** Servers behind one address: the n-th connection meets one that speaks the n-th version alone. */
async function mixture(t, ...versions) {
  const seen = [];
  const contexts = versions.map((version) =>
    tls.createSecureContext({
      ...credentials(good()),
      minVersion: version,
      maxVersion: version,
    }),
  );
  const listener = net.createServer((raw) => {
    const index = Math.min(seen.length, versions.length - 1);
    const socket = new tls.TLSSocket(raw, { isServer: true, secureContext: contexts[index] });
    seen.push(versions[index]);
    for (const one of [raw, socket]) one.on("error", () => {});
    socket.on("data", () => socket.write(ok("hello")));
    t.after(() => raw.destroy());
  });
  await new Promise((resolve) => listener.listen(0, "127.0.0.1", resolve));
  t.after(() => listener.close());
  return { host: "127.0.0.1", port: listener.address().port, seen };
}

describe("Sessions of a server that speaks another version by now", { skip }, () => {
  for (const [before, after] of [
    ["TLSv1.3", "TLSv1.2"],
    ["TLSv1.2", "TLSv1.3"],
  ]) {
    for (const blocking of [0, 1]) {
      test(`${before}_and_then_${after}_blocking_${blocking}`, async (t) => {
        const server = await mixture(t, before, after);
        const transcript = await run(
          "sessions",
          server,
          ...["tls=1", "log=2", `blocking=${blocking}`, trusting(), ",", 0, 0, 0],
        );
        const found = handshakes(transcript).map((line) => line.replace(/, TLS[^,]*,/, ","));
        const name = (version) => version.replace("TLSv", "TLS ");
        assert.deepEqual(
          found.map((line) => line.split(", ").slice(0, 2).join(", ")),
          [
            `${name(before)}, new session`,
            `${name(after)}, new session`,
            `${name(after)}, resumed`,
          ],
          transcript,
        );
        assert.equal(transcript.match(/^body 5 bytes "hello"$/gm)?.length, 3, transcript);
        assert.match(transcript, /^log info: another attempt, without the session that was remem/m);
        assert.deepEqual(server.seen, [before, after, after, after]);
      });
    }
  }
});

describe("Sessions of a certificate that is revoked or has expired since", { skip }, () => {
  test("resumption_is_refused_once_the_list_says_so", async (t) => {
    const server = await noting(t);
    const list = `crl=${file(revocationList(intermediate(), [good()]))}`;
    const options = ["tls=1", "log=2", trusting(), ","];
    const transcript = await run("sessions", server, ...options, "cache", 0, list, 0);
    assert.match(transcript, /^poll: TLS_CERTIFICATE: .*revoked/m);
  });
});
