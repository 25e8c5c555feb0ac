// SPDX-License-Identifier: MIT
// breakages: a fault that is put in on purpose proves something only where it still finds its place.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { breakages } from "./breakages.mjs";

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), "..", "..");

describe("Faults that are put in on purpose", () => {
  for (const { name, file, from, to } of breakages) {
    test(`${name}: stands once in ${file}`, () => {
      const source = fs.readFileSync(path.join(root, file), "utf8");
      assert.equal(source.split(from).length - 1, 1);
      assert.notEqual(from, to);
    });
  }
});
