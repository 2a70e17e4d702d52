/** What is noted of a request while it is served: the one source of its metrics, its log line and its spans. */
import type { ErrorCode } from '../errors.js';

/** The steps of one picture on its way, in order. */
export const STAGES = ['load', 'decode', 'queue', 'detect', 'recognise', 'attributes'] as const;
export type StageName = (typeof STAGES)[number];

/** How a picture came. */
export type PictureOrigin = 'upload' | 'base64' | 'http' | 's3';

/** One step of one picture. Instants are the main thread's `performance.now()`, in milliseconds. */
export interface StageRecord {
  readonly name: StageName;
  readonly startedAt: number;
  readonly endedAt: number;
  /** The code of the error the step ended in. */
  readonly failure?: ErrorCode;
}

/** One picture of a request. */
export class PictureRecord {
  readonly startedAt = performance.now();
  readonly stages: StageRecord[] = [];
  endedAt?: number;
  /** Faces that were found; undefined when the picture was not analysed. */
  faces?: number;
  /** The code of the error it ended in. */
  failure?: ErrorCode;

  /** @param field the request field that gave it */
  constructor(
    readonly field: string,
    readonly origin: PictureOrigin,
  ) {}

  /** Notes stages that followed each other without a gap. @param times their lengths in milliseconds, in order */
  noteAll(startedAt: number, times: Readonly<Partial<Record<StageName, number>>>): void {
    let at = startedAt;
    for (const [name, ms] of Object.entries(times) as [StageName, number][])
      this.stages.push({ name, startedAt: at, endedAt: (at += ms) });
  }

  /** Milliseconds in each stage; a stage that was passed twice counts with both. */
  get times(): Partial<Record<StageName, number>> {
    const times: Partial<Record<StageName, number>> = {};
    for (const { name, startedAt, endedAt } of this.stages)
      times[name] = (times[name] ?? 0) + endedAt - startedAt;
    return times;
  }
}

/** A refusal that the caller was told of, for the whole request or for one item of a batch. */
export interface ProblemRecord {
  /** An ErrorCode. */
  readonly code: string;
  readonly status: number;
}

/** One request. */
export class RequestRecord {
  /** The main thread's `performance.now()`, in milliseconds. */
  readonly startedAt = performance.now();
  endedAt = this.startedAt;
  readonly pictures: PictureRecord[] = [];
  readonly problems: ProblemRecord[] = [];
  /** The pattern of the route, `other` where none matches: few values, and no words of the caller's. */
  route = 'other';
  /** HTTP status; 499 when the caller left before the answer. */
  status = 0;
  /** The name of the API key it came with; undefined without one. */
  caller?: string;
  /**
   * Whose share of the service it takes: `key:NAME`, `address:…`, or `unknown` on routes that nobody is counted on. Never
   * logged.
   */
  countedAs = 'unknown';
  /** The trace it belongs to, when traces are on. */
  traceId?: string;
  /** W3C trace context for requests made on its behalf; empty when traces are off. */
  traceHeaders: Readonly<Record<string, string>> = {};

  /**
   * @param id also in the answer's `X-Request-Id`
   * @param signal aborts at the request's deadline, or when its caller leaves; its reason is an AppError
   */
  constructor(
    readonly id: string,
    readonly method: string,
    readonly signal: AbortSignal,
  ) {}
}
