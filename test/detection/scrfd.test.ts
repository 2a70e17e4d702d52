/** The SCRFD decoder, against boxes and keypoints worked out by hand. */
import * as scrfd from '../../src/detection/scrfd.js';
import { zeros } from '../../src/vision/tensor.js';

const picture = (
  width: number,
  height: number,
  value = 0,
): { width: number; height: number; data: Uint8Array } => ({
  width,
  height,
  data: new Uint8Array(width * height * 3).fill(value),
});

/** Outputs of a graph that found nothing: scores, boxes and, where `values` says so, keypoints of each stride. */
function silence(
  width: number,
  height: number,
  strides: number[],
  anchorsPerCell: number,
  values: number[],
): Float32Array[] {
  return values.flatMap((length) =>
    strides.map(
      (stride) =>
        new Float32Array(Math.ceil(width / stride) * Math.ceil(height / stride) * anchorsPerCell * length),
    ),
  );
}

const THREE = [8, 16, 32];
const FIVE = [8, 16, 32, 64, 128];

describe('letterbox', () => {
  test.each([
    [640, 480, 640, { innerWidth: 640, innerHeight: 480, width: 640, height: 480 }],
    // 1280 · 320/1920 = 213⅓, on a grid of 32
    [1920, 1280, 320, { innerWidth: 320, innerHeight: 213, width: 320, height: 224 }],
    [100, 50, 128, { innerWidth: 128, innerHeight: 64, width: 128, height: 64 }],
    [2000, 1, 320, { innerWidth: 320, innerHeight: 1, width: 320, height: 32 }],
  ])('%i×%i at %i', (width, height, size, expected) => {
    expect(scrfd.letterbox(picture(width, height), size)).toEqual(expected);
  });
});

test('preprocess: RGB as (x − 127.5) / 128 at the top left, black below', () => {
  const image = { width: 2, height: 1, data: new Uint8Array([255, 0, 127, 255, 0, 127]) };
  const box = scrfd.letterbox(image, 32);
  expect(box).toEqual({ innerWidth: 32, innerHeight: 16, width: 32, height: 32 });
  const batch = zeros(1, 3, 32, 32);
  scrfd.preprocess(image, box, batch, 0);
  const at = (plane: number, row: number): number => batch.data[plane * 1024 + row * 32 + 5];
  expect(at(0, 3)).toBeCloseTo(127.5 / 128, 6);
  expect(at(1, 3)).toBeCloseTo(-127.5 / 128, 6);
  expect(at(2, 3)).toBeCloseTo(-0.5 / 128, 6);
  expect(at(0, 16)).toBeCloseTo(-127.5 / 128, 6);
});

describe('postprocess', () => {
  const image = picture(640, 480);
  const box = scrfd.letterbox(image, 320);

  test('nine outputs: two anchors in a cell, boxes by distance, keypoints by offset', () => {
    const outputs = silence(320, 256, THREE, 2, [1, 4, 10]);
    // 320×240 on a grid of 32 is 320×256; stride 16, row 2, column 3: cell 2·20 + 3 = 43, second anchor 87
    outputs[1][87] = 0.75;
    outputs[4].set([1, 0.5, 2, 1.5], 87 * 4);
    outputs[7].set([-0.5, -0.25, 0.5, -0.25, 0, 0, -0.5, 0.5, 0.5, 0.75], 87 * 10);
    expect(scrfd.postprocess(outputs, box, image, 0.5)).toEqual([
      {
        score: 0.75,
        // the anchor is (48, 32) in the input; edges 48 − 16, 32 − 8, 48 + 32, 32 + 24; times 2 for the picture
        box: { x1: 64, y1: 48, x2: 160, y2: 112 },
        keypoints: [
          { x: 80, y: 56 },
          { x: 112, y: 56 },
          { x: 96, y: 64 },
          { x: 80, y: 80 },
          { x: 112, y: 88 },
        ],
      },
    ]);
  });

  test('six outputs: no keypoints', () => {
    const outputs = silence(320, 256, THREE, 2, [1, 4]);
    // stride 8, row 0, column 1, first anchor: (8, 0)
    outputs[0][2] = 0.5;
    outputs[3].set([0.5, -0.5, 1, 2], 2 * 4);
    expect(scrfd.postprocess(outputs, box, image, 0.5)).toEqual([
      { score: 0.5, box: { x1: 8, y1: 8, x2: 32, y2: 32 } },
    ]);
  });

  test.each([
    [10, [1, 4]],
    [15, [1, 4, 10]],
  ])('%i outputs: strides 8 to 128, one anchor in a cell', (count, values) => {
    const outputs = silence(320, 256, FIVE, 1, values);
    expect(outputs).toHaveLength(count);
    // stride 128, row 1, column 2 of ⌈320/128⌉ = 3: anchor 5 at (256, 128); stride 64, row 1, column 0 of 5: (0, 64)
    outputs[4][5] = 0.9;
    outputs[9].set([0.5, 0.25, 0.25, 0.5], 5 * 4);
    outputs[3][5] = 0.8;
    outputs[8].set([0, 1, 1, 1], 5 * 4);
    const found = scrfd.postprocess(outputs, box, image, 0.5);
    expect(found.map((face) => face.box)).toEqual([
      { x1: 0, y1: 0, x2: 128, y2: 256 },
      { x1: 384, y1: 192, x2: 576, y2: 384 },
    ]);
    expect(found.every(({ keypoints }) => (keypoints !== undefined) === (count === 15))).toBe(true);
  });

  test('a picture stretched unevenly by rounding gets its own scale per axis', () => {
    const wide = picture(1920, 1280);
    const outputs = silence(320, 224, THREE, 2, [1, 4]);
    outputs[0][0] = 1;
    outputs[3].set([0, 0, 1, 1], 0);
    const [face] = scrfd.postprocess(outputs, scrfd.letterbox(wide, 320), wide, 0.5);
    expect(face.box.x2).toBeCloseTo(48, 4);
    expect(face.box.y2).toBeCloseTo((8 * 1280) / 213, 4);
  });

  test('another number of outputs is no SCRFD graph', () => {
    expect(() => scrfd.postprocess([new Float32Array(1)], box, image, 0.5)).toThrow(
      'An SCRFD detector has 6, 9, 10, 15 outputs; this graph has 1.',
    );
  });
});
