/**
 * Liveness: three labelled photos, and the share of photographs of living people that would be rejected. There is no
 * set of attacks here, so there is no ROC either.
 */
import { join } from 'node:path';
import { isPresent, readCsv, type Row, sample } from './data.js';
import { type Evaluation, type EvaluationContext, percent, type Plot } from './evaluation.js';
import { plotCurves } from '../tools/plot.js';
import type { Table } from '../tools/table.js';
import { compress, shrink, tighten, treated, type Treatment } from './treatments.js';

const THRESHOLDS = [0.1, 0.5, 0.9] as const;
const EVEN_ODDS = 0.5;
/** Photos of one group: enough to measure a share within two or three hundredths. */
const MAX_PHOTOS = 400;
/** Photos that go through every treatment. */
const FEW_PHOTOS = 100;
const ASKED = { landmarks: false, embedding: false, attributes: ['liveness'] } as const;

/** What happens to photos on their way to a service. */
interface NamedTreatment {
  readonly name: string;
  readonly treatment: Treatment;
}

const ORIGINAL: NamedTreatment = { name: 'original', treatment: (photo) => photo };
const TREATMENTS: readonly NamedTreatment[] = [
  ORIGINAL,
  { name: 'JPEG quality 50', treatment: compress(50) },
  { name: 'JPEG quality 20', treatment: compress(20) },
  { name: 'half the size', treatment: shrink(2) },
  { name: 'cropped to face + 40 %', treatment: tighten(0.4) },
  { name: 'cropped to face + 20 %', treatment: tighten(0.2) },
  { name: 'cropped to the face', treatment: tighten(0) },
];

/** Photographs of living people. */
interface Group {
  readonly key: string;
  readonly name: string;
  readonly paths: readonly string[];
}

/** The liveness of each photo's largest face, where one was found. */
interface ScoredGroup extends Group {
  readonly scores: readonly number[];
}

/** The share of living people who pass, and three photos with labels. */
export const liveness: Evaluation = {
  name: 'liveness',
  title: 'Liveness: three labelled photos, and photographs of living people',
  async run(context) {
    const labels = await readCsv(join(context.folder, 'labels.csv'));
    const paths = labels.map(({ image }) => join(context.folder, 'images', image));
    const labelled = await scoresOf(context, 'labelled photos', paths, TREATMENTS);
    const groups: ScoredGroup[] = [];
    for (const group of await groupsBeside(context)) {
      const rows = await scoresOf(context, group.name, group.paths, [ORIGINAL]);
      groups.push({ ...group, scores: rows.flat().filter((score) => !Number.isNaN(score)) });
    }
    const few = sample(groups[0]?.paths ?? [], FEW_PHOTOS);
    const spoiled = await scoresOf(context, 'photos treated', few, TREATMENTS);
    const right = labels.filter(({ live }, index) => labelled[index][0] > EVEN_ODDS === (live === '1'));
    return {
      figures: {
        labelledPhotos: labels.length,
        labelledRight: right.length,
        ...Object.fromEntries(
          groups.flatMap(({ key, scores }) =>
            THRESHOLDS.map((threshold) => [`${key}Above${threshold}`, shareAbove(scores, threshold)]),
          ),
        ),
      },
      tables: [
        labelledTable(labels, labelled),
        ...(groups.length === 0 ? [] : [passTable(groups), treatmentTable(spoiled)]),
      ],
      plots: groups.length === 0 ? [] : [passPlot(groups)],
      notes: [
        'It is not known how many attacks pass. Two photos of pictures are not a measurement, and there is no set of attacks here (prints, screens, replayed video, masks of paper or silicone). So there is no ROC curve and no threshold with a known error rate.',
        'A face that does not pass was mistaken for a picture of a face, although the photo shows a living person. Most of the photos are press photographs, scanned and compressed long after they were taken; the model was not made for these. Photos straight from a camera may do better; this was not measured.',
      ],
    };
  },
};

/** The photographs of the other data sets beside this one that exist. */
async function groupsBeside({ folder, limit }: EvaluationContext): Promise<Group[]> {
  const beside = async (set: string, file: string): Promise<Row[]> => {
    const path = join(folder, '..', set, file);
    return isPresent(path) ? readCsv(path) : [];
  };
  const masks = await beside('mask', 'labels.csv');
  const sets = [
    {
      key: 'lfw',
      name: 'LFW',
      set: 'lfw',
      images: (await beside('lfw', 'pairs.csv')).map((row) => row.image1),
    },
    { key: 'masked', name: 'people with a mask', set: 'mask', images: imagesOf(masks, '1') },
    { key: 'unmasked', name: 'people without a mask, same set', set: 'mask', images: imagesOf(masks, '0') },
    {
      key: 'chips',
      name: 'tight chips (UTKFace)',
      set: 'attributes',
      images: (await beside('attributes', 'labels.csv')).map((row) => row.image),
    },
  ];
  return sets
    .filter(({ images }) => images.length > 0)
    .map(({ key, name, set, images }) => ({
      key,
      name,
      paths: sample([...new Set(images)].sort(), Math.min(limit, MAX_PHOTOS)).map((image) =>
        join(folder, '..', set, 'images', image),
      ),
    }));
}

function imagesOf(masks: readonly Row[], label: string): string[] {
  return masks.flatMap(({ image, mask }) => (mask === label ? [image] : []));
}

/** The score of each photo's largest face after each treatment; NaN where no face was found. */
async function scoresOf(
  { engine, progress }: EvaluationContext,
  label: string,
  paths: readonly string[],
  treatments: readonly NamedTreatment[],
): Promise<number[][]> {
  const line = progress(label, paths.length);
  const scores = await engine.map(
    paths,
    async (path) => {
      const [face] = await engine.analyze(await treated(path), ASKED);
      const row: number[] = [];
      for (const { treatment } of treatments) {
        const [after] =
          treatment === ORIGINAL.treatment
            ? [face]
            : await engine.analyze(await treated(path, treatment, face?.box), ASKED);
        row.push(after?.attributes.liveness ?? NaN);
      }
      return row;
    },
    () => line.tick(),
  );
  line.done();
  return scores;
}

function shareAbove(scores: readonly number[], threshold: number): number {
  return scores.filter((score) => score > threshold).length / scores.length;
}

function labelledTable(labels: readonly Row[], scores: readonly (readonly number[])[]): Table {
  return {
    title: 'Labelled photos: liveness after each treatment',
    head: ['photo', 'label', ...TREATMENTS.map(({ name }) => name)],
    rows: labels.map(({ image, live }, index) => [
      image,
      live === '1' ? 'live' : 'picture',
      ...scores[index].map((score) => (Number.isNaN(score) ? 'no face' : score.toFixed(3))),
    ]),
  };
}

function passTable(groups: readonly ScoredGroup[]): Table {
  return {
    title: 'Photographs of living people: share that passes',
    head: ['photographs', 'faces', ...THRESHOLDS.map((threshold) => `above ${threshold}`)],
    rows: groups.map(({ name, scores }) => [
      name,
      String(scores.length),
      ...THRESHOLDS.map((threshold) => percent(shareAbove(scores, threshold), 1)),
    ]),
  };
}

function treatmentTable(rows: readonly (readonly number[])[]): Table {
  return {
    title: `${rows.length} photographs of living people, treated: share that passes`,
    head: ['treatment', 'faces', ...THRESHOLDS.map((threshold) => `above ${threshold}`)],
    rows: TREATMENTS.map(({ name }, index) => {
      const scores = rows.map((row) => row[index]).filter((score) => !Number.isNaN(score));
      return [
        name,
        String(scores.length),
        ...THRESHOLDS.map((threshold) => percent(shareAbove(scores, threshold), 1)),
      ];
    }),
  };
}

function passPlot(groups: readonly ScoredGroup[]): Plot {
  const thresholds = Array.from({ length: 101 }, (_, index) => index / 100);
  return {
    name: 'liveness-pass',
    title: 'Living people who pass, by threshold',
    svg: plotCurves(
      'Living people who pass, by threshold',
      { label: 'threshold', from: 0, to: 1 },
      { label: 'share above the threshold', from: 0, to: 1 },
      groups.map(({ name, scores }) => ({
        label: name,
        points: thresholds.map((threshold) => [threshold, shareAbove(scores, threshold)] as const),
      })),
    ),
  };
}
