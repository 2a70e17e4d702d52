/** Head pose on labelled photos of AFLW2000-3D, and its consistency when photos of LFW are mirrored and turned. */
import { join } from 'node:path';
import type { Pose } from '../src/attributes/pose.js';
import { cosine } from '../src/attributes/pose.head.js';
import type { PoseOffsets } from '../src/packs/pose-model.js';
import { isPresent, readCsv } from './data.js';
import type { Evaluation, Plot, Report } from './evaluation.js';
import { mean, meanAbsolute } from './metrics.js';
import { plotCurves } from '../tools/plot.js';
import type { Table } from '../tools/table.js';
import { ANGLES, consistency, poseOf } from './pose-consistency.js';

const UNCALIBRATED: PoseOffsets = { roll: 0, yaw: 0, pitch: 0 };

/** A photo with the labelled pose and the service's answer, both with the API's signs. */
interface LabelledPose {
  readonly image: string;
  readonly label: Pose;
  readonly answer: Pose;
}

/** Errors of the three angles in degrees, and the figures for the calibration. */
export const pose: Evaluation = {
  name: 'pose',
  title: 'Head pose on AFLW2000-3D and its consistency on Labeled Faces in the Wild',
  async run(context) {
    const { engine, folder, progress } = context;
    const rows = await readCsv(join(folder, 'poses.csv'));
    const line = progress('labelled photos', rows.length);
    const answers = await engine.map(
      rows,
      async ({ image, pitch_deg, yaw_deg, roll_deg }): Promise<LabelledPose | undefined> => {
        const answer = await poseOf(context, join(folder, 'images', image));
        // The labels' yaw is positive to the image's left.
        const label = { pitch: Number(pitch_deg), yaw: -Number(yaw_deg), roll: Number(roll_deg) };
        return answer && { image, label, answer };
      },
      () => line.tick(),
    );
    line.done();
    const found = answers.filter((item) => item !== undefined);
    const photos = join(folder, '..', 'lfw');
    const parts = [
      labelledReport(found, rows.length, engine.pack.models.pose?.calibration ?? UNCALIBRATED),
      ...(isPresent(photos) ? [await consistency(context, photos)] : []),
    ];
    return {
      figures: Object.assign({}, ...parts.map(({ figures }) => figures)) as Report['figures'],
      tables: parts.flatMap(({ tables }) => tables),
      plots: parts.flatMap(({ plots }) => plots),
      notes: parts.flatMap(({ notes }) => notes),
    };
  },
};

function labelledReport(photos: readonly LabelledPose[], total: number, offsets: PoseOffsets): Report {
  const errors = (angle: keyof Pose, calibrated: boolean): number[] =>
    photos.map(({ label, answer }) => {
      const pose = calibrated ? answer : uncalibrated(answer, offsets);
      return pose[angle] - label[angle];
    });
  const left = leaveOneOut(photos, errors('pitch', false));
  const figures: Record<string, number> = { photos: photos.length, facesNotFound: total - photos.length };
  for (const angle of ANGLES) {
    figures[`${angle}Error`] = meanAbsolute(errors(angle, true));
    figures[`${angle}ErrorUncalibrated`] = meanAbsolute(errors(angle, false));
    figures[`${angle}Bias`] = mean(errors(angle, true));
  }
  figures.pitchErrorLeaveOneOut = meanAbsolute(left.errors);
  figures.pitchOffset = left.offset;
  const degrees = (value: number): string => value.toFixed(1);
  const table: Table = {
    title: `${photos.length} labelled photos: mean absolute error in degrees`,
    head: [
      'angle',
      'uncalibrated',
      'calibrated',
      'remaining bias',
      'leave-one-photo-out',
      'offset in the pack',
    ],
    rows: ANGLES.map((angle) => [
      angle,
      ...[`${angle}ErrorUncalibrated`, `${angle}Error`, `${angle}Bias`].map((name) => degrees(figures[name])),
      angle === 'pitch' ? degrees(figures.pitchErrorLeaveOneOut) : '',
      String(offsets[angle]),
    ]),
  };
  const perPhoto: Table = {
    title: 'Answer (label) in degrees, for each photo',
    head: ['photo', ...ANGLES],
    rows: photos.map(({ image, label, answer }) => [
      image,
      ...ANGLES.map((angle) => `${degrees(answer[angle])} (${degrees(label[angle])})`),
    ]),
  };
  return {
    figures,
    tables: [table, perPhoto],
    plots: [scatter(photos)],
    notes: [
      `The offset of pitch is multiplied by the cosine of yaw; ${degrees(left.offset)}° fits these photos best. Leave-one-photo-out fits it to the other photos each time. The offsets of yaw and roll come from mirrored photos, not from these labels.`,
      `${photos.length} photos are few: the error of a single photo shifts a mean by more than a degree.`,
    ],
  };
}

/** The model's own angles: the inverse of `calibrate`. */
function uncalibrated({ roll, yaw, pitch }: Pose, offsets: PoseOffsets): Pose {
  return {
    roll: roll - offsets.roll,
    yaw: yaw - offsets.yaw,
    pitch: pitch - offsets.pitch * cosine(yaw),
  };
}

/**
 * The offset of pitch that fits best (least squares, see `calibrate`), and the errors with the offset of the other
 * photos.
 */
function leaveOneOut(
  photos: readonly LabelledPose[],
  errors: readonly number[],
): { offset: number; errors: number[] } {
  const weights = photos.map(({ answer }) => cosine(answer.yaw));
  const offsetWithout = (left?: number): number => {
    const others = errors.map((error, index) => (index === left ? [0, 0] : [error, weights[index]]));
    return (
      -mean(others.map(([error, weight]) => error * weight)) / mean(others.map(([, weight]) => weight ** 2))
    );
  };
  return {
    offset: offsetWithout(),
    errors: errors.map((error, index) => error + offsetWithout(index) * weights[index]),
  };
}

function scatter(photos: readonly LabelledPose[]): Plot {
  const axis = (label: string): { label: string; from: number; to: number } => ({ label, from: -90, to: 90 });
  const diagonal = [
    [-90, -90],
    [90, 90],
  ] as const;
  return {
    name: 'pose-labelled',
    title: 'Pose: answer over label',
    svg: plotCurves('Pose: answer over label', axis('label, degrees'), axis('answer, degrees'), [
      ...ANGLES.map((angle) => ({
        label: angle,
        points: photos.map(({ label, answer }) => [label[angle], answer[angle]] as const),
        style: 'dots' as const,
      })),
      { label: 'equal', points: diagonal, style: 'dashes' },
    ]),
  };
}
