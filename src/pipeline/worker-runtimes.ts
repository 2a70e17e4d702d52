/** Where the workers' models run, as each of them finds out when it starts. */
import { Logger } from '@nestjs/common';
import type { Piscina } from 'piscina';
import { AppError, type ErrorCode } from '../errors.js';
import type { RuntimeReport } from '../sessions/runtime-report.js';

/** What a worker posts once it is warm. */
export interface RuntimeMessage {
  readonly threadId: number;
  readonly runtime: RuntimeReport;
}

export class WorkerRuntimes {
  private readonly logger = new Logger(WorkerRuntimes.name);
  private readonly reports = new Map<number, RuntimeReport>();
  private isTold = false;
  private tellKnown = (): void => undefined;
  /** Resolves when a worker has said where its models run. */
  readonly known = new Promise<void>((resolve) => (this.tellKnown = resolve));
  /** The latest, for when there is no worker for a moment. */
  private last: RuntimeReport = { provider: 'cpu' };

  /** Hears what the workers of a pool say. */
  listen(threads: Pick<Piscina, 'on'>): void {
    threads.on('message', ({ threadId, runtime }: RuntimeMessage) => this.note(threadId, runtime));
    threads.on('workerDestroy', ({ id }: { id: number }) => this.reports.delete(id));
  }

  /** All workers together: `cuda` where any of them uses a GPU, and the first problem that any of them has. */
  get current(): RuntimeReport {
    const reports = this.reports.size > 0 ? [...this.reports.values()] : [this.last];
    return {
      provider: reports.some(({ provider }) => provider === 'cuda') ? 'cuda' : 'cpu',
      problem: reports.find(({ problem }) => problem !== undefined)?.problem,
    };
  }

  private note(threadId: number, report: RuntimeReport): void {
    this.reports.set(threadId, report);
    this.last = report;
    if (report.problem !== undefined && !this.isTold) {
      // Once per process: every worker that comes later meets the same.
      this.isTold = true;
      this.logger.error(
        `DEGRADED: models run on the CPU although EXECUTION_PROVIDERS asks for a GPU. ${report.problem}`,
      );
    }
    this.tellKnown();
  }
}

/** An AppError loses its class, not its facts, on the way out of a thread. */
export function startFailure(error: unknown): unknown {
  if (!(error instanceof Error) || error.name !== 'AppError' || !('code' in error)) return error;
  return new AppError(error.code as ErrorCode, error.message, {}, { cause: error });
}
