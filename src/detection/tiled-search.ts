/**
 * A search of a large picture tile by tile: at its full size, at a half, a quarter, … down to the sizes that inputs of
 * the whole picture have. Each level finds the smallest faces it can see and leaves the larger ones to the next.
 */
import type { Tiles } from '../packs/detector-model.js';
import type { Box } from '../vision/box.js';
import { cut } from '../vision/cut.js';
import type { Image } from '../vision/image.js';
import { suppress, type SuppressionLimits } from '../vision/nms.js';
import { type Level, levelsAbove } from '../vision/pyramid.js';
import type { Detector } from './detector.js';
import type { Candidate } from './face.js';
import { isTooLarge, type Scale, type Searched, type SizedCandidate } from './scale-agreement.js';
import { MAX_FACES } from './select.js';
import { answersFor, tilesOf } from './tiles.js';

/** What to find in a picture. */
export interface TiledSearch {
  readonly image: Image;
  /** The lowest score of a candidate, 0…1. */
  readonly minScore: number;
  /** Levels at which every box is shorter than this many pixels of the picture are left out. */
  readonly minFaceSize: number;
  /** The search ends before the next tiles once this returns true. */
  readonly isAbandoned: () => boolean;
}

/** The most candidates of all tiles together: they bound the time that comparing them takes. */
const MAX_FOUND = 10_000;
/** The most tiles of a run: they bound the memory for their inputs and outputs on a GPU. */
const MAX_TILES_AT_ONCE = 8;

/**
 * The candidates of a picture on all levels whose longer side has more than `above` pixels. Memory is bounded: one copy
 * of the picture at each level below the first, a third of the picture in all, and the inputs of a few tiles. So is
 * the number of candidates: of each tile, those that survive suppression, at most `MAX_FACES`; of all, `MAX_FOUND`.
 */
export async function searchTiles(
  detector: Detector,
  search: TiledSearch,
  above: number,
  tiles: Tiles,
  limits: SuppressionLimits,
): Promise<Searched> {
  const { image } = search;
  const scales: Scale[] = [];
  let found: SizedCandidate[] = [];
  for (const level of levelsAbove(image, above)) {
    if (tiles.maxFacePixels * level.factor < search.minFaceSize) continue;
    const scale = {
      size: Math.max(image.width, image.height) / level.factor,
      maxPixels: tiles.maxFacePixels,
    };
    scales.push(scale);
    const boxes = tilesOf(level.image, tiles);
    const atOnce = Math.min(detector.maxBatch, MAX_TILES_AT_ONCE);
    for (let first = 0; first < boxes.length; first += atOnce) {
      if (search.isAbandoned()) return { image, scales, found };
      const some = boxes.slice(first, first + atOnce);
      const results = await detector.search(some.map((box) => inputOf(level, box, search.minScore)));
      for (const [index, candidates] of results.entries()) {
        const tile = some[index];
        const own = candidates
          .filter(({ box }) => answersFor(tile, box, level.image, tiles))
          .map((candidate) => onPicture(candidate, tile, level))
          .filter((candidate) => !isTooLarge(candidate, image, scale));
        for (const candidate of suppress(own, limits, MAX_FACES)) {
          found.push({ ...candidate, size: scale.size });
        }
      }
      if (found.length > MAX_FOUND) found = found.toSorted((a, b) => b.score - a.score).slice(0, MAX_FOUND);
    }
  }
  return { image, scales, found };
}

function inputOf(
  { image }: Level,
  box: Box,
  minScore: number,
): { image: Image; size: number; minScore: number } {
  const tile = cut(image, box);
  return { image: tile, size: Math.max(tile.width, tile.height), minScore };
}

/** A candidate of a tile, in pixels of the whole picture. */
function onPicture(candidate: Candidate, { x1: left, y1: top }: Box, { factor }: Level): Candidate {
  const { box, keypoints } = candidate;
  const x = (at: number): number => (at + left) * factor;
  const y = (at: number): number => (at + top) * factor;
  return {
    ...candidate,
    box: { x1: x(box.x1), y1: y(box.y1), x2: x(box.x2), y2: y(box.y2) },
    ...(keypoints && { keypoints: keypoints.map((point) => ({ x: x(point.x), y: y(point.y) })) }),
  };
}
