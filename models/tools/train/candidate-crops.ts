/** Crops of what the detector takes for faces, faces and others alike: what the head that tells them apart learns from. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Landmarker } from '../../../src/detection/landmarker.js';
import { AppError } from '../../../src/errors.js';
import { ImageDecoder } from '../../../src/images/image-decoder.js';
import { loadConfig } from '../../../src/config/config.js';
import { loadPack } from '../../../src/packs/load-pack.js';
import { SessionManager } from '../../../src/sessions/session-manager.service.js';
import { readCsv, type Row } from '../../../test/evaluation/data.js';
import {
  CHIP_MARGIN,
  groupPhotos,
  patterns,
  photos,
  type Picture,
} from '../../../test/evaluation/pictures.js';
import { startProgress } from '../../../test/evaluation/progress.js';
import { alignedCrop, type Sample } from './aligned-crop.js';

/** More than candidates.ts ever looks at. */
const PATTERNS = 800;

/**
 * The crops of the candidates in a CSV that candidates.ts wrote; those it was not sure of are left out.
 * @param data folder of the data sets
 */
export async function candidateCrops(data: string, csv: string): Promise<Sample[]> {
  const rows = (await readCsv(csv)).filter(({ isFace }) => isFace !== 'ignore');
  const byPicture = groupBy(rows, ({ set, image }) => `${set}/${image}`);
  const config = loadConfig();
  const pack = loadPack(config);
  const sessions = new SessionManager(config);
  const { landmarks } = pack.models;
  if (landmarks === undefined) throw new AppError('invalid_pack', 'The pack has no landmarks to align by.');
  const landmarker = await Landmarker.open(sessions, pack, landmarks);
  const decoder = new ImageDecoder(config);
  const decode = async (path: string): ReturnType<ImageDecoder['decode']> =>
    decoder.decode(await readFile(path), 'image', AbortSignal.timeout(60_000));
  const progress = startProgress(process.stderr, 'candidates of pictures', byPicture.size);
  const samples: Sample[] = [];
  for (const picture of await picturesUnder(data)) {
    const own = byPicture.get(`${picture.set}/${picture.name}`);
    if (own === undefined) continue;
    const image = await picture.load(decode);
    const placed = await landmarker.place(own.map((row) => ({ image, box: boxOf(row) })));
    for (const [index, { image: name, isFace, score }] of own.entries()) {
      samples.push({
        set: `candidates of ${picture.set}`,
        row: { image: name, face: isFace === 'face' ? '1' : '0' },
        score: Number(score),
        crop: alignedCrop(image, placed[index].keypoints),
      });
    }
    progress.tick();
  }
  progress.done();
  await sessions.onModuleDestroy();
  return samples;
}

async function picturesUnder(data: string): Promise<Picture[]> {
  return [
    ...(await groupPhotos(join(data, 'detection'))),
    ...patterns(PATTERNS),
    ...(await photos('lfw', join(data, 'lfw'), Infinity)),
    ...(await photos('mask', join(data, 'mask'), Infinity)),
    ...(await photos('attributes', join(data, 'attributes'), Infinity, CHIP_MARGIN)),
  ];
}

function boxOf({ x1, y1, x2, y2 }: Row): { x1: number; y1: number; x2: number; y2: number } {
  return { x1: Number(x1), y1: Number(y1), x2: Number(x2), y2: Number(y2) };
}

function groupBy(rows: readonly Row[], keyOf: (row: Row) => string): Map<string, Row[]> {
  const groups = new Map<string, Row[]>();
  for (const row of rows) groups.set(keyOf(row), [...(groups.get(keyOf(row)) ?? []), row]);
  return groups;
}
