/** The decoder processes: started on demand, kept for a while, and replaced when they end. */
import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { Config } from '../config/config.js';
import { messageOf, overloaded } from '../errors.js';
import { currentShare } from '../telemetry/scope.js';
import { DecoderProcess } from './decoder-process.js';
import { FairLine } from './fair-line.js';
import { requestAborted } from './image-errors.js';

/** Time after which idle processes are ended. */
const IDLE_MS = 60_000;
/** Time after a failed start before another one is tried. */
const RETRY_MS = 2_000;

/** A caller's turn at using a decoder process. */
export interface Turn {
  /** The process: an idle one or a new one. @throws AppError `overloaded` when none can be started */
  process(): Promise<DecoderProcess>;
  /** Passes the turn to the next in line. Call it once. */
  end(): void;
}

@Injectable()
export class DecoderPool implements OnApplicationShutdown {
  private readonly logger = new Logger('Decoder');
  private readonly idle: DecoderProcess[] = [];
  private readonly all = new Set<DecoderProcess>();
  private readonly line = new FairLine();
  private free: number;
  private failure?: { readonly reason: string; readonly at: number };
  private idleTimer?: NodeJS.Timeout;
  private isClosed = false;

  constructor(config: Config) {
    this.free = config.decoderProcesses;
  }

  /** The processes that are alive. */
  get processes(): readonly DecoderProcess[] {
    return [...this.all];
  }

  /** Why no process can be started; undefined unless the last start failed. Reading it retries the start from time to time. */
  get problem(): string | undefined {
    if (this.failure !== undefined && performance.now() - this.failure.at > RETRY_MS) {
      this.failure = { ...this.failure, at: performance.now() };
      void this.start().then(
        (started) => this.keep(started),
        () => undefined,
      );
    }
    return this.failure?.reason;
  }

  /** Waits for a turn. Callers, each an API key or an address, take turns. */
  async turn(field: string, signal: AbortSignal): Promise<Turn> {
    if (signal.aborted) throw requestAborted(field, signal);
    if (this.free > 0) this.free--;
    else await this.wait(field, signal);
    let process: DecoderProcess | undefined;
    return {
      process: async () => (process ??= this.takeIdle() ?? (await this.start())),
      end: () => {
        if (process !== undefined) this.keep(process);
        const next = this.line.next();
        if (next === undefined) this.free++;
        else next();
      },
    };
  }

  async onApplicationShutdown(): Promise<void> {
    this.isClosed = true;
    clearTimeout(this.idleTimer);
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

  private takeIdle(): DecoderProcess | undefined {
    for (let process = this.idle.pop(); process !== undefined; process = this.idle.pop())
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
      throw overloaded(
        'Pictures of this format cannot be decoded at the moment: send a plain JPEG, PNG or WebP, or try again later.',
        {},
        { retryAfterSeconds: 5, cause: error },
      );
    }
  }

  /** Keeps a process for the next picture. */
  private keep(process: DecoderProcess): void {
    if (!process.isAlive) return;
    if (this.isClosed) process.kill();
    this.idle.push(process);
    clearTimeout(this.idleTimer);
    this.idleTimer = setTimeout(() => this.endIdle(), IDLE_MS).unref();
  }

  private endIdle(): void {
    for (const process of this.idle.splice(0)) process.kill();
  }
}
