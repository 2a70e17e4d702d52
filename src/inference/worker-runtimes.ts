/** Where the workers' models run, as each worker reports when it starts. */
import { Logger } from '@nestjs/common';
import { AppError, type ErrorCode } from '../errors.js';
import type { RuntimeReport } from '../sessions/runtime-report.js';

export class WorkerRuntimes {
  private readonly logger = new Logger(WorkerRuntimes.name);
  private readonly reports = new Map<number, RuntimeReport>();
  private isReported = false;
  /** The latest report, used while there is no worker. */
  private last: RuntimeReport = { provider: 'cpu' };

  /** All workers together: `cuda` if any of them uses a GPU, and the first problem that any of them reports. */
  get current(): RuntimeReport {
    const reports = this.reports.size > 0 ? [...this.reports.values()] : [this.last];
    return {
      provider: reports.some(({ provider }) => provider === 'cuda') ? 'cuda' : 'cpu',
      problem: reports.find(({ problem }) => problem !== undefined)?.problem,
    };
  }

  /** Notes the report that a worker sends when it is warm. */
  note(threadId: number, report: RuntimeReport): void {
    this.reports.set(threadId, report);
    this.last = report;
    if (report.problem !== undefined && !this.isReported) {
      // Once per process: every later worker has the same problem.
      this.isReported = true;
      this.logger.error(
        `DEGRADED: models run on the CPU although EXECUTION_PROVIDERS asks for a GPU. ${report.problem}`,
      );
    }
  }

  /** Forgets a worker that has ended. */
  forget(threadId: number): void {
    this.reports.delete(threadId);
  }
}

/** Restores an AppError, which loses its class but not its properties on its way out of a thread. */
export function startFailure(error: unknown): unknown {
  if (!(error instanceof Error) || error.name !== 'AppError' || !('code' in error)) return error;
  return new AppError(error.code as ErrorCode, error.message, {}, { cause: error });
}
