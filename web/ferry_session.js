// SPDX-License-Identifier: MIT
// ferry_session: what sessions need of JavaScript beside ferry_fetch.js: to learn that any of many
// fetches has got on, and where the page is. web/session_js.h documents each function.
mergeInto(LibraryManager.library, {
  $ferrySession__deps: ["$ferryFetch"],
  $ferrySession: {
    watchers: [], // indices of what is counted up
    isThere: false, // ferryFetch.tell tells the watchers, too

    // Lets whoever watches, or sleeps on this one, know that there is something new.
    tell: function (index) {
      Atomics.add(HEAP32, index, 1);
      Atomics.notify(HEAP32, index);
      var wake = ferryFetch.sleepers[4 * index];
      if (wake) wake();
    },
  },

  ferry_js_watch__deps: ["$ferrySession", "$ferryFetch"],
  ferry_js_watch__proxy: "sync",
  ferry_js_watch__sig: "vp",
  ferry_js_watch: function (signal) {
    var tell = ferryFetch.tell;
    if (!ferrySession.isThere) {
      ferrySession.isThere = true;
      ferryFetch.tell = function (record) {
        tell(record);
        ferrySession.watchers.forEach(ferrySession.tell);
      };
    }
    ferrySession.watchers.push(ferryFetch.at(signal) / 4);
  },

  ferry_js_unwatch__deps: ["$ferrySession", "$ferryFetch"],
  ferry_js_unwatch__proxy: "sync",
  ferry_js_unwatch__sig: "vp",
  ferry_js_unwatch: function (signal) {
    var watchers = ferrySession.watchers;
    watchers.splice(watchers.indexOf(ferryFetch.at(signal) / 4), 1);
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
});
