/** Divides a picture that is larger than an input into tiles that overlap. */
import { type Box, centre } from '../vision/box.js';
import type { Image } from '../vision/image.js';
import type { Tiles } from '../packs/detector-model.js';

/** How a thorough search divides a picture where the pack does not say; see docs/detection.md. */
export const DEFAULT_TILES: Tiles = { side: 768, maxFacePixels: 48 };

/** The sides of tiles are multiples of it, because a detector pads its inputs to a grid. */
const GRID = 32;
/**
 * By how many pixels two tiles overlap beyond the longest face. The two place a box differently by less than that, so
 * at least one of them answers for it.
 */
const TOLERANCE = 16;

/**
 * The tiles of a picture, row by row, all of the same size. Neighbours overlap by more than the longest face that a
 * tile answers for, so each such face lies whole in one of them.
 */
export function tilesOf({ width, height }: Pick<Image, 'width' | 'height'>, tiles: Tiles): Box[] {
  const columns = spans(width, tiles);
  return spans(height, tiles).flatMap(([y1, y2]) => columns.map(([x1, x2]) => ({ x1, y1, x2, y2 })));
}

/**
 * Whether a tile answers for a box. A box whose middle is near an inner border of the tile may be part of a face that
 * the border cuts; the neighbour sees it whole.
 * @param box in the tile's coordinates
 */
export function answersFor(
  { x1, y1, x2, y2 }: Box,
  box: Box,
  { width, height }: Pick<Image, 'width' | 'height'>,
  { maxFacePixels }: Tiles,
): boolean {
  const { x, y } = centre(box);
  const margin = maxFacePixels / 2;
  return (
    (x1 === 0 || x >= margin) &&
    (y1 === 0 || y >= margin) &&
    (x2 === width || x2 - x1 - x >= margin) &&
    (y2 === height || y2 - y1 - y >= margin)
  );
}

/** Where tiles begin and end along one side of a picture: as few as cover it, as evenly as possible. */
function spans(length: number, { side, maxFacePixels }: Tiles): [start: number, end: number][] {
  if (length <= side) return [[0, length]];
  const overlap = maxFacePixels + TOLERANCE;
  const count = Math.ceil((length - overlap) / (side - overlap));
  const even = Math.ceil((length + (count - 1) * overlap) / count / GRID) * GRID;
  const last = length - even;
  return Array.from({ length: count }, (_, index) => {
    const start = Math.round((index * last) / (count - 1));
    return [start, start + even];
  });
}
