/** Our own network for gender, age and race: what it is shown of a face, and how its outputs are read. */
import * as mobilefacenet from '../../src/attributes/mobilefacenet.js';
import type { DemographicsModel } from '../../src/packs/attribute-models.js';
import { zeros } from '../../src/vision/tensor.js';

const SIDE = 96;
/** The points of the alignment template: a face at these points is not moved by alignment. */
const KEYPOINTS = [
  { x: 38.2946, y: 51.6963 },
  { x: 73.5318, y: 51.5014 },
  { x: 56.0252, y: 71.7366 },
  { x: 41.5493, y: 92.3655 },
  { x: 70.7299, y: 92.2041 },
];
const facts = {
  genders: ['Female', 'Male'],
  races: ['White', 'Black', 'Asian', 'Latino/Hispanic', 'Middle Eastern'],
} as DemographicsModel;

it('sees the template from 6.5 to 106.5 across and from 21.5 to 121.5 down, as blue, green and red', () => {
  // Red tells the column, green the row, blue is 200 everywhere.
  const data = Uint8Array.from(
    { length: 3 * 128 * 128 },
    (_, index) => [Math.floor(index / 3) % 128, Math.floor(index / 3 / 128), 200].at(index % 3) ?? 0,
  );
  const input = zeros(1, 3, SIDE, SIDE);
  const image = { width: 128, height: 128, data };
  mobilefacenet.preprocess({ image, keypoints: KEYPOINTS, box: { x1: 0, y1: 0, x2: 1, y2: 1 } }, input, 0);
  const value = (plane: number, row: number, column: number): number =>
    input.data[(plane * SIDE + row) * SIDE + column] * 128 + 127.5;
  for (const [row, column] of [
    [0, 0],
    [10, 80],
    [95, 95],
  ]) {
    expect(value(0, row, column)).toBeCloseTo(200, 3);
    expect(value(1, row, column)).toBeCloseTo(21.5 + ((row + 0.5) * 100) / SIDE - 0.5, 1);
    expect(value(2, row, column)).toBeCloseTo(6.5 + ((column + 0.5) * 100) / SIDE - 0.5, 1);
  }
});

it('reads the likelier gender, the likeliest of five races and the age with its bracket', () => {
  const years = new Float32Array(101);
  years.set([0.25, 0.5, 0.25], 29);
  const told = mobilefacenet.postprocess(
    [Float32Array.of(0.2, 0.8), years, Float32Array.of(0.1, 0.1, 0.2, 0.5, 0.1)],
    facts,
  );
  expect(told.gender).toEqual({ label: 'Male', confidence: expect.closeTo(0.8, 6) as number });
  expect(told.race).toEqual({ label: 'Latino/Hispanic', confidence: 0.5 });
  expect(told.age).toEqual({
    years: 30,
    bracket: '30-39 years old',
    confidence: expect.closeTo(0.75, 6) as number,
  });
});
