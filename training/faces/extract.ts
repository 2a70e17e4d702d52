/**
 * Writes the faces of FairFace that the attributes are trained on, found and aligned as in the service.
 *
 * `crops.bin` holds the crops (see wide-crop.ts) one after the other, `landmarks.bin` the 68 landmarks of each in pixels
 * of its crop (32-bit floats, x and y by turns). `faces.csv` holds for each its picture, its part and its labels.
 */
import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Point } from '../../src/vision/affine.js';
import { readCsv, type Row } from '../../evaluation/data.js';
import { chipFace } from '../../evaluation/labelled-faces.js';
import { mirrorBorder } from '../../evaluation/pictures.js';
import { startProgress } from '../../evaluation/progress.js';
import { Finder } from '../finder.js';
import { inCrop, wideCrop } from './wide-crop.js';

const COLUMNS = ['image', 'split', 'age', 'gender', 'race'] as const;
const MIN_SCORE = 0.3;
/** Pictures under way at a time: while one is decoded, another is searched. */
const AT_A_TIME = 6;
/** Pixels mirrored around every second picture to train on: a photograph goes on where FairFace's are cut. */
const MARGIN = 48;

interface Face {
  readonly row: Row;
  readonly crop: Uint8Array;
  readonly landmarks: Float32Array;
}

/** @param data folder of the data sets */
export async function extractFaces(data: string, out: string): Promise<void> {
  const folder = join(data, 'fairface');
  const rows = await readCsv(join(folder, 'labels.csv'));
  const finder = await Finder.open();
  const progress = startProgress(process.stderr, 'faces of FairFace', rows.length);
  await mkdir(out, { recursive: true });
  const table = createWriteStream(join(out, 'faces.csv'));
  const landmarks = createWriteStream(join(out, 'landmarks.bin'));
  table.write(`${COLUMNS.join(',')}\n`);
  const faces = Readable.from(rows.entries()).map(
    async ([index, row]: [number, Row]) => {
      const face = await faceOf(finder, folder, row, index % 2 === 1 && row['split'] === 'train');
      progress.tick();
      return face ?? [];
    },
    { concurrency: AT_A_TIME },
  );
  async function* crops(): AsyncGenerator<Uint8Array> {
    for await (const face of faces as AsyncIterable<Face | never[]>) {
      if (Array.isArray(face)) continue;
      table.write(`${COLUMNS.map((name) => face.row[name]).join(',')}\n`);
      landmarks.write(new Uint8Array(face.landmarks.buffer));
      yield face.crop;
    }
  }
  await pipeline(Readable.from(crops()), createWriteStream(join(out, 'crops.bin')));
  await Promise.all([pipeline(Readable.from([]), table), pipeline(Readable.from([]), landmarks)]);
  await finder.close();
  progress.done();
}

async function faceOf(
  finder: Finder,
  folder: string,
  row: Row,
  mirrored: boolean,
): Promise<Face | undefined> {
  const image = await finder.decode(join(folder, 'images', row['image']));
  const face = chipFace(await finder.find(image, MIN_SCORE), image);
  if (face === undefined) return undefined;
  const [{ landmarks, keypoints }] = await finder.locate(image, [face]);
  const margin = mirrored ? MARGIN : 0;
  const shifted = (points: readonly Point[]): Point[] =>
    points.map(({ x, y }) => ({ x: x + margin, y: y + margin }));
  const around = shifted(keypoints);
  return {
    row,
    crop: wideCrop(mirrorBorder(image, margin), around),
    landmarks: inCrop(shifted(landmarks), around),
  };
}
