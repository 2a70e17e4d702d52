/** The three things a caller can ask: detect, compare, batchDetect. */
import { Injectable } from '@nestjs/common';
import { Config } from '../config/config.js';
import { AppError } from '../errors.js';
import type { ImageSource } from '../images/image-source.js';
import { Pack } from '../packs/pack.js';
import type { AnalysedFace, AnalysisOptions } from '../worker/protocol.js';
import { cosineSimilarity, similarityToConfidence } from '../recognition/similarity.js';
import type { CompareRequestDto, CompareResponseDto, ComparedFaceDto } from './compare.dto.js';
import type { DetectRequestDto, DetectResponseDto } from './detect.dto.js';
import { FACE_FIELDS, workFor } from './face-fields.js';
import { round, toFaceDto, toPixels } from './face.mapper.js';
import { imageSource } from './image-input.js';
import { PictureService } from './picture.service.js';

/** Where the time of a request went, in milliseconds: the entries of its `Server-Timing` header. */
export interface Timings {
  readonly load: number;
  readonly decode: number;
  readonly queue: number;
  readonly detect: number;
  readonly recognise: number;
  readonly attributes: number;
}

/** An answer, and where its time went. */
export interface Timed<T> {
  readonly answer: T;
  readonly timings: Timings;
}

const ONE_EMBEDDING: AnalysisOptions = { maxFaces: 1, landmarks: false, embedding: true, attributes: [] };

@Injectable()
export class FacesService {
  constructor(
    private readonly pictures: PictureService,
    private readonly pack: Pack,
    private readonly config: Config,
  ) {}

  /** The faces of one picture, largest first. */
  async detect(request: DetectRequestDto, signal: AbortSignal): Promise<Timed<DetectResponseDto>> {
    const { image_base64, image_url, image, fields = FACE_FIELDS } = request;
    const source = imageSource('image', { base64: image_base64, url: image_url, bytes: image });
    const { answer, timings } = await this.analyze(
      source,
      {
        maxFaces: request.max_faces,
        minConfidence: request.min_confidence,
        minFaceSize: request.min_face_size,
        ...workFor(fields),
      },
      signal,
    );
    return { answer: { faces: answer.map((face) => toFaceDto(face, fields)) }, timings };
  }

  /** How alike the largest faces of two pictures are. */
  async compare(request: CompareRequestDto, signal: AbortSignal): Promise<Timed<CompareResponseDto>> {
    const { image1_base64, image1_url, image1, image2_base64, image2_url, image2 } = request;
    const sources = [
      imageSource('image1', { base64: image1_base64, url: image1_url, bytes: image1 }),
      imageSource('image2', { base64: image2_base64, url: image2_url, bytes: image2 }),
    ];
    const [first, second] = await Promise.all(
      sources.map((source) => this.analyze(source, ONE_EMBEDDING, signal)),
    );
    const { threshold, confidence } = this.pack.models.recognition.match;
    const [face1, embedding1] = primary(first.answer, 'image1');
    const [face2, embedding2] = primary(second.answer, 'image2');
    const cosine = cosineSimilarity(embedding1, embedding2);
    return {
      answer: {
        similarity: round(Math.min(Math.max(cosine, 0), 1), 4),
        threshold,
        is_match: cosine >= threshold,
        confidence: round(similarityToConfidence(cosine, confidence), 4),
        image1: face1,
        image2: face2,
      },
      timings: slowest(first.timings, second.timings),
    };
  }

  private async analyze(
    source: ImageSource,
    options: AnalysisOptions,
    signal: AbortSignal,
  ): Promise<Timed<AnalysedFace[]>> {
    const { faces, loadMs, decodeMs, queueMs, detectMs, recogniseMs, attributesMs } =
      await this.pictures.analyze(source, options, signal);
    return {
      answer: faces,
      timings: {
        load: loadMs,
        decode: decodeMs,
        queue: queueMs,
        detect: detectMs,
        recognise: recogniseMs,
        attributes: attributesMs,
      },
    };
  }

  /**
   * Answers each item on its own, at most as many at a time as there may be workers, so that a batch neither floods
   * the queue nor holds all of its decoded pictures at once.
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

/** Two pictures are worked on side by side: the longer one of each stage is what the caller waited for. */
function slowest(a: Timings, b: Timings): Timings {
  const names = Object.keys(a) as (keyof Timings)[];
  return Object.fromEntries(names.map((name) => [name, Math.max(a[name], b[name])])) as unknown as Timings;
}
