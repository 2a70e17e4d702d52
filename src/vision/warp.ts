/** Pixels → network input in one pass: an affine sampling of an image that writes normalised planes into a tensor. */
import type { Affine } from './affine.js';
import type { Image } from './image.js';
import { type Normalisation, planesOf, type WarpTarget } from './kernels/host/planes.js';
import { reduce } from './kernels/host/reduce.js';
import { sampleTurned } from './kernels/host/sample-turned.js';
import { sampleUpright } from './kernels/host/sample-upright.js';

/**
 * Fills the target with `image` seen through `map` (target pixel ↦ image pixel), bilinear, black outside the image.
 * For a map that reduces by two or more, blocks of pixels are averaged first, so that none is skipped.
 */
export function warp(image: Image, map: Affine, target: WarpTarget, normalisation: Normalisation): void {
  const reduced = reduce(image, map, target.width, target.height);
  sample(reduced.image, reduced.map, target, normalisation);
}

/** As `warp`, but without averaging: for networks that were trained on point-sampled crops. */
export function sample(image: Image, map: Affine, target: WarpTarget, normalisation: Normalisation): void {
  const rgb = normalisation.order === 'grey' ? scratchPlanes(target) : target;
  const isUpright = map.b === 0 && map.d === 0;
  (isUpright ? sampleUpright : sampleTurned)(image, map, rgb, planesOf(normalisation));
  if (normalisation.order === 'grey') mixGrey(rgb.data, target, normalisation);
}

/** Grey crops are small and few: they are sampled in colour first, then converted. */
function scratchPlanes({ width, height }: WarpTarget): WarpTarget {
  return { data: new Float32Array(3 * width * height), offset: 0, width, height };
}

function mixGrey(
  rgb: Float32Array,
  { data, offset, width, height }: WarpTarget,
  { mean, std }: Normalisation,
): void {
  const size = width * height;
  for (let i = 0; i < size; i++) {
    const luma = 0.299 * rgb[i] + 0.587 * rgb[i + size] + 0.114 * rgb[i + size + size];
    data[offset + i] = (luma - mean[0]) / std[0];
  }
}
