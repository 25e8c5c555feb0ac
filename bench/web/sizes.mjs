// SPDX-License-Identifier: MIT
// sizes: how many bytes of wasm and JavaScript a client adds to a program that does nothing.
import fs from "node:fs";
import path from "node:path";
import zlib from "node:zlib";

function weigh(programs, name) {
  const read = (ending) => fs.readFileSync(path.join(programs, `size_${name}.${ending}`));
  const packed = (ending) => zlib.gzipSync(read(ending), { level: 9 }).length;
  return {
    ...{ js: packed("js"), wasm: packed("wasm") },
    bare: { js: read("js").length, wasm: read("wasm").length },
  };
}

/**
 * {js, wasm, added, bare} of each program bin/size_*, compressed as by gzip -9, but for those in
 * `bare`.
 */
export function weighPrograms(programs) {
  const names = fs
    .readdirSync(programs)
    .map((file) => /^size_(\w+)\.wasm$/.exec(file)?.[1])
    .filter((name) => name !== undefined);
  const sizes = Object.fromEntries(names.map((name) => [name, weigh(programs, name)]));
  if (!sizes.empty) throw new Error(`there is no size_empty in ${programs}: build it first`);
  const total = ({ js, wasm }) => js + wasm;
  for (const name of names) {
    sizes[name].added = total(sizes[name]) - total(sizes.empty);
    sizes[name].bare.added = total(sizes[name].bare) - total(sizes.empty.bare);
  }
  return sizes;
}
