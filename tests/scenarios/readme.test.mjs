// SPDX-License-Identifier: MIT
// readme: the lines of the README do what they are for, and no example leaves an error unseen.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { describe, test } from "node:test";
import { execute, program } from "./lib/run.mjs";
import { answering, closedPort, lines, ok } from "./lib/servers.mjs";

const root = path.join(path.dirname(program), "..", "..", "..");
const readme = path.join(path.dirname(program), "readme");
const read = (file) => fs.readFileSync(path.join(root, file), "utf8");

describe("The lines of the README", () => {
  test("are_ten_at_most", () => {
    const [, lines] = /```c\n(ferry_client \*client.*?)```/s.exec(read("README.md"));
    assert.ok(lines.trim().split("\n").length <= 10, lines);
  });

  test("print_a_page", async (t) => {
    const { port } = await answering(t, [ok("hello\n".repeat(50_000))]);
    const { stdout, stderr, end } = await execute(readme, ["127.0.0.1", port]);
    assert.deepEqual({ stderr, end }, { stderr: "", end: 0 });
    assert.equal(stdout, "hello\n".repeat(50_000));
  });

  test("say_what_was_wrong", async () => {
    const { stdout, stderr, end } = await execute(readme, ["127.0.0.1", await closedPort()]);
    assert.deepEqual({ stdout, end }, { stdout: "", end: 1 });
    assert.match(stderr, /^\S+( \S+){3,}\n$/);
  });

  test("notice_that_nothing_can_be_written", { skip: !fs.existsSync("/dev/full") }, async (t) => {
    const { port } = await answering(t, [ok("hello\n")]);
    const command = ["-c", `exec "$0" "$@" >/dev/full`, readme, "127.0.0.1", String(port)];
    const { end } = await execute("sh", command);
    assert.equal(end, 1);
  });
});

describe("The lines of the README with a session", () => {
  const program = path.join(path.dirname(readme), "readme_session");

  test("load_what_is_at_a_url", async (t) => {
    const body = "hello\n".repeat(50_000);
    const { port } = await answering(t, [ok(body)]);
    const { stdout, stderr, end } = await execute(program, [`http://127.0.0.1:${port}/level`]);
    assert.deepEqual({ stderr, end }, { stderr: "", end: 0 });
    assert.equal(stdout, body);
  });

  test("show_what_was_wrong", async (t) => {
    const { port } = await answering(t, [lines("HTTP/1.1 404 Not Found", "Content-Length: 0")]);
    const { stdout, stderr, end } = await execute(program, [`http://127.0.0.1:${port}/level`]);
    assert.deepEqual(
      { stdout, stderr, end },
      { stdout: "", stderr: "the server answered 404\n", end: 1 },
    );
  });
});

/** The calls of a text that give an error which nothing looks at. */
function ignored(text, names) {
  const start = String.raw`(?:[;{}]|(?<!\(void)\)|\b(?:else|do))`;
  const comment = String.raw`(?:/\*(?:[^*]|\*(?!/))*\*/\s*)*`;
  const pattern = new RegExp(`${start}\\s*${comment}(${names.join("|")})\\(`, "g");
  return [...text.matchAll(pattern)].map(([, name]) => name);
}

test("no_example_ignores_an_error", () => {
  const header = read("src/include/ferry.h");
  const headers = fs.readdirSync(path.join(root, "src/include"));
  const all = headers.map((name) => read(path.join("src/include", name))).join("");
  const names = [...all.matchAll(/^ferry_error (ferry_\w+)\(/gm)].map(([, name]) => name);
  assert.ok(names.includes("ferry_client_set_blocking_mode") && names.length > 15);
  const call = "ferry_client_poll(client);";
  for (const before of ["a = 1;", "{", "}", "if (a)", "else", "f(b); /* c */"]) {
    assert.deepEqual(ignored(`${before} ${call}`, names), ["ferry_client_poll"], before);
  }
  for (const before of ["error =", "return", "(void)", "f(", "a &&", "!"]) {
    assert.deepEqual(ignored(`${before}${call}`, names), [], before);
  }
  const folders = [
    "examples",
    "examples/ferry",
    "web/demo",
    "tests/package",
    "bench/size",
    "bench/web/size",
  ];
  const files = folders.flatMap((folder) =>
    fs
      .readdirSync(path.join(root, folder))
      .filter((name) => name.endsWith(".c"))
      .map((name) => path.join(folder, name)),
  );
  assert.ok(files.length > 10);
  const [, comment] = /\/\*(.*?)\*\//s.exec(header.slice(header.indexOf("#define FERRY_H")));
  const texts = Object.fromEntries(files.map((file) => [file, read(file)]));
  Object.assign(texts, { "ferry.h": comment.replaceAll("\n *", "\n"), readme: read("README.md") });
  for (const [name, text] of Object.entries(texts)) {
    assert.deepEqual(ignored(text, names), [], name);
  }
});
