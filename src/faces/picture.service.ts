/** One picture from its source to its faces: let in, loaded as large as it needs to be, analysed. */
import { Injectable } from '@nestjs/common';
import { Config } from '../config/config.js';
import { type LoadedImage, ImageLoader } from '../images/image-loader.service.js';
import { type ImageSource, originOf } from '../images/image-source.js';
import { Pack } from '../packs/pack.js';
import { Admission } from '../inference/admission.service.js';
import type { AnalysisOptions } from '../worker/protocol.js';
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

/** The faces of a picture in pixels of the whole picture, and where the time went, in milliseconds. */
export interface AnalysedPicture extends Pick<
  Analysis,
  'faces' | 'queueMs' | 'detectMs' | 'recogniseMs' | 'attributesMs'
> {
  readonly loadMs: number;
  readonly decodeMs: number;
}

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
   * Refuses before any work when the service is full. A large picture is looked at shrunk first, as that is all the
   * detector sees of it anyway; only where a face turns out to be small is it decoded in full.
   * @param options sizes in pixels of the whole picture
   */
  async analyze(
    source: ImageSource,
    options: AnalysisOptions,
    signal: AbortSignal,
  ): Promise<AnalysedPicture> {
    return inPicture(source.field, originOf(source), async (picture) => {
      const answer = await this.admitted(source, options, signal);
      picture.faces = answer.faces.length;
      return answer;
    });
  }

  private async admitted(
    source: ImageSource,
    options: AnalysisOptions,
    signal: AbortSignal,
  ): Promise<AnalysedPicture> {
    this.admission.assertRoom();
    const place = this.admission.place(signal);
    const bytes = this.admission.hold(currentShare());
    try {
      const minSide = Math.max(this.config.imageWorkingSide, ...this.pack.models.detector.sizes);
      const first = await this.images.load(source, signal, { minSide, memory: place, bytes });
      const { inFull } = first;
      if (inFull === undefined) return await this.look(first, options, signal);
      const minFaceSide = needsPixels(options) ? MIN_FACE_SIDE : MIN_BOX_SIDE;
      const glance = await this.look(first, { ...options, minFaceSide }, signal);
      return glance.tooCoarse ? added(glance, await this.look(await inFull(), options, signal)) : glance;
    } finally {
      place.free();
      bytes.free();
    }
  }

  private async look(
    { image, width, height, release, loadMs, decodeMs }: LoadedImage,
    options: AnalysisOptions,
    signal: AbortSignal,
  ): Promise<AnalysedPicture & Pick<Analysis, 'tooCoarse'>> {
    const scale = { x: width / image.width, y: height / image.height };
    const minFaceSize = options.minFaceSize === undefined ? undefined : options.minFaceSize / scale.x;
    const handedOver = performance.now();
    const analysis = await this.pool.analyze(image, { ...options, minFaceSize }, signal, release);
    currentPicture()?.noteAll(handedOver, [
      ['queue', analysis.queueMs],
      ['detect', analysis.detectMs],
      ['recognise', analysis.recogniseMs],
      ['attributes', analysis.attributesMs],
    ]);
    const faces = analysis.faces.map((face) => scaleFace(face, scale));
    return { ...analysis, faces, loadMs, decodeMs };
  }
}

/** Whether anything is asked for that is read off the pixels of a face. */
function needsPixels({ landmarks, embedding, attributes }: AnalysisOptions): boolean {
  return landmarks || embedding || attributes.length > 0;
}

/** The second look's answer, with the time of both. */
function added(first: AnalysedPicture, second: AnalysedPicture): AnalysedPicture {
  return {
    faces: second.faces,
    loadMs: first.loadMs,
    decodeMs: first.decodeMs + second.decodeMs,
    queueMs: first.queueMs + second.queueMs,
    detectMs: first.detectMs + second.detectMs,
    recogniseMs: first.recogniseMs + second.recogniseMs,
    attributesMs: first.attributesMs + second.attributesMs,
  };
}
