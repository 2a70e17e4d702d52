/**
 * Simulates threads that share cores. A station is a number of threads with a queue in front; each thread works on one task. If
 * more threads are busy than there are cores, each gets an equal share of them.
 */
import { sum } from '../statistics.js';
import type { Actor, Clock } from './clock.js';

interface Task {
  readonly station: Station;
  remaining: number;
  readonly started: () => void;
  readonly done: () => void;
}

/** How many waiting tasks a thread takes at a time. */
export interface Together {
  readonly max: number;
  /** The time that several tasks take together, as a share of their time one after the other. */
  readonly share: number;
}

export const ONE_BY_ONE: Together = { max: 1, share: 1 };

interface Station {
  readonly threads: number;
  readonly together: Together;
  busy: number;
  readonly waiting: Task[];
}

export class Machine implements Actor {
  private readonly stations: ReadonlyMap<string, Station>;
  private readonly active = new Set<Task>();
  private advancedTo = 0;
  private busyMs = 0;
  /** Time at which its next task ends; Infinity while it is idle. */
  nextAt = Infinity;

  /**
   * @param cores number of cores, which may be fractional if neighbours use a part of them
   * @param threads number of threads of each station, by name
   * @param together for stations that take several tasks at a time
   */
  constructor(
    private readonly clock: Clock,
    private readonly cores: number,
    threads: Readonly<Record<string, number>>,
    together: Readonly<Record<string, Together>> = {},
  ) {
    this.stations = new Map(
      Object.entries(threads).map(([name, count]) => [
        name,
        { threads: count, together: together[name] ?? ONE_BY_ONE, busy: 0, waiting: [] },
      ]),
    );
    this.advancedTo = clock.now;
    clock.add(this);
  }

  /** CPU time used so far, in milliseconds. */
  get cpuMs(): number {
    this.progress(this.clock.now);
    return this.busyMs;
  }

  /** Tasks that wait for a thread of a station. */
  waiting(station: string): number {
    return this.station(station).waiting.length;
  }

  /** Whether all threads of a station are busy. */
  isBusy(name: string): boolean {
    const station = this.station(name);
    return station.busy >= station.threads;
  }

  /**
   * Adds a task to a station.
   * @param work CPU time in milliseconds on a core of its own
   * @param started is called when a thread takes the task
   */
  submit(name: string, work: number, done: () => void, started: () => void = () => {}): void {
    this.progress(this.clock.now);
    const station = this.station(name);
    const task = { station, remaining: work, started, done };
    if (station.busy < station.threads) this.start(task);
    else station.waiting.push(task);
    this.schedule();
  }

  /** Advances to `time` and ends the task that is due then. */
  advance(time: number): void {
    this.progress(time);
    const task = this.shortest();
    if (task !== undefined) {
      this.active.delete(task);
      task.station.busy--;
      this.startNext(task.station);
      task.done();
    }
    this.schedule();
  }

  private startNext(station: Station): void {
    const { waiting, together } = station;
    const tasks = waiting.splice(0, together.max);
    if (tasks.length === 0) return;
    const work = sum(tasks.map(({ remaining }) => remaining));
    this.start({
      station,
      remaining: tasks.length > 1 ? work * together.share : work,
      started: () => tasks.forEach(({ started }) => started()),
      done: () => tasks.forEach(({ done }) => done()),
    });
  }

  private start(task: Task): void {
    task.station.busy++;
    this.active.add(task);
    task.started();
  }

  private progress(time: number): void {
    const elapsed = time - this.advancedTo;
    this.advancedTo = time;
    if (elapsed <= 0) return;
    for (const task of this.active) task.remaining -= elapsed * this.speed;
    this.busyMs += elapsed * this.speed * this.active.size;
  }

  private schedule(): void {
    const task = this.shortest();
    this.nextAt = task === undefined ? Infinity : this.advancedTo + Math.max(0, task.remaining) / this.speed;
  }

  /** The share of a core that each busy thread gets. */
  private get speed(): number {
    return Math.min(1, this.cores / this.active.size);
  }

  private shortest(): Task | undefined {
    let best: Task | undefined;
    for (const task of this.active) if (best === undefined || task.remaining < best.remaining) best = task;
    return best;
  }

  private station(name: string): Station {
    const station = this.stations.get(name);
    if (station === undefined) throw new Error(`There is no station ${name}.`);
    return station;
  }
}
