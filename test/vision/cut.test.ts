import { cut } from '../../src/vision/cut.js';

test('cuts a part out of a picture', () => {
  const picture = {
    width: 4,
    height: 3,
    data: Uint8Array.from({ length: 36 }, (_, at) => Math.floor(at / 3)),
  };
  const { width, height, data } = cut(picture, { x1: 1, y1: 1, x2: 3, y2: 3 });
  expect([width, height]).toEqual([2, 2]);
  expect([...data].filter((_, at) => at % 3 === 0)).toEqual([5, 6, 9, 10]);
});
