// SPDX-License-Identifier: MIT
// processes: CPU time and memory of a browser's processes, as Linux tells them.
import fs from "node:fs";

const TICKS_PER_SECOND = 100; // of user space, on every Linux

function read(pid, file) {
  try {
    return fs.readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return ""; // it has ended
  }
}

/** What stands after the name of the program, which may hold anything. */
function statOf(pid) {
  const text = read(pid, "stat");
  return text.slice(text.lastIndexOf(")") + 2).split(" ");
}

function listProcesses() {
  if (process.platform !== "linux") return [];
  return fs.readdirSync("/proc").filter((name) => /^\d+$/.test(name));
}

/** A process and all that it has started. */
function familyOf(root) {
  const children = new Map();
  for (const pid of listProcesses()) {
    const parent = statOf(pid)[1];
    if (!children.has(parent)) children.set(parent, []);
    children.get(parent).push(pid);
  }
  const family = [String(root)];
  for (let i = 0; i < family.length; i++) family.push(...(children.get(family[i]) ?? []));
  return family;
}

function memoryOf(pid, member) {
  const found = new RegExp(`^${member}:\\s*(\\d+) kB`, "m").exec(read(pid, "status"));
  return found ? Number(found[1]) * 1024 : 0;
}

const hasPage = (pid) => /--type=renderer|-contentproc/.test(read(pid, "cmdline"));

/** Watches a browser by its first process. */
export function watchProcesses(root) {
  return {
    /** CPU seconds: of all of them, and of the threads that run the pages' scripts. */
    cpuSeconds() {
      let ticks = 0;
      let nanoseconds = 0;
      for (const pid of familyOf(root)) {
        for (const field of statOf(pid).slice(11, 15)) ticks += Number(field);
        if (hasPage(pid)) nanoseconds += Number(read(pid, `task/${pid}/schedstat`).split(" ")[0]);
      }
      return { all: ticks / TICKS_PER_SECOND, page: nanoseconds / 1e9 };
    },

    /** Forgets the peaks so far: what the processes that hold pages use now, by process. */
    resetPeaks() {
      const pages = familyOf(root).filter(hasPage);
      for (const pid of pages) {
        try {
          fs.writeFileSync(`/proc/${pid}/clear_refs`, "5");
        } catch {
          // not allowed: the peak is then that of the whole life
        }
      }
      return new Map(pages.map((pid) => [pid, memoryOf(pid, "VmRSS")]));
    },

    /** By how much the process that has grown most went up since, at its peak; null: not known. */
    peakGrowth(before) {
      const growth = [...before].map(([pid, bytes]) => memoryOf(pid, "VmHWM") - bytes);
      return growth.length > 0 ? Math.max(...growth) : null;
    },
  };
}
