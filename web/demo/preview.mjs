// SPDX-License-Identifier: MIT
// preview: the beginning of a body, as text where it is text, and as bytes where it is not.
import { decodeText, formatBytes, hexDump } from "./format.mjs";

const TEXT_LIMIT = 16_000;
const HEX_LIMIT = 1024;
const CHARACTER = 0.61; // of the font's size: what one of the usual fonts takes at most
const PADDING = 26;

export class Preview {
  #body;
  #note;
  #bytes = new Uint8Array(TEXT_LIMIT);
  #length = 0;
  #received = 0;
  #isDrawn = true;

  constructor(body, note) {
    this.#body = body;
    this.#note = note;
    this.reset();
  }

  reset() {
    this.#length = 0;
    this.#received = 0;
    this.#isDrawn = false;
  }

  add(bytes) {
    const kept = bytes.subarray(0, TEXT_LIMIT - this.#length);
    this.#bytes.set(kept, this.#length);
    this.#length += kept.length;
    this.#received += bytes.length;
    this.#isDrawn = false;
  }

  draw(isRunning) {
    if (this.#isDrawn && isRunning) return;
    this.#isDrawn = true;
    const kept = this.#bytes.subarray(0, this.#length);
    const text = decodeText(kept);
    const shown = text === null ? kept.subarray(0, HEX_LIMIT) : kept;
    this.#show(text ?? hexDump(shown, this.#bytesPerLine()));
    this.#note.textContent = this.#describe(shown.length, text === null, isRunning);
    this.#body.hidden = this.#length === 0;
  }

  /** As many as there is room for: a line is eight characters, and four for each byte. */
  #bytesPerLine() {
    const size = parseFloat(getComputedStyle(this.#body).fontSize);
    const room = (this.#body.parentElement.clientWidth - PADDING) / (size * CHARACTER);
    return Math.max(2, Math.min(16, Math.floor((room - 8) / 4)));
  }

  #show(text) {
    if (this.#body.textContent !== text) this.#body.textContent = text;
  }

  #describe(shown, isBinary, isRunning) {
    if (this.#received === 0) return isRunning ? "Nothing so far." : "None.";
    const kind = isBinary ? ", as bytes" : "";
    if (shown === this.#received) return `All ${formatBytes(shown)}${kind}.`;
    return `The first ${formatBytes(shown)} of ${formatBytes(this.#received)}${kind}.`;
  }
}
