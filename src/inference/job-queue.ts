/** A bounded first-in, first-out queue whose entries leave it by themselves when their signal aborts. */
import { type AppError, overloaded } from '../errors.js';

/** An entry that waits until its signal aborts. */
export interface Waiting {
  readonly signal: AbortSignal;
}

export class JobQueue<T extends Waiting> {
  private readonly entries = new Map<T, () => void>();

  /** @param capacity maximum number of entries that may wait */
  constructor(readonly capacity: number) {}

  /** The number of entries that wait. */
  get length(): number {
    return this.entries.size;
  }

  /** The entry that has waited longest; undefined if the queue is empty. */
  get first(): T | undefined {
    return this.entries.keys().next().value;
  }

  /**
   * Adds an entry; returns false if the queue is full.
   * @param startable number of entries that free workers can take at once; the queue accepts them beyond its capacity
   */
  push(entry: T, startable = 0): boolean {
    if (this.entries.size >= this.capacity + startable) return false;
    const leave = (): void => void this.entries.delete(entry);
    entry.signal.addEventListener('abort', leave, { once: true });
    this.entries.set(entry, () => entry.signal.removeEventListener('abort', leave));
    return true;
  }

  /**
   * Removes and returns the entries that have waited longest, at most `count`, in order.
   * @param isAlone whether an entry is taken without others; default: none is
   */
  take(count: number, isAlone: (entry: T) => boolean = () => false): T[] {
    const longest = [...this.entries].slice(0, count);
    const end = longest.findIndex(([entry]) => isAlone(entry));
    const taken = end === -1 ? longest : longest.slice(0, Math.max(1, end));
    for (const [entry, stopListening] of taken) {
      stopListening();
      this.entries.delete(entry);
    }
    return taken.map(([entry]) => entry);
  }
}

/** The error for a request that arrives while the queue is full. */
export function queueFull(queued: number): AppError {
  return overloaded('All workers are busy and the queue is full; try again later.', { queued });
}
