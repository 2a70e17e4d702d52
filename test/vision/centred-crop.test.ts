/** InsightFace's centred crop, against its `face_align.transform` worked out with NumPy. */
import { apply } from '../../src/vision/affine.js';
import { centredCropMap } from '../../src/vision/centred-crop.js';

test('shows one and a half times the longer side about the centre', () => {
  // M = [[s, 0, o/2 − cx·s], [0, s, o/2 − cy·s]] with s = 192 / (1.5 · 120); this is its inverse.
  const map = centredCropMap({ x1: 100, y1: 50, x2: 180, y2: 170 }, 192);
  expect(map).toEqual({ a: 0.9375, b: 0, c: 50, d: 0, e: 0.9375, f: 20 });
  expect(apply(map, { x: 96, y: 96 })).toEqual({ x: 140, y: 110 });
});
