/**
 * Whether the pose follows changes of a photo: mirroring negates yaw and roll, turning adds to roll. Needs no labels.
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Pose } from '../src/attributes/pose.js';
import { sample } from './data.js';
import type { EvaluationContext, Report } from './evaluation.js';
import { centralFace } from './lfw.evaluation.js';
import { mean, meanAbsolute, quantile } from './metrics.js';
import { plotCurves } from '../tools/plot.js';
import { mirror, treated, turn, type Treatment } from './treatments.js';

/** The angles of a pose, in the order of the report. */
export const ANGLES = ['yaw', 'pitch', 'roll'] as const;

const TURNS = [-60, -45, -30, -20, -10, 10, 20, 30, 45, 60] as const;
/** The slope of roll is fitted to turns up to this one, as in ordinary photos. */
const ORDINARY_TURN = 45;
/** More photos would not change the figures noticeably. */
const MAX_PHOTOS = 120;
const POSE_ONLY = { landmarks: false, embedding: false, attributes: ['pose'] } as const;

/** The poses of one photo's central face, before and after; `undefined` where no face was found. */
interface Poses {
  readonly upright: Pose;
  readonly mirrored?: Pose;
  readonly turned: ReadonlyMap<number, Pose>;
}

/** The pose of the face in the middle of a photo. */
export async function poseOf(
  { engine }: EvaluationContext,
  path: string,
  treatment?: Treatment,
): Promise<Pose | undefined> {
  const image = await engine.decode(await treated(path, treatment));
  const middle = { x: image.width / 2, y: image.height / 2 };
  return centralFace(await engine.analyze(image, POSE_ONLY), middle)?.attributes.pose ?? undefined;
}

/** Mirror and turn figures over a sample of unlabelled photos of upright people. */
export async function consistency(context: EvaluationContext, folder: string): Promise<Report> {
  const names = sample((await readdir(join(folder, 'images'))).sort(), Math.min(context.limit, MAX_PHOTOS));
  const line = context.progress('photos mirrored and turned', names.length);
  const poses = await context.engine.map(
    names,
    (name) => posesOf(context, join(folder, 'images', name)),
    () => line.tick(),
  );
  line.done();
  return report(
    poses.filter((item) => item !== undefined),
    context.engine.pack.models.pose?.calibration ?? { yaw: 0, roll: 0 },
  );
}

async function posesOf(context: EvaluationContext, path: string): Promise<Poses | undefined> {
  const upright = await poseOf(context, path);
  if (upright === undefined) return undefined;
  const turned = new Map<number, Pose>();
  for (const degrees of TURNS) {
    const pose = await poseOf(context, path, turn(degrees));
    if (pose !== undefined) turned.set(degrees, pose);
  }
  return { upright, mirrored: await poseOf(context, path, mirror), turned };
}

function report(poses: readonly Poses[], offsets: Pick<Pose, 'yaw' | 'roll'>): Report {
  const pairs = poses.flatMap(({ upright, mirrored }) =>
    mirrored === undefined ? [] : [{ upright, mirrored }],
  );
  const sums = (angle: 'yaw' | 'roll'): number[] =>
    pairs.map(({ upright, mirrored }) => upright[angle] + mirrored[angle]);
  const changes = TURNS.map((degrees) => ({ degrees, rolls: rollChanges(poses, degrees) }));
  const figures: Record<string, number> = {
    consistencyPhotos: poses.length,
    yawMirrorError: meanAbsolute(sums('yaw')),
    pitchMirrorError: meanAbsolute(pairs.map(({ upright, mirrored }) => upright.pitch - mirrored.pitch)),
    rollMirrorError: meanAbsolute(sums('roll')),
    // The sum of an angle and its mirrored one is twice the constant error. The median ignores the few photos in which
    // another face was found after mirroring.
    yawOffset: offsets.yaw - quantile(sums('yaw'), 0.5) / 2,
    rollOffset: offsets.roll - quantile(sums('roll'), 0.5) / 2,
    rollSlope: slope(changes.filter(({ degrees }) => Math.abs(degrees) <= ORDINARY_TURN)),
    pitchMean: mean(poses.map(({ upright }) => upright.pitch)),
  };
  for (const { degrees, rolls } of changes) {
    figures[`rollErrorTurned${degrees}`] = meanAbsolute(rolls.map((roll) => roll - degrees));
  }
  const degrees = (value: number): string => value.toFixed(1);
  return {
    figures,
    tables: [
      {
        title: `${pairs.length} mirrored photos: yaw and roll should change sign, pitch should stay the same; degrees`,
        head: ['angle', 'mean difference', 'offset that removes the bias', 'offset in the pack'],
        rows: ANGLES.map((angle) => [
          angle,
          degrees(figures[`${angle}MirrorError`]),
          ...(angle === 'pitch' ? ['', ''] : [degrees(figures[`${angle}Offset`]), String(offsets[angle])]),
        ]),
      },
      {
        title: `${poses.length} photos turned clockwise: roll should change by the same angle; degrees`,
        head: ['turned by', 'mean change of roll', 'mean absolute error', 'faces found'],
        rows: changes.map(({ degrees: by, rolls }) => [
          String(by),
          degrees(mean(rolls)),
          degrees(figures[`rollErrorTurned${by}`]),
          String(rolls.length),
        ]),
      },
    ],
    plots: [
      {
        name: 'pose-turned',
        title: 'Pose: change of roll over the turn of the photo',
        svg: plotCurves(
          'Pose: change of roll over the turn of the photo',
          { label: 'turned by, degrees', from: -75, to: 75 },
          { label: 'mean change of roll, degrees', from: -75, to: 75 },
          [
            {
              label: 'measured',
              points: changes.map(({ degrees: by, rolls }) => [by, mean(rolls)] as const),
            },
            {
              label: 'equal',
              points: [
                [-75, -75],
                [75, 75],
              ],
              style: 'dashes',
            },
          ],
        ),
      },
    ],
    notes: [
      `Roll follows turns of up to ${ORDINARY_TURN}° with a slope of ${figures.rollSlope.toFixed(3)}; beyond that, the landmarks that roll depends on fail.`,
      `The mean pitch of these photos is ${degrees(figures.pitchMean)}°. Most people look roughly straight ahead in photos, so a mean far from 0 would suggest a bias. This is a hint, not a label.`,
    ],
  };
}

/** The change of roll in each photo that was turned by `degrees`. */
function rollChanges(poses: readonly Poses[], degrees: number): number[] {
  return poses.flatMap(({ upright, turned }) => {
    const roll = turned.get(degrees)?.roll;
    return roll === undefined ? [] : [roll - upright.roll];
  });
}

/** Least-squares slope through the origin of the change of roll over the turn. */
function slope(changes: readonly { readonly degrees: number; readonly rolls: readonly number[] }[]): number {
  const points = changes.flatMap(({ degrees, rolls }) => rolls.map((roll) => [degrees, roll] as const));
  const sum = (product: (x: number, y: number) => number): number =>
    points.reduce((total, [x, y]) => total + product(x, y), 0);
  return sum((x, y) => x * y) / sum((x) => x * x);
}
