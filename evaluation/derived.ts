/** Pictures made from photos with one known face: turned heads, close-ups, small faces. */
import { type Affine, apply, invert, type Point } from '../src/vision/affine.js';
import type { Box } from '../src/vision/box.js';
import type { Image } from '../src/vision/image.js';
import { warp } from '../src/vision/warp.js';
import { generator } from './patterns.js';

/** A picture and the box of its face. */
export interface Derived {
  readonly image: Image;
  readonly face: Box;
}

const CANVAS = { width: 640, height: 480 };
const CLOSE_UP_SIDE = 600;
/** A lying person's disc: its radius, and the width of its soft border, in pixels. */
const LYING_RADIUS = 110;
const LYING_BORDER = 20;

/** The photo turned clockwise about its face, in a frame of the same size; black outside the photo. */
export function turned({ image, face }: Derived, degrees: number): Derived {
  const { x, y } = centre(face);
  const angle = (degrees * Math.PI) / 180;
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  // From a pixel of the turned picture to one of the photo: turned back about the face's centre.
  const map = { a: cos, b: sin, c: x - cos * x - sin * y, d: -sin, e: cos, f: y + sin * x - cos * y };
  return { image: render(image, map, image.width, image.height), face };
}

/**
 * The photo turned clockwise about its face, cut out as a disc with a soft border, in the lower right corner of a scene.
 */
export function lying(photo: Derived, degrees: number, scene: Image): Derived {
  const { image, face } = turned(photo, degrees);
  const [from, to] = [centre(face), { x: scene.width - LYING_RADIUS, y: scene.height - LYING_RADIUS }];
  const shift = { x: Math.round(to.x - from.x), y: Math.round(to.y - from.y) };
  const data = scene.data.slice();
  for (let y = scene.height - 2 * LYING_RADIUS; y < scene.height; y++) {
    for (let x = scene.width - 2 * LYING_RADIUS; x < scene.width; x++) {
      const [u, v] = [x - shift.x, y - shift.y];
      if (u < 0 || v < 0 || u >= image.width || v >= image.height) continue;
      const inside = (LYING_RADIUS - Math.hypot(u - from.x, v - from.y)) / LYING_BORDER;
      const share = Math.min(1, Math.max(0, inside));
      const [at, source] = [(y * scene.width + x) * 3, (v * image.width + u) * 3];
      for (let colour = 0; colour < 3; colour++)
        data[at + colour] += share * (image.data[source + colour] - data[at + colour]);
    }
  }
  const [width, height] = [face.x2 - face.x1, face.y2 - face.y1];
  const [x1, y1] = [face.x1 + shift.x, face.y1 + shift.y];
  return { image: { ...scene, data }, face: { x1, y1, x2: x1 + width, y2: y1 + height } };
}

/** An enlarged square around the face, of whose area the face fills a given share. */
export function closeUp({ image, face }: Derived, share: number): Derived {
  const { x, y } = centre(face);
  const side = Math.sqrt(((face.x2 - face.x1) * (face.y2 - face.y1)) / share);
  return zoomed({ image, face }, { x: x - side / 2, y: y - side / 2 }, CLOSE_UP_SIDE / side, {
    width: CLOSE_UP_SIDE,
    height: CLOSE_UP_SIDE,
  });
}

/** The photo shrunk until its face is `size` pixels high, on a larger canvas at a position that `seed` determines. */
export function shrunk({ image, face }: Derived, size: number, seed: number): Derived {
  const scale = size / (face.y2 - face.y1);
  const random = generator(seed);
  const corner = {
    x: (-random() * Math.max(0, CANVAS.width - image.width * scale)) / scale,
    y: (-random() * Math.max(0, CANVAS.height - image.height * scale)) / scale,
  };
  return zoomed({ image, face }, corner, scale, CANVAS);
}

/** The picture scaled so that its longer side is `length` pixels long. */
export function enlarged(image: Image, length: number): Image {
  const scale = length / Math.max(image.width, image.height);
  const size = { width: Math.round(image.width * scale), height: Math.round(image.height * scale) };
  return scaled(image, size);
}

/** Pictures of the same shape tiled in rows, `width` pixels wide together. */
export function mosaic(images: readonly Image[], columns: number, width: number): Image {
  const cells = images.map((image) => enlarged(image, Math.floor(width / columns)));
  const [cell] = cells;
  const whole = { width: cell.width * columns, height: cell.height * Math.ceil(cells.length / columns) };
  const data = new Uint8Array(whole.width * whole.height * 3);
  for (const [index, { data: pixels }] of cells.entries()) {
    const left = (index % columns) * cell.width;
    const top = Math.floor(index / columns) * cell.height;
    for (let y = 0; y < cell.height; y++) {
      const row = pixels.subarray(y * cell.width * 3, (y + 1) * cell.width * 3);
      data.set(row, ((top + y) * whole.width + left) * 3);
    }
  }
  return { ...whole, data };
}

function scaled(image: Image, { width, height }: Pick<Image, 'width' | 'height'>): Image {
  // Pixel centres lie at half coordinates.
  const [x, y] = [image.width / width, image.height / height];
  return render(image, { a: x, b: 0, c: x / 2 - 0.5, d: 0, e: y, f: y / 2 - 0.5 }, width, height);
}

/** The part of a photo that begins at `corner`, scaled. */
function zoomed(
  { image, face }: Derived,
  corner: Point,
  scale: number,
  { width, height }: { readonly width: number; readonly height: number },
): Derived {
  // Pixel centres lie at half coordinates.
  const half = 0.5 / scale - 0.5;
  const map: Affine = { a: 1 / scale, b: 0, c: corner.x + half, d: 0, e: 1 / scale, f: corner.y + half };
  const [from, to] = [
    { x: face.x1, y: face.y1 },
    { x: face.x2, y: face.y2 },
  ].map((point) => apply(invert({ ...map, c: corner.x, f: corner.y }), point));
  return { image: render(image, map, width, height), face: { x1: from.x, y1: from.y, x2: to.x, y2: to.y } };
}

function render(image: Image, map: Affine, width: number, height: number): Image {
  const size = width * height;
  const planes = new Float32Array(3 * size);
  warp(
    image,
    map,
    { data: planes, offset: 0, width, height },
    { order: 'RGB', mean: [0, 0, 0], std: [1, 1, 1] },
  );
  const data = new Uint8Array(3 * size);
  for (let i = 0; i < size; i++) {
    for (let colour = 0; colour < 3; colour++) data[i * 3 + colour] = planes[colour * size + i] + 0.5;
  }
  return { width, height, data };
}

function centre({ x1, y1, x2, y2 }: Box): Point {
  return { x: (x1 + x2) / 2, y: (y1 + y2) / 2 };
}
