/** Does quality fall as a photo gets worse, and along with what recognition makes of it? */
import { join } from 'node:path';
import type { QualityCurve } from '../../src/packs/pack.js';
import { cosineSimilarity } from '../../src/recognition/similarity.js';
import { fitLogistic, type LogisticCurve } from './calibration.js';
import { sample } from './data.js';
import { type EvaluationContext, percent, type Plot, type Report } from './evaluation.js';
import type { FacePhoto } from './face-photo.js';
import { photoOf } from './face-photo.js';
import { mean, rankCorrelation } from './metrics.js';
import { plotCurves } from './plot.js';
import { blur, compress, cover, cutOff, expose, shrink, type Treatment } from './treatments.js';

/** More photos would move the means by less than they matter. */
const MOST_PHOTOS = 100;
/** Share of the photos in which the face must still be found for a mean to stand for all of them. */
const ENOUGH = 0.5;

/** A treatment in ever stronger doses. */
interface Series {
  readonly name: string;
  readonly treatment: (dose: number) => Treatment;
  readonly doses: readonly number[];
}

const SERIES: readonly Series[] = [
  { name: 'blurred, sigma in pixels', treatment: blur, doses: [1, 1.5, 2, 3, 4] },
  { name: 'times smaller', treatment: shrink, doses: [2, 3, 4, 5, 6] },
  { name: 'darkened to', treatment: expose, doses: [0.6, 0.4, 0.3, 0.2, 0.15] },
  { name: 'overexposed by', treatment: expose, doses: [1.4, 1.8, 2.2, 2.6, 3] },
  { name: 'JPEG quality', treatment: compress, doses: [50, 20, 10, 7, 5] },
  { name: 'covered from below', treatment: cover, doses: [0.15, 0.3, 0.4, 0.5, 0.6] },
  { name: 'cut off at the border', treatment: cutOff, doses: [0.15, 0.3, 0.4, 0.5, 0.6] },
];

/** One dose over all photos in which the face was found. */
interface Level {
  readonly dose: number;
  readonly found: number;
  readonly quality: number;
  /** Mean cosine similarity to the untouched photo. */
  readonly similarity: number;
  readonly length: number;
}

/** A treated photo beside the untouched one. */
interface Treated {
  readonly quality: number;
  readonly similarity: number;
}

/**
 * Quality and similarity over ever worse copies of the photos.
 * @param photos untouched, by file name
 */
export async function qualityCurves(
  context: EvaluationContext,
  photos: ReadonlyMap<string, FacePhoto>,
  curve: QualityCurve,
): Promise<Report> {
  const names = sample([...photos.keys()], Math.min(context.limit, MOST_PHOTOS));
  const line = context.progress('photos spoiled', names.length);
  const results = await context.engine.map(
    names,
    (name) => spoil(context, name, photos.get(name)),
    () => line.tick(),
  );
  line.done();
  const untouched = names.flatMap((name) => photos.get(name) ?? []);
  const levels = SERIES.map(({ doses }, series) =>
    doses.map((dose, index) => {
      const found = results.flatMap((treated) => treated[series][index] ?? []);
      const quality = mean(found.map((one) => one.quality));
      return {
        dose,
        found: found.length / names.length,
        quality,
        similarity: mean(found.map(({ similarity }) => similarity)),
        length: mean(found.map((one) => lengthOf(one.quality, curve))),
      };
    }),
  );
  const treated = results.flat(2).filter((one) => one !== undefined);
  return report(mean(untouched.map(({ quality }) => quality)), levels, treated, names.length);
}

/** What becomes of one photo under every series and dose; `undefined` where the face is not found any more. */
async function spoil(
  context: EvaluationContext,
  name: string,
  photo: FacePhoto | undefined,
): Promise<(Treated | undefined)[][]> {
  const results: (Treated | undefined)[][] = [];
  for (const { treatment, doses } of SERIES) {
    const row: (Treated | undefined)[] = [];
    for (const dose of doses) {
      const path = join(context.folder, 'images', name);
      const worse = await photoOf(context, path, { treatment: treatment(dose), face: photo?.box });
      row.push(
        photo &&
          worse && {
            quality: worse.quality,
            similarity: cosineSimilarity(photo.embedding, worse.embedding),
          },
      );
    }
    results.push(row);
  }
  return results;
}

/** The embedding's length, back from the quality it gave. */
function lengthOf(quality: number, { middle, steepness }: QualityCurve): number {
  return middle + Math.log(quality / (1 - quality)) / steepness;
}

function report(
  untouched: number,
  levels: readonly (readonly Level[])[],
  treated: readonly Treated[],
  photos: number,
): Report {
  const means = levels.map((series) =>
    series.filter(({ found }) => found >= ENOUGH).map(({ quality }) => quality),
  );
  const falling = means.filter((values) => isFalling([untouched, ...values])).length;
  const curve = fit(levels.flat().filter(({ found }) => found >= ENOUGH));
  const correlation = rankCorrelation(
    treated.map(({ quality }) => quality),
    treated.map(({ similarity }) => similarity),
  );
  return {
    figures: {
      spoiledPhotos: treated.length,
      qualityUntouched: untouched,
      fallingSeries: falling / SERIES.length,
      rankCorrelationWithSimilarity: correlation,
      curveMiddle: curve.threshold,
      curveSteepness: curve.steepness,
    },
    tables: [
      {
        title: `${photos} photos made worse: quality (similarity to the untouched photo; faces found)`,
        head: ['treatment', 'doses', ...SERIES[0].doses.map((_, index) => `dose ${index + 1}`)],
        rows: levels.map((series, index) => [
          SERIES[index].name,
          SERIES[index].doses.join(' '),
          ...series.map(
            ({ quality, similarity, found }) =>
              `${quality.toFixed(2)} (${similarity.toFixed(2)}; ${percent(found, 0)})`,
          ),
        ]),
      },
    ],
    plots: [dosePlot(untouched, levels), similarityPlot(levels)],
    notes: [
      `Untouched, the photos have a mean quality of ${untouched.toFixed(2)}; means are over the faces that are still found. In ${falling} of ${SERIES.length} series every dose lowers it, as far as at least half of the faces are found.`,
      `Spearman’s rank correlation of quality with the similarity to the untouched photo, over ${treated.length} spoiled photos: ${correlation.toFixed(3)}.`,
      `The curve that fits the means of the doses best: middle ${curve.threshold.toFixed(2)}, steepness ${curve.steepness.toFixed(1)}.`,
    ],
  };
}

function isFalling(values: readonly number[]): boolean {
  return values.every((value, index) => index === 0 || value < values[index - 1]);
}

/** The logistic curve from length to similarity, every dose one observation of a hundred trials. */
function fit(levels: readonly Level[]): LogisticCurve {
  return fitLogistic(
    levels.flatMap(({ length, similarity }) =>
      Array.from({ length: 100 }, (_, trial) => ({ score: length, positive: trial < similarity * 100 })),
    ),
  );
}

function dosePlot(untouched: number, levels: readonly (readonly Level[])[]): Plot {
  const last = Math.max(...levels.map((series) => series.length));
  return {
    name: 'quality-doses',
    title: 'Quality over ever worse photos',
    svg: plotCurves(
      'Quality over ever worse photos',
      { label: 'dose (0: untouched)', from: 0, to: last },
      { label: 'mean quality', from: 0, to: 1 },
      levels.map((series, index) => ({
        label: SERIES[index].name,
        points: [[0, untouched] as const, ...series.map(({ quality }, dose) => [dose + 1, quality] as const)],
      })),
    ),
  };
}

function similarityPlot(levels: readonly (readonly Level[])[]): Plot {
  return {
    name: 'quality-similarity',
    title: 'Similarity to the untouched photo over quality',
    svg: plotCurves(
      'What quality says, and what recognition makes of the photos',
      { label: 'mean quality', from: 0, to: 1 },
      { label: 'mean similarity to the untouched photo', from: 0, to: 1 },
      [
        ...levels.map((series, index) => ({
          label: SERIES[index].name,
          points: series.map(({ quality, similarity }) => [quality, similarity] as const),
          style: 'dots' as const,
        })),
        {
          label: 'equal',
          points: [
            [0, 0],
            [1, 1],
          ],
          style: 'dashes' as const,
        },
      ],
    ),
  };
}
