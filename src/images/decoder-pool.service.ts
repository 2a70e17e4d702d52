/** The decoder processes: started when they are needed, kept for a while, replaced when they end. */
import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { Config } from '../config/config.js';
import { AppError, messageOf } from '../errors.js';
import { currentShare } from '../telemetry/scope.js';
import { DecoderProcess } from './decoder-process.js';
import { FairLine } from './fair-line.js';
import { requestAborted } from './image-errors.js';

/** Time after which a process that has nothing to do is ended. */
const IDLE_MS = 60_000;
/** How soon after a failure the next start is tried just to see. */
const RETRY_MS = 2_000;

/** A turn at a decoder process. */
export interface Turn {
  /** The process: one that rests, or a new one. @throws AppError `overloaded` when none can be started */
  process(): Promise<DecoderProcess>;
  /** Lets the next in line have its turn. Call it once. */
  end(): void;
}

@Injectable()
export class DecoderPool implements OnApplicationShutdown {
  private readonly logger = new Logger('Decoder');
  private readonly resting: DecoderProcess[] = [];
  private readonly all = new Set<DecoderProcess>();
  private readonly line = new FairLine();
  private free: number;
  private failure?: { readonly reason: string; readonly at: number };
  private idle?: NodeJS.Timeout;
  private isClosed = false;

  constructor(config: Config) {
    this.free = config.decoderProcesses;
  }

  /** Why no process can be started; undefined while nothing is known to be wrong. A new start is tried now and then. */
  get problem(): string | undefined {
    if (this.failure !== undefined && performance.now() - this.failure.at > RETRY_MS) {
      this.failure = { ...this.failure, at: performance.now() };
      void this.start().then(
        (started) => this.rest(started),
        () => undefined,
      );
    }
    return this.failure?.reason;
  }

  /** Waits for a turn; callers, each an API key or an address, take theirs one after the other. */
  async turn(field: string, signal: AbortSignal): Promise<Turn> {
    if (signal.aborted) throw requestAborted(field, signal);
    if (this.free > 0) this.free--;
    else await this.wait(field, signal);
    let process: DecoderProcess | undefined;
    return {
      process: async () => (process ??= this.takeResting() ?? (await this.start())),
      end: () => {
        if (process !== undefined) this.rest(process);
        const next = this.line.next();
        if (next === undefined) this.free++;
        else next();
      },
    };
  }

  async onApplicationShutdown(): Promise<void> {
    this.isClosed = true;
    clearTimeout(this.idle);
    for (const process of this.all) process.kill();
    await Promise.all([...this.all].map(({ ended }) => ended));
  }

  private wait(field: string, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const leaveLine = this.line.join(currentShare(), () => {
        signal.removeEventListener('abort', leave);
        resolve();
      });
      const leave = (): void => {
        leaveLine();
        reject(requestAborted(field, signal));
      };
      signal.addEventListener('abort', leave, { once: true });
    });
  }

  private takeResting(): DecoderProcess | undefined {
    for (let process = this.resting.pop(); process !== undefined; process = this.resting.pop())
      if (process.isAlive) return process;
    return undefined;
  }

  private async start(): Promise<DecoderProcess> {
    try {
      const process = await DecoderProcess.start();
      this.all.add(process);
      void process.ended.then(() => this.all.delete(process));
      if (this.isClosed) process.kill();
      this.failure = undefined;
      return process;
    } catch (error) {
      const reason = messageOf(error);
      this.failure = { reason, at: performance.now() };
      this.logger.error(`No decoder process can be started: ${reason}`);
      throw new AppError(
        'overloaded',
        'Pictures of this kind cannot be decoded at the moment: send a plain JPEG, PNG or WebP, or try again later.',
        { retry_after_seconds: 5 },
        { cause: error },
      );
    }
  }

  private rest(process: DecoderProcess): void {
    if (!process.isAlive) return;
    if (this.isClosed) process.kill();
    this.resting.push(process);
    clearTimeout(this.idle);
    this.idle = setTimeout(() => this.endResting(), IDLE_MS).unref();
  }

  private endResting(): void {
    for (const process of this.resting.splice(0)) process.kill();
  }
}
