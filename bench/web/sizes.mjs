// SPDX-License-Identifier: MIT
// sizes: how many bytes of wasm and JavaScript a client adds to a program that does nothing.
import fs from "node:fs";
import path from "node:path";
import zlib from "node:zlib";

function weigh(programs, name) {
  const of = (file) => {
    const bytes = fs.readFileSync(path.join(programs, file));
    return zlib.gzipSync(bytes, { level: 9 }).length;
  };
  return { js: of(`size_${name}.js`), wasm: of(`size_${name}.wasm`) };
}

/** {js, wasm, added} of each program bin/size_*, compressed as by gzip -9. */
export function weighPrograms(programs) {
  const names = fs
    .readdirSync(programs)
    .map((file) => /^size_(\w+)\.wasm$/.exec(file)?.[1])
    .filter((name) => name !== undefined);
  const sizes = Object.fromEntries(names.map((name) => [name, weigh(programs, name)]));
  if (!sizes.empty) throw new Error(`there is no size_empty in ${programs}: build it first`);
  const total = ({ js, wasm }) => js + wasm;
  for (const name of names) sizes[name].added = total(sizes[name]) - total(sizes.empty);
  return sizes;
}
