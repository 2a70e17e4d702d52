/** Metrics of requests, updated when a request ends. */
import { Injectable } from '@nestjs/common';
import { Counter, Histogram, Registry } from 'prom-client';
import type { PictureRecord, RequestRecord } from '../telemetry/request-record.js';
import { type RequestObserver, Telemetry } from '../telemetry/telemetry.service.js';

/** Buckets in seconds, from the shortest stage to the default deadline. */
const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const FACES = [0, 1, 2, 3, 5, 10, 20, 50, 100, 300, 1000];
/** Statuses of requests that a limit or the access check refused, whatever their picture shows. */
const REFUSALS = new Set([401, 403, 413, 429, 503]);
/** Callers may send any HTTP method. Others than these count as "other". */
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

@Injectable()
export class RequestMetrics implements RequestObserver {
  private readonly requests: Counter<'route' | 'method' | 'status'>;
  private readonly duration: Histogram<'route'>;
  private readonly stages: Histogram<'stage'>;
  private readonly queueWait: Histogram;
  private readonly faces: Histogram;
  private readonly refused: Counter<'reason'>;
  private readonly sourceErrors: Counter<'source' | 'code'>;

  constructor(registry: Registry, telemetry: Telemetry) {
    const registers = [registry];
    this.requests = new Counter({
      name: 'face_http_requests_total',
      help: 'Requests by route, method and status. 499 means that the caller disconnected. Routes that do not exist count as "other".',
      labelNames: ['route', 'method', 'status'],
      registers,
    });
    this.duration = new Histogram({
      name: 'face_http_request_duration_seconds',
      help: 'Time from the headers of a request to the end of its response.',
      labelNames: ['route'],
      buckets: SECONDS,
      registers,
    });
    this.stages = new Histogram({
      name: 'face_stage_duration_seconds',
      help: 'Time that a picture spent in each of its stages.',
      labelNames: ['stage'],
      buckets: SECONDS,
      registers,
    });
    this.queueWait = new Histogram({
      name: 'face_queue_wait_seconds',
      help: 'Time that a picture waited for a worker.',
      buckets: SECONDS,
      registers,
    });
    this.faces = new Histogram({
      name: 'face_faces_per_image',
      help: 'Faces returned for an analysed picture.',
      buckets: FACES,
      registers,
    });
    this.refused = new Counter({
      name: 'face_requests_refused_total',
      help: 'Requests, and items of a batch, refused by a limit or the access check, by problem code.',
      labelNames: ['reason'],
      registers,
    });
    this.sourceErrors = new Counter({
      name: 'face_image_source_errors_total',
      help: 'Pictures that could not be loaded or decoded, by source and problem code.',
      labelNames: ['source', 'code'],
      registers,
    });
    telemetry.observe(this);
  }

  ended({ route, method, status, startedAt, endedAt, problems, pictures }: RequestRecord): void {
    this.requests.inc({ route, method: METHODS.has(method) ? method : 'other', status: String(status) });
    this.duration.observe({ route }, (endedAt - startedAt) / 1000);
    for (const { code, status: refusal } of problems)
      if (REFUSALS.has(refusal)) this.refused.inc({ reason: code });
    for (const picture of pictures) this.count(picture);
  }

  private count({ stages, faces, origin }: PictureRecord): void {
    for (const { name, startedAt, endedAt, failure } of stages) {
      if (failure !== undefined) {
        this.sourceErrors.inc({ source: origin, code: failure });
        continue;
      }
      const seconds = (endedAt - startedAt) / 1000;
      this.stages.observe({ stage: name }, seconds);
      if (name === 'queue') this.queueWait.observe(seconds);
    }
    if (faces !== undefined) this.faces.observe(faces);
  }
}
