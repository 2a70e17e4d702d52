/**
 * Guards standard output and standard error, which the log is written to. Their reader may be gone or slow, and their
 * disk may be full. None of that may stop the service or fill its memory: lines are dropped and counted, and once
 * writing works again, the log says how many.
 */
import type { Writable } from 'node:stream';
import { Logger } from '@nestjs/common';

/** Bytes that may wait for a slow reader. Beyond it lines are dropped, until fewer than half of it wait. */
const MAX_WAITING_BYTES = 1024 * 1024;
/** How long lines are dropped after a failed write, before the next attempt. */
const PAUSE_MS = 1_000;

type Written = (error?: Error | null) => void;

let dropped = 0;

/** The number of log lines dropped since the process started. */
export function droppedLines(): number {
  return dropped;
}

/** Guards both outputs of this process against everything that writes to them afterwards, worker threads included. */
export function guardLogOutput(): void {
  for (const output of [process.stdout, process.stderr]) guard(output);
}

/** Replaces the stream's `write`, which the console, loggers and Node's own messages all use. */
export function guard(output: Writable): void {
  const write = output.write.bind(output);
  let reason: string | undefined;
  let missed = 0;
  let retryAt = 0;

  const fail = (error: NodeJS.ErrnoException): void => {
    reason = error.code ?? error.message;
    retryAt = performance.now() + PAUSE_MS;
  };
  // An error without a listener would end the process.
  output.on('error', fail);

  const mayWrite = (): boolean => {
    if (performance.now() < retryAt) return false;
    const room = reason === undefined ? MAX_WAITING_BYTES : MAX_WAITING_BYTES / 2;
    if (output.writableLength <= room) return true;
    reason ??= 'its reader is too slow';
    return false;
  };
  const recover = (): void => {
    const [count, why] = [missed, reason];
    [missed, reason] = [0, undefined];
    if (count > 0) new Logger('Log').warn(`${count} log lines were dropped: ${why}.`);
  };

  output.write = (chunk: unknown, ...others: unknown[]): boolean => {
    const encoding = typeof others[0] === 'string' ? (others[0] as BufferEncoding) : 'utf8';
    const callback = others.find((other): other is Written => typeof other === 'function');
    if (!mayWrite()) {
      missed++;
      dropped++;
      if (callback !== undefined) queueMicrotask(callback);
      return true;
    }
    return write(chunk, encoding, (error) => {
      if (error) {
        fail(error);
        missed++;
        dropped++;
      } else if (reason !== undefined && performance.now() >= retryAt) recover();
      callback?.(error);
    });
  };
}
