/** A bounded first-in, first-out queue whose entries leave it by themselves when their signal aborts. */
import { AppError } from '../errors.js';

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
   * @param beyond how many more may be taken in: those that need not wait, as a worker is free for them
   * @throws AppError `overloaded` when the queue is full
   */
  push(entry: T, beyond = 0): void {
    if (this.entries.size >= this.capacity + beyond) {
      throw new AppError('overloaded', 'All workers are busy and the queue is full; try again later.', {
        queued: this.entries.size,
        retry_after_seconds: 1,
      });
    }
    const leave = (): void => void this.entries.delete(entry);
    entry.signal.addEventListener('abort', leave, { once: true });
    this.entries.set(entry, () => entry.signal.removeEventListener('abort', leave));
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
