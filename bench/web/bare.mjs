// SPDX-License-Identifier: MIT
// bare: fetch() in plain JavaScript, read by a default reader or by one that fills the caller's
// buffer (BYOB). Each chunk is copied into a WebAssembly memory, as it must be for a program there.

const SMALL_BODY = 1024;
const AT_A_TIME = 50;
// As large as a chunk gets, and for BYOB the size at which it is fastest.
const BUFFER_BYTES = { small: 16 * 1024, big: 1024 * 1024 };

const heap = new Uint8Array(new WebAssembly.Memory({ initial: 256 }).buffer);

async function readByDefault(body) {
  const reader = body.getReader();
  let bytes = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return bytes;
    heap.set(value);
    bytes += value.length;
  }
}

// Buffers that no read is using: a read takes one away and gives it back.
const spare = { small: [], big: [] };

async function readByBuffer(body, size) {
  const reader = body.getReader({ mode: "byob" });
  let buffer = spare[size].pop() ?? new ArrayBuffer(BUFFER_BYTES[size]);
  let bytes = 0;
  for (;;) {
    const { done, value } = await reader.read(new Uint8Array(buffer));
    heap.set(value);
    bytes += value.length;
    buffer = value.buffer;
    if (done) break;
  }
  spare[size].push(buffer);
  return bytes;
}

async function get(read, size, index) {
  const response = await fetch(`/${size === "small" ? "1k" : "big"}?${index}`);
  const bytes = await read(response.body, size);
  if (response.status !== 200 || (size === "small" && bytes !== SMALL_BODY)) {
    throw new Error("a response is not the one expected");
  }
  return bytes;
}

/** One contestant: runs of its modes, each of which gives the number of bytes. */
function makeBare(read) {
  const sequence = async (size, requests) => {
    let bytes = 0;
    for (let i = 0; i < requests; i++) bytes += await get(read, size, i);
    return bytes;
  };
  const many = async (requests) => {
    let started = 0;
    let bytes = 0;
    const one = async () => {
      while (started < requests) bytes += await get(read, "small", started++);
    };
    await Promise.all(Array.from({ length: AT_A_TIME }, one));
    return bytes;
  };
  const burst = (requests) =>
    new Promise((resolve, reject) => {
      requestAnimationFrame(() => {
        const began = performance.now();
        const all = Array.from({ length: requests }, (_, i) => get(read, "small", i));
        Promise.all(all).then((bytes) => {
          const seconds = (performance.now() - began) / 1000;
          resolve({ bytes: bytes.reduce((sum, one) => sum + one, 0), seconds });
        }, reject);
      });
    });
  const runs = {
    sequence: (requests) => sequence("small", requests),
    many,
    burst,
    big: (requests) => sequence("big", requests),
  };
  return async (mode, requests) => {
    const result = await runs[mode](requests);
    return {
      ...(typeof result === "object" ? result : { bytes: result }),
      heap_bytes: heap.length,
    };
  };
}

export const bareDefault = makeBare(readByDefault);
export const bareByob = makeBare(readByBuffer);
