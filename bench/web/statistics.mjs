// SPDX-License-Identifier: MIT
// statistics: medians, and ratios that are formed within a slice of time.

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

const quantile = (values, part) =>
  [...values].sort((a, b) => a - b)[Math.round((values.length - 1) * part)];

/** How much faster `above` is than `below`: {median, low, high}, the latter quartiles. */
export function measureRatio(slices, above, below) {
  // Seconds are inverse to rates: the faster one has the fewer.
  const ratios = slices.map((slice) => slice[below].seconds / slice[above].seconds);
  return { median: median(ratios), low: quantile(ratios, 0.25), high: quantile(ratios, 0.75) };
}

/** The one of `names` that is the fastest. */
export function bestOf(slices, names) {
  const time = (name) => median(slices.map((slice) => slice[name].seconds));
  return names.reduce((best, name) => (time(name) < time(best) ? name : best));
}
