/** The decoders of InsightFace's and FairFace's attribute models, against values worked out with NumPy. */
import * as fairface from '../../src/attributes/fairface.js';
import * as genderage from '../../src/attributes/genderage.js';
import { MEAN_FACE } from '../../src/attributes/mean-face.js';
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
    const pose = pose1k3d68.postprocess(
      output((x, y, z) => [0.4 * (c * x + s * z) + 0.1, 0.4 * y, 0.4 * (c * z - s * x)]),
    );
    expect([pose.pitch, pose.yaw, pose.roll].map((value) => value)).toEqual([
      expect.closeTo(0, 3),
      expect.closeTo(yaw, 3),
      expect.closeTo(0, 3),
    ]);
  });

  it('finds a pitch, positive up, and a roll, positive clockwise', () => {
    const [c, s] = [cos(PI / 9), sin(PI / 9)];
    // y points down: a nose that rises moves to negative y.
    const up = pose1k3d68.postprocess(output((x, y, z) => [x, c * y - s * z, s * y + c * z]));
    expect(up.pitch).toBeCloseTo(20, 3);
    const clockwise = pose1k3d68.postprocess(output((x, y, z) => [c * x - s * y, s * x + c * y, z]));
    expect(clockwise.roll).toBeCloseTo(20, 3);
  });

  it('gives what InsightFace’s least squares give for points that no rotation explains', () => {
    const pose = pose1k3d68.postprocess(
      output((x, y, z, i) => [
        0.05 * sin(i) + 0.9 * x - 0.1 * y + 0.35 * z + 0.1,
        0.05 * cos(0.7 * i) + 0.2 * x + 0.95 * y - 0.15 * z - 0.2,
        0.05 * sin(0.3 * i) - 0.3 * x + 0.2 * y + 0.9 * z + 0.3,
      ]),
    );
    expect(pose.pitch).toBeCloseTo(13.144576, 3);
    expect(pose.yaw).toBeCloseTo(18.597504, 3);
    expect(pose.roll).toBeCloseTo(12.754018, 3);
  });

  it('measures against a face that looks at us', () => {
    const noseTip = MEAN_FACE[30];
    expect(noseTip[2]).toBe(Math.max(...MEAN_FACE.map(([, , z]) => z)));
    const left = MEAN_FACE.slice(36, 42).reduce((sum, [x]) => sum + x, 0) / 6;
    const right = MEAN_FACE.slice(42, 48).reduce((sum, [x]) => sum + x, 0) / 6;
    expect(abs(left + right)).toBeLessThan(0.02);
  });
});

describe('genderage', () => {
  it('gives probabilities of female and male, and whole years', () => {
    const { gender, years } = genderage.postprocess(Float32Array.of(1, 2, 0.3449));
    expect([...gender]).toEqual([expect.closeTo(0.26894142, 6), expect.closeTo(0.73105858, 6)]);
    expect(years).toBe(34);
    expect(genderage.postprocess(Float32Array.of(0, 0, -0.02)).years).toBe(0);
  });
});

describe('fairface', () => {
  const read = fairface.postprocess({
    race_output: Float32Array.of(1, 0, -1, 0.5, 0.25, 2, -2),
    gender_output: Float32Array.of(1, 2),
    age_output: Float32Array.of(0, 0, 0, 0, 0, 0, 0, 0, 5),
  });

  it('puts the three Asian groups together', () => {
    const { White, Black, Asian, ...others } = Object.fromEntries(
      fairface.RACES.map((label, index) => [label, read.race[index]]),
    );
    expect(White).toBeCloseTo(0.18690957, 6);
    expect(Black).toBeCloseTo(0.06876019, 6);
    expect(Asian).toBeCloseTo(0.7097291, 6);
    expect(others['Latino/Hispanic']).toBeCloseTo(0.02529546, 6);
    expect(others['Middle Eastern']).toBeCloseTo(0.00930568, 6);
  });

  it('lists male before female, and nine brackets', () => {
    expect(fairface.GENDERS).toEqual(['Male', 'Female']);
    expect(read.gender[1]).toBeCloseTo(0.73105858, 6);
    expect(read.brackets).toHaveLength(9);
    // e⁵ / (e⁵ + 8)
    expect(read.brackets[8]).toBeCloseTo(0.94885, 4);
  });
});
