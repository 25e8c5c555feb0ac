// SPDX-License-Identifier: MIT
// walk: the statuses that a client went through, as a timeline.
import { formatTime } from "./format.mjs";

const FAILED = /ERROR|CANT/;

function makeRow(name) {
  const row = document.createElement("li");
  const parts = {};
  for (const part of ["name", "track", "time"]) {
    parts[part] = document.createElement("span");
    parts[part].className = part;
    row.append(parts[part]);
  }
  parts.name.textContent = name;
  const span = document.createElement("span");
  span.className = "span";
  parts.track.append(span);
  row.dataset.status = name;
  row.classList.toggle("failed", FAILED.test(name));
  return { row, span, time: parts.time };
}

export class Walk {
  #list;
  #steps = [];

  constructor(list) {
    this.#list = list;
  }

  reset() {
    this.#steps = [];
    this.#list.replaceChildren();
  }

  add(name, time) {
    const step = { name, from: time, ...makeRow(name) };
    this.#steps.push(step);
    this.#list.append(step.row);
  }

  /** `now` is how long the exchange has lasted. The last status has no end but the present. */
  draw(now, isRunning) {
    const whole = Math.max(now, 1);
    this.#steps.forEach((step, index) => {
      const next = this.#steps[index + 1];
      const isLast = next === undefined;
      const to = isLast ? now : next.from;
      const isPoint = isLast && !isRunning;
      step.row.classList.toggle("current", isLast && isRunning);
      step.row.classList.toggle("point", isPoint);
      step.span.style.left = `${Math.min((100 * step.from) / whole, 100)}%`;
      step.span.style.width = isPoint ? "" : `${(100 * (to - step.from)) / whole}%`;
      step.time.textContent = isPoint ? `at ${formatTime(step.from)}` : formatTime(to - step.from);
    });
  }
}
