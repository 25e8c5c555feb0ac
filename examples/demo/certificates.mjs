// SPDX-License-Identifier: MIT
// certificates: an authority of the demo's own, made by the openssl command when it starts, and what
// it signs: one certificate that is good, and others that are not.
import { authority, days, fileOf, issue, pemOf } from "../../tests/tls/lib/authority.mjs";

const asServer = ({ chain, key }) => ({ cert: pemOf(...chain), key });

/** Gives {file, good, bad}: the authority's file, and what Node's https server takes. */
export function makeCertificates() {
  const root = authority("Harbour Authority");
  const stranger = authority("Unknown Authority");
  const names = ["DNS:localhost", "IP:127.0.0.1"];
  const sign = (options) => asServer(issue("localhost", { issuer: root, names, ...options }));
  return {
    file: fileOf(root.pem, "authority.pem"),
    good: sign({}),
    bad: [
      { why: "expired", words: /expired on/, server: sign({ from: days(-30), to: days(-2) }) },
      {
        why: "for another host",
        words: /is for ferry\.example, not for localhost/,
        server: sign({ names: ["DNS:ferry.example"] }),
      },
      {
        why: "of an unknown authority",
        words: /Unknown Authority is no trusted authority/,
        server: sign({ issuer: stranger }),
      },
    ],
  };
}
