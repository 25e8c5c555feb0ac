// SPDX-License-Identifier: MIT
// ferry_fetch: the JavaScript side of the fetch backend: starts fetches, reads their bodies ahead up
// to a window, and gives C what it asks for. web/fetch_js.h documents each function, and at its head
// what holds for all that crosses to C and back. It keeps to what Emscripten 3.1.6 understands,
// optimiser included, and later ones still do.
mergeInto(LibraryManager.library, {
  $ferryFetch: {
    lastId: 0,
    records: {},
    count: 0,
    pool: [], // buffers of the largest size that no record holds
    controllers: [], // of fetches that came to their end: to make one anew is slow
    sleepers: {}, // what resumes a program, by the signal that it waits for

    MIN_SIZE: 16384,
    MAX_SIZE: 524288,
    MAX_POOLED: 32,
    MAX_EMPTY: 1000, // pieces one after another that hold nothing
    MAX_WORDS: 400, // FERRY_FETCH_WORDS_SIZE
    END_MS: 100, // so long the end of a body may come after its last announced byte

    // As ferry_fetch_failure_kind.
    NETWORK: 1,
    CROSS_ORIGIN: 2,
    MIXED: 3,
    OFFLINE: 4,
    BODY: 5,
    REFUSED: 6,
    NO_FETCH: 7,
    RESOLVE: 8,
    CONNECT: 9,
    PROTOCOL: 10,
    CODING: 11,
    CONNECTION: 12,
    UPLOAD: 13,
    RESPONSE: 14,
    HEAD: 15,

    // Pointers beyond 2 GiB arrive as negative numbers in some builds.
    at: function (pointer) {
      return pointer < 0 ? pointer + 4294967296 : pointer;
    },

    // The strings in memory, each ended by NUL, one character for a byte.
    strings: function (pointer, length) {
      var text = "";
      for (var end = pointer + length; pointer < end; pointer++) {
        text += String.fromCharCode(HEAPU8[pointer]);
      }
      return text.split("\0");
    },

    // The reverse. A NUL or an end of line, which only what is no browser's own can hold, is a space.
    text: function (strings) {
      for (var i = 0; i < strings.length; i++) {
        strings[i] = ("" + strings[i]).replace(/[\0\r\n]/g, " ");
      }
      return strings.join("\0") + "\0";
    },

    // Stores a text whole, or not at all, and returns its length. What is no byte becomes "?".
    give: function (text, dst, capacity) {
      dst = ferryFetch.at(dst);
      if (text.length <= ferryFetch.at(capacity)) {
        for (var i = 0; i < text.length; i++) {
          var code = text.charCodeAt(i);
          HEAPU8[dst + i] = code > 255 ? 63 : code;
        }
      }
      return text.length;
    },

    // Lets C know that there is something new.
    tell: function (record) {
      clearTimeout(record.notifyTimer);
      record.notifyTimer = 0;
      Atomics.add(HEAP32, record.signal / 4, 1);
      Atomics.notify(HEAP32, record.signal / 4);
      var wake = ferryFetch.sleepers[record.signal];
      if (wake) wake();
    },

    // The same in a while, unless there is more to tell of before.
    tellLater: function (record, milliseconds) {
      clearTimeout(record.notifyTimer);
      record.notifyTimer = setTimeout(ferryFetch.tell, milliseconds, record);
    },

    // Whatever a fetch ends in, it is an error of the client's, and the first is the one to tell of.
    fail: function (record, kind, error) {
      if (record.failure) return;
      record.failure = kind;
      record.words = ferryFetch.wordsOf(error);
      record.ended = true;
      if (!record.dropped) ferryFetch.tell(record);
    },

    // Anything can be thrown, and what looks at it may be thrown at in turn.
    wordsOf: function (error) {
      var words = "";
      try {
        words = ferryFetch.phrase(error);
        var cause = ferryFetch.phrase(error.cause);
        if (cause) words += ": " + cause;
      } catch (e) {
        // What is there will do.
      }
      // UTF-8 as C has it, cut between two characters.
      var bytes = new TextEncoder().encode(words || "no reason is given");
      var end = Math.min(bytes.length, ferryFetch.MAX_WORDS - 1);
      while ((bytes[end] & 192) == 128) end--;
      return ferryFetch.text([String.fromCharCode.apply(null, bytes.subarray(0, end))]);
    },

    phrase: function (thing) {
      if (thing === undefined || thing === null) return "";
      var words = "" + (thing.message || thing.code || thing.name || String(thing));
      return /^\[object /.test(words) ? "" : words;
    },

    // Node says why, browsers do not: what a failure is that has a cause, or none.
    kindInNode: function (error, otherwise, withoutCause) {
      var code;
      try {
        code = error.cause.name + " " + error.cause.code;
      } catch (e) {
        return withoutCause;
      }
      if (/NOTFOUND|AGAIN/.test(code)) return ferryFetch.RESOLVE;
      if (/REFUSED|UNREACH|TIMEDOUT|CONNECT_TIMEOUT/.test(code)) return ferryFetch.CONNECT;
      // Before there is a head, it is one whose lengths cannot be right.
      if (/RES_CONTENT_LENGTH/.test(code) && otherwise == ferryFetch.BODY) return ferryFetch.BODY;
      if (/HTTPParser|LENGTH_MISMATCH/.test(code)) return ferryFetch.PROTOCOL;
      if (/ (Z|ERR)_/.test(code)) return ferryFetch.CODING;
      return /RESET|PIPE/.test(code) ? ferryFetch.CONNECTION : otherwise;
    },

    // Why a fetch was rejected, as far as one may know.
    kindOf: function (record, error) {
      try {
        new Request(record.url, record.init);
      } catch (e) {
        return ferryFetch.REFUSED;
      }
      if (typeof location != "object") {
        return ferryFetch.kindInNode(error, ferryFetch.CONNECTION, ferryFetch.NETWORK);
      }
      return ferryFetch.kindInPage(new URL(record.url));
    },

    kindInPage: function (target) {
      if (typeof navigator == "object" && !navigator.onLine) return ferryFetch.OFFLINE;
      if (target.origin == self.origin) return ferryFetch.NETWORK;
      return location.protocol == "https:" &&
        target.protocol == "http:" &&
        !/^(localhost|127\..*|\[::1\])$/.test(target.hostname)
        ? ferryFetch.MIXED
        : ferryFetch.CROSS_ORIGIN;
    },

    // How long the body will be, for progress bars; -1 where that is not known, 0 where there is no
    // body. A page does not see the coding of what another origin sends, so its Content-Length may
    // be that of the coded body. Nothing is decided by it: a body ends where its reader says so.
    hintOf: function (record, response) {
      var headers = response.headers;
      var length = headers.get("content-length");
      var plain = /^(identity)?$/i.test(headers.get("content-encoding") || "");
      var seen = response.type == "basic" || typeof location != "object";
      if (response.body === null || /^HEAD$/i.test(record.init.method)) return 0;
      if (/^(204|304)$/.test(response.status)) return 0;
      return seen && plain && /^[0-9]{1,15}$/.test(length) ? +length : -1;
    },

    // The head in the form that C reads, and then the body.
    respond: function (record, response) {
      var hint = ferryFetch.hintOf(record, response);
      var code = response.status;
      var reason = "" + (response.statusText || "");
      var strings = [code, "", hint, response.url];
      var size = 0;
      if (typeof code != "number" || !(code >= 0 && code < 2147483648) || code % 1) {
        throw new Error("its status is no code");
      }
      response.headers.forEach(function (value, name) {
        strings.push(name, value);
        size += name.length + value.length + 4; // as a line of HTTP/1.1 would take
      });
      if (size > record.mostHead) {
        ferryFetch.fail(record, ferryFetch.HEAD);
        return;
      }
      // A browser takes a reason of any length, and programs go by the code: one too long is none.
      if (size + reason.length < record.mostHead) strings[1] = reason;
      var head = ferryFetch.text(strings);
      record.hint = hint;
      record.size = Math.min(Math.max(hint, ferryFetch.MIN_SIZE), ferryFetch.MAX_SIZE);
      record.ended = response.body === null;
      if (!record.ended) ferryFetch.openBody(record, response.body, hint);
      record.head = head;
      // A small body is most often there already: C hears of the head and of the body's end at once.
      if (record.ended || hint < 0 || hint > ferryFetch.MIN_SIZE) ferryFetch.tell(record);
      else ferryFetch.tellLater(record, hint ? 0 : ferryFetch.END_MS);
      ferryFetch.pump(record);
    },

    // What is to be sent. In Node, bytes that are sent once cannot be sent again after a redirect;
    // those of a Blob can. An empty PATCH would go without a Content-Length.
    bodyOf: function (record) {
      var parts = record.parts;
      if (!parts.length) return record.init.method == "PATCH" ? new Uint8Array(0) : undefined;
      return parts.length > 1 || typeof location != "object" ? new Blob(parts) : parts[0];
    },

    // From the request to the head of its response.
    start: async function (record) {
      var init = record.init;
      var response;
      try {
        init.body = ferryFetch.bodyOf(record);
      } catch (error) {
        ferryFetch.fail(record, ferryFetch.UPLOAD, error);
        return;
      }
      try {
        record.controller = ferryFetch.controllers.pop() || new AbortController();
        init.signal = record.controller.signal;
        response = await fetch(record.url, init);
      } catch (error) {
        if (!record.dropped) ferryFetch.fail(record, ferryFetch.kindOf(record, error), error);
        return;
      }
      try {
        if (!record.dropped) ferryFetch.respond(record, response);
      } catch (error) {
        ferryFetch.fail(record, ferryFetch.RESPONSE, error);
      }
    },

    // A body that is there as a whole is left to its end: the connection stays usable. In Node what
    // listens on a signal stays for a while, so that there each fetch has one of its own.
    cancel: function (record) {
      var controller = record.controller;
      var controllers = ferryFetch.controllers;
      clearTimeout(record.notifyTimer);
      record.dropped = true;
      if (!controller) return;
      if (record.ended && !record.failure) {
        var isOfUse = typeof location == "object" && controllers.length < ferryFetch.MAX_POOLED;
        if (isOfUse) controllers.push(controller);
        return;
      }
      try {
        controller.abort();
      } catch (e) {
        // A page's own controller: there is no more to be done about it.
      }
    },

    // A reader that fills a buffer of ours is the faster one where there are many bytes, the other
    // one where there are few.
    openBody: function (record, body, hint) {
      if (hint < 0 || hint > ferryFetch.MIN_SIZE) {
        try {
          record.reader = body.getReader({ mode: "byob" });
          record.byob = true;
          return;
        } catch (e) {
          // This platform has no such reader.
        }
      }
      record.reader = body.getReader();
    },

    buffer: function (size) {
      return (size == ferryFetch.MAX_SIZE && ferryFetch.pool.pop()) || new ArrayBuffer(size);
    },

    recycle: function (buffer) {
      var pool = ferryFetch.pool;
      if (buffer.byteLength == ferryFetch.MAX_SIZE && pool.length < ferryFetch.MAX_POOLED) {
        pool.push(buffer);
      }
    },

    next: function (record) {
      if (!record.byob) return record.reader.read();
      var buffer = record.scratch || ferryFetch.buffer(record.size);
      record.scratch = null;
      return record.reader.read(new Uint8Array(buffer));
    },

    // The queue holds {bytes, end}: what is read, and how much of it is filled. The window bounds
    // how much memory that takes, not how much of it is filled.
    push: function (record, bytes, end) {
      record.held += bytes.length;
      record.queue.push({ bytes: bytes, end: end });
    },

    keep: function (record, chunk) {
      if (!ArrayBuffer.isView(chunk)) throw new Error("what it gives are no bytes");
      chunk = new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength);
      if (!chunk.length) {
        if (++record.empty > ferryFetch.MAX_EMPTY) throw new Error("it gives nothing, on and on");
        return;
      }
      record.empty = 0;
      record.come += chunk.length;
      if (!record.byob || chunk.byteOffset) {
        ferryFetch.push(record, chunk, chunk.length);
        return;
      }
      var buffer = chunk.buffer;
      var size = buffer.byteLength;
      if (chunk.length == size) record.size = Math.min(4 * size, ferryFetch.MAX_SIZE);
      if (chunk.length >= size / 2) {
        ferryFetch.push(record, new Uint8Array(buffer), chunk.length);
        return;
      }
      // A small piece is copied behind the last one, so that the buffer can be filled anew.
      var last = record.queue[record.queue.length - 1];
      if (!last || last.end + chunk.length > last.bytes.length) {
        ferryFetch.push(record, new Uint8Array(ferryFetch.buffer(size)), 0);
        last = record.queue[record.queue.length - 1];
      }
      last.bytes.set(chunk, last.end);
      last.end += chunk.length;
      if (size == record.size) record.scratch = buffer;
    },

    // The last announced bytes are told of together with the end, which most often comes with them:
    // whether it does, and what else comes, the reader alone knows.
    tellOfBytes: function (record) {
      if (record.ended || record.come > record.hint) ferryFetch.tell(record);
      else if (record.come == record.hint) ferryFetch.tellLater(record, ferryFetch.END_MS);
      else if (!record.notifyTimer) ferryFetch.tell(record);
    },

    // Reads ahead until the window is full; C's reading starts it again.
    pump: async function (record) {
      if (record.pumping || record.ended) return;
      record.pumping = true;
      try {
        while (record.held < record.window && !record.dropped && !record.ended) {
          var result = await ferryFetch.next(record);
          if (result.done) record.ended = true;
          else ferryFetch.keep(record, result.value);
          if (!record.dropped) ferryFetch.tellOfBytes(record);
        }
      } catch (error) {
        var BODY = ferryFetch.BODY;
        ferryFetch.fail(record, ferryFetch.kindInNode(error, BODY, BODY), error);
      }
      record.pumping = false;
    },
  },

  ferry_js_new__deps: ["$ferryFetch"],
  ferry_js_new__proxy: "sync",
  ferry_js_new__sig: "ippppp",
  ferry_js_new: function (signal, text, length, window, mostHead) {
    var strings = ferryFetch.strings(ferryFetch.at(text), length);
    var record = {
      signal: ferryFetch.at(signal),
      window: ferryFetch.at(window),
      mostHead: ferryFetch.at(mostHead),
      init: { method: strings[0], headers: [] },
      url: strings[1],
      parts: [],
      queue: [],
      offset: 0,
      held: 0,
      come: 0, // bytes of the body
      empty: 0,
      notifyTimer: 0, // a timer: C is told when it has run out
      failure: 0,
    };
    for (var i = 2; strings[i]; i += 2) record.init[strings[i]] = strings[i + 1];
    for (i++; i + 1 < strings.length; i += 2) {
      record.init.headers.push([strings[i], strings[i + 1]]);
    }
    ferryFetch.records[++ferryFetch.lastId] = record;
    ferryFetch.count++;
    return ferryFetch.lastId;
  },

  ferry_js_write__deps: ["$ferryFetch"],
  ferry_js_write__proxy: "sync",
  ferry_js_write__sig: "iipp",
  ferry_js_write: function (id, data, length) {
    data = ferryFetch.at(data);
    try {
      ferryFetch.records[id].parts.push(HEAPU8.slice(data, data + ferryFetch.at(length)));
    } catch (e) {
      return 0;
    }
    return 1;
  },

  ferry_js_send__deps: ["$ferryFetch"],
  ferry_js_send__proxy: "sync",
  ferry_js_send__sig: "vi",
  ferry_js_send: function (id) {
    var record = ferryFetch.records[id];
    if (typeof fetch == "function") ferryFetch.start(record);
    else ferryFetch.fail(record, ferryFetch.NO_FETCH, "this platform is too old");
  },

  ferry_js_head__deps: ["$ferryFetch"],
  ferry_js_head__proxy: "sync",
  ferry_js_head__sig: "dipp",
  ferry_js_head: function (id, dst, capacity) {
    var record = ferryFetch.records[id];
    var head = record.head;
    if (!head) return record.failure ? -2 : -1;
    return ferryFetch.give(head, dst, capacity);
  },

  ferry_js_read__deps: ["$ferryFetch"],
  ferry_js_read__proxy: "sync",
  ferry_js_read__sig: "dipp",
  ferry_js_read: function (id, dst, capacity) {
    var record = ferryFetch.records[id];
    var queue = record.queue;
    var total = 0;
    dst = ferryFetch.at(dst);
    capacity = ferryFetch.at(capacity);
    try {
      while (total < capacity && queue.length) {
        var part = queue[0];
        var end = Math.min(part.end, record.offset + capacity - total);
        HEAPU8.set(part.bytes.subarray(record.offset, end), dst + total);
        total += end - record.offset;
        record.offset = end;
        if (end == part.end) {
          queue.shift();
          record.offset = 0;
          record.held -= part.bytes.length;
          if (record.byob) ferryFetch.recycle(part.bytes.buffer);
        }
      }
    } catch (error) {
      queue.length = 0; // a page's own stream has taken back what it gave
      ferryFetch.fail(record, ferryFetch.BODY, error);
    }
    ferryFetch.pump(record);
    return record.ended && !queue.length ? -total - 1 : total;
  },

  ferry_js_failure__deps: ["$ferryFetch"],
  ferry_js_failure__proxy: "sync",
  ferry_js_failure__sig: "ii",
  ferry_js_failure: function (id) {
    return ferryFetch.records[id].failure;
  },

  ferry_js_words__deps: ["$ferryFetch"],
  ferry_js_words__proxy: "sync",
  ferry_js_words__sig: "dipp",
  ferry_js_words: function (id, dst, capacity) {
    return ferryFetch.give(ferryFetch.records[id].words, dst, capacity);
  },

  ferry_js_drop__deps: ["$ferryFetch"],
  ferry_js_drop__proxy: "sync",
  ferry_js_drop__sig: "vi",
  ferry_js_drop: function (id) {
    ferryFetch.cancel(ferryFetch.records[id]);
    delete ferryFetch.records[id];
    if (!--ferryFetch.count) ferryFetch.pool = [];
  },

  ferry_js_can_sleep__sig: "i",
  ferry_js_can_sleep: function () {
    return typeof Asyncify == "object" ? 1 : 0;
  },

  __asyncjs__ferry_js_sleep__deps: ["$ferryFetch"],
  __asyncjs__ferry_js_sleep__async: true,
  __asyncjs__ferry_js_sleep__sig: "vpii",
  __asyncjs__ferry_js_sleep: function (signal, seen, timeout) {
    return Asyncify.handleSleep(function (wakeUp) {
      var address = ferryFetch.at(signal);
      var wake = (ferryFetch.sleepers[address] = function () {
        delete ferryFetch.sleepers[address];
        clearTimeout(timer);
        // Not from within a function of ours: the program calls them as soon as it goes on.
        Promise.resolve().then(callUserCallback.bind(null, wakeUp));
      });
      var timer = timeout < 0 ? 0 : setTimeout(wake, timeout);
    });
  },

  ferry_js_resume__deps: ["$ferryFetch"],
  ferry_js_resume__proxy: "sync",
  ferry_js_resume__sig: "vp",
  ferry_js_resume: function (signal) {
    var wake = ferryFetch.sleepers[ferryFetch.at(signal)];
    if (wake) wake();
  },
});
