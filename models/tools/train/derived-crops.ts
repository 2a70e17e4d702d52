/**
 * Crops of faces the candidates hold too few of: tilted heads and small faces, made from photos of the LFW set that are
 * not held out. Without them the head that tells faces from other things would learn to refuse both.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loadConfig } from '../../../src/config/config.js';
import { Detector } from '../../../src/detection/detector.js';
import { Landmarker } from '../../../src/detection/landmarker.js';
import { usefulSizes } from '../../../src/detection/useful-sizes.js';
import { AppError } from '../../../src/errors.js';
import { ImageDecoder } from '../../../src/images/image-decoder.js';
import { loadPack } from '../../../src/packs/load-pack.js';
import { SessionManager } from '../../../src/sessions/session-manager.service.js';
import { type ScoredBox, suppress } from '../../../src/vision/nms.js';
import { type Derived, shrunk, turned } from '../../../test/evaluation/derived.js';
import { centralFace, Judge, judged } from '../../../test/evaluation/judge.js';
import { centresAgree } from '../../../test/evaluation/matching.js';
import { photos } from '../../../test/evaluation/pictures.js';
import { startProgress } from '../../../test/evaluation/progress.js';
import { isHeldOut } from '../../../test/evaluation/split.js';
import { alignedCrop, type Sample } from './aligned-crop.js';

const PHOTOS = 300;
const ANGLES = [-90, -75, -60, -45, -30, 30, 45, 60, 75, 90];
const HEIGHTS = [12, 14, 17, 20, 26];
const LEAST_SCORE = 0.2;

/**
 * @param data folder of the data sets
 * @param judgeFile the detector that says where the face of a photo is
 */
export async function derivedCrops(data: string, judgeFile: string): Promise<Sample[]> {
  const config = loadConfig();
  const pack = loadPack(config);
  const sessions = new SessionManager(config);
  const { detector: facts, landmarks } = pack.models;
  const judge = await Judge.open(judgeFile);
  if (judge === undefined) throw new AppError('invalid_configuration', `There is no judge: ${judgeFile}.`);
  if (landmarks === undefined) throw new AppError('invalid_pack', 'The pack has no landmarks to align by.');
  const landmarker = await Landmarker.open(sessions, pack, landmarks);
  const detector = await Detector.open(sessions, join(pack.folder, facts.file), facts.family);
  const decoder = new ImageDecoder(config);
  const names = (await photos('lfw', join(data, 'lfw'), Infinity)).filter(({ name }) => !isHeldOut(name));
  const step = Math.max(1, Math.floor(names.length / PHOTOS));
  const chosen = names.filter((_, index) => index % step === 0);
  const progress = startProgress(process.stderr, 'turned and small faces of photos', chosen.length);
  const samples: Sample[] = [];
  for (const [seed, { name, load }] of chosen.entries()) {
    const image = await load(async (path) =>
      decoder.decode(await readFile(path), 'image', AbortSignal.timeout(60_000)),
    );
    const face = centralFace(await judged(judge, image), image);
    progress.tick();
    if (face === undefined) continue;
    for (const derived of variants({ image, face }, seed)) {
      const found = await candidateOf(derived);
      if (found === undefined) continue;
      const [{ keypoints }] = await landmarker.place([{ image: derived.image, box: found.box }]);
      const row = { image: name, face: '1' };
      samples.push({
        set: 'candidates derived',
        row,
        score: found.score,
        crop: alignedCrop(derived.image, keypoints),
      });
    }
  }
  progress.done();
  await Promise.all([sessions.onModuleDestroy(), judge.close()]);
  return samples;

  /** What the detector sees of the face, if anything. */
  async function candidateOf({ image, face }: Derived): Promise<ScoredBox | undefined> {
    const sizes = usefulSizes(facts.sizes, image);
    const found = await detector.search(sizes.map((size) => ({ image, size, minScore: LEAST_SCORE })));
    return suppress(found.flat(), { iou: facts.iouThreshold, containment: facts.containmentThreshold }).find(
      ({ box }) => centresAgree(box, face) === 1,
    );
  }
}

function variants(photo: Derived, seed: number): Derived[] {
  return [
    ...ANGLES.map((degrees) => turned(photo, degrees)),
    ...HEIGHTS.map((height) => shrunk(photo, height, seed)),
  ];
}
