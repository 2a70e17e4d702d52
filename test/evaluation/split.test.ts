/** What is held out stays held out: the figures of docs/accuracy.md depend on it. */
import { sample } from '../../evaluation/data.js';
import { pattern } from '../../evaluation/patterns.js';
import { isForCalibration, isHeldOut } from '../../evaluation/split.js';

test('a fifth is held out, chosen by the name alone', () => {
  const names = Array.from({ length: 5000 }, (_, index) => `${index}.jpg`);
  const share = names.filter(isHeldOut).length / names.length;
  expect(share).toBeGreaterThan(0.18);
  expect(share).toBeLessThan(0.22);
  // SHA-256 of "abc" begins with ba7816bf, of "a" with ca978112, of "the quick brown fox" with 9ecb36561.
  expect(['abc', 'a', 'the quick brown fox'].map(isHeldOut)).toEqual([false, false, false]);
  // SHA-256 of "hello" begins with 2cf24dba (0.176 of the range), of "test" with 9f86d081.
  expect(['hello', 'test'].map(isHeldOut)).toEqual([true, false]);
});

test('a half is for calibration, whether held out or not', () => {
  const names = Array.from({ length: 5000 }, (_, index) => `${index}.jpg`);
  for (const part of [names.filter(isHeldOut), names.filter((name) => !isHeldOut(name))]) {
    const share = part.filter(isForCalibration).length / part.length;
    expect(share).toBeGreaterThan(0.45);
    expect(share).toBeLessThan(0.55);
  }
  // SHA-256 of "abc" begins with ba7816bf 8f01cfea, of "hello" with 2cf24dba 5fb0a30e.
  expect(['abc', 'hello'].map(isForCalibration)).toEqual([false, true]);
});

test('a sample is spread evenly', () => {
  expect(sample([0, 1, 2, 3, 4, 5, 6, 7, 8, 9], 5)).toEqual([0, 2, 4, 6, 8]);
  expect(sample([1, 2], 5)).toEqual([1, 2]);
});

test('a pattern is the same each time and differs from the next of its kind', () => {
  const [one, again] = [pattern(3), pattern(3)];
  expect([one.width, one.height]).toEqual([again.width, again.height]);
  // Not toEqual, which takes a second for a million numbers.
  expect(Buffer.from(one.data).equals(again.data)).toBe(true);
  const kinds = new Set(Array.from({ length: 12 }, (_, index) => pattern(index).data.slice(0, 300).join()));
  expect(kinds.size).toBeGreaterThan(8);
});
