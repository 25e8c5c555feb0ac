// SPDX-License-Identifier: MIT
// names: which names of a certificate are the host's (RFC 9525 section 6), and what is said where
// none is.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { run } from "../scenarios/lib/run.mjs";
import { issue } from "./lib/authority.mjs";
import { intermediate, root } from "./lib/chains.mjs";
import { expectAccepted, expectRefused, get, skip, trust } from "./lib/expect.mjs";
import { names } from "./lib/names.mjs";
import { tlsServer } from "./lib/servers.mjs";

const certificateFor = (...list) => issue("Ferry Leaf", { issuer: intermediate(), names: list });

describe("Names that are wanted instead of the host's", { skip }, () => {
  for (const { title, make, wanted, refused } of names) {
    test(title, async (t) => {
      const server = await tlsServer(t, make().certificate);
      const options = [trust(root()), `name=${wanted}`];
      if (refused) await expectRefused(server, options, "TLS_CERTIFICATE", ...refused);
      else await expectAccepted(server, ...options);
    });
  }
});

describe("Hosts", { skip }, () => {
  const hosts = { localhost: "DNS:localhost", "127.0.0.1": "IP:127.0.0.1", "::1": "IP:::1" };
  for (const [host, name] of Object.entries(hosts)) {
    const listen = host === "::1" ? "::1" : "127.0.0.1";

    test(`${host}_is_accepted_where_the_certificate_has_it`, async (t) => {
      const server = await tlsServer(t, certificateFor(name), undefined, { host: listen });
      await expectAccepted({ ...server, host }, trust(root()));
    });

    test(`${host}_is_refused_where_the_certificate_has_another`, async (t) => {
      const certificate = certificateFor("DNS:other.example", "IP:10.1.2.3");
      const server = await tlsServer(t, certificate, undefined, { host: listen });
      const detail = await expectRefused(
        { ...server, host },
        [trust(root())],
        "TLS_CERTIFICATE",
        /other\.example/,
      );
      assert.ok(detail.includes(host), detail);
    });

    test(`${host}_is_not_looked_at_where_another_name_is_wanted`, async (t) => {
      const server = await tlsServer(t, certificateFor(name), undefined, { host: listen });
      const options = [trust(root()), "name=other.example"];
      await expectRefused({ ...server, host }, options, "TLS_CERTIFICATE", /other\.example/);
    });
  }

  test("zone_of_an_IPv6_host_is_not_looked_for_in_the_certificate", async (t) => {
    const server = await tlsServer(t, certificateFor("IP:::1"), undefined, { host: "::1" });
    const transcript = await run(...get({ ...server, host: "::1%1" }, trust(root())));
    assert.match(transcript, /^body 5 bytes "hello"$/m);
    await expectAccepted({ ...server, host: "::1" }, trust(root()), "name=::1%1");
  });

  test("IPv6_host_in_brackets_is_accepted", async (t) => {
    const server = await tlsServer(t, certificateFor("IP:::1"), undefined, { host: "::1" });
    await expectAccepted({ ...server, host: "[::1]" }, trust(root()));
  });
});
