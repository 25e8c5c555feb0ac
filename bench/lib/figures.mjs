// SPDX-License-Identifier: MIT
// figures: rounds in which programs take turns, ratios, and what one request costs.
import fs from "node:fs";
import path from "node:path";
import { findProgram, run } from "./machine.mjs";

// Two runs, whose difference has no start-up in it.
const COUNT_FEW = 200;
const COUNT_MANY = 1200;

/** The value below which this share of them lies. */
export function quantile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (sorted.length - 1) * share;
  const low = sorted[Math.floor(at)];
  return low + (sorted[Math.ceil(at)] - low) * (at - Math.floor(at));
}

export const median = (values) => quantile(values, 0.5);

/** How much more `above` does a second than `below`: seconds are inverse to rates. */
export function ratioOf(rounds, above, below, member = "seconds") {
  if (!rounds[0][above] || !rounds[0][below]) return null;
  const ratios = rounds.map((round) => round[below][member] / round[above][member]);
  return {
    median: median(ratios),
    low: quantile(ratios, 0.25),
    high: quantile(ratios, 0.75),
    min: Math.min(...ratios),
    max: Math.max(...ratios),
  };
}

/**
 * bare, ferry, curl, bare, ferry, curl, …: whatever else the machine does falls on all of them. The
 * ratios are {name: [above, below, member]}.
 */
export async function measureRate(bench, { names = bench.names, mode, title, n, rounds }, ratios) {
  const all = [];
  for (let round = -1; round < rounds; round++) {
    const results = {};
    for (const name of names) results[name] = await bench.measure(name, mode, n);
    if (round >= 0) all.push(results); // the first one warms the machine up
  }
  const medians = {};
  for (const name of names) {
    const seconds = median(all.map((round) => round[name].seconds));
    medians[name] = {
      per_second: n / seconds,
      bytes_per_second: all[0][name].bytes / seconds,
      cpu_us_per_request: (median(all.map((round) => round[name].cpu)) / n) * 1e6,
    };
  }
  const found = Object.entries(ratios).map(([name, terms]) => [name, ratioOf(all, ...terms)]);
  return { title, n, medians, ratios: Object.fromEntries(found), rounds: all };
}

function numberIn(text, pattern) {
  const found = pattern.exec(text);
  if (!found) throw new Error(`no figure in what valgrind prints:\n${text}`);
  return Number(found[1].replaceAll(",", ""));
}

const counters = {
  async instructions(bench, command, env) {
    const file = path.join(bench.folder, "callgrind.out");
    const tool = ["valgrind", "--tool=callgrind", `--callgrind-out-file=${file}`];
    const { stderr } = await run([...tool, ...command], env);
    return numberIn(stderr, /Collected *: *(\d+)/);
  },
  async allocations(bench, command, env) {
    const { stderr } = await run(["valgrind", "--tool=memcheck", ...command], env);
    return numberIn(stderr, /total heap usage: ([\d,]+) allocs/);
  },
  async system_calls(bench, command, env) {
    const file = path.join(bench.folder, "strace.out");
    await run(["strace", "-f", "-c", "-o", file, ...command], env);
    const calls = {};
    for (const line of fs.readFileSync(file, "utf8").split("\n")) {
      const columns = line.trim().split(/\s+/);
      if (/^[\d.]+$/.test(columns[0]) && columns.length >= 5 && columns.at(-1) !== "total") {
        calls[columns.at(-1)] = Number(columns[3]);
      }
    }
    return calls;
  },
};
const COUNTER_TOOLS = {
  instructions: "valgrind",
  allocations: "valgrind",
  system_calls: "strace",
};

// What one request costs, by the difference between a long run and a short one.
export async function countPerRequest(bench, counter, name, mode) {
  if (!findProgram(COUNTER_TOOLS[counter])) return null;
  const few = await counters[counter](bench, bench.command(name, mode, COUNT_FEW), bench.env);
  const many = await counters[counter](bench, bench.command(name, mode, COUNT_MANY), bench.env);
  const extra = COUNT_MANY - COUNT_FEW;
  if (typeof many === "number") return { total: (many - few) / extra };
  const kinds = {};
  let total = 0;
  for (const [call, calls] of Object.entries(many)) {
    const each = (calls - (few[call] ?? 0)) / extra;
    total += each;
    if (each >= 0.005) kinds[call] = each;
  }
  return { total, kinds };
}

/** What a request of each mode costs each program. */
export async function measureCounts(bench, modes) {
  const counts = {};
  for (const mode of modes) {
    counts[mode] = {};
    for (const counter of Object.keys(counters)) {
      counts[mode][counter] = {};
      for (const name of bench.names) {
        counts[mode][counter][name] = await countPerRequest(bench, counter, name, mode);
      }
    }
  }
  return counts;
}

/** A target: what was measured, what is wanted, whether it is met. */
export const target = (name, value, relation, limit, unit = "", note = "") => ({
  name,
  value,
  relation,
  limit,
  unit,
  note,
  met: value === null ? null : relation === ">=" ? value >= limit : value <= limit,
});
