/**
 * Writes the aligned crops that the heads are trained on, found and aligned by the service itself.
 *
 * `crops.bin` holds one CROP×CROP RGB picture (8 bit) after the other: the service's 112×112 crop with a margin that
 * training shifts, turns and scales into. `crops.csv` says of each what set and picture it is from, whether it is held
 * out, and its labels.
 */
import { createWriteStream } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { finished } from 'node:stream/promises';
import { join } from 'node:path';
import { ALIGNED_SIDE, alignmentMap } from '../../../src/vision/alignment.js';
import type { Point } from '../../../src/vision/affine.js';
import type { Image } from '../../../src/vision/image.js';
import { warp } from '../../../src/vision/warp.js';
import { fivePoints } from '../../../src/detection/landmarks68.js';
import { readCsv, type Row } from '../../../test/evaluation/data.js';
import { Engine } from '../../../test/evaluation/engine.js';
import { chip, chipFace, largest } from '../../../test/evaluation/labelled-faces.js';
import { startProgress } from '../../../test/evaluation/progress.js';
import { isHeldOut } from '../../../test/evaluation/split.js';

/** Side of a written crop: the service's crop and 16 pixels more on each side. */
const MARGIN = 16;
const CROP = ALIGNED_SIDE + 2 * MARGIN;
const LANDMARKS = { landmarks: true, embedding: false, attributes: [] } as const;
const LABELS = ['age', 'gender', 'race', 'mask'] as const;

/** A face with what is known of it. */
interface Sample {
  readonly set: string;
  readonly row: Row;
  readonly crop: Uint8Array;
}

/** The crop of one face as bytes. */
function cropOf(image: Image, keypoints: readonly Point[]): Uint8Array {
  const map = alignmentMap(keypoints);
  const shifted = {
    ...map,
    c: map.c - MARGIN * (map.a + map.b),
    f: map.f - MARGIN * (map.d + map.e),
  };
  const planes = new Float32Array(3 * CROP * CROP);
  const target = { data: planes, offset: 0, width: CROP, height: CROP };
  warp(image, shifted, target, { order: 'RGB', mean: [0, 0, 0], std: [1, 1, 1] });
  const size = CROP * CROP;
  return Uint8Array.from({ length: 3 * size }, (_, i) =>
    Math.round(planes[(i % 3) * size + Math.floor(i / 3)]),
  );
}

/** The faces of one labelled set; pictures in which the service finds none are left out. */
async function extractSet(engine: Engine, folder: string, set: 'attributes' | 'mask'): Promise<Sample[]> {
  const rows = await readCsv(join(folder, set, 'labels.csv'));
  const progress = startProgress(process.stderr, `${set} pictures`, rows.length);
  const samples = await engine.map(
    rows,
    async (row) => {
      const image =
        set === 'attributes'
          ? await chip(engine, join(folder, set), row['image'])
          : await engine.decode(join(folder, set, 'images', row['image']));
      // The pool takes the pixels it is given.
      const faces = await engine.analyze({ ...image, data: image.data.slice() }, LANDMARKS);
      const face = set === 'attributes' ? chipFace(faces, image) : largest(faces);
      if (face?.landmarks === undefined) return [];
      return [{ set, row, crop: cropOf(image, fivePoints(face.landmarks)) }];
    },
    () => progress.tick(),
  );
  progress.done();
  const found = samples.flat();
  process.stderr.write(`${set}: a face in ${found.length} of ${rows.length} pictures\n`);
  return found;
}

/** Finds, aligns and writes the faces of the labelled sets under `data` to `out`. */
export async function extract(data: string, out: string): Promise<void> {
  const engine = await Engine.start();
  try {
    const samples = [
      ...(await extractSet(engine, data, 'attributes')),
      ...(await extractSet(engine, data, 'mask')),
    ];
    await mkdir(out, { recursive: true });
    const bytes = createWriteStream(join(out, 'crops.bin'));
    for (const { crop } of samples) bytes.write(crop);
    bytes.end();
    await finished(bytes);
    const lines = samples.map(({ set, row }) =>
      [set, row['image'], isHeldOut(row['image']) ? 1 : 0, ...LABELS.map((label) => row[label] ?? '')].join(
        ',',
      ),
    );
    await writeFile(
      join(out, 'crops.csv'),
      `${[['set,image,held_out', ...LABELS].join(','), ...lines].join('\n')}\n`,
    );
  } finally {
    await engine.close();
  }
}
