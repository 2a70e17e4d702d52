/** The two labelled sets of single faces, attributes (UTKFace chips) and mask: their rows, pictures and the face meant. */
import { join } from 'node:path';
import type { AnalysedFace } from '../../src/pipeline/analysis.js';
import { area } from '../../src/vision/box.js';
import type { Image } from '../../src/vision/image.js';
import type { Engine } from './engine.js';
import { CHIP_MARGIN, mirrorBorder } from './pictures.js';

/** A picture of the attributes set, ready to search. */
export async function chip(engine: Engine, folder: string, name: string): Promise<Image> {
  return mirrorBorder(await engine.decode(join(folder, 'images', name)), CHIP_MARGIN);
}

/** The face a chip was cut for: the largest, among those whose middle lies in the chip's middle half. */
export function chipFace(
  faces: readonly AnalysedFace[],
  { width, height }: Pick<Image, 'width' | 'height'>,
): AnalysedFace | undefined {
  const central = ({ box }: AnalysedFace): boolean =>
    Math.abs(box.x1 + box.x2 - width) < width / 2 && Math.abs(box.y1 + box.y2 - height) < height / 2;
  return largest(faces.filter(central));
}

/** The face a photo of the mask set is labelled by. */
export function largest(faces: readonly AnalysedFace[]): AnalysedFace | undefined {
  return faces.toSorted((a, b) => area(b.box) - area(a.box))[0];
}
