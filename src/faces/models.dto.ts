/** Responses that describe the served models. */
import { ApiProperty } from '@nestjs/swagger';
import { FACE_FIELDS } from './face-fields.js';

/** The match threshold and what it means. */
export class MatchThresholdDto {
  /**
   * The lowest cosine similarity at which two faces match.
   * @example 0.32
   */
  similarity!: number;

  /**
   * Share of pairs of different people that reach this similarity; `null` if it was not measured for this pack.
   * @example 0.001
   */
  @ApiProperty({ type: Number, nullable: true })
  false_match_rate!: number | null;

  /** The data set on which that share was measured. @example "LFW" */
  @ApiProperty({ type: String, nullable: true })
  measured_on!: string | null;
}

/** The liveness threshold and what it means. */
export class LivenessThresholdDto {
  /**
   * The lowest `liveness_confidence` at which a face is taken for a living one.
   * @example 0.5
   */
  confidence!: number;

  /**
   * Attack presentation classification error rate (ISO/IEC 30107-3): share of attacks that reach this confidence.
   * @example 0.02
   */
  apcer!: number;

  /**
   * Bona fide presentation classification error rate (ISO/IEC 30107-3): share of living faces that do not reach it.
   * @example 0.1
   */
  bpcer!: number;

  /** The attacks and the living faces that these rates were measured on. Other attacks may pass more often. */
  measured_on!: string;
}

/** Thresholds: the default of a request, and those for a caller's decisions. */
export class ThresholdsDto {
  /** Minimum detection confidence. @example 0.5 */
  detection!: number;

  /** When two faces match. */
  match!: MatchThresholdDto;

  /** When a face is taken for a living one; `null` if the pack has no liveness or it was not measured. */
  @ApiProperty({ type: LivenessThresholdDto, nullable: true })
  liveness!: LivenessThresholdDto | null;
}

/** The labels of the classifying outputs; `null` for those that the active pack cannot compute. */
export class LabelSetsDto {
  /** Values of `gender`. */
  @ApiProperty({ type: [String], nullable: true })
  gender!: readonly string[] | null;

  /** Values of `age_bracket`. */
  @ApiProperty({ type: [String], nullable: true })
  age_bracket!: readonly string[] | null;

  /** Values of `race`. */
  @ApiProperty({ type: [String], nullable: true })
  race!: readonly string[] | null;
}

/** Data that a model learnt from, or another model that taught it. */
export class TrainingDataDto {
  /** Its name. @example "WIDER FACE" */
  name!: string;

  /** What it was used for. @example "photographs from the web with boxes" */
  use!: string;

  /** Its licence or terms. @example "CC-BY-NC-ND-4.0" */
  licence!: string;

  /** How this is known: this project's own work, stated by those who made the weights, or presumed. */
  @ApiProperty({ enum: ['own work', 'stated', 'presumed'] })
  evidence!: 'own work' | 'stated' | 'presumed';

  /** Where it is described; `null` if it has no page. */
  @ApiProperty({ type: String, nullable: true })
  url!: string | null;
}

/** Where the weights of a model come from. */
export class ProvenanceDto {
  /** The part that the model plays in the pack. @example "detector" */
  role!: string;

  /** The pack and the files that hold the weights; the second, if there is one, is what a CPU runs. */
  files!: string[];

  /** Which network it is, who trained it, and where it was published. */
  weights!: string;

  /** Licence of the weights. @example "MIT" */
  licence!: string;

  /** Where the weights are described; `null` if they have no page. */
  @ApiProperty({ type: String, nullable: true })
  url!: string | null;

  /** What the weights learnt from, as far as it is known; empty if nothing is. */
  training_data!: TrainingDataDto[];

  /** What must be said wherever the weights or their answers are passed on; `null` if nothing. */
  @ApiProperty({ type: String, nullable: true })
  attribution!: string | null;
}

/** The served model. */
export class ModelDto {
  /** Name in the routes. @example "insightface" */
  name!: string;

  /** Whether the model can answer requests. */
  ready!: boolean;

  /** The active model pack. @example "default" */
  pack!: string;

  /** What the pack contains, in a sentence. */
  description!: string;

  /** Licence of the pack's weights. @example "MIT" */
  licence!: string;

  /** Where the weights of each model come from; models of which the pack does not say it are left out. */
  provenance!: ProvenanceDto[];

  /** The execution provider in use: `cpu` or `cuda`. @example "cpu" */
  execution_provider!: string;

  /** The configured ONNX Runtime execution providers, in order of preference. @example ["cpu"] */
  execution_providers!: string[];

  /** The outputs of a face besides its box and confidence, and whether the pack can compute each of them. */
  @ApiProperty({
    type: 'object',
    additionalProperties: { type: 'boolean' },
    example: { feature: true, race: false },
  })
  outputs!: Record<(typeof FACE_FIELDS)[number], boolean>;

  /** Order of the landmarks; `null` if the pack locates none. @example "ibug-68" */
  @ApiProperty({ type: String, nullable: true })
  landmark_scheme!: string | null;

  /** The labels of the classifying outputs. */
  labels!: LabelSetsDto;

  /** What a caller must know about an output, such as why `race` can be `null`. */
  @ApiProperty({
    type: 'object',
    additionalProperties: { type: 'string' },
    example: { race: 'Latino/Hispanic and Middle Eastern are one class of the training data …' },
  })
  notes!: Partial<Record<(typeof FACE_FIELDS)[number], string>>;

  /** The default thresholds. */
  thresholds!: ThresholdsDto;
}

/** All models that are served. */
export class ModelsDto {
  /** Currently always one model. */
  models!: ModelDto[];
}
