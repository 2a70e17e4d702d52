/** The whole analysis, inside a worker: detection → recognition → attributes over a batch of pictures. */
import { Injectable } from '@nestjs/common';
import {
  ATTRIBUTE_NAMES,
  AttributesService,
  type DescribableFace,
} from '../attributes/attributes.service.js';
import { DetectionService } from '../detection/detection.service.js';
import type { DetectJob } from '../detection/searcher.js';
import { Pack } from '../packs/pack.js';
import type { AlignableFace } from '../recognition/arcface.js';
import { type Recognition, RecognitionService } from '../recognition/recognition.service.js';
import type { Image } from '../vision/image.js';
import {
  type AnalysedFace,
  type AnalysisJob,
  type AnalysisOptions,
  type BatchResult,
  type FoundFace,
  type FoundFaces,
  isAbandoned,
  wallClock,
} from './protocol.js';
import { isDoubtful, rescoredConfidence } from './rescoring.js';

/** A candidate on its way through the stages, each of which adds its results. */
interface Candidate extends FoundFace {
  readonly job: number;
  readonly image: Image;
  readonly options: AnalysisOptions;
}

@Injectable()
export class AnalysisService {
  constructor(
    private readonly pack: Pack,
    private readonly detection: DetectionService,
    private readonly recognition: RecognitionService,
    private readonly attributes: AttributesService,
  ) {}

  /** The faces of every picture with everything that was asked for. An abandoned job runs no further stage. */
  async analyze(jobs: readonly AnalysisJob[]): Promise<BatchResult> {
    return this.complete(jobs, await this.find(jobs));
  }

  /** The first half: finds the faces of each picture that will be in the answer. */
  async find(jobs: readonly AnalysisJob[]): Promise<FoundFaces> {
    const startedAt = wallClock();
    const candidates = await this.rescore(stillWanted(jobs, await this.detect(jobs)));
    const tooCoarse = jobs.map((_, job) => this.isTooCoarse(candidates, job));
    const found = jobs.map((_, job) => (tooCoarse[job] ? [] : this.choose(candidates, job)));
    const times = { startedAt, detect: wallClock() - startedAt, recognise: 0, attributes: 0 };
    return { found, tooCoarse, times };
  }

  /** The second half: adds everything that was asked for to these faces. */
  async complete(
    jobs: readonly AnalysisJob[],
    { found, tooCoarse, times }: FoundFaces,
  ): Promise<BatchResult> {
    const startedAt = wallClock();
    const chosen = jobs.flatMap(({ image, options }, job) =>
      found[job].map((face): Candidate => ({ ...face, job, image, options })),
    );
    const located = await this.addLandmarks(stillWanted(jobs, chosen));
    const locatedAt = wallClock();

    const recognised = stillWanted(jobs, await this.recognise(stillWanted(jobs, located)));
    const recognisedAt = wallClock();

    const attributes = await this.attributes.describe(recognised.map(describable));
    const faces: AnalysedFace[][] = jobs.map(() => []);
    for (const [index, { job, box, confidence, landmarks, recognition, options }] of recognised.entries()) {
      faces[job].push({
        box,
        confidence,
        landmarks: options.landmarks ? landmarks : undefined,
        embedding: options.embedding ? recognition?.embedding : undefined,
        attributes: attributes[index],
      });
    }
    return {
      faces,
      tooCoarse,
      times: {
        startedAt: times.startedAt,
        detect: times.detect + locatedAt - startedAt,
        recognise: recognisedAt - locatedAt,
        attributes: wallClock() - recognisedAt,
      },
    };
  }

  /** The candidates, picture by picture, largest first. */
  private async detect(jobs: readonly AnalysisJob[]): Promise<Candidate[]> {
    const found = await this.detection.detect(jobs.map((job) => this.detectJob(job)));
    return jobs.flatMap(({ image, options }, job) =>
      found[job].map((face) => ({ ...face, job, image, options, confidence: face.score })),
    );
  }

  private detectJob(job: AnalysisJob): DetectJob {
    const { image, options } = job;
    return {
      image,
      options: {
        search: options.search,
        minScore: this.minScoreFor(options),
        minFaceSize: options.minFaceSize,
        keepContradicted: this.minConfidence(options) < this.pack.models.detector.scoreThreshold,
      },
      isAbandoned: () => isAbandoned(job),
    };
  }

  /** Rescores the candidates that the detector is not certain of. */
  private async rescore(candidates: readonly Candidate[]): Promise<Candidate[]> {
    const { rescoring } = this.pack.models.detector;
    if (rescoring === undefined) return [...candidates];
    const doubtful = candidates.filter(({ score }) => isDoubtful(score, rescoring));
    const withTrunk = await this.addTrunk(await this.detection.locateLandmarks(doubtful));
    const probabilities = await this.attributes.faceProbabilities(withTrunk.map(({ trunk }) => trunk));
    const rescored = zip(
      doubtful,
      withTrunk.map((candidate, index): Candidate => {
        const probability = probabilities[index];
        if (probability === null) return candidate;
        return { ...candidate, confidence: rescoredConfidence(candidate.score, probability, rescoring) };
      }),
    );
    return candidates.map((candidate) => rescored.get(candidate) ?? candidate);
  }

  /** Those of one picture's candidates that will be in the answer. */
  private choose(candidates: readonly Candidate[], job: number): Candidate[] {
    return candidates
      .filter((one) => one.job === job && one.confidence >= this.minConfidence(one.options))
      .slice(0, candidates.find((one) => one.job === job)?.options.maxFaces);
  }

  /**
   * Whether a face in the answer, or one that more pixels might bring into it, is smaller than its job's `minFaceSide`.
   */
  private isTooCoarse(candidates: readonly Candidate[], job: number): boolean {
    const hopeful = candidates.map((one) => ({ ...one, confidence: Math.max(one.confidence, one.score) }));
    return this.choose(hopeful, job).some(
      ({ box, options }) => Math.min(box.x2 - box.x1, box.y2 - box.y1) < (options.minFaceSide ?? 0),
    );
  }

  /** Locates the points that are asked for, or needed by a later stage, and still missing. */
  private async addLandmarks(faces: readonly Candidate[]): Promise<Candidate[]> {
    const lacking = faces.filter(({ options, landmarks, keypoints }) =>
      options.landmarks
        ? landmarks === undefined
        : keypoints === undefined && (options.embedding || options.attributes.length > 0),
    );
    const located = zip(lacking, await this.detection.locateLandmarks(lacking));
    return faces.map((face) => located.get(face) ?? face);
  }

  /** Runs recognition on the faces that need an embedding, or an attribute that is derived from the trunk's output. */
  private async recognise(faces: readonly Candidate[]): Promise<Candidate[]> {
    const lackingTrunk = faces.filter(
      (face) => face.trunk === undefined && this.attributes.needsRecognition(face.options.attributes),
    );
    const withTrunk = zip(lackingTrunk, await this.addTrunk(lackingTrunk.map(withKeypoints)));
    const known = faces.map((face) => withTrunk.get(face) ?? face);
    const lacking = known.filter(
      ({ options, recognition }) => options.embedding && recognition === undefined,
    );
    const recognitions = zip(lacking, await this.recognition.embed(lacking.map(withKeypoints)));
    return known.map((face) => ({ ...face, recognition: recognitions.get(face) ?? face.recognition }));
  }

  /** Adds the trunk's output; where the pack has one model for both, it is the recognition too. */
  private async addTrunk<C extends Candidate & AlignableFace>(
    faces: readonly C[],
  ): Promise<(C & { readonly trunk: Recognition })[]> {
    const outputs = await this.recognition.runTrunk(faces);
    return faces.map((face, index) => ({
      ...face,
      trunk: outputs[index],
      recognition: this.recognition.hasTrunk ? face.recognition : outputs[index],
    }));
  }

  /**
   * The lowest detector score of a candidate. Rescoring hardly ever lets a lower one pass, so it is worth its time only
   * where the caller asks for less confidence than usual.
   */
  private minScoreFor(options: AnalysisOptions): number {
    const { scoreThreshold, rescoring } = this.pack.models.detector;
    const confidence = this.minConfidence(options);
    if (rescoring === undefined) return confidence;
    return confidence < scoreThreshold ? Math.min(confidence, rescoring.minScore) : rescoring.minScore;
  }

  private minConfidence({ minConfidence }: AnalysisOptions): number {
    return minConfidence ?? this.pack.models.detector.scoreThreshold;
  }

  /** Runs every model once: first runs are slow, and no request should wait for them. */
  async warmUp(): Promise<void> {
    const image = { width: 640, height: 480, data: new Uint8Array(640 * 480 * 3) };
    const box = { x1: 100, y1: 100, x2: 212, y2: 212 };
    const corner = { x: box.x1, y: box.y1 };
    const keypoints = [
      corner,
      { x: 150, y: 100 },
      { x: 125, y: 130 },
      { x: 110, y: 150 },
      { x: 140, y: 150 },
    ];
    await this.detection.detect([{ image, options: { minScore: 1 } }]);
    await this.detection.locateLandmarks([{ image, box }]);
    await this.recognition.embed([{ image, keypoints }]);
    const [trunk] = await this.recognition.runTrunk([{ image, keypoints }]);
    await this.attributes.describe([{ image, box, keypoints, trunk, wanted: ATTRIBUTE_NAMES }]);
  }
}

/** The candidates of jobs that are not abandoned. */
function stillWanted(jobs: readonly AnalysisJob[], some: readonly Candidate[]): Candidate[] {
  return some.filter(({ job }) => !isAbandoned(jobs[job]));
}

/** Keypoints are missing only where nothing uses them. */
function withKeypoints(face: Candidate): Candidate & AlignableFace {
  return { ...face, keypoints: face.keypoints ?? [] };
}

function describable(face: Candidate): DescribableFace {
  const { options, trunk } = face;
  return { ...withKeypoints(face), wanted: options.attributes, trunk };
}

function zip<K, V>(keys: readonly K[], values: readonly V[]): ReadonlyMap<K, V> {
  return new Map(keys.map((key, index) => [key, values[index]]));
}
