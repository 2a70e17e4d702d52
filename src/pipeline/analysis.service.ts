/** The whole analysis, inside a worker: detection → recognition → attributes over a batch of pictures. */
import { Injectable } from '@nestjs/common';
import {
  ATTRIBUTE_NAMES,
  AttributesService,
  type DescribableFace,
} from '../attributes/attributes.service.js';
import { DetectionService } from '../detection/detection.service.js';
import type { Face } from '../detection/face.js';
import { type Identity, RecognitionService } from '../recognition/recognition.service.js';
import {
  type AnalysedFace,
  type AnalysisJob,
  type AnalysisOptions,
  type BatchResult,
  wallClock,
} from './analysis.js';

/** A detected face on its way through the later stages. */
interface Candidate extends DescribableFace {
  readonly job: number;
  readonly face: Face;
  readonly options: AnalysisOptions;
}

@Injectable()
export class AnalysisService {
  constructor(
    private readonly detection: DetectionService,
    private readonly recognition: RecognitionService,
    private readonly attributes: AttributesService,
  ) {}

  /** The faces of every picture with what was asked for. */
  async analyze(jobs: readonly AnalysisJob[]): Promise<BatchResult> {
    const startedAt = wallClock();
    const found = await this.detection.detect(
      jobs.map(({ image, options }) => ({ image, options: withKeypoints(options) })),
    );
    const candidates = jobs.flatMap((job, index) => found[index].map((face) => candidate(job, index, face)));
    const detectedAt = wallClock();

    const { identities, readings } = await this.recognise(candidates);
    const recognisedAt = wallClock();

    const attributes = await this.attributes.describe(
      candidates.map((face) => ({ ...face, recognised: readings.get(face) })),
    );
    const faces: AnalysedFace[][] = jobs.map(() => []);
    for (const [index, item] of candidates.entries()) {
      faces[item.job].push({
        box: item.face.box,
        confidence: item.face.score,
        landmarks: item.options.landmarks ? item.face.landmarks : undefined,
        embedding: item.options.embedding ? identities.get(item)?.embedding : undefined,
        attributes: attributes[index],
      });
    }
    return {
      faces,
      times: {
        startedAt,
        detectMs: detectedAt - startedAt,
        recogniseMs: recognisedAt - detectedAt,
        attributesMs: wallClock() - recognisedAt,
      },
    };
  }

  /** What recognition says of the faces that ask for an embedding, or for an attribute that is read off the trunk. */
  private async recognise(
    faces: readonly Candidate[],
  ): Promise<Record<'identities' | 'readings', ReadonlyMap<Candidate, Identity>>> {
    const identifying = faces.filter(({ options }) => options.embedding);
    const reading = faces.filter(({ options }) => this.attributes.needsRecognition(options.attributes));
    if (this.recognition.hasTrunk) {
      return {
        identities: zip(identifying, await this.recognition.embed(identifying)),
        readings: zip(reading, await this.recognition.read(reading)),
      };
    }
    const either = faces.filter((face) => identifying.includes(face) || reading.includes(face));
    const identities = zip(either, await this.recognition.embed(either));
    return { identities, readings: identities };
  }

  /** Runs every model once, so that the first request does not pay for their first run. */
  async warmUp(): Promise<void> {
    const image = { width: 640, height: 480, data: new Uint8Array(640 * 480 * 3) };
    const options = { landmarks: true, embedding: true, attributes: ATTRIBUTE_NAMES };
    const box = { x1: 100, y1: 100, x2: 212, y2: 212 };
    const corner = { x: box.x1, y: box.y1 };
    const keypoints = [
      corner,
      { x: 150, y: 100 },
      { x: 125, y: 130 },
      { x: 110, y: 150 },
      { x: 140, y: 150 },
    ];
    await this.detection.detect([{ image, options }]);
    await this.recognition.embed([{ image, keypoints }]);
    const [recognised] = await this.recognition.read([{ image, keypoints }]);
    await this.attributes.describe([
      { image, box, keypoints, recognised, score: 1, wanted: ATTRIBUTE_NAMES },
    ]);
  }
}

/** Everything beyond box and landmarks needs the keypoints. */
function withKeypoints(options: AnalysisOptions): AnalysisOptions {
  return { ...options, keypoints: options.embedding || options.attributes.length > 0 };
}

function candidate({ image, options }: AnalysisJob, job: number, face: Face): Candidate {
  const { box, score, keypoints = [] } = face;
  return { job, face, options, image, box, score, keypoints, wanted: options.attributes };
}

function zip<K, V>(keys: readonly K[], values: readonly V[]): ReadonlyMap<K, V> {
  return new Map(keys.map((key, index) => [key, values[index]]));
}
