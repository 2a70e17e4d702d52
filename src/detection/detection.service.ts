/** Pixels → faces: searches each picture at several sizes, merges the results, and locates the landmarks. */
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { AppError } from '../errors.js';
import { pathsOf } from '../packs/graph-paths.js';
import { Pack } from '../packs/pack.js';
import { SessionManager } from '../sessions/session-manager.service.js';
import { Detector } from './detector.js';
import type { Face, LandmarkedFace } from './face.js';
import { type BoxedFace, Landmarker } from './landmarker.js';
import { type DetectJob, Searcher } from './searcher.js';

@Injectable()
export class DetectionService implements OnModuleInit {
  private searcher!: Searcher;
  private landmarker?: Landmarker;

  constructor(
    private readonly pack: Pack,
    private readonly sessions: SessionManager,
  ) {}

  async onModuleInit(): Promise<void> {
    const { folder, models } = this.pack;
    const { file, family } = models.detector;
    const detector = await Detector.open(this.sessions, pathsOf(folder, models.detector), family);
    this.searcher = new Searcher(detector, models.detector);
    if (models.landmarks !== undefined) {
      this.landmarker = await Landmarker.open(this.sessions, this.pack, models.landmarks);
    } else if (!detector.hasKeypoints) {
      const message = `The detector ${file} finds no keypoints, so the pack needs a model in "landmarks".`;
      throw new AppError('invalid_pack', message);
    }
  }

  /**
   * The candidates of each picture, largest first, at most `MAX_FACES`; with keypoints where the detector finds them.
   */
  detect(jobs: readonly DetectJob[]): Promise<Face[][]> {
    return this.searcher.find(jobs);
  }

  /** The faces with their landmarks and keypoints, in order. */
  async locateLandmarks<F extends BoxedFace & Pick<Face, 'keypoints'>>(
    faces: readonly F[],
  ): Promise<(F & LandmarkedFace)[]> {
    const located = await this.landmarker?.locate(faces);
    // Where the detector finds keypoints, the pack's recognition model was trained on those.
    return faces.map((face, index) => ({
      ...face,
      landmarks: located?.[index].landmarks,
      keypoints: face.keypoints ?? located?.[index].keypoints ?? [],
    }));
  }
}
