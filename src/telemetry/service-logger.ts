/** The log of the main thread and of the workers: text or JSON, each line with the ids of the request it is about. */
import { ConsoleLogger, Logger, type LogLevel } from '@nestjs/common';
import type { Config } from '../config/config.js';
import { currentRequest } from './scope.js';

const LEVELS: readonly LogLevel[] = ['fatal', 'error', 'warn', 'log', 'debug', 'verbose'];

/** Nest's console logger, with the ids added. */
export class ServiceLogger extends ConsoleLogger {
  /** @param maxLevel the most detailed level that is logged, even if the configuration asks for more */
  constructor({ logLevel, logFormat }: Config, maxLevel: LogLevel = 'verbose') {
    const last = Math.min(LEVELS.indexOf(logLevel as LogLevel), LEVELS.indexOf(maxLevel));
    super({ logLevels: LEVELS.slice(0, last + 1), json: logFormat === 'json', flattenParams: true });
  }

  /** Skips Nest's report of a failed start, which has a stack trace; main.ts reports it in one sentence. */
  override error(message: unknown, ...others: unknown[]): void {
    if (others.at(-1) !== 'ExceptionHandler') super.error(message, ...others);
  }

  protected override printMessages(
    messages: unknown[],
    context?: string,
    logLevel?: LogLevel,
    writeStreamType?: 'stdout' | 'stderr',
    errorStack?: unknown,
    params?: Record<string, unknown>,
  ): void {
    const request = currentRequest();
    const ids = request === undefined ? undefined : idsOf(request);
    const all = ids === undefined && params === undefined ? undefined : { ...ids, ...params };
    super.printMessages(messages, context, logLevel, writeStreamType, errorStack, all);
  }
}

function idsOf({ id, traceId }: { id: string; traceId?: string }): Record<string, string> {
  return traceId === undefined ? { request_id: id } : { request_id: id, trace_id: traceId };
}

/** Writes the process's warnings (deprecations, leaks) to the log; by default Node prints them as plain text. */
export function logProcessWarnings(): void {
  const logger = new Logger('Process');
  process.removeAllListeners('warning');
  process.on('warning', ({ name, message }) => logger.warn(`${name}: ${message}`));
}
