/**
 * Face image quality, 0…1: how suitable a face is for recognition. It follows from the norm of the embedding before
 * normalisation: a network trained with an angular margin gives embeddings of a large norm to faces that it recognises
 * well (MagFace, arXiv:2103.06627), and blur, few pixels, a profile view, bad light and occlusion lower the norm.
 */
import type { QualityCurve } from '../packs/recognition-model.js';

/**
 * The quality of a face, 0…1: the expected cosine similarity between the photo and a flawless copy of it.
 * @param embeddingNorm Euclidean norm of the face's embedding before normalisation
 * @param curve of the recognition model that made the embedding
 */
export function quality(embeddingNorm: number, { middle, steepness }: QualityCurve): number {
  return 1 / (1 + Math.exp(-steepness * (embeddingNorm - middle)));
}
