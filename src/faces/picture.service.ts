/** One picture from its source to its faces: let in, loaded as large as it needs to be, analysed. */
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
 * Shorter side of a face, in pixels, from which on more pixels tell the models nothing: the aligned crop holds the face
 * at about this size, and below it embeddings begin to differ from those of the whole picture.
 */
const MIN_FACE_SIDE = 80;
/** The same where only boxes are asked for: below it second opinions begin to turn faces away. */
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
   * The faces of a picture, largest first, in pixels of the whole picture. It refuses before any work when the service is
   * full. A large picture is searched shrunk first, which is all the detector sees of it anyway; it is decoded in full only
   * where a face turns out to be small.
   * @param options sizes in pixels of the whole picture
   */
  async analyze(source: ImageSource, options: AnalysisOptions, signal: AbortSignal): Promise<AnalysedFace[]> {
    return inPicture(source.field, originOf(source), async (picture) => {
      this.admission.assertRoom();
      const reservation = this.admission.reserve(signal);
      const bytes = this.admission.hold(currentShare());
      try {
        const { minSide } = this;
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

  /** The longer side to which a large picture may be shrunk while it is decoded. */
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

/** Whether anything is asked for that is read off the pixels of a face. */
function needsPixels({ landmarks, embedding, attributes }: AnalysisOptions): boolean {
  return landmarks || embedding || attributes.length > 0;
}
