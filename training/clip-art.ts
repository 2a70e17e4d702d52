/**
 * Drawings and cut-out photographs without people, animals among them: what a face must not be confused with. They are
 * in the public domain (openclipart) or under the GPL (Tux Paint's stamps): training/README.md says where they come from.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import sharp from 'sharp';
import type { Image } from '../src/vision/image.js';
import { sample } from '../evaluation/data.js';
import { generator, pattern } from '../evaluation/patterns.js';
import { isHeldOut } from '../evaluation/split.js';

/** Folders and files whose drawings may show a person's face, or next to nothing. */
const LEFT_OUT =
  /people|person|faces|cartoon|smil|religion|halloween|monuments|money|alphabets|stars|flags|arrows|icons|clothing/i;
const SIDE = 256;
/** The share of the side that a drawing fills. */
const FILL = [0.5, 1] as const;

/** One drawing on a background. */
export interface ClipArt {
  /** Path below the folder. */
  readonly name: string;
  /** Whether it shows an animal. */
  readonly isAnimal: boolean;
  /** 256×256 pixels, the same at each call. */
  draw(): Promise<Image>;
}

/**
 * The drawings below a folder, those of animals four times as likely.
 * @param part those to train on, or those held out
 * @param limit the most of them, spread evenly
 */
export async function clipArt(
  folder: string,
  part: 'learnt' | 'held out',
  limit = Infinity,
): Promise<ClipArt[]> {
  const files = await readdir(folder, { recursive: true });
  const names = files
    .filter((name) => name.endsWith('.png') && !LEFT_OUT.test(relative(folder, join(folder, name))))
    .filter((name) => isHeldOut(name) === (part === 'held out'))
    .sort();
  const chosen = sample(names, limit);
  const readable = await Promise.all(chosen.map((name) => isReadable(join(folder, name))));
  return chosen
    .filter((_, index) => readable[index])
    .map((name, seed) => ({
      name,
      isAnimal: name.includes('animals/'),
      draw: () => draw(join(folder, name), seed),
    }));
}

/** Whether a file is a picture: a few of them are not. */
async function isReadable(path: string): Promise<boolean> {
  return sharp(await readFile(path))
    .metadata()
    .then(
      () => true,
      () => false,
    );
}

/** The drawing somewhere on a pattern, or on one colour. */
async function draw(path: string, seed: number): Promise<Image> {
  const random = generator(seed);
  const side = Math.round(SIDE * (FILL[0] + (FILL[1] - FILL[0]) * random()));
  const { data, info } = await sharp(await readFile(path))
    .resize(side, side, { fit: 'inside' })
    .ensureAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  const image = random() < 0.5 ? plain(random) : cutTo(pattern(seed));
  const [left, top] = [info.width, info.height].map((length) => Math.floor((SIDE - length) * random()));
  for (let y = 0; y < info.height; y++) {
    for (let x = 0; x < info.width; x++) {
      const [from, to] = [(y * info.width + x) * 4, ((top + y) * SIDE + left + x) * 3];
      const alpha = data[from + 3] / 255;
      for (let c = 0; c < 3; c++)
        image.data[to + c] = Math.round(image.data[to + c] * (1 - alpha) + data[from + c] * alpha);
    }
  }
  return image;
}

function plain(random: () => number): Image {
  const colour = [random(), random(), random()].map((value) => Math.floor(value * 256));
  return {
    width: SIDE,
    height: SIDE,
    data: Uint8Array.from({ length: 3 * SIDE * SIDE }, (_, index) => colour[index % 3]),
  };
}

/** The top left of a picture that is larger than a drawing. */
function cutTo({ width, height, data }: Image): Image {
  const cut = new Uint8Array(3 * SIDE * SIDE);
  for (let y = 0; y < Math.min(SIDE, height); y++)
    cut.set(data.subarray(y * width * 3, (y * width + Math.min(SIDE, width)) * 3), y * SIDE * 3);
  return { width: SIDE, height: SIDE, data: cut };
}
