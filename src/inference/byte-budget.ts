/** A fixed amount of memory that requests share. Who finds too little left waits in line until enough is given back. */

interface Waiting {
  readonly bytes: number;
  readonly enter: () => void;
}

export class ByteBudget {
  private taken = 0;
  private readonly line = new Set<Waiting>();

  /** @param capacity bytes there are for all together */
  constructor(readonly capacity: number) {}

  /** Bytes in use. */
  get used(): number {
    return this.taken;
  }

  /** Takes `bytes` if they are there now and nobody waits for them; says whether they were. */
  tryTake(bytes: number): boolean {
    if (this.line.size > 0 || this.taken + bytes > this.capacity) return false;
    this.taken += bytes;
    return true;
  }

  /**
   * Takes `bytes`, at most the capacity, as soon as they are there; first come, first served.
   * @param signal leaves the line when it aborts; its reason is thrown
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

  /** Gives bytes back that were taken. */
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
