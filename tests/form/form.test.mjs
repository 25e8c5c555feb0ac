// SPDX-License-Identifier: MIT
// form: what ferry_form writes beside what Node's FormData does, and what a server reads of it.
import assert from "node:assert/strict";
import { File } from "node:buffer";
import { spawnSync } from "node:child_process";
import path from "node:path";
import test from "node:test";
import { fileURLToPath } from "node:url";

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), "..", "..");
const program = path.resolve(root, process.env.FERRY_BUILD ?? "build/native", "bin/write_form");
const LIMIT_MS = 60_000;

const TEXTS = [
  ...["name", "ünïcode 漢", " spaces ", "a;b=c, d", "back\\slash", "percent%22%0A", "'", "tab\t"],
  ...['"', '""', 'a"b', "\r", "\n", "\r\n", "\n\r", "a\r\nb\rc\nd", '"; filename="x', "\r\n\r\n--"],
  ...'../../etc/passwd|x\r\nContent-Type: text/html\r\n\r\n<script>|x"\r\nX: y'.split("|"),
];

/** What ferry writes: its content type, its boundary and the body. */
function writeForm(parts) {
  const input = parts
    .map(({ name, fileName = "", type = "", data }) => `${name}\0${fileName}\0${type}\0${data}\0`)
    .join("");
  const { status, stdout, stderr } = spawnSync(program, [], { input, timeout: LIMIT_MS });
  assert.equal(status, 0, stderr.toString());
  const end = stdout.indexOf("\n");
  const contentType = stdout.toString("latin1", 0, end);
  return {
    contentType,
    boundary: /^multipart\/form-data; boundary=(\S+)$/.exec(contentType)[1],
    body: stdout.subarray(end + 1),
  };
}

const withoutBoundary = (text, boundary) => text.replaceAll(boundary, "BOUNDARY");

test("forms_are_written_as_form_data_writes_them", async () => {
  const parts = TEXTS.flatMap((text, index) => [
    { name: text, data: `value ${index}` },
    { name: "file", fileName: text, type: "text/plain", data: "\n--\n" },
    { name: text, fileName: `${index}`, data: "" },
  ]);
  const form = new FormData();
  for (const { name, fileName, type, data } of parts) {
    if (fileName === undefined) form.append(name, data);
    else form.append(name, new File([data], fileName, { type }));
  }
  const response = new Response(form);
  const [, theirs] = /boundary=(\S+)/.exec(response.headers.get("content-type"));
  const { boundary, body } = writeForm(parts);
  assert.equal(
    withoutBoundary(body.toString(), boundary),
    withoutBoundary(await response.text(), theirs),
  );
});

test("a_server_reads_each_part_and_no_other", async () => {
  for (const text of TEXTS) {
    const parts = [
      { name: text, data: "first" },
      { name: "file", fileName: text, type: "image/png", data: "second\r\n" },
      { name: "last", data: text },
    ];
    const { contentType, body } = writeForm(parts);
    const headers = { "content-type": contentType };
    const entries = [...(await new Response(body, { headers }).formData()).entries()];
    assert.equal(entries.length, 3, JSON.stringify(text));
    assert.equal(entries[0][1], "first");
    assert.equal(entries[1][0], "file");
    assert.equal(entries[1][1].type, "image/png");
    assert.equal(await entries[1][1].text(), "second\r\n");
    assert.deepEqual(entries[2], ["last", text]);
  }
});

test("no_two_forms_have_one_boundary", () => {
  const boundaries = Array.from({ length: 8 }, () => writeForm([]).boundary);
  assert.equal(new Set(boundaries).size, boundaries.length);
  for (const boundary of boundaries) assert.match(boundary, /^----ferry[0-9a-f]{32}$/);
});
