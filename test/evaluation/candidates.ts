/**
 * Writes every box the detector can be brought to see, and whether it is a face, as CSV: what a head that tells faces
 * from other things is trained on. `node dist/test/evaluation/candidates.js --out candidates.csv`
 */
import { createWriteStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { loadConfig } from '../../src/config/config.js';
import { Detector } from '../../src/detection/detector.js';
import { ImageDecoder } from '../../src/images/image-decoder.js';
import { loadPack } from '../../src/packs/load-pack.js';
import { SessionManager } from '../../src/sessions/session-manager.service.js';
import { area, type Box, clip, iou } from '../../src/vision/box.js';
import { type ScoredBox, suppress } from '../../src/vision/nms.js';
import { Judge, JUDGE_FILE } from './judge.js';
import { CHIP_MARGIN, groupPhotos, patterns, photos, type Picture } from './pictures.js';
import { startProgress } from './progress.js';

const LEAST_SCORE = 0.2;
/** Also where the service would search at one size only: what the larger one invents is worth learning from. */
const SIZES = [320, 640];
/** A box that agrees this well with a sure face is one; */
const FACE_IOU = 0.5;
/** one that agrees less than this with anything that may be a face is none; in between it is neither. */
const NO_FACE_IOU = 0.2;
const SURE_SCORE = 0.5;

const { values } = parseArgs({
  options: {
    data: { type: 'string', default: '../shared/data' },
    judge: { type: 'string', default: JUDGE_FILE },
    limit: { type: 'string', default: 'Infinity' },
    out: { type: 'string', default: 'candidates.csv' },
  },
});

const limit = Number(values.limit);
const config = loadConfig();
const { folder, models } = loadPack(config);
const sessions = new SessionManager(config);
const detector = await Detector.open(sessions, join(folder, models.detector.file), models.detector.family);
const judge = await Judge.open(values.judge);
if (judge === undefined) throw new Error(`There is no judge: ${values.judge} does not exist.`);
const decoder = new ImageDecoder(config);
const inData = (name: string): string => join(values.data, name);
const sets: readonly (readonly Picture[])[] = [
  await groupPhotos(inData('detection')),
  patterns(Math.min(limit, 800)),
  await photos('lfw', inData('lfw'), limit),
  await photos('mask', inData('mask'), limit),
  await photos('attributes', inData('attributes'), limit, CHIP_MARGIN),
];
const out = createWriteStream(values.out);
out.write('set,image,x1,y1,x2,y2,score,isFace\n');
for (const pictures of sets.filter(({ length }) => length > 0)) {
  const line = startProgress(process.stderr, pictures[0].set, pictures.length);
  for (const picture of pictures) {
    await writeCandidates(picture, judge);
    line.tick();
  }
  line.done();
}
out.end();
await sessions.onModuleDestroy();
await judge.close();

async function writeCandidates(picture: Picture, judge: Judge): Promise<void> {
  const image = await picture.load(async (path) =>
    decoder.decode(await readFile(path), 'image', AbortSignal.timeout(60_000)),
  );
  const searches = SIZES.map((size) => ({ image, size, minScore: LEAST_SCORE }));
  const found = suppress((await detector.search(searches)).flat(), {
    iou: models.detector.iouThreshold,
    containment: 1,
  });
  const seen = picture.faces?.length === 0 ? [] : await judge.faces(image);
  const labelled = (picture.faces ?? []).map((box) => ({ box, score: 1 }));
  for (const { box, score } of found) {
    const { x1, y1, x2, y2 } = clip(box, image.width, image.height);
    if (area({ x1, y1, x2, y2 }) < 1) continue;
    const numbers = [x1, y1, x2, y2].map((value) => value.toFixed(1));
    const verdict = verdictOf(box, [...labelled, ...seen]);
    out.write([picture.set, picture.name, ...numbers, score.toFixed(4), verdict].join(',') + '\n');
  }
}

function verdictOf(box: Box, faces: readonly ScoredBox[]): 'face' | 'not' | 'ignore' {
  if (faces.some((face) => face.score >= SURE_SCORE && iou(box, face.box) >= FACE_IOU)) return 'face';
  return faces.every((face) => iou(box, face.box) < NO_FACE_IOU) ? 'not' : 'ignore';
}
