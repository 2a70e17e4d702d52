/** Photos that lie on their side: EXIF orientation is applied, so boxes are those of the picture a person sees. */
import sharp, { type Sharp } from 'sharp';
import { facesOf, type FullFace, iou, sample, type Service, startService } from '../support/service.js';

/** How the pixels of each orientation are stored, from the upright picture (EXIF 2.32, tag 274). */
const STORED: Record<number, (upright: Buffer) => Promise<Sharp>> = {
  1: (upright) => Promise.resolve(sharp(upright)),
  2: (upright) => Promise.resolve(sharp(upright).flop()),
  3: (upright) => Promise.resolve(sharp(upright).rotate(180)),
  4: (upright) => Promise.resolve(sharp(upright).flip()),
  // Two steps, each a picture of its own: sharp turns and mirrors in an order of its own choosing.
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

test('the picture has three faces at all', () => {
  expect(expected).toHaveLength(3);
});

describe.each(Object.keys(STORED).map(Number))('orientation %i', (orientation) => {
  test('gives the answer of the upright picture to the last digit where nothing is lost', async () => {
    const stored = await STORED[orientation](upright);
    const picture = await stored.withMetadata({ orientation }).png().toBuffer();
    expect((await sharp(picture).metadata()).orientation).toBe(orientation);
    expect(await facesOf(service, picture)).toEqual(expected);
  });

  test('gives the same faces as a JPEG photo', async () => {
    const stored = await STORED[orientation](upright);
    const photo = await stored.withMetadata({ orientation }).jpeg({ quality: 95 }).toBuffer();
    expect((await sharp(photo).metadata()).orientation).toBe(orientation);
    const faces = await facesOf(service, photo);
    expect(faces).toHaveLength(expected.length);
    for (const { bounding_box, feature, roll } of expected) {
      const face = faces.reduce((best, other) =>
        iou(other.bounding_box, bounding_box) > iou(best.bounding_box, bounding_box) ? other : best,
      );
      // JPEG codes turned pixels a little differently, and of two boxes equally sure the other one may win.
      expect(iou(face.bounding_box, bounding_box)).toBeGreaterThan(0.75);
      expect(Math.abs(face.roll - roll)).toBeLessThan(6);
      expect(face.feature.reduce((sum, value, i) => sum + value * feature[i], 0)).toBeGreaterThan(0.9);
    }
  });
});
