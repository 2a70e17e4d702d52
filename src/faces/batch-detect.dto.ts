/** What batchDetect takes and gives. */
import { ApiProperty, getSchemaPath } from '@nestjs/swagger';
import { ArrayMaxSize, ArrayMinSize, IsArray, IsObject } from 'class-validator';
import { ProblemDto } from '../http/problems/problem.dto.js';
import { DetectRequestDto, DetectResponseDto } from './detect.dto.js';

/** Most requests of one batch. */
export const MAX_BATCH_REQUESTS = 16;

/** Several detect requests in one. */
export class BatchDetectRequestDto {
  /** Bodies of detect, up to 16. Each is answered on its own. */
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(MAX_BATCH_REQUESTS)
  @IsObject({ each: true })
  @ApiProperty({ type: [DetectRequestDto] })
  requests!: object[];
}

/** What became of one request of a batch that failed. */
export class BatchErrorDto {
  error!: ProblemDto;
}

/** The answers, in the order of the requests. */
export class BatchDetectResponseDto {
  /** For each request its faces, or the problem that prevented an answer. */
  @ApiProperty({
    type: 'array',
    items: { oneOf: [{ $ref: getSchemaPath(DetectResponseDto) }, { $ref: getSchemaPath(BatchErrorDto) }] },
  })
  responses!: (DetectResponseDto | BatchErrorDto)[];
}
