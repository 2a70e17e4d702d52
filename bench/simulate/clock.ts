/** Simulated time, which jumps from event to event. Times are in milliseconds. */

/** Something whose next event is known. */
export interface Actor {
  /** Time of the next event; Infinity: there is none. */
  readonly nextAt: number;
  /** Performs that event. */
  advance(time: number): void;
}

interface Timer {
  readonly at: number;
  readonly act: () => void;
}

export class Clock {
  private time = 0;
  private readonly timers: Timer[] = [];
  private readonly actors: Actor[] = [];

  get now(): number {
    return this.time;
  }

  /** Adds an actor. */
  add(actor: Actor): void {
    this.actors.push(actor);
  }

  /** Calls `act` after `delay`. */
  after(delay: number, act: () => void): void {
    this.timers.push({ at: this.time + delay, act });
  }

  /** Performs all events up to `end`. */
  run(end: number): void {
    for (;;) {
      const timer = earliest(this.timers, ({ at }) => at);
      const actor = earliest(this.actors, (one) => one.nextAt);
      const next = Math.min(timer?.at ?? Infinity, actor?.nextAt ?? Infinity);
      if (next > end) break;
      this.time = next;
      if (timer !== undefined && timer.at === next) {
        this.timers.splice(this.timers.indexOf(timer), 1);
        timer.act();
      } else actor?.advance(next);
    }
    this.time = end;
  }
}

function earliest<T>(list: readonly T[], at: (one: T) => number): T | undefined {
  let best: T | undefined;
  let bestAt = Infinity;
  for (const one of list) {
    const when = at(one);
    if (when < bestAt) [best, bestAt] = [one, when];
  }
  return best;
}
