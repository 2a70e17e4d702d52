/**
 * The threads of the pool: as many as the load needs, between a minimum and a maximum. A thread that crashes is
 * replaced. If none can be started, the pool keeps trying, with growing pauses, until one can.
 */
import { EventEmitter, once } from 'node:events';
import { Logger } from '@nestjs/common';
import { messageOf } from '../errors.js';
import type { RuntimeReport } from '../sessions/runtime-report.js';
import type { ThreadEvents, WorkerThread } from './worker-thread.js';

/** Limits of the pool's threads. */
export interface ThreadLimits {
  readonly min: number;
  readonly max: number;
  /** Idle time after which a thread beyond the minimum is ended. */
  readonly idleTimeoutMs: number;
  /** A thread whose start or task takes longer counts as hung: by then every request has given up waiting. */
  readonly hungAfterMs: number;
}

/** First and longest pause between two attempts to start a thread. */
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 5_000;
/** How often to check for hung threads. */
const HANG_CHECK_MS = 1_000;

export class WorkerThreads {
  private readonly logger = new Logger('WorkerThreads');
  private readonly all = new Set<WorkerThread>();
  /** Hung threads that have been logged. */
  private readonly reported = new WeakSet<WorkerThread>();
  private readonly hangCheck: NodeJS.Timeout;
  /** Consecutive threads that died while starting or idle. */
  private failures = 0;
  /** The pause after a failed attempt; no thread is started while it runs. */
  private pause?: NodeJS.Timeout;
  private hasFailed = false;
  /** Whether crashed threads are replaced. */
  private isOpen = false;
  /** Warm threads that have crashed since the service started. */
  lost = 0;
  /**
   * `free`: another thread can be taken or started; `none`: there is no thread and none can be started now; `ready`: a
   * thread is warm; `ended`: a thread has ended; `change`: any of these.
   */
  readonly events = new EventEmitter<{
    free: [];
    none: [];
    ready: [id: number, runtime: RuntimeReport];
    ended: [id: number, cause: Error];
    change: [];
  }>();

  /** @param create starts a thread; may throw */
  constructor(
    private readonly limits: ThreadLimits,
    private readonly create: (events: ThreadEvents) => WorkerThread,
  ) {
    for (const event of ['free', 'none', 'ready', 'ended'] as const) {
      this.events.on(event, () => this.events.emit('change'));
    }
    this.hangCheck = setInterval(() => this.reportHung(), HANG_CHECK_MS).unref();
  }

  /** Node's worker objects of all living threads, including those that are starting. */
  get threads(): WorkerThread['worker'][] {
    return [...this.all].map(({ worker }) => worker);
  }

  /** The maximum number of threads. */
  get max(): number {
    return this.limits.max;
  }

  /** The number of living threads, including those that are starting. */
  get size(): number {
    return this.all.size;
  }

  /** The number of threads that are ready for tasks. */
  get warm(): number {
    return this.count(({ isWarm }) => isWarm);
  }

  /** The number of threads that were taken and not given back. */
  get busy(): number {
    return this.count(({ isTaken }) => isTaken);
  }

  /** The number of threads that have been busy or starting for longer than any request waits. */
  get hung(): number {
    return this.count((thread) => this.hangs(thread));
  }

  /** Why no thread is available, fit for the public; undefined if one is available or starting. */
  get problem(): string | undefined {
    if (this.count((thread) => thread.isWarm && !this.hangs(thread)) > 0) return undefined;
    if (this.warm > 0) return 'No worker responds: restart the process.';
    if (this.pause !== undefined)
      return 'No worker can be started. The service keeps trying; the log gives the reason.';
    return this.hung > 0 ? 'No worker becomes ready.' : undefined;
  }

  /**
   * Starts the first threads and resolves when they are warm. Until then, none is replaced.
   * @throws Error that ended the first thread that did not become warm
   */
  async open(): Promise<void> {
    const causes: Error[] = [];
    const note = (_: number, cause: Error): void => void causes.push(cause);
    this.events.on('ended', note);
    for (let i = 0; i < this.limits.min; i++) this.add();
    // Wait for all of them: a process that exits because one failed must not do so while another is inside native code.
    while (this.all.size > this.warm) await once(this.events, 'change');
    this.events.off('ended', note);
    if (causes.length > 0) throw causes[0];
    this.isOpen = true;
  }

  /** Starts threads until there is one for each of `tasks`, within the limits and as far as they can be started now. */
  ensure(tasks: number): void {
    const wanted = Math.max(this.limits.min, Math.min(tasks, this.limits.max));
    while (this.all.size < wanted && this.mayStart) this.start();
  }

  /** Takes an idle thread, for one task after another until it is given back; undefined if there is none. */
  take(): WorkerThread | undefined {
    const [thread] = this.idle;
    if (thread !== undefined) thread.isTaken = true;
    return thread;
  }

  /** Gives back a thread that was taken, whether it is alive or has ended. */
  giveBack(thread: WorkerThread): void {
    thread.isTaken = false;
    if (!thread.hasEnded) {
      this.failures = 0;
      this.reported.delete(thread);
      this.releaseLater(thread);
    }
    this.events.emit('free');
  }

  /**
   * Ends all threads, each as soon as it is idle.
   * @param patience resolves when busy threads are no longer waited for
   * @returns whether all have ended
   */
  async close(patience: Promise<unknown>): Promise<boolean> {
    this.isOpen = false;
    clearTimeout(this.pause);
    clearInterval(this.hangCheck);
    let isOver = false;
    void patience.then(() => (isOver = true));
    while (this.all.size > 0 && !isOver) {
      await Promise.all(this.idle.map((thread) => this.release(thread)));
      // A thread may have become idle in the meantime.
      if (this.all.size > 0 && this.idle.length === 0)
        await Promise.race([once(this.events, 'change'), patience]);
    }
    return this.all.size === 0;
  }

  private get idle(): WorkerThread[] {
    return [...this.all].filter(({ isWarm, isTaken }) => isWarm && !isTaken);
  }

  private count(which: (thread: WorkerThread) => boolean): number {
    return [...this.all].filter(which).length;
  }

  /** Whether a thread may be started now. After a failure, threads start one at a time until one succeeds. */
  private get mayStart(): boolean {
    if (!this.isOpen || this.pause !== undefined) return false;
    return this.failures === 0 || this.all.size === this.warm;
  }

  private start(): void {
    try {
      this.add();
    } catch (error) {
      this.failed(messageOf(error));
    }
  }

  private add(): void {
    const thread = this.create({
      ready: (runtime) => {
        if (this.hasFailed) this.logger.log('Workers can be started again.');
        this.hasFailed = false;
        this.events.emit('ready', thread.id, runtime);
        this.releaseLater(thread);
        this.events.emit('free');
      },
      ended: (cause) => this.remove(thread, cause),
    });
    this.all.add(thread);
  }

  private remove(thread: WorkerThread, cause: Error): void {
    const isLost = this.all.delete(thread);
    this.events.emit('ended', thread.id, cause);
    if (!this.isOpen || !isLost) return;
    if (!thread.isWarm) return this.failed(cause.message);
    this.lost++;
    this.logger.error(`A worker crashed and will be replaced: ${cause.message}`, cause.stack);
    // Replacing threads that die again and again without a task would keep a core busy.
    if (!thread.isTaken && this.failures++ > 0) return this.failed('workers die while idle');
    this.events.emit('free');
  }

  private failed(reason: string): void {
    // Threads that fail together count as one failure.
    if (this.pause !== undefined) return;
    const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** this.failures++, LONGEST_PAUSE_MS);
    this.hasFailed = true;
    this.logger.error(`A worker could not be started; the next attempt is in ${pauseMs} ms: ${reason}`);
    this.pause = setTimeout(() => {
      this.pause = undefined;
      this.events.emit('free');
    }, pauseMs).unref();
    if (this.problem !== undefined) this.events.emit('none');
  }

  private releaseLater(thread: WorkerThread): void {
    clearTimeout(thread.idleTimer);
    thread.idleTimer = setTimeout(() => {
      const isSpare = this.isOpen && this.all.size > this.limits.min;
      if (isSpare && thread.isWarm && !thread.isTaken) void this.release(thread);
    }, this.limits.idleTimeoutMs).unref();
  }

  /** Ends a thread. It no longer counts, so that another may start while it ends. */
  private async release(thread: WorkerThread): Promise<void> {
    this.all.delete(thread);
    await thread.end();
  }

  private hangs(thread: WorkerThread): boolean {
    return thread.busyMs > this.limits.hungAfterMs;
  }

  private reportHung(): void {
    for (const thread of this.all) {
      if (!this.hangs(thread) || this.reported.has(thread)) continue;
      this.reported.add(thread);
      const what = thread.isWarm ? 'not answered' : 'not become ready';
      this.logger.error(`A worker has ${what} for ${Math.round(thread.busyMs / 1000)} s.`);
      if (this.problem !== undefined) this.events.emit('none');
    }
  }
}
