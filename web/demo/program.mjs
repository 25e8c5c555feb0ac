// SPDX-License-Identifier: MIT
// program: demo.c as the page sees it: strings and bytes instead of pointers.

export const PHASES = ["idle", "running", "done", "failed", "cancelled"];
export const EVENT_KINDS = ["warning", "status", "info", "request"];
export const CREDENTIALS = ["same-origin", "include", "omit"];
export const REDIRECTS = ["follow", "error", "manual"];
const PARTS = ["method", "url", "headers", "body"];

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export class Program {
  #module;
  #chunk;

  /** Loads it; `print` gets the lines that it writes. */
  static async load(print) {
    if (typeof globalThis.ferryProgram !== "function")
      throw new Error("there is no demo.js; ./dev serve builds it");
    const program = new Program();
    program.#module = await globalThis.ferryProgram({
      print,
      printErr: print,
      locateFile: (name) => new URL(`program/${name}`, document.baseURI).href,
    });
    program.#chunk = program.#module._demo_chunk();
    return program;
  }

  /** The memory, taken anew each time: it moves when it grows. */
  get #heap() {
    return this.#module.HEAPU8;
  }

  #string(pointer) {
    if (!pointer) return null;
    const heap = this.#heap;
    return decoder.decode(heap.slice(pointer, heap.indexOf(0, pointer)));
  }

  #putText(part, text) {
    const bytes = encoder.encode(text);
    const pointer = this.#module._demo_request_text(part, bytes.length);
    if (!pointer) throw new RangeError("There is no memory for the request.");
    this.#heap.set(bytes, pointer);
  }

  start(request) {
    PARTS.forEach((part, index) => this.#putText(index, request[part]));
    return this.#phase(
      this.#module._demo_start(
        CREDENTIALS.indexOf(request.credentials),
        REDIRECTS.indexOf(request.redirect),
        request.responseMs,
        request.totalMs,
      ),
    );
  }

  #phase = (number) => PHASES[number];
  poll = () => this.#phase(this.#module._demo_poll());
  cancel = () => this.#module._demo_cancel();

  get phase() {
    return this.#phase(this.#module._demo_get_phase());
  }

  get now() {
    return this.#module._demo_now();
  }

  get version() {
    return this.#string(this.#module._demo_version());
  }

  get error() {
    return {
      name: this.#string(this.#module._demo_error_name()),
      message: this.#string(this.#module._demo_error_message()),
      detail: this.#string(this.#module._demo_error_detail()),
    };
  }

  get hasResponse() {
    return this.#module._demo_has_response() !== 0;
  }

  get response() {
    const headers = [];
    for (let line; (line = this.#string(this.#module._demo_response_header(headers.length)));) {
      const colon = line.indexOf(":");
      headers.push({ name: line.slice(0, colon), value: line.slice(colon + 1).trim() });
    }
    return {
      code: this.#module._demo_response_code(),
      url: this.#string(this.#module._demo_response_url()),
      headers,
    };
  }

  get lengthHint() {
    return this.#module._demo_length_hint();
  }

  /** The next piece of the body, valid until the next call; empty: there is nothing now. */
  read() {
    const length = this.#module._demo_read();
    return this.#heap.subarray(this.#chunk, this.#chunk + length);
  }

  /** What was logged since the last call. */
  takeEvents() {
    const events = [];
    for (let kind; (kind = this.#module._demo_event_kind()) >= 0;) {
      events.push({
        kind: EVENT_KINDS[kind],
        time: this.#module._demo_event_time(),
        text: this.#string(this.#module._demo_event_text()),
      });
      this.#module._demo_event_take();
    }
    return events;
  }
}
