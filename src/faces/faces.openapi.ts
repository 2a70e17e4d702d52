/** The routes in the OpenAPI document: bodies, examples and errors. */
import { applyDecorators, type Type } from '@nestjs/common';
import {
  ApiBody,
  ApiExtraModels,
  ApiOkResponse,
  ApiOperation,
  ApiQuery,
  ApiResponse,
  getSchemaPath,
} from '@nestjs/swagger';
import type { ErrorCode } from '../errors.js';
import { ProblemDto } from '../http/problems/problem.dto.js';
import { problemAnswers } from '../http/problems/problem.openapi.js';
import {
  BatchDetectRequestDto,
  BatchDetectResponseDto,
  BatchErrorDto,
  MAX_BATCH_REQUESTS,
} from './batch-detect.dto.js';
import { CompareRequestDto, CompareResponseDto } from './compare.dto.js';
import { DetectRequestDto, DetectResponseDto } from './detect.dto.js';
import { FACE_FIELDS } from './face-fields.js';
import { SEARCHES } from './search-option.js';

/** A 1×1 PNG: short enough to read, and a valid picture to try a route with. */
const TINY_PNG =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const BINARY = { type: 'string', format: 'binary' } as const;

type RequestBody = Extract<Parameters<typeof ApiOperation>[0]['requestBody'], { content: object }>;
type MediaType = RequestBody['content'][string];

const REQUEST_ERRORS: ErrorCode[] = [
  'invalid_request',
  'malformed_body',
  'unsupported_media_type',
  'body_too_large',
];
const IMAGE_ERRORS: ErrorCode[] = [
  'image_undecodable',
  'image_unsupported',
  'image_too_large',
  'image_too_many_pixels',
  'download_failed',
  'address_forbidden',
  'object_not_found',
];
const SERVICE_ERRORS: ErrorCode[] = ['worker_failed', 'internal', 'overloaded', 'deadline_exceeded'];

/** Documents `POST …:detect`. */
export function DocumentDetect(): MethodDecorator {
  return applyDecorators(
    ApiOperation({
      summary: 'Find the faces of a picture',
      description:
        'Send the picture as JSON (`image_base64` or `image_url`), as the form field `image`, or as the whole body ' +
        '(`image/*`). Options may be JSON fields, form fields or query parameters. Faces are sorted by size, largest ' +
        'first; for a picture without faces, the list is empty. The `Server-Timing` header breaks down the time spent.',
      requestBody: body(
        DetectRequestDto,
        ['image'],
        {
          base64: { summary: 'A picture in base64', value: { image_base64: TINY_PNG, max_faces: 5 } },
          url: {
            summary: 'A picture on the web',
            value: { image_url: 'https://example.com/people.jpg', fields: ['feature'] },
          },
          s3: { summary: 'A picture in an S3 bucket', value: { image_url: 's3://my-bucket/people.jpg' } },
        },
        { 'image/jpeg': { schema: BINARY } },
      ),
    }),
    ApiExtraModels(DetectRequestDto),
    ApiQuery({ name: 'max_faces', required: false, schema: { type: 'integer', minimum: 1, maximum: 1000 } }),
    ApiQuery({ name: 'min_confidence', required: false, schema: { type: 'number', default: 0.5 } }),
    ApiQuery({ name: 'min_face_size', required: false, schema: { type: 'number', default: 0 } }),
    ApiQuery({
      name: 'search',
      required: false,
      schema: { type: 'string', enum: [...SEARCHES], default: 'standard' },
    }),
    ApiQuery({
      name: 'fields',
      required: false,
      description: `Names separated by commas: ${FACE_FIELDS.join(', ')}.`,
    }),
    ApiOkResponse({ type: DetectResponseDto }),
    DocumentErrors(...REQUEST_ERRORS, ...IMAGE_ERRORS, ...SERVICE_ERRORS),
  );
}

/** Documents `POST …:compare`. */
export function DocumentCompare(): MethodDecorator {
  return applyDecorators(
    ApiOperation({
      summary: 'Compare the largest faces of two pictures',
      description:
        'Send each picture as base64, as a URL or as a form file; the two may differ. `similarity` is the cosine of the ' +
        'two embeddings, clamped to 0…1; `is_match` applies the threshold of the model pack.',
      requestBody: body(CompareRequestDto, ['image1', 'image2'], {
        mixed: {
          summary: 'One URL, one base64',
          value: { image1_url: 'https://example.com/passport.jpg', image2_base64: TINY_PNG },
        },
      }),
    }),
    ApiExtraModels(CompareRequestDto),
    ApiOkResponse({ type: CompareResponseDto }),
    DocumentErrors(...REQUEST_ERRORS, ...IMAGE_ERRORS, 'no_face', ...SERVICE_ERRORS),
  );
}

/** Documents `POST …:batchDetect`. */
export function DocumentBatchDetect(): MethodDecorator {
  return applyDecorators(
    ApiOperation({
      summary: 'Find the faces of several pictures',
      description: `Takes up to ${MAX_BATCH_REQUESTS} detect requests. Each is answered on its own, in order.`,
    }),
    ApiExtraModels(DetectResponseDto, BatchErrorDto),
    ApiBody({
      type: BatchDetectRequestDto,
      examples: {
        two: {
          summary: 'Two pictures',
          value: { requests: [{ image_base64: TINY_PNG }, { image_url: 'https://example.com/people.jpg' }] },
        },
      },
    }),
    ApiOkResponse({ type: BatchDetectResponseDto }),
    DocumentErrors(...REQUEST_ERRORS, ...SERVICE_ERRORS),
  );
}

/** A body as JSON, as a form with files, or of another type. Each has its own schema, so that Swagger UI can offer it. */
function body(
  json: Type,
  files: readonly string[],
  examples: MediaType['examples'],
  others: Record<string, MediaType> = {},
): RequestBody {
  return {
    required: true,
    content: {
      'application/json': { schema: { $ref: getSchemaPath(json) }, examples },
      'multipart/form-data': {
        schema: {
          type: 'object',
          properties: Object.fromEntries(files.map((name) => [name, BINARY])),
          required: [...files],
        },
      },
      ...others,
    },
  };
}

/** Documents the problem responses of a route. */
function DocumentErrors(...codes: ErrorCode[]): MethodDecorator {
  return applyDecorators(
    ApiExtraModels(ProblemDto),
    ...problemAnswers(codes).map((answer) => ApiResponse(answer)),
  );
}
