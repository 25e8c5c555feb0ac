// SPDX-License-Identifier: MIT
// progress: how far a body is, in words and as a bar that claims nothing it cannot know.
import { formatBytes } from "./format.mjs";

/** `length` is -1 where it is not known. Gives {share, text}; share is null where there is none. */
export function describeProgress({ phase, hasResponse, received, length }) {
  const isKnown = hasResponse && length >= 0;
  const share = isKnown ? Math.min(received / Math.max(length, 1), 1) : null;
  const percent = isKnown ? `${Math.floor(100 * share)} %` : "";
  if (phase === "done") {
    const surprise = isKnown ? "" : "; its length was not known before";
    return { share: 1, text: `Complete: ${formatBytes(received)}${surprise}` };
  }
  if (phase !== "running") {
    const end = phase === "cancelled" ? "Cancelled" : "Failed";
    if (!hasResponse) return { share: 0, text: `${end} before there was a response` };
    if (!isKnown) return { share: 0, text: `${end} after ${formatBytes(received)}` };
    const text = `${end} at ${percent}: ${formatBytes(received)} of ${formatBytes(length)}`;
    return { share, text };
  }
  if (!hasResponse) return { share: null, text: "No response yet" };
  if (!isKnown) {
    const text = `${formatBytes(received)} so far; the length is not known`;
    return { share: null, text };
  }
  return { share, text: `${percent}: ${formatBytes(received)} of ${formatBytes(length)}` };
}

export class ProgressBar {
  #bar;
  #fill;
  #text;

  constructor(bar, text) {
    this.#bar = bar;
    this.#fill = bar.querySelector(".fill");
    this.#text = text;
  }

  show(state) {
    const { share, text } = describeProgress(state);
    this.#text.textContent = text;
    this.#bar.setAttribute("aria-valuetext", text);
    this.#bar.classList.toggle("unknown", share === null);
    if (share === null) {
      this.#bar.removeAttribute("aria-valuenow");
      this.#fill.style.removeProperty("width");
    } else {
      this.#bar.setAttribute("aria-valuenow", String(Math.floor(100 * share)));
      this.#fill.style.width = `${100 * share}%`;
    }
  }
}
