/** A line in which callers take turns: who sends a hundred pictures does not keep one of another caller waiting for them all. */

export class FairLine {
  /** Those that wait, by caller, the one whose turn is next in front; of one caller first come, first served. */
  private readonly callers = new Map<string, Set<() => void>>();

  /** @returns leaves the line */
  join(caller: string, enter: () => void): () => void {
    const own = this.callers.get(caller) ?? new Set();
    this.callers.set(caller, own.add(enter));
    return () => {
      own.delete(enter);
      if (own.size === 0 && this.callers.get(caller) === own) this.callers.delete(caller);
    };
  }

  /** Takes the next out of the line; undefined when nobody waits. */
  next(): (() => void) | undefined {
    for (const [caller, own] of this.callers) {
      const [enter] = own;
      own.delete(enter);
      this.callers.delete(caller);
      if (own.size > 0) this.callers.set(caller, own);
      return enter;
    }
    return undefined;
  }
}
