/** Photos degraded step by step: quality and similarity at each dose of each treatment. */
import { join } from 'node:path';
import type { QualityCurve } from '../src/packs/recognition-model.js';
import { cosineSimilarity } from '../src/recognition/similarity.js';
import type { EvaluationContext } from './evaluation.js';
import { type FacePhoto, photoOf } from './face-photo.js';
import { mean } from './metrics.js';
import { blur, compress, cover, cutOff, expose, shrink, type Treatment } from './treatments.js';

/** A treatment in increasing doses. */
export interface Series {
  readonly name: string;
  readonly treatment: (dose: number) => Treatment;
  readonly doses: readonly number[];
}

export const SERIES: readonly Series[] = [
  { name: 'blurred, sigma in pixels', treatment: blur, doses: [1, 1.5, 2, 3, 4] },
  { name: 'times smaller', treatment: shrink, doses: [2, 3, 4, 5, 6] },
  { name: 'darkened to', treatment: expose, doses: [0.6, 0.4, 0.3, 0.2, 0.15] },
  { name: 'overexposed by', treatment: expose, doses: [1.4, 1.8, 2.2, 2.6, 3] },
  { name: 'JPEG quality', treatment: compress, doses: [50, 20, 10, 7, 5] },
  { name: 'covered from below', treatment: cover, doses: [0.15, 0.3, 0.4, 0.5, 0.6] },
  { name: 'cut off at the border', treatment: cutOff, doses: [0.15, 0.3, 0.4, 0.5, 0.6] },
];

/** One dose over all photos in which the face was found. */
export interface Level {
  readonly dose: number;
  readonly found: number;
  readonly quality: number;
  /** Mean cosine similarity to the untouched photo. */
  readonly similarity: number;
  readonly length: number;
}

/** A treated photo compared with the untouched one. */
export interface Treated {
  readonly quality: number;
  readonly similarity: number;
}

/** Every treated photo, by series and dose; `undefined` where the face is no longer found. */
export async function spoilAll(
  context: EvaluationContext,
  photos: ReadonlyMap<string, FacePhoto>,
): Promise<(Treated | undefined)[][][]> {
  const line = context.progress('photos spoiled', photos.size);
  const results = await context.engine.map(
    [...photos],
    ([name, photo]) => spoil(context, join(context.folder, 'images', name), photo),
    () => line.tick(),
  );
  line.done();
  return results;
}

/** The means of each dose of each series. */
export function levelsOf(
  results: readonly (readonly (readonly (Treated | undefined)[])[])[],
  curve: QualityCurve,
): Level[][] {
  return SERIES.map(({ doses }, series) =>
    doses.map((dose, index) => {
      const found = results.flatMap((treated) => treated[series][index] ?? []);
      return {
        dose,
        found: found.length / results.length,
        quality: mean(found.map(({ quality }) => quality)),
        similarity: mean(found.map(({ similarity }) => similarity)),
        length: mean(found.map(({ quality }) => lengthOf(quality, curve))),
      };
    }),
  );
}

async function spoil(
  context: EvaluationContext,
  path: string,
  { box, embedding }: FacePhoto,
): Promise<(Treated | undefined)[][]> {
  const results: (Treated | undefined)[][] = [];
  for (const { treatment, doses } of SERIES) {
    const row: (Treated | undefined)[] = [];
    for (const dose of doses) {
      const worse = await photoOf(context, path, { treatment: treatment(dose), face: box });
      row.push(worse && { quality: worse.quality, similarity: cosineSimilarity(embedding, worse.embedding) });
    }
    results.push(row);
  }
  return results;
}

/** The embedding's norm, computed back from the quality. */
function lengthOf(quality: number, { middle, steepness }: QualityCurve): number {
  return middle + Math.log(quality / (1 - quality)) / steepness;
}
