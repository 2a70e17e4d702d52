/** Passes each request's record to those who report on it. */
import type { IncomingHttpHeaders } from 'node:http';
import { Injectable, Logger } from '@nestjs/common';
import { messageOf } from '../errors.js';
import type { RequestRecord } from './request-record.js';

/** Somebody who reports on requests: metrics, the log, traces. */
export interface RequestObserver {
  /** A request has come; nothing of it is noted yet. */
  began?(record: RequestRecord, headers: IncomingHttpHeaders): void;
  /** It is answered, or its caller has left; its record is complete. */
  ended(record: RequestRecord): void;
}

@Injectable()
export class Telemetry {
  private readonly logger = new Logger('Telemetry');
  private readonly observers: RequestObserver[] = [];

  /** Tells an observer of every request from now on. */
  observe(observer: RequestObserver): void {
    this.observers.push(observer);
  }

  begin(record: RequestRecord, headers: IncomingHttpHeaders): void {
    this.tell((observer) => observer.began?.(record, headers));
  }

  end(record: RequestRecord): void {
    record.endedAt = performance.now();
    this.tell((observer) => observer.ended(record));
  }

  /** A report that fails is no reason to fail a request. */
  private tell(report: (observer: RequestObserver) => void): void {
    for (const observer of this.observers) {
      try {
        report(observer);
      } catch (error) {
        this.logger.error(`A report on a request failed: ${messageOf(error)}`);
      }
    }
  }
}
