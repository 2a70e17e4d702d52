/**
 * Where the log goes: standard output and standard error, whose reader may be gone or slow and whose disk may be full. None
 * of that ends the service or takes its memory: lines are dropped, counted, and told of as soon as it works again.
 */
import type { Writable } from 'node:stream';
import { Logger } from '@nestjs/common';

/** How much may wait for a slow reader, in bytes; it is taken on again from half of it. */
const MAX_WAITING_BYTES = 1024 * 1024;
/** After a failure the next line is tried this much later. */
const PAUSE_MS = 1_000;

type Written = (error?: Error | null) => void;

let dropped = 0;

/** Writes to the log that were dropped since the start, a line each. */
export function droppedLines(): number {
  return dropped;
}

/** Makes both outputs of this process harmless. Whatever writes to them afterwards, a worker thread included, is covered. */
export function guardLogOutput(): void {
  for (const output of [process.stdout, process.stderr]) guard(output);
}

/** Replaces the stream's `write`, through which everything goes: console, loggers and Node's own lines. */
export function guard(output: Writable): void {
  const write = output.write.bind(output);
  let reason: string | undefined;
  let missed = 0;
  let retryAt = 0;

  const fail = (error: NodeJS.ErrnoException): void => {
    reason = error.code ?? error.message;
    retryAt = performance.now() + PAUSE_MS;
  };
  // Without a listener the error would be nobody's, and end the process.
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
    if (count > 0) new Logger('Log').warn(`${count} lines of the log were dropped: ${why}.`);
  };

  output.write = (chunk: unknown, ...others: unknown[]): boolean => {
    const encoding = typeof others[0] === 'string' ? (others[0] as BufferEncoding) : 'utf8';
    const told = others.find((other): other is Written => typeof other === 'function');
    if (!mayWrite()) {
      missed++;
      dropped++;
      if (told !== undefined) queueMicrotask(told);
      return true;
    }
    return write(chunk, encoding, (error) => {
      if (error) {
        fail(error);
        missed++;
        dropped++;
      } else if (reason !== undefined && performance.now() >= retryAt) recover();
      told?.(error);
    });
  };
}
