/** Sends the time spent in each stage as a `Server-Timing` header (https://www.w3.org/TR/server-timing/). */
import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import type { Request, Response } from 'express';
import { type Observable, tap } from 'rxjs';
import { type RequestRecord, STAGES } from './request-record.js';
import { recordOf } from './request-recorder.js';

@Injectable()
export class ServerTiming implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const http = context.switchToHttp();
    const record = recordOf(http.getRequest<Request>());
    return next
      .handle()
      .pipe(tap(() => http.getResponse<Response>().setHeader('Server-Timing', serverTiming(record))));
  }
}

/** Milliseconds in each stage: those of the slowest picture, because pictures are processed concurrently. */
function serverTiming({ pictures }: RequestRecord): string {
  const times = pictures.map((picture) => picture.times);
  return STAGES.map((name) => {
    const slowest = Math.max(...times.map(({ [name]: ms = 0 }) => ms));
    return `${name};dur=${slowest.toFixed(2)}`;
  }).join(', ');
}
