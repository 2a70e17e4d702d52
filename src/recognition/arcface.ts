/** The recognition family ArcFace (arXiv:1801.07698): its signature, and how a face becomes its input. */
import type { RecognitionModel } from '../packs/recognition-model.js';
import type { Signature } from '../sessions/signature.js';
import type { Point } from '../vision/affine.js';
import { ALIGNED_SIDE, alignmentMap } from '../vision/alignment.js';
import type { Image } from '../vision/image.js';
import type { Normalisation } from '../vision/kernels/host/planes.js';
import type { Tensor } from '../vision/tensor.js';
import { warp } from '../vision/warp.js';

/** Shape of the input of one face. */
export const SHAPE = [3, ALIGNED_SIDE, ALIGNED_SIDE] as const;

/** Input and outputs of a graph that has features beside the embedding. */
export const SIGNATURE: Signature = {
  input: ['N', ...SHAPE],
  outputs: { embedding: ['N', 512], features: ['N', 128, 14, 14] },
};
/** Input and output of any other graph: the embedding, under whatever name. */
export const EMBEDDING_ONLY: Signature = { input: ['N', ...SHAPE], outputs: [['N', 512]] };

/** A face to recognise: five keypoints in pixels of its picture. */
export interface AlignableFace {
  readonly image: Image;
  readonly keypoints: readonly Point[];
}

/** The scaling of the input that pack.json states. */
export function normalisationOf({ channelOrder, mean, std }: RecognitionModel): Normalisation {
  return { order: channelOrder, mean: [mean, mean, mean], std: [std, std, std] };
}

/** Draws one aligned face into a batch, 3×112×112 floats from index `offset` on. */
export function preprocess(
  { image, keypoints }: AlignableFace,
  normalisation: Normalisation,
  { data }: Tensor,
  offset: number,
): void {
  const target = { data, offset, width: ALIGNED_SIDE, height: ALIGNED_SIDE };
  warp(image, alignmentMap(keypoints), target, normalisation);
}
