/** The log, of the main thread and of the workers: text or JSON, each line with the ids of the request it is about. */
import { ConsoleLogger, Logger, type LogLevel } from '@nestjs/common';
import type { Config } from '../config/config.js';
import { currentRequest } from './scope.js';

const LEVELS: readonly LogLevel[] = ['fatal', 'error', 'warn', 'log', 'debug', 'verbose'];

/** Nest's console logger, which adds the ids. */
export class ServiceLogger extends ConsoleLogger {
  /** @param maxLevel most talkative level that is logged, whatever the configuration says */
  constructor({ logLevel, logFormat }: Config, maxLevel: LogLevel = 'verbose') {
    const last = Math.min(LEVELS.indexOf(logLevel as LogLevel), LEVELS.indexOf(maxLevel));
    super({ logLevels: LEVELS.slice(0, last + 1), json: logFormat === 'json', flattenParams: true });
  }

  /** A start that failed is told by whoever started it, in a sentence; Nest would print its stack as well. */
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

/** Writes the process's warnings (deprecations, leaks) as lines of the log, where Node would print text of its own. */
export function logProcessWarnings(): void {
  const logger = new Logger('Process');
  process.removeAllListeners('warning');
  process.on('warning', ({ name, message }) => logger.warn(`${name}: ${message}`));
}
