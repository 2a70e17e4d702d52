/** Pixels → faces: searches each picture at several sizes, merges what it finds, and places the landmarks. */
import { join } from 'node:path';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { AppError } from '../errors.js';
import { Pack } from '../packs/pack.js';
import { SessionManager } from '../sessions/session-manager.service.js';
import type { Image } from '../vision/image.js';
import { Detector } from './detector.js';
import type { Candidate } from './detector-family.js';
import type { Face } from './face.js';
import { Landmarker } from './landmarker.js';
import { select } from './select.js';
import { usefulSizes } from './useful-sizes.js';

/** What counts as a face in one picture. */
export interface DetectOptions {
  /** Most faces to return, the largest ones; default: all (300 at most). */
  readonly maxFaces?: number;
  /** Least detector score, 0…1; default: the pack's. */
  readonly minConfidence?: number;
  /** Least length of the shorter side of a face's box, in pixels of the picture; default: 0. */
  readonly minFaceSize?: number;
  /** Whether to place landmarks. */
  readonly landmarks: boolean;
  /** Whether to place keypoints, which costs nothing where the detector does it. */
  readonly keypoints?: boolean;
}

/** A picture and what to look for in it. */
export interface DetectJob {
  readonly image: Image;
  readonly options: DetectOptions;
}

@Injectable()
export class DetectionService implements OnModuleInit {
  private detector!: Detector;
  private landmarker?: Landmarker;

  constructor(
    private readonly pack: Pack,
    private readonly sessions: SessionManager,
  ) {}

  async onModuleInit(): Promise<void> {
    const { folder, models } = this.pack;
    const { file, family } = models.detector;
    this.detector = await Detector.open(this.sessions, join(folder, file), family);
    if (models.landmarks !== undefined) {
      this.landmarker = await Landmarker.open(this.sessions, this.pack, models.landmarks);
    } else if (!this.detector.placesKeypoints) {
      const message = `The detector ${file} places no keypoints, so the pack needs a model in "landmarks".`;
      throw new AppError('invalid_pack', message);
    }
  }

  /** The faces of each picture, largest first. */
  async detect(jobs: readonly DetectJob[]): Promise<Face[][]> {
    const candidates = await this.search(jobs);
    const { iouThreshold: iou, containmentThreshold: containment } = this.pack.models.detector;
    const found = jobs.map(({ image, options }, index): Face[] =>
      select(candidates[index], image, { iou, containment }, options),
    );
    return this.placeLandmarks(jobs, found);
  }

  /** All boxes above each picture's least score, from every size it is searched at. */
  private async search(jobs: readonly DetectJob[]): Promise<Candidate[][]> {
    const { sizes, scoreThreshold } = this.pack.models.detector;
    const searches = jobs.flatMap(({ image, options }, job) =>
      usefulSizes(sizes, image).map((size) => ({
        job,
        image,
        size,
        minScore: options.minConfidence ?? scoreThreshold,
      })),
    );
    const candidates: Candidate[][] = jobs.map(() => []);
    for (const [index, found] of (await this.detector.search(searches)).entries()) {
      candidates[searches[index].job].push(...found);
    }
    return candidates;
  }

  private async placeLandmarks(jobs: readonly DetectJob[], found: Face[][]): Promise<Face[][]> {
    if (this.landmarker === undefined) return found;
    const asking = jobs.flatMap(({ image, options }, job) =>
      found[job]
        .map((face, index) => ({ face, image, job, index, box: face.box }))
        .filter(({ face }) => options.landmarks || (options.keypoints && face.keypoints === undefined)),
    );
    const placed = await this.landmarker.place(asking);
    for (const [at, { face, job, index }] of asking.entries()) {
      // Where the detector itself places keypoints, the pack's recognition model was trained on those.
      found[job][index] = { ...face, ...placed[at], keypoints: face.keypoints ?? placed[at].keypoints };
    }
    return found;
  }
}
