/**
 * Faces at any angle: photos of LFW, turned, and turned and laid into an upright scene, against themselves upright. A
 * turn changes where things are, not who is shown, so the answers for the upright photo say what is right.
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { cosineSimilarity } from '../src/recognition/similarity.js';
import { apply, type Point, rotationAbout } from '../src/vision/affine.js';
import { wrapped } from '../src/vision/alignment.js';
import { area, centre } from '../src/vision/box.js';
import type { Image } from '../src/vision/image.js';
import type { AnalysedFace } from '../src/worker/protocol.js';
import { plotCurves } from '../tools/plot.js';
import { sample } from './data.js';
import { type Derived, enlarged, lying, turned } from './derived.js';
import { type Evaluation, type EvaluationContext, percent, type Report } from './evaluation.js';
import { centralFace } from './lfw.evaluation.js';
import { centresAgree } from './matching.js';
import { mean, quantile } from './metrics.js';

const ASKED = { landmarks: true, embedding: true, attributes: ['pose', 'gender'] } as const;
const TURNS = Array.from({ length: 12 }, (_, index) => wrapped(30 * index));
/** How people lie: on either side, a little less and a little more. */
const LYING = [-105, -90, -75, 75, 90, 105];
/** The longer side of the scene that a person lies in, in pixels. */
const SCENE = 750;
/** More photos would not change the figures noticeably. */
const MAX_PHOTOS = 240;

/** What the service says of a face that was turned, beside what it said of it upright. */
interface Comparison {
  readonly similarity: number;
  /** Degrees by which roll did not follow the turn. */
  readonly rollError: number;
  /** Whether the gender is the same. */
  readonly sameGender: boolean;
  /** Mean distance of the landmarks from the upright ones turned, as a share of the side of the face's box. */
  readonly landmarkError: number;
}

/** One way of turning and its comparisons: `undefined` where the face was not found. */
interface Row {
  readonly name: string;
  readonly degrees: number;
  readonly comparisons: readonly (Comparison | undefined)[];
}

/** Matches with itself, and the errors of what follows the turn, at every angle. */
export const turnedFaces: Evaluation = {
  name: 'turned',
  data: 'lfw',
  title: 'Faces at any angle',
  async run(context) {
    const { folder, limit, progress, engine } = context;
    const images = join(folder, 'images');
    const names = sample((await readdir(images)).sort(), Math.min(limit, MAX_PHOTOS));
    const line = progress('photos turned', names.length);
    const photos = await engine.map(
      [...names.entries()],
      async ([index, name]) => {
        // Another person, upright.
        const scene = await engine.decode(join(images, names[(index + 1) % names.length]));
        return compareAll(context, join(images, name), enlarged(scene, SCENE));
      },
      () => line.tick(),
    );
    line.done();
    const found = photos.filter((photo) => photo !== undefined);
    const rows = (degrees: readonly number[], kind: 'turned' | 'lying'): Row[] =>
      degrees.map((by, index) => ({
        name: `${kind}${by}`,
        degrees: by,
        comparisons: found.map((photo) => photo[kind][index]),
      }));
    return report(
      rows(TURNS, 'turned'),
      rows(LYING, 'lying'),
      found.length,
      engine.pack.models.recognition.match.threshold,
    );
  },
};

/** Every view of a photo compared with the photo; `undefined` where no face was found in the photo. */
async function compareAll(
  context: EvaluationContext,
  path: string,
  scene: Image,
): Promise<Record<'turned' | 'lying', (Comparison | undefined)[]> | undefined> {
  const { engine } = context;
  const image = await engine.decode(path);
  const upright = centralFace(await engine.analyze(image, ASKED));
  if (upright === undefined) return undefined;
  const photo = { image, face: upright.box };
  const compare = async (view: Derived, degrees: number): Promise<Comparison | undefined> => {
    const faces = await engine.analyze(view.image, ASKED);
    const face = faces.find(({ box }) => centresAgree(box, view.face) === 1);
    return face && comparison(upright, face, view, degrees);
  };
  return {
    turned: await inOrder(TURNS, (degrees) => compare(turned(photo, degrees), degrees)),
    lying: await inOrder(LYING, (degrees) => compare(lying(photo, degrees, scene), degrees)),
  };
}

async function inOrder<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (const item of items) results.push(await work(item));
  return results;
}

function comparison(upright: AnalysedFace, face: AnalysedFace, view: Derived, degrees: number): Comparison {
  const [from, to] = [centre(upright.box), centre(view.face)];
  const turn = rotationAbout(to, degrees);
  const expected = (upright.landmarks ?? []).map(({ x, y }) =>
    apply(turn, { x: x - from.x + to.x, y: y - from.y + to.y }),
  );
  const distances = (face.landmarks ?? []).map((point, index) => distance(point, expected[index]));
  return {
    similarity: cosineSimilarity(
      upright.embedding ?? new Float32Array(),
      face.embedding ?? new Float32Array(),
    ),
    rollError: wrapped(
      (face.attributes.pose?.roll ?? NaN) - (upright.attributes.pose?.roll ?? NaN) - degrees,
    ),
    sameGender: upright.attributes.gender?.label === face.attributes.gender?.label,
    landmarkError: mean(distances) / Math.sqrt(area(upright.box)),
  };
}

function distance(a: Point, b: Point): number {
  return Math.hypot(a.x - b.x, a.y - b.y);
}

function report(
  turnedRows: readonly Row[],
  lyingRows: readonly Row[],
  photos: number,
  threshold: number,
): Report {
  const figures: Record<string, number> = { photos };
  const row = ({ name, degrees, comparisons }: Row): string[] => {
    const found = comparisons.filter((one) => one !== undefined);
    const matches = found.filter(({ similarity }) => similarity >= threshold).length;
    const rolls = found.map(({ rollError }) => Math.abs(rollError));
    const values = {
      found: found.length / photos,
      matches: matches / photos,
      similarity: mean(found.map(({ similarity }) => similarity)),
      rollError: mean(rolls),
      rollError95: quantile(rolls, 0.95),
      sameGender: found.filter(({ sameGender }) => sameGender).length / found.length,
      landmarkError: quantile(
        found.map(({ landmarkError }) => landmarkError),
        0.5,
      ),
    };
    for (const [figure, value] of Object.entries(values)) figures[`${figure}:${name}`] = value;
    return [
      String(degrees),
      percent(values.found, 1),
      percent(values.matches, 1),
      values.similarity.toFixed(2),
      `${values.rollError.toFixed(1)}, ${values.rollError95.toFixed(1)}`,
      percent(values.sameGender, 1),
      percent(values.landmarkError, 1),
    ];
  };
  const head = [
    'turned by, degrees',
    'found',
    `similarity ≥ ${threshold}`,
    'mean similarity',
    'error of roll: mean, 95 %',
    'same gender',
    'median error of the landmarks',
  ];
  const tables = [
    { title: `${photos} photos turned about the face`, head, rows: turnedRows.map(row) },
    { title: `${photos} people lying in an upright scene`, head, rows: lyingRows.map(row) },
  ];
  const worst = (rows: readonly Row[]): number =>
    Math.min(...rows.map(({ name }) => figures[`matches:${name}`]));
  figures.matchesTurned = worst(turnedRows);
  figures.matchesLying = worst(lyingRows);
  figures.rollErrorTurned = Math.max(...turnedRows.map(({ name }) => figures[`rollError:${name}`]));
  const curve = (figure: string, rows: readonly Row[]): [number, number][] =>
    rows
      .map(({ name, degrees }): [number, number] => [degrees, figures[`${figure}:${name}`]])
      .sort(([a], [b]) => a - b);
  return {
    figures,
    tables,
    plots: [
      {
        name: 'turned',
        title: 'Faces at any angle',
        svg: plotCurves(
          'Found, and recognised as the same person',
          { label: 'turned by, degrees', from: -180, to: 180, ticks: [-180, -90, 0, 90, 180] },
          { label: 'share of the photos', from: 0.8, to: 1 },
          [
            { label: 'turned: found', points: curve('found', turnedRows), style: 'dashes' },
            { label: 'turned: same person', points: curve('matches', turnedRows) },
            { label: 'lying: same person', points: curve('matches', lyingRows), style: 'dots' },
          ],
        ),
      },
    ],
    notes: [
      'Each photo is compared with itself upright. A face that is not found counts as not matched. The error of roll is how far roll is from that of the upright photo plus the turn; the error of the landmarks is their mean distance from the upright ones turned, as a share of the side of the face’s box. Both hold the errors of the upright answers too.',
      'A person lying is the photo, turned, cut out as a disc with a soft border and laid into the corner of another photo enlarged to 750 pixels, whose person is upright.',
    ],
  };
}
