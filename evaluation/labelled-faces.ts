/**
 * The two labelled sets of single faces, attributes (UTKFace chips) and mask: their rows, their pictures and the
 * labelled face.
 */
import { join } from 'node:path';
import { area, type Box } from '../src/vision/box.js';
import type { Image } from '../src/vision/image.js';
import { CHIP_MARGIN, mirrorBorder } from './pictures.js';

/** A picture of the attributes set, ready to search. */
export async function chip(
  decoder: { decode(path: string): Promise<Image> },
  folder: string,
  name: string,
): Promise<Image> {
  return mirrorBorder(await decoder.decode(join(folder, 'images', name)), CHIP_MARGIN);
}

/** The labelled face of a chip: the largest whose centre lies in the chip's middle half. */
export function chipFace<F extends { readonly box: Box }>(
  faces: readonly F[],
  { width, height }: Pick<Image, 'width' | 'height'>,
): F | undefined {
  const central = ({ box }: F): boolean =>
    Math.abs(box.x1 + box.x2 - width) < width / 2 && Math.abs(box.y1 + box.y2 - height) < height / 2;
  return largest(faces.filter(central));
}

/** The labelled face of a photo of the mask set. */
export function largest<F extends { readonly box: Box }>(faces: readonly F[]): F | undefined {
  return faces.toSorted((a, b) => area(b.box) - area(a.box))[0];
}
