// SPDX-License-Identifier: MIT
// run_worker: runs a compiled program and collects what it prints, in the page that includes this
// script or in a Web Worker that is started with it.
"use strict";

(() => {
  const FOLDER = "/.ferry/";
  const inPage = typeof document !== "undefined";

  /** Emscripten unwinds the stack with these; they are no failures. */
  const isUnwinding = (error) => error === "unwind" || (error && error.name === "ExitStatus");

  function load(program) {
    const url = `${FOLDER}${program}.js`;
    if (!inPage) {
      importScripts(url);
      return Promise.resolve();
    }
    return new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = url;
      script.onload = resolve;
      script.onerror = () => reject(new Error(`${url} cannot be loaded`));
      document.head.append(script);
    });
  }

  /**
   * Runs a program here; resolves with its exit code, or "abort". `record(kind, text)` is given each
   * line of "stdout" and "stderr", and what would go to the "console" as an error.
   */
  function run({ program, args }, record) {
    return new Promise((resolve) => {
      let ended = false;
      // Emscripten calls its handlers before it prints why: the end waits until it has returned.
      const end = (code) => {
        ended = true;
        queueMicrotask(() => resolve(code));
      };
      const fail = (error) => {
        if (ended || isUnwinding(error)) return;
        record("stderr", String(error));
        end("abort");
      };
      const uncaught = (event, error) => {
        event.preventDefault(); // the browser need not report it as well
        if (ended || isUnwinding(error)) return;
        record("console", { kind: "pageerror", text: String(error) });
        fail(error);
      };
      self.addEventListener("error", (event) => uncaught(event, event.error ?? event.message));
      self.addEventListener("unhandledrejection", (event) => uncaught(event, event.reason));
      console.error = (...parts) => {
        record("console", { kind: "error", text: parts.map(String).join(" ") });
      };

      const start = async () => {
        await load(program);
        if (typeof self.ferryProgram !== "function") {
          throw new Error(`${program}.js has no ferryProgram`);
        }
        await self.ferryProgram({
          arguments: args,
          print: (text) => record("stdout", text),
          printErr: (text) => record("stderr", text),
          locateFile: (name) => FOLDER + name,
          mainScriptUrlOrBlob: `${FOLDER}${program}.js`,
          onExit: end,
          onAbort: () => end("abort"),
        });
      };
      start().catch(fail);
    });
  }

  if (!inPage) {
    self.onmessage = async ({ data }) => {
      const code = await run(data, (kind, text) => self.postMessage({ kind, text }));
      self.postMessage({ kind: "end", code });
    };
    return;
  }

  const output = { stdout: [], stderr: [], console: [] };
  const watchers = new Set(); // each is given every line, and null at the end
  let over = false;

  function record(kind, text) {
    output[kind].push(text);
    if (kind !== "console") for (const watch of watchers) watch(text);
  }

  function runInWorker(options) {
    return new Promise((resolve) => {
      const worker = new Worker(`${FOLDER}run_worker.js${location.search}`);
      worker.onmessage = ({ data }) => {
        if (data.kind === "end") resolve(data.code);
        else record(data.kind, data.text);
      };
      worker.onerror = (event) => {
        event.preventDefault();
        record("stderr", event.message || "the worker cannot be started");
        resolve("abort");
      };
      worker.postMessage(options);
    });
  }

  const joined = (lines) => lines.map((line) => `${line}\n`).join("");

  /** What there is so far. */
  self.ferryOutput = () => ({
    stdout: joined(output.stdout),
    stderr: joined(output.stderr),
    console: output.console,
  });

  /** Runs {program, args, where} to its end; once for each load of the page. */
  self.ferryRun = async (options) => {
    const code = await (options.where === "worker" ? runInWorker(options) : run(options, record));
    over = true;
    for (const watch of watchers) watch(null);
    return { ...self.ferryOutput(), code };
  };

  /** The first line with this in it, printed already or yet to come; null where none comes. */
  self.ferryLine = (text) =>
    new Promise((resolve) => {
      const watch = (line) => {
        if (line !== null && !line.includes(text)) return;
        watchers.delete(watch);
        resolve(line);
      };
      const found = [...output.stdout, ...output.stderr].find((line) => line.includes(text));
      if (found !== undefined || over) resolve(found ?? null);
      else watchers.add(watch);
    });
})();
