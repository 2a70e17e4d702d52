/**
 * Writes the aligned crops that the heads are trained on, found and aligned as in the service.
 *
 * `crops.bin` holds the crops (see aligned-crop.ts) one after the other. `crops.csv` holds for each crop its set and
 * picture, whether it is held out, the detector's score, and its labels: age, gender and race, mask, and whether it is
 * a face at all.
 */
import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { AppError } from '../../src/errors.js';
import { Judge } from '../../evaluation/judge.js';
import { isHeldOut } from '../../evaluation/split.js';
import type { Sample } from './aligned-crop.js';
import { candidateCrops } from './candidate-crops.js';
import { derivedCrops } from './derived-crops.js';
import { Finder } from '../finder.js';
import { labelledCrops } from './labelled-crops.js';

const LABELS = ['age', 'gender', 'race', 'mask', 'face'] as const;

/**
 * Writes the crops of the sets under `data` to the folder `out`.
 * @param judgeFile path of the detector that judges which boxes are faces where there are no labels
 */
export async function extract(data: string, judgeFile: string, out: string): Promise<void> {
  const judge = await Judge.open(judgeFile);
  if (judge === undefined) throw new AppError('invalid_configuration', `There is no judge: ${judgeFile}.`);
  const finder = await Finder.open();
  await mkdir(out, { recursive: true });
  const table = createWriteStream(join(out, 'crops.csv'));
  table.write(`${['set,image,held_out,score', ...LABELS].join(',')}\n`);
  await pipeline(Readable.from(crops()), createWriteStream(join(out, 'crops.bin')));
  await pipeline(Readable.from([]), table);
  await Promise.all([finder.close(), judge.close()]);

  async function* crops(): AsyncGenerator<Uint8Array> {
    for (const samples of [
      labelledCrops(finder, judge as Judge, data, 'attributes'),
      labelledCrops(finder, judge as Judge, data, 'mask'),
      candidateCrops(finder, judge as Judge, data),
      derivedCrops(finder, judge as Judge, data),
    ]) {
      for await (const sample of samples) {
        table.write(`${lineOf(sample)}\n`);
        yield sample.crop;
      }
    }
  }
}

function lineOf({ set, row, score }: Sample): string {
  const labels = LABELS.map((name) => row[name] ?? '');
  return [set, row['image'], Number(isHeldOut(row['image'])), score, ...labels].join(',');
}
