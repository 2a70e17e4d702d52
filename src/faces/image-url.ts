/** Validates a field that holds the URL of a picture. */
import { applyDecorators } from '@nestjs/common';
import { Transform } from 'class-transformer';
import { IsOptional, Matches, MaxLength } from 'class-validator';

/** Longer than any presigned URL; servers refuse longer ones anyway. */
const MAX_LENGTH = 8_192;

/**
 * An optional http, https or s3 URL. Surrounding whitespace is removed, as every URL parser does. The source that loads
 * the picture parses the URL, because s3 URLs do not follow the rules of web URLs.
 */
export function IsImageUrl(): PropertyDecorator {
  return applyDecorators(
    IsOptional(),
    Transform(({ value }: { value: unknown }) => (typeof value === 'string' ? value.trim() : value)),
    MaxLength(MAX_LENGTH),
    Matches(/^(https?|s3):\/\/./i, { message: '$property must be an http, https or s3 URL' }),
  );
}
