/** What the service says of its model. */
import { ApiProperty } from '@nestjs/swagger';
import { FACE_FIELDS } from './face-fields.js';

/** A match threshold and what it means. */
export class MatchThresholdDto {
  /**
   * Cosine similarity from which two faces match.
   * @example 0.32
   */
  similarity!: number;

  /**
   * Share of pairs of different people above it; `null` where nobody has measured it for this pack.
   * @example 0.001
   */
  @ApiProperty({ type: Number, nullable: true })
  false_match_rate!: number | null;

  /** @example "LFW" */
  @ApiProperty({ type: String, nullable: true })
  measured_on!: string | null;
}

/** Thresholds that apply where a request names none. */
export class ThresholdsDto {
  /** Least detection confidence. @example 0.5 */
  detection!: number;

  match!: MatchThresholdDto;
}

/** The labels of the classifying outputs; `null` where the active pack cannot tell. */
export class LabelSetsDto {
  @ApiProperty({ type: [String], nullable: true })
  gender!: readonly string[] | null;

  @ApiProperty({ type: [String], nullable: true })
  age_bracket!: readonly string[] | null;

  @ApiProperty({ type: [String], nullable: true })
  race!: readonly string[] | null;
}

/** The served model. */
export class ModelDto {
  /** @example "insightface" */
  name!: string;

  /** Whether it can answer. */
  ready!: boolean;

  /** The active model pack. @example "default" */
  pack!: string;

  description!: string;

  /** Licence of the pack's weights. @example "MIT" */
  licence!: string;

  /** Where the models really run: `cpu` or `cuda`. @example "cpu" */
  execution_provider!: string;

  /** ONNX Runtime execution providers that were asked for, in order of preference. @example ["cpu"] */
  execution_providers!: string[];

  /** The outputs a face can have beside its box and confidence, and whether the pack can give them. */
  @ApiProperty({
    type: 'object',
    additionalProperties: { type: 'boolean' },
    example: { feature: true, race: false },
  })
  outputs!: Record<(typeof FACE_FIELDS)[number], boolean>;

  /** Numbering of the landmarks; `null` where the pack places none. @example "ibug-68" */
  @ApiProperty({ type: String, nullable: true })
  landmark_scheme!: string | null;

  labels!: LabelSetsDto;

  /** What a caller must know of an output, such as why `race` can be `null`. */
  @ApiProperty({
    type: 'object',
    additionalProperties: { type: 'string' },
    example: { race: 'Latino/Hispanic and Middle Eastern are one class of the training data …' },
  })
  notes!: Partial<Record<(typeof FACE_FIELDS)[number], string>>;

  thresholds!: ThresholdsDto;
}

/** All served models. */
export class ModelsDto {
  models!: ModelDto[];
}
