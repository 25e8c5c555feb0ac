// SPDX-License-Identifier: MIT
// demo: the first page: a request from the form or an example, driven once a frame to its end.
import { makeExamples } from "./examples.mjs";
import { RequestForm } from "./form.mjs";
import { Program } from "./program.mjs";
import { ResultView } from "./view.mjs";

// Often enough for numbers that are read.
const SHOW_EVERY_MS = 50;

const element = (id) => document.getElementById(id);

/** The second origin is the server's other port, at the host by which this page was asked for. */
function secondOrigin() {
  const { content } = document.querySelector('meta[name="second-port"]');
  return `${location.protocol}//${location.hostname}:${content}`;
}

class Demo {
  #program;
  #view = new ResultView(() => this.cancel());
  #hasResponse = false;
  #length = -1; // kept: a client that was cancelled has forgotten it
  #received = 0;
  #shown = 0;
  #frame = 0;

  async load() {
    this.#program = await Program.load((line) => console.info(line));
    element("version").textContent = `ferry ${this.#program.version}`;
    this.#view.say("Choose an example, or send a request of your own.");
  }

  /** Says why there is no program to work with. */
  fail(error) {
    this.#view.say(`The program did not start: ${error.message}`);
  }

  send(request, lesson = "") {
    if (!this.#program) return;
    cancelAnimationFrame(this.#frame);
    this.#hasResponse = false;
    this.#length = -1;
    this.#received = 0;
    this.#view.start(request, lesson);
    this.#program.start(request);
    this.#show();
    this.#next();
  }

  cancel() {
    if (this.#program?.phase !== "running") return;
    cancelAnimationFrame(this.#frame);
    this.#program.cancel();
    this.#show();
  }

  #next() {
    if (this.#program.phase === "running") {
      this.#frame = requestAnimationFrame(() => this.#step());
    }
  }

  /** A frame's part: what a poll brings is read to its end. The client bounds how much that is. */
  #step() {
    this.#program.poll();
    if (this.#program.hasResponse && !this.#hasResponse) {
      this.#hasResponse = true;
      this.#length = this.#program.lengthHint;
      this.#view.setResponse(this.#program.response, this.#length);
    }
    for (let bytes; (bytes = this.#program.read()).length > 0;) {
      this.#received += bytes.length;
      this.#view.addBytes(bytes);
    }
    const { phase, now } = this.#program;
    if (phase !== "running" || now - this.#shown >= SHOW_EVERY_MS) this.#show();
    this.#next();
  }

  #show() {
    for (const event of this.#program.takeEvents()) this.#view.addEvent(event);
    const { phase, now } = this.#program;
    this.#shown = now;
    this.#view.show({
      phase,
      now,
      received: this.#received,
      length: this.#length,
      error: phase === "failed" ? this.#program.error : null,
    });
  }
}

function makeExampleItem({ id, title, text }, onChoose) {
  const item = document.createElement("li");
  const button = document.createElement("button");
  const name = document.createElement("strong");
  const explanation = document.createElement("span");
  button.type = "button";
  button.id = `example-${id}`;
  name.textContent = title;
  explanation.textContent = text;
  button.append(name, explanation);
  button.addEventListener("click", () => onChoose(button));
  item.append(button);
  return item;
}

const demo = new Demo();
const form = new RequestForm(element("form"), (request) => {
  markChosen(null);
  demo.send(request);
});

function markChosen(chosen) {
  for (const button of element("examples").querySelectorAll("button")) {
    if (button === chosen) button.setAttribute("aria-current", "true");
    else button.removeAttribute("aria-current");
  }
}

const examples = makeExamples(secondOrigin());
for (const example of examples) {
  const item = makeExampleItem(example, (button) => {
    markChosen(button);
    form.fill(example.request);
    demo.send(form.read(), example.text);
  });
  element("examples").append(item);
}
form.fill(examples[0].request);

try {
  await demo.load();
} catch (error) {
  demo.fail(error);
}
