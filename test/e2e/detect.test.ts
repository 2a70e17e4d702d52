/** Detect on real pictures: the number of faces, their positions, order and attributes. */
import sharp from 'sharp';
import { AGE_BRACKETS, bracketIndex } from '../../src/attributes/age.js';
import { sample, blank } from '../fixtures/pictures.js';
import { type FullFace, facesOf, iou, type Service, startService } from '../support/service.js';

/**
 * The faces of the six pictures, measured by eye with a grid: from hairline to chin and from cheek to cheek, accurate to a few
 * pixels, from left to right.
 */
const FACES: Record<number, readonly (readonly [number, number, number, number])[]> = {
  1: [
    [410, 365, 595, 588],
    [840, 440, 1025, 645],
    [1445, 200, 1690, 445],
  ],
  2: [
    [370, 110, 530, 425],
    [895, 230, 1055, 440],
    [1440, 165, 1650, 375],
  ],
  3: [
    [590, 330, 775, 605],
    [1075, 200, 1300, 470],
    [1500, 290, 1690, 568],
  ],
  4: [
    [277, 206, 414, 432],
    [668, 62, 838, 300],
    [990, 185, 1160, 415],
    [1266, 138, 1428, 386],
  ],
  5: [
    [380, 852, 565, 1170],
    [598, 430, 766, 676],
    [792, 98, 940, 323],
    [1120, 196, 1276, 434],
    [1418, 380, 1595, 700],
  ],
  6: [
    [260, 490, 468, 752],
    [678, 320, 845, 632],
    [1178, 292, 1370, 575],
    [1485, 266, 1698, 556],
  ],
};

/** The detector's boxes are narrower, and sometimes begin at the brow. */
const MIN_IOU = 0.65;

/** Yaw in degrees from which a head counts as seen from the side. */
const PROFILE_YAW = 40;

/** The order of the contract. */
const KEYS = [
  'bounding_box',
  'confidence',
  'landmarks',
  'feature',
  'roll',
  'yaw',
  'pitch',
  'quality',
  'mask_confidence',
  'liveness_confidence',
  'gender',
  'age_bracket',
  'race',
  'age',
  'gender_confidence',
  'age_bracket_confidence',
  'race_confidence',
];

let service: Service;
const found: Record<number, FullFace[]> = {};

beforeAll(async () => {
  service = await startService();
  for (const number of Object.keys(FACES).map(Number)) found[number] = await facesOf(service, sample(number));
});
afterAll(() => service.app.close());

/** The face at a position in a picture. */
function faceAt(faces: readonly FullFace[], box: readonly number[]): FullFace {
  return faces.reduce((best, face) =>
    iou(face.bounding_box, box) > iou(best.bounding_box, box) ? face : best,
  );
}

/** The face whose embedding is closest to that of another face. */
function sameFace(faces: readonly FullFace[], { feature }: FullFace): FullFace {
  const cosine = (face: FullFace): number =>
    face.feature.reduce((sum, value, index) => sum + value * feature[index], 0);
  const nearest = faces.reduce((best, face) => (cosine(face) > cosine(best) ? face : best));
  expect(cosine(nearest)).toBeGreaterThan(0.6);
  return nearest;
}

describe.each(Object.keys(FACES).map(Number))('sample%i.jpg', (number) => {
  test('has the faces that a person sees, in their positions', () => {
    const boxes = found[number].map(({ bounding_box }) => bounding_box).sort((a, b) => a[0] - b[0]);
    expect(boxes).toHaveLength(FACES[number].length);
    for (const [index, expected] of FACES[number].entries())
      expect(iou(boxes[index], expected)).toBeGreaterThan(MIN_IOU);
  });

  test('its faces come largest first', () => {
    const boxes = found[number].map(({ bounding_box }) => bounding_box);
    for (const [index, [x1, y1, x2, y2]] of boxes.slice(1).entries()) {
      const [left, top, right, bottom] = boxes[index];
      // Boxes are sorted before they are rounded to pixels, so half a pixel on each side is tolerated.
      const rounding = x2 - x1 + y2 - y1;
      expect((right - left) * (bottom - top)).toBeGreaterThan((x2 - x1) * (y2 - y1) - rounding);
    }
  });

  test('its faces have the order, types and ranges of the contract', async () => {
    const { width, height } = await sharp(sample(number)).metadata();
    for (const face of found[number]) {
      expect(Object.keys(face)).toEqual(KEYS);
      const [x1, y1, x2, y2] = face.bounding_box;
      expect(face.bounding_box.every(Number.isInteger)).toBe(true);
      expect(x1 >= 0 && y1 >= 0 && x1 < x2 && y1 < y2 && x2 <= width && y2 <= height).toBe(true);
      expect(face.landmarks).toHaveLength(68);
      expect(face.landmarks.flat().every(Number.isInteger)).toBe(true);
      expect(face.feature).toHaveLength(512);
      expect(Math.hypot(...face.feature)).toBeCloseTo(1, 5);
      for (const angle of [face.roll, face.yaw, face.pitch]) expect(Math.abs(angle)).toBeLessThanOrEqual(99);
      for (const share of [face.confidence, face.quality, face.liveness_confidence]) {
        expect(share).toBeGreaterThanOrEqual(0);
        expect(share).toBeLessThanOrEqual(1);
      }
      expect(face.confidence).toBeGreaterThanOrEqual(0.5);
      expect(['Female', 'Male']).toContain(face.gender);
      expect(['White', 'Black', 'Asian', 'Latino/Hispanic', 'Middle Eastern']).toContain(face.race);
      expect(Number.isInteger(face.age)).toBe(true);
      expect(face.age_bracket).toBe(AGE_BRACKETS[bracketIndex(face.age ?? NaN)]);
      expect(face.gender_confidence).toBeGreaterThanOrEqual(0.5);
      for (const share of [face.mask_confidence, face.age_bracket_confidence, face.race_confidence]) {
        expect(share).toBeGreaterThanOrEqual(0);
        expect(share).toBeLessThanOrEqual(1);
      }
    }
  });

  test('its landmarks are at the parts of the face', () => {
    for (const { landmarks, roll, yaw } of found[number]) {
      const centre = (first: number, last: number): [number, number] => {
        const points = landmarks.slice(first, last + 1);
        return [0, 1].map((axis) => points.reduce((sum, p) => sum + p[axis], 0) / points.length) as [
          number,
          number,
        ];
      };
      const [leftEye, rightEye, mouth] = [centre(36, 41), centre(42, 47), centre(48, 67)];
      expect(leftEye[0]).toBeLessThan(rightEye[0]);
      expect(mouth[1]).toBeGreaterThan(Math.max(leftEye[1], rightEye[1]));
      // The line of the eyes and the roll of the head come from two models. In profile, the line says little.
      const slope = (Math.atan2(rightEye[1] - leftEye[1], rightEye[0] - leftEye[0]) * 180) / Math.PI;
      expect(Math.abs(slope - roll)).toBeLessThan(Math.abs(yaw) < PROFILE_YAW ? 25 : 35);
    }
  });
});

test('a picture without faces gives an empty list', async () => {
  expect(await facesOf(service, await blank())).toEqual([]);
});

test('a picture of one pixel gives an empty list', async () => {
  expect(await facesOf(service, await blank(1, 1))).toEqual([]);
});

test('the faces of a picture are the same each time', async () => {
  expect(await facesOf(service, sample(1))).toEqual(found[1]);
});

describe('angles', () => {
  test('roll is positive clockwise in the picture: turning the picture by 20° adds 20, turning it back subtracts 20', async () => {
    // Two pictures of upright faces: the angles of the network are reliable up to about 35°.
    const turns: number[] = [];
    for (const number of [3, 6]) {
      for (const direction of [1, -1]) {
        const turned = sharp(sample(number)).rotate(20 * direction, { background: '#000' });
        const faces = await facesOf(service, await turned.jpeg().toBuffer());
        for (const before of found[number])
          turns.push((sameFace(faces, before).roll - before.roll) * direction);
      }
    }
    turns.sort((x, y) => x - y);
    expect(turns).toHaveLength(14);
    expect(turns[0]).toBeGreaterThan(5);
    expect(turns[13]).toBeLessThan(30);
    expect(Math.abs(turns[7] - 20)).toBeLessThan(4);
  });

  test('a mirrored picture has yaw and roll of the opposite sign, and the same pitch', async () => {
    const number = 3;
    const { width } = await sharp(sample(number)).metadata();
    const mirrored = await facesOf(service, await sharp(sample(number)).flop().jpeg().toBuffer());
    for (const face of found[number]) {
      const [x1, y1, x2, y2] = face.bounding_box;
      const image = faceAt(mirrored, [width - x2, y1, width - x1, y2]);
      expect(Math.abs(image.yaw + face.yaw)).toBeLessThan(12);
      expect(Math.abs(image.roll + face.roll)).toBeLessThan(12);
      expect(Math.abs(image.pitch - face.pitch)).toBeLessThan(8);
    }
  });

  test('yaw is negative for a face that looks to the left of the picture', () => {
    expect(faceAt(found[2], FACES[2][0]).yaw).toBeLessThan(-50);
  });

  test('pitch is lower for a face that looks down than for one that looks up', () => {
    const down = faceAt(found[2], FACES[2][1]).pitch;
    const up = faceAt(found[5], FACES[5][3]).pitch;
    expect(down).toBeLessThan(-20);
    expect(up).toBeGreaterThan(0);
  });
});
