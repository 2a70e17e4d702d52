/** The parent's side of a decoder process: starts it, gives it one job at a time, and ends it when a job takes too long. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { AppError } from '../errors.js';
import { type DecoderAnswer, type DecoderJob, encodeMessage, MessageReader } from './decoder-protocol.js';
import { requestAborted, tooCostly, undecodable } from './image-errors.js';

const PROGRAM = fileURLToPath(new URL('./decoder.process.js', import.meta.url));
/** Its heap holds only messages, so it is kept small. */
const NODE_OPTIONS = ['--expose-gc', '--max-old-space-size=64', '--max-semi-space-size=1'];
/** The child inherits no variables. These make glibc return freed memory to the system at once. */
const ENVIRONMENT = {
  MALLOC_ARENA_MAX: '2',
  MALLOC_MMAP_THRESHOLD_: '131072',
  MALLOC_TRIM_THRESHOLD_: '131072',
};
const START_TIMEOUT_MS = 10_000;
const MAX_NOTES = 2000;

type Child = ChildProcessByStdio<Writable, Readable, Readable>;
type Pixels = Extract<DecoderAnswer, { kind: 'header' | 'pixels' }>;

/** The conditions a job runs under. */
export interface JobTerms {
  /** Milliseconds until the process is ended. */
  readonly timeoutMs: number;
  /** Ends the process when it aborts. */
  readonly signal: AbortSignal;
  /** Provides memory for the pixels. */
  readonly roomFor: (bytes: number) => Uint8Array;
}

/** An answer and its raw bytes. */
export interface JobResult {
  readonly answer: Pixels;
  readonly pixels: Uint8Array;
}

export class DecoderProcess {
  /** Resolves when the process has ended, for whatever reason. */
  readonly ended: Promise<void>;
  private hasEnded = false;
  /** The end of its standard error output. */
  private notes = '';
  private roomFor: (bytes: number) => Uint8Array = () => {
    throw new Error('The decoder process sent pixels that nothing waits for.');
  };
  private onAnswer: (answer: DecoderAnswer, body: Uint8Array) => void = () => undefined;

  private constructor(private readonly child: Child) {
    const reader = new MessageReader<DecoderAnswer>(
      (answer) => this.roomFor(answer.bytes),
      (answer, body) => this.onAnswer(answer, body),
    );
    child.stdout.on('data', (piece: Buffer) => {
      try {
        reader.push(piece);
      } catch {
        this.kill();
      }
    });
    child.stderr.on('data', (piece: Buffer) => {
      this.notes = (this.notes + piece.toString()).slice(-MAX_NOTES);
    });
    for (const stream of [child.stdin, child.stdout, child.stderr]) stream.on('error', () => this.kill());
    this.ended = new Promise((resolve) => {
      child.once('exit', () => {
        this.hasEnded = true;
        resolve();
      });
    });
  }

  /** @throws Error that says why the process does not start */
  static async start(): Promise<DecoderProcess> {
    const child = spawn(process.execPath, [...NODE_OPTIONS, PROGRAM], {
      env: ENVIRONMENT,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    // An event gives the reason. Without free file descriptors there are not even pipes.
    if (child.pid === undefined) throw (await once(child, 'error'))[0];
    child.on('error', () => undefined);
    const started = new DecoderProcess(child);
    const timer = setTimeout(() => started.kill(), START_TIMEOUT_MS);
    const ready = new Promise<void>((resolve) => (started.onAnswer = () => resolve()));
    try {
      await Promise.race([ready, started.ended]);
    } finally {
      clearTimeout(timer);
    }
    if (started.hasEnded) throw new Error(started.notes.trim() || 'It ended before it was ready.');
    started.unref();
    return started;
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  /** Whether it can take a job. */
  get isAlive(): boolean {
    return !this.hasEnded && !this.child.killed;
  }

  /**
   * Settles when the job is done, or when the process has ended and its memory is free.
   * @throws AppError the refusal that the process sent; `deadline_exceeded`; `image_undecodable` when the picture crashed it
   */
  async run(job: DecoderJob, file: Uint8Array, { timeoutMs, signal, roomFor }: JobTerms): Promise<JobResult> {
    const { field } = job.encoded;
    if (signal.aborted) throw requestAborted(field, signal);
    let isLate = false;
    const kill = (): void => this.kill();
    const timer = setTimeout(() => {
      isLate = true;
      kill();
    }, timeoutMs);
    signal.addEventListener('abort', kill, { once: true });
    this.ref();
    this.roomFor = roomFor;
    try {
      const answered = new Promise<[DecoderAnswer, Uint8Array]>((resolve) => {
        this.onAnswer = (...message) => resolve(message);
      });
      this.child.stdin.write(encodeMessage(job));
      this.child.stdin.write(file);
      const result = await Promise.race([answered, this.ended]);
      if (result === undefined) throw this.failure(field, signal, isLate);
      const [answer, pixels] = result;
      if (answer.kind === 'header' || answer.kind === 'pixels') return { answer, pixels };
      if (answer.kind === 'refused') {
        const { code, message, details, cause } = answer.refusal;
        throw new AppError(code, message, details, { cause });
      }
      this.kill();
      await this.ended;
      throw answer.kind === 'exceeded' ? tooCostly(field, answer.limit) : this.failure(field, signal, isLate);
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', kill);
      this.unref();
    }
  }

  /** Ends the process at once. */
  kill(): void {
    this.child.kill('SIGKILL');
  }

  private failure(field: string, signal: AbortSignal, isLate: boolean): AppError {
    if (signal.aborted) return requestAborted(field, signal);
    if (!isLate) return undecodable(field, new Error(`The decoder process ended. ${this.notes}`));
    return new AppError(
      'deadline_exceeded',
      `Decoding the picture in ${field} took too long: send a smaller one, or try again later.`,
      { field },
    );
  }

  /** Lets the parent exit while the process is idle. */
  private unref(): void {
    this.child.unref();
    for (const stream of this.sockets) stream.unref?.();
  }

  private ref(): void {
    this.child.ref();
    for (const stream of this.sockets) stream.ref?.();
  }

  /** Its pipes, which are sockets, although Node's types do not say so. */
  private get sockets(): { ref?(): void; unref?(): void }[] {
    return [this.child.stdin, this.child.stdout, this.child.stderr] as never[];
  }
}
