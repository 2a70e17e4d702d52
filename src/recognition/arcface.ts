/** Recognition networks of the family ArcFace (arXiv:1801.07698): what they take, and how a face is drawn into it. */
import type { RecognitionModel } from '../packs/recognition-model.js';
import type { Signature } from '../sessions/signature.js';
import type { Point } from '../vision/affine.js';
import { ALIGNED_SIDE, alignmentMap } from '../vision/alignment.js';
import type { Image } from '../vision/image.js';
import type { Normalisation } from '../vision/kernels/host/planes.js';
import type { Tensor } from '../vision/tensor.js';
import { warp } from '../vision/warp.js';

/** Shape of one face's input. */
export const SHAPE = [3, ALIGNED_SIDE, ALIGNED_SIDE] as const;

/** What a graph takes and gives that has features beside the embedding. */
export const SIGNATURE: Signature = {
  input: ['N', ...SHAPE],
  outputs: { embedding: ['N', 512], features: ['N', 128, 14, 14] },
};
/** What any other graph takes and gives: the embedding, whatever it is called. */
export const EMBEDDING_ONLY: Signature = { input: ['N', ...SHAPE], outputs: [['N', 512]] };

/** A face to recognise: five keypoints in pixels of its picture. */
export interface AlignableFace {
  readonly image: Image;
  readonly keypoints: readonly Point[];
}

/** How a pack's network wants its input. */
export function normalisationOf({ channelOrder, mean, std }: RecognitionModel): Normalisation {
  return { order: channelOrder, mean: [mean, mean, mean], std: [std, std, std] };
}

/** Writes one face into a batch. */
export function preprocess(
  { image, keypoints }: AlignableFace,
  normalisation: Normalisation,
  { data }: Tensor,
  offset: number,
): void {
  const target = { data, offset, width: ALIGNED_SIDE, height: ALIGNED_SIDE };
  warp(image, alignmentMap(keypoints), target, normalisation);
}
