// SPDX-License-Identifier: MIT
// fuzz_border: runs cases of border_cases.mjs, each of a new number, for so many seconds, under
// AddressSanitizer where that is built. usage: fuzz_border.mjs SECONDS | fuzz_border.mjs case NUMBER
import crypto from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { openBorder } from "./lib/border.mjs";
import { runCase } from "./lib/border_cases.mjs";
import { programs } from "./lib/front.mjs";

const [what, number] = process.argv.slice(2);
const seconds = Number(what);
if (!(seconds > 0) && !(what === "case" && number)) {
  process.stderr.write("usage: fuzz_border.mjs SECONDS | fuzz_border.mjs case NUMBER\n");
  process.exit(2);
}

const names = ["border", "border_asan"].filter((name) =>
  fs.existsSync(path.join(programs, `${name}.js`)),
);
const borders = await Promise.all(names.map(openBorder));
const first = number === undefined ? crypto.randomInt(2 ** 31) : Number(number);
const end = Date.now() + (seconds || 0) * 1000;
let count = 0;
try {
  do {
    for (const border of borders) await runCase(border, first + count);
    count++;
  } while (Date.now() < end);
  process.stdout.write(`${count} cases from ${first} on in ${names.join(" and ")}\n`);
  process.exit(0);
} catch (error) {
  process.stderr.write(`${error.message}\n${error.stack}\n`);
  process.exit(1);
}
