// SPDX-License-Identifier: MIT
// certificates: what a server of the benchmarks speaks TLS with.
import fs from "node:fs";
import path from "node:path";
import { authority, issue, pemOf } from "../../tests/tls/lib/authority.mjs";

/** A P-256 certificate of an authority of the benchmark's own; gives the authority's file. */
export function writeCertificates(folder) {
  const root = authority("Benchmark Root");
  const leaf = issue("localhost", { issuer: root, names: ["DNS:localhost", "IP:127.0.0.1"] });
  fs.writeFileSync(path.join(folder, "server.pem"), pemOf(...leaf.chain));
  fs.writeFileSync(path.join(folder, "server.key"), leaf.key);
  fs.writeFileSync(path.join(folder, "root.pem"), root.pem);
  fs.copyFileSync(path.join(folder, "root", "1k"), path.join(folder, "root", "connect"));
  return path.join(folder, "root.pem");
}
