// SPDX-License-Identifier: MIT
// differences: the table of what is known to differ from platform to platform, and why. It turns
// the native transcript into the one that another platform must give; the README shows it.

const WEB = ["node", "chromium", "firefox"];
const BROWSERS = ["chromium", "firefox"];

/** Replaces the header lines of each response by what `change` makes of them: [name, value] pairs. */
function eachHead(lines, change) {
  const result = [];
  for (let i = 0; i < lines.length;) {
    const head = [];
    for (; lines[i]?.startsWith("header: "); i++) {
      const [, name, value] = /^header: ([^:]+): (.*)$/.exec(lines[i]);
      head.push([name, value]);
    }
    for (const [name, value] of change(head)) result.push(`header: ${name}: ${value}`);
    if (i < lines.length) result.push(lines[i++]);
  }
  return result;
}

/** As fetch() gives headers: lower case, sorted, values of one name joined but for cookies. */
function asFetchGivesThem(head) {
  const names = [...new Set(head.map(([name]) => name.toLowerCase()))].sort();
  return names.flatMap((name) => {
    const values = head.filter((field) => field[0].toLowerCase() === name).map((field) => field[1]);
    return name === "set-cookie"
      ? values.map((value) => [name, value])
      : [[name, values.join(", ")]];
  });
}

/** Those that there are of one name, as a Headers object without getSetCookie() gives them. */
function joinCookies(lines) {
  return eachHead(lines, (head) => {
    const cookies = head.filter(([name]) => name === "set-cookie").map(([, value]) => value);
    const others = head.filter(([name]) => name !== "set-cookie");
    if (cookies.length > 0) others.push(["set-cookie", cookies.join(", ")]);
    return others.sort(([a], [b]) => (a < b ? -1 : 1));
  });
}

const replaceLines = (lines, from, to) => lines.map((line) => line.replace(from, to));

/** Bytes received are counted after the coding was undone. */
function countDecoded(lines) {
  let coded = false;
  let length;
  return lines.map((line) => {
    if (line.startsWith("response ")) coded = false;
    if (/^header: content-encoding: /i.test(line)) coded = true;
    length = /^body (\d+) bytes/.exec(line)?.[1] ?? length;
    return coded ? line.replace(/^received \d+/, `received ${length}`) : line;
  });
}

/** In order. `apply` changes the lines of any scenario; a row without it stands for scenarios that
 * name it in `differs`. Where `isNeeded` is false, the platform's version here is without it. */
export const rows = [
  {
    id: "length",
    platforms: WEB,
    what: "The body length is -1, always; the length hint gives it where it can be trusted",
    why: "`fetch()` hands over bodies as streams, whose length it does not tell",
    apply: (lines) =>
      replaceLines(lines, /^((response \d+|has \d, code \d+, chunked \d), length )\d+/, "$1-1"),
  },
  {
    id: "chunked",
    platforms: WEB,
    what: "`is_response_chunked` is false, trailers are not there",
    why: "`fetch()` tells nothing of the transfer coding, nor of trailers",
    apply: (lines) =>
      replaceLines(
        lines.filter((line) => !line.startsWith("trailer: ")),
        ", chunked, ",
        ", ",
      ),
  },
  {
    id: "facts",
    platforms: WEB,
    what: "HTTP version, the peer's address, reuse, times of connecting and of sending are not known",
    why: "`fetch()` tells nothing of the connection",
    apply: (lines) =>
      replaceLines(
        replaceLines(
          lines,
          /^version \d+, reused \d, peer known/,
          "version 0, reused 0, peer not known",
        ),
        /^times [01 ]+, [01]/,
        "times 0 0 0, 0",
      ),
  },
  {
    id: "headers",
    platforms: WEB,
    what: 'Header names are in lower case and sorted; values of one name are one, joined by ", "',
    why: "that is how a `Headers` object gives them (Fetch standard, section 2.2.2)",
    apply: (lines) => eachHead(lines, asFetchGivesThem),
  },
  {
    id: "cookies",
    platforms: BROWSERS,
    what: "`Set-Cookie` is not among the headers",
    why: "browsers keep cookies from pages (forbidden response-header names)",
    apply: (lines) => lines.filter((line) => !line.startsWith("header: set-cookie: ")),
  },
  {
    id: "joined cookies",
    platforms: ["node"],
    isNeeded: Headers.prototype.getSetCookie === undefined,
    what: 'In Node 18 as Debian 12 has it, several `Set-Cookie` lines are one, joined by ", "',
    why: "its `Headers` joins them, and they cannot be parted again for certain",
    apply: joinCookies,
  },
  {
    id: "decoded",
    platforms: WEB,
    what: "Bytes received are counted after content codings are undone",
    why: "the coded bytes are not shown",
    apply: countDecoded,
  },
  {
    id: "connection",
    platforms: WEB,
    what: "The client stays CONNECTED after a response that ends the connection; there is no stream",
    why: "connections are the browser's own: it makes a new one where it needs one",
    apply: (lines) =>
      lines.map((line, i) => {
        const ends = /^(body |status REQUESTING)/.test(lines[i - 1]);
        if (ends && line === "status DISCONNECTED") return "status CONNECTED";
        return line === "connection there" ? "connection none" : line;
      }),
  },
  {
    id: "methods",
    platforms: WEB,
    what: "TRACE and CONNECT are UNAVAILABLE",
    why: "forbidden methods (Fetch standard, section 2.2.1)",
  },
  {
    id: "targets",
    platforms: WEB,
    what: "`*` and absolute URLs as a target are UNAVAILABLE",
    why: "`fetch()` takes a URL and makes the target of its path and query",
  },
  {
    id: "proxies",
    platforms: WEB,
    what: "Proxies, `proxy_headers` and `resolve` are UNAVAILABLE",
    why: "the browser connects as its own settings say",
  },
  {
    id: "redirects",
    platforms: WEB,
    what: "Redirects are followed, and the response's URL is the last one",
    why: "`fetch()` does not let a page see a redirect: it follows it, fails, or hides it whole",
  },
  {
    id: "hops",
    platforms: WEB,
    what: "A session does not know how many redirects were followed; one too many fails as the network does",
    why: "`fetch()` follows 20, and does not tell",
    apply: (lines) => replaceLines(lines, /^(transfer \d+, redirects )\d+/, "$10"),
  },
  {
    id: "limits",
    platforms: WEB,
    what: "`max_body_bytes` and `expected_bytes` are compared with what has come, not with `Content-Length`",
    why: "`fetch()` does not tell for certain how long a body will be",
  },
  {
    id: "userinfo",
    platforms: WEB,
    what: "A session refuses URLs with a user name or a password",
    why: "`fetch()` refuses them",
  },
  {
    id: "uploads",
    platforms: WEB,
    what: "A body that is given piece by piece is collected, and sent with its length",
    why: "`fetch()` streams uploads in Chromium only, and there over HTTP/2 only",
  },
  {
    id: "tunnel",
    platforms: WEB,
    ofStreams: true,
    what: "Content codings are not asked for over a stream of the program's own",
    why: "the browser's decoders are part of its own HTTP; a program that needs them there links its own",
    apply: (lines) => replaceLines(lines, /Accept-Encoding: gzip[^\\]*\\x0d\\x0a/, ""),
  },
  {
    id: "network",
    platforms: BROWSERS,
    what: "Connecting, broken HTTP and connections that end without an answer are one error, NETWORK_OR_CORS",
    why: "browsers do not say why a request failed, so that pages cannot explore networks with it",
    apply: (lines) =>
      replaceLines(
        lines,
        /^poll: (CANT_CONNECT|CONNECTION_ERROR|PROTOCOL): .*/,
        "poll: NETWORK_OR_CORS: the network failed, …(…)",
      ),
  },
  {
    id: "body",
    platforms: BROWSERS,
    what: "Every failure in the middle of a body is BODY_TRUNCATED",
    why: "the stream's error says no more than that",
    apply: (lines) =>
      replaceLines(
        lines,
        /^read: (BODY_TRUNCATED|CONNECTION_ERROR|INVALID_DATA|PROTOCOL): .*/,
        "read: BODY_TRUNCATED: the body ended early, or could not be decoded: the browser does not say which (…)",
      ),
  },
  {
    id: "words",
    platforms: ["node"],
    what: "The sentences for failures of the network and of HTTP are Node's",
    why: "its `fetch()` reports them so",
    apply: (lines) =>
      replaceLines(
        lines,
        /^(poll: (?:CONNECTION_ERROR|PROTOCOL)|read: (?:BODY_TRUNCATED|CONNECTION_ERROR|INVALID_DATA|PROTOCOL)): .*/,
        "$1: …",
      ),
  },
  {
    id: "integrity",
    platforms: WEB,
    what: "A body that is not the one of `integrity` fails before its head, as the network does",
    why: "`fetch()` compares it, holds it back, and says no more",
  },
  {
    id: "head",
    platforms: ["firefox"],
    what: "A head is told of together with the first bytes of its body, not before",
    why: "its `fetch()` waits for them",
  },
  {
    id: "lenient",
    platforms: BROWSERS,
    what: "A head or an HTTP/1.0 body that ends early, or text without a head, may be taken for whole",
    why: "browsers forgive what servers of old did, HTTP/0.9 included",
  },
];

/**
 * What a platform must print where the native program prints `native`. `differs` are the scenario's
 * own differences: {row, platforms?, change}; over a stream of the program's own only few rows hold. `used`
 * collects the rows that mattered.
 */
export function expectedOn(platform, native, { differs, overStream }, used = new Set()) {
  let lines = native.split("\n");
  for (const row of rows) {
    if (!row.platforms.includes(platform) || Boolean(row.ofStreams) !== overStream) continue;
    if (row.isNeeded === false) continue;
    const own = differs.filter(
      (entry) => entry.row === row.id && (entry.platforms ?? row.platforms).includes(platform),
    );
    const before = lines.join("\n");
    if (row.apply) lines = row.apply(lines);
    for (const { change } of own) lines = change(lines);
    if (lines.join("\n") !== before) used.add(`${row.id} on ${platform}`);
  }
  return lines;
}

/** Everything from the line on that begins with `start` is replaced. */
export const from =
  (start, ...others) =>
  (lines) => {
    const index = lines.findIndex((line) => line.startsWith(start));
    return index < 0 ? lines : [...lines.slice(0, index), ...others, ""];
  };

const NAMES = { node: "Node", chromium: "Chromium", firefox: "Firefox" };

/** The table in Markdown, as it stands in the README. */
export function toMarkdown() {
  const where = (platforms) =>
    platforms.length === WEB.length ? "the web" : platforms.map((name) => NAMES[name]).join(", ");
  const cells = rows.map(({ what, why, platforms }) => [what, where(platforms), why]);
  return [["What differs from the native client", "on", "because"], ["---", "---", "---"], ...cells]
    .map((row) => `| ${row.join(" | ")} |`)
    .join("\n");
}
