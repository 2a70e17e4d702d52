/** Large pictures composed of known faces on backgrounds without any, as a camera would have saved them: as JPEG. */
import sharp from 'sharp';
import { area, type Box, scaleAboutCentre, clip, intersection } from '../src/vision/box.js';
import { cut } from '../src/vision/cut.js';
import type { Image } from '../src/vision/image.js';
import type { EvaluationContext } from './evaluation.js';
import { centralFace, type Judge, judged } from './judge.js';
import { generator, pattern } from './patterns.js';
import { photos } from './pictures.js';

/** What lies behind the faces. */
export const BACKGROUNDS = ['patterns', 'photos'] as const;
export type Background = (typeof BACKGROUNDS)[number];

/** A face of a scene, and how high it was drawn, in pixels. */
export interface PlacedFace {
  readonly box: Box;
  readonly height: number;
}

/** A large picture with all its faces. */
export interface LargeScene {
  readonly jpeg: Uint8Array;
  readonly megapixels: number;
  readonly faces: readonly PlacedFace[];
}

/** What to compose. */
export interface SceneOrder {
  readonly megapixels: number;
  readonly background: Background;
  /** The most faces; fewer where there is no room for them. */
  readonly faces: number;
  /** Their heights in pixels, in turn. */
  readonly heights: readonly number[];
  readonly seed: number;
}

/** A photo with one face, and the parts of photos that show none. */
interface Portrait {
  readonly image: Image;
  readonly face: Box;
}

const ASPECT = 3 / 2;
/** How much of a photo is drawn around a face, as a multiple of the face's box. */
const AROUND = 2;
/** Side of the square that a face needs, as a multiple of its height. */
export const CELL = 1.2 * AROUND;
/** Width in pixels of the strip along the left of a photo that backgrounds are made of. */
const STRIP = 70;
const QUALITY = 90;

/** Where the photos come from; `limit` is the most of them. */
type PhotoSource = Pick<EvaluationContext, 'folder' | 'trainedOn' | 'limit'> & {
  readonly engine: Pick<EvaluationContext['engine'], 'decode'>;
};

/** Composes scenes of the faces in some photos. */
export class LargeScenes {
  private constructor(
    private readonly portraits: readonly Portrait[],
    private readonly strips: readonly Image[],
  ) {}

  /** Loads the photos. Those held out from training, unless others are asked for as well. */
  static async open({ engine, folder, trainedOn, limit }: PhotoSource, judge: Judge): Promise<LargeScenes> {
    const part = trainedOn ? undefined : 'held out';
    const portraits: Portrait[] = [];
    const strips: Image[] = [];
    for (const picture of await photos('LFW', folder, { limit, part })) {
      const image = await picture.load((path) => engine.decode(path));
      const known = await judged(judge, image);
      const face = centralFace(known, image);
      if (face === undefined) continue;
      const around = aroundOf(image, face);
      // What is drawn must show the one face only.
      if (known.every(({ box }) => box === face || intersection(box, around) < area(box) / 4)) {
        portraits.push({ image, face });
      }
      const strip = { x1: 0, y1: 0, x2: STRIP, y2: image.height };
      if (known.every(({ box }) => intersection(box, strip) === 0)) strips.push(cut(image, strip));
    }
    return new LargeScenes(portraits, strips);
  }

  /** The same order gives the same scene. */
  async compose({ megapixels, background, faces, heights, seed }: SceneOrder): Promise<LargeScene> {
    const random = generator(seed);
    const width = Math.floor(Math.sqrt(megapixels * 1e6 * ASPECT));
    const height = Math.floor((megapixels * 1e6) / width);
    const canvas: Image = { width, height, data: new Uint8Array(width * height * 3) };
    await this.fill(canvas, background, random);
    const { cell, columns, rows } = gridFor(width, height, faces, CELL * Math.max(...heights));
    const cells = shuffled(
      Array.from({ length: columns * rows }, (_, at) => at),
      random,
    );
    const placed: PlacedFace[] = [];
    for (const [index, at] of cells.slice(0, faces).entries()) {
      const portrait = this.portraits[Math.floor(random() * this.portraits.length)];
      const high = heights[index % heights.length];
      const { image, face } = await drawn(portrait, high);
      const x = Math.floor((at % columns) * cell + random() * Math.max(0, cell - image.width));
      const y = Math.floor(Math.floor(at / columns) * cell + random() * Math.max(0, cell - image.height));
      paste(canvas, image, x, y);
      placed.push({
        box: { x1: face.x1 + x, y1: face.y1 + y, x2: face.x2 + x, y2: face.y2 + y },
        height: high,
      });
    }
    const jpeg = await sharp(canvas.data, { raw: { width, height, channels: 3 } })
      .jpeg({ quality: QUALITY })
      .toBuffer();
    return { jpeg, megapixels: (width * height) / 1e6, faces: placed };
  }

  /** Fills a canvas with rows of patterns or strips, each enlarged by 1 to 3. */
  private async fill(canvas: Image, background: Background, random: () => number): Promise<void> {
    for (let y = 0; y < canvas.height;) {
      let lowest = Infinity;
      for (let x = 0; x < canvas.width;) {
        const part =
          background === 'patterns'
            ? pattern(Math.floor(random() * 400))
            : this.strips[Math.floor(random() * this.strips.length)];
        const scale = 1 + 2 * random();
        const image = await resized(part, Math.round(part.width * scale), Math.round(part.height * scale));
        paste(canvas, image, x, y);
        x += image.width;
        lowest = Math.min(lowest, image.height);
      }
      y += lowest;
    }
  }
}

/** Square cells for some faces, as large as there is room for; fewer than that if they would be smaller than `least`. */
function gridFor(
  width: number,
  height: number,
  faces: number,
  least: number,
): { readonly cell: number; readonly columns: number; readonly rows: number } {
  const grid = (cell: number) => ({
    cell,
    columns: Math.floor(width / cell),
    rows: Math.floor(height / cell),
  });
  let found = grid(Math.max(least, Math.sqrt((width * height) / Math.max(1, faces))));
  while (found.columns * found.rows < faces && found.cell > least) {
    found = grid(Math.max(least, found.cell * 0.99));
  }
  return found;
}

/** A face and its surroundings, drawn so that the face is `height` pixels high; its box in that drawing. */
async function drawn({ image, face }: Portrait, height: number): Promise<Portrait> {
  const around = aroundOf(image, face);
  const part = cut(image, around);
  const scale = height / (face.y2 - face.y1);
  const [wide, high] = [Math.round(part.width * scale), Math.round(part.height * scale)];
  const [x, y] = [wide / part.width, high / part.height];
  return {
    image: await resized(part, wide, high),
    face: {
      x1: (face.x1 - around.x1) * x,
      y1: (face.y1 - around.y1) * y,
      x2: (face.x2 - around.x1) * x,
      y2: (face.y2 - around.y1) * y,
    },
  };
}

/** The part of a photo that is drawn with its face, in whole pixels. */
function aroundOf({ width, height }: Image, face: Box): Box {
  const { x1, y1, x2, y2 } = clip(scaleAboutCentre(face, AROUND), width, height);
  return { x1: Math.floor(x1), y1: Math.floor(y1), x2: Math.ceil(x2), y2: Math.ceil(y2) };
}

async function resized(image: Image, width: number, height: number): Promise<Image> {
  const raw = { width: image.width, height: image.height, channels: 3 } as const;
  const data = await sharp(image.data, { raw }).resize(width, height, { fit: 'fill' }).raw().toBuffer();
  return { width, height, data };
}

/** Draws a picture onto a canvas; what lies beyond its borders is left out. */
function paste(canvas: Image, { width, height, data }: Image, left: number, top: number): void {
  const [wide, high] = [Math.min(width, canvas.width - left), Math.min(height, canvas.height - top)];
  for (let y = 0; y < high; y++) {
    const row = data.subarray(3 * y * width, 3 * (y * width + wide));
    canvas.data.set(row, 3 * ((top + y) * canvas.width + left));
  }
}

/** A random order (Fisher and Yates). */
function shuffled(items: number[], random: () => number): number[] {
  for (let last = items.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1));
    [items[last], items[other]] = [items[other], items[last]];
  }
  return items;
}
