// SPDX-License-Identifier: MIT
// form: the request form, as a request and back.

const TEXTS = ["method", "url", "headers", "body", "credentials", "redirect"];
const TIMES = ["responseMs", "totalMs"];

/** A path is one of this page's server; whatever else it is, ferry judges it. */
const toAbsolute = (url) => (url.startsWith("/") ? new URL(url, location.origin).href : url);

export class RequestForm {
  #form;

  constructor(form, onSend) {
    this.#form = form;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      onSend(this.read());
    });
  }

  #field(name) {
    return this.#form.elements.namedItem(name);
  }

  read() {
    const request = {};
    for (const name of TEXTS) request[name] = this.#field(name).value;
    for (const name of TIMES) request[name] = Number(this.#field(name).value);
    request.url = toAbsolute(request.url.trim());
    return request;
  }

  fill(request) {
    for (const name of TEXTS) this.#field(name).value = request[name];
    for (const name of TIMES) this.#field(name).value = request[name] || "";
    this.#field("url").value = toAbsolute(request.url);
  }
}
