// SPDX-License-Identifier: MIT
// adapt_plain: makes a factory of a program that takes its options from a global Module, as programs
// without MODULARIZE do, for the pages and the runner that expect one.
"use strict";
function ferryProgram(options) {
  const name = "plain_program.js";
  globalThis.Module = options;
  if (typeof require === "function") {
    const fs = require("node:fs");
    const file = require("node:path").join(__dirname, name);
    Object.assign(globalThis, { require, __dirname, __filename: file });
    require("node:vm").runInThisContext(fs.readFileSync(file, "utf8"), file);
  } else if (typeof importScripts === "function") {
    importScripts(options.locateFile(name));
  } else {
    const script = document.createElement("script");
    script.src = options.locateFile(name);
    script.onerror = () => options.onAbort("the program cannot be loaded");
    document.head.append(script);
  }
  return Promise.resolve();
}
if (typeof module === "object") module.exports = ferryProgram;
