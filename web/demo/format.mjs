// SPDX-License-Identifier: MIT
// format: numbers, times and bytes as a person reads them.

export const UNITS = [
  { name: "bytes", size: 1 },
  { name: "kB", size: 1e3 },
  { name: "MB", size: 1e6 },
  { name: "GB", size: 1e9 },
];

/** The largest unit of which `bytes` is at least one. */
export const unitFor = (bytes) => UNITS.findLast((unit) => bytes >= unit.size) ?? UNITS[0];

export function formatBytes(bytes) {
  const unit = unitFor(bytes);
  if (unit.size === 1) return bytes === 1 ? "1 byte" : `${bytes} bytes`;
  const value = bytes / unit.size;
  return `${value.toFixed(value < 10 ? 2 : 1)} ${unit.name}`;
}

export const formatRate = (bytesPerSecond) => `${formatBytes(Math.round(bytesPerSecond))}/s`;

export function formatTime(ms) {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  return `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 1)} s`;
}

/** Text where the bytes are UTF-8 without controls but white space; null: they are not text. */
export function decodeText(bytes) {
  try {
    // Streamed: a character that is cut at the end is no reason to show bytes.
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: true });
    // eslint-disable-next-line no-control-regex
    return /[\0-\x08\x0e-\x1a\x1c-\x1f]/.test(text) ? null : text;
  } catch {
    return null;
  }
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/** Offset, bytes, and the bytes that are ASCII as characters. */
export function hexDump(bytes, perLine) {
  const lines = [];
  for (let at = 0; at < bytes.length; at += perLine) {
    const row = bytes.subarray(at, at + perLine);
    const codes = Array.from(row, (byte) => HEX[byte]).join(" ");
    const shown = Array.from(row, (byte) =>
      byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : ".",
    ).join("");
    const offset = at.toString(16).padStart(5, "0");
    lines.push(`${offset}  ${codes.padEnd(3 * perLine - 1)}  ${shown}`);
  }
  return lines.join("\n");
}
