/** The tiles of a thorough search: they cover the picture, and each face lies whole in one that answers for it. */
import { answersFor, tilesOf } from '../../src/detection/tiles.js';
import type { Box } from '../../src/vision/box.js';

const TILES = { side: 128, maxFacePixels: 32 };

const contains = (tile: Box, { x1, y1, x2, y2 }: Box): boolean =>
  x1 >= tile.x1 && y1 >= tile.y1 && x2 <= tile.x2 && y2 <= tile.y2;
const inside = ({ x1, y1 }: Box, box: Box): Box => ({
  x1: box.x1 - x1,
  y1: box.y1 - y1,
  x2: box.x2 - x1,
  y2: box.y2 - y1,
});

test('a picture no larger than a tile is one tile', () => {
  expect(tilesOf({ width: 128, height: 20 }, TILES)).toEqual([{ x1: 0, y1: 0, x2: 128, y2: 20 }]);
});

test.each([
  [129, 20],
  [300, 500],
  [1000, 129],
  [777, 333],
])('%i × %i: tiles of one size inside the picture, none larger than asked for', (width, height) => {
  const tiles = tilesOf({ width, height }, TILES);
  expect(new Set(tiles.map(({ x1, y1, x2, y2 }) => `${x2 - x1} × ${y2 - y1}`)).size).toBe(1);
  for (const tile of tiles) {
    expect(contains({ x1: 0, y1: 0, x2: width, y2: height }, tile)).toBe(true);
    expect(Math.max(tile.x2 - tile.x1, tile.y2 - tile.y1)).toBeLessThanOrEqual(TILES.side);
  }
});

test.each([
  [129, 60],
  [300, 500],
  [777, 333],
])('%i × %i: every face lies whole in a tile that answers for it', (width, height) => {
  const tiles = tilesOf({ width, height }, TILES);
  const picture = { width, height };
  for (let x = 0; x + 32 <= width; x += 3) {
    for (let y = 0; y + 32 <= height; y += 3) {
      const face = { x1: x, y1: y, x2: x + 32, y2: y + 32 };
      const answering = tiles.filter((tile) => answersFor(tile, inside(tile, face), picture, TILES));
      if (answering.length === 0) throw new Error(`No tile answers for ${JSON.stringify(face)}.`);
      if (!answering.every((tile) => contains(tile, face)))
        throw new Error(`${JSON.stringify(face)} is cut.`);
    }
  }
});

test('no tile answers for what lies at an inner border', () => {
  const picture = { width: 300, height: 100 };
  const [left] = tilesOf(picture, TILES);
  const right = left.x2;
  expect(answersFor(left, { x1: right - 20, y1: 0, x2: right, y2: 20 }, picture, TILES)).toBe(false);
  expect(answersFor(left, { x1: 0, y1: 0, x2: 20, y2: 20 }, picture, TILES)).toBe(true);
});
