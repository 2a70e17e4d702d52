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

  /** @throws AppError `overloaded` when the queue is full */
  assertRoom(): void {
    if (this.entries.size < this.capacity) return;
    throw new AppError('overloaded', 'All workers are busy and the queue is full; try again later.', {
      queued: this.entries.size,
      retry_after_seconds: 1,
    });
  }

  /** @throws AppError `overloaded` when the queue is full */
  push(entry: T): void {
    this.assertRoom();
    const leave = (): void => void this.entries.delete(entry);
    entry.signal.addEventListener('abort', leave, { once: true });
    this.entries.set(entry, () => entry.signal.removeEventListener('abort', leave));
  }

  /** Removes and returns the entry that has waited longest. */
  shift(): T | undefined {
    const [first] = this.entries;
    if (first === undefined) return undefined;
    const [entry, stopListening] = first;
    stopListening();
    this.entries.delete(entry);
    return entry;
  }
}
