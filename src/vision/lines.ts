/** Parts of an image's lines, brought into the kernels' memory. */
import type { Image } from './image.js';
import { kernelMemory } from './kernels/kernels.js';

/**
 * V8 copies out of shared memory, where pictures lie, eight bytes at a time, but only between places that lie alike in a
 * word of eight; else byte by byte. So each line keeps its place in a word.
 */
const WORD_BYTES = 8;

/** Bytes from one line to the next in the kernels' memory, for parts that are `width` pixels wide. */
export function strideOf(image: Image, width: number): number {
  const whole = image.width * 3;
  // What lies between wide parts is brought over with them: one copy is cheaper than one for each line.
  if (2 * width >= image.width) return whole;
  const part = width * 3;
  return part + ((whole - part) % WORD_BYTES);
}

/** Room that so many lines take there: whole words, and one more as the first may begin inside of one. */
export function bytesOf(lines: number, stride: number): number {
  return (Math.ceil((lines * stride) / WORD_BYTES) + 1) * WORD_BYTES;
}

/**
 * Brings lines over, from column `left` on, `width` pixels of each. The last line of the image stands for those below it.
 * @param stride what `strideOf` says of them
 * @param room where they may lie: `bytesOf` them, from a word's begin on
 * @returns where the first begins
 */
export function bringLines(
  { width: imageWidth, height: imageHeight, data }: Image,
  left: number,
  top: number,
  width: number,
  height: number,
  stride: number,
  room: number,
): number {
  const { bytes } = kernelMemory();
  const whole = imageWidth * 3;
  const part = width * 3;
  const start = top * whole + left * 3;
  const first = room + ((data.byteOffset + start) % WORD_BYTES);
  const there = Math.min(height, imageHeight - top);
  if (stride === whole) bytes.set(data.subarray(start, start + (there - 1) * whole + part), first);
  else {
    for (let line = 0, from = start, to = first; line < there; line++, from += whole, to += stride)
      bytes.set(data.subarray(from, from + part), to);
  }
  const last = first + (there - 1) * stride;
  for (let line = there; line < height; line++) bytes.copyWithin(first + line * stride, last, last + part);
  return first;
}
