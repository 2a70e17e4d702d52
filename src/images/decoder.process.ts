/**
 * A separate process that decodes pictures one at a time, so that one that costs too much can be stopped. The process watches
 * its own memory and CPU time and ends itself; the parent can end it too. It ends when its standard input does.
 */
import { setPriority } from 'node:os';
import { AppError, messageOf } from '../errors.js';
import {
  type DecoderAnswer,
  type DecoderJob,
  encodeMessage,
  type JobLimits,
  MessageReader,
  type Refusal,
} from './decoder-protocol.js';
import { decodePixels, readHeader, setUpSharp } from './sharp-decoder.js';

/** How often it checks the resources it uses; libvips works on other threads meanwhile. */
const WATCH_MS = 10;
/** Its `nice` value (0…19): lower priority than the process that answers requests. */
const NICENESS = 5;
/** Time-out for libvips that is never reached: the watch ends the process first. */
const NO_TIMEOUT_SECONDS = 3600;
const NO_BYTES = new Uint8Array();

try {
  setPriority(NICENESS);
} catch {
  // A sandbox may forbid it; decoding works without.
}
// A signal to the whole process group is meant for the parent, which lets this process finish its work.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
setUpSharp();
const reader = new MessageReader<DecoderJob>(
  ({ bytes }) => new Uint8Array(bytes),
  (job, bytes) => void serve(job, bytes),
);
process.stdin.on('data', (piece: Buffer) => reader.push(piece)).on('end', end);
process.stdout.on('error', end);
await send({ kind: 'ready', bytes: 0 });

async function serve({ task, encoded, size, limits }: DecoderJob, bytes: Uint8Array): Promise<void> {
  const stopWatching = watch(limits);
  try {
    const file = { ...encoded, bytes };
    if (task === 'header') await send({ kind: 'header', header: await readHeader(file), bytes: 0 });
    else {
      const { width, height, data } = await decodePixels(file, size, NO_TIMEOUT_SECONDS);
      stopWatching();
      await send({ kind: 'pixels', size: { width, height }, bytes: data.byteLength }, data);
    }
  } catch (error) {
    await send({ kind: 'refused', refusal: refusalOf(error), bytes: 0 });
  } finally {
    stopWatching();
  }
  // Otherwise this garbage would count towards the next picture.
  globalThis.gc?.();
}

/** Ends this process when it exceeds its limits. */
function watch({ memoryBytes, cpuMs }: JobLimits): () => void {
  const memoryBefore = process.memoryUsage.rss();
  const cpuBefore = process.cpuUsage();
  const timer = setInterval(() => {
    const { user, system } = process.cpuUsage(cpuBefore);
    if (process.memoryUsage.rss() - memoryBefore > memoryBytes) exceed('memory');
    else if ((user + system) / 1000 > cpuMs) exceed('time');
  }, WATCH_MS);
  return () => clearInterval(timer);
}

function exceed(limit: 'time' | 'memory'): void {
  void send({ kind: 'exceeded', limit, bytes: 0 }).finally(end);
}

/** Ends the process at once: a normal exit would wait for the decoder. */
function end(): void {
  process.kill(process.pid, 'SIGKILL');
}

async function send(answer: DecoderAnswer, body = NO_BYTES): Promise<void> {
  process.stdout.write(encodeMessage(answer));
  await new Promise<void>((resolve) => process.stdout.write(body, () => resolve()));
}

function refusalOf(error: unknown): Refusal {
  if (!(error instanceof AppError)) return { code: 'internal', message: messageOf(error), details: {} };
  const { code, message, details, cause } = error;
  return { code, message, details, cause: cause === undefined ? undefined : messageOf(cause) };
}
