/** Simulates one replica of the service: main thread, decoder threads, and workers with their bounded queue. */
import type { Clock } from './clock.js';
import { Machine, ONE_BY_ONE, type Together } from './machine.js';

/** What one request costs, in milliseconds of CPU time. `waitMs` passes without using the CPU. */
export interface Demand {
  readonly mainMs: number;
  readonly decodeMs: number;
  readonly workMs: number;
  readonly waitMs: number;
  /** CPU time of the caller, if it runs on the same machine. */
  readonly callerMs: number;
}

/** The resources of a replica. */
export interface ReplicaSize {
  readonly cores: number;
  readonly workers: number;
  /** Requests that may wait for a worker. */
  readonly queue: number;
  /** How many waiting requests a worker takes at a time. Default: one. */
  readonly together?: Together;
}

/** The threads of libuv, on which sharp decodes. */
const DECODERS = 4;

export class Replica {
  private readonly machine: Machine;
  /** Requests that are accepted but not yet answered. */
  ongoing = 0;
  private queuedMs = 0;
  private queued = 0;

  constructor(
    private readonly clock: Clock,
    private readonly size: ReplicaSize,
  ) {
    const threads = { caller: 1, main: 1, decode: DECODERS, work: size.workers };
    const { together = ONE_BY_ONE } = size;
    this.machine = new Machine(clock, size.cores, threads, { work: together });
  }

  get cpuMs(): number {
    return this.machine.cpuMs;
  }

  /** Mean milliseconds that requests waited for a worker since the last call. */
  takeQueueMs(): number {
    const mean = this.queued === 0 ? 0 : this.queuedMs / this.queued;
    this.queuedMs = this.queued = 0;
    return mean;
  }

  /** Answers or refuses a request, then calls `done`. */
  handle(demand: Demand, done: (accepted: boolean) => void): void {
    this.ongoing++;
    const end = (accepted: boolean): void => {
      this.ongoing--;
      done(accepted);
    };
    const { callerMs, mainMs, decodeMs, workMs, waitMs } = demand;
    const answer = (): void => this.spend('main', mainMs / 2, leave);
    const leave = (): void => this.spend('caller', callerMs / 2, () => end(true));
    this.spend('caller', callerMs / 2, () => {
      // A refusal costs next to nothing.
      if (this.isFull) return end(false);
      this.spend('main', mainMs / 2, () =>
        this.clock.after(waitMs, () =>
          this.spend('decode', decodeMs, () => {
            if (this.isFull) return end(false);
            this.enqueue(workMs, answer);
          }),
        ),
      );
    });
  }

  private spend(station: string, ms: number, done: () => void): void {
    if (ms === 0) done();
    else this.machine.submit(station, ms, done);
  }

  private enqueue(workMs: number, answer: () => void): void {
    const since = this.clock.now;
    this.machine.submit('work', workMs, answer, () => {
      this.queuedMs += this.clock.now - since;
      this.queued++;
    });
  }

  private get isFull(): boolean {
    return this.machine.isBusy('work') && this.machine.waiting('work') >= this.size.queue;
  }
}
