// SPDX-License-Identifier: MIT
// terminal: programs on a terminal of their own, by script(1).
import { spawnSync } from "node:child_process";

const works = spawnSync("script", ["-q", "-e", "-c", "true", "/dev/null"]).status === 0;

/** Why there are no terminals; false where there are. */
export const noTerminal = works ? false : "script (util-linux) can have no terminal here";
