/** The memory of pictures is reused, but never while it may still be in use, and only a limited amount is kept. */
import { PixelBuffers } from '../../src/images/pixel-buffers.js';

const MIB = 1024 * 1024;
let buffers: PixelBuffers;
beforeEach(() => (buffers = new PixelBuffers()));

const pixels = (bytes: number, value = 1): Uint8Array => new Uint8Array(bytes).fill(value);

test('a copy is in shared memory, and as long as the pixels', async () => {
  const copy = await buffers.copy(pixels(10, 7));
  expect(copy.buffer).toBeInstanceOf(SharedArrayBuffer);
  expect([...copy]).toEqual(Array(10).fill(7));
});

test('memory that was given back is reused for the next picture that fits, and shows nothing of the previous one', async () => {
  const large = await buffers.copy(pixels(100, 1));
  const small = await buffers.copy(pixels(20, 2));
  expect(small.buffer).not.toBe(large.buffer);
  buffers.giveBack(large);
  buffers.giveBack(small);
  const next = await buffers.copy(pixels(18, 3));
  expect(next.buffer).toBe(small.buffer);
  expect([...next]).toEqual(Array(18).fill(3));
  expect((await buffers.copy(pixels(18))).buffer).toBe(large.buffer);
});

test('memory in use holds no other picture', async () => {
  const first = await buffers.copy(pixels(100, 1));
  const second = await buffers.copy(pixels(100, 2));
  expect(first.buffer).not.toBe(second.buffer);
  expect(first[99]).toBe(1);
});

test('pictures that grow do not leave a buffer of each size behind', async () => {
  const used = new Set<unknown>();
  for (let bytes = 1; bytes <= 50; bytes++) {
    const copy = await buffers.copy(pixels(bytes));
    used.add(copy.buffer);
    buffers.giveBack(copy);
  }
  for (let bytes = 1; bytes <= 50; bytes++) used.delete((await buffers.copy(pixels(bytes))).buffer);
  expect(used.size).toBe(49);
});

test('at most 64 MiB are kept', async () => {
  const held = await Promise.all(Array.from({ length: 5 }, () => buffers.copy(pixels(20 * MIB))));
  for (const copy of held) buffers.giveBack(copy);
  const again = await Promise.all(Array.from({ length: 5 }, () => buffers.copy(pixels(20 * MIB))));
  const before = new Set(held.map(({ buffer }) => buffer));
  expect(again.filter(({ buffer }) => before.has(buffer))).toHaveLength(3);
});

test('unshared memory is not kept', async () => {
  const own = pixels(10);
  buffers.giveBack(own);
  expect((await buffers.copy(pixels(10))).buffer).not.toBe(own.buffer);
});
