// SPDX-License-Identifier: MIT
// explain: what a response code is called, and what a failure means to whoever runs into it.

const CODE_NAMES = {
  200: "OK",
  201: "Created",
  202: "Accepted",
  204: "No Content",
  206: "Partial Content",
  301: "Moved Permanently",
  302: "Found",
  303: "See Other",
  304: "Not Modified",
  307: "Temporary Redirect",
  308: "Permanent Redirect",
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  409: "Conflict",
  413: "Content Too Large",
  429: "Too Many Requests",
  500: "Internal Server Error",
  502: "Bad Gateway",
  503: "Service Unavailable",
  504: "Gateway Timeout",
};

/** Code 0 is a response that the browser shows nothing of (Fetch standard section 2.2.6). */
export function describeCode(code) {
  if (code === 0) return "opaque";
  return CODE_NAMES[code] ? `${code} ${CODE_NAMES[code]}` : String(code);
}

const MEANINGS = {
  FERRY_ERROR_NETWORK_OR_CORS:
    "A page is not told why a request to another origin failed: that would already say something " +
    "about a server that has not agreed to be read. If the server is yours, let it answer with " +
    "Access-Control-Allow-Origin; the browser’s developer tools say what was missing. Natively " +
    "there is no CORS, and this request would succeed.",
  FERRY_ERROR_TIMEOUT:
    "The limit was set in the request. The request was cancelled when it had passed, and the " +
    "server sees its connection closed.",
  FERRY_ERROR_BODY_TRUNCATED:
    "What came before the end can be read and is shown below. It is not the whole body, so the " +
    "exchange has failed: a truncated body never counts as complete.",
  FERRY_ERROR_UNAVAILABLE: "A browser keeps this from pages. Natively the same call works.",
  FERRY_ERROR_INVALID_PARAMETER: "The request was refused before anything was sent.",
};

/** Where the page itself was the target, CORS had no part in it. */
const OWN_ORIGIN =
  "This request went to the page’s own server, so it was the network, or a redirect that the " +
  "request did not allow.";

export function explainFailure(name, url) {
  const isOwn = URL.canParse?.(url) && new URL(url).origin === location.origin;
  if (name === "FERRY_ERROR_NETWORK_OR_CORS" && isOwn) return OWN_ORIGIN;
  return MEANINGS[name] ?? "";
}
