/** Pictures made from photos: where a bright spot goes, and where the face is said to be. */
import type { Box } from '../../src/vision/box.js';
import type { Image } from '../../src/vision/image.js';
import { closeUp, type Derived, enlarged, mosaic, shrunk, turned } from '../../evaluation/derived.js';

const FACE = { x1: 80, y1: 60, x2: 120, y2: 120 };

/** Black, with a white square of five pixels in the middle of the face's right edge. */
function photo(): Derived {
  const image = { width: 200, height: 160, data: new Uint8Array(200 * 160 * 3) };
  for (let y = 88; y < 93; y++)
    for (let x = 118; x < 123; x++) image.data.fill(255, (y * 200 + x) * 3, (y * 200 + x) * 3 + 3);
  return { image, face: FACE };
}

/** Centre of what is white. */
function spot({ width, data }: Image): [x: number, y: number] {
  let [sum, x, y] = [0, 0, 0];
  for (let i = 0; i < data.length / 3; i++) {
    sum += data[3 * i];
    x += data[3 * i] * ((i % width) + 0.5);
    y += data[3 * i] * (Math.floor(i / width) + 0.5);
  }
  return [x / sum, y / sum];
}

test('a quarter turn clockwise brings the right edge of a face below its middle', () => {
  const { image, face } = turned(photo(), 90);
  const [x, y] = spot(image);
  expect([image.width, image.height]).toEqual([200, 160]);
  expect(face).toEqual(FACE);
  expect(x).toBeCloseTo(100, -0.5);
  expect(y).toBeCloseTo(110, -0.5);
});

test('a close-up shows the face in its middle at the requested share', () => {
  const { image, face } = closeUp(photo(), 0.5);
  expect(areaOf(face) / (image.width * image.height)).toBeCloseTo(0.5, 2);
  expect((face.x1 + face.x2) / 2).toBeCloseTo(image.width / 2, 0);
  expect(Math.abs(spot(image)[0] - face.x2)).toBeLessThan(image.width / 50);
});

test('a shrunk face has the requested height and lies where its box says', () => {
  const { image, face } = shrunk(photo(), 30, 7);
  expect(face.y2 - face.y1).toBeCloseTo(30, 6);
  expect(image.width).toBe(640);
  const [x, y] = spot(image);
  expect(Math.abs(x - face.x2)).toBeLessThan(1);
  expect(Math.abs(y - (face.y1 + face.y2) / 2)).toBeLessThan(1);
  expect(shrunk(photo(), 30, 7)).toEqual(shrunk(photo(), 30, 7));
});

test('an enlarged picture shows the same scene at the requested length', () => {
  const image = enlarged(photo().image, 640);
  expect([image.width, image.height]).toEqual([640, 512]);
  const [[x, y], [fromX, fromY]] = [spot(image), spot(photo().image)];
  expect(x / 640).toBeCloseTo(fromX / 200, 2);
  expect(y / 512).toBeCloseTo(fromY / 160, 2);
});

test('a mosaic shows each picture in its cell', () => {
  const { image } = photo();
  const black = { ...image, data: new Uint8Array(image.data.length) };
  const whole = mosaic([black, black, black, image], 2, 400);
  expect([whole.width, whole.height]).toEqual([400, 320]);
  const [x, y] = spot(whole);
  expect(x).toBeCloseTo(200 + 120.5, 0);
  expect(y).toBeCloseTo(160 + 90.5, 0);
});

function areaOf({ x1, y1, x2, y2 }: Box): number {
  return (x2 - x1) * (y2 - y1);
}
