/** Request and response of detect. */
import { ApiHideProperty, ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsIn, IsInstance, IsInt, IsNumber, IsOptional, IsString, Max, Min } from 'class-validator';
import { FACE_FIELDS, type FaceField } from './face-fields.js';
import { SEARCHES } from './search-option.js';
import { IsImageUrl } from './image-url.js';

/** Options of detect. Each may be a JSON field, a form field or a query parameter. */
export class DetectOptionsDto {
  /** Maximum number of faces to return; the largest are kept. Default: all, up to 1,000. */
  @ApiPropertyOptional({ type: 'integer' })
  @IsOptional()
  @NumberFromText()
  @IsInt()
  @Min(1)
  @Max(1000)
  max_faces?: number;

  /** Minimum detection confidence, 0.05…1. */
  @IsOptional()
  @NumberFromText()
  @IsNumber()
  @Min(0.05)
  @Max(1)
  min_confidence?: number = 0.5;

  /** Minimum size of a face: the shorter side of its box, in pixels. */
  @IsOptional()
  @NumberFromText()
  @IsNumber()
  @Min(0)
  @Max(65_535)
  min_face_size?: number = 0;

  /**
   * How far the picture is searched. `standard` finds faces of about 3 % of the longer side and more. `thorough` looks
   * at all pixels, for small faces in large pictures; it takes more time for each megapixel.
   */
  @IsOptional()
  @ApiProperty({ enum: SEARCHES, required: false, default: 'standard' })
  @IsIn(SEARCHES)
  search?: (typeof SEARCHES)[number] = 'standard';

  /**
   * The optional outputs to compute, as a list or as names separated by commas. Others are neither computed nor
   * returned. Empty: boxes only. Default: all.
   */
  @IsOptional()
  @ApiProperty({ enum: FACE_FIELDS, isArray: true, required: false, default: FACE_FIELDS })
  @Transform(({ value }: { value: unknown }) => (typeof value === 'string' ? splitList(value) : value))
  @IsIn(FACE_FIELDS, { each: true })
  fields?: FaceField[];
}

/** A picture to find faces in. Send exactly one of `image_base64` and `image_url`. */
export class DetectRequestDto extends DetectOptionsDto {
  /** The picture (JPEG, PNG, WebP, GIF, TIFF or AVIF) in base64, with or without a `data:` prefix. */
  @IsOptional()
  @IsString()
  image_base64?: string;

  /** URL of the picture: http, https or s3. */
  @IsImageUrl()
  image_url?: string;

  /** An uploaded file or raw body. */
  @ApiHideProperty()
  @IsOptional()
  @IsInstance(Uint8Array, { message: 'image must be an uploaded file; send base64 text as image_base64' })
  image?: Uint8Array;
}

/**
 * One face. An optional output is missing if `fields` does not name it, and `null` if the model pack cannot compute it.
 */
export class FaceDto {
  /**
   * [x1, y1, x2, y2] in pixels of the upright picture (EXIF orientation applied), as integers, clipped to the picture.
   * @example [412, 120, 534, 292]
   */
  @ApiProperty({ type: 'array', items: { type: 'integer' }, minItems: 4, maxItems: 4 })
  bounding_box!: [number, number, number, number];

  /**
   * Confidence that this is a face, 0…1.
   * @example 0.9987
   */
  confidence!: number;

  /**
   * [[x, y], …] in pixels, as integers, in the order of the model's `landmark_scheme`.
   * @example [[420, 190], [421, 205]]
   */
  @ApiProperty({ type: 'array', items: { type: 'array', items: { type: 'integer' } }, nullable: true })
  landmarks?: [number, number][] | null;

  /**
   * The embedding: 512 numbers, L2-normalised. The dot product of two embeddings is their cosine similarity.
   * @example [0.0123456, -0.0456789]
   */
  feature?: number[] | null;

  /**
   * Roll in degrees, −180 to 180, positive clockwise as seen in the picture: a face upside down has nearly 180 or −180.
   * @example 3.2
   */
  roll?: number | null;

  /**
   * Yaw in degrees, positive when the face turns towards the right side of the picture.
   * @example -12.5
   */
  yaw?: number | null;

  /**
   * Pitch in degrees, positive when the face looks up.
   * @example 4.1
   */
  pitch?: number | null;

  /**
   * Fitness for recognition, 0…1.
   * @example 0.82
   */
  quality?: number | null;

  /** Probability that the face wears a mask, 0…1. */
  mask_confidence?: number | null;

  /**
   * Probability that this is a live face and not a picture of one, 0…1. The model's `thresholds.liveness` says how often
   * each kind of error is made, and on which attacks that was measured. Screens and replayed video are not among them.
   * @example 0.97
   */
  liveness_confidence?: number | null;

  /** The likelier gender. */
  @ApiProperty({ enum: ['Female', 'Male'], nullable: true, required: false })
  gender?: 'Female' | 'Male' | null;

  /** One of the model's `labels.age_bracket`. */
  age_bracket?: string | null;

  /** One of the model's `labels.race`. */
  race?: string | null;

  /**
   * Age in years, 0…100.
   * @example 34
   */
  age?: number | null;

  /**
   * Probability of `gender`, ½…1.
   * @example 0.98
   */
  gender_confidence?: number | null;

  /**
   * Probability that the age is in `age_bracket`, 0…1.
   * @example 0.61
   */
  age_bracket_confidence?: number | null;

  /**
   * Probability of `race`, 0…1. If `race` is `null`: the probability that the face belongs to none of the labels that
   * the model distinguishes.
   * @example 0.87
   */
  race_confidence?: number | null;
}

/** The faces of a picture. */
export class DetectResponseDto {
  /** Largest first; empty if there are none. */
  faces!: FaceDto[];
}

/** Forms and queries send numbers as text. Other types stay as they are: `true` is not 1. */
function NumberFromText(): PropertyDecorator {
  return Transform(({ value }: { value: unknown }) =>
    typeof value === 'string' && value.trim() !== '' ? Number(value) : value,
  );
}

function splitList(text: string): string[] {
  return text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}
