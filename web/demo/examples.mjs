// SPDX-License-Identifier: MIT
// examples: requests that show one thing each, answered by the server that serves the page.

const EMPTY = {
  method: "GET",
  headers: "",
  body: "",
  credentials: "same-origin",
  redirect: "follow",
  responseMs: 0,
  totalMs: 0,
};

/** `secondOrigin` is where the CORS examples go. */
export const makeExamples = (secondOrigin) =>
  [
    {
      id: "large",
      title: "Large file",
      text: "64 MB whose length is known: the bar may show a percentage.",
      request: { url: "/large" },
    },
    {
      id: "slow",
      title: "Slow stream",
      text: "A line now and then, of no known length: the bar says so.",
      request: { url: "/slow" },
    },
    {
      id: "events",
      title: "Server-sent events",
      text: "Eight events, each shown as it comes.",
      request: { url: "/events", headers: "Accept: text/event-stream" },
    },
    {
      id: "gzip",
      title: "Gzip",
      text: "Undone on the way: more bytes come out than were announced.",
      request: { url: "/poem" },
    },
    {
      id: "redirect",
      title: "Redirect chain",
      text: "Three hops; the URL of the response is the last one.",
      request: { url: "/redirect/3" },
    },
    {
      id: "post",
      title: "Post and echo",
      text: "The server says back what it was sent.",
      request: {
        method: "POST",
        url: "/echo",
        headers: "Content-Type: text/plain; charset=utf-8\nX-Crossing: 7",
        body: "Two bicycles and a goat, please.\n",
      },
    },
    {
      id: "cors-allowed",
      title: "CORS, allowed",
      text: "Another origin, which lets this page read its answer.",
      request: { url: `${secondOrigin}/cors/allowed` },
    },
    {
      id: "cors-refused",
      title: "CORS, refused",
      text: "Another origin, which does not: what a page can know of that.",
      request: { url: `${secondOrigin}/cors/refused` },
    },
    {
      id: "timeout",
      title: "Time-out",
      text: "No answer within a second: ferry gives up, and says so.",
      request: { url: "/never", responseMs: 1000 },
    },
    {
      id: "truncated",
      title: "Truncated body",
      text: "The connection ends before the length that was announced.",
      request: { url: "/truncated" },
    },
  ].map((example) => ({ ...example, request: { ...EMPTY, ...example.request } }));
