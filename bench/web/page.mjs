// SPDX-License-Identifier: MIT
// page: runs one contestant at a time and measures how long it takes.
import { bareByob, bareDefault } from "./bare.mjs";

// As bench_mode in bench_web.h.
const MODES = { sequence: 0, many: 1, big: 2, burst: 3 };

function load(source) {
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = source;
    script.onload = () => resolve(globalThis.ferryProgram);
    script.onerror = () => reject(new Error(`${source} does not load`));
    document.head.append(script);
  });
}

/** A program in C: it is started by a call, and calls back when a run has ended. */
function makeProgram(name) {
  let program = null;
  const start = async () => {
    const factory = await load(`${name}.js`);
    return factory({ printErr: (line) => console.error(line) });
  };
  return async (mode, requests, onceAFrame = false) => {
    program ??= await start();
    return new Promise((resolve, reject) => {
      program.finished = (result, failure) =>
        failure ? reject(new Error(failure)) : resolve(result);
      program._bench_start(MODES[mode], Number(location.port), requests, onceAFrame);
    });
  };
}

const ferry = makeProgram("bench_web_ferry");
const session = makeProgram("bench_web_session");

/** Frames alone, for as many milliseconds: what this machine draws while nothing comes. */
function drawFrames(milliseconds) {
  return new Promise((resolve) => {
    const seen = { turns: 0, gaps: 0, longest_gap_ms: 0, bytes: 0 };
    let first;
    let previous;
    const frame = (now) => {
      const gap = now - (previous ?? now);
      first ??= now;
      if (previous !== undefined) seen.turns++;
      previous = now;
      if (gap > 1.5 * (1000 / 60)) seen.gaps++;
      seen.longest_gap_ms = Math.max(seen.longest_gap_ms, gap);
      if (now - first < milliseconds) requestAnimationFrame(frame);
      else resolve({ ...seen, seconds: (now - first) / 1000 });
    };
    requestAnimationFrame(frame);
  });
}

const contestants = {
  bare: bareDefault,
  byob: bareByob,
  ferry,
  frames: (mode, requests) => ferry(mode, requests, true),
  wait: makeProgram("bench_web_wait"),
  fetch: makeProgram("bench_web_fetch"),
  session,
  session_frames: (mode, requests) => session(mode, requests, true),
  nothing: (mode, milliseconds) => drawFrames(milliseconds),
};

/** Gives {seconds, bytes, heap_bytes, …}. */
globalThis.benchRun = async (name, mode, requests) => {
  const began = performance.now();
  const result = await contestants[name](mode, requests);
  return { seconds: (performance.now() - began) / 1000, ...result };
};
