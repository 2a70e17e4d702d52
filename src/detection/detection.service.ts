/** Pixels → faces: searches each picture at several sizes, merges what it finds, and places the landmarks. */
import { join } from 'node:path';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { AppError } from '../errors.js';
import { Pack } from '../packs/pack.js';
import { SessionManager } from '../sessions/session-manager.service.js';
import type { Image } from '../vision/image.js';
import { Detector } from './detector.js';
import type { Candidate } from './detector-family.js';
import type { Face, PlacedFace } from './face.js';
import { type BoxedFace, Landmarker } from './landmarker.js';
import { select } from './select.js';
import { usefulSizes } from './useful-sizes.js';

/** What counts as a candidate in one picture. */
export interface DetectOptions {
  /** Least detector score, 0…1. */
  readonly minScore: number;
  /** Least length of the shorter side of a face's box, in pixels of the picture; default: 0. */
  readonly minFaceSize?: number;
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

  /** The candidates of each picture, largest first, at most `MAX_FACES`; keypoints only where the detector places them. */
  async detect(jobs: readonly DetectJob[]): Promise<Face[][]> {
    const candidates = await this.search(jobs);
    const { iouThreshold: iou, containmentThreshold: containment } = this.pack.models.detector;
    return jobs.map(({ image, options: { minFaceSize } }, index) =>
      select(candidates[index], image, { iou, containment }, minFaceSize),
    );
  }

  /** The faces with their landmarks and keypoints, in order. */
  async place<F extends BoxedFace & Pick<Face, 'keypoints'>>(
    faces: readonly F[],
  ): Promise<(F & PlacedFace)[]> {
    const placed = await this.landmarker?.place(faces);
    // Where the detector itself places keypoints, the pack's recognition model was trained on those.
    return faces.map((face, index) => ({
      ...face,
      landmarks: placed?.[index].landmarks,
      keypoints: face.keypoints ?? placed?.[index].keypoints ?? [],
    }));
  }

  /** All boxes above each picture's least score, from every size it is searched at. */
  private async search(jobs: readonly DetectJob[]): Promise<Candidate[][]> {
    const { sizes } = this.pack.models.detector;
    const searches = jobs.flatMap(({ image, options }, job) =>
      usefulSizes(sizes, image).map((size) => ({
        job,
        image,
        size,
        minScore: options.minScore,
      })),
    );
    const candidates: Candidate[][] = jobs.map(() => []);
    for (const [index, found] of (await this.detector.search(searches)).entries()) {
      candidates[searches[index].job].push(...found);
    }
    return candidates;
  }
}
