// SPDX-License-Identifier: MIT
// node_program: runs a web program (a ferryProgram factory and its .wasm) under Node, as if it were
// a program of the system's. usage: node node_program.cjs FILE.js [ARGUMENT...]
"use strict";
const fs = require("node:fs");
const path = require("node:path");

const [file, ...args] = process.argv.slice(2);
const loaded = require(path.resolve(file));
const ferryProgram = loaded.default ?? loaded;

// Emscripten's own output functions wait for the event loop; a transcript is complete at its end.
const write = (descriptor) => (line) => fs.writeSync(descriptor, `${line}\n`);

ferryProgram({
  arguments: args,
  // Older versions of Emscripten ask fetch() for the file, which Node's refuses.
  wasmBinary: fs.readFileSync(file.replace(/\.m?js$/, ".wasm")),
  print: write(1),
  printErr: write(2),
  onExit: (code) => process.exit(code),
}).catch((error) => {
  write(2)(error.stack ?? String(error));
  process.exit(70);
});
