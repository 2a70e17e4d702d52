/** What detect takes and gives. */
import { ApiHideProperty, ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsIn, IsInstance, IsInt, IsNumber, IsOptional, IsString, Max, Min } from 'class-validator';
import { FACE_FIELDS, type FaceField } from './face-fields.js';
import { IsImageUrl } from './image-url.js';

/** Options of detect; each may be a JSON field, a form field or a query parameter. */
export class DetectOptionsDto {
  /** Return at most this many faces, the largest ones. Default: all, which are at most 1,000. */
  @ApiPropertyOptional({ type: 'integer' })
  @IsOptional()
  @NumberFromText()
  @IsInt()
  @Min(1)
  @Max(1000)
  max_faces?: number;

  /** Least detection confidence, 0…1. */
  @IsOptional()
  @NumberFromText()
  @IsNumber()
  @Min(0.05)
  @Max(1)
  min_confidence?: number = 0.5;

  /** Least length in pixels of the shorter side of a face's box. */
  @IsOptional()
  @NumberFromText()
  @IsNumber()
  @Min(0)
  @Max(65_535)
  min_face_size?: number = 0;

  /**
   * The optional outputs to compute (a list, or names separated by commas); others are left out of the answer, and the
   * work for them is not done. Empty: boxes only. Default: all.
   */
  @IsOptional()
  @ApiProperty({ enum: FACE_FIELDS, isArray: true, required: false, default: FACE_FIELDS })
  @Transform(({ value }: { value: unknown }) => (typeof value === 'string' ? splitList(value) : value))
  @IsIn(FACE_FIELDS, { each: true })
  fields?: FaceField[];
}

/** A picture to find faces in. Exactly one of `image_base64` and `image_url`. */
export class DetectRequestDto extends DetectOptionsDto {
  /** The encoded picture (JPEG, PNG, WebP, GIF, TIFF, AVIF) in base64, with or without a `data:` prefix. */
  @IsOptional()
  @IsString()
  image_base64?: string;

  /** Where to load the picture from: an http, https or s3 URL. */
  @IsImageUrl()
  image_url?: string;

  /** An uploaded file or raw body. */
  @ApiHideProperty()
  @IsOptional()
  @IsInstance(Uint8Array, { message: 'image must be an uploaded file; send base64 text as image_base64' })
  image?: Uint8Array;
}

/** One face. Optional outputs are left out when `fields` does not name them, and `null` when the pack cannot tell. */
export class FaceDto {
  /**
   * [x1, y1, x2, y2] in whole pixels of the picture as a person sees it (EXIF orientation applied), clipped to it.
   * @example [412, 120, 534, 292]
   */
  @ApiProperty({ type: 'array', items: { type: 'integer' }, minItems: 4, maxItems: 4 })
  bounding_box!: [number, number, number, number];

  /**
   * The detector's confidence, 0…1.
   * @example 0.9987
   */
  confidence!: number;

  /**
   * [[x, y], …] in whole pixels, numbered as the model's `landmark_scheme` says.
   * @example [[420, 190], [421, 205]]
   */
  @ApiProperty({ type: 'array', items: { type: 'array', items: { type: 'integer' } }, nullable: true })
  landmarks?: [number, number][] | null;

  /**
   * The embedding: 512 numbers, L2-normalised. Compare two by their dot product.
   * @example [0.0123456, -0.0456789]
   */
  feature?: number[] | null;

  /**
   * Degrees, positive clockwise on the screen.
   * @example 3.2
   */
  roll?: number | null;

  /**
   * Degrees, positive when the face turns to the picture's right.
   * @example -12.5
   */
  yaw?: number | null;

  /**
   * Degrees, positive up.
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
   * How sure the model is that this is a living face and no picture of one, 0…1.
   * @example 0.97
   */
  liveness_confidence?: number | null;

  @ApiProperty({ enum: ['Female', 'Male'], nullable: true, required: false })
  gender?: 'Female' | 'Male' | null;

  /** One of the model's `age_brackets`. */
  age_bracket?: string | null;

  /** One of the model's `races`. */
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
   * Probability that the age lies in `age_bracket`, 0…1.
   * @example 0.61
   */
  age_bracket_confidence?: number | null;

  /**
   * Probability of `race`, 0…1; where `race` is `null`, that the face belongs to none of the labels the model tells
   * apart.
   * @example 0.87
   */
  race_confidence?: number | null;
}

/** The faces of a picture. */
export class DetectResponseDto {
  /** Largest first; empty when there is none. */
  faces!: FaceDto[];
}

/** Forms and queries carry numbers as text. Other types stay as they are: `true` is no 1. */
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
