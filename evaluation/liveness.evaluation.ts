/**
 * Liveness: attacks and photographs of living people, how well they are told apart, and the calibration that balances
 * the two kinds of error.
 */
import { basename, join } from 'node:path';
import type { PlattScaling } from '../src/packs/liveness-model.js';
import { isPresent, readCsv, type Row, sample } from './data.js';
import { type Evaluation, type EvaluationContext, percent, type Plot } from './evaluation.js';
import { calibrated, errorRates, fitPlatt, type ScoredSet, uncalibrated } from './liveness-calibration.js';
import { areaUnderRoc, operatingPoints, type Scored } from './metrics.js';
import { plotCurves } from '../tools/plot.js';
import { isForCalibration } from './split.js';
import type { Table } from '../tools/table.js';
import { compress, shrink, tighten, treated, type Treatment } from './treatments.js';

const THRESHOLDS = [0.1, 0.5, 0.9] as const;
const EVEN_ODDS = 0.5;
/** Photos of one set: enough to measure a share within two or three hundredths. */
const MAX_PHOTOS = 400;
/** Photos that go through every treatment. */
const FEW_PHOTOS = 100;
/** Probabilities that a double cannot tell from 0 or 1 are this far from them. */
const SMALLEST = 1e-15;
const UNCALIBRATED: PlattScaling = { scale: 1, bias: 0 };
const ASKED = { landmarks: false, embedding: false, attributes: ['liveness'] } as const;

/** What the labelled photos of attacks show; seen by eye, the labels do not say it. */
const ATTACKS: Readonly<Record<string, string>> = { 'image_F1.jpg': 'print', 'image_F2.jpg': 'phone screen' };

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

/** Photos of attacks, or of living people. */
interface PhotoSet {
  readonly key: string;
  readonly name: string;
  readonly isLive: boolean;
  readonly paths: readonly string[];
}

/** The photos of a set in which a face was found, by name, and the service's answer for the largest face, 0…1. */
interface ScoredPhotoSet extends PhotoSet {
  readonly names: readonly string[];
  readonly scores: readonly number[];
}

/** How well attacks are refused, and living people accepted. */
export const liveness: Evaluation = {
  name: 'liveness',
  title: 'Liveness: attacks, and photographs of living people',
  async run(context) {
    const labels = await readCsv(join(context.folder, 'labels.csv'));
    const paths = labels.map(({ image }) => join(context.folder, 'images', image));
    const labelled = await scoresOf(context, 'labelled photos', paths, TREATMENTS);
    const right = labels.filter(({ live }, index) => labelled[index][0] > EVEN_ODDS === (live === '1'));
    const sets: ScoredPhotoSet[] = [];
    for (const set of await setsBeside(context)) sets.push(await scored(context, set));
    const photographs = sets.find(({ key }) => key === 'lfw')?.paths ?? [];
    const spoiled = await scoresOf(context, 'photos treated', sample(photographs, FEW_PHOTOS), TREATMENTS);
    const hasBoth = sets.some(({ isLive }) => isLive) && sets.some(({ isLive }) => !isLive);
    const balance = hasBoth ? balanceOf(sets, context.engine.pack.models.liveness?.calibration) : undefined;
    return {
      figures: {
        labelledPhotos: labels.length,
        labelledRight: right.length,
        ...Object.fromEntries(
          sets.flatMap(({ key, scores }) =>
            THRESHOLDS.map((threshold) => [`${key}Above${threshold}`, shareAbove(scores, threshold)]),
          ),
        ),
        ...balance?.figures,
      },
      tables: [
        labelledTable(labels, labelled),
        ...(sets.length === 0 ? [] : [passTable(sets)]),
        ...(hasBoth ? [areaTable(sets)] : []),
        ...(balance?.tables ?? []),
        ...(spoiled.length === 0 ? [] : [treatmentTable(spoiled)]),
      ],
      plots: [
        ...(hasBoth ? [rocPlot(sets), errorPlot(sets)] : []),
        ...(sets.length === 0 ? [] : [passPlot(sets)]),
      ],
      notes: [
        'The attacks of NUAA and CelebA-Spoof are prints: sheets of paper before a camera, five of them cut out and worn. The only screen at hand is the phone among the labelled photos, so **nothing here says how many screens pass**. Its answer, in the first table, is far closer to the threshold than that of the print beside it: screens are the weak spot. Replayed video and masks of silicone are missing too.',
        'NUAA shows few people in several sessions, so its photos are not independent. Whether the model’s makers trained on CelebA-Spoof is not known; if they did, its figures are too good.',
        'Most photographs of living people are press and web photographs, scanned and compressed long after they were taken; the model was not made for these. The live photos of NUAA and CelebA-Spoof come straight from cameras. A photo without a found face is in no figure.',
        'The calibration is Platt scaling: scale · x + bias, where x are the model’s log odds. Its bias puts 0.5 where the errors are equal on one half of each set, chosen by a hash of the file name; its scale has the highest likelihood there. The errors are those of the other half. Every set counts the same, and so do attacks and living people: where one in a thousand is an attack, 0.5 does not mean even odds.',
      ],
    };
  },
};

/** The sets beside this one that exist. */
async function setsBeside({ folder, limit }: EvaluationContext): Promise<PhotoSet[]> {
  const beside = async (set: string, file: string): Promise<Row[]> => {
    const path = join(folder, '..', set, file);
    return isPresent(path) ? readCsv(path) : [];
  };
  const attacks = await beside('liveness-attacks', 'labels.csv');
  const masks = await beside('mask', 'labels.csv');
  const ofAttacks = (set: string, live: string): string[] =>
    imagesOf(attacks.filter((row) => row.set === set && row.live === live));
  const sets = [
    {
      key: 'nuaaSpoof',
      name: 'NUAA, prints',
      isLive: false,
      folder: 'liveness-attacks',
      images: ofAttacks('nuaa', '0'),
    },
    {
      key: 'celebaSpoof',
      name: 'CelebA-Spoof, prints',
      isLive: false,
      folder: 'liveness-attacks',
      images: ofAttacks('celeba-spoof', '0'),
    },
    {
      key: 'nuaaLive',
      name: 'NUAA, live',
      isLive: true,
      folder: 'liveness-attacks',
      images: ofAttacks('nuaa', '1'),
    },
    {
      key: 'celebaLive',
      name: 'CelebA-Spoof, live',
      isLive: true,
      folder: 'liveness-attacks',
      images: ofAttacks('celeba-spoof', '1'),
    },
    {
      key: 'lfw',
      name: 'LFW',
      isLive: true,
      folder: 'lfw',
      images: (await beside('lfw', 'pairs.csv')).map((row) => row.image1),
    },
    {
      key: 'masked',
      name: 'people with a mask',
      isLive: true,
      folder: 'mask',
      images: imagesOf(masks.filter(({ mask }) => mask === '1')),
    },
    {
      key: 'unmasked',
      name: 'people without a mask, same set',
      isLive: true,
      folder: 'mask',
      images: imagesOf(masks.filter(({ mask }) => mask === '0')),
    },
    {
      key: 'chips',
      name: 'tight chips (UTKFace)',
      isLive: true,
      folder: 'attributes',
      images: imagesOf(await beside('attributes', 'labels.csv')),
    },
  ];
  return sets
    .filter(({ images }) => images.length > 0)
    .map(({ images, folder: set, ...facts }) => ({
      ...facts,
      paths: sample([...new Set(images)].sort(), Math.min(limit, MAX_PHOTOS)).map((image) =>
        join(folder, '..', set, 'images', image),
      ),
    }));
}

function imagesOf(rows: readonly Row[]): string[] {
  return rows.map(({ image }) => image);
}

async function scored(context: EvaluationContext, set: PhotoSet): Promise<ScoredPhotoSet> {
  const rows = await scoresOf(context, set.name, set.paths, [ORIGINAL]);
  const found = rows.flatMap(([score], index) => (Number.isNaN(score) ? [] : index));
  return {
    ...set,
    names: found.map((index) => basename(set.paths[index])),
    scores: found.map((index) => rows[index][0]),
  };
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
      // Photos that are only scored go in as they are.
      const photo = treatments.length === 1 ? path : await treated(path);
      const [face] = await engine.analyze(photo, ASKED);
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

/** The calibration that the sets ask for, and what it and the pack's are worth on photos it was not fitted on. */
function balanceOf(
  sets: readonly ScoredPhotoSet[],
  current: PlattScaling = UNCALIBRATED,
): { figures: Readonly<Record<string, number>>; tables: Table[] } {
  const [fitted, reported] = [true, false].map((isFitted) =>
    halfOf(sets, isFitted).map(({ isLive, scores }) => ({
      isLive,
      scores: scores.map((score) => uncalibrated(Math.min(1 - SMALLEST, Math.max(SMALLEST, score)), current)),
    })),
  );
  const fit = fitPlatt(fitted);
  const errorsOf = (calibration: PlattScaling, half = reported): ReturnType<typeof errorRates> =>
    errorRates(half, -calibration.bias / calibration.scale);
  const { apcer, bpcer } = errorsOf(current);
  const row = (name: string, calibration: PlattScaling): string[] => {
    const [fittedErrors, errors] = [errorsOf(calibration, fitted), errorsOf(calibration)];
    return [
      name,
      calibration.scale.toFixed(3),
      calibration.bias.toFixed(3),
      calibrated(-calibration.bias / calibration.scale, UNCALIBRATED).toFixed(4),
      percent(fittedErrors.apcer, 1),
      percent(fittedErrors.bpcer, 1),
      percent(errors.apcer, 1),
      percent(errors.bpcer, 1),
    ];
  };
  return {
    figures: { scale: fit.scale, bias: fit.bias, apcer, bpcer },
    tables: [
      {
        title: 'Calibration: share of attacks accepted (APCER) and of living people refused (BPCER) at 0.5',
        head: [
          'calibration',
          'scale',
          'bias',
          'uncalibrated probability at 0.5',
          'APCER, fitted half',
          'BPCER, fitted half',
          'APCER, other half',
          'BPCER, other half',
        ],
        rows: [row('none', UNCALIBRATED), row('best fit', fit), row('of the pack', current)],
      },
    ],
  };
}

/** The half of each set that the calibration is fitted on, or the other one. */
function halfOf(sets: readonly ScoredPhotoSet[], isFitted: boolean): ScoredSet[] {
  return sets.map(({ isLive, names, scores }) => ({
    isLive,
    scores: scores.filter((_, index) => isForCalibration(names[index]) === isFitted),
  }));
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
      live === '1' ? 'live' : (ATTACKS[image] ?? 'picture'),
      ...scores[index].map((score) => (Number.isNaN(score) ? 'no face' : score.toFixed(3))),
    ]),
  };
}

function passTable(sets: readonly ScoredPhotoSet[]): Table {
  return {
    title: 'Share that passes: of attacks it should be 0 %, of living people 100 %',
    head: ['set', 'photos', 'faces', ...THRESHOLDS.map((threshold) => `above ${threshold}`)],
    rows: sets.map(({ name, paths, scores }) => [
      name,
      String(paths.length),
      String(scores.length),
      ...THRESHOLDS.map((threshold) => percent(shareAbove(scores, threshold), 1)),
    ]),
  };
}

/** Each set of attacks against each set of living people. */
function areaTable(sets: readonly ScoredPhotoSet[]): Table {
  const attacks = sets.filter(({ isLive }) => !isLive);
  return {
    title: 'Area under the ROC curve',
    head: ['living people', ...attacks.map(({ name }) => `against ${name}`)],
    rows: sets
      .filter(({ isLive }) => isLive)
      .map((live) => [live.name, ...attacks.map((set) => areaUnderRoc(against([live], [set])).toFixed(4))]),
  };
}

function against(live: readonly ScoredPhotoSet[], attacks: readonly ScoredPhotoSet[]): Scored[] {
  return [...live, ...attacks].flatMap(({ isLive, scores }) =>
    scores.map((score) => ({ score, positive: isLive })),
  );
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

/** Each set of attacks against its own living people, and both against the photographs. */
function rocPlot(sets: readonly ScoredPhotoSet[]): Plot {
  const attacks = sets.filter(({ isLive }) => !isLive);
  const curves = sets
    .filter(({ isLive }) => isLive)
    .map((live) => {
      const own = attacks.filter(({ name }) => name.split(',')[0] === live.name.split(',')[0]);
      const points = operatingPoints(against([live], own.length > 0 ? own : attacks));
      return {
        label: own.length > 0 ? `${live.name} against its prints` : live.name,
        points: [
          [0, 0] as const,
          ...points.map((at) => [at.falsePositiveRate, at.truePositiveRate] as const),
        ],
      };
    });
  return {
    name: 'liveness-roc',
    title: 'Liveness: ROC',
    svg: plotCurves(
      'Living people who pass over attacks that pass',
      { label: 'attacks that pass', from: 0, to: 0.2 },
      { label: 'living people who pass', from: 0, to: 1 },
      curves,
    ),
  };
}

/** The two kinds of error over the threshold, on the half that no calibration was fitted on. */
function errorPlot(sets: readonly ScoredPhotoSet[]): Plot {
  const reported = halfOf(sets, false);
  const errors = thresholds().map((threshold) => ({ threshold, ...errorRates(reported, threshold) }));
  return {
    name: 'liveness-errors',
    title: 'Liveness: the two kinds of error over the threshold',
    svg: plotCurves(
      'Errors over the threshold',
      { label: 'threshold', from: 0, to: 1 },
      { label: 'share, mean over the sets', from: 0, to: 0.5 },
      [
        {
          label: 'attacks accepted (APCER)',
          points: errors.map(({ threshold, apcer }) => [threshold, apcer] as const),
        },
        {
          label: 'living people refused (BPCER)',
          points: errors.map(({ threshold, bpcer }) => [threshold, bpcer] as const),
        },
      ],
      'top',
    ),
  };
}

function passPlot(sets: readonly ScoredPhotoSet[]): Plot {
  return {
    name: 'liveness-pass',
    title: 'Liveness: photos that pass, by threshold',
    svg: plotCurves(
      'Photos that pass, by threshold',
      { label: 'threshold', from: 0, to: 1 },
      { label: 'share above the threshold', from: 0, to: 1 },
      sets.map(({ name, isLive, scores }) => ({
        label: name,
        points: thresholds().map((threshold) => [threshold, shareAbove(scores, threshold)] as const),
        style: isLive ? 'line' : 'dashes',
      })),
    ),
  };
}

function thresholds(): number[] {
  return Array.from({ length: 101 }, (_, index) => index / 100);
}
