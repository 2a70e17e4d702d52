/** Face chips are cut so tightly that a detector needs more picture around them: their own, mirrored. */
import type { Image } from '../../src/vision/image.js';

/** The image with `margin` pixels added on each side, mirrored at the border; `margin` is below width and height. */
export function mirrorPad({ width, height, data }: Image, margin: number): Image {
  const padded = { width: width + 2 * margin, height: height + 2 * margin };
  const out = new Uint8Array(padded.width * padded.height * 3);
  for (let y = 0, at = 0; y < padded.height; y++) {
    const row = reflect(y - margin, height) * width;
    for (let x = 0; x < padded.width; x++, at += 3) {
      const from = (row + reflect(x - margin, width)) * 3;
      out.set(data.subarray(from, from + 3), at);
    }
  }
  return { ...padded, data: out };
}

/** The edge pixel itself is repeated: −1 ↦ 0, length ↦ length − 1. */
function reflect(index: number, length: number): number {
  if (index < 0) return -1 - index;
  return index < length ? index : 2 * length - 1 - index;
}
