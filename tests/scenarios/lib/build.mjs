// SPDX-License-Identifier: MIT
// build: builds the library another way, for tests of what an option of the build changes.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import path from "node:path";
import { root } from "./cli.mjs";

const LIMIT_MS = 300_000;

/** Runs a command that must succeed; gives what it prints. */
export function call(command, args, env = {}) {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    encoding: "utf8",
    cwd: root,
    env: { ...process.env, ...env },
    timeout: LIMIT_MS,
  });
  assert.equal(status, 0, `${command} ${args.join(" ")}: ${error ?? stdout + stderr}`);
  return stdout;
}

/** Builds in a folder below build/; gives the folder and what the configuration said. */
export function buildWith(name, options, targets) {
  const build = path.join(root, "build", name);
  const always = ["-DCMAKE_BUILD_TYPE=Debug", "-DFERRY_WERROR=ON", "-DFERRY_BUILD_BENCH=OFF"];
  const said = call("cmake", ["-S", root, "-B", build, "-G", "Ninja", ...always, ...options]);
  call("cmake", ["--build", build, "--target", ...targets]);
  return { build, said };
}
