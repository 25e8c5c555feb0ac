// SPDX-License-Identifier: MIT
// game_loop_canvas: draws what the game describes on the page's canvas; a library for Emscripten.
mergeInto(LibraryManager.library, {
  $gameCanvas: {
    FONT_PIXELS: 13,
    LINE: 1.35, // heights of the font
    MIN_COLUMNS: 44, // what the game's longest lines need
    canvas: null,
    context: null,
    ratio: 0,
    font: 0,
    column: 0,
    colours: {}, // as styles; a frame should leave no garbage

    colour: function (number) {
      var colours = gameCanvas.colours;
      if (!colours[number]) colours[number] = "#" + (number + 0x1000000).toString(16).slice(1);
      return colours[number];
    },

    // The canvas has as many pixels as the screen has where it is.
    fit: function () {
      var self = gameCanvas;
      if (!self.canvas) {
        self.canvas = document.querySelector("canvas");
        self.context = self.canvas.getContext("2d", { alpha: false });
      }
      var ratio = window.devicePixelRatio || 1;
      var width = Math.round(self.canvas.clientWidth * ratio);
      var height = Math.round(self.canvas.clientHeight * ratio);
      if (self.canvas.width == width && self.canvas.height == height && self.ratio == ratio) return;
      self.canvas.width = width;
      self.canvas.height = height;
      self.ratio = ratio;
      self.font = self.FONT_PIXELS;
      self.setFont();
      var room = width / ratio / self.MIN_COLUMNS;
      if (self.column > room) {
        self.font *= room / self.column;
        self.setFont();
      }
    },

    setFont: function () {
      var context = gameCanvas.context;
      context.setTransform(gameCanvas.ratio, 0, 0, gameCanvas.ratio, 0, 0);
      context.font = gameCanvas.font + "px ui-monospace, Menlo, Consolas, monospace";
      context.textBaseline = "top";
      gameCanvas.column = context.measureText("0").width;
    },

    // Each returns where the next command begins.
    rectangle: function (at) {
      gameCanvas.context.fillRect(HEAPF64[at], HEAPF64[at + 1], HEAPF64[at + 2], HEAPF64[at + 3]);
      return at + 4;
    },

    polygon: function (at) {
      var context = gameCanvas.context;
      var end = at + 1 + 2 * HEAPF64[at];
      context.beginPath();
      for (at++; at < end; at += 2) context.lineTo(HEAPF64[at], HEAPF64[at + 1]);
      context.fill();
      return end;
    },

    text: function (at, from) {
      var begin = from + HEAPF64[at + 2];
      var text = String.fromCharCode.apply(null, HEAPU8.subarray(begin, begin + HEAPF64[at + 3]));
      var above = (gameCanvas.font * (gameCanvas.LINE - 1)) / 2;
      gameCanvas.context.fillText(text, HEAPF64[at], HEAPF64[at + 1] + above);
      return at + 4;
    },
  },

  game_canvas_measure__deps: ["$gameCanvas"],
  game_canvas_measure__sig: "vpppp",
  game_canvas_measure: function (width, height, column, line) {
    gameCanvas.fit();
    HEAPF64[width / 8] = gameCanvas.canvas.clientWidth;
    HEAPF64[height / 8] = gameCanvas.canvas.clientHeight;
    HEAPF64[column / 8] = gameCanvas.column;
    HEAPF64[line / 8] = gameCanvas.font * gameCanvas.LINE;
  },

  // As game_loop.h describes the commands.
  game_canvas_draw__deps: ["$gameCanvas"],
  game_canvas_draw__sig: "vppp",
  game_canvas_draw: function (commands, count, text) {
    var at = commands / 8;
    var end = at + count;
    while (at < end) {
      var kind = HEAPF64[at];
      gameCanvas.context.fillStyle = gameCanvas.colour(HEAPF64[at + 1]);
      at += 2;
      if (kind == 1) at = gameCanvas.rectangle(at);
      else if (kind == 2) at = gameCanvas.polygon(at);
      else at = gameCanvas.text(at, text);
    }
  },
});
