/** Masks: the held-out photos of a public mask data set. */
import { join } from 'node:path';
import { calibrationError, reliability } from './calibration.js';
import { readCsv, sample } from './data.js';
import { type Evaluation, percent, type Plot } from './evaluation.js';
import { largest } from './labelled-faces.js';
import { accuracy, areaUnderRoc, confusionMatrix, operatingPoints, type Scored } from './metrics.js';
import { plotCurves, plotMatrix } from '../tools/plot.js';
import { isHeldOut } from './split.js';

const WANTED = { landmarks: false, embedding: false, attributes: ['mask'] } as const;
/** From this probability on a face counts as masked. */
const THRESHOLD = 0.5;

export const mask: Evaluation = {
  name: 'mask',
  title: 'Masks',
  async run({ engine, folder, limit, trainedOn, progress }) {
    const all = await readCsv(join(folder, 'labels.csv'));
    const rows = sample(
      all.filter(({ image }) => trainedOn || isHeldOut(image)),
      limit,
    );
    const line = progress('mask photos', rows.length);
    const scores = await engine.map(
      rows,
      async ({ image }) =>
        largest(await engine.analyze(join(folder, 'images', image), WANTED))?.attributes.mask,
      () => line.tick(),
    );
    line.done();
    const items = rows.map(({ mask: label }, index) => ({ positive: label === '1', score: scores[index] }));
    const found = items.filter((item): item is Scored => item.score != null);
    const missed = (positive: boolean): number =>
      items.filter((item) => item.positive === positive && item.score == null).length;
    const figures = {
      accuracy: accuracy(found, THRESHOLD),
      areaUnderRoc: areaUnderRoc(found),
      calibrationError: calibrationError(found),
      facesNotFoundMasked: missed(true),
      facesNotFoundBare: missed(false),
      photos: rows.length,
    };
    return {
      figures,
      tables: [
        {
          title: `${found.length} faces of ${rows.length} photos`,
          head: ['figure', 'value'],
          rows: [
            [`accuracy at ${THRESHOLD}`, percent(figures.accuracy)],
            ['area under the ROC curve', figures.areaUnderRoc.toFixed(5)],
            ['calibration error', percent(figures.calibrationError)],
            ['masked photos without a found face', String(figures.facesNotFoundMasked)],
            ['unmasked photos without a found face', String(figures.facesNotFoundBare)],
          ],
        },
      ],
      plots: plots(found),
      notes: [
        `${trainedOn ? 'All photos, those trained on included' : 'Photos held out from training (a fifth, by a hash of the file name)'}; the largest face of each photo counts. Many photos are cropped tightly to the face.`,
      ],
    };
  },
};

function plots(items: readonly Scored[]): Plot[] {
  const name = (isMasked: boolean): string => (isMasked ? 'mask' : 'no mask');
  const pairs = items.map(({ positive, score }) => ({
    actual: name(positive),
    predicted: name(score >= THRESHOLD),
  }));
  const classes = [name(false), name(true)];
  const roc = operatingPoints(items).map((at) => [at.falsePositiveRate, at.truePositiveRate] as const);
  return [
    {
      name: 'mask-confusion',
      title: 'Mask',
      svg: plotMatrix('Mask', classes, confusionMatrix(classes, pairs)),
    },
    {
      name: 'mask-roc',
      title: 'Mask: ROC',
      svg: plotCurves(
        'Masks found over false alarms',
        { label: 'unmasked faces classified as masked', from: 0, to: 0.1 },
        { label: 'masked faces classified as masked', from: 0.9, to: 1 },
        [{ label: 'mask', points: [[0, 0], ...roc] }],
      ),
    },
    {
      name: 'mask-reliability',
      title: 'Mask: reliability',
      svg: plotCurves(
        'Mask: reliability of the confidence',
        { label: 'confidence', from: 0, to: 1 },
        { label: 'share with a mask', from: 0, to: 1 },
        [
          {
            label: 'perfect',
            points: [
              [0, 0],
              [1, 1],
            ],
            style: 'dashes',
          },
          {
            label: 'measured',
            points: reliability(items).map(({ predicted, observed }) => [predicted, observed]),
            style: 'dots',
          },
        ],
      ),
    },
  ];
}
