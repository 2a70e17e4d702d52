/** Passes each request's record to its observers. */
import type { IncomingHttpHeaders } from 'node:http';
import { Injectable, Logger } from '@nestjs/common';
import { messageOf } from '../errors.js';
import type { RequestRecord } from './request-record.js';

/** Reports on requests: metrics, the log, traces. */
export interface RequestObserver {
  /** Called when a request has arrived; its record is still empty. */
  began?(record: RequestRecord, headers: IncomingHttpHeaders): void;
  /** Called when the request has been answered or its caller has left; its record is complete. */
  ended(record: RequestRecord): void;
}

@Injectable()
export class Telemetry {
  private readonly logger = new Logger('Telemetry');
  private readonly observers: RequestObserver[] = [];

  /** Adds an observer, which is told of every request from now on. */
  observe(observer: RequestObserver): void {
    this.observers.push(observer);
  }

  /** Tells the observers that a request has arrived. */
  begin(record: RequestRecord, headers: IncomingHttpHeaders): void {
    this.tell((observer) => observer.began?.(record, headers));
  }

  /** Notes the end of a request and passes its record to the observers. */
  end(record: RequestRecord): void {
    record.endedAt = performance.now();
    this.tell((observer) => observer.ended(record));
  }

  /** Calls every observer. If one throws, the request does not fail. */
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
