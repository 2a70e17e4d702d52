/** Barely visible faces: they get finite numbers and a low quality. */
import sharp from 'sharp';
import { crop, sample } from '../fixtures/pictures.js';
import { type FullFace, facesOf, type Service, startService } from '../support/service.js';

const BOX = [1073, 206, 1306, 516] as const;
const NUMBERS = ['confidence', 'roll', 'yaw', 'pitch', 'quality', 'liveness_confidence'] as const;

let service: Service;
let portrait: Buffer;
beforeAll(async () => {
  service = await startService();
  portrait = await crop(sample(3), BOX, 0.5);
});
afterAll(() => service.app.close());

/** Whether no number is NaN, which would be `null` in JSON. */
function expectNumbers(faces: readonly FullFace[]): void {
  for (const face of faces) {
    for (const name of NUMBERS) expect([name, typeof face[name]]).toEqual([name, 'number']);
    expect([...face.feature, ...face.landmarks.flat()].every((value) => typeof value === 'number')).toBe(
      true,
    );
  }
}

test('a face of 23 pixels gets an answer with a low quality', async () => {
  const faces = await facesOf(service, await sharp(portrait).resize(40).png().toBuffer());
  expect(faces).toHaveLength(1);
  expectNumbers(faces);
  expect(faces[0].quality).toBeLessThan(0.5);
});

test.each([
  ['left', { left: 186, top: 0, width: 280, height: 620 }],
  ['right', { left: 0, top: 0, width: 240, height: 620 }],
  ['lower', { left: 0, top: 0, width: 466, height: 340 }],
])('a face cut off by the %s border gets a lower quality', async (_, part) => {
  const [whole] = await facesOf(service, portrait);
  const faces = await facesOf(service, await sharp(portrait).extract(part).png().toBuffer());
  expect(faces).toHaveLength(1);
  expectNumbers(faces);
  expect(faces[0].quality).toBeLessThan(whole.quality - 0.2);
});

test('anything the detector accepts as a face gets finite numbers', async () => {
  const noise = sharp({
    create: {
      width: 160,
      height: 120,
      channels: 3,
      noise: { type: 'gaussian', mean: 128, sigma: 60 },
      background: '#000',
    },
  });
  for (const picture of [noise, sharp(portrait).resize(24), sharp(portrait).resize(466, 12, { fit: 'fill' })])
    expectNumbers(await facesOf(service, await picture.png().toBuffer(), '?min_confidence=0.05&max_faces=5'));
});
