/** Exchanges over raw connections, described as plain data, and sent byte by byte at the given speed. */
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { hear, type HttpAnswer } from './http-answer.js';

/** One step of a caller. Text is sent as latin1, one byte per character. */
export type Step =
  | { readonly text: string; readonly times?: number }
  | { readonly base64: string; readonly times?: number }
  | { readonly waitMs: number }
  /** Ends the caller's half of the connection. */
  | { readonly end: true };

/** What a caller does. */
export interface Exchange {
  readonly steps: readonly Step[];
  /** How many connections do this at the same time. Default: 1. */
  readonly connections?: number;
  /** How many complete answers a connection waits for. 0: it does not wait, but takes those that arrive. Default: 1. */
  readonly answers?: number;
  /** Source address of the caller. Default: any. */
  readonly from?: string;
  /** Whether the caller never reads anything. */
  readonly deaf?: boolean;
  /** Milliseconds after which the caller disconnects. */
  readonly leaveAfterMs?: number;
}

/** What a connection received. */
export interface Reply {
  readonly answers: readonly HttpAnswer[];
  /** Bytes that do not form a complete answer. */
  readonly rest: Buffer;
  /** How the connection ended, unless this side ended it: `reset` or `closed`. */
  readonly ended?: 'reset' | 'closed';
  /** Milliseconds from the first byte sent to the last byte of the last answer. */
  readonly ms: number;
}

const BLOCK_BYTES = 64 * 1024;
const LONG_BYTES = 100_000;

/** Performs an exchange on each of its connections. @param limitMs maximum time that they wait for answers */
export function exchange(url: string, one: Exchange, limitMs: number): Promise<Reply[]> {
  return Promise.all(Array.from({ length: one.connections ?? 1 }, () => converse(url, one, limitMs)));
}

async function converse(url: string, one: Exchange, limitMs: number): Promise<Reply> {
  const { hostname, port } = new URL(url);
  const method = methodOf(one.steps);
  const wanted = one.answers ?? 1;
  const started = performance.now();
  const socket = connect({
    host: hostname.replace(/[[\]]/g, ''),
    port: Number(port),
    localAddress: one.from,
    allowHalfOpen: true,
  });
  socket.setNoDelay(true);
  const chunks: Buffer[] = [];
  let ended: Reply['ended'];
  let ms = 0;
  const over = new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, Math.min(limitMs, one.leaveAfterMs ?? Infinity));
    const done = (): void => {
      clearTimeout(timer);
      resolve();
    };
    let length = 0;
    let check: NodeJS.Timeout | undefined;
    if (one.deaf === true) socket.pause();
    else
      socket.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        ms = performance.now() - started;
        length += chunk.length;
        // Long answers are not parsed again after each piece.
        check ??= setTimeout(
          () => {
            check = undefined;
            if (wanted > 0 && hear(Buffer.concat(chunks), false, method).answers.length >= wanted) done();
          },
          length > LONG_BYTES ? 50 : 0,
        );
      });
    socket.on('end', () => {
      ended ??= 'closed';
      done();
    });
    socket.on('error', () => {
      ended ??= 'reset';
      done();
    });
    socket.on('close', done);
  });
  const sent = play(socket, one.steps, over);
  await over;
  if (wanted === 0 && ended === undefined) await Promise.race([sent, sleep(limitMs)]);
  socket.destroy();
  return { ...hear(Buffer.concat(chunks), ended !== undefined, method), ended, ms };
}

/** Performs the steps on a connection. @param over stops them when it settles */
export async function play(socket: Socket, steps: readonly Step[], over: Promise<unknown>): Promise<void> {
  let stopped = false;
  void over.then(() => (stopped = true));
  for (const step of steps) {
    if (stopped || socket.destroyed) return;
    if ('waitMs' in step) await Promise.race([sleep(step.waitMs, undefined, { ref: false }), over]);
    else if ('end' in step) socket.end();
    else for (const block of blocks(step)) if (!(await write(socket, block, over)) || stopped) return;
  }
}

/** A repeated piece, in blocks of a reasonable size. */
function* blocks(step: Extract<Step, { times?: number }>): Generator<Buffer> {
  const piece = 'text' in step ? Buffer.from(step.text, 'latin1') : Buffer.from(step.base64, 'base64');
  let left = step.times ?? 1;
  const together = Math.max(1, Math.floor(BLOCK_BYTES / Math.max(1, piece.length)));
  const block = left > together ? Buffer.concat(Array.from({ length: together }, () => piece)) : piece;
  for (; left >= together && together > 1; left -= together) yield block;
  for (; left > 0; left--) yield piece;
}

/** Writes a block. @returns false when the connection is closed */
async function write(socket: Socket, block: Buffer, over: Promise<unknown>): Promise<boolean> {
  if (socket.destroyed || socket.writableEnded) return false;
  if (socket.write(block)) return true;
  await Promise.race([
    new Promise<void>((resolve) => {
      socket.once('drain', resolve);
      socket.once('close', resolve);
    }),
    over,
  ]);
  return !socket.destroyed;
}

function methodOf(steps: readonly Step[]): string {
  const [step] = steps;
  if (step === undefined || !('text' in step)) return '';
  return step.text.slice(0, step.text.indexOf(' '));
}
