// SPDX-License-Identifier: MIT
// changes: the small faults that can be put into a C file, one at a time: each is a piece of a line
// and what stands there instead. They are found in text as clang-format leaves it.

/** The file with comments, strings, character constants and directives blanked out, of the same length. */
export function blankOut(source) {
  const blank = (text) => text.replace(/[^\n]/g, " ");
  return source
    .replace(/\/\*[^]*?\*\/|\/\/.*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'/g, blank)
    .replace(/^[ \t]*#(?:.*\\\n)*.*/gm, blank);
}

/** The index behind the parenthesis that closes the one at `open`; -1: there is none. */
function closing(code, open) {
  let depth = 0;
  for (let i = open; i < code.length; i++) {
    if (code[i] === "(") depth++;
    if (code[i] === ")" && --depth === 0) return i + 1;
  }
  return -1;
}

/** The operands of && or || at the top level of an expression: [begin, end) each. */
function operands(code, begin, end) {
  const cuts = [];
  let depth = 0;
  for (let i = begin; i < end; i++) {
    if (code[i] === "(" || code[i] === "[" || code[i] === "{") depth++;
    if (code[i] === ")" || code[i] === "]" || code[i] === "}") depth--;
    const two = code.slice(i, i + 2);
    if (depth === 0 && (two === "&&" || two === "||")) cuts.push({ at: i, two });
  }
  if (cuts.length === 0 || new Set(cuts.map(({ two }) => two)).size > 1) return [];
  return cuts.flatMap(({ at }, i) => {
    const next = cuts[i + 1]?.at ?? end;
    const first = i === 0 ? [{ begin, end: at + 2 }] : [];
    return [...first, { begin: at, end: next }];
  });
}

const FLIPPED = { "<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "==" };

// a < b ? a : b, which gives the same with <=.
const LEAST_OR_MOST =
  /(?<=\(|, |= |return |&& )([^\s;][^;\n]*) [<>]=? ([^;]+) \? \1 : \2(?=[;,)])/g;

// i < sizeof table / sizeof *table: nobody can say what <= finds behind it.
const END_OF_TABLE = /(?<= )<(?= sizeof (\w+) \/ sizeof \*\1\b)/g;

/** Each operator gives {begin, end, instead} for the places that it finds. */
const operators = {
  *condition(code) {
    for (const match of code.matchAll(/\bif (?=\()/g)) {
      const open = match.index + match[0].length;
      const end = closing(code, open);
      if (end < 0) continue;
      for (const instead of ["(true)", "(false)"]) yield { begin: open, end, instead };
    }
  },
  *half(code) {
    for (const match of code.matchAll(/\b(?:if|while) (?=\()|\breturn (?=[^;]*(?:&&|\|\|))/g)) {
      const open = match.index + match[0].length;
      const isReturn = match[0].startsWith("return");
      const end = isReturn ? code.indexOf(";", open) : closing(code, open) - 1;
      if (end < 0) continue;
      for (const part of operands(code, isReturn ? open : open + 1, end)) {
        yield { ...part, instead: "" };
      }
    }
  },
  *comparison(code) {
    const spared = new Set([
      ...[...code.matchAll(LEAST_OR_MOST)].map(({ index, 1: first }) => index + first.length + 1),
      ...[...code.matchAll(END_OF_TABLE)].map(({ index }) => index),
    ]);
    for (const match of code.matchAll(/ (<=?|>=?|==|!=) /g)) {
      const begin = match.index + 1;
      if (spared.has(begin)) continue;
      yield { begin, end: begin + match[1].length, instead: FLIPPED[match[1]] };
    }
  },
  *negation(code) {
    for (const match of code.matchAll(/!(?=[A-Za-z_(*])/g)) {
      yield { begin: match.index, end: match.index + 1, instead: "" };
    }
  },
  *answer(code) {
    for (const match of code.matchAll(/\breturn (true|false);/g)) {
      const begin = match.index + "return ".length;
      const instead = match[1] === "true" ? "false" : "true";
      yield { begin, end: begin + match[1].length, instead };
    }
  },
  *call(code) {
    for (const match of code.matchAll(/^[ ]+(?!return\b|else\b)[\w>.\-[\]()*]+\(/gm)) {
      const begin = match.index + match[0].search(/\S/);
      const end = closing(code, match.index + match[0].length - 1);
      if (
        end < 0 ||
        code[end] !== ";" ||
        /^(assert|if|while|for|switch|va_\w+)\b/.test(code.slice(begin))
      )
        continue;
      yield { begin, end: end + 1, instead: ";" };
    }
  },
  *assignment(code) {
    for (const match of code.matchAll(/^[ ]+([\w>.\-[\]]+|\*[\w>.-]+) [-+|&]?= [^;{}]*;/gm)) {
      const begin = match.index + match[0].search(/\S/);
      yield { begin, end: match.index + match[0].length, instead: ";" };
    }
  },
  *constant(code) {
    for (const match of code.matchAll(/(?<![\w.])\d+(?![\w.])/g)) {
      const value = Number(match[0]);
      const end = match.index + match[0].length;
      if (value > 0) yield { begin: match.index, end, instead: String(value + 1) };
      if (value > 1) yield { begin: match.index, end, instead: String(value - 1) };
    }
  },
};

/** All changes of a file: {file, line, operator, was, now, begin, end, instead}. */
export function findChanges(file, source) {
  const code = blankOut(source);
  const starts = [0];
  for (let i = 0; i < source.length; i++) if (source[i] === "\n") starts.push(i + 1);
  const lineAt = (index) => {
    let low = 0;
    let high = starts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (starts[middle] <= index) low = middle;
      else high = middle;
    }
    return low;
  };
  const isAssert = (begin) =>
    /^\s*(assert|_Static_assert)\(/.test(code.slice(starts[lineAt(begin)]));
  const inFunction = (begin) => code[starts[lineAt(begin)]] === " ";
  return Object.entries(operators).flatMap(([operator, find]) =>
    [...find(code)]
      .filter(({ begin }) => !isAssert(begin) && (inFunction(begin) || operator === "constant"))
      .map(({ begin, end, instead }) => {
        const from = starts[lineAt(begin)];
        const rest = source.indexOf("\n", end);
        const to = rest < 0 ? source.length : rest;
        return {
          file,
          line: lineAt(begin) + 1,
          operator,
          was: source.slice(from, to).trim(),
          now: (source.slice(from, begin) + instead + source.slice(end, to)).trim(),
          begin,
          end,
          instead,
        };
      }),
  );
}

export const apply = (source, { begin, end, instead }) =>
  source.slice(0, begin) + instead + source.slice(end);

/** What stays the same while other lines move. */
export const keyOf = ({ file, operator, was, now }) => JSON.stringify([file, operator, was, now]);
