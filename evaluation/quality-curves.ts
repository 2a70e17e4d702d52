/** Whether quality falls as a photo gets worse, together with the similarity to the untouched photo. */
import type { QualityCurve } from '../src/packs/recognition-model.js';
import { fitLogistic, type LogisticCurve } from './calibration.js';
import { sample } from './data.js';
import { type EvaluationContext, percent, type Plot, type Report } from './evaluation.js';
import type { FacePhoto } from './face-photo.js';
import { mean, rankCorrelation } from './metrics.js';
import { plotCurves } from '../tools/plot.js';
import { type Level, levelsOf, SERIES, spoilAll, type Treated } from './quality-levels.js';

/** More photos would not change the means noticeably. */
const MAX_PHOTOS = 100;
/** Share of the photos in which the face must still be found, so that a mean represents all of them. */
const ENOUGH = 0.5;

/**
 * Quality and similarity on increasingly degraded copies of the photos.
 * @param photos untouched, by file name
 */
export async function qualityCurves(
  context: EvaluationContext,
  photos: ReadonlyMap<string, FacePhoto>,
  curve: QualityCurve,
): Promise<Report> {
  const some = new Map(sample([...photos], Math.min(context.limit, MAX_PHOTOS)));
  const results = await spoilAll(context, some);
  const untouched = mean([...some.values()].map(({ quality }) => quality));
  const treated = results.flat(2).filter((one) => one !== undefined);
  return report(untouched, levelsOf(results, curve), treated, some.size);
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
        title: `${photos} degraded photos: quality (similarity to the original photo; faces found)`,
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
      `The original photos have a mean quality of ${untouched.toFixed(2)}. Means cover the faces that are still found. In ${falling} of ${SERIES.length} series every dose lowers the quality, as long as at least half of the faces are found.`,
      `Spearman’s rank correlation of quality with the similarity to the original photo, over ${treated.length} treated photos: ${correlation.toFixed(3)}.`,
      `The curve that best fits the means of the doses has middle ${curve.threshold.toFixed(2)} and steepness ${curve.steepness.toFixed(1)}.`,
    ],
  };
}

function isFalling(values: readonly number[]): boolean {
  return values.every((value, index) => index === 0 || value < values[index - 1]);
}

/** The logistic curve from norm to similarity; every dose counts as one observation of a hundred trials. */
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
    title: 'Quality by degree of degradation',
    svg: plotCurves(
      'Quality by degree of degradation',
      { label: 'dose (0: original)', from: 0, to: last },
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
    title: 'Similarity to the original photo by quality',
    svg: plotCurves(
      'Similarity to the original photo by quality',
      { label: 'mean quality', from: 0, to: 1 },
      { label: 'mean similarity to the original photo', from: 0, to: 1 },
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
