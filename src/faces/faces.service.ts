/** What the API does: detect, compare, and the items of batchDetect. */
import { Injectable } from '@nestjs/common';
import { Config } from '../config/config.js';
import { AppError } from '../errors.js';
import { Pack } from '../packs/pack.js';
import type { AnalysedFace, AnalysisOptions } from '../worker/protocol.js';
import { cosineSimilarity, similarityToConfidence } from '../recognition/similarity.js';
import type { CompareRequestDto, CompareResponseDto, ComparedFaceDto } from './compare.dto.js';
import type { DetectRequestDto, DetectResponseDto } from './detect.dto.js';
import { FACE_FIELDS, workFor } from './face-fields.js';
import { round, toFaceDto, toPixels } from './face.mapper.js';
import { imageSource } from './image-input.js';
import { PictureService } from './picture.service.js';

const ONE_EMBEDDING: AnalysisOptions = { maxFaces: 1, landmarks: false, embedding: true, attributes: [] };

@Injectable()
export class FacesService {
  constructor(
    private readonly pictures: PictureService,
    private readonly pack: Pack,
    private readonly config: Config,
  ) {}

  /** The faces of one picture, largest first. */
  async detect(request: DetectRequestDto, signal: AbortSignal): Promise<DetectResponseDto> {
    const { image_base64, image_url, image, fields = FACE_FIELDS } = request;
    const source = imageSource('image', { base64: image_base64, url: image_url, bytes: image });
    const faces = await this.pictures.analyze(
      source,
      {
        maxFaces: request.max_faces,
        minConfidence: request.min_confidence,
        minFaceSize: request.min_face_size,
        search: request.search,
        ...workFor(fields),
      },
      signal,
    );
    return { faces: faces.map((face) => toFaceDto(face, fields)) };
  }

  /**
   * Compares the largest faces of two pictures.
   * @throws AppError `no_face` if a picture shows none
   */
  async compare(request: CompareRequestDto, signal: AbortSignal): Promise<CompareResponseDto> {
    const { image1_base64, image1_url, image1, image2_base64, image2_url, image2 } = request;
    const sources = [
      imageSource('image1', { base64: image1_base64, url: image1_url, bytes: image1 }),
      imageSource('image2', { base64: image2_base64, url: image2_url, bytes: image2 }),
    ];
    const [first, second] = await Promise.all(
      sources.map((source) =>
        this.pictures.analyze(source, { ...ONE_EMBEDDING, search: request.search }, signal),
      ),
    );
    const { threshold, confidence } = this.pack.models.recognition.match;
    const [face1, embedding1] = primary(first, 'image1');
    const [face2, embedding2] = primary(second, 'image2');
    const cosine = cosineSimilarity(embedding1, embedding2);
    return {
      similarity: round(Math.min(Math.max(cosine, 0), 1), 4),
      threshold,
      is_match: cosine >= threshold,
      confidence: round(similarityToConfidence(cosine, confidence), 4),
      image1: face1,
      image2: face2,
    };
  }

  /**
   * Answers each item on its own, in order. At most as many run at a time as there may be workers, so that a batch
   * neither floods the queue nor holds all of its decoded pictures at once.
   */
  async mapConcurrently<T, R>(items: readonly T[], answer: (item: T) => Promise<R>): Promise<R[]> {
    const results: R[] = [];
    const pending = items.entries();
    const lane = async (): Promise<void> => {
      for (const [index, item] of pending) results[index] = await answer(item);
    };
    await Promise.all(Array.from({ length: this.config.inferenceMaxWorkers }, lane));
    return results;
  }
}

/** The largest face of a picture and its embedding. */
function primary([face]: readonly AnalysedFace[], name: string): [ComparedFaceDto, Float32Array] {
  if (face?.embedding === undefined) {
    throw new AppError('no_face', `There is no face in ${name}; send a picture that shows one.`, {
      field: name,
    });
  }
  return [{ bounding_box: toPixels(face.box), confidence: round(face.confidence, 4) }, face.embedding];
}
