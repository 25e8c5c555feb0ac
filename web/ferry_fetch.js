// SPDX-License-Identifier: MIT
// ferry_fetch: the JavaScript side of the fetch backend: starts fetches, reads their bodies ahead up
// to a window, and gives C what it asks for. web/fetch_js.h documents each function. It keeps to
// what Emscripten 3.1.6 understands, optimiser included, and later ones still do.
mergeInto(LibraryManager.library, {
  $ferryFetch: {
    lastId: 0,
    records: {},
    count: 0,
    spare: [], // buffers of the largest size that no record holds
    controllers: [], // of fetches that came to their end: to make one anew is slow
    sleepers: {}, // what resumes a program, by the signal that it waits for

    LEAST: 16384,
    MOST: 524288,
    MOST_SPARE: 32,

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

    // The reverse; what is no byte becomes "?".
    store: function (text, dst) {
      for (var i = 0; i < text.length; i++) {
        var code = text.charCodeAt(i);
        HEAPU8[dst + i] = code > 255 ? 63 : code;
      }
      HEAPU8[dst + i] = 0;
    },

    // Lets C know that there is something new.
    tell: function (record) {
      clearTimeout(record.late);
      var index = record.signal / 4;
      Atomics.add(HEAP32, index, 1);
      Atomics.notify(HEAP32, index);
      var wake = ferryFetch.sleepers[record.signal];
      if (wake) wake();
    },

    fail: function (record, kind, error) {
      var cause = error.cause || error;
      record.failure = kind;
      record.words = error.message || "" + error;
      if (cause !== error) record.words += ": " + (cause.message || cause.code || cause);
      record.ended = true;
      if (!record.gone) ferryFetch.tell(record);
    },

    // Node says why, browsers do not.
    kindInNode: function (error, otherwise) {
      var cause = error.cause || {};
      var code = cause.name + " " + cause.code;
      if (/NOTFOUND|AGAIN/.test(code)) return ferryFetch.RESOLVE;
      if (/REFUSED|UNREACH|TIMEDOUT|CONNECT_TIMEOUT/.test(code)) return ferryFetch.CONNECT;
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
        return ferryFetch.kindInNode(
          error,
          error.cause ? ferryFetch.CONNECTION : ferryFetch.NETWORK,
        );
      }
      if (!navigator.onLine) return ferryFetch.OFFLINE;
      var target = new URL(record.url);
      if (target.origin == self.origin) return ferryFetch.NETWORK;
      return location.protocol == "https:" &&
        target.protocol == "http:" &&
        !/^(localhost|127\..*|\[::1\])$/.test(target.hostname)
        ? ferryFetch.MIXED
        : ferryFetch.CROSS_ORIGIN;
    },

    // The length of the body, where it can be known and trusted: a page does not see the coding of
    // what another origin sends, so its Content-Length may be that of the coded body.
    hintOf: function (record, response) {
      var headers = response.headers;
      var length = headers.get("content-length");
      var plain = /^(identity)?$/i.test(headers.get("content-encoding") || "");
      var seen = response.type == "basic" || typeof location != "object";
      if (!response.body || record.init.method == "HEAD" || /^(204|304)$/.test(response.status)) {
        return 0;
      }
      return seen && plain && /^[0-9]{1,15}$/.test(length) ? +length : -1;
    },

    // The head in the form that C reads, and then the body.
    respond: function (record, response) {
      var hint = ferryFetch.hintOf(record, response);
      var strings = [response.status, hint, response.url];
      var headers = response.headers;
      headers.forEach(function (value, name) {
        strings.push(name, value);
      });
      record.head = strings.join("\0") + "\0";
      record.left = hint;
      record.size = Math.min(Math.max(hint, ferryFetch.LEAST), ferryFetch.MOST);
      record.ended = !hint;
      if (hint) {
        ferryFetch.openBody(record, response.body);
        ferryFetch.pump(record);
      }
      // A small body is most often there already: C hears of the head and of the body at once.
      if (hint > 0 && hint <= ferryFetch.LEAST) {
        record.late = setTimeout(ferryFetch.tell, 0, record);
      } else {
        ferryFetch.tell(record);
      }
    },

    // A body that is there as a whole is left to its end: the connection stays usable. In Node what
    // listens on a signal stays for a while, so that there each fetch has one of its own.
    cancel: function (record) {
      var controller = record.controller;
      clearTimeout(record.late);
      record.gone = true;
      if (!controller) return;
      if (!record.ended) controller.abort();
      else if (!record.failure && typeof location == "object") {
        ferryFetch.controllers.push(controller);
      }
    },

    // A reader that fills a buffer of ours is the faster one where there are many bytes, the other
    // one where there are few.
    openBody: function (record, body) {
      if (record.left < 0 || record.left > ferryFetch.LEAST) {
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
      return (size == ferryFetch.MOST && ferryFetch.spare.pop()) || new ArrayBuffer(size);
    },

    recycle: function (buffer) {
      var spare = ferryFetch.spare;
      if (buffer.byteLength == ferryFetch.MOST && spare.length < ferryFetch.MOST_SPARE) {
        spare.push(buffer);
      }
    },

    next: function (record) {
      if (!record.byob) return record.reader.read();
      var buffer = record.landing || ferryFetch.buffer(record.size);
      record.landing = null;
      return record.reader.read(new Uint8Array(buffer));
    },

    // The queue holds {bytes, end}: what is read, and how much of it is filled. The window bounds
    // how much memory that takes, not how much of it is filled.
    push: function (record, bytes, end) {
      record.held += bytes.length;
      record.queue.push({ bytes: bytes, end: end });
    },

    keep: function (record, chunk) {
      record.left -= chunk.length;
      record.ended = !record.left; // all of it is here: nothing more is to be asked for
      if (!record.byob) {
        ferryFetch.push(record, chunk, chunk.length);
        return;
      }
      var buffer = chunk.buffer;
      var size = buffer.byteLength;
      if (chunk.length == size) record.size = Math.min(4 * size, ferryFetch.MOST);
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
      if (size == record.size) record.landing = buffer;
    },

    // Reads ahead until the window is full; C's reading starts it again.
    pump: async function (record) {
      if (record.pumping || record.ended) return;
      record.pumping = true;
      try {
        while (record.held < record.window && !record.gone && !record.ended) {
          var result = await ferryFetch.next(record);
          if (result.done) record.ended = true;
          else ferryFetch.keep(record, result.value);
          if (!record.gone) ferryFetch.tell(record);
        }
      } catch (error) {
        ferryFetch.fail(record, ferryFetch.kindInNode(error, ferryFetch.BODY), error);
      }
      record.pumping = false;
    },
  },

  ferry_js_new__deps: ["$ferryFetch"],
  ferry_js_new__proxy: "sync",
  ferry_js_new__sig: "ipppp",
  ferry_js_new: function (signal, text, length, window) {
    var strings = ferryFetch.strings(ferryFetch.at(text), length);
    var record = {
      signal: ferryFetch.at(signal),
      window: ferryFetch.at(window),
      init: { method: strings[0], headers: [] },
      url: strings[1],
      parts: [],
      queue: [],
      offset: 0,
      held: 0,
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
    var init = record.init;
    var parts = record.parts;
    // An empty PATCH would go without a Content-Length.
    if (parts.length || init.method == "PATCH") {
      init.body = parts.length > 1 ? new Blob(parts) : parts[0] || "";
    }
    if (typeof fetch != "function") {
      ferryFetch.fail(record, ferryFetch.NO_FETCH, "this platform is too old");
      return;
    }
    record.controller = ferryFetch.controllers.pop() || new AbortController();
    init.signal = record.controller.signal;
    fetch(record.url, init).then(
      function (response) {
        if (!record.gone) ferryFetch.respond(record, response);
      },
      function (error) {
        if (!record.gone) ferryFetch.fail(record, ferryFetch.kindOf(record, error), error);
      },
    );
  },

  ferry_js_head__deps: ["$ferryFetch"],
  ferry_js_head__proxy: "sync",
  ferry_js_head__sig: "dipp",
  ferry_js_head: function (id, dst, capacity) {
    var record = ferryFetch.records[id];
    var head = record.head;
    if (!head) return record.failure ? -2 : -1;
    if (head.length < ferryFetch.at(capacity)) ferryFetch.store(head, ferryFetch.at(dst));
    return head.length;
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
    ferryFetch.pump(record);
    return record.ended && !queue.length ? -total - 1 : total;
  },

  ferry_js_failure__deps: ["$ferryFetch"],
  ferry_js_failure__proxy: "sync",
  ferry_js_failure__sig: "iipp",
  ferry_js_failure: function (id, dst, capacity) {
    var record = ferryFetch.records[id];
    if (record.failure) {
      ferryFetch.store(record.words.slice(0, ferryFetch.at(capacity) - 1), ferryFetch.at(dst));
    }
    return record.failure;
  },

  ferry_js_drop__deps: ["$ferryFetch"],
  ferry_js_drop__proxy: "sync",
  ferry_js_drop__sig: "vi",
  ferry_js_drop: function (id) {
    ferryFetch.cancel(ferryFetch.records[id]);
    delete ferryFetch.records[id];
    if (!--ferryFetch.count) ferryFetch.spare = [];
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
      var timer;
      var address = ferryFetch.at(signal);
      var wake = function () {
        delete ferryFetch.sleepers[address];
        clearTimeout(timer);
        // Not from within a function of ours: the program calls them as soon as it goes on.
        Promise.resolve().then(function () {
          callUserCallback(wakeUp);
        });
      };
      ferryFetch.sleepers[address] = wake;
      if (timeout >= 0) timer = setTimeout(wake, timeout);
    });
  },
});
