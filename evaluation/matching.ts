/** Matches found boxes with known faces. */
import { area, type Box, iou } from '../src/vision/box.js';
import type { ScoredBox } from '../src/vision/nms.js';

/** A face that is certain, from a label or from the judge, or a box that may be one. */
export interface KnownFace {
  readonly box: Box;
  /** Whether it must be found; finding another one is not wrong. */
  readonly certain: boolean;
}

/** A found box and the verdict: a certain face (for the first box on it), not a face, or not counted. */
export interface Judged extends ScoredBox {
  readonly verdict: 'face' | 'not' | 'ignore';
  /** The known face it was matched with, by index. */
  readonly known?: number;
}

/** How well two boxes agree, 0…1. */
export type Agreement = (found: Box, known: Box) => number;

/**
 * 1 if the centre of each lies within the inner half of the other and neither side is more than twice as long, else 0.
 * Independent of how tightly boxes are drawn, which differs from one data set to another.
 */
export const centresAgree: Agreement = (a, b) => {
  const ratio = area(a) / area(b);
  return isCentred(a, b) && isCentred(b, a) && ratio > 1 / 4 && ratio < 4 ? 1 : 0;
};

/**
 * Matches greedily, best score first, as in PASCAL VOC: a second box on a face is wrong.
 * @param minAgreement the lowest agreement of a match
 */
export function match(
  found: readonly ScoredBox[],
  known: readonly KnownFace[],
  minAgreement: number,
  agreement: Agreement = iou,
): Judged[] {
  const taken = new Set<number>();
  return [...found]
    .sort((a, b) => b.score - a.score)
    .map(({ box, score }): Judged => {
      const candidates = known
        .map((face, index) => ({ index, certain: face.certain, value: agreement(box, face.box) }))
        .filter(({ value, index }) => value >= minAgreement && !taken.has(index))
        .sort((a, b) => Number(b.certain) - Number(a.certain) || b.value - a.value);
      const best = candidates.at(0);
      if (best === undefined) return { box, score, verdict: 'not' };
      taken.add(best.index);
      return { box, score, verdict: best.certain ? 'face' : 'ignore', known: best.index };
    });
}

function isCentred(inner: Box, outer: Box): boolean {
  const [x, y] = [(inner.x1 + inner.x2) / 2, (inner.y1 + inner.y2) / 2];
  const [width, height] = [outer.x2 - outer.x1, outer.y2 - outer.y1];
  return (
    x > outer.x1 + width / 4 &&
    x < outer.x2 - width / 4 &&
    y > outer.y1 + height / 4 &&
    y < outer.y2 - height / 4
  );
}
