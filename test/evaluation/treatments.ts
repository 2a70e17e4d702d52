/** What can be done to a photo to see whether an answer follows, or stands it. Results are lossless PNGs. */
import { readFile } from 'node:fs/promises';
import sharp, { type Sharp } from 'sharp';

/** One way to change a photo. */
export type Treatment = (photo: Sharp) => Sharp;

/** The photo, upright and changed, as PNG. */
export async function treated(path: string, treatment: Treatment = (photo) => photo): Promise<Uint8Array> {
  // A sharp pipeline has its own order of operations: only an encoded picture is sure to be treated last.
  const upright = await sharp(await readFile(path))
    .autoOrient()
    .png({ compressionLevel: 1 })
    .toBuffer();
  return treatment(sharp(upright)).png({ compressionLevel: 1 }).toBuffer();
}

/** Left and right exchanged. */
export const mirror: Treatment = (photo) => photo.flop();

/** Turned clockwise, the corners black. */
export const turn =
  (degrees: number): Treatment =>
  (photo) =>
    photo.rotate(degrees, { background: '#000' });
