// SPDX-License-Identifier: MIT
// mutate: the changes that are made to a C file, and those that are not.
import assert from "node:assert/strict";
import fs from "node:fs";
import { describe, test } from "node:test";
import { apply, blankOut, findChanges, keyOf } from "./changes.mjs";

const inFunction = (...lines) =>
  `void f(void) {\n${lines.map((line) => `    ${line}\n`).join("")}}\n`;

/** What the lines may become, by one operator. */
function changed(operator, ...lines) {
  const found = findChanges("a.c", inFunction(...lines));
  return found.filter((change) => change.operator === operator).map(({ now }) => now);
}

describe("Changes", () => {
  test("comments_strings_and_directives_are_left_alone", () => {
    const source = inFunction('/* if (a < 1) */ puts("a == b"); // !c', "char d = '<';");
    assert.equal(blankOut(source).length, source.length);
    const found = findChanges("a.c", `#if A == 1\n#endif\n${source}`);
    assert.deepEqual(
      found.map(({ operator }) => operator),
      ["call"],
    );
  });

  test("asserts_are_left_alone", () => {
    assert.deepEqual(findChanges("a.c", inFunction("assert(a < 1 && !b);")), []);
  });

  test("condition_becomes_true_and_false", () => {
    assert.deepEqual(changed("condition", "if (a(b) && c) {", "}"), [
      "if (true) {",
      "if (false) {",
    ]);
  });

  test("half_of_a_condition_is_dropped", () => {
    assert.deepEqual(
      changed("half", "if (a && (b || c) && d) {", "}"),
      ["if ( (b || c) && d) {", "if (a && d) {", "if (a && (b || c) ) {"].map((text) =>
        text.replace("a && d", "a && d"),
      ),
    );
    assert.deepEqual(changed("half", "return a || b;"), ["return  b;", "return a ;"]);
    assert.deepEqual(changed("half", "if (a && b || c) {", "}"), []);
  });

  test("comparisons_are_flipped", () => {
    assert.deepEqual(changed("comparison", "x = a < b;"), ["x = a <= b;"]);
    assert.deepEqual(changed("comparison", "x = a->b >= c << 1;"), ["x = a->b > c << 1;"]);
    assert.deepEqual(changed("comparison", "x = a == b;"), ["x = a != b;"]);
  });

  test("comparison_that_chooses_the_lesser_of_two_is_left_alone", () => {
    assert.deepEqual(changed("comparison", "x = a->b < c - 1 ? a->b : c - 1;"), []);
    assert.deepEqual(changed("comparison", "f(a >= b ? a : b, 1);"), []);
    assert.deepEqual(changed("comparison", "return a && b < c ? b : c;"), []);
    assert.deepEqual(changed("comparison", "x = a < b ? a : b - 1;"), ["x = a <= b ? a : b - 1;"]);
    assert.deepEqual(changed("comparison", "x = a + b < c ? b : c;"), ["x = a + b <= c ? b : c;"]);
    assert.deepEqual(changed("comparison", "x = a == b ? a : b;"), ["x = a != b ? a : b;"]);
  });

  test("end_of_a_table_is_left_alone", () => {
    assert.deepEqual(changed("comparison", "x = i < sizeof a / sizeof *a && b < c;"), [
      "x = i < sizeof a / sizeof *a && b <= c;",
    ]);
    assert.deepEqual(changed("comparison", "x = i < sizeof a / sizeof *b;"), [
      "x = i <= sizeof a / sizeof *b;",
    ]);
    assert.deepEqual(changed("comparison", "x = i == sizeof a / sizeof *a;"), [
      "x = i != sizeof a / sizeof *a;",
    ]);
  });

  test("negations_go", () => {
    assert.deepEqual(changed("negation", "x = !a(b) != c;"), ["x = a(b) != c;"]);
  });

  test("answers_are_turned_round", () => {
    assert.deepEqual(changed("answer", "return true;"), ["return false;"]);
  });

  test("calls_and_assignments_are_emptied_over_several_lines", () => {
    assert.deepEqual(changed("call", "free(a);"), [";"]);
    assert.deepEqual(changed("call", "a->b->c(d,", "        e(f));"), [";"]);
    assert.deepEqual(changed("call", "return free(a);", "if (a(b)) {", "}"), []);
    assert.deepEqual(changed("assignment", "*a = b(c,", "       d);", "e->f += 2;"), [";", ";"]);
    assert.deepEqual(changed("assignment", "int a = 1;"), []);
  });

  test("constants_are_off_by_one", () => {
    assert.deepEqual(changed("constant", "x = a + 1;"), ["x = a + 2;"]);
    assert.deepEqual(changed("constant", "x = a2 + 64;"), ["x = a2 + 65;", "x = a2 + 63;"]);
    assert.deepEqual(changed("constant", "x = 0 + 0x10;"), []);
    const outside = findChanges("a.c", "enum { MOST = 3 };\n");
    assert.deepEqual(
      outside.map(({ now }) => now),
      ["enum { MOST = 4 };", "enum { MOST = 2 };"],
    );
  });

  test("change_is_applied_where_it_was_found_and_known_again_after_lines_have_moved", () => {
    const source = inFunction("if (!a) {", "}");
    const moved = `\n\n${source}`;
    const [change] = findChanges("a.c", source).filter(({ operator }) => operator === "negation");
    const [again] = findChanges("a.c", moved).filter(({ operator }) => operator === "negation");
    assert.equal(apply(source, change), source.replace("!a", "a"));
    assert.equal(apply(moved, again), moved.replace("!a", "a"));
    assert.equal(keyOf(change), keyOf(again));
    assert.equal(again.line, change.line + 2);
  });
});

describe("equivalents.json", () => {
  const read = (file) => fs.readFileSync(new URL(file, import.meta.url), "utf8");
  for (const entry of JSON.parse(read("equivalents.json"))) {
    test(`${entry.file} still has "${entry.was}"`, () => {
      const changes = findChanges(entry.file, read(`../../${entry.file}`));
      assert.ok(changes.map(keyOf).includes(keyOf(entry)), "no such change can be made any more");
      assert.match(entry.why, /\w/);
    });
  }
});
