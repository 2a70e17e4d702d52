/** Pose: the calibration of a model's angles, how far a tilted head is turned back, and the limits of the quick pose. */
import { excess } from '../../src/attributes/hopenet.js';
import { calibrate } from '../../src/attributes/pose.head.js';
import { postprocess } from '../../src/attributes/trunk-pose.js';
import { alignmentMap } from '../../src/vision/alignment.js';
import { apply, rotationAbout } from '../../src/vision/affine.js';

test('a head tilted little is not turned back', () => {
  for (const degrees of [-25, -10, 0, 3, 25]) expect(excess(degrees)).toBeCloseTo(0, 12);
});

test('a head tilted further is turned back by ever more, without a step, and from 50° on wholly', () => {
  expect(excess(25.5)).toBeCloseTo(1, 12);
  expect(excess(50)).toBe(50);
  expect(excess(60)).toBe(60);
  expect(excess(-170)).toBe(-170);
});

test('the offsets are added, that of pitch by the cosine of yaw', () => {
  const offsets = { roll: 1, yaw: -2, pitch: 6 };
  expect(calibrate({ roll: 10, yaw: 2, pitch: -3 }, offsets)).toEqual({ roll: 11, yaw: 0, pitch: 3 });
  // cos 60° = ½
  expect(calibrate({ roll: 0, yaw: 62, pitch: 0 }, offsets).pitch).toBeCloseTo(3, 12);
  expect(calibrate({ roll: 0, yaw: -88, pitch: 4 }, offsets).pitch).toBeCloseTo(4, 12);
});

test('roll goes on at −180° after 180°', () => {
  const offsets = { roll: 1.5, yaw: 0, pitch: 0 };
  expect(calibrate({ roll: 179, yaw: 0, pitch: 0 }, offsets).roll).toBeCloseTo(-179.5, 12);
  expect(calibrate({ roll: -203, yaw: 0, pitch: 0 }, offsets).roll).toBeCloseTo(158.5, 12);
});

describe('the quick pose', () => {
  const facts = {
    family: 'trunk-pose',
    file: 'quick-pose.onnx',
    limits: { roll: 10, yaw: 25, pitch: 20 },
  } as const;
  /** Keypoints where the aligned crop has them, turned by so many degrees. */
  const keypoints = (degrees: number) =>
    [
      { x: 38.2946, y: 51.6963 },
      { x: 73.5318, y: 51.5014 },
      { x: 56.0252, y: 71.7366 },
      { x: 41.5493, y: 92.3655 },
      { x: 70.7299, y: 92.2041 },
    ].map((point) => apply(rotationAbout({ x: 56, y: 56 }, degrees), point));
  const quickPose = (roll: number, yaw: number, pitch: number, turned = 0) =>
    postprocess({ angles: Float32Array.of(roll, yaw, pitch) }, keypoints(turned), facts);

  it('adds the roll that the crop was turned back by', () => {
    expect(alignmentMap(keypoints(0)).a).toBeCloseTo(1, 6);
    expect(quickPose(2, 3, 4, 30)?.roll).toBeCloseTo(32, 4);
    expect(quickPose(-2, 3, 4, -70)).toMatchObject({ yaw: 3, pitch: 4 });
  });

  it('leaves heads that are turned further to the pose network', () => {
    expect(quickPose(0, 25, -20)).toBeDefined();
    expect(quickPose(0, 25.5, 0)).toBeUndefined();
    expect(quickPose(0, -26, 0)).toBeUndefined();
    expect(quickPose(0, 0, 21)).toBeUndefined();
  });

  it('and those whose crop was not upright', () => {
    expect(quickPose(11, 0, 0)).toBeUndefined();
  });
});
