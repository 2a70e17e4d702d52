import { suppress } from '../../src/vision/nms.js';

const at = (score: number, x1: number, y1: number, x2: number, y2: number) => ({
  score,
  box: { x1, y1, x2, y2 },
});
const limits = { iou: 0.4, containment: 0.7 };

describe('suppress', () => {
  it('keeps the best of boxes that overlap by more than the limit, best first', () => {
    const weak = at(0.6, 1, 0, 11, 10); // IoU with `strong`: 90 / 110 = 0.82
    const strong = at(0.9, 0, 0, 10, 10);
    const far = at(0.7, 50, 50, 60, 60);
    expect(suppress([weak, far, strong], limits)).toEqual([strong, far]);
  });

  it('keeps both of two boxes at the limit exactly', () => {
    const a = at(0.9, 0, 0, 10, 7);
    const b = at(0.8, 0, 3, 10, 10); // shares 40 of 100: IoU 0.4, 0.57 of the smaller one
    expect(suppress([a, b], limits)).toHaveLength(2);
  });

  it('removes a small box inside a large one, which IoU alone keeps', () => {
    const large = at(0.8, 0, 0, 100, 100);
    const small = at(0.7, 40, 40, 60, 60); // IoU 0.04
    expect(suppress([small, large], limits)).toEqual([large]);
    expect(suppress([small, large], { iou: 0.4, containment: 1 })).toHaveLength(2);
  });

  it('stops at the most boxes to keep', () => {
    const boxes = [at(0.1, 0, 0, 1, 1), at(0.9, 5, 5, 6, 6), at(0.5, 8, 8, 9, 9)];
    expect(suppress(boxes, limits, 2).map(({ score }) => score)).toEqual([0.9, 0.5]);
  });

  it('does not change its input, and gives nothing for nothing', () => {
    const input = [at(0.1, 0, 0, 1, 1), at(0.9, 5, 5, 6, 6)];
    suppress(input, limits);
    expect(input[0].score).toBe(0.1);
    expect(suppress([], limits)).toEqual([]);
  });
});
