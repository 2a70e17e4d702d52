/** The sizes that pictures are searched at, and their order. */
import { searchOrder, usefulSizes } from '../../src/detection/useful-sizes.js';

const SIZES = [160, 320, 480];

test.each([
  ['a thumbnail', 100, 80, [160, 320]],
  ['as large as a size', 240, 320, [160, 320]],
  ['larger than it', 321, 200, [160, 320, 480]],
  ['a photo', 4000, 3000, [160, 320, 480]],
])('%s is searched at the sizes that show something new', (_, width, height, sizes) => {
  expect(usefulSizes(SIZES, { width, height })).toEqual(sizes);
});

test.each([
  [[640], [640], []],
  [[160, 320], [160, 320], []],
  [
    [160, 320, 480, 640],
    [160, 640],
    [320, 480],
  ],
])('of %p the smallest and the largest come first', (useful, first, inDoubt) => {
  expect(searchOrder(useful)).toEqual({ first, inDoubt });
});
