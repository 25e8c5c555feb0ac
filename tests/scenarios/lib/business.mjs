// SPDX-License-Identifier: MIT
// business: tells whether other programs keep the processor from what a test measures.
import { spawn } from "node:child_process";
import { once } from "node:events";

/** A loop that works three milliseconds of each sixteen, and counts when that took too long. */
const LOOP = `
  let disturbed = 0;
  setInterval(() => {
    const began = performance.now();
    let now = began;
    for (let before = now; now - began < 3; before = now) {
      now = performance.now();
      if (now - before > 10) disturbed++;
    }
  }, 16);
  process.stdin.on("end", () => {
    process.stdout.write(String(disturbed));
    process.exit();
  }).resume();
`;

/** How often a program that does little was kept from it while something else went on. */
export async function countDisturbances(meanwhile) {
  const child = spawn(process.execPath, ["-e", LOOP], { stdio: ["pipe", "pipe", "inherit"] });
  let output = "";
  child.stdout.on("data", (data) => (output += data));
  const closed = once(child, "close");
  try {
    await meanwhile();
  } finally {
    child.stdin.end();
    await closed;
  }
  return Number(output);
}
