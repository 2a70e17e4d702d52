/** The decoders of InsightFace's and FairFace's attribute models, against values worked out with NumPy. */
import * as fairface from '../../src/attributes/fairface.js';
import * as genderage from '../../src/attributes/genderage.js';
import { MEAN_FACE } from '../../src/attributes/mean-face.js';
import type { DemographicsModel } from '../../src/packs/attribute-models.js';
import * as pose1k3d68 from '../../src/attributes/pose1k3d68.js';

const { abs, cos, PI, sin } = Math;

/** The 68 points at the end of a 1k3d68 output. */
function output(point: (x: number, y: number, z: number, index: number) => readonly number[]): Float32Array {
  const values = new Float32Array(3309).fill(9);
  values.set(
    MEAN_FACE.flatMap(([x, y, z], index) => [...point(x, y, z, index)]),
    3309 - 204,
  );
  return values;
}

describe('the pose of 1k3d68', () => {
  it.each([-60, -20, 0, 35])('finds a yaw of %d degrees, positive to the image’s right', (yaw) => {
    const [c, s] = [cos((yaw * PI) / 180), sin((yaw * PI) / 180)];
    // The nose, far along z, moves to positive x.
    const pose = pose1k3d68.postprocess([
      output((x, y, z) => [0.4 * (c * x + s * z) + 0.1, 0.4 * y, 0.4 * (c * z - s * x)]),
    ]);
    expect([pose.pitch, pose.yaw, pose.roll].map((value) => value)).toEqual([
      expect.closeTo(0, 3),
      expect.closeTo(yaw, 3),
      expect.closeTo(0, 3),
    ]);
  });

  it('finds a pitch, positive up, and a roll, positive clockwise', () => {
    const [c, s] = [cos(PI / 9), sin(PI / 9)];
    // y points down: a nose that rises moves to negative y.
    const up = pose1k3d68.postprocess([output((x, y, z) => [x, c * y - s * z, s * y + c * z])]);
    expect(up.pitch).toBeCloseTo(20, 3);
    const clockwise = pose1k3d68.postprocess([output((x, y, z) => [c * x - s * y, s * x + c * y, z])]);
    expect(clockwise.roll).toBeCloseTo(20, 3);
  });

  it('gives what InsightFace’s least squares give for points that no rotation explains', () => {
    const pose = pose1k3d68.postprocess([
      output((x, y, z, i) => [
        0.05 * sin(i) + 0.9 * x - 0.1 * y + 0.35 * z + 0.1,
        0.05 * cos(0.7 * i) + 0.2 * x + 0.95 * y - 0.15 * z - 0.2,
        0.05 * sin(0.3 * i) - 0.3 * x + 0.2 * y + 0.9 * z + 0.3,
      ]),
    ]);
    expect(pose.pitch).toBeCloseTo(13.144576, 3);
    expect(pose.yaw).toBeCloseTo(18.597504, 3);
    expect(pose.roll).toBeCloseTo(12.754018, 3);
  });

  it('has a mean face that looks at the viewer', () => {
    const noseTip = MEAN_FACE[30];
    expect(noseTip[2]).toBe(Math.max(...MEAN_FACE.map(([, , z]) => z)));
    const left = MEAN_FACE.slice(36, 42).reduce((sum, [x]) => sum + x, 0) / 6;
    const right = MEAN_FACE.slice(42, 48).reduce((sum, [x]) => sum + x, 0) / 6;
    expect(abs(left + right)).toBeLessThan(0.02);
  });
});

describe('genderage', () => {
  const facts = { genders: ['Female', 'Male'] } as DemographicsModel;
  const read = (...output: number[]) => genderage.postprocess([Float32Array.from(output)], facts);

  it('gives the likelier gender, whole years and their bracket', () => {
    const { gender, age, race } = read(1, 2, 0.3449);
    expect(gender).toEqual({ label: 'Male', confidence: expect.closeTo(0.73105858, 6) as number });
    expect(age).toEqual({ years: 34, bracket: '30-39 years old', confidence: null });
    expect(race).toBeUndefined();
  });

  it.each([
    [-0.02, 0, '0-2 years old'],
    [0.0951, 10, '10-19 years old'],
    [0.98, 98, 'more than 70 years old'],
  ])('reads %d as %d years', (value, years, bracket) => {
    expect(read(0, 0, value).age).toMatchObject({ years, bracket });
  });
});

describe('fairface', () => {
  const facts = {
    genders: ['Male', 'Female'],
    races: ['White', 'Black', 'Latino/Hispanic', 'Asian', 'Asian', 'Asian', 'Middle Eastern'],
  } as DemographicsModel;
  const GENDER = Float32Array.of(1, 2);
  const AGE = Float32Array.of(0, 0, 0, 0, 0, 0, 0, 0, 5);

  it('counts the three Asian classes together', () => {
    const race = Float32Array.of(1, 0, -1, 0.5, 0.25, 2, -2);
    expect(fairface.postprocess([race, GENDER, AGE], facts).race).toEqual({
      label: 'Asian',
      confidence: expect.closeTo(0.7097291, 6) as number,
    });
    // None of the three is the likeliest, but together they are: 3 · e^0.9 > e^1.5.
    const spread = Float32Array.of(1.5, -9, -9, 0.9, 0.9, 0.9, -9);
    expect(fairface.postprocess([spread, GENDER, AGE], facts).race?.label).toBe('Asian');
  });

  it('gives gender and age bracket, and no years', () => {
    const { gender, age } = fairface.postprocess([new Float32Array(7), GENDER, AGE], facts);
    expect(gender).toEqual({ label: 'Female', confidence: expect.closeTo(0.73105858, 6) as number });
    // e⁵ / (e⁵ + 8)
    expect(age).toEqual({
      years: null,
      bracket: 'more than 70 years old',
      confidence: expect.closeTo(0.94885, 4) as number,
    });
  });
});
