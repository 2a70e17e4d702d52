/**
 * Whether quality is useful: the error over the share of rejected photos, and quality on increasingly degraded photos.
 */
import { join } from 'node:path';
import { AppError } from '../src/errors.js';
import { cosineSimilarity } from '../src/recognition/similarity.js';
import { readCsv, sample } from './data.js';
import { type Evaluation, type EvaluationContext, percent, type Report } from './evaluation.js';
import { type FacePhoto, photoOf } from './face-photo.js';
import { atFalsePositiveRate, crossValidate, mean } from './metrics.js';
import { plotCurves } from '../tools/plot.js';
import { qualityCurves } from './quality-curves.js';
import { distribution, type QualityPair } from './quality-distribution.js';

const DROPPED = [0, 0.05, 0.1, 0.2, 0.3] as const;
const FALSE_MATCH_RATE = 0.001;

/** Error versus reject, dose curves, and the distribution of quality. */
export const quality: Evaluation = {
  name: 'quality',
  data: 'lfw',
  title: 'Quality on Labeled Faces in the Wild',
  async run(context) {
    const curve = context.engine.pack.models.recognition.quality;
    if (curve === undefined) {
      throw new AppError(
        'invalid_pack',
        'This pack gives no quality: start with "quality": {"middle": 1, "steepness": 1} and put in what this evaluation then finds.',
      );
    }
    const pairs = sample(await readCsv(join(context.folder, 'pairs.csv')), context.limit);
    const names = [...new Set(pairs.flatMap(({ image1, image2 }) => [image1, image2]))].sort();
    const photos = await analyzeAll(context, names);
    const scored = pairs.flatMap(({ image1, image2, same, fold }): QualityPair[] => {
      const [a, b] = [photos.get(image1), photos.get(image2)];
      if (a === undefined || b === undefined) return [];
      return [
        {
          score: cosineSimilarity(a.embedding, b.embedding),
          positive: same === '1',
          fold,
          quality: Math.min(a.quality, b.quality),
          yaw: Math.max(Math.abs(a.pose?.yaw ?? 0), Math.abs(b.pose?.yaw ?? 0)),
        },
      ];
    });
    const parts = [
      errorVersusReject(scored),
      distribution([...photos.values()], scored),
      await qualityCurves(context, photos, curve),
    ];
    return {
      figures: Object.assign({}, ...parts.map(({ figures }) => figures)) as Report['figures'],
      tables: parts.flatMap(({ tables }) => tables),
      plots: parts.flatMap(({ plots }) => plots),
      notes: parts.flatMap(({ notes }) => notes),
    };
  },
};

async function analyzeAll(
  context: EvaluationContext,
  names: readonly string[],
): Promise<Map<string, FacePhoto>> {
  const line = context.progress('LFW photos', names.length);
  const photos = await context.engine.map(
    names,
    (name) => photoOf(context, join(context.folder, 'images', name)),
    () => line.tick(),
  );
  line.done();
  return new Map(
    names.flatMap((name, index) => {
      const photo = photos[index];
      return photo === undefined ? [] : [[name, photo] as const];
    }),
  );
}

/** Verification error when the pairs of lowest quality are rejected. */
function errorVersusReject(pairs: readonly QualityPair[]): Report {
  const sorted = [...pairs].sort((a, b) => a.quality - b.quality);
  const rows = DROPPED.map((share) => {
    const kept = sorted.slice(Math.floor(share * sorted.length));
    const { truePositiveRate } = atFalsePositiveRate(kept, FALSE_MATCH_RATE);
    return {
      share,
      quality: kept[0]?.quality ?? NaN,
      error: 1 - mean(crossValidate(kept)),
      falseNonMatches: 1 - truePositiveRate,
    };
  });
  const figures = Object.fromEntries(
    rows.flatMap(({ share, error, falseNonMatches }) => [
      [`errorDropping${share * 100}Percent`, error],
      [`falseNonMatchesDropping${share * 100}Percent`, falseNonMatches],
    ]),
  );
  return {
    figures,
    tables: [
      {
        title: `${pairs.length} pairs: verification error without the pairs of lowest quality`,
        head: [
          'dropped',
          'lowest quality kept',
          'error, threshold from the other folds',
          'false non-matches at false matches ≤ 1e-3',
        ],
        rows: rows.map((row) => [
          percent(row.share, 0),
          row.quality.toFixed(3),
          percent(row.error),
          percent(row.falseNonMatches),
        ]),
      },
    ],
    plots: [
      {
        name: 'quality-reject',
        title: 'Error versus reject',
        svg: plotCurves(
          'Verification error without the pairs of lowest quality',
          { label: 'pairs dropped, %', from: 0, to: 30 },
          { label: '%', from: 0, to: Math.ceil(100 * Math.max(...rows.map((row) => row.falseNonMatches))) },
          [
            { label: 'error', points: rows.map((row) => [100 * row.share, 100 * row.error] as const) },
            {
              label: 'false non-matches',
              points: rows.map((row) => [100 * row.share, 100 * row.falseNonMatches] as const),
            },
          ],
        ),
      },
    ],
    notes: ['The quality of a pair is the lower one of its two photos.'],
  };
}
