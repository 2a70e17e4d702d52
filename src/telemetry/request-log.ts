/** Writes one log line for each request. */
import { Injectable, Logger } from '@nestjs/common';
import type { RequestRecord } from './request-record.js';
import { type RequestObserver, Telemetry } from './telemetry.service.js';

/** Routes that machines poll every few seconds; they are logged at level `debug`. */
const POLLED = /^\/(-\/|metrics$)/;

@Injectable()
export class RequestLog implements RequestObserver {
  private readonly logger = new Logger('Request');

  constructor(telemetry: Telemetry) {
    telemetry.observe(this);
  }

  /**
   * Logs only numbers, codes, the route's pattern and the name of the API key: nothing that was sent, and no part of a
   * URL.
   */
  ended(record: RequestRecord): void {
    const { method, route, status, caller, problems } = record;
    const ms = rounded(record.endedAt - record.startedAt);
    const facts = {
      method,
      route,
      status,
      duration_ms: ms,
      ...(caller === undefined ? {} : { caller }),
      ...picturesOf(record),
      ...(problems.length === 0 ? {} : { problems: problems.map(({ code }) => code) }),
    };
    const level = POLLED.test(route) ? 'debug' : 'log';
    this.logger[level](`${method} ${route} ${status} in ${ms} ms`, facts);
  }
}

/** The number of pictures and faces, and the milliseconds in each stage, summed over all pictures. */
function picturesOf({ pictures }: RequestRecord): object {
  if (pictures.length === 0) return {};
  const stages: Record<string, number> = {};
  for (const { times } of pictures)
    for (const [name, ms] of Object.entries(times)) stages[name] = rounded((stages[name] ?? 0) + ms);
  const faces = pictures.reduce((sum, picture) => sum + (picture.faces ?? 0), 0);
  return { pictures: pictures.length, faces, stages_ms: stages };
}

function rounded(ms: number): number {
  return Math.round(ms * 100) / 100;
}
