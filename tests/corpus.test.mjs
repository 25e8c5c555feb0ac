// SPDX-License-Identifier: MIT
// corpus: runs the corpus of responses, which lies beside the checkout, through ferry-adapter.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import test from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), "..");
const corpus = process.env.FERRY_CORPUS ?? path.join(root, "..", "shared", "corpus");
const adapter = path.resolve(root, process.env.FERRY_BUILD ?? "build/native", "bin/ferry-adapter");
const modes = process.env.FERRY_QUICK ? ["whole"] : ["whole", "byte", "rand", "chunks"];

// Cases whose verdict is wrong, each with the section that says so.
const DISPUTED = new Map();

const present = fs.existsSync(path.join(corpus, "score.py"));
const skip = present ? false : "corpus not present, skipped";

for (const mode of modes) {
  test(`corpus_of_responses_is_read_as_the_rfcs_say_${mode}`, { skip }, async () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "ferry-corpus-"));
    const out = path.join(folder, "results.json");
    try {
      await promisify(execFile)("python3", [
        path.join(corpus, "score.py"),
        path.join(corpus, "responses.jsonl.gz"),
        ...["--modes", mode, "--out", out, "--", adapter],
      ]);
      const results = Object.entries(JSON.parse(fs.readFileSync(out, "utf8")));
      assert.ok(results.length > 0, "the corpus has cases");
      const wrong = results.filter(
        ([, { verdict, case: name }]) => verdict !== "PASS" && !DISPUTED.has(name),
      );
      const list = wrong.map(([id, { expect, why }]) => `${id} (${expect}): ${why}`);
      assert.equal(list.length, 0, `${list.length} of ${results.length}:\n${list.join("\n")}`);
    } finally {
      fs.rmSync(folder, { recursive: true });
    }
  });
}
