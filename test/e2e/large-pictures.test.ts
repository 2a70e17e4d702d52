/** A large picture is analysed at a reduced size if its faces allow it. The answer is that for the whole picture. */
import sharp from 'sharp';
import { ImageDecoder } from '../../src/images/image-decoder.js';
import { sample } from '../fixtures/pictures.js';
import { facesOf, type FullFace, iou, type Service, startService } from '../support/service.js';

const WIDTH = 4000;
const HEIGHT = 3000;
let shrinking: Service;
let whole: Service;

beforeAll(async () => {
  shrinking = await startService();
  whole = await startService({ imageWorkingSide: 1_000_000 });
});
afterAll(async () => {
  await shrinking.app.close();
  await whole.app.close();
});

/** A photo in the middle of a large picture, `width` pixels wide. */
async function large(number: number, width: number): Promise<Buffer> {
  const photo = await sharp(sample(number)).resize({ width, height: HEIGHT, fit: 'inside' }).toBuffer();
  return sharp({ create: { width: WIDTH, height: HEIGHT, channels: 3, background: '#777' } })
    .composite([{ input: photo, gravity: 'centre' }])
    .jpeg({ quality: 92 })
    .toBuffer();
}

/** How often a picture was decoded while `work` ran, and at which share of its width. */
async function decodes(service: Service, work: () => Promise<unknown>): Promise<number[]> {
  const decoder = service.app.get(ImageDecoder, { strict: false });
  const start = decoder.start.bind(decoder);
  const shrinks: number[] = [];
  decoder.start = (plan, turn, signal) => {
    const { from, to } = plan.shrink ?? {};
    shrinks.push(from === undefined || to === undefined ? 1 : Math.round(from.width / to.width));
    return start(plan, turn, signal);
  };
  try {
    await work();
  } finally {
    decoder.start = start;
  }
  return shrinks;
}

const cosine = (a: FullFace, b: FullFace): number =>
  a.feature.reduce((sum, value, index) => sum + value * b.feature[index], 0);

/** Both services find the same faces in the same positions, and recognise the same people. */
function expectSame(small: FullFace[], large: FullFace[]): void {
  expect(small).toHaveLength(large.length);
  for (const face of large) {
    const overlap = (other: FullFace): number => iou(other.bounding_box, face.bounding_box);
    const [same] = small.toSorted((a, b) => overlap(b) - overlap(a));
    expect(overlap(same)).toBeGreaterThan(0.8);
    // Two photos of the same person rarely exceed 0.7.
    expect(cosine(same, face)).toBeGreaterThan(0.95);
    const side = face.bounding_box[2] - face.bounding_box[0];
    for (const [index, [x, y]] of face.landmarks.entries()) {
      const distance = Math.hypot(same.landmarks[index][0] - x, same.landmarks[index][1] - y);
      expect(distance / side).toBeLessThan(0.15);
    }
  }
}

test.each([1, 3])('sample %i with large faces: one shrunk decode, the same answer', async (number) => {
  const picture = await large(number, WIDTH);
  let small: FullFace[] = [];
  expect(await decodes(shrinking, async () => (small = await facesOf(shrinking, picture)))).toEqual([4]);
  expectSame(small, await facesOf(whole, picture));
});

test('small faces are analysed at full size, with exactly the answer as without shrinking', async () => {
  const picture = await large(4, 1500);
  let small: FullFace[] = [];
  expect(await decodes(shrinking, async () => (small = await facesOf(shrinking, picture)))).toEqual([4, 1]);
  expect(small).toHaveLength(4);
  expect(small).toEqual(await facesOf(whole, picture));
});

test('small faces that are not asked for do not matter', async () => {
  const picture = await large(4, 1500);
  const shrinks = await decodes(shrinking, () => facesOf(shrinking, picture, '?min_face_size=2000'));
  expect(shrinks).toEqual([4]);
});

test('min_face_size is in pixels of the whole picture', async () => {
  const picture = await large(4, WIDTH);
  const all = await facesOf(shrinking, picture);
  const sides = all
    .map(({ bounding_box: [x1, y1, x2, y2] }) => Math.min(x2 - x1, y2 - y1))
    .toSorted((a, b) => a - b);
  const least = (sides[0] + sides[1]) / 2;
  expect(await facesOf(shrinking, picture, `?min_face_size=${least}`)).toHaveLength(all.length - 1);
});

test.each([6, 8, 3])('EXIF orientation %i: the same faces as of the upright picture', async (orientation) => {
  const upright = await large(3, WIDTH);
  const turns: Record<number, number> = { 6: 270, 8: 90, 3: 180 };
  const stored = await sharp(upright)
    .rotate(turns[orientation])
    .withMetadata({ orientation })
    .jpeg({ quality: 92 })
    .toBuffer();
  let turned: FullFace[] = [];
  expect(await decodes(shrinking, async () => (turned = await facesOf(shrinking, stored)))).toEqual([4]);
  expectSame(turned, await facesOf(shrinking, upright));
});

test.each([
  ['webp', [4]],
  ['png', [1]],
] as const)('%s', async (format, shrinks) => {
  // As a lossless file, the photo at full width has more bytes than the service accepts.
  const jpeg = await large(3, format === 'png' ? WIDTH / 2 : WIDTH);
  const encoded = await sharp(jpeg)
    .toFormat(format, format === 'png' ? { compressionLevel: 1 } : { quality: 95 })
    .toBuffer();
  let faces: FullFace[] = [];
  expect(await decodes(shrinking, async () => (faces = await facesOf(shrinking, encoded)))).toEqual(shrinks);
  expectSame(faces, await facesOf(whole, jpeg));
});
