/** Pose: what is added to a model's angles, and how far a tilted head is turned back before the model sees it. */
import { calibrate, excess } from '../../src/attributes/pose.head.js';

test('a head tilted little is not turned back', () => {
  for (const degrees of [-25, -10, 0, 3, 25]) expect(excess(degrees)).toBeCloseTo(0, 12);
});

test('a head tilted further is turned back by what is too much, without a step', () => {
  expect(excess(25.5)).toBeCloseTo(0.5, 12);
  expect(excess(60)).toBe(35);
  expect(excess(-60)).toBe(-35);
});

test('the offsets are added, that of pitch by the cosine of yaw', () => {
  const offsets = { roll: 1, yaw: -2, pitch: 6 };
  expect(calibrate({ roll: 10, yaw: 2, pitch: -3 }, offsets)).toEqual({ roll: 11, yaw: 0, pitch: 3 });
  // cos 60° = ½
  expect(calibrate({ roll: 0, yaw: 62, pitch: 0 }, offsets).pitch).toBeCloseTo(3, 12);
  expect(calibrate({ roll: 0, yaw: -88, pitch: 4 }, offsets).pitch).toBeCloseTo(4, 12);
});
