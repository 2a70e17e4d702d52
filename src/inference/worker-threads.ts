/**
 * The threads of the pool: as many as there is work for, between a minimum and a maximum. A thread that is lost is replaced.
 * When none can be started, the next attempts follow at growing intervals until one succeeds.
 */
import { EventEmitter, once } from 'node:events';
import { Logger } from '@nestjs/common';
import { messageOf } from '../errors.js';
import type { RuntimeReport } from '../sessions/runtime-report.js';
import type { ThreadEvents, WorkerThread } from './worker-thread.js';

export interface ThreadLimits {
  readonly min: number;
  readonly max: number;
  /** Idle time after which a thread above the minimum is released. */
  readonly idleTimeoutMs: number;
  /** A thread that takes longer to start, or for a task, hangs. By then no request waits for it any more. */
  readonly hungAfterMs: number;
}

/** First and longest pause between two attempts to start a thread. */
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 5_000;
/** How often to check for threads that hang. */
const LOOK_MS = 1_000;

export class WorkerThreads {
  private readonly logger = new Logger('WorkerThreads');
  private readonly all = new Set<WorkerThread>();
  /** Threads that the log has already named as hanging. */
  private readonly reported = new WeakSet<WorkerThread>();
  private readonly hangCheck: NodeJS.Timeout;
  /** How many threads in a row died while they started or were idle. */
  private failures = 0;
  /** Runs after a failed attempt; until it ends no thread is started. */
  private pause?: NodeJS.Timeout;
  private hasFailed = false;
  /** Whether lost threads are replaced. */
  private isOpen = false;
  /** Warm threads that have died since the start. */
  lost = 0;
  /**
   * `free`: another thread can be taken or started; `none`: there is no thread, and none can be started now; `ready` and
   * `ended`: a thread is; `change`: any of these.
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
    this.hangCheck = setInterval(() => this.reportHung(), LOOK_MS).unref();
  }

  /** Node's threads that are alive, including those that are starting. */
  get threads(): WorkerThread['worker'][] {
    return [...this.all].map(({ worker }) => worker);
  }

  /** The maximum number of threads. */
  get max(): number {
    return this.limits.max;
  }

  get size(): number {
    return this.all.size;
  }

  get warm(): number {
    return this.count(({ isWarm }) => isWarm);
  }

  /** Threads that were taken and not yet given back. */
  get busy(): number {
    return this.count(({ isTaken }) => isTaken);
  }

  /** Threads that hang: they have been busy, or starting, for longer than any request waits. */
  get hung(): number {
    return this.count((thread) => this.hangs(thread));
  }

  /** Why there is no thread to take, in a sentence for callers; undefined when there is one, or one is starting. */
  get problem(): string | undefined {
    if (this.count((thread) => thread.isWarm && !this.hangs(thread)) > 0) return undefined;
    if (this.warm > 0) return 'No worker comes back from its work: restart the process.';
    if (this.pause !== undefined)
      return 'No worker can be started. The service keeps trying; the log says why it fails.';
    return this.hung > 0 ? 'No worker gets ready.' : undefined;
  }

  /**
   * Starts the minimum of threads and resolves when all are warm. Until then no thread is replaced.
   * @throws Error of the first thread that failed to start
   */
  async open(): Promise<void> {
    const causes: Error[] = [];
    const note = (_: number, cause: Error): void => void causes.push(cause);
    this.events.on('ended', note);
    for (let i = 0; i < this.limits.min; i++) this.add();
    // Waits for all of them: a process must not end because one failed while another is inside native code.
    while (this.all.size > this.warm) await once(this.events, 'change');
    this.events.off('ended', note);
    if (causes.length > 0) throw causes[0];
    this.isOpen = true;
  }

  /** Starts threads until there is one for each task, within the limits and as far as threads can be started now. */
  ensure(tasks: number): void {
    const wanted = Math.max(this.limits.min, Math.min(tasks, this.limits.max));
    while (this.all.size < wanted && this.mayStart) this.start();
  }

  /** An idle thread, reserved until it is given back; it takes one task after another. Undefined when none is idle. */
  take(): WorkerThread | undefined {
    const [thread] = this.idle;
    if (thread !== undefined) thread.isTaken = true;
    return thread;
  }

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
   * @param patience once it resolves, busy threads are no longer waited for
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

  /** After a failure, threads are started one at a time, after a pause. Once one has started, others can. */
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
    this.logger.error(`A worker failed and is replaced: ${cause.message}`, cause.stack);
    // Replacing threads that keep dying while idle would take a whole core.
    if (!thread.isTaken && this.failures++ > 0) return this.failed('workers die with nothing to do');
    this.events.emit('free');
  }

  private failed(reason: string): void {
    // Threads that fail at the same time count as one failure.
    if (this.pause !== undefined) return;
    const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** this.failures++, LONGEST_PAUSE_MS);
    this.hasFailed = true;
    this.logger.error(`A worker cannot be started, the next attempt is in ${pauseMs} ms: ${reason}`);
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

  /** Ends a thread. It no longer counts, so another may start meanwhile. */
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
      const what = thread.isWarm ? 'does not come back from its work' : 'does not get ready';
      this.logger.error(`A worker ${what}, for ${Math.round(thread.busyMs / 1000)} s now.`);
      if (this.problem !== undefined) this.events.emit('none');
    }
  }
}
