/**
 * A fixed amount of memory that requests share. A request that finds too little left waits until enough is given back.
 */

interface Waiting {
  readonly bytes: number;
  readonly enter: () => void;
}

export class ByteBudget {
  private taken = 0;
  private readonly line = new Set<Waiting>();

  /** @param capacity bytes for all requests together */
  constructor(readonly capacity: number) {}

  /** Bytes in use. */
  get used(): number {
    return this.taken;
  }

  /** Takes `bytes` if they are available and no other request is waiting; returns whether it took them. */
  tryTake(bytes: number): boolean {
    if (this.line.size > 0 || this.taken + bytes > this.capacity) return false;
    this.taken += bytes;
    return true;
  }

  /**
   * Takes `bytes` as soon as they are available; first come, first served.
   * @param bytes at most the capacity
   * @param signal ends the wait when it aborts; its reason is thrown
   */
  async take(bytes: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.tryTake(bytes)) return;
    await new Promise<void>((resolve, reject) => {
      const leave = (): void => {
        this.line.delete(waiting);
        reject(signal.reason as Error);
        this.admit();
      };
      const enter = (): void => {
        signal.removeEventListener('abort', leave);
        resolve();
      };
      const waiting = { bytes, enter };
      this.line.add(waiting);
      signal.addEventListener('abort', leave, { once: true });
    });
  }

  /** Gives back bytes that were taken. */
  give(bytes: number): void {
    this.taken -= bytes;
    this.admit();
  }

  private admit(): void {
    for (const waiting of this.line) {
      if (this.taken + waiting.bytes > this.capacity) return;
      this.line.delete(waiting);
      this.taken += waiting.bytes;
      waiting.enter();
    }
  }
}
