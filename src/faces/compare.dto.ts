/** What compare takes and gives. */
import { ApiHideProperty, ApiProperty } from '@nestjs/swagger';
import { IsInstance, IsOptional, IsString } from 'class-validator';
import { IsImageUrl } from './image-url.js';

/** Two pictures whose largest faces are compared. For each, exactly one of base64 and URL; mixing is fine. */
export class CompareRequestDto {
  /** The first picture in base64, with or without a `data:` prefix. */
  @IsOptional()
  @IsString()
  image1_base64?: string;

  /** Where to load the first picture from: an http, https or s3 URL. */
  @IsImageUrl()
  image1_url?: string;

  /** The second picture in base64, with or without a `data:` prefix. */
  @IsOptional()
  @IsString()
  image2_base64?: string;

  /** Where to load the second picture from: an http, https or s3 URL. */
  @IsImageUrl()
  image2_url?: string;

  /** An uploaded first picture. */
  @ApiHideProperty()
  @IsOptional()
  @IsInstance(Uint8Array, { message: 'image1 must be an uploaded file; send base64 text as image1_base64' })
  image1?: Uint8Array;

  /** An uploaded second picture. */
  @ApiHideProperty()
  @IsOptional()
  @IsInstance(Uint8Array, { message: 'image2 must be an uploaded file; send base64 text as image2_base64' })
  image2?: Uint8Array;
}

/** The face of a picture that was compared: its largest. */
export class ComparedFaceDto {
  /**
   * [x1, y1, x2, y2] in whole pixels of the picture.
   * @example [412, 120, 534, 292]
   */
  @ApiProperty({ type: 'array', items: { type: 'integer' }, minItems: 4, maxItems: 4 })
  bounding_box!: [number, number, number, number];

  /**
   * The detector's confidence, 0…1.
   * @example 0.9987
   */
  confidence!: number;
}

/** How alike the two faces are. */
export class CompareResponseDto {
  /**
   * Cosine similarity of the two embeddings, clamped to 0…1.
   * @example 0.6132
   */
  similarity!: number;

  /**
   * The pack's threshold: from this similarity on, two faces match.
   * @example 0.32
   */
  threshold!: number;

  /** Whether the similarity reaches the threshold. */
  is_match!: boolean;

  /**
   * The similarity as a calibrated confidence that both are the same person, 0…1.
   * @example 0.998
   */
  confidence!: number;

  /** The face used of the first picture. */
  image1!: ComparedFaceDto;

  /** The face used of the second picture. */
  image2!: ComparedFaceDto;
}
