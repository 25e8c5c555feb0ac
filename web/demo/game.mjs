// SPDX-License-Identifier: MIT
// game: the game loop's page: its buttons and keys, and what was measured, in words.
import { formatBytes, formatRate } from "./format.mjs";

const WORDS_EVERY_MS = 250;
const LOADING = 0;
const COMPLETE = 1;

// As game_canvas_figure.
const FIGURES = `files arrived bytes rate frames late longest longestPoll mostBytes gaps
  longestInterval frameLimit`.split(/\s+/);

const KEYS = {
  pause: " ",
  again: "r",
  motion: "m",
  fewer: "-",
  more: "+",
};
const KEY_NAMES = { ...Object.fromEntries(Object.values(KEYS).map((key) => [key, key])), "=": "+" };

const element = (id) => document.getElementById(id);
const stillness = matchMedia("(prefers-reduced-motion: reduce)");

/** Sets a text where it is another: a screen reader is told of changes only. */
function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

const count = (number, one, many = `${one}s`) => `${number} ${number === 1 ? one : many}`;
const ms = (number) => `${number.toFixed(1)} ms`;

class GamePage {
  #module;
  #values = new Map();

  constructor(module) {
    this.#module = module;
    for (const [id, key] of Object.entries(KEYS)) {
      element(id).addEventListener("click", () => this.press(key));
    }
    document.addEventListener("keydown", (event) => this.#keydown(event));
    document.addEventListener("visibilitychange", () => module._game_canvas_resume());
    stillness.addEventListener("change", () => this.setStill(stillness.matches));
    this.setStill(stillness.matches);
    this.show();
    setInterval(() => this.show(), WORDS_EVERY_MS);
  }

  press(key) {
    this.#module._game_canvas_key(key.charCodeAt(0));
    this.show();
  }

  setStill(isStill) {
    this.#module._game_canvas_set_still(isStill ? 1 : 0);
    this.show();
  }

  /** A key that a button or link takes is not the game's too. */
  #keydown(event) {
    const key = KEY_NAMES[event.key.toLowerCase()];
    const taken = event.key === " " && event.target.closest?.("a, button");
    if (!key || taken || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    this.press(key);
  }

  /** What has been measured so far. */
  get figures() {
    const get = (_, index) => this.#module._game_canvas_get_figure(index);
    const numbers = FIGURES.map(get);
    return Object.fromEntries(FIGURES.map((name, index) => [name, numbers[index]]));
  }

  get isOver() {
    return this.#module._game_canvas_get_state() !== LOADING;
  }

  #verdict(figures) {
    const state = this.#module._game_canvas_get_state();
    const late = figures.late === 0 ? "no frame was late" : `${count(figures.late, "frame")} late`;
    if (this.#module._game_canvas_is_paused()) {
      return { text: "Paused: nothing is read, the server waits.", kind: "" };
    }
    if (state === LOADING) return { text: "The files are coming in.", kind: "" };
    if (state === COMPLETE) {
      const text = `All ${figures.files} files are here, ${late}.`;
      return { text, kind: figures.late === 0 ? "good" : "bad" };
    }
    const failure = this.#module.UTF8ToString(this.#module._game_canvas_failure());
    return { text: `Not all files came: ${failure}.`, kind: "bad" };
  }

  #showFigure(name, text, kind = "") {
    let value = this.#values.get(name);
    if (!value) {
      const group = document.createElement("div");
      const term = document.createElement("dt");
      value = document.createElement("dd");
      term.textContent = name;
      group.append(term, value);
      element("figures").append(group);
      this.#values.set(name, value);
    }
    setText(value, text);
    value.className = kind;
  }

  show() {
    const { figures } = this;
    const { text, kind } = this.#verdict(figures);
    setText(element("verdict"), text);
    element("verdict").className = `verdict ${kind}`;
    setText(element("pause"), this.#module._game_canvas_is_paused() ? "Resume" : "Pause");
    const isMoving = !this.#module._game_canvas_is_still();
    element("motion").setAttribute("aria-pressed", String(isMoving));
    setText(element("limit"), formatBytes(figures.frameLimit));

    this.#showFigure("Late frames", String(figures.late), figures.late === 0 ? "good" : "bad");
    this.#showFigure("Frames", String(figures.frames));
    this.#showFigure("Longest frame", ms(figures.longest));
    this.#showFigure("Longest poll", ms(figures.longestPoll));
    this.#showFigure("Most in a frame", formatBytes(figures.mostBytes));
    this.#showFigure("Gaps", String(figures.gaps));
    this.#showFigure("Longest interval", ms(figures.longestInterval));
    this.#showFigure("Files", `${figures.arrived} of ${figures.files}`);
    this.#showFigure("Received", formatBytes(figures.bytes));
    this.#showFigure("Rate", formatRate(figures.rate));
    setText(element("report"), this.#module.UTF8ToString(this.#module._game_canvas_report()));
  }
}

try {
  if (typeof globalThis.ferryProgram !== "function")
    throw new Error("there is no game_loop.js; ./dev serve builds it");
  const module = await globalThis.ferryProgram({
    arguments: [location.origin],
    locateFile: (name) => new URL(`program/${name}`, document.baseURI).href,
  });
  globalThis.gamePage = new GamePage(module);
} catch (error) {
  setText(element("verdict"), `The program did not start: ${error.message}`);
  element("verdict").className = "verdict bad";
}
