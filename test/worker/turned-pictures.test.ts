/** Pictures on their side and upside down: the same people, at the places and angles that the turn brings them to. */
import type { INestApplicationContext } from '@nestjs/common';
import sharp, { type Sharp } from 'sharp';
import { Config } from '../../src/config/config.js';
import { Pack } from '../../src/packs/pack.js';
import { cosineSimilarity } from '../../src/recognition/similarity.js';
import type { Point } from '../../src/vision/affine.js';
import { wrapped } from '../../src/vision/alignment.js';
import { centre } from '../../src/vision/box.js';
import type { Image } from '../../src/vision/image.js';
import { AnalysisService } from '../../src/worker/analysis.service.js';
import type { AnalysedFace, AnalysisOptions } from '../../src/worker/protocol.js';
import { sample } from '../fixtures/pictures.js';
import { countedWorker } from '../support/counted-worker.js';

const ASKED: AnalysisOptions = { landmarks: true, embedding: true, attributes: ['pose', 'gender'] };
/** How far roll may be from that of the upright picture plus the turn. */
const ROLL_DEGREES = 12;
/** How far a landmark may be from where the turn brings it, on average, as a share of the face's box. */
const LANDMARKS_SHARE = 0.13;

let context: INestApplicationContext;
let analysis: AnalysisService;
let runs: string[] = [];

beforeAll(async () => {
  context = await countedWorker(new Config(), (model) => runs.push(model));
  analysis = context.get(AnalysisService);
});
afterAll(() => context.close());

async function decode(picture: Sharp): Promise<Image> {
  const { data, info } = await picture.removeAlpha().raw().toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, data: Uint8Array.from(data) };
}

async function facesOf(image: Image): Promise<AnalysedFace[]> {
  const { faces } = await analysis.analyze([{ image, options: ASKED }]);
  return faces[0];
}

/** Where a quarter turn clockwise, or several, brings a point of a picture. */
function moved({ x, y }: Point, degrees: number, { width, height }: Image): Point {
  if (degrees === 90) return { x: height - y, y: x };
  if (degrees === 180) return { x: width - x, y: height - y };
  return { x: y, y: width - x };
}

function nearest(faces: readonly AnalysedFace[], point: Point): AnalysedFace {
  const distance = ({ box }: AnalysedFace): number =>
    Math.hypot(centre(box).x - point.x, centre(box).y - point.y);
  return faces.toSorted((a, b) => distance(a) - distance(b))[0];
}

/** Checks that a face is the same as an upright one, turned. */
function expectTurned(
  face: AnalysedFace,
  upright: AnalysedFace,
  degrees: number,
  place: (point: Point) => Point,
): void {
  const { threshold } = context.get(Pack).models.recognition.match;
  const [a, b] = [upright.embedding ?? new Float32Array(), face.embedding ?? new Float32Array()];
  expect(cosineSimilarity(a, b)).toBeGreaterThanOrEqual(threshold);

  const [before, after] = [upright.attributes.pose?.roll ?? NaN, face.attributes.pose?.roll ?? NaN];
  expect(Math.abs(wrapped(after - before - degrees))).toBeLessThan(ROLL_DEGREES);
  expect(Math.abs(after)).toBeLessThanOrEqual(180);

  const points = face.landmarks ?? [];
  const distances = (upright.landmarks ?? []).map(place).map(({ x, y }, index) => {
    return Math.hypot(points[index].x - x, points[index].y - y);
  });
  const side = upright.box.x2 - upright.box.x1;
  expect(distances).toHaveLength(68);
  expect(distances.reduce((sum, one) => sum + one, 0) / 68 / side).toBeLessThan(LANDMARKS_SHARE);
  expect(face.attributes.gender?.label).toBe(upright.attributes.gender?.label);
}

describe.each([1, 3, 6])('picture %i', (number) => {
  it.each([90, 180, 270])('turned by %i° shows the same faces, turned', async (degrees) => {
    const image = await decode(sharp(sample(number)));
    const people = await facesOf(image);
    const turned = await facesOf(await decode(sharp(sample(number)).rotate(degrees)));
    expect(people.length).toBeGreaterThan(0);
    for (const upright of people) {
      const place = (point: Point): Point => moved(point, degrees, image);
      const face = nearest(turned, place(centre(upright.box)));
      expectTurned(face, upright, degrees, place);
    }
  });
});

test('a person lying in an upright picture is the same as standing', async () => {
  const picture = sample(3);
  const image = await decode(sharp(picture));
  const people = await facesOf(image);
  const [upright] = people;
  const { x, y } = centre(upright.box);
  const half = Math.round(upright.box.x2 - upright.box.x1);
  const corner = { left: Math.round(x) - half, top: Math.round(y) - half };
  const head = await sharp(picture)
    .extract({ ...corner, width: 2 * half, height: 2 * half })
    .rotate(90)
    .png()
    .toBuffer();
  const lying = await decode(
    sharp(
      await sharp(picture)
        .composite([{ input: head, ...corner }])
        .png()
        .toBuffer(),
    ),
  );
  const faces = await facesOf(lying);
  const place = (point: Point): Point => {
    const inside = moved({ x: point.x - corner.left, y: point.y - corner.top }, 90, {
      ...lying,
      width: 2 * half,
      height: 2 * half,
    });
    return { x: inside.x + corner.left, y: inside.y + corner.top };
  };
  expectTurned(nearest(faces, place(centre(upright.box))), upright, 90, place);
  // The others stand as before.
  for (const other of people.slice(1))
    expectTurned(nearest(faces, centre(other.box)), other, 0, (point) => point);
});

test('an upright face is looked at once, one upside down from every side', async () => {
  const upright = await decode(sharp(sample(6)));
  const turned = await decode(sharp(sample(6)).rotate(180));
  const looks = async (image: Image): Promise<number> => {
    runs = [];
    await analysis.analyze([{ image, options: { ...ASKED, maxFaces: 1 } }]);
    return runs.filter((model) => model === 'landmarks').length;
  };
  expect(await looks(upright)).toBe(1);
  // From the three other sides, once the right way up, and once in a better box.
  expect(await looks(turned)).toBeGreaterThanOrEqual(5);
});
