// SPDX-License-Identifier: MIT
// certificates: chains that are accepted, and those that are refused, with the reason in words.
import { describe, test } from "node:test";
import { quick } from "../scenarios/lib/run.mjs";
import { chains, constrained, revocations, trusted } from "./lib/chains.mjs";
import { expectAccepted, expectRefused, file, skip, weakened } from "./lib/expect.mjs";
import { tlsServer } from "./lib/servers.mjs";

const groups = { Chains: chains, Revocation: revocations, "Name constraints": constrained };

for (const [group, cases] of Object.entries(groups)) {
  describe(group, { skip }, () => {
    // They take long to make: a quick run has every second one.
    const chosen = cases.filter(({ isAlwaysRun }, i) => !quick || isAlwaysRun || i % 2 === 0);
    for (const { title, make, refused, error = "TLS_CERTIFICATE" } of chosen) {
      test(title, async (t) => {
        const made = make();
        const server = await tlsServer(t, made.certificate, undefined, weakened(made));
        const options = [`ca=${file(trusted(made))}`];
        if (made.crl) options.push(`crl=${file(made.crl.join(""))}`);
        if (refused) await expectRefused(server, options, error, ...refused);
        else await expectAccepted(server, ...options);
      });
    }
  });
}
