/** Changes of a photo, to see whether an answer follows them or is stable. Results are lossless PNGs. */
import { readFile } from 'node:fs/promises';
import sharp, { type Sharp } from 'sharp';
import { type Box, scaleAboutCentre } from '../src/vision/box.js';

/** One way to change a photo; `face` is the box of its central face, in pixels, inside the photo. */
export type Treatment = (photo: Sharp, face: Box) => Sharp | Promise<Sharp>;

/** The changed photo, upright, as PNG. */
export async function treated(
  path: string,
  treatment: Treatment = (photo) => photo,
  face: Box = { x1: 0, y1: 0, x2: 0, y2: 0 },
): Promise<Uint8Array> {
  // sharp has its own order of operations: encoding the picture first ensures that the treatment comes last.
  const upright = await sharp(await readFile(path))
    .autoOrient()
    .png({ compressionLevel: 1 })
    .toBuffer();
  return (await treatment(sharp(upright), face)).png({ compressionLevel: 1 }).toBuffer();
}

/** Left and right exchanged. */
export const mirror: Treatment = (photo) => photo.flop();

/** Turned clockwise, the corners black. */
export const turn =
  (degrees: number): Treatment =>
  (photo) =>
    photo.rotate(degrees, { background: '#000' });

/** Gaussian blur, sigma in pixels. */
export const blur =
  (sigma: number): Treatment =>
  (photo) =>
    photo.blur(sigma);

/** Both sides `times` times shorter. */
export const shrink =
  (times: number): Treatment =>
  async (photo) => {
    const { width } = await photo.metadata();
    return photo.resize(Math.round(width / times));
  };

/** Every value times a factor, clipped at white; above 1 the blacks are lifted as well. */
export const expose =
  (factor: number): Treatment =>
  (photo) =>
    photo.linear(factor, 20 * Math.max(0, factor - 1));

/** Compressed as JPEG at a quality of 1…100. */
export const compress =
  (quality: number): Treatment =>
  async (photo) =>
    sharp(await photo.jpeg({ quality }).toBuffer());

/** A share of the face, from its lower edge on, covered with grey. */
export const cover =
  (share: number): Treatment =>
  (photo, { x1, y1, x2, y2 }) => {
    const [width, height] = [Math.round(x2 - x1), Math.max(1, Math.round((y2 - y1) * share))];
    const input = { create: { width, height, channels: 3 as const, background: '#404040' } };
    return photo.composite([{ input, left: Math.round(x1), top: Math.round(y2) - height }]);
  };

/** Cut off at the right so that a share of the face is missing. */
export const cutOff =
  (share: number): Treatment =>
  async (photo, { x1, x2 }) => {
    const { height } = await photo.metadata();
    return photo.extract({ left: 0, top: 0, width: Math.round(x2 - (x2 - x1) * share), height });
  };

/** Only the face, with a margin on each side as a share of its size, within the photo. */
export const tighten =
  (margin: number): Treatment =>
  async (photo, face) => {
    const { width, height } = await photo.metadata();
    const { x1, y1, x2, y2 } = scaleAboutCentre(face, 1 + 2 * margin);
    const [left, top] = [Math.max(0, Math.round(x1)), Math.max(0, Math.round(y1))];
    const [right, bottom] = [Math.min(width, Math.round(x2)), Math.min(height, Math.round(y2))];
    return photo.extract({ left, top, width: right - left, height: bottom - top });
  };
