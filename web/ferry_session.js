// SPDX-License-Identifier: MIT
// ferry_session: what sessions need of JavaScript beside ferry_fetch.js: to learn that any of many
// fetches has got on, to read on while the page is hidden, where the page is, and what a file holds.
// web/session_js.h documents each function.
mergeInto(LibraryManager.library, {
  $ferrySession__deps: ["$ferryFetch"],
  $ferrySession: {
    watchers: [], // indices of what is counted up
    isThere: false, // ferryFetch.tell tells the watchers, too
    turns: 0, // how often the page was hidden or shown: it is hidden where they are odd
    hiddenMs: 0, // until it was shown the last time
    turnedMs: 0, // when it was hidden the last time

    // Lets whoever watches, or sleeps on this one, know that there is something new.
    tell: function (index) {
      Atomics.add(HEAP32, index, 1);
      Atomics.notify(HEAP32, index);
      var wake = ferryFetch.sleepers[4 * index];
      if (wake) wake();
    },

    begin: function () {
      var tell = ferryFetch.tell;
      ferrySession.isThere = true;
      ferryFetch.tell = function (record) {
        tell(record);
        ferrySession.watchers.forEach(ferrySession.tell);
        if (ferrySession.turns % 2) ferrySession.readAhead();
      };
      if (typeof document == "object" && document.addEventListener) {
        document.addEventListener("visibilitychange", ferrySession.turn);
        if (document.hidden) ferrySession.turn();
      }
    },

    // The page was hidden, or shown again.
    turn: function () {
      var isHidden = ferrySession.turns % 2 == 1;
      if (document.hidden == isHidden) return;
      var now = performance.now();
      if (isHidden) ferrySession.hiddenMs += now - ferrySession.turnedMs;
      ferrySession.turnedMs = now;
      ferrySession.turns++;
      ferrySession.watchers.forEach(function (index) {
        Atomics.store(HEAP32, index + 2, ferrySession.turns);
      });
      ferrySession.readAhead();
    },

    hidden: function () {
      var since = ferrySession.turns % 2 ? performance.now() - ferrySession.turnedMs : 0;
      return ferrySession.hiddenMs + since;
    },

    // Sets the windows of the fetches that may be read ahead, and reads where one has become larger.
    readAhead: function () {
      var held = {}; // by each session
      var records = Object.values(ferryFetch.records).filter(function (record) {
        return record.session !== undefined;
      });
      records.forEach(function (record) {
        held[record.session] = (held[record.session] || 0) + record.held;
      });
      records.forEach(function (record) {
        // One byte more than it may have shows that it is too long.
        var isRead =
          ferrySession.turns % 2 == 1 &&
          record.come <= record.most &&
          held[record.session] < record.mostOfAll;
        record.window = isRead ? Infinity : record.usualWindow;
        if (isRead && record.reader) ferryFetch.pump(record);
      });
    },
  },

  ferry_js_watch__deps: ["$ferrySession", "$ferryFetch"],
  ferry_js_watch__proxy: "sync",
  ferry_js_watch__sig: "dp",
  ferry_js_watch: function (signal) {
    var index = ferryFetch.at(signal) / 4;
    if (!ferrySession.isThere) ferrySession.begin();
    Atomics.store(HEAP32, index + 2, ferrySession.turns);
    ferrySession.watchers.push(index);
    return ferrySession.hidden();
  },

  ferry_js_unwatch__deps: ["$ferrySession", "$ferryFetch"],
  ferry_js_unwatch__proxy: "sync",
  ferry_js_unwatch__sig: "vp",
  ferry_js_unwatch: function (signal) {
    var watchers = ferrySession.watchers;
    watchers.splice(watchers.indexOf(ferryFetch.at(signal) / 4), 1);
  },

  ferry_js_hidden_ms__deps: ["$ferrySession"],
  ferry_js_hidden_ms__proxy: "sync",
  ferry_js_hidden_ms__sig: "d",
  ferry_js_hidden_ms: function () {
    return ferrySession.hidden();
  },

  ferry_js_read_ahead__deps: ["$ferrySession", "$ferryFetch"],
  ferry_js_read_ahead__proxy: "sync",
  ferry_js_read_ahead__sig: "vppdd",
  ferry_js_read_ahead: function (fetch, session, most, mostOfAll) {
    var signal = ferryFetch.at(fetch);
    Object.values(ferryFetch.records).forEach(function (record) {
      if (record.signal != signal) return;
      record.session = ferryFetch.at(session);
      record.most = most;
      record.mostOfAll = mostOfAll;
      record.usualWindow = record.usualWindow || record.window;
    });
    if (ferrySession.turns % 2) ferrySession.readAhead();
  },

  ferry_js_wake__deps: ["$ferrySession", "$ferryFetch"],
  ferry_js_wake__proxy: "sync",
  ferry_js_wake__sig: "vp",
  ferry_js_wake: function (signal) {
    ferrySession.tell(ferryFetch.at(signal) / 4);
  },

  ferry_js_page_url__deps: ["$ferryFetch"],
  ferry_js_page_url__proxy: "sync",
  ferry_js_page_url__sig: "dpp",
  ferry_js_page_url: function (dst, capacity) {
    var url = "";
    if (typeof document == "object" && document.baseURI) url = document.baseURI;
    else if (typeof location == "object" && location.href) url = location.href;
    return ferryFetch.give(ferryFetch.text([url]), dst, capacity);
  },

  // FS is the program's, where it has files: nothing here brings it along.
  $ferryFiles: {
    streams: {},
    last: 0,
  },

  ferry_js_file_open__deps: ["$ferryFiles", "$ferryFetch"],
  ferry_js_file_open__proxy: "sync",
  ferry_js_file_open__sig: "ipp",
  ferry_js_file_open: function (path, length) {
    if (typeof FS == "undefined") return -4;
    path = ferryFetch.at(path);
    try {
      var name = new TextDecoder().decode(HEAPU8.slice(path, path + ferryFetch.at(length)));
      var mode = FS.stat(name).mode;
      if (FS.isDir(mode)) return -2;
      if (!FS.isFile(mode)) return -3;
      ferryFiles.streams[++ferryFiles.last] = FS.open(name, "r");
      return ferryFiles.last;
    } catch (error) {
      return error.errno == 44 || error.code == "ENOENT" ? -1 : 0;
    }
  },

  ferry_js_file_size__deps: ["$ferryFiles"],
  ferry_js_file_size__proxy: "sync",
  ferry_js_file_size__sig: "di",
  ferry_js_file_size: function (id) {
    return FS.llseek(ferryFiles.streams[id], 0, 2);
  },

  ferry_js_file_read__deps: ["$ferryFiles", "$ferryFetch"],
  ferry_js_file_read__proxy: "sync",
  ferry_js_file_read__sig: "iipid",
  ferry_js_file_read: function (id, dst, capacity, from) {
    try {
      return FS.read(ferryFiles.streams[id], HEAPU8, ferryFetch.at(dst), capacity, from);
    } catch (error) {
      return -1;
    }
  },

  ferry_js_file_close__deps: ["$ferryFiles"],
  ferry_js_file_close__proxy: "sync",
  ferry_js_file_close__sig: "vi",
  ferry_js_file_close: function (id) {
    FS.close(ferryFiles.streams[id]);
    delete ferryFiles.streams[id];
  },
});
