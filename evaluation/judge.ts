/**
 * A second detector that says which boxes are faces where labels are incomplete: SCRFD (a model of InsightFace, not
 * part of this project). It goes down to a low score, so a box that neither it nor a label confirms is very likely not
 * a face.
 */
import { existsSync } from 'node:fs';
import { loadConfig } from '../src/config/config.js';
import { Detector } from '../src/detection/detector.js';
import { SessionManager } from '../src/sessions/session-manager.service.js';
import { AppError } from '../src/errors.js';
import type { Box } from '../src/vision/box.js';
import type { Image } from '../src/vision/image.js';
import { type ScoredBox, suppress } from '../src/vision/nms.js';
import type { KnownFace } from './matching.js';

/** The graph that judges by default. */
export const JUDGE_FILE = '../shared/models/det_500m.onnx';

/** The detector that teaches ours by default: YuNet-n, whose licence permits that. */
export const TEACHER_FILE = '../shared/models/yunet_n_dynamic.onnx';

/** SCRFD: one pass for close-ups, one for small faces, as the published package does. YuNet: for one face of a picture. */
const SIZES = { scrfd: [160, 640], yunet: [160, 320] } as const;
const LOWEST_SCORE = 0.2;
const SAME_FACE_IOU = 0.4;

export class Judge {
  private constructor(
    private readonly sessions: SessionManager,
    private readonly detector: Detector,
    private readonly sizes: readonly number[],
  ) {}

  /** Loads the judge; `undefined` where its file is missing. */
  static async open(
    file: string = JUDGE_FILE,
    family: keyof typeof SIZES = 'scrfd',
  ): Promise<Judge | undefined> {
    if (!existsSync(file)) return undefined;
    const sessions = new SessionManager(loadConfig());
    return new Judge(sessions, await Detector.open(sessions, file, family), SIZES[family]);
  }

  /** Loads a YuNet graph as the teacher of our own detector. @throws AppError where its file is missing */
  static async teacher(file: string): Promise<Judge> {
    const teacher = await Judge.open(file, 'yunet');
    if (teacher === undefined)
      throw new AppError('invalid_configuration', `There is no teacher: ${file}; see --help.`);
    return teacher;
  }

  /** The faces that the judge finds, best first, down to a low score. */
  async faces(image: Image): Promise<ScoredBox[]> {
    const found = await this.detector.search(
      this.sizes.map((size) => ({ image, size, minScore: LOWEST_SCORE })),
    );
    return suppress(found.flat(), { iou: SAME_FACE_IOU, containment: 1 });
  }

  async close(): Promise<void> {
    await this.sessions.onModuleDestroy();
  }
}

/** The score from which a face of the judge counts as certain. */
export const SURE = 0.5;

/** The judge's boxes in a picture: faces that must be found, and boxes that may be faces. */
export async function judged(judge: Judge, image: Image): Promise<KnownFace[]> {
  return (await judge.faces(image)).map(({ box, score }) => ({ box, certain: score >= SURE }));
}

/** The certain face that covers the middle of the picture: the person that an LFW photo is named after. */
export function centralFace(known: readonly KnownFace[], { width, height }: Image): Box | undefined {
  return known.find(
    ({ box, certain }) =>
      certain && box.x1 < width / 2 && box.x2 > width / 2 && box.y1 < height / 2 && box.y2 > height / 2,
  )?.box;
}
