/** The API: read this first. */
import { Controller, HttpCode, Post, Req, UseInterceptors } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Request } from 'express';
import { reportProblem } from '../http/problems/problem.filter.js';
import { RequestSignal } from '../telemetry/request-recorder.js';
import { ServerTiming } from '../telemetry/server-timing.interceptor.js';
import { ReadsBody } from '../http/input/read-body.interceptor.js';
import { RequestInput } from '../http/input/request-input.js';
import { validated } from '../http/input/validation.js';
import { isPicture } from '../images/image-format.js';
import { BatchDetectRequestDto, BatchDetectResponseDto } from './batch-detect.dto.js';
import { CompareRequestDto, CompareResponseDto } from './compare.dto.js';
import { DetectRequestDto, DetectResponseDto } from './detect.dto.js';
import { DocumentBatchDetect, DocumentCompare, DocumentDetect } from './faces.openapi.js';
import { FacesService } from './faces.service.js';
import { LargeAnswers } from './large-answers.interceptor.js';

@ApiTags('faces')
@Controller('v1/models')
export class FacesController {
  constructor(private readonly faces: FacesService) {}

  @Post('insightface\\:detect')
  @HttpCode(200)
  @UseInterceptors(ReadsBody({ files: ['image'], raw: true, isPicture }), LargeAnswers, ServerTiming)
  @DocumentDetect()
  async detect(
    @RequestInput() input: DetectRequestDto,
    @RequestSignal() signal: AbortSignal,
  ): Promise<DetectResponseDto> {
    return this.faces.detect(input, signal);
  }

  @Post('insightface\\:compare')
  @HttpCode(200)
  @UseInterceptors(ReadsBody({ files: ['image1', 'image2'] }), ServerTiming)
  @DocumentCompare()
  async compare(
    @RequestInput() input: CompareRequestDto,
    @RequestSignal() signal: AbortSignal,
  ): Promise<CompareResponseDto> {
    return this.faces.compare(input, signal);
  }

  @Post('insightface\\:batchDetect')
  @HttpCode(200)
  @UseInterceptors(ReadsBody(), LargeAnswers)
  @DocumentBatchDetect()
  async batchDetect(
    @RequestInput() { requests }: BatchDetectRequestDto,
    @RequestSignal() signal: AbortSignal,
    @Req() request: Request,
  ): Promise<BatchDetectResponseDto> {
    const responses = await this.faces.mapConcurrently(requests, async (item) => {
      try {
        return await this.faces.detect(await validated(DetectRequestDto, item), signal);
      } catch (error) {
        return { error: reportProblem(error, request) };
      }
    });
    return { responses };
  }
}
