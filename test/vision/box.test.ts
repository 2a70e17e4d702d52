import { area, clip, intersection, iou, scaleAboutCentre } from '../../src/vision/box.js';

const unit = { x1: 0, y1: 0, x2: 10, y2: 10 };

describe('box', () => {
  it('measures areas, and nothing for an inverted box', () => {
    expect(area({ x1: 2, y1: 3, x2: 7, y2: 11 })).toBe(40);
    expect(area({ x1: 7, y1: 3, x2: 2, y2: 11 })).toBe(0);
  });

  it('intersects: half-overlapping squares share 50 of 150 square pixels', () => {
    const shifted = { x1: 5, y1: 0, x2: 15, y2: 10 };
    expect(intersection(unit, shifted)).toBe(50);
    expect(iou(unit, shifted)).toBeCloseTo(1 / 3, 12);
  });

  it('gives 0 for boxes that only touch', () => {
    expect(iou(unit, { x1: 10, y1: 0, x2: 20, y2: 10 })).toBe(0);
  });

  it('clips to the picture', () => {
    expect(clip({ x1: -5, y1: 3, x2: 120, y2: 200 }, 100, 80)).toEqual({ x1: 0, y1: 3, x2: 100, y2: 80 });
  });

  it('scales about the centre', () => {
    expect(scaleAboutCentre({ x1: 10, y1: 20, x2: 30, y2: 60 }, 1.5)).toEqual({
      x1: 5,
      y1: 10,
      x2: 35,
      y2: 70,
    });
  });
});
