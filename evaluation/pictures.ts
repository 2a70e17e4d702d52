/** The pictures that detection is measured on, set by set, each with its labelled faces. */
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Box } from '../src/vision/box.js';
import type { Image } from '../src/vision/image.js';
import { readCsv, sample } from './data.js';
import { pattern, patternName } from './patterns.js';
import { isHeldOut } from './split.js';

/** One picture of a set. */
export interface Picture {
  readonly set: string;
  /** File name, or the name of the pattern. */
  readonly name: string;
  /** The pixels; a file is decoded by the service's decoder. */
  readonly load: (decode: (path: string) => Promise<Image>) => Promise<Image>;
  /** All its faces; `undefined` where not all of them are labelled. */
  readonly faces?: readonly Box[];
}

/** Pixels mirrored around the tight chips of the attribute set, which show no background. */
export const CHIP_MARGIN = 50;

/** Group photos with all their faces. */
export async function groupPhotos(folder: string): Promise<Picture[]> {
  const boxes = new Map<string, Box[]>();
  for (const { image, x1, y1, x2, y2 } of await readCsv(join(folder, 'boxes.csv'))) {
    const box = { x1: Number(x1), y1: Number(y1), x2: Number(x2), y2: Number(y2) };
    boxes.set(image, [...(boxes.get(image) ?? []), box]);
  }
  const names = (await readdir(join(folder, 'images'))).sort();
  return names.map((name) => ({
    set: 'detection',
    name,
    load: (decode) => decode(join(folder, 'images', name)),
    faces: boxes.get(name),
  }));
}

/** Which pictures of a folder to take, and how. */
interface Choice {
  /** The most pictures, spread evenly; default: all. */
  readonly limit?: number;
  /** Those held out from training, or those learnt from; default: both. */
  readonly part?: 'held out' | 'learnt';
  /** Pixels mirrored around each picture. */
  readonly margin?: number;
}

/** The pictures of a folder's `images/`, in the order of their names; none where the folder is missing. */
export async function photos(
  set: string,
  folder: string,
  { limit = Infinity, part, margin = 0 }: Choice = {},
): Promise<Picture[]> {
  if (!existsSync(folder)) return [];
  const all = (await readdir(join(folder, 'images'))).sort();
  const wanted = all.filter((name) => part === undefined || isHeldOut(name) === (part === 'held out'));
  return sample(wanted, limit).map((name) => ({
    set,
    name,
    load: async (decode) => mirrorBorder(await decode(join(folder, 'images', name)), margin),
  }));
}

/** The number of the first pattern for training: the evaluation uses lower ones. */
export const FIRST_LEARNT_PATTERN = 100_000;

/** Generated pictures without a face, from number `first` on. */
export function patterns(count: number, first = 0): Picture[] {
  return Array.from({ length: count }, (_, index) => ({
    set: 'patterns',
    name: patternName(first + index),
    load: () => Promise.resolve(pattern(first + index)),
    faces: [],
  }));
}

/** The picture with `margin` pixels mirrored around it. */
export function mirrorBorder(image: Image, margin: number): Image {
  if (margin === 0) return image;
  const [width, height] = [image.width + 2 * margin, image.height + 2 * margin];
  const data = new Uint8Array(width * height * 3);
  const reflect = (at: number, length: number): number => {
    const inside = at < 0 ? -1 - at : at >= length ? 2 * length - 1 - at : at;
    return Math.min(length - 1, Math.max(0, inside));
  };
  for (let y = 0, at = 0; y < height; y++) {
    const row = reflect(y - margin, image.height) * image.width;
    for (let x = 0; x < width; x++, at += 3) {
      const from = (row + reflect(x - margin, image.width)) * 3;
      data[at] = image.data[from];
      data[at + 1] = image.data[from + 1];
      data[at + 2] = image.data[from + 2];
    }
  }
  return { width, height, data };
}
