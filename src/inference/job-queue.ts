/** A bounded first-in, first-out queue whose entries leave it by themselves when their signal aborts. */
import { type AppError, overloaded } from '../errors.js';

/** Something that waits, until its signal aborts. */
export interface Waiting {
  readonly signal: AbortSignal;
}

export class JobQueue<T extends Waiting> {
  private readonly entries = new Map<T, () => void>();

  /** @param capacity most entries that may wait */
  constructor(readonly capacity: number) {}

  /** How many entries wait. */
  get length(): number {
    return this.entries.size;
  }

  /** The entry that has waited longest. */
  get first(): T | undefined {
    return this.entries.keys().next().value;
  }

  /**
   * Adds an entry; false when the queue is full.
   * @param startable how many entries need not wait, because a worker is free for them: they may come on top
   */
  push(entry: T, startable = 0): boolean {
    if (this.entries.size >= this.capacity + startable) return false;
    const leave = (): void => void this.entries.delete(entry);
    entry.signal.addEventListener('abort', leave, { once: true });
    this.entries.set(entry, () => entry.signal.removeEventListener('abort', leave));
    return true;
  }

  /** Removes and returns the entries that have waited longest, at most `count`, in order. */
  take(count: number): T[] {
    const taken = [...this.entries].slice(0, count);
    for (const [entry, stopListening] of taken) {
      stopListening();
      this.entries.delete(entry);
    }
    return taken.map(([entry]) => entry);
  }
}

/** The refusal of everyone who comes while the queue is full. */
export function queueFull(queued: number): AppError {
  return overloaded('All workers are busy and the queue is full; try again later.', { queued });
}
