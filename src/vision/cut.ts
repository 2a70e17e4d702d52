/** Cuts a part out of a picture. */
import type { Box } from './box.js';
import type { Image } from './image.js';

/** A copy of the part of a picture inside a box of whole pixels, which lies inside the picture. */
export function cut({ width, data }: Image, { x1, y1, x2, y2 }: Box): Image {
  const part = { width: x2 - x1, height: y2 - y1 };
  const line = 3 * part.width;
  const pixels = new Uint8Array(line * part.height);
  for (let y = 0; y < part.height; y++) {
    const from = 3 * ((y1 + y) * width + x1);
    pixels.set(data.subarray(from, from + line), y * line);
  }
  return { ...part, data: pixels };
}
