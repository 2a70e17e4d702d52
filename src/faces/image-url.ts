/** The check of a field that holds the URL of a picture. */
import { applyDecorators } from '@nestjs/common';
import { Transform } from 'class-transformer';
import { IsOptional, Matches, MaxLength } from 'class-validator';

/** Longer than any presigned URL; servers refuse longer ones anyway. */
const MAX_LENGTH = 8_192;

/**
 * An optional http, https or s3 URL. Blanks around it are cut off, as everybody does who reads URLs. Whether it can be
 * parsed is seen where it is loaded: an S3 URL is not one by the rules of the web.
 */
export function IsImageUrl(): PropertyDecorator {
  return applyDecorators(
    IsOptional(),
    Transform(({ value }: { value: unknown }) => (typeof value === 'string' ? value.trim() : value)),
    MaxLength(MAX_LENGTH),
    Matches(/^(https?|s3):\/\/./i, { message: '$property must be an http, https or s3 URL' }),
  );
}
