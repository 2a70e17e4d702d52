/** The record of a request while it is served: the only source of its metrics, its log line and its spans. */
import type { ErrorCode } from '../errors.js';

/** The stages that a picture passes through, in order. */
export const STAGES = ['load', 'decode', 'queue', 'detect', 'recognise', 'attributes'] as const;
export type StageName = (typeof STAGES)[number];

/** How a request gave a picture. */
export type PictureOrigin = 'upload' | 'base64' | 'http' | 's3';

/** One stage of one picture. Times are the main thread's `performance.now()`, in milliseconds. */
export interface StageRecord {
  readonly name: StageName;
  readonly startedAt: number;
  readonly endedAt: number;
  /** The code of the error that the stage failed with. */
  readonly failure?: ErrorCode;
}

/** One picture of a request. Times are the main thread's `performance.now()`, in milliseconds. */
export class PictureRecord {
  readonly startedAt = performance.now();
  readonly stages: StageRecord[] = [];
  endedAt?: number;
  /** The number of faces found; undefined if the picture was not analysed. */
  faces?: number;
  /** The code of the error that the picture failed with. */
  failure?: ErrorCode;

  /** @param field the request field that gave the picture */
  constructor(
    readonly field: string,
    readonly origin: PictureOrigin,
  ) {}

  /** Notes stages that followed each other without a gap. @param times their durations in milliseconds, in order */
  noteAll(startedAt: number, times: Readonly<Partial<Record<StageName, number>>>): void {
    let at = startedAt;
    for (const [name, ms] of Object.entries(times) as [StageName, number][])
      this.stages.push({ name, startedAt: at, endedAt: (at += ms) });
  }

  /** Milliseconds in each stage; the times of a stage that ran twice are added. */
  get times(): Partial<Record<StageName, number>> {
    const times: Partial<Record<StageName, number>> = {};
    for (const { name, startedAt, endedAt } of this.stages)
      times[name] = (times[name] ?? 0) + endedAt - startedAt;
    return times;
  }
}

/** A problem reported to the caller, for the whole request or for one item of a batch. */
export interface ProblemRecord {
  /** An ErrorCode. */
  readonly code: string;
  readonly status: number;
}

/** One request. Times are the main thread's `performance.now()`, in milliseconds. */
export class RequestRecord {
  readonly startedAt = performance.now();
  endedAt = this.startedAt;
  readonly pictures: PictureRecord[] = [];
  readonly problems: ProblemRecord[] = [];
  /**
   * The pattern of the route, or `other` if none matches: a metrics label, so it has few values and none of the
   * caller's text.
   */
  route = 'other';
  /** HTTP status; 499 if the caller left before the answer. */
  status = 0;
  /** The name of the API key that the request came with; undefined without one. */
  caller?: string;
  /**
   * The caller whose share of the service the request takes: `key:NAME`, `address:…`, or `unknown` on routes that are
   * not counted. Never logged.
   */
  countedAs = 'unknown';
  /** The id of the trace that the request belongs to; undefined if traces are off. */
  traceId?: string;
  /** W3C trace context headers for downloads made for this request; empty if traces are off. */
  traceHeaders: Readonly<Record<string, string>> = {};

  /**
   * @param id also sent as the answer's `X-Request-Id`
   * @param signal aborts at the request's deadline, or if the caller leaves; its reason is an AppError
   */
  constructor(
    readonly id: string,
    readonly method: string,
    readonly signal: AbortSignal,
  ) {}
}
