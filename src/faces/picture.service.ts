/**
 * One picture from its source to its faces: admits it, loads it at the size that the analysis needs, and analyses it.
 */
import { Injectable } from '@nestjs/common';
import { Config } from '../config/config.js';
import { type LoadedImage, ImageLoader } from '../images/image-loader.service.js';
import { type ImageSource, originOf } from '../images/image-source.js';
import { Pack } from '../packs/pack.js';
import { Admission } from '../inference/admission.service.js';
import type { AnalysedFace, AnalysisOptions } from '../worker/protocol.js';
import { InferencePool } from '../inference/inference-pool.service.js';
import type { Analysis } from '../inference/pending-job.js';
import { currentPicture, currentShare, inPicture } from '../telemetry/scope.js';
import { scaleFace } from './scale-face.js';

/**
 * Shorter side of a face, in pixels, above which more pixels add nothing: the aligned crop shows the face at about this
 * size. Below it, embeddings begin to differ from those of the full-size picture.
 */
const MIN_FACE_SIDE = 80;
/** The same if only boxes are requested: below it, rescoring begins to reject faces. */
const MIN_BOX_SIDE = 32;

@Injectable()
export class PictureService {
  constructor(
    private readonly images: ImageLoader,
    private readonly admission: Admission,
    private readonly pool: InferencePool,
    private readonly pack: Pack,
    private readonly config: Config,
  ) {}

  /**
   * The faces of a picture, largest first, in pixels of the full-size picture. A large picture is first decoded at a
   * reduced size, which is all that the detector needs; it is decoded in full only if a face turns out to be small, or
   * at once for a thorough search.
   * @param options sizes in pixels of the full-size picture
   * @throws AppError `overloaded` before any work if the service is full
   */
  async analyze(source: ImageSource, options: AnalysisOptions, signal: AbortSignal): Promise<AnalysedFace[]> {
    return inPicture(source.field, originOf(source), async (picture) => {
      this.admission.assertRoom();
      const reservation = this.admission.reserve(signal);
      const bytes = this.admission.hold(currentShare());
      try {
        const minSide = options.search === 'thorough' ? undefined : this.minSide;
        const loaded = await this.images.load(source, signal, { minSide, memory: reservation, bytes });
        const faces = await this.analyzeLoaded(loaded, options, signal);
        picture.faces = faces.length;
        return faces;
      } finally {
        reservation.release();
        bytes.free();
      }
    });
  }

  /** Pixels that the longer side of a large picture keeps when it is shrunk while decoding. */
  private get minSide(): number {
    return Math.max(this.config.imageWorkingSide, ...this.pack.models.detector.sizes);
  }

  private async analyzeLoaded(
    loaded: LoadedImage,
    options: AnalysisOptions,
    signal: AbortSignal,
  ): Promise<AnalysedFace[]> {
    const { inFull } = loaded;
    if (inFull === undefined) return (await this.analyzePixels(loaded, options, signal)).faces;
    const minFaceSide = needsPixels(options) ? MIN_FACE_SIDE : MIN_BOX_SIDE;
    const shrunk = await this.analyzePixels(loaded, { ...options, minFaceSide }, signal);
    return shrunk.tooCoarse ? this.analyzeLoaded(await inFull(), options, signal) : shrunk.faces;
  }

  private async analyzePixels(
    { image, width, height, release }: LoadedImage,
    options: AnalysisOptions,
    signal: AbortSignal,
  ): Promise<Pick<Analysis, 'faces' | 'tooCoarse'>> {
    const scale = { x: width / image.width, y: height / image.height };
    const minFaceSize = options.minFaceSize === undefined ? undefined : options.minFaceSize / scale.x;
    const queuedAt = performance.now();
    const { faces, tooCoarse, times } = await this.pool.analyze(
      image,
      { ...options, minFaceSize },
      signal,
      release,
    );
    currentPicture()?.noteAll(queuedAt, times);
    return { faces: faces.map((face) => scaleFace(face, scale)), tooCoarse };
  }
}

/** Whether any requested output is computed from the pixels of a face. */
function needsPixels({ landmarks, embedding, attributes }: AnalysisOptions): boolean {
  return landmarks || embedding || attributes.length > 0;
}
