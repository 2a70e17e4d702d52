/** Copies parts of an image's lines into the kernels' memory. */
import type { Image } from './image.js';
import { kernelMemory } from './kernels/kernels.js';

/**
 * Pictures lie in shared memory. V8 copies from there eight bytes at a time where source and target have the same
 * offset within a word of eight bytes, and byte by byte elsewhere. So each line keeps its offset within a word.
 */
const WORD_BYTES = 8;

/** Bytes from one line to the next in the kernels' memory, for parts of lines `width` pixels wide. */
export function strideOf(image: Image, width: number): number {
  const whole = image.width * 3;
  // Wide parts are copied with what lies between them: one copy is cheaper than one for each line.
  if (2 * width >= image.width) return whole;
  const part = width * 3;
  return part + ((whole - part) % WORD_BYTES);
}

/** The bytes that `lines` lines need there: whole words, and one more, as the first line may begin inside a word. */
export function bytesOf(lines: number, stride: number): number {
  return (Math.ceil((lines * stride) / WORD_BYTES) + 1) * WORD_BYTES;
}

/**
 * Copies `width` pixels of each of `height` lines, from column `left` on. The last line of the image is repeated below
 * it.
 * @param stride of these lines, from `strideOf`
 * @param room address of memory for them, as large as `bytesOf` says, at the begin of a word
 * @returns address of the first line
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
