// SPDX-License-Identifier: MIT
// chart: bytes over time, as SVG that is drawn anew when it or its place changes.
import { formatBytes, formatTime, unitFor } from "./format.mjs";

const HEIGHT = 220;
const MARGIN = { top: 24, right: 14, bottom: 44, left: 60 };
const SAMPLE_LIMIT = 1200;
const MIN_BYTES = 100;

function svg(name, attributes, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
}

/** Round numbers from 0 to `max`, about `count` of them. */
function ticks(max, count) {
  const rough = max / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5].find((factor) => rough <= factor * power) ?? 10);
  const steps = Math.floor(max / step + 1e-9);
  return Array.from({ length: steps + 1 }, (_, i) => Number((i * step).toPrecision(12)));
}

export class Chart {
  #svg;
  #samples = [];
  #announced = -1;

  constructor(node) {
    this.#svg = node;
    new ResizeObserver(() => this.draw()).observe(node.parentElement);
  }

  reset() {
    this.#samples = [{ time: 0, bytes: 0 }];
    this.#announced = -1;
  }

  set announced(bytes) {
    this.#announced = bytes;
  }

  add(time, bytes) {
    this.#samples.push({ time, bytes });
    // Every other one goes when there are too many; the last one stays.
    if (this.#samples.length > SAMPLE_LIMIT) {
      const last = this.#samples.length - 1;
      this.#samples = this.#samples.filter((_, i) => i % 2 === 0 || i === last);
    }
  }

  /** Bytes per second of the last second or so. */
  get rate() {
    const last = this.#samples.at(-1);
    const first = this.#samples.findLast((sample) => sample.time <= last.time - 1000);
    const from = first ?? this.#samples[0];
    return last.time > from.time ? ((last.bytes - from.bytes) * 1000) / (last.time - from.time) : 0;
  }

  draw() {
    const width = this.#svg.parentElement.clientWidth;
    const last = this.#samples.at(-1);
    if (width < MARGIN.left + MARGIN.right + 40 || !last) return;

    const maxTime = Math.max(last.time, 100);
    const maxBytes = Math.max(last.bytes, this.#announced, MIN_BYTES);
    const timeUnit = maxTime < 1000 ? { name: "ms", size: 1 } : { name: "s", size: 1000 };
    const byteUnit = unitFor(maxBytes);
    const right = width - MARGIN.right;
    const bottom = HEIGHT - MARGIN.bottom;
    const x = (time) => MARGIN.left + (time / maxTime) * (right - MARGIN.left);
    const y = (bytes) => bottom - (bytes / maxBytes) * (bottom - MARGIN.top);

    const parts = [];
    for (const tick of ticks(maxBytes / byteUnit.size, 4)) {
      const at = y(tick * byteUnit.size);
      parts.push(
        svg("line", { class: "grid", x1: MARGIN.left, x2: right, y1: at, y2: at }),
        svg("text", { x: MARGIN.left - 8, y: at + 4, "text-anchor": "end" }, String(tick)),
      );
    }
    for (const tick of ticks(maxTime / timeUnit.size, Math.max(3, Math.floor(width / 110)))) {
      const at = x(tick * timeUnit.size);
      parts.push(
        svg("line", { class: "axis", x1: at, x2: at, y1: bottom, y2: bottom + 5 }),
        svg("text", { x: at, y: bottom + 19, "text-anchor": "middle" }, String(tick)),
      );
    }

    const points = this.#samples.map(({ time, bytes }) => `${x(time)},${y(bytes)}`);
    parts.push(
      svg("polygon", {
        class: "area",
        points: `${x(0)},${bottom} ${points.join(" ")} ${x(last.time)},${bottom}`,
      }),
      svg("polyline", { class: "curve", points: points.join(" ") }),
      svg("line", { class: "axis", x1: MARGIN.left, x2: right, y1: bottom, y2: bottom }),
      this.#label((MARGIN.left + right) / 2, HEIGHT - 6, `time in ${timeUnit.name}`),
      this.#label(14, (MARGIN.top + bottom) / 2, `received in ${byteUnit.name}`, -90),
    );
    if (this.#announced > 0) parts.push(...this.#announcedLine(y(this.#announced), right));

    this.#svg.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
    this.#svg.setAttribute("width", width);
    this.#svg.setAttribute("height", HEIGHT);
    this.#svg.setAttribute(
      "aria-label",
      `Bytes over time: ${formatBytes(last.bytes)} in ${formatTime(last.time)}`,
    );
    this.#svg.replaceChildren(...parts);
  }

  #announcedLine(at, right) {
    return [
      svg("line", { class: "announced", x1: MARGIN.left, x2: right, y1: at, y2: at }),
      svg(
        "text",
        { class: "announced", x: MARGIN.left + 8, y: at - 7, "text-anchor": "start" },
        "announced length",
      ),
    ];
  }

  #label(x, y, text, turn = 0) {
    const transform = turn ? { transform: `rotate(${turn} ${x} ${y})` } : {};
    return svg("text", { class: "title", x, y, "text-anchor": "middle", ...transform }, text);
  }
}
