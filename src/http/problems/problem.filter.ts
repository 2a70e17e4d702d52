/** Turns everything thrown while a request is served into a problem document. */
import {
  type ArgumentsHost,
  Catch,
  type ExceptionFilter,
  Logger,
  ServiceUnavailableException,
} from '@nestjs/common';
import type { Request, Response } from 'express';
import type { ProblemDto } from './problem.dto.js';
import { toProblem } from './problem.js';
import { noteProblem, recordOf } from '../../telemetry/request-recorder.js';

const logger = new Logger('Http');

/** Returns the problem document of an error. A fault of the service itself is also logged, with the same id. */
export function reportProblem(error: unknown, request: Request): ProblemDto {
  const problem = toProblem(error, recordOf(request).id);
  noteProblem(request, problem);
  if (problem.status === 500) {
    const { caller } = recordOf(request);
    const of = caller === undefined ? '' : ` of ${caller}`;
    logger.error(
      `${request.method} ${request.path}${of} failed (request ${problem.request_id})`,
      stackOf(error),
    );
  }
  return problem;
}

@Catch()
export class ProblemFilter implements ExceptionFilter {
  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<Request>();
    const response = http.getResponse<Response>();
    if (response.headersSent || response.destroyed) return;
    // A failed health check is Terminus's own 503, whose body says which part is down.
    if (error instanceof ServiceUnavailableException) {
      response.status(503).json(error.getResponse());
      return;
    }
    const problem = reportProblem(error, request);
    if (problem.status === 503) response.setHeader('Retry-After', '1');
    response.status(problem.status).type('application/problem+json').send(JSON.stringify(problem));
  }
}

/** The stack of an error, followed by those of its causes. */
function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const own = error.stack ?? error.message;
  return error.cause === undefined ? own : `${own}\ncaused by ${stackOf(error.cause)}`;
}
