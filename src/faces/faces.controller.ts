/** The API: read this first. */
import { Controller, HttpCode, Post, Req, Res, UseInterceptors } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { reportProblem } from '../http/problems/problem.filter.js';
import { RequestSignal } from '../telemetry/request-recorder.js';
import { ReadsBody } from '../http/input/read-body.interceptor.js';
import { RequestInput } from '../http/input/request-input.js';
import { validated } from '../http/input/validation.js';
import { isPicture } from '../images/image-format.js';
import { BatchDetectRequestDto, BatchDetectResponseDto } from './batch-detect.dto.js';
import { CompareRequestDto, CompareResponseDto } from './compare.dto.js';
import { DetectRequestDto, DetectResponseDto } from './detect.dto.js';
import { DocumentBatchDetect, DocumentCompare, DocumentDetect } from './faces.openapi.js';
import { FacesService, type Timed } from './faces.service.js';
import { LargeAnswers } from './large-answers.interceptor.js';

@ApiTags('faces')
@Controller('v1/models')
export class FacesController {
  constructor(private readonly faces: FacesService) {}

  @Post('insightface\\:detect')
  @HttpCode(200)
  @UseInterceptors(ReadsBody({ files: ['image'], raw: true, isPicture }), LargeAnswers)
  @DocumentDetect()
  async detect(
    @RequestInput() input: DetectRequestDto,
    @RequestSignal() signal: AbortSignal,
    @Res({ passthrough: true }) response: Response,
  ): Promise<DetectResponseDto> {
    return withTimings(response, await this.faces.detect(input, signal));
  }

  @Post('insightface\\:compare')
  @HttpCode(200)
  @UseInterceptors(ReadsBody({ files: ['image1', 'image2'] }))
  @DocumentCompare()
  async compare(
    @RequestInput() input: CompareRequestDto,
    @RequestSignal() signal: AbortSignal,
    @Res({ passthrough: true }) response: Response,
  ): Promise<CompareResponseDto> {
    return withTimings(response, await this.faces.compare(input, signal));
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
        return (await this.faces.detect(await validated(DetectRequestDto, item), signal)).answer;
      } catch (error) {
        return { error: reportProblem(error, request) };
      }
    });
    return { responses };
  }
}

/** Sends the timings as a `Server-Timing` header (https://www.w3.org/TR/server-timing/), in milliseconds. */
function withTimings<T>(response: Response, { answer, timings }: Timed<T>): T {
  const entries = Object.entries(timings) as [string, number][];
  response.setHeader('Server-Timing', entries.map(([name, ms]) => `${name};dur=${ms.toFixed(2)}`).join(', '));
  return answer;
}
