/**
 * The first half of the analysis without rescoring: the detector's candidates with keypoints and crops. Rescoring is
 * left out because the heads' training data must not depend on the existing heads.
 */
import { readFile } from 'node:fs/promises';
import { loadConfig } from '../src/config/config.js';
import { Detector } from '../src/detection/detector.js';
import { type FacePoints, Landmarker, type Located, type TiltedFace } from '../src/detection/landmarker.js';
import { select } from '../src/detection/select.js';
import { usefulSizes } from '../src/detection/useful-sizes.js';
import { AppError } from '../src/errors.js';
import { ImageDecoder } from '../src/images/image-decoder.js';
import { pathsOf } from '../src/packs/graph-paths.js';
import { loadPack } from '../src/packs/load-pack.js';
import type { Pack } from '../src/packs/pack.js';
import { RecognitionService } from '../src/recognition/recognition.service.js';
import { SessionManager } from '../src/sessions/session-manager.service.js';
import type { Point } from '../src/vision/affine.js';
import type { Image } from '../src/vision/image.js';
import type { ScoredBox } from '../src/vision/nms.js';
import { alignedCrop } from './appearance/aligned-crop.js';

const DECODE_TIMEOUT_MS = 60_000;

export class Finder {
  private constructor(
    private readonly pack: Pack,
    private readonly sessions: SessionManager,
    private readonly decoder: ImageDecoder,
    private readonly detector: Detector,
    private readonly landmarker: Landmarker,
  ) {}

  /** Loads the detector and the landmark model of the configured pack. */
  static async open(): Promise<Finder> {
    const config = loadConfig();
    const pack = loadPack(config);
    const { detector, landmarks } = pack.models;
    if (landmarks === undefined) throw new AppError('invalid_pack', 'The pack has no landmarks to align by.');
    const sessions = new SessionManager(config);
    return new Finder(
      pack,
      sessions,
      new ImageDecoder(config),
      await Detector.open(sessions, pathsOf(pack.folder, detector), detector.family),
      await Landmarker.open(sessions, pack, landmarks),
    );
  }

  /** What pack.json says about the models. */
  get models(): Pack['models'] {
    return this.pack.models;
  }

  /** The pixels of a file, from the service's decoder. */
  async decode(path: string): Promise<Image> {
    return this.decoder.decode(await readFile(path), 'image', AbortSignal.timeout(DECODE_TIMEOUT_MS));
  }

  /**
   * The candidates of a picture, largest first, found and suppressed as in the service.
   * @param minScore the lowest detector score, 0…1
   * @param sizes input sizes; default: those that the service searches this picture at
   */
  async find(image: Image, minScore: number, sizes = this.sizesOf(image)): Promise<ScoredBox[]> {
    const { iouThreshold: iou, containmentThreshold: containment } = this.pack.models.detector;
    const found = await this.detector.search(sizes.map((size) => ({ image, size, minScore })));
    return select(found.flat(), image, { iou, containment });
  }

  /** The input sizes that the service searches a picture at. */
  sizesOf(image: Image): number[] {
    return usefulSizes(this.pack.models.detector.sizes, image);
  }

  /** The other input sizes: they show no more of the picture, but their false candidates are useful for training. */
  idleSizesOf(image: Image): number[] {
    return this.pack.models.detector.sizes.slice(this.sizesOf(image).length);
  }

  /** The aligned crop (see aligned-crop.ts) of each box, in order. */
  async crop(image: Image, boxes: readonly Pick<ScoredBox, 'box'>[]): Promise<Uint8Array[]> {
    const located = await this.locateKeypoints(image, boxes);
    return located.map((keypoints) => alignedCrop(image, keypoints));
  }

  /** The keypoints of the face in each box, in order. */
  async locateKeypoints(
    image: Image,
    boxes: readonly Pick<ScoredBox, 'box'>[],
  ): Promise<(readonly Point[])[]> {
    return (await this.locate(image, boxes)).map(({ keypoints }) => keypoints);
  }

  /** The landmarks and keypoints of the face in each box, in order. */
  async locate(image: Image, boxes: readonly Pick<ScoredBox, 'box'>[]): Promise<FacePoints[]> {
    return this.landmarker.locate(boxes.map(({ box }) => ({ image, box })));
  }

  /** What the landmark network tells of each face, in order, in a crop turned as told. */
  look(faces: readonly TiltedFace[]): Promise<Located[]> {
    return this.landmarker.look(faces);
  }

  /** The pack's recognition network. */
  async openRecognition(): Promise<RecognitionService> {
    const recognition = new RecognitionService(this.pack, this.sessions);
    await recognition.onModuleInit();
    return recognition;
  }

  async close(): Promise<void> {
    await this.sessions.onModuleDestroy();
  }
}
