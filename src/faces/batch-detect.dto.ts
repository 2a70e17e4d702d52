/** Request and response of batchDetect. */
import { ApiProperty, getSchemaPath } from '@nestjs/swagger';
import { ArrayMaxSize, ArrayMinSize, IsArray, IsObject } from 'class-validator';
import { ProblemDto } from '../http/problems/problem.dto.js';
import { DetectRequestDto, DetectResponseDto } from './detect.dto.js';

/** Maximum number of requests in a batch. */
export const MAX_BATCH_REQUESTS = 16;

/** Several detect requests in one body. */
export class BatchDetectRequestDto {
  /** Up to 16 detect requests. Each is answered on its own. */
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(MAX_BATCH_REQUESTS)
  @IsObject({ each: true })
  @ApiProperty({ type: [DetectRequestDto] })
  requests!: object[];
}

/** The response to a request of a batch that failed. */
export class BatchErrorDto {
  /** Why the request failed. */
  error!: ProblemDto;
}

/** The responses, in the order of the requests. */
export class BatchDetectResponseDto {
  /** For each request, its faces or the problem that occurred. */
  @ApiProperty({
    type: 'array',
    items: { oneOf: [{ $ref: getSchemaPath(DetectResponseDto) }, { $ref: getSchemaPath(BatchErrorDto) }] },
  })
  responses!: (DetectResponseDto | BatchErrorDto)[];
}
