/** The figures, tables and plots of the detection evaluation. */
import { type Box, iou } from '../src/vision/box.js';
import type { ScoredBox } from '../src/vision/nms.js';
import { ANGLES, HEIGHTS, type Observation, SETS, SHARES } from './detection-sets.js';
import { type EvaluationContext, percent, type Plot, type Report } from './evaluation.js';
import { type Agreement, centresAgree, type KnownFace, match } from './matching.js';
import { averagePrecision, mean, operatingPoints, type Scored } from './metrics.js';
import { plotCurves } from '../tools/plot.js';
import type { Table } from '../tools/table.js';

/** The measure of PASCAL VOC. */
const VOC_IOU = 0.5;
/** The judge's boxes differ a little from the detector's, most on heads seen from the side. */
const JUDGE_IOU = 0.4;
/** Lower bounds of the classes of height in the group photos, in pixels. */
const HEIGHT_CLASSES = [0, 40, 60, 90];

/** The counts of a set of pictures at the service's defaults. */
interface Outcome {
  readonly pictures: number;
  readonly asked: number;
  readonly found: number;
  readonly wrong: number;
}

/** The whole report on the observations. */
export function detectionReport(
  observations: readonly Observation[],
  { engine }: Pick<EvaluationContext, 'engine'>,
): Report {
  const of = (set: string): Observation[] => observations.filter((one) => one.set === set);
  const group = of(SETS.group);
  const voc = outcome(group, VOC_IOU);
  const centred = outcome(group, 1, centresAgree);
  const [lfw, mask, patterns] = [SETS.lfw, SETS.mask, SETS.patterns].map((set) =>
    outcome(of(set), JUDGE_IOU),
  );
  const central = of(SETS.lfw).map(({ known, found }) => centralFound(known, found));
  const judgedCentral = central.filter((one) => one !== undefined);
  const shown = [outcome(group, 1, centresAgree), lfw, mask, patterns];
  const made = (set: string): Outcome => outcome(of(set), 1, centresAgree);
  const low = scored(group, VOC_IOU);
  const lowCentred = scored(group, 1, centresAgree);
  const figures: Record<string, number> = {
    averagePrecision: averagePrecision(low, voc.asked),
    averagePrecisionByCentre: averagePrecision(lowCentred, voc.asked),
    precision: precision(voc),
    recall: recall(voc),
    precisionByCentre: precision(centred),
    recallByCentre: recall(centred),
    meanIou: mean(overlaps(group)),
    patternsFalsePerPicture: perPicture(patterns),
    ...(lfw.pictures > 0 && {
      lfwCentralRecall: mean(judgedCentral.map(Number)),
      lfwFalsePerPicture: perPicture(lfw),
      maskRecall: recall(mask),
      maskFalsePerPicture: perPicture(mask),
      falsePerPicture: sum(shown, ({ wrong }) => wrong) / sum(shown, ({ pictures }) => pictures),
      ...Object.fromEntries(
        ANGLES.map((degrees) => [`recallTurned${degrees}`, recall(made(SETS.turned(degrees)))]),
      ),
      ...Object.fromEntries(
        SHARES.map((share) => [`recallCloseUp${share * 100}`, recall(made(SETS.closeUp(share)))]),
      ),
      ...Object.fromEntries(
        HEIGHTS.map((height) => [`recallHeight${height}`, recall(made(SETS.shrunk(height)))]),
      ),
    }),
  };
  const threshold = engine.pack.models.detector.scoreThreshold;
  return {
    figures,
    tables: [
      groupTable(group, figures, threshold),
      setsTable([
        [SETS.group, centred],
        [SETS.lfw, lfw],
        [SETS.mask, mask],
        [SETS.patterns, patterns],
        ...[...ANGLES.map(SETS.turned), ...SHARES.map(SETS.closeUp), ...HEIGHTS.map(SETS.shrunk)].map(
          (set): [string, Outcome] => [set, made(set)],
        ),
      ]),
    ],
    plots: plots(low, lowCentred, voc.asked, figures),
    notes: notes(lfw.pictures > 0),
  };
}

/** Whether the face in the middle of an LFW photo was found; `undefined` where the judge finds none there. */
function centralFound(known: readonly KnownFace[], found: readonly ScoredBox[]): boolean | undefined {
  const face = known.find(({ box, certain }) => certain && covers(box, 125, 125));
  return face && found.some(({ box }) => iou(box, face.box) >= JUDGE_IOU);
}

function covers({ x1, y1, x2, y2 }: Box, x: number, y: number): boolean {
  return x1 < x && x2 > x && y1 < y && y2 > y;
}

function outcome(
  observations: readonly Observation[],
  minAgreement: number,
  agreement: Agreement = iou,
): Outcome {
  const verdicts = observations.flatMap(({ known, found }) => match(found, known, minAgreement, agreement));
  return {
    pictures: observations.length,
    asked: sum(observations, ({ known }) => known.filter(({ certain }) => certain).length),
    found: verdicts.filter(({ verdict }) => verdict === 'face').length,
    wrong: verdicts.filter(({ verdict }) => verdict === 'not').length,
  };
}

function scored(
  observations: readonly Observation[],
  minAgreement: number,
  agreement: Agreement = iou,
): Scored[] {
  return observations.flatMap(({ known, low = [] }) =>
    match(low, known, minAgreement, agreement).map(({ score, verdict }) => ({
      score,
      positive: verdict === 'face',
    })),
  );
}

/** Overlap with the label of each face that was found. */
function overlaps(observations: readonly Observation[]): number[] {
  return observations.flatMap(({ known, found }) =>
    match(found, known, 1, centresAgree).flatMap(({ box, known: index }) =>
      index === undefined ? [] : [iou(box, known[index].box)],
    ),
  );
}

function recall({ found, asked }: Outcome): number {
  return found / Math.max(1, asked);
}

function precision({ found, wrong }: Outcome): number {
  return found / Math.max(1, found + wrong);
}

function perPicture({ wrong, pictures }: Outcome): number {
  return wrong / Math.max(1, pictures);
}

function groupTable(
  group: readonly Observation[],
  figures: Record<string, number>,
  threshold: number,
): Table {
  const classes = HEIGHT_CLASSES.map((from, index) => {
    const to = HEIGHT_CLASSES[index + 1] ?? Infinity;
    const part = group.map((one): Observation => ({
      ...one,
      known: one.known.map(({ box }) => ({ box, certain: box.y2 - box.y1 >= from && box.y2 - box.y1 < to })),
    }));
    const [voc, centre] = [outcome(part, VOC_IOU), outcome(part, 1, centresAgree)];
    const label = to === Infinity ? `${from} pixels and more` : `${from} to ${to} pixels`;
    return [`recall, ${label} (${voc.asked})`, percent(recall(voc), 1), percent(recall(centre), 1)];
  });
  const row = (label: string, name: string): string[] => [
    label,
    percent(figures[name], 1),
    percent(figures[`${name}ByCentre`], 1),
  ];
  return {
    title: `${group.length} group photos with labelled boxes`,
    head: ['figure', `IoU ≥ ${VOC_IOU}`, 'by centre'],
    rows: [
      row('average precision', 'averagePrecision'),
      row(`precision at ${threshold}`, 'precision'),
      row(`recall at ${threshold}`, 'recall'),
      ...classes,
      ['mean IoU of found faces', figures.meanIou.toFixed(3), ''],
    ],
  };
}

function setsTable(sets: readonly (readonly [string, Outcome])[]): Table {
  return {
    title: 'All sets, at the defaults',
    head: ['set', 'pictures', 'faces', 'recall', 'false positives', 'per picture'],
    rows: sets
      .filter(([, { pictures }]) => pictures > 0)
      .map(([set, one]) => [
        set,
        String(one.pictures),
        String(one.asked),
        one.asked === 0 ? '' : percent(recall(one), 1),
        String(one.wrong),
        perPicture(one).toFixed(4),
      ]),
  };
}

function plots(
  low: readonly Scored[],
  lowCentred: readonly Scored[],
  faces: number,
  figures: Record<string, number>,
): Plot[] {
  const curve = (items: readonly Scored[]): [number, number][] => {
    const found = items.filter(({ positive }) => positive).length;
    return operatingPoints(items).map((at) => [
      (at.truePositiveRate * found) / Math.max(1, faces),
      at.precision,
    ]);
  };
  const share = (label: string): { label: string; from: number; to: number } => ({ label, from: 0, to: 1 });
  const precisionRecall: Plot = {
    name: 'detection-precision-recall',
    title: 'Detection: precision over recall',
    svg: plotCurves('Group photos: precision over recall', share('recall'), share('precision'), [
      { label: `IoU ≥ ${VOC_IOU}`, points: curve(low) },
      { label: 'by centre', points: curve(lowCentred) },
    ]),
  };
  if (figures.lfwCentralRecall === undefined) return [precisionRecall];
  const bySize: Plot = {
    name: 'detection-recall-by-size',
    title: 'Detection: recall by size of the face',
    svg: plotCurves(
      'Recall by height of the face in a 640×480 picture',
      { label: 'pixels', from: 0, to: Math.max(...HEIGHTS) },
      share('recall'),
      [{ label: 'recall', points: HEIGHTS.map((height) => [height, figures[`recallHeight${height}`]]) }],
    ),
  };
  return [precisionRecall, bySize];
}

function notes(judged: boolean): string[] {
  return [
    'The labels of the group photos are squares around the features of the face; the detector’s boxes are upright rectangles from brow to chin. The mean IoU says how well they agree. “By centre” does not depend on this: each centre must lie in the inner half of the other box, and neither area may be more than four times the other.',
    judged
      ? 'In LFW and mask photos, a face counts if SCRFD-500M finds it with a score of at least 0.5; a box is a false positive only if SCRFD-500M finds nothing there with a score of at least 0.2. Turned heads, close-ups and small faces are made from the central faces of LFW photos and matched by centre.'
      : 'Without a judge (see --judge) only pictures with complete labels are measured.',
  ];
}

function sum<T>(items: readonly T[], value: (item: T) => number): number {
  return items.reduce((total, item) => total + value(item), 0);
}
