/** The 2d106det decoder, against points worked out with NumPy from InsightFace's recipe. */
import * as landmarks106 from '../../src/detection/landmarks106.js';
import { zeros } from '../../src/vision/tensor.js';

const BOX = { x1: 100, y1: 50, x2: 180, y2: 170 };

it('brings −1…1 of the crop into the picture', () => {
  const output = new Float32Array(212);
  output.set([0, 0, -1, -1, 0.5, -0.25]);
  const points = landmarks106.postprocess(output, BOX);
  expect(points).toHaveLength(106);
  expect(points.slice(0, 3)).toEqual([
    { x: 140, y: 110 },
    { x: 50, y: 20 },
    { x: 185, y: 87.5 },
  ]);
});

it('takes pupils, nose tip and mouth corners as keypoints', () => {
  const points = Array.from({ length: 106 }, (_, index) => ({ x: index, y: -index }));
  expect(landmarks106.fivePoints(points).map(({ x }) => x)).toEqual([38, 88, 86, 52, 61]);
});

it.each([
  ['raw', undefined, [200, 100, 50], 0],
  ['scaled', { mean: 127.5, std: 128 }, [0.56640625, -0.21484375, -0.60546875], -0.99609375],
])('writes %s RGB, black outside the picture', (_, scaling, [red, green, blue], black) => {
  const image = {
    width: 300,
    height: 200,
    data: Uint8Array.from({ length: 180_000 }, (_, i) => [200, 100, 50][i % 3]),
  };
  const batch = zeros(1, ...landmarks106.SHAPE);
  // The crop shows x 120…300 and y 20…200, then the same 100 pixels further to the right.
  landmarks106.preprocess(image, landmarks106.cropMap({ ...BOX, x1: 170, x2: 250 }), batch, 0, { scaling });
  const plane = 192 * 192;
  const at = (channel: number, x: number, y: number): number => batch.data[channel * plane + y * 192 + x];
  expect([at(0, 96, 96), at(1, 96, 96), at(2, 96, 96)]).toEqual([red, green, blue]);
  landmarks106.preprocess(image, landmarks106.cropMap({ ...BOX, x1: 270, x2: 350 }), batch, 0, { scaling });
  expect(at(0, 96, 96)).toBe(black);
});
