/** Quality: each thing that spoils a face for recognition lowers its own component, and the whole. */
import sharp, { type Sharp } from 'sharp';
import { measureQuality, quality, type QualityComponents } from '../../src/attributes/quality.js';
import type { FaceView } from '../../src/attributes/face-view.js';
import { sample } from '../e2e/support.js';

/** Eye centres, nose tip and mouth corners of the woman in the middle of sample3, read off the picture. */
const KEYPOINTS = [
  { x: 1135, y: 345 },
  { x: 1240, y: 340 },
  { x: 1185, y: 405 },
  { x: 1145, y: 450 },
  { x: 1235, y: 445 },
];
const BOX = { x1: 1073, y1: 206, x2: 1306, y2: 516 };
const FRONTAL = { roll: 0, yaw: 0, pitch: 0 };

/** The face in the picture after some treatment, `scale` times as large. */
async function face(treat: (picture: Sharp) => Sharp = (picture) => picture, scale = 1): Promise<FaceView> {
  const whole = sharp(sample(3));
  const { width } = await whole.metadata();
  const { data, info } = await treat(whole.resize(Math.round(width * scale)))
    .raw()
    .toBuffer({ resolveWithObject: true });
  const at = ({ x, y }: { x: number; y: number }): { x: number; y: number } => ({
    x: x * scale,
    y: y * scale,
  });
  const [first, last] = [at({ x: BOX.x1, y: BOX.y1 }), at({ x: BOX.x2, y: BOX.y2 })];
  return {
    image: { width: info.width, height: info.height, data: Uint8Array.from(data) },
    box: { x1: first.x, y1: first.y, x2: last.x, y2: last.y },
    score: 1,
    keypoints: KEYPOINTS.map(at),
  };
}

let good: QualityComponents;
beforeAll(async () => {
  good = measureQuality(await face(), FRONTAL);
});

const NAMES = ['sharpness', 'size', 'pose', 'exposure', 'detection'] as const;

/** Expects one component to be clearly lower than that of the untouched face, the others about as they were. */
function expectOnly(worse: QualityComponents, lowered: (typeof NAMES)[number]): void {
  expect(worse[lowered]).toBeLessThan(good[lowered] * 0.85);
  for (const name of NAMES) if (name !== lowered) expect(worse[name]).toBeGreaterThan(good[name] * 0.85);
  expect(quality(worse)).toBeLessThan(quality(good));
}

test('a good face is good in every component', () => {
  for (const name of NAMES) {
    expect([name, good[name] > 0.5]).toEqual([name, true]);
    expect(good[name]).toBeLessThanOrEqual(1);
  }
  expect(quality(good)).toBeGreaterThan(0.75);
});

test('blur lowers sharpness', async () => {
  expectOnly(measureQuality(await face((picture) => picture.blur(5)), FRONTAL), 'sharpness');
});

test('the stronger the blur, the lower', async () => {
  const values: number[] = [];
  for (const sigma of [2, 4, 8, 16])
    values.push(measureQuality(await face((picture) => picture.blur(sigma)), FRONTAL).sharpness);
  expect(values).toEqual(values.toSorted((a, b) => b - a));
});

test('darkness lowers exposure', async () => {
  const dark = measureQuality(await face((picture) => picture.linear(0.25, 0)), FRONTAL);
  expect(dark.exposure).toBeLessThan(good.exposure * 0.6);
  expect(quality(dark)).toBeLessThan(quality(good));
});

test('glare lowers exposure', async () => {
  const washed = measureQuality(await face((picture) => picture.linear(1.6, 60)), FRONTAL);
  expect(washed.exposure).toBeLessThan(good.exposure * 0.6);
  expect(quality(washed)).toBeLessThan(quality(good));
});

test('smallness lowers size', async () => {
  const small = measureQuality(await face((picture) => picture, 0.15), FRONTAL);
  expect(small.size).toBeCloseTo((233 * 0.15) / 112, 2);
  expect(quality(small)).toBeLessThan(quality(good));
});

test.each([
  ['yaw', { roll: 0, yaw: 60, pitch: 0 }],
  ['yaw to the other side', { roll: 0, yaw: -60, pitch: 0 }],
  ['pitch', { roll: 0, yaw: 0, pitch: -40 }],
  ['roll', { roll: 120, yaw: 0, pitch: 0 }],
])('turning away lowers pose: %s', async (_, pose) => {
  expectOnly(measureQuality(await face(), pose), 'pose');
});

test('without a pose model, pose takes nothing away', async () => {
  expect(measureQuality(await face(), null)).toEqual({ ...good, pose: 1 });
});

test('an unsure detector lowers detection', async () => {
  expectOnly(measureQuality({ ...(await face()), score: 0.5 }, FRONTAL), 'detection');
});

test('one worthless component cannot be hidden by good ones', () => {
  const perfect = { sharpness: 1, size: 1, pose: 1, exposure: 1, detection: 1 };
  expect(quality(perfect)).toBeCloseTo(1, 12);
  for (const name of NAMES) expect(quality({ ...perfect, [name]: 0 })).toBeLessThan(0.55);
});
