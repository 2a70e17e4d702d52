/** Axis-aligned rectangles in pixels; edges are continuous coordinates, so width is x2 − x1. */

/** A rectangle with x1 ≤ x2 and y1 ≤ y2. */
export interface Box {
  readonly x1: number;
  readonly y1: number;
  readonly x2: number;
  readonly y2: number;
}

/** Area in square pixels; 0 for an empty or inverted box. */
export function area({ x1, y1, x2, y2 }: Box): number {
  return Math.max(0, x2 - x1) * Math.max(0, y2 - y1);
}

/** The middle of a box. */
export function centre({ x1, y1, x2, y2 }: Box): { readonly x: number; readonly y: number } {
  return { x: (x1 + x2) / 2, y: (y1 + y2) / 2 };
}

/** Area shared by two boxes, in square pixels. */
export function intersection(a: Box, b: Box): number {
  const width = Math.min(a.x2, b.x2) - Math.max(a.x1, b.x1);
  const height = Math.min(a.y2, b.y2) - Math.max(a.y1, b.y1);
  return width > 0 && height > 0 ? width * height : 0;
}

/** Intersection over union, 0…1. */
export function iou(a: Box, b: Box): number {
  const shared = intersection(a, b);
  return shared === 0 ? 0 : shared / (area(a) + area(b) - shared);
}

/** The part of a box inside a picture of the given size. */
export function clip(box: Box, width: number, height: number): Box {
  return {
    x1: clamp(box.x1, 0, width),
    y1: clamp(box.y1, 0, height),
    x2: clamp(box.x2, 0, width),
    y2: clamp(box.y2, 0, height),
  };
}

/** The box enlarged or reduced about its centre: both sides times `factor`. */
export function scaleAboutCentre({ x1, y1, x2, y2 }: Box, factor: number): Box {
  const dx = ((x2 - x1) * (factor - 1)) / 2;
  const dy = ((y2 - y1) * (factor - 1)) / 2;
  return { x1: x1 - dx, y1: y1 - dy, x2: x2 + dx, y2: y2 + dy };
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}
