/** Rotated photos: the EXIF orientation is applied, so boxes are in pixels of the upright picture. */
import sharp, { type Sharp } from 'sharp';
import { sample } from '../fixtures/pictures.js';
import { facesOf, type FullFace, iou, type Service, startService } from '../support/service.js';

/** How the upright picture is stored in each orientation (EXIF 2.32, tag 274). */
const STORED: Record<number, (upright: Buffer) => Promise<Sharp>> = {
  1: (upright) => Promise.resolve(sharp(upright)),
  2: (upright) => Promise.resolve(sharp(upright).flop()),
  3: (upright) => Promise.resolve(sharp(upright).rotate(180)),
  4: (upright) => Promise.resolve(sharp(upright).flip()),
  // Two separate steps, because sharp turns and mirrors in a fixed order.
  5: async (upright) => sharp(await sharp(upright).rotate(90).png().toBuffer()).flop(),
  6: (upright) => Promise.resolve(sharp(upright).rotate(270)),
  7: async (upright) => sharp(await sharp(upright).rotate(90).png().toBuffer()).flip(),
  8: (upright) => Promise.resolve(sharp(upright).rotate(90)),
};

let service: Service;
let upright: Buffer;
let expected: FullFace[];

beforeAll(async () => {
  service = await startService();
  upright = await sharp(sample(3)).resize(960).png().toBuffer();
  expected = await facesOf(service, upright);
});
afterAll(() => service.app.close());

test('the picture has three faces', () => {
  expect(expected).toHaveLength(3);
});

describe.each(Object.keys(STORED).map(Number))('orientation %i', (orientation) => {
  test('gives exactly the answer for the upright picture, if stored losslessly', async () => {
    const stored = await STORED[orientation](upright);
    const picture = await stored.withMetadata({ orientation }).png().toBuffer();
    expect((await sharp(picture).metadata()).orientation).toBe(orientation);
    expect(await facesOf(service, picture)).toEqual(expected);
  });

  test('gives the same faces, if stored as JPEG', async () => {
    const stored = await STORED[orientation](upright);
    const photo = await stored.withMetadata({ orientation }).jpeg({ quality: 95 }).toBuffer();
    expect((await sharp(photo).metadata()).orientation).toBe(orientation);
    const faces = await facesOf(service, photo);
    expect(faces).toHaveLength(expected.length);
    for (const { bounding_box, feature, roll } of expected) {
      const face = faces.reduce((best, other) =>
        iou(other.bounding_box, bounding_box) > iou(best.bounding_box, bounding_box) ? other : best,
      );
      // JPEG encodes turned pixels slightly differently, so of two equally confident boxes the other one may win.
      expect(iou(face.bounding_box, bounding_box)).toBeGreaterThan(0.75);
      expect(Math.abs(face.roll - roll)).toBeLessThan(6);
      expect(face.feature.reduce((sum, value, i) => sum + value * feature[i], 0)).toBeGreaterThan(0.9);
    }
  });
});
