/** Verification, whether two photos show one person, on Labeled Faces in the Wild: 3,000 pairs in 5 folds. */
import { join } from 'node:path';
import type { AnalysedFace } from '../src/worker/protocol.js';
import { cosineSimilarity, similarityToConfidence } from '../src/recognition/similarity.js';
import type { Point } from '../src/vision/affine.js';
import { calibrationError, fitLogistic, reliability } from './calibration.js';
import { readCsv, sample } from './data.js';
import { type Evaluation, type EvaluationContext, percent, type Report } from './evaluation.js';
import {
  areaUnderRoc,
  atFalsePositiveRate,
  bestThreshold,
  crossValidate,
  mean,
  operatingPoints,
  type Scored,
  standardDeviation,
} from './metrics.js';
import { plotCurves } from '../tools/plot.js';

/** The photos are 250×250 with the person in the middle. */
const CENTRE: Point = { x: 125, y: 125 };
/** The score of a pair with a photo without a found face: certainly not a match. */
const NO_FACE = -1;
const EMBEDDING = { landmarks: false, embedding: true, attributes: [] } as const;

/** A pair of photos with its similarity. */
export interface ScoredPair extends Scored {
  readonly fold: string;
}

/** Cross-validated verification accuracy. */
export const lfw: Evaluation = {
  name: 'lfw',
  title: 'Verification on Labeled Faces in the Wild',
  async run(context) {
    const pairs = sample(await readCsv(join(context.folder, 'pairs.csv')), context.limit);
    const names = [...new Set(pairs.flatMap(({ image1, image2 }) => [image1, image2]))];
    const { embeddings, perSecond } = await embedAll(context, names);
    const scored = pairs.map(({ image1, image2, same, fold }): ScoredPair => {
      const [a, b] = [embeddings.get(image1), embeddings.get(image2)];
      const score = a === undefined || b === undefined ? NO_FACE : cosineSimilarity(a, b);
      return { score, positive: same === '1', fold };
    });
    return report(scored, names.length, names.length - embeddings.size, perSecond, context);
  },
};

/** The face closest to the middle of the picture: the person that an LFW photo is named after. */
export function centralFace(
  faces: readonly AnalysedFace[],
  middle: Point = CENTRE,
): AnalysedFace | undefined {
  const distance = ({ box }: AnalysedFace): number =>
    Math.hypot((box.x1 + box.x2) / 2 - middle.x, (box.y1 + box.y2) / 2 - middle.y);
  return [...faces].sort((a, b) => distance(a) - distance(b))[0];
}

/** The embedding of each photo's central face, where one was found. */
export async function embedAll(
  { engine, folder, progress }: Pick<EvaluationContext, 'engine' | 'folder' | 'progress'>,
  names: readonly string[],
): Promise<{ embeddings: Map<string, Float32Array>; perSecond: number }> {
  const embeddings = new Map<string, Float32Array>();
  const line = progress('LFW photos', names.length);
  await engine.map(
    names,
    async (name) => {
      const face = centralFace(await engine.analyze(join(folder, 'images', name), EMBEDDING));
      if (face?.embedding !== undefined) embeddings.set(name, face.embedding);
    },
    () => line.tick(),
  );
  return { embeddings, perSecond: line.done() };
}

function report(
  pairs: readonly ScoredPair[],
  photos: number,
  notFound: number,
  perSecond: number,
  { engine }: EvaluationContext,
): Report {
  const folds = crossValidate(pairs);
  const [percentPoint, permillePoint] = [0.01, 0.001].map((rate) => atFalsePositiveRate(pairs, rate));
  const curve = fitLogistic(pairs.filter(({ score }) => score !== NO_FACE));
  const { confidence, threshold } = engine.pack.models.recognition.match;
  const confidences = pairs.map(({ score, positive }) => ({
    score: similarityToConfidence(score, confidence),
    positive,
  }));
  const falseMatches = pairs.filter(({ score, positive }) => !positive && score >= threshold).length;
  const figures = {
    accuracy: mean(folds),
    accuracyDeviation: standardDeviation(folds),
    bestThreshold: bestThreshold(pairs),
    areaUnderRoc: areaUnderRoc(pairs),
    tarAtFar1e2: percentPoint.truePositiveRate,
    thresholdAtFar1e2: percentPoint.threshold,
    tarAtFar1e3: permillePoint.truePositiveRate,
    thresholdAtFar1e3: permillePoint.threshold,
    falseMatchRateAtPackThreshold: falseMatches / pairs.filter(({ positive }) => !positive).length,
    confidenceThreshold: curve.threshold,
    confidenceSteepness: curve.steepness,
    calibrationError: calibrationError(confidences),
    facesNotFound: notFound,
    picturesPerSecond: perSecond,
  };
  return {
    figures,
    tables: [
      {
        title: `${pairs.length} pairs, ${photos} photos`,
        head: ['figure', 'value', 'at similarity'],
        rows: [
          [
            'accuracy, threshold from the other folds',
            `${percent(figures.accuracy)} ± ${percent(figures.accuracyDeviation)}`,
            figures.bestThreshold.toFixed(3),
          ],
          ['area under the ROC curve', figures.areaUnderRoc.toFixed(5), ''],
          [
            'true accepts at false accepts ≤ 1e-2',
            percent(figures.tarAtFar1e2),
            figures.thresholdAtFar1e2.toFixed(3),
          ],
          [
            'true accepts at false accepts ≤ 1e-3',
            percent(figures.tarAtFar1e3),
            figures.thresholdAtFar1e3.toFixed(3),
          ],
          [
            'false accepts at the pack’s threshold',
            percent(figures.falseMatchRateAtPackThreshold),
            String(threshold),
          ],
          ['calibration error of the confidence', percent(figures.calibrationError), ''],
          [
            'best-fitting confidence curve',
            `steepness ${curve.steepness.toFixed(1)}`,
            curve.threshold.toFixed(3),
          ],
          ['faces not found', String(notFound), ''],
          ['photos per second', perSecond.toFixed(1), ''],
        ],
      },
    ],
    plots: plots(pairs, confidences),
    notes: [
      'The face closest to the middle of each photo is compared. A pair counts as “not the same” if no face was found in one of its photos.',
      'The confidence curve is the logistic curve with the highest likelihood over the pairs. It is a probability under the assumption that half of all pairs show one person.',
    ],
  };
}

function plots(pairs: readonly ScoredPair[], confidences: readonly Scored[]): Report['plots'] {
  const share = { label: 'true accepts', from: 0.9, to: 1 };
  const rate = { label: 'false accepts', from: 0.0005, to: 1, logarithmic: true };
  const roc = operatingPoints(pairs).map((at) => [at.falsePositiveRate, at.truePositiveRate] as const);
  const bins = reliability(confidences).map(({ predicted, observed }) => [predicted, observed] as const);
  const probability = (label: string): { label: string; from: number; to: number } => ({
    label,
    from: 0,
    to: 1,
  });
  return [
    {
      name: 'lfw-roc',
      title: 'LFW: ROC',
      svg: plotCurves('LFW: true accepts over false accepts', rate, share, [
        { label: 'similarity', points: roc },
      ]),
    },
    {
      name: 'lfw-reliability',
      title: 'LFW: reliability of the confidence',
      svg: plotCurves(
        'LFW: reliability of the confidence',
        probability('confidence'),
        probability('share of one person’s pairs'),
        [
          {
            label: 'perfect',
            points: [
              [0, 0],
              [1, 1],
            ],
            style: 'dashes',
          },
          { label: 'measured', points: bins, style: 'dots' },
        ],
      ),
    },
  ];
}
