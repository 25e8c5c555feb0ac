// SPDX-License-Identifier: MIT
// certificates: chains that are accepted, and those that are refused, with the reason in words.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { quick, run } from "../scenarios/lib/run.mjs";
import { pinOf } from "./lib/authority.mjs";
import { chains, constrained, revocations, trusted } from "./lib/chains.mjs";
import { expectAccepted, expectRefused, file, handshakes, skip, weakened } from "./lib/expect.mjs";
import { relay } from "./lib/relay.mjs";
import { tlsServer } from "./lib/servers.mjs";

const groups = { Chains: chains, Revocation: revocations, "Name constraints": constrained };

// What mbedTLS reads only at the second go, where it has taken its digest of the message before.
groups["Critical extensions in TLS 1.2"] = [...chains, ...constrained]
  .filter(({ title }) => /(_|^)critical_/.test(title))
  .map((each) => ({ ...each, options: { maxVersion: "TLSv1.2" } }));

for (const [group, cases] of Object.entries(groups)) {
  describe(group, { skip }, () => {
    // They take long to make: a quick run has every second one.
    const chosen = cases.filter(({ isAlwaysRun }, i) => !quick || isAlwaysRun || i % 2 === 0);
    for (const { title, make, refused, error = "TLS_CERTIFICATE", options: more } of chosen) {
      test(title, async (t) => {
        const made = make();
        const given = { ...weakened(made), ...more };
        const server = await tlsServer(t, made.certificate, undefined, given);
        const options = [`ca=${file(trusted(made))}`];
        if (made.crl) options.push(`crl=${file(made.crl.join(""))}`);
        if (refused) await expectRefused(server, options, error, ...refused);
        else await expectAccepted(server, ...options);
      });
    }
  });
}

describe("A chain with critical constraints", { skip }, () => {
  const { make } = constrained.find(
    ({ title }) => title === "permitted_name_and_critical_constraints_in_the_intermediate",
  );
  for (const version of ["TLSv1.2", "TLSv1.3"]) {
    const only = { minVersion: version, maxVersion: version };

    test(`is_pinned_by_the_intermediate_in_${version}`, async (t) => {
      const made = make();
      const [leaf, middle] = made.certificate.chain;
      const roots = `ca=${file(trusted(made))}`;
      const server = await tlsServer(t, made.certificate, undefined, only);
      for (const pinned of [leaf, middle]) {
        await expectAccepted(server, roots, `pin=${pinOf(pinned)}`);
      }
      const stray = pinOf(make().certificate.chain[1]);
      await expectRefused(server, [roots, `pin=${stray}`], "TLS_CERTIFICATE", /pinned/);
    });

    test(`is_accepted_by_unsafe_in_${version}`, async (t) => {
      const made = make();
      const server = await tlsServer(t, made.certificate, undefined, only);
      await expectAccepted(server, "unsafe=1");
      await expectRefused(
        server,
        ["unsafe=1", `pin=${pinOf(make().certificate.chain[1])}`],
        "TLS_CERTIFICATE",
        /pinned/,
      );
    });

    test(`comes_in_any_pieces_in_${version}`, async (t) => {
      const made = make();
      const server = await tlsServer(t, made.certificate, undefined, only);
      for (const piece of [1, 100]) {
        const slow = await relay(t, server, { piece });
        await expectAccepted(slow, `ca=${file(trusted(made))}`);
      }
    });

    test(`leads_to_a_session_that_is_resumed_in_${version}`, async (t) => {
      const made = make();
      const server = await tlsServer(t, made.certificate, undefined, only);
      const transcript = await run(
        "sessions",
        server,
        ...["tls=1", "log=2", `ca=${file(trusted(made))}`, ",", 0, 0],
      );
      assert.deepEqual(
        handshakes(transcript).map((line) => line.includes(", resumed, ")),
        [false, true],
        transcript,
      );
    });
  }
});
