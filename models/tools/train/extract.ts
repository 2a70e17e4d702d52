/**
 * Writes the aligned crops that the heads are trained on, found and aligned by the service itself.
 *
 * `crops.bin` holds one crop (see aligned-crop.ts) after the other; `crops.csv` says of each what set and picture it is
 * from, whether it is held out, the detector's score, and its labels: age, gender and race, mask, and whether it is a
 * face at all.
 */
import { createWriteStream } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { finished } from 'node:stream/promises';
import { join } from 'node:path';
import type { AnalysedFace } from '../../../src/pipeline/analysis.js';
import { LANDMARK_FAMILIES } from '../../../src/detection/landmark-families.js';
import { readCsv } from '../../../test/evaluation/data.js';
import { Engine } from '../../../test/evaluation/engine.js';
import { chip, chipFace, largest } from '../../../test/evaluation/labelled-faces.js';
import { startProgress } from '../../../test/evaluation/progress.js';
import { isHeldOut } from '../../../test/evaluation/split.js';
import { alignedCrop, type Sample } from './aligned-crop.js';
import { candidateCrops } from './candidate-crops.js';
import { derivedCrops } from './derived-crops.js';

const LANDMARKS = { landmarks: true, embedding: false, attributes: [] } as const;
const LABELS = ['age', 'gender', 'race', 'mask', 'face'] as const;

/**
 * Finds, aligns and writes the faces of the labelled sets under `data`, and the candidates listed in a CSV (the output
 * of candidates.ts), and what is derived from photos, to the folder `out`.
 */
export async function extract(data: string, candidates: string, judge: string, out: string): Promise<void> {
  const samples = [
    ...(await labelledCrops(data)),
    ...(await candidateCrops(data, candidates)),
    ...(await derivedCrops(data, judge)),
  ];
  await mkdir(out, { recursive: true });
  const bytes = createWriteStream(join(out, 'crops.bin'));
  for (const { crop } of samples) bytes.write(crop);
  bytes.end();
  await finished(bytes);
  const lines = samples.map(({ set, row, score }) =>
    [
      set,
      row['image'],
      Number(isHeldOut(row['image'])),
      score,
      ...LABELS.map((name) => row[name] ?? ''),
    ].join(','),
  );
  await writeFile(
    join(out, 'crops.csv'),
    `${[['set,image,held_out,score', ...LABELS].join(','), ...lines].join('\n')}\n`,
  );
}

/** The faces of the two labelled sets; pictures in which the service finds none are left out. */
export async function labelledCrops(data: string): Promise<Sample[]> {
  const engine = await Engine.start();
  try {
    return [...(await facesOf(engine, data, 'attributes')), ...(await facesOf(engine, data, 'mask'))];
  } finally {
    await engine.close();
  }
}

async function facesOf(engine: Engine, data: string, set: 'attributes' | 'mask'): Promise<Sample[]> {
  const folder = join(data, set);
  const rows = await readCsv(join(folder, 'labels.csv'));
  const progress = startProgress(process.stderr, `${set} pictures`, rows.length);
  const { fivePoints } = LANDMARK_FAMILIES[engine.pack.models.landmarks?.family ?? 'landmarks68'];
  const samples = await engine.map(
    rows,
    async (row) => {
      const image =
        set === 'attributes'
          ? await chip(engine, folder, row['image'])
          : await engine.decode(join(folder, 'images', row['image']));
      // The pool takes the pixels it is given.
      const faces = await engine.analyze({ ...image, data: image.data.slice() }, LANDMARKS);
      const face: AnalysedFace | undefined = set === 'attributes' ? chipFace(faces, image) : largest(faces);
      if (face?.landmarks === undefined) return [];
      const crop = alignedCrop(image, fivePoints(face.landmarks));
      return [{ set, row: { ...row, face: '1' }, score: face.confidence, crop }];
    },
    () => progress.tick(),
  );
  progress.done();
  const found = samples.flat();
  process.stderr.write(`${set}: a face in ${found.length} of ${rows.length} pictures\n`);
  return found;
}
