/**
 * Face image quality, 0…1: how fit a face is for recognition. It is read off the norm of its embedding before
 * normalisation: a network trained with an angular margin gives embeddings of a large norm to faces that it recognises well
 * (MagFace, arXiv:2103.06627), and what spoils recognition (blur, few pixels, profile, bad light, occlusion) lowers the norm.
 */
import type { QualityCurve } from '../packs/recognition-model.js';

/**
 * The quality of a face, 0…1: the cosine similarity to be expected between the photo and a flawless copy of it.
 * @param embeddingNorm Euclidean norm of the face's embedding before normalisation
 * @param curve of the recognition model that made the embedding
 */
export function quality(embeddingNorm: number, { middle, steepness }: QualityCurve): number {
  return 1 / (1 + Math.exp(-steepness * (embeddingNorm - middle)));
}
