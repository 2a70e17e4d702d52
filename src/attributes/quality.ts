/**
 * Face image quality, 0…1: how fit a face is for recognition. Read off the length of its embedding before it is
 * normalised: a network trained with an angular margin gives long embeddings to faces it recognises well (MagFace,
 * arXiv:2103.06627), and what spoils recognition (blur, few pixels, profile, bad light, occlusion) shortens them all.
 */
import type { QualityCurve } from '../packs/recognition-model.js';

/**
 * The quality of a face, 0…1: the cosine similarity to be expected between the photo and a flawless copy of it.
 * @param embeddingLength Euclidean length of the face's embedding before normalisation
 * @param curve of the recognition model that made the embedding
 */
export function quality(embeddingLength: number, { middle, steepness }: QualityCurve): number {
  return 1 / (1 + Math.exp(-steepness * (embeddingLength - middle)));
}
