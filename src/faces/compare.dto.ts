/** Request and response of compare. */
import { ApiHideProperty, ApiProperty } from '@nestjs/swagger';
import { IsIn, IsInstance, IsOptional, IsString } from 'class-validator';
import { SEARCHES } from './search-option.js';
import { IsImageUrl } from './image-url.js';

/** Two pictures whose largest faces are compared. Send each either as base64 or as a URL; the two may differ. */
export class CompareRequestDto {
  /** The first picture in base64, with or without a `data:` prefix. */
  @IsOptional()
  @IsString()
  image1_base64?: string;

  /** URL of the first picture: http, https or s3. */
  @IsImageUrl()
  image1_url?: string;

  /** The second picture in base64, with or without a `data:` prefix. */
  @IsOptional()
  @IsString()
  image2_base64?: string;

  /** URL of the second picture: http, https or s3. */
  @IsImageUrl()
  image2_url?: string;

  /** How far both pictures are searched for faces, as in detect. */
  @IsOptional()
  @ApiProperty({ enum: SEARCHES, required: false, default: 'standard' })
  @IsIn(SEARCHES)
  search?: (typeof SEARCHES)[number] = 'standard';

  /** The first picture, uploaded. */
  @ApiHideProperty()
  @IsOptional()
  @IsInstance(Uint8Array, { message: 'image1 must be an uploaded file; send base64 text as image1_base64' })
  image1?: Uint8Array;

  /** The second picture, uploaded. */
  @ApiHideProperty()
  @IsOptional()
  @IsInstance(Uint8Array, { message: 'image2 must be an uploaded file; send base64 text as image2_base64' })
  image2?: Uint8Array;
}

/** The face of a picture that was compared: its largest one. */
export class ComparedFaceDto {
  /**
   * [x1, y1, x2, y2] in pixels of the picture, as integers.
   * @example [412, 120, 534, 292]
   */
  @ApiProperty({ type: 'array', items: { type: 'integer' }, minItems: 4, maxItems: 4 })
  bounding_box!: [number, number, number, number];

  /**
   * Confidence that this is a face, 0…1.
   * @example 0.9987
   */
  confidence!: number;
}

/** How similar the two faces are. */
export class CompareResponseDto {
  /**
   * Cosine similarity of the two embeddings, clamped to 0…1.
   * @example 0.6132
   */
  similarity!: number;

  /**
   * The model pack's threshold: the lowest similarity at which two faces match.
   * @example 0.32
   */
  threshold!: number;

  /** Whether the similarity reaches the threshold. */
  is_match!: boolean;

  /**
   * Calibrated confidence that both faces are of the same person, 0…1.
   * @example 0.998
   */
  confidence!: number;

  /** The compared face of the first picture. */
  image1!: ComparedFaceDto;

  /** The compared face of the second picture. */
  image2!: ComparedFaceDto;
}
