// SPDX-License-Identifier: MIT
// adapt_es6: makes a factory of a program that is an ES module, for the pages and the runner that
// load scripts.
"use strict";
async function ferryProgram(options) {
  const name = "es6_program.mjs";
  const inNode = typeof module === "object";
  // Older versions of Emscripten look for require() under Node, which modules do not have.
  if (inNode) Object.assign(globalThis, { require, __dirname });
  const program = await import(inNode ? `./${name}` : options.locateFile(name));
  return program.default(options);
}
if (typeof module === "object") module.exports = ferryProgram;
