// SPDX-License-Identifier: MIT
// view: what became of a request, as the page shows it.
import { Chart } from "./chart.mjs";
import { describeCode, explainFailure } from "./explain.mjs";
import { formatBytes, formatRate, formatTime } from "./format.mjs";
import { Preview } from "./preview.mjs";
import { ProgressBar } from "./progress.mjs";
import { Walk } from "./walk.mjs";

const STATES = {
  idle: "Idle",
  running: "Running",
  done: "Done",
  failed: "Failed",
  cancelled: "Cancelled",
};
const NONE = "–";

const element = (id) => document.getElementById(id);
const wantsStillness = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

/** Sets a text where it is another: a screen reader is told of changes only. */
function setText(id, text) {
  if (element(id).textContent !== text) element(id).textContent = text;
}

/** A URL as a sentence can hold it: without this page's origin. */
const shorten = (url) =>
  url.startsWith(`${location.origin}/`) ? url.slice(location.origin.length) : url;

function makeRow(name, value) {
  const row = document.createElement("tr");
  const head = document.createElement("th");
  head.scope = "row";
  head.textContent = name;
  row.append(head, document.createElement("td"));
  row.lastChild.textContent = value;
  return row;
}

export class ResultView {
  #chart = new Chart(element("chart"));
  #walk = new Walk(element("walk"));
  #preview = new Preview(element("body"), element("body-note"));
  #progress = new ProgressBar(element("bar"), element("progress-text"));
  #request = null;
  #response = null;

  constructor(onCancel) {
    element("cancel").addEventListener("click", onCancel);
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape") onCancel();
    });
  }

  /** What the page says before there is a request. */
  say(text) {
    setText("headline", text);
  }

  /** `lesson` says what there is to be seen; "" where nobody knows. */
  start(request, lesson) {
    this.#request = request;
    setText("lesson", lesson);
    this.#response = null;
    this.#chart.reset();
    this.#walk.reset();
    this.#preview.reset();
    element("headers").hidden = true;
    element("headers").tBodies[0].replaceChildren();
    element("no-headers").hidden = false;
    element("notes").replaceChildren();
    element("notes-part").hidden = true;
    element("failure").hidden = true;
    element("details").hidden = false;
    this.#bringIntoSight();
  }

  /** On a phone the result is below the form. */
  #bringIntoSight() {
    const { top } = element("result").getBoundingClientRect();
    if (top >= 0 && top < window.innerHeight / 2) return;
    const behavior = wantsStillness() ? "auto" : "smooth";
    element("result").scrollIntoView({ behavior, block: "start" });
  }

  addBytes(bytes) {
    this.#preview.add(bytes);
  }

  addEvent({ kind, time, text }) {
    if (kind === "status") {
      this.#walk.add(text, time);
      return;
    }
    const note = document.createElement("li");
    note.className = kind;
    note.textContent = text;
    element("notes").append(note);
    element("notes-part").hidden = false;
  }

  setResponse(response, length) {
    this.#response = response;
    this.#chart.announced = length;
    const rows = response.headers.map(({ name, value }) => makeRow(name, value));
    element("headers").tBodies[0].replaceChildren(...rows);
    element("headers").hidden = rows.length === 0;
    element("no-headers").hidden = rows.length > 0;
  }

  /** `state` is {phase, now, received, length, error}. */
  show(state) {
    const { phase, now, received } = state;
    const isRunning = phase === "running";
    element("result").dataset.phase = phase;
    setText("state", STATES[phase]);
    setText("headline", this.#headline(state));
    element("cancel").setAttribute("aria-disabled", String(!isRunning));
    this.#progress.show({ ...state, hasResponse: this.#response !== null });
    this.#chart.add(now, received);
    this.#chart.draw();
    this.#walk.draw(now, isRunning);
    this.#preview.draw(isRunning);
    this.#showFacts(state);
    if (phase === "failed") this.#showFailure(state.error);
    setText("no-headers", isRunning ? "None so far." : "None.");
  }

  #headline({ phase, now, received, error }) {
    const what = `${this.#request.method} ${shorten(this.#request.url)}`;
    const code = this.#response ? describeCode(this.#response.code) : "";
    switch (phase) {
      case "running":
        return code ? `${what}: ${code}, the body is coming in` : `${what}: waiting for a response`;
      case "done":
        return `${what}: ${code}, ${formatBytes(received)} in ${formatTime(now)}`;
      case "cancelled":
        return `${what}: cancelled after ${formatTime(now)}`;
      default:
        return `${what}: ${error.message}`;
    }
  }

  #showFacts({ phase, now, received, length }) {
    const response = this.#response;
    const isRunning = phase === "running";
    const average = now > 0 ? (received * 1000) / now : 0;
    const isRedirected = response && response.url !== "" && response.url !== this.#request.url;
    setText("code", response ? describeCode(response.code) : NONE);
    setText("length", response ? (length >= 0 ? formatBytes(length) : "not known") : NONE);
    setText("received", formatBytes(received));
    setText("rate-name", isRunning ? "Rate" : "Rate on average");
    setText("rate", received > 0 ? formatRate(isRunning ? this.#chart.rate : average) : NONE);
    setText("time", formatTime(now));
    setText("url", (response?.url || this.#request.url) + (isRedirected ? " (redirected)" : ""));
  }

  #showFailure({ name, message, detail }) {
    setText("error-name", name);
    setText("error-message", `${message[0].toUpperCase()}${message.slice(1)}.`);
    setText("error-detail", detail === "" || detail === message ? "" : `Detail: ${detail}.`);
    setText("error-meaning", explainFailure(name, this.#request.url));
    element("failure").hidden = false;
  }
}
